# SPDX-License-Identifier: MPL-2.0
# mezz run --gdb, with the gdb of the host: from the first instruction on.
. "$srcdir/tests/system/lib.sh"

need_kvm
command -v gdb >/dev/null || skip_all 'gdb is not installed'

port=$((20000 + RANDOM % 20000))

# debug GUEST OPTION... -- COMMAND...: runs the guest, or restores it if $from names a snapshot, and gdb with these
# commands; its output is in $work/gdb
debug()
{
  local guest=$1 options=() commands=() start=(run "$GUESTS/$1") word guest_pid
  shift
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  for word; do
    commands+=(-ex "$word")
  done
  [[ -z ${from:-} ]] || start=(restore "$from")
  timeout 60 "$MEZZ" "${start[@]}" --gdb "$port" "${options[@]}" </dev/null >"$work/out" 2>"$work/err" &
  guest_pid=$!
  timeout 60 gdb -nx -batch -ex 'set confirm off' -ex 'set tcp connect-timeout 20' -ex "target remote :$port" \
    "${commands[@]}" "$GUESTS/$guest" >"$work/gdb" 2>&1 </dev/null
  wait "$guest_pid"
  status=$?
  ((port++))
  cat "$work/gdb" >>"$work/err"
}

# want_gdb REGEX
want_gdb()
{
  grep -Eq -- "$1" "$work/gdb" || wrong+="gdb does not say: $1"$'\n'
}

debug hello.elf -- 'printf "at %d\n", $rip == (unsigned long)&_start' 'info threads' 'continue'
want_gdb '^at 1$'
want_gdb 'Thread 1 \(vCPU 0\)'
want_gdb 'exited normally'
want_status 0
verdict a_guest_is_held_at_its_first_instruction_and_runs_to_its_end

run --snapshot "$work/ended" --snapshot-on exit "$GUESTS/hello.elf"
from=$work/ended debug hello.elf -- 'printf "behind %d\n", $rip > (unsigned long)&finish && $rip < (unsigned long)&finish + 32' \
  'continue'
want_gdb '^behind 1$'
want_status 101
verdict a_restored_guest_is_held_where_it_was_saved

debug hello.elf -- 'set $first = $rip' 'stepi' 'printf "moved %d\n", $rip > $first && $rip < $first + 16' 'stepi' 'continue'
want_gdb '^moved 1$'
want_gdb 'exited normally'
want_status 0
verdict a_step_is_one_instruction

debug hello.elf -- 'set $rax = 0x1234' 'printf "rax %lx\n", $rax' 'printf "cr3 %d\n", $cr3 != 0' \
  'set {unsigned char}0x90000 = 0xa5' 'output/x {unsigned char}0x90000' 'x/4xb 0x7fffffffffff0000' 'kill'
want_gdb '^rax 1234$'
want_gdb '^cr3 1$'
want_gdb '0xa5'
want_gdb 'Cannot access memory at address 0x7fffffffffff0000'
want_status 143
verdict registers_and_memory_are_read_and_written

# Ctrl-C, once gdb has let the guest run
{
  await looping "$work/out"
  pkill -INT -f "^gdb .*target remote :$port "
} &
debug loop.elf -- 'continue' 'printf "stopped %d\n", $rip != 0' 'kill'
want_gdb 'received signal SIGINT'
want_gdb '^stopped 1$'
want_status 143
verdict a_guest_that_loops_is_interrupted

debug hello.elf -- 'detach'
want_status 0
want_out 'hello from 64-bit mode'
verdict a_guest_that_is_left_runs_on

# A client that asks and asks, and does not read.
timeout -k 5 60 "$MEZZ" run --gdb "$port" --timeout 8 "$GUESTS/loop.elf" </dev/null >"$work/out" 2>"$work/err" &
guest_pid=$!
until { exec {client}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; do
  rest 0.1
done
{
  while printf '$m90000,7f0#5f%.0s' {1..1000}; do :; done >&"$client"
} 2>/dev/null &
asker_pid=$!
wait "$guest_pid"
status=$?
kill "$asker_pid" 2>/dev/null
exec {client}>&-
((port++))
want_status 103
verdict a_client_that_does_not_read_holds_no_run

if [[ ${MZ_NESTED-} == tcg ]]; then
  skip breakpoints_stop_a_guest "QEMU gives the guest its int3, and does not look at its debug registers"
  tap_end
  exit
fi
# breaks_by COMMAND: at two functions of a guest, one after the other
breaks_by()
{
  debug status.elf --append status=7 -- "$1 guest_main" 'continue' 'printf "in %d\n", $rip == (unsigned long)&guest_main' \
    'delete' "$1 word_number" 'continue' 'delete' 'continue'
  want_gdb 'Breakpoint 1, '
  want_gdb '^in 1$'
  want_gdb 'Breakpoint 2, '
  want_gdb 'exited with code 07'
  want_status 7
}

breaks_by break
verdict breakpoints_stop_a_guest
breaks_by hbreak
verdict hardware_breakpoints_stop_a_guest
tap_end
