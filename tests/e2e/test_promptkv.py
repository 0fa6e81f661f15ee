"""The prompt-KV doors and the Python client: rows C01 to C17 and C20, without an engine."""

import hashlib
import http.client
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import warnings

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "clients" / "python"))

# The path is set above.
import refrain  # noqa: E402
from refrain import safetensors  # noqa: E402
from support import Refrain  # noqa: E402
from tiny_lm import TinyLm  # noqa: E402

FLAGS = ("--embedder", "off", "--kv-block-tokens", "16", "--durability", "process")
PROMPT = "the cat and the rain in the winter are another word. " * 3


def kv_file(layers=2, heads=2, tokens=5, dim=4, value=1.0, metadata=None):
    """A file of the reference: no metadata unless given."""
    tensors = {}
    for layer in range(layers):
        for part in "kv":
            array = numpy.full((1, heads, tokens, dim), value, numpy.float32)
            tensors[f"{part}_{layer}"] = array + layer + numpy.arange(tokens)[:, None] / 10
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "k"
        safetensors.save(
            path, {k: v.astype(numpy.float32) for k, v in tensors.items()}, metadata or {}
        )
        return path.read_bytes()


def form(data, name="k.safetensors", field="prompt_cache_file"):
    head = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return head.encode() + data + b"\r\n--b--\r\n"


