#!/usr/bin/python3
"""What postseal signs, the others verify.

Goal:     every signature on every generated message passes at dkimpy, Mail::DKIM (RSA) and OpenDKIM.
Method:   each configuration below signs a spool of its own messages, in one run of the program. Each output
          must be the input with DKIM-Signature fields put in, nothing else changed. Then it is given to
          each peer as it would travel. Where a peer is known not to take a message (its takes() says
          why), it is left to the others; no signature is left to nobody.
"""
import concurrent.futures
import dataclasses
import os
import sys
import time

import dkimpy_peer
import generate
import mail_dkim_peer
import opendkim_peer
import postseal_program
import workspace
from key_set import KeySet

MESSAGES_PER_CONFIG = 88 if not workspace.is_slow() else 11
SEED = os.environ.get("INTEROP_SEED", "1")  # other seeds make other messages
UNIT_MESSAGES = 11  # in a .bsmtp

ALL_SELECTORS = ("r1024", "r2048", "r3072", "e1")


@dataclasses.dataclass(frozen=True)
class Config:
    name: str
    canonicalization: str
    selectors: tuple
    engine: str
    bsmtp: bool = False
    options: tuple = ()
    signer: str = ""  # the second field of SigningTable
    messages: int = MESSAGES_PER_CONFIG
    large: bool = False  # bodies of many times what is read at once


OVERSIGN = ("OversignHeaders", "From,To,Subject,Date,X-Not-There")
EXPIRY = ("SignatureTTL", "604800")
COPIES = ("Diagnostics", "yes")
ALL_FIELDS = ("SignHeaders", "*,+message-id,+mime-version,+content-type,+x-*,+list-unsubscribe-post")

CONFIGS = (
    Config("ss-r2048", "simple/simple", ("r2048",), "auto"),
    Config("sr-r2048", "simple/relaxed", ("r2048",), "threads"),
    Config("rs-r2048", "relaxed/simple", ("r2048",), "auto"),
    Config("rr-r2048", "relaxed/relaxed", ("r2048",), "threads"),
    Config("ss-e1", "simple/simple", ("e1",), "threads"),
    Config("sr-e1", "simple/relaxed", ("e1",), "auto"),
    Config("rs-e1", "relaxed/simple", ("e1",), "threads"),
    Config("rr-e1", "relaxed/relaxed", ("e1",), "auto"),
    Config("ss-r1024-bsmtp", "simple/simple", ("r1024",), "auto", bsmtp=True),
    Config("sr-r3072-bsmtp", "simple/relaxed", ("r3072",), "threads", bsmtp=True),
    Config("rs-dual-bsmtp", "relaxed/simple", ("r2048", "e1"), "threads", bsmtp=True),
    Config("rr-dual-bsmtp", "relaxed/relaxed", ("r2048", "e1"), "auto", bsmtp=True),
    Config("ss-three", "simple/simple", ("r1024", "e1", "r2048"), "auto"),
    Config("rr-four", "relaxed/relaxed", ALL_SELECTORS, "threads"),
    Config("ss-four-bsmtp", "simple/simple", ALL_SELECTORS, "auto", bsmtp=True),
    Config("rs-three-bsmtp", "relaxed/simple", ("e1", "r2048", "r3072"), "threads", bsmtp=True),
    Config("ss-oversign", "simple/simple", ("r2048",), "auto", options=(OVERSIGN,)),
    Config("rr-oversign-all", "relaxed/relaxed", ("r2048", "e1"), "threads",
           options=(OVERSIGN, ALL_FIELDS)),
    Config("ss-all-fields", "simple/simple", ("r1024", "e1"), "auto", options=(ALL_FIELDS,)),
    Config("rs-expiry-identity", "relaxed/simple", ("r2048", "e1"), "auto", options=(EXPIRY,),
           signer="news@mail.%"),
    Config("sr-identity", "simple/relaxed", ("r1024",), "threads", signer="odd=+one@%"),
    Config("ss-copies", "simple/simple", ("r2048", "e1"), "threads", options=(COPIES, EXPIRY)),
    Config("rr-copies", "relaxed/relaxed", ("r2048",), "auto", options=(COPIES, ALL_FIELDS)),
    Config("ss-length", "simple/simple", ("r2048", "e1"), "auto",
           options=(("MaximumSignedBytes", "100"),)),
    Config("rr-length", "relaxed/relaxed", ("r2048",), "threads",
           options=(("MaximumSignedBytes", "500"),)),
    Config("sr-large", "simple/relaxed", ("r2048", "e1"), "auto", messages=8, large=True),
    Config("rs-large-bsmtp", "relaxed/simple", ("r1024", "e1"), "threads", bsmtp=True, messages=8,
           large=True),
    Config("rr-no-sync", "relaxed/relaxed", ("r3072", "e1"), "auto",
           options=(("SyncMode", "none"), ("IoThreads", "2"))),
)


