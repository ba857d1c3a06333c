# SPDX-License-Identifier: MPL-2.0
#
# Proves with CBMC every claim of tests/proof/*.c, and that no memory is accessed out of bounds, for all values of what
# is free in them. Prints TAP: one test for each line `Proof NAME: FLAGS` in the comments that head the files; for
# `Proof NAME@FORMATS: FLAGS` one for each line `Format FORMAT: FLAGS` of real.h, with the flags of both, and for
# `Proof NAME@FORMAT: FLAGS` one of that format.
# A proof that succeeds is run again with -DREACHING, to see that the situations which it names can occur (see prove.h).
#
# CBMC is $CBMC, else the one on PATH, else the one that get-cbmc.sh has unpacked or can unpack; without one, all is
# skipped with the reason.
#
#   PROOF_LONG=1         with the proofs that are marked `Long proof`, or are of a `Long format`: they take minutes
#   PROOF_ONLY=PATTERN   only the proofs whose names match this shell pattern, long or not
#   PROOF_JOBS=COUNT     so many at a time; as many as there are processors
#   PROOF_SECONDS=COUNT  how long one proof may take; 3600
. "$srcdir/tests/tap.sh"

cd "$srcdir" || exit 1
folder=$PWD/tests/proof
at_a_time=${PROOF_JOBS:-$(nproc)}
limit=${PROOF_SECONDS:-3600}
work=$(mktemp -d) || exit 1
# Loops over all levels that a format may have, whatever the proof's own bound.
level_loops=mz_reserve_init.0:8,forget_need.0:8,mz_reserve_drain.1:8
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Prints what runs CBMC; or why there is none, and fails.
find_cbmc()
{
  local private=${XDG_CACHE_HOME:-$HOME/.cache}/mezzanine/cbmc

  if [[ -n ${CBMC:-} ]]; then
    echo "$CBMC"
  elif command -v cbmc; then
    :
  elif bash "$folder/get-cbmc.sh" "$private" >"$work/get" 2>&1; then
    echo "$private/cbmc"
  else
    echo "there is no cbmc, and none could be had: $(tail -n 1 "$work/get")"
    return 1
  fi
}

# The names of all proofs, as the sources have them; and as the tables of docs/proofs.md do.
proof_names()
{
  grep -hoE ' \* (Proof|Long proof) [a-z0-9_]+(@[A-Za-z0-9_]+)?:' "$folder"/*.c | sed 's/.*[Pp]roof //; s/://' | sort
}

documented_names()
{
  awk -F'|' '/^\|/ { print $2 $3 }' docs/proofs.md | grep -oE '`[a-z][a-z0-9_]*(@[A-Za-z0-9_]+)?`' | tr -d '\`' |
    grep -v '^mz_' | sort -u
}

# The same of formats: in the documentation, what has an @ and nothing before it.
format_names()
{
  sed -n 's/^ \* \(Format\|Long format\) \([a-z0-9_]*\):.*/\2/p' "$folder/real.h" | sort
}

documented_formats()
{
  grep -oE '`@[a-z0-9_]+`' docs/proofs.md | tr -d '\`@' | sort -u
}

# Lines of: FILE NAME FLAG... where a flag may be a pattern of further sources. A line of a comment that begins with a
# flag, "--" or "-D", goes on with the line before.
proofs()
{
  awk -v long="${PROOF_LONG:-}${PROOF_ONLY:-}" '
    function flush(  wanted, format, each) {
      if (line !~ /@/)
        printf "%s", line
      wanted = line
      sub(/^[^@]*@/, "", wanted)
      sub(/ .*\n/, "", wanted)
      for (format in formats)
        if (wanted == "FORMATS" || wanted == format) {
          each = line
          sub(/@[^ ]*/, "@" format, each)
          sub(/\n/, formats[format] "\n", each)
          printf "%s", each
        }
      line = ""
    }
    FNR == NR {
      if (/^ \* Format / || (long != "" && /^ \* Long format /)) {
        sub(/^.*ormat /, "")
        split($0, parts, ":")
        formats[parts[1]] = parts[2]
      }
      next
    }
    FNR == 1 { head = 1 }
    / \*\// { head = 0 }
    head && / \* +-[-D]/ && line != "" {
      sub(/^ \* +/, " ")
      sub(/\n/, $0 "\n", line)
      next
    }
    { flush() }
    head && / \* (Proof|Long proof) [a-z0-9_]+(@[A-Za-z0-9_]+)?:/ && (long != "" || !/ \* Long/) {
      sub(/^.*[Pp]roof /, "")
      sub(/:/, "")
      line = FILENAME " " $0 "\n"
    }
    END { flush() }' "$folder/real.h" "$folder"/*.c
}

# run_cbmc SAID FLAG...: leaves what CBMC says in the file SAID, answers its exit status
run_cbmc()
{
  local said=$1 child
  shift
  timeout "$limit" "$cbmc" "$@" -I"$PWD" --drop-unused-functions --slice-formula --verbosity 4 \
    --unwindset "$level_loops" >"$said" 2>&1 &
  child=$!
  trap 'kill "$child"' TERM
  wait "$child"
}

# prove NUMBER FILE FLAG...: leaves what CBMC says in `NUMBER.said`, of situations to be reached in `NUMBER.reached`, and
# its exit status in `NUMBER.status`
prove()
{
  local number=$1 file=$2 status
  shift
  run_cbmc "$work/$number.said" "$@"
  status=$?
  : >"$work/$number.reached"
  if ((status == 0)) && grep -q 'REACHES(' "$file"; then
    run_cbmc "$work/$number.reached" -DREACHING --no-standard-checks --no-unwinding-assertions "$@"
    grep -q 'never reached: .*: FAILURE$' "$work/$number.reached" || echo "nothing is reached" >>"$work/$number.reached"
  fi
  echo "$status" >"$work/$number.status"
}

# report NUMBER NAME
report()
{
  local said=$work/$1.said name=$2 status
  status=$(<"$work/$1.status")
  if ((status == 0)) && grep -q '^VERIFICATION SUCCESSFUL' "$said"; then
    if grep -E 'never reached: .*: SUCCESS$|nothing is reached' "$work/$1.reached" >"$work/missed"; then
      not_ok "$name" <"$work/missed"
    else
      ok "$name"
    fi
  elif ((status == 124)); then
    not_ok "$name" <<<"not proven in $limit seconds"
  else
    not_ok "$name" < <(grep ': FAILURE$' "$said" || tail -n 20 "$said")
  fi
}

if ! cbmc=$(find_cbmc); then
  echo "1..0 # SKIP $cbmc"
  exit
fi
empty 'the words "Proof NAME:" begin a line' grep -nE '[^*] (Proof|Long proof) [a-z0-9_]+(@[A-Za-z0-9_]+)?:' "$folder"/*.c
empty 'docs/proofs.md has a row for each proof, and no other' \
  diff <(proof_names) <(documented_names)
empty 'and names each format of real.h, and no other' diff <(format_names) <(documented_formats)
names=()
while read -r file name flags; do
  # shellcheck disable=SC2053
  [[ $name == ${PROOF_ONLY:-*} ]] || continue
  names+=("$name")
  # shellcheck disable=SC2086
  prove ${#names[@]} "$file" $flags &
  (($(jobs -pr | wc -l) < at_a_time)) || wait -n
done < <(proofs)
wait
for ((i = 1; i <= ${#names[@]}; i++)); do
  report "$i" "${names[i - 1]}"
done
tap_end
