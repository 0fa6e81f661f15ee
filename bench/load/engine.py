#!/usr/bin/env python3
"""The embedded engine beside llama-server: same model file, both running, asked by turns.

    bench/load/engine.py                  a model of 0.5B's shape, random weights, in a temp folder
    bench/load/engine.py --model FILE.gguf [--rounds 3] [--threads N] [--lengths 512,2048,8192]

Measured over HTTP: prefill tokens/s (a prompt of 512 tokens, one new token; for Refrain also while
its KV is being saved), decode tokens/s with 1 and 8 streams of 64 tokens; and of prompts of 0.5k to
8k tokens: computing, saving, and the first token after a restore. Refrain restores from its files
after a restart, and from its memory when the cells went to others; llama-server restores a slot
from its file. The report says whether the two gave the same greedy text. Writes
bench/results/engine.json."""

import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

import lab

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPS = pathlib.Path(os.environ.get("REFRAIN_DEPS_DIR", ROOT / ".deps"))
SHAPES = {
    "0.5b": "--shape neox --type q8_0 --width 896 --layers 24 --heads 14 --kv-heads 2 "
    "--hidden 4864 --context 16384",
    "tiny": "--shape gqa --context 16384",
}
CONTEXT = 10240
OFF = {"x-refrain-cache": "off"}  # nothing is kept, nothing is reused
KEEP = {"x-refrain-cache": "refresh"}  # computed, and its KV is kept
# Tokens as numbers, so that both read the very same prompt.
FIRST_WORD = 400


def prompt(tokens, seed=0):
    return [1] + [FIRST_WORD + (i * 7 + seed * 131 + i * i % 89) % 300 for i in range(tokens - 1)]


class Peer:
    """A server under test: its process and one way to ask for a completion."""

    def __init__(self, name, command, url):
        self.name, self.url = name, urllib.parse.urlsplit(url)
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(600):
            try:
                if self.get("/health")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"{name} did not start: {' '.join(command)}")

    def get(self, path):
        return self.send("GET", path, None)

    def send(self, method, path, body, headers=None):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=600)
        data = None if body is None else json.dumps(body)
        send = {"content-type": "application/json", **(headers or {})}
        connection.request(method, path, data, send)
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        return reply.status, text, {k.lower(): v for k, v in reply.getheaders()}

    def complete(self, tokens, count, headers=OFF, **more):
        body = {
            "model": "m", "prompt": tokens, "max_tokens": count, "temperature": 0,
            "ignore_eos": True, **more,
        }
        start = time.perf_counter()
        status, text, headers = self.send("POST", "/v1/completions", body, headers)
        took = time.perf_counter() - start
        if status != 200:
            raise RuntimeError(f"{self.name}: {status} {text[:200]}")
        return json.loads(text), took, headers

    def stop(self):
        self.process.terminate()
        self.process.wait()


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Refrain(Peer):
    def __init__(self, model, threads, folder):
        port = free_port()
        program = os.environ.get("REFRAIN_PROGRAM", ROOT / "build/release/src/app/refrain")
        command = [
            str(program), "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", folder,
            "--embedder", "off", "--model", model, "--ctx", str(CONTEXT), "--parallel", "8",
            "--model-threads", str(threads), "--reuse", "always", "--kept", "2",
        ]
        super().__init__("refrain", command, f"http://127.0.0.1:{port}")

    def forget(self):
        self.send("POST", "/refrain/v1/engine/clear", {})

    def blocks(self):
        return json.loads(self.get("/refrain/v1/engine/statistics")[1])["blocks"]

    def keep(self, tokens):
        """Computes a prompt; (first token, how long after it all was saved)."""
        before = self.blocks()
        _, full, _ = self.complete(tokens, 1, KEEP)
        start = time.perf_counter()
        while self.blocks() < before + len(tokens) // 256:
            time.sleep(0.005)
        return full, time.perf_counter() - start

    def push_out(self):
        """Other prompts take the places of the sequences that are kept in the cells."""
        for i in range(4):
            self.complete([2 + i] * 20, 1, KEEP)

    def restored(self, tokens):
        _, took, headers = self.complete(tokens, 1, KEEP)
        return took, int(headers.get("x-refrain-reused-tokens", 0))


class LlamaServer(Peer):
    def __init__(self, model, threads, folder):
        port = free_port()
        program = os.environ.get("LLAMA_SERVER", DEPS / "llama-build/bin/llama-server")
        command = [
            str(program), "-m", model, "--host", "127.0.0.1", "--port", str(port), "-c",
            str(CONTEXT), "-np", "8", "--kv-unified", "-t", str(threads), "-tb", str(threads),
            "-b", "512", "-ub", "512", "-fa", "on", "--no-webui", "--slot-save-path", folder,
            "-cram", "0",
        ]
        super().__init__("llama-server", command, f"http://127.0.0.1:{port}")

    def forget(self):
        for slot in range(8):
            self.send("POST", f"/slots/{slot}?action=erase", {})

    def restored(self, tokens):
        slot = {"id_slot": 0, "cache_prompt": True}
        _, full, _ = self.complete(tokens, 1, **slot)
        start = time.perf_counter()
        self.send("POST", "/slots/0?action=save", {"filename": "slot.bin"})
        save = time.perf_counter() - start
        self.send("POST", "/slots/0?action=erase", {})
        start = time.perf_counter()
        self.send("POST", "/slots/0?action=restore", {"filename": "slot.bin"})
        restore = time.perf_counter() - start
        reply, took, _ = self.complete(tokens, 1, **slot)
        details = reply["usage"].get("prompt_tokens_details", {})
        return {"full_s": full, "save_s": save, "restore_s": restore + took,
                "reused_tokens": details.get("cached_tokens", 0)}


