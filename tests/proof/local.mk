# SPDX-License-Identifier: MPL-2.0
# Proofs.

# What CBMC proves, for all values: see tests/proof/prove.sh, which skips where CBMC can't be had.
.PHONY: proof
proof:
	@MZ_TEST_TIMEOUT=3600 $(TAP_RUN) $(abs_srcdir)/tests/proof/prove.sh

# That each of these proofs fails where the library is wrong.
.PHONY: proof-mutants
proof-mutants:
	@MZ_TEST_TIMEOUT=7200 $(TAP_RUN) $(abs_srcdir)/tests/proof/mutants.sh

EXTRA_DIST += \
	tests/proof/child.c \
	tests/proof/clone.c \
	tests/proof/cursor.h \
	tests/proof/cursor_map.c \
	tests/proof/cursor_open.c \
	tests/proof/cursor_position.c \
	tests/proof/cursor_protect.c \
	tests/proof/cursor_take.c \
	tests/proof/debug.c \
	tests/proof/dump.c \
	tests/proof/dump_json.c \
	tests/proof/entry.c \
	tests/proof/env.h \
	tests/proof/fill.c \
	tests/proof/format.h \
	tests/proof/format_arm_s1_4k.c \
	tests/proof/format_arm_s2_16k.c \
	tests/proof/format_arm_s2_4k.c \
	tests/proof/format_arm_s2_4k_40.c \
	tests/proof/format_arm_s2_4k_full.c \
	tests/proof/format_arm_s2_64k.c \
	tests/proof/format_check.c \
	tests/proof/format_ept.c \
	tests/proof/format_ept5.c \
	tests/proof/format_ept5_mbe.c \
	tests/proof/format_ept5_soft.c \
	tests/proof/format_ept_mbe.c \
	tests/proof/format_ept_soft.c \
	tests/proof/format_hostile.c \
	tests/proof/format_ia32e.c \
	tests/proof/format_ia32e5.c \
	tests/proof/format_npt.c \
	tests/proof/format_npt5.c \
	tests/proof/format_npt5_gmet.c \
	tests/proof/format_npt_gmet.c \
	tests/proof/format_sv39.c \
	tests/proof/format_sv39x4.c \
	tests/proof/format_sv48.c \
	tests/proof/format_sv48x4.c \
	tests/proof/format_sv57.c \
	tests/proof/format_sv57x4.c \
	tests/proof/formats/core/instance.h \
	tests/proof/fragment.h \
	tests/proof/gather.c \
	tests/proof/geometries.h \
	tests/proof/geometry.c \
	tests/proof/get-cbmc.sh \
	tests/proof/guard.c \
	tests/proof/hardware.h \
	tests/proof/hardware_arm.c \
	tests/proof/hardware_ept.c \
	tests/proof/hardware_paging.c \
	tests/proof/hardware_riscv.c \
	tests/proof/harvest.c \
	tests/proof/huge.c \
	tests/proof/inspect.c \
	tests/proof/life.c \
	tests/proof/lines.h \
	tests/proof/lookup.c \
	tests/proof/map.c \
	tests/proof/mark.c \
	tests/proof/mutants.sh \
	tests/proof/narrow.h \
	tests/proof/node.c \
	tests/proof/protect.c \
	tests/proof/prove.h \
	tests/proof/prove.sh \
	tests/proof/real.h \
	tests/proof/reserve.c \
	tests/proof/single.h \
	tests/proof/small.h \
	tests/proof/table.h \
	tests/proof/text.c \
	tests/proof/texts.c \
	tests/proof/unmap.c \
	tests/proof/visit.c \
	tests/proof/write.c
