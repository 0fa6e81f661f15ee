"""Pretended model APIs that stream, stall and wait."""

import json
import threading

from support import Scripted, chat_reply, send_json


def begin(handler):
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()


def piece(handler, text):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    data = "data: " + json.dumps({"id": "up", "model": "m", "choices": [choice]}) + "\n\n"
    handler.wfile.write(f"{len(data):x}\r\n{data}\r\n".encode())
    handler.wfile.flush()


def finish(handler):
    choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
    data = "data: " + json.dumps({"id": "up", "model": "m", "choices": [choice]}) + "\n\n"
    data += "data: [DONE]\n\n"
    handler.wfile.write(f"{len(data):x}\r\n{data}\r\n0\r\n\r\n".encode())


class Stalling(Scripted):
    """An upstream that does what the question's first word says, and waits until let go."""

    def __init__(self):
        self.go = threading.Event()
        self.gone = threading.Event()
        super().__init__(self.reply)

    def reply(self, handler, body):
        text = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
        word = text.split()[0]
        if word == "silent":
            self.go.wait(30)
        elif word == "headless":
            begin(handler)
            self.go.wait(30)
        elif word == "half":
            begin(handler)
            piece(handler, "Hel")
            self.go.wait(30)
        elif word == "slow":
            self.slow(handler)
        else:
            send_json(handler, chat_reply("quick"))

    def slow(self, handler):
        begin(handler)
        piece(handler, "one")
        try:
            while not self.go.wait(0.01):
                piece(handler, " more")
            piece(handler, " last")
            finish(handler)
        except OSError:
            self.gone.set()

    def stop(self):
        self.go.set()
        super().stop()
