# SPDX-License-Identifier: MPL-2.0
# Clones: guests that go on from where another one is, with what it had, and without what either does then.
# See guest/steps.c.
. "$srcdir/tests/system/lib.sh"
need_kvm
. "$srcdir/tests/system/control-lib.sh"

steps=$GUESTS/steps.elf

find_backends
for backend in $backends; do
  at first
  start run --memory-backend "$backend" "$steps"
  tell ww '^step 2'
  cloned first second --memory-backend "$backend"
  tell c '^right: 2 steps, version 2'
  tell oc '^right: 2 steps, version 3'
  tell w '^step 3'
  at first
  tell c '^right: 2 steps, version 2'
  tell www '^step 5'
  at second
  tell c '^right: 3 steps, version 4'
  at first
  tell c '^right: 5 steps, version 5'
  finish
  verdict "both_go_on_alone ($backend)"
  at second
  tell oc '^right: 3 steps, version 5'
  finish
  verdict "a_clone_outlives_the_first ($backend)"

  # What the first has written since it was first cloned goes to the next ones, and theirs to theirs.
  at first
  start run --memory-backend "$backend" --append pages=300 "$steps"
  tell w '^step 1'
  cloned first second --memory-backend "$backend"
  at first
  tell ow '^step 2'
  cloned first third --memory-backend "$backend" --pager-threads 3
  tell oz '^zero, step 2'
  cloned third fourth --memory-backend "$backend"
  at third
  tell ow '^step 3'
  tell c '^right: 3 steps, version 6'
  kill -s KILL "$run"
  ended
  at fourth
  tell wc '^right: 3 steps, version 5'
  finish
  at second
  tell wc '^right: 2 steps, version 2'
  finish
  at first
  tell c '^right: 2 steps, version 3'
  finish
  verdict "clones_are_cloned ($backend)"
done

# The backends, and the number of threads, are each run's own.
at first
start run --memory-backend plain "$steps"
tell w '^step 1'
cloned first second
tell wc '^right: 2 steps'
cloned second third --memory-backend plain
tell wc '^right: 3 steps'
for guest in third second first; do
  at "$guest"
  tell c '^right'
  finish
done
verdict backends_may_differ

# own PROCESS: KiB of guest memory that it has copied
own()
{
  awk '/^[0-9a-f]+-/ { guest = /memfd:mezz-guest/ } guest && /^Anonymous:/ { sum += $2 } END { print sum + 0 }' "/proc/$1/smaps"
}

at first
start run --append pages=4000 "$steps"
tell w '^step 1'
cloned first second
tell c '^right: 1 steps'
copied=$(own "$run")
((copied < 2000)) || wrong+="after reading 16 MiB, the clone has copied $copied KiB"$'\n'
tell o '^over'
copied=$(own "$run")
((copied > 16000)) || wrong+="after writing 16 MiB, the clone has copied $copied KiB"$'\n'
finish
at first
tell c '^right: 1 steps'
finish
verdict what_nobody_writes_is_there_once

at first
start run "$steps"
tell w '^step 1'
mezz control "$socket" pause
want_status 0
cloned first second
tell wc '^right: 2 steps'
cloned first third
tell owc '^right: 2 steps, version 3'
finish
at first
mezz control "$socket" continue
tell c '^right: 1 steps'
finish
at second
tell c '^right: 2 steps'
finish
verdict a_guest_that_is_paused_is_cloned

# ---- With all else that can be done to memory ----
at first
start run --track "$steps"
tell w '^step 1'
save "$work/0"
tell w '^step 2'
cloned first second --track
save "$work/second"
tell w '^step 3'
save -i "$work/second.more"
tell c '^right: 3 steps'
finish
at first
tell ow '^step 3'
save -i "$work/1"
want_out_line " after $work/0: "
tell c '^right: 3 steps, version 4'
finish
revive "$work/second" '2 steps, version 2'
revive "$work/second.more" '3 steps, version 3'
revive "$work/1" '3 steps, version 4'
verdict a_clone_and_its_first_are_saved

