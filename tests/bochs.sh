# SPDX-License-Identifier: MPL-2.0
# Bochs, for x86 where nothing else emulates it as it is needed: source this.

# Prints what is not here of what it takes, as "FILE PACKAGE"; false if nothing is lacking.
bochs_lacks()
{
  local file package

  while read -r package file; do
    # shellcheck disable=SC2086
    set -- $file
    [[ -e $1 ]] && continue
    echo "$file (Debian: $package)"
    return
  done <<'END'
bochs /usr/bin/bochs-bin
bochs-term /usr/lib/*/bochs/plugins/libbx_term_gui.so
bochsbios /usr/share/bochs/BIOS-bochs-latest
vgabios /usr/share/bochs/VGABIOS-lgpl-latest
grub-common /usr/bin/grub-mkrescue
grub-pc-bin /usr/lib/grub/i386-pc/multiboot.mod
xorriso /usr/bin/xorriso
END
  false
}

# make_cd FOLDER MENU: $FOLDER/image.iso of what is in $FOLDER/cd, which GRUB boots as the line MENU says
#
# Bochs has no loader for anything: what it boots lies on a CD, with GRUB.
make_cd()
{
  mkdir -p "$1/cd/boot/grub"
  printf 'set timeout=0\n%b\nboot\n' "$2" >"$1/cd/boot/grub/grub.cfg"
  grub-mkrescue -d /usr/lib/grub/i386-pc --install-modules='linux multiboot normal' --locales= --fonts= --themes= \
    -o "$1/image.iso" "$1/cd" >"$1/grub.log" 2>&1 || cat "$1/grub.log" >&2
}

# run_cd FOLDER MODEL MIB IPS SECONDS: a machine that boots that CD; its serial ports write to $FOLDER/serial and serial2
#
# The packaged Bochs begins in its debugger, of which `c` is the way out, and needs a display: of those that there are,
# only a terminal, from script, opens no network port. It does not end by SIGTERM. Time goes by instructions, IPS to a
# second. An image knows Bochs by the port e9, and ends it by ACPI or the port 8900, both of which it takes for a panic.
run_cd()
{
  local folder=$1

  rm -f "$folder/serial" "$folder/serial2"
  echo c >"$folder/commands"
  cat >"$folder/bochsrc" <<END
display_library: term
plugin_ctrl: unmapped=1, biosdev=1, speaker=0
cpu: model=$2, count=1, ips=$4, reset_on_triple_fault=0
memory: guest=$3, host=$3
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path="$folder/image.iso", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev="$folder/serial"
com2: enabled=1, mode=file, dev="$folder/serial2"
port_e9_hack: enabled=1
log: "$folder/bochs.log"
debug: action=ignore
info: action=ignore
error: action=ignore
panic: action=fatal
clock: sync=none
sound: driver=dummy
END
  TERM=xterm script -qec \
    "exec timeout --foreground -s KILL $5 bochs-bin -q -f '$folder/bochsrc' -rc '$folder/commands'" /dev/null \
    </dev/null >"$folder/screen" 2>&1
}
