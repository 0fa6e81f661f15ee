"""huggingface_hub through /tgi, in front of a TGI and of an OpenAI-like server."""

import asyncio
import dataclasses
import json
import unittest

import huggingface_hub

from support import LlamaServer, Refrain, Scripted, send_json

WORDS = ["Deep", " learn", "ing", " is", " fun"]
SETTINGS = {"max_new_tokens": 5, "do_sample": True, "temperature": 1.0, "seed": 1}


def details(handler):
    return {
        "finish_reason": "length",
        "generated_tokens": len(WORDS),
        "seed": handler.number,
        "prefill": [],
        "tokens": [token(i) for i in range(len(WORDS))],
    }


def token(i):
    return {"id": 100 + i, "text": WORDS[i], "logprob": -0.25 * (i + 1), "special": False}


def tgi(handler, body):
    """A text-generation-inference of few words."""
    text = "".join(WORDS)
    if "[busy]" in body["inputs"]:
        return send_json(handler, {"error": "Model is overloaded", "error_type": "overloaded"}, 429)
    if not handler.path.endswith("_stream"):
        return send_json(handler, {"generated_text": text, "details": details(handler)})
    events = [{"index": i + 1, "token": token(i), "generated_text": None} for i in range(5)]
    last = {k: v for k, v in details(handler).items() if k not in ("prefill", "tokens")}
    events[-1].update(generated_text=text, details=last)
    data = "".join("data:" + json.dumps({"details": None, **event}) + "\n\n" for event in events)
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    return handler.wfile.write(data.encode())


class Both:
    """What must hold whoever is behind: `self.refrain` is in front of it."""

    def setUp(self):
        # A stream ends with its client: one that is let go closes what it was reading.
        self.client = huggingface_hub.InferenceClient(self.refrain.url + "/tgi")

    def twice(self, prompt, **more):
        """A miss and its hit."""
        replies = []
        for _ in range(2):
            reply = self.client.text_generation(prompt, **{**SETTINGS, **more})
            replies.append(list(reply) if more.get("stream") else reply)
        self.assertEqual(replies[0], replies[1])
        self.assertTrue(replies[0])
        return replies[1]

    def exact_hits(self):
        return self.refrain.metric('hits_total{tier="exact"}')

    def test_whole(self):
        before = self.exact_hits()
        self.assertIsInstance(self.twice("whole"), str)
        self.assertEqual(self.exact_hits() - before, 1)

    def test_whole_with_details(self):
        reply = self.twice("whole with details", details=True)
        self.assertIn(reply.details.finish_reason, ("length", "eos_token", "stop_sequence"))
        self.assertGreater(reply.details.generated_tokens, 0)
        self.assertTrue(reply.generated_text)

    def test_streamed(self):
        pieces = self.twice("streamed", stream=True)
        self.assertGreater(len(pieces), 1)
        self.assertEqual("".join(pieces), self.client.text_generation("streamed", **SETTINGS))

    def test_streamed_with_details(self):
        events = self.twice("streamed with details", stream=True, details=True)
        last = events[-1]
        self.assertTrue(all(event.generated_text is None for event in events[:-1]))
        text = "".join(event.token.text for event in events if not event.token.special)
        self.assertEqual(last.generated_text, text)
        self.assertIn(last.details.finish_reason, ("length", "eos_token", "stop_sequence"))

    def test_a_stream_and_a_whole_reply_share_one_entry(self):
        whole = self.twice("shared")
        before = self.exact_hits()
        pieces = self.client.text_generation("shared", stream=True, **SETTINGS)
        self.assertEqual("".join(pieces), whole)
        self.assertEqual(self.exact_hits() - before, 1)

    def test_the_async_client_streams(self):
        async def ask():
            client = huggingface_hub.AsyncInferenceClient(self.refrain.url + "/tgi")
            async with client:
                stream = await client.text_generation("async", stream=True, **SETTINGS)
                return [piece async for piece in stream]

        self.assertEqual(asyncio.run(ask()), asyncio.run(ask()))


class OverTgi(Both, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Scripted(tgi)
        cls.refrain = Refrain(
            "--upstream", cls.upstream.url, "--upstream-kind", "tgi", "--embedder", "off"
        )

    @classmethod
    def tearDownClass(cls):
        cls.refrain.stop()
        cls.upstream.stop()

    def test_tokens_and_log_probabilities_are_the_upstreams_own(self):
        reply = self.twice("tokens", details=True)
        tokens = [dataclasses.asdict(each) for each in reply.details.tokens]
        self.assertEqual([each["id"] for each in tokens], [100, 101, 102, 103, 104])
        self.assertEqual([each["logprob"] for each in tokens], [-0.25, -0.5, -0.75, -1.0, -1.25])
        events = self.client.text_generation("tokens", stream=True, details=True, **SETTINGS)
        self.assertEqual([event.token.text for event in events], WORDS)

    def test_an_overloaded_upstream_is_told_as_that(self):
        with self.assertRaises(huggingface_hub.errors.OverloadedError):
            self.client.text_generation("[busy]", **SETTINGS)

    def test_parameters_are_part_of_the_key(self):
        self.twice("keyed")
        before = self.upstream.count
        self.client.text_generation("keyed", **{**SETTINGS, "temperature": 0.5})
        self.assertEqual(self.upstream.count, before + 1)


class OverOpenai(Both, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.llama = LlamaServer()
        cls.refrain = Refrain("--upstream", cls.llama.url, "--embedder", "off")

    @classmethod
    def tearDownClass(cls):
        cls.refrain.stop()
        cls.llama.stop()

    def test_stop_words_end_it(self):
        settings = {"max_new_tokens": 30}
        for seed in range(100):
            text = self.client.text_generation("stop", **{**SETTINGS, **settings, "seed": seed})
            if len(text.split()) > 3:
                break
        word = text.split()[2]
        reply = self.twice("stop", details=True, stop=[word], seed=seed, **settings)
        # llama-server does not say of what kind the end was.
        self.assertEqual(reply.details.finish_reason, "eos_token")
        self.assertNotIn(word, reply.generated_text)


if __name__ == "__main__":
    unittest.main()
