/*
 * How it works: a scan looks at every name once and keeps the oldest in a heap of bounded size, the
 * youngest of the kept on top, so that a directory of any size costs the same memory. Then they are
 * sorted. Names lie one behind the other in one buffer. A large directory takes a while, so the
 * first names are queued at once, and sorted in with the others if they are still there at its end.
 */
#include "signer/spool/unit_queue.h"

#include "common/clock.h"
#include "common/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct queued_name {
	struct input_file file;
	uint32_t name_offset;
	uint32_t order; /* of two with one time, the one found first */
};

/* What one scan has so far, and then what the queue holds. */
struct name_list_by_age {
	struct queued_name *items;
	size_t count;
	size_t capacity;
	struct buffer names;
	size_t dropped_bytes; /* of names that are no longer in `items` */
	bool has_more;
};

struct unit_queue {
	pthread_mutex_t mutex;
	struct name_list_by_age list;
	size_t next; /* the first that has not been taken */
	int64_t filled_ns;
	bool scanning;
	bool early;			   /* it has what the scan came across first */
	struct name_list_by_age announced; /* since the scan began, which may have passed them by */
};

static void list_deinit(struct name_list_by_age *list)
{
	free(list->items);
	buffer_deinit(&list->names);
	*list = (struct name_list_by_age){0};
}

int unit_queue_new(struct unit_queue **queue_out)
{
	struct unit_queue *queue = calloc(1, sizeof(*queue));

	if (queue == NULL)
		return -ENOMEM;
	pthread_mutex_init(&queue->mutex, NULL);
	*queue_out = queue;
	return 0;
}

void unit_queue_free(struct unit_queue *queue)
{
	if (queue == NULL)
		return;
	list_deinit(&queue->list);
	list_deinit(&queue->announced);
	pthread_mutex_destroy(&queue->mutex);
	free(queue);
}

static bool younger(const struct queued_name *a, const struct queued_name *b)
{
	const struct unit_identity *a_is = &a->file.identity;
	const struct unit_identity *b_is = &b->file.identity;

	if (a_is->mtime_s != b_is->mtime_s)
		return a_is->mtime_s > b_is->mtime_s;
	if (a_is->mtime_ns != b_is->mtime_ns)
		return a_is->mtime_ns > b_is->mtime_ns;
	return a->order > b->order;
}

static void heap_down(struct queued_name *items, size_t count, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		struct queued_name swap;

		if (child >= count)
			return;
		if (child + 1 < count && younger(&items[child + 1], &items[child]))
			child++;
		if (!younger(&items[child], &items[at]))
			return;
		swap = items[at];
		items[at] = items[child];
		items[child] = swap;
		at = child;
	}
}

static int by_age(const void *a, const void *b)
{
	return younger(a, b) ? 1 : younger(b, a) ? -1 : 0;
}

static int list_grow(struct name_list_by_age *list)
{
	size_t capacity = list->capacity == 0 ? 256 : 2 * list->capacity;
	void *items;

	if (list->count < list->capacity)
		return 0;
	items = realloc(list->items, capacity * sizeof(list->items[0]));
	if (items == NULL)
		return -ENOMEM;
	list->items = items;
	list->capacity = capacity;
	return 0;
}

/* Copies the names that are still wanted together, when the others take more room than they. */
static int list_compact(struct name_list_by_age *list)
{
	struct buffer names = {0};
	int r = 0;

	if (list->dropped_bytes < 64 * 1024 || list->dropped_bytes < list->names.size / 2)
		return 0;
	r = buffer_reserve(&names, list->names.size - list->dropped_bytes);
	for (size_t i = 0; r == 0 && i < list->count; i++) {
		const char *name = (const char *)list->names.data + list->items[i].name_offset;

		list->items[i].name_offset = (uint32_t)names.size;
		r = buffer_append(&names, bytes_of(name, strlen(name) + 1));
	}
	if (r != 0) {
		buffer_deinit(&names);
		return r;
	}
	buffer_deinit(&list->names);
	list->names = names;
	list->dropped_bytes = 0;
	return 0;
}

