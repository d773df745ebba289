#!/usr/bin/python3
"""What the others sign, `postseal verify` verifies; and what was tampered with, nobody passes.

Goal:     postseal passes the signatures of dkimpy (RSA and Ed25519), Mail::DKIM (RSA) and OpenDKIM (both),
          and its own, in all canonicalizations. A message that was changed behind the signature fails at
          postseal and at each peer; a change that relaxed allows passes there, and fails with simple.
Method:   each signer signs generated messages; every second one is verified as it lies on disk with LF.
          Then postseal signs, and each tampering below is done to each of its messages in turn.
"""
import collections
import os
import re
import sys
import time

import dkimpy_peer
import generate
import mail_dkim_peer
import opendkim_peer
import postseal_program
import workspace
from key_set import KeySet

MESSAGES = 24 if not workspace.is_slow() else 6  # for each signer and canonicalization
TAMPERED_MESSAGES = 9  # for each canonicalization

CANONICALIZATIONS = ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed")

PLAIN_DOMAINS = tuple(domain for domain in generate.DOMAINS if domain.isascii())


class Failures:
    def __init__(self):
        self.count = 0

    def add(self, text):
        self.count += 1
        if self.count <= 20:
            print(text[:600], flush=True)


def messages_for(seed, count=MESSAGES, **options):
    return list(generate.generate(seed.replace("/", "-"), count, with_envelope=False, domains=PLAIN_DOMAINS,
                                  **options))


# Signers: each yields (name, signed message as it travels)

def sign_with_dkimpy(keys, canonicalization):
    for selector, algorithm in (("r1024", "rsa-sha256"), ("r2048", "rsa-sha256"),
                                ("e1", "ed25519-sha256")):
        key = (keys.private_seed(selector) if KeySet.is_ed25519(selector)
               else keys.private_pkcs1(selector))
        for number, message in enumerate(messages_for(f"dkimpy-{canonicalization}-{selector}",
                                                      blank_before_colon=False)):
            options = {}
            if number % 3 == 1:
                options["include_headers"] = [b"from", b"from", b"subject", b"x-not-there"]
            if number % 4 == 2:
                options["length"] = True
            yield message, dkimpy_peer.sign(message.travelling(), message.domain, selector, key,
                                            algorithm, canonicalization, **options)


def sign_with_mail_dkim(place, keys, canonicalization):
    signer = mail_dkim_peer.MailDkim(place, "sign")
    for selector in ("r1024", "r2048"):
        key = place.write(f"pkcs1-{selector}.pem", keys.private_pkcs1(selector))
        for message in messages_for(f"mail-dkim-{canonicalization}-{selector}"):
            path = place.write("mail-dkim.in", message.travelling())
            out = place.path("mail-dkim.out")
            signer.sign(path, out, message.domain, selector, key, canonicalization)
            with open(out, "rb") as signed:
                yield message, signed.read()
    signer.close()


def sign_with_opendkim(place, keys, canonicalization):
    for selector, algorithm in (("r1024", "rsa-sha256"), ("r3072", "rsa-sha256"),
                                ("e1", "ed25519-sha256")):
        # With a simple header nobody passes its Ed25519 signatures, not even OpenDKIM: it folds b=
        # after it has hashed the field.
        if KeySet.is_ed25519(selector) and canonicalization.startswith("simple"):
            continue
        name = f"opendkim-s-{canonicalization.replace('/', '-')}-{selector}"
        signer = opendkim_peer.OpenDkim(place, name, {
            "Mode": "s", "Domain": "*", "Selector": selector, "KeyFile": keys.path(selector),
            "SignatureAlgorithm": algorithm, "Canonicalization": canonicalization,
            "MaximumHeaders": "1000000", "OversignHeaders": "From,X-Not-There",
            "Diagnostics": "yes", "SignatureTTL": "3600"})
        for message in messages_for(name, blank_before_colon=False):
            verdict, fields = signer.sign(message.travelling())
            if len(fields) != 1:
                raise AssertionError(f"OpenDKIM signs {message.name} with {fields} ({verdict})")
            yield message, fields[0] + message.travelling()
        signer.close()


def sign_with_postseal(place, keys, canonicalization, messages, selectors, oversign):
    name = f"postseal-{canonicalization.replace('/', '-')}-{'-'.join(selectors)}-{len(messages)}"
    spool = postseal_program.make_spool(place.folder(name, "spool"))
    for message in messages:
        with open(os.path.join(spool, "in", message.name), "wb") as out:
            out.write(message.raw)
    key_table = "".join(f"{selector} %:{selector}:{keys.path(selector)}\n" for selector in selectors)
    config = place.write(f"{name}/opendkim.conf", "".join(f"{line}\n" for line in (
        f"KeyTable file:{place.write(f'{name}/KeyTable', key_table)}",
        "SigningTable refile:" + place.write(
            f"{name}/SigningTable", "".join(f"*@* {selector}\n" for selector in selectors)),
        "MultipleSignatures yes", f"Canonicalization {canonicalization}", "MaximumHeaders 1000000",
        f"OversignHeaders {oversign}")))
    postseal_program.sign_spool(spool, config)
    for message in messages:
        with open(os.path.join(spool, "out", message.name), "rb") as signed:
            yield message, generate.travelling(signed.read())


