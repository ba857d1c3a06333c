# SPDX-License-Identifier: MPL-2.0
# The fuzzer of virtio: rings, transport and disk. See lib.sh.
. "$srcdir/tests/fuzz/lib.sh"

build()
{
  compile tests/fuzz/virtio.c tests/rng.c tests/vmm/virtio/virtio_{driver,hostile}.c vmm/base/*.c \
    vmm/device/bus.c vmm/memory/*.c \
    vmm/virtio/{block,block_file,block_ring,chain,device,parts,queue,state,thread,transport}.c $FORMAT_FREE_SOURCES arch/x86/ia32e.c -pthread
}

# A request that is right, whose parts are cut in two ways, and a table of its own.
seed()
{
  printf '\3\0\2\4\0\0\0\20\1\1\4\1\1\0\200\3\2\4\2\2\0\1\2\0\7\0' >"$work/seeds/read"
  printf '\3\1\2\4\0\0\0\20\1\1\4\1\1\0\200\1\2\4\2\2\0\1\2\0\7\0\3\4\1\7\0' >"$work/seeds/write"
  printf '\3\0\2\4\0\3\0\60\4\0\5\0\0\0\20\1\1\5\1\1\0\200\3\2\5\2\2\0\1\2\0\7\0' >"$work/seeds/indirect"
}

fuzz virtio drivers_do_no_harm 600
