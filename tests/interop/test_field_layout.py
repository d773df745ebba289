#!/usr/bin/python3
"""The same message and the same opendkim.conf: postseal writes the field that OpenDKIM writes.

Goal:     which signatures a message gets, in which order, and what d=, s=, a=, c=, i=, l=, bh=, h= and
          z= say in them, h= name for name in the same order and spelling.
Method:   each configuration below signs the same messages twice: by `opendkim` in Mode s through its
          milter, and by `postseal spool`. The fields are compared tag by tag. Folding is free, and so are
          t=, x= (the clock) and b=. A difference that is meant is in MEANT, with its reason; one that
          does not come up any more is a failure, too.
"""
import collections
import concurrent.futures
import os
import sys

import generate
import opendkim_peer
import postseal_program
import workspace
from key_set import KeySet

MESSAGES = 64 if not workspace.is_slow() else 26

CONFIGS = {
    "defaults": {},
    "sign-list": {"SignHeaders": "From,To,Subject,X-Many,Comments"},
    "sign-delta": {"SignHeaders": "*,+Message-ID,+mime-version,-subject,+x-many"},
    "sign-pattern": {"SignHeaders": "From,X-*,*-Id"},
    "omit-list": {"OmitHeaders": "To,Cc,Reply-To"},
    "omit-delta": {"OmitHeaders": "*,+subject,-received", "SignHeaders": "*,+received,+comments"},
    "oversign": {"OversignHeaders": "From,Subject,From,X-Not-There", "Canonicalization": "relaxed"},
    "oversign-unsigned": {"OversignHeaders": "X-Many,Message-ID", "SignHeaders": "*,-subject",
                          "Canonicalization": "relaxed/relaxed"},
    "domain": {"@": "domain", "Domain": "example.com, example.net"},
    "subdomains": {"@": "domain", "Domain": "example.org,example.com", "SubDomains": "yes"},
    "all-domains": {"@": "domain", "Domain": "*", "Canonicalization": "simple/relaxed"},
    "multiple-file": {
        "@": "file", "MultipleSignatures": "yes",
        "rows": ("user@example.com one", "example.com two:@%", ".example.org two:list@%", "* one",
                 "news@* two", "example.net one:boss@news.%")},
    "first-file": {
        "@": "file",
        "rows": ("user@example.com one", "example.com two:@%", ".example.org two:list@%",
                 "news@* two", "example.net one:boss@news.%", "mixed.example.com three")},
    "multiple-refile": {
        "@": "refile", "MultipleSignatures": "yes", "Canonicalization": "relaxed/simple",
        "rows": ("user@*.com one", "*@example.com two:@%", "*@* three:@%", "first.last@* two")},
    "first-refile": {
        "@": "refile", "Canonicalization": "relaxed/simple",
        "rows": ("user@example.* two:@%", "*.last@* three", "a+b@* one", "*@MIXED.example.com two")},
    "identity-without-at": {"@": "refile", "rows": ("user@* two:%", "*@* two")},
    "percent-everywhere": {
        "@": "refile", "rows": ("*@* %:any@%",),
        "keys": ("example.com %:r2048:{r2048}", "example.net example.com:r1024:{r1024}",
                 "mixed.example.com %:e2:{r1024}", "news.example.org %:r1024:{r1024}")},
    "ed25519": {"SignatureAlgorithm": "ed25519-sha256", "@": "refile", "rows": ("*@* ed",),
                "Canonicalization": "relaxed/relaxed"},
    "copies": {"Diagnostics": "yes", "SignatureTTL": "1000",
               "SignHeaders": "*,+x-blank-fold,+comments,+x-long"},
    "length": {"MaximumSignedBytes": "60", "Canonicalization": "relaxed/simple"},
    "length-relaxed": {"MaximumSignedBytes": "333", "Canonicalization": "simple/relaxed"},
    "exempt": {"@": "domain", "Domain": "*", "ExemptDomains": "example.com,news.example.org"},
    "sender-first": {"@": "refile", "rows": ("boss@* two", "*@* one"),
                     "SenderHeaders": "Sender,From"},
    "reports": {"RequestReports": "yes", "Canonicalization": "relaxed/relaxed"},
}

