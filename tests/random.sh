# SPDX-License-Identifier: MPL-2.0
# Random operations against the model, with new seeds until RANDOM_SECONDS are over: `make random`. Short and long
# sequences take turns. A failure prints its seed and the shortest sequence that was found to fail.
. "$srcdir/tests/tap.sh"

runs=0 sequences=0 operations=0
first=$((${MZ_SEED:-$(date +%s)}))

# run STEPS: one sequence for each format in each variant
run()
{
  local count
  MZ_SEED=$((first + runs)) MZ_STEPS=$1 "$builddir/tests/core/test_random" >"$output" 2>&1 || return
  count=$(sed -En 's/^100%: Checks: ([0-9]+), .*/\1/p' "$output")
  runs=$((runs + 1)) sequences=$((sequences + count)) operations=$((operations + count * $1))
}

output=$(mktemp)
trap 'rm -f "$output"' EXIT
failed=
while ((SECONDS < ${RANDOM_SECONDS:-600})); do
  run $((runs % 2 ? 4000 : 500)) || failed=yes
  [[ -z $failed ]] || break
done
if [[ -n $failed ]]; then
  not_ok random_operations_agree_with_the_model <"$output"
else
  ok random_operations_agree_with_the_model
fi
echo "# seeds $first to $((first + runs - 1)), $sequences sequences, $operations operations, $SECONDS s"
tap_end
[[ -z $failed ]]
