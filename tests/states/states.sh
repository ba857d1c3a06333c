# SPDX-License-Identifier: MPL-2.0
# Exhaustion of states: all that can happen to tables of a few entries. STATES_DEPTH=3 goes one step deeper, and takes
# minutes instead of seconds.
. "$srcdir/tests/tap.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if (cd "$srcdir" && $CC -std=c17 -O2 -DMZ_DEBUG -Wall -Wextra -Wshadow -Wconversion -Werror -I. -o "$work/states" \
  tests/states/*.c $FORMAT_FREE_SOURCES) >"$work/output" 2>&1; then
  "$work/states"
else
  not_ok the_explorer_compiles <"$work/output"
  tap_end
fi