def verify_files(place, keys, name, signed, signers, failures):
    """The signatures on top must pass, one for each signer; every second file has LF."""
    files = []
    for number, (_, travelling) in enumerate(signed):
        text = travelling.replace(b"\r\n", b"\n") if number % 2 else travelling
        files.append(place.write(f"verify/{name}-{number:04d}", text))
    code, found = postseal_program.verify(keys.public_keys_path, files)
    for (message, _), result in zip(signed, found):
        passes = [signature["pass"] for signature in result["signatures"][:signers]]
        if passes != [True] * signers or not result["pass"]:
            failures.add(f"{name}: {message.name}: {result}; traits {sorted(message.traits)}")
    if code != 0:
        failures.add(f"{name}: postseal verify ends with {code}, want 0")
    return len(signed)


def test_signers(place, keys, failures):
    for canonicalization in CANONICALIZATIONS:
        begin = time.monotonic()
        own = messages_for(f"own-{canonicalization}")
        signers = {
            "dkimpy": sign_with_dkimpy(keys, canonicalization),
            "mail-dkim": sign_with_mail_dkim(place, keys, canonicalization),
            "opendkim": sign_with_opendkim(place, keys, canonicalization),
            "postseal": sign_with_postseal(place, keys, canonicalization, own,
                                           ("r2048", "e1"), "From,Subject"),
        }
        counts = {}
        for name, signed in signers.items():
            counts[name] = verify_files(
                place, keys, f"{name}-{canonicalization.replace('/', '-')}", list(signed),
                2 if name == "postseal" else 1, failures)
        print(f"{canonicalization}: postseal verified {counts} ({time.monotonic() - begin:.1f} s)",
              flush=True)


# Tampering: a message as it travels in, another out, or None where it cannot be done to this one.

def split(travelling):
    header, separator, body = travelling.partition(b"\r\n\r\n")
    return header + b"\r\n", body if separator else b""


def join(header, body):
    return header + b"\r\n" + body


