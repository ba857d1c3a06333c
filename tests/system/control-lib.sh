# SPDX-License-Identifier: MPL-2.0
# A run in the background that is told by keys and asked through its control socket: source this after lib.sh.
socket=$work/socket
run_out=$work/run.out run_err=$work/run.err
ready=ready # what a guest says once it can be told
mkfifo "$work/control.keys"
exec {keys}<>"$work/control.keys"

# start COMMAND WORD...: mezz with a control socket and with $keys as its input; leaves its process in $run, and
# $run_out and $run_err. Waits until it can be asked, and, with `run`, until the guest is ready.
start()
{
  local command=$1
  shift
  : >"$run_out" >"$run_err"
  env --default-signal=INT,TERM "$MEZZ" "$command" --timeout 100 --control "$socket" "$@" <&"$keys" >>"$run_out" \
    2>>"$run_err" &
  run=$!
  until [[ -S $socket ]] || ! kill -0 "$run" 2>/dev/null; do
    rest 0.05
  done
  [[ $command != run ]] || await "$ready" "$run_out" || wrong+="the guest is not ready"$'\n'
}

# tell KEYS TEXT: until the guest answers that
tell()
{
  : >"$run_out"
  printf '%s' "$1" >&"$keys"
  await "$2" "$run_out" || wrong+="after $1 the guest does not say: $2, but: $(<"$run_out")"$'\n'
}

# ended: leaves $status
ended()
{
  wait "$run" 2>/dev/null
  status=$?
}

# finish: the guest is told to end, and has found nothing wrong
finish()
{
  printf . >&"$keys"
  ended
  want_status 0
  [[ ! -e $socket ]] || wrong+="the socket is still there"$'\n'
}

# save WORD...: mezz snapshot with the socket before the last word, which is well; leaves the numbers in $pages, $bytes
save()
{
  local options=("${@:1:$#-1}") file=${!#}
  mezz snapshot "${options[@]}" "$socket" "$file"
  want_status 0
  want_no_err
  want_out_line "^snapshot $file( after [^ ]+)?: [0-9]+ pages, [0-9]+ bytes, the guest was held for [0-9.]+ ms\$"
  read -r pages bytes < <(sed -nE 's/.*: ([0-9]+) pages, ([0-9]+) bytes,.*/\1 \2/p' "$work/out")
}

# refuse STATUS REGEX WORD...: mezz snapshot is refused; the guest goes on
refuse()
{
  local wanted=$1 message=$2
  shift 2
  mezz snapshot "$@"
  want_status "$wanted"
  want_no_out
  want_err_line "$message"
}

# want_pages FIRST LAST: so many were stored by the last save
want_pages()
{
  ((pages >= $1 && pages <= $2)) || wrong+="$pages pages were stored, not $1 to $2"$'\n'
}

# want_same A B: both snapshots hold the same memory
want_same()
{
  local said
  said=$("$builddir/tests/system/same_memory" "$1" "$2" 2>&1) || wrong+="$1 and $2: $said"$'\n'
}

# revive FILE TEXT OPTION...: restored, the guest says that all is right, writes one more step, and ends well
revive()
{
  local file=$1 text=$2
  shift 2
  start restore "$@" "$file"
  tell c "^right: $text"
  tell w '^step'
  tell c '^right'
  finish
}

# ---- Several at once ----
declare -A runs inputs

# at NAME: what follows is about this guest
at()
{
  runs[${name:-first}]=${run:-}
  name=$1
  if [[ -z ${inputs[$name]:-} ]]; then
    mkfifo "$work/keys.$name"
    exec {keys}<>"$work/keys.$name"
    inputs[$name]=$keys
  fi
  keys=${inputs[$name]} run=${runs[$name]:-}
  socket=$work/socket.$name run_out=$work/run.$name.out run_err=$work/run.$name.err
}

# cloned FROM NAME OPTION...: the guest NAME goes on from FROM
cloned()
{
  local from=$work/socket.$1
  at "$2"
  shift 2
  start clone "$@" "$from"
  await '^mezz: clone of .*: the guest was held for [0-9.]* ms$' "$run_err" || wrong+="it is not said that it is a clone"$'\n'
}
