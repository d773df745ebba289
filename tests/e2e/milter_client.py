"""An MTA as a milter sees it: speaks the protocol step by step, and waits for what was not negotiated away."""

import socket
import struct

NO_CONNECT, NO_HELO, NO_MAIL, NO_RCPT = 0x01, 0x02, 0x04, 0x08
NO_BODY, NO_HEADERS, NO_END_OF_HEADER, NR_HEADER = 0x10, 0x20, 0x40, 0x80
NO_UNKNOWN, NO_DATA, SKIPS = 0x100, 0x200, 0x400
NR_CONNECT, NR_HELO, NR_MAIL, NR_RCPT = 0x1000, 0x2000, 0x4000, 0x8000
NR_DATA, NR_UNKNOWN, NR_END_OF_HEADER, NR_BODY = 0x10000, 0x20000, 0x40000, 0x80000
LEADING_SPACE = 0x100000

ADD_HEADERS, CHANGE_HEADERS, QUARANTINE, SET_MACROS = 0x01, 0x10, 0x20, 0x100

# What Postfix 3.7 and what an MTA of version 2 offer.
POSTFIX = (6, 0x1FF, 0x1FFFFF)
VERSION_2 = (2, 0x3F, 0x7F)

CHUNK_SIZE = 65535
SECONDS = 20


class Closed(Exception):
    """The milter has ended the connection."""


class Answer:
    """What a milter says at the end of a message: its changes, and its last word."""

    def __init__(self, separator=b":"):
        self.separator = separator  # what the MTA puts between a name and a value
        self.inserted = []  # (index, name, value)
        self.changed = []  # (index, name, value)
        self.quarantine = None
        self.word = None  # a letter of the protocol
        self.reply = None  # the text of a reply

    def apply(self, message):
        """The message as the MTA sends it on: fields inserted on top, lines ended by CRLF."""
        fields = [b"%s%s%s\r\n" % (name, self.separator, value.replace(b"\n", b"\r\n"))
                  for _, name, value in reversed(self.inserted)]
        return b"".join(fields) + message


class MilterClient:
    def __init__(self, address, offer=POSTFIX):
        family = socket.AF_UNIX if isinstance(address, str) else (
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(SECONDS)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self.rest = b""
        self.macros_asked = {}
        self.steps = 0
        if offer is not None:
            self.negotiate(*offer)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def send(self, command, data=b""):
        self.socket.sendall(struct.pack("!I", len(data) + 1) + command + data)

    def receive(self):
        """One packet: its letter and its data."""
        while len(self.rest) < 4 or len(self.rest) < 4 + struct.unpack("!I", self.rest[:4])[0]:
            more = self.socket.recv(65536)
            if more == b"":
                raise Closed()
            self.rest += more
        size = struct.unpack("!I", self.rest[:4])[0]
        packet, self.rest = self.rest[4:4 + size], self.rest[4 + size:]
        return packet[:1], packet[1:]

    def negotiate(self, version, actions, steps):
        self.send(b"O", struct.pack("!III", version, actions, steps))
        letter, data = self.receive()
        assert letter == b"O", letter
        self.version, self.actions, self.steps = struct.unpack("!III", data[:12])
        rest = data[12:]
        while rest:
            step = struct.unpack("!I", rest[:4])[0]
            names, _, rest = rest[4:].partition(b"\0")
            self.macros_asked[step] = names.decode()

    def step(self, command, data, left_out=0, unanswered=0):
        """A step of the conversation; the letter of the answer, or None where there is none."""
        if self.steps & left_out:
            return None
        self.send(command, data)
        if self.steps & unanswered:
            return None
        return self.receive()[0]

    def macros(self, command, **values):
        pairs = b"".join(b"%s\0%s\0" % (name.encode() if len(name) == 1 else b"{%s}" % name.encode(),
                                       value.encode()) for name, value in values.items())
        self.send(b"D", command + pairs)

    def connect(self, host="client.example", address="127.0.0.1", family=b"4", **macros):
        self.macros(b"C", **{"j": "mx.example", "daemon_name": "mx.example", **macros})
        data = host.encode() + b"\0" + family
        if family != b"U":
            data += struct.pack("!H", 12345) + address.encode() + b"\0"
        return self.step(b"C", data, NO_CONNECT, NR_CONNECT)

    def helo(self, name="client.example"):
        return self.step(b"H", name.encode() + b"\0", NO_HELO, NR_HELO)

    def mail(self, sender="<joe@example.com>", queue_id="4QZ1", **macros):
        self.macros(b"M", **{"i": queue_id, **macros} if queue_id else macros)
        return self.step(b"M", sender.encode() + b"\0", NO_MAIL, NR_MAIL)

    def rcpt(self, recipient="<jane@example.net>"):
        return self.step(b"R", recipient.encode() + b"\0", NO_RCPT, NR_RCPT)

    def data(self):
        return self.step(b"T", b"", NO_DATA, NR_DATA)

    def header(self, name, value):
        """The value as it stands behind the colon."""
        if not self.steps & LEADING_SPACE and value.startswith(b" "):
            value = value[1:]
        return self.step(b"L", name + b"\0" + value + b"\0", NO_HEADERS, NR_HEADER)

    def end_of_header(self):
        return self.step(b"N", b"", NO_END_OF_HEADER, NR_END_OF_HEADER)

    def body(self, data):
        return self.step(b"B", data, NO_BODY, NR_BODY)

    def end_of_message(self, data=b"", **macros):
        if macros:
            self.macros(b"E", **macros)
        self.send(b"E", data)
        return self.receive_answer()

    def receive_answer(self):
        answer = Answer(b":" if self.steps & LEADING_SPACE else b": ")
        while answer.word is None:
            letter, data = self.receive()
            if letter in b"ih":
                index = struct.unpack("!I", data[:4])[0] if letter == b"i" else None
                name, value = (data[4:] if letter == b"i" else data).split(b"\0")[:2]
                answer.inserted.append((index, name, value))
            elif letter == b"m":
                name, value = data[4:].split(b"\0")[:2]
                answer.changed.append((struct.unpack("!I", data[:4])[0], name, value))
            elif letter == b"q":
                answer.quarantine = data.rstrip(b"\0").decode()
            else:
                answer.word = letter
                answer.reply = data.rstrip(b"\0").decode() if letter == b"y" else None
        return answer

    def headers(self, message):
        """All header fields of a message. The first answer that is not "continue", or None."""
        head = message.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n")
        fields = []
        for line in head.split(b"\n"):
            if line[:1] in b" \t" and fields:
                fields[-1] += b"\n" + line
            else:
                fields.append(line)
        for field in fields:
            name, _, value = field.partition(b":")
            letter = self.header(name, value)
            if letter not in (None, b"c"):
                return letter
        return None

    def message(self, message, sender="<joe@example.com>", recipients=("<jane@example.net>",),
                queue_id="4QZ1", chunk_size=CHUNK_SIZE, **macros):
        """A whole message; what is answered at its end, or as early as the milter has its last word."""
        steps = [lambda: self.mail(sender, queue_id, **macros)]
        steps += [lambda to=to: self.rcpt(to) for to in recipients]
        steps += [self.data, lambda: self.headers(message), self.end_of_header]
        for step in steps:
            letter = step()
            if letter not in (None, b"c"):
                answer = Answer()
                answer.word = letter
                return answer
        body = message.partition(b"\r\n\r\n")[2]
        for at in range(0, len(body), chunk_size):
            if self.body(body[at:at + chunk_size]) == b"s":
                break
        return self.end_of_message()

    def abort(self):
        self.send(b"A")

    def quit(self):
        self.send(b"Q")
