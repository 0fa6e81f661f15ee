#!/usr/bin/env python3
"""LMCache's own RESP client (lmcache_redis of lmcache 0.5.6, cp311 wheel) against a RESP server.

  bench/compare/lmcache_resp.py PORT [--values 32] [--mib 4] [--workers 8] [--user U --password P]

Needs Python 3.11 and a C++ compiler; fetches the wheel (17.7 MB) by pip without its dependencies.
The client is linked with torch and uses nothing of it: empty libraries stand in
(torch_stand_in.cc).
Values are checked byte by byte; then times are printed as JSON. Not part of make test.
"""

import argparse
import ctypes
import importlib.util
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time
import zipfile

HERE = pathlib.Path(__file__).parent


def load_client(folder):
    """The extension module, from a wheel in `folder` that is fetched if it is not there."""
    wheels = list(folder.glob("lmcache-0.5.6-*.whl"))
    if not wheels:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps",
                        "--only-binary", ":all:", "lmcache==0.5.6", "-d", str(folder)], check=True)
        wheels = list(folder.glob("lmcache-0.5.6-*.whl"))
    with zipfile.ZipFile(wheels[0]) as wheel:
        name = next(n for n in wheel.namelist() if "lmcache_redis" in n and n.endswith(".so"))
        wheel.extract(name, folder)
    for library in ("c10", "torch", "torch_cpu", "torch_python"):
        path = folder / f"lib{library}.so"
        subprocess.run(["c++", "-shared", "-fPIC", "-O2", str(HERE / "torch_stand_in.cc"),
                        f"-Wl,-soname,lib{library}.so", "-o", str(path)], check=True)
        ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    spec = importlib.util.spec_from_file_location("lmcache_redis", folder / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wait_for(client, future, seconds=120):
    """The completion of one batch: (future, ok, error, results)."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for done in client.drain_completions():
            if done[0] == future:
                return done
        select.select([client.event_fd()], [], [], 1)
    raise RuntimeError("no completion")


def timed(client, submit):
    start = time.monotonic()
    done = wait_for(client, submit())
    if not done[1]:
        raise RuntimeError(f"batch failed: {done[2]}")
    return time.monotonic() - start, done


def run(client, options):
    size = options.mib << 20
    keys = [f"model@00000001@00@{i:032x}" for i in range(options.values)]
    values = [bytearray(os.urandom(1 << 20) * options.mib) for _ in keys]
    into = [bytearray(size) for _ in keys]
    set_s, _ = timed(client, lambda: client.submit_batch_set(keys, [memoryview(v) for v in values]))
    get_s, _ = timed(client, lambda: client.submit_batch_get(keys, [memoryview(v) for v in into]))
    if into != values:
        raise RuntimeError("a value came back wrong")
    _, there = timed(client, lambda: client.submit_batch_exists(keys + ["nothing"]))
    flags = list(there[3] or [])
    if flags and flags != [True] * len(keys) + [False]:
        raise RuntimeError(f"exists said {flags}")
    gone = None
    if hasattr(client, "submit_batch_delete"):
        timed(client, lambda: client.submit_batch_delete(keys))
        _, after = timed(client, lambda: client.submit_batch_exists(keys))
        gone = not any(after[3] or [])
    gigabytes = size * len(keys) / 1e9
    return {"client": "lmcache 0.5.6 lmcache_redis", "values": len(keys), "bytes": size,
            "workers": options.workers, "set_gb_per_s": round(gigabytes / set_s, 3),
            "get_gb_per_s": round(gigabytes / get_s, 3), "bytes_equal": True,
            "exists_right": bool(flags), "deleted": gone}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--values", type=int, default=32)
    parser.add_argument("--mib", type=int, default=4)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "refrain-lmcache"))
    options = parser.parse_args()
    folder = pathlib.Path(options.folder)
    folder.mkdir(exist_ok=True)
    module = load_client(folder)
    client = module.LMCacheRedisClient("127.0.0.1", options.port, options.workers, options.user,
                                       options.password)
    print(json.dumps(run(client, options)))


if __name__ == "__main__":
    main()
