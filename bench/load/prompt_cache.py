#!/usr/bin/env python3
"""Prompts that are read once: the reference's demo and its benchmark, on the embedded engine.

    bench/load/prompt_cache.py demo                   one prompt, three suffixes
    bench/load/prompt_cache.py benchmark              no_cache, local, server over suffix counts
    bench/load/prompt_cache.py demo --client-type local --server-url http://127.0.0.1:8780

no_cache  every suffix reads the whole prompt again
local     the prompt's KV lies in the files of a server that starts anew for each configuration
server    it is uploaded to a prompt-KV server, and fetched from there by an engine that has nothing

The prompts are those of the reference, from --data FILE (prompts.json); the model has 0.5B's shape
and random weights unless --model names one. Its small vocabulary makes more tokens of a text than
others do, so the text is cut to as many tokens as the reference's had. Appends to
bench/results/prompt_cache.jsonl (reference 2.3) and writes prompt_cache.json and .svg beside it."""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request

import lab
from engine import DEPS, ROOT, Peer, free_port, make_model

sys.path.insert(0, str(ROOT / "clients" / "python"))
VENV = DEPS / "venv/bin/python"

try:
    import numpy
except ImportError:  # the client needs it: tools/setup test puts it there
    os.execv(VENV, [str(VENV), *sys.argv])

import refrain  # noqa: E402
from refrain.models import RefrainEngine  # noqa: E402

RESULTS = ROOT / "bench/results"
PROGRAM = os.environ.get("REFRAIN_PROGRAM", ROOT / "build/release/src/app/refrain")
PROMPT_TOKENS = 2600  # of the reference's headline
BRIEF = {
    "WIKIPEDIA_PROMPT_PREFIX": "The library keeps what a model has read. " * 40,
    "WIKIPEDIA_PROMPT_SUFFIXES": [f"\nQuestion {i}: what is kept?" for i in range(50)],
}


class Server(Peer):
    """A Refrain on a folder: with a model, or as the place where KV is kept."""

    def __init__(self, folder, model=None, threads=None):
        self.folder, self.model, self.threads = str(folder), model, threads
        self.launch()

    def launch(self):
        port = free_port()
        command = [str(PROGRAM), "serve", "--listen", f"127.0.0.1:{port}", "--embedder", "off"]
        command += ["--data-dir", self.folder]
        if self.model:
            command += ["--model", self.model, "--ctx", "8192", "--kept", "2"]
            command += ["--model-threads", str(self.threads), "--reuse", "always"]
        super().__init__("refrain", command, f"http://127.0.0.1:{port}")

    @property
    def address(self):
        return f"http://{self.url.netloc}"

    def restart(self):
        self.stop()
        self.launch()

    def metric(self, name):
        found = re.search(rf"^{name} (\S+)$", self.get("/metrics")[1], re.M)
        return float(found.group(1)) if found else 0.0


class Log:
    """The JSON lines of the reference: one per section."""

    def __init__(self, run_name, model_name):
        self.common = {"model_name": model_name, "metadata": run_name}
        self.rows = []

    def section(self, name, config, work):
        start, clock = time.time(), time.perf_counter()
        out = work()
        duration = time.perf_counter() - clock
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.rows.append(
            {**config, **self.common, "created_at": stamp, "section_name": name,
             "start_time": start, "duration": duration}
        )
        return out

    def write(self):
        with open(RESULTS / "prompt_cache.jsonl", "a", encoding="utf-8") as out:
            for row in self.rows:
                out.write(json.dumps(row) + "\n")


class Uncached(RefrainEngine):
    """The same engine, asked to keep nothing and to use nothing."""

    def __init__(self, url, model):
        super().__init__(url, model)
        self._headers["x-refrain-cache"] = "off"


def copy_kv(source, target, name):
    """One object from a prompt-KV server to another, piece by piece through a file."""
    with tempfile.TemporaryDirectory(prefix="refrain-bench-") as folder:
        path = pathlib.Path(folder) / name
        with urllib.request.urlopen(f"{source}/prompt_cache/{name}") as reply:
            with open(path, "wb") as out:
                shutil.copyfileobj(reply, out, 1 << 20)
        refrain.PromptCacheClient("server", target, None)._post(path)
        return path.stat().st_size


def prompts_of(path):
    if not path:
        return BRIEF
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def cut(server, text, tokens):
    """The beginning of a text that has about so many tokens."""
    body = {"model": "m", "prompt": text[:2000], "max_tokens": 1}
    status, reply, _ = server.send("POST", "/v1/completions", body, {"x-refrain-cache": "off"})
    if status != 200:
        raise RuntimeError(reply)
    per_character = json.loads(reply)["usage"]["prompt_tokens"] / min(len(text), 2000)
    return text[: int(tokens / per_character)]


