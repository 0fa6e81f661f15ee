#!/usr/bin/env python3
"""Hit rates of all eviction policies beside what is published: results/eviction.json, the tables of
docs/design/eviction.md and its picture.

    bench/quality/eviction.py --data DIR     DIR/traces-mooncake/conversation_trace.jsonl.gz
    bench/quality/eviction.py                without that trace

Counts, not times: it may run beside others, and gives the same figures each time.
"""

import argparse
import csv
import gzip
import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/release/bench/quality/eviction_curves"
PAGE = ROOT / "docs/design/eviction.md"
PICTURE = ROOT / "docs/design/eviction.svg"
TRACE = "traces-mooncake/conversation_trace.jsonl.gz"
MARK = "<!-- curves -->"

TITLES = {
    "zipf-0.8": "Zipf 0.8, 10,000 items",
    "zipf-1.0": "Zipf 1.0, 10,000 items",
    "scan": "Zipf 0.8 with scans",
    "loop": "loop of 1,000 items",
    "shift": "Zipf 0.8, ranks change",
    "mooncake": "Mooncake conversation blocks",
}
COLOURS = {
    "s3fifo": "#d62728",
    "w-tinylfu": "#1f77b4",
    "arc": "#2ca02c",
    "lfu": "#9467bd",
    "lru": "#ff7f0e",
    "fifo": "#8c564b",
    "random": "#17becf",
    "opt": "#000000",
}


def measure(data):
    """{trace: {row: {capacity: share of hits}}}"""
    command = [str(PROGRAM)]
    with tempfile.TemporaryDirectory(prefix="refrain-eviction-") as folder:
        if data:
            plain = pathlib.Path(folder) / "trace.jsonl"
            with gzip.open(pathlib.Path(data) / TRACE) as packed, plain.open("wb") as file:
                shutil.copyfileobj(packed, file)
            command += ["--mooncake", str(plain)]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    curves = {}
    for line in csv.DictReader(lines.splitlines()):
        row = curves.setdefault(line["trace"], {}).setdefault(line["row"], {})
        row[int(line["capacity"])] = round(int(line["hits"]) / int(line["asked"]), 4)
    return curves


def table(rows):
    capacities = list(next(iter(rows.values())))
    yield "| | " + " | ".join(f"{capacity:,}" for capacity in capacities) + " |"
    yield "|---|" + "---|" * len(capacities)
    for name, row in rows.items():
        yield f"| {name} | " + " | ".join(f"{100 * row[c]:.1f}" for c in capacities) + " |"


def page(curves):
    out = []
    for trace, rows in curves.items():
        out += ["", f"**{TITLES[trace]}** (percent of requests that hit, by items that fit)", ""]
        out += table(rows)
    return "\n".join(out) + "\n"


class Panel:
    """One trace: capacity on a logarithmic axis to the right, share of hits upwards."""

    WIDE, HIGH = 330, 230

    def __init__(self, left, top, rows):
        self.left, self.top = left, top
        capacities = list(next(iter(rows.values())))
        self.first, self.last = capacities[0], capacities[-1]

    def x(self, capacity):
        share = math.log(capacity / self.first) / math.log(self.last / self.first)
        return self.left + 40 + share * (self.WIDE - 60)

    def y(self, hits):
        return self.top + self.HIGH - 30 - hits * (self.HIGH - 60)


def draw(curves):
    width, height = 3 * Panel.WIDE + 20, 2 * Panel.HIGH + 60
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, (trace, rows) in enumerate(curves.items()):
        panel = Panel(10 + number % 3 * Panel.WIDE, 10 + number // 3 * Panel.HIGH, rows)
        out += draw_panel(panel, TITLES[trace], rows)
    for number, (name, colour) in enumerate(COLOURS.items()):
        x, y = 50 + number * 115, height - 20
        out.append(f'<path d="M{x} {y - 4}h22" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{x + 28}" y="{y}">{name}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def draw_panel(panel, title, rows):
    out = [f'<text x="{panel.left + 40}" y="{panel.top + 14}" font-weight="bold">{title}</text>']
    for hits in (0, 0.25, 0.5, 0.75, 1):
        y = panel.y(hits)
        right = panel.x(panel.last)
        out.append(f'<path d="M{panel.x(panel.first):.0f} {y:.0f}H{right:.0f}" stroke="#ddd"/>')
        out.append(f'<text x="{panel.left + 6}" y="{y + 4:.0f}">{100 * hits:.0f} %</text>')
    for capacity in (panel.first, panel.last):
        place = f'x="{panel.x(capacity):.0f}" y="{panel.y(0) + 16:.0f}" text-anchor="middle"'
        out.append(f"<text {place}>{capacity:,}</text>")
    for name, colour in COLOURS.items():
        points = " ".join(f"{panel.x(c):.1f},{panel.y(h):.1f}" for c, h in rows[name].items())
        dashes = ' stroke-dasharray="4 3"' if name == "opt" else ""
        line = f'fill="none" stroke="{colour}" stroke-width="1.5"{dashes}'
        out.append(f'<polyline points="{points}" {line}/>')
    return out


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--data", help="folder with traces-mooncake/")
    chosen = options.parse_args()
    if not PROGRAM.exists():
        sys.exit(f"{PROGRAM} is missing: tools/build bench")
    curves = measure(chosen.data)
    result = {"what": "share of requests that hit", "command": "bench/quality/eviction.py"}
    text = json.dumps({**result, "figures": curves}, indent=1)
    (ROOT / "bench/results/eviction.json").write_text(text + "\n")
    before, _, after = PAGE.read_text().split(MARK)
    PAGE.write_text(before + MARK + "\n" + page(curves) + MARK + after)
    PICTURE.write_text(draw(curves))
    print(page(curves))


if __name__ == "__main__":
    main()