at first
start restore --pager-threads 2 "$work/1"
tell w '^step 4'
cloned first second
tell c '^right: 4 steps, version 5'
tell oc '^right: 4 steps, version 6'
finish
at first
tell c '^right: 4 steps, version 5'
finish
verdict a_restored_guest_is_cloned

# What only a machine itself has is not dropped to see whether it is used.
at first
start run --report "$work/first.json" --append pages=8000 "$steps"
tell w '^step 1'
cloned first second --report "$work/second.json"
tell o '^over, version 2'
at first
tell o '^over, version 2'
sleep 3
tell c '^right: 1 steps, version 2'
finish
at second
tell c '^right: 1 steps, version 2'
finish
for guest in first second; do
  grep -q 'memory is shared with clones' "$work/$guest.json" ||
    wrong+="the report of the $guest does not say what is not known"$'\n'
done
verdict recorded_guests_are_cloned

find_sources
for source in $sources; do
  at first
  start run "$steps"
  tell w '^step 1'
  cloned first second --reset-loop 2 --dirty-source "$source"
  tell wm '^marked, step 2'
  tell owc '^right: 3 steps, version 4'
  printf . >&"$keys"
  tell c '^right: 2 steps, version 2'
  tell oc '^right: 2 steps, version 3'
  printf . >&"$keys"
  tell c '^right: 2 steps, version 2'
  cloned second third
  tell wc '^right: 3 steps, version 3'
  finish
  at second
  finish
  grep -Eq '^mezz clone: 2 resets' "$run_err" || wrong+="there were not 2 resets"$'\n'
  at first
  finish
  verdict "a_clone_is_put_back ($source)"
done

at first
start run --cpus 3 --rng --balloon "$steps"
tell w '^step 1'
cloned first second
tell wc '^right: 2 steps'
mezz control "$socket" stats
want_status 0
finish
at first
tell c '^right: 1 steps'
finish
verdict processors_and_devices_go_on

# ---- What can't be ----
# refused STATUS REGEX WORD...: no clone; the first goes on
refused()
{
  local wanted=$1 message=$2
  shift 2
  mezz clone "$@"
  want_status "$wanted"
  want_no_out
  want_err_line "$message"
}

head -c 65536 /dev/zero >"$work/disk"
cp "$work/disk" "$work/disk.copy"
at first
start run --disk "$work/disk" --balloon "$steps"
refused 110 "^mezz clone: $work/disk: is a disk of the first guest" "$socket"
ln "$work/disk" "$work/disk.link"
refused 110 "^mezz clone: $work/disk.link: is a disk of the first guest" --disk "$work/disk.link" "$socket"
cloned first second --disk "$work/disk.copy"
tell wc '^right: 1 steps'
finish
refused 111 '^mezz clone: .*offered other features' --disk "$work/disk,ro" "$work/socket.first"
refused 110 "^mezz clone: more entropy devices are given than the machine's 0" --rng "$work/socket.first"
refused 110 "^mezz clone: more socket devices are given than the machine's 0" --vsock 42 "$work/socket.first"
refused 110 "^mezz clone: more disks are given than the machine's 1" --disk "$work/disk.copy" --disk "$work/disk" "$work/socket.first"
at first
tell wc '^right: 1 steps'
finish
verdict two_guests_do_not_write_to_one_disk

head -c 4096 /dev/zero >"$work/shared"
at first
start run --share "s=$work/shared" "$steps"
refused 110 "^mezz clone: $socket: a machine with shares" "$socket"
tell wc '^right: 1 steps'
finish
verdict what_is_shared_is_not_cloned

refused 112 "^mezz clone: no run can be asked at $work/nobody" "$work/nobody"
at first
start run "$steps"
mezz control "$socket" moment
want_status 0
want_out_line '^the guest was held for'
mezz clone --control "$socket" "$socket"
want_status 110
want_err_line "is the socket of another run"
tell wc '^right: 1 steps'
finish
verdict who_takes_no_clone_does_no_harm
tap_end
