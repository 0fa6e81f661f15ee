"""Vectors in a real Milvus server (milvus-lite): semantic hits, and either may be restarted."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from support import Refrain, Scripted, chat_reply, free_port, question, send_json, write_table

MILVUS = os.environ.get("MILVUS_LITE", "")


class Milvus:
    """A milvus-lite server on a port and a folder of its own, which outlive kill()."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="refrain-milvus-")
        self.port = free_port()
        self.url = f"milvus://127.0.0.1:{self.port}"
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [MILVUS, "server", "--data-dir", self.folder.name]
            + ["--host", "127.0.0.1", "--port", str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ, PYTHONUNBUFFERED="1"),
        )
        line = self.process.stdout.readline().decode()
        if "listening" not in line:
            raise RuntimeError("milvus-lite did not start: " + line)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.folder.cleanup()


def vector(angle_of):
    """Four dimensions; texts with the same first word are near each other."""
    out = [0.1, 0.0, 0.0, 0.0]
    out[1 + len(angle_of.split()[0]) % 3] = 1.0
    length = sum(x * x for x in out) ** 0.5
    return [x / length for x in out]


TEXTS = ["cat in short", "cat in other words", "horse is large", "horse is of great size", "hm"]
DOCTORS = "How does a cache work?"  # what `refrain doctor` embeds


@unittest.skipUnless(pathlib.Path(MILVUS).is_file(), "tools/setup test installs milvus-lite")
class MilvusVectors(unittest.TestCase):
    def setUp(self):
        self.milvus = Milvus()
        self.addCleanup(self.milvus.close)
        self.folder = tempfile.TemporaryDirectory(prefix="refrain-data-")
        self.addCleanup(self.folder.cleanup)
        vectors = {text: vector(text) for text in [*TEXTS, DOCTORS]}
        self.table = write_table(self.folder.name, vectors)
        self.model = Scripted(lambda handler, _: send_json(handler, chat_reply("from the model")))
        self.addCleanup(self.model.stop)
        self.refrain = None
        self.start()
        self.addCleanup(lambda: self.refrain.stop())

    def start(self):
        self.refrain = Refrain(
            "--embedder",
            f"table:{self.table}",
            "--upstream",
            self.model.url,
            "--vectors",
            self.milvus.url,
            "--semantic",
            "threshold",
            "--floor",
            "0.9",
            data=self.folder.name + "/data",
        )

    def ask(self, text):
        """(outcome, tier) of a question."""
        status, headers, body = self.refrain.request("/v1/chat/completions", question(text))
        self.assertEqual(status, 200, body)
        return headers["x-refrain-cache"], headers.get("x-refrain-tier", "")

    def insert(self, text):
        entry = {"question": text, "answer": "stored", "model": "m"}
        status, _, body = self.refrain.request("/refrain/v1/entries", entry)
        self.assertEqual(status, 200, body)

    def settled(self):
        """Milvus has acknowledged everything and agrees with the records."""
        self.refrain.wait_until(
            lambda: self.refrain.metric("milvus_waiting") == 0
            and self.refrain.metric("milvus_followed_total") > 0,
            "Milvus follows the records",
        )

    def test_a_question_in_other_words_hits(self):
        self.insert(TEXTS[0])
        self.settled()
        self.assertEqual(self.ask(TEXTS[1]), ("hit", "semantic"))
        self.assertEqual(self.ask(TEXTS[2])[0], "miss")
        self.refrain.wait_until(
            lambda: self.refrain.metric("milvus_sent_total") == 2, "the miss was sent as well"
        )

    def test_refrain_may_be_killed(self):
        self.insert(TEXTS[0])
        self.settled()
        self.refrain.kill()
        self.refrain.log.close()
        self.start()
        self.settled()
        self.assertEqual(self.ask(TEXTS[1]), ("hit", "semantic"))

    def test_milvus_may_be_killed_and_come_back(self):
        self.insert(TEXTS[0])
        self.settled()
        self.milvus.kill()
        self.assertEqual(self.ask(TEXTS[1])[0], "miss", "an outage is a miss, not an error")
        self.insert(TEXTS[2])
        self.assertEqual(self.ask(TEXTS[3]), ("hit", "semantic"), "what is not sent yet is here")
        self.milvus.start()
        self.refrain.wait_until(lambda: self.refrain.metric("milvus_waiting") == 0, "it was sent")
        self.assertEqual(self.refrain.metric("milvus_reachable"), 1)
        # "cat in other words" was answered by the model meanwhile and is stored itself.
        self.assertEqual(self.ask("cat in short"), ("hit", "exact"))

    def test_a_milvus_that_lost_everything_is_filled_from_the_records(self):
        self.insert(TEXTS[0])
        self.settled()
        self.milvus.close()
        self.milvus.folder = tempfile.TemporaryDirectory(prefix="refrain-milvus-")
        self.milvus.start()
        before = self.refrain.metric("milvus_followed_total")
        self.ask(TEXTS[4])  # a search that finds no collection
        self.refrain.wait_until(
            lambda: self.refrain.metric("milvus_followed_total") > before, "it was filled"
        )
        self.assertEqual(self.ask(TEXTS[1]), ("hit", "semantic"))

    def test_refrain_starts_without_milvus(self):
        self.insert(TEXTS[0])
        self.refrain.stop()
        self.milvus.kill()
        self.start()
        self.assertEqual(self.ask(TEXTS[0]), ("hit", "exact"))
        self.milvus.start()
        self.settled()
        self.assertEqual(self.ask(TEXTS[1]), ("hit", "semantic"))

    def test_the_doctor_says_how_it_is(self):
        self.insert(TEXTS[0])
        self.settled()
        flags = ["--data-dir", self.folder.name + "/d", "--embedder", f"table:{self.table}"]
        flags += ["--vectors", self.milvus.url]
        found = self.refrain.run("doctor", *flags)
        self.assertRegex(found.stdout, r"OK +vectors +1 in refrain_\w+_4 at 127.0.0.1")
        self.assertEqual(found.returncode, 0, found.stdout)
        self.milvus.kill()
        found = self.refrain.run("doctor", *flags)
        self.assertRegex(found.stdout, r"FAIL +vectors ")
        self.assertEqual(found.returncode, 1)


if __name__ == "__main__":
    unittest.main()