/* `item` gets its place among the names here. */
static int list_append(struct name_list_by_age *list, const char *name, struct queued_name item)
{
	int r = list_grow(list);

	item.name_offset = (uint32_t)list->names.size;
	if (r == 0)
		r = buffer_append(&list->names, bytes_of(name, strlen(name) + 1));
	if (r == 0)
		list->items[list->count++] = item;
	return r;
}

/* Keeps the name if it is among the oldest so far. */
static int list_offer(struct name_list_by_age *list, const char *name, struct queued_name item)
{
	int r;

	if (list->count < UNIT_QUEUE_MAX) {
		r = list_append(list, name, item);
		if (r == 0 && list->count == UNIT_QUEUE_MAX) {
			for (size_t i = list->count / 2; i-- > 0;)
				heap_down(list->items, list->count, i);
		}
		return r;
	}
	list->has_more = true;
	if (!younger(&list->items[0], &item))
		return 0;
	item.name_offset = (uint32_t)list->names.size;
	r = buffer_append(&list->names, bytes_of(name, strlen(name) + 1));
	if (r != 0)
		return r;
	list->dropped_bytes += strlen((const char *)list->names.data + list->items[0].name_offset) +
			       1;
	list->items[0] = item;
	heap_down(list->items, list->count, 0);
	return list_compact(list);
}

static void sort(struct name_list_by_age *list)
{
	if (list->count > 1) /* an empty list has no items to give to qsort() */
		qsort(list->items, list->count, sizeof(list->items[0]), by_age);
}

/* Under the mutex: takes the names over, in the place of what was queued. */
static void replace_list(struct unit_queue *queue, struct name_list_by_age *list)
{
	list_deinit(&queue->list);
	queue->list = *list;
	*list = (struct name_list_by_age){0};
	queue->next = 0;
	queue->filled_ns = clock_monotonic_ns();
}

/* What came up first is queued, unless there is something to do anyway. */
static void queue_early(struct unit_queue *queue, const struct unit_queue_scan *scan,
			struct name_list_by_age *list)
{
	sort(list);
	pthread_mutex_lock(&queue->mutex);
	queue->early = queue->next == queue->list.count;
	if (queue->early)
		replace_list(queue, list);
	pthread_mutex_unlock(&queue->mutex);
	if (queue->early && scan->some_found != NULL)
		scan->some_found(scan->arg);
}

/* Of these, those that nobody took get their place among all others. */
static int take_early_back(struct unit_queue *queue, struct name_list_by_age *list)
{
	int r = 0;

	pthread_mutex_lock(&queue->mutex);
	while (queue->early && r == 0 && queue->next < queue->list.count) {
		const struct queued_name *item = &queue->list.items[queue->next++];

		r = list_offer(list, (const char *)queue->list.names.data + item->name_offset,
			       *item);
	}
	queue->early = false;
	pthread_mutex_unlock(&queue->mutex);
	return r;
}

/* The next name in the directory that is to be queued; NULL: -errno, or 0 at its end. */
static const char *next_name(DIR *directory, const struct unit_queue_scan *scan, int64_t now_ns,
			     int *r_out)
{
	struct dirent *entry;

	do {
		if (atomic_load_explicit(scan->stop, memory_order_relaxed)) {
			*r_out = -ECANCELED;
			return NULL;
		}
		errno = 0;
		entry = readdir(directory);
		if (entry == NULL) {
			*r_out = -errno;
			return NULL;
		}
	} while (entry->d_name[0] == '.' ||
		 !retry_table_is_due(scan->retries, entry->d_name, now_ns));
	return entry->d_name;
}

static int scan_directory(struct unit_queue *queue, const struct unit_queue_scan *scan,
			  DIR *directory, struct name_list_by_age *list)
{
	const int64_t now_ns = clock_monotonic_ns();
	uint32_t order = 0;
	const char *name;
	int r = 0;

	while (r == 0 && (name = next_name(directory, scan, now_ns, &r)) != NULL) {
		struct statx status;

		if (statx(dirfd(directory), name, AT_SYMLINK_NOFOLLOW, INPUT_FILE_STATX, &status) !=
		    0) {
			if (errno == ENOENT)
				continue; /* it has just been taken away */
			/* When the unit is opened it says why it stays, and is tried again later. */
			log_warning("in/%s: %s", name, strerror(errno));
			status = (struct statx){0};
		}
		r = list_offer(list, name,
			       (struct queued_name){
				       .file = input_file_of(&status),
				       .order = order,
			       });
		order++;
		if (r == 0 && order == UNIT_QUEUE_EARLY)
			queue_early(queue, scan, list);
	}
	return r == 0 ? take_early_back(queue, list) : r;
}

