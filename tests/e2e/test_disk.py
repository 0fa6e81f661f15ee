"""A full disk under a running server: answers still come, nothing acknowledged is lost or torn."""

import contextlib
import resource
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from support import Refrain, Scripted, chat_reply, question, send_json

BYTES = 1 << 20


def answer_to(text):
    """Long, and random enough not to be compressed away."""
    number = hash_of(text)
    words = []
    for _ in range(2000):
        number = (number * 6364136223846793005 + 1442695040888963407) % 2**64
        words.append(f"{number >> 33:x}")
    return " ".join(words)


def hash_of(text):
    number = 14695981039346656037
    for byte in text.encode():
        number = (number ^ byte) * 1099511628211 % 2**64
    return number


class FullDisk:
    """folder(), full() and roomy(): a small disk, and the same disk with room again."""

    def setUp(self):
        self.path = self.folder()
        self.upstream = Scripted(
            lambda handler, body: send_json(
                handler, chat_reply(answer_to(body["messages"][-1]["content"]))
            )
        )
        self.refrain = self.start(limits=self.full())

    def tearDown(self):
        self.refrain.stop()
        self.upstream.stop()

    def start(self, limits=None):
        return Refrain(
            "--upstream", self.upstream.url, "--embedder", "off", data=self.path, limits=limits
        )

    def fill(self):
        """Inserts until one is refused: (those that were acknowledged, the refusal)."""
        kept = []
        for i in range(1000):
            text = f"question {i}"
            entry = {"question": text, "answer": answer_to(text), "model": "m"}
            status, _, body = self.refrain.request("/refrain/v1/entries", entry)
            if status != 200:
                return kept, (status, body)
            kept.append(text)
        self.fail("the disk never was full")

    def assert_kept(self, kept):
        for text in kept:
            found = self.refrain.json("/refrain/v1/lookup", {"question": text, "model": "m"})
            self.assertEqual(found["outcome"], "hit", text)
            self.assertEqual(found["answer"], answer_to(text))

    def test_a_full_disk_costs_only_what_is_new(self):
        kept, (status, body) = self.fill()
        self.assertGreater(len(kept), 5)
        self.assertEqual(status, 507, body)
        self.assertIn("the disk is full", body)
        # Answers still come, and what was stored is still found.
        for i in range(3):
            status, headers, body = self.refrain.request(
                "/v1/chat/completions", question(f"new {i}")
            )
            self.assertEqual((status, headers["x-refrain-cache"]), (200, "miss"))
            self.assertIn(answer_to(f"new {i}"), body)
        self.refrain.wait_until(
            lambda: self.refrain.metric("offers_lost_total") == 3, "lost answers are counted"
        )
        self.assertGreater(self.refrain.metric("store_failed_total"), 0)
        self.assertIn('event="an answer was not stored"', self.refrain.stderr())
        self.assert_kept(kept)
        # With room again everything acknowledged is there, whole, and more can be stored.
        self.refrain.stop()
        self.roomy()
        self.refrain = self.start()
        self.assert_kept(kept)
        entry = {"question": "after", "answer": answer_to("after"), "model": "m"}
        self.assertEqual(self.refrain.request("/refrain/v1/entries", entry)[0], 200)
        self.assert_kept(["after"])
        self.assertEqual(self.refrain.metric("store_corrupt_total"), 0)
        self.refrain.stop()
        with contextlib.closing(sqlite3.connect(self.path + "/store.sqlite")) as store:
            self.assertEqual(store.execute("PRAGMA integrity_check").fetchone(), ("ok",))

    def test_killed_while_full_nothing_acknowledged_is_lost(self):
        kept, _ = self.fill()
        self.refrain.kill()
        self.refrain.log.close()
        self.refrain = self.start(limits=self.full())
        self.assert_kept(kept)


class FileSize(FullDisk, unittest.TestCase):
    """The limit of a file's size stands for the disk: it needs no privilege."""

    def folder(self):
        path = tempfile.mkdtemp(prefix="refrain-disk-")
        self.addCleanup(shutil.rmtree, path)
        return path

    def full(self):
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, hard))

    def roomy(self):
        pass


class SmallDisk(FullDisk, unittest.TestCase):
    """A real small file system, where mounting one is allowed."""

    def folder(self):
        path = tempfile.mkdtemp(prefix="refrain-disk-")
        self.addCleanup(shutil.rmtree, path)
        if not self.mount("-t", "tmpfs", "-o", f"size={BYTES}", "tmpfs", path):
            self.skipTest("no small file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", path], check=True)
        return path

    def mount(self, *arguments):
        return (
            subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
        )

    def full(self):
        return None

    def roomy(self):
        self.assertTrue(self.mount("-o", f"remount,size={64 * BYTES}", self.path))


if __name__ == "__main__":
    unittest.main()