def run(log, kind, server, store, prompt, suffixes, new_tokens):
    """One configuration; the seconds of every suffix."""
    config = {"client_type": kind, "prompt_name": "wikipedia_llms",
              "number_suffixes": len(suffixes), "max_new_tokens": new_tokens}
    server.send("POST", "/refrain/v1/engine/clear", {})
    server.send("POST", "/clear_cache/", {})
    store.send("POST", "/clear_cache/", {})
    make = Uncached if kind == "no_cache" else RefrainEngine
    engine = log.section("create_pc_client", config, lambda: make(server.address, "m"))
    lm = log.section("create_pipeline", config, lambda: refrain.pipeline(engine))
    name = refrain.PromptMetadata("wikipedia_llms", "m").file_name

    def cache_and_upload():
        lm.cache_and_upload_prompt(prompt, "wikipedia_llms")
        if kind == "server":
            copy_kv(server.address, store.address, name)

    if kind != "no_cache":
        log.section("cache_and_upload_prompt", config, cache_and_upload)
    if kind == "server":
        server.send("POST", "/refrain/v1/engine/clear", {})
        server.send("POST", "/clear_cache/", {})
    if kind != "no_cache":
        server.restart()
        engine.url = server.address

    def generate(suffix):
        if kind == "no_cache":
            return lm.generate(prompt + suffix, new_tokens)
        if kind == "server" and suffix is suffixes[0]:
            copy_kv(store.address, server.address, name)
        return lm.generate_with_cache("wikipedia_llms", suffix, new_tokens)

    texts = [log.section("generate_response", config, lambda s=s: generate(s)) for s in suffixes]
    return [row["duration"] for row in log.rows[-len(suffixes):]], texts


def restores(server, prompt, rounds=5):
    """What a restore takes from files, and asking again, beside plain copying of memory."""
    engine = RefrainEngine(server.address, "m")
    lm = refrain.pipeline(engine)
    lm.cache_and_upload_prompt(prompt, "restored")
    server.restart()
    engine.url = server.address
    figures, tokens = {}, 0
    for name in ["disk"] + ["again"] * rounds:
        before = [server.metric(f"refrain_engine_{m}_seconds_sum") for m in ("restore", "step")]
        start = time.perf_counter()
        lm.generate_with_cache("restored", " and", 1)
        whole = time.perf_counter() - start
        after = [server.metric(f"refrain_engine_{m}_seconds_sum") for m in ("restore", "step")]
        put, step = (b - a for a, b in zip(before, after))
        tokens = lm.stats["reused_tokens"]
        figures.setdefault(name, []).append({"first_token_s": whole, "put_s": put, "model_s": step})
        for i in range(4):
            lm.engine.complete(f"{i} other words of no use", 1)
    kept = json.loads(server.get("/refrain/v1/kv")[1])["objects"][0]
    size = tokens * kept["bytes"] / kept["tokens"]
    source = numpy.ones(1 << 28, numpy.uint8)
    target = numpy.zeros_like(source)
    copies = []
    for _ in range(5):
        start = time.perf_counter()
        numpy.copyto(target, source)
        copies.append(time.perf_counter() - start)
    return {"tokens": tokens, "bytes": size, "copy_bytes_s": len(source) / min(copies),
            **{kind: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
               for kind, rows in figures.items()}}


