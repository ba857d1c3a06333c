# SPDX-License-Identifier: MPL-2.0
# Moments of a guest: it is put back to its mark, saved, and restored. guest/again.c looks whether all is as it was.
. "$srcdir/tests/system/lib.sh"
need_kvm

find_backends
find_sources

# ---- Resets ----
for backend in $backends; do
  for source in $sources; do
    go_together "$backend" "$source" || continue
    options=(--memory-backend "$backend" --dirty-source "$source" --timeout 50)
    run --stats=json "${options[@]}" --reset-loop 20 --append 'mark keep=8' "$GUESTS/again.elf"
    want_status 0
    want_no_out
    want_err_line '^mezz run: 20 resets, [0-9]+ per second, [0-9.]+ pages and [0-9.]+ us each$'
    want_json '.resets.count == 20 and .resets.pages >= 20 * (16 + 8 + 3)'
    want_json '.resets.pages < 20 * (16 + 8 + 12)'
    want_json ".resets.dirty_source == \"$source\""
    verdict "all_is_put_back_to_the_mark ($backend, $source)"

    run "${options[@]}" --reset-loop 5 "$GUESTS/again.elf"
    want_status 0
    want_no_out
    want_err_line '^mezz run: 5 resets'
    verdict "without_a_mark_it_is_the_beginning ($backend, $source)"

    # More pages than a ring holds: KVM makes room by an exit. Without one, less will do.
    pages=6000
    [[ $source != wp ]] || pages=600
    run --stats=json "${options[@]}" --memory 64M --reset-loop 2 --append "mark pages=$pages" "$GUESTS/again.elf"
    if [[ $source == ring && $status == 113 ]] && emulates_kernels; then
      want_err_line '^mezz run: what the guest has written is not known any more: KVM has let its dirty ring run over; '
      verdict "a_ring_that_runs_over_is_told_of ($backend)"
    else
      want_status 0
      want_json ".resets.pages >= 2 * ($pages + 3) and .resets.pages < 2 * ($pages + 15)"
      verdict "many_pages_are_put_back ($backend, $source)"
    fi

    # Each round adds 1 to the share, which no reset takes back, and no log tells of.
    printf 'a%04095d' 0 >"$work/shared"
    run --stats=json "${options[@]}" --reset-loop 5 --share "s=$work/shared" --append 'name=s add=1' "$GUESTS/share.elf"
    want_status 0
    [[ $(head -c 1 "$work/shared") == g ]] || wrong+="the share begins with $(head -c 1 "$work/shared"), wanted g"$'\n'
    want_json '.resets.count == 5'
    verdict "shares_are_not_put_back ($backend, $source)"
  done
done

sources_tell_the_same 4 $sources

run --memory-backend plain --dirty-source wp --reset-loop 1 "$GUESTS/again.elf"
want_status 110
want_err_line 'write-protect events come by userfaultfd, which plain guest memory does without'
verdict no_write_protect_events_of_plain_memory

run --reset-loop 5 --append 'status=3' "$GUESTS/status.elf"
want_status 3
want_no_err
verdict a_guest_that_fails_is_not_put_back

# ---- Snapshots ----
for backend in $backends; do
  options=(--memory-backend "$backend" --timeout 50)
  run "${options[@]}" --snapshot "$work/snapshot" --append 'mark keep=700' "$GUESTS/again.elf"
  want_status 0
  want_no_out
  want_err_line "^mezz: snapshot $work/snapshot: [0-9]+ pages, [0-9]+ bytes, the guest was held for [0-9.]+ ms\$"
  verdict "a_guest_is_saved_and_goes_on ($backend)"

  for round in 1 2; do
    mezz restore "${options[@]}" "$work/snapshot"
    want_status 0
    want_no_out
    want_no_err
    verdict "a_guest_is_restored, round $round ($backend)"
  done

  mezz restore "${options[@]}" --all "$work/snapshot"
  want_status 0
  want_no_err
  verdict "all_memory_comes_first ($backend)"

  mezz restore "${options[@]}" --reset-loop 10 "$work/snapshot"
  want_status 0
  want_err_line '^mezz restore: 10 resets'
  verdict "a_restored_guest_is_put_back_to_where_it_was_restored ($backend)"
done

