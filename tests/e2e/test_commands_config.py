"""The configuration as every command reads it: what is wrong, where, and what is allowed."""

import os
import unittest

from postseal_case import MESSAGE, PostsealCase, as_nobody

NOT_SIGNED = (
    "warning: nothing is signed: signing needs Domain, KeyFile and Selector, "
    "or KeyTable and SigningTable\n"
)
NO_SPOOL = "warning: neither Socket nor SpoolDirectory is set, so there is nothing to do\n"

# A line, and what is said of it.
BAD_LINES = (
    ("Foo bar", "Foo: unknown option; the names are those of opendkim.conf(5) and postseal.conf(5)"),
    ("Canonicalisation simple", "Canonicalisation: unknown option; did you mean Canonicalization?"),
    ("Selector", "Selector: required value missing"),
    ("Background maybe", 'Background: illegal value "maybe"; allowed: yes or no'),
    (
        "MaximumHeaders x12",
        'MaximumHeaders: illegal value "x12"; allowed: a number from 0 to 2147483647',
    ),
    (
        "MaximumHeaders -5",
        'MaximumHeaders: illegal value "-5"; allowed: a number from 0 to 2147483647',
    ),
    (
        "SpoolBatch 0",
        'SpoolBatch: illegal value "0"; allowed: a number from 1 to 4096',
    ),
    (
        "On-Security explode",
        'On-Security: illegal value "explode"; allowed: accept, discard, quarantine, reject, tempfail',
    ),
    ("SyncMode fast", 'SyncMode: illegal value "fast"; allowed: full, none'),
    (
        "SpoolMinFree 10Q",
        'SpoolMinFree: illegal value "10Q"; allowed: bytes, with K, M, G or T behind the number '
        "if so meant",
    ),
    (
        "Canonicalization simple/none",
        'Canonicalization: illegal value "simple/none"; allowed: simple or relaxed, or two of them '
        "with / between",
    ),
    (
        "SetupPolicyScript /etc/x.lua",
        "SetupPolicyScript: is not supported, and without it other mail would be signed or let in: "
        "Lua scripts are not run; take the option out if that is what you want",
    ),
    (
        "Domain ldap://x",
        'Domain: data sets of type "ldap:" are not supported, and without the set other mail would '
        "be signed or let in; use file:, refile: or csl:",
    ),
)


