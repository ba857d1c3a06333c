// SPDX-License-Identifier: MPL-2.0
/* A run's numbers as a table for people. */
#include "vmm/cli/report.h"

#include <inttypes.h>
#include <string.h>

#include "core/geometry.h"
#include "vmm/base/text.h"

/* Leaf levels are the columns, and last what ended without a leaf. */
static void print_heads(FILE *file, const struct mz_vm_stats *stats)
{
	fprintf(file, "%-16s", "faults");
	for (unsigned level = 1; level <= stats->format->levels; level++)
		if (mz_leaf_allowed(stats->format->leaf_levels, level))
			fprintf(file, "%10s", mz_size_text(mz_span(stats->format, level)).text);
	fprintf(file, "%10s\n", "no leaf");
}

static void print_faults(FILE *file, const struct mz_vm_stats *stats)
{
	static const char *const access[] = {"read", "write"};

	print_heads(file, stats);
	for (unsigned source = 0; source < MZ_FAULT_SOURCES; source++) {
		for (unsigned kind = 0; kind < MZ_ACCESS_KINDS; kind++) {
			const uint64_t *by = stats->faults.by[source][kind];

			fprintf(file, "  %-9s %-6s",
				mz_fault_source_text((enum mz_fault_source)source), access[kind]);
			for (unsigned level = 1; level <= stats->format->levels; level++)
				if (mz_leaf_allowed(stats->format->leaf_levels, level))
					fprintf(file, "%10" PRIu64, by[level]);
			fprintf(file, "%10" PRIu64 "\n", by[0]);
		}
	}
}

static void print_answers(FILE *file, const struct mz_vm_stats *stats)
{
	fprintf(file, "answers");
	for (unsigned answer = 0; answer < MZ_ANSWERS; answer++)
		fprintf(file, "%s %s %" PRIu64, answer ? "," : "        ",
			mz_answer_text((enum mz_answer)answer), stats->space.answers[answer]);
	fprintf(file, "\ndenials");
	for (unsigned cause = 1; cause < MZ_DENIALS; cause++)
		fprintf(file, "%s %s %" PRIu64, cause > 1 ? "," : "        ",
			mz_denial_text((enum mz_denial)cause), stats->space.denials[cause]);
	fprintf(file, "\n");
}

static void print_tree(FILE *file, const struct mz_vm_stats *stats)
{
	const struct mz_format *format = stats->format;

	fprintf(file, "leaves          ");
	for (unsigned level = 1; level <= format->levels; level++)
		if (mz_leaf_allowed(format->leaf_levels, level))
			fprintf(file, "%s %" PRIu64 ", ", mz_size_text(mz_span(format, level)).text,
				stats->usage.leaf_count[level]);
	fprintf(file, "mapping %" PRIu64 " bytes\n", stats->usage.mapped_bytes);
	fprintf(file, "nodes           ");
	for (unsigned level = format->levels; level > 0; level--)
		fprintf(file, "level %u: %" PRIu64 ", ", level, stats->usage.node_count[level]);
	fprintf(file, "in %" PRIu64 " bytes\n", stats->usage.node_bytes);
}

static void print_changes(FILE *file, const struct mz_vm_stats *stats)
{
	const struct mz_format *format = stats->format;
	const struct mz_space_stats *space = &stats->space;

	fprintf(file, "leaves changed  ");
	for (unsigned level = 1; level <= format->levels; level++)
		if (mz_leaf_allowed(format->leaf_levels, level))
			fprintf(file, "%s split %" PRIu64 ", collapsed %" PRIu64 "; ",
				mz_size_text(mz_span(format, level)).text, space->split[level],
				space->collapsed[level]);
	fprintf(file, "pages copied %" PRIu64 "\n", space->copied);
}

static void print_exits(FILE *file, const char *head, const struct mz_vcpu_stats *vcpu)
{
	const char *separator = "";

	fprintf(file, "%-16s", head);
	for (uint32_t reason = 0; reason <= MZ_KVM_EXIT_MAX; reason++) {
		const char *name = mz_kvm_exit_text(reason);

		if (vcpu->exits[reason] == 0)
			continue;
		fprintf(file, "%s%s %" PRIu64, separator, name ? name : "other",
			vcpu->exits[reason]);
		separator = ", ";
	}
	fprintf(file, "\n");
}

static void print_vcpus(FILE *file, const struct mz_vm_stats *stats)
{
	print_exits(file, "exits", &stats->all);
	for (unsigned i = 0; i < stats->vcpu_count && stats->vcpu_count > 1; i++) {
		char head[24];

		snprintf(head, sizeof(head), "  of cpu %u", i);
		print_exits(file, head, &stats->vcpus[i]);
	}
}

/* Those that were not left alone. */
static void print_devices(FILE *file, const struct mz_vm_stats *stats)
{
	for (unsigned i = 0; i < stats->device_count; i++) {
		const struct mz_device_stats *device = &stats->devices[i];

		if (device->reads + device->writes > 0)
			fprintf(file,
				"%-15s reads %" PRIu64 ", writes %" PRIu64 " at %s 0x%" PRIx64 "\n",
				device->name, device->reads, device->writes, device->bus,
				device->base);
	}
}

static void print_virtio(FILE *file, const struct mz_vm_stats *stats)
{
	for (unsigned i = 0; i < stats->virtio_count; i++) {
		const struct mz_virtio_stats *device = &stats->virtio[i];

		fprintf(file,
			"%-15s chains %" PRIu64 ", interrupts %" PRIu64 ", wakes %" PRIu64
			", broken %" PRIu64 "%s%s\n",
			device->name, device->counts.chains, device->counts.interrupts,
			device->counts.wakes, device->counts.breaks, device->broken ? ": " : "",
			device->broken ? device->broken : "");
	}
}

bool mz_stats_form_parse(const char *text, enum mz_stats_form *form)
{
	bool json = text && strcmp(text, "json") == 0;

	if (text && !json && strcmp(text, "table") != 0)
		return false;
	*form = json ? MZ_STATS_JSON : MZ_STATS_TABLE;
	return true;
}

void mz_report_table(FILE *file, const struct mz_vm_stats *stats)
{
	fprintf(file, "%-16s%s, memory let in by %s\n", "second stage", stats->format->name,
		stats->backend);
	fprintf(file, "huge pages      %s, mapping %" PRIu64 " bytes\n", stats->huge,
		stats->huge_bytes);
	print_faults(file, stats);
	print_answers(file, stats);
	print_tree(file, stats);
	print_changes(file, stats);
	print_vcpus(file, stats);
	print_devices(file, stats);
	print_virtio(file, stats);
	if (stats->dirty_source)
		fprintf(file,
			"resets          %" PRIu64 ", pages %" PRIu64
			", %.3f ms; writes known by the %s\n",
			stats->resets.count, stats->resets.pages, (double)stats->resets.ns / 1e6,
			stats->dirty_source);
	fprintf(file,
		"dropped         writes to ROM %" PRIu64
		", accesses to ports without a device %" PRIu64 "\n",
		stats->rom_writes, stats->unclaimed_ports);
	fprintf(file, "time            guest %.3f ms, out %.3f ms, total %.3f ms\n",
		(double)stats->all.guest_ns / 1e6, (double)stats->all.out_ns / 1e6,
		(double)stats->total_ns / 1e6);
}
