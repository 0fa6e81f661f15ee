"""How the program starts, refuses to start, and stops under load."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import unittest

from support import PROGRAM, Refrain, question
from upstreams import Stalling


class Start(unittest.TestCase):
    def fails(self, *flags):
        result = subprocess.run(
            [PROGRAM, "serve", "--data-dir", ":memory:", *flags],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return result.stderr

    def test_wrong_settings_are_one_line_with_name_value_and_reason(self):
        self.assertIn("'ttl' is 'soon'", self.fails("--ttl", "soon"))
        self.assertIn("embedder 'nope' is unknown", self.fails("--embedder", "nope"))

    def test_a_busy_port_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.assertIn(address, self.fails("--embedder", "off", "--listen", address))

    def test_a_folder_in_use_is_refused(self):
        refrain = Refrain("--embedder", "off")
        try:
            error = self.fails(
                "--embedder", "off", "--listen", "127.0.0.1:0", "--data-dir", refrain.data
            )
            self.assertIn("in use", error)
        finally:
            refrain.stop()

    def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(self):
        with tempfile.NamedTemporaryFile() as file:
            error = self.fails("--embedder", "off", "--data-dir", file.name + "/below")
            self.assertIn(f"data folder {file.name}/below cannot be made", error)
            self.assertIn("choose another by --data-dir", error)

    def store(self, write):
        """A data folder whose store was changed by `write`."""
        folder = tempfile.mkdtemp(prefix="refrain-start-")
        self.addCleanup(shutil.rmtree, folder)
        Refrain("--embedder", "off", data=folder).stop()
        write(os.path.join(folder, "store.sqlite"))
        return folder

    def test_the_index_comes_from_its_snapshot_after_an_orderly_stop(self):
        folder = tempfile.mkdtemp(prefix="refrain-start-")
        self.addCleanup(shutil.rmtree, folder)
        entry = {"question": "What is a wren?", "answer": "A bird.", "model": "m"}
        first = Refrain(data=folder)
        self.assertEqual(first.request("/refrain/v1/entries", {"entries": [entry]})[0], 200)
        first.stop()
        for _ in range(2):
            again = Refrain(data=folder)
            self.assertIn("index loaded from its snapshot", again.stderr())
            self.assertEqual(again.metric("index_vectors"), 1)
            again.stop()

    def test_a_store_of_a_later_refrain_is_left_alone(self):
        def from_the_future(path):
            with contextlib.closing(sqlite3.connect(path)) as store:
                store.execute("PRAGMA user_version = 99")

        folder = self.store(from_the_future)
        error = self.fails("--embedder", "off", "--data-dir", folder)
        self.assertIn("has schema version 99", error)
        self.assertIn("run the later refrain that wrote it, or choose another data folder", error)
        with contextlib.closing(sqlite3.connect(folder + "/store.sqlite")) as store:
            self.assertEqual(store.execute("PRAGMA user_version").fetchone(), (99,))

    def test_a_file_that_is_no_store_is_left_alone(self):
        folder = self.store(lambda path: pathlib.Path(path).write_bytes(b"no database " * 1000))
        error = self.fails("--embedder", "off", "--data-dir", folder)
        self.assertIn(f"'{folder}/store.sqlite' is no SQLite database", error)
        self.assertIn("move it away or choose another data folder", error)
        self.assertTrue(pathlib.Path(folder, "store.sqlite").read_bytes().startswith(b"no data"))


class Stop(unittest.TestCase):
    STREAMS = 8

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="refrain-stop-")
        self.upstream = Stalling()
        self.refrain = self.start()

    def tearDown(self):
        self.upstream.go.set()
        self.refrain.stop()
        self.upstream.stop()
        shutil.rmtree(self.folder)

    def start(self):
        return Refrain("--upstream", self.upstream.url, "--embedder", "off", data=self.folder)

    def load(self):
        """Streams of different questions, each with its first event read."""
        streams = []
        for i in range(self.STREAMS):
            body = question(f"slow {i}", stream=True)
            streams.append(self.refrain.stream("/v1/chat/completions", body))
        for stream in streams:
            self.assertIn(b"one", stream.readline())
        return streams

    def refuses(self):
        address = self.refrain.url.split("//")[1].split(":")
        try:
            socket.create_connection((address[0], int(address[1])), timeout=5).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # it was in the backlog of the socket that is now closed
            return False
        return False

    def test_running_streams_finish_new_connections_do_not_begin(self):
        streams = self.load()
        self.refrain.process.send_signal(signal.SIGTERM)
        self.refrain.wait_until(self.refuses, "new connections are refused")
        self.assertIsNone(self.refrain.process.poll())
        self.upstream.go.set()
        for stream in streams:
            self.assertTrue(stream.read().endswith(b"data: [DONE]\n\n"))
            stream.leave()
        self.assertEqual(self.refrain.process.wait(30), 0, self.refrain.stderr())
        self.refrain.stop()
        self.refrain = self.start()
        for i in range(self.STREAMS):
            body = question(f"slow {i}", stream=True)
            _, headers, _ = self.refrain.request("/v1/chat/completions", body)
            self.assertEqual(headers["x-refrain-cache"], "hit")

    def test_a_second_signal_ends_it_at_once_and_loses_nothing_acknowledged(self):
        entry = {"question": "kept?", "answer": "yes", "model": "m"}
        self.assertEqual(self.refrain.request("/refrain/v1/entries", entry)[0], 200)
        streams = self.load()
        self.refrain.process.send_signal(signal.SIGTERM)
        self.refrain.wait_until(self.refuses, "new connections are refused")
        self.refrain.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.refrain.process.wait(5), -signal.SIGTERM)
        for stream in streams:
            stream.leave()
        self.refrain.stop()
        self.refrain = self.start()
        found = self.refrain.json("/refrain/v1/lookup", {"question": "kept?", "model": "m"})
        self.assertEqual(found["outcome"], "hit")

    def test_what_does_not_end_in_time_is_cut_when_the_drain_is_over(self):
        self.refrain.stop()
        flags = ("--upstream", self.upstream.url, "--embedder", "off", "--drain", "200ms")
        self.refrain = Refrain(*flags, data=self.folder)
        streams = self.load()
        self.refrain.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.refrain.process.wait(30), 0, self.refrain.stderr())
        for stream in streams:
            stream.leave()


if __name__ == "__main__":
    unittest.main()
