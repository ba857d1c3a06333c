# SPDX-License-Identifier: MPL-2.0
# Signals, terminals, and a standard output that is gone.
. "$srcdir/tests/system/lib.sh"
need_kvm

# start WORD...: a run in the background, with the signals as in a shell's foreground; leaves its process in $run
start()
{
  rm -f "$work/out"
  env --default-signal=INT,TERM,HUP,QUIT "$MEZZ" run --timeout 50 "$@" >"$work/out" 2>"$work/err" </dev/null &
  run=$!
}

# ended: leaves $status
ended()
{
  wait "$run"
  status=$?
}

for pair in INT:130 TERM:143 HUP:129 QUIT:131; do
  for words in '' print ring3; do
    start --stats --append "$words" "$GUESTS/loop.elf"
    await looping "$work/out" || wrong+="the guest did not start"$'\n'
    kill -s "${pair%:*}" "$run"
    ended
    want_status "${pair#*:}"
    want_err_line '^leaves '
    verdict "SIG${pair%:*} ends the run and the numbers still come (loop $words)"
  done
done

rm -f "$work/out"
(
  trap '' HUP
  exec "$MEZZ" run --timeout 1 "$GUESTS/loop.elf" >"$work/out" 2>"$work/err" </dev/null
) &
run=$!
await looping "$work/out"
kill -s HUP "$run"
ended
want_status 103
verdict an_ignored_signal_stays_ignored

# Nobody reads: the guest waits inside its output, and must still end.
mkfifo "$work/pipe"
sleep 30 <"$work/pipe" &
reader=$!
env --default-signal=INT "$MEZZ" run --timeout 50 --append print "$GUESTS/loop.elf" >"$work/pipe" 2>"$work/err" </dev/null &
run=$!
sleep 1
kill -s INT "$run"
ended
kill "$reader"
: >"$work/out"
want_status 130
verdict a_run_ends_though_nobody_reads_its_output

timeout 60 "$MEZZ" run "$GUESTS/hello.elf" </dev/null >&- 2>"$work/err"
status=$?
want_status 113
want_err_line 'standard output'
verdict a_closed_standard_output

timeout 60 "$MEZZ" run "$GUESTS/hello.elf" </dev/null >/dev/full 2>"$work/err"
status=$?
want_status 113
want_err_line 'standard output: No space left'
verdict a_full_standard_output

timeout 60 "$MEZZ" run --append print "$GUESTS/loop.elf" </dev/null 2>"$work/err" | head -c 20 >"$work/out"
status=${PIPESTATUS[0]}
want_status 113
want_err_line 'standard output: Broken pipe'
verdict a_reader_that_goes_away

timeout 60 "$MEZZ" run --append status=7 "$GUESTS/status.elf" </dev/null >&- 2>"$work/err"
status=$?
want_status 7
want_no_err
verdict a_closed_standard_output_that_is_not_needed

timeout 60 "$MEZZ" run "$GUESTS/hello.elf" <&- >"$work/out" 2>"$work/err"
status=$?
want_status 0
want_out 'hello from 64-bit mode'
verdict a_closed_standard_input

timeout 60 "$MEZZ" run "$GUESTS/triple.elf" </dev/null >"$work/out" 2>&-
status=$?
want_status 100
verdict a_closed_standard_error

printf '\001xa\001c' >"$work/keys"
input=$work/keys run --timeout 50 --append until=5 "$GUESTS/echo.elf"
want_status 0
want_out_line 'echo: 5 bytes'
verdict a_pipe_has_no_keys

# ---- A terminal -----------------------------------------------------------------------------------------------------
# terminal COMMAND KEYS [MORE]: the command in a terminal of its own, which is sent the keys, if any, once it is raw, and
# more once something is in $work/stopped and it is raw again; the terminal's settings before and after are left in
# $work/before and $work/after
terminal()
{
  rm -f "$work"/{before,after,status,stopped,tty}
  cat >"$work/session" <<END
trap : INT QUIT
stty -g >"$work/before"
tty >"$work/tty"
$1
echo \$? >"$work/status"
stty -g >"$work/after"
END
  {
    [[ -z $2 ]] || { await_raw && printf "$2"; }
    [[ -z ${3:-} ]] || { await . "$work/stopped" && await_raw && printf "$3"; }
    await . "$work/after"
  } | timeout 60 script -qefc "bash $work/session" /dev/null >"$work/out" 2>"$work/err"
  status=$(cat "$work/status")
}

# Until the terminal passes keys on as they come, without showing them; false after 20 s
await_raw()
{
  local tries=200
  until stty -F "$(<"$work/tty")" -a 2>/dev/null | tr '\n' ' ' | grep -q -e '-icanon.* -echo '; do
    ((tries-- > 0)) || return 1
    rest 0.1
  done
} 2>/dev/null

