"""/v1/embeddings: every input is cached on its own, in whatever batch it comes."""

import base64
import hashlib
import shutil
import struct
import tempfile
import unittest

import openai

from support import LlamaServer, Refrain, Scripted, send_json


def vector_of(text, body):
    """What the scripted model says: it depends on all that a key must depend on."""
    seed = f"{text}|{body['model']}|{body.get('dimensions', 4)}"
    digest = hashlib.sha256(seed.encode()).digest()
    return [byte / 128 - 1 for byte in digest[: body.get("dimensions", 4)]]


def embed(handler, body):
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    if inputs and isinstance(inputs[0], int):
        inputs = [inputs]
    data = []
    for i, text in enumerate(inputs):
        vector = vector_of(text, body)
        if body.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        data.append({"object": "embedding", "index": i, "embedding": vector})
    usage = {"prompt_tokens": 3 * len(inputs), "total_tokens": 3 * len(inputs)}
    body = {"object": "list", "model": body["model"], "data": data, "usage": usage}
    send_json(handler, body)


class Embeddings(unittest.TestCase):
    def setUp(self):
        self.upstream = Scripted(embed)
        self.refrain = Refrain("--upstream", self.upstream.url, "--embedder", "off")
        self.client = openai.OpenAI(base_url=self.refrain.url + "/v1", api_key="sk-test")

    def tearDown(self):
        self.client.close()
        self.refrain.stop()
        self.upstream.stop()

    def ask(self, texts, **more):
        reply = self.client.embeddings.with_raw_response.create(
            **{"model": "e", "input": texts, "encoding_format": "float", **more}
        )
        return reply.headers, reply.parse()

    def vectors(self, texts, **more):
        return [item.embedding for item in self.ask(texts, **more)[1].data]

    def asked(self):
        return [body["input"] for body in self.upstream.bodies]

    def test_only_the_misses_of_a_batch_go_upstream_and_the_order_stays(self):
        self.vectors(["b", "d"])
        headers, reply = self.ask(["a", "b", "c", "d", "e"])
        self.assertEqual(self.asked(), [["b", "d"], ["a", "c", "e"]])
        self.assertEqual(headers["x-refrain-cache"], "miss")
        self.assertEqual(headers["x-refrain-inputs-cached"], "2")
        self.assertEqual([item.index for item in reply.data], [0, 1, 2, 3, 4])
        body = {"model": "e"}
        for item, text in zip(reply.data, "abcde"):
            self.assertEqual(item.embedding, vector_of(text, body), text)
        self.assertEqual(reply.usage.total_tokens, 15)

    def test_a_batch_that_is_known_asks_nobody_and_is_a_hit(self):
        _, miss = self.ask(["a", "b"])
        headers, hit = self.ask(["a", "b"])
        self.assertEqual((headers["x-refrain-cache"], headers["x-refrain-tier"]), ("hit", "exact"))
        self.assertEqual(self.upstream.count, 1)
        self.assertEqual(miss.model_dump(), hit.model_dump())

    def test_one_text_is_the_same_alone_and_in_a_batch(self):
        alone = self.vectors("a")
        self.assertEqual(self.vectors(["x", "a"])[1], alone[0])
        self.assertEqual(self.asked(), ["a", ["x"]])

    def test_a_text_twice_in_a_batch_has_its_vector_twice(self):
        one, two, three = self.vectors(["a", "b", "a"])
        self.assertEqual(one, three)
        self.assertNotEqual(one, two)

    def test_the_clients_own_default_is_base64_and_gives_the_same_numbers(self):
        floats = self.vectors("a")
        packed = self.vectors("a", encoding_format=openai.NOT_GIVEN)
        for one, two in zip(floats[0], packed[0]):
            self.assertAlmostEqual(one, two, places=6)
        self.assertEqual(self.upstream.bodies[1]["encoding_format"], "base64")
        self.assertEqual(self.vectors("a", encoding_format=openai.NOT_GIVEN), packed)
        self.assertEqual(self.upstream.count, 2)

    def test_model_and_dimensions_are_part_of_the_key(self):
        base = self.vectors("a")
        self.assertNotEqual(self.vectors("a", model="other"), base)
        self.assertEqual(len(self.vectors("a", dimensions=2)[0]), 2)
        self.assertEqual(self.upstream.count, 3)
        self.assertEqual(self.vectors("a"), base)
        self.assertEqual(self.upstream.count, 3)

    def test_token_lists_are_inputs_too(self):
        self.vectors([[1, 2], [3]])
        self.vectors([3])
        self.vectors([[3], [1, 2]])
        self.assertEqual(self.upstream.count, 1)

    def test_keys_do_not_share(self):
        self.vectors("a")
        with openai.OpenAI(base_url=self.refrain.url + "/v1", api_key="sk-other") as other:
            other.embeddings.create(model="e", input="a", encoding_format="float")
        self.assertEqual(self.upstream.count, 2)

    def test_inputs_are_counted(self):
        self.vectors(["a", "b"])
        self.vectors(["b", "c"])
        self.assertEqual(self.refrain.metric("embedding_inputs_total"), 4)
        self.assertEqual(self.refrain.metric("embedding_inputs_cached_total"), 1)

    def test_requests_are_counted_by_their_outcome(self):
        for text in ("a", "b", "a"):
            self.vectors(text)
        doors = self.refrain.json("/refrain/v1/stats")["doors"]
        told = [row for row in doors.values() if row["hit"]]
        self.assertEqual([(row["hit"], row["miss"]) for row in told], [(1, 2)], doors)

    def test_they_survive_a_restart(self):
        folder = tempfile.mkdtemp(prefix="refrain-embeddings-")
        self.addCleanup(shutil.rmtree, folder)
        body = {"model": "e", "input": ["a", "b"]}
        for outcome in ("miss", "hit"):
            refrain = Refrain("--upstream", self.upstream.url, "--embedder", "off", data=folder)
            _, headers, _ = refrain.request("/v1/embeddings", body)
            self.assertEqual(headers["x-refrain-cache"], outcome)
            refrain.stop()

    def test_wrong_inputs_are_told_by_their_member(self):
        for body in ({"model": "e"}, {"model": "e", "input": {}}, {"model": "e", "input": [{}]}):
            status, _, text = self.refrain.request("/v1/embeddings", body)
            self.assertEqual(status, 400, text)
            self.assertIn('"param":"input', text)


