#!/usr/bin/env python3
"""Prints the README's table of figures from bench/results/*.json.

bench/load/table.py           prints it
bench/load/table.py --write   and puts it between the marks in README.md
"""

import json
import sys

import lab

MARK = "<!-- figures -->"


def result(name):
    path = lab.ROOT / "bench/results" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def exact_rows(figures):
    for name, title in (
        ("refrain", "exact hit, 1 KB, 16 connections"),
        ("refrain, stream", "the same as a stream"),
    ):
        own, peer = figures[name], figures["nginx"]
        yield title, (
            f"{own['share_of_nginx']:.2f} of the peer's requests/s ({own['requests_per_s']:,.0f});"
            f" p99 {own['p99_ms']:.2f} ms, {own['p99_ratio']:.1f} times its; processor"
            f" {own['cpu_us_a_request']:.1f} us each against {peer['cpu_us_a_request']:.1f};"
            f" {100 * own['share_at_once']:.0f} % without a thread hop"
        ), "nginx, static file of the same bytes"


def miss_rows(figures):
    for name, title in (
        ("off", "miss, embedder off: added to the first byte"),
        ("minilm", "the same with MiniLM (default)"),
        ("minilm, overlap", "the same with `--overlap on`"),
    ):
        yield title, f"{figures[name + ', 1 at a time']['first_ms_added_p50']:.2f} ms at p50", (
            "direct connection, model after 20 ms"
        )
    own, eight = figures["off, 1 at a time"], figures["off, 8 at a time"]
    yield "streamed event: added on its way", (
        f"{own['event_us_added_p50'] / 1e3:.3f} ms at p50 ({eight['event_us_added_p50'] / 1e3:.3f}"
        f" with 8 streams); {eight['cpu_ms_per_1000_events']:.0f} ms of processor for 1,000"
    ), "direct connection"


def semantic_rows(figures):
    for name, own in figures.items():
        yield f"semantic hit, {name.split()[0]}, {own['entries']:,} entries", (
            f"{own['whole_ms_p50']:.2f} ms = embedder {own['embed_ms_p50']:.2f}"
            f" + {own['added_ms_p50']:.2f} (search {own['search_ms_p50']:.2f})"
        ), "the embedder's own time"


def stream_rows(figures):
    own = figures["streams"]
    size = (own["bytes_per_stream"] or 0) / 1024
    yield f"open streams at once: {own['count']:,}", (
        f"{own['errors']} errors; {size:.1f} KB each; {own['files_max']:,} files were allowed"
    ), "-"


def store_rows(figures):
    for name, own in figures.items():
        rebuilt = own.get("restart_rebuilt_s")
        yield f"store, {name}", (
            f"{own['entries_per_s_batches']:,.0f}/s in batches of 1,000,"
            f" {own['entries_per_s_16_writers']:,.0f}/s by 16 writers;"
            f" {own['bytes_per_entry']:,.0f} B on disk each;"
            f" ready {own['restart_s']:.2f} s after start"
            + (f", {rebuilt:.2f} s without its snapshot" if rebuilt else "")
        ), "-"


ROWS = {
    "exact_hit": ("exact", exact_rows),
    "miss": ("miss", miss_rows),
    "semantic": ("semantic", semantic_rows),
    "streams": ("streams", stream_rows),
    "store": ("store", store_rows),
}


def lines():
    yield "| figure | Refrain | beside | command |"
    yield "|---|---|---|---|"
    taken = []
    for name, (command, rows) in ROWS.items():
        found = result(name)
        if not found or "figures" not in found:
            continue
        for title, figure, beside in rows(found["figures"]):
            yield f"| {title} | {figure} | {beside} | `bench/run {command}` |"
        others = found["others_share_of_cpu"]
        taken.append(f"{command} {found['commit']} ({100 * others:.0f} %)")
    yield ""
    yield "Taken at (share of the processor that others had meanwhile): " + ", ".join(taken) + "."


def main():
    text = "\n".join(lines())
    lab.say(text)
    if "--write" in sys.argv:
        readme = lab.ROOT / "README.md"
        before, _, after = readme.read_text().split(MARK)
        readme.write_text(f"{before}{MARK}\n{text}\n{MARK}{after}")


if __name__ == "__main__":
    main()
