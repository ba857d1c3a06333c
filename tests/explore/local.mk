# SPDX-License-Identifier: MPL-2.0
# Schedules.

# Every schedule of small programs, run on the library's own code: see tests/explore/search.h. The calls that
# -fsanitize=thread puts into that code are answered by the explorer, which is compiled and linked without.
EXPLORE_TESTS = \
	tests/explore/mutants.sh \
	tests/explore/random.sh \
	tests/explore/reduction.sh \
	tests/explore/scenarios.sh
EXTRA_PROGRAMS += tests/explore/explore
EXTRA_LTLIBRARIES = tests/explore/libexplore.la tests/explore/libwatched.la
CLEANFILES += $(EXTRA_LTLIBRARIES)
tests_explore_libexplore_la_CPPFLAGS = $(AM_CPPFLAGS) -DMZ_ENV_HEADER='"tests/explore/env.h"'
tests_explore_libexplore_la_CFLAGS = -std=c17 $(WARN_CFLAGS)
tests_explore_libexplore_la_SOURCES = \
	tests/explore/actions.c \
	tests/explore/caches.c \
	tests/explore/caches.h \
	tests/explore/clock.h \
	tests/explore/clones.c \
	tests/explore/clones.h \
	tests/explore/contents.c \
	tests/explore/contents.h \
	tests/explore/env.h \
	tests/explore/flags.c \
	tests/explore/flags.h \
	tests/explore/grace.c \
	tests/explore/grace.h \
	tests/explore/history.c \
	tests/explore/history.h \
	tests/explore/main.c \
	tests/explore/memory.c \
	tests/explore/memory.h \
	tests/explore/mmu.c \
	tests/explore/mmu.h \
	tests/explore/outside.c \
	tests/explore/outside.h \
	tests/explore/program.c \
	tests/explore/program.h \
	tests/explore/random.c \
	tests/explore/random.h \
	tests/explore/scenarios.c \
	tests/explore/scenarios.h \
	tests/explore/sched.c \
	tests/explore/sched.h \
	tests/explore/search.c \
	tests/explore/search.h \
	tests/explore/serial.c \
	tests/explore/serial.h \
	tests/explore/world.h \
	tests/explore/writable.c \
	tests/explore/writable.h \
	tests/rng.c
tests_explore_libwatched_la_CPPFLAGS = $(tests_explore_libexplore_la_CPPFLAGS)
tests_explore_libwatched_la_CFLAGS = $(tests_explore_libexplore_la_CFLAGS) -fsanitize=thread
tests_explore_libwatched_la_SOURCES = $(format_free_sources) \
	tests/explore/tiny.c \
	tests/explore/tiny.h
tests_explore_explore_SOURCES = tests/explore/plain.c
tests_explore_explore_LDADD = $(EXTRA_LTLIBRARIES)

.PHONY: check-explore
check-explore: tests/explore/explore$(EXEEXT)
	@$(TAP_RUN) -j $(jobs) $(EXPLORE_TESTS:%=$(abs_srcdir)/%)

EXTRA_DIST += \
	$(EXPLORE_TESTS)
