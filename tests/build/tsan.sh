# SPDX-License-Identifier: MPL-2.0
# Threads that do everything at once, under ThreadSanitizer.
. "$srcdir/tests/tap.sh"

cd "$srcdir" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build()
{
  $CC -std=c17 -D_GNU_SOURCE -DMZ_DEBUG -O1 -g -fsanitize=thread -I. -o "$work/test_rcu" tests/test_rcu.c \
    $LIBTEST_SOURCES arch/linux/rcu.c $LIBRARY_SOURCES $CHECK_LIBS $URCU_LIBS -pthread
}

# liburcu is not built for ThreadSanitizer, which does not see how it orders its own accesses.
run()
{
  TSAN_OPTIONS=suppressions=$srcdir/tests/build/tsan.supp MZ_STEPS=300 "$work/test_rcu"
}

if [[ -z $CHECK_LIBS || -z $URCU_LIBS ]]; then
  skip threads_do_not_race 'configure did not find check and liburcu'
elif ! $CC -fsanitize=thread -o "$work/empty" -x c - <<<'int main(void) { return 0; }' 2>/dev/null; then
  skip threads_do_not_race "$CC has no ThreadSanitizer"
elif ! "$work/empty" 2>/dev/null; then
  skip threads_do_not_race 'ThreadSanitizer does not start here'
else
  try the_threads_test_builds_for_the_sanitizer build
  try threads_do_not_race run
fi
tap_end
