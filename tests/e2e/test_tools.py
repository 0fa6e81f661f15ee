"""Tools, schemas, choices and log probabilities with the openai client, a real server behind."""

import itertools
import json
import unittest

import openai

from support import LlamaServer, Refrain, Scripted, send_json

MESSAGES = [{"role": "user", "content": "How is the weather in Paris?"}]
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Paris", "Rome"]}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": CITY}}
# The server's grammar lets any text come before a call that is required, and any number of calls,
# and the tiny model would talk for ever: its token of a call's beginning is made as likely as that
# it ends soon after.
CALL = {
    "tools": [WEATHER],
    "tool_choice": "required",
    "extra_body": {"logit_bias": {"<tool_call>": 8}},
    "max_tokens": 600,
}
VOLATILE = ("id", "created")


def comparable(reply):
    """What must be equal in a hit and its miss."""
    out = reply.model_dump()
    for name in VOLATILE:
        out.pop(name)
    return out


def join_calls(chunks):
    """The calls of a stream by their index, as a client puts them together."""
    calls = {}
    for chunk in chunks:
        for choice in chunk.choices:
            for part in choice.delta.tool_calls or []:
                new = {"id": part.id, "name": "", "arguments": "", "fragments": 0}
                call = calls.setdefault(part.index, new)
                call["name"] += part.function.name or ""
                call["arguments"] += part.function.arguments or ""
                call["fragments"] += 1
    return calls


class RealTools(unittest.TestCase):
    seeds = itertools.count(1000, 1000)

    @classmethod
    def setUpClass(cls):
        cls.llama = LlamaServer()
        cls.refrain = Refrain("--upstream", cls.llama.url, "--embedder", "off")
        cls.client = openai.OpenAI(base_url=cls.refrain.url + "/v1", api_key="sk-test")

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.refrain.stop()
        cls.llama.stop()

    def ask(self, messages=None, **more):
        settings = {"model": "tiny", "temperature": 1, "max_tokens": 200, **more}
        reply = self.client.chat.completions.with_raw_response.create(
            messages=messages or MESSAGES, **settings
        )
        return reply.headers, reply.parse()

    def miss_and_hit(self, **more):
        """Both replies, whole: a miss and its hit that say the same."""
        headers, miss = self.ask(**more)
        self.assertEqual(headers["x-refrain-cache"], "miss")
        return self.hit_of(miss, **more)

    def hit_of(self, miss, **more):
        headers, hit = self.ask(**more)
        self.assertEqual((headers["x-refrain-cache"], headers["x-refrain-tier"]), ("hit", "exact"))
        self.assertEqual(comparable(miss), comparable(hit))
        self.assertNotEqual(miss.id, hit.id)
        return hit

    def called(self, calls_min=1):
        """(seed, reply) of an answer that ended after so many calls; it was a miss."""
        for seed in itertools.count(next(self.seeds)):
            headers, reply = self.ask(seed=seed, **CALL)
            calls = reply.choices[0].message.tool_calls or []
            if reply.choices[0].finish_reason == "tool_calls" and len(calls) >= calls_min:
                self.assertEqual(headers["x-refrain-cache"], "miss")
                return seed, reply
        raise AssertionError("not reached")

    def assert_weather(self, name, arguments):
        self.assertEqual(name, "weather")
        self.assertIn(json.loads(arguments)["city"], ("Paris", "Rome"))

    def test_a_required_call_is_the_same_on_the_hit(self):
        seed, miss = self.called()
        for call in self.hit_of(miss, seed=seed, **CALL).choices[0].message.tool_calls:
            self.assertTrue(call.id)
            self.assert_weather(call.function.name, call.function.arguments)

    def chunks(self, seed):
        _, stream = self.ask(stream=True, seed=seed, **CALL)
        return list(stream)

    def streamed(self):
        """(seed, chunks) of a stream that ended after its calls; it was a miss."""
        for seed in itertools.count(next(self.seeds)):
            chunks = self.chunks(seed)
            if chunks[-1].choices[0].finish_reason == "tool_calls":
                return seed, chunks
        raise AssertionError("not reached")

    def test_a_streamed_call_is_the_same_chunk_by_chunk(self):
        seed, miss = self.streamed()
        hit = self.chunks(seed)
        self.assertEqual([comparable(c) for c in miss], [comparable(c) for c in hit])
        calls = join_calls(hit)
        self.assertTrue(calls)
        for call in calls.values():
            self.assertGreater(call["fragments"], 3)
            self.assert_weather(call["name"], call["arguments"])

    def test_a_streamed_call_is_whole_for_who_asks_again_without_stream(self):
        seed, miss = self.streamed()
        headers, whole = self.ask(seed=seed, **CALL)
        self.assertEqual(headers["x-refrain-cache"], "hit")
        calls = whole.choices[0].message.tool_calls
        self.assertEqual(
            [call.function.arguments for call in calls],
            [call["arguments"] for call in join_calls(miss).values()],
        )

    def test_several_calls_keep_their_order_and_ids(self):
        seed, miss = self.called(calls_min=2)
        calls = self.hit_of(miss, seed=seed, **CALL).choices[0].message.tool_calls
        self.assertEqual(len({call.id for call in calls}), len(calls))
        joined = join_calls(self.chunks(seed))
        self.assertEqual([call["id"] for call in joined.values()], [call.id for call in calls])

    def test_the_turn_with_a_tools_result_is_exact_only(self):
        _, reply = self.called()
        call = reply.choices[0].message.tool_calls[0]
        messages = MESSAGES + [
            {"role": "assistant", "tool_calls": [call.model_dump()]},
            {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
        ]
        settings = {"messages": messages, "tools": [WEATHER], "seed": 4}
        self.miss_and_hit(**settings)
        messages[-1]["content"] = "rainy"
        self.assertEqual(self.ask(**settings)[0]["x-refrain-cache"], "miss")

    def test_tools_are_part_of_the_key(self):
        seed, _ = self.called()
        other = json.loads(json.dumps(WEATHER))
        other["function"]["description"] = "tells the weather"
        headers, _ = self.ask(seed=seed, **{**CALL, "tools": [other]})
        self.assertEqual(headers["x-refrain-cache"], "miss")

    def test_a_schema_is_obeyed_on_the_hit_as_on_the_miss(self):
        schema = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
        hit = self.miss_and_hit(seed=6, response_format=schema)
        self.assertIn(json.loads(hit.choices[0].message.content)["city"], ("Paris", "Rome"))
        self.assertEqual(self.ask(seed=6)[0]["x-refrain-cache"], "miss")

    def test_two_choices_are_kept_and_streamed_by_their_index(self):
        whole = self.miss_and_hit(seed=7, n=2)
        self.assertEqual([choice.index for choice in whole.choices], [0, 1])
        texts = ["", ""]
        _, stream = self.ask(seed=7, n=2, stream=True)
        for chunk in stream:
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
        self.assertEqual(texts, [choice.message.content for choice in whole.choices])

    def test_log_probabilities_are_kept_to_the_digit(self):
        hit = self.miss_and_hit(seed=8, logprobs=True, top_logprobs=2)
        tokens = hit.choices[0].logprobs.content
        self.assertEqual(len(tokens[0].top_logprobs), 2)
        self.assertEqual(
            "".join(token.token for token in tokens), hit.choices[0].message.content
        )


CALLS = [
    {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": ""},
    },
    {"index": 0, "function": {"arguments": '{"city":'}},
    {"index": 0, "function": {"arguments": '"Paris"}'}},
]


def call_a_tool(handler, body):
    """A model that calls one tool, whole or in three fragments."""
    head = {"id": "up", "created": 1, "model": "m"}
    if not body.get("stream"):
        function = {"name": "weather", "arguments": '{"city":"Paris"}'}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        }
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return send_json(handler, {**head, "object": "chat.completion", "choices": [choice]})
    deltas = [{"role": "assistant", "content": None}] + [{"tool_calls": [call]} for call in CALLS]
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": "tool_calls"})
    events = [{**head, "object": "chat.completion.chunk", "choices": [c]} for c in choices]
    data = "".join("data: " + json.dumps(event) + "\n\n" for event in events) + "data: [DONE]\n\n"
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    return handler.wfile.write(data.encode())


