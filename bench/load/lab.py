"""What every bench here needs: the server, the scripted model, conditions, results.

Python's standard library only.
"""

import contextlib
import json
import os
import pathlib
import platform
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "build/release/bench/load"
REFRAIN = ROOT / "build/refrain"
TICKS = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, flush=True)


def line(name, *cells):
    """A line of a table: numbers come with two digits where those say something."""
    shown = [f"{c:.0f}" if isinstance(c, float) and abs(c) >= 100 else c for c in cells]
    shown = [f"{c:.3f}" if isinstance(c, float) else str(c) for c in shown]
    say(f"  {name:24}" + "".join(f"{cell:>14}" for cell in shown))


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="refrain-bench-")
    os.chmod(path, 0o755)  # nginx reads here as somebody else
    try:
        yield pathlib.Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def started(*command):
    """A program whose first line ends in 'listens on ADDR:PORT'; yields (pid, 'ADDR:PORT')."""
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        found = re.search(r"listens on (?:http://)?(\S+)", process.stdout.readline())
        if not found:
            sys.exit(f"{command[0]} did not start: {' '.join(map(str, command))}")
        yield process.pid, found.group(1)
    finally:
        process.terminate()
        process.wait()


def refrain(*more, data=":memory:", embedder="off"):
    return started(
        REFRAIN,
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--embedder",
        embedder,
        "--data-dir",
        data,
        *more,
    )


def model(**script):
    options = [
        word for name, value in script.items() for word in (f"--{name.replace('_', '-')}", value)
    ]
    return started(PROGRAMS / "scripted_model", *options)


def call(address, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(f"http://{address}{path}", data=data), timeout=600
    ) as reply:
        return reply.read()


def chat(text, stream=False):
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return {**body, "stream": True} if stream else body


def write_bodies(work, bodies):
    path = work / "bodies"
    with path.open("w") as file:
        for body in bodies:
            file.write(json.dumps(body) + "\n")
    return path


def ask_file(address, path, connections=1, rows=None, target="/v1/chat/completions"):
    """The figures of ask_many for the bodies of a file; see there."""
    command = [PROGRAMS / "ask_many", "--to", address, "--bodies", path, "--target", target]
    command += ["--connections", connections] + (["--rows", rows] if rows else [])
    words = [str(part) for part in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        say(f"  {done.stderr.strip()}")
    return json.loads(done.stdout)


def ask_many(address, bodies, work, connections=1, rows=None):
    return ask_file(address, write_bodies(work, bodies), connections, rows)


def rss_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


def cpu_seconds(pid):
    """To the nanosecond, where /proc/PID/stat counts ticks; threads that ended are left out."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def machine_ticks():
    fields = [int(word) for word in open("/proc/stat").readline().split()[1:9]]
    return sum(fields) - fields[3] - fields[4]


def median(rows, *path):
    def pick(row):
        for name in path:
            row = row[name]
        return row

    return statistics.median(pick(row) for row in rows)


class Record:
    """One result file: conditions, what the others on the machine took meanwhile, figures."""

    def __init__(self, name, what):
        self.name, self.start = name, time.monotonic()
        self.ticks = machine_ticks()
        self.out = {"what": what, "command": f"bench/load/{name}.py", **conditions(), "figures": {}}

    def __getitem__(self, figure):
        return self.out["figures"][figure]

    def __setitem__(self, figure, value):
        self.out["figures"][figure] = value

    def write(self):
        own = sum(
            resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        seconds = time.monotonic() - self.start
        others = ((machine_ticks() - self.ticks) / TICKS - own) / seconds / os.cpu_count()
        self.out["others_share_of_cpu"] = round(max(others, 0), 3)
        self.out["seconds"] = round(seconds, 1)
        where = ROOT / "bench/results" / f"{self.name}.json"
        where.write_text(json.dumps(self.out, indent=1) + "\n")
        if others > 0.05:
            say(f"  taken beside others: they had {100 * others:.0f} % of the processor")


def conditions():
    def first_line(*command):
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout.split(
            "\n"
        )[0]

    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    cache = (ROOT / "build/release/CMakeCache.txt").read_text()
    flags = re.findall(r"^CMAKE_CXX_FLAGS(?:_RELEASE)?:\w+=(.*)$", cache, re.M)
    dirty = "+" if first_line("git", "status", "--porcelain", "--untracked-files=no", "src") else ""
    return {
        "commit": first_line("git", "rev-parse", "--short", "HEAD") + dirty,
        "compiler": first_line("c++", "--version"),
        "flags": " ".join(flags).strip(),
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.release(),
        "files_max": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
    }
