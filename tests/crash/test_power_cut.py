#!/usr/bin/python3
"""Goal:   a machine that loses power at any moment loses no message that was handed over, doubles none, and
        lets none out that is not whole and signed.
Method: a spool on a real ext4 and a real XFS, each in a file behind a loop device. Units are handed over
        durably, and a consumer takes durably what is in out/, all the time; at a random moment the file
        system is told to go down without writing its log, which leaves what a power cut would. It is
        mounted again, as another device in every other round, the program runs to its end, and every
        message is counted. No duplicate is tolerated: the manifest is there to prevent them.
        btrfs cannot be told to go down: there the image is cloned at a random moment.
Needs:  root, loop devices, mkfs.ext4, mkfs.xfs; else it is skipped. btrfs is left out without mkfs.btrfs.
Use:    test_power_cut.py [ROUNDS [SEED]]      so many on each file system
"""
import os
import shutil
import sys
import tempfile
import time

import spool_tools

SIZES = {"ext4": 64 << 20, "xfs": 320 << 20, "btrfs": 256 << 20}
SLOWNESS = 1 if spool_tools.sanitizer() is None else 5


def one_round(spool, disk, seeded, number):
    """Returns what is wrong, and how many batches were unfinished."""
    for _ in range(seeded.randint(3, 15)):
        spool.produce_some()
    produced = set(spool.messages.fates)
    world = spool_tools.World(spool, pause=0.001)
    process = spool.start(IoEngine=seeded.choice(("auto", "threads")),
                          IoThreads=seeded.choice(("1", "1", "2")))
    time.sleep(0.01 + seeded.random() * 0.2 * SLOWNESS)
    kill_first = seeded.random() < 0.5
    if kill_first:
        spool_tools.kill(process)
    world.ending = True
    copy = disk.cut_power_by_copy() if disk.kind == "btrfs" else disk.cut_power()
    if not kill_first:
        time.sleep(seeded.random() * 0.02)  # it sees the errors
        spool_tools.kill(process)
    world.close()
    disk.unmount()
    if copy is not None:
        os.rename(copy, disk.image)
    (disk.mount if number % 2 == 0 else disk.mount_elsewhere)()

    produced |= world.produced
    found = spool.listing()
    unfinished = sum(name.endswith(".manifest") for name in os.listdir(spool.folder("tmp")))
    code = spool.run("--once")
    if code not in (spool_tools.EXIT_OK, spool_tools.EXIT_DATA):
        return [f"exit code {code}: {spool.said}", "before there were: " + found,
                "now there are: " + spool.listing()], unfinished
    problems = spool.problems(produced=produced)
    if problems:
        problems.append("after the cut there were: " + found)
    problems += [f"taken/{name} was taken durably, and is gone" for name in world.taken
                 if not os.path.exists(spool.folder("taken", name))]
    return problems, unfinished


def cut_rounds(root, kind, seeded, rounds):
    disk = spool_tools.LoopDisk(os.path.join(root, kind), SIZES[kind], kind)
    disk.mount()
    spool = spool_tools.Spool(disk.path, seeded, SyncMode="full")
    # On btrfs a rename from one directory to another is two changes, and a flush of one directory may
    # keep one of them: then a file is in both. That would be the consumer's affair.
    spool.durably = "disk" if kind == "btrfs" else True
    spool.configure(os.path.join(root, "configuration"))
    os.sync()
    replayed = 0
    messages = 0
    for number in range(rounds):
        problems, found = one_round(spool, disk, seeded, number)
        spool_tools.report([f"{kind}, round {number}: {problem}" for problem in problems])
        replayed += found
        messages += len(spool.messages.fates)
        spool.forget()
        os.sync()
    disk.unmount()
    print(f"{kind}: {rounds} power cuts, {messages} messages, {replayed} unfinished batches: "
          "every message in one place", flush=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else spool_tools.by_mode(100, full=500, slow=5)
    spool_tools.enter_private_mounts()
    if not os.path.exists("/dev/loop-control"):
        spool_tools.skip("there are no loop devices")
    seeded = spool_tools.random_from(sys.argv[2] if len(sys.argv) > 2 else None)
    root = tempfile.mkdtemp(prefix="postseal-cut-")
    try:
        spool_tools.mount("-t", "tmpfs", "-o", "size=2g", "tmpfs", root)
        cut_rounds(root, "ext4", seeded, rounds)
        cut_rounds(root, "xfs", seeded, rounds)
        if shutil.which("mkfs.btrfs") is None:
            print("btrfs: left out, mkfs.btrfs is not installed")
        else:
            host = spool_tools.LoopDisk(os.path.join(root, "host"), 900 << 20, "xfs")
            host.mount()
            cut_rounds(host.path, "btrfs", seeded, (rounds + 9) // 10)
            host.unmount()
        spool_tools.unmount(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
