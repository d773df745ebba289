#!/usr/bin/python3
"""Goal:   whatever lies in in/, it gets a clear reason, nothing is lost, and the rest of the batch goes on; and
        memory depends neither on how many units wait nor on how large one is.
Method: one spool with one unit of every bad kind among good ones, signed on both engines, by the daemon too,
        while a consumer empties out/. What each became is held against a table, reason and all. Then
        100,000 units wait, and a message of 2 GiB is signed.
Use:    test_bad_input.py [SEED]
"""
import os
import shutil
import socket
import sys
import tempfile
import time

import spool_tools
from spool_tools import EXIT_TRY_LATER

FROM = b"From: Somebody <a@example.com>\r\n"
OPEN = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
CLOSE = b".\r\n"

NO_HEADER = "the message has no header"
BARE_CR = "a carriage return without a line feed in the header"
TOO_LARGE = "the header is larger than allowed"
NOT_A_FIELD = "neither a header field nor the continuation of one"

# Unit, content, and the reason that it fails for; None: it is signed or passed.
UNITS = (
    (b"empty", b"", NO_HEADER),
    (b"no-header", b"\r\nbody\r\n", NO_HEADER),
    (b"only-text", b"this is not mail\r\n", f"line 1: {NOT_A_FIELD}"),
    (b"no-from", b"To: b@example.net\r\n\r\nx\r\n", "it has no From field"),
    (b"two-from", FROM + FROM + b"\r\nx\r\n", "it has more than one From field"),
    (b"nul-in-header", b"Subject: a\0b\r\n" + FROM + b"\r\nx\r\n", "line 1: a NUL byte in the header"),
    (b"nul-in-body", FROM + b"\r\na\0b\r\n", None),
    (b"cr-in-header", b"Subject: a\rb\r\n" + FROM + b"\r\nx\r\n", f"line 1: {BARE_CR}"),
    (b"cr-in-body", FROM + b"\r\na\rb\r\n", "its body has a CR without LF"),
    (b"cr-at-the-end", FROM + b"\r\nab\r", "its body has a CR without LF"),
    (b"no-body", FROM, None),
    (b"no-line-end", FROM.strip(), None),
    (b"header-of-10MB", b"X-Large: " + b"x" * (10 << 20) + b"\r\n" + FROM + b"\r\nx\r\n",
     "line 1: " + TOO_LARGE),
    (b"header-of-10MB-folded", b"X-Large: x\r\n" + b" folded line of a field\r\n" * 400_000 + FROM +
     b"\r\nx\r\n", "line 2622: " + TOO_LARGE),
    (b"100000-fields", b"X: y\r\n" * 100_000 + FROM + b"\r\nx\r\n", f"line 10923: {TOO_LARGE}"),
    (b"line-of-100MB", FROM + b"\r\n" + b"x" * (100 << 20) + b"\r\n", None),
    (b"batch-empty.bsmtp", b"", "line 1: the file holds no SMTP command"),
    (b"batch-unterminated.bsmtp", OPEN + FROM + b"\r\nx\r\n",
     "line 7: the file ends inside a message or a transaction"),
    (b"batch-cut-in-command.bsmtp", OPEN + FROM + CLOSE + b"MAIL FR",
     "line 6: the file ends inside a message or a transaction"),
    (b"batch-not-stuffed.bsmtp", OPEN + FROM + b"\r\n.x\r\n" + CLOSE,
     "line 6: a dot at the start of a line is not doubled"),
    (b"batch-rcpt-first.bsmtp", b"RCPT TO:<b@example.net>\r\n", "line 1: RCPT without MAIL before it"),
    (b"batch-data-first.bsmtp", b"MAIL FROM:<>\r\nDATA\r\n", "line 2: DATA without RCPT before it"),
    (b"batch-mail-twice.bsmtp", b"MAIL FROM:<>\r\nMAIL FROM:<>\r\n",
     "line 2: MAIL inside a transaction that is still open"),
    (b"batch-after-quit.bsmtp", b"QUIT\r\nNOOP\r\n", "line 2: there is more after QUIT"),
    (b"batch-no-smtp.bsmtp", FROM + b"\r\nx\r\n", "line 1: this is not an SMTP command"),
    (b"batch-long-command.bsmtp", b"MAIL FROM:<" + b"x" * 5000 + b">\r\n",
     "line 1: the command line is too long"),
    (b"batch-mixed.bsmtp", OPEN + FROM + CLOSE + OPEN + b"To: x\r\n" + CLOSE,
     "message 2 (line 6): it has no From field"),
    (b"new\nline", FROM, None),
    (b"bad\nnew\nline", b"", NO_HEADER),
    (b"100%", FROM, None),
    (b"%s%n", b"", NO_HEADER),
    (b"not\xff\xfeutf8", FROM, None),
    (b"bad-not\xff\xfeutf8", b"", NO_HEADER),
    (b" blank ", FROM, None),
    (b"n" * 255, FROM, None),
    (b"bad" + b"n" * 252, b"", NO_HEADER),
    (b"n" * 249 + b".bsmtp", OPEN + FROM + CLOSE + OPEN + b"To: x\r\n" + CLOSE,
     "message 2 (line 6): it has no From field"),
    (b"signed.reason", FROM, None),
    (b"-x", FROM, None),
)

