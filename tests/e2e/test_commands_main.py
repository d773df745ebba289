"""postseal itself: help, version, and what is no command."""

import os
import subprocess
import unittest

from postseal_case import POSTSEAL, PostsealCase

COMMANDS = ("spool", "sign", "verify", "genkey", "check", "dns", "explain")


class Main(PostsealCase):
    def test_help_names_every_command_and_fits_a_screen(self):
        stdout, stderr = self.expect(0, "--help")
        lines = stdout.decode().splitlines()
        for command in COMMANDS:
            self.assertTrue(any(line.startswith(f"  {command} ") for line in lines), command)
        self.assertLess(len(lines), 40)
        self.assertLessEqual(max(map(len, lines)), 100)
        self.assertEqual(stderr, "")

    def test_help_is_the_same_in_all_its_forms(self):
        long_form, _ = self.expect(0, "--help")
        self.assertEqual(self.expect(0, "-h")[0], long_form)
        self.assertEqual(self.expect(0, "-f", "--help")[0], long_form)

    def test_every_command_has_help_of_eighty_columns(self):
        for command in COMMANDS:
            stdout, stderr = self.expect(0, command, "--help")
            lines = stdout.decode().splitlines()
            self.assertTrue(lines[0].startswith(f"usage: postseal {command}"), lines[0])
            self.assertLessEqual(max(map(len, lines)), 100, command)
            self.assertIn("--help", stdout.decode())
            self.assertEqual(stderr, "")

    def test_version_tells_what_it_runs_with(self):
        stdout, _ = self.expect(0, "--version")
        text = stdout.decode()
        self.assertRegex(text, r"(?m)^postseal \d+\.\d+\.\d+$")
        self.assertRegex(text, r"(?m)^signatures:  OpenSSL 3\.")
        self.assertRegex(text, r"(?m)^I/O engine:  (io_uring|threads)")
        self.assertRegex(text, r"(?m)^patterns:    PCRE2 10\.\d+.*, JIT (yes|no)$")
        self.assertEqual(self.expect(0, "-V")[0], stdout)

    def test_unknown_command_is_a_usage_error_with_the_nearest(self):
        for word, nearest in (("sgin", "sign"), ("verfy", "verify"), ("spol", "spool")):
            _, stderr = self.expect(64, word)
            self.assertEqual(
                stderr,
                f'postseal: there is no command "{word}"; did you mean {nearest}?\n'
                "try: postseal --help\n",
            )

    def test_word_that_is_near_to_nothing_gets_no_advice(self):
        _, stderr = self.expect(64, "frobnicate")
        self.assertEqual(
            stderr, 'postseal: there is no command "frobnicate"\ntry: postseal --help\n'
        )

    def test_unknown_flag_is_a_usage_error(self):
        _, stderr = self.expect(64, "-q")
        self.assertEqual(stderr, "postseal: unknown flag -q\ntry: postseal --help\n")
        for command in COMMANDS:
            _, stderr = self.expect(64, command, "--frobnicate")
            self.assertEqual(
                stderr,
                f"postseal {command}: unknown flag --frobnicate\n"
                f"try: postseal {command} --help\n",
            )

    def test_flag_without_its_value_is_a_usage_error(self):
        _, stderr = self.expect(64, "sign", "-x")
        self.assertEqual(
            stderr, "postseal sign: -x needs a value: FILE\ntry: postseal sign --help\n"
        )
        _, stderr = self.expect(64, "verify", "--keys")
        self.assertEqual(
            stderr, "postseal verify: --keys needs a value: FILE\ntry: postseal verify --help\n"
        )

    def test_value_of_a_flag_that_has_none_is_a_usage_error(self):
        _, stderr = self.expect(64, "verify", "--json=1")
        self.assertEqual(
            stderr,
            "postseal verify: --json=1: the flag takes no value\ntry: postseal verify --help\n",
        )

    def test_option_without_equals_is_a_usage_error(self):
        for command in ("spool", "sign", "verify", "check", "dns", "explain"):
            _, stderr = self.expect(64, command, "-o", "Syslog")
            self.assertEqual(
                stderr,
                f"postseal {command}: -o Syslog: want NAME=VALUE\n"
                f"try: postseal {command} --help\n",
            )

    def test_one_operand_too_many_is_a_usage_error(self):
        _, stderr = self.expect(64, "sign", "a", "b")
        self.assertIn('postseal sign: "b" is one operand too many\n', stderr)
        _, stderr = self.expect(64, "-n", "a")
        self.assertIn('postseal: "a": there are no operands\n', stderr)

    def test_full_disk_under_stdout_is_an_io_error(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [POSTSEAL, "--version"], stdout=full, stderr=subprocess.PIPE, timeout=20
            )
        self.assertEqual(done.returncode, 74)
        self.assertEqual(
            done.stderr, b"postseal: cannot write to stdout: No space left on device\n"
        )

    def test_reader_that_goes_away_ends_it_without_a_word(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(
            [POSTSEAL, "--version"], stdout=writer, stderr=subprocess.PIPE, timeout=20
        )
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (74, b""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
