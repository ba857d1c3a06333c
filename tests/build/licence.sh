# SPDX-License-Identifier: MPL-2.0
# Every source begins by naming its licence.
. "$srcdir/tests/tap.sh"

sources()
{
  cd "$srcdir" && find arch bench core ept guest tests vmm -name '*.[chS]' -o -name '*.lds' -o -name '*.sh' \
    -o -name '*.html' -o -name '*.css' -o -name '*.js' -o -name '*.jq' -o -name '*.mk'
  printf '%s\n' Makefile.am build-aux/setup.sh check configure.ac run tests/tap-run
}

without_licence()
{
  sources | (cd "$srcdir" && xargs awk 'FNR == 1 { if (file != "" && !named) print file; file = FILENAME; named = 0 }
    FNR <= 2 && /SPDX-License-Identifier: MPL-2\.0/ { named = 1 }
    FNR == 2 { nextfile }
    END { if (!named) print file }')
}

empty every_source_names_its_licence without_licence
tap_end
