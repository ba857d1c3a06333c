# SPDX-License-Identifier: MPL-2.0
# mezz fuzz: single inputs by hand, then AFL++ finds the bug of guest/fuzzed.c.
. "$srcdir/tests/system/lib.sh"
need_kvm

guest=$GUESTS/fuzzed.elf
printf 'hello' >"$work/dull"
printf '@f\0' >"$work/fails"
printf '@h\0' >"$work/hangs"
{ printf '@d\31'; head -c 25 /dev/zero | tr '\0' Z; } >"$work/kills"

fuzz()
{
  mezz fuzz --timeout 20 "$@"
}

# ---- By hand ----
for option in "$work/dull" --; do
  input=$work/dull fuzz "$guest" ${option#--}
  want_status 0
  want_no_out
  want_no_err
  verdict "an_input_is_read ($([[ $option == -- ]] && echo standard input || echo a file))"
done

fuzz "$guest" "$work/kills"
want_status 100
want_err_line '^mezz fuzz: the guest crashed: triple fault$'
verdict an_input_that_kills_is_told_of

fuzz --append fail "$guest" "$work/fails"
want_status 3
verdict the_status_is_the_guests_own

mezz fuzz --timeout 1 --append hang "$guest" "$work/hangs"
want_status 103
want_err_line '^mezz fuzz: the guest ran out of time: 1 s$'
want_err_line '^  rip '
verdict an_input_that_hangs_is_told_of

fuzz --trace io@0xf4 --stats=json "$guest" "$work/dull"
want_status 0
want_err_line 'io write 0xf4 4 0x00000000 debug-exit$'
want_json '.exits.io > 0'
verdict what_happens_can_be_watched

for image in fuzzed.elf hello.elf; do
  fuzz --append early "$GUESTS/$image" "$work/dull"
  want_status 111
  want_err_line '^mezz fuzz: the guest ended before it asked for its mark'
  verdict "a_guest_that_reads_no_input_is_told_of ($image)"
done

fuzz --append early "$GUESTS/triple.elf" "$work/dull"
want_status 100
want_err_line '^mezz fuzz: the guest ended before it asked for its mark'
verdict a_guest_that_dies_before_that_is_told_of

# ---- By AFL++ ----
if ! command -v afl-fuzz >/dev/null; then
  skip afl_finds_the_bug 'afl-fuzz is not installed (Debian: afl++)'
  tap_end
  exit
fi
cd "$work" || exit 1
export AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
mkdir seeds
printf 0 >seeds/one

# afl NAME ARGUMENT...: afl-fuzz on the seeds, its findings in found/NAME
afl()
{
  timeout 300 afl-fuzz -i seeds -o found "$@" >"$work/out" 2>"$work/err" </dev/null
  status=$?
}

# stat_of NAME FIELD: of afl-fuzz's numbers
stat_of()
{
  sed -n "s/^$2 *: //p" "found/$1/fuzzer_stats"
}

# want_stat NAME FIELD TEST...: what must be true of it, for [[
want_stat()
{
  local is
  is=$(stat_of "$1" "$2")
  [[ $is =~ $3 ]] || wrong+="$2 is '$is', wanted $3"$'\n'
}

# showmap ARGUMENT...
showmap()
{
  timeout 60 afl-showmap -t 20000 "$@" <seeds/one >"$work/out" 2>"$work/err"
  status=$?
}

# One input, by each way that it can come: the map must not depend on that. Only a folder brings the fork server.
for way in shared file stdin; do
  case $way in
  shared)
    showmap -i seeds -o maps -- "$MEZZ" fuzz "$guest"
    mv maps/one map.shared
    ;;
  file) showmap -o map.file -- "$MEZZ" fuzz "$guest" seeds/one ;;
  stdin) showmap -o map.stdin -- "$MEZZ" fuzz "$guest" ;;
  esac
  want_status 0
  [[ -s map.$way ]] || wrong+="nothing was covered"$'\n'
  cmp -s map.shared "map.$way" || wrong+="the map is another one than by shared memory"$'\n'
  verdict "afl_showmap_sees_the_way_of_an_input ($way)"
done

# A few thousand cases: seconds, but minutes where KVM itself is emulated.
AFL_BENCH_UNTIL_CRASH=1 afl -V 240 -- "$MEZZ" fuzz "$guest"
want_status 0
want_stat default saved_crashes '^[1-9]'
want_stat default stability '^100.00%'
crash=$(echo found/default/crashes/id*sig:11*)
[[ -s $crash ]] || wrong+="no input that dies by signal 11"$'\n'
verdict afl_finds_the_bug
echo "# after $(stat_of default run_time) s and $(stat_of default execs_done) cases," \
  "$(stat_of default execs_per_sec) a second"

fuzz "$guest" "$crash"
[[ $status == 10[02] ]] || wrong+="status $status, wanted 100 or 102"$'\n'
want_err_line '^mezz fuzz: the guest '
verdict the_input_that_was_found_kills_by_hand

# ---- What hangs, and what fails ----
rm -rf found
cp hangs seeds/two
cp fails seeds/three
AFL_DEBUG_CHILD=1 afl -t 2000+ -V 10 -- "$MEZZ" fuzz --append 'hang fail' "$guest"
want_status 0
grep -aq 'orig:three.* results in a crash' "$work/out" || wrong+="the input that fails is none that crashes"$'\n'
grep -aq 'results in a timeout' "$work/out" || wrong+="the input that hangs is none that times out"$'\n'
(($(stat_of default execs_done) > 20)) || wrong+="no cases came after it"$'\n'
[[ $(grep -ac 'the guest ran out of time' "$work/out" "$work/err" | awk -F: '{n += $2} END {print n}') -gt 0 ]] ||
  wrong+="no case was given up"$'\n'
verdict a_guest_that_hangs_is_put_back
rm seeds/two seeds/three

pgrep -f "fuzz $guest" >"$work/left" && wrong+="processes are left: $(<"$work/left")"$'\n'
verdict nothing_is_left_behind

rm -rf found
afl -V 5 -- "$MEZZ" fuzz --append early "$guest"
[[ $status != 0 ]] || wrong+="afl-fuzz has begun"$'\n'
verdict afl_does_not_begin_without_a_mark

# ---- Side by side ----
rm -rf found
AFL_NO_AFFINITY=1 afl -M main -V 20 -- "$MEZZ" fuzz "$guest" &
AFL_NO_AFFINITY=1 timeout 300 afl-fuzz -i seeds -o found -S second -V 20 -- "$MEZZ" fuzz "$guest" >second.out 2>&1 </dev/null
wait
for instance in main second; do
  want_stat $instance execs_done '^[1-9]'
  [[ -n $(ls -A found/$instance/.synced 2>/dev/null) ]] || wrong+="$instance has looked at nothing of the other's"$'\n'
done
verdict two_run_side_by_side
tap_end
