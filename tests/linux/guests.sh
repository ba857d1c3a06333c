# SPDX-License-Identifier: MPL-2.0
# Debian's kernels as guests: what they find, and how each end of theirs is told. Runs in the nested machine.
. "$srcdir/tests/system/lib.sh"
need_kvm

linux=${MZ_LINUX:-${XDG_CACHE_HOME:-$HOME/.cache}/mezzanine/linux}

# make_initrd KERNEL: $work/KERNEL.cpio
make_initrd()
{
  local root=$work/$1 module

  mkdir -p "$root"/{bin,dev,modules,proc,sys}
  cp "$linux/busybox" "$root/bin"
  cp "$srcdir/tests/linux/init" "$root/init"
  chmod +x "$root/init"
  for module in pvpanic pvpanic-mmio virtio_ring virtio virtio_mmio virtio_blk virtio-rng virtio_balloon; do
    [[ ! -e $linux/$1/$module.ko ]] || cp "$linux/$1/$module.ko" "$root/modules"
  done
  (cd "$root" && find . | "$linux/busybox" cpio -o -H newc 2>/dev/null) >"$work/$1.cpio"
  rm -r "$root"
}

# boot KERNEL WORDS OPTION...
boot()
{
  local kernel=$1 words=$2
  shift 2
  run --memory 256M --timeout 100 --initrd "$work/$kernel.cpio" --append "console=ttyS0 quiet panic=-1 $words" "$@" \
    "$linux/$kernel/vmlinuz"
}

make_initrd cloud
make_initrd generic

boot cloud 'end=off'
want_status 0
want_out_line '^init: processors 1\s*$'
want_out_line '^init: clock (kvm-clock|tsc)\s*$'
want_out_line "^init: year $(date -u +%Y)"
want_no_err
verdict a_guest_powers_off

truncate -s 1M "$work/disk"
echo 'what the guest reads' | dd of="$work/disk" bs=512 seek=1 conv=notrunc 2>/dev/null
sum=$(md5sum <"$work/disk")
boot cloud 'end=off disk rng balloon' --cpus 4 --disk "$work/disk" --rng --balloon=32M
want_status 0
want_out_line '^init: processors 4\s*$'
want_out_line "^disk: sum ${sum% -}"
want_out_line '^disk: written'
want_out_line '^rng: bytes 16\s*$'
want_out_line '^balloon: pages 8192\s*$'
[[ $(dd if="$work/disk" bs=512 skip=3 count=1 2>/dev/null | head -c 20) == 'written by the guest' ]] ||
  wrong+='the disk does not hold what the guest wrote'$'\n'
verdict four_processors_and_virtio_devices

# Whoever types before the guest listens types in vain, as on any serial line.
mkfifo "$work/keys"
: >"$work/out"
{ await '^init: processors' "$work/out"; echo 'typed by the user'; } >"$work/keys" &
input=$work/keys boot cloud 'end=reboot input'
wait
want_status 104
want_out_line '^input: typed by the user'
want_err_line '^mezz run: the guest reset its machine'
verdict a_guest_reads_its_input_and_reboots

boot cloud 'end=panic' --cpus 2
want_status 105
want_out_line '^init: processors 2\s*$'
want_err_line "^mezz run: the guest's kernel panicked"
verdict a_guest_panics

boot generic 'end=off' --cpus 2
want_status 0
want_out_line '^init: processors 2\s*$'
verdict the_generic_kernel_powers_off
tap_end
