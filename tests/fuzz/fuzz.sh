# SPDX-License-Identifier: MPL-2.0
# A short run of the fuzzer of tables.
. "$srcdir/tests/fuzz/lib.sh"

build()
{
  compile tests/fuzz/fuzz.c $(printf '%s\n' $LIBTEST_SOURCES | grep -v suite) $LIBRARY_SOURCES
}

# An input for each of the 32 pairs of a format and a variant, long enough for large leaves, splits and cuts to come about.
seed()
{
  LC_ALL=C awk -v directory="$work/seeds" 'BEGIN {
    srand(1)
    for (pair = 0; pair < 32; pair++) {
      file = directory "/" pair
      printf "%c", pair ? pair : 32 >file
      for (i = 0; i < 450; i++)
        printf "%c", 1 + int(rand() * 255) >file
      close(file)
    }
  }'
}

fuzz table random_inputs_agree_with_the_model 600
