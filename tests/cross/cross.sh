# SPDX-License-Identifier: MPL-2.0
# The library without a C library, for four kinds of processor: clean, in need of nothing but four functions, and at
# work: the example embedder and the exhaustion of short sequences run, on the processor or on qemu's.
. "$srcdir/tests/tap.sh"

cd "$srcdir" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags=(-std=c17 -ffreestanding -fno-stack-protector -fno-pic -Wall -Wextra -Wshadow -Wconversion -Werror -I.)

compile_library()
{
  local source
  for source in $LIBRARY_SOURCES; do
    "${compile[@]}" -c "$source" -o "$work/$cpu/${source//\//-}.o" || return
  done
  "${tools}ar" rc "$work/$cpu/libmezz.a" "$work/$cpu"/*.o
}

# Needed by some member, defined by none, and not one of the four functions that a compiler may call by itself.
foreign_symbols()
{
  "${tools}nm" -P "$work/$cpu/libmezz.a" | awk '
    NF < 2 || /:$/ { next }
    $2 ~ /^[Uw]$/ { needed[$1]; next }
    { defined[$1] }
    END {
      for (name in needed)
        if (!(name in defined) && name !~ /^(memcpy|memmove|memset|memcmp)$/)
          print name
    }'
}

link_example()
{
  "${compile[@]}" -no-pie -nostdlib -static -fno-tree-loop-distribute-patterns -o "$work/$cpu/embed" \
    tests/embed/embed.c tests/cross/bare.c guest/lib/memory.c "$work/$cpu/libmezz.a"
}

link_states()
{
  "${compile[@]}" -no-pie -nostdlib -static -fno-tree-loop-distribute-patterns -DSTATES_MAX=65536 \
    -o "$work/$cpu/states" tests/states/*.c tests/cross/bare.c guest/lib/memory.c "$work/$cpu/libmezz.a"
}

run_example()
{
  "$@" "$work/$cpu/embed" | diff tests/embed/embed.out -
}

# cross NAME TOOLS PACKAGE EMULATOR FLAG...: a processor, the prefix of its tools, their package in Debian
cross()
{
  local cpu=$1 tools=$2 package=$3 emulator=$4 compile
  shift 4
  compile=("${tools}gcc" "${flags[@]}" "$@")

  mkdir "$work/$cpu"
  if ! command -v "${tools}gcc" >/dev/null; then
    skip "libmezz_for_$cpu" "there is no ${tools}gcc (Debian: $package)"
    return
  fi
  try "libmezz_compiles_for_$cpu" compile_library
  empty "libmezz_for_${cpu}_is_freestanding" foreign_symbols
  try "the_example_links_for_$cpu" link_example
  try "short_sequences_link_for_$cpu" link_states
  [[ $host_cpu != "$cpu" ]] || emulator=
  if [[ -z $emulator ]] || command -v "$emulator" >/dev/null; then
    try "the_example_runs_on_$cpu" run_example $emulator
    try "short_sequences_are_right_on_$cpu" $emulator "$work/$cpu/states"
  else
    skip "the_example_runs_on_$cpu" "there is no $emulator (Debian: qemu-user)"
    skip "short_sequences_are_right_on_$cpu" "there is no $emulator (Debian: qemu-user)"
  fi
}

# Not optimized, for that takes most of the time, but for 32-bit Arm, which has no division of 64 bits to divide constants.
# -mgeneral-regs-only: as a kernel is compiled. -mno-outline-atomics: the functions called otherwise are in libgcc.
cross x86_64 x86_64-linux-gnu- gcc qemu-x86_64 -mgeneral-regs-only -mno-red-zone
cross aarch64 aarch64-linux-gnu- gcc-aarch64-linux-gnu qemu-aarch64 -mgeneral-regs-only -mno-outline-atomics
cross riscv64 riscv64-linux-gnu- gcc-riscv64-linux-gnu qemu-riscv64 -mcmodel=medany
# 32 bits: a canary for sizes that do not fit a word. The first Arm that swaps 64 bits in one step is version 7.
cross arm arm-linux-gnueabi- gcc-arm-linux-gnueabi qemu-arm -O2 -march=armv7-a -marm
tap_end
