#!/usr/bin/env python3
"""Many small tenants in one process: memory of each, start, and what a query touches.

    bench/load/tenants.py [TENANTS [ENTRIES]]      10,000 tenants of 100 entries if not given

Every tenant has a credential of its own, which names it. Vectors are the scripted model's (384
numbers). Memory is what the process has after a restart, less that of an empty one, over the
tenants; what a query touches is counted by the index (index_in_reach_total).
"""

import http.client
import json
import os
import pathlib
import random
import re
import statistics
import sys
import time

import lab

TENANTS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
ENTRIES = int(sys.argv[2]) if len(sys.argv) > 2 else 100
QUERIES = 300


def question(tenant, n):
    return f"How is part {n} of machine {tenant} kept clean?"


class Client:
    """One connection that speaks for any tenant."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=600)

    def post(self, tenant, path, body):
        headers = {"authorization": f"Bearer sk-tenant-{tenant}"}
        self.connection.request("POST", path, json.dumps(body), headers)
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            sys.exit(f"{path} answered {reply.status}: {text[:200]}")
        return reply.headers, text

    def metric(self, name):
        self.connection.request("GET", "/metrics")
        text = self.connection.getresponse().read().decode()
        return float(re.search(rf"^refrain_{name} (\S+)$", text, re.M).group(1))


def fill(address):
    client = Client(address)
    start = time.monotonic()
    for tenant in range(TENANTS):
        entries = [
            {"question": question(tenant, n), "answer": f"By part {n}.", "model": "m"}
            for n in range(ENTRIES)
        ]
        client.post(tenant, "/refrain/v1/entries", {"entries": entries})
    return TENANTS * ENTRIES / (time.monotonic() - start)


def ask(address):
    """Milliseconds of a look-up by meaning in one tenant's entries, and vectors in its reach."""
    client = Client(address)
    dice = random.Random(1)
    before = client.metric("index_in_reach_total"), client.metric("index_searches_total")
    took = []
    for _ in range(QUERIES):
        body = {"question": "Is there a part that cleans itself?", "model": "m"}
        start = time.perf_counter()
        client.post(dice.randrange(TENANTS), "/refrain/v1/lookup", body)
        took.append(1000 * (time.perf_counter() - start))
    searches = client.metric("index_searches_total") - before[1]
    reach = (client.metric("index_in_reach_total") - before[0]) / max(searches, 1)
    took.sort()
    return {
        "searches": searches,
        "vectors_in_reach": reach,
        "lookup_ms_p50": statistics.median(took),
        "lookup_ms_p99": took[len(took) * 99 // 100],
        "spaces": client.metric("index_spaces"),
        "vectors": client.metric("index_vectors"),
        "index_bytes": client.metric("index_bytes"),
    }


def started(spec, data):
    """A context of the server, and the seconds until it was ready."""
    start = time.monotonic()
    context = lab.refrain("--disk-max", "64GiB", data=data, embedder=spec)
    pid, address = context.__enter__()
    lab.call(address, "/ready")
    return context, pid, address, time.monotonic() - start


def main():
    record = lab.Record("tenants", f"{TENANTS} tenants of {ENTRIES} entries in one process")
    figure = {"tenants": TENANTS, "entries_each": ENTRIES}
    with lab.folder() as work, lab.model() as (_, vectors):
        spec = f"http:http://{vectors}/v1/embeddings"
        with lab.refrain(data=work / "empty", embedder=spec) as (pid, _):
            empty = lab.rss_bytes(pid)
        data = work / "data"
        with lab.refrain("--disk-max", "64GiB", data=data, embedder=spec) as (pid, address):
            figure["entries_per_s"] = fill(address)
            figure["bytes_per_tenant_after_filling"] = (lab.rss_bytes(pid) - empty) / TENANTS
        for name in ("snapshot", "records"):
            context, pid, address, seconds = started(spec, data)
            figure[f"ready_s_from_{name}"] = seconds
            figure[f"bytes_per_tenant_from_{name}"] = (lab.rss_bytes(pid) - empty) / TENANTS
            if name == "snapshot":
                figure.update(ask(address))
            context.__exit__(None, None, None)
            for file in data.glob("index.snapshot*"):
                file.unlink()
        figure["bytes_of_vectors_per_tenant"] = ENTRIES * 384 * 4
        figure["disk_bytes_per_tenant"] = (
            sum(os.path.getsize(file) for file in pathlib.Path(data).glob("store*")) / TENANTS
        )
    record[f"{TENANTS} x {ENTRIES}"] = figure
    for key, value in figure.items():
        lab.line(key, float(value))
    record.write()


if __name__ == "__main__":
    main()
