"""The milter: what an MTA is told, when it is told, and what becomes of a hostile one."""

import os
import signal
import socket
import struct
import threading
import time
import unittest

import milter_client
from milter_case import MilterCase
from milter_client import POSTFIX, VERSION_2, Closed, MilterClient
from postseal_case import make_key

MESSAGE = (
    b"Received: from a.example by b.example; Mon, 24 Nov 2025 10:00:00 +0000\r\n"
    b"From: Joe <joe@example.com>\r\n"
    b"To: Jane <jane@example.net>\r\n"
    b"Subject: a subject\r\n"
    b"\tthat is folded\r\n"
    b"Date: Mon, 24 Nov 2025 10:00:00 +0000\r\n"
    b"\r\n"
    b"Hello,\r\n"
    b"\r\n"
    b"how are you?\r\n"
)
NOT_OURS = MESSAGE.replace(b"example.com", b"example.org")
OUTSIDE = {"host": "client.example.org", "address": "192.0.2.9"}


class Signing(MilterCase):
    def test_message_is_signed_on_both_engines_and_by_both_versions(self):
        for engine in self.engines:
            for offer in (POSTFIX, VERSION_2):
                with self.subTest(engine=engine, offer=offer[0]):
                    self.start(engine=engine)
                    client = self.client(offer)
                    client.helo()
                    self.expect_signed(client.message(MESSAGE), MESSAGE)
                    client.quit()
                    self.assertEqual(self.end()[0], 0)

    def test_simple_canonicalization_survives(self):
        for offer in (POSTFIX, VERSION_2):
            with self.subTest(offer=offer[0]):
                self.start("Canonicalization simple/simple")
                self.expect_signed(self.client(offer).message(MESSAGE), MESSAGE)
                self.end()

    def test_field_goes_on_top_with_lf_between_its_lines(self):
        self.start()
        index, name, value = self.client().message(MESSAGE).inserted[0]
        self.assertEqual((index, name), (0, b"DKIM-Signature"))
        self.assertTrue(value.startswith(b" v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;"))
        self.assertNotIn(b"\r", value)
        self.assertIn(b"\n\t", value)
        value = self.client(VERSION_2).message(MESSAGE).inserted[0][2]
        self.assertTrue(value.startswith(b"v=1;"))

    def test_many_messages_go_through_one_connection(self):
        self.start()
        client = self.client()
        for number in range(50):
            message = MESSAGE + b"%d\r\n" % number * number
            self.expect_signed(client.message(message, queue_id=f"Q{number}"), message)
        self.expect_log("info Q49: DKIM-Signature field added (s=s1, d=example.com)\n")

    def test_body_comes_in_any_chunks(self):
        self.start()
        client = self.client()
        body = MESSAGE + b"".join(b"line %d \r\n" % n for n in range(2000)) + b"\r\n\r\n"
        for size in (1, 2, 7, 4096, 65535):
            message = body if size > 2 else MESSAGE
            self.expect_signed(client.message(message, chunk_size=size), message)

    def test_last_chunk_may_come_with_the_end(self):
        self.start()
        client = self.client()
        client.mail()
        client.headers(MESSAGE)
        client.end_of_header()
        self.expect_signed(client.end_of_message(MESSAGE.partition(b"\r\n\r\n")[2]), MESSAGE)

    def test_abort_leaves_the_connection_as_it_was(self):
        self.start()
        client = self.client()
        client.mail()
        client.header(b"From", b" x@example.com")
        client.abort()
        self.expect_signed(client.message(MESSAGE), MESSAGE)
        client.mail()
        client.headers(MESSAGE)
        client.end_of_header()
        client.body(b"half\r\n")
        client.abort()
        self.expect_signed(client.message(MESSAGE), MESSAGE)

    def test_connection_can_be_used_for_another_client(self):
        self.start()
        client = self.client()
        self.expect_signed(client.message(MESSAGE), MESSAGE)
        client.send(b"K")
        client.connect(**OUTSIDE)
        self.expect_accepted(client.message(MESSAGE))

    def test_many_connections_at_once(self):
        for engine in self.engines:
            with self.subTest(engine=engine):
                self.start(engine=engine)
                clients = [self.client() for _ in range(40)]
                for client in clients:
                    client.mail()
                    client.headers(MESSAGE)
                    client.end_of_header()
                    client.body(MESSAGE.partition(b"\r\n\r\n")[2])
                    client.send(b"E")
                for client in clients:
                    self.expect_signed(client.receive_answer(), MESSAGE)
                self.end()

    def test_all_families_of_sockets(self):
        probe = socket.socket()
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        self.start(f"Socket local:{self.path('socket')}, inet:{port}@127.0.0.1")
        for address in (self.path("socket"), ("127.0.0.1", port)):
            with MilterClient(address) as client:
                client.connect()
                self.expect_signed(client.message(MESSAGE), MESSAGE)
        self.end()
        self.assertFalse(os.path.exists(self.path("socket")))

    def test_socket_of_a_daemon_that_was_killed_is_taken_over(self):
        self.start()
        self.daemon.kill()
        self.daemon.wait()
        self.start()
        self.expect_signed(self.client().message(MESSAGE), MESSAGE)

    def test_second_daemon_leaves_the_socket_to_the_first(self):
        self.start()
        _, stderr = self.expect(69, "-f", "-x", self.conf)
        self.assertIn(f"local:{self.path('socket')}: Address already in use\n", stderr)
        self.expect_signed(self.client().message(MESSAGE), MESSAGE)

    def test_wrong_socket_is_a_configuration_error(self):
        for text, why in (
            ("inet:port@localhost", "its port is no number from 1 to 65535"),
            ("ftp:21", "it is of no family that there is"),
            ("local:", "it has no path"),
        ):
            conf = self.single_key(f"Socket {text}")
            _, stderr = self.expect(78, "-f", "-x", conf)
            self.assertIn(f"{text}: {why}; allowed is inet:PORT@HOST", stderr)

    def test_own_signature_on_top_is_not_repeated(self):
        self.start()
        client = self.client()
        signed = client.message(MESSAGE).apply(MESSAGE)
        self.expect_accepted(client.message(signed))

    def test_software_header(self):
        self.start("SoftwareHeader yes")
        answer = self.client().message(MESSAGE)
        names = [name for _, name, _ in answer.inserted]
        self.assertEqual(names, [b"DKIM-Filter", b"DKIM-Signature"])
        self.assertRegex(answer.inserted[0][2], rb"^ postseal \S+ \S+ 4QZ1$")


