# SPDX-License-Identifier: MPL-2.0
# What the fuzzers share: source this with bash. A script defines build, which makes $work/fuzz, and seed, which fills
# $work/seeds, and ends with `fuzz NAME TEST MAX_LENGTH`. FUZZ_SECONDS says for how long, FUZZ_CORPUS names a directory that
# keeps what is found, in one of its own for each NAME; `make fuzz` sets both.
. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/seeds"

# compile SOURCE... FLAG...: with what finds mistakes
compile()
{
  (cd "$srcdir" && clang -std=c17 -D_GNU_SOURCE -DMZ_DEBUG -DMZ_TESTS_WITHOUT_CHECK -O2 -g -I. \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o "$work/fuzz" "$@")
}

# Shows the input that failed, and where it is kept.
run()
{
  local failed
  "$work/fuzz" -max_total_time="${FUZZ_SECONDS:-10}" -max_len="$2" -timeout=60 -print_final_stats=1 \
    -len_control=0 -artifact_prefix="$corpus/../fuzz-" "$corpus" "$work/seeds" >"$work/output" 2>&1 && return
  tail -n 40 "$work/output"
  for failed in "$corpus"/../fuzz-*; do
    echo "$failed:"
    base64 "$failed"
    MZ_FUZZ_PRINT=1 "$work/fuzz" "$failed" 2>/dev/null
  done
  return 1
}

# fuzz NAME TEST MAX_LENGTH
fuzz()
{
  corpus=${FUZZ_CORPUS:-$work/corpus}/$1
  mkdir -p "$corpus"
  if ! command -v clang >/dev/null; then
    skip "$2" 'there is no clang (Debian: clang)'
  elif ! clang -fsanitize=fuzzer,address -x c -o "$work/empty" - 2>/dev/null \
    <<<'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && n > 1 ? 0 : 0; }'; then
    skip "$2" 'clang has no fuzzer (Debian: libclang-rt-dev)'
  else
    try "the_fuzzer_of_${1}s_builds" build
    seed
    try "$2" run "$1" "$3"
    sed -n 's/^stat::number_of_executed_units: */# executions: /p' "$work/output"
  fi
  tap_end
}
