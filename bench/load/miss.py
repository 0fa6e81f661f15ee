#!/usr/bin/env python3
"""What Refrain adds to a miss and to each event of a stream, beside a direct connection.

The scripted model waits 20 ms, then streams 20 events 5 ms apart. Every question is new. Cases,
turn and turn about: direct; embedder off; MiniLM (the default); MiniLM with --overlap on. One
connection at a time, then 8. An event carries the time at which the model wrote it.
"""

import lab

ROUNDS, QUESTIONS = 3, 40


def questions(case, round_, count):
    return [
        lab.chat(f"What does part {n} of machine {case} do in round {round_}?", stream=True)
        for n in range(count)
    ]


def ask(address, pid, work, name, round_, connections):
    bodies = questions(name, f"{round_}/{connections}", QUESTIONS * connections)
    before = lab.cpu_seconds(pid)
    row = lab.ask_many(address, bodies, work, connections)
    row["cpu_ms_per_1000_events"] = (
        (lab.cpu_seconds(pid) - before) * 1e6 / max(1, row["event_us"]["count"])
    )
    return row


def main():
    what = "time added to a miss and to an event; the model waits 20 ms, then 20 events 5 ms apart"
    record = lab.Record("miss", what)
    with lab.folder() as work, lab.model() as (model_pid, upstream), lab.refrain(
        "--upstream", f"http://{upstream}"
    ) as off, lab.refrain(
        "--upstream", f"http://{upstream}", embedder="minilm"
    ) as plain, lab.refrain(
        "--upstream", f"http://{upstream}", "--overlap", "on", embedder="minilm"
    ) as overlap:
        sides = {
            "direct": (model_pid, upstream),
            "off": off,
            "minilm": plain,
            "minilm, overlap": overlap,
        }
        for connections in (1, 8):
            rows = {name: [] for name in sides}
            for name, (pid, address) in sides.items():  # warm: the first question opens connections
                lab.ask_many(
                    address,
                    questions(name, f"warm/{connections}", 4 * connections),
                    work,
                    connections,
                )
            for round_ in range(ROUNDS):
                for name, (pid, address) in sides.items():
                    rows[name].append(ask(address, pid, work, name, round_, connections))
            report(record, rows, connections)
    record.write()


def report(record, rows, connections):
    lab.line(
        *(f"{connections} at a time", "first p50 ms", "p99 ms", "added p50"),
        *("event p50 us", "p99 us", "added p50", "CPU ms/1000", "errors"),
    )
    base = None
    for name, own in rows.items():
        figure = {
            "first_ms_p50": lab.median(own, "first_ms", "p50"),
            "first_ms_p99": lab.median(own, "first_ms", "p99"),
            "event_us_p50": lab.median(own, "event_us", "p50"),
            "event_us_p99": lab.median(own, "event_us", "p99"),
            "cpu_ms_per_1000_events": lab.median(own, "cpu_ms_per_1000_events"),
            "errors": sum(row["errors"] for row in own),
            "outcomes": own[-1]["outcomes"],
        }
        base = base or figure
        figure["first_ms_added_p50"] = figure["first_ms_p50"] - base["first_ms_p50"]
        figure["event_us_added_p50"] = figure["event_us_p50"] - base["event_us_p50"]
        record[f"{name}, {connections} at a time"] = figure
        shown = "first_ms_p50 first_ms_p99 first_ms_added_p50 event_us_p50 event_us_p99"
        shown += " event_us_added_p50 cpu_ms_per_1000_events"
        lab.line(name, *(figure[key] for key in shown.split()), figure["errors"])


if __name__ == "__main__":
    main()
