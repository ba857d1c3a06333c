# SPDX-License-Identifier: MPL-2.0
# Threads that do everything at once, under ThreadSanitizer.
. "$srcdir/tests/tap.sh"

cd "$srcdir" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile=(-std=c17 -D_GNU_SOURCE -DMZ_DEBUG -O0 -g -fsanitize=thread -I.)

# What both programs consist of is compiled once.
build()
{
  $CC "${compile[@]}" -r -nostdlib -o "$work/library.o" $LIBTEST_SOURCES arch/linux/rcu.c $LIBRARY_SOURCES || return
  for test in arch/test_rcu ept/test_space_threads; do
    $CC "${compile[@]}" -o "$work/${test##*/}" "tests/$test.c" "$work/library.o" $CHECK_LIBS $URCU_LIBS -pthread || return
  done
}

# liburcu is not built for ThreadSanitizer, which does not see how it orders its own accesses.
run_table()
{
  TSAN_OPTIONS=suppressions=$srcdir/tests/build/tsan.supp MZ_STEPS=70 "$work/test_rcu"
}

run_space()
{
  for way in faults flags; do
    CK_RUN_CASE=$way MZ_STEPS=1 "$work/test_space_threads" || return
  done
}

if [[ -z $CHECK_LIBS || -z $URCU_LIBS ]]; then
  skip threads_do_not_race 'configure did not find check and liburcu'
elif ! $CC -fsanitize=thread -o "$work/empty" -x c - <<<'int main(void) { return 0; }' 2>/dev/null; then
  skip threads_do_not_race "$CC has no ThreadSanitizer"
elif ! "$work/empty" 2>/dev/null; then
  skip threads_do_not_race 'ThreadSanitizer does not start here'
else
  try the_threads_tests_build_for_the_sanitizer build
  try threads_do_not_race run_table
  try threads_of_a_space_do_not_race run_space
fi
tap_end
