# SPDX-License-Identifier: MPL-2.0
# A short run of the fuzzer of snapshots and of records of touches. See lib.sh.
. "$srcdir/tests/fuzz/lib.sh"

build()
{
  compile -DHAVE_LIBDEFLATE tests/fuzz/snapshot.c tests/vmm/snapshots.c tests/rng.c \
    vmm/snapshot/*.c vmm/base/{failure,file,new_file}.c $(pkg-config --cflags --libs libdeflate)
}

seed()
{
  MZ_FUZZ_SEEDS=$work/seeds "$work/fuzz"
}

if ! pkg-config --exists libdeflate; then
  skip hostile_snapshots_do_no_harm 'libdeflate is not installed'
  tap_end
else
  fuzz snapshot hostile_snapshots_do_no_harm 20000
fi
