"""dkimpy as a peer: verifies each signature of a message, and signs."""
import logging
import re

import workspace

try:
    import dkim
    import nacl.signing  # noqa: F401  (dkimpy wants it for Ed25519, and says so only when it signs)
except ImportError as missing:
    workspace.skip(f"dkimpy: {missing} (python3-dkim, python3-nacl)")

logging.getLogger("dkimpy").addHandler(logging.NullHandler())


def takes(travelling):
    """
    It refuses a field with a blank before the colon (RFC 5322 4.5.8), and takes a "b=" behind a blank for
    the signature, wherever it stands, as in a z= that was folded before it.
    """
    header = travelling.split(b"\r\n\r\n", 1)[0]
    if re.search(rb"^[!-9;-~]+[ \t]+:", header, re.MULTILINE):
        return False
    fields = re.findall(rb"^DKIM-Signature:.*(?:\n[ \t].*)*", header, re.MULTILINE)
    return all(len(dkim.RE_BTAG.findall(field)) == 1 for field in fields)


def verify(travelling, records, count):
    """What becomes of the first `count` signatures: True, False, or text of an exception."""

    def lookup(name, timeout=5):
        record = records.get(name.decode().rstrip("."))
        return None if record is None else record.encode()

    results = []
    for index in range(count):
        try:
            results.append(dkim.DKIM(travelling).verify(idx=index, dnsfunc=lookup))
        except dkim.DKIMException as error:
            results.append(f"{type(error).__name__}: {error}")
    return results


def sign(travelling, domain, selector, key, algorithm, canonicalization, **options):
    """The message with dkimpy's signature on top. `key`: PEM for RSA, base64 seed for Ed25519."""
    field = dkim.sign(travelling, selector.encode(), domain.encode(), key,
                      canonicalize=tuple(canonicalization.encode().split(b"/")),
                      signature_algorithm=algorithm.encode(), **options)
    return field + travelling
