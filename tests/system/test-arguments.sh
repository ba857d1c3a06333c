# SPDX-License-Identifier: MPL-2.0
# mezz test: what it refuses, and what it says where no guest can run.
. "$srcdir/tests/system/lib.sh"

command=test

printf '[a]\nfile = a\ngroups = x\n[b]\nfile = b\nspeed = 3\n' >"$work/wrong.cfg"
printf '[a]\nfile = a\ngroups = x\n[b]\nfile = b\narch = arm64\n' >"$work/suite.cfg"

refused no_image_is_refused 110 'which images'
refused no_jobs_are_refused 110 "--jobs: '0' is not from 1 to" -j 0 a
refused a_report_of_no_form_is_refused 110 "'html' is not one of text, tap, junit" --report html a
refused a_report_to_nowhere_is_refused 110 'no file in' --report tap: a
refused options_that_are_no_words_are_refused 110 '--options: ' --options "'" a
refused a_timeout_that_is_none_is_refused 110 'not a positive number of seconds' -t never a
refused a_missing_suite_is_named 110 'none.cfg' --config "$work/none.cfg"
refused a_wrong_key_is_named 110 '\[b\]: speed = 3: there is no such key' --config "$work/wrong.cfg"
refused a_group_that_nothing_belongs_to_is_refused 110 'no guest belongs' --config "$work/suite.cfg" --group y
refused two_guests_of_one_name_are_refused 110 'two guests are called a' x/a y/a

: >"$work/empty"
mezz test --report tap "$work/empty" "$work/none"
want_status 1
want_out_line '^1\.\.2$'
want_out_line '^not ok 1 - empty$'
want_out_line '^not ok 2 - none$'
want_out_line "message: 'status 111: .*/none: "
verdict what_is_no_image_could_not_be_run

mezz test --config "$work/suite.cfg" --report junit:"$work/no/such/folder.xml"
want_status 113
want_err_line 'no/such/folder.xml: No such file'
verdict a_report_that_can_not_be_written_is_told

printf '[b]\nfile = b\narch = arm64\n' >"$work/arm.cfg"
mezz test --report "text:$work/report" --report tap --config "$work/arm.cfg"
want_status 0
want_out $'TAP version 14\n1..1\nok 1 - b # SKIP it is for arm64'
grep -q '^SKIP   b  (it is for arm64)$' "$work/report" || wrong+='the other report is wrong'
verdict reports_go_where_they_should
tap_end
