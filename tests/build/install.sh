# SPDX-License-Identifier: MPL-2.0
# What `make install` puts down is enough to build programs with both libraries, found through pkg-config.
. "$srcdir/tests/tap.sh"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$root$libdir/pkgconfig LD_LIBRARY_PATH=$root$libdir

cat >"$root/table.c" <<'END'
#include "core/error.h"

int main(void)
{
	return mz_error_text(MZ_OK) == 0;
}
END

cat >"$root/machine.c" <<'END'
#include "vmm/machine/vm.h"

int main(void)
{
	return mz_fault_source_text(MZ_FAULT_MISSING) == 0;
}
END

# build_and_run NAME LIBRARY FLAG...
build_and_run()
{
  local name=$1 library=$2
  shift 2
  $CC $CFLAGS $SANITIZE_CFLAGS -o "$root/$name" "$root/$name.c" "$@" $(pkg-config --cflags --libs "$library") &&
    "$root/$name"
}

try everything_is_installed $MAKE -s -C "$builddir" install DESTDIR="$root"
if [[ -e $root$libdir/libmezz.so ]]; then
  try a_program_can_be_built_with_libmezz build_and_run table libmezz
else
  skip a_program_can_be_built_with_libmezz 'configured without shared libraries'
fi
if [[ -e $root$libdir/libmezz.a ]]; then
  try a_static_program_can_be_built_with_libmezz build_and_run table libmezz -static
else
  skip a_static_program_can_be_built_with_libmezz 'configured without static libraries'
fi
if [[ -e $root$libdir/libmezzvm.so ]]; then
  try a_program_can_be_built_with_libmezzvm build_and_run machine libmezzvm
  try the_installed_mezz_runs "$root$bindir/mezz" --version
else
  skip a_program_can_be_built_with_libmezzvm 'libmezzvm is not built, or not as a shared library'
fi
tap_end
