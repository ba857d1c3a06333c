# SPDX-License-Identifier: MPL-2.0
# What guest memory can be made of: huge pages.
. "$srcdir/tests/system/lib.sh"
need_kvm
need_jq

backends='plain'
have_uffd && backends='uffd plain'

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
tap_end
