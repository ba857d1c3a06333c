# SPDX-License-Identifier: MPL-2.0
# What `mezz run` says to arguments and images that it can't use. Needs no KVM: all this comes before it.
. "$srcdir/tests/system/lib.sh"

hello=$GUESTS/hello.elf

command=run

refused no_image_is_refused 110 'image'
refused two_images_are_refused 110 "'extra'" "$hello" extra
refused an_unknown_option_is_refused 110 "'--no-such-option'" --no-such-option "$hello"
refused an_unknown_short_option_is_refused 110 "'Z'" -Z "$hello"
refused an_option_without_its_value_is_refused 110 'memory' "$hello" --memory

refused memory_of_0_is_refused 110 '0 bytes' --memory 0 "$hello"
refused memory_of_half_a_page_is_refused 110 '2048 bytes is not a multiple' --memory 2K "$hello"
refused memory_that_ends_inside_a_page_is_refused 110 '1048577 bytes is not a multiple' --memory 1048577 "$hello"
refused memory_that_is_no_number_is_refused 110 "'12Q'" --memory 12Q "$hello"
refused negative_memory_is_refused 110 "'-4096'" --memory=-4096 "$hello"
refused empty_memory_is_refused 110 "''" --memory= "$hello"
refused memory_beyond_64_bits_is_refused 110 "'99999999999T'" --memory 99999999999T "$hello"
host_kib=$(awk '/^(MemTotal|SwapTotal):/ { kib += $2 } END { print kib }' /proc/meminfo)
refused memory_beyond_the_host_is_refused 113 "$((host_kib / 1024 + 4096)) MiB is more than the" \
  --memory "$((host_kib / 1024 + 4096))M" "$hello"
refused an_unknown_kind_of_huge_pages_is_refused 110 "'1G' is not one of thp, hugetlb" --huge=1G "$hello"
refused memory_of_half_a_huge_page_is_refused 110 '3145728 bytes is not a multiple of the page of 2097152' --huge=hugetlb \
  --memory 3M "$hello"
refused a_bank_without_an_address_is_refused 110 "''" --memory 16M@ "$hello"
refused a_bank_without_a_size_is_refused 110 "''" --memory @4G "$hello"
refused a_bank_of_0_bytes_is_refused 110 'memory of 0 bytes at 0x40000000' --memory 0@1G "$hello"
refused a_bank_of_half_a_page_is_refused 110 'memory of 2048 bytes at 0x40000000 is not made of whole pages' --memory 2K@1G "$hello"
refused a_bank_inside_a_page_is_refused 110 'at 0x40000800 is not made of whole pages' --memory 4K@0x40000800 "$hello"
refused a_bank_inside_a_huge_page_is_refused 110 'at 0x40100000 is not made of whole pages of 2097152' --huge=hugetlb \
  --memory 2M@0x40100000 "$hello"
refused a_bank_over_the_main_memory_is_refused 110 'at 0x4000000 overlaps that of 134217728 bytes at 0x0' \
  --memory 16M@64M "$hello"
refused banks_over_each_other_are_refused 110 'memory of 8192 bytes at 0x140001000 overlaps that of 8192 bytes at 0x140000000' \
  --memory 8K@0x140001000 --memory 8K@5G "$hello"
for address in 0xbffff000 0xd0000000 0xffffe000; do
  refused "a_bank_over_devices_at_${address}_is_refused" 110 'is where devices are, from 0xc0000000 to 0xffffffff' \
    --memory "8K@$address" "$hello"
done
refused a_bank_beyond_all_addresses_is_refused 110 'beyond any address' --memory 8K@0xffffffffffffe000 "$hello"
refused a_bank_that_ends_beyond_is_refused 110 'beyond any address' --memory 8K@0xffffffffff000 "$hello"
refused too_many_banks_are_refused 110 'more than 8 banks' $(printf -- '--memory 4K@%dG ' {5..13}) "$hello"

printf 'text' >"$work/shared"
: >"$work/empty"
refused a_share_without_a_name_is_refused 110 "'=x' is not of the form" --share =x "$hello"
refused a_share_without_a_file_is_refused 110 'which file is a' --share a=,ro "$hello"
refused a_share_that_is_a_file_alone_is_refused 110 "'x' is not of the form" --share x "$hello"
refused a_missing_share_is_refused 110 'share a: cannot open .*/absent .*No such file' --share "a=$work/absent" "$hello"
refused an_empty_share_is_refused 110 'share a: .*/empty is empty' --share "a=$work/empty" "$hello"
refused a_directory_as_share_is_refused 110 'is not a regular file' --share "a=$work,ro" "$hello"
refused a_device_as_share_is_refused 110 'is not a regular file' --share a=/dev/zero "$hello"
mkfifo "$work/pipe"
refused a_pipe_as_share_is_refused 110 'is not a regular file' --share "a=$work/pipe,ro" "$hello"
refused too_many_shares_are_refused 110 'more than 8 files' $(printf -- "--share a%d=$work/shared " {1..9}) "$hello"
refused the_largest_memory_is_refused 113 'is more than the' --memory 16777215T "$hello"

