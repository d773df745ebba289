#!/usr/bin/python3
"""Goal:   the daemon takes up what comes at once, stops cleanly at any moment, reloads what it is told to, and
        keeps the spool to itself.
Method: the real program, signals, and a clock. Times are bounded generously, and printed.
Use:    test_daemon.py
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import spool_tools
from spool_tools import EXIT_CONFIG, EXIT_NO_INPUT, EXIT_OK, EXIT_TRY_LATER

SLOWNESS = 1 if spool_tools.sanitizer() is None else 8


def wait_for(condition, seconds, what):
    """How long it took, in seconds."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds * SLOWNESS:
            spool_tools.report([f"{what}: it took more than {seconds} s"])
        time.sleep(0.0005)
    return time.monotonic() - start


class Daemon:
    """A spool of its own and a daemon on it, which is up when this returns."""

    def __init__(self, root, name, seeded, **options):
        self.name = name
        options.setdefault("SyncMode", "none")
        self.spool = spool_tools.Spool(os.path.join(root, name), seeded, **options)
        self.spool.configure(self.spool.root)
        self.log = open(os.path.join(self.spool.root, "log"), "w+b")
        self.process = self.spool.start(stderr=self.log)
        first = self.spool.produce(self.spool.messages.make())
        self.wait_for_out(first, 20)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.spool.root)

    def wait_for_out(self, name, seconds=10):
        return wait_for(lambda: os.path.exists(self.spool.folder("out", name)), seconds,
                        f"{self.name}: {name} in out/")

    def said(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def wait_for_word(self, word, seconds=10):
        return wait_for(lambda: word in self.said(), seconds, f"{self.name}: {word!r}")

    def stop(self, number=signal.SIGTERM):
        """Stops it, checks that it went in peace, and returns how long that took."""
        start = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(60)
        seconds = time.monotonic() - start
        problems = [] if code == EXIT_OK else [f"{self.name}: exit code {code}: {self.said()}"]
        left = os.listdir(self.spool.folder("tmp"))
        problems += [f"{self.name}: left in tmp/: {left}"] if left else []
        spool_tools.report(problems)
        return seconds

    def expect(self, condition, what):
        if not condition:
            spool_tools.report([f"{self.name}: {what}: {self.said()}"])


def new_unit_is_taken_at_once(root, seeded):
    for engine in ("auto", "threads"):
        with Daemon(root, f"at-once-{engine}", seeded, IoEngine=engine) as daemon:
            times = []
            for _ in range(20):
                name = daemon.spool.produce(daemon.spool.messages.make())
                times.append(daemon.wait_for_out(name))
                time.sleep(0.01)
            daemon.stop()
            spool_tools.report(daemon.spool.problems())
            times.sort()
            daemon.expect(times[len(times) // 2] < 0.05 * SLOWNESS, f"the middle of {times}")
            print(f"{engine}: a new unit takes {times[10] * 1000:.1f} ms, {times[-1] * 1000:.1f} at most")


def every_way_in_is_seen(root, seeded):
    """Renamed, written in place, or linked."""
    with Daemon(root, "ways", seeded) as daemon:
        spool = daemon.spool
        message = spool.messages.make()
        with open(spool.folder("in", "written"), "wb") as out:
            out.write(message[:10])
            out.flush()
            time.sleep(0.3)
            daemon.expect(os.path.exists(spool.folder("in", "written")), "half of a unit was taken")
            out.write(message[10:])
        daemon.wait_for_out("written")
        with open(spool.folder("making", "other"), "wb") as out:
            out.write(spool.messages.make())
        os.link(spool.folder("making", "other"), spool.folder("in", "linked"))
        daemon.wait_for_out("linked")
        daemon.stop()
        spool_tools.report([problem for problem in spool.problems()])
    print("units that are renamed, written and linked are seen")


def stop_in_the_middle_of_a_large_unit(root, seeded):
    size = 2 << 30
    free = os.statvfs(root).f_bavail * os.statvfs(root).f_frsize
    if free < 3 * size:
        size = free // 4
    for number in (signal.SIGTERM, signal.SIGINT):
        with Daemon(root, "large", seeded) as daemon:
            spool = daemon.spool
            with open(spool.folder("making", "unit"), "wb") as out:
                out.write(b"From: a@example.com\r\n\r\n")
                out.truncate(size)
            os.rename(spool.folder("making", "unit"), spool.folder("in", "large"))
            wait_for(lambda: os.listdir(spool.folder("tmp")), 20, "the large unit begins")
            time.sleep(0.1)
            daemon.expect(os.listdir(spool.folder("tmp")), "the large unit was done before the stop")
            seconds = daemon.stop(number)
            daemon.expect(seconds < 1 * SLOWNESS, f"it took {seconds:.2f} s to stop")
            daemon.expect(os.path.exists(spool.folder("in", "large")), "the large unit is not in in/")
            daemon.expect(not os.path.exists(spool.folder("out", "large")), "the large unit is in out/")
            print(f"stopped with {size >> 20} MiB under way in {seconds:.2f} s, nothing half done")


def stop_under_load(root, seeded):
    """At any moment: what is settled is committed, the rest stays."""
    for number in range(20):
        with Daemon(root, "load", seeded, IoThreads=seeded.choice(("1", "2")), SyncMode="none",
                    IoEngine=seeded.choice(("auto", "threads"))) as daemon:
            for _ in range(60):
                daemon.spool.produce_some()
            time.sleep(seeded.random() * 0.03)
            seconds = daemon.stop()
            daemon.expect(seconds < 1 * SLOWNESS, f"round {number}: it took {seconds:.2f} s to stop")
            spool_tools.report(daemon.spool.problems(at_rest=False))
    print("stopped 20 times under load, every message in one place")


def once_that_is_stopped_says_that_something_stays(root, seeded):
    spool = spool_tools.Spool(os.path.join(root, "once"), seeded, SyncMode="none")
    spool.configure(spool.root)
    codes = set()
    for _ in range(10):
        for _ in range(300):
            spool.produce(spool.messages.make())
        process = spool.start("--once")
        wait_for(lambda process=process: os.listdir(spool.folder("out")) or process.poll() is not None, 20,
                 "the work begins")
        process.terminate()
        code = process.wait()
        codes.add(code)
        want = EXIT_TRY_LATER if os.listdir(spool.folder("in")) else EXIT_OK
        if code != want:
            spool_tools.report([f"--once, stopped: exit code {code}, not {want}"])
        spool_tools.report(spool.problems(at_rest=False))
        spool.forget()
    shutil.rmtree(spool.root)
    print(f"--once, stopped: exit codes {sorted(codes)}, every message in one place")


def reload_takes_a_new_table_and_a_new_key(root, seeded):
    for number in (signal.SIGHUP, signal.SIGUSR1):
        with Daemon(root, "reload", seeded) as daemon:
            spool = daemon.spool
            stays = spool.produce(spool.messages.make(spool_tools.STAYS))
            daemon.wait_for_word(f"in/{stays}: stays")
            with open(os.path.join(spool.root, "keys"), "w", encoding="ascii") as out:
                out.write(f"good example.com:s1:{spool.key.path}\n"
                          f"missing nokey.example:s9:{spool.root}/late.pem\n")
            late = spool_tools.Key(os.path.join(spool.root, "late.pem"))
            daemon.process.send_signal(number)
            daemon.wait_for_out(stays)
            with open(spool.folder("out", stays), "rb") as signed:
                text = signed.read()
            daemon.expect(b"s=s9;" in text and b"d=nokey.example;" in text, "the new table is not used")
            spool.key = late
            found = [(signatures, valid) for _, unit, _, signatures, valid, _ in spool.inventory("out")
                     if unit == stays]
            daemon.expect(found == [(1, 1)], f"signed with the new key: {found}")
            daemon.stop()
    print("SIGHUP and SIGUSR1 take a new table and a new key, and what stayed is signed")


def key_that_is_mended_is_used_without_a_reload(root, seeded):
    with Daemon(root, "mended", seeded) as daemon:
        spool = daemon.spool
        stays = spool.produce(spool.messages.make(spool_tools.STAYS))
        daemon.wait_for_word(f"in/{stays}: stays")
        shutil.copy(spool.key.path, os.path.join(spool.root, "missing.pem"))
        os.chmod(os.path.join(spool.root, "missing.pem"), 0o600)
        seconds = daemon.wait_for_out(stays, 10)
        daemon.stop()
    print(f"a unit whose key was missing is signed {seconds:.1f} s after it is there")


def reload_of_a_broken_configuration_keeps_the_old(root, seeded):
    with Daemon(root, "broken", seeded) as daemon:
        spool = daemon.spool
        with open(spool.config, "a", encoding="ascii") as out:
            out.write("NoSuchOption yes\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for_word("the new configuration has errors, the old one stays in force")
        daemon.wait_for_out(spool.produce(spool.messages.make()))
        daemon.expect("NoSuchOption" in daemon.said(), "it does not say what is wrong")
        daemon.stop()
        spool_tools.report(spool.problems())
        code = spool.run("--once")
        daemon.expect(code == EXIT_CONFIG, f"a start with it has exit code {code}")
    print("a reload of a broken configuration keeps the old one, and says why")


def second_daemon_waits_and_says_who_is_there(root, seeded):
    with Daemon(root, "second", seeded) as daemon:
        start = time.monotonic()
        code = daemon.spool.run()
        seconds = time.monotonic() - start
        want = f"another postseal works on this spool (process {daemon.process.pid})"
        daemon.expect(code == EXIT_TRY_LATER and want in daemon.spool.said and seconds >= 2,
                      f"the second one: exit code {code}, {seconds:.1f} s, {daemon.spool.said}")
        # The lock goes with the process, however it ends, and the next one waits for that.
        next_one = daemon.spool.start(stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        daemon.process.kill()
        daemon.process.wait()
        daemon.process = next_one
        daemon.wait_for_out(daemon.spool.produce(daemon.spool.messages.make()))
        daemon.stop()
        spool_tools.report(daemon.spool.problems())
    print(f"a second daemon waits {seconds:.1f} s and says who is there; the next one takes over")


def spool_that_is_not_there(root, seeded):
    spool = spool_tools.Spool(os.path.join(root, "gone"), seeded)
    spool.configure(spool.root)
    spool.path = os.path.join(root, "nowhere")
    code = spool.run("--once")
    if code != EXIT_NO_INPUT or "there is no such directory" not in spool.said:
        spool_tools.report([f"a spool that is not there: exit code {code}: {spool.said}"])
    print("a spool that is not there: exit code 66")


def main():
    seeded = spool_tools.random_from(sys.argv[1] if len(sys.argv) > 1 else None)
    root = tempfile.mkdtemp(prefix="postseal-daemon-", dir=spool_tools.memory_root())
    try:
        new_unit_is_taken_at_once(root, seeded)
        every_way_in_is_seen(root, seeded)
        stop_in_the_middle_of_a_large_unit(root, seeded)
        stop_under_load(root, seeded)
        once_that_is_stopped_says_that_something_stays(root, seeded)
        reload_takes_a_new_table_and_a_new_key(root, seeded)
        key_that_is_mended_is_used_without_a_reload(root, seeded)
        reload_of_a_broken_configuration_keeps_the_old(root, seeded)
        second_daemon_waits_and_says_who_is_there(root, seeded)
        spool_that_is_not_there(root, seeded)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
