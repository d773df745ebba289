"""postseal check: each thing that would go wrong is found, and named with its place."""

import fcntl
import os
import pty
import resource
import subprocess
import unittest

from postseal_case import POSTSEAL, PostsealCase, as_nobody, make_key


class Check(PostsealCase):
    def setUp(self):
        super().setUp()
        self.make_spool()
        self.rows = []

    def tables(self, *lines):
        """One row and key per entry of self.rows: (key file, algorithm or None)."""
        signing = ""
        key = ""
        for i, (file, algorithm) in enumerate(self.rows):
            signing += f"*@d{i}.example k{i}\n"
            key += f"k{i} d{i}.example:s:{self.path(file)}" + (f":{algorithm}" if algorithm else "")
            key += "\n"
        self.write("SigningTable", signing)
        self.write("KeyTable", key)
        return self.config(
            f"SigningTable refile:{self.path('SigningTable')}",
            f"KeyTable file:{self.path('KeyTable')}",
            f"SpoolDirectory {self.path('spool')}",
            "Syslog yes",
            *lines,
        )

    def find(self, status, config, *args, **kwargs):
        """The findings that are not ok, as (level, section, place, text)."""
        report = self.expect_json(status, "check", "--json", "-x", config, *args, **kwargs)
        found = []
        for finding in report["findings"]:
            self.assertEqual(
                list(finding), ["level", "section", "file", "line", "name", "text"]
            )
            place = finding["file"]
            if finding["line"] is not None:
                place += f":{finding['line']}"
            if finding["level"] != "ok":
                found.append((finding["level"], finding["section"], place, finding["text"]))
        self.assertEqual(report["errors"], sum(f[0] == "error" for f in found))
        self.assertEqual(report["warnings"], sum(f[0] == "warning" for f in found))
        return found

    def test_good_configuration_has_no_findings(self):
        self.key("a")
        self.key("b", "ed25519")
        self.rows = [("a", "rsa-sha256"), ("b", "ed25519-sha256"), ("a", None)]
        self.assertEqual(self.find(0, self.tables()), [])

    def test_report_is_for_people(self):
        self.key("a")
        self.rows = [("a", None)]
        config = self.tables("LDAPTimeout 9")
        stdout, stderr = self.expect(0, "check", "-x", config)
        text = stdout.decode()
        self.assertEqual(stderr, "")
        self.assertTrue(
            text.startswith(
                "configuration\n"
                f"  warning  {config}:5: LDAPTimeout: has no effect: there is no LDAP\n"
                f"  ok       {config}: no errors\n"
                "tables\n"
                "  ok       SigningTable and KeyTable: no broken rows, 1 key row\n"
                "keys\n"
                "  ok       1 key can sign: 1 RSA, 0 Ed25519\n"
                "spool\n"
            ),
            text,
        )
        self.assertIn("engines\n  ok       I/O: ", text)
        self.assertRegex(
            text,
            r"  ok       RSA-2048: (in lanes from [2-8] signatures on|by OpenSSL, )"
            r"|  ok       SignEngine: RSA: one signature at a time, by OpenSSL: ",
        )
        self.assertTrue(text.endswith("0 errors, 1 warning\n"), text)
        self.assertNotIn("\033", text)

    def test_each_kind_of_bad_key_is_found(self):
        self.key("good")
        self.key("world")
        os.chmod(self.path("world"), 0o644)
        self.write("cut", make_key("rsa")[0][:300])
        self.write("garbage", "this is no key\n")
        self.write("empty", "")
        self.key("small", bits=1024)
        self.write(
            "public",
            subprocess.run(
                ["openssl", "pkey", "-in", self.path("good"), "-pubout"],
                check=True,
                stdout=subprocess.PIPE,
                timeout=60,
            ).stdout,
        )
        os.mkdir(self.path("dir"))
        self.key("ed", "ed25519")
        names = ["good", "missing", "world", "cut", "garbage", "empty", "public", "dir", "small"]
        self.rows = [(name, None) for name in names] + [("ed", "rsa-sha256"), ("missing", None)]
        found = {
            place: (level, text)
            for level, section, place, text in self.find(78, self.tables())
            if section == "keys"
        }
        table = self.path("KeyTable")
        self.assertNotIn(f"{table}:1", found)
        for line, level, text in (
            (2, "error", f"{self.path('missing')}: No such file or directory (2 rows name it)"),
            (3, "error", f"{self.path('world')} can be read or written by other users"),
            (4, "error", f"{self.path('cut')}: "),
            (5, "error", f"{self.path('garbage')}: "),
            (6, "error", f"{self.path('empty')}: "),
            (7, "error", f"{self.path('public')}: "),
            (8, "error", f"{self.path('dir')}"),
            (9, "warning", f"{self.path('small')}: an RSA key of 1024 bits is weak, 2048 are "
             "advised (RFC 8301)"),
            (10, "error", f"{self.path('ed')}: the key is for ed25519-sha256, but the row says "
             "rsa-sha256"),
        ):
            got_level, got_text = found[f"{table}:{line}"]
            self.assertEqual(got_level, level, line)
            self.assertTrue(got_text.startswith(text), got_text)
        self.assertEqual(len(found), 9)

    def test_key_that_is_not_safe_is_a_warning_where_that_is_allowed(self):
        os.chmod(self.key("a"), 0o644)
        self.rows = [("a", None)]
        self.assertEqual(
            self.find(0, self.tables("RequireSafeKeys no")),
            [("warning", "keys", f"{self.path('KeyTable')}:1",
              f"{self.path('a')} can be read or written by other users")],
        )

    def test_many_bad_keys_are_summed_up_for_people_and_listed_for_programs(self):
        self.rows = [(f"missing{i}", None) for i in range(100)]
        config = self.tables()
        stdout, _ = self.expect(78, "check", "-x", config)
        self.assertEqual(stdout.count(b"No such file or directory"), 20)
        self.assertIn(b"  error    and 80 more keys that cannot be used (--json lists them all)\n", stdout)
        self.assertIn(b"100 errors, ", stdout)
        self.assertEqual(len(self.find(78, config)), 100)

    def test_broken_rows_are_found(self):
        self.key("a")
        self.rows = [("a", None)]
        config = self.tables()
        self.write("SigningTable", "*@a.example\n*@b.example nokey\n*@d0.example k0\n")
        found = self.find(78, config)
        self.assertEqual(
            [(f[0], f[1], f[2]) for f in found],
            [("error", "tables", f"{self.path('SigningTable')}:{i}") for i in (1, 2)],
        )

    def test_wrong_entries_of_host_lists_are_found(self):
        self.key("a")
        self.rows = [("a", None)]
        self.write("TrustedHosts", "127.0.0.1\n10.0.0.0/33\n*.example.com\n")
        config = self.tables(f"InternalHosts refile:{self.path('TrustedHosts')}")
        self.assertEqual(
            self.find(0, config),
            [("warning", "tables", f"{self.path('TrustedHosts')}:2",
              '"10.0.0.0/33" matches nobody: behind an IPv4 address, allowed are /0 to /32, or a '
              "mask such as /255.255.0.0")],
        )

    def test_host_list_that_is_missing_is_found_with_a_table_that_is(self):
        config = self.tables("PeerList file:gone")
        self.write("KeyTable", "")
        os.unlink(self.path("SigningTable"))
        found = self.find(78, config)
        self.assertEqual([f[0] for f in found], ["error", "error"])
        self.assertIn("SigningTable", found[0][3])
        self.assertIn('cannot read "gone": No such file or directory', found[1][3])

    def test_key_of_the_sender_is_not_tried_and_that_is_said(self):
        config = self.config(
            "SigningTable csl:*=k",
            f"KeyTable csl:k=%:s:{self.directory}/%.private",
            f"SpoolDirectory {self.path('spool')}",
            "Syslog yes",
        )
        found = self.find(0, config)
        self.assertEqual(len(found), 1)
        self.assertIn("1 row of the KeyTable takes the sender's domain", found[0][3])

    def test_single_key_is_tried(self):
        config = self.single_key(f"SpoolDirectory {self.path('spool')}", "Syslog yes")
        self.assertEqual(self.find(0, config), [])
        os.unlink(self.path("s1.private"))
        self.assertEqual(
            self.find(78, config),
            [("error", "keys", f"{config}:3",
              f"{self.path('s1.private')}: No such file or directory")],
        )

    def test_cache_that_is_smaller_than_the_keys_is_a_warning(self):
        self.key("a")
        self.key("b", "ed25519")
        self.rows = [("a", None), ("b", None)]
        config = self.tables("KeyCacheSize 1")
        self.assertEqual(
            self.find(0, config),
            [("warning", "keys", f"{config}:5",
              "1 is less than the 2 keys: keys will be read from disk again and again")],
        )

    def has_lanes(self, config):
        report = self.expect_json(0, "check", "--json", "-x", config)
        return any(find["text"].startswith("RSA-2048: ") for find in report["findings"])

    def test_lane_cache_that_is_smaller_than_the_keys_is_a_warning(self):
        self.key("a")
        self.key("b", "ed25519")
        self.key("c", bits=1024)
        self.key("d", bits=1032)
        self.rows = [("a", None), ("b", None), ("c", None), ("d", None)]
        config = self.tables("LaneCacheSize 1")
        if not self.has_lanes(config):
            self.skipTest("no lanes here")
        self.assertEqual(
            [find for find in self.find(0, config) if find[1] == "engines"],
            [("warning", "engines", f"{config}:5",
              "1 is less than the 2 RSA keys that can sign in lanes: keys will be brought into "
              "that form again and again")],
        )
        found = self.find(0, self.tables("LaneCacheSize 2"))
        self.assertEqual([find for find in found if find[1] == "engines"], [])

    def test_lane_cache_that_finds_no_memory_is_named(self):
        self.key("a")
        self.rows = [("a", None)]
        if not self.has_lanes(self.tables()):
            self.skipTest("no lanes here")
        with open(POSTSEAL, "rb") as file:
            if b"__asan_init" in file.read():
                self.skipTest("the sanitizer needs more addresses than this test leaves")
        config = self.tables("LaneCacheSize 1000000")

        def leave_two_gigabytes():
            resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

        self.assertEqual(
            self.find(78, config, preexec_fn=leave_two_gigabytes),
            [("error", "engines", f"{config}:5",
              "no room for so many keys: Cannot allocate memory")],
        )

    def test_spool_that_is_missing_is_found(self):
        config = self.single_key("SpoolDirectory /nowhere/spool", "Syslog yes")
        self.assertEqual(
            self.find(78, config),
            [("error", "spool", f"{config}:5", "/nowhere/spool: No such file or directory")],
        )

    def test_spool_with_a_file_for_a_directory_is_found(self):
        os.rmdir(self.path("spool/out"))
        self.write("spool/out", "")
        config = self.single_key(f"SpoolDirectory {self.path('spool')}", "Syslog yes")
        self.assertEqual(
            self.find(78, config),
            [("error", "spool", f"{config}:5", f"{self.path('spool/out')}: is not a directory")],
        )

    def test_spool_without_room_is_found(self):
        config = self.single_key(
            f"SpoolDirectory {self.path('spool')}", "Syslog yes", "SpoolMinFree 900000G"
        )
        found = self.find(78, config)
        self.assertEqual(len(found), 1)
        self.assertRegex(
            found[0][3],
            r"spool: \d+ MiB are free, SpoolMinFree asks for 921600000 MiB: nothing would be "
            "taken in$",
        )

    def test_spool_of_another_user_is_found(self):
        self.key("s1.private")
        config = self.single_key(f"SpoolDirectory {self.path('spool')}", "Syslog yes")
        os.chmod(config, 0o644)
        user = as_nobody()
        if not user:
            self.skipTest("needs root")
        found = self.find(78, config, **user)
        errors = [text for level, section, _, text in found if section == "spool"]
        self.assertIn(
            f"{self.path('spool')}/in: cannot be read and written by this user: Permission denied",
            errors,
        )

    def test_root_looks_with_the_eyes_of_the_user(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        config = self.single_key(
            f"SpoolDirectory {self.path('spool')}", "Syslog yes", "UserID nobody"
        )
        found = self.find(78, config)
        self.assertIn(
            ("error", "keys", f"{config}:3",
             f"{self.path('s1.private')}: Permission denied"),
            found,
        )

    def test_who_holds_the_spool_is_told(self):
        config = self.single_key(f"SpoolDirectory {self.path('spool')}", "Syslog yes")
        with open(self.path("spool/.lock"), "w") as lock:
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            stdout, _ = self.expect(0, "check", "-x", config)
        self.assertIn(f"process {os.getpid()} works on it now\n", stdout.decode())

    def test_owner_that_does_not_exist_is_found(self):
        config = self.single_key(
            f"SpoolDirectory {self.path('spool')}", "Syslog yes", "SpoolOwner nosuchuser"
        )
        self.assertEqual(
            self.find(78, config),
            [("error", "spool", f"{config}:7", 'there is no user "nosuchuser"')],
        )

    def test_options_of_the_process_are_looked_at(self):
        config = self.single_key(
            "PidFile /nowhere/x.pid", "BaseDirectory /nowhere", "Socket inet:x@localhost"
        )
        texts = [(level, text) for level, section, _, text in self.find(78, config)
                 if section == "process"]
        self.assertEqual(
            texts,
            [
                ("error", "/nowhere: is not a directory"),
                ("error", "/nowhere/: a file cannot be made there: No such file or directory"),
                ("warning", "a daemon in the background without Syslog logs nowhere"),
                ("error", "inet:x@localhost: its port is no number from 1 to 65535; allowed is "
                          "inet:PORT@HOST, inet6:PORT@HOST, or local:PATH"),
            ],
        )

    def test_bad_configuration_ends_the_check(self):
        config = self.config("Foo bar", "Background maybe")
        found = self.find(78, config)
        self.assertEqual([f[:3] for f in found if f[0] == "error"],
                         [("error", "configuration", f"{config}:{i}") for i in (1, 2)])

    def test_check_changes_nothing_in_the_spool(self):
        os.rmdir(self.path("spool/failed"))
        config = self.single_key(f"SpoolDirectory {self.path('spool')}", "Syslog yes")
        stdout, _ = self.expect(0, "check", "-x", config)
        self.assertIn(b"in, tmp, out or failed is missing and will be made\n", stdout)
        self.assertEqual(sorted(os.listdir(self.path("spool"))), ["in", "out", "tmp"])
        self.assertEqual(os.listdir(self.path("spool/tmp")), [])

    def on_terminal(self, **env):
        config = self.single_key("LDAPTimeout 9")
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [POSTSEAL, "check", "-x", config],
            stdout=follower,
            stderr=follower,
            env={**os.environ, **env},
        )
        self.running.append(process)
        os.close(follower)
        text = b""
        while True:
            try:
                piece = os.read(leader, 4096)
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(leader)
        process.wait(timeout=60)
        return text

    def test_memory_that_cannot_be_locked_is_a_warning(self):
        self.key("a")
        self.rows = [("a", None)]
        config = self.tables("SignThreads 2", "IoThreads 1", "LaneCacheSize 100")
        for path in (config, self.path("SigningTable"), self.path("KeyTable")):
            os.chmod(path, 0o644)

        def lock_nothing():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))

        if not self.has_lanes(config):
            self.skipTest("no lanes here")
        user = as_nobody() or {}
        # The key is not nobody's to read.
        report = self.expect_json(
            78 if user else 0, "check", "--json", "-x", config, preexec_fn=lock_nothing, **user
        )
        engines = [find for find in report["findings"] if find["section"] == "engines"]
        self.assertEqual(
            [find["text"].split(" in memory")[0] for find in engines if find["level"] == "warning"],
            ["3 threads sign with keys", "100 of the 100 keys of LaneCacheSize are"],
        )

    def test_lanes_that_are_not_there_are_a_warning(self):
        self.key("a")
        self.rows = [("a", None)]
        hidden = {"env": {**os.environ, "OPENSSL_ia32cap": ":~0x200000"}}
        found = self.find(0, self.tables("SignEngine lanes"), **hidden)
        self.assertEqual(len(found), 1)
        self.assertRegex(found[0][3], "RSA: one signature at a time, by OpenSSL: .*IFMA")
        self.assertEqual(self.find(0, self.tables("SignEngine auto"), **hidden), [])

    def test_terminal_gets_colours_unless_it_wants_none(self):
        environ_has_no_colour = os.environ.pop("NO_COLOR", None)
        try:
            self.assertIn(b"\033[33mwarning\033[0m", self.on_terminal(TERM="xterm"))
            self.assertNotIn(b"\033[33m", self.on_terminal(TERM="xterm", NO_COLOR="1"))
        finally:
            if environ_has_no_colour is not None:
                os.environ["NO_COLOR"] = environ_has_no_colour


if __name__ == "__main__":
    unittest.main(verbosity=2)
