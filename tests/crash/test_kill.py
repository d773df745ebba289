#!/usr/bin/python3
"""Goal:   a process that is killed at any moment loses no message, doubles none, and lets none out unsigned.
Method: rounds. Units are added and out/ is emptied all the time; the program, with --once or as a daemon, on
        either engine, is killed after a random time, once or several times in a row; then it runs to its
        end, and every message is counted. A kill leaves the page cache, so nothing is learnt here about
        what is durable: that is test_power_cut.py.
Use:    test_kill.py [ROUNDS [SEED]]
"""
import shutil
import sys
import tempfile
import time

import spool_tools


def kill_rounds(spool, seeded, rounds):
    kills = 0
    for number in range(rounds):
        engine = seeded.choice(("auto", "threads"))
        threads = seeded.choice(("1", "1", "2"))
        for _ in range(seeded.randint(5, 30)):
            spool.produce_some()
        world = spool_tools.World(spool)
        for _ in range(seeded.choice((1, 1, 1, 2, 4))):
            arguments = seeded.choice(((), ("--once",)))
            process = spool.start(*arguments, IoEngine=engine, IoThreads=threads)
            time.sleep(seeded.random() ** 2 * 0.1 * SLOWNESS)
            kills += spool_tools.kill(process)
        world.close()
        code = spool.run("--once", IoEngine=engine)
        if code not in (spool_tools.EXIT_OK, spool_tools.EXIT_DATA):
            spool_tools.report([f"round {number}: exit code {code}: {spool.said}"])
        spool_tools.report([f"round {number}: {problem}" for problem in spool.problems()])
        spool.forget()
    return kills


SLOWNESS = 1 if spool_tools.sanitizer() is None else 5


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else spool_tools.by_mode(200, full=1000, slow=12)
    seeded = spool_tools.random_from(sys.argv[2] if len(sys.argv) > 2 else None)
    root = tempfile.mkdtemp(prefix="postseal-kill-", dir=spool_tools.memory_root())
    try:
        spool = spool_tools.Spool(root, seeded, SyncMode="none")
        spool.configure(root)
        kills = kill_rounds(spool, seeded, rounds)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(f"{rounds} rounds, {kills} kills of a running process: every message in one place")


if __name__ == "__main__":
    main()
