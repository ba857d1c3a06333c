# SPDX-License-Identifier: MPL-2.0
# Tests.

# A test is one word in one of these lists.
# Programs written with check: NAME is made from NAME.c and tests/libtest.la. VMM_UNIT_TESTS use libmezzvm.
UNIT_TESTS = \
	tests/arch/test_ept_soft \
	tests/arch/test_format \
	tests/arch/test_format_arm \
	tests/arch/test_format_riscv \
	tests/arch/test_format_x86 \
	tests/core/test_break \
	tests/core/test_check \
	tests/core/test_cursor \
	tests/core/test_debug \
	tests/core/test_differential \
	tests/core/test_dump \
	tests/core/test_fill \
	tests/core/test_flush \
	tests/core/test_gather \
	tests/core/test_node \
	tests/core/test_oom \
	tests/core/test_random \
	tests/core/test_refused \
	tests/core/test_table \
	tests/core/test_threads \
	tests/core/test_visit \
	tests/core/test_walk \
	tests/core/test_write \
	tests/ept/test_age \
	tests/ept/test_change \
	tests/ept/test_clone \
	tests/ept/test_dirty \
	tests/ept/test_flush_space \
	tests/ept/test_huge \
	tests/ept/test_pages \
	tests/ept/test_regions \
	tests/ept/test_regions_model \
	tests/ept/test_second_stage \
	tests/ept/test_space \
	tests/ept/test_space_threads
VMM_UNIT_TESTS = \
	tests/arch/test_arena \
	tests/vmm/boot/test_boot \
	tests/vmm/boot/test_boot_linux \
	tests/vmm/boot/test_boot_multiboot2 \
	tests/vmm/boot/test_boot_pvh \
	tests/vmm/boot/test_image \
	tests/vmm/boot/test_image_packed \
	tests/vmm/boot/test_image_protocols \
	tests/vmm/test_console \
	tests/vmm/test_console_keys \
	tests/vmm/test_control \
	tests/vmm/test_control_socket \
	tests/vmm/test_description \
	tests/vmm/test_device_state \
	tests/vmm/test_devices \
	tests/vmm/test_dirty_source \
	tests/vmm/test_disassembly \
	tests/vmm/test_exits \
	tests/vmm/test_fork_server \
	tests/vmm/test_frozen \
	tests/vmm/test_fuzz_regions \
	tests/vmm/test_gdb \
	tests/vmm/test_lazy \
	tests/vmm/test_machine \
	tests/vmm/test_machine_clone \
	tests/vmm/test_machine_disks \
	tests/vmm/test_pager \
	tests/vmm/test_pause \
	tests/vmm/test_platform \
	tests/vmm/test_protection \
	tests/vmm/test_ram \
	tests/vmm/test_recorder \
	tests/vmm/test_snapshot_faults \
	tests/vmm/test_snapshot_file \
	tests/vmm/test_snapshot_hostile \
	tests/vmm/test_state \
	tests/vmm/test_suite \
	tests/vmm/test_touches \
	tests/vmm/test_trace \
	tests/vmm/virtio/test_virtio \
	tests/vmm/virtio/test_virtio_balloon \
	tests/vmm/virtio/test_virtio_block \
	tests/vmm/virtio/test_virtio_block_ring \
	tests/vmm/virtio/test_virtio_net \
	tests/vmm/virtio/test_virtio_resumed \
	tests/vmm/virtio/test_virtio_rings \
	tests/vmm/virtio/test_virtio_small \
	tests/vmm/virtio/test_virtio_state \
	tests/vmm/virtio/test_virtio_vsock
if HAVE_URCU
VMM_UNIT_TESTS += tests/arch/test_rcu
endif
# Scripts that print TAP: LIBRARY_TESTS need libmezz alone, SYSTEM_TESTS run mezz without KVM, KVM_TESTS with it,
# BUILD_CHECKS look at the build itself.
LIBRARY_TESTS = \
	tests/embed/embed.sh
SYSTEM_TESTS = \
	tests/system/bare.sh \
	tests/system/clone-arguments.sh \
	tests/system/completion.sh \
	tests/system/control-arguments.sh \
	tests/system/fuzz-arguments.sh \
	tests/system/info.sh \
	tests/system/report-arguments.sh \
	tests/system/report.sh \
	tests/system/restore-arguments.sh \
	tests/system/run-arguments.sh \
	tests/system/table.sh \
	tests/system/test-arguments.sh
