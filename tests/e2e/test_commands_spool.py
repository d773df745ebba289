"""postseal spool: once and for all, with its summary, its progress, and its exit codes."""

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import struct
import termios
import time
import unittest

from postseal_case import MESSAGE, NOBODY, POSTSEAL, WITHOUT_IO_URING, PostsealCase

NOT_OURS = MESSAGE.replace(b"example.com", b"example.org")
MALFORMED = b"Subject: x\r\n\r\nno sender\r\n"


def lanes_are_here():
    """The CPU has AVX-512 IFMA, the build uses it, and nobody hides it."""
    with open("/proc/cpuinfo") as file:
        has_ifma = re.search(r"^flags\s*:.* avx512ifma\b", file.read(), re.MULTILINE)
    return bool(os.environ.get("HAS_IFMA") and has_ifma and "OPENSSL_ia32cap" not in os.environ)


class Once(PostsealCase):
    def setUp(self):
        super().setUp()
        self.conf = self.single_key()

    def once(self, status, *args, **kwargs):
        return self.expect(
            status, "spool", "--once", "-x", self.conf, *args, self.path("spool"), **kwargs
        )

    def test_all_that_is_there_is_signed(self):
        self.make_spool(MESSAGE, MESSAGE, NOT_OURS)
        stdout, stderr = self.once(0)
        self.assertRegex(
            stdout.decode(),
            r"^2 signed, 1 passed, 0 already signed, 0 failed, 0 stay in in/  "
            r"\(\d+\.\d\d s, \d+ signed/s\)\n$",
        )
        self.assertEqual(stderr, "")
        self.assertEqual(os.listdir(self.path("spool/in")), [])
        self.expect_verified(self.read("spool/out/0"))
        self.assertEqual(self.read("spool/out/2"), NOT_OURS)

    def test_several_threads_sign_each_message_once(self):
        self.make_spool(*[MESSAGE + b"%d\r\n" % number for number in range(60)])
        self.once(0, "-o", "IoThreads=3", "-o", "SignThreads=2", "-o", "SpoolBatch=4")
        self.assertEqual(os.listdir(self.path("spool/in")), [])
        for number in range(60):
            signed = self.read(f"spool/out/{number}")
            self.assertTrue(signed.endswith(MESSAGE + b"%d\r\n" % number))
            self.assertEqual(signed.count(b"DKIM-Signature"), 1)
        self.expect_verified(signed)

    def expect_engine_signs(self, engine, in_lanes, said=None, **kwargs):
        names = [str(number) for number in range(400)]
        self.make_spool(*[MESSAGE + b"%s\r\n" % name.encode() for name in names])
        stdout, stderr = self.once(
            0, "--json", "-o", f"SignEngine={engine}", "-o", "SyncMode=none", **kwargs
        )
        result = json.loads(stdout)
        self.assertEqual(result["signed"], len(names))
        if in_lanes:
            self.assertGreater(result["signatures_in_lanes"], len(names) / 4)
        else:
            self.assertEqual(result["signatures_in_lanes"], 0)
        if said is not None:
            self.assertRegex(stderr, said)
        files = [self.path(f"spool/out/{name}") for name in names]
        self.expect(0, "verify", "--keys", self.public_keys(), *files)
        for file in files:
            os.unlink(file)

    def test_engine_is_chosen(self):
        self.expect_engine_signs("auto", lanes_are_here())
        self.expect_engine_signs("lanes", lanes_are_here())
        self.expect_engine_signs("openssl", False)

    def test_cpu_without_ifma_signs_with_openssl(self):
        hidden = {"env": {**os.environ, "OPENSSL_ia32cap": ":~0x200000"}}
        self.expect_engine_signs("auto", False, **hidden)
        self.expect_engine_signs(
            "lanes", False, r"RSA signatures: one at a time, by OpenSSL: .*AVX-512 IFMA", **hidden
        )

    @unittest.skipIf(WITHOUT_IO_URING is None, "there is nothing to forbid io_uring with")
    def test_threads_serve_where_io_uring_is_forbidden(self):
        self.make_spool(MESSAGE, MESSAGE)
        forbidden = {"within": [WITHOUT_IO_URING]}
        stdout, _ = self.expect(0, "check", "-x", self.conf, **forbidden)
        self.assertIn(b"I/O: threads: no io_uring: Operation not permitted", stdout)
        self.once(0, **forbidden)
        self.expect_verified(self.read("spool/out/1"))

    @unittest.skipIf(WITHOUT_IO_URING is None, "there is nothing to forbid io_uring with")
    def test_io_uring_that_is_asked_for_and_forbidden_is_an_error(self):
        self.make_spool(MESSAGE)
        _, stderr = self.once(74, "-o", "IoEngine=io_uring", within=[WITHOUT_IO_URING])
        self.assertIn("cannot make the ring: Operation not permitted", stderr)
        self.assertEqual(os.listdir(self.path("spool/in")), ["0"])

    def test_directory_of_the_configuration_serves(self):
        self.make_spool(MESSAGE)
        stdout, _ = self.expect(
            0, "spool", "--once", "-x", self.conf, "-o", f"SpoolDirectory={self.path('spool')}"
        )
        self.assertTrue(stdout.startswith(b"1 signed, "))

    def test_directories_are_made_where_they_are_missing(self):
        os.mkdir(self.path("spool"))
        self.once(0)
        self.assertEqual(
            sorted(n for n in os.listdir(self.path("spool")) if n[0] != "."),
            ["failed", "in", "out", "tmp"],
        )

    def test_something_in_failed_is_status_65(self):
        self.make_spool(MESSAGE, MALFORMED)
        stdout, stderr = self.once(65)
        self.assertTrue(stdout.startswith(b"1 signed, 0 passed, 0 already signed, 1 failed, "))
        self.assertIn("in/1: moved to failed/: it has no From field\n", stderr)
        self.assertEqual(self.read("spool/failed/1"), MALFORMED)

    def test_something_that_stays_is_status_75(self):
        self.make_spool(MESSAGE, MALFORMED)
        os.unlink(self.path("s1.private"))
        stdout, stderr = self.once(75)
        self.assertIn(b" 1 stay in in/ ", stdout)
        self.assertIn(f"error {self.path('s1.private')}: No such file or directory\n", stderr)
        self.assertEqual(os.listdir(self.path("spool/in")), ["0"])

    def test_json_has_it_all(self):
        self.make_spool(MESSAGE, MALFORMED, NOT_OURS)
        found = json.loads(self.once(65, "--json")[0])
        self.assertGreaterEqual(found.pop("seconds"), 0)
        self.assertGreaterEqual(found.pop("batches"), 1)
        self.assertEqual(
            found,
            {
                "signed": 1,
                "passed": 1,
                "already_signed": 0,
                "failed": 1,
                "units_out": 2,
                "units_failed": 1,
                "units_stayed": 0,
                "signatures_in_lanes": 0,
                "signatures_made_again": 0,
                "log_lines_dropped": 0,
                "error": None,
            },
        )

    def test_missing_directory_is_status_66_and_in_the_json(self):
        stdout, stderr = self.expect(
            66, "spool", "--once", "--json", "-x", self.conf, "nowhere"
        )
        self.assertEqual(stderr, "postseal: nowhere: there is no such directory; a spool is one that this user may write in\n")
        self.assertEqual(json.loads(stdout)["error"], "nowhere: there is no such directory; a spool is one that this user may write in")

    def test_no_directory_at_all_is_a_usage_error(self):
        _, stderr = self.expect(64, "spool", "-x", self.conf)
        self.assertIn("postseal spool: give a directory, or set SpoolDirectory\n", stderr)

    def test_spool_that_is_worked_on_is_status_75_and_names_who(self):
        self.make_spool()
        with open(self.path("spool/.lock"), "w") as lock:
            lock.write("4711\n")
            lock.flush()
            fcntl.flock(lock, fcntl.LOCK_EX)
            _, stderr = self.once(75)
        self.assertEqual(
            stderr,
            f"postseal: {self.path('spool')}: another postseal works on this spool (process 4711)\n",
        )

    def test_umask_of_the_configuration_takes_bits_off(self):
        for umask, mode in ((None, 0o664), ("007", 0o660)):
            self.make_spool(MESSAGE)
            os.chmod(self.path("spool/in/0"), 0o664)
            self.once(0, *([] if umask is None else ["-o", f"UMask={umask}"]))
            self.assertEqual(os.stat(self.path("spool/out/0")).st_mode & 0o777, mode)
            os.unlink(self.path("spool/out/0"))

    def test_old_signatures_are_removed_where_that_is_asked_for(self):
        old = b"DKIM-Signature: v=1; d=example.net;\r\n\tb=old\r\n"
        self.make_spool(old + MESSAGE, old + NOT_OURS)
        self.once(0, "-o", "RemoveOldSignatures=yes")
        signed = self.read("spool/out/0")
        self.assertEqual(signed.count(b"DKIM-Signature"), 1)
        self.assertTrue(signed.endswith(b"\r\n" + MESSAGE))
        self.expect_verified(signed)
        self.assertEqual(self.read("spool/out/1"), old + NOT_OURS)

    def test_owner_that_does_not_exist_is_a_configuration_error(self):
        self.make_spool(MESSAGE)
        _, stderr = self.once(78, "-o", "SpoolOwner=mail:nosuchgroup")
        self.assertEqual(stderr, 'postseal: SpoolOwner: there is no group "nosuchgroup"\n')

    def test_reader_of_the_log_that_goes_away_stops_nothing(self):
        self.make_spool(MESSAGE, MALFORMED)
        reader, writer = os.pipe()
        os.close(reader)
        process = self.spawn(
            "spool", "--once", "-x", self.conf, self.path("spool"), stderr=writer
        )
        os.close(writer)
        stdout, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 65)
        self.assertTrue(stdout.startswith(b"1 signed, "))

    def test_what_stays_is_told_with_the_reason(self):
        config = self.single_key()
        os.unlink(self.path("s1.private"))
        spool = self.make_spool(MESSAGE, MESSAGE)
        _, stderr = self.expect(75, "spool", "--once", "-x", config, spool)
        for name in "01":
            self.assertIn(
                f"warning in/{name}: stays: {self.path('s1.private')}: No such file or directory\n",
                stderr,
            )


