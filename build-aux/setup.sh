# SPDX-License-Identifier: MPL-2.0
# What ./run and ./check share: install what is missing, bootstrap, configure, build. Source this with bash.
#
# Every step looks first at what is there, leaves a mark only when it has come to its end, and can be interrupted at any
# point and run again. All of it talks on standard error.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
flags_always=(--quiet --enable-werror)
# libtool starts for each object and each program, and its script takes half the time where sh is not bash.
export CONFIG_SHELL=/bin/sh

say()
{
  echo "$*" >&2
}

die()
{
  say "$(basename "$0"): $*"
  exit 1
}

# ---- What the host must have ----------------------------------------------------------------------------------------

# Lines of: what to look for | the Debian package that brings it | what it is for
# To look for: a command, a pkg-config module (pc:NAME), or a file (/PATH).
needs_to_build='
gcc|gcc|to compile
/usr/include/stdlib.h|libc6-dev|to compile
/usr/include/linux/kvm.h|linux-libc-dev|to talk to KVM
make|make|to build
autoreconf|autoconf|to make the configure script
automake|automake|to make the configure script
libtoolize|libtool|to build shared libraries
pkg-config|pkg-config|to find libraries
pc:libelf|libelf-dev|to read ELF images
pc:jansson|libjansson-dev|to write JSON
pc:zlib|zlib1g-dev|to unpack images
pc:libdeflate|libdeflate-dev|for snapshots
pc:libzstd|libzstd-dev|to unpack images
pc:glib-2.0|libglib2.0-dev|to run suites of guests
pc:liburcu-bp|liburcu-dev|for read-copy-update
pc:liburing|liburing-dev|for disks
pc:slirp|libslirp-dev|for a network without rights
pc:capstone|libcapstone-dev|to show code as instructions
pc:check|check|to build the unit tests'

# Where there is no KVM.
needs_to_emulate='
qemu-system-x86_64|qemu-system-x86|to run a guest without KVM'

needs_to_check='
clang|clang|to build with a second compiler
/usr/share/doc/libclang-rt-dev|libclang-rt-dev|for the sanitizers of the second compiler, and to fuzz
afl-clang-fast|afl++|to fuzz with a second engine
jq|jq|to read the JSON that mezz writes
chromium|chromium|to look at the pages that mezz writes
g++|g++|to try the headers from C++
objdump|binutils|to look into what was compiled
clang-format|clang-format|to check the layout of sources
aarch64-linux-gnu-gcc|gcc-aarch64-linux-gnu|to build libmezz for 64-bit Arm
riscv64-linux-gnu-gcc|gcc-riscv64-linux-gnu|to build libmezz for RISC-V
arm-linux-gnueabi-gcc|gcc-arm-linux-gnueabi|to build libmezz for 32-bit Arm
qemu-aarch64|qemu-user|to run what was built for other processors
qemu-system-aarch64|qemu-system-arm|to let an MMU walk tables: stage 2 of Arm
qemu-system-riscv64|qemu-system-misc|to let an MMU walk tables: the G-stage of RISC-V
qemu-system-x86_64|qemu-system-x86|to let an MMU walk tables: nested paging
bochs-bin|bochs|to let an MMU walk tables: EPT
/usr/share/doc/bochs-term|bochs-term|to start bochs without a display
/usr/share/bochs/BIOS-bochs-latest|bochsbios|to start bochs
/usr/share/bochs/VGABIOS-lgpl-latest|vgabios|to start bochs
grub-mkrescue|grub-common|to start an image in bochs
/usr/lib/grub/i386-pc/multiboot.mod|grub-pc-bin|to start an image in bochs
xorriso|xorriso|to start an image in bochs
iasl|acpica-tools|to take ACPI tables apart
gdb|gdb|to debug a guest'

