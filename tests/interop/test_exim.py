#!/usr/bin/python3
"""Exim on both sides of postseal, as docs/exim.md says, word for word.

Goal:     1,000 messages go from one Exim through postseal to another, which delivers them to a maildir:
          none is lost, none comes twice, all are signed, and dkimpy passes every signature.
Method:   the blocks of docs/exim.md are taken as they stand there; only paths are replaced. postseal is
          down at first, then starts with a full in/, is killed with SIGKILL in the middle of that, and
          starts again; the second half of the mail comes while it runs. Then: the exit codes of exim -bS,
          one Exim on both sides, and what the page says about going live and giving up.
"""
import concurrent.futures
import os
import pwd
import re
import shlex
import signal
import stat
import subprocess
import sys
import time

import dkimpy_peer
import generate
import postseal_program
import workspace
from key_set import KeySet

MESSAGES = 1000 if not workspace.is_slow() else 40
MANY_RECIPIENTS = 250  # of message 0: three units, as batch_max is 100
SECONDS_MAX = 240

EXIM_USER = "Debian-exim"
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "exim.md")

DOMAIN = "example.com"
SELECTOR = "r1024"

# What the recipe leaves to the rest of an Exim configuration.
PREAMBLE = """
spool_directory = {directory}/spool
log_file_path = {directory}/log/%slog
primary_hostname = {name}.example
qualify_domain = {name}.example
domainlist local_domains = {name}.example
keep_environment =
never_users =
host_lookup =
message_logs = false
queue_only
"""

SINK_ROUTER = """
sink:
  driver = accept
  transport = sink
"""

SINK_TRANSPORT = """
sink:
  driver = appendfile
  maildir_format
  directory = {sink}
  create_directory = false
  envelope_to_add
  batch_max = 1000
  user = {user}
  group = {user}
"""


def read_blocks():
    """Name and text of each block of the page. What stands in a block has a name, or is a drawing."""
    with open(PAGE, encoding="utf-8") as page:
        text = page.read()
    blocks = {}
    for kind, name, indent, block in re.findall(
            r"(?:<!-- (block: |drawing)(\S*) -->\n)?( *)```\w*\n(.*?)\n *```", text, re.DOTALL):
        assert kind, f"a block of docs/exim.md that nobody runs:\n{block}"
        if kind != "drawing":
            blocks[name] = re.sub(f"^{indent}", "", block, flags=re.MULTILINE) + "\n"
    return blocks


class Recipe:
    """The blocks of the page, with the paths of this test in them."""

    used = set()  # by all tests

    def __init__(self, place):
        self.blocks = read_blocks()
        self.paths = {
            "/var/spool/postseal": place.path("postseal"),
            "/etc/postseal": place.path("etc"),
            "/usr/sbin/postseal": postseal_program.path(),
            "/usr/local/sbin": place.path("bin"),
        }

    def block(self, name):
        text = self.blocks[name]
        self.used.add(name)
        for path, ours in self.paths.items():
            text = text.replace(path, ours)
        return text

    def command(self, unit, instance=""):
        """What a systemd unit starts."""
        (line,) = re.findall(r"^ExecStart=(.*)$", self.block(unit), re.MULTILINE)
        return shlex.split(line.replace("%i", instance))


class Exim:
    """An Exim of its own: configuration, queue, log."""

    def __init__(self, place, program, name, routers, transports):
        directory = place.folder(name)
        self.place = place
        self.program = program
        for folder in ("spool", "log"):
            os.mkdir(os.path.join(directory, folder))
            give(os.path.join(directory, folder))
        self.log_path = os.path.join(directory, "log", "mainlog")
        self.config = place.write(
            f"{name}/exim.conf", PREAMBLE.format(directory=directory, name=name)
            + "begin routers\n" + routers + "begin transports\n" + transports)
        os.chmod(self.config, 0o644)

    def command(self, *arguments):
        return [self.program, "-C", self.config, *arguments]

    def run(self, *arguments, **options):
        return subprocess.run(self.command(*arguments), check=True, timeout=SECONDS_MAX,
                              capture_output=True, **options)

    def deliver_queue(self):
        """Until nothing waits. A second queue runner would start a process for each message that the
        first one has."""
        end = time.monotonic() + SECONDS_MAX
        while self.waiting() > 0:
            if time.monotonic() > end:
                raise AssertionError(f"{self.waiting()} messages stay in the queue:\n"
                                     + self.log()[-3000:])
            self.run("-qf")

    def waiting(self):
        return int(self.run("-bpc").stdout)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()


