# SPDX-License-Identifier: MPL-2.0
# A short run of the fuzzer. FUZZ_SECONDS lets it run for longer, FUZZ_CORPUS names a directory that keeps what it finds;
# `make fuzz` sets both.
. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
corpus=${FUZZ_CORPUS:-$work/corpus}
mkdir -p "$corpus" "$work/seeds"

build()
{
  (cd "$srcdir" && clang -std=c17 -D_GNU_SOURCE -DMZ_DEBUG -DMZ_TESTS_WITHOUT_CHECK -O2 -g -I. \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o "$work/fuzz" tests/fuzz/fuzz.c \
    $(printf '%s\n' $LIBTEST_SOURCES | grep -v suite) $LIBRARY_SOURCES)
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

# Shows the input that failed as operations, and where it is kept.
run()
{
  local failed
  "$work/fuzz" -max_total_time="${FUZZ_SECONDS:-10}" -max_len=600 -timeout=60 -print_final_stats=1 \
    -len_control=0 -artifact_prefix="$corpus/../fuzz-" "$corpus" "$work/seeds" >"$work/output" 2>&1 && return
  tail -n 40 "$work/output"
  for failed in "$corpus"/../fuzz-*; do
    echo "$failed:"
    base64 "$failed"
    MZ_FUZZ_PRINT=1 "$work/fuzz" "$failed" 2>/dev/null
  done
  return 1
}

if ! command -v clang >/dev/null; then
  skip random_inputs_agree_with_the_model 'there is no clang (Debian: clang)'
elif ! clang -fsanitize=fuzzer,address -x c -o "$work/empty" - 2>/dev/null \
  <<<'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && n > 1 ? 0 : 0; }'; then
  skip random_inputs_agree_with_the_model 'clang has no fuzzer (Debian: libclang-rt-dev)'
else
  seed
  try the_fuzzer_builds build
  try random_inputs_agree_with_the_model run
  sed -n 's/^stat::number_of_executed_units: */# executions: /p' "$work/output"
fi
tap_end
