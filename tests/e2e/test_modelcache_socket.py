"""ModelCache's WebSocket with the Python client: rows F17 and F18."""

import asyncio
import json
import logging
import shutil
import signal
import tempfile
import unittest

import websockets

from support import Refrain


logging.getLogger("asyncio").setLevel(logging.ERROR)  # it calls a busy machine slow


def payload(text, kind="query"):
    turns = [{"role": "user", "content": text}]
    body = {"type": kind, "scope": {"model": "m"}}
    if kind == "insert":
        return {**body, "chat_info": [{"query": turns, "answer": text.upper()}]}
    return {**body, "query": turns}


def frame(name, body):
    return json.dumps({"requestId": name, "payload": body})


class Socket(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="refrain-socket-")
        table = self.folder + "/table.jsonl"
        with open(table, "w", encoding="utf-8") as out:
            for text, vector, delay in (("a", [1, 0], 0), ("slow", [0, 1], 1500)):
                line = {"text": text, "vector": vector, "delay_ms": delay}
                out.write(json.dumps(line) + "\n")
        self.refrain = Refrain("--semantic", "threshold", "--embedder", "table:" + table)
        self.url = self.refrain.url.replace("http", "ws") + "/modelcache"

    def tearDown(self):
        self.refrain.stop()
        shutil.rmtree(self.folder)

    async def ask(self, socket, name, body):
        await socket.send(frame(name, body))
        return json.loads(await socket.recv())

    async def test_f17_a_reply_carries_its_request_id(self):
        async with websockets.connect(self.url) as socket:
            reply = await self.ask(socket, "r0", payload("a", "insert"))
            self.assertEqual(
                reply, {"requestId": "r0", "result": {"errorCode": 0, "errorDesc": "",
                                                      "writeStatus": "success"}}
            )
            reply = await self.ask(socket, "r1", payload("a"))
            self.assertEqual((reply["requestId"], reply["result"]["answer"]), ("r1", "A"))
            twice = await self.ask(socket, "r2", json.dumps(payload("a")))
            self.assertEqual(twice["result"]["answer"], "A")

    async def test_f18_a_fast_request_overtakes_and_errors_carry_their_id(self):
        async with websockets.connect(self.url) as socket:
            await self.ask(socket, "r0", payload("a", "insert"))
            await socket.send(frame("r1", payload("slow")))
            self.assertEqual((await self.ask(socket, "r2", payload("a")))["requestId"], "r2")
            self.assertEqual(json.loads(await socket.recv())["requestId"], "r1")
            await socket.send(json.dumps({"requestId": "r3"}))
            reply = json.loads(await socket.recv())
            self.assertEqual((reply["requestId"], reply["result"]["errorCode"]), ("r3", 400))
            reply = await self.ask(socket, "r4", {"type": "zap"})
            self.assertEqual((reply["requestId"], reply["result"]["errorCode"]), ("r4", 102))

    async def test_a_thousand_requests_at_once_on_one_connection(self):
        async with websockets.connect(self.url, max_queue=None) as socket:
            names = [f"q{i}" for i in range(1000)]
            await self.ask(socket, "insert", payload("a", "insert"))
            await asyncio.gather(*(
                socket.send(frame(name, payload("a" if i % 2 else name)))
                for i, name in enumerate(names)
            ))
            replies = [json.loads(await socket.recv()) for _ in names]
        results = {reply["requestId"]: reply["result"] for reply in replies}
        self.assertEqual(set(results), set(names))
        for i, name in enumerate(names):
            wanted = ("A", 0) if i % 2 else ("", 201)
            self.assertEqual((results[name]["answer"], results[name]["errorCode"]), wanted)

    async def test_a_thousand_connections_at_once(self):
        async def one(name):
            async with websockets.connect(self.url, open_timeout=60) as socket:
                return await self.ask(socket, name, payload("a"))

        async with websockets.connect(self.url) as socket:
            await self.ask(socket, "r0", payload("a", "insert"))
        names = [f"c{i}" for i in range(1000)]
        replies = await asyncio.gather(*(one(name) for name in names))
        self.assertEqual([reply["requestId"] for reply in replies], names)
        self.assertEqual({reply["result"]["answer"] for reply in replies}, {"A"})

    async def test_bad_utf8_and_binary_frames_are_closed_with_their_codes(self):
        for send, code in (((b"\xff", True), 1007), ((b"{}", False), 1003)):
            async with websockets.connect(self.url) as socket:
                await socket.send(send[0], text=send[1])
                with self.assertRaises(websockets.ConnectionClosed) as closed:
                    await socket.recv()
                self.assertEqual(closed.exception.rcvd.code, code)

    async def test_another_site_in_a_browser_is_refused(self):
        with self.assertRaises(websockets.InvalidStatus) as refused:
            await websockets.connect(self.url, origin="http://evil.example")
        self.assertEqual(refused.exception.response.status_code, 403)

    async def test_what_was_asked_is_answered_before_the_server_ends(self):
        async with websockets.connect(self.url) as socket:
            await self.ask(socket, "r0", payload("a", "insert"))
            await socket.send(frame("r1", payload("slow")))
            self.assertEqual((await self.ask(socket, "r2", payload("a")))["requestId"], "r2")
            self.refrain.process.send_signal(signal.SIGTERM)
            reply = json.loads(await socket.recv())
            self.assertEqual((reply["requestId"], reply["result"]["cacheHit"]), ("r1", False))
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                await socket.recv()
            self.assertEqual(closed.exception.rcvd.code, 1001)
        self.assertEqual(self.refrain.process.wait(30), 0)


if __name__ == "__main__":
    unittest.main()
