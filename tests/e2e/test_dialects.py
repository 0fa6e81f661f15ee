"""Bad input at every door: the true status in the door's own words; the server is well after it."""

import json
import socket
import unittest

from support import Refrain, question

BODY_MAX = 4096
DEEP = b'{"inputs":' * 100 + b"1" + b"}" * 100


def openai_error(body):
    error = body["error"]
    assert set(error) == {"message", "type", "param", "code"}, body
    return error["message"]


def tgi_error(body):
    assert set(body) == {"error", "error_type"}, body
    assert body["error_type"] in ("validation", "generation", "overloaded"), body
    return body["error"]


def gkv_error(body):
    assert set(body) == {"error", "status_code"}, body
    return body["error"]


def native_error(body):
    assert set(body["error"]) == {"message", "code"}, body
    assert body["error"]["code"], body
    return body["error"]["message"]


# path, what reads its errors, status of a body that cannot be used
DOORS = [
    ("/v1/chat/completions", openai_error, 400),
    ("/v1/completions", openai_error, 400),
    ("/v1/embeddings", openai_error, 400),
    ("/tgi", tgi_error, 422),
    ("/tgi/generate", tgi_error, 422),
    ("/tgi/generate_stream", tgi_error, 422),
    ("/generate", gkv_error, 400),
    ("/refrain/v1/lookup", native_error, 400),
    ("/refrain/v1/entries", native_error, 400),
    ("/refrain/v1/invalidate", native_error, 400),
]

WRONG_TYPES = {
    "/v1/chat/completions": [
        ({"model": 1, "messages": []}, "'model'"),
        ({"model": "m", "messages": "x"}, "'messages'"),
        ({"model": "m", "messages": [{"role": 7}]}, "'messages[0].role'"),
        ({"model": "m", "messages": [], "stream": "yes"}, "'stream'"),
    ],
    "/v1/completions": [({"model": "m", "prompt": {}}, "'prompt'")],
    "/v1/embeddings": [({"model": "m", "input": {}}, "'input'")],
    "/tgi/generate": [
        ({"inputs": 7}, "'inputs'"),
        ({"inputs": "x", "parameters": []}, "'parameters'"),
    ],
    "/generate": [
        ({"inputs": 7, "user_id": "u"}, "'inputs'"),
        ({"inputs": "x"}, "user_id"),
        ({"inputs": "x", "user_id": 7}, "user_id"),
    ],
    "/refrain/v1/lookup": [({"question": 7}, "'question'")],
    "/refrain/v1/entries": [
        ({"question": "q"}, "'answer'"),
        ({"entries": []}, "'entries'"),
        ({"question": "q", "answer": "a", "ttl": "long"}, "'ttl'"),
    ],
    "/refrain/v1/invalidate": [({"ids": ["zz"]}, "zz"), ({}, "say what to match")],
}


class Dialects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.refrain = Refrain("--embedder", "off", "--body-max", str(BODY_MAX))

    @classmethod
    def tearDownClass(cls):
        cls.refrain.stop()

    def setUp(self):
        entry = {"question": "well?", "answer": "yes", "model": "m"}
        self.assertEqual(self.refrain.request("/refrain/v1/entries", entry)[0], 200)

    def tearDown(self):
        """Whatever was sent, the server answers the next one."""
        _, headers, _ = self.refrain.request("/v1/chat/completions", question("well?"))
        self.assertEqual(headers["x-refrain-cache"], "hit")

    def refused(self, path, body, read, status, method=None):
        """The sentence of an error in its door's words, and the headers."""
        got, headers, text = self.refrain.request(path, body, method=method)
        self.assertEqual(got, status, (path, text))
        self.assertEqual(headers["content-type"], "application/json", path)
        return read(json.loads(text)), headers

    def everywhere(self, body, sentence, status=None):
        for path, read, own in DOORS:
            with self.subTest(path=path):
                said, _ = self.refused(path, body, read, status or own)
                self.assertIn(sentence, said)

    def test_broken_json(self):
        self.everywhere(b'{"a":', "JSON: the text ends too early at byte 5")

    def test_a_body_that_is_no_object(self):
        self.everywhere(b"[1]", "the body must be a JSON object")

    def test_a_depth_bomb(self):
        self.everywhere(DEEP, "JSON: deeper than 64 levels", 413)

    def test_bytes_that_are_no_utf8(self):
        self.everywhere(b'{"inputs":"\xff"}', "JSON: no UTF-8")

    def test_a_name_twice(self):
        self.everywhere(b'{"a":1,"a":2}', "twice")

    def test_a_body_over_its_limit_names_the_limit(self):
        self.everywhere(b'"' + b"x" * BODY_MAX + b'"', "over 4096 bytes (--body-max)", 413)

    def test_wrong_types_name_their_member(self):
        for path, read, status in DOORS:
            for body, member in WRONG_TYPES.get(path, []):
                with self.subTest(path=path, body=body):
                    said, _ = self.refused(path, body, read, status)
                    self.assertIn(member, said)

    def test_a_wrong_method_names_the_right_one(self):
        for path, read, _ in DOORS:
            with self.subTest(path=path):
                said, headers = self.refused(path, b"{}", read, 405, "PUT")
                self.assertIn("POST", headers["allow"])
                self.assertIn("does not allow PUT", said)

    def test_an_unknown_route_is_told_by_the_door_it_looks_like(self):
        for path, read in (
            ("/v1/nothing", openai_error),
            ("/tgi/nothing", tgi_error),
            ("/data/nothing", gkv_error),
            ("/refrain/v1/nothing", native_error),
        ):
            with self.subTest(path=path):
                said, _ = self.refused(path, b"{}", read, 404)
                self.assertEqual(said, f"no route POST {path}")

    def test_the_collection_takes_objects_only(self):
        status, _, body = self.refrain.request("/data/start", b"[]")
        self.assertEqual((status, json.loads(body)["error"][:8]), (400, "the body"))

    def raw(self, data):
        """The bytes of a reply to bytes that no client library would send."""
        host, port = self.refrain.url.split("//")[1].split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            reply = b""
            while piece := connection.recv(65536):
                reply += piece
        return reply

    def test_headers_that_are_no_text_hurt_nobody(self):
        body = json.dumps(question("well?")).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
        length = b"content-length: %d\r\n\r\n" % len(body)
        for line in (b"x-note: \xff\xfe\r\n", b"user-agent: \xc3\r\n"):
            reply = self.raw(head + line + length + body)
            self.assertEqual(reply.split()[1], b"200", reply)
        for line in (b"x-no\xff: 1\r\n", b"no colon\r\n"):
            reply = self.raw(head + line + length + body)
            self.assertEqual(reply.split()[1], b"400", reply)

    def test_bad_controls_are_refused_with_their_name(self):
        for name, value in (("x-refrain-cache", "\xff"), ("x-refrain-ttl", "soon")):
            status, _, body = self.refrain.request(
                "/v1/chat/completions", question("well?"), {name: value}
            )
            self.assertEqual(status, 400, body)
            self.assertIn(name, openai_error(json.loads(body)))

    def test_a_head_over_its_limit_names_the_limit(self):
        reply = self.raw(b"GET /v1/models HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 70000 + b"\r\n\r\n")
        self.assertEqual(reply.split()[1], b"431")
        self.assertIn(b"(--header-max)", reply)


if __name__ == "__main__":
    unittest.main()
