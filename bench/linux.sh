#!/bin/bash
# SPDX-License-Identifier: MPL-2.0
#
# Debian's cloud kernel from the start of the VMM to init, which resets the machine at once, and to the end of the VMM: by
# mezz, and by what else boots it. `make bench-linux` starts this in the nested machine with MEZZ and COMPARE.
#
#   to-init   wall time, and peak memory with what the guest has touched
#   beyond    peak memory without the guest's
#
# MZ_KVMTOOL names kvmtool's program; it is left out where that is not set. RUNS: 5.
set -u

linux=${MZ_LINUX:-${XDG_CACHE_HOME:-$HOME/.cache}/mezzanine/linux}
memory=256
words='console=ttyS0 quiet panic=-1 reboot=k'

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

left_out()
{
  printf '%-16s %s; left out\n' "$1" "$2"
}

make_initrd()
{
  mkdir -p "$work/root/bin"
  cp "$linux/busybox" "$work/root/bin"
  printf '%s\n' '#!/bin/busybox sh' 'echo "init: is up"' 'exec /bin/busybox reboot -f' >"$work/root/init"
  chmod +x "$work/root/init"
  (cd "$work/root" && find . | "$linux/busybox" cpio -o -H newc 2>/dev/null) >"$work/initrd"
}

# boots COMMAND...: does init start?
boots()
{
  timeout 300 "$@" </dev/null 2>/dev/null | grep -q '^init: is up'
}

# against NAME TIME-GOAL MEMORY-GOAL COMMAND... Some versions of kvmtool crash while they end.
against()
{
  local name=$1 time=$2 memory_goal=$3
  shift 3
  boots "$@" || { left_out "$name" 'the kernel does not come to init'; return; }
  "$COMPARE" "to-init $name" "${RUNS:-5}" "$time" 0 "${mezz[@]}" --vs-any-end "$@"
  "$COMPARE" "beyond $name" "${RUNS:-5}" "beyond:$memory" "$memory_goal" "${mezz[@]}" --vs-any-end "$@"
}

if ! { : <>/dev/kvm; } 2>/dev/null; then
  echo 'bench: /dev/kvm is missing or can not be opened; nothing to measure'
  exit
fi
make_initrd
mezz=("$MEZZ" run --memory "${memory}M" --initrd "$work/initrd" --append "$words" "$linux/cloud/vmlinuz")
boots "${mezz[@]}" || { echo 'bench: mezz does not bring the kernel to init' >&2; exit 1; }
printf '%-16s %-4s %10s %10s %8s %8s\n' name unit mezz other ratio goal

if [[ -z ${MZ_KVMTOOL:-} ]]; then
  left_out kvmtool 'MZ_KVMTOOL names no kvmtool'
elif ! command -v "$MZ_KVMTOOL" >/dev/null; then
  left_out kvmtool "MZ_KVMTOOL is $MZ_KVMTOOL, which can not be started"
else
  # It keeps a socket in the home directory.
  against kvmtool 0.8 0.5 env HOME="$work" "$MZ_KVMTOOL" run --mem "$memory" --cpus 1 --network mode=none \
    --console serial --kernel "$linux/cloud/vmlinuz" --initrd "$work/initrd" --params "$words"
fi

if qemu=$(command -v qemu-system-x86_64); then
  against qemu 0 0 "$qemu" -accel kvm -cpu host -m "$memory" -nodefaults -display none -serial stdio -no-reboot \
    -kernel "$linux/cloud/vmlinuz" -initrd "$work/initrd" -append "$words"
else
  left_out qemu 'qemu-system-x86_64 is not installed (Debian: qemu-system-x86)'
fi
