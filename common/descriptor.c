#include "common/descriptor.h"

#include <errno.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

int descriptor_write(int fd, struct bytes bytes)
{
	while (bytes.size > 0) {
		ssize_t size = write(fd, bytes.data, bytes.size);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return size < 0 ? -errno : -EIO; /* 0 would be forever */
		bytes = bytes_skip(bytes, (size_t)size);
	}
	return 0;
}

unsigned descriptor_room(unsigned reserved, unsigned each, unsigned least)
{
	struct rlimit limit;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return least;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* always allowed */
	}
	if (limit.rlim_cur < reserved)
		return least;
	room = (limit.rlim_cur - reserved) / each;
	if (room < least)
		return least;
	return room < UINT_MAX ? (unsigned)room : UINT_MAX;
}
