# SPDX-License-Identifier: MPL-2.0
# Real MMUs.

# Emulated processors walk tables that libmezz built: see guest/mmu/README.md. A platform is one word in this list;
# make check-mmu PLATFORM=riscv64 runs one.
MMU_PLATFORMS = arm64 ept ia32e kvm npt npt_bochs riscv64
PLATFORM = $(MMU_PLATFORMS)
.PHONY: check-mmu
check-mmu: all
	@$(TAP_RUN) -j $(jobs) $(PLATFORM:%=$(abs_srcdir)/tests/mmu/%.sh)

mmu_sources = \
	guest/lib/memory.c \
	guest/mmu/README.md \
	guest/mmu/aim.c \
	guest/mmu/arm64/deviation.c \
	guest/mmu/arm64/el2.c \
	guest/mmu/arm64/el2.h \
	guest/mmu/arm64/guest.c \
	guest/mmu/arm64/guest.h \
	guest/mmu/arm64/image.lds \
	guest/mmu/arm64/machine.c \
	guest/mmu/arm64/machine.h \
	guest/mmu/arm64/own.c \
	guest/mmu/arm64/own.h \
	guest/mmu/arm64/own_addresses.c \
	guest/mmu/arm64/own_attributes.c \
	guest/mmu/arm64/own_caches.c \
	guest/mmu/arm64/own_el2.c \
	guest/mmu/arm64/own_instructions.c \
	guest/mmu/arm64/own_stage1.c \
	guest/mmu/arm64/own_wide.c \
	guest/mmu/arm64/platform.c \
	guest/mmu/arm64/platform.mk \
	guest/mmu/arm64/registers.h \
	guest/mmu/arm64/spoil.c \
	guest/mmu/arm64/stages.c \
	guest/mmu/arm64/stages.h \
	guest/mmu/arm64/start.S \
	guest/mmu/arm64/stub.S \
	guest/mmu/arm64/stub.h \
	guest/mmu/arm64/syndrome.c \
	guest/mmu/differential.c \
	guest/mmu/ept/cpu.h \
	guest/mmu/ept/deviation.c \
	guest/mmu/ept/enter.S \
	guest/mmu/ept/enter.h \
	guest/mmu/ept/ept.c \
	guest/mmu/ept/ept.h \
	guest/mmu/ept/image.lds \
	guest/mmu/ept/log.c \
	guest/mmu/ept/own_tests.c \
	guest/mmu/ept/platform.mk \
	guest/mmu/ept/spoil.c \
	guest/mmu/ept/stages.c \
	guest/mmu/ept/syndrome.c \
	guest/mmu/ept/test_exceptions.c \
	guest/mmu/ept/test_log.c \
	guest/mmu/ept/test_markers.c \
	guest/mmu/ept/test_pointer.c \
	guest/mmu/ept/vmcs.h \
	guest/mmu/ept/vmx.c \
	guest/mmu/ept/vmx.h \
	guest/mmu/image.mk \
	guest/mmu/judge.c \
	guest/mmu/judge.h \
	guest/mmu/kvm/deviation.c \
	guest/mmu/kvm/enter.S \
	guest/mmu/kvm/image.lds \
	guest/mmu/kvm/kvm.c \
	guest/mmu/kvm/kvm.h \
	guest/mmu/kvm/platform.mk \
	guest/mmu/kvm/syndrome.c \
	guest/mmu/main.c \
	guest/mmu/memory.c \
	guest/mmu/memory.h \
	guest/mmu/npt/deviation.c \
	guest/mmu/npt/enter.S \
	guest/mmu/npt/enter.h \
	guest/mmu/npt/image.lds \
	guest/mmu/npt/npt.c \
	guest/mmu/npt/npt.h \
	guest/mmu/npt/own_tests.c \
	guest/mmu/npt/platform.mk \
	guest/mmu/npt/spoil.c \
	guest/mmu/npt/stages.c \
	guest/mmu/npt/svm.c \
	guest/mmu/npt/svm.h \
	guest/mmu/npt/syndrome.c \
	guest/mmu/npt/vmcb.h \
	guest/mmu/platform.h \
	guest/mmu/predict.c \
	guest/mmu/predict.h \
	guest/mmu/random.h \
	guest/mmu/report.c \
	guest/mmu/report.h \
	guest/mmu/riscv64/deviation.c \
	guest/mmu/riscv64/image.lds \
	guest/mmu/riscv64/machine.c \
	guest/mmu/riscv64/platform.c \
	guest/mmu/riscv64/platform.mk \
	guest/mmu/riscv64/riscv64.h \
	guest/mmu/riscv64/start.S \
	guest/mmu/riscv64/syndrome.c \
	guest/mmu/scenario_absent.c \
	guest/mmu/scenario_age.c \
	guest/mmu/scenario_bits.c \
	guest/mmu/scenario_changes.c \
	guest/mmu/scenario_clone.c \
	guest/mmu/scenario_dirty.c \
	guest/mmu/scenario_flags.c \
	guest/mmu/scenario_guest.c \
	guest/mmu/scenario_huge.c \
	guest/mmu/scenario_log.c \
	guest/mmu/scenario_narrow.c \
	guest/mmu/scenario_nested.c \
	guest/mmu/scenario_permissions.c \
	guest/mmu/scenario_stale.c \
	guest/mmu/scenario_types.c \
	guest/mmu/scenario_user.c \
	guest/mmu/scenarios.h \
	guest/mmu/seed.h \
	guest/mmu/spoil.h \
	guest/mmu/tenant.c \
	guest/mmu/tenant.h \
	guest/mmu/world.c \
	guest/mmu/world.h \
	guest/mmu/x86/cpu.h \
	guest/mmu/x86/guest.c \
	guest/mmu/x86/machine.c \
	guest/mmu/x86/machine.h \
	guest/mmu/x86/segments.h \
	guest/mmu/x86/start.S \
	guest/mmu/x86/stub.S \
	guest/mmu/x86/stub.h \
	guest/mmu/x86/x86.h \
	guest/mmu/x86/x86.mk \
	tests/mmu/bochs.sh \
	tests/mmu/lib.sh \
	$(MMU_PLATFORMS:%=tests/mmu/%.sh)

EXTRA_DIST += \
	$(mmu_sources)