# Nested virtualization, as far as it shows without a guest's guest. With the mark in its midst: turns SVM on (EFER,
# 0xc0000080), and all interrupts off (clgi); turns the APIC on (0xfee000f0), lets interrupts in, sends itself one
# (0xfee00300), for which there is no gate, and ends.
svm_mark='\xb9\x80\x00\x00\xc0\x0f\x32\x0d\x00\x10\x00\x00\x0f\x30\x0f\x01\xdd\xe6\xf8'
svm_end='\xbb\x00\x00\xe0\xfe\xc7\x83\xf0\x00\x00\x00\xff\x01\x00\x00\xfb\xc7\x83\x00\x03\x00\x00\x20\x00\x04\x00'
svm_end+='\x90\x90\x90\x90\xfa\xb0\x00\xe6\xf4'
if grep -qw svm /proc/cpuinfo && [[ $(</sys/module/kvm_amd/parameters/nested) == [1Y] ]]; then
  printf "$svm_mark$svm_end" >"$work/code"
  run --snapshot "$work/svm" --snapshot-on mark --as flat64@0x100000 "$work/code"
  want_status 0
  mezz restore --reset-loop 2 "$work/svm"
  want_status 0
  want_err_line '^mezz restore: 2 resets'
  verdict what_svm_keeps_from_a_guest_stays_so
else
  skip what_svm_keeps_from_a_guest_stays_so 'KVM offers guests no SVM here'
fi

# want_unsaved WHY
want_unsaved()
{
  want_err_line "^mezz: no snapshot: $1\$"
  [[ ! -e $work/unsaved ]] || wrong+='there is a snapshot'$'\n'
}

run --snapshot "$work/late" --snapshot-on timeout --timeout 0.5 "$GUESTS/loop.elf"
want_status 103
want_err_line "^mezz: snapshot $work/late: [0-9]+ pages"
mezz restore --timeout 0.5 "$work/late"
want_status 103
want_err_line 'the guest ran out of time'
verdict a_guest_is_saved_when_its_time_has_run_out
run --snapshot "$work/unsaved" --snapshot-on timeout --timeout 30 "$GUESTS/hello.elf"
want_status 0
want_unsaved 'the run was over before its time'
verdict a_guest_that_ends_in_time_is_not

# ends NAME CODE STATUS: a guest that ends with this status at first, and goes on to end with 9
ends()
{
  local name=$1 code=$2 wanted=$3 event=exit

  [[ $name != panic ]] || event=panic
  printf "$code"'\xb0\x09\xe6\xf4' >"$work/code"
  run --snapshot "$work/$name" --snapshot-on "$event" --as flat64@0x100000 "$work/code"
  want_status "$wanted"
  want_err_line "^mezz: snapshot $work/$name: [0-9]+ pages"
  verdict "a_guest_is_saved_at_its_end ($name)"
  mezz restore "$work/$name"
  want_status 9
  want_no_err
  verdict "and_goes_on_behind_it ($name)"
}

# mov $6, %al; mov $PORT, %dx; out %al, (%dx). ACPI takes 0x3400 by 16 bits.
ends exit '\xb0\x06\xe6\xf4' 6
ends power-off '\x66\xb8\x00\x34\x66\xba\x04\x06\x66\xef' 0
ends reset '\xb0\x06\x66\xba\xf9\x0c\xee' 104
ends panic '\xb0\x01\x66\xba\x05\x05\xee' 105

mezz restore --snapshot "$work/again" --snapshot-on exit "$work/panic"
want_status 9
want_err_line "^mezz: snapshot $work/again: [0-9]+ pages"
verdict a_restored_guest_is_saved_at_its_end
run --reset-loop 5 --snapshot "$work/once" --snapshot-on exit --append mark "$GUESTS/again.elf"
want_status 0
want_no_out
want_err_line '^mezz run: 5 resets'
[[ $(grep -c '^mezz: snapshot' "$work/err") == 1 ]] || wrong+='it was not saved once'$'\n'
verdict a_guest_that_is_put_back_is_saved_once

run --snapshot "$work/line" --snapshot-on line:loop --timeout 1 "$GUESTS/loop.elf"
want_status 103
want_out looping
want_err_line "^mezz: snapshot $work/line: [0-9]+ pages"
mezz restore --timeout 1 "$work/line"
want_status 103
want_out ing
verdict a_guest_is_saved_in_the_midst_of_a_line

for event in mark exit panic line:nothing 30; do
  run --snapshot "$work/unsaved" --snapshot-on "$event" "$GUESTS/triple.elf"
  want_status 100
  case $event in
  mark) want_unsaved 'the guest has not asked for its mark' ;;
  exit) want_unsaved 'the guest has not ended its machine' ;;
  panic) want_unsaved "the guest's kernel has not told of a panic" ;;
  line:*) want_unsaved "the guest has not printed 'nothing'" ;;
  *) want_unsaved 'the run was over before 30 s' ;;
  esac
  verdict "an_event_that_does_not_come_is_told_of ($event)"
done
tap_end
