#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# Resets, restores and clones, side by side with what they stand for. `make bench-memory` starts this with MEZZ, GUESTS and
# COMPARE. With --json, each row is an object.
#
#   reset-P-M     a guest that has written P pages of its memory M in ring 3 is put back and runs again, against a new run of
#                 the same guest: time of one round; RESETS rounds, of which the run itself is taken off
#   tracked-S     a guest that reads 32 MiB PASSES times and writes to each hundredth page, told by source S, against the
#                 same untold; PASSES are many, for what it costs to begin is not meant
#   restore       from process start to the first port that a guest of 1 GiB accesses, of which SAVED MiB are not zero,
#                 against reading the file; -cold: the file is not in the page cache
#   restore-all   the same, against a guest that has all its memory from the start, and its end
#   prefetch      the same memory, and the guest writes to each page of it in ring 3: brought by a record of its touches,
#                 against when it touches them; -cold as above
#   clone         a guest of 1 GiB that has written SAVED MiB is cloned while it runs, and the clone ends, against a snapshot of
#                 it that is restored, and ends
#   clone-held    for how long a guest of 1 GiB is held by a clone of it, against one of 64 MiB; both have written 16 MiB
#   live          for how long that guest is held by its first live snapshot, against by one that it is held for
set -u

if ! { : <>/dev/kvm; } 2>/dev/null; then
  echo 'bench: /dev/kvm is missing or can not be opened; nothing to measure'
  exit
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
runs=${RUNS:-7} resets=${RESETS:-500} saved=${SAVED:-960} passes=${PASSES:-40000}

now() { date +%s%N; }

# nanoseconds COMMAND...: how long it takes
nanoseconds()
{
  local begun
  begun=$(now)
  "$@" >/dev/null 2>&1 </dev/null || echo "bench: failed: $*" >&2
  echo $(($(now) - begun))
}

median() { sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# From the table.
as_json()
{
  awk 'NR > 1 { printf "{\"name\": \"%s\", \"unit\": \"%s\", \"ours\": %s, \"reference\": %s, \"ratio\": %s, \"goal\": %s}\n",
    $1, $2, $3, $4, $5, $6 == "-" || $6 == "" ? "null" : $6 }'
}

if [[ ${1:-} == --json ]]; then
  "$BASH" "$0" | as_json
  exit
fi

printf '%-16s %-4s %10s %10s %8s %8s\n' name unit mezz other ratio goal

for memory in 64M 1G; do
  for pages in 16 256 4096; do
    mib=$((pages > 256 ? pages / 256 : 1))
    stride=$((mib * 1048576 / pages))
    guest=(--memory "$memory" --append "mib=$mib stride=$stride,$stride mark quiet" "$GUESTS/toucher.elf")
    rounds=() news=()
    for ((i = 0; i < runs; i++)); do
      new=$(nanoseconds "$MEZZ" run "${guest[@]}")
      all=$(nanoseconds "$MEZZ" run --reset-loop "$resets" "${guest[@]}")
      news+=("$new") rounds+=("$(((all - new) / resets))")
    done
    printf '%s\n' "${rounds[@]}" | median >"$work/round"
    printf '%s\n' "${news[@]}" | median >"$work/new"
    awk -v name="reset-$pages-$memory" -v round="$(<"$work/round")" -v new="$(<"$work/new")" \
      'BEGIN { printf "%-16s %-4s %10.3f %10.3f %8.4f %8s\n", name, "ms", round / 1e6, new / 1e6, round / new, "0.05" }'
  done
done

for source in ring log wp; do
  "$MEZZ" run --dirty-source "$source" --reset-loop 1 "$GUESTS/again.elf" 2>"$work/err" || {
    echo "bench: no tracked-$source: $(<"$work/err")" >&2
    continue
  }
  "$COMPARE" "tracked-$source" "$runs" 1.1 0 \
    "$MEZZ" run --dirty-source "$source" --reset-loop 1 --append "mib=32 passes=$passes" "$GUESTS/writer.elf" --vs \
    "$MEZZ" run --append "mib=32 passes=$((2 * passes))" "$GUESTS/writer.elf"
