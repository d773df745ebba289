"""postseal explain: what it says is what sign does."""

import json
import os
import re
import unittest

from postseal_case import MESSAGE, PostsealCase


class Explain(PostsealCase):
    def tables(self, *rows, kind="refile", lines=()):
        self.key("s1.private")
        self.key("s2.private", "ed25519")
        self.write("SigningTable", "".join(row + "\n" for row in rows))
        self.write(
            "KeyTable",
            f"k1 example.com:s1:{self.path('s1.private')}\n"
            f"k2 example.com:s2:{self.path('s2.private')}\n"
            f"gone example.com:s3:{self.path('gone')}\n"
            "broken example.com\n",
        )
        return self.config(
            f"SigningTable {kind}:{self.path('SigningTable')}",
            f"KeyTable file:{self.path('KeyTable')}",
            *lines,
        )

    def explain(self, status, config, *args, stdin=MESSAGE):
        return self.expect_json(status, "explain", "-x", config, "--json", *args, stdin=stdin)

    def test_text_is_for_people(self):
        config = self.tables("*@example.com k1:joe@example.com", lines=["OversignHeaders From"])
        self.write("mail.eml", MESSAGE)
        stdout, stderr = self.expect(0, "explain", "-x", config, "mail.eml")
        self.assertEqual(stderr, "")
        self.assertEqual(
            stdout.decode(),
            "message     mail.eml\n"
            "sender      joe@example.com (From)\n"
            "verdict     it would be signed\n"
            "\n"
            "signature 1\n"
            f"  row       {self.path('SigningTable')}:1: SigningTable: *@example.com  "
            "k1:joe@example.com\n"
            f"  key       {self.path('KeyTable')}:1: KeyTable: {self.path('s1.private')}\n"
            "            RSA, 2048 bits\n"
            "  d=        example.com\n"
            "  s=        s1\n"
            "  i=        joe@example.com\n"
            "  a=        rsa-sha256\n"
            "  c=        simple/simple\n"
            "  h=        From:To:Subject:Date:From\n",
        )

    def test_what_it_says_is_what_sign_does(self):
        for lines in (
            [],
            ["Canonicalization relaxed/simple"],
            ["MultipleSignatures yes", "SignatureTTL 3600"],
            ["SignHeaders *,+message-id,-subject", "OversignHeaders From,To"],
            ["MaximumSignedBytes 5"],
        ):
            with self.subTest(lines):
                config = self.tables(
                    "*@example.com k1:@example.com", "joe@example.com k2", lines=lines
                )
                said = self.explain(0, config)
                signed, _ = self.expect(0, "sign", "-x", config, stdin=MESSAGE)
                fields = re.sub(r"\r\n[ \t]+", " ", signed[: -len(MESSAGE)].decode())
                made = [
                    dict(re.findall(r"(\w+)=([^;]*)", field))
                    for field in fields.splitlines()
                ]
                self.assertEqual(len(said["signatures"]), len(made))
                for signature, field in zip(said["signatures"], made):
                    self.assertEqual(signature["domain"], field["d"])
                    self.assertEqual(signature["selector"], field["s"])
                    self.assertEqual(signature["identity"], field.get("i"))
                    self.assertEqual(signature["algorithm"], field["a"])
                    self.assertEqual(
                        signature["header_canonicalization"]
                        + "/"
                        + signature["body_canonicalization"],
                        field["c"],
                    )
                    self.assertEqual(
                        ":".join(signature["signed_fields"]), field["h"].replace(" ", "")
                    )
                    if "x" in field:
                        self.assertEqual(
                            signature["ttl_seconds"], int(field["x"]) - int(field["t"])
                        )
                    if "l" in field:
                        self.assertEqual(signature["body_length"], int(field["l"]))

    def test_every_row_that_was_looked_at_is_told(self):
        config = self.tables("*@a.example k1", "*@example.com k1", "joe@example.com k2")
        said = self.explain(0, config, "-v")
        self.assertEqual(
            [(row["place"]["line"], row["match"]) for row in said["rows"]],
            [(1, False), (2, True)],
        )
        said = self.explain(0, config, "-v", "-o", "MultipleSignatures=yes")
        self.assertEqual(
            [(row["place"]["line"], row["match"]) for row in said["rows"]],
            [(1, False), (2, True), (3, True)],
        )
        self.assertEqual(
            [s["signing_row"]["line"] for s in said["signatures"]], [2, 3]
        )
        self.assertEqual([row["match"] for row in self.explain(0, config)["rows"]], [True])

    def test_look_ups_of_a_plain_table_are_told_in_their_order(self):
        config = self.tables("x@y.example k1", kind="file")
        said = self.explain(0, config, "-v", "--from", "joe@a.b.example", stdin=b"")
        self.assertEqual(
            [row["subject"] for row in said["rows"]],
            [
                "joe@a.b.example",
                "a.b.example",
                "joe@.b.example",
                ".b.example",
                "joe@.example",
                ".example",
                "joe@*",
                "*",
            ],
        )
        self.assertEqual(said["verdict"], "pass")
        self.assertEqual(said["reason"], "no signing table match for 'joe@a.b.example'")

    def test_look_up_that_hits_is_the_row_of_the_plan(self):
        for row, sender, subject in (
            ("joe@example.com", "joe@example.com", "joe@example.com"),
            ("example.com", "joe@example.com", "example.com"),
            ("joe@.com", "joe@a.com", "joe@.com"),
            (".b.example", "joe@a.b.example", ".b.example"),
            ("joe@*", "joe@x.example", "joe@*"),
            ("*", "joe@x.example", "*"),
        ):
            with self.subTest(row):
                config = self.tables(f"none@none.example k2", f"{row} k1", kind="file")
                said = self.explain(0, config, "--from", sender, stdin=b"")
                self.assertEqual(said["verdict"], "sign")
                self.assertEqual([r["subject"] for r in said["rows"]], [subject])
                self.assertEqual(said["rows"][0]["place"], said["signatures"][0]["signing_row"])

    def test_first_look_up_that_hits_is_the_last_without_multiple_signatures(self):
        config = self.tables("*\tk1", "example.com k2", "joe@example.com k1", kind="file")
        for lines, subjects in (
            ([], ["joe@example.com"]),
            (["-o", "MultipleSignatures=yes"], ["joe@example.com", "example.com", "*"]),
        ):
            said = self.explain(0, config, *lines)
            self.assertEqual([row["subject"] for row in said["rows"]], subjects)
            self.assertEqual(
                [row["place"] for row in said["rows"]],
                [signature["signing_row"] for signature in said["signatures"]],
            )

    def test_header_fields_are_judged(self):
        config = self.tables("*@example.com k1")
        said = self.explain(0, config)
        self.assertEqual(
            {f["name"]: f["verdict"] for f in said["fields"]},
            {
                "Received": "omitted",
                "From": "signed",
                "To": "signed",
                "Subject": "signed",
                "Date": "signed",
                "Message-ID": "not_listed",
            },
        )

    def test_address_stands_for_a_message(self):
        config = self.tables("*@example.com k1")
        said = self.explain(0, config, "--from", "Ann@EXAMPLE.com", stdin=b"")
        self.assertIsNone(said["message"])
        self.assertEqual(
            said["sender"], {"field": "From", "local_part": "Ann", "domain": "example.com"}
        )
        self.assertEqual(said["verdict"], "sign")
        self.assertNotIn("signed_fields", said["signatures"][0])
        self.assertNotIn("fields", said)

    def test_single_key_is_explained(self):
        config = self.single_key()
        stdout, _ = self.expect(0, "explain", "-x", config, stdin=MESSAGE)
        self.assertIn(f"  row       {config}:1: Domain\n", stdout.decode())
        self.assertIn(f"  key       {config}:3: KeyFile: {self.path('s1.private')}\n", stdout.decode())

    def test_missing_key_is_the_reason(self):
        config = self.tables("*@example.com gone")
        said = self.explain(75, config)
        reason = f"{self.path('gone')}: No such file or directory"
        self.assertEqual((said["verdict"], said["reason"]), ("defer", reason))
        self.assertEqual(said["signatures"][0]["key_problem"], reason)
        self.assertEqual(said["signatures"][0]["selector"], "s3")

    def test_broken_row_is_the_reason(self):
        config = self.tables("*@example.com nokey")
        said = self.explain(75, config)
        self.assertEqual(said["verdict"], "defer")
        self.assertEqual(
            said["reason"],
            "signing table references unknown key 'nokey' "
            f"({self.path('SigningTable')}:1)",
        )
        self.assertEqual(said["rows"][0]["value"], "nokey")

    def test_malformed_message_is_the_reason(self):
        config = self.tables("*@example.com k1")
        said = self.explain(65, config, stdin=b"Subject: x\r\n\r\n")
        self.assertEqual((said["verdict"], said["reason"]), ("refuse", "it has no From field"))
        self.assertIsNone(said["sender"])
        self.explain(65, config, stdin=b"")

    def test_signed_message_passes(self):
        config = self.tables("*@example.com k1")
        signed, _ = self.expect(0, "sign", "-x", config, stdin=MESSAGE)
        self.assertEqual(self.explain(0, config, stdin=signed)["verdict"], "already_signed")

    def test_json_of_hostile_text_is_valid(self):
        config = self.tables('*@example.com k1:"\\\\')
        message = MESSAGE.replace(b"Subject:", b'X-"\\: \xff\r\nSubject:')
        stdout, _ = self.expect(0, "explain", "-v", "-x", config, "--json", stdin=message)
        said = json.loads(stdout)
        self.assertIn('X-"\\', [f["name"] for f in said["fields"]])

    def test_missing_file_is_told(self):
        config = self.tables("*@example.com k1")
        _, stderr = self.expect(66, "explain", "-x", config, "nowhere")
        self.assertEqual(stderr, "postseal explain: nowhere: No such file or directory\n")
        _, stderr = self.expect(66, "explain", "-x", config, self.directory)
        self.assertEqual(stderr, f"postseal explain: {self.directory}: Is a directory\n")

    def test_two_ways_to_say_the_same_are_a_usage_error(self):
        config = self.tables("*@example.com k1")
        _, stderr = self.expect(64, "explain", "-x", config, "--from", "a@b", "mail.eml")
        self.assertIn("postseal explain: --from and FILE are two ways to say the same\n", stderr)
        _, stderr = self.expect(64, "explain", "-x", config, "--from", "a@b>\r\nX: y")
        self.assertIn("postseal explain: --from: want an address, like joe@example.com\n", stderr)

    def test_address_that_is_none_is_the_reason(self):
        config = self.tables("*@example.com k1")
        said = self.explain(65, config, "--from", "nobody", stdin=b"")
        self.assertEqual(said["reason"], "the address in its From field is broken")

    def test_root_sees_keys_as_the_user_of_the_configuration(self):
        config = self.single_key_of_nobody()
        self.write("mail.eml", MESSAGE)  # root's: it is opened before
        self.expect(0, "explain", "-x", config, "mail.eml")


if __name__ == "__main__":
    unittest.main(verbosity=2)
