"""A daemon that listens, for the tests that are its MTA."""

import os
import signal

import milter_client
from milter_client import MilterClient
from postseal_case import PostsealCase, make_key


class MilterCase(PostsealCase):
    """setUp() starts nothing; a test says with which lines."""

    engines = ("io_uring", "threads")

    def start(self, *lines, engine="auto", key=True):
        """A daemon on a unix socket, with one key for example.com."""
        base = ["Socket local:" + self.path("socket"), "Syslog no", "Background no",
                f"IoEngine {engine}", "SyslogSuccess yes"]
        if key:
            self.conf = self.single_key(*base, *lines)
        else:
            self.conf = self.config(*base, *lines)
        self.log_file = open(self.path("log"), "wb")
        self.addCleanup(self.log_file.close)
        self.daemon = self.spawn("-f", "-x", self.conf, stderr=self.log_file)
        self.wait_for("a socket that listens", self.listens)
        return self.daemon

    def listens(self):
        if self.daemon.poll() is not None:
            self.fail("the daemon has ended: " + self.log())
        try:
            MilterClient(self.path("socket"), offer=None).close()
        except OSError:
            return False
        return True

    def log(self):
        return self.read("log").decode()

    def expect_log(self, line):
        self.wait_for(f"a line in the log: {line}", lambda: line in self.log())

    def client(self, offer=milter_client.POSTFIX, **connect):
        client = MilterClient(self.path("socket"), offer)
        self.addCleanup(client.close)
        client.connected = client.connect(**connect)
        return client

    def expect_signed(self, answer, message, keys=None, signatures=1):
        self.assertEqual(answer.word, b"a")
        names = [name for _, name, _ in answer.inserted]
        self.assertEqual(names.count(b"DKIM-Signature"), signatures)
        self.expect_verified(answer.apply(message), keys)

    def expect_accepted(self, answer):
        self.assertEqual((answer.word, answer.inserted, answer.changed), (b"a", [], []))

    def end(self, number=signal.SIGTERM):
        self.daemon.send_signal(number)
        status = self.daemon.wait(timeout=20)
        return status, self.log()