# Those that have something in out/ although they have a reason.
SPLIT = (b"batch-mixed.bsmtp", b"n" * 249 + b".bsmtp")


def put(spool, name, content):
    making = os.fsencode(spool.folder("making", "unit"))
    with open(making, "wb") as out:
        out.write(content)
    os.rename(making, os.path.join(os.fsencode(spool.folder("in")), name))


def put_what_is_no_unit(spool):
    """What stays, with a warning; and what is hidden, without."""
    folder = spool.folder("in")
    os.mkdir(os.path.join(folder, "directory"))
    os.mkfifo(os.path.join(folder, "fifo"))
    os.symlink("no-body", os.path.join(folder, "link"))
    os.symlink("nowhere", os.path.join(folder, "dangling"))
    bound = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(folder)  # the path of a socket must be short
    bound.bind("socket")
    os.chdir(here)
    bound.close()
    stays = ["directory", "fifo", "link", "dangling", "socket"]
    if os.geteuid() == 0:
        os.mknod(os.path.join(folder, "device"), 0o600 | 0o020000, os.makedev(1, 3))
        stays.append("device")
    put(spool, b"failing.reason", b"")  # failed/failing.reason would be the note on "failing"
    stays.append("failing.reason")
    put(spool, b".hidden", FROM)
    put(spool, b".bsmtp", FROM)
    return stays


def taken(spool):
    """The names that the consumer has taken, without the numbers that it gave them."""
    names = set()
    for name in os.listdir(os.fsencode(spool.folder("taken"))):
        stem, dot, suffix = name.rpartition(b".")
        if dot:
            names.add(stem.rsplit(b"-", 1)[0] + dot + suffix)
        else:
            names.add(name.rsplit(b"-", 1)[0])
    return names | set(os.listdir(os.fsencode(spool.folder("out"))))


def check_table(spool, stays):
    problems = []
    out = taken(spool)
    failed = os.fsencode(spool.folder("failed"))
    for name, _, reason in UNITS:
        note = os.path.join(failed, name[:255 - 7] + b".reason")
        if (name in out) != (reason is None or name in SPLIT):
            problems.append(f"{name[:40]} is {'' if name in out else 'not '}in out/")
        if os.path.exists(os.path.join(failed, name)) != (reason is not None):
            problems.append(f"{name[:40]} is wrong about failed/")
        if reason is not None:
            with open(note, encoding="utf-8") as text:
                said = text.read()
            if said != reason + "\n":
                problems.append(f"{name[:40]}: the reason is {said!r}, not {reason!r}")
    left = sorted(name for name in os.listdir(spool.folder("in")) if name[0] != ".")
    if left != sorted(stays):
        problems.append(f"in in/ are {left}, not {sorted(stays)}")
    if len(os.listdir(failed)) != 2 * sum(reason is not None for _, _, reason in UNITS):
        problems.append(f"in failed/ are {sorted(os.listdir(failed))}")
    hidden = sorted(name for name in os.listdir(spool.folder("in")) if name[0] == ".")
    if hidden != [".bsmtp", ".hidden"]:
        problems.append(f"hidden in in/ are {hidden}")
    return problems


class Consumer(spool_tools.World):
    """Only a consumer, whose names are bytes."""

    def _produce(self):
        self.stop.wait()

    def _consume(self):
        source = os.fsencode(self.spool.folder("out"))
        for name in os.listdir(source):
            stem, dot, suffix = name.rpartition(b".")
            number = next(self.spool.taken_numbers)
            new = stem + b"-%d" % number + dot + suffix if dot else name + b"-%d" % number
            if len(new) <= 255:
                os.rename(os.path.join(source, name),
                          os.path.join(os.fsencode(self.spool.folder("taken")), new))


