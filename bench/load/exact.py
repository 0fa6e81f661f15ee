#!/usr/bin/env python3
"""Exact hits beside nginx serving a static file of the same bytes: wrk, keep-alive, 16 connections.

Turn and turn about, medians. "nginx" has a worker per core, "nginx, same threads" as many as
Refrain has loops by default; "refrain, loop per core" shows what that default is chosen against
(docs/decisions/0008). For each: CPU microseconds a request, and how often its threads were put off
the processor against their will.
"""

import json
import os
import pathlib
import subprocess
import time

import lab

ROUNDS, SECONDS = int(os.environ.get("ROUNDS", 5)), int(os.environ.get("SECONDS_EACH", 5))
TEXT = "A cache keeps what was computed. " * 24
NGINX = "/usr/sbin/nginx"
DONE = """function done(s, l, r)
  local bad = s.errors.status + s.errors.connect + s.errors.read + s.errors.timeout
  local form = 'RESULT {"requests_per_s":%.0f,"p50_ms":%.3f,"p99_ms":%.3f,"errors":%d}\\n'
  local rate = s.requests / s.duration * 1e6
  io.write(string.format(form, rate, l:percentile(50) / 1e3, l:percentile(99) / 1e3, bad))
end
"""
CONF = """worker_processes {workers}; daemon off; pid {work}/nginx-{workers}.pid;
error_log {work}/nginx.err;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  open_file_cache max=100;
  client_body_temp_path {work}; proxy_temp_path {work}; fastcgi_temp_path {work};
  uwsgi_temp_path {work}; scgi_temp_path {work};
  server {{ listen 127.0.0.1:{port}; location / {{ root {work}; }} }}
}}
"""


class Nginx:
    """Not a daemon: so it has the same session, and the same share of the processor."""

    def __init__(self, work, workers):
        port = 18_790 + workers
        conf = work / f"nginx-{workers}.conf"
        conf.write_text(CONF.format(workers=workers, work=work, port=port))
        self.process = subprocess.Popen([NGINX, "-c", conf], stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}/reply.json"
        while subprocess.run(["curl", "-sf", "-o", "/dev/null", self.url]).returncode:
            time.sleep(0.05)

    def pids(self):
        children = (
            pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            .read_text()
            .split()
        )
        return [int(pid) for pid in children]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def scheduling(pids):
    """CPU seconds, seconds spent runnable but not running, involuntary switches; of all threads."""
    run = wait = forced = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            own = (task / "schedstat").read_text().split()
            run, wait = run + int(own[0]) / 1e9, wait + int(own[1]) / 1e9
            forced += int((task / "status").read_text().rsplit("nonvoluntary_ctxt_switches:", 1)[1])
    return run, wait, forced


def counts(url):
    """Requests, and those whose reply was written by the thread that read them; nginx: none."""
    if "/v1/" not in url:
        return None
    text = lab.call(url.split("/")[2], "/metrics").decode()
    names = ("refrain_http_requests_total", "refrain_http_answered_at_once_total")
    return [int(text.split(f"\n{name} ")[1].split()[0]) for name in names]


def turn(url, script, pids):
    before, counted = scheduling(pids), counts(url)
    out = subprocess.run(
        ["wrk", "-t1", "-c16", f"-d{SECONDS}s", "-s", script, url],
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    row = json.loads(out[out.index("RESULT ") + 7 :])
    run, wait, forced = (now - then for now, then in zip(scheduling(pids), before))
    requests = row["requests_per_s"] * SECONDS
    if counted:
        asked, at_once = (now - then for now, then in zip(counts(url), counted))
        row["share_at_once"] = at_once / asked
    return {
        **row,
        "cpu_us_a_request": run / requests * 1e6,
        "runnable_not_running_s": wait,
        "forced_off": forced,
    }


def post_script(work, name, body):
    path = work / f"{name}.lua"
    path.write_text(
        'wrk.method="POST"\nwrk.headers["content-type"]="application/json"\nwrk.body=[==[%s]==]\n'
        % json.dumps(body)
        + DONE
    )
    return path


def main():
    record = lab.Record(
        "exact_hit",
        "exact hit beside nginx's static file of the same bytes; wrk -t1 -c16, keep-alive",
    )
    question = "What is a cache?"
    cores = os.cpu_count()
    with lab.folder() as work, lab.refrain() as (pid, address), lab.refrain("--threads", cores) as (
        wide_pid,
        wide,
    ):
        for each in (address, wide):
            lab.call(
                each, "/refrain/v1/entries", {"question": question, "answer": TEXT, "model": "m"}
            )
        (work / "reply.json").write_bytes(
            lab.call(address, "/v1/chat/completions", lab.chat(question))
        )
        static = work / "static.lua"
        static.write_text(DONE)
        plain, stream = post_script(work, "plain", lab.chat(question)), post_script(
            work, "stream", lab.chat(question, stream=True)
        )
        peers = {"nginx": Nginx(work, cores), "nginx, same threads": Nginx(work, max(1, cores - 1))}
        sides = {name: (peer.url, static, peer.pids()) for name, peer in peers.items()}
        sides["refrain"] = (f"http://{address}/v1/chat/completions", plain, [pid])
        sides["refrain, stream"] = (f"http://{address}/v1/chat/completions", stream, [pid])
        sides["refrain, loop per core"] = (f"http://{wide}/v1/chat/completions", plain, [wide_pid])
        rows = {name: [] for name in sides}
        for _ in range(ROUNDS):
            for name, side in sides.items():
                rows[name].append(turn(*side))
        for peer in peers.values():
            peer.stop()
        record.out["bytes"] = (work / "reply.json").stat().st_size
    report(record, rows)
    record.write()


def report(record, rows):
    lab.line(
        *("case", "requests/s", "p50 ms", "p99 ms", "of nginx", "p99 ratio"),
        *("CPU us", "forced off", "no hop", "errors"),
    )
    base = None
    for name, own in rows.items():
        figure = {key: lab.median(own, key) for key in own[0]}
        figure["errors"] = sum(row["errors"] for row in own)
        base = base or figure
        figure["share_of_nginx"] = figure["requests_per_s"] / base["requests_per_s"]
        figure["p99_ratio"] = figure["p99_ms"] / base["p99_ms"]
        record[name] = {**figure, "rounds": own}
        shown = "requests_per_s p50_ms p99_ms share_of_nginx p99_ratio cpu_us_a_request forced_off"
        cells = [float(figure[key]) for key in shown.split()]
        lab.line(name, *cells, figure.get("share_at_once", "-"), figure["errors"])


if __name__ == "__main__":
    main()