@dataclasses.dataclass
class Job:
    """A signed message on its way through the peers."""

    message: generate.Message
    config: Config
    path: str  # as it travels
    travelling: bytes
    algorithms: list  # of the signatures, topmost first
    passed: list = dataclasses.field(default_factory=list)  # per signature: how many peers passed it


def write_config(place, config, keys):
    name = config.name
    signer = ":" + config.signer if config.signer else ""
    key_table = place.write(f"{name}/KeyTable", "".join(
        f"key-{selector} %:{selector}:{keys.path(selector)}\n" for selector in config.selectors))
    signing_table = place.write(f"{name}/SigningTable", "".join(
        f"*@* key-{selector}{signer}\n" for selector in config.selectors))
    lines = {
        "Canonicalization": config.canonicalization,
        "KeyTable": f"file:{key_table}",
        "SigningTable": f"refile:{signing_table}",
        "MultipleSignatures": "yes" if len(config.selectors) > 1 else "no",
        "IoEngine": config.engine,
        "MaximumHeaders": "1000000",
    }
    lines.update(config.options)
    return place.write(f"{name}/opendkim.conf",
                       "".join(f"{option} {value}\n" for option, value in lines.items()))


def write_units(spool, config, messages):
    """Fills in/, and returns for each unit the messages in it."""
    units = {}
    if config.bsmtp:
        for start in range(0, len(messages), UNIT_MESSAGES):
            units[f"{start:05d}.bsmtp"] = messages[start:start + UNIT_MESSAGES]
    else:
        units = {message.name + ".eml": [message] for message in messages}
    for name, inside in units.items():
        data = (postseal_program.bsmtp_unit([message.raw for message in inside]) if config.bsmtp
                else inside[0].raw)
        with open(os.path.join(spool, "in", name), "wb") as out:
            out.write(data)
    return units


def read_units(spool, config, units):
    """Each message with what became of it."""
    for name, inside in units.items():
        with open(os.path.join(spool, "out", name), "rb") as unit:
            data = unit.read()
        texts = postseal_program.bsmtp_texts(data) if config.bsmtp else [data]
        if len(texts) != len(inside):
            raise AssertionError(f"{config.name}/{name}: {len(texts)} messages, want {len(inside)}")
        yield from zip(inside, texts)


def check_tags(config, message, tags, selector):
    """What the configuration asks for is in the field."""
    algorithm = "ed25519-sha256" if KeySet.is_ed25519(selector) else "rsa-sha256"
    want = {"v": "1", "a": algorithm, "c": config.canonicalization, "d": message.domain,
            "s": selector}
    for name, value in want.items():
        if tags[name] != value:
            raise AssertionError(f"{message.name}: {name}={tags[name]}, want {value}")
    options = dict(config.options)
    here = {"x": "SignatureTTL" in options, "z": "Diagnostics" in options,
            "l": "MaximumSignedBytes" in options, "i": config.signer != ""}
    for name, wanted in here.items():
        if (name in tags) != wanted:
            raise AssertionError(f"{config.name}/{message.name}: {name}= is "
                                 f"{'not there' if wanted else 'there'}")


def sign_all(place, config, keys):
    """The jobs that one configuration makes."""
    # A blank before the colon, simple, and Ed25519: no peer takes all three.
    odd = config.canonicalization.startswith("simple") and "e1" in config.selectors
    messages = list(generate.generate(f"{SEED}-{config.name}", config.messages,
                                      blank_before_colon=not odd, large=config.large))
    if config.bsmtp:
        # Behind DATA there is no message without a last line end.
        messages = [message.with_last_line_end() for message in messages]
    spool = postseal_program.make_spool(place.folder(config.name, "spool"))
    units = write_units(spool, config, messages)
    summary = postseal_program.sign_spool(spool, write_config(place, config, keys))
    if summary["signed"] != len(messages):
        raise AssertionError(f"{config.name}: {summary}")
    jobs = []
    for message, signed in read_units(spool, config, units):
        fields = postseal_program.inserted_fields(message, signed)
        if len(fields) != len(config.selectors):
            raise AssertionError(f"{config.name}/{message.name}: {len(fields)} signatures")
        all_tags = [postseal_program.tags(field) for field in fields]
        by_selector = {tags["s"]: tags for tags in all_tags}
        for selector in config.selectors:
            check_tags(config, message, by_selector[selector], selector)
        travelling = generate.travelling(signed[len(message.envelope):])
        path = place.write(f"{config.name}/travelling/{message.name}", travelling)
        jobs.append(Job(message, config, path, travelling, [tags["a"] for tags in all_tags],
                        [0] * len(fields)))
    return jobs


