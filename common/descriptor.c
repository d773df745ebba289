#include "common/descriptor.h"

#include <errno.h>
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