def prefill(peer, seed, headers=OFF):
    peer.forget()
    _, took, _ = peer.complete(prompt(512, seed), 1, headers)
    return 512 / took


def prefill_saving(peer, seed):
    return prefill(peer, seed, KEEP)


def decode(peer, streams, seed):
    count = 64
    prompts = [prompt(16, seed * 100 + i) for i in range(streams)]
    with concurrent.futures.ThreadPoolExecutor(streams) as pool:
        start = time.perf_counter()
        list(pool.map(lambda tokens: peer.complete(tokens, count), prompts))
        return streams * count / (time.perf_counter() - start)


def throughput(peers, rounds):
    """By turns, and by turns who begins, so that what else runs here meets both alike."""
    kinds = {
        "prefill_tokens_s": prefill,
        "prefill_saving_tokens_s": prefill_saving,
        "decode_1_tokens_s": lambda peer, seed: decode(peer, 1, seed),
        "decode_8_tokens_s": lambda peer, seed: decode(peer, 8, seed),
    }
    runs = {peer.name: {kind: [] for kind in kinds} for peer in peers}
    for kind, measure in kinds.items():
        for seed in range(1, rounds + 1):
            for peer in peers[:: 1 if seed % 2 else -1]:
                time.sleep(0.05)  # the other's threads wait busily for a while
                runs[peer.name][kind].append(measure(peer, seed))
    return {
        name: {kind: {"median": statistics.median(v), "runs": v} for kind, v in found.items()}
        for name, found in runs.items()
    }


def first_tokens(restart, refrain, llama, lengths):
    """{length: {peer: figures}}; the server that saved is not the one that restores."""
    out = {}
    for length in lengths:
        full, save = refrain.keep(prompt(length, 500 + length))
        out[length] = {"refrain": {"full_s": full, "save_s": save}}
    refrain.stop()
    refrain = restart()
    for length in lengths:
        tokens, figures = prompt(length, 500 + length), out[length]["refrain"]
        figures["restore_disk_s"], figures["reused_tokens"] = refrain.restored(tokens)
        refrain.push_out()
        figures["restore_memory_s"], again = refrain.restored(tokens)
        figures["reused_tokens"] = min(figures["reused_tokens"], again)
        llama.forget()
        out[length]["llama-server"] = llama.restored(tokens)
    return refrain, out


def make_model(shape, folder):
    tool = os.environ.get("TINY_LLM", ROOT / "build/release/tools/tiny_llm/tiny-llm")
    path = str(pathlib.Path(folder) / "model.gguf")
    flags = SHAPES[shape].split()
    subprocess.run([str(tool), "--seed", "7", *flags, "--out", path], check=True)
    return path


def show(results):
    for kind in results["refrain"]:
        ours, theirs = (results[name][kind]["median"] for name in ("refrain", "llama-server"))
        lab.line(kind, ours, theirs, f"{ours / theirs:.2f}")


def show_first_tokens(found):
    lab.line("tokens", "full", "save", "disk", "memory", "slot full", "slot save", "slot")
    for length, row in found.items():
        ours, theirs = row["refrain"], row["llama-server"]
        cells = [ours[k] for k in ("full_s", "save_s", "restore_disk_s", "restore_memory_s")]
        lab.line(str(length), *cells, *[theirs[k] for k in ("full_s", "save_s", "restore_s")])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model")
    parser.add_argument("--shape", choices=SHAPES, default="0.5b")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--lengths", default="512,2048,8192")
    args = parser.parse_args()
    lengths = [int(n) for n in args.lengths.split(",")]
    record = lab.Record("engine", "the embedded engine beside llama-server, the same model file")
    with tempfile.TemporaryDirectory(prefix="refrain-bench-") as folder:
        model = args.model or make_model(args.shape, folder)
        data = str(pathlib.Path(folder) / "data")
        refrain = Refrain(model, args.threads, data)
        llama = LlamaServer(model, args.threads, folder)
        try:
            texts = {
                peer.complete(prompt(64), 16)[0]["choices"][0]["text"] for peer in (refrain, llama)
            }
            results = throughput([refrain, llama], args.rounds)
            show(results)
            refrain, found = first_tokens(
                lambda: Refrain(model, args.threads, data), refrain, llama, lengths
            )
            show_first_tokens(found)
        finally:
            refrain.stop()
            llama.stop()
    name = pathlib.Path(args.model).name if args.model else args.shape
    record["setup"] = {"model": name, "threads": args.threads, "same_text": len(texts) == 1}
    record["throughput"], record["first_token"] = results, found
    record.write()
    return 0 if len(texts) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
