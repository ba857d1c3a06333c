# SPDX-License-Identifier: MPL-2.0
# What mezz does with KVM where processors are Intel's: guests, all that is saved of one, and guests that have guests by
# VMX. Runs in the machine of nested-vmx.
. "$srcdir/tests/system/lib.sh"
need_kvm
need_jq
. "$srcdir/tests/system/control-lib.sh"

find_backends
find_sources
run --as flat16@0x7c00 "$GUESTS/real16.bin"
want_status 0
want_out 'hello from 16-bit mode'
verdict a_flat_16_bit_image
run --cpus 4 "$GUESTS/mp.elf"
want_status 0
want_out_line '^processors: 4$'
verdict four_processors
run "$GUESTS/ring3.elf"
want_status 0
want_out_line '^level 3: .* sum 0xa578a09de5294c09'
verdict ring_3
for backend in $backends; do
  options=(--memory-backend "$backend")
  run "${options[@]}" "$GUESTS/demo.elf"
  want_status 0
  want_no_err
  want_out_line 'MEZZTEST'
  verdict "demo ($backend)"
  for source in $sources; do
    go_together "$backend" "$source" || continue
    run --stats=json "${options[@]}" --dirty-source "$source" --reset-loop 20 --append 'mark keep=8' "$GUESTS/again.elf"
    want_status 0
    want_no_out
    want_json '.resets.count == 20 and .resets.pages >= 20 * (16 + 8 + 3)'
    verdict "all_is_put_back_to_the_mark ($backend, $source)"
  done
done

at first
start run --track "$GUESTS/steps.elf"
tell w '^step 1'
save "$work/full"
cloned first second
tell wc '^right: 2 steps'
finish
at first
tell wc '^right: 2 steps'
save -i "$work/more"
finish
revive "$work/full" '1 steps'
revive "$work/more" '2 steps'
verdict a_guest_is_saved_cloned_and_restored

try guests_that_have_guests_are_saved_put_back_and_cloned all_pass "$srcdir/tests/system/run-nested.sh" log
tap_end
