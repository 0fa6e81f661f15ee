#!/usr/bin/env python3
"""Plain generation by the embedded engine: how latencies spread, tokens/s, memory.

    bench/micro/generation.py [--model FILE.gguf | --shape tiny] [--runs 5] [--tokens 64]

Each run asks for the same number of tokens of a prompt of 16, nothing kept and nothing reused.
Writes bench/results/generation.json."""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "load"))

import lab  # noqa: E402
from engine import Refrain, make_model, prompt  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model")
    parser.add_argument("--shape", default="0.5b")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    record = lab.Record("generation", "plain generation by the embedded engine")
    with tempfile.TemporaryDirectory(prefix="refrain-bench-") as folder:
        model = args.model or make_model(args.shape, folder)
        refrain = Refrain(model, args.threads, str(pathlib.Path(folder) / "data"))
        try:
            refrain.complete(prompt(16), args.tokens)  # the first one touches fresh memory
            before = lab.rss_bytes(refrain.process.pid)
            runs = [refrain.complete(prompt(16, i), args.tokens)[1] for i in range(args.runs)]
            rss = lab.rss_bytes(refrain.process.pid)
        finally:
            refrain.stop()
    mean = statistics.mean(runs)
    record["latency_s"] = {
        "min": min(runs), "median": statistics.median(runs), "mean": mean, "max": max(runs),
        "runs": runs,
    }
    record["tokens_s"], record["tokens"] = args.tokens / mean, args.tokens
    record["memory_bytes"] = {"before": before, "after": rss}
    record["setup"] = {"model": args.model or args.shape, "threads": args.threads}
    record.write()
    lab.line("seconds", min(runs), statistics.median(runs), max(runs))
    lab.line("tokens/s", args.tokens / mean)
    lab.line("MiB", rss / 2**20)


if __name__ == "__main__":
    main()
