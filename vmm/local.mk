# SPDX-License-Identifier: MPL-2.0
# libmezzvm and mezz.

# What a page of mezz report consists of. The script is made of parts, in their order.
page_scripts = base tables map scatter events start
page_files = vmm/picture/page.html vmm/picture/page.css $(page_scripts:%=vmm/picture/%.js)

if BUILD_VMM
lib_LTLIBRARIES += libmezzvm.la
libmezzvm_la_CFLAGS = $(AM_CFLAGS) $(ELF_CFLAGS) $(ZLIB_CFLAGS) $(ZSTD_CFLAGS) $(DEFLATE_CFLAGS)
libmezzvm_la_CPPFLAGS = $(AM_CPPFLAGS)
libmezzvm_la_LDFLAGS = -no-undefined -export-symbols-regex '^mz_' -version-info 0:0:0
libmezzvm_la_LIBADD = libmezz.la $(ELF_LIBS) $(ZLIB_LIBS) $(DEFLATE_LIBS) $(PTHREAD_CFLAGS)
libmezzvm_la_SOURCES = \
	arch/linux/arena.c \
	vmm/base/failure.c \
	vmm/base/file.c \
	vmm/base/file.h \
	vmm/base/library.c \
	vmm/base/library.h \
	vmm/base/new_file.c \
	vmm/base/new_file.h \
	vmm/base/state.c \
	vmm/base/text.c \
	vmm/base/text.h \
	vmm/base/thread.c \
	vmm/base/thread.h \
	vmm/base/trace.c \
	vmm/base/trace_filter.c \
	vmm/boot/boot.c \
	vmm/boot/boot_area.c \
	vmm/boot/boot_files.c \
	vmm/boot/boot_linux.c \
	vmm/boot/boot_multiboot.c \
	vmm/boot/boot_multiboot2.c \
	vmm/boot/boot_pages.c \
	vmm/boot/boot_plain.c \
	vmm/boot/boot_pvh.c \
	vmm/boot/boot_protocol.h \
	vmm/boot/image.c \
	vmm/boot/image_addresses.c \
	vmm/boot/image_as.c \
	vmm/boot/image_elf.c \
	vmm/boot/image_file.c \
	vmm/boot/image_format.h \
	vmm/boot/image_linux.c \
	vmm/boot/image_multiboot.c \
	vmm/boot/image_multiboot2.c \
	vmm/boot/image_notes.c \
	vmm/boot/image_pvh.c \
	vmm/boot/image_segments.c \
	vmm/boot/image_unpack.c \
	vmm/boot/memory_map.c \
	vmm/boot/multiboot2.h \
	vmm/device/acpi_pm.c \
	vmm/device/acpi_pm.h \
	vmm/device/bus.c \
	vmm/device/console.c \
	vmm/device/console_keys.c \
	vmm/device/debug_exit.c \
	vmm/device/fw_cfg.c \
	vmm/device/fw_cfg.h \
	vmm/device/mark_port.c \
	vmm/device/mark_port.h \
	vmm/device/pc_test.c \
	vmm/device/pc_test.h \
	vmm/device/power.c \
	vmm/device/pvpanic.c \
	vmm/device/pvpanic.h \
	vmm/device/reset.c \
	vmm/device/reset.h \
	vmm/device/rtc.c \
	vmm/device/rtc.h \
	vmm/device/serial.c \
	vmm/device/spotter.c \
	vmm/device/test_device.c \
	vmm/machine/acpi.c \
	vmm/machine/aml.c \
	vmm/machine/aml.h \
	vmm/machine/cpuid.c \
	vmm/machine/cpuid.h \
	vmm/machine/changes.c \
	vmm/machine/control.c \
	vmm/gdb/packet.c \
	vmm/gdb/packet.h \
	vmm/gdb/registers.c \
	vmm/gdb/registers.h \
	vmm/gdb/server.c \
	vmm/gdb/server.h \
	vmm/machine/debug.c \
	vmm/machine/debug.h \
	vmm/machine/debug_points.c \
	vmm/machine/debug_points.h \
	vmm/machine/debug_registers.c \
	vmm/machine/debug_registers.h \
	vmm/machine/description.c \
	vmm/machine/devices.c \
	vmm/machine/devices.h \
	vmm/machine/dirty_source.c \
	vmm/machine/dirty_source.h \
	vmm/machine/disassembly.c \
	vmm/machine/disassembly.h \
	vmm/machine/dump.c \
	vmm/machine/exits.c \
	vmm/machine/firmware.c \
	vmm/machine/firmware.h \
	vmm/machine/halt.c \
	vmm/machine/halt.h \
	vmm/machine/host.c \
	vmm/machine/host.h \
	vmm/machine/kvm.c \
	vmm/machine/kvm_state.c \
	vmm/machine/kvm_state.h \
	vmm/machine/looks.c \
	vmm/machine/looks.h \
	vmm/machine/machine.h \
	vmm/machine/mark.c \
	vmm/machine/mark.h \
	vmm/machine/mp_table.c \
	vmm/machine/nested_state.c \
	vmm/machine/nested_state.h \
	vmm/machine/pause.c \
	vmm/machine/pause.h \
	vmm/machine/moment.c \
	vmm/machine/restore.c \
	vmm/machine/run.c \
	vmm/machine/shadow_pages.c \
	vmm/machine/shadow_pages.h \
	vmm/machine/since.c \
	vmm/machine/since.h \
	vmm/machine/snapshot.h \
	vmm/machine/snapshot_pages.c \
	vmm/machine/snapshot_pages.h \
	vmm/machine/snapshot_write.c \
	vmm/machine/stats.c \
	vmm/machine/stop.c \
	vmm/machine/vcpu.c \
	vmm/machine/turn.c \
	vmm/machine/vcpu.h \
	vmm/machine/vcpu_state.c \
	vmm/machine/vcpu_state.h \
	vmm/machine/virtio.c \
	vmm/machine/virtio.h \
	vmm/machine/vm.c \
	vmm/machine/vm_state.c \
	vmm/machine/vm_state.h \
	vmm/machine/walk_text.c \
	vmm/machine/walk_text.h \
	vmm/machine/writes.c \
	vmm/memory/baseline.c \
	vmm/memory/baseline.h \
	vmm/memory/contents.c \
	vmm/memory/contents.h \
	vmm/memory/fault_counts.c \
	vmm/memory/frozen.c \
	vmm/memory/guest_memory.c \
	vmm/memory/guest_memory.h \
	vmm/memory/huge.c \
	vmm/memory/lazy.c \
	vmm/memory/lazy.h \
	vmm/memory/layout.c \
	vmm/memory/layout.h \
	vmm/memory/pager.c \
	vmm/memory/pager.h \
	vmm/memory/protection.c \
	vmm/memory/protection.h \
	vmm/memory/ram.c \
	vmm/memory/reads.c \
	vmm/memory/reads.h \
	vmm/memory/recorder.c \
	vmm/memory/share.c \
	vmm/memory/share.h \
	vmm/memory/uffd.c \
	vmm/memory/uffd.h \
	vmm/memory/written.c \
	vmm/memory/written.h \
	vmm/snapshot/snapshot.c \
	vmm/snapshot/snapshot_file.c \
	vmm/snapshot/snapshot_format.h \
	vmm/snapshot/snapshot_writer.c \
	vmm/snapshot/sum.c \
	vmm/snapshot/sum.h \
	vmm/snapshot/touches.c \
	vmm/virtio/balloon.c \
	vmm/virtio/balloon.h \
	vmm/virtio/block.c \
	vmm/virtio/block.h \
	vmm/virtio/block_file.c \
	vmm/virtio/block_file.h \
	vmm/virtio/block_ring.c \
	vmm/virtio/block_ring.h \
	vmm/virtio/chain.c \
	vmm/virtio/device.c \
	vmm/virtio/device.h \
	vmm/virtio/entropy.c \
	vmm/virtio/entropy.h \
	vmm/virtio/net.c \
	vmm/virtio/net.h \
	vmm/virtio/net_tap.c \
	vmm/virtio/net_user.c \
	vmm/virtio/parts.c \
	vmm/virtio/parts.h \
	vmm/virtio/queue.c \
	vmm/virtio/queue.h \
	vmm/virtio/set.c \
	vmm/virtio/set.h \
	vmm/virtio/state.c \
	vmm/virtio/terminal.c \
	vmm/virtio/terminal.h \
	vmm/virtio/thread.c \
	vmm/virtio/transport.c \
	vmm/virtio/transport.h \
	vmm/virtio/vhost.c \
	vmm/virtio/vhost.h \
	vmm/virtio/vsock.c \
	vmm/virtio/vsock.h \
	vmm/virtio/watch.h

