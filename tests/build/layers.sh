# SPDX-License-Identifier: MPL-2.0
# Includes go downwards only, and never in a circle.
. "$srcdir/tests/tap.sh"

cd "$srcdir" || exit 1
folders=(arch bench core ept guest tests vmm)

# The headers that a freestanding C17 compiler brings (C17, 4 paragraph 6).
freestanding='<(float|iso646|limits|stdalign|stdarg|stdbool|stddef|stdint|stdnoreturn)\.h>'

# Lines of: file target, a target being <NAME> or a path from the top of the tree.
includes()
{
  grep -rEo '^[[:space:]]*#[[:space:]]*include[[:space:]]+("[^"]+"|<[^>]+>)' --include='*.[chS]' "$@" |
    sed -E 's/^([^:]+):[^"<]*"?([^"]+)"?$/\1 \2/'
}

# strays FOLDER ALLOWED: what the folder includes and may not, ALLOWED being a regular expression for targets
strays()
{
  includes "$1" | grep -vE "^[^ ]+ ($2)"
}

missing()
{
  local file target
  includes "${folders[@]}" | while read -r file target; do
    [[ $target == '<'* || -e $target ]] || echo "$file: $target is no path from the top"
  done
}

circles()
{
  includes arch core ept vmm | awk '$1 ~ /\.h$/ && $2 !~ /^</' | tsort 2>&1 >/dev/null
}

empty core_includes_only_core strays core "core/|$freestanding"
empty formats_include_only_core strays arch/x86 "arch/x86/|core/|$freestanding"
empty the_hosted_environment_includes_only_core strays arch/linux "arch/linux/|core/|<"
empty ept_includes_only_core strays ept "ept/|core/|$freestanding"
empty vmm_includes_nothing_above_it strays vmm "vmm/|ept/|arch/|core/|<"
below='vmm/base/|ept/|arch/|core/|<'
empty vmm_base_includes_no_other_room strays vmm/base "$below"
below="vmm/memory/|$below"
empty vmm_memory_includes_only_base strays vmm/memory "$below"
for room in device boot fuzz; do
  empty "vmm_${room}_includes_only_memory_and_base" strays "vmm/$room" "vmm/$room/|$below"
done
empty vmm_virtio_includes_device_memory_and_base strays vmm/virtio "vmm/(virtio|device)/|$below"
for room in snapshot suite; do
  empty "vmm_${room}_includes_only_base" strays "vmm/$room" "vmm/$room/|vmm/base/|<"
done
empty vmm_picture_includes_memory_and_base strays vmm/picture "vmm/picture/|$below"
empty vmm_gdb_includes_only_itself strays vmm/gdb "vmm/gdb/|<"
empty vmm_machine_includes_no_command strays vmm/machine "vmm/(machine|snapshot|gdb|virtio|device|boot)/|$below"
empty guests_include_only_the_library strays guest "guest/|ept/|arch/|core/|$freestanding"
empty includes_are_written_from_the_top missing
empty no_headers_include_each_other circles
tap_end
