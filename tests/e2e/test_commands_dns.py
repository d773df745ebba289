"""postseal dns: the records of a domain in every form, and what --check says of those that are served.

The name server is the test's own (dns_server.py), on loopback.
"""

import json
import os
import re
import subprocess
import sys
import time
import unittest

import dns_server
from dns_server import GARBAGE, REFUSED, SERVFAIL, SILENCE, STRANGERS, DnsServer
from postseal_case import POSTSEAL, PostsealCase, as_nobody, make_key

HOST = "111.111.111.111"
SPF = f"v=spf1 +a +mx +ip4:{HOST} ~all"
DMARC = "v=DMARC1; p=none; pct=100;"


def dkim(kind="rsa", bits=2048):
    return f"v=DKIM1; k={kind}; p={make_key(kind, bits)[1]}"


def read_zone(text):
    """The records of a zone file as it is written here: name to [(type, value or strings)]."""
    zone = {}
    text = re.sub(r"(?m)^;.*\n", "", text)
    for name, kind, value in re.findall(r"^(\S+)\.\t(?:\d+\t)?IN\t(\w+)\t(\([^)]*\)|.*)",
                                        text, re.M):
        strings = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
        strings = [re.sub(r"\\(.)", r"\1", string) for string in strings]
        zone.setdefault(name, []).append((kind, strings if kind == "TXT" else value.strip()))
    return zone


class DnsCase(PostsealCase):
    def dns(self, status, *args, **kwargs):
        stdout, stderr = self.expect(status, "dns", *args, **kwargs)
        return stdout.decode(), stderr

    def by_key(self, domain="yuulinux.tokyo", selector="selector", kind="rsa", bits=2048):
        """Flags that name a key."""
        return ["-d", domain, "-s", selector, "-k", self.key("k.private", kind, bits)]

    def key_table(self, *rows, options=()):
        for name in ("k1", "k2", "k3"):
            self.key(name, "ed25519")
        self.write("KeyTable", "".join(row.replace("DIR", self.directory) + "\n" for row in rows))
        self.write("SigningTable", "*@example.com k1\n")
        return self.config(
            f"KeyTable file:{self.path('KeyTable')}",
            f"SigningTable refile:{self.path('SigningTable')}",
            "CheckSigningTable no",
            *options,
        )


