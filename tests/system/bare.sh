# SPDX-License-Identifier: MPL-2.0
# The hypervisor on bare metal: a guest runs on nested page tables that libmezz built, under QEMU, without KVM.
. "$srcdir/tests/system/lib.sh"

command -v qemu-system-x86_64 >/dev/null || skip_all 'there is no qemu-system-x86_64 (Debian: qemu-system-x86)'
[[ -e $GUESTS/bare.mb ]] || skip_all 'no image for bare metal is built with the sanitizers'

# bare FLAG...: the hypervisor ends QEMU with twice the guest's status, and 1
bare()
{
  timeout 60 qemu-system-x86_64 -accel tcg -cpu EPYC,+svm,+npt -m "${memory:-256M}" -nodefaults -display none -serial stdio \
    -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel "$GUESTS/bare.mb" "$@" \
    </dev/null >"$work/out.cr" 2>"$work/err"
  status=$(($? / 2))
  tr -d '\r' <"$work/out.cr" >"$work/out"
}

bare -initrd "$GUESTS/demo.elf"
want_status 0
want_out_line '^memory: 2048 words, 0 wrong'
want_out_line '^rom: .* still'
want_out_line 'MEZZTEST'
want_out_line '^Goodbye'
want_out_line '^answers +resolved [1-9][0-9]*, retry 0, mmio 9, denied 1, exhausted 0'
want_out_line '^leaves +4K 1, 2M 5, 1G 0, mapping 10489856 bytes'
want_out_line '^dropped +writes to ROM 1'
verdict the_demo_runs_on_bare_metal

bare -initrd "$GUESTS/wild.elf"
want_status 1
want_out_line '^the guest died at 0x[0-9a-f]+: exit 0x400'
want_out_line 'nothing is at that address 1'
verdict a_guest_that_goes_astray_is_told_of

bare
want_status 1
want_out_line '^Bail out! the loader has brought no guest'
verdict it_needs_a_guest

bare -initrd "$srcdir/tests/system/bare.sh"
want_status 1
want_out_line '^Bail out! .* no 64-bit ELF file'
verdict a_guest_is_an_elf_file

memory=64M bare -initrd "$GUESTS/demo.elf"
want_status 1
want_out_line '^Bail out! the machine has too little memory'
verdict it_needs_memory
tap_end