class RoundTrips(MilterCase):
    def steps(self, *lines):
        self.start(*lines)
        steps = self.client().steps
        self.end()
        return steps

    def test_nothing_is_answered_but_the_end(self):
        steps = self.steps()
        for name in ("CONNECT", "HELO", "MAIL", "RCPT", "DATA", "UNKNOWN", "HEADER",
                     "END_OF_HEADER", "BODY"):
            self.assertTrue(steps & getattr(milter_client, f"NR_{name}"), name)
        for name in ("HELO", "RCPT", "DATA", "UNKNOWN"):
            self.assertTrue(steps & getattr(milter_client, f"NO_{name}"), name)

    def test_peer_list_needs_the_answer_to_connect(self):
        self.assertFalse(self.steps("PeerList 192.0.2.1") & milter_client.NR_CONNECT)

    def test_recipients_need_their_step_and_the_end_of_the_header(self):
        steps = self.steps("DontSignMailTo jane@example.net")
        self.assertFalse(steps & milter_client.NO_RCPT)
        self.assertFalse(steps & milter_client.NR_END_OF_HEADER)

    def test_old_mta_is_answered_at_each_step(self):
        self.start()
        client = self.client(VERSION_2)
        self.assertEqual(client.connected, b"c")
        self.assertEqual(client.mail(), b"c")
        self.assertEqual(client.header(b"From", b" joe@example.com"), b"c")
        self.assertEqual(client.end_of_header(), b"c")
        self.assertEqual(client.body(b"x\r\n"), b"c")
        self.assertEqual(client.end_of_message().word, b"a")

    def test_actions_are_those_that_the_configuration_needs(self):
        for lines, actions in (
            (("Mode s",), milter_client.ADD_HEADERS),
            (("Mode sv",), milter_client.ADD_HEADERS | milter_client.CHANGE_HEADERS),
            (("Mode s", "On-SignatureError quarantine"),
             milter_client.ADD_HEADERS | milter_client.QUARANTINE),
            (("Mode s", "MacroList m=1"), milter_client.ADD_HEADERS | milter_client.SET_MACROS),
        ):
            with self.subTest(lines=lines):
                self.start(*lines)
                self.assertEqual(self.client().actions, actions)
                self.end()

    def test_macros_that_are_needed_are_asked_for(self):
        self.start("MacroList {trusted}=yes")
        asked = self.client().macros_asked[2].split()
        self.assertEqual(sorted(asked), ["i", "{auth_type}", "{trusted}"])


