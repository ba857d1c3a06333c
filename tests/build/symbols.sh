# SPDX-License-Identifier: MPL-2.0
# What the libraries need from outside, and what they show.
. "$srcdir/tests/tap.sh"

archive=$builddir/.libs/libmezz.a

# Needed by some member, defined by none, and not one of the four functions that a compiler may call by itself.
foreign_symbols()
{
  $NM -P "$archive" | awk '
    NF < 2 || /:$/ { next }
    $2 ~ /^[Uw]$/ { needed[$1]; next }
    { defined[$1] }
    END {
      for (name in needed)
        if (!(name in defined) && name !~ /^(memcpy|memmove|memset|memcmp|_GLOBAL_OFFSET_TABLE_)$/)
          print name
    }'
}

# Defined for all to see, under a name that is not the project's.
strange_names()
{
  $NM -P -g --defined-only "$1" | awk 'NF >= 2 && $1 !~ /^mz_/ { print $1 }'
}

exported_names()
{
  $NM -P -D --defined-only "$1" | awk '$1 !~ /^mz_/ { print $1 }'
}

if [[ -n $SANITIZE_CFLAGS ]]; then
  skip libmezz_is_freestanding 'sanitizers add calls of their own'
elif [[ ! -e $archive ]]; then
  skip libmezz_is_freestanding 'configured without static libraries'
else
  empty libmezz_is_freestanding foreign_symbols
fi

for library in libmezz libmezzvm; do
  if [[ -e $builddir/.libs/$library.a ]]; then
    empty "every_global_name_of_${library}_begins_with_mz" strange_names "$builddir/.libs/$library.a"
  else
    skip "every_global_name_of_${library}_begins_with_mz" 'not built, or not as a static library'
  fi
  if [[ -e $builddir/.libs/$library.so ]]; then
    empty "${library}_exports_only_names_that_begin_with_mz" exported_names "$builddir/.libs/$library.so"
  else
    skip "${library}_exports_only_names_that_begin_with_mz" 'not built, or not as a shared library'
  fi
done
tap_end