class Root(PostsealCase):
    def test_root_becomes_the_user_of_the_configuration(self):
        config = self.single_key_of_nobody()
        os.mkdir(self.path("spool"))
        os.chown(self.path("spool"), NOBODY.pw_uid, NOBODY.pw_gid)
        self.expect(0, "spool", "--once", "-x", config, self.path("spool"))
        self.write("spool/in/a", MESSAGE, mode=0o644)
        self.expect(0, "spool", "--once", "-x", config, self.path("spool"))
        self.assertIn(b"DKIM-Signature", self.read("spool/out/a"))
        for name in ("in", "tmp", "out", "failed", ".lock", "out/a"):
            self.assertEqual(os.stat(self.path(f"spool/{name}")).st_uid, NOBODY.pw_uid, name)

    def test_user_that_is_not_there_is_an_error(self):
        self.single_key_of_nobody()
        config = self.single_key("UserID nosuchuser")
        _, stderr = self.expect(78, "spool", "--once", "-x", config, self.make_spool())
        self.assertEqual(stderr, 'postseal: UserID: there is no user "nosuchuser"\n')


class Terminal(PostsealCase):
    """What a person sees, through a pseudo terminal."""

    def watch(self, *args, columns=80, **env):
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [POSTSEAL, *args],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**os.environ, **env},
        )
        self.running.append(process)
        os.close(follower)
        text = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(leader)
        return process.wait(timeout=60), text

    def test_progress_is_drawn_over_itself_and_gone_at_the_end(self):
        config = self.single_key("SignThreads 1")
        spool = self.make_spool(*[MESSAGE] * 1000)
        status, text = self.watch("spool", "--once", "-x", config, spool, TERM="xterm")
        self.assertEqual(status, 0)
        drawn = re.findall(rb"\r\x1b\[Ksigning \[#* *\] +\d+%  (\d+) of (\d+)  \d+/s", text)
        self.assertGreater(len(drawn), 0, text)
        # From the first to the last, all units count, also those that are being signed.
        self.assertEqual({total for _, total in drawn}, {b"1000"}, drawn)
        last = text.rstrip().split(b"\r\x1b[K")[-1]
        self.assertTrue(last.startswith(b"1000 signed, 0 passed, "), last)

    def test_lines_of_the_log_do_not_run_into_the_progress(self):
        config = self.single_key("SignThreads 1")
        spool = self.make_spool(*[MESSAGE] * 200)
        self.write("spool/in/bad", b"Subject: x\r\n\r\n")
        status, text = self.watch("spool", "--once", "-x", config, spool, TERM="xterm")
        self.assertEqual(status, 65)
        self.assertIn(b"\r\x1b[Kwarning in/bad: moved to failed/: it has no From field\r\n", text)

    def test_narrow_terminal_gets_no_progress(self):
        config = self.single_key("SignThreads 1")
        spool = self.make_spool(*[MESSAGE] * 200)
        self.write("spool/in/bad", b"Subject: x\r\n\r\n")
        _, text = self.watch("spool", "--once", "-x", config, spool, columns=60, TERM="xterm")
        self.assertNotIn(b"\x1b", text)

    def test_dumb_terminal_and_no_terminal_get_no_progress(self):
        config = self.single_key()
        spool = self.make_spool(*[MESSAGE] * 100)
        _, text = self.watch("spool", "--once", "-x", config, spool, TERM="dumb")
        self.assertNotIn(b"\x1b", text)
        self.make_spool(*[MESSAGE] * 100)
        _, stderr = self.expect(75, "spool", "--once", "-x", config, spool)
        self.assertNotIn("\x1b", stderr)