nobase_mezz_headers_HEADERS += \
	arch/linux/arena.h \
	guest/fuzz.h \
	vmm/base/failure.h \
	vmm/base/state.h \
	vmm/base/trace.h \
	vmm/boot/boot.h \
	vmm/boot/image.h \
	vmm/boot/memory_map.h \
	vmm/device/bus.h \
	vmm/device/console.h \
	vmm/device/console_keys.h \
	vmm/device/debug_exit.h \
	vmm/device/irq.h \
	vmm/device/power.h \
	vmm/device/serial.h \
	vmm/device/spotter.h \
	vmm/device/test_device.h \
	vmm/machine/description.h \
	vmm/machine/moment.h \
	vmm/machine/kvm.h \
	vmm/machine/stats.h \
	vmm/machine/vm.h \
	vmm/memory/fault_counts.h \
	vmm/memory/huge.h \
	vmm/memory/frozen.h \
	vmm/memory/ram.h \
	vmm/memory/recorder.h \
	vmm/snapshot/snapshot.h \
	vmm/snapshot/snapshot_writer.h \
	vmm/snapshot/touches.h \
	vmm/virtio/request.h \
	vmm/virtio/stats.h

pkgconfig_DATA += libmezzvm.pc

if HAVE_URCU
libmezzvm_la_CFLAGS += $(URCU_CFLAGS)
libmezzvm_la_LIBADD += $(URCU_LIBS)
libmezzvm_la_CPPFLAGS += -DMZ_HAVE_URCU
libmezzvm_la_SOURCES += arch/linux/rcu.c
nobase_mezz_headers_HEADERS += arch/linux/rcu.h
endif

