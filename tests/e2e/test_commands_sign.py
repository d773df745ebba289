"""postseal sign: one message, as a person or as a filter would run it."""

import os
import re
import signal
import subprocess
import unittest

from postseal_case import MESSAGE, POSTSEAL, PostsealCase, as_nobody

LONG_BODY_BYTES = 24 * 1024 * 1024


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) * 1024


def can_mount():
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True, timeout=20).returncode == 0


class Sign(PostsealCase):
    def flags(self, key="s1.private"):
        return ["-d", "example.com", "-s", "s1", "-k", self.path(key)]

    def sign(self, message, *args):
        """What comes out; the message must be behind the new field, byte for byte."""
        stdout, _ = self.expect(0, "sign", *args, stdin=message)
        self.assertTrue(stdout.startswith(b"DKIM-Signature: v=1; a="), stdout[:100])
        self.assertTrue(stdout.endswith(message))
        return stdout

    def test_message_of_stdin_is_signed(self):
        self.key("s1.private")
        signed = self.sign(MESSAGE, *self.flags())
        self.assertEqual(
            self.expect_verified(signed), "stdin: pass d=example.com s=s1 a=rsa-sha256\n"
        )

    def test_message_of_a_file_is_signed(self):
        self.key("s1.private")
        name = self.write("mail.eml", MESSAGE)
        stdout, stderr = self.expect(0, "sign", *self.flags(), name)
        self.assertTrue(stdout.endswith(MESSAGE))
        self.assertEqual(stderr, "")
        self.expect_verified(stdout)

    def test_configuration_signs_as_it_says(self):
        config = self.single_key("OversignHeaders From", "SignatureTTL 604800")
        signed = self.sign(MESSAGE, "-x", config)
        field = signed[: -len(MESSAGE)].decode()
        self.assertIn("c=relaxed/relaxed;", field)
        self.assertIn("h=From:To:Subject:Date:From;", field)
        times = re.search(r"t=(\d+);\s+x=(\d+);", field)
        self.assertEqual(int(times[2]) - int(times[1]), 604800)
        self.expect_verified(signed)

    def test_ed25519_key_is_recognized(self):
        self.key("s1.private", "ed25519")
        signed = self.sign(MESSAGE, *self.flags())
        self.assertEqual(
            self.expect_verified(signed, self.public_keys("ed25519")),
            "stdin: pass d=example.com s=s1 a=ed25519-sha256\n",
        )

    def test_canonicalization_of_the_command_line_wins(self):
        config = self.single_key()
        self.assertIn(b"c=simple/simple;", self.sign(MESSAGE, "-x", config, "-c", "simple"))

    def test_message_with_bare_line_ends_keeps_them(self):
        self.key("s1.private")
        message = MESSAGE.replace(b"\r\n", b"\n")
        signed = self.sign(message, *self.flags())
        self.assertNotIn(b"\r", signed)
        self.expect_verified(signed)

    def test_envelope_block_stays_on_top(self):
        self.key("s1.private")
        envelope = b"X-Sender: <joe@example.com>\r\nX-Receiver: <jane@example.net>\r\n"
        stdout, _ = self.expect(0, "sign", *self.flags(), stdin=envelope + MESSAGE)
        self.assertTrue(stdout.startswith(envelope + b"DKIM-Signature: "))
        self.assertTrue(stdout.endswith(MESSAGE))
        self.expect_verified(stdout)

    def test_message_that_is_not_ours_passes_as_it_is(self):
        self.key("s1.private")
        message = MESSAGE.replace(b"example.com", b"example.org")
        stdout, stderr = self.expect(0, "sign", *self.flags(), "-v", stdin=message)
        self.assertEqual(stdout, message)
        self.assertEqual(
            stderr,
            "postseal sign: stdin: passed as it is: no signing domain match for 'example.org'\n",
        )

    def test_long_message_that_is_not_ours_passes_as_it_is(self):
        self.key("s1.private")
        message = MESSAGE.replace(b"example.com", b"example.org") + b"x\r\n" * 3_000_000
        stdout, _ = self.expect(0, "sign", *self.flags(), stdin=message)
        self.assertTrue(stdout == message)

    def test_message_that_we_signed_is_not_signed_again(self):
        self.key("s1.private")
        signed = self.sign(MESSAGE, *self.flags())
        self.assertEqual(self.expect(0, "sign", *self.flags(), stdin=signed)[0], signed)

    def test_old_signatures_are_removed_where_that_is_asked_for(self):
        config = self.single_key("RemoveOldSignatures yes", "SignHeaders *,+DKIM-Signature")
        old = b"DKIM-Signature: v=1; d=example.net;\r\n\tb=old\r\n"
        first, rest = MESSAGE.split(b"\r\n", 1)
        message = old + first + b"\r\n" + old + old + rest
        stdout, _ = self.expect(0, "sign", "-x", config, stdin=message)
        self.assertTrue(stdout.endswith(b"\r\n" + MESSAGE))
        self.assertEqual(stdout.count(b"DKIM-Signature"), 1)
        self.expect_verified(stdout)
        # What is not signed keeps them: what we have signed already, and what is not ours.
        below = stdout.replace(b"\r\nFrom:", b"\r\n" + old + b"From:", 1)
        self.assertEqual(self.expect(0, "sign", "-x", config, stdin=below)[0], below)
        others = old + MESSAGE.replace(b"example.com", b"example.org")
        self.assertEqual(self.expect(0, "sign", "-x", config, stdin=others)[0], others)

    def test_old_signatures_of_a_long_message_are_removed(self):
        config = self.single_key("RemoveOldSignatures yes", "MaximumHeaders 0")
        old = b"DKIM-Signature: v=1; b=old\r\nX-Between: 1\r\n" * 20000
        body = b"x\r\n" * 2_000_000  # more than is held in memory
        stdout, _ = self.expect(0, "sign", "-x", config, stdin=old + MESSAGE + body)
        self.assertTrue(stdout.endswith(b"\r\n" + b"X-Between: 1\r\n" * 20000 + MESSAGE + body))
        self.assertEqual(stdout.count(b"DKIM-Signature"), 1)

    def test_filter_is_silent(self):
        config = self.single_key("LDAPTimeout 7")
        self.assertEqual(self.expect(0, "sign", "-x", config, stdin=MESSAGE)[1], "")

    def test_long_message_is_signed_in_bounded_memory(self):
        self.key("s1.private")
        line = b"x" * 70 + b"\r\n"
        body = line * (LONG_BODY_BYTES // len(line))
        with open(self.path("out"), "wb") as out:
            process = self.spawn(
                "sign", *self.flags(), stdin=subprocess.PIPE, stdout=out, stderr=subprocess.DEVNULL
            )
            process.stdin.write(MESSAGE + body)
            process.stdin.flush()
            self.assertLess(resident_bytes(process.pid), 64 * 1024 * 1024)
            process.stdin.close()
            self.assertEqual(process.wait(timeout=60), 0)
        self.assertTrue(self.read("out").endswith(MESSAGE + body))
        self.expect(0, "verify", "--keys", self.public_keys(), self.path("out"))

    def test_long_message_leaves_nothing_in_the_temporary_directory(self):
        self.key("s1.private")
        os.mkdir(self.path("tmp"))
        self.expect(
            0,
            "sign",
            *self.flags(),
            stdin=MESSAGE + b"x\r\n" * 3_000_000,
            env={**os.environ, "TMPDIR": self.path("tmp")},
        )
        self.assertEqual(os.listdir(self.path("tmp")), [])

    def expect_refused(self, message, reason):
        self.key("s1.private")
        stdout, stderr = self.expect(65, "sign", *self.flags(), stdin=message)
        self.assertEqual(stdout, b"")
        self.assertEqual(stderr, f"postseal sign: stdin: cannot be signed as it is: {reason}\n")

    def test_malformed_messages_are_refused_with_nothing_written(self):
        for message, reason in (
            (b"", "the message has no header"),
            (b"\r\nbody\r\n", "the message has no header"),
            (b"no field\r\n\r\n", "line 1: neither a header field nor the continuation of one"),
            (b"Subject: x\r\n\r\n", "it has no From field"),
            (b"From: a@example.com\r\n" * 2 + b"\r\n", "it has more than one From field"),
            (b"From: a@exa mple.com\r\n\r\n", "the address in its From field is broken"),
            (MESSAGE + b"a\rb\r\n", "its body has a CR without LF"),
        ):
            with self.subTest(reason):
                self.expect_refused(message, reason)

    def test_missing_input_is_told(self):
        self.key("s1.private")
        stdout, stderr = self.expect(66, "sign", *self.flags(), "nowhere.eml")
        self.assertEqual(stdout, b"")
        self.assertEqual(
            stderr, "postseal sign: nowhere.eml: cannot open: No such file or directory\n"
        )
        _, stderr = self.expect(66, "sign", *self.flags(), self.directory)
        self.assertEqual(
            stderr, f"postseal sign: {self.directory}: cannot read: Is a directory\n"
        )

    def expect_deferred(self, reason, **kwargs):
        stdout, stderr = self.expect(75, "sign", *self.flags(), stdin=MESSAGE, **kwargs)
        self.assertEqual(stdout, b"")
        self.assertEqual(stderr, f"postseal sign: stdin: cannot be signed now: {reason}\n")

    def test_missing_key_is_for_later(self):
        self.expect_deferred(f"{self.path('s1.private')}: No such file or directory")

    def test_unreadable_key_is_for_later(self):
        if os.geteuid() == 0:
            os.chown(self.key("s1.private"), 0, 0)
        else:
            os.chmod(self.key("s1.private"), 0)
        self.expect_deferred(f"{self.path('s1.private')}: Permission denied", **as_nobody())

    def test_key_that_others_can_read_is_for_later(self):
        os.chmod(self.key("s1.private"), 0o644)
        self.expect_deferred(f"{self.path('s1.private')} can be read or written by other users")

    def test_key_that_others_can_read_signs_without_require_safe_keys(self):
        os.chmod(self.key("s1.private"), 0o644)
        self.sign(MESSAGE, *self.flags(), "-o", "RequireSafeKeys=no")

    def test_truncated_key_is_for_later(self):
        self.key("s1.private")
        self.write("s1.private", self.read("s1.private")[:400])
        _, stderr = self.expect(75, "sign", *self.flags(), stdin=MESSAGE)
        self.assertIn(f"cannot be signed now: {self.path('s1.private')}: ", stderr)

    def test_public_key_is_for_later(self):
        self.key("s1.private")
        public = subprocess.run(
            ["openssl", "pkey", "-in", self.path("s1.private"), "-pubout"],
            check=True,
            stdout=subprocess.PIPE,
            timeout=60,
        ).stdout
        self.write("s1.private", public)
        _, stderr = self.expect(75, "sign", *self.flags(), stdin=MESSAGE)
        self.assertRegex(stderr, r"cannot be signed now: \S+s1.private: .*public key")

    def test_small_key_is_for_later(self):
        self.key("s1.private")
        _, stderr = self.expect(
            75, "sign", *self.flags(), "-o", "MinimumKeyBits=4096", stdin=MESSAGE
        )
        self.assertRegex(stderr, r"private key too small \(2048 bits, need at least 4096\)")

    def test_full_disk_for_a_long_message_is_for_later(self):
        if not can_mount():
            self.skipTest("needs root and a mount namespace")
        self.key("s1.private")
        os.mkdir(self.path("tiny"))
        done = subprocess.run(
            [
                "unshare", "-m", "sh", "-c",
                'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"', "sh",
                self.path("tiny"), POSTSEAL, "sign", *self.flags(),
            ],
            input=MESSAGE + b"x\r\n" * 3_000_000,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": self.path("tiny")},
            timeout=60,
        )
        self.assertEqual((done.returncode, done.stdout), (75, b""))
        self.assertEqual(
            done.stderr, b"postseal sign: stdin: cannot be held: No space left on device\n"
        )

    def test_directory_that_takes_no_file_is_an_io_error(self):
        self.key("s1.private")
        _, stderr = self.expect(
            74,
            "sign",
            *self.flags(),
            stdin=MESSAGE + b"x\r\n" * 3_000_000,
            env={**os.environ, "TMPDIR": "/proc"},
        )
        self.assertIn("postseal sign: stdin: cannot be held: ", stderr)

    def test_full_disk_under_stdout_is_an_io_error(self):
        self.key("s1.private")
        with open("/dev/full", "wb") as full:
            process = self.spawn("sign", *self.flags(), stdin=subprocess.PIPE, stdout=full)
            _, stderr = process.communicate(MESSAGE, timeout=60)
        self.assertEqual(process.returncode, 74)
        self.assertEqual(
            stderr, b"postseal sign: stdin: cannot write it: No space left on device\n"
        )

    def test_reader_that_goes_away_is_an_io_error(self):
        self.key("s1.private")
        reader, writer = os.pipe()
        process = self.spawn("sign", *self.flags(), stdin=subprocess.PIPE, stdout=writer)
        os.close(reader)
        os.close(writer)
        _, stderr = process.communicate(MESSAGE, timeout=60)
        self.assertEqual(process.returncode, 74)
        self.assertEqual(stderr, b"postseal sign: stdin: cannot write it: Broken pipe\n")

    def test_refused_message_is_read_to_its_end(self):
        """A mail server takes a filter that stops reading for a fault of its own."""
        self.key("s1.private")
        process = self.spawn("sign", *self.flags(), stdin=subprocess.PIPE)
        stdout, _ = process.communicate(b"Subject: x\r\n\r\n" + b"x\r\n" * 1_000_000, timeout=60)
        self.assertEqual((process.returncode, stdout), (65, b""))

    def test_two_ways_to_say_the_same_are_a_usage_error(self):
        config = self.single_key()
        _, stderr = self.expect(64, "sign", "-x", config, *self.flags(), stdin=MESSAGE)
        self.assertIn("postseal sign: -x and -d, -s, -k are two ways to say the same\n", stderr)

    def test_incomplete_key_of_the_command_line_is_an_error(self):
        _, stderr = self.expect(78, "sign", "-d", "example.com", stdin=MESSAGE)
        self.assertEqual(stderr, "command line: Domain: requires KeyFile and Selector\n")

    def test_interrupt_leaves_nothing_behind(self):
        self.key("s1.private")
        process = self.spawn("sign", *self.flags(), stdin=subprocess.PIPE)
        process.stdin.write(MESSAGE)
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=60)
        self.assertEqual((process.returncode, stdout), (-signal.SIGINT, b""))

    def test_root_sees_keys_as_the_user_of_the_configuration(self):
        config = self.single_key_of_nobody()
        self.write("mail.eml", MESSAGE)  # root's: it is opened before
        self.expect(0, "sign", "-x", config, "mail.eml")


if __name__ == "__main__":
    unittest.main(verbosity=2)
