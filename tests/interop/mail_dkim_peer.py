"""Mail::DKIM as a peer, through mail_dkim_peer.pl: one perl process for all messages."""
import os
import subprocess

import workspace

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mail_dkim_peer.pl")

class MailDkim:
    """`work`: "verify" with the file of public keys, or "sign"."""

    def __init__(self, place, work, *arguments):
        (perl,) = workspace.need_programs("perl")
        self.place = place
        self.process = place.start([perl, SCRIPT, work, *arguments], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            workspace.skip("Mail::DKIM is not installed (libmail-dkim-perl)")

    def _ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def verify(self, path):
        """A list, in the order of the signatures: "pass", or what is wrong."""
        return self._ask(path).split(",")

    def sign(self, path, out, domain, selector, key, canonicalization):
        answer = self._ask(f"{path} {out} {domain} {selector} {key} {canonicalization}")
        if answer != "done":
            raise AssertionError(f"{path}: {answer}")

    def close(self):
        self.process.stdin.close()
        self.place.stop(self.process)
