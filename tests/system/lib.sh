# SPDX-License-Identifier: MPL-2.0
# System tests of mezz: source this. A test runs mezz, says what it wants of it, and ends with `verdict NAME`.
. "$srcdir/tests/tap.sh"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
wrong=

# skip_all REASON: ends the script
skip_all()
{
  echo "1..0 # SKIP $1"
  exit 0
}

need_kvm()
{
  [[ $("$MEZZ" info) == 'KVM: guests can run'* ]] ||
    skip_all "no guest can run here: $("$MEZZ" info | sed -n '/^missing$/{n; s/^ *//p}')"
}

need_jq()
{
  command -v jq >/dev/null || skip_all 'jq is not installed'
}

# Does KVM here emulate what a guest's kernel does, for lack of VMX and SVM? See docs/deviations.md.
emulates_kernels()
{
  ! grep -qwE 'vmx|svm' /proc/cpuinfo
}

# Can userfaultfd be used here?
have_uffd()
{
  "$MEZZ" info --json | grep -A1 '"userfaultfd"' | grep -q '"usable": true'
}

# Leaves in $backends those of --memory-backend that can be used here.
find_backends()
{
  backends='plain'
  have_uffd && backends='uffd plain'
}

# Leaves in $sources those of --dirty-source that can be used here.
find_sources()
{
  local source
  sources='log'
  for source in ring wp; do
    run --dirty-source "$source" --reset-loop 1 "$GUESTS/again.elf"
    if [[ $status == 112 ]]; then
      skip "writes_are_told_of ($source)" "$(<"$work/err")"
    else
      sources+=" $source"
    fi
  done
}

# go_together BACKEND SOURCE: can they?
go_together()
{
  [[ $1 != plain || $2 != wp ]]
}

# mezz WORD...: runs it with nothing on standard input unless $input names a file; leaves $status, and $work/out and
# $work/err. A run that does not end by itself ends here with status 124.
mezz()
{
  timeout 60 "$MEZZ" "$@" <"${input:-/dev/null}" >"$work/out" 2>"$work/err"
  status=$?
}

run()
{
  mezz run "$@"
}

want_status()
{
  [[ $status == "$1" ]] || wrong+="status $status, wanted $1"$'\n'
}

# want_out TEXT: exactly this on standard output
want_out()
{
  diff -u <(printf '%s\n' "$1") "$work/out" >"$work/diff" || wrong+="standard output differs:"$'\n'"$(<"$work/diff")"$'\n'
}

# want_out_line REGEX, want_err_line REGEX, want_no_out, want_no_err
want_out_line()
{
  grep -Eq -- "$1" "$work/out" || wrong+="no line on standard output matches: $1"$'\n'
}

want_err_line()
{
  grep -Eq -- "$1" "$work/err" || wrong+="no line on standard error matches: $1"$'\n'
}

want_no_out()
{
  [[ ! -s $work/out ]] || wrong+="standard output is not empty"$'\n'
}

want_no_err()
{
  [[ ! -s $work/err ]] || wrong+="standard error is not empty"$'\n'
}

# want_json FILTER: a jq filter that is true for the last line on standard error
want_json()
{
  [[ $(tail -n 1 "$work/err" | jq "$1" 2>&1) == true ]] || wrong+="not true of the numbers: $1"$'\n'
}

# Waiting starts no program: in the nested machine each costs more than what is waited for.
mkfifo "$work/never"
exec {never}<>"$work/never"

# rest SECONDS
rest()
{
  read -rt "$1" -u "$never" || true
}

# holds REGEX FILE: does a line of it match?
holds()
{
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    [[ ! $line =~ $1 ]] || return 0
  done 2>/dev/null <"$2"
  return 1
}

# await REGEX FILE: until a line of the file matches; false after as long as a run may take
await()
{
  local end=$((SECONDS + 60))
  until holds "$1" "$2"; do
    ((SECONDS < end)) || return 1
    rest 0.1
  done
}

# verdict NAME: ok if nothing that was wanted since the last one is wrong
verdict()
{
  if [[ -z $wrong ]]; then
    ok "$1"
  else
    # Not in a pipeline, which would count in a process of its own.
    not_ok "$1" < <(
      printf '%s' "$wrong"
      echo 'standard output:'
      head -c 2000 "$work/out"
      echo 'standard error:'
      head -c 4000 "$work/err"
    )
  fi
  wrong=
}

# refused NAME STATUS REGEX WORD...: mezz $command of these words prints nothing but why it does not do it
refused()
{
  local name=$1 wanted=$2 message=$3
  shift 3
  mezz "$command" "$@"
  want_status "$wanted"
  want_no_out
  want_err_line "^mezz $command: .*$message"
  verdict "$name"
}

# all_pass SCRIPT WORD...: false if a test of it fails or is skipped
all_pass()
{
  local said
  said=$(bash "$@" 2>&1)
  echo "$said"
  [[ $said =~ $'\n'1\.\.[1-9] && ! $said =~ (^|$'\n')'not ok' && ! $said =~ '# SKIP' ]]
}

# sources_tell_the_same RESETS SOURCE...: a guest is put back that writes a hundredth of its 4096 pages, and what it needs
# besides. In ring 0: where KVM has page tables of its own for what ring 3 sees, it calls written what is only read first.
sources_tell_the_same()
{
  local resets=$1 source
  shift

  for source; do
    run --stats=json --dirty-source "$source" --reset-loop "$resets" --append 'passes=3 ring3=0' \
      "$GUESTS/writer.elf"
    want_status 0
    want_json ".resets.dirty_source == \"$source\" and .resets.pages >= $resets * 41 and .resets.pages < $resets * 60"
    tail -n 1 "$work/err" | jq '.resets.pages' >"$work/pages.$source"
    verdict "what_was_written_is_put_back_and_no_more ($source)"
  done
  try all_sources_tell_the_same [ "$(cat "$work"/pages.* | sort -u | wc -l)" == 1 ]
}
