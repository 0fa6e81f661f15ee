"""The answers service in ModelCache's protocol: rows F01 to F46 of the reference table."""

import base64
import contextlib
import json
import math
import shutil
import sqlite3
import struct
import tempfile
import threading
import unittest
import zlib

from support import Refrain, Scripted, send_json, write_table


def at(cosine):
    return [cosine, math.sqrt(1 - cosine * cosine)]


VECTORS = {"a": [1, 0], "b": at(0.95), "c": at(0.80), "d": at(0.81), "e": at(0.50), "x": [-1, 0]}
OK = {"errorCode": 0, "errorDesc": "", "writeStatus": "success"}


def picture(brighter=0):
    """A PNG of 48 x 48 in shades of grey, in base64."""
    rows = b"".join(
        b"\0" + bytes((x * x + 3 * y * y) // 60 % 200 + brighter for x in range(48))
        for y in range(48)
    )

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", 48, 48, 8, 0, 0, 0, 0)
    png = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + png).decode()


def said(text, role="user"):
    return {"role": role, "content": text}


def turns(query):
    return [said(query)] if isinstance(query, str) else query


class Modelcache(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="refrain-modelcache-")
        self.refrain = None

    def start(self, *flags, vectors=None, delays=None):
        """Without --upstream: there is no model behind the service."""
        self.stop()
        table = self.folder + "/table.jsonl"
        with open(table, "w", encoding="utf-8") as out:
            for text, vector in {**VECTORS, **(vectors or {})}.items():
                delay = (delays or {}).get(text, 0)
                out.write(json.dumps({"text": text, "vector": vector, "delay_ms": delay}) + "\n")
        self.refrain = Refrain(
            "--modelcache-semantic", "threshold", "--embedder", f"table:{table}", *flags,
            data=self.folder + "/data",
        )

    def stop(self):
        if self.refrain:
            self.refrain.stop()
        self.refrain = None

    def tearDown(self):
        self.stop()
        shutil.rmtree(self.folder)

    def post(self, body):
        return json.loads(self.refrain.request("/modelcache", body)[2])

    def insert(self, entries, model="M-1"):
        info = [{"query": turns(query), "answer": answer} for query, answer in entries]
        return self.post({"type": "insert", "scope": {"model": model}, "chat_info": info})

    def query(self, query, model="M-1"):
        return self.post({"type": "query", "scope": {"model": model}, "query": turns(query)})

    def answer(self, query, model="M-1"):
        """The answer of a hit; None of a miss; a code of an error."""
        reply = self.query(query, model)
        if reply["errorCode"]:
            return reply["errorCode"]
        return reply["answer"] if reply["cacheHit"] else None

    def remove(self, model="M-1", **more):
        return self.post({"type": "remove", "scope": {"model": model}, **more})

    def ids(self, model="M-1"):
        entries = self.refrain.json(f"/refrain/v1/entries?model={model}")["entries"]
        return {entry["question"]: entry["id"] for entry in entries}

    def log(self):
        return self.refrain.json("/refrain/v1/answers/log")["rows"]

    def test_f01_to_f04_insert_hit_miss_and_an_empty_model(self):
        self.start()
        self.assertEqual(self.answer("a", "nobody"), None)
        self.assertEqual(self.insert([("a", "A"), ("x", "X")]), OK)
        hit = self.query("a")
        self.assertRegex(hit.pop("delta_time"), r"^\d+\.\d\ds$")
        self.assertEqual(
            hit,
            {
                "errorCode": 0,
                "errorDesc": "",
                "cacheHit": True,
                "hit_query": "user###a",
                "answer": "A",
            },
        )
        miss = self.query("e")
        self.assertEqual(
            (miss["errorCode"], miss["cacheHit"], miss["hit_query"], miss["answer"]),
            (0, False, "", ""),
        )

    def test_f05_f06_truncate_and_delete(self):
        self.start()
        self.insert([("a", "A"), ("x", "X")])
        self.insert([("a", "A2")], "M-2")
        reply = self.remove(remove_type="delete_by_id", id_list=[self.ids()["a"]])
        self.assertEqual(
            reply["response"],
            {"status": "success", "milvus": "delete_count: 1", "mysql": "delete_count: 1"},
        )
        self.assertEqual((self.answer("a"), self.answer("x")), (None, "X"))
        self.insert([("a", "A")])
        reply = self.remove(remove_type="truncate_by_model")
        self.assertEqual(
            reply["response"],
            {"status": "success", "VectorDB": "rebuild", "ScalarDB": "delete_count: 2"},
        )
        self.assertEqual((self.answer("a"), self.answer("a", "M-2")), (None, "A2"))

    def test_f06_a_number_is_the_same_id(self):
        self.start()
        self.insert([("a", "A")])
        number = int(self.ids()["a"], 16)
        reply = self.remove(remove_type="delete_by_id", id_list=[number, str(number)])
        self.assertEqual(reply["response"]["mysql"], "delete_count: 1")
        self.assertEqual(self.answer("a"), None)

    def test_f07_register(self):
        self.start()
        body = {"type": "register", "scope": {"model": "new"}}
        self.assertEqual(self.post(body), {**OK, "response": "create_success"})
        self.assertEqual(self.post(body), {**OK, "response": "already_exists"})
        self.start()
        self.assertEqual(self.post(body), {**OK, "response": "already_exists"})

    def test_f08_f09_models_are_apart_as_written(self):
        self.start()
        self.insert([("a", "A")])
        self.assertEqual((self.answer("a", "M-2"), self.answer("a", "M_1")), (None, None))
        self.start("--modelcache-fold-names", "on")
        self.insert([("a", "A")], "M.1")
        self.assertEqual(self.answer("a", "M-1"), "A")

    def test_f08_tenants_never_share(self):
        self.start()
        body = {"type": "insert", "scope": {"model": "M-1"},
                "chat_info": [{"query": turns("a"), "answer": "ann's"}]}
        self.refrain.request("/modelcache", body, {"authorization": "Bearer ann"})
        query = {"type": "query", "scope": {"model": "M-1"}, "query": turns("a")}
        ann = self.refrain.json("/modelcache", query, {"authorization": "Bearer ann"})
        bob = self.refrain.json("/modelcache", query, {"authorization": "Bearer bob"})
        self.assertEqual((ann["answer"], bob["cacheHit"]), ("ann's", False))

    def test_f10_refused_models(self):
        self.start()
        self.assertEqual(self.answer("a", "DI_COPILOT_LAB"), 105)
        self.assertEqual(self.insert([("a", "A")], "DI-COPILOT-LAB")["errorCode"], 305)
        self.start("--modelcache-refused", "mine, M.1")
        self.assertEqual(self.answer("a", "M-1"), 105)
        self.assertEqual(self.answer("a", "DI_COPILOT_LAB"), None)

    def test_f11_to_f14_faults_of_the_request(self):
        self.start()
        zap = self.post({"type": "zap", "scope": {"model": "m"}})
        self.assertEqual((zap["errorCode"], zap["cacheHit"], zap["delta_time"]), (102, False, 0))
        self.assertEqual(self.post({"type": "query", "scope": 5})["errorCode"], 103)
        status, _, body = self.refrain.request("/modelcache", b"{")
        self.assertEqual((status, json.loads(body)["errorCode"]), (400, 400))
        reply = self.remove(remove_type="everything")
        self.assertEqual((reply["errorCode"], reply["removeStatus"]), (401, "exception"))

    def test_f15_f35_an_embedder_that_fails_or_is_late(self):
        self.start("--modelcache-query-deadline", "300ms", delays={"slow": 5000},
                   vectors={"slow": [0, 1]})
        self.insert([("a", "A")])
        self.assertEqual(self.answer("a text without a vector"), 201)
        self.assertEqual(self.answer("slow"), 201)
        self.assertEqual(self.insert([("a text without a vector", "B")])["errorCode"], 301)
        self.assertEqual(self.answer("a"), "A")

    def test_f16_a_body_in_a_string(self):
        self.start()
        self.insert([("a", "A")])
        query = {"type": "query", "scope": {"model": "M-1"}, "query": turns("a")}
        self.assertEqual(self.post(json.dumps(query))["answer"], "A")

    def test_f19_f20_the_whole_conversation_is_the_key(self):
        self.start()
        first = [said("You are ###A|||", "system"), said("a")]
        self.insert([(first, "A")])
        self.assertEqual(self.answer(first), "A")
        self.assertEqual(self.answer([said("You are B", "system"), said("a")]), None)
        self.assertEqual(self.answer([first[0], said("b")]), "A")
        self.assertEqual(self.answer([*first, said("A", "assistant"), said("a")]), None)

    def test_f21_f46_other_forms_of_the_key(self):
        three = [said("s", "system"), said("a"), said("Q: a")]
        shown = {
            "last-message": ("user: Q: a", {"user: Q: a": [0, 1]}),
            "last-content": ("Q: a", {"Q: a": [0, 1]}),
            "stripped": ("a", {}),
            "all-contents": ("s\na\nQ: a", {"s\na\nQ: a": [0, 1]}),
            "splice": ("system###s|||user###a|||user###Q: a",
                       {"system###s|||user###a|||user###Q: a": [0, 1]}),
        }
        for form, (text, vectors) in shown.items():
            with self.subTest(form):
                self.start("--modelcache-key", form, "--modelcache-strip", "Q: ", vectors=vectors)
                self.insert([(three, "A")])
                self.assertEqual(self.query(three)["hit_query"], text)

    def test_f22_f23_thresholds_and_scales(self):
        long, other = "p" * 300, "q" * 300
        for scale, short, long_one in (("cosine", "0.9", "0.7"), ("l2", "0.95", "0.85")):
            with self.subTest(scale):
                self.start("--modelcache-scale", scale, "--modelcache-threshold-short", short,
                           "--modelcache-threshold-long", long_one,
                           vectors={long: [1, 0], other: at(0.8)})
                self.insert([(long, "long")], scale)
                self.insert([("a", "A")], scale + "-short")
                self.assertEqual(self.answer(other, scale), "long")
                near = [self.answer(text, scale + "-short") for text in "bcdex"]
                self.assertEqual(near, ["A", None, None, None, None])

    def test_f25_choice_among_the_candidates(self):
        self.start("--modelcache-top-k", "2", "--modelcache-choice", "random",
                   vectors={"a2": [1, 0]})
        self.insert([("a", "A"), ("a2", "A2")])
        self.assertEqual({self.answer("b") for _ in range(50)}, {"A", "A2"})
        self.start("--modelcache-top-k", "2", "--modelcache-choice", "all",
                   vectors={"a2": [1, 0]})
        reply = self.query("b")
        self.assertEqual((reply["answer"], reply["hit_query"]),
                         (["A", "A2"], ["user###a", "user###a2"]))

    def test_f24_the_verifier_as_reranker_turns_the_order(self):
        words = {"How do I turn it on?": [1, 0], "How do I turn it off?": at(0.99),
                 "How can I turn it on?": at(0.97)}
        for reranker, answer in (("off", "off"), ("verifier", "on")):
            with self.subTest(reranker):
                self.start("--modelcache-top-k", "2", "--modelcache-reranker", reranker,
                           vectors=words)
                self.insert([("How do I turn it off?", "off"), ("How can I turn it on?", "on")],
                            reranker)
                self.assertEqual(self.answer("How do I turn it on?", reranker), answer)

    def test_f26_f27_the_stored_question_and_the_count_also_after_a_restart(self):
        self.start()
        self.insert([("a", "A")])
        self.query("a")
        self.query("b")
        self.start()
        self.assertEqual(self.query("b")["hit_query"], "user###a")
        self.refrain.wait_until(
            lambda: self.refrain.json("/refrain/v1/entries?model=M-1")["entries"][0]["hits"] == 3,
            "three hits are counted",
        )

    def test_f28_the_query_log(self):
        self.start()
        self.insert([("a", "A")])
        self.query("b")
        self.query("e")
        miss, hit = self.log()
        self.assertEqual((hit["cache_hit"], hit["hit_query"], hit["answer"]),
                         (True, "user###a", "A"))
        self.assertEqual(json.loads(hit["query"]), [said("b")])
        self.assertEqual((miss["cache_hit"], miss["error_code"], miss["model"]), (False, 0, "M-1"))
        self.assertGreaterEqual(miss["delta_time"], 0)
        self.start()
        self.assertEqual(len(self.log()), 2)
        self.remove(remove_type="truncate_by_model")
        self.assertEqual(self.log(), [])

    def test_f31_f39_workers_embed_side_by_side_and_the_report_has_their_time(self):
        names = [f"q{i}" for i in range(8)]
        self.start("--modelcache-workers", "4", vectors={name: [0, 1] for name in names},
                   delays={name: 100 for name in names})
        self.insert([("a", "A")])
        replies = []
        threads = [
            threading.Thread(target=lambda name=name: replies.append(self.answer(name)))
            for name in [*names, "a text without a vector"]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(replies, key=str), [201] + [None] * 8)
        report = self.refrain.json("/refrain/v1/answers/report")
        self.assertEqual(report["embedded"], 8)
        self.assertGreaterEqual(report["average_embedding_ms"], 100)
        # 800 ms one after the other, 200 with four workers; the machine may be busy.
        self.assertLess(max(row["delta_time"] for row in self.log()), 0.7)

    def test_f31_no_workers_are_refused(self):
        with self.assertRaisesRegex(RuntimeError, "workers"):
            self.start("--modelcache-workers", "0")

    def test_f32_a_bulk_insert_is_whole_or_nothing(self):
        many = {f"q{i}": at(0) for i in range(100)}
        self.start(vectors=many)
        self.assertEqual(self.insert([(name, name) for name in many]), OK)
        self.assertEqual(self.answer("q99"), "q99")
        mixed = [("x", "X"), ("a text without a vector", "B")]
        self.assertEqual(self.insert(mixed)["errorCode"], 301)
        self.assertEqual(self.answer("x"), None)
        self.insert([("q1", "new"), ("q1", "newest")])
        self.assertEqual(self.answer("q1"), "newest")
        self.assertEqual(self.refrain.json("/refrain/v1/stats")["entries"], 100)

    def test_f35_a_remote_embedder(self):
        vectors = {"a": [1, 0], "b": at(0.95), "dimension": [1, 0]}

        def reply(handler, body):
            data = [{"embedding": vectors[text]} for text in body["input"]]
            send_json(handler, {"data": data})

        server = Scripted(reply)
        self.addCleanup(server.stop)
        self.refrain = Refrain("--modelcache-semantic", "threshold",
                               "--embedder", "http:" + server.url, data=self.folder + "/data")
        self.insert([("a", "A")])
        self.assertEqual(self.answer("b"), "A")

    def test_f38_what_was_acknowledged_survives_kill_9(self):
        self.start()
        self.insert([("a", "A"), ("x", "X")])
        self.remove(remove_type="delete_by_id", id_list=[self.ids()["x"]])
        self.refrain.kill()
        self.start()
        self.assertEqual([self.answer(text) for text in "abx"], ["A", "A", None])

    def test_f24_a_remote_reranker_of_either_shape_turns_the_order(self):
        def reply(handler, body):
            texts = body.get("texts") or body["documents"]
            name = "score" if "texts" in body else "relevance_score"
            rows = [{"index": i, name: float(text == "d")} for i, text in enumerate(texts)]
            send_json(handler, rows if "texts" in body else {"results": rows})

        server = Scripted(reply)
        self.addCleanup(server.stop)
        for path in ("", "/v2/rerank"):
            with self.subTest(path):
                self.start("--modelcache-top-k", "3", "--modelcache-threshold-short", "0.7",
                           "--modelcache-reranker", server.url + path)
                self.insert([("b", "B"), ("d", "D")], "rerank" + path)
                self.assertEqual(self.answer("a", "rerank" + path), "D")

    def test_f33_an_embedder_of_another_dimension_is_reported(self):
        self.start()
        self.insert([("a", "A")])
        self.stop()
        table = write_table(self.folder, {"a": [1, 0, 0], "b": [0.99, 0.1, 0]})
        self.refrain = Refrain("--modelcache-semantic", "threshold", "--embedder",
                               "table:" + table, data=self.folder + "/data")
        self.assertRegex(self.refrain.stderr(), "level=warn.*(embedder|vectors)")
        self.assertEqual((self.answer("a"), self.answer("b")), ("A", None))

    def test_f40_a_map_only_server_keeps_exact_keys_over_a_clean_stop(self):
        file = self.folder + "/answers.map"
        self.refrain = Refrain("--map", file, data=":memory:")
        self.insert([("a", "A"), ("x", "X")])
        self.assertEqual((self.answer("a"), self.answer("b")), ("A", None))
        self.stop()
        self.refrain = Refrain("--map", file, data=":memory:")
        self.assertEqual((self.answer("a"), self.answer("x")), ("A", "X"))
        entries = self.refrain.json("/refrain/v1/entries?model=M-1")["entries"]
        self.remove(remove_type="delete_by_id", id_list=[entries[1]["id"]])
        self.stop()
        self.refrain = Refrain("--map", file, data=":memory:")
        self.assertEqual((self.answer("a"), self.answer("x")), ("A", None))

    def test_a_reference_database_is_imported(self):
        self.start(vectors={"one": [0, 1], "two": [0, -1]})
        file = self.folder + "/sqlite.db"
        with contextlib.closing(sqlite3.connect(file)) as database:
            database.execute(
                "CREATE TABLE modelcache_llm_answer (id INTEGER PRIMARY KEY AUTOINCREMENT, "
                "gmt_create TEXT, gmt_modified TEXT, question TEXT NOT NULL, answer TEXT NOT NULL, "
                "answer_type INTEGER NOT NULL, hit_count INTEGER NOT NULL DEFAULT 0, "
                "model VARCHAR(1000) NOT NULL, embedding_data BLOB NOT NULL)"
            )
            rows = [("user: a", "old", "M_1"), ("user: a", "A", "M_1"),
                    ("system###s|||user###one", "1", "M_1"), ("user: two", "2", "M_2")]
            database.executemany(
                "INSERT INTO modelcache_llm_answer(question, answer, answer_type, model, "
                "embedding_data) VALUES(?, ?, 0, ?, x'0000803f')", rows)
            database.commit()
        done = self.refrain.run("import", "modelcache-sqlite", file, "--json")
        self.assertEqual(json.loads(done.stdout), {"imported": 4, "models": 2, "skipped": 0})
        self.assertEqual(self.answer("a", "M_1"), "A")
        self.assertEqual(self.answer([said("s", "system"), said("one")], "M_1"), "1")
        self.assertEqual(self.answer("two", "M_2"), "2")
        missing = self.refrain.run("import", "modelcache-sqlite", file + "x")
        self.assertNotEqual(missing.returncode, 0)

    def multi(self, kind, query=None, **more):
        body = {"request_type": kind, "scope": {"model": "M-1"}, **more}
        if query:
            body["query"] = query
        return json.loads(self.refrain.request("/multicache", json.dumps(body))[2])

    def test_f41_images_and_texts_are_apart_and_known_again_after_a_restart(self):
        self.start()
        image = {"imageRaw": picture(), "multiType": "IMG_TEXT", "imageId": "i1"}
        both = {**image, "text": ["a"]}
        info = [{"query": both, "answer": "both"}]
        self.assertEqual(self.multi("insert", chat_info=info), OK)
        text = {"text": ["a"], "multiType": "TEXT"}
        self.assertFalse(self.multi("query", text)["cacheHit"])
        hit = self.multi("query", both)
        self.assertEqual(
            (hit["answer"], hit["hit_query"]),
            ("both", {"image_url": "", "image_id": "i1", "question": "a"}),
        )
        self.start()
        brighter = {**both, "imageRaw": picture(20)}
        self.assertEqual(self.multi("query", brighter)["answer"], "both")
        wrong = self.multi("query", {**both, "imageUrl": "http://127.0.0.1/a.png"})
        self.assertEqual((wrong["errorCode"], wrong["cacheHit"]), (301, False))
        self.multi("remove", remove_type="truncate_by_model")
        self.assertFalse(self.multi("query", brighter)["cacheHit"])

    def test_verified_mode_is_the_default_and_refuses_what_a_threshold_serves(self):
        words = {"How do I turn the light on?": [1, 0], "How do I turn the light off?": at(0.98),
                 "How do I turn the light on": at(0.99)}
        table = write_table(self.folder, words)
        self.refrain = Refrain("--embedder", "table:" + table, data=self.folder + "/data")
        self.insert([("How do I turn the light on?", "on")])
        self.assertEqual(self.answer("How do I turn the light off?"), None)
        self.assertEqual(self.answer("How do I turn the light on"), "on")
        self.assertEqual(self.refrain.metric("answers_hits_total"), 1)

    def test_f45_the_greeting(self):
        self.start()
        self.assertEqual(self.refrain.request("/welcome")[2], "hello, modelcache!")


if __name__ == "__main__":
    unittest.main()
