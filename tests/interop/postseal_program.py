"""The program under test: signs spools, verifies files; and .bsmtp units written and read."""
import json
import os
import re
import subprocess

import workspace

SECONDS_MAX = 120

FIELD = re.compile(rb"DKIM-Signature:[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE)


def path():
    program = os.environ.get("POSTSEAL", "")
    if not os.access(program, os.X_OK):
        workspace.skip("POSTSEAL does not name the program to test")
    return program


def has_command(name):
    done = subprocess.run([path(), name, "--help"], capture_output=True, timeout=SECONDS_MAX)
    return done.returncode == 0


def make_spool(directory):
    for name in ("in", "tmp", "out", "failed"):
        os.makedirs(os.path.join(directory, name), exist_ok=True)
    return directory


def sign_spool(directory, config, options=(), want=0):
    """Runs `postseal spool --once`; returns its summary. `want` None: any exit code will do."""
    arguments = [path(), "spool", "-x", config, "--once", "--json"]
    for option in options:
        arguments += ["-o", option]
    done = subprocess.run(arguments + [directory], capture_output=True, timeout=SECONDS_MAX)
    if want is not None and done.returncode != want:
        raise AssertionError(f"exit code {done.returncode}, want {want}: {arguments}\n"
                             + done.stderr.decode(errors="replace")[:4000])
    return json.loads(done.stdout or b"{}")


def stuff(text):
    """A message as it stands behind DATA, with the final dot; `text` ends in a line end."""
    end = b"\r\n" if text.split(b"\n", 1)[0].endswith(b"\r") else b"\n"
    return re.sub(rb"^\.", b"..", text, flags=re.MULTILINE) + b"." + end


def bsmtp_unit(messages):
    """Messages in one unit. Each must end in a line end."""
    unit = b"HELO relay.example\r\n"
    for number, message in enumerate(messages):
        unit += b"MAIL FROM:<bounce-%d@example.com>\nRCPT TO:<rcpt-%d@dest.example>\nDATA\n" % (
            number, number)
        unit += stuff(message)
    return unit + b"QUIT\r\n"


def bsmtp_texts(unit):
    """The messages in a unit, without the stuffing."""
    texts = []
    lines = None
    for line in re.findall(rb"[^\n]*\n", unit):
        if lines is None:
            if line.strip().upper() == b"DATA":
                lines = []
        elif line.rstrip(b"\r\n") == b".":
            texts.append(b"".join(lines))
            lines = None
        else:
            lines.append(line[1:] if line.startswith(b".") else line)
    return texts


def inserted_fields(message, signed):
    """The DKIM-Signature fields that were put in; nothing else may have changed."""
    start = len(message.envelope)
    size = len(signed) - len(message.raw)
    inserted = signed[start:start + size]
    if signed != message.envelope + inserted + message.text:
        raise AssertionError(f"{message.name}: bytes outside the inserted fields changed")
    fields = FIELD.findall(inserted)
    if b"".join(fields) != inserted:
        raise AssertionError(f"{message.name}: what was put in is not DKIM-Signature: {inserted!r}")
    ends = {line[-2:] == b"\r\n" for line in inserted.splitlines(keepends=True)}
    if ends - {message.line_end == b"\r\n"}:
        raise AssertionError(f"{message.name}: a field with other line ends than the message")
    return fields


def verify(keys_file, files):
    """Runs `postseal verify`; returns its exit code and, for each file, what it found."""
    done = subprocess.run([path(), "verify", "--keys", keys_file, "--json", *files],
                          capture_output=True, timeout=SECONDS_MAX)
    try:
        messages = json.loads(done.stdout)["messages"]
    except ValueError:
        raise AssertionError(f"verify: exit code {done.returncode}, no JSON: {done.stderr!r}") from None
    if [message["file"] for message in messages] != list(files):
        raise AssertionError("verify: the files in its answer are not those that it was asked about")
    return done.returncode, messages


def tags(field):
    """The tags of a DKIM-Signature field, without folding."""
    value = field.split(b":", 1)[1]
    pairs = {}
    for part in value.split(b";"):
        if part.strip():
            name, text = part.split(b"=", 1)
            pairs[name.strip().decode()] = re.sub(rb"\s+", b"", text).decode(errors="replace")
    return pairs
