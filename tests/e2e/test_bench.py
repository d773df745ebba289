"""
Goal:   postseal-bench measures what it says it does, and its JSON has the form of docs/bench.md.
Method: tiny runs of the real program. No figure is compared with another: this machine may be busy.
"""
import html.parser
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BENCH = os.environ["POSTSEAL_BENCH"]
TINY = ["--count", "40", "--rounds", "2", "--seconds", "0.05"]


def bench(*arguments):
    return subprocess.run([BENCH, *arguments], capture_output=True, text=True, check=False)


class Spool(unittest.TestCase):
    def setUp(self):
        self.places = tempfile.TemporaryDirectory(prefix="postseal-test-")
        self.memory = os.path.join(self.places.name, "memory")
        self.disk = os.path.join(self.places.name, "disk")
        os.mkdir(self.memory)
        os.mkdir(self.disk)

    def tearDown(self):
        self.places.cleanup()

    def run_spool(self, *arguments):
        """The parsed JSON. What was written for people is in self.text."""
        path = os.path.join(self.places.name, "result.json")
        done = bench("spool", "--memory", self.memory, "--json", path, *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_no_traces()
        self.text = done.stdout
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def assert_no_traces(self):
        self.assertEqual(os.listdir(self.memory), [])
        self.assertEqual(os.listdir(self.disk), [])

    def assert_samples(self, samples, rounds):
        self.assertEqual(set(samples), {"median", "quartile_1", "quartile_3", "min", "max",
                                        "spread", "rounds"})
        self.assertEqual(len(samples["rounds"]), rounds)
        in_order = [samples[name] for name in ("min", "quartile_1", "median", "quartile_3", "max")]
        self.assertEqual(in_order, sorted(in_order))

    def assert_measured(self, result, rounds=2):
        for name in ("id", "title", "includes", "work", "work_per_round", "user_us", "system_us"):
            self.assertIn(name, result)
        self.assert_samples(result["per_second"], rounds)
        self.assertGreater(result["per_second"]["min"], 0, result["id"])

    def by_id(self, items):
        self.assertEqual(len(items), len({item["id"] for item in items}), "an id twice")
        return {item["id"]: item for item in items}

    def test_result_says_who_measured_what_on_which_machine(self):
        result = self.run_spool("--no-baselines", "--key", "ed25519", "-o", "IoThreads=1", *TINY)
        self.assertEqual(result["program"], "postseal-bench")
        self.assertEqual(result["format"], 1)
        self.assertEqual(result["scenario"], "spool")
        self.assertRegex(result["ended"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        machine = result["machine"]
        for name in ("cpu_model", "architecture", "cpus", "cpus_online", "memory_bytes", "kernel",
                     "openssl", "liburing", "pcre2", "load_average", "is_quiet"):
            self.assertIn(name, machine)
        self.assertEqual(machine["directories"][0]["path"], os.path.realpath(self.memory))
        self.assertNotEqual(machine["directories"][0]["file_system"], "unknown")
        settings = result["settings"]
        self.assertEqual((settings["count"], settings["size"], settings["key"], settings["form"]),
                         (40, 4096, "ed25519", "eml"))
        self.assertEqual(settings["postseal_options"], ["IoThreads=1"])
        self.assertEqual([item["id"] for item in result["results"]], ["postseal_memory"])
        self.assert_measured(result["results"][0])
        self.assertEqual(result["results"][0]["work_per_round"], 40)
        self.assertGreater(result["results"][0]["peak_rss_bytes"], 1 << 20)

    def test_spool_in_memory_stands_beside_openssl_and_other_signers(self):
        result = self.run_spool(*TINY)
        results = self.by_id(result["results"])
        self.assertEqual(set(results), {"postseal_memory", "postseal_memory_openssl",
                                        "openssl_rsa2048", "dkimpy", "opendkim_testmsg"})
        self.assertEqual(results["openssl_rsa2048"]["work"], "signatures")
        for item in results.values():
            if "skipped" in item:
                self.assertTrue(item["skipped"])
            else:
                self.assert_measured(item)
        findings = self.by_id(result["findings"])
        for name in ("memory_to_openssl", "memory_to_memory_openssl",
                     "memory_cpu_beside_signature"):
            self.assert_samples(findings[name]["value"], 2)
        self.assertIn("OpenSSL alone", self.text)
        self.assertIn("in memory / OpenSSL on all CPUs", self.text)

    def test_spool_on_disk_stands_beside_raw_methods(self):
        result = self.run_spool("--disk", self.disk, "--key", "ed25519", *TINY)
        results = self.by_id(result["results"])
        raw = [name for name in results if name.startswith("raw_")]
        self.assertIn("raw_fsync_each_1_threads_1", raw)
        for batch in (64, 256, 1024):
            self.assertIn(f"raw_syncfs_{batch}_threads_1", raw)
        for name in raw + ["postseal_disk", "postseal_memory"]:
            self.assert_measured(results[name])
        self.assertEqual(results["opendkim_testmsg"]["skipped"], "it signs with RSA keys only")
        findings = self.by_id(result["findings"])
        self.assertIn("disk_to_raw", findings)
        self.assertIn("disk_to_memory", findings)

    def test_batches_stand_beside_an_append(self):
        result = self.run_spool("--disk", self.disk, "--key", "ed25519", "--form", "bsmtp",
                                "--messages-per-unit", "16", "--size", "mix", "--batch", "2", *TINY)
        results = self.by_id(result["results"])
        self.assertIn("raw_append_16_threads_1", results)
        self.assertEqual(results["postseal_disk"]["work_per_round"], 40)
        self.assertEqual(result["settings"]["size"], "mix")
        self.assertEqual(result["settings"]["postseal_options"], ["SpoolBatch=2"])

    def test_suite_has_every_target(self):
        result = self.run_spool("--suite", "--disk", self.disk, "--scale", "0.001", "--rounds", "2",
                                "--seconds", "0.05")
        self.assertEqual(result["settings"]["scale"], 0.001)
        findings = self.by_id(result["findings"])
        targets = {
            "memory_rsa2048_lanes_to_openssl": ("at_least", 2.3),
            "memory_rsa2048_to_openssl": ("at_least", 0.85),
            "memory_rsa2048_cpu_beside_signature": ("at_most", 45),
            "memory_ed25519_rate": ("at_least", 20000),
            "disk_ed25519_to_raw": ("at_least", 0.9),
            "disk_bsmtp_to_memory": ("at_least", 0.85),
            "waiting_units_rss": ("at_most", 64),
            "large_message_rss": ("at_most", 1.1),
            "table_first_message": ("at_most", 1),
            "table_empty_spool": ("at_most", 1),
            "table_rss": ("at_most", 200),
            "table_rate": ("at_least", 0.95),
        }
        for name, (kind, limit) in targets.items():
            finding = findings[name]
            self.assertEqual(finding[kind], limit, name)
            if "skipped" not in finding:
                self.assertIn("is_met", finding)
                self.assertIn(finding["verdict"], ("pass", "near", "short"))
        for item in result["results"]:
            self.assert_measured(item, rounds=len(item["per_second"]["rounds"]))
        self.assertIn("this shows no target", self.text)

    def test_suite_shows_what_too_small_a_cache_costs(self):
        result = self.run_spool("--suite", "--only", "memory-many-keys", "--disk", self.disk,
                                "--scale", "0.001", "--rounds", "2")
        findings = self.by_id(result["findings"])
        self.assertEqual(set(findings), {"memory_many_keys_to_cached",
                                         "memory_many_keys_to_openssl"})
        for finding in findings.values():
            if "skipped" not in finding:
                self.assert_samples(finding["value"], 2)
        self.assertEqual([item["id"] for item in result["results"]],
                         ["postseal_many_keys", "postseal_many_keys_not_cached",
                          "postseal_many_keys_openssl"])
        for item in result["results"]:
            self.assert_measured(item)
            self.assertEqual(item["work_per_round"], 60)

    def test_suite_can_be_one_experiment(self):
        result = self.run_spool("--suite", "--only", "bsmtp", "--disk", self.disk, "--scale",
                                "0.001", "--rounds", "1")
        self.assertEqual([item["id"] for item in result["findings"]], ["disk_bsmtp_to_memory"])

    def test_json_on_stdout_stands_alone(self):
        done = bench("spool", "--memory", self.memory, "--no-baselines", "--json", "-", *TINY)
        self.assertEqual(done.returncode, 0, done.stderr)
        json.loads(done.stdout)
        self.assertIn("postseal, spool in memory", done.stderr)

    def test_program_that_does_not_sign_is_an_error(self):
        done = bench("spool", "--memory", self.memory, "--postseal", "/bin/true", *TINY)
        self.assertEqual(done.returncode, 70)
        self.assertIn("signed -1 of 40 messages", done.stderr)
        self.assert_no_traces()

    def test_option_that_postseal_refuses_is_told_in_its_words(self):
        done = bench("spool", "--memory", self.memory, "-o", "NoSuchOption=1", *TINY)
        self.assertEqual(done.returncode, 70)
        self.assertIn("exit code 78", done.stderr)
        self.assertIn("NoSuchOption", done.stderr)

    def test_signal_ends_it_and_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen(
                [BENCH, "spool", "--memory", self.memory, "--disk", self.disk, "--seconds", "60"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 30
            while not os.listdir(self.disk) and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.3)
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=30), 128 + number)
            self.assert_no_traces()

    def test_bad_options_are_refused_before_anything_is_made(self):
        rows = [
            (["--count", "0"], 64, "--count 0: want a whole number from 1"),
            (["--count", "many"], 64, "--count many: want"),
            (["--size", "-1"], 64, "--size -1: want"),
            (["--key", "dsa"], 64, "--key dsa: not a kind of key"),
            (["--form", "mbox"], 64, "--form mbox: want eml or bsmtp"),
            (["--rounds", "1000"], 64, "--rounds 1000: want"),
            (["--seconds", "nan"], 64, "--seconds nan: want"),
            (["--only", "disk"], 64, "--only disk: want the name of an experiment of --suite"),
            (["--suite", "--only", "x"], 64, "--only x: want the name"),
            (["--no-such-option"], 64, "usage: postseal-bench spool"),
            (["argument"], 64, "usage: postseal-bench spool"),
            (["--json", "/nonexistent/file"], 73, "--json /nonexistent/file: No such file"),
            (["--postseal", "/nonexistent"], 69, "--postseal /nonexistent: No such file"),
            (["--memory", "/nonexistent"], 73, "/nonexistent: cannot make a directory"),
        ]
        for arguments, code, text in rows:
            with self.subTest(arguments=arguments):
                done = bench("spool", "--memory", self.memory, *arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stderr)
                self.assertEqual(done.stdout, "")
        self.assert_no_traces()


# The portable lanes run everywhere, and one batch of theirs takes longer than all else.
TINY_RSA = ["--engine", "portable", "--bits", "1024", "--lanes", "8,3", "--threads", "1",
            "--rounds", "2", "--seconds", "0.01"]
NO_LANES = "no AVX-512 IFMA in this CPU or in this build"


def run_for_json(scenario, *arguments):
    """The parsed JSON, and what was written for people."""
    done = bench(scenario, "--json", "-", *arguments)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout), done.stderr


class Rsa(unittest.TestCase):
    def assert_result(self, item, rounds=2):
        self.assertEqual(set(item), {"id", "engine", "bits", "threads", "lanes_filled",
                                     "signatures_per_second", "per_second", "call_us"})
        self.assertIn(item["engine"], ("lanes", "openssl"))
        self.assertIsInstance(item["signatures_per_second"], (int, float))
        self.assertGreater(item["signatures_per_second"], 0)
        self.assertEqual(item["signatures_per_second"], item["per_second"]["median"])
        self.assertEqual(len(item["per_second"]["rounds"]), rounds)
        self.assert_times(item["call_us"], rounds)

    def assert_times(self, times, count):
        self.assertEqual(set(times), {"count", "p50", "p90", "p99", "max"})
        self.assertGreater(times["p50"], 0)
        in_order = [times[name] for name in ("p50", "p90", "p99", "max")]
        self.assertEqual(in_order, sorted(in_order))
        self.assertGreaterEqual(times["count"], count)

    def rows(self, result):
        return [(item["engine"], item["bits"], item["threads"], item["lanes_filled"])
                for item in result["results"]]

    def test_lanes_stand_beside_openssl(self):
        result, text = run_for_json("rsa", *TINY_RSA)
        self.assertEqual((result["program"], result["format"], result["scenario"]),
                         ("postseal-bench", 1, "rsa"))
        self.assertIn("cpu_model", result["machine"])
        self.assertEqual(result["settings"], {
            "lanes": "portable", "openssl": True, "bits": [1024], "threads": [1], "rounds": 2,
            "seconds": 0.01, "seed": 1})
        self.assertEqual(self.rows(result), [("lanes", 1024, 1, 8), ("openssl", 1024, 1, 1),
                                             ("lanes", 1024, 1, 3)])
        for item in result["results"]:
            self.assert_result(item, rounds=1 if item["lanes_filled"] == 3 else 2)
        # The portable lanes are to be looked at, not to be fast: no target.
        self.assertEqual([item["id"] for item in result["findings"]],
                         ["rsa1024_lanes_to_openssl", "rsa1024_at_rest", "rsa1024_at_rest_p99",
                          "rsa1024_key_to_lanes", "rsa1024_key_to_openssl"])
        for item in result["findings"]:
            self.assertNotIn("at_least", item)
            self.assertNotIn("at_most", item)
        self.assertRegex(text, r"RSA-1024 +lanes +1 +8 ")

    def test_one_job_at_a_time_and_new_keys_stand_beside_them(self):
        result, text = run_for_json("rsa", *TINY_RSA)
        self.assertEqual([(item["id"], item["engine"], item["bits"])
                          for item in result["at_rest"]],
                         [("at_rest_lanes_rsa1024", "lanes", 1024),
                          ("at_rest_openssl_rsa1024", "openssl", 1024)])
        for item in result["at_rest"]:
            self.assertEqual(set(item), {"id", "engine", "bits", "job_us", "p50_us", "p99_us"})
            self.assert_times(item["job_us"], 2)
            self.assertEqual(len(item["p50_us"]["rounds"]), 2)
            self.assertLessEqual(item["p50_us"]["median"], item["p99_us"]["median"])
        self.assertEqual([(item["id"], item["bits"]) for item in result["key_forms"]],
                         [("key_form_rsa1024", 1024)])
        for item in result["key_forms"]:
            self.assertEqual(set(item), {"id", "bits", "per_second", "key_us"})
            self.assertEqual(len(item["per_second"]["rounds"]), 1)  # each third round
            self.assert_times(item["key_us"], 1)
        self.assertRegex(text, r"at rest +engine +p50 us")
        self.assertRegex(text, r"into lanes +keys/s")

    def test_openssl_alone_has_no_lanes_beside_it(self):
        result, text = run_for_json("rsa", "--engine", "openssl", "--bits", "1024", "--threads",
                                    "1", "--rounds", "1", "--seconds", "0.01")
        self.assertEqual((result["at_rest"], result["key_forms"]), ([], []))
        self.assertNotIn("multiply_adds", result)
        self.assertNotIn("at rest", text)

    def test_threads_and_sizes(self):
        result, _ = run_for_json("rsa", "--engine", "openssl", "--bits", "2048,1024", "--threads",
                                 "1,2", "--rounds", "1", "--seconds", "0.01")
        self.assertEqual(self.rows(result), [
            ("openssl", bits, threads, 1) for bits in (2048, 1024) for threads in (1, 2)])
        for item in result["results"]:
            self.assert_result(item, rounds=1)
        self.assertIn("rsa2048_openssl_two_threads", [item["id"] for item in result["findings"]])

    def test_fast_lanes_have_targets_or_the_run_says_why_not(self):
        result, text = run_for_json("rsa", "--rounds", "1", "--seconds", "0.001")
        findings = {item["id"]: item for item in result["findings"]}
        for bits, limit in ((1024, 6.5), (2048, 3.5), (3072, 7), (4096, 6)):
            self.assertEqual(findings[f"rsa{bits}_lanes_to_openssl"]["at_least"], limit)
        if result["settings"]["lanes"] is None:
            self.assertIn(NO_LANES, text)
            self.assertEqual(findings["rsa1024_lanes_to_openssl"]["skipped"], NO_LANES)
            self.assertEqual({item["engine"] for item in result["results"]}, {"openssl"})
            return
        filled = {row[3] for row in self.rows(result) if row[:3] == ("lanes", 2048, 1)}
        self.assertEqual(filled, set(range(1, 9)))
        self.assertEqual(findings["rsa2048_port_share"]["at_least"], 0.8)
        for bits in (1024, 2048, 3072, 4096):
            self.assertEqual(findings[f"rsa{bits}_lanes_two_threads"]["at_least"], 1.9)
            self.assertEqual(findings[f"rsa{bits}_at_rest"]["at_most"], 1)
            self.assertIn(f"rsa{bits}_port_share", findings)
            self.assertIn(f"rsa{bits}_key_to_lanes", findings)
        counts = {item["bits"]: item for item in result["multiply_adds"]["per_batch"]}
        for item in counts.values():
            self.assertGreater(item["per_second"]["median"], 0)
        self.assertEqual(set(counts), {1024, 2048, 3072, 4096})
        self.assertLess(counts[2048]["powers"], counts[2048]["all"])
        self.assertGreater(result["multiply_adds"]["per_second"]["median"], 0)

    def test_lanes_that_are_not_there_are_an_error(self):
        done = bench("rsa", "--engine", "lanes", "--bits", "1024", "--lanes", "8", "--threads",
                     "1", "--rounds", "1", "--seconds", "0.001")
        if done.returncode != 0:
            self.assertEqual(done.returncode, 69)
            self.assertIn(NO_LANES, done.stderr)
        else:
            self.assertNotIn("openssl", done.stdout)

    def test_bad_options_are_refused(self):
        rows = [
            (["--bits", "512"], 64, "--bits 512: want 1024, 2048, 3072 or 4096"),
            (["--bits", "2048,"], 64, "--bits 2048,: want numbers from 1 to 4096"),
            (["--bits", "2048,2048"], 64, "each once"),
            (["--lanes", "9"], 64, "--lanes 9: want numbers from 1 to 8"),
            (["--lanes", "0"], 64, "--lanes 0: want"),
            (["--threads", "-1"], 64, "--threads -1: want"),
            (["--threads", ""], 64, "--threads : want"),
            (["--engine", "fast"], 64, "--engine fast: want auto, lanes, openssl or portable"),
            (["--rounds", "0"], 64, "--rounds 0: want"),
            (["--seconds", "0"], 64, "--seconds 0: want a number from 0.001 to 600"),
            (["--no-such-option"], 64, "usage: postseal-bench rsa"),
            (["argument"], 64, "usage: postseal-bench rsa"),
            (["--json", "/nonexistent/file"], 73, "--json /nonexistent/file: No such file"),
        ]
        for arguments, code, text in rows:
            with self.subTest(arguments=arguments):
                done = bench("rsa", *arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stderr)
                self.assertEqual(done.stdout, "")


class Timing(unittest.TestCase):
    TINY = ["--engine", "portable", "--bits", "1024", "--seconds", "0.01"]

    def test_both_secrets_are_compared(self):
        result, text = run_for_json("timing", *self.TINY)
        self.assertEqual(result["scenario"], "timing")
        self.assertEqual(result["settings"], {"lanes": "portable", "bits": [1024],
                                              "seconds": 0.01, "seed": 1})
        self.assertEqual([(item["id"], item["bits"], item["secret"])
                          for item in result["results"]],
                         [("rsa1024_key", 1024, "key"), ("rsa1024_digest", 1024, "digest")])
        for item in result["results"]:
            self.assertEqual(set(item), {"id", "title", "bits", "secret", "samples", "max_t",
                                         "detectable_ns", "detectable_percent", "croppings"})
            fast = item["croppings"][3]
            self.assertEqual(fast["percent"], 90)
            self.assertEqual(item["detectable_ns"], fast["detectable_ns"])
            self.assertAlmostEqual(item["detectable_percent"] * fast["mean_random_us"] * 10,
                                   item["detectable_ns"], delta=item["detectable_ns"] / 100)
            self.assertGreaterEqual(item["samples"], 4)
            self.assertEqual([cropping["percent"] for cropping in item["croppings"]],
                             [100, 99, 95, 90, 75, 50, 25])
            for cropping in item["croppings"]:
                self.assertEqual(set(cropping), {"percent", "fixed", "random", "mean_fixed_us",
                                                 "mean_random_us", "t", "detectable_ns"})
                self.assertLessEqual(abs(cropping["t"]), item["max_t"])
            everything = item["croppings"][0]
            self.assertEqual(everything["fixed"] + everything["random"], item["samples"])
        findings = {item["id"]: item for item in result["findings"]}
        self.assertEqual(list(findings), ["rsa1024_key_max_t", "rsa1024_key_detectable",
                                          "rsa1024_digest_max_t", "rsa1024_digest_detectable"])
        for item in result["results"]:
            largest = findings[item["id"] + "_max_t"]
            self.assertEqual(largest["at_most"], 4.5)
            detectable = findings[item["id"] + "_detectable"]
            if item["detectable_ns"] == 0:
                for finding in (largest, detectable):
                    self.assertEqual(finding["skipped"], "too few calls")
            else:
                self.assertEqual(largest["value"]["rounds"], [item["max_t"]])
                self.assertEqual(detectable["value"]["rounds"], [item["detectable_percent"]])
            self.assertNotIn("at_most", detectable)
        self.assertIn("half of all runs", text)
        self.assertIn("no evidence", text)
        self.assertIn("no proof", text)

    def test_bad_options_are_refused(self):
        rows = [
            (["--bits", "512"], 64, "--bits 512: want 1024, 2048, 3072 or 4096"),
            (["--engine", "openssl"], 64, "--engine openssl: want lanes or portable"),
            (["--seconds", "0"], 64, "--seconds 0: want"),
            (["--seed", "x"], 64, "--seed x: want"),
            (["--rounds", "5"], 64, "usage: postseal-bench timing"),
            (["argument"], 64, "usage: postseal-bench timing"),
            (["--json", "/nonexistent/file"], 73, "--json /nonexistent/file: No such file"),
        ]
        for arguments, code, text in rows:
            with self.subTest(arguments=arguments):
                done = bench("timing", "--engine", "portable", *arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stderr)
                self.assertEqual(done.stdout, "")


SAMPLES = {"median": 12936.4, "min": 12000, "max": 13000, "spread": 0.077, "rounds": [12936.4]}
MACHINE = {
    "cpu_model": "Some CPU", "architecture": "x86_64", "cpus": 2, "cpus_online": 4,
    "memory_bytes": 1 << 34, "kernel": "Linux 6", "openssl": "3.0", "liburing": "2.3",
    "pcre2": "10.42", "load_average": 0.1, "is_quiet": True, "directories": [],
}


def result_of(scenario, results, findings=()):
    return {"program": "postseal-bench", "format": 1, "version": "0.1.0", "scenario": scenario,
            "ended": "2026-01-31T12:00:00Z", "machine": dict(MACHINE),
            "settings": {"seed": 1, "bits": [2048]}, "results": results,
            "findings": list(findings)}


def signing(engine, threads=1, filled=1):
    return {"id": "x", "engine": engine, "bits": 2048, "threads": threads, "lanes_filled": filled,
            "signatures_per_second": 12936.4, "per_second": dict(SAMPLES),
            "call_us": {"count": 9, "p50": 622.5, "p90": 651, "p99": 753, "max": 850}}


class Page(html.parser.HTMLParser):
    """Fails on a tag that is not closed, and keeps tags and texts."""
    EMPTY = {"meta", "rect", "line"}

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.tags = []
        self.ids = []
        self.text = ""
        self.feed(text)
        self.close()
        if self.open:
            raise AssertionError(f"not closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes another tag")

    def handle_data(self, data):
        self.text += data

    def count(self, tag):
        return sum(name == tag for name, _ in self.tags)


class Report(unittest.TestCase):
    def setUp(self):
        self.places = tempfile.TemporaryDirectory(prefix="postseal-test-")
        self.page_path = self.path("page.html")

    def tearDown(self):
        self.places.cleanup()

    def path(self, name):
        return os.path.join(self.places.name, name)

    def write(self, name, content):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return self.path(name)

    def page_of(self, *paths):
        done = bench("report", "-o", self.page_path, *paths)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.page_path, encoding="utf-8") as file:
            return Page(file.read())

    def refuse(self, content, text):
        path = self.write("bad.json", content)
        done = bench("report", "-o", self.page_path, path)
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertIn(f"postseal-bench: {path}:{text}", done.stderr)
        self.assertFalse(os.path.exists(self.page_path))

    def test_page_shows_runs_of_this_program(self):
        rsa = self.path("rsa.json")
        spool = self.path("spool.json")
        self.assertEqual(bench("rsa", *TINY_RSA, "--json", rsa).returncode, 0)
        self.assertEqual(bench("spool", "--memory", self.places.name, "--json", spool,
                               *TINY).returncode, 0)
        timing = self.path("timing.json")
        self.assertEqual(bench("timing", *Timing.TINY, "--json", timing).returncode, 0)
        page = self.page_of(rsa, spool, timing)
        self.assertEqual(page.count("h2"), 3)
        for text in ("RSA-1024: one job at a time", "Keys into lanes"):
            self.assertIn(text, page.text)
        self.assertIn("RSA-1024, fixed digest or random ones", page.text)
        self.assertIn("RSA-1024, fixed digest or random ones: detectable", page.text)
        self.assertIn("half of all runs would show it", page.text)
        self.assertGreaterEqual(page.count("svg"), 5)
        for result in (rsa, spool):
            with open(result, encoding="utf-8") as file:
                result = json.load(file)
            self.assertIn(result["machine"]["kernel"], page.text)
            for item in result["results"]:
                if "skipped" in item:
                    self.assertIn(item["skipped"], page.text)
                elif item["per_second"]["median"] >= 1000:
                    # The file has a digit behind the point, so the page may have rounded it either way.
                    rate = item["per_second"]["median"]
                    texts = [f"{math.floor(rate):,}", f"{math.ceil(rate):,}"]
                    self.assertTrue(any(text in page.text for text in texts), texts)

    def test_page_stands_alone(self):
        page = self.page_of(self.write("a.json", result_of(
            "rsa", [signing("lanes", filled=8), signing("openssl")])))
        for tag in ("script", "link", "img", "iframe", "object", "a"):
            self.assertEqual(page.count(tag), 0, tag)
        for _, attributes in page.tags:
            for name, value in attributes.items():
                self.assertFalse(name.startswith("on"), name)
                self.assertNotIn("://", value or "")
        self.assertNotRegex(page.text, r"url\(|@import")
        self.assertIn("prefers-color-scheme:dark", page.text)
        self.assertEqual(len(page.ids), len(set(page.ids)), "an id twice")

    def test_every_chart_has_its_values_in_words(self):
        page = self.page_of(self.write("a.json", result_of(
            "rsa", [signing("lanes", threads, 8) for threads in (1, 2)] + [signing("openssl")])))
        charts = [attributes for tag, attributes in page.tags if tag == "svg"]
        self.assertGreater(len(charts), 1)
        for chart in charts:
            self.assertEqual(chart["role"], "img")
            for name in chart["aria-labelledby"].split():
                self.assertIn(name, page.ids)
        self.assertIn("threads 1: in lanes 12,936; OpenSSL 12,936;", page.text)

    def test_findings_have_verdicts(self):
        finding = {"id": "rsa2048_lanes_to_openssl", "title": "speed", "unit": "",
                   "at_least": 3.5, "value": dict(SAMPLES, median=3.25), "is_met": False}
        rows = [finding, dict(finding, id="b", title="met", is_met=True),
                dict(finding, id="e", is_met=True, verdict="near",
                     value=dict(SAMPLES, quartile_1=3.375, quartile_3=3.75)),
                {"id": "c", "title": "not here", "unit": "us", "skipped": "one <CPU>"},
                {"id": "d", "title": "known", "unit": "us", "value": SAMPLES}]
        page = self.page_of(self.write("a.json", result_of("rsa", [], rows)))
        for text in ("at least 3.500", "3.250", "short", "met", "near", "3.375 to 3.750",
                     "skipped: one <CPU>", "12,936 us"):
            self.assertIn(text, page.text)
        self.assertIn("lanes / OpenSSL 3.250; target 3.500;", page.text)

    def test_single_jobs_and_keys_are_shown_where_they_are(self):
        times = {"count": 9, "p50": 111.5, "p90": 222.5, "p99": 333.5, "max": 444.5}
        result = result_of("rsa", [signing("lanes", filled=8), signing("openssl")])
        page = self.page_of(self.write("old.json", result))
        self.assertNotIn("one job at a time", page.text)
        self.assertNotIn("Keys into lanes", page.text)
        result["at_rest"] = [{"id": "a", "engine": engine, "bits": 2048, "job_us": times,
                              "p50_us": SAMPLES, "p99_us": SAMPLES}
                             for engine in ("lanes", "openssl")]
        result["key_forms"] = [{"id": "k", "bits": 2048, "per_second": SAMPLES, "key_us": times}]
        page = self.page_of(self.write("a.json", result))
        self.assertRegex(page.text, r"p50: one by the lanes engine 111.+; one by OpenSSL 111")
        self.assertRegex(page.text, r"Keys into lanes[\s\S]+12,936[\s\S]+111[\s\S]+444")
        for name, text in (("at_rest", "at_rest[0].job_us.p90: missing: want a number"),
                           ("key_forms", "key_forms[0].key_us.p90: missing: want a number")):
            bad = json.loads(json.dumps(result))
            del bad[name][0]["job_us" if name == "at_rest" else "key_us"]["p90"]
            os.unlink(self.page_path)
            self.refuse(bad, " " + text)
            self.write("page.html", "")

    def test_text_from_a_file_stays_text(self):
        evil = "</title><script>alert(1)</script><b onclick='x' a=\"y\">&lt;\u0001"
        result = result_of("spool", [
            {"id": "x", "title": evil, "includes": evil, "work": "messages", "work_per_round": 1,
             "per_second": SAMPLES, "user_us": 1, "system_us": 2},
            {"id": "y", "title": evil, "includes": evil, "skipped": evil}],
            [{"id": evil, "title": evil, "unit": evil, "value": SAMPLES}])
        result["settings"] = {evil: evil, "list": [evil]}
        for name in ("cpu_model", "kernel", "openssl"):
            result["machine"][name] = evil
        result["machine"]["directories"] = [{"path": evil, "file_system": evil, "device": evil}]
        result["ended"] = result["version"] = evil
        page = self.page_of(self.write("<b>.json", result))
        self.assertEqual(page.count("script"), 0)
        self.assertEqual(page.count("b"), 0)
        self.assertIn("alert(1)", page.text)

    def test_busy_machine_is_said(self):
        result = result_of("rsa", [])
        result["machine"]["is_quiet"] = False
        page = self.page_of(self.write("a.json", result))
        self.assertIn("The machine was busy", page.text)

    def test_input_of_another_form_is_refused(self):
        self.refuse("", "1:0: no JSON:")
        self.refuse('{"a": 1', "1:7: no JSON:")
        self.refuse('{"a": 1, "a": 2}', "1:")
        self.refuse("[]", " the whole: want an object")
        self.refuse({}, " program: missing: want a string")
        rows = [
            ({"program": "other"}, "program: want postseal-bench"),
            ({"format": 2}, "format: want a whole number from 1 to 1"),
            ({"scenario": "milter"}, "scenario: want rsa, spool or timing"),
            ({"machine": 7}, "machine: want an object"),
            ({"machine": {}}, "machine.cpu_model: missing: want a string"),
            ({"settings": None}, "settings: want an object"),
            ({"findings": {}}, "findings: want an array"),
            ({"results": None}, "results: want an array"),
            ({"results": [{}]}, "results[0].engine: missing: want a string"),
            ({"results": [signing("lanes"), signing("both")]},
             "results[1].engine: want lanes or openssl"),
            ({"results": [dict(signing("lanes"), bits="2048")]},
             "results[0].bits: want a whole number from 1 to 4096"),
            ({"results": [dict(signing("lanes"), lanes_filled=9)]},
             "results[0].lanes_filled: want a whole number from 1 to 8"),
            ({"results": [dict(signing("lanes"), per_second=dict(SAMPLES, median=None))]},
             "results[0].per_second.median: want a number"),
            ({"results": [dict(signing("lanes"), per_second=dict(SAMPLES, max=1e300))]},
             "results[0].per_second.max: want a number, not above 1e15"),
            ({"results": [signing("lanes")] * 5000}, "results: too many items"),
            ({"findings": [{"id": "a", "title": "a", "unit": "", "at_most": 1,
                            "value": SAMPLES}]},
             "findings[0].is_met: missing: want true or false"),
            ({"findings": [{"id": "a", "title": "a", "unit": "", "at_most": 1, "is_met": True,
                            "verdict": "good", "value": SAMPLES}]},
             "findings[0].verdict: want pass, near or short"),
        ]
        for members, text in rows:
            with self.subTest(text=text):
                self.refuse(dict(result_of("rsa", []), **members), " " + text)

    def test_bad_input_leaves_the_old_page(self):
        with open(self.page_path, "w", encoding="utf-8") as file:
            file.write("old")
        good = self.write("good.json", result_of("rsa", []))
        bad = self.write("bad.json", "{}")
        self.assertEqual(bench("report", "-o", self.page_path, good, bad).returncode, 65)
        with open(self.page_path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "old")

    def test_files_that_are_not_there(self):
        good = self.write("good.json", result_of("rsa", []))
        rows = [
            (["-o", self.page_path, "/nonexistent"], 66, "/nonexistent: No such file"),
            (["-o", self.page_path, self.places.name], 66, "Is a directory"),
            (["-o", "/nonexistent/page", good], 73, "/nonexistent/page: No such file"),
            (["-o", "/dev/full", good], 74, "/dev/full: No space left"),
            (["-o", self.page_path], 64, "want a result file"),
            ([good], 64, "-o: want the file for the page"),
            (["--scripts"], 64, "usage: postseal-bench report"),
        ]
        for arguments, code, text in rows:
            with self.subTest(arguments=arguments):
                done = bench("report", *arguments)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_page_can_go_to_stdout(self):
        done = bench("report", "-o", "-", self.write("a.json", result_of("rsa", [])))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("<!DOCTYPE html>"))


class Program(unittest.TestCase):
    def test_help_lists_the_scenarios(self):
        done = bench("--help")
        self.assertEqual(done.returncode, 0)
        for scenario in ("rsa", "spool", "timing", "report"):
            self.assertIn(f"  {scenario} ", done.stdout)
            done_help = bench(scenario, "--help")
            self.assertEqual(done_help.returncode, 0)
            self.assertIn(f"usage: postseal-bench {scenario}", done_help.stdout)

    def test_without_a_scenario_it_says_how(self):
        for arguments in ([], ["no-such-scenario"]):
            done = bench(*arguments)
            self.assertEqual(done.returncode, 64)
            self.assertIn("usage: postseal-bench SCENARIO", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
