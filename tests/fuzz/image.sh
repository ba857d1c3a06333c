# SPDX-License-Identifier: MPL-2.0
# A short run of the fuzzer of images.
. "$srcdir/tests/fuzz/lib.sh"

libraries='libelf zlib libzstd'

build()
{
  compile -DHAVE_ZLIB -DHAVE_ZSTD tests/fuzz/image.c tests/vmm/boot/images.c vmm/boot/*.c \
    vmm/base/*.c vmm/memory/*.c \
    $FORMAT_FREE_SOURCES arch/x86/ia32e.c $(pkg-config --cflags --libs $libraries)
}

# The templates of the unit tests, plain and packed, and a guest of each protocol that has none.
seed()
{
  local seed guest
  MZ_FUZZ_SEEDS=$work/seeds "$work/fuzz"
  for guest in multiboot2.elf plain32.bin; do
    { printf '\0\5' && cat "$GUESTS/$guest"; } >"$work/seeds/$guest"
  done
  for seed in elf64 bzimage; do
    { printf '\0\3' && tail -c +3 "$work/seeds/$seed" | gzip; } >"$work/seeds/$seed.gz"
    ! command -v zstd >/dev/null || { printf '\0\3' && tail -c +3 "$work/seeds/$seed" | zstd -q; } >"$work/seeds/$seed.zst"
  done
}

if ! pkg-config --exists $libraries; then
  skip hostile_images_do_no_harm "one of $libraries is not installed"
  tap_end
else
  fuzz image hostile_images_do_no_harm 12000
fi
