"""The clients that people use, through Refrain, in front of a real llama-server."""

import asyncio
import subprocess
import unittest

import openai

from support import LlamaServer, Refrain

MESSAGES = [{"role": "user", "content": "What is a cache?"}]
SETTINGS = {"model": "tiny", "temperature": 1, "seed": 1, "max_tokens": 200}


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.llama = LlamaServer()
        cls.refrain = Refrain(
            "--upstream", cls.llama.url, "--embedder", "off", "--default-model", "tiny"
        )
        cls.client = openai.OpenAI(base_url=cls.refrain.url + "/v1", api_key="sk-test")

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.refrain.stop()
        cls.llama.stop()

    def raw(self, **more):
        reply = self.client.chat.completions.with_raw_response.create(
            messages=MESSAGES, **{**SETTINGS, **more}
        )
        return reply.headers, reply.parse()

    def same(self, miss, hit, volatile=("id", "created")):
        one, two = miss.model_dump(), hit.model_dump()
        for name in volatile:
            self.assertIn(name, one)
            one.pop(name), two.pop(name)
        self.assertEqual(one, two)

    def test_a_hit_equals_its_miss_but_for_id_and_created(self):
        headers, miss = self.raw(seed=2)
        self.assertEqual(headers["x-refrain-cache"], "miss")
        headers, hit = self.raw(seed=2)
        self.assertEqual(headers["x-refrain-cache"], "hit")
        self.assertEqual(headers["x-refrain-tier"], "exact")
        self.assertIn("hit", headers["cache-status"])
        self.assertIn("age", headers)
        self.assertNotEqual(miss.id, hit.id)
        self.same(miss, hit)
        self.assertGreater(miss.usage.total_tokens, 0)

    def test_a_streamed_hit_equals_its_miss_chunk_by_chunk(self):
        def chunks():
            return list(
                self.client.chat.completions.create(
                    messages=MESSAGES,
                    stream=True,
                    stream_options={"include_usage": True},
                    **SETTINGS
                )
            )

        miss, hit = chunks(), chunks()
        self.assertEqual(len(miss), len(hit))
        self.assertEqual(len({chunk.id for chunk in hit}), 1)
        self.assertNotEqual(miss[0].id, hit[0].id)
        for one, two in zip(miss, hit):
            self.same(one, two)
        self.assertEqual(hit[-1].choices, [])
        self.assertGreater(hit[-1].usage.completion_tokens, 0)

    def test_a_stream_and_a_whole_reply_share_one_entry(self):
        text = "".join(
            chunk.choices[0].delta.content or ""
            for chunk in self.client.chat.completions.create(
                messages=MESSAGES, stream=True, **{**SETTINGS, "seed": 3}
            )
            if chunk.choices
        )
        headers, whole = self.raw(seed=3)
        self.assertEqual(headers["x-refrain-cache"], "hit")
        self.assertEqual(whole.choices[0].message.content, text)

    def test_usage_is_not_shown_to_a_stream_that_did_not_ask(self):
        for _ in range(2):
            for chunk in self.client.chat.completions.create(
                messages=MESSAGES, stream=True, **{**SETTINGS, "seed": 4}
            ):
                self.assertEqual(len(chunk.choices), 1)

    def test_the_async_client_streams(self):
        async def ask():
            async with openai.AsyncOpenAI(
                base_url=self.refrain.url + "/v1", api_key="sk-test"
            ) as client:
                stream = await client.chat.completions.create(
                    messages=MESSAGES, stream=True, **{**SETTINGS, "seed": 5}
                )
                return [chunk.choices[0].delta.content async for chunk in stream if chunk.choices]

        self.assertEqual(asyncio.run(ask()), asyncio.run(ask()))

    def test_completions_are_cached(self):
        def ask():
            return self.client.completions.with_raw_response.create(
                model="tiny", prompt="Once", temperature=1, seed=1, max_tokens=200
            )

        miss, hit = ask(), ask()
        self.assertEqual(hit.headers["x-refrain-cache"], "hit")
        self.same(miss.parse(), hit.parse())

    def test_models_are_passed_through(self):
        self.assertTrue(list(self.client.models.list()))

    def test_an_upstream_error_is_passed_on_as_it_came(self):
        with self.assertRaises(openai.BadRequestError):
            self.client.chat.completions.create(model="tiny", messages=[{"role": 7, "content": []}])

    def test_curl_streams_events_and_a_terminal_mark(self):
        body = (
            '{"model":"tiny","stream":true,"seed":8,"temperature":1,"max_tokens":100,'
            '"messages":[{"role":"user","content":"Hi"}]}'
        )
        command = ["curl", "-sN", self.refrain.url + "/v1/chat/completions", "-d", body]
        first = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        again = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self.assertTrue(first.endswith("data: [DONE]\n\n"))
        self.assertEqual(first.count("data: "), again.count("data: "))


if __name__ == "__main__":
    unittest.main()
