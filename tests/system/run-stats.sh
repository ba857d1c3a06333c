# SPDX-License-Identifier: MPL-2.0
# What a run says the second-stage table did.
. "$srcdir/tests/system/lib.sh"
need_kvm
need_jq

# The toucher begins at 16 MiB: 8 MiB by the page are 4 leaves of 2 MiB, and the image with all else is one more.
toucher=(--append 'mib=8 stride=4096 ring3=0' "$GUESTS/toucher.elf")

if have_uffd; then
  run --stats=json --memory-backend uffd "${toucher[@]}"
  want_status 0
  want_json '.backend == "uffd"'
  want_json '.table.format == "ept"'
  want_json '.table.leaves == {"4K": 0, "2M": 5, "1G": 0}'
  want_json '.table.mapped_bytes == 5 * 2097152'
  want_json '.table.nodes == 3 and .table.node_bytes == 3 * 4096'
  want_json '.table.nodes_by_level == {"1": 0, "2": 1, "3": 1, "4": 1}'
  want_json '.answers.resolved == 5 and .answers.denied == 0 and .answers.exhausted == 0'
  want_json '.faults.missing.write["2M"] == 4'
  want_json '[.faults.minor[]["2M"]] | add == 1'
  want_json '.exits.io > 0 and .time.guest_ns > 0 and .time.total_ns > .time.guest_ns'
  verdict one_touch_brings_in_a_large_leaf

  run --stats=json --memory-backend uffd --append 'mib=8 stride=4096 read ring3=0' "$GUESTS/toucher.elf"
  want_status 0
  want_json '.faults.missing.read["2M"] == 4'
  verdict reads_bring_leaves_in_too

  # 17 MiB and 12 KiB: the last leaf cannot be large.
  run --stats=json --memory-backend uffd --memory 17420K --append 'mib=1 stride=4096 ring3=0' "$GUESTS/toucher.elf"
  want_status 0
  want_json '.table.leaves["4K"] == 256'
  want_json '.faults.missing.write["4K"] == 256'
  want_json '.table.nodes_by_level["1"] == 1'
  verdict where_2_mib_do_not_fit_pages_come_singly

  run --stats=json --memory-backend uffd --memory 8M "$GUESTS/rom.elf"
  want_status 0
  want_json '.rom_writes > 0 and .denials.read_only == .rom_writes'
  want_json '.faults.minor.read["4K"] == 16'
  want_json '.faults.exit.write.none == .rom_writes'
  verdict rom_comes_by_pages_and_refuses_writes

  run --trace faults --memory-backend uffd "${toucher[@]}"
  want_status 0
  want_err_line '^ +[0-9]+\.[0-9]{6} fault missing write 0x1000000: resolved, ram 2M at 0x1000000 -> 0x1000000$'
  [[ $(grep -c 'fault' "$work/err") == 5 ]] || wrong+="not 5 lines"$'\n'
  verdict faults_are_traced
else
  skip uffd_statistics 'userfaultfd is not permitted'
fi

run --stats=json --memory-backend plain --memory 131084K "${toucher[@]}"
want_status 0
want_json '.backend == "plain"'
want_json '.table.leaves == {"4K": 19, "2M": 64, "1G": 0}'
want_json '.table.mapped_bytes == 131084 * 1024 + 65536'
want_json '.answers.resolved == 0'
verdict plain_memory_is_populated_up_front

run --stats=json --memory-backend plain --memory 4G "$GUESTS/hello.elf"
want_status 0
want_json '.table.leaves == {"4K": 16, "2M": 0, "1G": 4}'
verdict plain_memory_uses_the_largest_leaves

run --stats=json "$GUESTS/mmio.elf"
want_status 0
want_json '.answers.mmio == .exits.mmio and .exits.mmio > 100'
verdict device_accesses_are_counted

run --stats=json --cpus 3 "$GUESTS/hello.elf"
want_status 0
want_json '(.vcpus | length) == 3'
want_json '.vcpus[0].exits.io == .exits.io and .vcpus[1].exits.io == null'
want_json '([.vcpus[].exits[]] | add) == ([.exits[]] | add)'
want_json '([.vcpus[].guest_ns] | add) == .time.guest_ns and ([.vcpus[].out_ns] | add) == .time.out_ns'
verdict exits_are_counted_by_processor

run --stats=json --rng "$GUESTS/hello.elf"
want_status 0
want_json '.devices[] | select(.name == "serial") | .bus == "port" and .base == 1016 and .writes >= 23'
want_json '.exits.io as $all | [.devices[] | select(.bus == "port") | .reads + .writes] | add == $all'
want_json '[.devices[] | select(.name == "debug-exit") | .reads, .writes] == [0, 1]'
want_json '[.devices[] | select(.name == "virtio-entropy") | .bus, .base, .reads] == ["memory", 3489665024, 0]'
verdict accesses_are_counted_by_device

run --trace io@0xf0-0xff,mmio@0xd0000007 "$GUESTS/demo.elf"
want_status 0
want_err_line 'io write 0xf4 4 0x00000000 debug-exit$'
want_err_line ' mmio read 0xd0000000 8 '
want_err_line ' mmio read 0xd0000007 1 '
! grep -Eq ' io .* serial$|mmio read 0xd0000003|fault ' "$work/err" || wrong+="more was traced"$'\n'
verdict events_are_traced_by_address

run --trace mmio --trace io "$GUESTS/demo.elf"
want_status 0
want_err_line '^ +[0-9]+\.[0-9]{6} mmio read 0xd0000000 [1248] 0x[0-9a-f]+ test$'
want_err_line '^ +[0-9]+\.[0-9]{6} io write 0x3f8 1 0x48 serial$'
want_err_line 'io write 0xf4 4 0x00000000 debug-exit$'
! grep -q ' fault ' "$work/err" || wrong+="faults were traced, too"$'\n'
verdict devices_and_ports_are_traced

run --trace faults,mmio "$GUESTS/demo.elf"
want_err_line 'fault exit write 0xe0000000: .*read-only'
want_err_line 'fault exit read 0xd0000000: '
want_err_line ' mmio read 0xd0000000'
verdict one_option_may_name_several_kinds

run --stats "$GUESTS/demo.elf"
want_status 0
for line in faults answers denials leaves nodes exits serial debug-exit time; do
  want_err_line "^$line "
done
verdict numbers_as_a_table
tap_end
