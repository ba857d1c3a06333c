# SPDX-License-Identifier: MPL-2.0
# Every source begins by naming its licence.
. "$srcdir/tests/tap.sh"


sources()
{
  cd "$srcdir" && find arch bench core ept guest tests vmm -name '*.[chS]' -o -name '*.lds' -o -name '*.sh'
  printf '%s\n' Makefile.am build-aux/setup.sh check configure.ac run tests/tap-run
}

without_licence()
{
  local file
  while read -r file; do
    head -n 2 "$srcdir/$file" | grep -q 'SPDX-License-Identifier: MPL-2\.0' || echo "$file"
  done < <(sources)
}

empty every_source_names_its_licence without_licence
tap_end
