# SPDX-License-Identifier: MPL-2.0
# What the fuzzers share: source this with bash. A script defines build, which makes $work/fuzz, and seed, which fills
# $work/seeds, and ends with `fuzz NAME TEST MAX_LENGTH`. FUZZ_SECONDS says for how long, FUZZ_CORPUS names a directory that
# keeps what is found, in one of its own for each NAME, and FUZZ_ENGINE is libfuzzer or afl; `make fuzz` sets the first
# two, `make fuzz-afl` all.
. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/seeds"

engine=${FUZZ_ENGINE:-libfuzzer}
declare -A compilers=([libfuzzer]=clang [afl]=afl-clang-fast)
compiler=${compilers[$engine]}

# compile SOURCE... FLAG...: with what finds mistakes, in the directory of the sources
compile()
{
  AFL_QUIET=1 "$compiler" -std=c17 -D_GNU_SOURCE -DMZ_DEBUG -DMZ_TESTS_WITHOUT_CHECK -O2 -g -I. \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o "$work/fuzz" "$@"
}

# Where the patterns in its lists of sources are meant.
build_in_srcdir()
{
  (cd "$srcdir" && build)
}

# show INPUT...: inputs that failed, and where they are kept
show()
{
  local failed
  for failed; do
    [[ -e $failed ]] || continue
    echo "$failed:"
    base64 "$failed"
    MZ_FUZZ_PRINT=1 "$work/fuzz" "$failed" 2>&1
  done
}

run_libfuzzer()
{
  "$work/fuzz" -max_total_time="${FUZZ_SECONDS:-10}" -max_len="$2" -timeout=60 -print_final_stats=1 \
    -len_control=0 -artifact_prefix="$corpus/../fuzz-" "$corpus" "$work/seeds" >"$work/output" 2>&1 && return
  tail -n 40 "$work/output"
  show "$corpus"/../fuzz-*
  return 1
}

# Goes on where the last run ended. It says by files alone what failed.
run_afl()
{
  local seeds=$work/seeds found=$corpus/default
  [[ ! -e $found/fuzzer_stats ]] || seeds=-
  AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 \
    afl-fuzz -i "$seeds" -o "$corpus" -V "${FUZZ_SECONDS:-10}" -G "$2" -t 60000 -m none -- "$work/fuzz" \
    >"$work/output" 2>&1 || { tail -n 40 "$work/output"; return 1; }
  sed -n 's/^execs_done *: /stat::number_of_executed_units: /p' "$found/fuzzer_stats" >"$work/output"
  set -- "$found"/crashes/id* "$found"/hangs/id*
  show "$@"
  [[ ! -e $1 && ! -e $2 ]]
}

# fuzz NAME TEST MAX_LENGTH
fuzz()
{
  corpus=${FUZZ_CORPUS:-$work/corpus}/$1
  mkdir -p "$corpus"
  if ! command -v "$compiler" >/dev/null; then
    skip "$2" "there is no $compiler (Debian: clang, afl++)"
  elif ! "$compiler" -fsanitize=fuzzer,address -x c -o "$work/empty" - 2>/dev/null \
    <<<'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && n > 1 ? 0 : 0; }'; then
    skip "$2" "$compiler has no fuzzer (Debian: libclang-rt-dev)"
  else
    try "the_fuzzer_of_${1}s_builds" build_in_srcdir
    seed
    try "$2" "run_$engine" "$1" "$3"
    sed -n 's/^stat::number_of_executed_units: */# executions: /p' "$work/output"
  fi
  tap_end
}
