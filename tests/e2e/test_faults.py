"""What goes wrong at upstream, client and disk: each a clear reply, nothing lost."""

import concurrent.futures
import json
import os
import shutil
import socket
import tempfile
import unittest

from support import Refrain, Scripted, chat_reply, free_port, question, send_json


def chunk(**delta):
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {
        "id": "up",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }


def reply(handler, body):
    text = body["messages"][-1]["content"] if "messages" in body else ""
    if "[429]" in text:
        return send_json(handler, {"error": {"message": "slow down"}}, 429, {"retry-after": "7"})
    if "[500]" in text:
        return send_json(handler, {"error": {"message": "broken"}}, 500)
    if "[error200]" in text:
        return send_json(handler, {"error": {"message": "in disguise"}})
    if "[length]" in text:
        return send_json(handler, chat_reply("cut short", "length"))
    if "[cut]" in text or "[bytes]" in text:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        events = [chunk(role="assistant", content=""), chunk(content="Hel"), chunk(content="lo")]
        events[-1]["choices"][0]["finish_reason"] = None if "[cut]" in text else "stop"
        stream = "".join("data: " + json.dumps(event) + "\n\n" for event in events)
        if "[bytes]" in text:
            stream += "data: [DONE]\n\n"
        for byte in stream.encode():
            handler.wfile.write(b"1\r\n" + bytes([byte]) + b"\r\n")
        if "[cut]" in text:
            handler.close_connection = True
            return handler.connection.shutdown(socket.SHUT_RDWR)
        return handler.wfile.write(b"0\r\n\r\n")
    if "[wrong-length]" in text:
        data = json.dumps(chat_reply("short")).encode()
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(data) + 50))
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = True
        return None
    return send_json(handler, chat_reply(f"answer {handler.number}"))


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Scripted(reply)
        cls.refrain = Refrain("--upstream", cls.upstream.url, "--embedder", "off")

    @classmethod
    def tearDownClass(cls):
        cls.refrain.stop()
        cls.upstream.stop()

    def ask(self, text, headers=None, **more):
        return self.refrain.request("/v1/chat/completions", question(text, **more), headers)

    def assert_never_kept(self, text, **more):
        before = self.upstream.count
        for _ in range(2):
            status, headers, body = self.ask(text, **more)
            self.assertNotEqual(headers["x-refrain-cache"], "hit")
        self.assertGreaterEqual(self.upstream.count - before, 2)
        return status, headers, body

    def test_a_429_is_passed_on_with_its_retry_after(self):
        status, headers, body = self.assert_never_kept("[429]")
        self.assertEqual((status, headers["retry-after"]), (429, "7"))
        self.assertEqual(json.loads(body)["error"]["message"], "slow down")

    def test_a_500_is_passed_on(self):
        status, _, body = self.assert_never_kept("[500]")
        self.assertEqual((status, json.loads(body)["error"]["message"]), (500, "broken"))

    def test_an_error_object_in_a_200_is_passed_on_and_not_kept(self):
        status, _, body = self.assert_never_kept("[error200]")
        self.assertEqual((status, json.loads(body)["error"]["message"]), (200, "in disguise"))

    def test_a_truncated_answer_is_not_kept(self):
        self.assert_never_kept("[length]")

    def test_a_cut_stream_ends_in_an_error_event_and_is_not_kept(self):
        _, _, body = self.assert_never_kept("[cut]", stream=True)
        self.assertIn("Hel", body)
        self.assertIn('"error"', body)
        self.assertNotIn("[DONE]", body)

    def test_a_reply_shorter_than_its_length_is_a_502(self):
        status, _, body = self.assert_never_kept("[wrong-length]")
        self.assertEqual(status, 502)
        self.assertIn("message", json.loads(body)["error"])

    def test_events_split_at_every_byte_arrive_whole(self):
        status, _, body = self.ask("[bytes]", stream=True)
        self.assertEqual(status, 200)
        self.assertTrue(body.endswith("data: [DONE]\n\n"))
        self.assertEqual(self.ask("[bytes]", stream=True)[1]["x-refrain-cache"], "hit")

    def test_equal_questions_at_once_ask_the_model_once(self):
        before = self.upstream.count
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            replies = list(pool.map(lambda _: self.ask("all at once"), range(20)))
        self.assertEqual(self.upstream.count - before, 1)
        self.assertEqual(
            len({json.loads(body)["choices"][0]["message"]["content"] for _, _, body in replies}), 1
        )

    def test_an_upstream_that_is_not_there_is_a_502_with_its_address(self):
        url = f"http://127.0.0.1:{free_port()}"
        refrain = Refrain("--upstream", url, "--embedder", "off")
        try:
            status, _, body = refrain.request("/v1/chat/completions", question("x"))
            self.assertEqual(status, 502)
            self.assertIn(url, json.loads(body)["error"]["message"])
        finally:
            refrain.stop()

    def test_only_if_cached_is_a_504_on_a_miss(self):
        status, _, body = self.ask("never asked", {"cache-control": "only-if-cached"})
        self.assertEqual(status, 504)
        self.assertIn("only-if-cached", body)

    def test_no_store_neither_reads_nor_writes(self):
        self.ask("private", {"cache-control": "no-store"})
        self.assertEqual(self.ask("private")[1]["x-refrain-cache"], "miss")

    def test_refresh_asks_again_and_keeps_the_new_answer(self):
        self.ask("changing")
        _, headers, fresh = self.ask("changing", {"x-refrain-cache": "refresh"})
        self.assertEqual(headers["x-refrain-cache"], "refresh")
        _, headers, hit = self.ask("changing")
        self.assertEqual(headers["x-refrain-cache"], "hit")
        self.assertEqual(json.loads(fresh)["choices"], json.loads(hit)["choices"])

    def test_parameters_models_and_keys_never_share_an_answer(self):
        self.ask("shared?")
        self.assertEqual(self.ask("shared?", max_tokens=7)[1]["x-refrain-cache"], "miss")
        self.assertEqual(
            self.ask("shared?", {"authorization": "Bearer other"})[1]["x-refrain-cache"], "miss"
        )
        self.assertEqual(self.ask("shared?")[1]["x-refrain-cache"], "hit")

    def test_bad_input_is_told_in_the_doors_own_words(self):
        for body in (
            b"{",
            b"[]",
            b'{"model":1}',
            b'{"model":"m","messages":"x"}',
            b"\xff",
            b'{"a":' * 100 + b"1" + b"}" * 100,
        ):
            status, _, text = self.refrain.request("/v1/chat/completions", body)
            self.assertIn(status, (400, 413), body[:40])
            self.assertTrue(json.loads(text)["error"]["message"])
        status, _, text = self.refrain.request("/tgi/generate", b'{"inputs":7}')
        self.assertEqual((status, json.loads(text)["error_type"]), (422, "validation"))
        status, headers, _ = self.refrain.request("/v1/chat/completions")
        self.assertEqual((status, headers["allow"]), (405, "POST"))
        self.assertEqual(self.refrain.request("/nowhere")[0], 404)

    def test_a_body_over_its_limit_is_a_413(self):
        refrain = Refrain("--embedder", "off", "--body-max", "1KiB")
        try:
            self.assertEqual(refrain.request("/v1/chat/completions", question("x" * 5000))[0], 413)
        finally:
            refrain.stop()

    def test_a_failing_embedder_costs_only_the_hit(self):
        refrain = Refrain(
            "--upstream", self.upstream.url, "--embedder", "table:" + self.table({"known": [1, 0]})
        )
        try:
            # Where nothing is stored, the embedder is not asked at all.
            entry = {"question": "known", "answer": "yes", "model": "m"}
            self.assertEqual(refrain.request("/refrain/v1/entries", entry)[0], 200)
            status, headers, _ = refrain.request("/v1/chat/completions", question("unknown"))
            self.assertEqual((status, headers["x-refrain-cache"]), (200, "miss"))
            self.assertIn("refrain_semantic_errors_total 1", refrain.request("/metrics")[2])
        finally:
            refrain.stop()

    def table(self, vectors):
        folder = tempfile.mkdtemp(prefix="refrain-table-")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "t.jsonl")
        with open(path, "w", encoding="utf-8") as out:
            for text, vector in vectors.items():
                out.write(json.dumps({"text": text, "vector": vector}) + "\n")
        return path


if __name__ == "__main__":
    unittest.main()