class Watching(PostsealCase):
    def setUp(self):
        super().setUp()
        self.make_spool()

    def start(self, config, *args):
        process = self.spawn("spool", "-x", config, *args, self.path("spool"))
        self.wait_for_file("spool/.lock")
        return process

    def put(self, name, message):
        self.write(f"spool/in/.{name}", message)
        os.rename(self.path(f"spool/in/.{name}"), self.path(f"spool/in/{name}"))

    def test_new_units_are_signed_until_it_is_stopped(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start(self.single_key())
            for i in range(5):
                self.put(f"{number}.{i}", MESSAGE)
                self.wait_for_file(f"spool/out/{number}.{i}")
            status, _ = self.stop(process, number)
            self.assertEqual(status, 0)
            self.assertEqual(os.listdir(self.path("spool/tmp")), [])

    def test_reload_takes_the_new_file_and_keeps_the_command_line(self):
        for number in (signal.SIGHUP, signal.SIGUSR1):
            config = self.single_key("SyslogSuccess no")
            process = self.start(config, "-o", "SignatureTTL=100")
            self.put("before", MESSAGE)
            self.wait_for_file("spool/out/before")
            self.assertIn(b"c=relaxed/relaxed;", self.read("spool/out/before"))
            with open(config, "a") as file:
                file.write("Canonicalization simple/simple\n")
            process.send_signal(number)

            def is_new():
                self.put("after", MESSAGE)
                self.wait_for_file("spool/out/after")
                signed = self.read("spool/out/after")
                os.unlink(self.path("spool/out/after"))
                return b"c=simple/simple;" in signed and b"x=" in signed

            self.wait_for("the new configuration", is_new)
            status, stderr = self.stop(process)
            self.assertEqual(status, 0)
            self.assertIn(f"notice configuration reloaded from {config}\n", stderr)
            os.unlink(self.path("spool/out/before"))

    def test_bad_reload_keeps_the_old_and_says_why(self):
        config = self.single_key()
        process = self.start(config)
        with open(config, "a") as file:
            file.write("Background maybe\n")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.put("a", MESSAGE)
        self.wait_for_file("spool/out/a")
        status, stderr = self.stop(process)
        self.assertEqual(status, 0)
        self.assertIn(
            f'error {config}:5: Background: illegal value "maybe"; allowed: yes or no\n', stderr
        )
        self.assertIn(
            "error the new configuration has errors, the old one stays in force\n", stderr
        )

    def test_signal_that_comes_during_the_start_ends_it_cleanly(self):
        for delay_ms in (0, 2, 5, 10, 20, 50):
            process = self.spawn("spool", "-x", self.single_key(), self.path("spool"))
            time.sleep(0.02 + delay_ms / 1000)
            status, _ = self.stop(process)
            self.assertIn(status, (0, -signal.SIGTERM))


if __name__ == "__main__":
    unittest.main(verbosity=2)