done

# What is written before is on the disk then, and leaves the page cache.
forget="sync '$work/snapshot' && dd if='$work/snapshot' iflag=nocache count=0 status=none"

"$MEZZ" run --memory 1G --snapshot "$work/snapshot" --append "mark quit base=0x2000000 keep=$((saved * 256))" \
  "$GUESTS/again.elf" 2>/dev/null
restore=("$MEZZ" restore --trace io "$work/snapshot")
"$COMPARE" --first restore "$runs" 0.05 0 "${restore[@]}" --vs cat "$work/snapshot"
"$COMPARE" --before "$forget" --first restore-cold "$runs" 0.05 0 "${restore[@]}" --vs cat "$work/snapshot"
"$COMPARE" --first restore-all "$runs" 0 0 "${restore[@]}" --vs "$MEZZ" restore --all "$work/snapshot"

"$MEZZ" run --memory 1G --snapshot "$work/snapshot" \
  --append "mib=$saved base=0x2000000 stride=4096,4096 mark" "$GUESTS/toucher.elf" >/dev/null 2>&1
"$MEZZ" restore --record "$work/touches" "$work/snapshot" >/dev/null
prefetch=("$MEZZ" restore --prefetch "$work/touches" "$work/snapshot" --vs "$MEZZ" restore "$work/snapshot")
"$COMPARE" prefetch "$runs" 0.6 0 "${prefetch[@]}"
"$COMPARE" --before "$forget" prefetch-cold "$runs" 0.6 0 "${prefetch[@]}"

mkfifo "$work/keys"
exec {keys}<>"$work/keys"

# begin_waiting MEMORY MIB: a guest that has written so much of its memory, and waits.
begin_waiting()
{
  "$MEZZ" run --memory "$1" --control "$work/socket" --append "base=0x2000000 pages=$(($2 * 256))" "$GUESTS/steps.elf" \
    <&"$keys" >"$work/said" 2>"$work/err" &
  guest=$!
  printf w >&"$keys"
  until grep -q '^step 1' "$work/said"; do
    kill -0 "$guest" || { echo 'bench: the guest that should wait has ended' >&2; exit 1; }
    sleep 0.1
  done
}

end_waiting()
{
  printf . >&"$keys"
  wait "$guest"
}

# The clone and the restored one are told to end.
begin_waiting 1G "$saved"
export MEZZ work
"$COMPARE" clone "$runs" 0.05 0 bash -c 'printf . | "$MEZZ" clone "$work/socket"' --vs \
  bash -c '"$MEZZ" snapshot "$work/socket" "$work/copy" && printf . | "$MEZZ" restore "$work/copy"'
end_waiting

# Not by the first, which also has what was mapped until then go.
for memory in 64M 1G; do
  begin_waiting "$memory" 16
  for ((i = 0; i <= runs; i++)); do
    printf . | "$MEZZ" clone "$work/socket" 2>&1 >/dev/null | sed -n 's/.* held for \(.*\) ms$/\1/p'
  done | tail -n "$runs" | median >"$work/held-$memory"
  end_waiting
done
awk -v large="$(<"$work/held-1G")" -v small="$(<"$work/held-64M")" \
  'BEGIN { printf "%-16s %-4s %10.3f %10.3f %8.4f %8s\n", "clone-held", "ms", large, small, large / small, "-" }'

# held OPTION...: for how many milliseconds
held() { "$MEZZ" snapshot "$@" "$work/socket" "$work/copy" | sed 's/.* held for \(.*\) ms$/\1/'; }

for ((i = 0; i < runs; i++)); do
  begin_waiting 1G "$saved"
  held >>"$work/held"
  held --live >>"$work/live"
  end_waiting
done
awk -v live="$(median <"$work/live")" -v held="$(median <"$work/held")" \
  'BEGIN { printf "%-16s %-4s %10.3f %10.3f %8.4f %8s\n", "live", "ms", live, held, live / held, "-" }'