static void push(struct name_list_by_age *list, const char *name, struct queued_name item)
{
	if (list->count >= UNIT_QUEUE_MAX || list_append(list, name, item) != 0)
		list->has_more = true;
}

/* Under the mutex: the names that the scan may have missed go behind those that it found. */
static void take_announced(struct unit_queue *queue, struct name_list_by_age *list)
{
	const struct name_list_by_age *announced = &queue->announced;

	list->has_more |= announced->has_more;
	for (size_t i = 0; i < announced->count; i++) {
		const char *name = (const char *)announced->names.data +
				   announced->items[i].name_offset;

		push(list, name, announced->items[i]);
	}
}

static void begin_scan(struct unit_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->scanning = true;
	queue->early = false;
	pthread_mutex_unlock(&queue->mutex);
}

/* `list` takes the place of what was queued; NULL: that stays. */
static void end_scan(struct unit_queue *queue, struct name_list_by_age *list)
{
	pthread_mutex_lock(&queue->mutex);
	if (list != NULL) {
		take_announced(queue, list);
		replace_list(queue, list);
	}
	list_deinit(&queue->announced);
	queue->scanning = false;
	pthread_mutex_unlock(&queue->mutex);
}

int unit_queue_scan(struct unit_queue *queue, const struct unit_queue_scan *scan)
{
	struct name_list_by_age list = {0};
	DIR *directory = spool_dir_names(scan->dir->in_fd, ".");
	int r;

	if (directory == NULL)
		return -errno;
	begin_scan(queue);
	r = scan_directory(queue, scan, directory, &list);
	closedir(directory);
	if (r == 0)
		sort(&list);
	else
		list_deinit(&list);
	end_scan(queue, r == 0 ? &list : NULL);
	return r;
}

void unit_queue_push(struct unit_queue *queue, const char *name, const struct input_file *file)
{
	struct queued_name item = {.file = *file};

	pthread_mutex_lock(&queue->mutex);
	if (queue->next == queue->list.count) {
		queue->next = 0;
		queue->list.count = 0;
		buffer_clear(&queue->list.names);
	}
	push(&queue->list, name, item);
	queue->filled_ns = clock_monotonic_ns();
	if (queue->scanning)
		push(&queue->announced, name, item);
	pthread_mutex_unlock(&queue->mutex);
}

size_t unit_queue_clear(struct unit_queue *queue)
{
	size_t count;

	pthread_mutex_lock(&queue->mutex);
	count = queue->list.count - queue->next;
	queue->next = queue->list.count;
	pthread_mutex_unlock(&queue->mutex);
	return count;
}

bool unit_queue_pop(struct unit_queue *queue, char name_out[NAME_MAX + 1],
		    struct input_file *file_out)
{
	bool found;

	pthread_mutex_lock(&queue->mutex);
	found = queue->next < queue->list.count;
	if (found) {
		const struct queued_name *item = &queue->list.items[queue->next++];

		snprintf(name_out, NAME_MAX + 1, "%s",
			 (const char *)queue->list.names.data + item->name_offset);
		*file_out = item->file;
	}
	pthread_mutex_unlock(&queue->mutex);
	return found;
}

size_t unit_queue_count(struct unit_queue *queue)
{
	size_t count;

	pthread_mutex_lock(&queue->mutex);
	count = queue->list.count - queue->next;
	pthread_mutex_unlock(&queue->mutex);
	return count;
}

int64_t unit_queue_filled_ns(struct unit_queue *queue)
{
	int64_t filled_ns;

	pthread_mutex_lock(&queue->mutex);
	filled_ns = queue->filled_ns;
	pthread_mutex_unlock(&queue->mutex);
	return filled_ns;
}

bool unit_queue_has_more(struct unit_queue *queue)
{
	bool has_more;

	pthread_mutex_lock(&queue->mutex);
	has_more = queue->list.has_more;
	pthread_mutex_unlock(&queue->mutex);
	return has_more;
}
