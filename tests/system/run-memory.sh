# SPDX-License-Identifier: MPL-2.0
# What guest memory can be made of: huge pages, banks, files that are shared.
. "$srcdir/tests/system/lib.sh"
need_kvm
need_jq

find_backends

# The toucher begins at 16 MiB: 8 MiB are 4 huge pages, and the image with all else is one more.
toucher=(--append 'mib=8 stride=4096 verify ring3=0' "$GUESTS/toucher.elf")

# huge KIND BACKEND
huge()
{
  local name="huge_pages ($1, $2)"
  run --stats=json --memory 32M --memory-backend "$2" --huge="$1" "${toucher[@]}"
  if [[ $status == 112 ]]; then
    want_err_line 'echo [a-zA-Z]+ > /sys/kernel/mm/'
    [[ -z $wrong ]] || { verdict "$name"; return; }
    skip "$name" "$(<"$work/err")"
    return
  fi
  want_status 0
  want_out_line '2048 words, 0 wrong'
  want_json ".huge == {\"pages\": \"$1\", \"mapped_bytes\": 10485760}"
  [[ $2 == plain ]] || want_json '.table.leaves == {"4K": 0, "2M": 5, "1G": 0} and .faults.missing.write["2M"] == 4'
  verdict "$name"
  run --memory-backend "$2" --memory 8M --huge="$1" "$GUESTS/rom.elf"
  want_status 0
  verdict "rom_beside_huge_pages ($1, $2)"
}

for backend in $backends; do
  huge thp "$backend"
  huge hugetlb "$backend"
done

# As many pages as no host has, but less than its memory.
free=$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2>/dev/null || echo 0)
run --huge=hugetlb --memory "$((2 * free + 2))M" "$GUESTS/hello.elf"
want_status 112
[[ ! -s $work/out ]] || wrong+="the guest ran"$'\n'
want_err_line "takes $((free + 1)) huge pages of 2 MiB, and the host has $free free .*echo COUNT > .*nr_hugepages"
verdict more_huge_pages_than_are_reserved_are_refused

if ((free > 0)); then
  run --huge=hugetlb --memory 2M --balloon "$GUESTS/hello.elf"
  want_status 110
  want_err_line 'balloon takes pages of 4 KiB'
  verdict a_balloon_is_refused_where_pages_are_huge
else
  skip a_balloon_is_refused_where_pages_are_huge 'no huge pages are reserved'
fi

run --stats=json "$GUESTS/hello.elf"
want_json '.huge == {"pages": "none", "mapped_bytes": 0}'
verdict without_being_asked_for_there_are_none
# Banks come in any order; what adjoins is one. The last page is at 8 GiB.
banks=(--memory 64M --memory 4K@8G --memory 32M@1G --memory 16M@64M --memory 1M@4G)
for backend in $backends; do
  run --memory-backend "$backend" "${banks[@]}" "$GUESTS/hello32.elf"
  want_status 0
  want_out_line '80896 KiB from 1 MiB'
  for line in '0x100000 .*0x4f00000' '0x40000000 .*0x2000000' '0x100000000 .*0x100000' '0x200000000 .*0x1000'; do
    want_out_line "$line"
  done
  verdict "banks_in_the_memory_map ($backend)"

  run --stats=json --memory-backend "$backend" "${banks[@]}" --append 'mib=32 base=0x40000000 stride=4096 verify ring3=0' \
    "$GUESTS/toucher.elf"
  want_status 0
  want_out_line '8192 words, 0 wrong'
  [[ $backend == plain ]] || want_json '.faults.missing.write["2M"] == 16'
  verdict "a_bank_keeps_what_is_written ($backend)"

  run --memory-backend "$backend" "${banks[@]}" --append 'addr=0x42000000 how=write' "$GUESTS/wild.elf"
  want_status 102
  want_err_line 'wrote to guest-physical 0x42000000, where nothing is'
  verdict "behind_a_bank_nothing_is ($backend)"