KVM_TESTS = \
	tests/system/run-clone.sh \
	tests/system/run-control.sh \
	tests/system/run-ends.sh \
	tests/system/run-fuzz.sh \
	tests/system/run-gdb.sh \
	tests/system/run-guests.sh \
	tests/system/run-incremental.sh \
	tests/system/run-moments.sh \
	tests/system/run-memory.sh \
	tests/system/run-nested.sh \
	tests/system/run-refused.sh \
	tests/system/run-report.sh \
	tests/system/run-restore.sh \
	tests/system/run-signals.sh \
	tests/system/run-stats.sh \
	tests/system/test.sh
BUILD_CHECKS = \
	tests/build/docs.sh \
	tests/build/format.sh \
	tests/build/headers.sh \
	tests/build/install.sh \
	tests/build/instances.sh \
	tests/build/layers.sh \
	tests/build/licence.sh \
	tests/build/lists.sh \
	tests/build/symbols.sh \
	tests/build/tsan.sh \
	tests/cross/cross.sh \
	tests/fuzz/fuzz.sh \
	tests/fuzz/image.sh \
	tests/fuzz/snapshot.sh \
	tests/fuzz/virtio.sh \
	tests/states/states.sh

libtest_sources = \
	tests/cases.c \
	tests/cases.h \
	tests/ept/second_stage_changes.c \
	tests/ept/second_stage_dirty.c \
	tests/ept/second_stage_memory.c \
	tests/ept/second_stage_model.c \
	tests/ept/second_stage_model.h \
	tests/ept/second_stage_ops.c \
	tests/ept/second_stage_ops.h \
	tests/fixture.c \
	tests/fixture.h \
	tests/flushes.h \
	tests/guest.c \
	tests/guest.h \
	tests/hostile.c \
	tests/hostile.h \
	tests/journal.c \
	tests/journal.h \
	tests/literal.h \
	tests/model.c \
	tests/model.h \
	tests/must.h \
	tests/op.c \
	tests/op.h \
	tests/processors.c \
	tests/processors.h \
	tests/rng.c \
	tests/rng.h \
	tests/sound.c \
	tests/sound.h \
	tests/suite.c \
	tests/suite.h \
	tests/tlb.c \
	tests/tlb.h \
	tests/track.c \
	tests/track.h \
	tests/tree.c \
	tests/tree.h \
	tests/vmm/boot/images.c \
	tests/vmm/boot/images.h \
	tests/witness.c \
	tests/witness.h

# What drives virtio devices.
virtio_test_sources = \
	tests/vmm/virtio/virtio_driver.c \
	tests/vmm/virtio/virtio_driver.h \
	tests/vmm/virtio/virtio_hostile.c \
	tests/vmm/virtio/virtio_hostile.h

if BUILD_TESTS
check_LTLIBRARIES = tests/libtest.la
tests_libtest_la_SOURCES = $(libtest_sources)
tests_libtest_la_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
check_PROGRAMS = $(UNIT_TESTS)
LDADD = tests/libtest.la $(vmm_library) libmezz.la $(CHECK_LIBS)
unit_tests = $(UNIT_TESTS)
if BUILD_VMM
# Beside the tests is what scripts use.
check_PROGRAMS += $(VMM_UNIT_TESTS) tests/system/same_memory
vmm_library = libmezzvm.la
tests_vmm_test_suite_SOURCES = tests/vmm/test_suite.c $(suite_sources)
tests_vmm_test_suite_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(GLIB_CFLAGS)
tests_vmm_test_suite_LDADD = tests/libtest.la libmezzvm.la libmezz.la $(CHECK_LIBS) $(GLIB_LIBS)
tests_controlled = tests/vmm/controlled.c tests/vmm/controlled.h vmm/cli/control_client.c vmm/cli/control_client.h \
	vmm/cli/control_fds.c vmm/cli/control_fds.h \
	$(control_sources)