class Configuration(PostsealCase):
    def expect_errors(self, config, *errors):
        """-n says all of them, each in a line of its own, and ends with 78."""
        stdout, stderr = self.expect(78, "-n", "-x", config)
        self.assertEqual(stdout, b"")
        for error in errors:
            self.assertIn(error + "\n", stderr)

    def test_bad_line_is_told_with_file_line_and_name(self):
        for line, text in BAD_LINES:
            with self.subTest(line):
                config = self.config("# a comment", line)
                self.expect_errors(config, f"{config}:2: {text}")

    def test_all_bad_lines_are_told_at_once(self):
        config = self.config(*(line for line, _ in BAD_LINES))
        self.expect_errors(
            config, *(f"{config}:{i + 1}: {text}" for i, (_, text) in enumerate(BAD_LINES))
        )

    def test_bad_option_of_the_command_line_says_so(self):
        for command in ([], ["sign"], ["verify", "--keys", "x"], ["spool"], ["explain"]):
            args = command + ["-o", "SpoolBatch=many"] + (["-n"] if not command else [])
            _, stderr = self.expect(78, *args)
            self.assertIn(
                'command line: SpoolBatch: illegal value "many"; '
                "allowed: a number from 1 to 4096\n",
                stderr,
            )

    def test_missing_file_is_an_error_for_every_command(self):
        for command in (["-n"], ["-f"], ["sign"], ["verify"], ["spool"], ["explain"]):
            _, stderr = self.expect(78, *command, "-x", "nowhere.conf")
            self.assertIn('cannot read "nowhere.conf": No such file or directory\n', stderr)

    def test_file_that_is_none_is_an_error(self):
        _, stderr = self.expect(78, "-n", "-x", self.directory)
        self.assertIn(f'cannot read "{self.directory}": Is a directory\n', stderr)
        config = self.write("nul.conf", b"Domain exa\0mple.com\n")
        _, stderr = self.expect(78, "-n", "-x", config)
        self.assertIn("the file has a NUL byte in it, so it is not a text file\n", stderr)

    def test_unreadable_file_is_an_error(self):
        config = self.config("Domain example.com")
        os.chmod(config, 0)
        _, stderr = self.expect(78, "-n", "-x", config, **as_nobody())
        self.assertIn(f'cannot read "{config}": Permission denied\n', stderr)

    def test_file_that_includes_itself_is_an_error(self):
        config = self.config("LogWhy yes", f"Include {self.path('postseal.conf')}")
        self.expect_errors(config, f'{config}:2: Include: "{config}" includes itself')

    def test_include_loop_over_two_files_is_an_error(self):
        self.config(f"Include {self.path('a.conf')}", name="b.conf")
        config = self.config(f"Include {self.path('b.conf')}", name="a.conf")
        self.expect_errors(config, f'{self.path("b.conf")}:1: Include: "{config}" includes itself')

    def test_include_too_deep_is_an_error(self):
        for i in range(9):
            self.config(f"Include {self.path(f'{i + 1}.conf')}", name=f"{i}.conf")
        self.expect_errors(
            self.path("0.conf"),
            f"{self.path('5.conf')}:1: Include: nesting too deep: at most 5 files in each other",
        )

    def test_options_that_need_others_are_errors(self):
        self.expect_errors(
            self.config("Domain example.com"),
            f"{self.path('postseal.conf')}:1: Domain: requires KeyFile and Selector",
        )
        self.expect_errors(
            self.config("KeyTable csl:a=b"),
            f"{self.path('postseal.conf')}:1: KeyTable: requires SigningTable",
        )
        self.expect_errors(
            self.config("Mode s"),
            f"{self.path('postseal.conf')}:1: Mode: signing needs Domain, KeyFile and Selector, "
            "or KeyTable and SigningTable",
        )

    def test_option_without_effect_is_a_warning(self):
        config = self.single_key("LDAPTimeout 7", "SpoolDirectory " + self.make_spool())
        _, stderr = self.expect(0, "-n", "-x", config)
        self.assertEqual(
            stderr, f"warning: {config}:5: LDAPTimeout: has no effect: there is no LDAP\n"
        )

    def test_body_length_is_a_warning(self):
        config = self.single_key("MaximumSignedBytes 100", "SpoolDirectory " + self.make_spool())
        _, stderr = self.expect(0, "-n", "-x", config)
        self.assertEqual(
            stderr,
            f"warning: {config}:5: MaximumSignedBytes: makes signatures with l=: anyone can append "
            "to the text and the signature still verifies\n",
        )

    def test_missing_spool_is_a_warning_of_the_check(self):
        _, stderr = self.expect(0, "-n", "-x", self.single_key())
        self.assertEqual(stderr, NO_SPOOL)

    def test_nothing_to_sign_with_is_a_warning(self):
        _, stderr = self.expect(0, "-n", "-x", self.config("LogWhy yes"))
        self.assertEqual(stderr, NOT_SIGNED + NO_SPOOL)

    def test_key_file_that_is_missing_fails_the_check(self):
        config = self.single_key()
        os.unlink(self.path("s1.private"))
        self.expect_errors(
            config, f"{config}:3: KeyFile: {self.path('s1.private')}: No such file or directory"
        )

    def test_key_that_others_can_read_fails_the_check(self):
        config = self.single_key()
        os.chmod(self.path("s1.private"), 0o644)
        self.expect_errors(
            config,
            f"{config}:3: KeyFile: {self.path('s1.private')} can be read or written by other users",
        )

    def test_relative_paths_start_from_where_the_program_is_or_from_the_base(self):
        """The same file in all commands, whatever the path begins with."""
        self.single_key()
        os.makedirs(self.path("base/elsewhere"))
        signed, _ = self.expect(0, "sign", "-x", self.path("postseal.conf"), stdin=MESSAGE)
        for path, base, directory in (
            ("s1.private", None, "."),
            ("./s1.private", None, "."),
            ("../s1.private", None, "base"),
            ("s1.private", self.directory, "base"),
        ):
            lines = [f"KeyFile {path}"] + ([f"BaseDirectory {base}"] if base else [])
            single = self.config("Domain example.com", "Selector s1", *lines, name="single.conf")
            if path[0] == "s":
                lines[0] = "KeyTable csl:k=example.com:s1:./" + path
            else:
                lines[0] = "KeyTable csl:k=example.com:s1:" + path
            tables = self.config("SigningTable csl:example.com=k", *lines, name="tables.conf")
            for config in (single, tables):
                with self.subTest((path, base, config)):
                    cwd = self.path(directory)
                    self.expect(0, "-n", "-x", config, cwd=cwd)
                    self.expect(0, "check", "-x", config, cwd=cwd)
                    self.expect(0, "sign", "-x", config, stdin=MESSAGE, cwd=cwd)
                    self.expect(0, "verify", "-x", config, stdin=signed, cwd=cwd)
                    self.expect(0, "explain", "-x", config, stdin=MESSAGE, cwd=cwd)

    def test_key_of_the_user_of_the_configuration_is_tried_as_that_user(self):
        self.expect(0, "-n", "-x", self.single_key_of_nobody())

    def test_unknown_user_fails_the_check(self):
        _, stderr = self.expect(78, "-n", "-x", self.single_key("UserID nosuchuser:nosuchgroup"))
        self.assertIn('postseal: UserID: there is no user "nosuchuser"\n', stderr)
        _, stderr = self.expect(78, "-n", "-x", self.single_key(), "-u", "nobody:nosuchgroup")
        self.assertIn('postseal: UserID: there is no group "nosuchgroup"\n', stderr)

    def test_value_of_an_option_can_be_asked_for(self):
        config = self.single_key()
        for name, value in (
            ("Canonicalization", b"relaxed/relaxed\n"),
            ("selector", b"s1\n"),
            ("SignThreads", b"0\n"),
            ("PidFile", b""),
        ):
            stdout, _ = self.expect(0, "-x", config, "-e", name)
            self.assertEqual(stdout, value)
        _, stderr = self.expect(64, "-x", config, "-e", "Foo")
        self.assertIn("postseal: -e Foo: there is no such option\n", stderr)

    def test_command_line_wins_over_the_file(self):
        config = self.single_key()
        for flags, name, value in (
            (["-s", "s2"], "Selector", "s2"),
            (["-o", "Selector=s3"], "Selector", "s3"),
            (["--option", "Selector=s4"], "Selector", "s4"),
            (["-o", "received,x-mailer"], "OmitHeaders", "received,x-mailer"),
            (["-f"], "Background", "No"),
            (["-l"], "Syslog", "Yes"),
            (["-A"], "AutoRestart", "Yes"),
            (["-b", "s"], "Mode", "s"),
            (["-c", "simple"], "Canonicalization", "simple/simple"),
            (["-d", "example.org"], "Domain", "example.org"),
            (["-D"], "SubDomains", "Yes"),
            (["-k", "/k"], "KeyFile", "/k"),
            (["-p", "inet:1@localhost"], "Socket", "inet:1@localhost"),
            (["-P", "/p"], "PidFile", "/p"),
            (["-r"], "RequiredHeaders", "Yes"),
            (["-S", "rsa-sha256"], "SignatureAlgorithm", "rsa-sha256"),
            (["-u", "nobody"], "UserID", "nobody"),
            (["-W"], "LogWhy", "Yes"),
        ):
            stdout, _ = self.expect(0, "-x", config, *flags, "-e", name)
            self.assertEqual(stdout.decode().lower(), value.lower() + "\n", flags)

    def test_flags_of_other_programs_say_where_to_go(self):
        _, stderr = self.expect(64, "-t", "a.eml")
        self.assertIn("postseal: -t: to verify messages: postseal verify FILE...\n", stderr)
        _, stderr = self.expect(64, "-Q")
        self.assertIn("postseal: -Q: to query the tables: postseal explain\n", stderr)


