# SPDX-License-Identifier: MPL-2.0
# Guests that die, hang, or do not fit: the status, the message, and the dump.
. "$srcdir/tests/system/lib.sh"
need_kvm

want_dump()
{
  want_err_line '^  rip [0-9a-f]{16} rflags'
  want_err_line '^  rax .* rdx'
  want_err_line '^  cs  0008 .*64-bit'
  want_err_line '^  cr0 .* cr3 0000000000002000'
  want_err_line '^  code .*\[[0-9a-f-]{2}\]'
}

have_capstone()
{
  grep -q '^HAVE_CAPSTONE_FALSE = #' "$builddir/Makefile"
}

# After a triple fault, KVM shows what a processor died in on some hosts, and on others a processor that was reset.
was_reset()
{
  grep -q 'KVM has reset the processor' "$work/err"
}

run "$GUESTS/triple.elf"
want_status 100
want_err_line '^mezz run: the guest crashed: triple fault'
was_reset || want_dump
verdict a_triple_fault

run "$GUESTS/halt.elf"
want_status 101
want_err_line '^mezz run: the guest halted'
verdict a_halted_processor

run "$GUESTS/registers.elf"
want_status 102
want_err_line 'wrote to guest-physical 0xc8000000, where nothing is'
want_dump
want_err_line 'rax 1111111111111111 rbx 2222222222222222 rcx 3333333333333333 rdx 4444444444444444'
want_err_line 'rsi 5555555555555555 rdi 6666666666666666 rbp 7777777777777777 rsp 1234567812345678'
want_err_line 'r8  8888888888888888 r9  9999999999999999 r10 aaaaaaaaaaaaaaaa r11 bbbbbbbbbbbbbbbb'
want_err_line 'r12 cccccccccccccccc r13 dddddddddddddddd r14 eeeeeeeeeeeeeeee r15 ffffffffffffffff'
# The instruction is mov %rax,0xc8000000 in its 10-byte form; it is before or behind the instruction pointer.
want_err_line '48 a3 00 00 00 c8 00 00 00 00|\[48\] a3 00 00 00 c8'
want_err_line '^  stack 1234567812345678 --$'
! have_capstone || want_err_line '[0-9a-f]{16}  48 a3 00 00 00 c8 00 00 00 00 +movabs qword ptr \[0xc8000000\], rax'
verdict the_dump_shows_the_registers

for ring in '' ring3; do
  for how in read write exec; do
    run --append "how=$how $ring" "$GUESTS/wild.elf"
    want_status 102
    want_err_line 'guest-physical 0xc8000000, where no'
    want_err_line 'stage 1 of 0xc8000000 '
    want_err_line '^    level 4 node 0x2000 index +0 entry 0x[0-9a-f]{16} node 0x[0-9a-f]+ rwx user accessed'
    want_err_line '^    level 2 node 0x[0-9a-f]+ index +64 entry 0x00000000c80000[ae]7 leaf 0xc8000000 rwx WB .*user'
    want_err_line '^  stage 2 of guest-physical 0xc8000000 \(nothing is there\):'
    want_err_line '^    level 3 node 0x[0-9a-f]+ index +3 entry 0x0000000000000000 absent'
    verdict "a_wild_$how ${ring:-ring0}"
  done
done

for width in 1 2 4 8; do
  run --append "width=$width addr=0xd0001000" "$GUESTS/wild.elf"
  want_status 102
  want_err_line 'read from guest-physical 0xd0001000'
  verdict "just_behind_a_device, $width bytes"
done

run --append 'addr=0x7000000000' "$GUESTS/wild.elf"
want_status 100
was_reset || {
  want_err_line 'stage 1 of 0x7000000000 \(cr2\)'
  want_err_line 'absent'
}
verdict an_address_that_the_guest_does_not_map

run --append how=exec --append 'how=exec addr=0xd0000000' "$GUESTS/wild.elf"
want_status 102
want_err_line 'jumped to guest-physical 0xd0000000, where no memory is'
verdict a_jump_into_a_device

run --timeout 0.5 "$GUESTS/loop.elf"
want_status 103
want_err_line '^mezz run: the guest ran out of time: 0.5 s'
want_out 'looping'
want_dump
want_err_line '^  stack [0-9a-f]{16}( [0-9a-f]{16}){4}$'
! have_capstone || want_err_line '^  => [0-9a-f]{16}  ([0-9a-f]{2} )+ +[a-z]'
verdict a_timeout

run --timeout 0.5 --append ring3 "$GUESTS/loop.elf"
want_status 103
verdict a_timeout_in_ring_3

run --timeout 0.5 --append print "$GUESTS/loop.elf"
want_status 103
verdict a_timeout_while_it_prints

run --timeout 0.5 "$GUESTS/echo.elf"
want_status 103
verdict a_timeout_while_it_waits_for_input

# Into a pipe that is full but for a little, and that nobody reads.
mkfifo "$work/unread"
exec {unread}<>"$work/unread"
head -c 61440 /dev/zero >&"$unread"
{
  rest 2
  echo typed
  timeout 20 "$MEZZ" control "$work/socket" stats >"$work/numbers"
  rest 1
} | timeout 60 "$MEZZ" run --timeout 5 --control "$work/socket" --append print "$GUESTS/loop.elf" >&"$unread" 2>"$work/err"
status=${PIPESTATUS[1]}
: >"$work/out"
want_status 103
grep -q '^serial .* writes [1-9]' "$work/numbers" || wrong+='no numbers'$'\n'
verdict a_timeout_while_nobody_reads_what_it_prints