tests_vmm_test_exits_SOURCES = tests/vmm/test_exits.c tests/vmm/machines.c tests/vmm/machines.h
tests_vmm_test_machine_SOURCES = tests/vmm/test_machine.c tests/vmm/machines.c tests/vmm/machines.h
tests_vmm_test_machine_clone_SOURCES = tests/vmm/test_machine_clone.c tests/vmm/machines.c tests/vmm/machines.h $(tests_snapshots)
tests_vmm_test_machine_disks_SOURCES = tests/vmm/test_machine_disks.c tests/vmm/machines.c tests/vmm/machines.h
tests_vmm_test_control_SOURCES = tests/vmm/test_control.c $(tests_controlled)
tests_vmm_test_control_socket_SOURCES = tests/vmm/test_control_socket.c $(tests_controlled)
tests_vmm_test_recorder_SOURCES = tests/vmm/test_recorder.c $(picture_sources)
nodist_tests_vmm_test_recorder_SOURCES = vmm/picture/template.c
tests_vmm_test_recorder_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
tests_vmm_test_recorder_LDADD = $(LDADD) $(JANSSON_LIBS)
tests_vmm_test_fork_server_SOURCES = tests/vmm/test_fork_server.c $(fuzz_sources)
tests_vmm_test_fuzz_regions_SOURCES = tests/vmm/test_fuzz_regions.c $(fuzz_sources)
tests_paged = tests/vmm/paged.c tests/vmm/paged.h
tests_vmm_test_pager_SOURCES = tests/vmm/test_pager.c $(tests_paged)
tests_vmm_test_protection_SOURCES = tests/vmm/test_protection.c $(tests_paged)
tests_saved = tests/vmm/saved.c tests/vmm/saved.h
tests_vmm_test_device_state_SOURCES = tests/vmm/test_device_state.c $(tests_saved)
virtio_echo_sources = tests/vmm/virtio/virtio_echo.c tests/vmm/virtio/virtio_echo.h $(virtio_test_sources)
tests_vmm_virtio_test_virtio_SOURCES = tests/vmm/virtio/test_virtio.c $(virtio_echo_sources)
tests_vmm_virtio_test_virtio_rings_SOURCES = tests/vmm/virtio/test_virtio_rings.c $(virtio_echo_sources)
tests_vmm_virtio_test_virtio_balloon_SOURCES = tests/vmm/virtio/test_virtio_balloon.c $(virtio_test_sources)
tests_vmm_virtio_test_virtio_block_SOURCES = tests/vmm/virtio/test_virtio_block.c $(virtio_test_sources)
tests_vmm_virtio_test_virtio_block_ring_SOURCES = tests/vmm/virtio/test_virtio_block_ring.c $(virtio_test_sources)
if HAVE_URING
tests_vmm_virtio_test_virtio_block_ring_CPPFLAGS = $(AM_CPPFLAGS) -DMZ_HAVE_URING
tests_vmm_virtio_test_virtio_block_ring_LDADD = $(LDADD) $(URING_LIBS)
endif
tests_vmm_virtio_test_virtio_net_SOURCES = tests/vmm/virtio/test_virtio_net.c $(virtio_test_sources)
tests_vmm_virtio_test_virtio_small_SOURCES = tests/vmm/virtio/test_virtio_small.c $(virtio_test_sources)
tests_vmm_virtio_test_virtio_vsock_SOURCES = tests/vmm/virtio/test_virtio_vsock.c $(virtio_test_sources)
tests_vmm_virtio_test_virtio_resumed_SOURCES = tests/vmm/virtio/test_virtio_resumed.c $(virtio_test_sources) $(tests_saved)
tests_vmm_virtio_test_virtio_state_SOURCES = tests/vmm/virtio/test_virtio_state.c $(virtio_echo_sources) $(tests_saved)
tests_booted = tests/vmm/boot/booted.c tests/vmm/boot/booted.h
tests_vmm_boot_test_boot_SOURCES = tests/vmm/boot/test_boot.c $(tests_booted)
tests_vmm_boot_test_boot_linux_SOURCES = tests/vmm/boot/test_boot_linux.c $(tests_booted)
tests_vmm_boot_test_boot_multiboot2_SOURCES = tests/vmm/boot/test_boot_multiboot2.c $(tests_booted)
tests_vmm_boot_test_boot_pvh_SOURCES = tests/vmm/boot/test_boot_pvh.c $(tests_booted)
tests_opened = tests/vmm/boot/opened.c tests/vmm/boot/opened.h
tests_vmm_boot_test_image_SOURCES = tests/vmm/boot/test_image.c $(tests_opened)
tests_vmm_boot_test_image_protocols_SOURCES = tests/vmm/boot/test_image_protocols.c $(tests_opened)
tests_snapshots = tests/vmm/snapshots.c tests/vmm/snapshots.h
tests_vmm_test_snapshot_faults_SOURCES = tests/vmm/test_snapshot_faults.c $(tests_snapshots)
tests_vmm_test_snapshot_file_SOURCES = tests/vmm/test_snapshot_file.c $(tests_snapshots)
tests_vmm_test_snapshot_hostile_SOURCES = tests/vmm/test_snapshot_hostile.c $(tests_snapshots)
tests_vmm_test_touches_SOURCES = tests/vmm/test_touches.c $(tests_snapshots)
tests_vmm_boot_test_image_packed_LDADD = $(LDADD) $(ZLIB_LIBS) $(ZSTD_LIBS)
unit_tests += $(VMM_UNIT_TESTS)
if !HAVE_URCU
unit_tests += -s 'tests/arch/test_rcu: configure did not find liburcu (Debian: liburcu-dev)'
endif
endif
else
unit_tests = -s 'unit tests: configure did not find check (Debian: check)'
endif