is_there()
{
  case $1 in
  pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
  /*) [[ -e $1 ]] ;;
  *) command -v "$1" >/dev/null ;;
  esac
}

# install_missing NEEDS
install_missing()
{
  local what package why packages=()

  while IFS='|' read -r what package why; do
    [[ -n $what ]] && ! is_there "$what" || continue
    ((${#packages[@]})) || say 'Missing on this host:'
    say "  $package, $why"
    packages+=("$package")
  done <<<"$1"
  ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
}

install_packages()
{
  local as_root=(env) log
  local by_hand="Install them by hand (Debian: apt-get install $*) and start again."

  command -v apt-get >/dev/null || die "there is no apt-get to install them with. $by_hand"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "not root, and there is no sudo. $by_hand"
    as_root=(sudo env)
  fi
  say "Installing them with apt-get${as_root[1]:+ through sudo}."

  log=$(mktemp)
  if ! {
    "${as_root[@]}" dpkg --configure -a &&
      "${as_root[@]}" apt-get -q update &&
      "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "$@"
  } >"$log" 2>&1 </dev/null 9>&-; then
    cat "$log" >&2
    rm -f "$log"
    die "apt-get failed. $by_hand"
  fi
  rm -f "$log"
}

# ---- Build ----------------------------------------------------------------------------------------------------------

# One at a time in this tree; the second one waits, also for a build that has outlived the ./run that began it.
lock_tree()
{
  command -v flock >/dev/null || return 0
  exec 9>"$top/build-aux/.lock" || die "cannot write to $top"
  flock -n 9 || {
    say 'Waiting for another ./run or ./check in this tree.'
    flock 9
  }
}

unlock_tree()
{
  exec 9>&-
}

# logged LOG WHAT COMMAND...: quiet, unless it fails; then the end of what it said
logged()
{
  local log=$1 what=$2
  shift 2
  say "$what"
  "$@" >"$log" 2>&1 </dev/null || {
    tail -n 80 "$log" >&2
    say "$(basename "$0"): failed: $what (log: $log)"
    return 1
  }
}

# is_fresh MARK FILE...: is there a mark, and is none of the files newer?
is_fresh()
{
  local mark=$1 file
  shift
  [[ -e $mark ]] || return 1
  for file; do
    [[ ! $file -nt $mark ]] || return 1
  done
}

bootstrap()
{
  local mark=$top/build-aux/.bootstrapped
  [[ -e $top/configure && -e $top/Makefile.in ]] &&
    is_fresh "$mark" "$top/configure.ac" "$top/Makefile.am" "$top"/*/local.mk "$top"/*/*/local.mk && return
  rm -f "$mark"
  mkdir -p "$top/m4"
  logged "$top/build-aux/.bootstrap.log" 'Making the configure script.' autoreconf -i "$top" && touch "$mark"
}

# configure_in DIRECTORY FLAG...
configure_in()
{
  local directory=$1 mark=$1/.configured
  shift
  is_fresh "$mark" "$top/configure" && [[ $(<"$mark") == "$*" ]] && return
  mkdir -p "$directory" || die "cannot write to $top"
  rm -f "$mark"
  (cd "$directory" && logged "$directory/.configure.log" "Configuring ${directory##*/}/." \
    "$top/configure" "${flags_always[@]}" "$@") && echo "$*" >"$mark"
}

# Something was killed hard in the middle of a build if its mark is still there: then no object file can be trusted.
#
# build_in DIRECTORY TARGET...
build_in()
{
  local directory=$1 mark=$1/.building status=0 jobs
  shift
  jobs=$(nproc 2>/dev/null || echo 1)
  if make -C "$directory" -q --no-print-directory "$@" >/dev/null 2>&1 && [[ ! -e $mark ]]; then
    return
  fi
  [[ ! -e $mark ]] || make -C "$directory" -s clean >/dev/null 2>&1
  touch "$mark"
  logged "$directory/.build.log" "Building in ${directory##*/}/." \
    make -C "$directory" -s -j"$jobs" --no-print-directory "$@" || status=$?
  rm -f "$mark"
  return "$status"
}
