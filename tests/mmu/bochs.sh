# SPDX-License-Identifier: MPL-2.0
# Bochs, for platforms of x86: sourced after tests/mmu/lib.sh.

# need_file FILE PACKAGE
need_file()
{
  [[ -e $1 ]] && return
  echo "1..0 # SKIP there is no $1 (Debian: $2)"
  exit 0
}

need_bochs()
{
  need bochs-bin bochs
  need_file /usr/lib/*/bochs/plugins/libbx_term_gui.so bochs-term
  need_file /usr/share/bochs/BIOS-bochs-latest bochsbios
  need_file /usr/share/bochs/VGABIOS-lgpl-latest vgabios
  need grub-mkrescue grub-common
  need_file /usr/lib/grub/i386-pc/multiboot.mod grub-pc-bin
  need xorriso xorriso
}

# run_bochs MODEL: boots $folder/image.mb; what it prints is the serial port
#
# Bochs has no multiboot loader: the image lies on a CD, with GRUB. The packaged Bochs begins in its debugger, of which
# `c` is the way out, and needs a display: of those that there are, only a terminal, from script, opens no network port.
# Time goes by instructions, and in few a second: else most of them would be spent on waiting for the serial port. The
# image knows Bochs by the port e9, and ends it by the port 8900, which it takes for a panic.
run_bochs()
{
  local cd=$folder/cd serial=$folder/serial

  rm -rf "$cd" "$serial"
  mkdir -p "$cd/boot/grub"
  cp "$folder/image.mb" "$cd/boot/image"
  printf 'set timeout=0\nmultiboot /boot/image\nboot\n' >"$cd/boot/grub/grub.cfg"
  grub-mkrescue -d /usr/lib/grub/i386-pc --install-modules='multiboot normal' --locales= --fonts= --themes= \
    -o "$folder/image.iso" "$cd" >"$folder/grub.log" 2>&1 || cat "$folder/grub.log" >&2
  echo c >"$folder/commands"
  cat >"$folder/bochsrc" <<END
display_library: term
plugin_ctrl: unmapped=1, biosdev=1, speaker=0
cpu: model=$1, count=1, ips=1000000, reset_on_triple_fault=0
memory: guest=128, host=128
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path="$folder/image.iso", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev="$serial"
port_e9_hack: enabled=1
log: "$folder/bochs.log"
debug: action=ignore
info: action=ignore
error: action=ignore
panic: action=fatal
clock: sync=none
sound: driver=dummy
END
  TERM=xterm timeout 240 script -qec "bochs-bin -q -f '$folder/bochsrc' -rc '$folder/commands'" /dev/null \
    </dev/null >"$folder/screen" 2>&1
  tr -d '\r\0' <"$serial"
}
