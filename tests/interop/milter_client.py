"""The MTA's side of the milter protocol, as much of it as it takes to run messages through a filter.

Is:       one connection to a filter on a unix socket; any number of messages, one after another.
Is not:   an MTA: it changes no message, and reports what the filter asked for.
Use:      with MilterClient(path) as client:
              result = client.message(travelling)   # CRLF; result.added: [(index, name, value)]
Source:   the protocol's version 6 as Sendmail's libmilter speaks it: a packet is its size (4 bytes,
          network order), a command letter, and data.
"""
import dataclasses
import re
import socket
import struct

VERSION = 6

# What the filter may ask for (SMFIF_*): all of it. What it may have left out (SMFIP_*): likewise.
ACTIONS = 0x1FF
PROTOCOL_NO_REPLY_OR_STEP = 0xFFFFF
PROTOCOL_SKIP = 0x400  # not offered: OpenDKIM forgets the message when it skips the rest of a body
PROTOCOL_LEADING_BLANK = 0x100000  # SMFIP_HDR_LEADSPC

# Steps that the filter may switch off, and replies that it may spare us.
NO_CONNECT, NO_HELO, NO_MAIL, NO_RCPT, NO_BODY, NO_HEADERS, NO_END_OF_HEADERS = (
    0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40)
NO_DATA = 0x200
NO_REPLY_HEADER, NO_REPLY_CONNECT, NO_REPLY_HELO, NO_REPLY_MAIL, NO_REPLY_RCPT, NO_REPLY_DATA = (
    0x80, 0x1000, 0x2000, 0x4000, 0x8000, 0x10000)
NO_REPLY_END_OF_HEADERS, NO_REPLY_BODY = 0x40000, 0x80000

BODY_CHUNK_SIZE = 65535
SECONDS_MAX = 30

FIELD = re.compile(rb"([^:\r\n]+):((?:[^\r\n]|\r\n[ \t])*)\r\n")


@dataclasses.dataclass
class Result:
    verdict: str  # the letter of the final answer
    added: list  # (index or None, name, value)


class MilterClient:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(SECONDS_MAX)
        self.socket.connect(path)
        self._send(b"O", struct.pack("!III", VERSION, ACTIONS,
                                     PROTOCOL_NO_REPLY_OR_STEP & ~PROTOCOL_SKIP
                                     | PROTOCOL_LEADING_BLANK))
        letter, data = self._receive()
        if letter != b"O":
            raise AssertionError(f"negotiation was answered with {letter!r}")
        self.protocol = struct.unpack("!III", data[:12])[2]
        self._macros(b"C", {"j": "relay.example", "{daemon_name}": "relay"})
        self._step(b"C", b"localhost\0" + b"4" + struct.pack("!H", 25) + b"127.0.0.1\0",
                   NO_CONNECT, NO_REPLY_CONNECT)
        self._step(b"H", b"client.example\0", NO_HELO, NO_REPLY_HELO)
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            self._send(b"Q", b"")
        except OSError:
            pass
        self.socket.close()

    def _send(self, letter, data):
        self.socket.sendall(struct.pack("!I", len(data) + 1) + letter + data)

    def _read(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise AssertionError("the filter closed the connection")
            data += piece
        return data

    def _receive(self):
        (size,) = struct.unpack("!I", self._read(4))
        packet = self._read(size)
        return packet[:1], packet[1:]

    def _macros(self, step, pairs):
        data = b"".join(f"{name}\0{value}\0".encode() for name, value in pairs.items())
        self._send(b"D", step + data)

    def _step(self, letter, data, switched_off=0, spared=0):
        """One step of the dialogue; the letter of the answer, or None to go on."""
        if self.protocol & switched_off:
            return None
        self._send(letter, data)
        if self.protocol & spared:
            return None
        answer, _ = self._receive()
        while answer == b"p":  # progress: it wants more time
            answer, _ = self._receive()
        return None if answer == b"c" else answer.decode()

    def _steps(self, fields, body):
        yield self._step(b"M", b"<bounce@example.com>\0", NO_MAIL, NO_REPLY_MAIL)
        yield self._step(b"R", b"<rcpt@dest.example>\0", NO_RCPT, NO_REPLY_RCPT)
        yield self._step(b"T", b"", NO_DATA, NO_REPLY_DATA)
        for name, value in fields:
            if not self.protocol & PROTOCOL_LEADING_BLANK and value.startswith(b" "):
                value = value[1:]
            # An MTA hands on the name alone, without blanks before the colon.
            yield self._step(b"L", name.rstrip(b" \t") + b"\0" + value.replace(b"\r\n", b"\n") + b"\0",
                             NO_HEADERS, NO_REPLY_HEADER)
        yield self._step(b"N", b"", NO_END_OF_HEADERS, NO_REPLY_END_OF_HEADERS)
        for start in range(0, len(body), BODY_CHUNK_SIZE):
            yield self._step(b"B", body[start:start + BODY_CHUNK_SIZE], NO_BODY, NO_REPLY_BODY)

    def message(self, travelling):
        header, body = split_message(travelling)
        self.number += 1
        self._macros(b"M", {"i": f"job{self.number}"})
        for verdict in self._steps(header, body):
            if verdict is not None:
                self._send(b"A", b"")
                return Result(verdict, [])
        self._send(b"E", b"")
        added = []
        while True:
            letter, data = self._receive()
            if letter in (b"h", b"i"):
                index = None
                if letter == b"i":
                    (index,) = struct.unpack("!I", data[:4])
                    data = data[4:]
                name, value, _ = data.split(b"\0")
                added.append((index, name, value))
            elif letter in (b"a", b"c", b"d", b"r", b"t", b"y"):
                return Result(letter.decode(), added)


def split_message(travelling):
    """The fields, as (name, value) with all blanks, and the body."""
    fields = []
    at = 0
    while at < len(travelling) and travelling[at:at + 2] != b"\r\n":
        match = FIELD.match(travelling, at)
        if match is None:  # the last field of a message that ends in it
            match = FIELD.match(travelling + b"\r\n", at)
        fields.append((match.group(1), match.group(2)))
        at = match.end()
    return fields, travelling[at + 2:]