if BUILD_VMM
system_tests = $(SYSTEM_TESTS:%=$(abs_srcdir)/%)
kvm_tests = $(KVM_TESTS:%=$(abs_srcdir)/%)
else
system_tests = -s 'system tests: mezz is not built on this host'
kvm_tests = -s 'KVM tests: mezz is not built on this host'
endif

library_tests = $(LIBRARY_TESTS:%=$(abs_srcdir)/%)
build_checks = $(BUILD_CHECKS:%=$(abs_srcdir)/%)

# Under the sanitizers a process for each test costs more than the test; what they find ends the program either way.
if SANITIZERS
SANITIZERS_ENVIRONMENT = CK_FORK=no
endif

# What scripts are told.
TAP_ENVIRONMENT = \
	MEZZ='$(abs_builddir)/mezz$(EXEEXT)' \
	GUESTS='$(abs_builddir)/guest' \
	srcdir='$(abs_srcdir)' \
	builddir='$(abs_builddir)' \
	bindir='$(bindir)' libdir='$(libdir)' \
	host_cpu='$(host_cpu)' \
	CC='$(CC)' CXX='$(CXX)' NM='$(NM)' OBJDUMP='$(OBJDUMP)' MAKE='$(MAKE)' \
	CFLAGS='$(CFLAGS)' SANITIZE_CFLAGS='$(SANITIZE_CFLAGS)' \
	$(SANITIZERS_ENVIRONMENT) \
	CHECK_LIBS='$(CHECK_LIBS)' URCU_LIBS='$(URCU_LIBS)' \
	LIBTEST_SOURCES='$(filter %.c,$(libtest_sources))' \
	LIBRARY_SOURCES='$(filter %.c,$(libmezz_la_SOURCES))' \
	FORMAT_FREE_SOURCES='$(filter %.c,$(format_free_sources))' \
	PUBLIC_HEADERS='$(nobase_mezz_headers_HEADERS)' \
	DIST_FILES='$(DISTFILES:$(srcdir)/%=%) check'
# How many tests at a time.
jobs = `nproc`
TAP_RUN = $(TAP_ENVIRONMENT) $(srcdir)/tests/tap-run

tests_ready = all $(check_LTLIBRARIES) $(check_PROGRAMS)

.PHONY: tests check-unit check-kvm check-build
tests: $(tests_ready)
# What compiles takes longest, so it begins.
check-unit: $(tests_ready)
	@$(TAP_RUN) -j $(jobs) $(library_tests) $(unit_tests) $(system_tests)
check-kvm: $(tests_ready)
	@$(TAP_RUN) -j $(jobs) $(kvm_tests)
# One more at a time: that of racing threads waits for most of its time.
check-build: $(tests_ready)
	@$(TAP_RUN) -j $$(($(jobs) + 1)) $(build_checks)
# Of those of check-unit and check-kvm, what is about memory: how it comes in, is tracked, saved, restored and put back.
.PHONY: check-memory
check-memory: $(tests_ready)
	@$(TAP_RUN) $(filter %_dirty %_frozen %_lazy %_clone %_pager %_pages %_protection %_ram %_state %_touches tests/vmm/test_snapshot_%,$(unit_tests)) \
	  $(filter %/run-clone.sh %/run-control.sh %/run-incremental.sh %/run-memory.sh %/run-moments.sh %/run-nested.sh %/run-restore.sh,$(kvm_tests))
