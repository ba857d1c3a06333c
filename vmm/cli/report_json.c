// SPDX-License-Identifier: MPL-2.0
/* A run's numbers as JSON for programs. The names are part of the interface; see mezz(1). */
#include <jansson.h>

#include "core/geometry.h"
#include "vmm/cli/report.h"
#include "vmm/base/text.h"

static void put(json_t *object, const char *name, uint64_t number)
{
	json_object_set_new(object, name, json_integer((json_int_t)number));
}

/* {"4K": n, "2M": n, ...} for the levels that can have leaves. */
static json_t *by_leaf(const struct mz_format *format, const uint64_t *by_level)
{
	json_t *object = json_object();

	for (unsigned level = 1; level <= format->levels; level++)
		if (mz_leaf_allowed(format->leaf_levels, level))
			put(object, mz_size_text(mz_span(format, level)).text, by_level[level]);
	return object;
}

/* What faults have done to the table, and what was copied. */
static json_t *changes_json(const struct mz_vm_stats *stats)
{
	json_t *object = json_object();

	json_object_set_new(object, "mapped", by_leaf(stats->format, stats->space.mapped));
	json_object_set_new(object, "made_writable", by_leaf(stats->format, stats->space.written));
	json_object_set_new(object, "split", by_leaf(stats->format, stats->space.split));
	json_object_set_new(object, "collapsed", by_leaf(stats->format, stats->space.collapsed));
	put(object, "copied", stats->space.copied);
	return object;
}

static json_t *huge_json(const struct mz_vm_stats *stats)
{
	json_t *object = json_object();

	json_object_set_new(object, "pages", json_string(stats->huge));
	put(object, "mapped_bytes", stats->huge_bytes);
	return object;
}

static json_t *accesses_json(const struct mz_vm_stats *stats, unsigned source)
{
	static const char *const names[] = {"read", "write"};
	json_t *object = json_object();

	for (unsigned kind = 0; kind < MZ_ACCESS_KINDS; kind++) {
		const uint64_t *by = stats->faults.by[source][kind];
		json_t *leaves = by_leaf(stats->format, by);

		put(leaves, "none", by[0]);
		json_object_set_new(object, names[kind], leaves);
	}
	return object;
}

static json_t *faults_json(const struct mz_vm_stats *stats)
{
	json_t *object = json_object();

	for (unsigned source = 0; source < MZ_FAULT_SOURCES; source++)
		json_object_set_new(object, mz_fault_source_text((enum mz_fault_source)source),
				    accesses_json(stats, source));
	return object;
}

static json_t *answers_json(const struct mz_vm_stats *stats)
{
	static const char *const answers[] = {"resolved", "retry", "mmio", "denied", "exhausted"};
	json_t *object = json_object();

	for (unsigned answer = 0; answer < MZ_ANSWERS; answer++)
		put(object, answers[answer], stats->space.answers[answer]);
	return object;
}

static json_t *denials_json(const struct mz_vm_stats *stats)
{
	static const char *const causes[] = {"none",       "no_region", "read_only",
					     "permission", "lent",      "unknown"};
	json_t *object = json_object();

	for (unsigned cause = 1; cause < MZ_DENIALS; cause++)
		put(object, causes[cause], stats->space.denials[cause]);
	return object;
}

static json_t *table_json(const struct mz_vm_stats *stats)
{
	json_t *object = json_object();
	json_t *nodes = json_object();
	uint64_t count = 0;

	for (unsigned level = 1; level <= stats->format->levels; level++) {
		char name[4];

		snprintf(name, sizeof(name), "%u", level);
		put(nodes, name, stats->usage.node_count[level]);
		count += stats->usage.node_count[level];
	}
	json_object_set_new(object, "format", json_string(stats->format->name));
	json_object_set_new(object, "leaves", by_leaf(stats->format, stats->usage.leaf_count));
	put(object, "mapped_bytes", stats->usage.mapped_bytes);
	json_object_set_new(object, "nodes_by_level", nodes);
	put(object, "nodes", count);
	put(object, "node_bytes", stats->usage.node_bytes);
	return object;
}

static json_t *exits_json(const struct mz_vcpu_stats *vcpu)
{
	json_t *object = json_object();

	for (uint32_t reason = 0; reason <= MZ_KVM_EXIT_MAX; reason++) {
		const char *name = mz_kvm_exit_text(reason);
		char number[16];

		if (vcpu->exits[reason] == 0)
			continue;
		snprintf(number, sizeof(number), "%u", reason);
		put(object, name ? name : number, vcpu->exits[reason]);
	}
	return object;
}

static json_t *vcpus_json(const struct mz_vm_stats *stats)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < stats->vcpu_count; i++) {
		json_t *object = json_object();

		json_object_set_new(object, "exits", exits_json(&stats->vcpus[i]));
		put(object, "guest_ns", stats->vcpus[i].guest_ns);
		put(object, "out_ns", stats->vcpus[i].out_ns);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *devices_json(const struct mz_vm_stats *stats)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < stats->device_count; i++) {
		const struct mz_device_stats *device = &stats->devices[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", json_string(device->name));
		json_object_set_new(object, "bus", json_string(device->bus));
		put(object, "base", device->base);
		put(object, "reads", device->reads);
		put(object, "writes", device->writes);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *virtio_json(const struct mz_vm_stats *stats)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < stats->virtio_count; i++) {
		const struct mz_virtio_stats *device = &stats->virtio[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", json_string(device->name));
		put(object, "chains", device->counts.chains);
		put(object, "interrupts", device->counts.interrupts);
		put(object, "wakes", device->counts.wakes);
		put(object, "breaks", device->counts.breaks);
		if (device->broken)
			json_object_set_new(object, "broken", json_string(device->broken));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *resets_json(const struct mz_vm_stats *stats)
{
	json_t *object = json_object();

	put(object, "count", stats->resets.count);
	put(object, "pages", stats->resets.pages);
	put(object, "ns", stats->resets.ns);
	json_object_set_new(object, "dirty_source", json_string(stats->dirty_source));
	return object;
}

json_t *mz_report_object(const struct mz_vm_stats *stats)
{
	json_t *root = json_object();
	json_t *time = json_object();

	put(time, "guest_ns", stats->all.guest_ns);
	put(time, "out_ns", stats->all.out_ns);
	put(time, "total_ns", stats->total_ns);
	json_object_set_new(root, "backend", json_string(stats->backend));
	json_object_set_new(root, "huge", huge_json(stats));
	json_object_set_new(root, "faults", faults_json(stats));
	json_object_set_new(root, "answers", answers_json(stats));
	json_object_set_new(root, "denials", denials_json(stats));
	json_object_set_new(root, "table", table_json(stats));
	json_object_set_new(root, "changes", changes_json(stats));
	json_object_set_new(root, "exits", exits_json(&stats->all));
	json_object_set_new(root, "vcpus", vcpus_json(stats));
	json_object_set_new(root, "devices", devices_json(stats));
	json_object_set_new(root, "virtio", virtio_json(stats));
	if (stats->dirty_source)
		json_object_set_new(root, "resets", resets_json(stats));
	put(root, "rom_writes", stats->rom_writes);
	put(root, "unclaimed_ports", stats->unclaimed_ports);
	json_object_set_new(root, "time", time);
	return root;
}

void mz_report_json(FILE *file, const struct mz_vm_stats *stats)
{
	json_t *root = mz_report_object(stats);

	json_dumpf(root, file, JSON_COMPACT);
	fputc('\n', file);
	json_decref(root);
}
