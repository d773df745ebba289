"""A spool, what goes into it, and the count of where everything is.

Is:       messages with a fate (what must become of each), a producer and a consumer, the real program, and
          the invariant: every message is in in/, out/ (or was taken from it) or failed/, exactly once,
          and everything that had to be signed verifies.
Use:      with Spool(root, options) as spool:
              spool.produce(unit)                    as a producer does: by rename
              spool.run("--once")                    the program; its exit code
              spool.problems()                       [] when all is where it must be in the end
Names:    POSTSEAL and SPOOL_CHECK are the programs; the build sets them.
"""
import base64
import ctypes
import fcntl
import hashlib
import itertools
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

POSTSEAL = os.environ["POSTSEAL"]
SPOOL_CHECK = os.environ["SPOOL_CHECK"]

EXIT_SKIPPED = 77
EXIT_OK = 0
EXIT_NO_INPUT = 66
EXIT_DATA = 65
EXIT_IO = 74
EXIT_TRY_LATER = 75
EXIT_CONFIG = 78

# What must become of a message: the domain in From, and where it is in the end.
SIGNED, PASSED, FAILED, STAYS = "signed", "passed", "failed", "stays"
DOMAINS = {SIGNED: "example.com", PASSED: "other.example", FAILED: "example.com", STAYS: "nokey.example"}


def skip(reason):
    """Ends the test as one that cannot run here."""
    print("SKIP: " + reason)
    sys.exit(EXIT_SKIPPED)


def by_mode(usual, full, slow):
    """A number of rounds that the mode decides (tests/test_mode.h)."""
    is_slow = bool(os.environ.get("POSTSEAL_TEST_SLOW"))
    if os.environ.get("POSTSEAL_TEST_FULL"):
        return max(1, full // 8) if is_slow else full
    return slow if is_slow else usual


def sanitizer():
    """The sanitizer that the program was built with, or None."""
    with open(POSTSEAL, "rb") as program:
        text = program.read()
    for name in (b"__asan_init", b"__tsan_init"):
        if name in text:
            return name.decode()[2:6]
    return None


def program_environment():
    """Sanitizers must speak up, and must not take so long to look for leaks that a test waits."""
    environment = dict(os.environ)
    environment.setdefault("ASAN_OPTIONS", "abort_on_error=1:detect_leaks=0")
    environment.setdefault("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
    environment.setdefault("TSAN_OPTIONS", "halt_on_error=1")
    return environment


def random_from(argument):
    """A generator, and its seed printed, so that a failure can be repeated."""
    seed = int(argument) if argument else int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}", flush=True)
    return random.Random(seed)


def memory_root():
    """Where a spool in memory is made, else on disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()


def fsync_folder(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_disk(path):
    """syncfs(): all of that file system."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), "syncfs")
    finally:
        os.close(descriptor)


def enter_private_mounts():
    """
    From here on mounts are this process's and its children's own, and end with them, however they end. The
    program starts anew for that. Ends the test where that is not allowed.
    """
    if os.environ.get("POSTSEAL_PRIVATE_MOUNTS"):
        return
    if os.geteuid() != 0:
        skip("mounting needs root")
    if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        skip("a mount namespace is not allowed here")
    os.environ["POSTSEAL_PRIVATE_MOUNTS"] = "1"
    os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, "-B"] + sys.argv)


