/*
 * How it works: an anonymous mapping, because mlock and MADV_DONTDUMP act on whole pages and must
 * not reach memory of others. MADV_WIPEONFORK keeps a copy out of child processes. A page is locked when it
 * is first touched, so what is not used takes no memory.
 */
#include "signer/keys/secret_memory.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

int secret_memory_init(struct secret_memory *memory, size_t size)
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
		.locked = mlock2(data, mapped_size, MLOCK_ONFAULT) == 0,
		.mapped_size = mapped_size,
	};
	return 0;
}

void secret_memory_deinit(struct secret_memory *memory)
{
	if (memory->data != NULL) {
		explicit_bzero(memory->data, memory->mapped_size);
		(void)munmap(memory->data, memory->mapped_size);
	}
	*memory = (struct secret_memory){0};
}
