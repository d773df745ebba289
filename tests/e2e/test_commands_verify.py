"""postseal verify: what it says of good, broken and missing signatures, and where keys come from."""

import json
import os
import subprocess
import unittest

from postseal_case import MESSAGE, POSTSEAL, PostsealCase, make_key

ENVELOPE = [b"MAIL FROM:<joe@example.com>\r\n", b"RCPT TO:<jane@example.net>\r\n", b"DATA\r\n"]


def batch(*messages):
    """The messages in batch SMTP."""
    text = b""
    for message in messages:
        lines = message.removesuffix(b"\r\n").split(b"\r\n")
        stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
        text += b"".join(ENVELOPE) + b"\r\n".join(stuffed + [b".", b""])
    return text


class Verify(PostsealCase):
    def setUp(self):
        super().setUp()
        self.conf = self.single_key()
        self.keys = self.public_keys()
        self.signed = self.signed_text(MESSAGE)

    def signed_text(self, message):
        return self.expect(0, "sign", "-x", self.conf, stdin=message)[0]

    def expect_line(self, status, message, line, *args):
        args = args or ("--keys", self.keys)
        stdout, stderr = self.expect(status, "verify", *args, stdin=message)
        self.assertEqual(stdout.decode(), f"stdin: {line}\n")
        self.assertEqual(stderr, "")

    def test_good_signature_passes(self):
        self.expect_line(0, self.signed, "pass d=example.com s=s1 a=rsa-sha256")

    def test_changed_body_fails(self):
        self.expect_line(
            65,
            self.signed + b"more\r\n",
            "fail (body) d=example.com s=s1 a=rsa-sha256: the body was changed after signing",
        )

    def test_changed_header_fails(self):
        self.expect_line(
            65,
            self.signed.replace(b"a test", b"another"),
            "fail (header) d=example.com s=s1 a=rsa-sha256: the header was changed after signing, "
            "or the key is another",
        )

    def test_key_of_somebody_else_fails(self):
        self.keys = self.public_keys(p=make_key("rsa", 1024)[1])
        self.expect_line(
            65,
            self.signed,
            "fail (header) d=example.com s=s1 a=rsa-sha256: the header was changed after signing, "
            "or the key is another",
        )

    def test_message_without_signature_is_told(self):
        self.expect_line(65, MESSAGE, "none: the message has no signature")

    def test_missing_key_is_told(self):
        self.keys = self.public_keys(name="other._domainkey.example.com")
        self.expect_line(
            65,
            self.signed,
            "no key d=example.com s=s1 a=rsa-sha256: there is no key record",
        )

    def test_record_that_does_not_serve_is_told(self):
        for record, reason in (
            ("v=DKIM1; p=", "p= is empty: the key was revoked"),
            ("v=DKIM1; k=ed25519; p=" + make_key("ed25519")[1], "the key is of another type than a= says"),
            ("v=DKIM1; p=!!!!", None),
            ("v=DKIM1; s=tlsrpt; p=" + make_key("rsa")[1], "the key record does not allow email"),
            ("v=DKIM1; h=sha1; p=" + make_key("rsa")[1], "the key record does not allow sha256"),
        ):
            with self.subTest(record[:20]):
                self.write("keys", f"s1._domainkey.example.com {record}\n")
                stdout, _ = self.expect(65, "verify", "--keys", self.keys, stdin=self.signed)
                text = stdout.decode()
                self.assertTrue(
                    text.startswith("stdin: invalid d=example.com s=s1 a=rsa-sha256: "), text
                )
                if reason is not None and "revoked" not in reason:
                    self.assertIn(reason, text)

    def test_malformed_signature_is_told(self):
        self.expect_line(
            65,
            self.signed.replace(b"v=1;", b"v=2;", 1),
            "invalid: v= is not 1",
        )

    def test_expired_signature_is_told(self):
        signed, _ = self.expect(
            0, "sign", "-x", self.conf, "-o", "SignatureTTL=1", stdin=MESSAGE
        )
        start = signed.index(b"t=") + 2
        old = signed[:start] + b"1000000000" + signed[start + 10 :]
        start = old.index(b"x=") + 2
        old = old[:start] + b"1000000001" + old[start + 10 :]
        self.expect_line(
            65, old, "invalid d=example.com s=s1 a=rsa-sha256: the signature has expired (x=)"
        )

    def test_one_good_signature_of_two_is_enough(self):
        other = b"DKIM-Signature: v=1; a=rsa-sha256; d=other.example; s=x; h=from; bh=AAAA; b=AAAA\r\n"
        stdout, _ = self.expect(0, "verify", "--keys", self.keys, stdin=other + self.signed)
        lines = stdout.decode().splitlines()
        self.assertEqual(len(lines), 2)
        self.assertEqual(lines[1], "stdin: pass d=example.com s=s1 a=rsa-sha256")

    def test_malformed_messages_are_told(self):
        self.expect_line(65, b"", "malformed: the message has no header")
        self.expect_line(65, b"\r\n", "malformed: the message has no header")
        self.expect_line(
            65,
            b"Subject: x\r\nno field\r\n\r\n",
            "malformed: line 2: neither a header field nor the continuation of one",
        )
        self.expect_line(
            65, self.signed + b"a\rb\r\n", "malformed: its body has a CR without LF"
        )

    def test_envelope_block_and_mbox_line_do_not_matter(self):
        for top in (
            b"X-Sender: <joe@example.com>\r\nX-Receiver: <jane@example.net>\r\n",
            b"From joe@example.com Mon Nov 24 10:00:00 2025\r\n",
        ):
            self.expect_line(0, top + self.signed, "pass d=example.com s=s1 a=rsa-sha256")

    def test_public_half_of_the_single_key_serves(self):
        self.expect_line(
            0, self.signed, "pass d=example.com s=s1 a=rsa-sha256", "-x", self.conf
        )

    def test_public_half_of_a_row_of_the_key_table_serves(self):
        config = self.config(
            "SigningTable csl:*=k1",
            f"KeyTable csl:k0=other.example:s1:/nowhere,k1=example.com:s1:{self.path('s1.private')}",
            name="tables.conf",
        )
        self.expect_line(0, self.signed, "pass d=example.com s=s1 a=rsa-sha256", "-x", config)

    def test_public_half_of_a_row_for_every_domain_serves(self):
        os.mkdir(self.path("keys.d"))
        self.key("keys.d/example.com")
        config = self.config(
            "SigningTable csl:*=k",
            f"KeyTable csl:k=%:s1:{self.path('keys.d')}/%",
            name="tables.conf",
        )
        self.expect_line(0, self.signed, "pass d=example.com s=s1 a=rsa-sha256", "-x", config)
        foreign = self.signed.replace(b"d=example.com", b"d=../example.com", 1)
        stdout, _ = self.expect(65, "verify", "-x", config, stdin=foreign)
        self.assertEqual(stdout, b"stdin: invalid: d= is not a domain\n")

    def test_key_that_cannot_be_read_is_told(self):
        os.unlink(self.path("s1.private"))
        self.expect_line(
            65,
            self.signed,
            f"no key d=example.com s=s1 a=rsa-sha256: {self.path('s1.private')}: "
            "No such file or directory",
            "-x",
            self.conf,
        )

    def test_keys_of_the_configuration_serve(self):
        config = self.config(f"TestPublicKeys {self.keys}", name="keys.conf")
        self.expect_line(0, self.signed, "pass d=example.com s=s1 a=rsa-sha256", "-x", config)

    def test_several_files_are_summed_up(self):
        for i in range(3):
            self.write(f"{i}.eml", self.signed)
        stdout, _ = self.expect(0, "verify", "--keys", self.keys, "0.eml", "1.eml", "2.eml")
        self.assertEqual(
            stdout.decode(),
            "".join(f"{i}.eml: pass d=example.com s=s1 a=rsa-sha256\n" for i in range(3))
            + "3 of 3 messages have a signature that passes\n",
        )
        self.write("1.eml", MESSAGE)
        stdout, _ = self.expect(65, "verify", "--keys", self.keys, "0.eml", "1.eml", "2.eml")
        self.assertIn("2 of 3 messages have a signature that passes\n", stdout.decode())

    def test_a_thousand_files_take_moments(self):
        names = []
        for i in range(1000):
            names.append(f"m{i}")
            self.write(names[-1], self.signed)
        stdout, _ = self.expect(0, "verify", "--keys", self.keys, *names)
        self.assertIn("1000 of 1000 messages have a signature that passes\n", stdout.decode())

    def test_missing_file_is_told_and_the_others_are_looked_at(self):
        self.write("a.eml", self.signed)
        stdout, stderr = self.expect(66, "verify", "--keys", self.keys, "nowhere", "a.eml")
        self.assertEqual(
            stderr, "postseal verify: nowhere: cannot read: No such file or directory\n"
        )
        self.assertIn("a.eml: pass d=example.com", stdout.decode())

    def test_directory_is_no_message(self):
        _, stderr = self.expect(66, "verify", "--keys", self.keys, self.directory)
        self.assertEqual(
            stderr, f"postseal verify: {self.directory}: cannot read: Is a directory\n"
        )

    def test_json_has_it_all(self):
        self.write("good", self.signed)
        self.write("plain", MESSAGE)
        found = self.expect_json(
            66, "verify", "--keys", self.keys, "--json", "good", "plain", "nowhere"
        )
        self.assertEqual(found["passed"], 1)
        self.assertEqual(found["not_passed"], 2)
        good, plain, nowhere = found["messages"]
        self.assertEqual(
            good,
            {
                "file": "good",
                "message": None,
                "signatures": [
                    {
                        "pass": True,
                        "status": "pass",
                        "reason": None,
                        "domain": "example.com",
                        "selector": "s1",
                        "identity": "@example.com",
                        "algorithm": "rsa-sha256",
                        "header_canonicalization": "relaxed",
                        "body_canonicalization": "relaxed",
                        "key_bits": 2048,
                    }
                ],
                "pass": True,
                "skipped": 0,
                "error": None,
            },
        )
        self.assertEqual((plain["pass"], plain["signatures"]), (False, []))
        self.assertEqual(nowhere["error"], "cannot read: No such file or directory")

    def test_json_of_hostile_names_is_valid(self):
        name = b'a"\\\n\x01\xff\xc3\xa9.eml'
        with open(os.path.join(self.directory.encode(), name), "wb") as file:
            file.write(self.signed)
        stdout, _ = self.expect(0, "verify", "--keys", self.keys, "--json", name)
        self.assertEqual(json.loads(stdout)["messages"][0]["file"], 'a"\\\n\x01\ufffd\xe9.eml')

    def test_text_of_hostile_names_is_one_line(self):
        name = "a\n\x1b[31mb.eml"
        self.write(name, self.signed)
        stdout, _ = self.expect(0, "verify", "--keys", self.keys, name)
        self.assertEqual(
            stdout, b"a\\x0a\\x1b[31mb.eml: pass d=example.com s=s1 a=rsa-sha256\n"
        )

    def test_each_message_of_a_batch_is_verified(self):
        dotted = self.signed_text(MESSAGE + b".\r\n..two\r\n")
        self.write("b.bsmtp", batch(self.signed, MESSAGE, dotted))
        stdout, stderr = self.expect(65, "verify", "--keys", self.keys, "b.bsmtp")
        self.assertEqual(
            stdout.decode(),
            "b.bsmtp (message 1): pass d=example.com s=s1 a=rsa-sha256\n"
            "b.bsmtp (message 2): none: the message has no signature\n"
            "b.bsmtp (message 3): pass d=example.com s=s1 a=rsa-sha256\n"
            "2 of 3 messages have a signature that passes\n",
        )
        self.assertEqual(stderr, "")

    def test_batch_that_passes_is_success(self):
        self.write("b.bsmtp", batch(self.signed, self.signed))
        self.write("lf.bsmtp", batch(self.signed).replace(b"\r\n", b"\n"))
        self.write("a.eml", self.signed)
        stdout, _ = self.expect(0, "verify", "--keys", self.keys, "a.eml", "b.bsmtp", "lf.bsmtp")
        self.assertEqual(
            stdout.decode(),
            "".join(
                f"{name}: pass d=example.com s=s1 a=rsa-sha256\n"
                for name in (
                    "a.eml",
                    "b.bsmtp (message 1)",
                    "b.bsmtp (message 2)",
                    "lf.bsmtp (message 1)",
                )
            )
            + "4 of 4 messages have a signature that passes\n",
        )

    def test_batch_of_the_spool_passes(self):
        self.make_spool()
        self.write("spool/in/b.bsmtp", batch(MESSAGE, MESSAGE + b"." * 70_000))
        self.expect(0, "spool", "-x", self.conf, "--once", self.path("spool"))
        stdout, _ = self.expect(0, "verify", "-x", self.conf, "spool/out/b.bsmtp")
        self.assertIn("2 of 2 messages", stdout.decode())

    def test_broken_batches_are_told_with_the_line(self):
        good = batch(self.signed)
        lines = good.count(b"\n")
        first = "b.bsmtp (message 1): pass d=example.com s=s1 a=rsa-sha256\n"
        for content, told in (
            (good + b"HELLO\r\n", f"{first}b.bsmtp: malformed: line {lines + 1}: this is not an SMTP command\n"),
            (
                good + good.replace(b"how are you?", b".how are you?"),
                f"{first}b.bsmtp: malformed: line {2 * lines - 1}: "
                "a dot at the start of a line is not doubled\n",
            ),
            (
                good[:-3],
                f"b.bsmtp: malformed: line {lines}: "
                "the file ends inside a message or a transaction\n",
            ),
            (b"DATA\r\n", "b.bsmtp: malformed: line 1: DATA without RCPT before it\n"),
            (b"", "b.bsmtp: malformed: line 1: the file holds no SMTP command\n"),
            (b"HELO x\r\nQUIT\r\n", "b.bsmtp: none: the batch holds no message\n"),
        ):
            with self.subTest(told):
                self.write("b.bsmtp", content)
                stdout, stderr = self.expect(65, "verify", "--keys", self.keys, "b.bsmtp")
                text = stdout.decode()
                self.assertEqual(text[: len(told)], told)
                self.assertEqual(stderr, "")

    def test_malformed_message_of_a_batch_is_told_with_the_line_of_the_file(self):
        self.write("b.bsmtp", batch(self.signed, b"Subject: x\r\nno field\r\n\r\n", self.signed))
        stdout, _ = self.expect(65, "verify", "--keys", self.keys, "b.bsmtp")
        line = batch(self.signed).count(b"\n") + len(ENVELOPE) + 2
        self.assertEqual(
            stdout.decode().splitlines()[1:3],
            [
                f"b.bsmtp (message 2): malformed: line {line}: "
                "neither a header field nor the continuation of one",
                "b.bsmtp (message 3): pass d=example.com s=s1 a=rsa-sha256",
            ],
        )

    def test_json_counts_the_messages_of_a_batch(self):
        self.write("b.bsmtp", batch(self.signed, MESSAGE) + b"x\r\n")
        found = self.expect_json(65, "verify", "--keys", self.keys, "--json", "b.bsmtp")
        self.assertEqual(
            [(m["file"], m["message"], m["pass"], m["error"]) for m in found["messages"]],
            [
                ("b.bsmtp", 1, True, None),
                ("b.bsmtp", 2, False, None),
                ("b.bsmtp", None, False, f"malformed: line "
                 f"{batch(self.signed, MESSAGE).count(10) + 1}: this is not an SMTP command"),
            ],
        )
        self.assertEqual((found["passed"], found["not_passed"]), (1, 2))

    def test_root_sees_keys_as_the_user_of_the_configuration(self):
        self.expect_line(
            0,
            self.signed,
            "pass d=example.com s=s1 a=rsa-sha256",
            "-x",
            self.single_key_of_nobody(),
        )

    def test_root_reads_its_own_mail_where_the_keys_are_given(self):
        self.write("mail.eml", self.signed, mode=0o600)
        self.expect(
            0, "verify", "-x", self.single_key_of_nobody(), "--keys", self.public_keys(), "mail.eml"
        )

    def test_what_genkey_wrote_serves_as_keys(self):
        for kind, flags in (("rsa", []), ("rsa", ["-a", "-n", "a note"]), ("ed25519", [])):
            with self.subTest(kind, flags=flags):
                self.expect(0, "genkey", "-s", "g", "-d", "example.com", "--type", kind, *flags)
                signed, _ = self.expect(
                    0, "sign", "-d", "example.com", "-s", "g", "-k", "g.private", stdin=MESSAGE
                )
                self.expect_line(
                    0, signed, f"pass d=example.com s=g a={kind}-sha256", "--keys", "g.txt"
                )

    def test_private_key_as_keys_is_told(self):
        _, stderr = self.expect(78, "verify", "--keys", "s1.private", stdin=self.signed)
        self.assertIn(
            "s1.private:1: this is a key in PEM form, not its record; needed: "
            "SELECTOR._domainkey.DOMAIN RECORD, or the record as in a zone file",
            stderr,
        )

    def test_no_keys_at_all_is_a_usage_error(self):
        _, stderr = self.expect(64, "verify", "-x", self.config("LogWhy yes", name="no.conf"))
        self.assertIn("postseal verify: there are no keys to verify with: ", stderr)

    def test_missing_file_of_keys_is_an_error(self):
        _, stderr = self.expect(78, "verify", "--keys", "nowhere", stdin=self.signed)
        self.assertIn('--keys: cannot read "nowhere": No such file or directory\n', stderr)

    def test_reader_that_goes_away_ends_it_without_a_word(self):
        self.write("a.eml", self.signed)
        process = subprocess.run(
            f"{POSTSEAL} verify --keys {self.keys} " + "a.eml " * 20_000 + "| head -n 1; "
            "echo ${PIPESTATUS[0]} >&2",
            shell=True,
            executable="/bin/bash",
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=120,
        )
        self.assertEqual(process.stdout, b"a.eml: pass d=example.com s=s1 a=rsa-sha256\n")
        self.assertEqual(process.stderr, b"74\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
