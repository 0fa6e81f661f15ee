#!/usr/bin/env python3
"""The embedded engine beside llama-server: same model file, same run, one after the other.

    bench/load/engine.py --model FILE.gguf [--rounds 3] [--threads N] [--out FILE.json]
    bench/load/engine.py --shape 0.5b    a model of that shape, random weights, in a temp folder

Measured over HTTP: prefill tokens/s (a prompt of 512 tokens, one new token), decode tokens/s with
1 and 8 streams of 64 tokens, and the first token of a prompt of 0.5k to 8k tokens: computed whole,
and after a restore (Refrain: from its block store, pushed out of the cells before; llama-server:
slot restored from its file). The report says whether the two gave the same greedy text."""

import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPS = pathlib.Path(os.environ.get("REFRAIN_DEPS_DIR", ROOT / ".deps"))
SHAPES = {
    "0.5b": "--shape neox --type q8_0 --width 896 --layers 24 --heads 14 --kv-heads 2 "
    "--hidden 4864 --context 16384",
    "tiny": "--shape gqa --context 16384",
}
CONTEXT = 10240
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

    def send(self, method, path, body):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=600)
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"content-type": "application/json", **HEADERS})
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        return reply.status, text, {k.lower(): v for k, v in reply.getheaders()}

    def complete(self, tokens, count, **more):
        body = {
            "model": "m", "prompt": tokens, "max_tokens": count, "temperature": 0,
            "ignore_eos": True, **more,
        }
        start = time.perf_counter()
        status, text, headers = self.send("POST", "/v1/completions", body)
        took = time.perf_counter() - start
        if status != 200:
            raise RuntimeError(f"{self.name}: {status} {text[:200]}")
        return json.loads(text), took, headers

    def stop(self):
        self.process.terminate()
        self.process.wait()


# The answer cache would answer the second round.
HEADERS = {"x-refrain-cache": "off"}


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Refrain(Peer):
    def __init__(self, model, threads):
        port = free_port()
        program = os.environ.get("REFRAIN_PROGRAM", ROOT / "build/release/src/app/refrain")
        command = [
            str(program), "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", ":memory:",
            "--embedder", "off", "--model", model, "--ctx", str(CONTEXT), "--parallel", "8",
            "--model-threads", str(threads), "--kv-memory-max", "4GiB", "--reuse", "always",
        ]
        super().__init__("refrain", command, f"http://127.0.0.1:{port}")

    def forget(self):
        self.send("POST", "/refrain/v1/engine/clear", {})

    def restored(self, tokens):
        """First token after the cells went but the blocks stayed: other prompts push it out."""
        self.complete(tokens, 1)
        self.settle()
        filler = CONTEXT - 64
        self.complete(prompt(filler, seed=991), 1)
        _, took, headers = self.complete(tokens, 1)
        return took, int(headers.get("x-refrain-reused-tokens", 0))

    def settle(self):
        before = -1
        while True:
            now = json.loads(self.get("/refrain/v1/engine/statistics")[1])["blocks"]
            if now == before:
                return
            before = now
            time.sleep(0.2)


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
        self.complete(tokens, 1, **slot)
        self.send("POST", "/slots/0?action=save", {"filename": "slot.bin"})
        self.send("POST", "/slots/0?action=erase", {})
        start = time.perf_counter()
        self.send("POST", "/slots/0?action=restore", {"filename": "slot.bin"})
        restore = time.perf_counter() - start
        reply, took, _ = self.complete(tokens, 1, **slot)
        details = reply["usage"].get("prompt_tokens_details", {})
        return restore + took, details.get("cached_tokens", 0)


def prefill(peer, seed):
    peer.forget()
    tokens = prompt(512, seed)
    _, took, _ = peer.complete(tokens, 1)
    return 512 / took


def decode(peer, streams, seed):
    count = 64
    prompts = [prompt(16, seed * 100 + i) for i in range(streams)]
    with concurrent.futures.ThreadPoolExecutor(streams) as pool:
        start = time.perf_counter()
        list(pool.map(lambda tokens: peer.complete(tokens, count), prompts))
        return streams * count / (time.perf_counter() - start)


def first_token(peer, length, seed):
    peer.forget()
    tokens = prompt(length, seed)
    _, full, _ = peer.complete(tokens, 1)
    peer.forget()
    after, reused = peer.restored(prompt(length, seed + 1))
    return {"full_s": full, "restored_s": after, "reused_tokens": reused}


def measure(peer, rounds, lengths):
    runs = {"prefill_tokens_s": [], "decode_1_tokens_s": [], "decode_8_tokens_s": []}
    for round_number in range(rounds):
        runs["prefill_tokens_s"].append(prefill(peer, round_number))
        runs["decode_1_tokens_s"].append(decode(peer, 1, round_number))
        runs["decode_8_tokens_s"].append(decode(peer, 8, round_number))
    result = {name: {"median": statistics.median(v), "runs": v} for name, v in runs.items()}
    result["first_token"] = {n: first_token(peer, n, 500 + n) for n in lengths}
    return result


def make_model(shape, folder):
    tool = os.environ.get("TINY_LLM", ROOT / "build/release/tools/tiny_llm/tiny-llm")
    path = str(pathlib.Path(folder) / "model.gguf")
    flags = SHAPES[shape].split()
    subprocess.run([str(tool), "--seed", "7", *flags, "--out", path], check=True)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model")
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--lengths", default="512,2048,8192")
    parser.add_argument("--out")
    args = parser.parse_args()
    lengths = [int(n) for n in args.lengths.split(",")]
    with tempfile.TemporaryDirectory(prefix="refrain-bench-") as folder:
        model = args.model or make_model(args.shape or "0.5b", folder)
        makers = [
            lambda: Refrain(model, args.threads),
            lambda: LlamaServer(model, args.threads, folder),
        ]
        results, texts = {}, {}
        for make in makers:
            peer = make()
            try:
                texts[peer.name] = peer.complete(prompt(64), 16)[0]["choices"][0]["text"]
                results[peer.name] = measure(peer, args.rounds, lengths)
            finally:
                peer.stop()
    report = {
        "machine": platform.processor() or platform.machine(), "cores": os.cpu_count(),
        "threads": args.threads, "model": args.shape or pathlib.Path(model).name,
        "load_average": os.getloadavg(), "same_text": len(set(texts.values())) == 1, **results,
    }
    text = json.dumps(report, indent=1)
    print(text)
    if args.out:
        pathlib.Path(args.out).write_text(text + "\n")
    return 0 if report["same_text"] else 1


if __name__ == "__main__":
    sys.exit(main())
