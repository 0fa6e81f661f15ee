"""A model served by Refrain itself: the clients that people use, and prompts read only once."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import huggingface_hub
import openai

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "clients" / "python"))

# The client of this repository, not one that is installed.
import refrain  # noqa: E402
from refrain.models import RefrainEngine  # noqa: E402
from support import Refrain  # noqa: E402

GREEDY = {"model": "tiny-llm", "temperature": 0, "extra_body": {"ignore_eos": True}}
LONG = "Rules of the house: " + "be kind and brief and say what is true. " * 12


def make_model(folder, shape="gqa"):
    model = str(pathlib.Path(folder) / f"{shape}.gguf")
    subprocess.run(
        [os.environ["TINY_LLM"], "--seed", "7", "--shape", shape, "--out", model], check=True
    )
    return model


def ask(text):
    return [{"role": "system", "content": LONG}, {"role": "user", "content": text}]


class Engine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="refrain-engine-")
        cls.refrain = Refrain(
            *["--model", make_model(cls.folder), "--embedder", "off"],
            *["--model-threads", "1", "--reuse", "always", "--ctx", "4096"],
        )
        cls.client = openai.OpenAI(base_url=cls.refrain.url + "/v1", api_key="sk-test")

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.refrain.stop()
        shutil.rmtree(cls.folder)

    def chat(self, text, **more):
        reply = self.client.chat.completions.with_raw_response.create(
            messages=ask(text), **{"max_tokens": 12, **GREEDY, **more}
        )
        return reply.headers, reply.parse()

    def test_a_prompt_that_begins_like_an_earlier_one_is_not_read_again(self):
        headers, first = self.chat("one")
        self.assertIn(headers["x-refrain-reuse"], ("none", "prefix"))
        headers, second = self.chat("two")
        self.assertEqual(headers["x-refrain-cache"], "miss")
        self.assertEqual(headers["x-refrain-reuse"], "prefix")
        cached = second.usage.prompt_tokens_details.cached_tokens
        self.assertEqual(int(headers["x-refrain-reused-tokens"]), cached)
        self.assertGreater(cached, second.usage.prompt_tokens // 2)
        self.assertEqual(
            cached + int(headers["x-refrain-prefilled-tokens"]), second.usage.prompt_tokens
        )
        self.assertEqual(first.choices[0].finish_reason, "length")
        decision = self.explain(headers)
        self.assertEqual(decision["reuse"]["rung"], "prefix")
        self.assertEqual(decision["reuse"]["reused_tokens"], cached)
        self.assertTrue(decision["reuse"]["reasons"])

    def explain(self, headers):
        path = "/refrain/v1/explain/" + headers["x-refrain-request-id"]
        return self.refrain.json(path, headers={"authorization": "Bearer sk-test"})

    def test_the_answer_cache_stands_in_front(self):
        end = {"temperature": 1, "seed": 4, "max_tokens": 900, "extra_body": {}}
        headers, miss = self.chat("cached?", **end)
        self.assertEqual(miss.choices[0].finish_reason, "stop")
        headers, hit = self.chat("cached?", **end)
        self.assertEqual(headers["x-refrain-cache"], "hit")
        self.assertNotIn("x-refrain-reuse", headers)
        self.assertEqual(hit.choices, miss.choices)

    def test_a_stream_is_the_same_text_and_tells_its_usage(self):
        _, whole = self.chat("stream")
        chunks = list(
            self.client.chat.completions.create(
                messages=ask("stream"),
                max_tokens=12,
                stream=True,
                stream_options={"include_usage": True},
                **GREEDY,
            )
        )
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        self.assertEqual(text, whole.choices[0].message.content)
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        self.assertEqual(chunks[-1].usage.completion_tokens, 12)

    def test_eight_streams_at_once_answer_as_each_alone(self):
        texts = [f"question number {i}" for i in range(8)]

        def run(text):
            more = {"max_tokens": 24, "extra_headers": {"x-refrain-cache": "off"}}
            return self.chat(text, **more)[1].choices[0].message.content

        alone = [run(text) for text in texts]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            together = list(pool.map(run, texts))
        self.assertEqual(alone, together)

    def test_choices_log_probabilities_and_formats(self):
        _, several = self.chat("n", n=3, temperature=1.3, seed=3)
        self.assertEqual(len({choice.message.content for choice in several.choices}), 3)
        _, likely = self.chat("logprobs", logprobs=True, top_logprobs=2)
        content = likely.choices[0].logprobs.content
        self.assertEqual("".join(t.token for t in content), likely.choices[0].message.content)
        self.assertEqual(len(content[0].top_logprobs), 2)
        schema = {
            "type": "object",
            "properties": {"yes": {"type": "boolean"}},
            "required": ["yes"],
            "additionalProperties": False,
        }
        _, formed = self.chat(
            "json",
            max_tokens=400,
            extra_body={},
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "x", "schema": schema},
            },
        )
        self.assertIn(json.loads(formed.choices[0].message.content)["yes"], (True, False))

    def test_completions_stop_and_echo(self):
        def complete(**more):
            return self.client.completions.create(
                prompt="Once upon a time", max_tokens=20, **{**GREEDY, **more}
            )

        whole = complete().choices[0].text
        stop = whole[8:12]
        cut = complete(stop=[stop]).choices[0]
        self.assertEqual(cut.text, whole[: whole.index(stop)])
        self.assertEqual(cut.finish_reason, "stop")
        self.assertTrue(complete(echo=True).choices[0].text.startswith("Once upon a time"))

    def test_a_prompt_beyond_the_context_is_a_clear_400(self):
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat("word " * 6000)
        self.assertIn("the context takes 4096", str(caught.exception))

    def test_models_are_listed(self):
        self.assertEqual([m.id for m in self.client.models.list()], ["tiny-llm"])
        self.assertEqual(self.client.models.retrieve("tiny-llm").object, "model")
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("other")

    def test_tgi_and_gkv_clients_are_served(self):
        hub = huggingface_hub.InferenceClient(self.refrain.url + "/tgi")
        text = hub.text_generation("Once upon", max_new_tokens=8)
        streamed = "".join(hub.text_generation("Once upon", max_new_tokens=8, stream=True))
        self.assertEqual(text, streamed)
        info = self.refrain.json("/tgi/info")
        self.assertEqual(info["model_id"], "tiny-llm")
        body = {"inputs": "Once upon", "user_id": "u", "parameters": {"max_new_tokens": 8}}
        self.assertEqual(self.refrain.json("/generate", body)["generated_text"], text)

    def test_the_semsharekv_door_answers_to_the_letter(self):
        clear = self.refrain.json("/v1/cache/clear", {}, method="POST")
        self.assertEqual(clear, {"ok": True})
        body = {"prompt": "Once upon a time", "temperature": 0, "max_new_tokens": 6}
        reply = self.refrain.json("/v1/generate", body)
        self.assertTrue(reply["text"].startswith("Once upon a time"))
        self.assertEqual(
            (reply["used_semshare"], reply["cache_hit"], reply["ref_key"], reply["retrieved_sim"]),
            (False, False, None, None),
        )
        self.assertRegex(reply["store_key"], r"^p[0-9a-f]{8}$")
        self.assertRegex(reply["run_key"], r"^[HM]_\d+ms_\d+_.+$")
        bypass = self.refrain.json("/v1/generate", {**body, "use_semshare": False})
        self.assertEqual(bypass["text"], reply["text"])
        named = self.refrain.json("/v1/generate", {**body, "store_key": "k1"})
        self.assertEqual(named["store_key"], "k1")
        stats = self.refrain.json("/v1/cache/stats")
        self.assertEqual(stats, {"items": 2, "keys": [reply["store_key"], "k1"]})

    def test_operators_see_and_clear_computed_prompts(self):
        headers, reply = self.chat("operators")
        admin = {"authorization": "Bearer sk-test"}
        path = "/refrain/v1/engine/entries/"
        entry = self.refrain.json(path + headers["x-refrain-kv-entry"], headers=admin)
        self.assertTrue(entry["hit"])
        self.assertEqual(entry["req_id"], headers["x-refrain-request-id"])
        self.assertEqual(entry["prefix_pos"], reply.usage.prompt_tokens)
        self.assertEqual(self.refrain.json(path + "unknown", headers=admin), {"hit": False})
        before = self.refrain.json("/refrain/v1/engine/statistics", headers=admin)
        self.assertGreater(before["prefilled_tokens"], 0)
        for name in ("entries", "hits", "misses", "stores", "evictions"):
            self.assertIn(name, before)
        cleared = self.refrain.json("/refrain/v1/engine/clear", {}, admin, method="POST")
        self.assertTrue(cleared["success"])
        ready = self.refrain.json("/ready")
        self.assertTrue(ready["engine"]["reuse_restored"])
        metrics = self.refrain.request("/metrics")[2]
        self.assertIn("refrain_engine_prefilled_tokens_total", metrics)


class PythonClient(unittest.TestCase):
    """clients/python with this engine: prompts by name, in any process, after a restart."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="refrain-engine-")
        self.model = make_model(self.folder)
        self.data = str(pathlib.Path(self.folder) / "data")
        self.start()

    def start(self):
        self.refrain = Refrain(
            *["--model", self.model, "--embedder", "off", "--model-threads", "1"],
            *["--reuse", "always", "--ctx", "4096"],
            data=self.data,
        )

    def tearDown(self):
        self.refrain.stop()
        shutil.rmtree(self.folder)

    def lm(self, url=None):
        return refrain.pipeline(RefrainEngine(url or self.refrain.url, "tiny-llm"))

    def test_a_named_prompt_is_generated_behind_by_another_process_without_its_text(self):
        first = self.lm()
        full = first.generate(LONG + "Who?", 12)
        self.refrain.request("/refrain/v1/engine/clear", {}, method="POST")
        first.cache_and_upload_prompt(LONG, "house")
        self.assertEqual(first.stats["reused_tokens"], 0)
        kept = first.stats["prefilled_tokens"]
        self.refrain.stop()
        self.start()
        later = self.lm()
        self.assertEqual(later.generate_with_cache("house", "Who?", 12), full)
        self.assertGreaterEqual(later.stats["reused_tokens"], kept - 1)
        self.assertLess(later.stats["prefilled_tokens"], 12)
        objects = self.refrain.json("/refrain/v1/kv")["objects"]
        self.assertEqual([one["tokens"] for one in objects], [kept])

    def test_what_cannot_be_kept_or_found_is_an_error_with_the_reason(self):
        lm = self.lm()
        with self.assertRaises(refrain.PromptNotFound):
            lm.generate_with_cache("nothing", "x", 4)
        with self.assertRaisesRegex(refrain.CacheError, "400.*name"):
            lm.engine.keep(LONG, "a/b")
        with self.assertRaises(refrain.CacheError):
            self.lm("http://127.0.0.1:1").generate("x", 4)


