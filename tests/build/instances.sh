# SPDX-License-Identifier: MPL-2.0
# In a compiled instance the format has folded away: what is called through a pointer is a hook of the embedder, which a
# source line shows by passing it its context.
. "$srcdir/tests/tap.sh"

archive=$builddir/.libs/libmezz.a

# Lines of FILE:LINE for each call or jump through a pointer, from the line table of the object.
indirect_calls()
{
  $OBJDUMP -dl --no-show-raw-insn "$1" | awk '
    /^\/.*:[0-9]+/ { where = $1; next }
    /[[:space:]]*[0-9a-f]+:[[:space:]]+(notrack )?(call|jmp)q?[[:space:]]+\*/ { print where }'
}

format_calls()
{
  local where text
  indirect_calls "$1" | while read -r where; do
    text=$(sed -n "${where##*:}p" "${where%:*}")
    [[ $text == *context* ]] || echo "$where:$text"
  done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for format in s1_4k s2_16k s2_4k s2_4k_40 s2_4k_full s2_64k ept ept5 ept_mbe ept5_mbe ept_soft ept5_soft \
  ia32e ia32e5 npt npt5 npt_gmet npt5_gmet sv39 sv39x4 sv48 sv48x4 sv57 sv57x4; do
  name=the_compiled_${format}_instance_calls_only_hooks_through_pointers
  if [[ $host_cpu != x86_64 ]]; then
    skip "$name" 'the check reads x86-64 code'
  elif [[ ! -e $archive || -n $SANITIZE_CFLAGS || $CFLAGS != *-O[123s]* || $CFLAGS != *-g* ]]; then
    skip "$name" 'needs a static library, optimised, with line numbers and without sanitizers'
  else
    $OBJDUMP --version >/dev/null && (cd "$work" && ar x "$archive" "libmezz_la-$format.o")
    if indirect_calls "$work/libmezz_la-$format.o" | grep -q .; then
      empty "$name" format_calls "$work/libmezz_la-$format.o"
    else
      not_ok "$name" <<<'no call through a pointer was found at all, not even that of a hook'
    fi
  fi
done
tap_end
