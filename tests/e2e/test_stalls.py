"""An upstream that falls silent, and clients that leave before it is done."""

import json
import unittest

from support import Refrain, question
from upstreams import Stalling

LIMITS = (
    "--upstream-first-byte-timeout",
    "300ms",
    "--upstream-idle-timeout",
    "300ms",
    "--answer-deadline",
    "1s",
)


class Stalls(unittest.TestCase):
    def setUp(self):
        self.upstream = Stalling()
        self.refrain = Refrain("--upstream", self.upstream.url, "--embedder", "off", *LIMITS)

    def tearDown(self):
        self.upstream.go.set()
        self.refrain.stop()
        self.upstream.stop()

    def ask(self, text, **more):
        return self.refrain.request("/v1/chat/completions", question(text, **more))

    def assert_late(self, text, sentence, **more):
        """Twice, as what went wrong must not be kept."""
        for turn in (1, 2):
            status, headers, body = self.ask(text, **more)
            self.assertEqual((status, headers["x-refrain-cache"]), (504, "miss"))
            error = json.loads(body)["error"]
            self.assertEqual((error["type"], error["code"]), ("server_error", "deadline"))
            self.assertEqual(error["message"], f"upstream {self.upstream.url}: {sentence}")
            self.assertEqual(self.upstream.count, turn)

    def test_a_stream_that_never_begins_is_a_504(self):
        self.assert_late("silent", "no byte of a reply within 300 ms", stream=True)

    def test_a_stream_with_a_head_only_is_a_504_too(self):
        self.assert_late("headless", "no byte of a reply within 300 ms", stream=True)

    def test_a_whole_reply_has_the_time_of_an_answer_not_of_a_first_byte(self):
        self.assert_late("silent", "not done after 1000 ms")

    def test_a_stream_that_falls_silent_ends_in_an_error_event_and_is_not_kept(self):
        for turn in (1, 2):
            status, headers, body = self.ask("half", stream=True)
            self.assertEqual((status, headers["x-refrain-cache"]), (200, "miss"))
            last = json.loads(body.strip().split("\n\n")[-1].removeprefix("data: "))
            self.assertIn("Hel", body)
            self.assertNotIn("[DONE]", body)
            self.assertIn("no byte for 300 ms", last["error"]["message"])
            self.assertEqual(self.upstream.count, turn)

    def test_a_stream_that_falls_silent_is_a_504_for_who_wants_it_whole(self):
        status, _, body = self.refrain.request(
            "/v1/chat/completions", question("half of it", stream=False)
        )
        self.assertEqual(status, 504, body)

    def test_other_doors_say_it_in_their_own_words(self):
        status, _, body = self.refrain.request("/tgi/generate", {"inputs": "silent"})
        self.assertEqual((status, json.loads(body)["error_type"]), (504, "generation"), body)
        status, _, body = self.refrain.request("/generate", {"inputs": "silent", "user_id": "u"})
        self.assertEqual((status, json.loads(body)["status_code"]), (504, 504), body)

    def test_the_server_is_well_after_it(self):
        self.ask("silent", stream=True)
        self.assertEqual(self.ask("quick")[0], 200)
        self.assertEqual(self.refrain.metric("fetch_deadline_total"), 1)
        self.assertEqual(self.refrain.metric("answers_failed_total"), 1)
        self.assertEqual(self.refrain.metric("flights"), 0)


class Leaving(unittest.TestCase):
    def setUp(self):
        self.upstream = Stalling()
        self.refrain = Refrain("--upstream", self.upstream.url, "--embedder", "off")

    def tearDown(self):
        self.upstream.go.set()
        self.refrain.stop()
        self.upstream.stop()

    def begin(self):
        """A client that has read the first event of a stream."""
        reply = self.refrain.stream("/v1/chat/completions", question("slow", stream=True))
        self.assertIn(b"one", reply.readline())
        return reply

    def test_when_the_last_reader_leaves_the_upstream_is_left_too(self):
        self.begin().leave()
        self.assertTrue(self.upstream.gone.wait(30), "the upstream's stream was never closed")
        self.refrain.wait_until(
            lambda: self.refrain.metric("http_clients_left_total") == 1
            and self.refrain.metric("fetch_cancelled_total") == 1
            and self.refrain.metric("flights") == 0,
            "the client was counted, the transfer cancelled and the flight gone",
        )
        self.upstream.go.set()
        again = question("slow", stream=True)
        _, headers, body = self.refrain.request("/v1/chat/completions", again)
        self.assertEqual(headers["x-refrain-cache"], "miss")
        self.assertTrue(body.endswith("data: [DONE]\n\n"))

    def test_readers_who_stay_get_the_whole_answer(self):
        first, second = self.begin(), self.begin()
        self.assertEqual(second.headers["x-refrain-cache"], "coalesced")
        first.leave()
        self.refrain.wait_until(
            lambda: self.refrain.metric("http_clients_left_total") == 1, "the client was counted"
        )
        self.upstream.go.set()
        self.assertTrue(second.read().endswith(b"data: [DONE]\n\n"))
        second.leave()
        self.assertFalse(self.upstream.gone.is_set())
        self.assertEqual(self.upstream.count, 1)
        _, headers, _ = self.refrain.request("/v1/chat/completions", question("slow", stream=True))
        self.assertEqual(headers["x-refrain-cache"], "hit")


if __name__ == "__main__":
    unittest.main()