class WhoIsSignedFor(MilterCase):
    def message_of(self, client, message=MESSAGE, **kwargs):
        return client.message(message, **kwargs)

    def test_external_host_is_not_signed_for_and_told_of(self):
        self.start("LogWhy yes")
        self.expect_accepted(self.client(**OUTSIDE).message(MESSAGE))
        self.expect_log(
            "notice 4QZ1: external host client.example.org attempted to send as example.com\n"
        )
        self.assertIn("info 4QZ1: client.example.org [192.0.2.9] not internal\n", self.log())
        self.assertIn("info 4QZ1: not authenticated\n", self.log())

    def test_external_host_that_is_ignored_is_not_told_of(self):
        self.start("ExternalIgnoreList 192.0.2.9")
        self.expect_accepted(self.client(**OUTSIDE).message(MESSAGE))
        self.expect_accepted(self.client(**OUTSIDE).message(NOT_OURS))
        self.end()
        self.assertNotIn("external host", self.log())

    def test_internal_host(self):
        self.start("InternalHosts 192.0.2.0/24")
        self.expect_signed(self.client(**OUTSIDE).message(MESSAGE), MESSAGE)
        self.expect_accepted(self.client().message(MESSAGE))

    def test_nobody_is_internal(self):
        self.start("InternalHosts -")
        self.expect_accepted(self.client().message(MESSAGE))

    def test_client_that_has_logged_in(self):
        self.start()
        client = self.client(**OUTSIDE)
        self.expect_signed(client.message(MESSAGE, auth_type="PLAIN"), MESSAGE)
        self.expect_accepted(client.message(MESSAGE))
        self.expect_accepted(client.message(MESSAGE, auth_type=""))

    def test_daemon_name(self):
        self.start("MTA MSA")
        self.expect_signed(self.client(daemon_name="MSA", **OUTSIDE).message(MESSAGE), MESSAGE)
        self.expect_accepted(self.client(daemon_name="msa", **OUTSIDE).message(MESSAGE))

    def test_macro(self):
        self.start("MacroList color=red|green,flag")
        client = self.client(**OUTSIDE)
        self.expect_signed(client.message(MESSAGE, color="green"), MESSAGE)
        self.expect_signed(client.message(MESSAGE, flag="whatever"), MESSAGE)
        self.expect_accepted(client.message(MESSAGE, color="blue"))

    def test_peer_is_accepted_when_it_connects(self):
        self.start("PeerList 192.0.2.9")
        self.assertEqual(self.client(**OUTSIDE).connected, b"a")
        self.assertEqual(self.client().connected, b"c")

    def test_recipient_that_is_not_signed_to(self):
        self.start("DontSignMailTo jane@example.net")
        client = self.client()
        answer = client.message(MESSAGE, recipients=("<x@example.net>", "<jane@example.net>"))
        self.expect_accepted(answer)
        self.expect_log("info 4QZ1: skipping signing of mail to 'jane@example.net'\n")
        self.expect_signed(client.message(MESSAGE, recipients=("<x@example.net>",)), MESSAGE)

    def test_exempt_domain_is_accepted_at_the_end_of_the_header(self):
        self.start("ExemptDomains example.org")
        client = self.client()
        client.mail()
        client.headers(NOT_OURS)
        self.assertEqual(client.end_of_header(), b"a")
        self.expect_signed(client.message(MESSAGE), MESSAGE)

    def test_recipient_with_body_length(self):
        self.start("BodyLengthDB example.net")
        client = self.client()
        answer = client.message(MESSAGE, recipients=("<jane@example.net>",))
        self.expect_signed(answer, MESSAGE)
        self.assertRegex(answer.inserted[0][2], rb"l=0*24;")
        answer = client.message(MESSAGE, recipients=("<jane@example.org>",))
        self.assertNotIn(b"l=", answer.inserted[0][2].replace(b"rel=", b""))

    def test_others_mail_passes(self):
        self.start()
        self.expect_accepted(self.client().message(NOT_OURS))

    def test_mode_without_s_signs_nothing(self):
        self.start("Mode v")
        self.expect_accepted(self.client().message(MESSAGE))


