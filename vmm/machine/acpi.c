// SPDX-License-Identifier: MPL-2.0
/*
 * The ACPI tables. Source: ACPI Specification 6.4, section 5.2; section numbers are its own. Each
 * table begins at a multiple of 64, which is more than any asks for.
 */
#include <stddef.h>
#include <string.h>

#include "vmm/device/acpi_pm.h"
#include "vmm/device/fw_cfg.h"
#include "vmm/device/pvpanic.h"
#include "vmm/device/reset.h"
#include "vmm/device/rtc.h"
#include "vmm/device/serial.h"
#include "vmm/machine/aml.h"
#include "vmm/machine/firmware.h"

#define ALIGN      64u
#define DSDT_BYTES 4096u

#define GSI_SERIAL 4
#define GSI_SCI    9

/* 5.2.5.3: the root pointer. */
struct rsdp {
	char signature[8];
	uint8_t checksum;
	char maker[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t whole_checksum;
	uint8_t reserved[3];
} __attribute__((packed));

#define RSDP_FIRST_BYTES 20 /* that the first checksum covers */

/* 5.2.6: what most tables begin with. */
struct head {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char maker[6];
	char maker_table[8];
	uint32_t maker_revision;
	char creator[4];
	uint32_t creator_revision;
} __attribute__((packed));

/* 5.2.3.2: the address of a register. */
struct address {
	uint8_t space, bits, offset, access;
	uint64_t address;
} __attribute__((packed));

#define SPACE_PORTS 1

/* 5.2.9: the fixed description. */
struct fadt {
	struct head head;
	uint32_t facs, dsdt;
	uint8_t reserved0, profile;
	uint16_t sci;
	uint32_t smi_command;
	uint8_t acpi_enable, acpi_disable, s4bios, pstate;
	uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer;
	uint32_t gpe0, gpe1;
	uint8_t pm1_event_bytes, pm1_control_bytes, pm2_control_bytes, pm_timer_bytes;
	uint8_t gpe0_bytes, gpe1_bytes, gpe1_base, c_states;
	uint16_t c2_latency, c3_latency, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t boot_flags;
	uint8_t reserved1;
	uint32_t flags;
	struct address reset;
	uint8_t reset_value;
	uint16_t arm_boot_flags;
	uint8_t minor_revision;
	uint64_t x_facs, x_dsdt;
	struct address x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control;
	struct address x_pm2_control, x_pm_timer, x_gpe0, x_gpe1;
	struct address sleep_control, sleep_status;
	uint64_t hypervisor;
} __attribute__((packed));

#define FADT_REVISION 6
#define FADT_MINOR    4

/* Table 5.10: flags. */
#define FADT_WBINVD   (1u << 0)
#define FADT_C1       (1u << 2)
#define FADT_NO_POWER (1u << 4) /* buttons are not fixed ones, so: none */
#define FADT_NO_SLEEP (1u << 5)
#define FADT_RESET    (1u << 10)

/* Table 5.11: boot flags. */
#define BOOT_LEGACY_DEVICES (1u << 0)
#define BOOT_NO_VGA         (1u << 2)
#define BOOT_NO_MSI         (1u << 3)
#define BOOT_NO_ASPM        (1u << 4)

#define NO_C2 101 /* us of latency: more than 100 says that there is none */
#define NO_C3 1001

/* 5.2.10: what firmware and system would share. */
struct facs {
	char signature[4];
	uint32_t length;
	uint32_t hardware, waking, lock, flags;
	uint64_t x_waking;
	uint8_t version, reserved[31];
} __attribute__((packed));

/* 5.2.12: the interrupt controllers. */
struct madt {
	struct head head;
	uint32_t local_apic;
	uint32_t flags;
} __attribute__((packed));

#define MADT_REVISION 5
#define MADT_PICS     1 /* flags: two PICs are there, too */

struct madt_cpu {
	uint8_t type, length, uid, apic;
	uint32_t flags;
} __attribute__((packed));

struct madt_io_apic {
	uint8_t type, length, id, reserved;
	uint32_t address, gsi_base;
} __attribute__((packed));

struct madt_override {
	uint8_t type, length, bus, source;
	uint32_t gsi;
	uint16_t flags;
} __attribute__((packed));

struct madt_nmi {
	uint8_t type, length, uid;
	uint16_t flags;
	uint8_t input;
} __attribute__((packed));

enum { MADT_CPU, MADT_IO_APIC, MADT_OVERRIDE, MADT_NMI = 4 };

#define CPU_ENABLED     1
#define ACTIVE_HIGH     0x1
#define LEVEL_TRIGGERED 0xc
#define ALL_CPUS        0xff

_Static_assert(sizeof(struct rsdp) == 36 && sizeof(struct head) == 36, "5.2.5.3, 5.2.6");
_Static_assert(sizeof(struct fadt) == 276 && sizeof(struct facs) == 64, "5.2.9, 5.2.10");
_Static_assert(sizeof(struct madt) == 44 && sizeof(struct madt_nmi) == 6, "5.2.12");

struct tables {
	unsigned char *area;
	unsigned used, room;
	uint32_t base;
};

/* A place of `bytes` bytes, all 0; NULL for no room. */
static void *take(struct tables *tables, unsigned bytes, uint32_t *gpa)
{
	unsigned at = (tables->used + ALIGN - 1) & ~(ALIGN - 1);

	if (at > tables->room || bytes > tables->room - at)
		return NULL;
	tables->used = at + bytes;
	*gpa = tables->base + at;
	return memset(tables->area + at, 0, bytes);
}

/* Fills in the head of a table that is otherwise complete. */
static void finish(void *table, const char *signature, unsigned length, uint8_t revision)
{
	struct head *head = table;

	memcpy(head->signature, signature, sizeof(head->signature));
	head->length = length;
	head->revision = revision;
	memcpy(head->maker, "MEZZ  ", sizeof(head->maker));
	memcpy(head->maker_table, "MEZZ    ", sizeof(head->maker_table));
	head->maker_revision = 1;
	memcpy(head->creator, "MEZZ", sizeof(head->creator));
	head->creator_revision = 1;
	mz_checksum_(table, length, offsetof(struct head, checksum));
}

static struct address port(uint16_t base, uint8_t bytes)
{
	/* Access sizes: 1 for a byte, 2 for two, 3 for four. */
	return (struct address) {SPACE_PORTS, (uint8_t)(8 * bytes), 0,
				 (uint8_t)(bytes == 4 ? 3 : bytes), base};
}

static void device_of_ports(struct mz_aml *aml, const char *name, const char *id, uint16_t base,
			    uint8_t count)
{
	size_t device = mz_aml_device(aml, name), resources;

	mz_aml_name_text(aml, "_HID", id);
	mz_aml_name_number(aml, "_STA", 0x0b); /* there, enabled, working, not for people to see */
	resources = mz_aml_resources(aml);
	mz_aml_ports(aml, base, count);
	mz_aml_resources_end(aml, resources);
	mz_aml_end(aml, device);
}

static void serial_device(struct mz_aml *aml)
{
	size_t device = mz_aml_device(aml, "COM1"), resources;

	mz_aml_eisa_id(aml, "PNP0501");
	mz_aml_name_number(aml, "_UID", 1);
	resources = mz_aml_resources(aml);
	mz_aml_ports(aml, MZ_SERIAL_BASE, MZ_SERIAL_PORTS);
	mz_aml_interrupt(aml, GSI_SERIAL);
	mz_aml_resources_end(aml, resources);
	mz_aml_end(aml, device);
}

static void clock_device(struct mz_aml *aml)
{
	size_t device = mz_aml_device(aml, "RTC_"), resources;

	mz_aml_eisa_id(aml, "PNP0B00");
	resources = mz_aml_resources(aml);
	mz_aml_ports(aml, MZ_RTC_BASE, 2);
	mz_aml_resources_end(aml, resources);
	mz_aml_end(aml, device);
}

static void virtio_device(struct mz_aml *aml, unsigned number,
			  const struct mz_firmware_window *window)
{
	const char name[] = {'V', 'R', (char)('0' + number / 10), (char)('0' + number % 10), 0};
	size_t device = mz_aml_device(aml, name), resources;

	mz_aml_name_text(aml, "_HID", "LNRO0005");
	mz_aml_name_number(aml, "_UID", number);
	mz_aml_name_number(aml, "_CCA", 1);
	resources = mz_aml_resources(aml);
	mz_aml_memory(aml, window->base, window->bytes);
	mz_aml_interrupt(aml, window->gsi);
	mz_aml_resources_end(aml, resources);
	mz_aml_end(aml, device);
}

static void describe_devices(struct mz_aml *aml, const struct mz_firmware *firmware)
{
	static const uint32_t soft_off[] = {MZ_ACPI_SLEEP_OFF, 0, 0, 0};
	size_t bus;

	mz_aml_name_package(aml, "_S5_", soft_off, 4);
	bus = mz_aml_scope(aml, "\\_SB_");
	serial_device(aml);
	clock_device(aml);
	device_of_ports(aml, "FWCF", "QEMU0002", MZ_FW_CFG_BASE, MZ_FW_CFG_BYTES);
	device_of_ports(aml, "PEVT", "QEMU0001", MZ_PVPANIC_PORT, 1);
	for (unsigned i = 0; i < firmware->window_count; i++)
		virtio_device(aml, i, &firmware->windows[i]);
	mz_aml_end(aml, bus);
}

/* 5.2.11.1 */
static bool put_dsdt(struct tables *tables, const struct mz_firmware *firmware, uint32_t *gpa)
{
	unsigned char *dsdt = take(tables, DSDT_BYTES, gpa);
	struct mz_aml aml = {.used = sizeof(struct head), .room = DSDT_BYTES};

	if (!dsdt)
		return false;
	aml.bytes = dsdt;
	describe_devices(&aml, firmware);
	finish(dsdt, "DSDT", (unsigned)aml.used, 2);
	return !aml.overflow;
}

static bool put_facs(struct tables *tables, uint32_t *gpa)
{
	struct facs *facs = take(tables, sizeof(*facs), gpa);

	if (!facs)
		return false;
	memcpy(facs->signature, "FACS", sizeof(facs->signature));
	facs->length = sizeof(*facs);
	facs->version = 2;
	return true;
}

static bool put_fadt(struct tables *tables, uint32_t facs, uint32_t dsdt, uint32_t *gpa)
{
	struct fadt *fadt = take(tables, sizeof(*fadt), gpa);

	if (!fadt)
		return false;
	*fadt = (struct fadt) {
		.facs = facs,
		.dsdt = dsdt,
		.sci = GSI_SCI,
		.pm1a_event = MZ_ACPI_PM_EVENT,
		.pm1a_control = MZ_ACPI_PM_CONTROL,
		.pm_timer = MZ_ACPI_PM_TIMER,
		.pm1_event_bytes = 4,
		.pm1_control_bytes = 2,
		.pm_timer_bytes = 4,
		.c2_latency = NO_C2,
		.c3_latency = NO_C3,
		.century = MZ_RTC_CENTURY,
		.boot_flags = BOOT_LEGACY_DEVICES | BOOT_NO_VGA | BOOT_NO_MSI | BOOT_NO_ASPM,
		.flags = FADT_WBINVD | FADT_C1 | FADT_NO_POWER | FADT_NO_SLEEP | FADT_RESET,
		.reset = port(MZ_RESET_CONTROL, 1),
		.reset_value = MZ_RESET_VALUE,
		.minor_revision = FADT_MINOR,
		.x_dsdt = dsdt,
		.x_pm1a_event = port(MZ_ACPI_PM_EVENT, 4),
		.x_pm1a_control = port(MZ_ACPI_PM_CONTROL, 2),
		.x_pm_timer = port(MZ_ACPI_PM_TIMER, 4),
	};
	finish(fadt, "FACP", sizeof(*fadt), FADT_REVISION);
	return true;
}

static void *append(void *to, const void *entry, size_t bytes)
{
	memcpy(to, entry, bytes);
	return (unsigned char *)to + bytes;
}

static bool put_madt(struct tables *tables, unsigned cpus, uint32_t *gpa)
{
	const struct madt_io_apic io_apic = {
		MADT_IO_APIC, sizeof(io_apic), (uint8_t)cpus, 0, MZ_IO_APIC_BASE, 0};
	const struct madt_override sci = {
		MADT_OVERRIDE, sizeof(sci), 0, GSI_SCI, GSI_SCI, ACTIVE_HIGH | LEVEL_TRIGGERED};
	const struct madt_nmi nmi = {MADT_NMI, sizeof(nmi), ALL_CPUS, 0, 1};
	unsigned length = (unsigned)(sizeof(struct madt) + cpus * sizeof(struct madt_cpu) +
				     sizeof(io_apic) + sizeof(sci) + sizeof(nmi));
	struct madt *madt = take(tables, length, gpa);
	void *next = madt + 1;

	if (!madt)
		return false;
	madt->local_apic = MZ_LOCAL_APIC_BASE;
	madt->flags = MADT_PICS;
	for (unsigned i = 0; i < cpus; i++) {
		const struct madt_cpu cpu = {MADT_CPU, sizeof(cpu), (uint8_t)i, (uint8_t)i,
					     CPU_ENABLED};

		next = append(next, &cpu, sizeof(cpu));
	}
	next = append(next, &io_apic, sizeof(io_apic));
	next = append(next, &sci, sizeof(sci));
	append(next, &nmi, sizeof(nmi));
	finish(madt, "APIC", length, MADT_REVISION);
	return true;
}

/* 5.2.7, 5.2.8: the lists of tables differ in the size of their addresses. */
static bool put_list(struct tables *tables, const char *signature, unsigned address_bytes,
		     const uint32_t *addresses, unsigned count, uint32_t *gpa)
{
	unsigned length = (unsigned)sizeof(struct head) + address_bytes * count;
	unsigned char *list = take(tables, length, gpa);

	if (!list)
		return false;
	for (unsigned i = 0; i < count; i++)
		memcpy(list + sizeof(struct head) + (size_t)i * address_bytes, &addresses[i],
		       sizeof(addresses[i]));
	finish(list, signature, length, 1);
	return true;
}

static void fill_rsdp(struct rsdp *rsdp, uint32_t rsdt, uint32_t xsdt)
{
	*rsdp = (struct rsdp) {.revision = 2, .rsdt = rsdt, .length = sizeof(*rsdp), .xsdt = xsdt};
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->maker, "MEZZ  ", sizeof(rsdp->maker));
	mz_checksum_((unsigned char *)rsdp, RSDP_FIRST_BYTES, offsetof(struct rsdp, checksum));
	mz_checksum_((unsigned char *)rsdp, sizeof(*rsdp), offsetof(struct rsdp, whole_checksum));
}

unsigned mz_acpi_write_(unsigned char *area, unsigned room, uint32_t base,
			const struct mz_firmware *firmware)
{
	struct tables tables = {.area = area, .room = room, .base = base};
	uint32_t rsdp_gpa, facs, dsdt, listed[2], rsdt, xsdt;
	struct rsdp *rsdp = take(&tables, sizeof(*rsdp), &rsdp_gpa);

	if (!rsdp || !put_dsdt(&tables, firmware, &dsdt) || !put_facs(&tables, &facs) ||
	    !put_fadt(&tables, facs, dsdt, &listed[0]) ||
	    !put_madt(&tables, firmware->cpus, &listed[1]) ||
	    !put_list(&tables, "RSDT", 4, listed, 2, &rsdt) ||
	    !put_list(&tables, "XSDT", 8, listed, 2, &xsdt))
		return 0;
	fill_rsdp(rsdp, rsdt, xsdt);
	return tables.used;
}