class Server(Refrain):
    """The program with what these tests ask of it."""

    def raw(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
        finally:
            connection.close()

    def upload(self, data, name="k.safetensors", **more):
        status, _, body = self.raw(
            "POST",
            "/upload/",
            form(data, name, **more),
            {"Content-Type": "multipart/form-data; boundary=b"},
        )
        return status, json.loads(body)

    def metric(self, name):
        for line in self.request("/metrics")[2].split("\n"):
            if line.startswith(f"refrain_{name} "):
                return float(line.split()[1])
        raise KeyError(name)


class PromptKvDoor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(*FLAGS)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.server.raw("POST", "/clear_cache/")

    def test_c01_the_banner_is_the_references(self):
        self.assertEqual(self.server.raw("GET", "/")[2], b'{"message":"promptcachedb server"}')

    def test_c02_an_upload_is_answered_with_its_name(self):
        status, body = self.server.upload(kv_file())
        self.assertEqual(status, 200)
        self.assertIn("k.safetensors", body["message"])

    def test_c03_upload_errors_are_those_of_fastapi(self):
        status, body = self.server.upload(kv_file(), field="other")
        self.assertEqual(status, 422)
        self.assertEqual(body["detail"][0]["loc"], ["body", "prompt_cache_file"])
        self.assertEqual(self.server.raw("POST", "/upload/")[0], 422)
        self.assertEqual(
            self.server.upload(kv_file(), name=""), (400, {"detail": "Empty filename"})
        )
        for name in ("../x", "a/b.safetensors", ".x.safetensors", "x.bin", "x\\y.safetensors"):
            status, body = self.server.upload(kv_file(), name=name)
            self.assertEqual(status, 400, name)
            self.assertIn("detail", body)
        names = [
            str(p.relative_to(self.server.data))
            for p in pathlib.Path(self.server.data).rglob("*")
            if p.is_file()
        ]
        self.assertFalse([n for n in names if n.endswith((".safetensors", "/x", ".bin"))], names)
        self.assertFalse((pathlib.Path(self.server.data).parent / "x").exists())

    def test_c04_and_c05_downloads_are_the_same_bytes(self):
        data = kv_file(tokens=3000)
        self.server.upload(data)
        for path in ("/prompt_cache/k.safetensors", "/prompt_cache/k.safetensors/", "/load/k"):
            status, headers, body = self.server.raw("GET", path)
            self.assertEqual((status, body == data), (200, True), path)
            self.assertEqual(headers["content-length"], str(len(data)))
        _, headers, _ = self.server.raw("GET", "/load/k")
        self.assertEqual(headers["content-disposition"], 'attachment; filename="k.safetensors"')
        self.assertEqual(headers["content-type"], "application/octet-stream")
        status, _, body = self.server.raw("GET", "/load/none")
        self.assertEqual((status, body), (404, b'{"detail":"File not found"}'))
        status, _, body = self.server.raw("GET", "/prompt_cache/none.safetensors")
        self.assertEqual((status, body), (404, b'{"detail":"Not Found"}'))
        self.assertEqual(self.server.raw("HEAD", "/prompt_cache/k.safetensors")[0], 200)

    def test_c06_clear_removes_all_but_what_is_pinned(self):
        self.server.upload(kv_file())
        self.server.upload(kv_file(), "pinned.safetensors")
        self.server.raw("POST", "/refrain/v1/kv/pinned.safetensors/pin")
        status, _, body = self.server.raw("POST", "/clear_cache/")
        self.assertEqual(status, 200)
        self.assertIn("message", json.loads(body))
        self.assertEqual(self.server.raw("GET", "/prompt_cache/k.safetensors")[0], 404)
        self.assertEqual(self.server.raw("GET", "/prompt_cache/pinned.safetensors")[0], 200)
        self.server.raw("DELETE", "/refrain/v1/kv/pinned.safetensors")

    def test_ranges_tags_and_layers(self):
        data = kv_file(tokens=500)
        self.server.upload(data)
        path = "/prompt_cache/k.safetensors"
        _, headers, _ = self.server.raw("GET", path)
        tag = headers["etag"]
        self.assertEqual(self.server.raw("GET", path, headers={"If-None-Match": tag})[0], 304)
        status, headers, body = self.server.raw("GET", path, headers={"Range": "bytes=100-199"})
        self.assertEqual((status, body), (206, data[100:200]))
        self.assertEqual(headers["content-range"], f"bytes 100-199/{len(data)}")
        self.assertEqual(self.server.raw("GET", path, headers={"Range": "bytes=-5"})[2], data[-5:])
        status, _, _ = self.server.raw("GET", path, headers={"Range": f"bytes={len(data)}-"})
        self.assertEqual(status, 416)
        status, headers, body = self.server.raw("GET", path + "?layers=1-1")
        self.assertEqual(status, 200)
        self.assertNotEqual(headers["etag"], tag)
        length = struct.unpack("<Q", body[:8])[0]
        self.assertEqual(set(json.loads(body[8 : 8 + length])) - {"__metadata__"}, {"k_1", "v_1"})
        self.assertEqual(body[8 + length :], data[-2 * 2 * 500 * 4 * 4 :])
        status, _, body = self.server.raw("GET", path + "?layers=0-9")
        self.assertEqual(status, 400)
        self.assertIn("layers 0 to 9 of 2", json.loads(body)["detail"])
        self.server.upload(kv_file(tokens=500, value=2.0))
        self.assertEqual(self.server.raw("GET", path, headers={"If-None-Match": tag})[0], 200)

    def test_c16_kv_that_contradicts_itself_is_refused_with_the_reason(self):
        model = TinyLm()
        for change, reason in (
            ({"token_ids": "[1,2]"}, "2 token_ids"),
            ({"fingerprint": model.fingerprint.text()}, "the fingerprint says"),
        ):
            status, body = self.server.upload(kv_file(metadata=change))
            self.assertEqual(status, 400)
            self.assertIn(reason, body["detail"])
        good = kv_file()
        for bad in (
            good[:-1],
            good + b"x",
            b"",
            b"\xff" * 100,
            good[8:],
            kv_file().replace(b"k_1", b"x_1"),
        ):
            status, body = self.server.upload(bad)
            self.assertIn(status, (400, 413), body)
        self.assertEqual(self.server.upload(good)[0], 200)

    def test_large_uploads_lie_on_disk_not_in_memory(self):
        data = kv_file(layers=2, heads=8, tokens=20_000, dim=64)  # 164 MB

        def resident():
            with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as status:
                return next(int(x.split()[1]) for x in status if x.startswith("VmHWM")) << 10

        before = resident()
        self.assertEqual(self.server.upload(data)[0], 200)
        self.assertEqual(
            hashlib.sha256(self.server.raw("GET", "/load/k")[2]).digest(),
            hashlib.sha256(data).digest(),
        )
        self.assertLess(resident() - before, len(data) // 3)

    def test_a_cut_upload_leaves_nothing(self):
        connection = http.client.HTTPConnection(self.server.url.removeprefix("http://"))
        connection.putrequest("POST", "/upload/")
        connection.putheader("Content-Type", "multipart/form-data; boundary=b")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders()
        connection.send(form(kv_file())[:2000])
        connection.close()
        self.assertEqual(self.server.raw("GET", "/prompt_cache/k.safetensors")[0], 404)
        incoming = pathlib.Path(self.server.data) / "kv" / "incoming"
        for _ in range(200):
            if not list(incoming.iterdir()):
                break
            threading.Event().wait(0.02)
        self.assertEqual(list(incoming.iterdir()), [])

    def test_readers_see_a_whole_version_while_others_write(self):
        versions = [kv_file(tokens=2000, value=float(v)) for v in range(4)]
        self.server.upload(versions[0])
        stop, faults = threading.Event(), []

        def read():
            while not stop.is_set():
                if self.server.raw("GET", "/load/k")[2] not in versions:
                    faults.append("torn")

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for i in range(20):
            self.server.upload(versions[i % 4])
        stop.set()
        for reader in readers:
            reader.join()
        self.assertEqual(faults, [])

    def test_the_native_door_keeps_versions_pins_and_leases(self):
        status, _, body = self.server.raw("PUT", "/refrain/v1/kv/a?ttl=3600", kv_file())
        self.assertEqual(status, 201, body)
        self.assertEqual(self.server.raw("PUT", "/refrain/v1/kv/a", kv_file(value=2.0))[0], 201)
        shown = self.server.json("/refrain/v1/kv/a")
        self.assertEqual((shown["version"], shown["tokens"], shown["kind"]), (2, 5, "file"))
        listed = self.server.json("/refrain/v1/kv?versions=all&prefix=a")["objects"]
        self.assertEqual([o["version"] for o in listed], [2, 1])
        self.assertIn("expires", listed[1])
        status, headers, body = self.server.raw("GET", "/refrain/v1/kv/a/data?version=1")
        self.assertEqual((status, body), (200, kv_file()))
        self.assertEqual(headers["x-refrain-kv-version"], "1")
        self.assertTrue(json.loads(self.server.raw("POST", "/refrain/v1/kv/a/pin")[2])["pinned"])
        self.assertFalse(json.loads(self.server.raw("POST", "/refrain/v1/kv/a/unpin")[2])["pinned"])
        leased = self.server.raw("POST", "/refrain/v1/kv/a/lease", b'{"seconds":60}')[2]
        self.assertIn("leased_until", json.loads(leased))
        for method, path, wanted in (
            ("GET", "/refrain/v1/kv/none", 404),
            ("GET", "/refrain/v1/kv/a?version=9", 404),
            ("POST", "/refrain/v1/kv/a/burn", 404),
            ("GET", "/refrain/v1/kv?limit=0", 400),
            ("PUT", "/refrain/v1/kv/.a", 400),
            ("POST", "/refrain/v1/kv/a/lease", 400),
            ("GET", "/refrain/v1/kv/a/data?layers=x", 400),
        ):
            status, _, body = self.server.raw(method, path, kv_file() if method == "PUT" else None)
            self.assertEqual(status, wanted, path)
            self.assertIn("message", json.loads(body)["error"])
        self.assertEqual(
            json.loads(self.server.raw("DELETE", "/refrain/v1/kv/a?version=1")[2]), {"deleted": 1}
        )
        self.assertEqual(self.server.raw("DELETE", "/refrain/v1/kv/a")[0], 200)
        self.assertEqual(self.server.raw("DELETE", "/refrain/v1/kv/a")[0], 404)


class Limits(unittest.TestCase):
    def test_sizes_quotas_and_tenants(self):
        folder = tempfile.mkdtemp(prefix="refrain-keys-")
        keys = pathlib.Path(folder) / "keys.toml"
        keys.write_text(
            '[[tenant]]\nname = "a"\nkeys = ["key-a"]\n[[tenant]]\nname = "b"\nkeys = ["key-b"]\n',
            encoding="utf-8",
        )
        server = Server(
            *FLAGS, "--keys", str(keys), "--kv-object-max", "100KB", "--kv-quota", "150KB"
        )
        try:

            def upload(data, key, name="k.safetensors"):
                return server.raw(
                    "POST",
                    "/upload/",
                    form(data, name),
                    {
                        "Content-Type": "multipart/form-data; boundary=b",
                        "Authorization": f"Bearer {key}",
                    },
                )

            self.assertEqual(upload(kv_file(), "unknown")[0], 403)
            status, _, body = upload(kv_file(tokens=8000), "key-a")
            self.assertEqual(status, 413)
            self.assertIn("detail", json.loads(body))
            big = kv_file(tokens=700)  # 90 KB
            self.assertEqual(upload(big, "key-a")[0], 200)
            status, _, body = upload(big, "key-a", "l.safetensors")
            self.assertEqual(status, 507)
            self.assertIn("quota", json.loads(body)["detail"])
            self.assertEqual(upload(big, "key-b")[0], 200)
            status, _, _ = server.raw("GET", "/load/l", headers={"Authorization": "Bearer key-b"})
            self.assertEqual(status, 404)
            server.raw("POST", "/clear_cache/", headers={"Authorization": "Bearer key-b"})
            status, _, body = server.raw(
                "GET", "/load/k", headers={"Authorization": "Bearer key-a"}
            )
            self.assertEqual((status, body), (200, big))
        finally:
            server.stop()
            shutil.rmtree(folder)


class Restart(unittest.TestCase):
    def test_c17_what_was_uploaded_survives_kill_nine(self):
        data = tempfile.mkdtemp(prefix="refrain-kv-")
        try:
            server = Server(*FLAGS, data=data)
            file = kv_file(tokens=3000)
            self.assertEqual(server.upload(file)[0], 200)
            second = subprocess.run(
                [os.environ["REFRAIN_PROGRAM"], "kv", "verify", "--data-dir", data],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(second.returncode, 1)
            self.assertIn("in use by process", second.stderr)
            server.kill()
            server.log.close()
            verify = subprocess.run(
                [os.environ["REFRAIN_PROGRAM"], "kv", "verify", "--data-dir", data, "--json"],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(verify.returncode, 0, verify.stderr)
            self.assertEqual(json.loads(verify.stdout)["objects"], 1)
            server = Server(*FLAGS, data=data)
            self.assertEqual(server.raw("GET", "/prompt_cache/k.safetensors")[2], file)
            self.assertIn("k.safetensors", server.run("kv", "list").stdout)
            server.stop()
        finally:
            shutil.rmtree(data)


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(*FLAGS)
        cls.model = TinyLm()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.server.raw("POST", "/clear_cache/")
        self.folder = tempfile.mkdtemp(prefix="refrain-client-")
        self.addCleanup(shutil.rmtree, self.folder)

    def lm(self, kind="server", folder=None, model=None, url=None):
        client = refrain.PromptCacheClient(
            kind,
            url or self.server.url,
            folder or self.folder if kind == "local" or folder else None,
        )
        return refrain.pipeline(model or self.model, "cpu", client)

    def test_c08_names_are_the_same_in_every_process(self):
        name = refrain.PromptMetadata("manual", "a/b").file_name
        code = "import refrain; print(refrain.PromptMetadata('manual', 'a/b').file_name)"
        path = str(pathlib.Path(refrain.__file__).parents[1])
        for seed in ("1", "2"):
            out = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                text=True,
                check=True,
                env=dict(os.environ, PYTHONPATH=path, PYTHONHASHSEED=seed),
            )
            self.assertEqual(out.stdout.strip(), name)
        self.assertNotEqual(refrain.PromptMetadata("manual", "a/c").file_name, name)

    def test_c07_c09_c10_the_file_says_what_it_is_of(self):
        self.lm().cache_and_upload_prompt(PROMPT, "p")
        name = refrain.PromptMetadata("p", "tests/tiny").file_name
        status, _, body = self.server.raw("GET", f"/prompt_cache/{name}")
        self.assertEqual(status, 200)
        path = pathlib.Path(self.folder) / "f"
        path.write_bytes(body)
        tensors, labels = safetensors.load(path)
        ids = self.model.encode(PROMPT)
        self.assertEqual(set(tensors), {f"{p}_{i}" for p in "kv" for i in range(4)})
        self.assertEqual({t.shape for t in tensors.values()}, {(1, 2, len(ids), 8)})
        self.assertEqual(labels["model"], "tests/tiny")
        self.assertEqual((labels["dtype"], labels["rope_base"]), ("F32", "10000"))
        self.assertEqual(json.loads(labels["token_ids"]), ids)
        self.assertEqual(len(labels["token_ids_sha256"]), 64)
        shown = self.server.json(f"/refrain/v1/kv/{name}")
        self.assertEqual(
            (shown["kind"], shown["text"], shown["tokens"]), ("blocks", PROMPT, len(ids))
        )

    def test_c11_c12_reuse_changes_nothing_and_computes_the_rest_only(self):
        for kind in ("local", "server"):
            self.lm(kind).cache_and_upload_prompt(PROMPT, "p")
            for suffix in ("Who was it?", " x", "zebra. What did they say about the weather?"):
                lm = self.lm(kind)  # knows nothing but the name
                plain = lm.generate(PROMPT + suffix, 12)
                self.assertEqual(lm.generate_with_cache("p", suffix, 12), plain)
                self.assertEqual(lm.stats["reused_tokens"], len(self.model.encode(PROMPT)))
                whole = len(self.model.encode(PROMPT + suffix))
                self.assertEqual(lm.stats["prefilled_tokens"], whole - lm.stats["reused_tokens"])

    def test_c12_local_needs_no_server(self):
        lm = self.lm("local", url="http://127.0.0.1:1")
        lm.cache_and_upload_prompt(PROMPT, "p")
        self.assertEqual(lm.generate_with_cache("p", "abc", 5), lm.generate(PROMPT + "abc", 5))

    def test_c13_the_second_load_gets_nothing_and_c14_a_new_version_is_noticed(self):
        self.lm().cache_and_upload_prompt(PROMPT, "p")
        lm = self.lm(folder=self.folder)
        lm.generate_with_cache("p", "x", 1)
        sent = self.server.metric("http_sent_bytes_total")
        lm.generate_with_cache("p", "x", 1)
        came = self.server.metric("http_sent_bytes_total") - sent
        page = len(self.server.request("/metrics")[2])  # counted too
        self.assertLess(came - page, 4_000, "KV came")
        other = PROMPT.replace("cat", "dog")
        self.lm().cache_and_upload_prompt(other, "p")
        self.assertTrue(lm.generate_with_cache("p", "x", 1).startswith(other))

    def test_c15_a_token_that_straddles_the_boundary_is_computed_again(self):
        prompt, suffix = PROMPT + "the wort", "he end"  # "th" is one token of the whole text
        lm = self.lm()
        lm.cache_and_upload_prompt(prompt, "p")
        self.assertEqual(lm.generate_with_cache("p", suffix, 12), lm.generate(prompt + suffix, 12))
        lm.generate_with_cache("p", suffix, 1)
        self.assertEqual(lm.stats["reused_tokens"], len(self.model.encode(prompt)) - 1)
        lm.generate_with_cache("p", "", 1)  # nothing new: the last token is computed
        self.assertEqual(lm.stats["prefilled_tokens"], 1)

    def test_c16_another_model_is_refused(self):
        self.lm().cache_and_upload_prompt(PROMPT, "p")
        for other in (TinyLm(seed=4), TinyLm(layers=3)):
            with self.assertRaisesRegex(refrain.PromptMismatch, "weights=seed|layers="):
                self.lm(model=other).generate_with_cache("p", "x", 1)
        with self.assertRaises(refrain.PromptNotFound):
            self.lm(model=TinyLm(name="tests/other")).generate_with_cache("p", "x", 1)
        with self.assertRaises(refrain.PromptNotFound):
            self.lm().generate_with_cache("none", "x", 1)

    def test_a_server_that_is_gone_leaves_the_local_copy(self):
        server = Server(*FLAGS)
        client = refrain.PromptCacheClient("server", server.url, self.folder)
        lm = refrain.pipeline(self.model, "cpu", client)
        lm.cache_and_upload_prompt(PROMPT, "p")
        wanted = lm.generate_with_cache("p", "abc", 3)
        server.stop()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            self.assertEqual(lm.generate_with_cache("p", "abc", 3), wanted)
        self.assertIn("the local copy is used", str(seen[0].message))
        with self.assertRaises(refrain.CacheError):
            lm.generate_with_cache("another", "abc", 3)

    def test_a_damaged_local_file_is_an_error_of_its_own(self):
        lm = self.lm("local")
        lm.cache_and_upload_prompt(PROMPT, "p")
        path = next(pathlib.Path(self.folder).glob("*.safetensors"))
        path.write_bytes(path.read_bytes()[:-100])
        with self.assertRaises(refrain.PromptMismatch):
            lm.generate_with_cache("p", "x", 1)

    def test_prompts_with_a_common_beginning_share_blocks(self):
        lm = self.lm()
        lm.cache_and_upload_prompt(PROMPT, "a")
        alone = self.server.metric("kv_disk_bytes")
        written = self.server.metric("kv_blocks_written_total")
        # The same numbers come out only if the same tokens went through one pass: a prefix of it.
        ids = self.model.encode(PROMPT)
        _, kv = self.model.forward(ids, None)
        short = ids[:64]
        labels = lm._labels(self.model.decode(short), short, kv)  # noqa: SLF001
        tensors = {
            f"{p}_{i}": numpy.ascontiguousarray(pair["kv".index(p)][:, :, :64])
            for i, pair in enumerate(kv)
            for p in "kv"
        }
        lm.client.upload(refrain.PromptMetadata("b", "tests/tiny"), tensors, labels)
        self.assertEqual(self.server.metric("kv_disk_bytes"), alone)
        self.assertEqual(self.server.metric("kv_blocks_written_total"), written)

    def test_c20_where_prompts_are_kept_is_the_callers_choice(self):
        with self.assertRaises(ValueError):
            refrain.PromptCacheClient("elsewhere")
        with self.assertRaises(ValueError):
            refrain.PromptCacheClient("local")
        with self.assertRaises(refrain.CacheError):
            refrain.PromptCacheClient("server").load(refrain.PromptMetadata("p", "m"))


if __name__ == "__main__":
    unittest.main()
