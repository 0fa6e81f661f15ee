"""What the documents tell people to type is typed here.

In README.md, docs/operations.md and docs/protocol/*.md every fenced block of sh, python and toml is
run against a server of its own per document, in order; a json block behind an sh block is what it
printed, where "..." stands for anything. `<!-- not run: reason -->` above a block leaves it out.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest

from support import PROGRAM, Refrain, Scripted, chat_reply, send_json

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "docs/operations.md"] + [
    str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs/protocol").glob("*.md"))
]
MINILM = pathlib.Path(os.environ["LLAMA_SERVER"]).parents[2] / "models"
BLOCK = re.compile(
    r"(?P<skip><!-- not run: [^\n]+ -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.S | re.M
)
KINDS = {"sh", "python", "toml", "json"}


def model(handler, body):
    """A model API that knows the routes of all documents."""
    if handler.path == "/v1/embeddings":
        data = [
            {"object": "embedding", "index": i, "embedding": [0.5, 0.5]}
            for i in range(len(body["input"]))
        ]
        usage = {"prompt_tokens": 2, "total_tokens": 2}
        return send_json(
            handler, {"object": "list", "model": body["model"], "data": data, "usage": usage}
        )
    if handler.path == "/v1/completions":
        choice = {"index": 0, "text": " there was a cache.", "finish_reason": "stop"}
        usage = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
        reply = {"id": "up", "object": "text_completion", "created": 1, "model": "m"}
        return send_json(handler, {**reply, "choices": [choice], "usage": usage})
    return send_json(handler, chat_reply("A cache keeps what was asked."))


def differs(wanted, got, where="$"):
    """Where two JSON values differ, "..." being equal to all; "" if nowhere."""
    if wanted == "...":
        return ""
    if isinstance(wanted, dict) and isinstance(got, dict):
        if set(wanted) != set(got):
            return f"{where}: members {sorted(wanted)} are told, {sorted(got)} came"
        return "".join(differs(wanted[name], got[name], f"{where}.{name}") for name in wanted)
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return "".join(differs(w, g, f"{where}[{i}]") for i, (w, g) in enumerate(zip(wanted, got)))
    return "" if wanted == got else f"{where}: {wanted!r} is told, {got!r} came"


class Typist:
    """Types the blocks of one document."""

    def __init__(self, test):
        self.folder = tempfile.mkdtemp(prefix="refrain-docs-")
        test.addCleanup(shutil.rmtree, self.folder)
        self.upstream = Scripted(model)
        test.addCleanup(self.upstream.stop)
        self.refrain = Refrain("--upstream", self.upstream.url, "--embedder", "off")
        test.addCleanup(self.refrain.stop)
        self.printed = ""

    def environment(self):
        files = list(MINILM.glob("*.gguf"))
        return dict(
            os.environ,
            REFRAIN_SERVER=self.refrain.url,
            REFRAIN_DATA_DIR=self.folder + "/data",
            REFRAIN_EMBEDDER_FILE=str(files[0]) if files else "",
            OPENAI_API_KEY="sk-test",
        )

    def here(self, text):
        """The text with our addresses and our program."""
        text = text.replace("http://127.0.0.1:8780", self.refrain.url)
        text = text.replace("ws://127.0.0.1:8780", self.refrain.url.replace("http", "ws"))
        text = text.replace("http://127.0.0.1:8000", self.upstream.url)
        return text.replace("build/refrain", PROGRAM)

    def run(self, command):
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.printed = done.stdout
        return "" if done.returncode == 0 else f"exit {done.returncode}: {done.stdout}{done.stderr}"

    def sh(self, text):
        strict = 'set -e; curl() { command curl -sS --fail-with-body "$@"; }\n'
        return self.run(["bash", "-c", strict + self.here(text)])

    def python(self, text):
        return self.run([sys.executable, "-c", self.here(text)])

    def json(self, text):
        return differs(json.loads(text), json.loads(self.printed))

    def toml(self, text):
        """A keys file, or settings."""
        tomllib.loads(text)
        path = pathlib.Path(self.folder, "block.toml")
        path.write_text(text, encoding="utf-8")
        if "[[tenant]]" not in text:
            return self.run([PROGRAM, "serve", "--config", str(path), "--print-config"])
        Refrain("--embedder", "off", "--keys", str(path)).stop()
        return ""


class Docs(unittest.TestCase):
    def type(self, document):
        text = (ROOT / document).read_text(encoding="utf-8")
        blocks = list(BLOCK.finditer(text))
        typist = Typist(self)
        for block in blocks:
            line = text.count("\n", 0, block.start("kind")) + 1
            with self.subTest(where=f"{document}:{line}"):
                self.assertIn(block["kind"], KINDS, "a block needs a kind that can be run")
                if not block["skip"]:
                    self.assertEqual(getattr(typist, block["kind"])(block["text"]), "")
        return len(blocks)

    def test_every_block_of_every_document_does_what_it_says(self):
        for document in DOCUMENTS:
            self.assertGreater(self.type(document), 0, f"{document} shows nothing to type")

    def test_a_lie_is_found(self):
        self.assertEqual(differs({"a": "...", "b": [1]}, {"a": 5, "b": [1]}), "")
        self.assertIn("$.b[0]: 1 is told, 2 came", differs({"b": [1]}, {"b": [2]}))
        self.assertIn("members", differs({"a": 1}, {"a": 1, "b": 2}))
        typist = Typist(self)
        self.assertIn("exit 22", typist.sh("curl http://127.0.0.1:8780/nowhere"))
        self.assertIn("exit 1", typist.python("raise SystemExit(1)"))


if __name__ == "__main__":
    unittest.main()
