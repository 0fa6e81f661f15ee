"""kill -9 under load, again and again: what was acknowledged is there, and nothing is torn."""

import collections
import concurrent.futures
import contextlib
import random
import shutil
import sqlite3
import tempfile
import threading
import unittest

from support import Refrain, Scripted, chat_reply, question, send_json

ROUNDS = 50
WRITERS = 6


def answer_to(text):
    """Long enough for several pages, so that half of it would be seen."""
    return " ".join(f"{text}/{i}" for i in range(200 + len(text) * 37 % 600))


class Load:
    """Writers that insert and ask until the server is gone; what they were told."""

    def __init__(self, refrain, turn):
        self.refrain, self.turn = refrain, turn
        self.lock = threading.Lock()
        self.tried, self.kept, self.wrong = [], [], []
        self.enough = threading.Event()
        self.wanted = random.Random(turn).randrange(25)

    def run(self):
        """Kills the server when a number of inserts was acknowledged, while others are open."""
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(self.write, i) for i in range(WRITERS)]
            if self.wanted:
                self.enough.wait(60)
            self.refrain.kill()
            for writer in writers:
                writer.result()

    def write(self, writer):
        number = 0
        while True:
            text = f"question {self.turn}.{writer}.{number}"
            number += 1
            with self.lock:
                self.tried.append(text)
            try:
                self.one(writer, text)
            except (OSError, ValueError, EOFError):  # what http.client makes of a server that died
                return
            except Exception as error:  # pylint: disable=broad-except
                if type(error).__module__ != "http.client":
                    raise
                return

    def one(self, writer, text):
        if writer == 0:  # one asks the model; its answers are kept in their own time
            status, _, body = self.refrain.request("/v1/chat/completions", question(text))
            if status == 200 and answer_to(text) not in body:
                self.wrong.append(text)
            return
        entry = {"question": text, "answer": answer_to(text), "model": "m"}
        status, _, body = self.refrain.request("/refrain/v1/entries", entry)
        with self.lock:
            if status == 200:
                self.kept.append(text)
            else:
                self.wrong.append((text, status, body))
            if len(self.kept) >= self.wanted:
                self.enough.set()


class Crash(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="refrain-crash-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.upstream = Scripted(
            lambda handler, body: send_json(
                handler, chat_reply(answer_to(body["messages"][-1]["content"]))
            )
        )
        self.addCleanup(self.upstream.stop)

    def start(self):
        return Refrain("--upstream", self.upstream.url, "--embedder", "off", data=self.folder)

    def check(self, refrain, kept, tried):
        """All that was acknowledged is there; of the rest, all or nothing."""
        acknowledged = set(kept)
        for text in tried:
            found = refrain.json("/refrain/v1/lookup", {"question": text, "model": "m"})
            if text in acknowledged:
                self.assertEqual(found["outcome"], "hit", f"acknowledged and lost: {text}")
            if found["outcome"] == "hit":
                self.assertEqual(found["answer"], answer_to(text), "torn")

    def test_kill_9_under_load_loses_nothing_acknowledged_and_tears_nothing(self):
        kept, tried, seen = [], [], collections.Counter()
        for turn in range(ROUNDS):
            refrain = self.start()
            load = Load(refrain, turn)
            self.check(refrain, kept[-30:], kept[-30:] + tried[-2 * WRITERS :])
            load.run()
            refrain.log.close()
            self.assertEqual(load.wrong, [])
            kept += load.kept
            tried += load.tried
            seen["open when killed"] += len(load.tried) - len(load.kept)
        refrain = self.start()
        self.check(refrain, kept, tried)
        self.assertEqual(refrain.metric("store_corrupt_total"), 0)
        refrain.stop()
        with contextlib.closing(sqlite3.connect(self.folder + "/store.sqlite")) as store:
            self.assertEqual(store.execute("PRAGMA integrity_check").fetchone(), ("ok",))
        # The load was real: inserts were acknowledged in most rounds, and some were cut off.
        self.assertGreater(len(kept), 5 * ROUNDS)
        self.assertGreater(seen["open when killed"], 2 * ROUNDS)


if __name__ == "__main__":
    unittest.main()
