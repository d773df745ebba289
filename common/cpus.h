/*
 * cpus - how many CPUs this process may keep busy.
 *
 * Is:       the smaller of the affinity mask and the CPU quota of the control groups (v1 and v2)
 *           that the process is in; at least 1. This is what a thread pool is sized by.
 * Is not:   the CPUs of the machine: in a container with 2 of 64 CPUs, 64 threads would only
 *           throttle each other.
 * Source:   sched_setaffinity(2); kernel Documentation/admin-guide/cgroup-v2.rst "cpu.max" and
 *           scheduler/sched-bwc.rst "cpu.cfs_quota_us".
 * Units:    CPUs. A quota of 1.5 CPUs counts as 2, because one thread could not use it up.
 * Errors:   none: a limit that cannot be read is no limit.
 */
#ifndef COMMON_CPUS_H
#define COMMON_CPUS_H

unsigned cpus_allowed(void);

/*
 * The quota alone, 0 if there is none. `cgroup_file` has the form of /proc/self/cgroup, and
 * `mount` is where control groups are mounted (/sys/fs/cgroup).
 */
unsigned cpus_quota(const char *cgroup_file, const char *mount);

#endif