class RealEmbeddings(unittest.TestCase):
    """llama-server computes them; the cache may change nothing but who is asked."""

    @classmethod
    def setUpClass(cls):
        cls.llama = LlamaServer("--embeddings", "--pooling", "mean")
        cls.refrain = Refrain("--upstream", cls.llama.url, "--embedder", "off")
        cls.client = openai.OpenAI(base_url=cls.refrain.url + "/v1", api_key="sk-test")
        cls.direct = openai.OpenAI(base_url=cls.llama.url + "/v1", api_key="sk-test")

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.direct.close()
        cls.refrain.stop()
        cls.llama.stop()

    def test_a_batch_with_hits_equals_what_the_server_itself_says(self):
        texts = ["one", "two words", "three words now"]
        self.client.embeddings.create(model="tiny", input=texts[1])
        through = self.client.embeddings.create(model="tiny", input=texts)
        again = self.client.embeddings.create(model="tiny", input=texts)
        own = self.direct.embeddings.create(model="tiny", input=texts)
        for one, two, three in zip(through.data, own.data, again.data):
            self.assertEqual(len(one.embedding), 64)
            for x, y in zip(one.embedding, two.embedding):
                self.assertAlmostEqual(x, y, places=4)
            self.assertEqual(one.embedding, three.embedding)
        self.assertEqual(through.usage.total_tokens, own.usage.total_tokens)


if __name__ == "__main__":
    unittest.main()
