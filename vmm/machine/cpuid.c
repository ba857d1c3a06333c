// SPDX-License-Identifier: MPL-2.0
/*
 * A processor's leaves of CPUID. Source: Intel SDM volume 2A, "CPUID"; AMD64 Architecture
 * Programmer's Manual volume 3, appendix E.
 */
#include "vmm/machine/cpuid.h"

#include <cpuid.h>
#include <stddef.h>
#include <stdint.h>

#define LEAF_MAX       0x00000000u
#define LEAF_FEATURES  0x00000001u
#define LEAF_CACHES    0x00000004u
#define LEAF_TOPOLOGY  0x0000000bu
#define LEAF_TOPOLOGY2 0x0000001fu
#define LEAF_FEATURES2 0x80000001u
#define LEAF_SIZES     0x80000008u
#define LEAF_PLACE     0x8000001eu

/* SDM, tables 3-10 and 3-11: leaf 1. */
#define FEATURES_ECX_DEADLINE   (1u << 24)
#define FEATURES_ECX_HYPERVISOR (1u << 31)
#define FEATURES_EDX_HTT        (1u << 28) /* the count in EBX is valid */

/* SDM, leaf 0x0b: what a level is made of, in ECX. */
#define LEVEL_THREAD (1u << 8)
#define LEVEL_CORE   (2u << 8)

#define FEATURES2_ECX_CMP_LEGACY (1u << 1) /* APM, E.4.2: the processors of leaf 1 are cores */

static uint32_t bits_for(unsigned count)
{
	uint32_t bits = 0;

	while ((1u << bits) < count)
		bits++;
	return bits;
}

static struct kvm_cpuid_entry2 *find(struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
	for (unsigned i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == leaf)
			return &cpuid->entries[i];
	return NULL;
}

static bool is_amd(struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *entry = find(cpuid, LEAF_MAX);

	/* "AuthenticAMD" and "HygonGenuine", by their last letters. */
	return entry && (entry->ecx == 0x444d4163 || entry->ecx == 0x656e6975);
}

static void shape_features(struct kvm_cpuid_entry2 *entry, const struct mz_cpuid_place *place)
{
	entry->ebx &= 0x0000ffff;
	entry->ebx |= (uint32_t)place->index << 24 | (uint32_t)place->count << 16;
	entry->ecx |= FEATURES_ECX_HYPERVISOR;
	entry->ecx &= ~FEATURES_ECX_DEADLINE;
	if (place->deadline_timer)
		entry->ecx |= FEATURES_ECX_DEADLINE;
	entry->edx &= ~FEATURES_EDX_HTT;
	if (place->count > 1)
		entry->edx |= FEATURES_EDX_HTT;
}

/* SDM, leaf 4: caches of level 1 and 2 are a core's own, those above are the package's. */
static void shape_cache(struct kvm_cpuid_entry2 *entry, const struct mz_cpuid_place *place)
{
	uint32_t ids = (1u << bits_for(place->count)) - 1;
	uint32_t level = entry->eax >> 5 & 7;

	entry->eax &= 0x00003fff;
	if (!(entry->eax & 0x1f))
		return; /* no more caches */
	entry->eax |= ids << 26 | (level > 2 ? ids << 14 : 0);
}

/* APM, E.4.7: cores of the package in ECX. */
static void shape_sizes(struct kvm_cpuid_entry2 *entry, const struct mz_cpuid_place *place)
{
	entry->ecx &= ~0xf0ffu;
	entry->ecx |= bits_for(place->count) << 12 | (place->count - 1);
}

/* APM, E.4.16: the APIC's id, the core's, one thread a core, one node. */
static void shape_place(struct kvm_cpuid_entry2 *entry, const struct mz_cpuid_place *place)
{
	entry->eax = place->index;
	entry->ebx = place->index;
	entry->ecx = 0;
}

static void shape_entry(struct kvm_cpuid_entry2 *entry, const struct mz_cpuid_place *place,
			bool amd)
{
	switch (entry->function) {
	case LEAF_FEATURES:
		shape_features(entry, place);
		break;
	case LEAF_CACHES:
		shape_cache(entry, place);
		break;
	case LEAF_FEATURES2:
		entry->ecx &= ~FEATURES2_ECX_CMP_LEGACY;
		if (amd && place->count > 1)
			entry->ecx |= FEATURES2_ECX_CMP_LEGACY;
		break;
	case LEAF_SIZES:
		if (amd)
			shape_sizes(entry, place);
		break;
	case LEAF_PLACE:
		shape_place(entry, place);
		break;
	default:
		break;
	}
}

static void drop(struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function != leaf)
			cpuid->entries[kept++] = cpuid->entries[i];
	cpuid->nent = kept;
}

static void add(struct kvm_cpuid2 *cpuid, const struct kvm_cpuid_entry2 *entry)
{
	if (cpuid->nent < MZ_CPUID_MAX)
		cpuid->entries[cpuid->nent++] = *entry;
}

/*
 * SDM, leaf 0x0b: a thread a core, then all cores, then the end; the APIC's id in each. Leaf 0x1f
 * would go before it, and is the host's own where an older KVM offers it.
 */
static void add_topology(struct kvm_cpuid2 *cpuid, const struct mz_cpuid_place *place)
{
	const uint32_t shifts[] = {0, bits_for(place->count), 0};
	const uint32_t counts[] = {1, place->count, 0};
	const uint32_t kinds[] = {LEVEL_THREAD, LEVEL_CORE, 0};
	const struct kvm_cpuid_entry2 *all = find(cpuid, LEAF_MAX);

	drop(cpuid, LEAF_TOPOLOGY);
	drop(cpuid, LEAF_TOPOLOGY2);
	if (!all || all->eax < LEAF_TOPOLOGY)
		return;
	for (uint32_t i = 0; i < 3; i++) {
		struct kvm_cpuid_entry2 level = {
			.function = LEAF_TOPOLOGY,
			.index = i,
			.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
			.eax = shifts[i],
			.ebx = counts[i],
			.ecx = kinds[i] | i,
			.edx = place->index,
		};

		add(cpuid, &level);
	}
}

void mz_cpuid_shape(struct kvm_cpuid2 *cpuid, const struct mz_cpuid_place *place)
{
	bool amd = is_amd(cpuid);

	for (unsigned i = 0; i < cpuid->nent; i++)
		shape_entry(&cpuid->entries[i], place, amd);
	add_topology(cpuid, place);
}

unsigned mz_cpuid_address_bits(void)
{
	unsigned a, b, c, d;

	/* Intel SDM volume 3A, section 4.1.4; a processor without the leaf has 36. */
	return __get_cpuid(0x80000008, &a, &b, &c, &d) ? a & 0xff : 36;
}
