"""postseal genkey: opendkim-genkey's flags and files, and what it does not do by halves."""

import os
import re
import shutil
import stat
import subprocess
import unittest

from postseal_case import MESSAGE, PostsealCase

GENKEY = shutil.which("opendkim-genkey")


class Genkey(PostsealCase):
    def genkey(self, *args):
        return self.expect(0, "genkey", *args)

    def record(self, name="default.txt"):
        """The record with the key cut to p=…, so that two can be compared."""
        text = self.read(name).decode()
        strings = text.split('"')[1::2]
        key = "".join(strings[strings.index(next(s for s in strings if s[:2] == "p=")) :])
        shape = re.sub(r'"p=.*"', '"p=..."', text, flags=re.S)
        return shape, key.removeprefix("p=")

    def test_two_files_appear_and_only_we_can_read_the_key(self):
        self.genkey()
        self.assertEqual(sorted(os.listdir(self.directory)), ["default.private", "default.txt"])
        mode = stat.S_IMODE(os.stat(self.path("default.private")).st_mode)
        self.assertEqual(mode, 0o600)
        self.assertTrue(self.read("default.private").startswith(b"-----BEGIN PRIVATE KEY-----\n"))

    def test_key_and_record_belong_together(self):
        for kind in ("rsa", "ed25519"):
            self.genkey("-s", kind, "-d", "example.com", "--type", kind)
            _, p = self.record(f"{kind}.txt")
            signed, _ = self.expect(
                0, "sign", "-d", "example.com", "-s", kind, "-k", f"{kind}.private", stdin=MESSAGE
            )
            self.expect_verified(
                signed, self.public_keys(kind, f"{kind}._domainkey.example.com", p)
            )

    def test_ed25519_record_has_the_key_itself(self):
        self.genkey("-s", "e", "-d", "example.com", "--type", "ed25519")
        shape, p = self.record("e.txt")
        self.assertEqual(len(p), 44)
        self.assertEqual(
            shape,
            'e._domainkey\tIN\tTXT\t( "v=DKIM1; h=sha256; k=ed25519; "\n\t  "p=..." )'
            "  ; ----- DKIM key e for example.com\n",
        )

    @unittest.skipIf(GENKEY is None, "opendkim-genkey is not installed")
    def test_files_have_the_form_of_opendkim_genkey(self):
        # Small keys, because they are made sooner; the first is of the default size.
        for flags in (
            [],
            ["-s", "sel", "-d", "example.com"],
            ["-b", "3072", "-a", "-d", "example.com"],
            ["-r"],
            ["-S"],
            ["-t"],
            ["-r", "-S", "-t", "-n", "a note", "-h", "sha256:sha1"],
            ["--bits=1032", "--append-domain", "--domain=example.com", "--selector=x.y"],
            ["--restrict", "--nosubdomains", "--testmode", "--note=x", "--hash-algorithms=sha1"],
            ["--restrict", "--norestrict", "--testmode", "--no-testmode", "-a", "--noappend-domain"],
            ["-S", "--subdomains"],
            ["--nosubdomains", "--subdomains"],
        ):
            with self.subTest(flags):
                if flags and "-b" not in flags and "--bits=1032" not in flags:
                    flags = flags + ["-b", "1024"]
                ours = self.path("ours")
                theirs = self.path("theirs")
                for directory in (ours, theirs):
                    os.mkdir(directory)
                self.genkey(*flags, "-D", ours)
                subprocess.run([GENKEY, *flags, "-D", theirs], check=True, timeout=120,
                               stderr=subprocess.DEVNULL)
                self.assertEqual(sorted(os.listdir(ours)), sorted(os.listdir(theirs)))
                name = next(n for n in os.listdir(ours) if n.endswith(".txt"))
                our_shape, our_key = self.record(f"ours/{name}")
                their_shape, their_key = self.record(f"theirs/{name}")
                self.assertEqual(our_shape, their_shape)
                self.assertEqual(len(our_key), len(their_key))
                # The strings of the key are cut at the same places, too.
                cut = lambda path: list(map(len, self.read(path).split(b'"')))
                self.assertEqual(cut(f"ours/{name}"), cut(f"theirs/{name}"))
                for file in os.listdir(ours):
                    self.assertEqual(
                        os.stat(f"{ours}/{file}").st_mode, os.stat(f"{theirs}/{file}").st_mode
                    )
                shutil.rmtree(ours)
                shutil.rmtree(theirs)

    def test_verbose_says_what_is_done(self):
        _, stderr = self.genkey("-v", "-s", "a")
        self.assertEqual(
            stderr,
            "postseal genkey: generating private key\n"
            "postseal genkey: private key written to a.private\n"
            "postseal genkey: DNS TXT record written to a.txt\n",
        )
        self.assertEqual(self.genkey("-s", "b"), (b"", ""))

    def test_files_that_are_there_are_replaced_and_that_is_said(self):
        self.genkey("-s", "a")
        before = os.stat(self.path("a.private")).st_ino
        old = self.read("a.private")
        _, stderr = self.genkey("-s", "a")
        self.assertEqual(
            stderr,
            "postseal genkey: a.private was there, and is replaced\n"
            "postseal genkey: a.txt was there, and is replaced\n",
        )
        self.assertNotEqual(os.stat(self.path("a.private")).st_ino, before)
        self.assertNotEqual(self.read("a.private"), old)

    def test_link_in_the_way_is_replaced_and_not_followed(self):
        self.write("victim", "precious")
        os.symlink("victim", self.path("a.private"))
        self.genkey("-s", "a")
        self.assertFalse(os.path.islink(self.path("a.private")))
        self.assertEqual(self.read("victim"), b"precious")

    def test_mode_does_not_depend_on_umask(self):
        old = os.umask(0)
        try:
            self.genkey("-s", "a")
        finally:
            os.umask(old)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("a.private")).st_mode), 0o600)

    def test_directory_that_is_missing_is_told_and_nothing_is_left(self):
        _, stderr = self.expect(73, "genkey", "-s", "a", "-D", "nowhere", "--type", "ed25519")
        self.assertEqual(
            stderr, "postseal genkey: nowhere/a.private: No such file or directory\n"
        )
        self.assertEqual(os.listdir(self.directory), [])

    def test_target_that_is_a_directory_is_told_and_nothing_is_left(self):
        os.makedirs(self.path("a.txt/x"))
        _, stderr = self.expect(73, "genkey", "-s", "a", "--type", "ed25519")
        self.assertIn("postseal genkey: a.txt: Is a directory\n", stderr)
        self.assertNotIn(".a.txt", "".join(os.listdir(self.directory)))

    def test_few_bits_are_a_warning(self):
        _, stderr = self.genkey("-b", "1024")
        self.assertEqual(
            stderr, "postseal genkey: warning: 1024 bits are few, 2048 are advised (RFC 8301)\n"
        )

    def test_wrong_values_are_usage_errors_before_a_key_is_made(self):
        for args, text in (
            (["-b", "512"], "-b 512: want a number of bits from 1024 to 8192"),
            (["-b", "9000"], "-b 9000: want a number of bits from 1024 to 8192"),
            (["-b", "many"], "-b many: want a number of bits from 1024 to 8192"),
            (["--type", "dsa"], "--type dsa: want rsa or ed25519"),
            (["-s", "../x"], "-s ../x: want letters, digits, - and _, with dots between them"),
            (["-s", ""], "-s : want letters, digits, - and _, with dots between them"),
            (["-d", "a b"], "-d a b: this is no domain"),
            (["-a", "-d", ""], "-a wants a domain (-d)"),
            (["-n", 'a"b'], '-n and -h take printable characters, but no " \\ ;'),
            (["-n", "a\nb"], '-n and -h take printable characters, but no " \\ ;'),
            (["-h", "sha256;"], '-n and -h take printable characters, but no " \\ ;'),
            (["-n", "x" * 250], "-n is too long: it must fit into 255 bytes with the other tags"),
        ):
            with self.subTest(args):
                _, stderr = self.expect(64, "genkey", "-v", *args)
                self.assertEqual(
                    stderr, f"postseal genkey: {text}\ntry: postseal genkey --help\n"
                )
        self.assertEqual(os.listdir(self.directory), [])

    def test_version_makes_no_key(self):
        stdout, _ = self.genkey("-V")
        self.assertRegex(stdout.decode(), r"^postseal genkey \d+\.\d+\.\d+\n$")
        self.assertEqual(os.listdir(self.directory), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
