# SPDX-License-Identifier: MPL-2.0
# mezz test: guests side by side, and their reports.
. "$srcdir/tests/system/lib.sh"
need_kvm

mezz test -j 2 --report text --report "junit:$work/report.xml" "$GUESTS"/{hello,demo,halt,triple}.elf
want_status 1
want_out_line '^PASS   hello\.elf  [0-9.]+ s$'
want_out_line '^FAIL   halt\.elf .*\(status 101: '
want_out_line '^FAIL   triple\.elf .*\(status 100: '
want_out_line '^2 passed, 2 failed, 0 skipped, 0 could not be run; '
verdict guests_are_run_and_judged
grep -q '<testsuite name="halt.elf" tests="1" failures="1"' "$work/report.xml" || wrong+='no failure in the XML'
grep -q '<system-out>' "$work/report.xml" || wrong+='no output in the XML'
verdict the_junit_report_has_what_guests_print

cat >"$work/suite.cfg" <<END
[crashes]
file = $GUESTS/triple.elf
status = 100
groups = quick
[times out]
file = $GUESTS/loop.elf
timeout = 0.5
groups = quick
[ends with 7]
file = $GUESTS/status.elf
append = status=7
status = 7
[other]
file = $GUESTS/hello.elf
arch = arm64
END
mezz test --report tap --config "$work/suite.cfg"
want_status 1
want_out_line '^ok 1 - crashes$'
want_out_line '^not ok 2 - times out$'
want_out_line "message: 'it ran out of its 0\.5 s'"
want_out_line '^ok 3 - ends with 7$'
want_out_line '^ok 4 - other # SKIP it is for arm64$'
verdict a_file_says_how_guests_are_to_end

mezz test --config "$work/suite.cfg" --group quick --options '--trace io' -t 20
want_out_line '^1 passed, 1 failed, 0 skipped'
verdict a_group_is_run_alone
tap_end
