# SPDX-License-Identifier: MPL-2.0
# Bochs, for platforms of x86: sourced after tests/mmu/lib.sh.
. "$srcdir/tests/bochs.sh"

need_bochs()
{
  local what
  what=$(bochs_lacks) || return
  echo "1..0 # SKIP there is no $what"
  exit 0
}

# run_bochs MODEL: boots $folder/image.mb; what it prints is the serial port
#
# Few instructions are a second: else most of them would be spent on waiting for the serial port.
run_bochs()
{
  rm -rf "$folder/cd"
  mkdir -p "$folder/cd/boot"
  cp "$folder/image.mb" "$folder/cd/boot/image"
  make_cd "$folder" 'multiboot /boot/image'
  run_cd "$folder" "$1" 128 1000000 240
  tr -d '\r\0' <"$folder/serial"
}