def give(path):
    """To Exim's user."""
    user = pwd.getpwnam(EXIM_USER)
    os.chown(path, user.pw_uid, user.pw_gid)


def run_shell(text, **options):
    subprocess.run(["sh", "-e", "-c", text], check=True, timeout=SECONDS_MAX, **options)


def write_executable(place, name, text):
    path = place.write(name, text)
    os.chmod(path, 0o755)
    return path


class Site:
    """All that the page sets up, and a sink."""

    def __init__(self, place, program, one_exim):
        self.place = place
        self.recipe = Recipe(place)
        recipe = self.recipe
        os.chmod(place.directory, 0o755)
        run_shell(recipe.block("directories"))
        self.keys = KeySet(place, [DOMAIN], [SELECTOR])
        place.write("etc/postseal.conf", recipe.block("postseal.conf"))
        place.write("etc/KeyTable", f"key {DOMAIN}:{SELECTOR}:{self.keys.path(SELECTOR)}\n")
        place.write("etc/SigningTable", f"*@{DOMAIN} key\n")
        self.sink = place.folder("sink")
        for folder in ("", "new", "cur", "tmp"):
            give(place.folder("sink", folder))
        sink_transport = SINK_TRANSPORT.format(sink=self.sink, user=EXIM_USER)
        if one_exim:
            self.sender = Exim(place, program, "relay", recipe.block("router") + SINK_ROUTER,
                               recipe.block("transport") + sink_transport)
            self.receiver = self.sender
        else:
            self.sender = Exim(place, program, "sender", recipe.block("router"),
                               recipe.block("transport"))
            self.receiver = Exim(place, program, "receiver", SINK_ROUTER, sink_transport)
        # What the script calls exim4 is the receiver.
        recipe.paths["'/usr/sbin/exim4'"] = ", ".join(f"'{word}'" for word in
                                                      self.receiver.command())
        write_executable(place, "bin/postseal-to-exim", recipe.block("postseal-to-exim"))
        self.log = open(place.path("children.log"), "wb")
        self.daemon = None

    def start_postseal(self):
        self.daemon = self.place.start(self.recipe.command("postseal-spool.service"),
                                       stdout=self.log, stderr=self.log)

    def stop_postseal(self, number):
        return self.place.stop(self.daemon, number)

    def start_script(self, instance):
        user = pwd.getpwnam(EXIM_USER)
        return self.place.start(self.recipe.command("postseal-to-exim@.service", instance),
                                stdout=self.log, stderr=self.log, user=user.pw_uid,
                                group=user.pw_gid, extra_groups=[], cwd="/")

    def spool(self, folder):
        """The units in a folder of the spool."""
        path = self.place.path("postseal", folder)
        return [os.path.join(path, name) for name in sorted(os.listdir(path))
                if name.endswith(".bsmtp")]

    def taken(self):
        return [name for _, _, names in os.walk(self.place.path("postseal", "taken"))
                for name in names]

    def wait_drained(self):
        """Until everything is with the receiver."""
        workspace.wait_until(
            lambda: not (self.spool("in") or self.spool("out") or self.taken()), SECONDS_MAX,
            "in/, out/ and taken/ are empty")

    def delivered(self):
        """What is in the sink: (recipients, message with CRLF)."""
        for name in os.listdir(os.path.join(self.sink, "new")):
            with open(os.path.join(self.sink, "new", name), "rb") as file:
                text = file.read()
            (names,) = re.match(rb"Envelope-to: (.*(?:\n[ \t].*)*)", text).groups()
            yield re.findall(r"[^\s,]+", names.decode()), generate.travelling(text)

    def delivered_to(self, recipient):
        return [text for names, text in self.delivered() if recipient in names]

    def words(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            return log.read()


def recipients(number):
    if number == 0:
        return [f"many-{i}@dest.example" for i in range(MANY_RECIPIENTS)]
    return [f"rcpt-{number}@dest.example"]


def batch(numbers):
    """Messages for exim -bS, each with its own recipients."""
    data = []
    number = -1
    candidates = generate.generate("exim", 10 * MESSAGES, with_envelope=False,
                                   blank_before_colon=False, domains=[DOMAIN])
    for message in candidates:
        number += 1
        if number == max(numbers) + 1:
            break
        if number not in numbers:
            continue
        text = message.text if message.text.endswith(b"\n") else message.text + message.line_end
        data.append(b"MAIL FROM:<bounce-%d@example.com>\n" % number)
        data += [b"RCPT TO:<%s>\n" % name.encode() for name in recipients(number)]
        data.append(b"DATA\n" + postseal_program.stuff(b"X-Number: %d\n" % number + text))
    return b"".join(data)


def send(site, numbers):
    site.sender.run("-bS", input=batch(numbers))
    site.sender.deliver_queue()


def verify_one(arguments):
    travelling, records = arguments
    count = len(re.findall(rb"^DKIM-Signature:.*\n?.* d=example\.com;", travelling.split(
        b"\r\n\r\n", 1)[0], re.MULTILINE))
    return count, dkimpy_peer.verify(travelling, records, 1)


def check_sink(site, numbers):
    """Each recipient has one message, it has one signature of ours, and that passes."""
    want = sorted(name for number in numbers for name in recipients(number))
    mail = list(site.delivered())
    got = sorted(name for names, _ in mail for name in names)
    if got != want:
        lost = sorted(set(want) - set(got))
        doubled = sorted({name for name in got if got.count(name) > 1})
        raise AssertionError(f"{len(got)} delivered, want {len(want)}; lost: {lost[:5]}, "
                             f"doubled: {doubled[:5]}\n" + site.words()[-3000:])
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        work = [(travelling, site.keys.records) for _, travelling in mail]
        for (names, _), (count, results) in zip(mail, pool.map(verify_one, work, chunksize=32)):
            if count != 1 or results != [True]:
                raise AssertionError(f"{names}: {count} signatures, {results}")
    return len(got)


def test_thousand(place, program):
    site = Site(place, program, one_exim=False)
    begin = time.monotonic()

    def at():
        return f"{time.monotonic() - begin:.1f} s"

    first, second = range(MESSAGES // 2), range(MESSAGES // 2, MESSAGES)
    send(site, first)
    units = len(site.spool("in"))
    want = len(first) - 1 + (MANY_RECIPIENTS + 99) // 100
    assert units == want, f"{units} units in in/, want {want}"
    print(f"postseal is down, {units} units wait ({at()})", flush=True)

    site.start_postseal()
    workspace.wait_until(lambda: site.spool("out"), 20, "a signed unit", pause=0)
    site.daemon.kill()  # at once: it signs hundreds in the blink of an eye
    site.stop_postseal(signal.SIGKILL)
    print(f"killed with {len(site.spool('in'))} units in in/, {len(site.spool('out'))} in out/ "
          f"({at()})", flush=True)
    scripts = [site.start_script("1"), site.start_script("2")]
    site.start_postseal()
    send(site, second)
    site.wait_drained()
    print(f"all handed over ({at()})", flush=True)
    site.receiver.deliver_queue()
    count = check_sink(site, range(MESSAGES))
    print(f"{count} deliveries of {MESSAGES} messages, all signed and verified ({at()})", flush=True)
    for script in scripts:
        place.stop(script)
    assert site.stop_postseal(signal.SIGTERM) == 0, "SIGTERM ends postseal with status 0"
    assert not site.spool("failed") and not site.spool("held"), "nothing failed, nothing is held"


def numbered(number, recipient, end=b".\n"):
    return (b"MAIL FROM:<a@example.com>\nRCPT TO:<%s>\nDATA\nFrom: a@example.com\n"
            b"Subject: unit %d\n\nText\n" % (recipient, number)) + end


def test_exit_codes(place, program):
    """Units that exim -bS takes in part, or not at all."""
    site = Site(place, program, one_exim=False)
    good = numbered(1, b"good@dest.example")
    part = numbered(2, b"part@dest.example") + b"MAIL FROM:<a b c>\n"
    none = b"MAIL FROM:<a b c>\n"
    for name, data in (("good", good), ("part", part), ("none", none)):
        give(place.write(f"postseal/out/{name}.bsmtp", data))
    script = site.start_script("1")
    workspace.wait_until(lambda: "none.bsmtp: Exim did not take it" in site.words(), 20,
                         "a unit is not taken")
    workspace.wait_until(lambda: site.spool("held"), 20, "a unit is held")
    time.sleep(1.5)  # another turn of the script: nothing is handed in twice
    place.stop(script)
    assert [os.path.basename(unit) for unit in site.spool("held")] == ["part.bsmtp"]
    assert site.taken() == ["none.bsmtp"] and not site.spool("out")
    # The script was stopped: what it had taken is handed in when it starts again.
    place.write("postseal/taken/1/none.bsmtp", numbered(3, b"none@dest.example"))
    script = site.start_script("1")
    site.wait_drained()
    place.stop(script)
    site.receiver.deliver_queue()
    got = sorted(name for names, _ in site.delivered() for name in names)
    assert got == ["good@dest.example", "none@dest.example", "part@dest.example"], got
    print("exit codes 0, 1 and 2 of exim -bS: handed over, held, tried again", flush=True)


def test_one_exim(place, program):
    """One Exim on both sides; what the page says for the first and for the last day."""
    site = Site(place, program, one_exim=True)
    numbers = range(1, 31)
    assert b"router = to_postseal" in site.sender.run("-bt", "someone@example.net").stdout
    run_shell(site.recipe.block("trial"))
    site.start_postseal()
    script = site.start_script("1")
    send(site, numbers)
    site.wait_drained()
    site.receiver.deliver_queue()
    trial = site.delivered_to("you@example.net")
    assert len(trial) == 1 and trial[0].count(b"DKIM-Signature:") == 1, "the message sent by hand"
    remove_delivered(site, "you@example.net")
    check_sink(site, numbers)
    print(f"one Exim on both sides: {len(numbers)} messages, no loop", flush=True)

    assert site.stop_postseal(signal.SIGTERM) == 0, "SIGTERM ends postseal with status 0"
    send(site, [31])
    assert not os.listdir(place.path("postseal", "tmp")), "a clean stop leaves nothing in tmp/"
    run_shell(site.recipe.block("give-up"))
    site.wait_drained()
    place.stop(script)
    site.receiver.deliver_queue()
    unsigned = site.delivered_to(recipients(31)[0])
    assert len(unsigned) == 1 and b"d=example.com" not in unsigned[0], "given up: sent unsigned"
    print("given up: what waited in in/ went out unsigned", flush=True)


def remove_delivered(site, recipient):
    folder = os.path.join(site.sink, "new")
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            if file.read().startswith(b"Envelope-to: " + recipient.encode()):
                os.unlink(path)


def main():
    (program,) = workspace.need_programs("exim4")
    workspace.need_programs("openssl")
    if os.getuid() != 0:
        workspace.skip("only root may start Exim with a configuration of its own")
    if not os.stat(program).st_mode & stat.S_ISUID:
        workspace.skip(f"{program} is not set-uid root")
    try:
        pwd.getpwnam(EXIM_USER)
    except KeyError:
        workspace.skip(f"there is no user {EXIM_USER} (exim4-base)")
    postseal_program.path()
    for test in (test_exit_codes, test_one_exim, test_thousand):
        if sys.argv[1:] and test.__name__ not in sys.argv[1:]:
            continue
        with workspace.Workspace() as place:
            try:
                test(place, program)
            except BaseException:
                print(f"{test.__name__} failed", flush=True)
                if os.environ.get("KEEP"):
                    subprocess.run(["cp", "-a", place.directory, os.environ["KEEP"]], check=False)
                raise
    if not sys.argv[1:]:
        unused = set(read_blocks()) - Recipe.used
        assert not unused, f"blocks of docs/exim.md that no test has run: {unused}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