def fields_of(header):
    return re.findall(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", header)


def change_field(header, name, change):
    """The lowest field of that name changed; None if there is none."""
    fields = fields_of(header)
    for index in reversed(range(len(fields))):
        if re.match(name + rb"[ \t]*:", fields[index], re.IGNORECASE):
            changed = change(fields[index])
            return None if changed is None else b"".join(
                fields[:index] + ([changed] if changed else []) + fields[index + 1:])
    return None


def in_header(name, change):
    def tamper(travelling):
        header, body = split(travelling)
        header = change_field(header, name, change)
        return None if header is None else join(header, body)
    return tamper


def in_body(change):
    def tamper(travelling):
        header, body = split(travelling)
        changed = change(body)
        return None if changed is None or changed == body else join(header, changed)
    return tamper


def all_signatures(change):
    def tamper(travelling):
        header, body = split(travelling)
        fields = fields_of(header)
        return join(b"".join(change(field) if field.startswith(b"DKIM-Signature:")
                             else field for field in fields), body)
    return tamper


def flip_signature(field):
    """Another character somewhere in b=."""
    at = field.rindex(b"b=") + 6
    return field[:at] + (b"A" if field[at:at + 1] != b"A" else b"B") + field[at + 1:]


MUST_FAIL = {
    "body begins with another line": in_body(lambda body: b"Another line\r\n" + body),
    "body ends in another line": in_body(lambda body: body + b"Another line\r\n"),
    "a letter of the body is another": in_body(
        lambda body: re.sub(rb"[A-Za-z]", lambda match: bytes([match[0][0] ^ 1]), body, count=1)),
    "From is another": in_header(rb"From", lambda field: field.replace(b"@", b"x@", 1)),
    "a subject says more": in_header(rb"Subject", lambda field: field[:-2] + b"more\r\n"),
    "a subject is gone": in_header(rb"Subject", lambda field: b""),
    "a date is gone": in_header(rb"Date", lambda field: b""),
    "a From is put on top": lambda travelling: b"From: boss@example.com\r\n" + travelling,
    "a From is put below": lambda travelling: join(
        split(travelling)[0] + b"From: boss@example.com\r\n", split(travelling)[1]),
    "a Subject is put on top": lambda travelling: b"Subject: urgent\r\n" + travelling,
    "d= is another domain": all_signatures(lambda field: re.sub(
        rb"([ \t]d=)[^;]+;", rb"\1example.net;" if b"d=example.net;" not in field
        else rb"\1example.com;", field)),
    "b= is another": all_signatures(flip_signature),
    "h= is shorter": all_signatures(lambda field: re.sub(rb"(?i)(:[\s]*)Subject;", b";", field)),
    "s= names the wrong key": all_signatures(lambda field: re.sub(
        rb"([ \t]s=)[^;]+;", rb"\1r3072;", field)),
}


# Changes of blanks: relaxed allows them, simple does not.
HEADER_BLANKS = {
    "a From gets a longer blank": in_header(
        rb"From", lambda field: field.replace(b": ", b":  \t", 1) if b": " in field[:8] else None),
    "a From is written in capitals": in_header(rb"From", lambda field: b"FROM" + field[4:]),
    "a date is folded": in_header(
        rb"Date", lambda field: field.replace(b" Oct ", b"\r\n\tOct ", 1)),
}
BODY_BLANKS = {
    "blanks at the end of the first line": in_body(
        lambda body: body.replace(b"\r\n", b" \t\r\n", 1) if body.strip(b"\r\n \t") else None),
    "a longer blank in the body": in_body(
        lambda body: re.sub(rb"([!-~]) ([!-~])", rb"\1 \t \2", body, count=1)),
}
# Nobody minds those.
ALLOWED = {
    "blank lines at the end": in_body(
        lambda body: body + b"\r\n\r\n" if body.endswith(b"\r\n") and body.strip(b"\r\n") else None),
    "a field that is not signed": lambda travelling: b"X-Seen: yes\r\n" + travelling,
}


class Verifiers:
    """All that can be asked whether the signatures of a message pass."""

    def __init__(self, place, keys):
        self.place = place
        self.keys = keys
        self.mail_dkim = mail_dkim_peer.MailDkim(place, "verify", keys.public_keys_path)
        self.opendkim = opendkim_peer.verifier(place, "opendkim-v", keys.public_keys_path)

    def ask_peers(self, path, travelling, algorithms):
        """Per peer: whether each of the signatures passes. Mail::DKIM is asked about RSA only."""
        count = len(algorithms)
        yield "dkimpy", [result is True for result in
                         dkimpy_peer.verify(travelling, self.keys.records, count)]
        if "ed25519-sha256" not in algorithms:
            yield "Mail::DKIM", [result == "pass" for result in self.mail_dkim.verify(path)]
        yield "OpenDKIM", [result.startswith("pass") for result in
                           self.opendkim.verify(travelling)]

    def close(self):
        self.mail_dkim.close()
        self.opendkim.close()


def tampered(canonicalization, signed):
    """All that is done to the messages: (what, whether it must pass, message, travelling)."""
    header_mode, body_mode = canonicalization.split("/")
    groups = ((MUST_FAIL, False), (HEADER_BLANKS, header_mode == "relaxed"),
              (BODY_BLANKS, body_mode == "relaxed"), (ALLOWED, True))
    for message, travelling in signed:
        yield "nothing", True, message, travelling
        for group, passes in groups:
            for what, tamper in group.items():
                changed = tamper(travelling)
                if changed is not None and changed != travelling:
                    yield what, passes, message, changed


def test_tampering(place, keys, failures):
    verifiers = Verifiers(place, keys)
    counts = collections.Counter()
    for canonicalization in CANONICALIZATIONS:
        for selector in ("r1024", "e1"):
            messages = [message for message in messages_for(
                f"tamper-{canonicalization}-{selector}", 4 * TAMPERED_MESSAGES,
                blank_before_colon=False)
                        if "foreign_signature" not in message.traits
                        and len(message.text) < 20000][:TAMPERED_MESSAGES]
            signed = sign_with_postseal(place, keys, canonicalization, messages, (selector,),
                                        "From,Subject")
            cases = list(tampered(canonicalization, signed))
            name = canonicalization.replace("/", "-")
            paths = [place.write(f"tampered/{name}-{selector}-{number}", case[3])
                     for number, case in enumerate(cases)]
            code, found = postseal_program.verify(keys.public_keys_path, paths)
            if code != 65:
                failures.add(f"{name}: postseal verify ends with {code}, want 65")
            algorithm = "ed25519-sha256" if KeySet.is_ed25519(selector) else "rsa-sha256"
            for (what, passes, message, travelling), path, ours in zip(cases, paths, found):
                counts[what] += 1
                answers = [("postseal", [signature["pass"] for signature in ours["signatures"]]),
                           *verifiers.ask_peers(path, travelling, [algorithm])]
                for verifier, answer in answers:
                    if answer != [passes]:
                        failures.add(f"{verifier}: {canonicalization} {selector} {message.name}: "
                                     f"{what}: {answer}, want {[passes]}; {ours['signatures']}")
    verifiers.close()
    for what in [*MUST_FAIL, *HEADER_BLANKS, *BODY_BLANKS, *ALLOWED]:
        if counts[what] == 0:
            failures.add(f"never done: {what}")
    print(f"{sum(counts.values())} messages tampered with in {len(counts) - 1} ways", flush=True)


def main():
    workspace.need_programs("openssl", "perl", "opendkim")
    if not postseal_program.has_command("verify"):
        workspace.skip("this postseal has no command verify")
    failures = Failures()
    with workspace.Workspace() as place:
        keys = KeySet(place, sorted(set(generate.DOMAINS.values())))
        if sys.argv[1:] != ["tampering"]:
            test_signers(place, keys, failures)
        test_tampering(place, keys, failures)
    print(f"{failures.count} failures")
    return 1 if failures.count else 0


if __name__ == "__main__":
    sys.exit(main())
