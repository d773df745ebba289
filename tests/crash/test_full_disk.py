#!/usr/bin/python3
"""Goal:   where disk, inodes, descriptors or sizes run out, where the disk turns read-only or a flush fails,
        nothing is lost, nothing gets out unsigned, the exit code says "try later" (75) or "the disk is in
        trouble" (74), and as soon as there is room again all is signed.
Method: the real program on file systems made small for it, and under small limits.
Needs:  root, for the mounts; else it is skipped.
Use:    test_full_disk.py [SEED]
"""
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import spool_tools
from spool_tools import EXIT_DATA, EXIT_IO, EXIT_OK, EXIT_TRY_LATER

FINE = (EXIT_OK, EXIT_DATA)


def expect(what, code, wanted, spool):
    if code not in wanted:
        spool_tools.report([f"{what}: exit code {code}, not {wanted}: {spool.said}"])


def check_waiting(what, spool):
    """Nothing is where it must not be, though not all is done."""
    spool_tools.report([f"{what}: {problem}" for problem in spool.problems(at_rest=False)])


def check_done(what, spool):
    expect(what, spool.run("--once"), FINE, spool)
    spool_tools.report([f"{what}: {problem}" for problem in spool.problems()])
    print(f"{what}: {len(spool.messages.fates)} messages, all in one place")


