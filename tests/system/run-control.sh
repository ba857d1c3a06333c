# SPDX-License-Identifier: MPL-2.0
# A run that is asked by other processes: mezz control, and mezz snapshot of a guest that goes on. See guest/steps.c.
. "$srcdir/tests/system/lib.sh"
need_kvm
. "$srcdir/tests/system/control-lib.sh"

steps=$GUESTS/steps.elf

# ask STATUS WORD...
ask()
{
  local wanted=$1
  shift
  mezz control "$socket" "$@"
  want_status "$wanted"
}

# ---- The socket ----
start run "$steps"
[[ $(stat -c %a "$socket") == 600 ]] || wrong+="the socket's mode is $(stat -c %a "$socket")"$'\n'
ask 0 help
want_out_line '^snapshot \[incremental\] FILE'
want_no_err
ask 0 stats
want_out_line '^exits +'
ask 0 pause
want_no_out
ask 0 pause
want_out_line '^the guest is paused already'
ask 0 dump
want_out_line '^  rip [0-9a-f]{16}'
ask 0 continue
want_no_out
ask 0 continue
want_out_line '^the guest is not paused'
ask 110 balloon 1M
want_err_line '^balloon: the guest has no balloon'
ask 110 nonsense
want_err_line "^'nonsense' is no command"
want_no_out
(
  . "$srcdir/vmm/cli/completion.bash"
  COMP_WORDS=("$MEZZ" control "$socket" sn) COMP_CWORD=3
  _mezz
  [[ ${COMPREPLY[*]} == snapshot ]]
) || wrong+='its commands are not completed'$'\n'
tell wc '^right: 1 steps'
finish
verdict a_run_is_asked_by_another_process

start run "$steps"
ask 0 quit
ended
want_status 130
[[ ! -e $socket ]] || wrong+="the socket is still there"$'\n'
verdict a_run_is_ended_by_another_process

start run "$steps"
kill -s TERM "$run"
ended
want_status 143
[[ ! -e $socket ]] || wrong+="the socket is still there"$'\n'
verdict the_socket_goes_with_a_signal

start run "$steps"
run --control "$socket" "$GUESTS/hello.elf"
want_status 110
want_no_out
want_err_line "^mezz run: $socket: is the socket of another run"
ask 0 help
kill -s KILL "$run"
ended
verdict the_socket_of_another_run_is_not_taken
[[ -S $socket ]] || wrong+="there is no dead socket"$'\n'
ask 112 help
want_err_line "^mezz control: no run can be asked at $socket: Connection refused"
run --control "$socket" "$GUESTS/hello.elf"
want_status 0
want_no_err
[[ ! -e $socket ]] || wrong+="the socket is still there"$'\n'
verdict the_socket_of_a_dead_run_is_replaced

echo mine >"$work/file"
run --control "$work/file" "$GUESTS/hello.elf"
want_status 110
want_err_line "^mezz run: $work/file: is there already, and is no socket"
run --control "$work/none/socket" "$GUESTS/hello.elf"
want_status 113
want_err_line "^mezz run: $work/none/socket: .*No such file"
[[ $(<"$work/file") == mine ]] || wrong+="the file was changed"$'\n'
verdict what_is_no_socket_is_left_alone

# ---- Snapshots of a guest that goes on ----
find_backends
for backend in $backends; do
  start run --memory-backend "$backend" "$steps"
  tell w '^step 1'
  save "$work/full"
  want_pages 16 80
  ((bytes == $(stat -c %s "$work/full"))) || wrong+="the file has $(stat -c %s "$work/full") bytes"$'\n'
  tell wc '^right: 2 steps'
  (cd "$work" && timeout 60 "$MEZZ" snapshot socket ./again) >"$work/out" 2>"$work/err" || wrong+='not saved'$'\n'
  want_out_line "^snapshot $work/\./again: "
  refuse 110 '^no snapshot: what the guest writes is not tracked: .*--track' -i "$socket" "$work/more"
  tell c '^right: 2 steps'
  finish
  verdict "a_guest_is_saved_while_it_runs ($backend)"

  revive "$work/full" '1 steps' --memory-backend "$backend"
  revive "$work/again" '2 steps' --memory-backend "$backend"
  revive "$work/again" '2 steps' --memory-backend "$backend" --pager-threads 3
  verdict "it_is_restored_from_either_and_twice_from_one ($backend)"

  start restore --memory-backend "$backend" "$work/full"
  tell w '^step 2'
  save "$work/second"
  want_pages 32 96
  # It may replace what the guest itself came from.
  save "$work/full"
  tell wc '^right: 3 steps'
  finish
  revive "$work/second" '2 steps' --memory-backend "$backend"
  revive "$work/full" '2 steps' --memory-backend "$backend"
  verdict "a_restored_guest_is_saved ($backend)"
done

# ---- While it goes on ----
for backend in $backends; do
  start run --memory-backend "$backend" --append pages=300 "$steps"
  tell w '^step 1'
  save --live "$work/live"
  want_pages 300 380
  ((bytes == $(stat -c %s "$work/live"))) || wrong+="the file has $(stat -c %s "$work/live") bytes"$'\n'
  tell wc '^right: 2 steps'
  save --live "$work/again"
  save "$work/held"
  want_same "$work/again" "$work/held"
  tell wc '^right: 3 steps'
  finish
  revive "$work/live" '1 steps' --memory-backend "$backend"
  revive "$work/again" '2 steps' --memory-backend "$backend"
  verdict "a_guest_goes_on_while_it_is_saved ($backend)"
