#include "signer/spool/input_file.h"

struct unit_identity unit_identity_of(const struct statx *status)
{
	return (struct unit_identity){
		.inode = status->stx_ino,
		.size = status->stx_size,
		.mtime_s = status->stx_mtime.tv_sec,
		.mtime_ns = status->stx_mtime.tv_nsec,
	};
}

bool unit_identity_equal(const struct unit_identity *a, const struct unit_identity *b)
{
	return a->inode == b->inode && a->size == b->size && a->mtime_s == b->mtime_s &&
	       a->mtime_ns == b->mtime_ns;
}

struct input_file input_file_of(const struct statx *status)
{
	return (struct input_file){
		.identity = unit_identity_of(status),
		.owner = status->stx_uid,
		.group = status->stx_gid,
		.mode = status->stx_mode,
	};
}