want_same_terminal()
{
  [[ -s $work/before ]] && cmp -s "$work/before" "$work/after" || wrong+="the terminal was not put back"$'\n'
}

if ! command -v script >/dev/null; then
  skip a_terminal 'script is not installed'
else
  terminal "'$MEZZ' run --timeout 50 '$GUESTS/loop.elf'" '\003'
  want_status 130
  want_same_terminal
  verdict control_c_ends_the_run_and_the_terminal_is_put_back

  terminal "'$MEZZ' run --timeout 50 '$GUESTS/loop.elf' & sleep 2; kill %1; wait %1" ''
  want_status 143
  want_same_terminal
  verdict sigterm_puts_the_terminal_back

  terminal "set -m; '$MEZZ' run --timeout 50 '$GUESTS/hello.elf' & wait %1" ''
  want_status 0
  want_out_line '^hello from 64-bit mode'
  want_same_terminal
  verdict a_run_in_the_background_leaves_the_terminal_alone

  # Ctrl-Z. A shell that is at the terminal itself would have put that back.
  terminal "set -m; '$MEZZ' run --timeout 50 --append until=2 '$GUESTS/echo.elf'; stty \$(<'$work/before'); \
    echo stopped >'$work/stopped'; fg" '\032' 'ab'
  want_status 0
  want_out_line 'echo: 2 bytes'
  want_same_terminal
  verdict a_run_that_was_stopped_has_the_terminal_as_before

  terminal "'$MEZZ' run --timeout 50 --append until=4 '$GUESTS/echo.elf'" 'ab\rc'
  want_status 0
  want_out_line 'echo: 4 bytes'
  want_same_terminal
  verdict keys_reach_the_guest_as_they_are

  terminal "'$MEZZ' run --timeout 50 '$GUESTS/loop.elf'" '\001x'
  want_status 130
  want_out_line '^mezz run: the run was stopped'
  want_same_terminal
  verdict control_a_x_ends_the_run_and_the_terminal_is_put_back

  terminal "'$MEZZ' run --timeout 50 --append until=3 '$GUESTS/echo.elf'" 'a\001\001\001h\001zb'
  want_status 0
  want_out_line 'echo: 3 bytes'
  want_out_line '^Ctrl-A x '
  verdict other_keys_behind_control_a_are_not_the_guests

  terminal "'$MEZZ' run --timeout 50 --append until=2 '$GUESTS/echo.elf'" '\001chelp\rnonsense\r\rab'
  want_status 0
  want_out_line 'echo: 2 bytes'
  want_out_line '^pause '
  want_out_line "^'nonsense' is no command"
  verdict a_command_line_comes_and_goes

  terminal "'$MEZZ' run --timeout 50 '$GUESTS/loop.elf'" \
    "\\001csnapshot $work/a b\\rsnapshot incremental $work/c\\rsnapshot\\rsnapshot $work/none/d\\rquit\\r"
  want_status 130
  want_out_line "^snapshot $work/a b: [0-9]+ pages, [0-9]+ bytes, the guest was held for [0-9.]+ ms"
  want_out_line '^no snapshot: what the guest writes is not tracked'
  want_out_line "^'snapshot' is no command"
  want_out_line "^no snapshot: $work/none/d: cannot open its folder"
  [[ -s $work/a\ b && ! -e $work/c ]] || wrong+="the snapshots are not what they should be"$'\n'
  verdict the_command_line_saves_the_guest

  commands='stats\rpause\rpause\rdump\rcontinue\rcontinue\rballoon x\rballoon 1G\rballoon 1M\rpause\rquit\r'
  terminal "'$MEZZ' run --timeout 50 --balloon '$GUESTS/loop.elf'" "\\001c$commands"
  want_status 130
  want_out_line '^exits +'
  want_out_line '^the guest is paused already'
  want_out_line '^  rip [0-9a-f]{16}'
  want_out_line '^the guest is not paused'
  want_out_line "^balloon: 'x' is not a size"
  want_out_line '^balloon: the guest has only 128M'
  want_same_terminal
  verdict commands_do_what_they_say

  terminal "'$MEZZ' run --timeout 2 --stats=json '$GUESTS/loop.elf'" '\001cpause\rballoon 1M\r'
  want_status 103
  want_out_line '^balloon: the guest has no balloon'
  want_same_terminal
  verdict a_paused_guest_runs_out_of_time

  terminal "'$MEZZ' run --timeout 1 '$GUESTS/loop.elf'" ''
  want_status 103
  want_same_terminal
  verdict a_timeout_puts_the_terminal_back

  terminal "'$MEZZ' run '$GUESTS/triple.elf'" ''
  want_status 100
  want_same_terminal
  verdict a_crash_puts_the_terminal_back
fi
tap_end
