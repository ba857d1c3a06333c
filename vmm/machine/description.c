// SPDX-License-Identifier: MPL-2.0
/* What kind of machine a configuration makes, as bytes. */
#include "vmm/machine/description.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096u

void mz_description_of(struct mz_description *description, const struct mz_vm_config *config)
{
	*description = (struct mz_description) {.config = *config};
	for (unsigned i = 0; i < config->file_count; i++)
		description->files[i] = config->files[i];
	for (unsigned i = 0; i < config->virtio_count; i++)
		description->virtio[i] = config->virtio[i];
	description->config.files = description->files;
	description->config.virtio = description->virtio;
}

void mz_description_free(struct mz_description *description)
{
	while (description->text_count)
		free(description->texts[--description->text_count]);
}

static void load_text(struct mz_description *description, struct mz_state *state, uint32_t bytes,
		      const char **text)
{
	char *loaded = calloc(1, (size_t)bytes + 1);

	if (!loaded) {
		mz_state_fail(state, MZ_STATUS_HOST_FAILED, "no memory");
		return;
	}
	description->texts[description->text_count++] = loaded;
	mz_state_bytes(state, loaded, bytes);
	*text = loaded;
}

/* A text, or NULL, as its length and its bytes. */
static void text_state(struct mz_description *description, struct mz_state *state,
		       const char **text)
{
	bool there = *text != NULL;
	uint32_t bytes = there ? (uint32_t)strlen(*text) : 0;

	mz_state_bool(state, &there);
	mz_state_u32(state, &bytes);
	if (!mz_state_check(state, bytes < TEXT_MAX, "a name that is too long") || !there)
		return;
	if (state->loading)
		load_text(description, state, bytes, text);
	else
		mz_state_bytes(state, (char *)*text, bytes);
}

/* The name of a file: absolute, for who loads it may be elsewhere. */
static void path_state(struct mz_description *description, struct mz_state *state,
		       const char **path)
{
	char *absolute = !state->loading && *path ? realpath(*path, NULL) : NULL;
	const char *saved = absolute ? absolute : *path;

	text_state(description, state, &saved);
	if (state->loading)
		*path = saved;
	free(absolute);
}

static void forward_state(struct mz_forward *forward, struct mz_state *state)
{
	mz_state_bool(state, &forward->udp);
	mz_state_u32(state, &forward->host_address);
	mz_state_u32(state, &forward->guest_address);
	mz_state_u16(state, &forward->host_port);
	mz_state_u16(state, &forward->guest_port);
}

static void net_state(struct mz_description *description, struct mz_net_config *net,
		      struct mz_state *state)
{
	uint32_t count = net->forward_count;

	text_state(description, state, &net->tap);
	mz_state_u32(state, &count);
	if (!mz_state_check(state, count <= MZ_FORWARDS_MAX, "more forwards than there can be"))
		return;
	net->forward_count = count;
	for (uint32_t i = 0; i < count; i++)
		forward_state(&net->forwards[i], state);
}

static void device_state(struct mz_description *description, struct mz_virtio_request *request,
			 struct mz_state *state)
{
	uint32_t kind = (uint32_t)request->kind;

	mz_state_u32(state, &kind);
	if (!mz_state_check(state, kind <= MZ_VIRTIO_NET_TAP, "a device that there is not"))
		return;
	request->kind = (enum mz_virtio_kind)kind;
	path_state(description, state, &request->disk.path);
	mz_state_bool(state, &request->disk.read_only);
	mz_state_u64(state, &request->balloon_bytes);
	net_state(description, &request->net, state);
	mz_state_check(state, request->kind != MZ_VIRTIO_DISK || request->disk.path,
		       "a disk without a file");
	mz_state_check(state, request->kind != MZ_VIRTIO_NET_TAP || request->net.tap,
		       "a tap without a name");
}

static void devices_state(struct mz_description *description, struct mz_state *state)
{
	uint32_t count = description->config.virtio_count;

	mz_state_u32(state, &count);
	if (!mz_state_check(state, count <= MZ_VIRTIO_DEVICES, "more devices than there can be"))
		return;
	description->config.virtio = description->virtio;
	description->config.virtio_count = count;
	for (uint32_t i = 0; i < count && !state->failed; i++)
		device_state(description, &description->virtio[i], state);
}

static void files_state(struct mz_description *description, struct mz_state *state)
{
	uint32_t count = description->config.file_count;

	mz_state_u32(state, &count);
	if (!mz_state_check(state, count <= MZ_VM_FILES_MAX, "more files than there can be"))
		return;
	description->config.files = description->files;
	description->config.file_count = count;
	for (uint32_t i = 0; i < count && !state->failed; i++) {
		text_state(description, state, &description->files[i].name);
		path_state(description, state, &description->files[i].path);
		mz_state_check(state, description->files[i].name && description->files[i].path,
			       "a file without a name");
	}
}

void mz_description_state(struct mz_description *description, struct mz_state *state)
{
	struct mz_vm_config *config = &description->config;
	uint32_t cpus = config->cpus;

	mz_state_part(state, "description", 1);
	mz_state_u64(state, &config->memory_bytes);
	mz_state_u32(state, &cpus);
	config->cpus = cpus;
	mz_state_check(state, config->memory_bytes != 0 && config->memory_bytes % MZ_RAM_PAGE == 0,
		       "no memory, or a part of a page");
	mz_state_check(state, cpus <= MZ_VM_CPUS_MAX, "more processors than there can be");
	files_state(description, state);
	devices_state(description, state);
}

void mz_description_save(const struct mz_vm_config *config, struct mz_state *state)
{
	struct mz_description *description = malloc(sizeof(*description));

	if (!description) {
		mz_state_fail(state, MZ_STATUS_HOST_FAILED, "no memory");
		return;
	}
	mz_description_of(description, config);
	mz_description_state(description, state);
	free(description);
}
