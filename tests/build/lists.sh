# SPDX-License-Identifier: MPL-2.0
# A distribution holds every file that the repository has.
. "$srcdir/tests/tap.sh"

forgotten()
{
  git -C "$srcdir" ls-files | grep -v -x -e .gitignore | sort |
    comm -23 - <(tr -s '[:space:]' '\n' <<<"$DIST_FILES" | sort -u)
}

if [[ -e $srcdir/.git ]] && command -v git >/dev/null; then
  empty every_file_is_distributed forgotten
else
  skip every_file_is_distributed 'this is not a git work tree'
fi
tap_end
