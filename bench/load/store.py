#!/usr/bin/env python3
"""Durable inserts through the native door, bytes on disk per entry, time from start to /ready.

Sizes 10,000 and 100,000, or those given (bench/load/store.py 1000000 takes five minutes, its
figures go to store_1000000.json). With vectors of the scripted model (384 numbers) and without.
Restart: from the index's snapshot, and with the snapshot taken away, so that the index is rebuilt
from the records. The page cache is warm.
"""

import json
import pathlib
import sys
import time

import lab

SIZES = [int(word) for word in sys.argv[1:]] or [10_000, 100_000]
BATCH, SINGLE, WRITERS = 1_000, 2_000, 16
ANSWER = "It keeps what was computed, so that nobody computes it twice. " * 8


def entry(n):
    return {
        "question": f"How is part {n} of the machine kept clean?",
        "answer": f"{ANSWER}{n}",
        "model": "m",
    }


def bytes_of(folder, pattern):
    return sum(file.stat().st_size for file in pathlib.Path(folder).glob(pattern))


def rates(address, work, count):
    """Entries/s by batches of 1,000, then by single entries of 16 writers (2,000 of them)."""
    target = "/refrain/v1/entries"
    batches = (
        {"entries": [entry(n) for n in range(at, at + BATCH)]} for at in range(0, count, BATCH)
    )
    path = lab.write_bodies(work, batches)
    start = time.monotonic()
    whole = lab.ask_file(address, path, target=target)
    batched = count / (time.monotonic() - start)
    path = lab.write_bodies(work, (entry(count + n) for n in range(SINGLE)))
    start = time.monotonic()
    single = lab.ask_file(address, path, connections=WRITERS, target=target)
    singly = SINGLE / (time.monotonic() - start)
    return batched, singly, whole["errors"] + single["errors"]


def restart(spec, data):
    start = time.monotonic()
    with lab.refrain(data=data, embedder=spec) as (pid, address):
        ready = json.loads(lab.call(address, "/ready"))["ready"]
        seconds = time.monotonic() - start
        return seconds if ready else None, lab.rss_bytes(pid)


def main():
    what = "durable inserts, bytes on disk, restart; durability power-loss, answers of 0.5 KB"
    record = lab.Record("_".join(["store", *sys.argv[1:]]), what)
    lab.line(
        *("entries", "by 1000, 1/s", "16 writers 1/s", "store B each", "snapshot B"),
        *("ready after s", "rebuilt s", "errors"),
    )
    with lab.folder() as work, lab.model() as (_, vectors):
        for size in SIZES:
            for name, spec in (
                ("without vectors", "off"),
                ("with vectors", f"http:http://{vectors}/v1/embeddings"),
            ):
                data = work / f"{size}-{name[:5].strip()}"
                with lab.refrain("--disk-max", "64GiB", data=data, embedder=spec) as (_, address):
                    batches, single, errors = rates(address, work, size)
                figure = {
                    "entries": size + SINGLE,
                    "errors": errors,
                    "entries_per_s_batches": batches,
                    "entries_per_s_16_writers": single,
                    "bytes_per_entry": bytes_of(data, "store.sqlite*") / (size + SINGLE),
                    "snapshot_bytes_per_entry": bytes_of(data, "index*") / (size + SINGLE),
                }
                figure["restart_s"], figure["rss_after_restart"] = restart(spec, data)
                for snapshot in data.glob("index.snapshot*"):
                    snapshot.unlink()
                if spec != "off":
                    figure["restart_rebuilt_s"], _ = restart(spec, data)
                record[f"{size} {name}"] = figure
                shown = "entries_per_s_batches entries_per_s_16_writers bytes_per_entry"
                cells = [figure[key] for key in shown.split()]
                cells += [figure["snapshot_bytes_per_entry"], figure["restart_s"]]
                lab.line(f"{size} {name}", *cells, figure.get("restart_rebuilt_s", "-"), errors)
    record.write()


if __name__ == "__main__":
    main()