# The same where there is a stock KVM with nested paging, whatever this host has: see tests/linux/nested.
.PHONY: check-nested
check-nested: $(tests_ready)
	@$(TAP_ENVIRONMENT) $(srcdir)/tests/linux/nested -t 1500 $(abs_srcdir)/tests/tap-run \
	  $(filter tests/vmm/test_machine%,$(unit_tests)) $(kvm_tests)
# In that machine: Debian's kernels as guests of mezz, what needs a newer one for the machine itself, and what is otherwise
# without nested paging; and guests in one whose processor is Intel's, see tests/linux/nested-vmx.
linux_tests = linux newer vmx shadow
.PHONY: check-linux
check-linux: $(tests_ready)
	@$(TAP_RUN) -j 2 $(linux_tests:%=$(abs_srcdir)/tests/linux/%.sh)
check_tests = $(unit_tests) $(library_tests) $(system_tests) $(kvm_tests) $(build_checks)
check-local: $(tests_ready)
	@$(TAP_RUN) $(check_tests)

# As long as FUZZ_SECONDS says, each of FUZZERS. What is found stays in fuzz.corpus/, what fails beside it.
FUZZ_SECONDS = 600
FUZZERS = $(srcdir)/tests/fuzz/fuzz.sh $(srcdir)/tests/fuzz/image.sh $(srcdir)/tests/fuzz/snapshot.sh \
	$(srcdir)/tests/fuzz/virtio.sh
.PHONY: fuzz fuzz-afl
FUZZ_RUN = FUZZ_SECONDS='$(FUZZ_SECONDS)' MZ_TEST_TIMEOUT=$$(($(FUZZ_SECONDS) + 300)) $(srcdir)/tests/tap-run $(FUZZERS)
fuzz:
	@$(TAP_ENVIRONMENT) FUZZ_CORPUS='$(abs_builddir)/fuzz.corpus' $(FUZZ_RUN)
# The same harnesses by AFL++.
fuzz-afl:
	@$(TAP_ENVIRONMENT) FUZZ_ENGINE=afl FUZZ_CORPUS='$(abs_builddir)/afl.corpus' $(FUZZ_RUN)

# As long as RANDOM_SECONDS says.
RANDOM_SECONDS = 600
.PHONY: random
random: $(tests_ready)
	@$(TAP_ENVIRONMENT) RANDOM_SECONDS='$(RANDOM_SECONDS)' bash $(srcdir)/tests/random.sh

EXTRA_DIST += \
	$(BUILD_CHECKS) \
	$(KVM_TESTS) \
	$(LIBRARY_TESTS) \
	$(SYSTEM_TESTS) \
	tests/bochs.sh \
	tests/build/docs.h \
	tests/build/tsan.supp \
	tests/cross/bare.c \
	tests/embed/console.c \
	tests/embed/embed.c \
	tests/embed/embed.out \
	tests/embed/env.h \
	tests/fuzz/fuzz.c \
	tests/fuzz/image.c \
	tests/fuzz/lib.sh \
	tests/fuzz/snapshot.c \
	tests/fuzz/virtio.c \
	tests/linux/get-linux.sh \
	tests/linux/guests.sh \
	tests/linux/init \
	tests/linux/lib.sh \
	tests/linux/linux.sh \
	tests/linux/nested \
	tests/linux/nested-vmx \
	tests/linux/newer-tests.sh \
	tests/linux/newer.sh \
	tests/linux/shadow-tests.sh \
	tests/linux/shadow.sh \
	tests/linux/stalling-file \
	tests/linux/vmx-tests.sh \
	tests/linux/vmx.sh \
	tests/picture/browser.sh \
	tests/picture/judge.js \
	tests/picture/recording.jq \
	tests/random.sh \
	tests/states/seen.c \
	tests/states/seen.h \
	tests/states/states.c \
	tests/states/step.c \
	tests/states/step.h \
	tests/states/tiny.c \
	tests/states/tiny.h \
	tests/states/world.c \
	tests/states/world.h \
	tests/system/control-lib.sh \
	tests/system/lib.sh \
	tests/tap-run \
	tests/tap.sh