class Trouble(MilterCase):
    def test_key_that_is_missing_puts_mail_off(self):
        self.start()
        os.unlink(self.path("s1.private"))
        client = self.client()
        self.assertEqual(client.message(MESSAGE).word, b"t")
        self.key("s1.private")
        self.expect_signed(client.message(MESSAGE), MESSAGE)

    def test_too_large_a_header(self):
        large = MESSAGE.replace(b"Subject:", b"X: %s\r\nSubject:" % (b"x" * 70000))
        for line, word in (
            ("On-Default tempfail", b"t"),
            ("On-Security reject", b"r"),
            ("On-Security discard", b"d"),
            ("On-Security accept", b"a"),
        ):
            with self.subTest(line=line):
                self.start(line)
                self.assertEqual(self.client().message(large).word, word)
                self.expect_log("notice 4QZ1: too much header data")
                self.end()

    def test_quarantine(self):
        large = MESSAGE.replace(b"Subject:", b"X: %s\r\nSubject:" % (b"x" * 70000))
        self.start("On-Security quarantine")
        answer = self.client().message(large)
        self.assertEqual((answer.word, answer.quarantine), (b"a", "DKIM signing failed"))

    def test_header_that_rfc_5322_forbids(self):
        self.start("RequiredHeaders yes")
        answer = self.client().message(MESSAGE.replace(b"Date:", b"X:"))
        self.assertEqual(answer.word, b"y")
        self.assertTrue(answer.reply.startswith("550 5.0.0 "))

    def test_message_without_sender_is_accepted(self):
        self.start()
        self.expect_accepted(self.client().message(MESSAGE.replace(b"From:", b"X:")))
        self.expect_log("info 4QZ1: can't determine message sender; accepting\n")

    def test_line_end_in_a_value_makes_no_field(self):
        self.start()
        client = self.client()
        client.mail()
        client.header(b"From", b" joe@example.com")
        client.header(b"Subject", b" x\nBcc: all")
        client.end_of_header()
        self.expect_accepted(client.end_of_message(b"x\r\n"))
        self.expect_log("warning 4QZ1: not signed: ")

    def test_body_with_a_bare_cr_is_not_signed_and_told_of(self):
        self.start()
        self.expect_accepted(self.client().message(MESSAGE + b"a\rb\r\n"))
        self.expect_log("warning 4QZ1: not signed: its body has a CR without LF\n")
        self.end()
        self.start("FixCRLF yes")
        message = MESSAGE + b"a\rb\r\n"
        answer = self.client().message(message)
        self.expect_signed(answer, message.replace(b"\rb", b"\r\nb"))


class Results(MilterCase):
    FORGED = (
        b"Authentication-Results: other.example; dkim=pass\r\n"
        b"Authentication-Results: (c(o)mment) mx.example 1; dkim=pass\r\n"
        b"Authentication-Results: \"MX.example\"; spf=pass\r\n"
        b"Authentication-Results: mx.example.org; spf=pass\r\n"
    )

    def test_fields_that_claim_to_be_ours_are_removed(self):
        self.start("Mode sv", "AuthservID mx.example")
        answer = self.client(**OUTSIDE).message(self.FORGED + NOT_OURS)
        name = b"Authentication-Results"
        self.assertEqual(answer.word, b"a")
        self.assertEqual(answer.changed, [(3, name, b""), (2, name, b"")])

    def test_that_nothing_is_verified_is_said_once(self):
        self.start("Mode sv")
        self.client().message(MESSAGE)
        self.end()
        self.assertEqual(self.log().count("signatures of incoming mail are not verified"), 1)
        self.start("Mode s")
        self.end()
        self.assertNotIn("not verified", self.log())

    def test_sign_only_changes_nothing(self):
        self.start("Mode s", "AuthservID mx.example")
        self.expect_accepted(self.client(**OUTSIDE).message(self.FORGED + NOT_OURS))


