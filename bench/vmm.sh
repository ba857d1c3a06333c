#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# Whole runs of mezz, side by side with what else one could do. `make bench-vmm` starts this with MEZZ, GUESTS and COMPARE.
#
#   launch       a multiboot hello from process start to process end, against QEMU with the same image and exit device
#   suite-40     mezz test of 40 such images, two at a time, against one after another
#   touch-256m   256 MiB of fresh guest memory touched from ring 3, through our fault path against a plain memory slot
set -u

if ! { : <>/dev/kvm; } 2>/dev/null; then
  echo 'bench: /dev/kvm is missing or can not be opened; nothing to measure'
  exit
fi

printf '%-16s %-4s %10s %10s %8s %8s\n' name unit mezz other ratio goal

qemu=$(command -v qemu-system-x86_64)
if [[ -n $qemu ]]; then
  "$COMPARE" launch "${RUNS:-11}" 0.05 0.2 \
    "$MEZZ" run "$GUESTS/hello32.elf" --vs \
    "$qemu" -accel kvm -cpu "${QEMU_CPU:-qemu64}" -nodefaults -nographic \
    -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel "$GUESTS/hello32.elf"
else
  echo 'launch           qemu-system-x86_64 is not installed (Debian: qemu-system-x86); left out'
fi

# A name each, as a suite asks for.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
for ((i = 0; i < 40; i++)); do
  ln -s "$GUESTS/hello32.elf" "$work/$i.elf"
done
if "$MEZZ" test "$work"/*.elf >"$work/report"; then
  "$COMPARE" suite-40 "${RUNS:-11}" 0.6 0 "$MEZZ" test -j 2 "$work"/*.elf --vs "$MEZZ" test -j 1 "$work"/*.elf
else
  tail -n 1 "$work/report" | sed 's/^/suite-40         /; s/$/: left out/'
fi

touch_guest=("$MEZZ" run --memory 512M --append 'mib=256 stride=4096 write' "$GUESTS/toucher.elf")
"$COMPARE" touch-256m "${RUNS:-11}" 1.0 0 "${touch_guest[@]}" --memory-backend uffd --vs \
  "${touch_guest[@]}" --memory-backend plain
