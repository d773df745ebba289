"""What the end-to-end tests of the commands share: a directory of their own, keys, and runs.

Each test gets a fresh directory that is removed afterwards. Every run is bounded in time, and what a
test starts in the background is stopped when the test is over, however it ends.
"""

import atexit
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

POSTSEAL = os.environ.get("POSTSEAL", "postseal")
# Runs a command where the kernel forbids io_uring.
WITHOUT_IO_URING = os.environ.get("WITHOUT_IO_URING")
RUN_SECONDS = 60
NOBODY = pwd.getpwnam("nobody")

MESSAGE = (
    b"Received: from a.example by b.example; Mon, 24 Nov 2025 10:00:00 +0000\r\n"
    b"From: Joe <joe@example.com>\r\n"
    b"To: Jane <jane@example.net>\r\n"
    b"Subject: a test\r\n"
    b"Date: Mon, 24 Nov 2025 10:00:00 +0000\r\n"
    b"Message-ID: <1@example.com>\r\n"
    b"\r\n"
    b"Hello Jane,\r\n"
    b"\r\n"
    b"how are you?\r\n"
)

# Made once for all tests of one program: RSA keys take a while.
_keys = {}


def make_key(kind, bits=2048):
    """The private key (PEM) and the p= of a new key; the same for the same arguments."""
    if (kind, bits) not in _keys:
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(
                [POSTSEAL, "genkey", "-s", "k", "-D", directory, "--type", kind, "-b", str(bits)],
                check=True,
                stderr=subprocess.DEVNULL,
                timeout=RUN_SECONDS,
            )
            with open(directory + "/k.private", "rb") as file:
                private = file.read()
            with open(directory + "/k.txt") as file:
                public = "".join(file.read().split('"')[3::2]).removeprefix("p=")
        _keys[(kind, bits)] = (private, public)
    return _keys[(kind, bits)]


# What is not cleaned up yet when the program is told to stop, as it is when it takes too long.
_unclean = set()


def _stop(number, frame):
    raise KeyboardInterrupt


signal.signal(signal.SIGTERM, _stop)


@atexit.register
def _clean_up_all():
    for case in list(_unclean):
        case.clean_up()


def processes_of(directory):
    """Processes of postseal that were started for this directory: daemons leave their parent."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                arguments = file.read().split(b"\0")
        except OSError:
            continue
        if arguments[0] == POSTSEAL.encode() and directory.encode() in b"\0".join(arguments):
            found.append(int(pid))
    return found


class PostsealCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="postseal-e2e-")
        os.chmod(self.directory, 0o755)
        self.running = []
        # Not in tearDown(), which is not called when a setUp() fails.
        self.addCleanup(self.clean_up)
        _unclean.add(self)

    def clean_up(self):
        _unclean.discard(self)
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=RUN_SECONDS)
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        for pid in processes_of(self.directory):
            os.kill(pid, signal.SIGKILL)
        self.wait_for("the end of daemons", lambda: not processes_of(self.directory))
        shutil.rmtree(self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, content, mode=0o600):
        if isinstance(content, str):
            content = content.encode()
        with open(self.path(name), "wb") as file:
            file.write(content)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def key(self, name, kind="rsa", bits=2048):
        return self.write(name, make_key(kind, bits)[0])

    def config(self, *lines, name="postseal.conf"):
        return self.write(name, "".join(line + "\n" for line in lines))

    def single_key(self, *lines):
        """A configuration with one key for example.com."""
        self.key("s1.private")
        return self.config(
            "Domain example.com",
            "Selector s1",
            f"KeyFile {self.path('s1.private')}",
            "Canonicalization relaxed/relaxed",
            *lines,
        )

    def single_key_of_nobody(self):
        """The same with UserID nobody, who has the key; only root can act on that."""
        if os.geteuid() != 0:
            self.skipTest("only root may become somebody else")
        config = self.single_key("UserID nobody")
        os.chown(self.path("s1.private"), NOBODY.pw_uid, NOBODY.pw_gid)
        os.chmod(config, 0o644)
        return config

    def public_keys(self, kind="rsa", name="s1._domainkey.example.com", p=None):
        p = make_key(kind)[1] if p is None else p
        return self.write("keys", f"{name} v=DKIM1; k={kind}; p={p}\n")

    def run_postseal(self, *args, stdin=b"", within=(), **kwargs):
        """Returns the exit status, stdout and stderr. `within` is a command that runs it."""
        kwargs.setdefault("cwd", self.directory)
        done = subprocess.run(
            [*within, POSTSEAL, *args],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=RUN_SECONDS,
            **kwargs,
        )
        return done.returncode, done.stdout, done.stderr.decode()

    def expect(self, status, *args, stdin=b"", **kwargs):
        """Runs it, and wants that exit status; gives stdout and stderr."""
        got, stdout, stderr = self.run_postseal(*args, stdin=stdin, **kwargs)
        self.assertEqual(got, status, f"got {got}, want {status}\n{stdout!r}\n{stderr}")
        return stdout, stderr

    def expect_json(self, status, *args, **kwargs):
        stdout, _ = self.expect(status, *args, **kwargs)
        return json.loads(stdout)

    def expect_verified(self, message, keys=None):
        stdout, _ = self.expect(0, "verify", "--keys", keys or self.public_keys(), stdin=message)
        return stdout.decode()

    def spawn(self, *args, **kwargs):
        kwargs.setdefault("cwd", self.directory)
        kwargs.setdefault("stdin", subprocess.DEVNULL)
        kwargs.setdefault("stdout", subprocess.PIPE)
        kwargs.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen([POSTSEAL, *args], **kwargs)
        self.running.append(process)
        return process

    def wait_for(self, what, condition, seconds=10):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"{what}: not within {seconds} s")
            time.sleep(0.01)

    def wait_for_file(self, name, seconds=10):
        self.wait_for(f"{name} to be there", lambda: os.path.exists(self.path(name)), seconds)

    def stop(self, process, number=signal.SIGTERM):
        """Ends it by a signal; gives its exit status and stderr."""
        process.send_signal(number)
        _, stderr = process.communicate(timeout=RUN_SECONDS)
        return process.returncode, stderr.decode()

    def make_spool(self, *messages):
        """A spool with the messages in in/, named 0, 1, and so on."""
        for name in ("in", "tmp", "out", "failed"):
            os.makedirs(self.path(f"spool/{name}"), exist_ok=True)
        for number, message in enumerate(messages):
            self.write(f"spool/in/{number}", message)
        return self.path("spool")


def as_nobody():
    """Arguments for a run without root's rights; None if this is not root anyway."""
    if os.geteuid() != 0:
        return {}
    return {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
