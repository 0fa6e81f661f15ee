#!/usr/bin/env python3
"""Reused against full prefill on a real model: the same greedy text and log probabilities.

    bench/quality/engine_reuse.py [--model FILE.gguf]    default: the llm-stories260k of shared/data

For many cuts of a prompt: an engine that has only the beginning goes on from there. Prints the
largest difference to a full prefill and exits 1 if a text differs."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORY = (
    "Once upon a time there was a little girl called Lily who lived in a small house near the "
    "forest. She loved to play with her red ball and her dog Max. One day the ball rolled away "
    "and Lily ran after it. She found a big tree with a door, and behind the door there was"
)


class Server:
    def __init__(self, model):
        program = os.environ.get("REFRAIN_PROGRAM", ROOT / "build/release/src/app/refrain")
        command = [str(program), "serve", "--listen", "127.0.0.1:0", "--data-dir", ":memory:"]
        command += ["--embedder", "off", "--model", model, "--reuse", "always", "--ctx", "1024"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        line = self.process.stdout.readline().decode()
        if "listens on" not in line:
            raise RuntimeError("refrain did not start")
        self.url = line.split()[-1]

    def post(self, path, body):
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"x-refrain-cache": "off"}
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            return json.load(reply), dict(reply.headers.items())

    def complete(self, text, count):
        body = {"model": "m", "prompt": text, "max_tokens": count, "temperature": 0, "logprobs": 1}
        reply, headers = self.post("/v1/completions", body)
        choice = reply["choices"][0]
        reused = int(headers.get("x-refrain-reused-tokens", 0))
        return choice["text"], choice["logprobs"]["token_logprobs"], reused

    def clear(self):
        self.post("/refrain/v1/engine/clear", {})

    def stop(self):
        self.process.terminate()
        self.process.wait()


def find_model():
    folder = pathlib.Path(os.environ.get("REFRAIN_SHARED", ROOT.parent / "shared"))
    found = sorted((folder / "data/models/llm-stories260k").glob("*.gguf"))
    return str(found[0]) if found else None


def compare(server, cuts):
    server.clear()
    text, full, _ = server.complete(STORY, 48)
    worst, tokens, different = 0.0, 0, 0
    for cut in cuts:
        server.clear()
        server.complete(STORY[:cut], 1)
        again, chances, reused = server.complete(STORY, 48)
        different += again != text
        tokens += reused
        worst = max([worst] + [abs(a - b) for a, b in zip(full, chances)])
    return {
        "cuts": len(cuts), "texts_different": different, "largest_logprob_difference": worst,
        "reused_tokens": tokens, "text": text,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", default=find_model())
    args = parser.parse_args()
    if not args.model:
        print("no model: give one by --model, or put shared/data beside the repository")
        return 77
    server = Server(args.model)
    try:
        report = compare(server, range(10, len(STORY), 9))
    finally:
        server.stop()
    print(json.dumps(report, indent=1))
    return 1 if report["texts_different"] else 0


if __name__ == "__main__":
    sys.exit(main())
