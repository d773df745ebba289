/*
 * fuzz_folder - a folder of our own, for targets whose subject reads files by name.
 *
 * Is:       the working directory of the target from the first use on, empty at first, and removed
 *           when the program ends well. A run that ends with a finding leaves it behind.
 */
#ifndef TESTS_FUZZ_FUZZ_FOLDER_H
#define TESTS_FUZZ_FUZZ_FOLDER_H

#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char fuzz_folder[64];

/* Each run writes the same few names again, so those are all there is to remove. */
static const char *fuzz_folder_names[8];

static inline void fuzz_folder_remove(void)
{
	for (size_t i = 0; i < ARRAY_COUNT(fuzz_folder_names); i++) {
		if (fuzz_folder_names[i] != NULL)
			(void)unlink(fuzz_folder_names[i]);
	}
	(void)rmdir(fuzz_folder);
}

/* Goes into the folder, once. Called at the start of a run. */
static inline void fuzz_folder_enter(void)
{
	struct stat status;
	const char *parent = stat("/dev/shm", &status) == 0 ? "/dev/shm" : "/tmp";

	if (fuzz_folder[0] != '\0')
		return;
	(void)snprintf(fuzz_folder, sizeof(fuzz_folder), "%s/postseal-fuzz-XXXXXX", parent);
	FUZZ_CHECK(mkdtemp(fuzz_folder) != NULL);
	FUZZ_CHECK(chdir(fuzz_folder) == 0);
	FUZZ_CHECK(atexit(fuzz_folder_remove) == 0);
}

/* `name` is a literal. */
static inline void fuzz_folder_write(const char *name, struct bytes content)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(write(fd, content.data, content.size) == (ssize_t)content.size);
	FUZZ_CHECK(close(fd) == 0);
	for (size_t i = 0; i < ARRAY_COUNT(fuzz_folder_names); i++) {
		if (fuzz_folder_names[i] == name)
			return;
		if (fuzz_folder_names[i] == NULL) {
			fuzz_folder_names[i] = name;
			return;
		}
	}
	FUZZ_CHECK(!"more files than are remembered");
}

#endif
