# SPDX-License-Identifier: MPL-2.0
# clang-format would change nothing.
. "$srcdir/tests/tap.sh"

cd "$srcdir" || exit 1

unformatted()
{
  find arch bench core ept guest tests vmm -name '*.[ch]' -exec clang-format --dry-run {} + 2>&1 |
    sed -n 's/:.*clang-format-violations.*//p' | sort -u
}

if command -v clang-format >/dev/null; then
  empty every_source_is_formatted unformatted
else
  skip every_source_is_formatted 'there is no clang-format (Debian: clang-format)'
fi
tap_end