ROWS = ("*@* two",)
KEYS = ("one %:r1024:{r1024}", "two %:r2048:{r2048}", "three example.com:r3072:{r3072}",
        "ed %:e1:{e1}")

COMPARED = ("v", "a", "c", "d", "s", "q", "i", "bh", "l", "h", "r", "z")

# (configuration, what differs) -> why that is meant.
MEANT = {
    ("multiple-file", "order of signatures"):
        "both go through the rows in order, and OpenDKIM puts each signature above the one before; "
        "postseal writes them from top to bottom. The order means nothing (RFC 6376 4.2).",
    ("multiple-refile", "order of signatures"): "as in multiple-file",
    ("multiple-file", "a third signature"):
        "OpenDKIM 2.11 beta 2 makes two at most, whatever the tables say",
    ("multiple-refile", "a third signature"): "as in multiple-file",
    ("subdomains", "i="):
        "with SubDomains, i= says which subdomain it was; OpenDKIM writes the domain of d= again",
    ("identity-without-at", "number of signatures"):
        "a signer without @ is no i= (RFC 6376 3.5). OpenDKIM then lets the message go unsigned; "
        "postseal signs it without i=",
    ("copies", "z= of a long field"):
        "OpenDKIM leaves a field out of z= that its buffer does not hold; postseal copies it",
}

# OpenDKIM's buffer, less what it takes beside the value.
COPIED_FIELD_LONG = 900


def configuration(place, name, keys):
    """The lines of opendkim.conf that both get."""
    lines = {option: value for option, value in CONFIGS[name].items()
             if option not in ("@", "rows", "keys")}
    paths = {selector: keys.path(selector) for selector in keys.selectors}
    form = CONFIGS[name].get("@", "refile")
    if form == "domain":
        lines.update(KeyFile=keys.path("r1024"), Selector="r1024")
        return lines
    rows = CONFIGS[name].get("rows", ROWS)
    table = place.write(f"{name}/SigningTable", "".join(row + "\n" for row in rows))
    key_table = place.write(f"{name}/KeyTable", "".join(
        row.format(**paths) + "\n" for row in CONFIGS[name].get("keys", KEYS)))
    lines.update(SigningTable=f"{form}:{table}", KeyTable=f"file:{key_table}")
    return lines


def sign_with_opendkim(place, name, lines, messages):
    """Per message its fields, topmost first; None where OpenDKIM gave no signatures an answer."""
    peer = opendkim_peer.OpenDkim(place, f"opendkim-{name}", {
        "Mode": "s", "MaximumHeaders": "1000000", **lines})
    answers = []
    for message in messages:
        verdict, fields = peer.sign(message.travelling())
        answers.append(fields if verdict in ("a", "c") else verdict)
    peer.close()
    return answers


def sign_with_postseal(place, name, lines, messages):
    spool = postseal_program.make_spool(place.folder(name, "spool"))
    config = place.write(f"{name}/postseal.conf", "".join(
        f"{option} {value}\n" for option, value in {"MaximumHeaders": 1000000, **lines}.items()))
    for message in messages:
        with open(os.path.join(spool, "in", message.name), "wb") as out:
            out.write(message.raw)
    postseal_program.sign_spool(spool, config, want=None)
    answers = []
    for message in messages:
        path = os.path.join(spool, "out", message.name)
        if os.path.exists(path):
            with open(path, "rb") as signed:
                answers.append(postseal_program.inserted_fields(message, signed.read()))
        else:
            stays = os.path.exists(os.path.join(spool, "in", message.name))
            answers.append("t" if stays else "r")
    return answers


