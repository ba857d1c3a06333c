# SPDX-License-Identifier: MPL-2.0
# Every guest that ends by itself, with guest memory let in either way: what it prints and its exit status.
. "$srcdir/tests/system/lib.sh"
need_kvm

find_backends

# guest NAME STATUS WORD...: with $backend
guest()
{
  local name=$1 wanted=$2
  shift 2
  run --memory-backend "$backend" --timeout 50 "$@"
  want_status "$wanted"
}

for backend in $backends; do
  guest hello 0 "$GUESTS/hello.elf"
  want_out 'hello from 64-bit mode'
  want_no_err
  verdict "hello_in_64_bits ($backend)"

  guest hello 0 --append 'one two=2' "$GUESTS/hello.elf"
  want_out_line 'one two=2'
  verdict "the_command_line_reaches_the_guest ($backend)"

  guest flat 0 --as flat64@0x200000 "$GUESTS/hello.bin"
  want_out 'hello from 64-bit mode'
  want_no_err
  verdict "a_flat_image ($backend)"

  for cpus in 1 4; do
    guest mp 0 --cpus $cpus "$GUESTS/mp.elf"
    want_no_err
    [[ $(grep -c '^starts processor' "$work/out") == $((cpus - 1)) ]] || wrong+="not $((cpus - 1)) were started"$'\n'
    want_out_line "^processors: $cpus\$"
    verdict "processors_of_the_mp_table, $cpus ($backend)"
  done

  printf 'abc' >"$work/module"
  guest hello32 0 --memory 64M --append 'some words' --module "$work/module first" --module "$work/module" \
    "$GUESTS/hello32.elf"
  want_no_err
  want_out_line '^hello from 32-bit protected mode'
  want_out_line '64512 KiB from 1 MiB'
  want_out_line 'command line: .*hello32.elf some words'
  want_out_line '^modules: 2'
  want_out_line "$work/module first"
  want_out_line '^loader: mezz'
  verdict "multiboot_with_modules ($backend)"

  guest multiboot2 0 --append 'some words' --module "$work/module first" "$GUESTS/multiboot2.elf"
  want_no_err
  want_out_line '^command line: some words$'
  want_out_line "^module: 3 bytes, sum 0x126, command line: $work/module first\$"
  want_out_line '^loader: mezz'
  verdict "multiboot_2_with_a_module ($backend)"

  guest pvh 0 --append 'some words' --initrd "$work/module" --module "$work/module second" "$GUESTS/pvh.elf"
  want_no_err
  want_out_line '^command line: some words$'
  want_out_line '^module 0: 3 bytes, sum 0x126, command line: none'
  want_out_line "^module 1: 3 bytes, sum 0x126, command line: $work/module second\$"
  verdict "pvh_with_an_initrd_and_a_module ($backend)"

  guest plain32 0 --append 'some words' "$GUESTS/plain32.elf"
  want_no_err
  want_out_line '^command line: some words$'
  verdict "a_32_bit_image_without_a_protocol ($backend)"
  guest plain32 0 --append 'some words' --as flat32@0x200000 "$GUESTS/plain32.bin"
  want_no_err
  want_out_line '^command line: some words$'
  verdict "a_flat_32_bit_image ($backend)"
  guest linux32 0 --append 'some words' --initrd "$work/module" "$GUESTS/linux32.bin"
  want_no_err
  want_out_line '^command line: some words$'
  want_out_line '^initrd: 3 bytes, sum 0x126$'
  verdict "linux_by_its_32_bit_protocol ($backend)"
  guest real16 0 --as flat16@0x7c00 "$GUESTS/real16.bin"
  want_no_err
  want_out 'hello from 16-bit mode'
  verdict "a_flat_16_bit_image ($backend)"
  guest leave32 0 "$GUESTS/leave32.elf"
  want_no_err
  want_out 'hello from 16-bit mode, by an interrupt'
  verdict "a_low_image_that_goes_to_16_bit_mode ($backend)"

  gzip -c "$GUESTS/hello.elf" >"$work/hello.elf.gz"
  guest hello 0 "$work/hello.elf.gz"
  want_out 'hello from 64-bit mode'
  verdict "a_compressed_image ($backend)"

  guest demo 0 "$GUESTS/demo.elf"
  want_no_err
  want_out_line '2048 words, 0 wrong'
  want_out_line 'rom: .* still'
  want_out_line 'MEZZTEST'
  verdict "demo ($backend)"

  guest rom 0 "$GUESTS/rom.elf"
  want_out_line '^at first: 0 bytes wrong'
  want_out_line '^after rep stosq: 0 bytes wrong'
  verdict "rom_stays_whatever_writes_to_it ($backend)"

  guest mmio 0 "$GUESTS/mmio.elf"
  want_out_line '^0 failures'
  verdict "device_registers_at_every_width ($backend)"

  guest ports 0 "$GUESTS/ports.elf"
  want_no_err
  verdict "every_port_may_be_written ($backend)"

  for seed in 1 2 3; do
    guest wildmmio 0 --append "seed=$seed" "$GUESTS/wildmmio.elf"
    want_out_line 'wrong 0$'
    verdict "random_device_and_rom_accesses, seed $seed ($backend)"
  done

  guest ring3 0 "$GUESTS/ring3.elf"
  want_out_line '^level 3: .* sum 0xa578a09de5294c09'
  verdict "ring_3 ($backend)"

  guest toucher 0 --append 'mib=8 stride=4096,64,2097152 verify' "$GUESTS/toucher.elf"
  want_out_line 'stride 4096, 2048 words'
  [[ $(grep -c ' 0 .*wrong\|wrong.* 0' "$work/out") == 3 ]] || wrong+="not 3 verifications without a wrong word"$'\n'
  verdict "memory_keeps_what_is_written ($backend)"

  guest high 0 --memory 3200M --append 'mib=4 base=0x80000000 verify' "$GUESTS/toucher.elf"
  verdict "memory_behind_the_2_gib_line ($backend)"

  for value in 0 1 42 98; do
    guest status "$value" --append "status=$value" "$GUESTS/status.elf"
    want_no_err
    verdict "guest_status $value ($backend)"
  done
  for value in 99 100 255 4294967295; do
    guest status 99 --append "status=$value" "$GUESTS/status.elf"
    want_err_line "exited with status $value\$"
    verdict "guest_status $value ($backend)"
  done

  printf 'first line\nsecond\n\004not read' >"$work/input"
  input=$work/input guest echo 0 "$GUESTS/echo.elf"
  want_out_line '^first line'
  want_out_line '^second'
  want_out_line 'echo: 18 bytes'
  verdict "serial_input_from_a_file ($backend)"

  # More than the console holds, through a pipe.
  head -c 20000 /dev/zero | tr '\0' x | timeout 60 "$MEZZ" run --memory-backend "$backend" --append until=20000 \
    "$GUESTS/echo.elf" >"$work/out" 2>"$work/err"
  status=$?
  want_status 0
  [[ $(tr -dc x <"$work/out" | wc -c) == 20000 ]] || wrong+="bytes were lost"$'\n'
  verdict "much_serial_input_through_a_pipe ($backend)"
done

# Three at a time in one directory do not disturb each other.
for i in 1 2 3; do
  timeout 60 "$MEZZ" run --append 'mib=4 verify' "$GUESTS/toucher.elf" >"$work/out.$i" 2>&1 </dev/null &
  jobs[i]=$!
done
status=0
for i in 1 2 3; do
  wait "${jobs[i]}" || status=$?
done
want_status 0
cat "$work"/out.? >"$work/out"
verdict three_runs_at_once
tap_end
