# SPDX-License-Identifier: MPL-2.0
# What bash offers after `mezz`.
. "$srcdir/tests/tap.sh"
. "$srcdir/vmm/cli/completion.bash"

# offers NAME WANTED WORD...: the last word is what is being completed; WANTED are some of what is offered
offers()
{
  local name=$1 wanted=$2 word
  shift 2
  COMP_WORDS=("$MEZZ" "$@") COMP_CWORD=$#
  _mezz
  for word in $wanted; do
    if [[ " ${COMPREPLY[*]} " != *" $word "* ]]; then
      not_ok "$name" <<<"offered: ${COMPREPLY[*]}"
      return
    fi
  done
  ok "$name"
}

# offers_only NAME WANTED WORD...
offers_only()
{
  local name=$1 wanted=$2
  shift 2
  COMP_WORDS=("$MEZZ" "$@") COMP_CWORD=$#
  _mezz
  if [[ ${COMPREPLY[*]} == "$wanted" ]]; then
    ok "$name"
  else
    not_ok "$name" <<<"offered: ${COMPREPLY[*]}"
  fi
}

offers commands_are_offered 'run restore snapshot control test info table walk report --version' ''
offers_only a_command_is_completed 'table' ta
offers options_are_offered '--memory= --trace= --append= --help' run --
offers the_options_of_a_command_are_its_own '--report= --jobs= --config=' test --
offers the_options_of_moments_are_offered '--track --control= --snapshot=' restore --
offers_only the_options_of_a_snapshot_are_offered '--incremental' snapshot --inc
offers_only an_option_is_completed '--timeout=' run --ti
offers_only values_are_offered 'faults mmio io' run --trace = ''
offers_only values_are_offered_behind_the_sign 'faults mmio io' run --trace =
offers_only kinds_of_huge_pages_are_offered 'thp hugetlb' run --huge ''
offers_only events_of_snapshots_are_offered 'mark exit panic timeout line:' restore --snapshot-on = ''
offers_only a_value_is_completed 'junit' test --report ju
offers_only files_are_offered_for_reports_of_runs "$srcdir/configure.ac" run --report "$srcdir/configure.a"
offers_only files_are_offered "$srcdir/configure.ac" run "$srcdir/configure.a"
tap_end
