"""Starts what the end-to-end tests talk to: refrain, llama-server, a scripted model API."""

import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

PROGRAM = os.environ["REFRAIN_PROGRAM"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Refrain:
    """The program on a random port; `flags` as on the command line.

    limits: a function that the child runs before it becomes the program."""

    def __init__(self, *flags, data=None, limits=None):
        self.own = data is None
        self.data = data or tempfile.mkdtemp(prefix="refrain-e2e-")
        self.log = tempfile.TemporaryFile()
        command = [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.data, *flags]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, preexec_fn=limits
        )
        line = self.process.stdout.readline().decode()
        if "listens on" not in line:
            self.process.wait()
            raise RuntimeError("refrain did not start: " + self.stderr())
        self.url = line.split()[-1]

    def stderr(self):
        self.log.seek(0)
        return self.log.read().decode()

    def request(self, path, body=None, headers=None, method=None):
        """(status, headers, body as text) of one request; errors are replies too."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, headers=headers or {}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return (
                    reply.status,
                    (
                        dict(reply.headers.lower_items())
                        if hasattr(reply.headers, "lower_items")
                        else {k.lower(): v for k, v in reply.headers.items()}
                    ),
                    reply.read().decode(),
                )
        except urllib.error.HTTPError as error:
            with error:
                return (
                    error.code,
                    {k.lower(): v for k, v in error.headers.items()},
                    error.read().decode(),
                )

    def stream(self, path, body):
        """A request whose reply is read as it comes; leave() goes away in the middle."""
        connection = http.client.HTTPConnection(self.url.split("//")[1], timeout=60)
        connection.request("POST", path, json.dumps(body))
        own = connection.sock
        reply = connection.getresponse()

        def leave():
            own.shutdown(socket.SHUT_RDWR)
            reply.close()
            connection.close()

        reply.leave = leave
        return reply

    def metric(self, name):
        """A value of /metrics, without the prefix."""
        for line in self.request("/metrics")[2].splitlines():
            if line.startswith(f"refrain_{name} "):
                return float(line.split()[1])
        raise KeyError(name)

    def wait_until(self, true, what):
        """Looks again and again, for what has no event to wait for."""
        pause = threading.Event()
        for _ in range(1000):
            if true():
                return
            pause.wait(0.01)
        raise AssertionError(f"it never came true that {what}; log:\n{self.stderr()[-2000:]}")

    def json(self, path, body=None, headers=None, method=None):
        return json.loads(self.request(path, body, headers, method)[2])

    def run(self, *arguments):
        """A subcommand against this server."""
        environment = dict(os.environ, REFRAIN_SERVER=self.url)
        return subprocess.run(
            [PROGRAM, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)
        self.process.stdout.close()
        self.log.close()
        if self.own:
            shutil.rmtree(self.data, ignore_errors=True)


class LlamaServer:
    """A real model API: llama-server with a tiny model made from a seed."""

    def __init__(self, *flags, shape="gqa"):
        self.folder = tempfile.mkdtemp(prefix="refrain-llama-")
        model = str(pathlib.Path(self.folder) / "tiny.gguf")
        subprocess.run(
            [os.environ["TINY_LLM"], "--seed", "7", "--shape", shape, "--out", model], check=True
        )
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [
                os.environ["LLAMA_SERVER"],
                "-m",
                model,
                "--port",
                str(self.port),
                "--host",
                "127.0.0.1",
                "-t",
                "1",
                "--jinja",
                "--no-webui",
                *flags,
            ],
            stdout=subprocess.DEVNULL,
            stderr=self.log,
        )
        self._wait()

    def _wait(self):
        wait = threading.Event()
        for _ in range(600):
            try:
                with urllib.request.urlopen(self.url + "/health", timeout=5):
                    return
            except OSError:
                wait.wait(0.1)
        self.log.seek(0)
        raise RuntimeError("llama-server did not start: " + self.log.read().decode()[-2000:])

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Scripted:
    """A model API whose replies are functions of the request: reply(handler, body)."""

    def __init__(self, reply):
        outer = self
        self.count, self.bodies, self.headers = 0, [], []
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                with outer.lock:
                    outer.count += 1
                    outer.bodies.append(json.loads(body))
                    outer.headers.append({k.lower(): v for k, v in self.headers.items()})
                    self.number = outer.count
                reply(self, json.loads(body))

            def do_GET(self):
                send_json(self, {"object": "list", "data": [{"id": "m", "object": "model"}]})

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            # A client that leaves in the middle is part of the tests.
            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def send_json(handler, body, status=200, headers=None):
    data = json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(data)))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


def chat_reply(text, finish="stop"):
    return {
        "id": "up-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


def question(text, **more):
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def write_table(folder, vectors, **more):
    """A file for --embedder table: from {text: vector}; `more` stands in each line."""
    path = pathlib.Path(folder) / "table.jsonl"
    path.write_text(
        "".join(
            json.dumps({"text": text, "vector": vector, **more}) + "\n"
            for text, vector in vectors.items()
        ),
        encoding="utf-8",
    )
    return str(path)