class Fragments(unittest.TestCase):
    def setUp(self):
        self.upstream = Scripted(call_a_tool)
        self.refrain = Refrain("--upstream", self.upstream.url, "--embedder", "off")
        self.client = openai.OpenAI(base_url=self.refrain.url + "/v1", api_key="sk-test")

    def tearDown(self):
        self.client.close()
        self.refrain.stop()
        self.upstream.stop()

    def ask(self, **more):
        return self.client.chat.completions.create(model="m", messages=MESSAGES, **more)

    def test_a_tool_call_comes_back_whole_and_in_fragments(self):
        for _ in range(2):
            call = self.ask().choices[0].message.tool_calls[0]
            self.assertEqual((call.id, call.function.arguments), ("call_1", '{"city":"Paris"}'))
        fragments = []
        for chunk in self.ask(stream=True):
            for call in chunk.choices[0].delta.tool_calls or []:
                fragments.append(call.function.arguments or "")
        self.assertEqual("".join(fragments), '{"city":"Paris"}')
        self.assertEqual(self.upstream.count, 1)

    def counts(self):
        """Requests, and those that were answered by the thread that had read them."""
        lines = self.refrain.request("/metrics")[2].splitlines()
        values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        names = ("refrain_http_requests_total", "refrain_http_answered_at_once_total")
        return [int(values[name]) for name in names]

    def test_exact_hits_are_answered_by_the_thread_that_read_them(self):
        self.ask()
        before = self.counts()
        self.ask()
        list(self.ask(stream=True))
        asked, at_once = (now - then for now, then in zip(self.counts(), before))
        self.assertEqual((asked, at_once), (3, 3))  # one of /metrics itself in both

    def test_streamed_fragments_are_joined_for_a_client_that_wants_it_whole(self):
        list(self.ask(stream=True, seed=2))
        reply = self.ask(seed=2)
        self.assertEqual(reply.choices[0].finish_reason, "tool_calls")
        self.assertEqual(
            reply.choices[0].message.tool_calls[0].function.arguments, '{"city":"Paris"}'
        )
        self.assertEqual(self.upstream.count, 1)


if __name__ == "__main__":
    unittest.main()
