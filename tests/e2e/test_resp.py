"""The RESP door with clients that people use: redis-py, redis-cli and redis-benchmark (hiredis)."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import redis

import support

LARGE = 3_000_000


def value_of(number, size=LARGE):
    head = f"{number:020d}".encode()
    return head + os.urandom(64) * ((size - len(head)) // 64 + 1)


class Door(support.Refrain):
    """refrain with the RESP door; `port` is its port."""

    def __init__(self, *flags, data=None):
        super().__init__("--resp-listen", "127.0.0.1:0", "--embedder", "off", *flags, data=data)
        line = self.process.stdout.readline().decode()
        self.port = int(re.search(r"redis://127\.0\.0\.1:(\d+)", line).group(1))

    def client(self, **more):
        return redis.Redis(port=self.port, socket_timeout=60, **more)


class RespTest(unittest.TestCase):
    def setUp(self):
        self.door = Door("--resp-flush", "on", "--resp-memory-max", "64MiB")
        self.addCleanup(self.door.stop)

    def test_redis_py_in_both_versions(self):
        for protocol in (2, 3):
            with self.door.client(protocol=protocol) as client:
                self.assertTrue(client.ping())
                self.assertTrue(client.set("k", b"v", ex=100))
                self.assertIsNone(client.set("k", b"w", nx=True))
                self.assertEqual(client.get("k"), b"v")
                self.assertIsNone(client.get("none"))
                self.assertEqual(client.ttl("k"), 100)
                self.assertEqual(client.mget("k", "none"), [b"v", None])
                large = value_of(1)
                client.set("large", large)
                self.assertEqual(client.get("large"), large)
                self.assertEqual(client.getrange("large", 10, 19), large[10:20])
                self.assertEqual(client.strlen("large"), len(large))
                self.assertEqual(sorted(client.scan_iter("*")), [b"k", b"large"])
                self.assertEqual(client.delete("k", "large", "none"), 2)
                self.assertEqual(client.dbsize(), 0)
                self.assertEqual(client.info()["role"], "master")
                self.assertEqual(client.client_setname("me"), True)
                with self.assertRaisesRegex(redis.ResponseError, "unknown command 'LPUSH'"):
                    client.lpush("k", "v")

    def test_pipelines_keep_their_order(self):
        with self.door.client() as client:
            pipe = client.pipeline(transaction=False)
            for i in range(2000):
                pipe.set(f"k{i}", str(i)).get(f"k{i}")
            replies = pipe.execute()
            self.assertEqual(replies[1::2], [str(i).encode() for i in range(2000)])

    def test_namespaces_are_apart(self):
        with self.door.client(db=0) as zero, self.door.client(db=1) as one:
            zero.set("k", "zero")
            self.assertIsNone(one.get("k"))
            one.flushdb()
            self.assertEqual(zero.get("k"), b"zero")

    def test_redis_cli_and_benchmark(self):
        cli = shutil.which("redis-cli")
        bench = shutil.which("redis-benchmark")
        if not cli or not bench:
            self.skipTest("redis-tools is not installed: tools/setup test")
        for flags in ([], ["-3"]):
            done = subprocess.run(
                [cli, "-p", str(self.door.port), *flags],
                input="SET a 1\nGET a\nHELLO 3\nCOMMAND COUNT\nNOTHING\n",
                capture_output=True, text=True, timeout=60, check=True,
            )
            self.assertIn("OK\n1\n", done.stdout.replace('"', ""))
            self.assertIn("unknown command", done.stdout)
        done = subprocess.run(
            [bench, "-p", str(self.door.port), "-t", "ping,set,get,mset", "-n", "3000", "-c", "8",
             "-P", "8", "-d", "1024", "-q", "--csv"],
            capture_output=True, text=True, timeout=120, check=True,
        )
        self.assertEqual(done.stdout.count("SET"), 2, done.stdout + done.stderr)
        self.assertNotIn("rror", done.stdout + done.stderr)

    def test_values_in_use_show_in_metrics(self):
        with self.door.client() as client:
            client.set("k", value_of(1))
            client.get("k")
        metrics = self.door.request("/metrics")[2]
        self.assertIn("refrain_values_keys 1", metrics)
        self.assertIn("refrain_resp_streamed_in_total 1", metrics)

    def test_large_values_take_bounded_memory(self):
        # 64 MiB of memory for values: 256 MiB pass through a buffer.
        with self.door.client() as client:
            block = os.urandom(1 << 20)
            client.set("k", block * 256)
            self.assertEqual(client.strlen("k"), 256 << 20)
            self.assertEqual(client.getrange("k", (256 << 20) - 5, -1), block[-5:])
            with socket.create_connection(("127.0.0.1", self.door.port)) as raw:
                raw.sendall(b"GET k\r\n")
                left = (256 << 20) + len(b"$268435456\r\n") + 2
                while left > 0:
                    left -= len(raw.recv(1 << 20))
        status = pathlib.Path(f"/proc/{self.door.process.pid}/status").read_text("utf-8")
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))
        self.assertLess(peak, 330 << 10, "64 MiB of values, the log's segment, the program")

    def test_slow_reader_is_bounded(self):
        with self.door.client() as client:
            client.set("k", os.urandom(50_000))
        with socket.create_connection(("127.0.0.1", self.door.port)) as raw:
            raw.settimeout(2)
            asked = 0
            try:
                while asked < 2_000_000:
                    raw.sendall(b"GET k\r\n" * 1000)
                    asked += 1000
            except TimeoutError:
                pass
            self.assertLess(asked, 2_000_000, "100 GB were taken for a client that reads nothing")
            status = pathlib.Path(f"/proc/{self.door.process.pid}/status").read_text("utf-8")
            self.assertLess(int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)), 330 << 10)


class TenantsTest(unittest.TestCase):
    def test_auth_by_the_key_of_a_tenant(self):
        folder = tempfile.mkdtemp(prefix="refrain-resp-")
        self.addCleanup(shutil.rmtree, folder, True)
        keys = pathlib.Path(folder) / "keys.toml"
        keys.write_text('[[tenant]]\nname = "a"\nkeys = ["key-a"]\n'
                        '[[tenant]]\nname = "b"\nkeys = ["key-b"]\n', encoding="utf-8")
        door = Door("--keys", str(keys))
        self.addCleanup(door.stop)
        with door.client(password="key-a") as a, door.client(
            username="b", password="key-b", protocol=3
        ) as b:
            a.set("k", "of a")
            self.assertIsNone(b.get("k"))
            self.assertEqual(list(b.scan_iter()), [])
        for client in (door.client(), door.client(password="wrong")):
            with client, self.assertRaises(redis.AuthenticationError):
                client.get("k")


class RestartTest(unittest.TestCase):
    def setUp(self):
        self.data = tempfile.mkdtemp(prefix="refrain-resp-")
        self.addCleanup(shutil.rmtree, self.data, True)

    def test_values_and_their_ends_outlive_the_process(self):
        door = Door(data=self.data)
        large = value_of(7)
        with door.client() as client:
            client.set("k", "v", ex=1000)
            client.set("large", large, ex=1000)
            client.set("soon", "v", px=1)
        door.stop()
        door = Door(data=self.data)
        self.addCleanup(door.stop)
        with door.client() as client:
            self.assertEqual(client.get("k"), b"v")
            self.assertEqual(client.get("large"), large)
            self.assertIsNone(client.get("soon"))
            self.assertGreater(client.ttl("large"), 900)

    def test_second_process_on_the_folder_is_refused(self):
        door = Door(data=self.data)
        self.addCleanup(door.stop)
        with self.assertRaisesRegex(RuntimeError, "in use by process"):
            Door(data=self.data)

    def test_kill_nine_loses_nothing_acknowledged(self):
        acknowledged = {}
        number = 0
        for _ in range(6):
            door = Door(data=self.data)
            killer = threading.Timer(0.15, door.process.send_signal, (signal.SIGKILL,))
            killer.start()
            with door.client() as client:
                self.check(client, acknowledged)
                try:
                    while True:
                        number += 1
                        value = value_of(number, LARGE if number % 3 == 0 else 500)
                        key = f"k{number % 7}"
                        sent = {key: value}
                        client.set(key, value)
                        acknowledged.update(sent)
                        sent = {}
                except (redis.ConnectionError, redis.TimeoutError):
                    pass
            # What was under way is there whole, or not at all.
            self.maybe = sent
            killer.join()
            door.process.wait()
            door.stop()
        door = Door(data=self.data)
        self.addCleanup(door.stop)
        with door.client() as client:
            self.check(client, acknowledged)
        self.assertGreater(len(acknowledged), 0)

    def check(self, client, acknowledged):
        for key, value in list(acknowledged.items()):
            found = client.get(key)
            if found != value and found == getattr(self, "maybe", {}).get(key):
                acknowledged[key] = found
                continue
            self.assertEqual(found, value, key)


if __name__ == "__main__":
    unittest.main()
