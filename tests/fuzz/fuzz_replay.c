/*
 * Goal: what was found once is never lost again, with any compiler and under valgrind.
 * Method: runs the target of this program on every file of the folders that it is given. A finding
 * ends the program.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>

static void replay_file(const char *path)
{
	struct buffer content = {0};
	FILE *file = fopen(path, "re");
	uint8_t *exact;
	size_t size;

	FUZZ_CHECK(file != NULL);
	do {
		FUZZ_CHECK(buffer_reserve(&content, BUFSIZ) == 0);
		size = fread(content.data + content.size, 1, BUFSIZ, file);
		content.size += size;
	} while (size > 0);
	FUZZ_CHECK(ferror(file) == 0);
	(void)fclose(file);
	/* No spare room behind it: reading too far is to be seen. */
	exact = malloc(content.size + (content.size == 0));
	FUZZ_CHECK(exact != NULL);
	if (content.size > 0)
		memcpy(exact, content.data, content.size);
	(void)LLVMFuzzerTestOneInput(exact, content.size);
	free(exact);
	buffer_deinit(&content);
}

static size_t replay_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);
	size_t files = 0;

	FUZZ_CHECK(count >= 0);
	for (int i = 0; i < count; i++) {
		char *path;

		if (entries[i]->d_name[0] != '.') {
			FUZZ_CHECK(asprintf(&path, "%s/%s", folder, entries[i]->d_name) > 0);
			/* Before the run, so that the last line names the one that failed. */
			printf("%s\n", entries[i]->d_name);
			(void)fflush(stdout);
			replay_file(path);
			free(path);
			files++;
		}
		free(entries[i]);
	}
	free(entries);
	return files;
}

int main(int argc, char **argv)
{
	size_t files = 0;

	for (int i = 1; i < argc; i++)
		files += replay_folder(argv[i]);
	printf("%zu files\n", files);
	return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
