#!/usr/bin/env python3
"""As many open streams at once as the file limit allows, 10,000 at most, through one Refrain.

Each stream gets an event a second for half a minute, so all of them are slow and all of them live.
Two descriptors a stream: one to the client, one to the model.
"""

import json
import subprocess

import lab

WANTED, SPARE, EVENTS = 10_000, 300, 30


def main():
    record = lab.Record("streams", f"open streams at once, an event a second each, {EVENTS} events")
    limit = record.out["files_max"]
    count = min(WANTED, (limit - SPARE) // 2)
    with lab.folder() as work, lab.model(events=EVENTS, first_ms=1000, gap_ms=1000) as (
        _,
        upstream,
    ), lab.refrain("--upstream", f"http://{upstream}", "--idle-timeout", "300s") as (pid, address):
        lab.ask_many(address, [lab.chat("warm", stream=True)], work)  # threads and pools are there
        bodies = work / "many"
        bodies.write_text(
            "".join(json.dumps(lab.chat(f"Stream {n}?", stream=True)) + "\n" for n in range(count))
        )
        before, cpu = lab.rss_bytes(pid), lab.cpu_seconds(pid)
        client = subprocess.Popen(
            [
                lab.PROGRAMS / "ask_many",
                "--to",
                address,
                "--bodies",
                bodies,
                "--connections",
                str(count),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        at_once = False
        for line in client.stderr:
            lab.say(f"  {line.strip()}")
            if line.startswith("all open"):
                at_once, open_now = True, lab.rss_bytes(pid)
        row = json.loads(client.communicate()[0])
        cpu = lab.cpu_seconds(pid) - cpu
        after = lab.rss_bytes(pid)
    record["streams"] = {
        "wanted": WANTED,
        "count": count,
        "all_open_at_once": at_once,
        "errors": row["errors"],
        "files_max": limit,
        "outcomes": row["outcomes"],
        "event_us": row["event_us"],
        "bytes_per_stream": (open_now - before) / count if at_once else None,
        "bytes_per_stream_kept": (after - before) / count,
        "cpu_ms_per_1000_events": cpu * 1e6 / max(1, row["event_us"]["count"]),
    }
    figure = record["streams"]
    lab.line(
        *("streams at once", "of", "errors", "KB each, open", "KB each, kept"),
        *("event p50 us", "p99 us", "CPU ms/1000"),
    )
    sizes = [(figure[key] or 0) / 1024 for key in ("bytes_per_stream", "bytes_per_stream_kept")]
    event = row["event_us"]
    lab.line(
        *(str(count) if at_once else f"not all of {count}", WANTED, row["errors"], *sizes),
        *(event["p50"], event["p99"], figure["cpu_ms_per_1000_events"]),
    )
    record.write()


if __name__ == "__main__":
    main()
