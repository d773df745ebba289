#!/usr/bin/python3
"""Messages as they come in real life, and odder ones; the same seed gives the same messages.

Is:       header fields with folding in every legal place, odd blanks, 8-bit text, long lines, duplicate
          fields, every kind of body end, both line ends, envelope blocks.
Is not:   malformed mail: each message here must be signed, and verified by everybody. `traits` name
          what is odd about a message, for those peers that do not take it.
Use:      generate(seed, count) yields Message; as a program it writes files:
              generate.py SEED COUNT DIRECTORY
"""
import dataclasses
import os
import random
import re
import sys

# As From has it (UTF-8 for U-labels), and as d= has it.
DOMAINS = {
    "example.com": "example.com",
    "example.net": "example.net",
    "news.example.org": "news.example.org",
    "Mixed.Example.COM": "mixed.example.com",
    "bücher.example": "xn--bcher-kva.example",
    "straße.example": "xn--strae-oqa.example",  # IDNA 2008: not strasse.example
    "例え.example": "xn--r8jz45g.example",
}

WORDS = ("invoice", "Re:", "you", "and", "me", "1,000", "(draft)", "a", "longer-word-here", "=3D", "10:30",
         "x" * 60, "semi;colon", "b=abc", "per%cent", "back\\slash", "tab", "fin.")
WORDS_UTF8 = ("größer", "naïve", "Привет", "日本語", "€5", "𝄞")

# What may stand between two words. \n is the line end of the message.
GAPS = (" ", " ", " ", " ", "  ", "\t", " \t ", "\n ", "\n\t", " \n ", "\n      ", "\t\n\t \t")

LONG_LINE_MAX = 100_000
LONG_FIELD_MAX = 30_000
LARGE_BODY_MAX = 2_000_000

# Blanks around a field name and its value.
BEFORE_COLON = (" ", "\t", "  \t")
AFTER_COLON = ("", " ", " ", " ", " ", "  ", "\t", "\n ", " \n\t")
AFTER_VALUE = ("", "", "", "", " ", "\t ", "   ")


@dataclasses.dataclass(frozen=True)
class Message:
    name: str
    envelope: bytes  # in front of the header: a pickup directory's lines, or mbox's
    text: bytes  # header and body, with the line ends that they have in the unit
    line_end: bytes
    domain: str  # of From, as an A-label
    traits: frozenset

    @property
    def raw(self):
        return self.envelope + self.text

    def travelling(self):
        return travelling(self.text)

    def with_last_line_end(self):
        if self.text.endswith(b"\n"):
            return self
        return dataclasses.replace(self, text=self.text + self.line_end)


def travelling(text):
    """A message as it goes over the wire: all of it lines, and each ends in CRLF."""
    text = re.sub(rb"\r?\n", b"\r\n", text)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