done
run --memory-backend plain --memory 4K@0x7fffffffff000 "$GUESTS/hello.elf"
want_status 112
want_err_line 'memory ends at 0x8000000000000, and addresses of this host.s processors have [0-9]+ bits'
verdict a_bank_that_no_address_reaches_is_refused

# share WANTED-STATUS OPTION WORDS: with $backend
share()
{
  run --memory-backend "$backend" --timeout 50 --share "a=$work/shared$2" --append "name=a $3" "$GUESTS/share.elf"
  want_status "$1"
}

# The bytes of the file.
want_file()
{
  [[ $(od -An -vtx1 "$work/shared" | tr -d ' \n') == "$1" ]] || wrong+="the file holds other bytes"$'\n'
}

for backend in $backends; do
  printf 'abcdef' >"$work/shared"
  share 0 '' 'write=0x41 add=2 beyond'
  want_out_line '^6 bytes at 0xe0200000, writable'
  [[ $(grep sum "$work/out") == $'sum 0x255\nsum 0x212' ]] || wrong+="wrong sums"$'\n'
  want_file 436263646541
  verdict "what_the_guest_writes_reaches_the_file ($backend)"

  share 0 ,ro ''
  want_out_line '^6 bytes at 0xe0200000, read-only'
  want_no_err
  verdict "a_read_only_share_is_read ($backend)"
  for word in write=1 add=1; do
    share 102 ,ro "$word"
    want_err_line 'wrote to guest-physical 0xe0200000, where memory is shared read-only'
    want_file 436263646541
    verdict "a_read_only_share_is_not_written, $word ($backend)"
  done

  head -c 12289 /dev/zero >"$work/shared"
  share 0 '' ''
  want_out_line '^12289 bytes'
  run --memory-backend "$backend" --append 'addr=0xe0204000 how=write' --share "a=$work/shared" "$GUESTS/wild.elf"
  want_status 102
  want_err_line '0xe0204000, where nothing is'
  verdict "behind_a_share_nothing_is ($backend)"

  timeout 60 "$MEZZ" run --memory-backend "$backend" --timeout 50 --share "a=$work/shared" --append 'name=a poll' \
    "$GUESTS/share.elf" >"$work/out" 2>"$work/err" </dev/null &
  await polling "$work/out" || wrong+="the guest does not poll"$'\n'
  truncate -s 100 "$work/shared"
  wait $!
  status=$?
  want_status 113
  want_err_line "share a: $work/shared has become shorter, and the guest touched what is gone"
  verdict "a_file_that_becomes_shorter_ends_the_run ($backend)"
done

printf 'first' >"$work/one"
truncate -s 600M "$work/two"
run --share "one=$work/one,ro" --share "two=$work/two" --share "three=$work/one" --append 'name=two look=0' "$GUESTS/share.elf"
want_status 0
want_out '629145600 bytes at 0x100000000, writable'
verdict a_large_share_lies_above_4_gib
run --share "one=$work/one,ro" --share "two=$work/two" --share "three=$work/one" --append 'name=three' "$GUESTS/share.elf"
want_status 0
want_out_line '^5 bytes at 0xe0400000, writable'
verdict shares_lie_one_behind_the_other
run --share "a=$work/one,ro" --share "a=$work/one" "$GUESTS/hello.elf"
want_status 110
want_err_line "the name 'opt/mezz/share/a' is there already"
verdict two_shares_of_a_name_are_refused
for option in "--share=a=$work/one" --memory=4K@8G; do
  run "$option" --snapshot "$work/snap" --snapshot-on 0.2 --timeout 3 "$GUESTS/loop.elf"
  want_status 103
  want_err_line 'no snapshot: a machine with shares or further banks of memory cannot be saved'
  [[ ! -e $work/snap ]] || wrong+="there is a snapshot"$'\n'
  verdict "no_snapshot_is_made, ${option%%=*}"
done
run --share "$(printf 'n%.0s' {1..50})=$work/one" "$GUESTS/hello.elf"
want_status 110
want_err_line 'is not of 1 to 55 bytes'
verdict a_share_with_a_long_name_is_refused
tap_end