def compare_fields(theirs, ours):
    """What differs between two fields, as words."""
    their_tags, our_tags = postseal_program.tags(theirs), postseal_program.tags(ours)
    for tag in COMPARED:
        their_value, our_value = their_tags.get(tag), our_tags.get(tag)
        if tag == "l" and None not in (their_value, our_value):
            their_value, our_value = int(their_value), int(our_value)
        if tag == "z" and None not in (their_value, our_value):
            yield from compare_copies(set(their_value.split("|")), set(our_value.split("|")))
            continue
        if their_value != our_value:
            yield f"{tag}=", f"OpenDKIM {their_value!r}, postseal {our_value!r}"
    for tag in ("t", "x"):
        if (tag in their_tags) != (tag in our_tags):
            yield f"{tag}= there", f"OpenDKIM {tag in their_tags}, postseal {tag in our_tags}"
    if [tag for tag in their_tags if tag in our_tags] != [tag for tag in our_tags
                                                         if tag in their_tags]:
        yield "order of tags", f"OpenDKIM {list(their_tags)}, postseal {list(our_tags)}"


def compare_copies(theirs, ours):
    if theirs == ours:
        return
    left_out = ours - theirs
    if theirs - ours <= {""} and min(map(len, left_out)) > COPIED_FIELD_LONG:
        yield "z= of a long field", f"{len(left_out)} left out"
    else:
        yield "z=", f"OpenDKIM {theirs - ours}, postseal {left_out}"


def identity(field):
    """What tells the signatures of a message apart."""
    tags = postseal_program.tags(field)
    return tags.get("d"), tags.get("s")


def all_identity(field):
    return identity(field), postseal_program.tags(field).get("i", "")


def compare(theirs, ours):
    if isinstance(theirs, str) or isinstance(ours, str):
        if theirs != ours:
            yield "verdict", f"OpenDKIM {theirs!r}, postseal {ours!r}"
        return
    if len(theirs) == 2 and len(ours) == 3:
        yield "a third signature", "OpenDKIM 2, postseal 3"
        return
    if len(theirs) != len(ours):
        yield "number of signatures", f"OpenDKIM {len(theirs)}, postseal {len(ours)}"
        return
    if [identity(field) for field in theirs] != [identity(field) for field in ours]:
        yield "order of signatures", (f"OpenDKIM {[identity(field) for field in theirs]}, "
                                      f"postseal {[identity(field) for field in ours]}")
    for their_field, our_field in zip(sorted(theirs, key=all_identity),
                                      sorted(ours, key=all_identity)):
        yield from compare_fields(their_field, our_field)


def run(place, name, keys, messages):
    """The differences: (what, message name, text)."""
    lines = configuration(place, name, keys)
    theirs = sign_with_opendkim(place, name, lines, messages)
    ours = sign_with_postseal(place, name, lines, messages)
    differences = []
    signatures = 0
    for message, their_answer, our_answer in zip(messages, theirs, ours):
        signatures += 0 if isinstance(our_answer, str) else len(our_answer)
        for what, text in compare(their_answer, our_answer):
            differences.append((what, message.name, text))
    return differences, signatures


def main():
    workspace.need_programs("openssl", "opendkim")
    names = sys.argv[1:] or list(CONFIGS)
    failures = 0
    met = set()
    with workspace.Workspace() as place:
        keys = KeySet(place, [])
        # OpenDKIM looks for no domain that is not ASCII, and a milter hears no blank before a colon.
        ascii_domains = [domain for domain in generate.DOMAINS if domain.isascii()]
        messages = generate.generate("layout", MESSAGES, domains=ascii_domains,
                                     blank_before_colon=False)
        # Of a header that ends in the middle of a line a milter hears nothing, either.
        messages = [message.with_last_line_end() if "no_body" in message.traits else message
                    for message in messages]
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            results = list(pool.map(lambda name: run(place, name, keys, messages), names))
    for name, (differences, signatures) in zip(names, results):
        counts = collections.Counter(what for what, _, _ in differences)
        print(f"{name}: {len(messages)} messages, {signatures} signatures, differences: "
              f"{dict(counts) or 'none'}")
        shown = collections.Counter()
        for what, message_name, text in differences:
            if (name, what) in MEANT:
                met.add((name, what))
                continue
            failures += 1
            shown[what] += 1
            if shown[what] <= 2:
                print(f"  {message_name}: {what}: {text}"[:1200])
    for name, what in set(MEANT) - met:
        if name in names and not workspace.is_slow():
            print(f"a difference that does not come up any more: {name}: {what}")
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
