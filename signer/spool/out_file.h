/*
 * out_file - one file being written in tmp/, through the ring.
 *
 * Is:       bytes appended at the end, bytes put in and put over further back, and what is known to
 *           be final written out, one system call for a small file.
 * Is not:   durable when it is closed (the batch flushes), or in its place (the batch renames it).
 * Use:      init; append...; advance(file, how far the bytes are final) whenever that moved; finish();
 *           `moved` is called after each operation, also the one that closes it.
 * Positions are offsets in the finished file. What is before out_file_base() is on disk or on its way.
 * Errors:   -ENOMEM from the calls that take bytes; what the file system says through out_file_error(),
 *           after which nothing more is written.
 * Owns:     the descriptor, and the buffers between the first append and reset(). The name in tmp/ is
 *           the owner's to rename or remove.
 * Threads:  the ring's.
 */
#ifndef SIGNER_SPOOL_OUT_FILE_H
#define SIGNER_SPOOL_OUT_FILE_H

#include "common/buffer.h"
#include "common/ring.h"

/* How much is gathered before it is written, where the file goes on. */
#define OUT_FILE_WINDOW ((size_t)256 * 1024)

#define OUT_FILE_NAME_SIZE 24

struct out_file_rights {
	mode_t mode;
	uid_t owner;	 /* (uid_t)-1: leave */
	gid_t group;	 /* (gid_t)-1: leave */
	bool must_owner; /* it is an error if this process may not give files away */
	bool must_group;
};

struct out_patch;

/* Private: shown so that owners embed it. */
struct out_file {
	enum out_file_state {
		OUT_FILE_UNUSED,  /* nothing was appended */
		OUT_FILE_PENDING, /* appended to, not created yet */
		OUT_FILE_CREATING,
		OUT_FILE_OPEN, /* created, nothing under way */
		OUT_FILE_WRITING,
		OUT_FILE_PATCHING,
		OUT_FILE_TRUNCATING,
		OUT_FILE_OWNING,
		OUT_FILE_CLOSING,
		OUT_FILE_CLOSED,
	} state;
	struct ring_op op;
	struct ring *ring;
	void (*moved)(struct out_file *file);
	int tmp_fd;
	int fd;
	int error;    /* 0, or -errno of the first operation that failed */
	bool created; /* the name is in tmp/ */
	bool finishing;
	bool owned; /* owner and group are set, or need not be */
	struct out_file_rights rights;
	uint64_t number;
	char name[OUT_FILE_NAME_SIZE]; /* once it is to be created */
	uint64_t base;		       /* position of tail.data[0] */
	struct buffer tail;	       /* not yet on its way to disk */
	struct buffer writing;
	size_t written;		   /* bytes of `writing` on disk */
	uint64_t writing_at;	   /* position of writing.data[0] */
	uint64_t disk_end;	   /* the file on disk is this long */
	struct out_patch *patches; /* the first may be on its way to disk */
	struct out_patch *last_patch;
};

/* `number` makes the name in tmp/; it is used once in the life of a spool's owner. */
void out_file_init(struct out_file *file, struct ring *ring, int tmp_fd, uint64_t number,
		   void (*moved)(struct out_file *file));

/* The ring is gone, and what was under way with it. */
void out_file_lost_ring(struct out_file *file);

/* Gives memory back, and closes the descriptor if it is still open. Not while busy. */
void out_file_deinit(struct out_file *file);

void out_file_set_rights(struct out_file *file, const struct out_file_rights *rights);

/* Where the next append goes. */
uint64_t out_file_end(const struct out_file *file);
uint64_t out_file_base(const struct out_file *file);

MUST_CHECK int out_file_append(struct out_file *file, struct bytes bytes);

/* Puts bytes in between; `position` is not before the base. */
MUST_CHECK int out_file_insert(struct out_file *file, uint64_t position, struct bytes bytes);

/* Positions in the file. */
struct out_cut {
	uint64_t start;
	uint64_t end; /* behind the last byte */
};

/* The bytes from `position` on, which is not before the base; until the next change. */
struct bytes out_file_tail(const struct out_file *file, uint64_t position);

/* Takes bytes out: of each cut, in order; the first does not start before the base. */
void out_file_cut(struct out_file *file, const struct out_cut *cuts, size_t count);

/* Puts bytes over others, wherever they are now: in memory, or on disk. */
MUST_CHECK int out_file_overwrite(struct out_file *file, uint64_t position, struct bytes bytes);

/* Forgets what is from `position` on. Not while busy. */
void out_file_truncate(struct out_file *file, uint64_t position);

/* Bytes before `final_end` will not change: writes them when there are enough. */
void out_file_advance(struct out_file *file, uint64_t final_end);

/* Nothing more comes, and all is final: writes the rest and closes. A file that nothing was appended
 * to is closed without having been created. May be called again. */
void out_file_finish(struct out_file *file);

/* Writes nothing more and closes. It may stay busy until `moved` is called. */
void out_file_abandon(struct out_file *file);

/* Bytes that go over others on disk have not been written yet. */
bool out_file_has_patches(const struct out_file *file);

/* An operation is under way, and `moved` will be called. */
bool out_file_busy(const struct out_file *file);

/* The file exists in tmp/. */
bool out_file_created(const struct out_file *file);
int out_file_error(const struct out_file *file);

#endif