refused a_timeout_of_0_is_refused 110 "'0'" --timeout 0 "$hello"
refused a_negative_timeout_is_refused 110 "'-1'" --timeout=-1 "$hello"
refused a_timeout_that_is_no_number_is_refused 110 "'soon'" --timeout soon "$hello"
refused a_timeout_with_a_unit_is_refused 110 "'1s'" --timeout 1s "$hello"
refused an_infinite_timeout_is_refused 110 "'inf'" --timeout inf "$hello"

for seconds in '' 0 -1 +1 ' 1' '1 ' 1s 1e1 0x1 nan inf . 1.2.3 1,5 1000000001; do
  refused "no_time_is '$seconds'" 110 "--timeout: '${seconds//+/\\+}' is not a positive number of seconds" --timeout "$seconds" "$hello"
done
for seconds in 1 1.5 .5 1. 000.000000001 1000000000; do
  refused "a_time_is '$seconds'" 110 "'extra'" --timeout "$seconds" "$hello" extra
done
refused no_resets_are_refused 110 "'0' is not a positive number" --reset-loop 0 "$hello"
refused resets_that_are_no_number_are_refused 110 "'often'" --reset-loop often "$hello"
refused an_unknown_source_of_writes_is_refused 110 "'magic' is not one of auto, ring, log, wp" --dirty-source magic "$hello"
refused a_snapshot_on_an_unknown_event_is_refused 110 "'now' is none of mark, exit, panic, timeout, line:TEXT" --snapshot x --snapshot-on now "$hello"
refused a_snapshot_on_a_line_without_a_text_is_refused 110 'a line with which text' --snapshot x --snapshot-on line: "$hello"
refused a_snapshot_on_more_than_a_line_is_refused 110 'no line has a line feed' --snapshot x --snapshot-on $'line:a\nb' "$hello"
refused a_snapshot_on_nothing_is_refused 110 "'' is none of mark" --snapshot x --snapshot-on '' "$hello"
refused a_snapshot_in_a_file_without_a_name_is_refused 110 '--snapshot: which file' --snapshot '' "$hello"
refused a_mark_without_a_file_is_refused 110 'which file' --snapshot-on mark "$hello"
refused a_snapshot_on_a_timeout_that_is_not_set_is_refused 110 'after what time' --snapshot x --snapshot-on timeout "$hello"
refused a_snapshot_without_a_file_is_refused 110 'which file' --snapshot-on 3 "$hello"
refused a_socket_without_a_name_is_refused 110 "--control: ''" --control '' "$hello"
refused a_socket_of_no_name_at_all_is_refused 110 'control' "$hello" --control
long=$work/$(printf 'n%.0s' {1..108})
refused a_socket_with_a_name_that_is_too_long_is_refused 110 "--control: '$long' can't be the name of a socket" \
  --control "$long" "$hello"
refused tracking_takes_no_value 110 '--track' --track=yes "$hello"
refused no_pager_is_refused 110 "'0' is not from 1 to 16" --pager-threads 0 "$hello"
refused too_many_pagers_are_refused 110 "'17' is not from 1 to 16" --pager-threads 17 "$hello"
refused an_unknown_trace_is_refused 110 "'all'" --trace all "$hello"
refused a_trace_of_no_address_is_refused 110 "'0x'" --trace io@0x "$hello"
refused a_trace_of_an_empty_range_is_refused 110 "'9-8'" --trace faults@1-2,io@9-8 "$hello"
refused an_empty_trace_is_refused 110 "''" --trace mmio,,io "$hello"
refused an_unknown_form_of_stats_is_refused 110 "'xml'" --stats=xml "$hello"
refused a_report_without_a_file_is_refused 110 'report: which file' --report= "$hello"
refused an_unknown_backend_is_refused 110 "'magic'" --memory-backend magic "$hello"
refused an_unknown_format_is_refused 110 "'bzip'" --as bzip "$hello"
refused a_flat_image_without_an_address_is_refused 110 "'flat64'" --as flat64 "$hello"
refused a_flat_address_that_is_no_number_is_refused 110 "'here'" --as flat64@here "$hello"
refused a_module_without_a_file_is_refused 110 'no file' --module ' words' "$hello"

