"""
Goal:   postseal-bench measures what it says it does, and its JSON has the form of docs/bench.md.
Method: tiny runs of the real program. No figure is compared with another: this machine may be busy.
"""
import json
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
        self.assertEqual(set(samples), {"median", "min", "max", "spread", "rounds"})
        self.assertEqual(len(samples["rounds"]), rounds)
        self.assertLessEqual(samples["min"], samples["median"])
        self.assertLessEqual(samples["median"], samples["max"])

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
        self.assertEqual(set(results), {"postseal_memory", "openssl_rsa2048", "dkimpy",
                                        "opendkim_testmsg"})
        self.assertEqual(results["openssl_rsa2048"]["work"], "signatures")
        for item in results.values():
            if "skipped" in item:
                self.assertTrue(item["skipped"])
            else:
                self.assert_measured(item)
        findings = self.by_id(result["findings"])
        for name in ("memory_to_openssl", "memory_cpu_beside_signature"):
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
            self.assertIn("skipped" if "skipped" in finding else "is_met", finding)
        for item in result["results"]:
            self.assert_measured(item, rounds=len(item["per_second"]["rounds"]))
        self.assertIn("this shows no target", self.text)

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
        calls = item["call_us"]
        self.assertEqual(set(calls), {"count", "p50", "p90", "p99", "max"})
        self.assertGreater(calls["p50"], 0)
        self.assertLessEqual(calls["p50"], calls["p90"])
        self.assertLessEqual(calls["p90"], calls["p99"])
        self.assertLessEqual(calls["p99"], calls["max"])
        self.assertGreaterEqual(calls["count"], rounds)

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
            self.assert_result(item)
        # The portable lanes are to be looked at, not to be fast: no target.
        self.assertEqual([item["id"] for item in result["findings"]],
                         ["rsa1024_lanes_to_openssl"])
        self.assertNotIn("at_least", result["findings"][0])
        self.assertRegex(text, r"RSA-1024 +lanes +1 +8 ")

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
        self.assertEqual(findings["rsa2048_lanes_two_threads"]["at_least"], 1.9)
        counts = {item["bits"]: item for item in result["multiply_adds"]["per_batch"]}
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


class Program(unittest.TestCase):
    def test_help_lists_the_scenarios(self):
        done = bench("--help")
        self.assertEqual(done.returncode, 0)
        for scenario in ("rsa", "spool"):
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
