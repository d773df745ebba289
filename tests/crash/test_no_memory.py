#!/usr/bin/python3
"""Goal:   whatever allocation of the whole program fails, from its first to its last, it does not crash, says
        so in its exit code, and leaves a spool that the next run brings home.
Method: the real program with a malloc() before it that lets the Nth allocation fail, N by N. Beside it, the
        same spools in one process: test_spool_memory.c.
Use:    test_no_memory.py [ROUNDS [SEED]]      so many N, spread over all; without it every N in long rounds
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import spool_tools
from spool_tools import EXIT_CONFIG, EXIT_DATA, EXIT_IO, EXIT_OK, EXIT_TRY_LATER

EXIT_OS = 71
OPENSSL_LOCKS_MAX = 100
FINE = (EXIT_OK, EXIT_DATA)
TROUBLE = (EXIT_TRY_LATER, EXIT_IO, EXIT_OS, EXIT_CONFIG)


def run(spool, engine, at, count_file):
    environment = spool_tools.program_environment()
    environment.update(LD_PRELOAD=os.environ["FAILING_MALLOC"], FAIL_MALLOC_AT=str(at),
                       FAIL_MALLOC_COUNT=count_file)
    done = subprocess.run(spool.command("--once", IoEngine=engine), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=environment, timeout=60, check=False)
    spool.said = done.stdout.decode(errors="replace")
    return done.returncode


def fill(spool):
    messages = spool.messages
    for fate in (spool_tools.SIGNED, spool_tools.PASSED, spool_tools.FAILED):
        spool.produce(messages.make(fate, 200))
    spool.produce(messages.batch([spool_tools.SIGNED, spool_tools.FAILED, spool_tools.PASSED], 200))


def died_in_openssl(spool, code):
    """
    OpenSSL 3.0 does not look whether it got the locks of its first context, and falls over the one that is
    missing. That is at its first use, when no unit has been touched yet; nowhere else is a signal forgiven.
    """
    untouched = {folder for folder, *_ in spool.inventory()} == {"in"} and not os.listdir(spool.folder("tmp"))
    return code == -signal.SIGSEGV and untouched and spool.said == ""


def one_round(spool, engine, at, count_file):
    """Returns whether the program died in OpenSSL."""
    what = f"{engine}, allocation {at}"
    fill(spool)
    code = run(spool, engine, at, count_file)
    died = died_in_openssl(spool, code)
    if code not in FINE + TROUBLE and not died:
        spool_tools.report([f"{what}: exit code {code}: {spool.said}"])
    spool_tools.report([f"{what}: {problem}" for problem in spool.problems(at_rest=False)])
    spool.take()
    code = spool.run("--once")
    if code not in FINE:
        spool_tools.report([f"{what}, the next run: exit code {code}: {spool.said}"])
    spool_tools.report([f"{what}: {problem}" for problem in spool.problems()])
    spool.forget()
    return died


def main():
    seeded = spool_tools.random_from(sys.argv[2] if len(sys.argv) > 2 else None)
    root = tempfile.mkdtemp(prefix="postseal-memory-", dir=spool_tools.memory_root())
    count_file = os.path.join(root, "count")
    try:
        spool = spool_tools.Spool(root, seeded, SyncMode="none")
        spool.configure(root)
        for engine in ("auto", "threads"):
            one_round(spool, engine, 0, count_file)
            with open(count_file, encoding="ascii") as text:
                count = int(text.read())
            rounds = int(sys.argv[1]) if len(sys.argv) > 1 else spool_tools.by_mode(30, full=count, slow=10)
            step = max(1, count // rounds)
            tried = range(1 + seeded.randrange(step), count + 1, step)
            died = sum(one_round(spool, engine, at, count_file) for at in tried)
            if died > OPENSSL_LOCKS_MAX:
                spool_tools.report([f"{engine}: {died} runs died in OpenSSL"])
            print(f"{engine}: {len(tried)} of {count} allocations failed, every message in one place; "
                  f"{died} runs died in OpenSSL's start", flush=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