class Limits(unittest.TestCase):
    def test_a_full_queue_is_503_and_a_client_that_leaves_frees_the_model(self):
        with tempfile.TemporaryDirectory() as folder:
            refrain = Refrain(
                *["--model", make_model(folder, "tied"), "--embedder", "off", "--parallel", "1"],
                *["--queue", "1", "--model-threads", "1"],
            )
            client = openai.OpenAI(base_url=refrain.url + "/v1", api_key="k", max_retries=0)
            try:
                self.fill(client)
            finally:
                client.close()
                refrain.stop()

    def fill(self, client):
        def stream(i):
            return client.completions.create(
                prompt=f"{i} times", max_tokens=3000, stream=True, **GREEDY
            )

        running = stream(0)
        next(iter(running))
        busy = 0
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            tries = [pool.submit(self.status, stream, i) for i in range(1, 7)]
            running.close()
            busy = sum(one.result() == 503 for one in tries)
        self.assertGreater(busy, 0)
        self.assertLess(busy, 6)

    @staticmethod
    def status(stream, i):
        try:
            stream(i).close()
            return 200
        except openai.APIStatusError as error:
            return error.status_code

    def test_a_model_and_an_upstream_together_are_refused(self):
        with self.assertRaises(RuntimeError) as caught:
            Refrain("--model", "x.gguf", "--upstream", "http://127.0.0.1:1")
        self.assertIn("'model'", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