class Writer:
    """One message in the making."""

    def __init__(self, rng, blank_before_colon, large):
        self.rng = rng
        self.traits = set()
        self.blank_before_colon = blank_before_colon
        self.large = large
        self.fields = []

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def one_of(self, choices):
        return self.rng.choice(choices)

    # Header

    def words(self, count):
        pool = WORDS if self.chance(85) else WORDS + WORDS_UTF8
        text = self.one_of(pool)
        for _ in range(count - 1):
            text += self.one_of(GAPS) + self.one_of(pool)
        return text

    def odd_case(self, name):
        kind = self.rng.randrange(10)
        if kind == 0:
            return name.upper()
        if kind == 1:
            return name.lower()
        if kind == 2:
            return "".join(c.upper() if self.chance(50) else c.lower() for c in name)
        return name

    def add(self, name, value, plain=False):
        """`plain`: no blanks that were not asked for, as around an address."""
        before = ""
        if self.chance(1.5) and self.blank_before_colon:
            before = self.one_of(BEFORE_COLON)
            self.traits.add("blank_before_colon")
        if plain:
            text = f"{name}{before}: {value}"
        else:
            text = (f"{self.odd_case(name)}{before}:{self.one_of(AFTER_COLON)}{value}"
                    f"{self.one_of(AFTER_VALUE)}")
        self.fields.append(text)

    def display_name(self):
        kind = self.rng.randrange(7)
        if kind == 0:
            return '"Quoted, Name"'
        if kind == 1:
            return '"folded\n in quotes \\" too"'
        if kind == 2:
            return "=?utf-8?q?J=C3=BCrgen?="
        if kind == 3:
            return "Jürgen Größe"
        if kind == 4:
            return "A. (comment\n (in comment)) Name"
        return "Some Body"

    def from_value(self, domain):
        local = self.one_of(("user", "first.last", "a+b", "news", '"odd local"', "x" * 60))
        address = f"{local}@{domain}"
        kind = self.rng.randrange(10)
        if kind == 0:
            return address
        if kind == 1:
            return f"<{address}>"
        if kind == 2:
            return f"{self.display_name()}\n\t<{address}>"
        if kind == 3:
            return f"(one comment) {address} (another,\n with a \\) in it)"
        if kind == 4:
            self.traits.add("long_from")
            name = " ".join(f"w{i}{self.one_of(GAPS)}y" for i in range(self.rng.randrange(50, 600)))
            return f"{name} <{address}>"
        if kind == 5:
            self.traits.add("several_mailboxes")
            others = ",\n ".join(f"Other {i} <other{i}@elsewhere.example>"
                                 for i in range(self.rng.randrange(1, 200)))
            return f"{self.display_name()} <{address}>, {others}"
        return f"{self.display_name()} <{address}>"

    def addresses(self):
        text = ""
        for i in range(self.rng.randrange(1, 6)):
            text += ("," + self.one_of(GAPS) if i > 0 else "") + f"Rcpt {i} <rcpt{i}@dest.example>"
        return text

    def some(self, percent, name, value, **options):
        if self.chance(percent):
            self.add(name, value, **options)

    def header(self, domain):
        for _ in range(self.rng.randrange(0, 4)):
            self.add("Received", "from a.example (a.example [192.0.2.1])\n\tby b.example"
                     f" with ESMTP id {self.rng.randrange(10**9)};\n\tMon, 5 Oct 2026 10:00:00 +0000")
        self.add("From", self.from_value(domain), plain=True)
        if "several_mailboxes" in self.traits:
            self.add("Sender", f"boss@{domain}", plain=True)
        self.some(90, "To", self.addresses())
        self.some(95, "Subject", self.words(self.rng.randrange(1, 20)))
        self.some(95, "Date", "Mon, 05 Oct 2026 10:00:00 +0000")
        self.some(95, "Message-ID", f"<{self.rng.randrange(10**12)}@{DOMAINS[domain]}>")
        self.some(30, "Cc", self.addresses())
        self.some(20, "Reply-To", f"answers@{DOMAINS[domain]}")
        self.some(15, "In-Reply-To", "<1@dest.example>")
        self.some(15, "References", "<1@dest.example>\n <2@dest.example>\n\t<3@dest.example>")
        self.some(50, "MIME-Version", "1.0")
        self.some(50, "Content-Type", 'text/plain;\n charset="utf-8"')
        self.some(30, "Content-Transfer-Encoding", "8bit")
        self.some(15, "List-Id", f"A list <list.{DOMAINS[domain]}>")
        self.some(15, "List-Unsubscribe", "<https://dest.example/u?a=b&c=d>,\n <mailto:u@dest.example>")
        self.some(10, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        self.some(10, "Comments", self.words(4))
        self.some(10, "Keywords", self.words(2))
        self.some(10, "Return-Path", "<bounce@dest.example>")
        self.odd_fields()
        if self.chance(40):
            self.rng.shuffle(self.fields)

    def odd_fields(self):
        self.some(10, "Subject", self.words(3))  # a second one
        self.some(5, "To", self.addresses())
        self.some(8, "X-Empty", "")
        self.some(5, "Resent-From", "again@dest.example")
        self.some(5, "X-1!#$%&'*+-.^_`|~z", self.words(2))
        if self.chance(5):
            self.traits.add("blank_folded_line")
            self.add("X-Blank-Fold", "a\n \n\t\n b", plain=True)
        if self.chance(4):
            self.traits.add("long_field")
            self.add("X-Long", "y" * self.rng.randrange(1000, LONG_FIELD_MAX))
        if self.chance(4):
            for i in range(self.rng.randrange(20, 200)):
                self.add("X-Many", f"{i}")
        if self.chance(3):
            self.traits.add("foreign_signature")
            self.add("DKIM-Signature", "v=1; a=rsa-sha256; d=elsewhere.example; s=x;\n\th=from; bh=AAAA;"
                     "\n\tb=AAAA", plain=True)

    # Body

    def body_line(self):
        kind = self.rng.randrange(14)
        if kind == 0:
            return b""
        if kind == 1:
            return self.one_of((b" ", b"\t", b"   \t "))
        if kind == 2:
            return self.one_of((b".", b"..", b". ", b".dot at the start", b"...", b".\t"))
        if kind == 3:
            return b"From the start of a line"
        if kind == 4:
            return b"  indented\tand  with   blanks  " + self.one_of((b"", b" ", b"\t", b" \t \t"))
        if kind == 5:
            return "Grüße aus 東京, naïve café €".encode()
        if kind == 6:
            self.traits.add("latin1_body")
            return "Grüße aus Köln, señor".encode("latin-1")
        if kind == 7:
            return b"x" * self.rng.randrange(60, 998)
        if kind == 8 and self.chance(10):
            self.traits.add("long_line")
            return self.one_of((b"z", b"w ", b"\t", b"ab  c")) * (
                self.rng.randrange(1000, LONG_LINE_MAX) // 5)
        return self.one_of((b"A plain line of text.", b"-- ", b"=20=3D", b"DKIM-Signature: not here"))

    def body(self):
        """All from the empty line on, with \\n."""
        kind = self.rng.randrange(20)
        if kind == 0:
            self.traits.add("no_body")
            return b""
        if kind == 1:
            self.traits.add("empty_body")
            return b"\n"
        if kind == 2:
            self.traits.add("only_blank_lines")
            return b"\n" + b"\n" * self.rng.randrange(1, 5)
        if kind == 3:
            self.traits.add("only_blanks")
            return b"\n" + self.one_of((b" ", b"\t", b" \n", b" \n\t\n", b"\n \n\n"))
        lines = [self.body_line() for _ in range(self.rng.randrange(1, 30))]
        if self.large:
            lines *= self.rng.randrange(1, LARGE_BODY_MAX) // sum(len(line) + 1 for line in lines) + 1
        text = b"\n" + b"\n".join(lines) + b"\n"
        if self.chance(25):
            text += b"\n" * self.rng.randrange(1, 4)
        if self.chance(15):
            text += self.one_of((b" \n", b" \t\n\n", b"\t\n \n"))
        if self.chance(10) and text.strip(b"\n") != b"":
            self.traits.add("no_last_line_end")
            text = text.rstrip(b"\n") + self.one_of((b"", b" ", b"end"))
        return text

    def envelope(self):
        kind = self.rng.randrange(12)
        if kind == 0:
            self.traits.add("pickup_envelope")
            return (b"X-Sender: <bounce@example.com>\n"
                    + b"X-Receiver: <rcpt@dest.example> NOTIFY=NEVER\n" * self.rng.randrange(1, 4))
        if kind == 1:
            self.traits.add("mbox_envelope")
            return b"From bounce@example.com Mon Oct  5 10:00:00 2026\n"
        return b""


def build(seed, number, domains=tuple(DOMAINS), blank_before_colon=True, with_envelope=True,
          large=False):
    rng = random.Random(f"{seed}/{number}")
    writer = Writer(rng, blank_before_colon, large)
    domain = rng.choice(domains)
    line_end = rng.choice((b"\n", b"\r\n"))
    writer.header(domain)
    body = writer.body()
    envelope = writer.envelope() if with_envelope else b""
    text = "".join(field + "\n" for field in writer.fields).encode() + body
    if body == b"" and writer.chance(20):
        writer.traits.add("no_last_line_end")
        text = text.rstrip(b"\n")
    if line_end == b"\r\n" and writer.chance(5):
        writer.traits.add("mixed_line_ends")  # the body keeps its LF
        header_size = len(text) - len(body)
        text = text[:header_size].replace(b"\n", b"\r\n") + body
    else:
        text = text.replace(b"\n", line_end)
    if domain != DOMAINS[domain] and not domain.isascii():
        writer.traits.add("idn_from")
    if not text.isascii():
        writer.traits.add("8bit")
    return Message(f"{seed}-{number:05d}", envelope.replace(b"\n", line_end), text, line_end,
                   DOMAINS[domain], frozenset(writer.traits))


def generate(seed, count, **options):
    for number in range(count):
        yield build(seed, number, **options)


def main():
    seed, count, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    for message in generate(seed, count):
        with open(os.path.join(directory, message.name + ".eml"), "wb") as out:
            out.write(message.raw)


if __name__ == "__main__":
    main()
