/*
 * How it works: libraries are asked for the version that runs, not the one we were compiled with. Only
 * liburing 2.3 cannot say. The file system of a directory is that of the longest mount point above it;
 * of two at one place, the later one in the list covers the other.
 */
#include "bench/machine.h"

#include "common/clock.h"
#include "common/cpus.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static void read_cpu_model(char *model, size_t size)
{
	char line[512];
	FILE *file = fopen("/proc/cpuinfo", "re");

	snprintf(model, size, "unknown");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *value = strstr(line, ": ");

		if (strncmp(line, "model name", 10) != 0 || value == NULL)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(model, size, "%s", value + 2);
		break;
	}
	(void)fclose(file);
}

static void read_kernel(struct machine *machine)
{
	struct utsname name;

	if (uname(&name) != 0)
		return;
	snprintf(machine->kernel, sizeof(machine->kernel), "%s %s", name.sysname, name.release);
	snprintf(machine->architecture, sizeof(machine->architecture), "%s", name.machine);
}

static void read_pcre2(struct machine *machine)
{
	char version[64] = "unknown"; /* the manual asks for 24 */

	(void)pcre2_config(PCRE2_CONFIG_VERSION, version);
	snprintf(machine->pcre2, sizeof(machine->pcre2), "%.*s", (int)strcspn(version, " "),
		 version);
}

void machine_describe(struct machine *machine_out)
{
	struct machine machine = {.kernel = "unknown", .architecture = "unknown"};
	double load = 0;

	read_cpu_model(machine.cpu_model, sizeof(machine.cpu_model));
	read_kernel(&machine);
	read_pcre2(&machine);
	snprintf(machine.openssl, sizeof(machine.openssl), "%s",
		 OpenSSL_version(OPENSSL_VERSION_STRING));
	snprintf(machine.liburing, sizeof(machine.liburing), "%s", BENCH_LIBURING_VERSION);
	machine.cpus = cpus_allowed();
	machine.cpus_online = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	machine.memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	if (getloadavg(&load, 1) == 1)
		machine.load_average = load;
	*machine_out = machine;
}

uint64_t machine_memory_available(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *file = fopen("/proc/meminfo", "re");

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	}
	(void)fclose(file);
	return (uint64_t)kib * 1024;
}

/*
 * A line of /proc/self/mountinfo: ID PARENT MAJOR:MINOR ROOT MOUNT-POINT OPTIONS [FIELD...] - TYPE
 * DEVICE OPTIONS. Returns how long the mount point is if `path` lies below it, else 0.
 */
static size_t match_mount(char *line, const char *path, struct machine_directory *found)
{
	char mount_point[PATH_MAX];
	const char *rest = strstr(line, " - ");
	size_t size;

	if (rest == NULL || sscanf(line, "%*d %*d %*s %*s %4095s", mount_point) != 1)
		return 0;
	size = strlen(mount_point);
	if (strncmp(path, mount_point, size) != 0)
		return 0;
	if (size > 1 && path[size] != '/' && path[size] != '\0')
		return 0;
	if (sscanf(rest, " - %31s %127s", found->file_system, found->device) != 2)
		return 0;
	return size;
}

void machine_add_directory(struct machine *machine, const char *path)
{
	struct machine_directory *directory = &machine->directories[machine->directory_count];
	char line[PATH_MAX + 512];
	size_t best = 0;
	FILE *file;

	assert(machine->directory_count < MACHINE_DIRECTORIES_MAX);
	machine->directory_count++;
	*directory = (struct machine_directory){.file_system = "unknown", .device = "unknown"};
	if (realpath(path, directory->path) == NULL)
		return;
	file = fopen("/proc/self/mountinfo", "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		struct machine_directory found;
		size_t size = match_mount(line, directory->path, &found);

		if (size < best || size == 0)
			continue;
		best = size;
		memcpy(directory->file_system, found.file_system, sizeof(found.file_system));
		memcpy(directory->device, found.device, sizeof(found.device));
	}
	(void)fclose(file);
}

void machine_print(const struct machine *machine, FILE *file)
{
	fprintf(file, "postseal   %s\n", POSTSEAL_VERSION);
	fprintf(file, "CPU        %s, %u of %u used, %s\n", machine->cpu_model, machine->cpus,
		machine->cpus_online, machine->architecture);
	fprintf(file, "memory     %.1f GiB\n", (double)machine->memory_bytes / (1 << 30));
	fprintf(file, "kernel     %s\n", machine->kernel);
	fprintf(file, "libraries  OpenSSL %s, liburing %s, PCRE2 %s\n", machine->openssl,
		machine->liburing, machine->pcre2);
	for (size_t i = 0; i < machine->directory_count; i++) {
		const struct machine_directory *directory = &machine->directories[i];

		fprintf(file, "directory  %s: %s on %s\n", directory->path, directory->file_system,
			directory->device);
	}
	fprintf(file, "load       %.2f before the run\n", machine->load_average);
}

void machine_warn(const struct machine *machine)
{
	if (machine->load_average > MACHINE_LOAD_QUIET)
		fprintf(stderr,
			"postseal-bench: warning: the load average is %.2f: other work shares the "
			"CPUs, and the figures are worth little\n",
			machine->load_average);
}

void machine_write_json(const struct machine *machine, struct json_stream *json, const char *name)
{
	json_stream_begin(json, name, '{');
	json_stream_string(json, "cpu_model", machine->cpu_model);
	json_stream_string(json, "architecture", machine->architecture);
	json_stream_number(json, "cpus", machine->cpus);
	json_stream_number(json, "cpus_online", machine->cpus_online);
	json_stream_number(json, "memory_bytes", machine->memory_bytes);
	json_stream_string(json, "kernel", machine->kernel);
	json_stream_string(json, "openssl", machine->openssl);
	json_stream_string(json, "liburing", machine->liburing);
	json_stream_string(json, "pcre2", machine->pcre2);
	json_stream_real(json, "load_average", machine->load_average);
	json_stream_bool(json, "is_quiet", machine->load_average <= MACHINE_LOAD_QUIET);
	json_stream_begin(json, "directories", '[');
	for (size_t i = 0; i < machine->directory_count; i++) {
		json_stream_begin(json, NULL, '{');
		json_stream_string(json, "path", machine->directories[i].path);
		json_stream_string(json, "file_system", machine->directories[i].file_system);
		json_stream_string(json, "device", machine->directories[i].device);
		json_stream_end(json, '}');
	}
	json_stream_end(json, ']');
	json_stream_end(json, '}');
}
