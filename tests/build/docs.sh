# SPDX-License-Identifier: MPL-2.0
# What the guides show is true: files are shown as they are, code compiles, and no function is forgotten.
#
# `<!-- file: PATH -->` on a line of its own says that the block that follows is that file. Every other block of C is
# compiled as the body of a function, with what tests/build/docs.h declares.
. "$srcdir/tests/tap.sh"

cd "$srcdir" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# blocks GUIDE: writes each file that is shown to $work/files, the rest of the C to $work/snippet-NUMBER.c
blocks()
{
  rm -rf "$work/files" "$work"/snippet-*
  mkdir "$work/files"
  awk -v work="$work" '
    /^<!-- file: .* -->$/ { path = $3; next }
    /^```/ && inside { inside = 0; path = ""; if (out) close(out); out = ""; next }
    /^```/ {
      inside = 1
      if (path) {
        gsub("/", "@", path)
        out = work "/files/" path
      } else if ($0 == "```c") {
        out = work "/snippet-" ++count ".c"
      }
      if (out) printf "" >out
      next
    }
    inside && out { print >out }' "$1"
}

differences()
{
  local copy name
  for copy in "$work"/files/*; do
    [[ -e $copy ]] || continue
    name=${copy##*/}
    diff "${name//@//}" "$copy"
  done
}

compile_snippets()
{
  local snippet
  for snippet in "$work"/snippet-*.c; do
    [[ -e $snippet ]] || continue
    {
      echo '#include "tests/build/docs.h"'
      grep '^#include' "$snippet"
      echo 'void snippet(void);'
      echo 'void snippet(void)'
      echo '{'
      grep -v '^#include' "$snippet"
      echo '}'
    } | $CC -x c -std=c17 -Wall -Wextra -Werror -fsyntax-only -I. - || return
  done
}

# The functions of core/env.h that the guide does not name.
unnamed_functions()
{
  grep -oE '^static inline [a-z0-9_ ]*[ *](mz_[a-z_]+)\(' core/env.h | grep -oE 'mz_[a-z_]+' | sort -u |
    while read -r name; do
      grep -q "\`$name\`" docs/embedding.md || echo "$name"
    done
}

unnamed_errors()
{
  grep -oE '^	MZ_[A-Z_]+,' core/error.h | grep -oE 'MZ_[A-Z_]+' | grep -vx MZ_ERRORS |
    while read -r name; do
      grep -q "\`$name\`" docs/embedding.md || echo "$name"
    done
}

for guide in embedding formats; do
  blocks "docs/$guide.md"
  empty "${guide}_shows_files_as_they_are" differences
  try "${guide}_shows_code_that_compiles" compile_snippets
done
empty embedding_names_all_functions_of_an_environment unnamed_functions
empty embedding_names_all_errors unnamed_errors
tap_end