class Records(DnsCase):
    def test_gateway_is_as_its_administrators_type_it(self):
        key = dkim()
        p = key.split("p=")[1]
        args = [*self.by_key(), "--host", HOST, "--a", f"mailds1={HOST}"]
        self.assertEqual(
            self.dns(0, *args, "--format", "line"),
            (
                f"a mailds1 {HOST}\n"
                f"txt @ {SPF}\n"
                f"txt selector._domainkey {key}\n"
                f"txt _dmarc {DMARC}\n",
                "",
            ),
        )
        stdout, stderr = self.dns(0, *args, "--format", "route53")
        self.assertEqual(
            stdout.replace('" "', ""),
            f"mailds1.yuulinux.tokyo. A {HOST}\n"
            f'yuulinux.tokyo. TXT "{SPF}"\n'
            f'selector._domainkey.yuulinux.tokyo. TXT "v=DKIM1; k=rsa; p={p}"\n'
            f'_dmarc.yuulinux.tokyo. TXT "{DMARC}"\n',
        )
        self.assertIn(' TXT "v=DKIM1; k=rsa; " "p=', stdout)
        self.assertEqual(stderr, "")
        zone = read_zone(self.dns(0, *args)[0])
        self.assertEqual(zone["mailds1.yuulinux.tokyo"], [("A", HOST)])
        self.assertEqual(zone["yuulinux.tokyo"], [("TXT", [SPF])])
        strings = zone["selector._domainkey.yuulinux.tokyo"][0][1]
        self.assertEqual("".join(strings), key)
        self.assertLessEqual(max(map(len, strings)), 255)

    def test_reports_are_as_their_readers_want_them(self):
        stdout, stderr = self.dns(
            0, *self.by_key("example.com"), "--host", HOST, "--format", "line",
            "--rua", "dmarc.rua@example.com", "--ruf", "mailto:dmarc.rua@example.com",
        )
        self.assertIn(
            "\ntxt _dmarc v=DMARC1; p=none; pct=100; rua=mailto:dmarc.rua@example.com; "
            "ruf=mailto:dmarc.rua@example.com\n",
            stdout,
        )
        self.assertEqual(stderr, "")

    def test_reports_to_another_domain_need_a_record_there(self):
        args = [*self.by_key("example.com"), "--host", HOST, "--rua", "a@reports.example.net!10m,b@example.com"]
        stdout, stderr = self.dns(0, *args, "--format", "line")
        self.assertNotIn("_report", stdout)
        self.assertEqual(
            stderr,
            "postseal dns: note: no reports come to reports.example.net before it has this "
            'record: example.com._report._dmarc.reports.example.net TXT "v=DMARC1;"\n',
        )
        stdout, stderr = self.dns(0, *args)
        self.assertIn(
            "; In the zone of reports.example.net, or no reports come there:\n"
            '; example.com._report._dmarc.reports.example.net.\tIN\tTXT\t"v=DMARC1;"\n',
            stdout,
        )
        self.assertEqual(stderr, "")

    def test_policies_are_in_their_records(self):
        stdout, _ = self.dns(
            0, *self.by_key("example.com"), "--format", "line",
            "--host", "192.0.2.0/24", "--host", "2001:DB8::1", "--spf", "include:_spf.example.net",
            "--all", "-all", "--policy", "reject", "--sp", "quarantine", "--pct", "25",
        )
        self.assertIn(
            "txt @ v=spf1 +a +mx +ip4:192.0.2.0/24 +ip6:2001:db8::1 include:_spf.example.net -all\n",
            stdout,
        )
        self.assertIn("txt _dmarc v=DMARC1; p=reject; sp=quarantine; pct=25;\n", stdout)

    def test_single_key_of_a_configuration(self):
        config = self.single_key()
        stdout, _ = self.dns(0, "-x", config, "--host", HOST, "--format", "line")
        self.assertEqual(
            stdout, f"txt @ {SPF}\ntxt s1._domainkey {dkim()}\ntxt _dmarc {DMARC}\n"
        )
        _, stderr = self.dns(78, "-x", config, "-d", "example.org")
        self.assertEqual(
            stderr,
            f"warning: {config}:1: Domain: example.org is not in it, so nothing of that domain is signed\n"
            "postseal dns: example.org: there is no key for it\n",
        )
        _, stderr = self.dns(78, "-x", config, "-s", "other")
        self.assertEqual(stderr, "postseal dns: there is no key to show a record of\n")

    def test_subdomain_is_referred_to_the_domain_that_signs(self):
        config = self.single_key("SubDomains yes")
        _, stderr = self.dns(78, "-x", config, "-d", "news.example.com")
        self.assertIn("mail of news.example.com is signed with d=example.com", stderr)

    def test_domain_that_is_a_pattern_wants_names(self):
        self.key("selector.private")
        config = self.config(
            "Mode sv", "Domain *", "Selector selector",
            f"KeyFile {self.path('selector.private')}", "Socket inet:8891@127.0.0.1",
        )
        _, stderr = self.dns(78, "-x", config)
        self.assertEqual(
            stderr,
            f'warning: {config}:2: Domain: "*" is a pattern, so it is not known which domains are '
            "signed; name them with -d\n"
            "postseal dns: there is no key to show a record of\n",
        )
        stdout, _ = self.dns(0, "-x", config, "-d", "yuulinux.tokyo", "-d", "yuutest1.work",
                             "--host", HOST, "--format", "line")
        self.assertEqual(
            stdout,
            f"; yuulinux.tokyo\ntxt @ {SPF}\ntxt selector._domainkey {dkim()}\ntxt _dmarc {DMARC}\n"
            f"\n; yuutest1.work\ntxt @ {SPF}\ntxt selector._domainkey {dkim()}\ntxt _dmarc {DMARC}\n",
        )

    def test_all_rows_of_the_key_table(self):
        config = self.key_table(
            "k1 example.com:s1:DIR/k1", "k2 example.net:s1:DIR/k2", "k3 Example.COM:s2:DIR/k3"
        )
        stdout, stderr = self.dns(0, "-x", config, "--host", HOST)
        self.assertEqual(stderr, "")
        zone = read_zone(stdout)
        self.assertEqual(
            list(zone),
            [
                "example.com", "s1._domainkey.example.com", "s2._domainkey.example.com",
                "_dmarc.example.com",
                "example.net", "s1._domainkey.example.net", "_dmarc.example.net",
            ],
        )
        self.assertTrue(all(len(records) == 1 for records in zone.values()))
        stdout, _ = self.dns(0, "-x", config, "-d", "EXAMPLE.com.", "-s", "s2", "--host", HOST)
        self.assertEqual(
            list(read_zone(stdout)),
            ["example.com", "s2._domainkey.example.com", "_dmarc.example.com"],
        )

    def test_row_of_the_senders_domain_wants_names(self):
        config = self.key_table("k1 %:s1:DIR/keys/%.pem", "k2 example.net:s2:DIR/k2")
        os.mkdir(self.path("keys"))
        self.key("keys/example.org.pem", "ed25519")
        stdout, stderr = self.dns(0, "-x", config, "--host", HOST)
        self.assertIn("the domain of this row is the sender's (%)", stderr)
        self.assertNotIn("s1._domainkey", stdout)
        stdout, stderr = self.dns(0, "-x", config, "-d", "example.org", "--host", HOST)
        self.assertEqual(stderr, "")
        self.assertIn("s1._domainkey.example.org.\tIN", stdout)
        self.assertNotIn("example.net", stdout)

    def test_key_that_cannot_be_read_is_told_and_the_others_are_shown(self):
        config = self.key_table("k1 example.com:s1:DIR/gone", "k2 example.net:s2:DIR/k2")
        stdout, stderr = self.dns(78, "-x", config, "--host", HOST)
        self.assertIn("s2._domainkey.example.net.", stdout)
        self.assertNotIn("example.com", stdout)
        self.assertRegex(stderr, r"KeyTable:1: KeyTable: .*/gone: ")

    def test_two_keys_for_one_selector_are_told(self):
        config = self.key_table("k1 example.com:s1:DIR/k1", "k2 example.com:s1:DIR/k3")
        self.key("k3", "rsa")
        _, stderr = self.dns(0, "-x", config, "--host", HOST)
        self.assertIn("another key has the name s1._domainkey.example.com, too", stderr)

    def test_records_that_genkey_wrote(self):
        self.expect(0, "genkey", "-s", "e1", "-d", "example.com", "--type", "ed25519", "-S")
        text = self.read("e1.txt").decode()
        wanted = "".join(text.split('"')[1::2])
        args = ["--record", "e1.txt", "--host", HOST, "--format", "line"]
        stdout, stderr = self.dns(0, *args)
        self.assertEqual(stdout, f"txt @ {SPF}\ntxt e1._domainkey {wanted}\ntxt _dmarc {DMARC}\n")
        self.assertEqual(stderr, "")
        stdout, _ = self.dns(0, *args, "-d", "example.org", "-s", "x1")
        self.assertIn(f"txt x1._domainkey {wanted}\n", stdout)
        self.write("both.txt", text + text.replace("e1", "e2").replace("example.com", "example.net"))
        stdout, _ = self.dns(0, "--record", "both.txt", "-d", "example.net", *args[2:])
        self.assertIn("txt e2._domainkey", stdout)
        self.assertNotIn("txt e1._domainkey", stdout)

    def test_record_file_that_is_none_is_told(self):
        self.write("plain.txt", "hello\n")
        _, stderr = self.dns(78, "--record", "plain.txt")
        self.assertIn('plain.txt:1: "hello" has no record', stderr)
        self.write("plain.txt", "www.example.com v=DKIM1; p=AAAA\n")
        _, stderr = self.dns(78, "--record", "plain.txt")
        self.assertIn('"www.example.com" is not SELECTOR._domainkey.DOMAIN', stderr)
        _, stderr = self.dns(78, "--record", "nowhere.txt")
        self.assertIn('--record: cannot read "nowhere.txt": No such file', stderr)

    def test_names_are_a_labels(self):
        stdout, _ = self.dns(0, *self.by_key("Bücher.Example"), "--host", HOST,
                             "--a", f"größe={HOST}")
        self.assertEqual(
            list(read_zone(stdout)),
            [
                "xn--gre-6ka8i.xn--bcher-kva.example", "xn--bcher-kva.example",
                "selector._domainkey.xn--bcher-kva.example", "_dmarc.xn--bcher-kva.example",
            ],
        )

    def test_hosts_find_their_domain(self):
        two = ["--record", self.write("two.txt", "s._domainkey.example.com p=AAAA\n"
                                                 "s._domainkey.eu.example.com p=AAAA\n")]
        stdout, _ = self.dns(0, *two, "--host", HOST, "--format", "line",
                             "--a", "a.example.com=192.0.2.1", "--a", "eu.example.com.=192.0.2.2",
                             "--a", "b.eu.example.com=2001:db8::1")
        self.assertEqual(
            re.findall(r"(?m)^(?:a|aaaa|;) .*", stdout),
            ["; example.com", "a a 192.0.2.1", "; eu.example.com", "a @ 192.0.2.2",
             "aaaa b 2001:db8::1"],
        )
        for name in ("a", "@", "a.example.org", "a.example.org."):
            _, stderr = self.dns(64, *two, "--a", f"{name}=192.0.2.1")
            self.assertIn("with several domains the whole name is needed", stderr)
        one = self.by_key("example.com")
        stdout, _ = self.dns(0, *one, "--host", HOST, "--format", "line", "--a", "@=192.0.2.1",
                             "--a", "a.b=192.0.2.2")
        self.assertEqual(stdout.splitlines()[:2], ["a @ 192.0.2.1", "a a.b 192.0.2.2"])
        _, stderr = self.dns(64, *one, "--a", "a.example.org.=192.0.2.1")
        self.assertIn("the name is not in the domain", stderr)

    def test_change_batch_is_what_route_53_takes(self):
        args = [*self.by_key("example.com", bits=4096), "--host", HOST, "--a", "m=192.0.2.1",
                "--a", "m=192.0.2.2", "--format", "route53-json"]
        stdout, stderr = self.dns(0, *args, "--ttl", "3600")
        self.assertIn("note: UPSERT replaces all TXT values of a name", stderr)
        batch = json.loads(stdout)
        self.assertEqual(set(batch), {"Comment", "Changes"})
        sets = [change["ResourceRecordSet"] for change in batch["Changes"]]
        self.assertEqual({change["Action"] for change in batch["Changes"]}, {"UPSERT"})
        self.assertEqual(
            [(s["Name"], s["Type"], s["TTL"], len(s["ResourceRecords"])) for s in sets],
            [
                ("m.example.com.", "A", 3600, 2),
                ("example.com.", "TXT", 3600, 1),
                ("selector._domainkey.example.com.", "TXT", 3600, 1),
                ("_dmarc.example.com.", "TXT", 3600, 1),
            ],
        )
        value = sets[2]["ResourceRecords"][0]["Value"]
        self.assertRegex(value, r'^"v=DKIM1; k=rsa; "( "[^" ]{1,255}")+$')
        self.assertEqual("".join(value.split('"')[1::2]), dkim(bits=4096))
        _, stderr = self.dns(64, *args, "-d", "example.org")
        self.assertIn("route53-json is for one zone", stderr)

    def test_json_has_all_of_it(self):
        got = self.expect_json(0, "dns", *self.by_key("example.com", kind="ed25519"), "--json",
                               "--host", HOST, "--rua", "a@example.org")
        key = dkim("ed25519")
        self.assertEqual(
            got["records"],
            [
                {"record": "spf", "zone": "example.com", "name": "example.com", "type": "TXT",
                 "value": SPF, "strings": [SPF]},
                {"record": "dkim", "zone": "example.com",
                 "name": "selector._domainkey.example.com", "type": "TXT",
                 "value": key, "strings": ["v=DKIM1; k=ed25519; ", key[20:]]},
                {"record": "dmarc", "zone": "example.com", "name": "_dmarc.example.com",
                 "type": "TXT", "value": DMARC + " rua=mailto:a@example.org",
                 "strings": [DMARC + " rua=mailto:a@example.org"]},
                {"record": "report", "zone": "example.org",
                 "name": "example.com._report._dmarc.example.org", "type": "TXT",
                 "value": "v=DMARC1;", "strings": ["v=DMARC1;"]},
            ],
        )

    def test_what_the_records_do_not_say_is_said(self):
        _, stderr = self.dns(0, *self.by_key())
        self.assertIn("note: without --host, SPF allows only the hosts of", stderr)
        many = [flag for i in range(9) for flag in ("--spf", f"include:{i}.example.net")]
        _, stderr = self.dns(0, *self.by_key(), *many)
        self.assertIn("warning: SPF needs 11 look-ups or more, and receivers take more than 10", stderr)
        _, stderr = self.dns(0, *self.by_key(), *many[2:])
        self.assertEqual(stderr, "")

    def test_unsafe_key_is_shown_and_told(self):
        key = self.by_key()
        os.chmod(key[-1], 0o644)
        stdout, stderr = self.dns(0, *key, "--host", HOST)
        self.assertIn("selector._domainkey.", stdout)
        self.assertIn("warning: ", stderr)
        self.assertIn("k.private", stderr)

    def test_private_half_is_not_shown(self):
        stdout, stderr = self.dns(0, *self.by_key(), "--host", HOST, "--json")
        middle = make_key("rsa")[0].decode().splitlines()[10]
        self.assertNotIn(middle, stdout + stderr)

    def test_root_becomes_the_user_of_the_daemon(self):
        config = self.single_key_of_nobody()
        stdout, _ = self.dns(0, "-x", config, "--host", HOST)
        self.assertIn("s1._domainkey.example.com.", stdout)
        os.chown(self.path("s1.private"), 0, 0)
        _, stderr = self.dns(78, "-x", config, "--host", HOST)
        self.assertIn("Permission denied", stderr)

    def test_wrong_flags_are_usage_errors(self):
        key = self.by_key("example.com")
        for args, text in (
            ([*key, "--host", "mail.example.com"], "--host mail.example.com: want the address"),
            ([*key, "--host", "192.0.2.1/33"], "--host 192.0.2.1/33: want the address"),
            ([*key, "--a", "mail"], "--a mail: want NAME=ADDRESS"),
            ([*key, "--a", "mail=192.0.2.0/24"], "want NAME=ADDRESS"),
            ([*key, "--a", "=192.0.2.1"], '"" is no name'),
            ([*key, "--a", "a b=192.0.2.1"], '"a b" is no name'),
            ([*key, "--spf", "ipv4:192.0.2.1"], "this is no term of SPF"),
            ([*key, "--spf", "a mx"], "this is no term of SPF"),
            ([*key, "--spf", "-all"], "--spf -all: that is for --all"),
            ([*key, "--all", "all"], "--all all: want ~all, -all or ?all"),
            ([*key, "--policy", "discard"], "want none, quarantine or reject"),
            ([*key, "--sp", ""], "want none, quarantine or reject"),
            ([*key, "--pct", "101"], "--pct 101: want a number from 0 to 100"),
            ([*key, "--pct", "-1"], "want a number from 0 to 100"),
            ([*key, "--pct", "5%"], "want a number from 0 to 100"),
            ([*key, "--rua", "example.com"], "--rua example.com: want an address for reports"),
            ([*key, "--rua", ""], "want an address for reports"),
            ([*key, "--rua", "a@example.com;p=none"], "want an address for reports"),
            ([*key, "--ruf", "https://example.com"], "want an address for reports"),
            ([*key, "--format", "bind"], "want zone, line, route53 or route53-json"),
            ([*key, "--ttl", "0"], "want a number from 1 to 604800"),
            ([*key, "--format", "line", "--json"], "--format has no use with --json"),
            ([*key, "--format", "line", "--check"], "--format has no use with --check"),
            ([*key, "--server", "127.0.0.1"], "--server and --timeout are for --check"),
            ([*key, "--check", "--timeout", "0"], "want a number from 1 to 600"),
            ([*key, "--check", "--server", "127.0.0.1:x"], "--server 127.0.0.1:x: want ADDRESS"),
            ([*key, "--check", "--server", "[::1"], "want ADDRESS"),
            ([*key, "--check", "--server", ":53"], "want ADDRESS"),
            ([*key, "--check", "--server", "127.0.0.1:0"], "want ADDRESS"),
            ([*key, "-x", "a"], "-x and -k are two ways to say the same"),
            ([*key, "--record", "a"], "-k and --record are two ways to say the same"),
            (key[2:], "-k needs -d DOMAIN and -s SELECTOR"),
            ([*key[:2], *key[4:]], "-k needs -d DOMAIN and -s SELECTOR"),
            (["-d", "a..b"], "-d a..b: this is no domain"),
            (["-d", "a" * 64 + ".example"], "this is no domain"),
            (["-s", ""], "-s : this is no selector"),
            (["x"], '"x": there are no operands'),
        ):
            with self.subTest(args):
                stdout, stderr = self.dns(64, *args)
                self.assertIn(f"postseal dns: ", stderr)
                self.assertIn(text, stderr)
                self.assertTrue(stderr.endswith("try: postseal dns --help\n"), stderr)
                self.assertEqual(stdout, "")

    def test_name_that_is_too_long_is_told(self):
        label = "a" * 60
        domain = ".".join([label] * 4)
        _, stderr = self.dns(78, *self.by_key(domain), "--host", HOST)
        self.assertIn("the name is longer than DNS takes", stderr)

    def test_full_disk_under_stdout_is_an_io_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([POSTSEAL, "dns", *self.by_key(), "--host", HOST], stdout=full,
                                  stderr=subprocess.PIPE, timeout=20)
        self.assertEqual(done.returncode, 74)