if HAVE_URING
libmezzvm_la_CPPFLAGS += -DMZ_HAVE_URING
libmezzvm_la_CFLAGS += $(URING_CFLAGS)
libmezzvm_la_LIBADD += $(URING_LIBS)
endif

if HAVE_SLIRP
libmezzvm_la_CPPFLAGS += -DMZ_HAVE_SLIRP
endif
if HAVE_CAPSTONE
libmezzvm_la_CPPFLAGS += -DMZ_HAVE_CAPSTONE
libmezzvm_la_CFLAGS += $(CAPSTONE_CFLAGS)
endif

bin_PROGRAMS = mezz mezz-test
mezz_CFLAGS = $(libmezzvm_la_CFLAGS) $(JANSSON_CFLAGS)
mezz_LDADD = libmezzvm.la libmezz.la $(JANSSON_LIBS)
mezz_SOURCES = \
	vmm/cli/beside.c \
	vmm/cli/beside.h \
	vmm/cli/cli.c \
	vmm/cli/cli.h \
	vmm/cli/cmd_clone.c \
	vmm/cli/cmd_control.c \
	vmm/cli/cmd_fuzz.c \
	vmm/cli/cmd_info.c \
	vmm/cli/cmd_report.c \
	vmm/cli/cmd_run.c \
	vmm/cli/cmd_table.c \
	vmm/cli/cmd_test.c \
	vmm/cli/cmd_walk.c \
	vmm/cli/commands.c \
	vmm/cli/commands.h \
	vmm/cli/control_client.c \
	vmm/cli/control_client.h \
	vmm/cli/control_fds.c \
	vmm/cli/control_fds.h \
	vmm/cli/control_run.c \
	vmm/cli/control_run.h \
	vmm/cli/devices.c \
	vmm/cli/devices.h \
	vmm/cli/main.c \
	vmm/cli/cmd_restore.c \
	vmm/cli/drive.c \
	vmm/cli/drive.h \
	vmm/cli/keys.c \
	vmm/cli/keys.h \
	vmm/cli/messages.c \
	vmm/cli/messages.h \
	vmm/cli/memory.c \
	vmm/cli/memory.h \
	vmm/cli/moment_client.c \
	vmm/cli/moment_client.h \
	vmm/cli/moments.c \
	vmm/cli/moments.h \
	vmm/cli/paging.c \
	vmm/cli/paging.h \
	vmm/cli/picture.c \
	vmm/cli/picture.h \
	vmm/cli/watch.c \
	vmm/cli/watch.h \
	vmm/cli/report.c \
	vmm/cli/report.h \
	vmm/cli/report_json.c \
	vmm/cli/launch.c \
	vmm/cli/launch.h \
	vmm/cli/resume.c \
	vmm/cli/resume.h \
	vmm/cli/run_options.c \
	vmm/cli/run_options.h \
	vmm/cli/saving.c \
	vmm/cli/saving.h \
	vmm/cli/sketch.c \
	vmm/cli/sketch.h \
	$(control_sources) \
	$(picture_sources) \
	$(fuzz_sources)