def check_good_ones(spool, what):
    found = {identifier: (signatures, valid) for _, _, identifier, signatures, valid, _ in
             spool.inventory("out", "taken") if identifier in spool.messages.fates}
    wrong = [f"{what}: {identifier} became {found.get(identifier)}" for identifier in
             spool.messages.fates if found.get(identifier) != (1, 1)]
    spool_tools.report(wrong)


def bad_units(root, seeded, engine, once):
    what = f"{engine}, {'--once' if once else 'daemon'}"
    directory = os.path.join(root, what.replace(", ", "-"))
    spool = spool_tools.Spool(directory, seeded, SyncMode="none", IoEngine=engine)
    spool.configure(directory)
    for name, content, _ in UNITS:
        put(spool, name, content)
        spool.produce(spool.messages.make())
    stays = put_what_is_no_unit(spool)
    consumer = Consumer(spool)
    if once:
        code = spool.run("--once")
        consumer.close()
        if code != EXIT_TRY_LATER:  # something stays; that something failed is the lesser trouble
            spool_tools.report([f"{what}: exit code {code}: {spool.said}"])
        for name in stays[:-1]:
            if spool.said.count(f"in/{name}: this is not a regular file, it is left alone") != 1:
                spool_tools.report([f"{what}: {name} has no warning: {spool.said}"])
    else:
        daemon = spool.start()
        wait_until(lambda: sum(name[0] != "." for name in os.listdir(spool.folder("in"))) == len(stays),
                   60, what)
        time.sleep(0.2)
        daemon.terminate()
        if daemon.wait(30) != 0:
            spool_tools.report([f"{what}: exit code {daemon.returncode}"])
        consumer.close()
    spool_tools.report([f"{what}: {problem}" for problem in check_table(spool, stays)])
    check_good_ones(spool, what)
    print(f"bad units, {what}: {len(UNITS)} kinds, each as it must be")
    shutil.rmtree(directory)


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds * SLOWNESS
    while not condition():
        if time.monotonic() > end:
            spool_tools.report([f"{what}: it took more than {seconds} s"])
        time.sleep(0.005)


def large_headers_are_signed_if_allowed(root, seeded):
    """In time that grows with their size, and no faster."""
    directory = os.path.join(root, "large-headers")
    spool = spool_tools.Spool(directory, seeded, SyncMode="none", MaximumHeaders="0")
    spool.configure(directory)
    put(spool, b"10MB", b"X-Large: " + b"x" * (10 << 20) + b"\r\n" + FROM + b"\r\nx\r\n")
    put(spool, b"fields", b"X: y\r\n" * 100_000 + FROM + b"\r\nx\r\n")
    start = time.monotonic()
    code = spool.run("--once")
    seconds = time.monotonic() - start
    valid = [valid for *_, valid, _ in spool.inventory("out")]
    if code != 0 or valid != [1, 1] or seconds > 20 * SLOWNESS:
        spool_tools.report([f"large headers: exit code {code}, {valid} valid, {seconds:.1f} s"])
    print(f"large headers are signed if allowed ({seconds:.1f} s)")
    shutil.rmtree(directory)


def unit_that_changes(root, seeded):
    """A producer that breaks every rule: units grow, are cut, replaced and taken away all the time."""
    directory = os.path.join(root, "changes")
    spool = spool_tools.Spool(directory, seeded, SyncMode="none")
    spool.configure(directory)
    daemon = spool.start()
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        name = os.path.join(spool.folder("in"), f"x{seeded.randint(1, 5)}")
        action = seeded.randint(1, 5)
        try:
            if action == 1:
                with open(name, "ab") as out:
                    out.write(b"X: more\r\n" * 1000)
            elif action == 2:
                os.truncate(name, 10)
            elif action == 3:
                os.unlink(name)
            else:
                put(spool, os.fsencode(os.path.basename(name)), FROM + b"\r\n" + b"x\r\n" * 20000)
        except OSError:
            pass
        spool.take()
    for number in range(20):
        spool.produce(spool.messages.make(), f"good{number}")
    wait_until(lambda: not any(name.startswith("good") for name in os.listdir(spool.folder("in"))), 30,
               "units that change")
    daemon.terminate()
    if daemon.wait(30) != 0:
        spool_tools.report([f"units that change: exit code {daemon.returncode}"])
    check_good_ones(spool, "units that change")
    for _, unit, _, signatures, valid, _ in spool.inventory("out", "taken"):
        if (signatures, valid) != (1, 1):
            spool_tools.report([f"units that change: {unit} has {valid} of {signatures} signatures valid"])
    print("units that change all the time: what gets out is signed, the rest goes on")
    shutil.rmtree(directory)