refused a_disk_without_a_file_is_refused 110 'which file' --disk ,ro "$hello"
refused a_balloon_of_no_number_is_refused 110 "'much'" --balloon=much "$hello"
refused an_unknown_console_is_refused 110 "'vga'" --console vga "$hello"
refused an_unknown_network_is_refused 110 "'bridge'" --net bridge "$hello"
refused a_tap_without_a_name_is_refused 110 "'tap'" --net tap "$hello"
for cid in '' 0 1 2 guest 0xffffffff 0xffffffffffffffff 4294967299 -3; do
  refused "the_context_identifier_${cid}_is_refused" 110 "'$cid' is not from 3 to 4294967294" --vsock="$cid" "$hello"
done
for rule in hostfwd hostfwd= hostfwd=tcp hostfwd=tcp::22 hostfwd=tcp::0-:22 hostfwd=tcp::22-:65536 hostfwd=sctp::22-:22 \
  hostfwd=tcp:host:22-:22 mac=1; do
  refused "the_rule_${rule}_is_refused" 110 "'$rule' is not hostfwd" --net "user,$rule" "$hello"
done
refused too_many_devices_are_refused 110 'more than 16 virtio' $(printf -- '--rng %.0s' {1..17}) "$hello"

# A file that has the name of its trouble; the message names it.
bad_image()
{
  local name=$1 file=$work/$2
  refused "$name" 111 "$2" "$file"
}

refused a_missing_image_is_refused 111 'absent\.elf: .*No such file' "$work/absent.elf"
refused a_directory_is_refused 111 'is a directory' "$work"
refused a_device_is_refused 111 'not a regular file' /dev/zero
: >"$work/empty.elf"
bad_image an_empty_image_is_refused empty.elf
echo 'These are not the bytes of an image.' >"$work/text.elf"
bad_image a_text_is_refused text.elf
head -c 3 "$hello" >"$work/short-magic.elf"
bad_image an_image_of_3_bytes_is_refused short-magic.elf
head -c 40 "$hello" >"$work/short-header.elf"
bad_image an_image_cut_in_its_header_is_refused short-header.elf
head -c 100 "$hello" >"$work/short-segments.elf"
bad_image an_image_cut_in_its_segment_table_is_refused short-segments.elf
head -c 4100 "$hello" >"$work/short-data.elf"
bad_image an_image_cut_in_a_segment_is_refused short-data.elf

# poke NAME OFFSET HEX...: the image with other bytes there
poke()
{
  local file=$work/$1 offset=$2
  shift 2
  cp "$hello" "$file"
  printf "$(printf '\\x%s' "$@")" | dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}

# Offsets of the ELF header: e_type 16, e_machine 18, e_entry 24, e_phnum 56.
poke arm.elf 18 b7 00
bad_image an_image_for_another_machine_is_refused arm.elf
poke relocatable.elf 16 01 00
bad_image a_relocatable_file_is_refused relocatable.elf
poke no-segments.elf 56 00 00
bad_image an_image_without_segments_is_refused no-segments.elf
poke many-segments.elf 56 ff ff
bad_image an_image_with_too_many_segments_is_refused many-segments.elf
poke wild-entry.elf 24 00 00 00 00 ff 00 00 00
bad_image an_entry_outside_of_all_segments_is_refused wild-entry.elf
head -c 4096 "$GUESTS/hello32.elf" | tr '\002\260\255\033' '\002\260\255\032' >"$work/no-header.elf"
refused an_image_taken_for_multiboot_without_a_header_is_refused 111 no-header.elf --as multiboot "$work/no-header.elf"
refused a_port_that_is_none_is_refused 110 "gdb: '0' is not a port" --gdb 0 "$hello"
echo 'this is no image' >"$work/text"
refused a_text_taken_for_linux_is_refused 111 'no Linux setup header' --as linux "$work/text"

if ((EUID == 0)); then
  skip an_unreadable_image_is_refused 'root can read everything'
else
  cp "$hello" "$work/secret.elf" && chmod 0 "$work/secret.elf"
  bad_image an_unreadable_image_is_refused secret.elf
fi

for option in --help --usage --version; do
  for command in '' run restore snapshot control info table walk report; do
    mezz $command $option
    want_status 0
    want_no_err
    want_out_line '.'
    verdict "${command:-mezz} $option"
  done
done
mezz
want_status 110
verdict no_command_is_refused
mezz walk-the-dog
want_status 110
want_err_line "'walk-the-dog'"
verdict an_unknown_command_is_refused
tap_end
