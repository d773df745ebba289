"""OpenDKIM as a peer: the daemon behind its milter socket, to verify or to sign."""
import re
import signal

import workspace
from milter_client import MilterClient


def takes(message, canonicalization="relaxed/relaxed"):
    """A milter gets field names without the blanks behind them, and simple signs those."""
    return "blank_before_colon" not in message.traits or canonicalization.startswith("relaxed")


class OpenDkim:
    """`options`: lines of opendkim.conf, as (name, value)."""

    def __init__(self, place, name, options):
        (program,) = workspace.need_programs("opendkim")
        self.place = place
        self.socket_path = place.path(f"{name}.sock")
        self.log_path = place.path(f"{name}.log")
        lines = {
            "Socket": f"local:{self.socket_path}",
            "Background": "no",
            "AutoRestart": "no",
            "RequireSafeKeys": "no",  # the directory above ours is everybody's
            "Syslog": "no",
        }
        lines.update(options)
        self.config_path = place.write(
            f"{name}.conf", "".join(f"{option} {value}\n" for option, value in lines.items()))
        self.log = open(self.log_path, "wb")
        self.process = place.start([program, "-f", "-x", self.config_path], stdout=self.log,
                                   stderr=self.log)
        workspace.wait_until(self._connected, 15, "opendkim listens")

    def _connected(self):
        if self._gone():
            raise AssertionError("opendkim ended: " + self._words())
        try:
            self.client = MilterClient(self.socket_path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def _gone(self):
        return self.process.poll() is not None

    def _words(self):
        with open(self.log_path, "rb") as log:
            return log.read().decode(errors="replace")

    def close(self):
        self.client.__exit__()
        self.place.stop(self.process, signal.SIGKILL)  # it takes 5 s to heed SIGTERM
        self.log.close()

    def sign(self, travelling):
        """The DKIM-Signature fields that it wants on top, topmost first."""
        result = self.client.message(travelling)
        fields = []
        for index, name, value in result.added:
            if name.lower() == b"dkim-signature":
                # Each goes in at the top, so the last one is the topmost.
                fields.insert(0, name + b":" + value.replace(b"\r", b"").replace(b"\n", b"\r\n")
                              + b"\r\n")
        return result.verdict, fields

    def verify(self, travelling):
        """A list, in the order of the signatures: "pass", or what is wrong."""
        result = self.client.message(travelling)
        for _, name, value in result.added:
            if name.lower() == b"authentication-results":
                return re.findall(r"dkim=(\w+(?: \([^)]*\))?)", value.decode(errors="replace"))
        return [f"no Authentication-Results: {result}"]


def verifier(place, name, public_keys_path):
    return OpenDkim(place, name, {
        "Mode": "v",
        "TestPublicKeys": public_keys_path,
        "AlwaysAddARHeader": "yes",
        "MaximumHeaders": "1000000",
        "MaximumSignaturesToVerify": "20",
    })