nodist_mezz_SOURCES = vmm/picture/template.c

mezz_test_CFLAGS = $(AM_CFLAGS) $(GLIB_CFLAGS)
mezz_test_LDADD = libmezzvm.la libmezz.la $(GLIB_LIBS)
mezz_test_SOURCES = \
	vmm/cli/beside.c \
	vmm/cli/beside.h \
	vmm/cli/cli.c \
	vmm/cli/cli.h \
	vmm/cli/progress.c \
	vmm/cli/progress.h \
	vmm/cli/test.c \
	$(suite_sources)

picture_sources = \
	vmm/picture/page.c \
	vmm/picture/page.h \
	vmm/picture/recording.c \
	vmm/picture/recording.h \
	vmm/picture/recording_check.c \
	vmm/picture/recording_read.c \
	vmm/picture/template.h

# Files as texts of C.
as_text = sed -e 's/[\\"?]/\\&/g' -e 's/.*/"&\\n"/'
vmm/picture/template.c: $(page_files) Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && { \
		echo '#include "vmm/picture/template.h"' && \
		echo 'const char mz_page_html[] =' && $(as_text) $(srcdir)/vmm/picture/page.html && echo ';' && \
		echo 'const char mz_page_style[] =' && $(as_text) $(srcdir)/vmm/picture/page.css && echo ';' && \
		echo 'const char mz_page_script[] =' && \
		$(as_text) $(page_scripts:%=$(srcdir)/vmm/picture/%.js) && echo ';'; \
	} >$@.new && mv $@.new $@

control_sources = \
	vmm/cli/control.c \
	vmm/cli/control.h \
	vmm/cli/control_socket.c \
	vmm/cli/control_socket.h

# In mezz itself, and not in a library: afl-fuzz looks for the name of its map in the program that it starts.
fuzz_sources = \
	vmm/fuzz/fork_server.c \
	vmm/fuzz/fork_server.h \
	vmm/fuzz/regions.c \
	vmm/fuzz/regions.h \
	vmm/fuzz/stand_in.c \
	vmm/fuzz/stand_in.h

suite_sources = \
	vmm/suite/lines.c \
	vmm/suite/lines.h \
	vmm/suite/pool.c \
	vmm/suite/pool.h \
	vmm/suite/report.h \
	vmm/suite/report_junit.c \
	vmm/suite/report_tap.c \
	vmm/suite/report_text.c \
	vmm/suite/result.c \
	vmm/suite/result.h \
	vmm/suite/section.h \
	vmm/suite/suite.c \
	vmm/suite/suite.h \
	vmm/suite/suite_file.c \
	vmm/suite/unit_tests_keys.c

dist_man1_MANS = docs/mezz.1

# bash looks for what completes a command under its name.
bashcompletiondir = $(datadir)/bash-completion/completions
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) $(srcdir)/vmm/cli/completion.bash '$(DESTDIR)$(bashcompletiondir)/mezz'
uninstall-local:
	rm -f '$(DESTDIR)$(bashcompletiondir)/mezz'
endif

EXTRA_DIST += \
	$(page_files) \
	vmm/cli/completion.bash