def plot(means, path):
    """{kind: {count: seconds per suffix}} as an SVG of lines."""
    colours = {"no_cache": "#c33", "local": "#36c", "server": "#393"}
    top = max(max(row.values()) for row in means.values()) * 1.1
    most = max(max(row) for row in means.values())

    def at(count, seconds):
        return f"{60 + 500 * count / most:.1f},{340 - 300 * seconds / top:.1f}"

    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="640" height="400" '
             'font-family="sans-serif" font-size="12"><rect width="640" height="400" fill="#fff"/>',
             '<path d="M60,40V340H560" fill="none" stroke="#000"/>',
             '<text x="250" y="385">number of suffixes</text>',
             '<text x="10" y="25">seconds per suffix</text>']
    for i in range(5):
        y = 340 - 75 * i
        parts.append(f'<text x="15" y="{y + 4}">{top * i / 4:.2f}</text>')
    for row, (kind, points) in enumerate(means.items()):
        line = " ".join(at(count, seconds) for count, seconds in points.items())
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colours[kind]}"/>')
        for count, seconds in points.items():
            x, y = at(count, seconds).split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colours[kind]}"/>'
                         f'<text x="{x}" y="356" text-anchor="middle">{count}</text>')
        parts.append(f'<text x="470" y="{60 + 18 * row}" fill="{colours[kind]}">{kind}</text>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def benchmark(args, folder, model):
    record = lab.Record("prompt_cache", "seconds per suffix behind one prompt, 10 new tokens")
    log = Log(args.run_name or time.strftime("run-%Y%m%d-%H%M%S", time.gmtime()), args.shape)
    prompts = prompts_of(args.data)
    server = Server(folder / "engine", model, args.threads)
    store = Server(folder / "store")
    try:
        prompt = cut(server, prompts["WIKIPEDIA_PROMPT_PREFIX"], args.prompt_tokens)
        means, texts = {}, {}
        for kind in ("no_cache", "local", "server"):
            for count in args.counts:
                if kind == "no_cache" and count > args.uncached_max:
                    continue
                suffixes = prompts["WIKIPEDIA_PROMPT_SUFFIXES"][:count]
                seconds, said = run(log, kind, server, store, prompt, suffixes, 10)
                means.setdefault(kind, {})[count] = statistics.mean(seconds)
                texts.setdefault(count, said)
                same = texts[count] == said
                lab.line(kind, count, statistics.mean(seconds), min(seconds), max(seconds),
                         "same text" if same else "OTHER TEXT")
        found = restores(server, prompt)
    finally:
        server.stop()
        store.stop()
    log.write()
    plot(means, RESULTS / "prompt_cache.svg")
    most = max(means["local"])
    base = statistics.mean(means["no_cache"].values())
    record["setup"] = {"model": args.model or args.shape, "prompt_tokens": found["tokens"]}
    record["seconds_per_suffix"] = means
    record["times_faster"] = {kind: base / means[kind][most] for kind in ("local", "server")}
    record["restore"] = found
    record.write()
    lab.say(f"  times faster at {most} suffixes: {record['times_faster']}")
    for kind in ("disk", "again"):
        whole, put, step = (1e3 * found[kind][k] for k in ("first_token_s", "put_s", "model_s"))
        speed = found["bytes"] / put / 1e6 if put > 0 else 0  # 0: the cells had it
        lab.say(f"  {found['tokens']} tokens from {kind}: first token after {whole:.1f} ms, of it "
                f"{put:.1f} ms for rows ({speed:.2f} GB/s), {step:.1f} ms for the model")
    lab.say(f"  copying memory: {found['copy_bytes_s'] / 1e9:.2f} GB/s")


def demo(args, folder, model):
    server = None if args.server_url else Server(folder / "engine", model, args.threads)
    try:
        url = args.server_url or server.address
        prompts = prompts_of(args.data)
        prompt = prompts.get("SHORT_PROMPT_PREFIX", prompts["WIKIPEDIA_PROMPT_PREFIX"][:400])
        make = Uncached if args.client_type == "no_cache" else RefrainEngine
        lm = refrain.pipeline(make(url, "m"))
        if args.client_type != "no_cache":
            lm.cache_and_upload_prompt(prompt, "project_description")
        for suffix in ("\n# Project Name", "\n# Next Steps", "\n# Potential issues"):
            if args.client_type == "no_cache":
                text = lm.generate(prompt + suffix, 25)
            else:
                text = lm.generate_with_cache("project_description", suffix, 25)
            lab.say(f"suffix:   {suffix.strip()}\nresponse: {text[len(prompt + suffix):]}")
            lab.say(f"          {lm.stats['reused_tokens']} tokens reused, "
                    f"{lm.stats['prefilled_tokens']} read\n")
    finally:
        if server:
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=["demo", "benchmark"])
    parser.add_argument("--data", help="prompts.json of the reference; else some words of our own")
    parser.add_argument("--model")
    parser.add_argument("--shape", default="0.5b")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--client-type", choices=["no_cache", "local", "server"], default="server")
    parser.add_argument("--server-url")
    parser.add_argument("--run-name")
    parser.add_argument("--counts", type=lambda t: [int(n) for n in t.split(",")],
                        default=[1, 2, 5, 10])
    parser.add_argument("--uncached-max", type=int, default=2, help="no_cache up to this count")
    parser.add_argument("--prompt-tokens", type=int, default=PROMPT_TOKENS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="refrain-bench-") as temp:
        folder = pathlib.Path(temp)
        own = args.what == "demo" and args.server_url
        model = None if own else args.model or make_model(args.shape, folder)
        (demo if args.what == "demo" else benchmark)(args, folder, model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
