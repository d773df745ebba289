"""An authoritative name server of a test's own, on loopback, by UDP and TCP.

It answers from a dictionary, as truthfully or as badly as the test wants: a value of a name is a list of
records, or one of the faults below. Started as a program it serves a JSON dictionary until it is killed:

    dns_server.py ADDRESS PORT '{"example.com": [["TXT", "v=spf1 -all"]]}'
"""

import json
import socket
import struct
import sys
import threading

TYPES = {"A": 1, "CNAME": 5, "TXT": 16, "AAAA": 28}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)

# Values of a name that are no records.
SILENCE = "silence"
GARBAGE = "garbage"
STRANGERS = "strangers"  # first what others might send, then the answer


def encode_name(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def encode_data(kind, value):
    if kind == "TXT":
        strings = [value] if isinstance(value, str) else value
        data = b""
        for text in (s.encode() for s in strings):
            pieces = [text[i : i + 255] for i in range(0, len(text), 255)] or [b""]
            data += b"".join(bytes([len(piece)]) + piece for piece in pieces)
        return data
    if kind == "CNAME":
        return encode_name(value)
    return socket.inet_pton(socket.AF_INET if kind == "A" else socket.AF_INET6, value)


def read_question(query):
    """The name, the type, and the bytes of the question."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    (kind,) = struct.unpack(">H", query[at + 1 : at + 3])
    return ".".join(labels).lower(), kind, query[12 : at + 5]


def edns_size(query, question):
    """What the OPT record says of UDP; 0: there is none."""
    rest = query[12 + len(question) :]
    return struct.unpack(">H", rest[3:5])[0] if len(rest) >= 11 else 0


class DnsServer:
    def __init__(self, zone, address="127.0.0.1", port=0, tcp=True, edns=True):
        self.zone = {name.lower(): value for name, value in zone.items()}
        self.has_tcp = tcp
        self.has_edns = edns
        self.questions = []  # (name, protocol), as they come
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        # Both protocols on one port: now and then another program has taken one of them.
        for _ in range(20):
            self.udp = socket.socket(family, socket.SOCK_DGRAM)
            self.udp.bind((address, port))
            self.port = self.udp.getsockname()[1]
            self.tcp = socket.socket(family, socket.SOCK_STREAM)
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.tcp.bind((address, self.port))
                break
            except OSError:
                self.udp.close()
                self.tcp.close()
        if tcp:
            self.tcp.listen()
        self.address = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        threading.Thread(target=self.serve_udp, daemon=True).start()
        if tcp:
            threading.Thread(target=self.serve_tcp, daemon=True).start()

    def close(self):
        for used in (self.udp, self.tcp):
            try:
                used.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            used.close()

    def find(self, name, kind):
        """The answers: (owner, type, data), behind all aliases of this zone."""
        answers = []
        for _ in range(20):
            value = self.zone.get(name)
            if not isinstance(value, (list, tuple)):
                return answers, NXDOMAIN if value is None and not answers else NOERROR
            alias = next((v for k, v in value if k == "CNAME"), None)
            if alias is None:
                answers += [
                    (name, TYPES[k], encode_data(k, v)) for k, v in value if TYPES[k] == kind
                ]
                return answers, NOERROR
            answers.append((name, TYPES["CNAME"], encode_data("CNAME", alias)))
            name = alias.lower()
        return answers, NOERROR

    def message(self, query, size_max):
        name, kind, question = read_question(query)
        value = self.zone.get(name)
        if isinstance(value, int):
            return query[:2] + struct.pack(">HHHHH", 0x8400 | value, 1, 0, 0, 0) + question
        if not self.has_edns and edns_size(query, question):
            return query[:2] + struct.pack(">HHHHH", 0x8400 | FORMERR, 0, 0, 0, 0)
        answers, rcode = self.find(name, kind)
        body = b"".join(
            encode_name(owner) + struct.pack(">HHIH", number, 1, 300, len(data)) + data
            for owner, number, data in answers
        )
        head = struct.pack(">HHHHH", 0x8400 | rcode, 1, len(answers), 0, 0)
        message = query[:2] + head + question + body
        if len(message) <= size_max:
            return message
        # TC, and nothing but the question.
        return query[:2] + struct.pack(">HHHHH", 0x8600, 1, 0, 0, 0) + question

    def serve_udp(self):
        while True:
            try:
                query, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            if len(query) < 12:
                continue  # closing wakes it up with nothing
            name, _, question = read_question(query)
            self.questions.append((name, "udp"))
            value = self.zone.get(name)
            if value == SILENCE:
                continue
            if value == GARBAGE:
                self.udp.sendto(query[:2] + b"\x84\0\0\1\0\5\0\0\0\0" + question + b"\xc0\xff", peer)
                continue
            size_max = max(512, edns_size(query, question))
            if isinstance(value, dict):
                # An answer to another question, one with another number, and half of one.
                other = bytes([query[0] ^ 1]) + query[1:]
                self.udp.sendto(self.message(other, size_max), peer)
                self.udp.sendto(query[:2] + self.message(query, size_max)[2:12], peer)
                self.udp.sendto(query, peer)
                self.zone[name] = value[STRANGERS]
            self.udp.sendto(self.message(query, size_max), peer)

    def serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_connection, args=(connection,), daemon=True).start()

    def serve_connection(self, connection):
        with connection:
            data = b""
            while len(data) < 2 or len(data) < 2 + struct.unpack(">H", data[:2])[0]:
                piece = connection.recv(4096)
                if not piece:
                    return
                data += piece
            name, _, _ = read_question(data[2:])
            self.questions.append((name, "tcp"))
            if self.has_tcp == "silent":
                connection.recv(1)  # until the other side goes
                return
            message = self.message(data[2:], 65535)
            connection.sendall(struct.pack(">H", len(message)) + message)


if __name__ == "__main__":
    DnsServer(json.loads(sys.argv[3]), sys.argv[1], int(sys.argv[2]))
    print("ready", flush=True)
    threading.Event().wait()