class Complaints:
    def __init__(self):
        self.count = 0

    def add(self, text):
        self.count += 1
        if self.count <= 20:
            print(text, flush=True)


def judge(peer, job, results, is_good, complaints, skips=lambda algorithm: False):
    """Counts what passed, and complains about the rest."""
    for index, algorithm in enumerate(job.algorithms):
        if skips(algorithm):
            continue
        result = results[index] if index < len(results) else "no result"
        if is_good(result):
            job.passed[index] += 1
        else:
            complaints.add(f"{peer}: {job.config.name}/{job.message.name} signature {index + 1} "
                           f"({algorithm}): {result}; traits {sorted(job.message.traits)}; {job.path}")


def dkimpy_results(arguments):
    travelling, records, count = arguments
    return dkimpy_peer.verify(travelling, records, count)


def ask_dkimpy(jobs, keys, complaints):
    jobs = [job for job in jobs if dkimpy_peer.takes(job.travelling)]
    with concurrent.futures.ProcessPoolExecutor(max_workers=2) as pool:
        work = [(job.travelling, keys.records, len(job.algorithms)) for job in jobs]
        for job, results in zip(jobs, pool.map(dkimpy_results, work, chunksize=32)):
            judge("dkimpy", job, results, lambda result: result is True, complaints)


def ask_mail_dkim(place, jobs, keys, complaints):
    peer = mail_dkim_peer.MailDkim(place, "verify", keys.public_keys_path)
    for job in jobs:
        judge("Mail::DKIM", job, peer.verify(job.path), lambda result: result == "pass",
              complaints, skips=lambda algorithm: algorithm == "ed25519-sha256")
    peer.close()


def ask_opendkim(place, jobs, keys, complaints):
    peer = opendkim_peer.verifier(place, "opendkim-v", keys.public_keys_path)
    for job in jobs:
        if opendkim_peer.takes(job.message, job.config.canonicalization):
            judge("OpenDKIM", job, peer.verify(job.travelling),
                  lambda result: result.startswith("pass"), complaints)
    peer.close()


def main():
    workspace.need_programs("openssl", "perl", "opendkim")
    complaints = Complaints()
    only = sys.argv[1:]
    configs = [config for config in CONFIGS if not only or config.name in only]
    with workspace.Workspace() as place:
        keys = KeySet(place, sorted(set(generate.DOMAINS.values())))
        begin = time.monotonic()
        jobs = [job for config in configs for job in sign_all(place, config, keys)]
        print(f"{len(jobs)} messages signed, {time.monotonic() - begin:.1f} s", flush=True)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            peers = {
                "dkimpy": pool.submit(ask_dkimpy, jobs, keys, complaints),
                "Mail::DKIM": pool.submit(ask_mail_dkim, place, jobs, keys, complaints),
                "OpenDKIM": pool.submit(ask_opendkim, place, jobs, keys, complaints),
            }
            for name, peer in peers.items():
                peer.result()
                print(f"{name} is done, {time.monotonic() - begin:.1f} s", flush=True)
        for job in jobs:
            if min(job.passed) == 0:
                complaints.add(f"{job.config.name}/{job.message.name}: a signature that nobody passed")
        signatures = sum(len(job.algorithms) for job in jobs)
        print(f"{len(jobs)} messages, {signatures} signatures, "
              f"{sum(sum(job.passed) for job in jobs)} times passed, {complaints.count} complaints")
        if complaints.count and os.environ.get("KEEP"):
            import shutil
            shutil.copytree(place.directory, os.environ["KEEP"], dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns("*.sock"))
    return 1 if complaints.count else 0


if __name__ == "__main__":
    sys.exit(main())
