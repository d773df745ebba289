/*
 * without_io_uring COMMAND [ARGUMENT...] - runs a command where io_uring is forbidden, as many containers have it.
 *
 * How it works: a seccomp filter lets io_uring_setup() fail with EPERM, and stays through exec. The number of the
 * system call is the same on all architectures but Alpha, so which one it is need not be asked.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int forbid_io_uring(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {
		.len = sizeof(rules) / sizeof(rules[0]),
		.filter = rules,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : -errno;
}

int main(int argc, char **argv)
{
	int r = forbid_io_uring();

	if (argc < 2)
		return 64;
	if (r != 0) {
		(void)fprintf(stderr, "without_io_uring: %s\n", strerror(-r));
		return 77;
	}
	(void)execvp(argv[1], argv + 1);
	(void)fprintf(stderr, "without_io_uring: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
