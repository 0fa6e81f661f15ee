"""The GKV door and its collection: rows A01 to A14, A22 and B01 to B11 of the reference table."""

import csv
import io
import math
import re
import shutil
import tempfile
import threading
import unittest

from support import Refrain, Scripted, send_json, write_table


def at(cosine):
    return [cosine, math.sqrt(1 - cosine * cosine)]


VECTORS = {"a": [1, 0], "b": at(0.95), "c": at(0.80), "d": at(0.81), "e": at(0.50)}
for turn in range(8):
    VECTORS[f"q{turn}"] = [math.cos(1.6 + turn * 0.6), math.sin(1.6 + turn * 0.6)]


class Gkv(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="refrain-gkv-")
        self.upstream = Scripted(
            lambda handler, _: send_json(handler, {"generated_text": f"gen-{handler.number}"})
        )
        self.start()

    def start(self, *flags, **more):
        self.refrain = Refrain(
            "--upstream",
            self.upstream.url,
            "--upstream-kind",
            "tgi",
            "--semantic",
            "threshold",
            "--embedder",
            "table:" + write_table(self.folder, VECTORS, **more),
            *flags,
        )

    def tearDown(self):
        self.refrain.stop()
        self.upstream.stop()
        shutil.rmtree(self.folder)

    def ask(self, text, user="u1", strategy=None, **more):
        body = {"inputs": text, "user_id": user, **more}
        if strategy:
            body["cache_strategy"] = strategy
        return self.refrain.json("/generate", body)

    def settle(self, entries):
        """Answers are kept at once and written soon: waits until the store has them."""
        pause = threading.Event()
        for _ in range(1000):
            if self.refrain.json("/refrain/v1/stats")["entries"] == entries:
                return
            pause.wait(0.01)
        self.fail(f"the store never had {entries} entries")

    def test_a01_a02_a_miss_is_forwarded_and_a_similar_text_is_served(self):
        self.assertEqual(self.ask("a"), {"generated_text": "gen-1", "cached": False})
        self.assertEqual(
            self.ask("b"),
            {"generated_text": "gen-1", "cached": True, "similarity": 0.95, "source": "user"},
        )
        self.assertEqual(self.upstream.count, 1)

    def test_a03_a_user_is_mandatory_with_a_true_status(self):
        status, _, body = self.refrain.request("/generate", {"inputs": "a"})
        self.assertEqual((status, body), (400, '{"error":"user_id is required","status_code":400}'))

    def test_a04_a22_an_unknown_strategy_is_global_user_with_a_warning_and_requests_are_logged(
        self,
    ):
        self.ask("a", strategy="zzz")
        self.assertTrue(self.ask("a", strategy="zzz")["cached"])
        log = self.refrain.stderr()
        self.assertEqual(log.count("unknown cache_strategy"), 2)
        self.assertLess(log.index("cache=MISS"), log.index("cache=HIT"))
        self.assertIn("strategy=global_user", log)
        self.assertRegex(log, r"similarity=1\.000 source=user")

    def test_a05_a06_a07_strategies_decide_who_shares(self):
        self.ask("a")
        self.assertEqual(self.ask("a")["source"], "user")
        self.assertEqual(self.ask("a", user="u2")["source"], "global")
        self.ask("q1", strategy="global_only")
        hit = self.ask("q1", user="u2", strategy="global_only")
        self.assertEqual((hit["cached"], hit["source"]), (True, "global"))
        self.assertFalse(self.ask("q1", strategy="per_user")["cached"])
        self.assertFalse(self.ask("q3", user="u3", strategy="per_user")["cached"])
        self.assertFalse(self.ask("q3", user="u4", strategy="per_user")["cached"])
        self.assertEqual(self.ask("q3", user="u3", strategy="per_user")["source"], "user")

    def test_a08_no_cache_neither_reads_nor_writes(self):
        for _ in range(2):
            self.assertFalse(self.ask("a", strategy="no_cache")["cached"])
        self.assertFalse(self.ask("a")["cached"])

    def test_a09_the_threshold_is_strict(self):
        self.ask("a")
        self.assertFalse(self.ask("c", strategy="per_user")["cached"])
        self.refrain.json("/refrain/v1/invalidate", {"all": True})
        self.ask("a")
        self.assertTrue(self.ask("d")["cached"])

    def test_a10_new_tokens_have_a_default_and_pass_through(self):
        self.ask("a")
        self.assertEqual(self.upstream.bodies[-1]["parameters"]["max_new_tokens"], 100)
        self.ask("a", parameters={"max_new_tokens": 7})
        self.assertEqual(self.upstream.bodies[-1]["parameters"]["max_new_tokens"], 7)

    def test_a11_a13_hits_are_not_stored_again_and_counters_add_up(self):
        self.ask("a")
        self.settle(2)
        self.ask("b")
        self.ask("a", user="u2")
        stats = self.refrain.json("/refrain/v1/stats")
        self.assertEqual(stats["entries"], 2)
        self.assertEqual(
            stats["gkv"], {"total_requests": 3, "user_hits": 1, "global_hits": 1, "misses": 1}
        )

    def test_a12_the_least_recently_used_entry_goes_at_the_limit(self):
        self.refrain.stop()
        self.start("--entries-max", "3")
        for text in ("q0", "q2", "q4"):
            self.ask(text, strategy="per_user")
        self.assertTrue(self.ask("q0", strategy="per_user")["cached"])
        self.ask("q6", strategy="per_user")
        self.assertTrue(self.ask("q0", strategy="per_user")["cached"])
        self.assertFalse(self.ask("q2", strategy="per_user")["cached"])

    def test_a14_a_cleared_cache_is_empty_for_everybody(self):
        self.ask("a")
        self.ask("a", user="u2")
        self.refrain.json("/refrain/v1/invalidate", {"all": True})
        self.assertFalse(self.ask("a", strategy="per_user")["cached"])
        self.assertFalse(self.ask("a", user="u2", strategy="per_user")["cached"])

    def test_b01_to_b11_the_collection(self):
        self.assertEqual(self.refrain.request("/data/stop", b"")[0], 409)
        self.assertEqual(
            self.refrain.json("/data/stop", b""), {"error": "Benchmarking is not enabled"}
        )
        self.ask("q0")
        started = self.refrain.json("/data/start", {"output_dir": "x"})
        self.assertEqual(started["status"], "Running")
        self.assertRegex(started["benchmark_id"], r"^batch_\d{8}_\d{6}$")
        for text in ("a", "a", "b"):
            self.ask(text)
        stopped = self.refrain.json("/data/stop", b"")
        self.ask("q2")
        self.assertIn("/x/batch_", stopped["csv_file"])
        self.assertGreater(stopped["duration_seconds"], 0)
        _, headers, text = self.refrain.request("/data/csv")
        self.assertTrue(headers["content-type"].startswith("text/csv"))
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(len(rows[0]), 17)
        self.assertEqual([row["cumulative_hit_rate"] for row in rows], ["0.00", "50.00", "66.67"])
        self.assertEqual([row["cache_source"] for row in rows], ["", "user", "user"])
        self.assertEqual(rows[2]["similarity_score"], "0.95")
        for row in rows:
            self.assertGreaterEqual(
                float(row["processing_time_ms"]) + 0.01,
                float(row["embedding_time_ms"]) + float(row["similarity_search_time_ms"]),
            )
        name = re.search(r"batch_[0-9_]+\.csv", stopped["csv_file"]).group()
        self.assertEqual(self.refrain.request("/data/files/" + name)[2], text)
        status, _, body = self.refrain.request("/data/files/..%2f..%2fetc")
        self.assertEqual(status, 400)
        self.assertNotIn("root", body)
        self.assertEqual(self.refrain.request("/data/start", {"output_dir": "../out"})[0], 400)

    def test_b08_b11_times_hold_the_embedders_own(self):
        self.refrain.stop()
        self.start("--lookup-deadline", "30s", delay_ms=50)
        self.refrain.json("/data/start", {})
        for text in ("a", "b", "a"):
            self.ask(text)
        self.refrain.json("/data/stop", b"")
        text = self.refrain.request("/data/csv")[2]
        miss, similar, exact = csv.DictReader(io.StringIO(text))
        self.assertEqual(similar["similarity_score"], "0.95")
        for row in (miss, similar):
            self.assertGreaterEqual(float(row["embedding_time_ms"]), 50, row)
            self.assertGreaterEqual(
                float(row["processing_time_ms"]) + 0.01,
                float(row["embedding_time_ms"]) + float(row["similarity_search_time_ms"]),
            )
        # An equal question needs no vector.
        self.assertEqual(float(exact["embedding_time_ms"]), 0)


if __name__ == "__main__":
    unittest.main()