class Check(DnsCase):
    DOMAIN = "example.com"
    NAME = "selector._domainkey.example.com"

    def serve(self, zone, **kwargs):
        server = DnsServer(zone, **kwargs)
        self.addCleanup(server.close)
        return server

    def good_zone(self, **kwargs):
        return {
            self.DOMAIN: [("TXT", "google-site-verification=x"), ("TXT", SPF)],
            self.NAME: [("TXT", dkim(**kwargs))],
            "_dmarc.example.com": [("TXT", DMARC)],
        }

    def check(self, status, server, *args, key=None):
        """What was found, by the kind of the record."""
        key = key or self.by_key(self.DOMAIN)
        stdout, _ = self.dns(status, *key, "--host", HOST, "--check", "--json", "--timeout", "2",
                             "--server", server.address, *args)
        got = json.loads(stdout)
        counts = [got["ok"], got["not_ok"], got["no_answer"]]
        self.assertEqual(sum(counts), len(got["records"]))
        return {record["record"]: record for record in got["records"]}

    def expect_found(self, status, zone, kind, word, note="", *args, **kwargs):
        server = self.serve(zone, **kwargs)
        found = self.check(status, server, *args)
        self.assertEqual(found[kind]["status"], word, found[kind])
        self.assertIn(note, "\n".join(found[kind]["notes"]))
        return found

    def test_what_was_printed_is_found(self):
        for kind, bits in (("rsa", 2048), ("rsa", 4096), ("ed25519", 0)):
            key = self.by_key(self.DOMAIN, kind=kind, bits=bits or 2048)
            more = ["--host", HOST, "--host", "2001:db8::1", "--a", f"m={HOST}",
                    "--a", "m=2001:db8::1", "--rua", "x@example.net", "--policy", "reject",
                    "--all", "-all", "--spf", "exists:%{i}.x.example.com"]
            zone = read_zone(self.dns(0, *key, *more, "--ttl", "60")[0])
            zone["example.com._report._dmarc.example.net"] = [("TXT", "v=DMARC1")]
            server = self.serve(zone)
            stdout, stderr = self.dns(0, *key, *more, "--check", "--server", server.address)
            self.assertTrue(stdout.endswith("\n6 records: 6 ok\n"), stdout)
            self.assertEqual(stderr, "")

    def test_report_for_people(self):
        zone = self.good_zone()
        zone[self.DOMAIN] = [("TXT", "v=spf1 a mx ~all")]
        del zone["_dmarc.example.com"]
        server = self.serve(zone)
        stdout, _ = self.dns(65, *self.by_key(self.DOMAIN), "--host", HOST, "--check",
                             "--server", server.address)
        self.assertEqual(
            stdout,
            "example.com\n"
            "  different          example.com TXT (SPF)\n"
            f"      want  {SPF}\n"
            "      DNS   v=spf1 a mx ~all\n"
            f"      note  DNS does not have +ip4:{HOST}\n"
            "  ok                 selector._domainkey.example.com TXT (DKIM)\n"
            "  missing            _dmarc.example.com TXT (DMARC)\n"
            f"      want  {DMARC}\n"
            "3 records: 1 ok, 1 different, 1 missing\n",
        )

    def test_control_characters_of_others_do_not_reach_the_terminal(self):
        zone = self.good_zone()
        zone[self.DOMAIN] = [("TXT", "v=spf1 a\x1b[2J\n  ok mx")]
        server = self.serve(zone)
        stdout, _ = self.dns(65, *self.by_key(self.DOMAIN), "--host", HOST, "--check",
                             "--server", server.address)
        self.assertIn("DNS   v=spf1 a\\x1b[2J\\x0a  ok mx\n", stdout)
        self.assertIn('note  "a?[2J?" is no term of SPF', stdout)

    def test_nothing_is_there(self):
        found = self.check(65, self.serve({}))
        self.assertEqual({record["status"] for record in found.values()}, {"missing"})
        self.assertEqual({len(record["served"]) for record in found.values()}, {0})

    def test_name_that_has_only_other_records_is_missing_too(self):
        zone = self.good_zone()
        zone["_dmarc.example.com"] = [("A", "192.0.2.1")]
        self.expect_found(65, zone, "dmarc", "missing")

    def test_two_spf_records(self):
        zone = self.good_zone()
        zone[self.DOMAIN].append(("TXT", "v=spf1 include:_spf.example.net ~all"))
        found = self.expect_found(65, zone, "spf", "two_records", "put all of it into one")
        self.assertEqual(found["spf"]["served"], [SPF, "v=spf1 include:_spf.example.net ~all"])

    def test_key_of_another_size(self):
        found = self.expect_found(
            65, self.good_zone(bits=1024), "dkim", "different",
            "the key in DNS is rsa with 1024 bits, this one is rsa with 2048",
        )
        self.assertEqual(found["dkim"]["served"], [dkim(bits=1024)])

    def test_key_that_was_revoked(self):
        zone = self.good_zone()
        zone[self.NAME] = [("TXT", "v=DKIM1; k=rsa; p=")]
        self.expect_found(65, zone, "dkim", "revoked", "p= is empty")

    def test_key_that_was_cut_off(self):
        zone = self.good_zone()
        zone[self.NAME] = [("TXT", dkim()[:255])]
        self.expect_found(65, zone, "dkim", "too_long", "cut off after 255 of ")

    def test_dmarc_that_is_wrong_or_different(self):
        for text, word, note in (
            ("v=DMARC1; p=nothing", "syntax", "p=nothing: only none, quarantine and reject"),
            ("v=dmarc1; p=none", "syntax", "must begin with v=DMARC1;"),
            ("v=DMARC1; p=reject", "different", 'p= is "reject" in DNS, not "none"'),
        ):
            zone = self.good_zone()
            zone["_dmarc.example.com"] = [("TXT", text)]
            self.expect_found(65, zone, "dmarc", word, note)

    def test_alias_is_followed_and_told(self):
        zone = self.good_zone()
        zone[self.NAME] = [("CNAME", "s.customer.example.net")]
        zone["s.customer.example.net"] = [("TXT", dkim())]
        self.expect_found(0, zone, "dkim", "ok", "an alias (CNAME) leads to s.customer.example.net")
        del zone["s.customer.example.net"]
        self.expect_found(65, zone, "dkim", "missing", "the alias leads to s.customer.example.net")

    def test_aliases_without_end(self):
        zone = self.good_zone()
        zone[self.NAME] = [("CNAME", "a.example.com")]
        zone["a.example.com"] = [("CNAME", self.NAME)]
        server = self.serve(zone)
        found = self.check(75, server)
        self.assertEqual(found["dkim"]["status"], "no_answer")
        self.assertIn("the aliases (CNAME) never end", found["dkim"]["notes"][0])
        self.assertLess(len(server.questions), 15)

    def test_host_is_among_the_addresses(self):
        zone = self.good_zone()
        zone["m.example.com"] = [("A", "192.0.2.9"), ("A", HOST)]
        self.expect_found(0, zone, "host", "ok", "", "--a", f"m={HOST}")
        self.expect_found(65, zone, "host", "different", "", "--a", "m=192.0.2.1")
        self.expect_found(65, zone, "host", "missing", "", "--a", "m=2001:db8::1")

    def test_record_for_reports_is_missing(self):
        self.expect_found(65, {**self.good_zone(), "_dmarc.example.com":
                               [("TXT", DMARC + " rua=mailto:a@example.org")]},
                          "report", "missing", "nobody sends reports there",
                          "--rua", "a@example.org")

    def test_name_that_was_typed_in_whole(self):
        zone = self.good_zone()
        zone[f"{self.NAME}.example.com"] = zone.pop(self.NAME)
        self.expect_found(65, zone, "dkim", "missing",
                          f"it stands at {self.NAME}.example.com: the form")

    def test_lookups_of_what_is_included_count(self):
        zone = self.good_zone()
        zone[self.DOMAIN] = [("TXT", f"v=spf1 a mx ip4:{HOST} include:s.example.net ~all")]
        zone["s.example.net"] = [("TXT", "v=spf1 " + " ".join(f"a:{i}.example" for i in range(7)))]
        more = ["--spf", "include:s.example.net"]
        self.expect_found(0, zone, "spf", "ok", "", *more)
        zone["s.example.net"] = [("TXT", "v=spf1 " + " ".join(f"a:{i}.example" for i in range(8)))]
        self.expect_found(65, zone, "spf", "too_many_lookups", "more than 10 look-ups", *more)
        zone["s.example.net"] = [("TXT", "v=spf1 include:s.example.net")]
        self.expect_found(65, zone, "spf", "too_many_lookups", "more than 10 look-ups", *more)
        zone["s.example.net"] = [("TXT", "none")]
        self.expect_found(65, zone, "spf", "syntax", "that domain has no SPF record", *more)
        zone["s.example.net"] = [("TXT", "v=spf1 a"), ("TXT", "v=spf1 mx")]
        self.expect_found(65, zone, "spf", "syntax", "several SPF records", *more)
        zone["s.example.net"] = SERVFAIL
        self.expect_found(75, zone, "spf", "no_answer", "include:s.example.net: ", *more)

    def test_answer_that_does_not_fit_comes_by_tcp(self):
        zone = self.good_zone()
        zone[self.DOMAIN] += [("TXT", "x" * 200) for _ in range(7)]
        server = self.serve(zone)
        found = self.check(65, server)
        self.assertEqual(found["spf"]["status"], "too_long")
        self.assertRegex(found["spf"]["notes"][0], r"the answer has 1\d\d\d bytes, and more than 1232")
        self.assertEqual(
            [question for question in server.questions if question[0] == self.DOMAIN],
            [(self.DOMAIN, "udp"), (self.DOMAIN, "tcp")],
        )

    def test_answer_above_512_bytes_is_told_and_good(self):
        zone = self.good_zone()
        zone[self.DOMAIN] += [("TXT", "x" * 200) for _ in range(3)]
        server = self.serve(zone)
        found = self.check(0, server)
        self.assertRegex(found["spf"]["notes"][0], r"the answer has \d\d\d bytes: above 512")
        self.assertNotIn((self.DOMAIN, "tcp"), server.questions)

    def test_tcp_that_is_closed_or_silent_is_told_in_time(self):
        for tcp, why in ((False, "Connection refused"), ("silent", "no answer in time")):
            zone = self.good_zone()
            zone[self.DOMAIN] += [("TXT", "x" * 200) for _ in range(7)]
            start = time.monotonic()
            self.expect_found(75, zone, "spf", "no_answer",
                              f"127.0.0.1: the answer is too large for UDP, and by TCP: {why}",
                              tcp=tcp)
            self.assertLess(time.monotonic() - start, 6)

    def test_server_from_before_edns(self):
        server = self.serve(self.good_zone(), edns=False)
        self.check(0, server)
        zone = self.good_zone()
        zone[self.DOMAIN] += [("TXT", "x" * 200) for _ in range(3)]
        server = self.serve(zone, edns=False)
        self.check(0, server)
        self.assertIn((self.DOMAIN, "tcp"), server.questions)

    def test_errors_of_the_server(self):
        zone = self.good_zone()
        zone[self.NAME] = SERVFAIL
        found = self.expect_found(75, zone, "dkim", "no_answer", "(SERVFAIL)")
        self.assertEqual(found["spf"]["status"], "ok")
        zone[self.NAME] = REFUSED
        self.expect_found(75, zone, "dkim", "no_answer", "(REFUSED)")
        zone[self.NAME] = GARBAGE
        self.expect_found(75, zone, "dkim", "no_answer", "its answer is malformed")

    def test_difference_weighs_more_than_silence(self):
        zone = self.good_zone()
        zone[self.NAME] = SERVFAIL
        del zone["_dmarc.example.com"]
        self.expect_found(65, zone, "dkim", "no_answer")

    def test_silence_is_told_in_time(self):
        zone = self.good_zone()
        zone[self.NAME] = SILENCE
        start = time.monotonic()
        found = self.expect_found(75, zone, "dkim", "no_answer", "127.0.0.1: no answer in time")
        self.assertEqual(found["dmarc"]["status"], "ok")
        self.assertLess(time.monotonic() - start, 5)

    def test_silence_again_and_again_ends_the_questions(self):
        zone = {f"{host}.example.com": SILENCE for host in "abcd"}
        server = self.serve(zone)
        hosts = [flag for host in "abcd" for flag in ("--a", f"{host}={HOST}")]
        start = time.monotonic()
        stdout, _ = self.dns(75, *self.by_key(self.DOMAIN), "--host", HOST, "--check",
                             "--timeout", "1", "--server", server.address, *hosts)
        self.assertLess(time.monotonic() - start, 5)
        self.assertIn("note  not asked: there was no answer before\n", stdout)
        self.assertIn("\n7 records: 7 no answer\n", stdout)
        self.assertEqual({name for name, _ in server.questions},
                         {"a.example.com", "b.example.com", "c.example.com"})

    def test_silence_now_and_then_does_not(self):
        zone = {f"{host}.example.com": value for host, value in zip(
            "abcdefg", (SILENCE, SILENCE, [("A", HOST)], SILENCE, SERVFAIL, SERVFAIL, SERVFAIL))}
        server = self.serve({**zone, **self.good_zone()})
        hosts = [flag for host in "abcdefg" for flag in ("--a", f"{host}={HOST}")]
        stdout, _ = self.dns(75, *self.by_key(self.DOMAIN), "--host", HOST, "--check",
                             "--timeout", "1", "--server", server.address, *hosts)
        self.assertTrue(stdout.endswith("\n10 records: 4 ok, 6 no answer\n"), stdout)

    def test_nobody_listens(self):
        server = self.serve({})
        server.close()
        found = self.check(75, server)
        self.assertIn("127.0.0.1: Connection refused", found["spf"]["notes"][0])

    def test_answers_of_strangers_are_not_taken(self):
        zone = self.good_zone()
        zone[self.DOMAIN] = {STRANGERS: zone[self.DOMAIN]}
        self.expect_found(0, zone, "spf", "ok")

    def test_server_by_name_and_by_ipv6(self):
        server = self.serve(self.good_zone())
        server.address = server.address.replace("127.0.0.1", "localhost")
        self.check(0, server)
        try:
            server = self.serve(self.good_zone(), address="::1")
        except OSError:
            self.skipTest("no IPv6 here")
        self.check(0, server)

    def test_server_that_has_no_address_is_told(self):
        _, stderr = self.dns(64, *self.by_key(), "--check", "--server", "nowhere.invalid")
        self.assertIn("--server nowhere.invalid: ", stderr)

    def test_resolv_conf_says_who_is_asked(self):
        """In namespaces of its own: there the file and port 53 are ours."""
        self.write("resolv.conf", "# ours\nnameserver 127.0.0.9\n", mode=0o644)
        zone = json.dumps({name: records for name, records in self.good_zone().items()})
        script = f"""
            ip link set lo up && mount --bind resolv.conf /etc/resolv.conf || exit 99
            coproc {{ exec {sys.executable} {dns_server.__file__} 127.0.0.9 53 "$ZONE"; }}
            read -r ready <&"${{COPROC[0]}}" || exit 98
            "$POSTSEAL" dns "$@"
            status=$?
            kill "$COPROC_PID"
            exit $status
        """
        args = [*self.by_key(self.DOMAIN), "--host", HOST, "--check"]
        done = subprocess.run(
            ["unshare", "--net", "--mount", "bash", "-c", script, "bash", *args],
            cwd=self.directory, capture_output=True, timeout=60,
            env={**os.environ, "ZONE": zone, "POSTSEAL": POSTSEAL},
        )
        if done.returncode in (1, 99):
            self.skipTest("no namespaces here")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn(b"3 records: 3 ok\n", done.stdout)

    def test_without_rights_it_works_too(self):
        if not as_nobody():
            self.skipTest("this is not root")
        self.expect(0, "genkey", "-s", "selector", "-d", "example.com", "--type", "ed25519")
        os.chmod(self.path("selector.txt"), 0o644)
        text = "".join(self.read("selector.txt").decode().split('"')[1::2])
        server = self.serve({**self.good_zone(), self.NAME: [("TXT", text)]})
        self.dns(0, "--record", "selector.txt", "--host", HOST, "--check",
                 "--server", server.address, **as_nobody())


if __name__ == "__main__":
    unittest.main(verbosity=2)