done

start run --memory 128M --append pages=10000 "$steps"
tell w '^step 1'
save --live "$work/old"
cp "$work/old" "$work/old.copy"
tell w '^step 2'
for killed in client run; do
  rm -f "$work/.old.new"
  "$MEZZ" snapshot --live "$socket" "$work/old" >"$work/out" 2>"$work/err" &
  client=$!
  until [[ -s $work/.old.new ]] || ! kill -0 "$client" 2>/dev/null; do :; done
  kill -s KILL "${!killed}"
  [[ -e $work/.old.new ]] || wrong+="the $killed was not killed while the file was written"$'\n'
  wait "$client" 2>/dev/null
  status=$?
  if [[ $killed == client ]]; then
    ((status != 0)) || wrong+="the client was not killed"$'\n'
    cmp -s "$work/old" "$work/old.copy" || wrong+="the old snapshot has changed"$'\n'
    tell oc '^right: 2 steps'
  else
    want_status 0
    want_no_err
    ended
  fi
done
start restore "$work/old"
tell c '^right: 2 steps'
finish
verdict a_moment_is_saved_though_its_run_is_killed

: >"$work/shared"
truncate -s 4096 "$work/shared"
start run --share "s=$work/shared" "$steps"
refuse 110 "^mezz snapshot: $socket: a machine with shares or further banks" --live "$socket" "$work/none"
refuse 112 "^mezz snapshot: no run can be asked at $work/nobody" --live "$work/nobody" "$work/none"
[[ ! -e $work/none ]] || wrong+="something was written"$'\n'
tell wc '^right: 1 steps'
finish
verdict what_is_shared_is_not_saved

start run "$steps"
ask 0 pause
save "$work/paused"
ask 0 continue
tell wc '^right: 1 steps'
finish
revive "$work/paused" '0 steps'
verdict a_paused_guest_is_saved

# ---- Failures: the guest goes on, and what was safe stays so ----
start run --memory 128M --append pages=10000 "$steps"
save "$work/old"
cp "$work/old" "$work/old.copy"
tell w '^step 1'
timeout 60 "$MEZZ" snapshot "$socket" "$work/old" >"$work/out" 2>"$work/err" &
client=$!
# No process of its own may be needed to see it: it does not take long.
until [[ -s $work/.old.new ]] || ! kill -0 "$client" 2>/dev/null; do :; done
kill -s KILL "$run"
ended
wait "$client"
status=$?
want_status 113
want_no_out
want_err_line '^mezz snapshot: the run at .* has gone without an answer'
cmp -s "$work/old" "$work/old.copy" || wrong+="the old snapshot has changed"$'\n'
[[ -e $work/.old.new ]] || wrong+="the writer was not killed while it wrote"$'\n'
start restore "$work/old"
tell c '^right: 0 steps'
save "$work/old"
[[ ! -e $work/.old.new ]] || wrong+="what the dead run left is still there"$'\n'
finish
verdict a_writer_that_is_killed_leaves_the_old_file

mkdir "$work/disk"
if ((EUID != 0)) || ! mount -t tmpfs -o size=2m tmpfs "$work/disk" 2>"$work/err"; then
  skip a_full_disk_is_told 'only root can mount a small disk'
else
  start run --track --append pages=1000 "$steps"
  save "$work/disk/full"
  tell w '^step 1'
  refuse 113 "^no snapshot: $work/disk/more: cannot write it: No space left" "$socket" "$work/disk/more"
  refuse 113 "^no snapshot: $work/disk/more: cannot write it: No space left" -i "$socket" "$work/disk/more"
  [[ $(ls -A "$work/disk") == full ]] || wrong+="something is left: $(ls -A "$work/disk")"$'\n'
  tell oc '^right: 1 steps'
  # What could not be saved is saved by the next that can.
  mount -o remount,size=64m "$work/disk"
  save -i "$work/disk/more"
  want_pages 1000 1030
  tell wc '^right: 2 steps'
  finish
  revive "$work/disk/more" '1 steps'
  umount "$work/disk"
  verdict a_full_disk_is_told
fi

# What a guest came from is cut off: it goes on without what it has not touched, and can't be saved in full.
if ! have_uffd; then
  skip memory_that_is_gone_is_no_end 'userfaultfd is not permitted: all memory comes in at once'
else
  start run --memory 64M --append 'pages=1000 base=0x3000000' "$steps"
  tell w '^step 1'
  save "$work/cut"
  finish
  start restore --track "$work/cut"
  # Whoever replaces it by a shorter file would do no harm.
  truncate -s 500000 "$work/cut"
  refuse 111 "^no snapshot: $work/cut: ends before page" "$socket" "$work/whole"
  refuse 111 "^no snapshot: the last snapshot can't be a parent: $work/cut: " -i "$socket" "$work/whole"
  [[ ! -e $work/whole ]] || wrong+="something was written"$'\n'
  kill -0 "$run" || wrong+="the guest has ended"$'\n'
  mezz control "$socket" quit
  ended
  want_status 130
  verdict memory_that_is_gone_is_no_end
fi

start run "$steps"
refuse 113 "^no snapshot: $work/none/file: cannot open its folder: No such file" "$socket" "$work/none/file"
refuse 113 '^no snapshot: /dev/null: is not a regular file' "$socket" /dev/null
refuse 113 "^mezz snapshot: $work/none/file: cannot open its folder: No such file" --live "$socket" "$work/none/file"
tell wc '^right: 1 steps'
finish
verdict a_file_that_can_not_be_is_told
tap_end
