"""A temporary directory, and child processes, that never outlive the test.

Is:       the place that an interop test works in. Everything is gone when the test ends, also when
          it is killed with SIGKILL.
How:      a keeper process in a session of its own reads a pipe whose only writer is the test. The
          test names its children on it. When the pipe ends, for whatever reason, the keeper kills
          the children that are left and removes the directory.
Use:      with Workspace() as workspace:
              child = workspace.start(["opendkim", "-f", ...])
              path = workspace.path("in", "a.eml")
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

EXIT_SKIPPED = 77

# Memory, where there is some: what is tested here is not the disk.
ROOTS = ("/dev/shm", None)


def skip(reason):
    """Ends the test as one that cannot run here."""
    print("SKIP: " + reason)
    sys.exit(EXIT_SKIPPED)


def is_slow():
    """Whether the build that is tested is slow: some cases of many alike (tests/test_mode.h)."""
    return bool(os.environ.get("POSTSEAL_TEST_SLOW"))


def need_programs(*names):
    """The path of each program, or the end of the test."""
    found = []
    for name in names:
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path is None:
            skip(f"{name} is not installed")
        found.append(path)
    return found


def _roots():
    for root in ROOTS:
        if root is None or (os.path.isdir(root) and os.access(root, os.W_OK)):
            yield root


def _kill(pid, number):
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _keep(pipe, directory):
    """The keeper: reads the ids of process groups until the test is gone, then cleans up."""
    groups = set()
    with os.fdopen(pipe) as lines:
        for line in lines:
            action, pid = line.split()
            (groups.add if action == "+" else groups.discard)(int(pid))
    for pid in groups:
        _kill(pid, signal.SIGKILL)
    for _ in range(50):  # a child may still be writing while it dies
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            break
        time.sleep(0.1)


class Workspace:
    """The directory and the children of one test."""

    def __init__(self, on_disk=False):
        root = None if on_disk else next(_roots())
        self.directory = tempfile.mkdtemp(prefix="postseal-interop-", dir=root)
        self.children = {}
        reader, writer = os.pipe()
        self.keeper = os.fork()
        if self.keeper == 0:
            os.close(writer)
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):  # or who reads our output would wait for the keeper
                os.dup2(null, descriptor)
            _keep(reader, self.directory)
            os._exit(0)
        os.close(reader)
        self.pipe = os.fdopen(writer, "w", buffering=1)

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        return self

    def __exit__(self, *unused):
        for child in list(self.children.values()):
            self.stop(child)
        self.pipe.close()
        os.waitpid(self.keeper, 0)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def folder(self, *names):
        path = self.path(*names)
        os.makedirs(path, exist_ok=True)
        return path

    def write(self, name, data):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode())
        return path

    def start(self, arguments, **options):
        """A child in a process group of its own."""
        child = subprocess.Popen(arguments, start_new_session=True, **options)
        self.children[child.pid] = child
        self.pipe.write(f"+ {child.pid}\n")
        return child

    def stop(self, child, number=signal.SIGTERM, seconds=10):
        """Ends a child with a signal, and with SIGKILL if that does not do."""
        if child.poll() is None:
            _kill(child.pid, number)
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        _kill(child.pid, signal.SIGKILL)  # what is left of its group
        code = child.wait()
        if self.children.pop(child.pid, None) is not None:
            self.pipe.write(f"- {child.pid}\n")
        return code


def wait_until(condition, seconds, what, pause=0.02):
    """Asks again and again, with a pause in between; an error names what never happened."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(pause)
