"""Keys for one run: private ones as PEM files, public ones as the DNS would give them.

Selectors name the kind of a key: r1024, r2048, r3072, e1 (Ed25519). Every domain publishes all of them.
"""
import base64
import os
import subprocess

KINDS = {
    "r1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    "r2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "r3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "e1": ["-algorithm", "ED25519"],
}

ED25519_KEY_SIZE = 32  # the last bytes of either DER form


def _openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


class KeySet:
    def __init__(self, workspace, domains, kinds=tuple(KINDS)):
        self.directory = workspace.folder("keys")
        self.records = {}  # name in the DNS -> record
        self.selectors = kinds
        for selector in kinds:
            path = self.path(selector)
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
                out.write(_openssl("genpkey", *KINDS[selector]))
            record = self._record(selector)
            for domain in domains:
                self.records[f"{selector}._domainkey.{domain}"] = record
        self.public_keys_path = workspace.write(
            "public-keys", "".join(f"{name} {text}\n" for name, text in self.records.items()))

    def path(self, selector):
        return f"{self.directory}/{selector}.pem"

    def _record(self, selector):
        der = _openssl("pkey", "-in", self.path(selector), "-pubout", "-outform", "DER")
        if self.is_ed25519(selector):
            der = der[-ED25519_KEY_SIZE:]
        kind = "ed25519" if self.is_ed25519(selector) else "rsa"
        return f"v=DKIM1; k={kind}; p={base64.b64encode(der).decode()}"

    @staticmethod
    def is_ed25519(selector):
        return selector.startswith("e")

    def private_seed(self, selector):
        """Ed25519 as dkimpy wants it: the seed in base64."""
        der = _openssl("pkey", "-in", self.path(selector), "-outform", "DER")
        return base64.b64encode(der[-ED25519_KEY_SIZE:])

    def private_pkcs1(self, selector):
        """RSA in the traditional PEM form, which every peer reads."""
        return _openssl("rsa", "-in", self.path(selector), "-traditional")
