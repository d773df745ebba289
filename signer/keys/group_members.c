/*
 * How it works: getgrgid_r gives the listed members. Users whose primary group it is can only be
 * found by going through all of them, which takes long with a directory service behind NSS and,
 * with some, costs a descriptor a time; hence the memory, a short list with linear search (a
 * machine has keys in one or two groups).
 *
 * A listed member whose name is unknown counts as somebody else: the directory that knows the
 * name may only be out of reach.
 */
#include "signer/keys/group_members.h"

#include "common/clock.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A group with 100,000 members needs about 2 MiB. */
#define ENTRY_SIZE_MIN ((size_t)4096)
#define ENTRY_SIZE_MAX ((size_t)16 << 20)

struct group_answer {
	gid_t group;
	int64_t asked_ns;
	int outcome; /* 0 or GROUP_MEMBERS_E_OTHERS */
	char name[GROUP_MEMBERS_NAME_SIZE];
};

struct group_members {
	uid_t user;
	int64_t age_ns_max;
	pthread_mutex_t lock; /* guards what follows */
	struct group_answer *answers;
	size_t answer_count;
};

/* The C library has one position in the list of users for the whole process, so there is one lock
 * for it, too: two enumerations at a time would each see a part, and call a group safe. */
static pthread_mutex_t enumeration_lock = PTHREAD_MUTEX_INITIALIZER;

int group_members_new(uid_t user, int64_t age_ns_max, struct group_members **members_out)
{
	struct group_members *members = calloc(1, sizeof(*members));
	int r;

	if (members == NULL)
		return -ENOMEM;
	members->user = user;
	members->age_ns_max = age_ns_max;
	r = pthread_mutex_init(&members->lock, NULL);
	if (r != 0) {
		free(members);
		return -r;
	}
	*members_out = members;
	return 0;
}

void group_members_free(struct group_members *members)
{
	if (members == NULL)
		return;
	(void)pthread_mutex_destroy(&members->lock);
	free(members->answers);
	free(members);
}

static bool is_other(const struct group_members *members, uid_t user)
{
	return user != 0 && user != members->user;
}

/* What the getXXX_r functions say when there is no such entry; anything else is a failure. */
static bool is_not_found(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

static void answer_others(struct group_answer *answer, const char *name)
{
	(void)snprintf(answer->name, sizeof(answer->name), "%s", name);
	answer->outcome = GROUP_MEMBERS_E_OTHERS;
}

/* Doubles the scratch memory that an NSS function found too small. */
static int scratch_grow(char **scratch, size_t *size)
{
	char *grown;

	if (*size >= ENTRY_SIZE_MAX)
		return -ERANGE;
	grown = realloc(*scratch, *size * 2);
	if (grown == NULL)
		return -ENOMEM;
	*scratch = grown;
	*size *= 2;
	return 0;
}

static int member_is_other(const struct group_members *members, const char *name, bool *other_out)
{
	size_t size = ENTRY_SIZE_MIN;
	char *scratch = malloc(size);
	struct passwd entry;
	struct passwd *found = NULL;
	int r;

	if (scratch == NULL)
		return -ENOMEM;
	while ((r = getpwnam_r(name, &entry, scratch, size, &found)) == ERANGE) {
		r = scratch_grow(&scratch, &size);
		if (r != 0)
			goto out;
	}
	if (found == NULL && !is_not_found(r)) {
		r = -r;
		goto out;
	}
	*other_out = found == NULL || is_other(members, found->pw_uid);
	r = 0;
out:
	free(scratch);
	return r;
}

static int ask_listed(const struct group_members *members, struct group_answer *answer)
{
	size_t size = ENTRY_SIZE_MIN;
	char *scratch = malloc(size);
	struct group entry;
	struct group *found = NULL;
	int r;

	if (scratch == NULL)
		return -ENOMEM;
	while ((r = getgrgid_r(answer->group, &entry, scratch, size, &found)) == ERANGE) {
		r = scratch_grow(&scratch, &size);
		if (r != 0)
			goto out;
	}
	if (found == NULL) {
		r = is_not_found(r) ? 0 : -r;
		goto out;
	}
	for (char **name = found->gr_mem; *name != NULL && answer->outcome == 0; name++) {
		bool other;

		r = member_is_other(members, *name, &other);
		if (r != 0)
			goto out;
		if (other)
			answer_others(answer, *name);
	}
	r = 0;
out:
	free(scratch);
	return r;
}

static int ask_primary(const struct group_members *members, struct group_answer *answer)
{
	size_t size = ENTRY_SIZE_MIN;
	char *scratch = malloc(size);
	struct passwd entry;
	struct passwd *found = NULL;
	int r = 0;

	if (scratch == NULL)
		return -ENOMEM;
	(void)pthread_mutex_lock(&enumeration_lock);
	setpwent();
	while (answer->outcome == 0) {
		r = getpwent_r(&entry, scratch, size, &found);
		if (r == ERANGE) {
			/* The entry stays the next one. */
			r = scratch_grow(&scratch, &size);
			if (r != 0)
				break;
			continue;
		}
		if (r != 0) {
			r = is_not_found(r) ? 0 : -r;
			break;
		}
		if (found->pw_gid == answer->group && is_other(members, found->pw_uid))
			answer_others(answer, found->pw_name);
	}
	endpwent();
	(void)pthread_mutex_unlock(&enumeration_lock);
	free(scratch);
	return r;
}

static struct group_answer *answer_find(struct group_members *members, gid_t group)
{
	for (size_t i = 0; i < members->answer_count; i++) {
		if (members->answers[i].group == group)
			return &members->answers[i];
	}
	return NULL;
}

static int answer_store(struct group_members *members, const struct group_answer *answer)
{
	struct group_answer *place = answer_find(members, answer->group);

	if (place == NULL) {
		place = realloc(members->answers, (members->answer_count + 1) * sizeof(*place));
		if (place == NULL)
			return -ENOMEM;
		members->answers = place;
		place += members->answer_count++;
	}
	*place = *answer;
	return 0;
}

static int answer_get(struct group_members *members, gid_t group, struct group_answer *answer_out)
{
	struct group_answer fresh = {.group = group, .asked_ns = clock_monotonic_ns()};
	const struct group_answer *known = answer_find(members, group);
	int r;

	if (known != NULL && fresh.asked_ns - known->asked_ns < members->age_ns_max) {
		*answer_out = *known;
		return 0;
	}
	r = ask_listed(members, &fresh);
	if (r == 0 && fresh.outcome == 0)
		r = ask_primary(members, &fresh);
	if (r == 0)
		r = answer_store(members, &fresh);
	if (r == 0)
		*answer_out = fresh;
	return r;
}

int group_members_check(struct group_members *members, gid_t group, char *name_out)
{
	struct group_answer answer;
	int r;

	(void)pthread_mutex_lock(&members->lock);
	r = answer_get(members, group, &answer);
	(void)pthread_mutex_unlock(&members->lock);
	if (r != 0)
		return r;
	if (answer.outcome != 0)
		memcpy(name_out, answer.name, sizeof(answer.name));
	return answer.outcome;
}