def mount(*arguments):
    """Mounts, or ends the test as one that cannot run here."""
    done = subprocess.run(["mount", *arguments], stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        skip(f"mount {' '.join(arguments)}: {done.stderr.decode().strip()}")


def unmount(path):
    """A process that was just killed may hold on to it a little longer."""
    for _ in range(200):
        done = subprocess.run(["umount", path], stderr=subprocess.PIPE, check=False)
        if done.returncode == 0:
            return
        time.sleep(0.02)
    raise RuntimeError(f"umount {path}: {done.stderr.decode()}")


class LoopDisk:
    """A file system in a file."""

    def __init__(self, image, size, kind, *mkfs_options):
        self.image = image
        self.kind = kind
        self.path = image + ".mounted"
        if shutil.which("mkfs." + kind) is None:
            skip(f"mkfs.{kind} is not installed")
        os.makedirs(self.path, exist_ok=True)
        with open(image, "wb") as out:
            out.truncate(size)
        subprocess.run(["mkfs." + kind, "-q", *mkfs_options, image], check=True, stdout=subprocess.DEVNULL)

    def mount(self, *options):
        """Behind whatever loop device is free; the kernel lets go of it with the mount."""
        mount("-t", self.kind, "-o", ",".join(("loop",) + options), self.image, self.path)

    def mount_elsewhere(self, *options):
        """As a disk that has another number after the start: not behind the first free loop device."""
        dummy = self.image + ".dummy"
        with open(dummy, "wb") as out:
            out.truncate(1 << 20)
        device = subprocess.run(["losetup", "-f", "--show", dummy], check=True,
                                stdout=subprocess.PIPE).stdout.decode().strip()
        try:
            self.mount(*options)
        finally:
            subprocess.run(["losetup", "-d", device], check=True)

    def cut_power(self):
        """Nothing that is not on the disk now will ever be: XFS_IOC_GOINGDOWN, which ext4 has, too."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, 0x8004587D, struct.pack("I", 2))  # ..._NOLOGFLUSH
        finally:
            os.close(descriptor)

    def cut_power_by_copy(self):
        """
        For what cannot go down on demand: the image as it is at one moment, which is what the disk would
        hold. It must lie on a file system that clones files. The next mount is of the copy.
        """
        copy = self.image + ".cut"
        with open(self.image, "rb") as source, open(copy, "wb") as target:
            fcntl.ioctl(target.fileno(), 0x40049409, source.fileno())  # FICLONE
        return copy

    def unmount(self):
        unmount(self.path)


class Key:
    """An Ed25519 key, as a file and as what spool_check takes."""

    def __init__(self, path):
        self.path = path
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True,
                       stderr=subprocess.DEVNULL)
        os.chmod(path, 0o600)
        der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True,
                             stdout=subprocess.PIPE).stdout
        self.public = "ed25519:" + base64.b64encode(der[-32:]).decode()


class Messages:
    """All messages that were ever made for a spool: what each must become, and its digest."""

    def __init__(self, seeded):
        self.random = seeded
        self.fates = {}
        self.digests = {}

    def make(self, fate=SIGNED, size=None):
        """One message. One that fails has no From."""
        identifier = f"<{len(self.fates)}.{fate}@test>"
        size = self.random.choice((0, 50, 500, 4000)) if size is None else size
        lines = [] if fate == FAILED else [f"From: Somebody <a@{DOMAINS[fate]}>"]
        lines += ["To: other@example.net", f"Message-ID: {identifier}", ""]
        text = "\r\n".join(lines) + "\r\n"
        line = f".a line of {identifier}, which may begin with a dot\r\n"
        text += line * (size // len(line))
        message = text.encode()
        self.fates[identifier] = fate
        self.digests[identifier] = hashlib.sha256(message).hexdigest()
        return message

    def random_fate(self):
        return self.random.choices((SIGNED, PASSED, FAILED), (6, 2, 1))[0]

    def batch(self, fates, size=None):
        """A .bsmtp unit."""
        text = b"HELO test\r\n"
        for fate in fates:
            body = self.make(fate, size).replace(b"\r\n.", b"\r\n..")
            text += b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n" + body + b".\r\n"
        return text + b"QUIT\r\n"


class Spool:
    """A spool directory with its configuration, and the program on it."""

    def __init__(self, root, seeded, **options):
        self.root = root
        self.path = os.path.join(root, "spool")
        self.messages = Messages(seeded)
        self.durably = False  # True: by fsync(); "disk": the consumer flushes the whole disk
        self.elsewhere = []  # directories that count as taken/
        self.unit_numbers = itertools.count(1)
        self.taken_numbers = itertools.count(1)  # two counters: producer and consumer are two threads
        self.options = {"SpoolMinFree": "0", "SpoolBatch": "8"}
        self.options.update(options)
        for name in ("", "in", "tmp", "out", "failed", "taken", "making"):
            os.makedirs(os.path.join(self.path, name), exist_ok=True)

    def configure(self, directory):
        """Writes key, tables and configuration; `directory` need not be in the spool."""
        os.makedirs(directory, exist_ok=True)
        self.key = Key(os.path.join(directory, "key.pem"))
        with open(os.path.join(directory, "keys"), "w", encoding="ascii") as out:
            out.write(f"good example.com:s1:{self.key.path}\n"
                      f"missing nokey.example:s1:{directory}/missing.pem\n")
        with open(os.path.join(directory, "senders"), "w", encoding="ascii") as out:
            out.write("*@example.com good\n*@nokey.example missing\n")
        self.config = os.path.join(directory, "postseal.conf")
        with open(self.config, "w", encoding="ascii") as out:
            out.write("Mode s\n"
                      f"KeyTable {directory}/keys\n"
                      f"SigningTable refile:{directory}/senders\n")
            for name, value in self.options.items():
                out.write(f"{name} {value}\n")

    def folder(self, *names):
        return os.path.join(self.path, *names)

    def command(self, *arguments, **options):
        line = [POSTSEAL, "spool", "-x", self.config]
        for name, value in options.items():
            line += ["-o", f"{name}={value}"]
        return line + list(arguments) + [self.path]

    def start(self, *arguments, stderr=subprocess.DEVNULL, **options):
        return subprocess.Popen(self.command(*arguments, **options), stdout=subprocess.DEVNULL,
                                stderr=stderr, env=program_environment())

    def run(self, *arguments, timeout=120, **options):
        """Runs the program to its end. Returns its exit code; what it said is in self.said."""
        done = subprocess.run(self.command(*arguments, **options), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout, env=program_environment(),
                              check=False)
        self.said = done.stdout.decode(errors="replace")
        return done.returncode

    def produce(self, content, name=None):
        """
        A unit, the way a producer hands it over: written elsewhere, and renamed in; and with self.durably, on
        the disk when this returns.
        """
        if name is None:
            is_batch = content.startswith((b"HELO", b"MAIL"))
            name = f"u{next(self.unit_numbers)}" + (".bsmtp" if is_batch else ".eml")
        making = self.folder("making", "unit")
        with open(making, "wb") as out:
            out.write(content)
            if self.durably:
                out.flush()
                os.fsync(out.fileno())
        os.rename(making, self.folder("in", name))
        if self.durably:
            fsync_folder(self.folder("in"))
        return name

    def produce_some(self):
        """A unit of random kind."""
        seeded, messages = self.messages.random, self.messages
        if seeded.random() < 0.5:
            return self.produce(messages.make(messages.random_fate()))
        return self.produce(messages.batch([messages.random_fate() for _ in range(seeded.randint(1, 8))]))

    def take(self):
        """
        What a consumer does: takes everything that is in out/ now. With self.durably that is on the disk
        when this returns. Returns the names under which they are in taken/.
        """
        taken = []
        for name in os.listdir(self.folder("out")):
            stem, dot, suffix = name.rpartition(".")
            number = next(self.taken_numbers)
            new = f"{stem}-{number}{dot}{suffix}" if dot else f"{name}-{number}"
            try:
                os.rename(self.folder("out", name), self.folder("taken", new))
            except FileNotFoundError:
                continue
            taken.append(new)
        if taken and self.durably == "disk":
            sync_disk(self.path)
        elif taken and self.durably:
            fsync_folder(self.folder("taken"))
            fsync_folder(self.folder("out"))
        return taken

    def deliver(self, directory):
        """A consumer that takes what is in out/ to another disk. It is counted there from then on."""
        os.makedirs(directory, exist_ok=True)
        if directory not in self.elsewhere:
            self.elsewhere.append(directory)
        for name in os.listdir(self.folder("out")):
            shutil.move(self.folder("out", name),
                        os.path.join(directory, f"{next(self.taken_numbers)}-{name}"))

    def inventory(self, *folders):
        """
        (folder, unit, identifier, signatures, valid, digest) of every message in the folders of the spool;
        the identifier is None where a batch is broken.
        """
        paths = [self.folder(name) for name in folders or ("in", "out", "taken", "failed")]
        text = subprocess.run([SPOOL_CHECK, self.key.public] + paths + ([] if folders else self.elsewhere),
                              check=True, stdout=subprocess.PIPE).stdout.decode()
        for line in text.splitlines():
            folder, unit, number, identifier, signatures, valid, digest = line.split("\t")
            yield ("taken" if folder in self.elsewhere else os.path.basename(folder), unit, None if number == "-1" else identifier, int(signatures),
                   int(valid), digest)

    def listing(self):
        """All names, and what the manifests say: for whoever looks for a fault."""
        text = ""
        for folder in ("in", "tmp", "out", "taken", "failed"):
            text += f"\n{folder}/:"
            for name in sorted(os.listdir(self.folder(folder))):
                status = os.lstat(self.folder(folder, name))
                text += f" {name}({status.st_ino},{status.st_size},{status.st_mtime_ns})"
                if name.endswith((".manifest", ".part")):
                    with open(self.folder(folder, name), encoding="utf-8", errors="replace") as manifest:
                        text += "[" + manifest.read() + "]"
        return text

    def problems(self, at_rest=True, produced=None):
        """
        What is against the invariant. At rest everything must have gone where it belongs; else messages may
        also wait in in/, but in one place only all the same. Only messages in `produced` must be there (all,
        where it is None); of another there may be none.
        """
        problems = []
        places = {}
        for folder, unit, identifier, signatures, valid, digest in self.inventory():
            if identifier is None:
                problems.append(f"{folder}/{unit} is not well formed")
                continue
            if identifier not in self.messages.fates:
                problems.append(f"{folder}/{unit}: nobody made {identifier}")
                continue
            places.setdefault(identifier, []).append(f"{folder}/{unit}")
            wrong = self._wrong(folder, self.messages.fates[identifier], signatures, valid, at_rest)
            if digest != self.messages.digests[identifier]:
                wrong = "its bytes have changed"
            if wrong:
                problems.append(f"{folder}/{unit} {identifier}: {wrong}")
        for identifier in self.messages.fates:
            found = places.get(identifier, [])
            may_be_none = produced is not None and identifier not in produced
            if len(found) != 1 and not (may_be_none and not found):
                problems.append(f"{identifier} is in {len(found)} places: {found}")
        left = [name for name in os.listdir(self.folder("tmp"))] if at_rest else []
        if left:
            problems.append(f"left in tmp/: {left}")
        return problems

    @staticmethod
    def _wrong(folder, fate, signatures, valid, at_rest):
        if folder in ("out", "taken"):
            want = {SIGNED: (1, 1), PASSED: (0, 0)}.get(fate)
            if want is None:
                return "it must not get out"
            return None if (signatures, valid) == want else f"{valid} of {signatures} signatures verify"
        if signatures != 0:
            return "it is signed, and not in out/"
        if folder == "failed":
            return None if fate == FAILED else "it must not fail"
        return None if fate == STAYS or not at_rest else "it is still in in/"

    def forget(self):
        """Everything that came to rest is removed, and no more asked for."""
        for name in ("in", "out", "taken", "failed"):
            shutil.rmtree(self.folder(name))
            os.mkdir(self.folder(name))
        for directory in self.elsewhere:
            shutil.rmtree(directory)
        self.elsewhere.clear()
        self.messages.fates.clear()
        self.messages.digests.clear()


class World:
    """Producer and consumer, in threads, until it is closed."""

    def __init__(self, spool, pause=0.002):
        self.spool = spool
        self.pause = pause
        self.stop = threading.Event()
        self.produced = set()  # identifiers that were handed over for sure
        self.taken = set()  # names in taken/ that are there for sure
        self.ending = False  # from now on nothing is sure: a dead file system may call a flush done
        self.failed = None
        self.threads = [threading.Thread(target=self._run, args=(work,)) for work in
                        (self._produce, self._consume)]
        for thread in self.threads:
            thread.start()

    def _run(self, work):
        while not self.stop.is_set():
            try:
                work()
            except OSError as error:  # a disk that is gone
                self.failed = error
                return
            time.sleep(self.pause)

    def _produce(self):
        before = set(self.spool.messages.fates)
        self.spool.produce_some()
        if not self.ending:
            self.produced |= set(self.spool.messages.fates) - before

    def _consume(self):
        taken = self.spool.take()
        if not self.ending:
            self.taken.update(taken)

    def close(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def kill(process):
    """As the kernel does when memory is short: no goodbye. Returns False if it had ended by itself."""
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return alive


def report(problems):
    """Prints them, and ends the test if there are any."""
    for problem in problems[:20]:
        print("WRONG: " + problem)
    if problems:
        print(f"{len(problems)} problems")
        sys.exit(1)