class Tables(PostsealCase):
    def tables(self, signing, key, *lines):
        self.key("s1.private")
        self.write("SigningTable", "".join(line + "\n" for line in signing))
        self.write("KeyTable", "".join(line + "\n" for line in key))
        return self.config(
            f"SigningTable refile:{self.path('SigningTable')}",
            f"KeyTable file:{self.path('KeyTable')}",
            "SpoolDirectory " + self.make_spool(),
            *lines,
        )

    def good_row(self):
        return f"k1 example.com:s1:{self.path('s1.private')}"

    def test_good_tables_have_nothing_to_say(self):
        config = self.tables(["*@example.com k1"], [self.good_row()])
        self.assertEqual(self.expect(0, "-n", "-x", config), (b"", ""))

    def test_broken_rows_fail_the_check_and_are_all_told(self):
        config = self.tables(
            ["*@a.example", "*@b.example nokey", "(*@c.example k1", "*@example.com k1"],
            [self.good_row(), "k2 example.com", "k3"],
        )
        _, stderr = self.expect(78, "-n", "-x", config)
        signing, key = self.path("SigningTable"), self.path("KeyTable")
        for text in (
            f'{signing}:1: SigningTable: "*@a.example" has no value; needed: KEYNAME, or '
            "KEYNAME:IDENTITY",
            f"{signing}:2: SigningTable: signing table references unknown key 'nokey'; a KeyTable "
            "row of that name is needed",
            f"{key}:2: KeyTable: KeyTable entry for 'k2' corrupt: has no selector; needed: "
            "DOMAIN:SELECTOR:KEY",
            f"{key}:3: KeyTable: KeyTable entry for 'k3' corrupt: ",
        ):
            self.assertIn(text, stderr)
        self.assertIn(f"{signing}:3: ", stderr)

    def test_broken_row_does_not_stop_a_start_unless_asked_to(self):
        config = self.tables(["*@b.example nokey", "*@example.com k1"], [self.good_row()])
        _, stderr = self.expect(0, "spool", "--once", "-x", config)
        self.assertIn("signing table references unknown key 'nokey'", stderr)
        _, stderr = self.expect(78, "spool", "--once", "-x", config, "-o", "CheckSigningTable=yes")
        self.assertIn("signing table references unknown key 'nokey'", stderr)
        self.expect(78, "-f", "-x", config, "-o", "CheckSigningTable=yes")

    def test_missing_table_is_an_error(self):
        config = self.tables(["*@example.com k1"], [self.good_row()])
        os.unlink(self.path("KeyTable"))
        _, stderr = self.expect(78, "-n", "-x", config)
        self.assertEqual(
            stderr,
            f'{config}:2: KeyTable: cannot read "{self.path("KeyTable")}": '
            "No such file or directory\n",
        )


if __name__ == "__main__":
    unittest.main(verbosity=2)
