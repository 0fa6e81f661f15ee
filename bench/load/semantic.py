#!/usr/bin/env python3
"""A semantic hit end to end: the embedder's time, and what Refrain adds, by entries in one space.

The entries are loaded through the native door. At the large sizes the vectors come from the
scripted model's /v1/embeddings (made from the texts, 384 numbers), because MiniLM would need
minutes; MiniLM itself is measured at the smallest size. Added = what the client waited, less
embed_ms of the server's own explain, request by request: reading, searching, the entry from disk,
deciding, rendering, and both ways of the wire.
"""

import json
import sys
import time

import lab

SIZES = [int(word) for word in sys.argv[1:]] or [1_000, 10_000, 100_000]
BATCH, ASKED, WARM = 1_000, 300, 20
ANSWER = "It keeps what was computed, so that nobody computes it twice. " * 8
PARTS = ["valve", "pump", "filter", "belt", "sensor", "relay", "hinge", "nozzle", "gauge", "piston"]


def question(n):
    return f"Plant {n % 20}, {PARTS[n // 20 % 10]} {n // 200 % 5}: how is number {n} kept clean?"


def load(address, count):
    for start in range(0, count, BATCH):
        entries = [
            {"question": question(n), "answer": ANSWER, "model": "m"}
            for n in range(start, min(start + BATCH, count))
        ]
        lab.call(address, "/refrain/v1/entries", {"entries": entries})


def wait_for_graph(address, count):
    """A space of more than 4,096 entries is searched by a scan until its graph is built."""
    while count > 4096 and b"refrain_index_graphs 0" in lab.call(address, "/metrics"):
        time.sleep(0.2)


def measure(address, work, count):
    rows = work / "rows"
    stride = max(1, count // ASKED)
    bodies = [lab.chat("again: " + question(n * stride % count)) for n in range(ASKED)]
    figures = lab.ask_many(address, bodies[:WARM], work)
    figures = lab.ask_many(address, bodies[WARM:], work, rows=rows)
    embed, search, added = [], [], []
    for line in rows.read_text().splitlines():
        _, whole, name = line.split()
        told = json.loads(lab.call(address, f"/refrain/v1/explain/{name}"))
        if told.get("tier") != "semantic":
            continue  # the index is approximate: now and then a near entry is not found
        embed.append(told["embed_ms"])
        search.append(told["search_ms"])
        added.append(float(whole) - told["embed_ms"])
    quantile = lambda values, share: sorted(values)[min(len(values) - 1, int(share * len(values)))]
    hits = figures["outcomes"].get("hit semantic", 0)
    return {
        "entries": count,
        "asked": ASKED - WARM,
        "semantic_hits": hits,
        "errors": figures["errors"],
        "whole_ms_p50": figures["whole_ms"]["p50"],
        "whole_ms_p99": figures["whole_ms"]["p99"],
        **{
            f"{name}_ms_{label}": quantile(values, share)
            for name, values in (("embed", embed), ("search", search), ("added", added))
            for label, share in (("p50", 0.5), ("p99", 0.99))
        },
    }


def main():
    record = lab.Record(
        "semantic", "semantic hit end to end, by entries in one space; threshold mode, floor 0.8"
    )
    lab.line(
        *("embedder, entries", "hits", "whole p50 ms", "embed p50", "search p50"),
        *("added p50", "added p99", "errors"),
    )
    with lab.folder() as work, lab.model(first_ms=0) as (_, vectors):
        for embedder, count in [("minilm", min(SIZES)), *(("scripted", size) for size in SIZES)]:
            spec = f"http:http://{vectors}/v1/embeddings" if embedder == "scripted" else embedder
            mode = ("--semantic", "threshold", "--floor", "0.8", "--upstream", f"http://{vectors}")
            with lab.refrain(*mode, data=work / f"{embedder}-{count}", embedder=spec) as (
                _,
                address,
            ):
                load(address, count)
                start = time.monotonic()
                wait_for_graph(address, count)
                graph_s = time.monotonic() - start
                figure = {**measure(address, work, count), "graph_s_after_load": graph_s}
            record[f"{embedder} {count}"] = figure
            shown = "whole_ms_p50 embed_ms_p50 search_ms_p50 added_ms_p50 added_ms_p99"
            hits = f"{figure['semantic_hits']}/{figure['asked']}"
            cells = [figure[key] for key in shown.split()]
            lab.line(f"{embedder} {count}", hits, *cells, figure["errors"])
    record.write()


if __name__ == "__main__":
    main()
