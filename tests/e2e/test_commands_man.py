"""postseal(8) and the pages of single commands: every command, every flag and every exit status is in them.

(Options: test_man_options.)
"""

import os
import re
import shutil
import subprocess
import unittest

from postseal_case import PostsealCase

MAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../man")
COMMANDS = ("spool", "sign", "verify", "genkey", "check", "explain")
# Those that have a page of their own, postseal-COMMAND(1).
PAGES = ("dns",)
SHARED = {"-x", "--config", "-o", "--option", "-h", "--help"}


def read_page(name):
    with open(os.path.join(MAN, name)) as file:
        return file.read()


PAGE = read_page("postseal.8")


def section(name, page=PAGE):
    return re.search(rf"\n\.Sh {name}\n(.*?)(?=\n\.Sh |\Z)", page, re.S).group(1)


def flags_of(text):
    """The flags that mdoc text sets as `Fl`: what follows the macro, up to the next one."""
    flags = set()
    for line in text.splitlines():
        if not line.startswith((".It Fl", ".Op Fl", ".Fl")):
            continue
        in_flags = False
        for word in line[1:].split():
            if word in (",", "|"):
                continue
            if word[0].isupper() and len(word) == 2:
                in_flags = word == "Fl"
            elif in_flags:
                flags.add("-" + word)
    return flags


class Man(PostsealCase):
    def help_flags(self, *command):
        stdout, _ = self.expect(0, *command, "--help")
        flags = set()
        for line in stdout.decode().splitlines():
            head = re.match(r"  +(-[A-Za-z](?:, --[-a-z]+)?|--[-a-z]+)(?= |$)", line)
            if head:
                flags.update(head.group(1).split(", "))
        return flags

    def command_text(self, command):
        """What stands in COMMANDS under its name: up to the next item of the outer list."""
        return re.search(
            rf"\n\.It Cm {command}\n(.*?)(?=\n\.It Cm |\Z)", section("COMMANDS"), re.S
        ).group(1)

    def test_every_flag_of_every_command_is_in_the_page(self):
        for command in set(COMMANDS) - set(PAGES):
            with self.subTest(command):
                told = flags_of(self.command_text(command)) | SHARED
                self.assertEqual(self.help_flags(command) - told, set())

    def test_page_of_a_command_has_exactly_its_flags(self):
        for command in PAGES:
            page = read_page(f"postseal-{command}.1")
            listed = set()
            for line in section("DESCRIPTION", page).splitlines():
                if line.startswith(".It Fl"):
                    listed |= flags_of(line)
            self.assertEqual(listed, self.help_flags(command))
            self.assertEqual(flags_of(section("SYNOPSIS", page)) - listed, set())
            self.assertIn(f"\n.Xr postseal-{command} 1 .", self.command_text(command))

    def test_no_flag_is_in_the_page_that_a_command_does_not_have(self):
        for command in COMMANDS:
            with self.subTest(command):
                listed = {
                    flag
                    for line in self.command_text(command).splitlines()
                    if line.startswith(".It Fl")
                    for flag in flags_of(line)
                }
                self.assertEqual(listed - self.help_flags(command), set())

    def test_every_flag_of_the_daemon_is_in_the_page_and_in_its_help(self):
        stdout, _ = self.expect(0, "--help")
        helped = set(re.findall(r"(?<![\w-])-[A-Za-z]\b", stdout.decode()))
        told = flags_of(section("THE DAEMON"))
        for letter in "xofnlPuevVAbcdDksSprWLTXh":
            self.assertIn("-" + letter, told)
            self.assertIn("-" + letter, helped)

    def test_every_flag_of_the_page_is_taken_by_the_daemon(self):
        for line in section("THE DAEMON").splitlines():
            if not line.startswith(".It Fl"):
                continue
            for flag in flags_of(line):
                _, _, stderr = self.run_postseal(flag, "-n", "-x", "/nowhere")
                self.assertNotIn("unknown flag", stderr, flag)

    def test_every_command_is_in_the_synopsis(self):
        for command in COMMANDS:
            self.assertIn(f"\n.Nm\n.Cm {command}\n", section("SYNOPSIS"))
            for flag in flags_of(re.search(
                rf"\n\.Cm {command}\n(.*?)(?=\n\.Nm|\Z)", section("SYNOPSIS"), re.S
            ).group(1)):
                if len(flag) > 2 and not flag.startswith("--"):
                    flags = {"-" + letter for letter in flag[1:]}
                else:
                    flags = {flag}
                self.assertEqual(flags - self.help_flags(command), set(), flag)

    def test_every_exit_status_is_told(self):
        told = re.findall(r"\n\.It (\d+)\n", section("EXIT STATUS"))
        self.assertEqual(told, ["0", "64", "65", "66", "70", "71", "73", "74", "75", "78"])

    @unittest.skipIf(shutil.which("mandoc") is None, "mandoc is not installed")
    def test_pages_are_clean_for_a_pedant(self):
        for name in os.listdir(MAN):
            done = subprocess.run(
                ["mandoc", "-T", "lint", "-W", "warning", os.path.join(MAN, name)],
                capture_output=True,
                timeout=60,
            )
            self.assertEqual((done.returncode, done.stdout), (0, b""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