def fill_up(path):
    """A file that takes all the room there is."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        while os.write(descriptor, b"x" * 4096) > 0:
            pass
    except OSError:
        pass
    os.close(descriptor)


class Place:
    """A directory for one case: a spool on a file system of its own, and its configuration outside it."""

    def __init__(self, root, seeded, name):
        self.directory = os.path.join(root, name)
        self.seeded = seeded
        os.makedirs(self.directory)
        self.mounted = os.path.join(self.directory, "disk")
        os.makedirs(self.mounted)

    def tmpfs(self, options):
        spool_tools.mount("-t", "tmpfs", "-o", options, "tmpfs", self.mounted)
        return self.mounted

    def spool(self, path, **options):
        spool = spool_tools.Spool(path, self.seeded, **options)
        spool.configure(os.path.join(self.directory, "configuration"))
        return spool


def space_runs_out(root, seeded, sync_mode, engine):
    """The disk has room for the units, and not for all of what becomes of them."""
    what = f"disk full, SyncMode {sync_mode}, {engine}"
    place = Place(root, seeded, f"space-{sync_mode}-{engine}")
    spool = place.spool(place.tmpfs("size=4m"), SyncMode=sync_mode, IoEngine=engine)
    for number in range(8):
        spool.produce(spool.messages.make(size=300_000) if number % 2 else
                      spool.messages.batch(["signed", "passed", "failed"], size=100_000))
    filler = os.path.join(spool.root, "filler")
    fill_up(filler)
    os.truncate(filler, max(0, os.stat(filler).st_size - 200_000))
    expect(what, spool.run("--once"), (EXIT_TRY_LATER, EXIT_IO), spool)
    check_waiting(what, spool)
    os.unlink(filler)
    for _ in range(10):  # a consumer makes the room that the units need at once
        spool.deliver(os.path.join(place.directory, "delivered"))
        if spool.run("--once") in FINE:
            break
    check_done(what, spool)


def inodes_run_out(root, seeded):
    what = "inodes used up"
    place = Place(root, seeded, "inodes")
    spool = place.spool(place.tmpfs("size=16m,nr_inodes=64"), SyncMode="full")
    for _ in range(30):
        spool.produce(spool.messages.make(size=100))
    fillers = []
    try:
        while True:
            fillers.append(os.path.join(spool.root, f"filler{len(fillers)}"))
            with open(fillers[-1], "wb"):
                pass
    except OSError:
        fillers.pop()
    expect(what, spool.run("--once"), (EXIT_TRY_LATER, EXIT_IO), spool)
    check_waiting(what, spool)
    for filler in fillers:
        os.unlink(filler)
    check_done(what, spool)


def disk_turns_read_only(root, seeded, rounds):
    """In the middle of the work."""
    place = Place(root, seeded, "read-only")
    spool = place.spool(place.tmpfs("size=64m"), SyncMode="full")
    for number in range(rounds):
        what = f"read-only, round {number}"
        for _ in range(40):
            spool.produce_some()
        process = spool.start("--once", IoEngine=seeded.choice(("auto", "threads")))
        time.sleep(seeded.random() * 0.06)
        # Busy while a file is open for writing: that is the moment at which it is not asked.
        for _ in range(1000):
            if subprocess.run(["mount", "-o", "remount,ro", place.mounted], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0:
                break
        code = process.wait(60)
        expect(what, code, (EXIT_TRY_LATER, EXIT_IO) + FINE, spool)
        check_waiting(what, spool)
        subprocess.run(["mount", "-o", "remount,rw", place.mounted], check=True)
        spool_tools.report([f"{what}: {problem}" for problem in done(spool)])
        spool.forget()
    print(f"read-only: {rounds} rounds, all in one place")


def done(spool):
    code = spool.run("--once")
    return [f"exit code {code}: {spool.said}"] if code not in FINE else spool.problems()


def read_only_from_the_start(root, seeded):
    what = "read-only from the start"
    place = Place(root, seeded, "read-only-start")
    spool = place.spool(place.tmpfs("size=16m"), SyncMode="full")
    spool.produce_some()
    subprocess.run(["mount", "-o", "remount,ro", place.mounted], check=True)
    expect(what, spool.run("--once"), (EXIT_IO,), spool)
    subprocess.run(["mount", "-o", "remount,rw", place.mounted], check=True)
    check_done(what, spool)


def descriptors_run_out(root, seeded):
    """With every limit from none to enough."""
    place = Place(root, seeded, "descriptors")
    spool = place.spool(os.path.join(place.directory), SyncMode="none")
    codes = set()
    step = spool_tools.by_mode(1, full=1, slow=4)
    for limit in list(range(3, 64, step)) + [100, 200, 500]:
        what = f"{limit} descriptors"
        for _ in range(12):
            spool.produce_some()
        done_process = subprocess.run(
            spool.command("--once", IoEngine=seeded.choice(("auto", "threads"))),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120,
            env=spool_tools.program_environment(),
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))
        code = done_process.returncode
        spool.said = done_process.stdout.decode(errors="replace")
        codes.add(code)
        if code < 0:
            spool_tools.report([f"{what}: signal {-code}: {spool.said}"])
        check_waiting(what, spool)
        if limit >= 100:
            expect(what, code, FINE, spool)
    check_done("descriptors used up", spool)
    print(f"  exit codes on the way: {sorted(codes)}")


def size_is_limited(root, seeded):
    """RLIMIT_FSIZE: a file that gets too large, and a signal with it that must not kill."""
    what = "size of files limited"
    place = Place(root, seeded, "size")
    spool = place.spool(os.path.join(place.directory), SyncMode="none")
    for engine in ("auto", "threads"):
        for size in (100, 300_000, 1_000_000):
            spool.produce(spool.messages.make(size=size))
            spool.produce(spool.messages.batch(["signed", "failed"], size=size))
        limited = subprocess.run(
            spool.command("--once", IoEngine=engine), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False, timeout=120, env=spool_tools.program_environment(),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)))
        spool.said = limited.stdout.decode(errors="replace")
        expect(f"{what}, {engine}", limited.returncode, (EXIT_TRY_LATER, EXIT_IO), spool)
        check_waiting(what, spool)
        check_done(f"{what}, {engine}", spool)


def use_journal(path):
    """So that the journal has its place in the image, and only data lack theirs."""
    for _ in range(6):
        names = [os.path.join(path, f"used{number}") for number in range(100)]
        for name in names:
            with open(name, "wb") as out:
                out.flush()
                os.fsync(out.fileno())
        for name in names:
            os.unlink(name)
        os.sync()


def flush_fails(root, seeded, engine):
    """
    The disk takes all writes, and has no room for them when they are flushed; a later flush says that all is
    well. A loop device on a full tmpfs does that.
    """
    what = f"flush fails, {engine}"
    place = Place(root, seeded, f"flush-{engine}")
    small = place.tmpfs("size=24m")
    disk = spool_tools.LoopDisk(os.path.join(small, "image"), 64 << 20, "ext4",
                                "-E", "lazy_itable_init=0,lazy_journal_init=0", "-J", "size=4")
    disk.mount("errors=continue")
    spool = place.spool(disk.path, SyncMode="full", IoEngine=engine)
    for _ in range(20):
        spool.produce(spool.messages.make(size=100_000))
    use_journal(disk.path)
    fill_up(os.path.join(small, "filler"))
    for _ in range(3):  # whatever later flushes say
        expect(what, spool.run("--once"), (EXIT_TRY_LATER, EXIT_IO), spool)
        check_waiting(what, spool)
    spool_tools.report([f"{what}: {name} was released" for name in os.listdir(spool.folder("out"))])
    os.unlink(os.path.join(small, "filler"))
    # Of what was lost on the way to the disk the page cache knows nothing any more: only this tells.
    disk.unmount()
    disk.mount()
    check_waiting(what + ", after a new mount", spool)
    check_done(what, spool)
    disk.unmount()


def main():
    spool_tools.enter_private_mounts()
    seeded = spool_tools.random_from(sys.argv[1] if len(sys.argv) > 1 else None)
    root = tempfile.mkdtemp(prefix="postseal-full-")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        spool_tools.mount("-t", "tmpfs", "-o", "size=1g", "tmpfs", root)
        for sync_mode, engine in (("full", "auto"), ("full", "threads"), ("none", "auto")):
            space_runs_out(root, seeded, sync_mode, engine)
        inodes_run_out(root, seeded)
        read_only_from_the_start(root, seeded)
        disk_turns_read_only(root, seeded, spool_tools.by_mode(15, full=100, slow=4))
        descriptors_run_out(root, seeded)
        size_is_limited(root, seeded)
        if os.path.exists("/dev/loop-control"):
            flush_fails(root, seeded, "auto")
            flush_fails(root, seeded, "threads")
        else:
            print("flush fails: left out, there are no loop devices")
    finally:
        subprocess.run(["umount", "-R", root], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
