# SPDX-License-Identifier: MPL-2.0
# For TAP scripts that run others in the nested machine: source this.

# need_machine OPTION...: ends the script unless there are QEMU, and the kernels that get-linux.sh gets with these options
need_machine()
{
  if ! command -v qemu-system-x86_64 >/dev/null; then
    echo '1..0 # SKIP qemu-system-x86_64 is not installed (Debian: qemu-system-x86)'
    exit 0
  fi
  need_kernels "$@"
}

# need_kernels OPTION...: those kernels
need_kernels()
{
  local why
  why=$("$srcdir/tests/linux/get-linux.sh" "$@" 2>&1) && return
  echo "1..0 # SKIP no kernel: ${why##*$'\n'}"
  exit 0
}
