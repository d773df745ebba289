"""postseal without a command: the daemon, from its start to its end."""

import grp
import os
import signal
import socket
import time
import unittest

from postseal_case import MESSAGE, NOBODY, PostsealCase


def is_alive(pid):
    """A zombie is dead: whoever should collect it is another matter."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


class Daemon(PostsealCase):
    def setUp(self):
        super().setUp()
        self.make_spool()
        self.conf = self.single_key(f"SpoolDirectory {self.path('spool')}")

    def put(self, name="a", message=MESSAGE):
        self.write(f"spool/in/.{name}", message, 0o644)
        os.rename(self.path(f"spool/in/.{name}"), self.path(f"spool/in/{name}"))

    def expect_signed(self, name="a"):
        self.put(name)
        self.wait_for_file(f"spool/out/{name}")
        self.expect_verified(self.read(f"spool/out/{name}"))
        os.unlink(self.path(f"spool/out/{name}"))

    def in_foreground(self, *args):
        process = self.spawn("-x", self.conf, "-f", *args)
        self.expect_signed()
        return process

    def in_background(self, *args):
        self.expect(0, "-x", self.conf, "-P", self.path("pid"), *args, stdin=b"")
        pid = int(self.read("pid"))
        return pid

    def test_foreground_signs_until_it_is_stopped(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.in_foreground()
            status, stderr = self.stop(process, number)
            self.assertEqual(status, 0)
            self.assertRegex(stderr, r"(?m)^notice postseal \S+ starting$")
            self.assertRegex(stderr, r"(?m)^notice .*: I/O engine (io_uring|threads)")
            self.assertRegex(stderr, r"(?m)^notice postseal \S+ terminating with status 0, 0 log lines dropped$")

    def test_background_is_ready_when_the_start_returns(self):
        pid = self.in_background()
        self.assertTrue(is_alive(pid))
        self.expect_signed()
        os.kill(pid, signal.SIGTERM)
        self.wait_for("its end", lambda: not is_alive(pid))
        self.assertFalse(os.path.exists(self.path("pid")))

    def test_background_leaves_session_and_terminal(self):
        pid = self.in_background()
        self.assertEqual(os.getsid(pid), pid)
        for fd in (0, 1, 2):
            self.assertEqual(os.readlink(f"/proc/{pid}/fd/{fd}"), "/dev/null")

    def test_failure_of_a_start_in_the_background_is_told(self):
        os.rename(self.path("spool"), self.path("elsewhere"))
        _, stderr = self.expect(66, "-x", self.conf, "-P", self.path("pid"))
        self.assertIn(f"{self.path('spool')}: there is no such directory; a spool is one that this user may write in\n", stderr)
        self.assertFalse(os.path.exists(self.path("pid")))

    def test_second_daemon_is_refused_and_told_who_is_there(self):
        pid = self.in_background()
        _, stderr = self.expect(75, "-x", self.conf, "-f")
        self.assertIn(
            f"error {self.path('spool')}: another postseal works on this spool (process {pid})\n",
            stderr,
        )
        self.assertTrue(is_alive(pid))

    def test_pid_file_that_cannot_be_written_is_told(self):
        _, stderr = self.expect(73, "-x", self.conf, "-f", "-P", "/nowhere/pid")
        self.assertEqual(stderr, "postseal: PidFile: /nowhere/pid: No such file or directory\n")

    def test_pid_file_replaces_a_link_and_does_not_follow_it(self):
        self.write("victim", "precious")
        os.symlink("victim", self.path("pid"))
        pid = self.in_background()
        self.assertEqual(self.read("victim"), b"precious")
        self.assertEqual(self.read("pid"), b"%d\n" % pid)

    def test_pid_file_of_another_process_is_left_alone(self):
        pid = self.in_background()
        self.write("pid", "1\n")
        os.kill(pid, signal.SIGTERM)
        self.wait_for("its end", lambda: not is_alive(pid))
        self.assertEqual(self.read("pid"), b"1\n")

    def test_nothing_to_do_is_told(self):
        _, stderr = self.expect(78, "-x", self.single_key(), "-f")
        self.assertEqual(
            stderr,
            "postseal: neither Socket nor SpoolDirectory is set, so there is nothing to do\n",
        )

    def test_reload_keeps_the_command_line(self):
        process = self.in_foreground("-c", "simple/relaxed")
        with open(self.conf, "a") as file:
            file.write("SignatureTTL 500\n")
        for number in (signal.SIGHUP, signal.SIGUSR1):
            process.send_signal(number)

        def is_new():
            self.put()
            self.wait_for_file("spool/out/a")
            signed = self.read("spool/out/a")
            os.unlink(self.path("spool/out/a"))
            self.assertIn(b"c=simple/relaxed;", signed)
            return b"x=" in signed

        self.wait_for("the new configuration", is_new)
        status, _ = self.stop(process)
        self.assertEqual(status, 0)

    def test_reload_finds_a_relative_file(self):
        process = self.spawn("-x", "postseal.conf", "-f")
        self.expect_signed()
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.expect_signed()
        _, stderr = self.stop(process)
        self.assertIn("notice configuration reloaded from ", stderr)

    def test_reload_of_a_file_that_is_gone_keeps_the_old(self):
        process = self.in_foreground()
        os.unlink(self.conf)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.expect_signed()
        status, stderr = self.stop(process)
        self.assertEqual(status, 0)
        self.assertIn("the old one stays in force", stderr)

    def test_key_that_is_missing_is_told_at_the_start_and_taken_when_it_comes(self):
        key = self.read("s1.private")
        os.unlink(self.path("s1.private"))
        process = self.spawn("-x", self.conf, "-f")
        self.put()
        time.sleep(0.5)
        self.assertTrue(os.path.exists(self.path("spool/in/a")))
        self.write("s1.private", key)
        process.send_signal(signal.SIGHUP)
        self.wait_for_file("spool/out/a")
        _, stderr = self.stop(process)
        self.assertIn(
            f"{self.conf}:3: KeyFile: {self.path('s1.private')}: No such file or directory\n",
            stderr,
        )

    def test_restart_follows_a_kill(self):
        process = self.in_foreground("-A", "-P", self.path("pid"))
        self.assertEqual(int(self.read("pid")), process.pid)
        (first,) = children(process.pid)
        os.kill(first, signal.SIGKILL)
        self.wait_for("another child", lambda: children(process.pid) not in ([], [first]))
        self.expect_signed()
        status, stderr = self.stop(process)
        self.assertEqual(status, 0)
        self.assertIn("warning terminated by signal 9 (Killed), restarting\n", stderr)
        self.assertFalse(os.path.exists(self.path("pid")))

    def test_restarts_end_at_their_count(self):
        process = self.in_foreground("-A", "-o", "AutoRestartCount=1")
        (first,) = children(process.pid)
        os.kill(first, signal.SIGKILL)
        self.wait_for("another child", lambda: children(process.pid) not in ([], [first]))
        self.expect_signed()
        os.kill(children(process.pid)[0], signal.SIGKILL)
        _, stderr = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 70)
        self.assertIn(b"error terminated by signal 9 (Killed), giving up\n", stderr)

    def test_restarts_end_at_their_rate(self):
        process = self.in_foreground("-A", "-o", "AutoRestartRate=1/1h")
        (first,) = children(process.pid)
        os.kill(first, signal.SIGKILL)
        self.wait_for("another child", lambda: children(process.pid) not in ([], [first]))
        self.expect_signed()
        os.kill(children(process.pid)[0], signal.SIGKILL)
        _, stderr = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 70)
        self.assertIn(b"giving up\n", stderr)

    def test_start_that_fails_is_not_tried_again(self):
        os.rename(self.path("spool"), self.path("elsewhere"))
        _, stderr = self.expect(66, "-x", self.conf, "-f", "-A")
        self.assertEqual(stderr.count(" starting\n"), 1)

    def test_start_that_meets_another_daemon_is_not_tried_again(self):
        self.in_background()
        _, stderr = self.expect(75, "-x", self.conf, "-f", "-A")
        self.assertEqual(stderr.count(" starting\n"), 1)

    def test_signals_of_the_supervisor_reach_the_work(self):
        process = self.in_foreground("-A")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.expect_signed()
        status, stderr = self.stop(process)
        self.assertEqual(status, 0)
        self.assertIn("notice configuration reloaded from ", stderr)

    def test_work_ends_with_its_supervisor(self):
        process = self.in_foreground("-A")
        (child,) = children(process.pid)
        process.kill()
        self.wait_for("the end of the child", lambda: not is_alive(child))

    def test_supervisor_in_the_background_is_ready_when_the_start_returns(self):
        pid = self.in_background("-A")
        self.assertEqual(len(children(pid)), 1)
        self.expect_signed()
        os.kill(pid, signal.SIGTERM)
        self.wait_for("its end", lambda: not is_alive(pid))

    def test_nobody_can_dump_or_trace_it(self):
        process = self.in_foreground()
        with open(f"/proc/{process.pid}/limits") as file:
            core = next(line for line in file if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])

    @unittest.skipUnless(os.path.exists("/dev/log") or os.geteuid() == 0, "no /dev/log")
    def test_syslog_gets_the_log_under_its_name(self):
        if os.path.exists("/dev/log"):
            self.skipTest("there is a syslog here, and its files are not ours")
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        log.bind("/dev/log")
        try:
            log.settimeout(10)
            process = self.in_foreground(
                "-l", "-o", "SyslogName=signer", "-o", "SyslogSuccess=yes",
                "-o", "SyslogFacility=local3",
            )
            lines = []
            while not any(b"field added" in line for line in lines):
                lines.append(log.recv(4096))
            status, stderr = self.stop(process)
        finally:
            log.close()
            os.unlink("/dev/log")
        self.assertEqual((status, stderr), (0, ""))
        self.assertTrue(lines[0].startswith(b"<157>"), lines[0])  # local3.notice
        self.assertIn(b" signer[%d]: postseal " % process.pid, lines[0])
        added = next(line for line in lines if b"field added" in line)
        self.assertTrue(added.endswith(b"DKIM-Signature field added (s=s1, d=example.com)"), added)


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Rights(Daemon):
    """As root: UserID and ChangeRootDirectory. (What a user without rights does, Daemon does.)"""

    def put(self, name="a", message=MESSAGE, group=NOBODY.pw_gid):
        self.write(f"spool/in/.{name}", message, 0o644)
        os.chown(self.path(f"spool/in/.{name}"), NOBODY.pw_uid, group)
        os.rename(self.path(f"spool/in/.{name}"), self.path(f"spool/in/{name}"))

    def give_to_nobody(self):
        for path, directories, files in os.walk(self.directory):
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
            for name in directories + files:
                os.chown(os.path.join(path, name), NOBODY.pw_uid, NOBODY.pw_gid)

    def status_of(self, pid, name):
        with open(f"/proc/{pid}/status") as file:
            return next(line for line in file if line.startswith(name + ":")).split()[1:]

    def test_user_is_given_up_for_good(self):
        self.give_to_nobody()
        process = self.spawn("-x", self.conf, "-f", "-u", "nobody")
        self.put()
        self.wait_for_file("spool/out/a")
        uid, gid = str(NOBODY.pw_uid), str(NOBODY.pw_gid)
        self.assertEqual(self.status_of(process.pid, "Uid"), [uid] * 4)
        self.assertEqual(self.status_of(process.pid, "Gid"), [gid] * 4)
        self.assertEqual(self.status_of(process.pid, "Groups"), [gid])
        self.assertEqual(self.status_of(process.pid, "CapEff"), ["0" * 16])
        self.assertEqual(self.stop(process)[0], 0)

    def test_group_can_be_another(self):
        self.give_to_nobody()
        process = self.spawn("-x", self.conf, "-f", "-u", "nobody:daemon")
        group = grp.getgrnam("daemon").gr_gid
        self.put(group=group)
        self.wait_for_file("spool/out/a")
        self.assertEqual(self.status_of(process.pid, "Gid"), [str(group)] * 4)
        self.assertEqual(self.stop(process)[0], 0)

    def test_numbers_are_users_too(self):
        self.give_to_nobody()
        process = self.spawn("-x", self.conf, "-f", "-u", "54321:54322")
        os.chmod(self.path("s1.private"), 0o600)
        self.wait_for("the user", lambda: self.status_of(process.pid, "Uid") == ["54321"] * 4)
        self.assertEqual(self.status_of(process.pid, "Groups"), ["54322"])

    def test_reload_works_without_rights(self):
        self.give_to_nobody()
        os.chmod(self.conf, 0o644)
        process = self.spawn("-x", self.conf, "-f", "-u", "nobody")
        self.put()
        self.wait_for_file("spool/out/a")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        _, stderr = self.stop(process)
        self.assertIn("notice configuration reloaded from ", stderr)

    def test_key_that_the_user_cannot_read_is_told_at_the_start(self):
        self.give_to_nobody()
        os.chown(self.path("s1.private"), 0, 0)
        process = self.spawn("-x", self.conf, "-f", "-u", "nobody")
        time.sleep(0.5)
        _, stderr = self.stop(process)
        self.assertIn(
            f"{self.conf}:3: KeyFile: {self.path('s1.private')}: Permission denied\n", stderr
        )

    def test_root_directory_can_be_another(self):
        config = self.config(
            "Domain example.com", "Selector s1", "KeyFile /s1.private", "SpoolDirectory /spool",
            f"ChangeRootDirectory {self.directory}", "UserID nobody", name="jail.conf",
        )
        self.give_to_nobody()
        # The leak checker of a sanitizer finds no /proc in there.
        environ = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        process = self.spawn("-x", config, "-f", env=environ)
        self.put()
        self.wait_for_file("spool/out/a")
        self.assertEqual(os.readlink(f"/proc/{process.pid}/root"), self.directory)
        self.assertEqual(self.stop(process)[0], 0)

    def test_root_directory_that_is_missing_is_told(self):
        _, stderr = self.expect(
            78, "-x", self.conf, "-f", "-o", "ChangeRootDirectory=/nowhere"
        )
        self.assertIn("ChangeRootDirectory: /nowhere: No such file or directory\n", stderr)


# Rights inherits what it needs, not the tests.
for _name in [name for name in dir(Daemon) if name.startswith("test_")]:
    setattr(Rights, _name, getattr(Rights, _name) if _name in vars(Rights) else None)


if __name__ == "__main__":
    unittest.main(verbosity=2)