def resident(process):
    """The most memory that a process has had, in MiB."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0


def many_units_wait(root, seeded):
    count = 100_000
    directory = os.path.join(root, "many")
    spool = spool_tools.Spool(directory, seeded, SyncMode="none", SpoolBatch="256")
    spool.configure(directory)
    folder = spool.folder("in")
    content = FROM + b"\r\n" + b"a line\r\n" * 100
    for number in range(count):
        descriptor = os.open(f"{folder}/unit-{number}", os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, content)
        os.close(descriptor)
    daemon = spool.start()
    wait_until(lambda: len(os.listdir(spool.folder("out"))) > 5000, 60, "100,000 units")
    memory = resident(daemon)
    start = time.monotonic()
    daemon.terminate()
    code = daemon.wait(60)
    seconds = time.monotonic() - start
    if code != 0 or seconds > 1 * SLOWNESS or memory > 64 and SLOWNESS == 1:
        spool_tools.report([f"{count} units: exit code {code}, {memory:.1f} MiB resident, {seconds:.2f} s "
                            "to stop"])
    print(f"{count} units wait: {memory:.1f} MiB resident, {seconds:.2f} s to stop")
    shutil.rmtree(directory)


def memory_of_unit(spool, name):
    """The most memory that the program has had when it has signed what is in in/, in MiB."""
    daemon = spool.start()
    wait_until(lambda: os.path.exists(spool.folder("out", name)), 100, name)
    memory = resident(daemon)
    daemon.terminate()
    daemon.wait()
    return memory


def large_message(root, seeded):
    size = 2 << 30
    free = os.statvfs(root).f_bavail * os.statvfs(root).f_frsize
    if free < 3 * size or SLOWNESS > 1:
        size = 128 << 20
    directory = os.path.join(root, "large")
    spool = spool_tools.Spool(directory, seeded, SyncMode="none")
    spool.configure(directory)
    put(spool, b"small", FROM + b"\r\n" + b"x" * 4000 + b"\r\n")
    small = memory_of_unit(spool, "small")
    with open(spool.folder("making", "unit"), "wb") as out:
        out.write(FROM + b"\r\n")
        out.truncate(size)
    os.rename(spool.folder("making", "unit"), spool.folder("in", "large"))
    large = memory_of_unit(spool, "large")
    with open(spool.folder("making", "unit"), "wb") as out:
        out.write(OPEN + FROM + b"\r\n")
        out.seek(size // 8)
        out.write(b"\r\n" + CLOSE + OPEN + FROM + CLOSE)
    os.rename(spool.folder("making", "unit"), spool.folder("in", "large.bsmtp"))
    batch = memory_of_unit(spool, "large.bsmtp")
    print(f"a message of 4 KB: {small:.1f} MiB resident; of {size >> 20} MiB: {large:.1f} MiB; "
          f"of {size >> 23} MiB in a batch: {batch:.1f} MiB")
    if max(large, batch) > small + 8 and SLOWNESS == 1:
        spool_tools.report(["memory grows with the message"])
    if sorted(os.listdir(spool.folder("out"))) != ["large", "large.bsmtp", "small"]:
        spool_tools.report([f"in out/ are {os.listdir(spool.folder('out'))}"])
    shutil.rmtree(directory)


SLOWNESS = 1 if spool_tools.sanitizer() is None else 10


def main():
    seeded = spool_tools.random_from(sys.argv[1] if len(sys.argv) > 1 else None)
    root = tempfile.mkdtemp(prefix="postseal-bad-", dir=spool_tools.memory_root())
    try:
        for engine in ("auto", "threads"):
            bad_units(root, seeded, engine, once=True)
        bad_units(root, seeded, "auto", once=False)
        large_headers_are_signed_if_allowed(root, seeded)
        unit_that_changes(root, seeded)
        many_units_wait(root, seeded)
        large_message(root, seeded)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