# Nor does it end with what it has put on its last line: x, and the status 0.
printf '\xb0\x78\x66\xba\xf8\x03\xee\xb0\x00\x66\xba\xf4\x00\xee\xeb\xfe' >"$work/image"
timeout -s KILL 60 "$MEZZ" run --timeout 3 --as flat64@4M "$work/image" >&"$unread" 2>"$work/err" </dev/null
status=$?
want_status 103
verdict a_timeout_while_nobody_reads_what_it_has_printed

# Nor what is told of it, in the end or before: neither vCPUs nor who brings memory in wait longer.
for trace in --trace=io --trace=faults --stats; do
  timeout -s KILL 60 "$MEZZ" run --timeout 3 "$trace" --append print "$GUESTS/loop.elf" >/dev/null 2>&"$unread" </dev/null
  status=$?
  want_status 103
  verdict "a_timeout_while_nobody_reads_what_is_told ($trace)"
done
{
  rest 3
  timeout 20 "$MEZZ" control "$work/socket" stats >"$work/numbers"
  kill -s TERM "$(<"$work/pid")"
  rest 10
  kill -s KILL "$(<"$work/pid")" 2>/dev/null
} &
(
  echo "$BASHPID" >"$work/pid"
  exec "$MEZZ" run --timeout 60 --control "$work/socket" --trace io --append print "$GUESTS/loop.elf" \
    >/dev/null 2>&"$unread" </dev/null
)
status=$?
want_status 143
grep -q '^serial .* writes [1-9]' "$work/numbers" || wrong+='no numbers'$'\n'
verdict a_signal_while_nobody_reads_what_is_told

# A snapshot waits for the vCPU that prints; nothing else waits for the snapshot.
{
  rest 3
  timeout 20 "$MEZZ" control "$work/socket" stats >"$work/numbers"
} | timeout 60 "$MEZZ" run --timeout 5 --snapshot "$work/held" --snapshot-on 1 --control "$work/socket" --append print \
  "$GUESTS/loop.elf" >&"$unread" 2>"$work/err"
status=${PIPESTATUS[1]}
: >"$work/out"
want_status 103
want_err_line '^mezz: no snapshot: the run was over before the guest could be held'
[[ ! -e $work/held ]] || wrong+='there is a snapshot'$'\n'
grep -q '^serial .* writes [1-9]' "$work/numbers" || wrong+='no numbers'$'\n'
verdict a_timeout_while_a_snapshot_waits_for_who_reads

timeout 60 "$MEZZ" run --timeout 20 --snapshot "$work/held" --snapshot-on 1 --append print "$GUESTS/loop.elf" \
  >&"$unread" 2>"$work/err" </dev/null &
run=$!
rest 3
[[ ! -s $work/err ]] || wrong+="it says: $(<"$work/err")"$'\n'
timeout 30 cat <&"$unread" >"$work/read" &
reader=$!
await "^mezz: snapshot $work/held: " "$work/err" || wrong+="there is no snapshot: $(<"$work/err")"$'\n'
kill -s TERM "$run"
wait "$run"
kill "$reader"
verdict a_snapshot_comes_once_somebody_reads

run --timeout 30 --memory 4K "$GUESTS/hello.elf"
want_status 110
want_err_line 'too small'
verdict memory_without_room_for_the_boot_structures

run --timeout 30 --memory 1M "$GUESTS/hello.elf"
want_status 111
want_err_line 'hello.elf: segment 0.*not inside'
verdict an_image_outside_of_memory

run --as flat64@0xfffff000 "$GUESTS/hello.bin"
want_status 111
want_err_line 'hello.bin: .*not inside'
verdict a_flat_image_outside_of_memory

head -c 600K /dev/zero >"$work/large.bin"
run --as flat64@0x2000 "$work/large.bin"
want_status 111
want_err_line 'large.bin: .* leave 32768 bytes in one piece of .* boot structures'
verdict a_flat_image_where_the_boot_structures_would_be

run --module "$work/absent words" "$GUESTS/hello32.elf"
want_status 111
want_err_line 'absent'
verdict a_missing_module

(ulimit -f 1024 && timeout 60 "$MEZZ" run "$GUESTS/hello.elf" </dev/null 2>&1 | cat >"$work/err"; exit "${PIPESTATUS[0]}")
status=$?
: >"$work/out"
want_status 113
want_err_line 'cannot make guest memory'
verdict a_limit_on_the_size_of_files

# Whatever is the first that a run has no descriptor for.
for limit in {6..9}; do
  (ulimit -n "$limit" && exec timeout 60 "$MEZZ" run "$GUESTS/hello.elf") </dev/null >"$work/out" 2>"$work/err"
  status=$?
  want_status 113
  want_err_line '^mezz run: .*: Too many open files$'
  verdict "a_limit_on_the_number_of_files ($limit)"
done
tap_end
