/*
 * How it works: an anonymous mapping, because mlock and MADV_DONTDUMP act on whole pages and must
 * not reach memory of others. MADV_WIPEONFORK keeps a copy out of child processes. A page is locked when it
 * is first touched, so what is not used takes no memory. The limit counts it all the same.
 */
#include "signer/keys/secret_memory.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define LOCK_PART_SIZE ((size_t)1 << 20) /* a multiple of the size of a page */

static bool lock(void *data, size_t size)
{
	if (mlock2(data, size, MLOCK_ONFAULT) == 0)
		return true;
	/* Before Linux 4.4 and in valgrind there is no such call, which glibc says in this way. */
	return (errno == EINVAL || errno == ENOSYS) && mlock(data, size) == 0;
}

int secret_memory_map(struct secret_memory *memory, size_t size)
{
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped_size;
	void *data;

	if (size > SIZE_MAX / 2)
		return -ENOMEM;
	mapped_size = size == 0 ? page_size : (size + page_size - 1) / page_size * page_size;
	data = mmap(NULL, mapped_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		return -ENOMEM;
	/* Advice that an old kernel does not know leaves the memory usable. */
	(void)madvise(data, mapped_size, MADV_DONTDUMP);
	(void)madvise(data, mapped_size, MADV_WIPEONFORK);
	*memory = (struct secret_memory){
		.data = data,
		.size = size,
		.mapped_size = mapped_size,
	};
	return 0;
}

static void set_locked_size(struct secret_memory *memory, size_t size)
{
	memory->locked_size = size;
	memory->locked = size == memory->mapped_size;
}

int secret_memory_init(struct secret_memory *memory, size_t size)
{
	int r = secret_memory_map(memory, size);

	if (r == 0 && lock(memory->data, memory->mapped_size))
		set_locked_size(memory, memory->mapped_size);
	return r;
}

/* At the limit, the last part that fit is unlocked again: keys that are read later need some. */
void secret_memory_lock(struct secret_memory *memory)
{
	size_t done = 0;

	while (done < memory->mapped_size) {
		size_t rest = memory->mapped_size - done;
		size_t part = rest < LOCK_PART_SIZE ? rest : LOCK_PART_SIZE;

		if (!lock(memory->data + done, part))
			break;
		done += part;
	}
	if (done > 0 && done < memory->mapped_size) {
		done -= LOCK_PART_SIZE;
		(void)munlock(memory->data + done, LOCK_PART_SIZE);
	}
	set_locked_size(memory, done);
}

#define PAGES_AT_ONCE 1024

/* Wipes some pages but those that are not in memory: most were never touched, and wiping would take memory for them.
 * What is in swap, because it could not be locked, is out of reach: wiping fetches it, and leaves the disk as it is. */
static void wipe_pages(uint8_t *data, size_t count, size_t page_size)
{
	unsigned char residence[PAGES_AT_ONCE];
	bool knows = mincore(data, count * page_size, residence) == 0;

	for (size_t i = 0; i < count; i++) {
		if (!knows || (residence[i] & 1) != 0)
			explicit_bzero(data + i * page_size, page_size);
	}
}

static void wipe(const struct secret_memory *memory)
{
	const size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	const size_t pages = memory->mapped_size / page_size;

	for (size_t at = 0; at < pages; at += PAGES_AT_ONCE) {
		size_t rest = pages - at;

		wipe_pages(memory->data + at * page_size,
			   rest < PAGES_AT_ONCE ? rest : PAGES_AT_ONCE, page_size);
	}
}

void secret_memory_deinit(struct secret_memory *memory)
{
	if (memory->data != NULL) {
		wipe(memory);
		(void)munmap(memory->data, memory->mapped_size);
	}
	*memory = (struct secret_memory){0};
}
