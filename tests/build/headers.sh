# SPDX-License-Identifier: MPL-2.0
# Every installed header compiles alone, in C and in C++.
. "$srcdir/tests/tap.sh"

warnings=(-Wall -Wextra -Werror -fsyntax-only -I"$srcdir")

# In C17, without the help of GNU extensions being switched on.
compile_c()
{
  $CC -x c -std=c17 -Wshadow -Wconversion "${warnings[@]}" - <<<"#include \"$1\""
}

compile_cxx()
{
  $CXX -x c++ -std=c++17 "${warnings[@]}" - <<<"#include \"$1\""
}

for header in $PUBLIC_HEADERS; do
  try "${header}_compiles_alone_in_c" compile_c "$header"
  if [[ -n $CXX ]]; then
    try "${header}_compiles_alone_in_cxx" compile_cxx "$header"
  else
    skip "${header}_compiles_alone_in_cxx" 'configure found no C++ compiler'
  fi
done
tap_end
