# SPDX-License-Identifier: MPL-2.0
# Benchmarks.

EXTRA_PROGRAMS = bench/compare bench/mezz-bench bench/mezz-bench-up
CLEANFILES += $(EXTRA_PROGRAMS)
bench_compare_SOURCES = bench/compare.c
bench_compare_LDADD =

# Compiled as libmezz is, so that the limits get no other flags than what they are compared with.
bench_sources = \
	bench/limits.c \
	bench/limits.h \
	bench/mezz-bench-bytes.c \
	bench/mezz-bench-format.c \
	bench/mezz-bench-large.c \
	bench/mezz-bench-live.c \
	bench/mezz-bench-map.c \
	bench/mezz-bench-memory.c \
	bench/mezz-bench-memory.h \
	bench/mezz-bench-protect.c \
	bench/mezz-bench-query.c \
	bench/mezz-bench-report.c \
	bench/mezz-bench-report.h \
	bench/mezz-bench-rows.c \
	bench/mezz-bench-scale.c \
	bench/mezz-bench-space.c \
	bench/mezz-bench-tally.c \
	bench/mezz-bench-tally.h \
	bench/mezz-bench-unmap.c \
	bench/mezz-bench.c \
	bench/mezz-bench.h
bench_mezz_bench_SOURCES = $(bench_sources)
bench_mezz_bench_CFLAGS = $(libmezz_la_CFLAGS) $(PTHREAD_CFLAGS)
bench_mezz_bench_LDADD = libmezz.la -lm

# The same, with the library built for a single processor.
bench_mezz_bench_up_SOURCES = $(bench_sources) $(libmezz_la_SOURCES)
bench_mezz_bench_up_CPPFLAGS = $(AM_CPPFLAGS) -DMZ_UNIPROCESSOR
bench_mezz_bench_up_CFLAGS = $(bench_mezz_bench_CFLAGS)
bench_mezz_bench_up_LDADD = -lm

# A virtio disk, driven as the tests drive it, against bare reads of its file.
if BUILD_VMM
EXTRA_PROGRAMS += bench/disk
bench_disk_SOURCES = bench/disk.c $(virtio_test_sources) tests/rng.c
bench_disk_CPPFLAGS = $(AM_CPPFLAGS) -DMZ_TESTS_WITHOUT_CHECK
bench_disk_LDADD = libmezzvm.la libmezz.la

# The pager, without a guest.
EXTRA_PROGRAMS += bench/pager
bench_pager_SOURCES = bench/pager.c
bench_pager_CPPFLAGS = $(AM_CPPFLAGS) -DMZ_TESTS_WITHOUT_CHECK
bench_pager_LDADD = libmezzvm.la libmezz.la
endif

# BENCH_FLAGS: --json, for mezz-bench and memory.sh.
.PHONY: bench bench-disk bench-linux bench-memory bench-nested bench-pager bench-vmm
bench: bench/mezz-bench$(EXEEXT) bench/mezz-bench-up$(EXEEXT)
	@bench/mezz-bench-up$(EXEEXT) $(BENCH_FLAGS)
	@echo
	@bench/mezz-bench$(EXEEXT) $(BENCH_FLAGS)
bench-disk: bench/disk$(EXEEXT)
	@bench/disk$(EXEEXT)
bench-pager: bench/pager$(EXEEXT)
	@bench/pager$(EXEEXT)
BENCH_ENVIRONMENT = MEZZ='$(abs_builddir)/mezz$(EXEEXT)' GUESTS='$(abs_builddir)/guest' \
	COMPARE='$(abs_builddir)/bench/compare$(EXEEXT)'
bench-vmm: all bench/compare$(EXEEXT)
	@$(BENCH_ENVIRONMENT) $(srcdir)/bench/vmm.sh
bench-memory: all bench/compare$(EXEEXT)
	@$(BENCH_ENVIRONMENT) $(srcdir)/bench/memory.sh $(BENCH_FLAGS)
# The same where there is a stock KVM with nested paging: see tests/linux/nested. And Linux, there. Fewer rounds
# do, for an emulated processor would take an hour.
bench-nested: all bench/compare$(EXEEXT)
	@$(srcdir)/tests/linux/get-linux.sh
	@$(BENCH_ENVIRONMENT) $(srcdir)/tests/linux/nested -t 3600 $(abs_srcdir)/bench/vmm.sh
	@$(BENCH_ENVIRONMENT) RUNS="$${RUNS:-3}" RESETS="$${RESETS:-100}" SAVED="$${SAVED:-256}" \
		$(srcdir)/tests/linux/nested -t 3600 $(abs_srcdir)/bench/memory.sh
bench-linux: all bench/compare$(EXEEXT)
	@$(srcdir)/tests/linux/get-linux.sh
	@$(BENCH_ENVIRONMENT) $(srcdir)/tests/linux/nested -t 3600 $(abs_srcdir)/bench/linux.sh

EXTRA_DIST += \
	bench/linux.sh \
	bench/memory.sh \
	bench/vmm.sh
