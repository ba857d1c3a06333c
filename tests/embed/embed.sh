# SPDX-License-Identifier: MPL-2.0
# The example embedder: short, and the same result with the library as it is built, with a build for a single processor,
# and with an environment of the embedder's own.
. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The library, with the formats of EPT, one of which the example uses.
library="$FORMAT_FREE_SOURCES $(cd "$srcdir" && echo arch/x86/ept*.c)"
warnings=(-Wall -Wextra -Wshadow -Wconversion -Werror)

# build_and_run INPUT...: compiles the example with these libraries, sources and options. To make sources fast takes the
# compiler most of the time, and changes nothing of what they do.
build_and_run()
{
  (cd "$srcdir" && $CC -std=c17 $CFLAGS -O0 $SANITIZE_CFLAGS "${warnings[@]}" -I. -o "$work/embed" \
    tests/embed/embed.c tests/embed/console.c "$@") &&
    "$work/embed" >"$work/output" && diff "$srcdir/tests/embed/embed.out" "$work/output"
}

below_200_lines()
{
  (($(wc -l <"$srcdir/tests/embed/embed.c") < 200))
}

try the_example_is_short below_200_lines
if [[ -e $builddir/.libs/libmezz.a ]]; then
  try the_example_runs build_and_run "$builddir/.libs/libmezz.a"
else
  skip the_example_runs 'configured without static libraries'
fi
try the_example_runs_built_for_a_single_processor build_and_run -DMZ_UNIPROCESSOR $library
try the_example_runs_in_an_environment_of_its_own \
  build_and_run '-DMZ_ENV_HEADER="tests/embed/env.h"' $library
tap_end