class Process(MilterCase):
    def test_reload_changes_the_key_of_new_messages(self):
        self.start()
        client = self.client()
        client.mail()
        client.headers(MESSAGE)
        client.end_of_header()
        old_keys = self.public_keys()
        other = make_key("ed25519")
        self.write("s2.private", other[0])
        self.write("new_keys", f"s2._domainkey.example.com v=DKIM1; k=ed25519; p={other[1]}\n")
        conf = self.read("postseal.conf").decode()
        self.write("postseal.conf", conf.replace("Selector s1", "Selector s2").replace(
            "s1.private", "s2.private"))
        self.daemon.send_signal(signal.SIGUSR1)
        self.expect_log("notice configuration reloaded from ")
        client.body(MESSAGE.partition(b"\r\n\r\n")[2])
        self.expect_signed(client.end_of_message(), MESSAGE, old_keys)
        self.expect_signed(client.message(MESSAGE), MESSAGE, self.path("new_keys"))

    def test_bad_configuration_leaves_the_old_one_in_force(self):
        self.start()
        conf = self.read("postseal.conf")
        self.write("postseal.conf", conf + b"Nonsense yes\n")
        self.daemon.send_signal(signal.SIGHUP)
        self.expect_log("the old one stays in force")
        self.expect_signed(self.client().message(MESSAGE), MESSAGE)

    def test_end_lets_a_message_finish(self):
        self.start()
        resting = self.client()
        client = self.client()
        client.mail()
        client.headers(MESSAGE)
        client.end_of_header()
        time.sleep(0.1)
        self.daemon.send_signal(signal.SIGTERM)
        with self.assertRaises(Closed):
            resting.receive()
        client.body(MESSAGE.partition(b"\r\n\r\n")[2])
        self.expect_signed(client.end_of_message(), MESSAGE)
        self.assertEqual(self.daemon.wait(timeout=5), 0)

    def test_end_does_not_wait_for_a_message_that_does_not(self):
        self.start()
        client = self.client()
        client.mail()
        client.headers(MESSAGE)
        time.sleep(0.1)
        self.daemon.send_signal(signal.SIGTERM)
        self.assertEqual(self.daemon.wait(timeout=5), 0)


class Hostile(MilterCase):
    def expect_closed(self, *packets, offer=POSTFIX, raw=b""):
        client = MilterClient(self.path("socket"), offer)
        self.addCleanup(client.close)
        with self.assertRaises((Closed, ConnectionResetError, BrokenPipeError)):
            for command, data in packets:
                client.send(command, data)
            if raw:
                client.socket.sendall(raw)
            while True:
                client.receive()

    def test_nonsense_costs_one_connection(self):
        self.start()
        witness = self.client()
        for name, packets, raw, offer in (
            ("no negotiation", [(b"M", b"<a@b>\0")], b"", None),
            ("an offer that is cut", [(b"O", b"\0\0\0\6")], b"", None),
            ("version 1", [(b"O", struct.pack("!III", 1, 1, 0))], b"", None),
            ("no fields can be added", [(b"O", struct.pack("!III", 6, 0, 0))], b"", None),
            ("unknown command", [(b"?", b"")], b"", POSTFIX),
            ("empty packet", [], b"\0\0\0\0x", POSTFIX),
            ("huge packet", [], b"\xff\xff\xff\xffL", POSTFIX),
            ("connect without an end", [(b"C", b"host")], b"", POSTFIX),
            ("connect of no family", [(b"C", b"host\0X\0\0")], b"", POSTFIX),
            ("field without an end", [(b"M", b"<a@b>\0"), (b"L", b"From")], b"", POSTFIX),
            ("body before the header's end", [(b"M", b"<a@b>\0"), (b"B", b"x")], b"", POSTFIX),
            ("end before the header's end", [(b"M", b"<a@b>\0"), (b"E", b"x")], b"", POSTFIX),
            ("end of no message", [(b"E", b"")], b"", POSTFIX),
            ("body of no message", [(b"B", b"x")], b"", POSTFIX),
        ):
            with self.subTest(name):
                self.expect_closed(*packets, raw=raw, offer=offer)
        self.expect_signed(witness.message(MESSAGE), MESSAGE)

    def test_peer_that_is_gone_in_the_middle_costs_nothing(self):
        self.start()
        for cut in range(8):
            client = self.client()
            steps = [client.mail, lambda: client.headers(MESSAGE), client.end_of_header,
                     lambda: client.body(b"x\r\n"), lambda: client.send(b"E"),
                     lambda: client.receive(), lambda: client.send(b"M", b"<")]
            for step in steps[:cut]:
                step()
            client.close()
        self.expect_signed(self.client().message(MESSAGE), MESSAGE)

    def test_bytes_that_come_one_by_one(self):
        self.start()
        client = self.client()
        client.socket = _Drip(client.socket)
        self.expect_signed(client.message(MESSAGE), MESSAGE)

    def test_macros_at_any_step_and_of_any_sort(self):
        self.start()
        client = self.client()
        for step in b"CHMRTLNBEXZ":
            client.send(b"D", bytes([step]) + b"{x}\0value\0odd")
        self.expect_signed(client.message(MESSAGE), MESSAGE)


class _Drip:
    """A socket that sends byte by byte."""

    def __init__(self, inner):
        self.inner = inner

    def sendall(self, data):
        for byte in data:
            self.inner.sendall(bytes([byte]))

    def __getattr__(self, name):
        return getattr(self.inner, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
