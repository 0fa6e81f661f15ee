"""The model behind these tests: words, from both shapes, and the same bytes for the same seed."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.request

from support import LlamaServer, question


def make(*flags):
    return subprocess.run([os.environ["TINY_LLM"], *flags], capture_output=True, check=False)


class TinyLlm(unittest.TestCase):
    def choices(self, shape):
        """What the model says to eight questions."""
        llama = LlamaServer(shape=shape)
        self.addCleanup(llama.stop)
        choices = []
        for seed in range(8):
            body = question("What is a cache?", seed=seed, temperature=1, max_tokens=200)
            request = urllib.request.Request(
                llama.url + "/v1/chat/completions",
                json.dumps(body).encode(),
                {"content-type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=60) as reply:
                choices.append(json.load(reply)["choices"][0])
        return choices

    def assert_words(self, shape):
        choices = self.choices(shape)
        texts = {choice["message"]["content"] for choice in choices}
        for text in texts:
            self.assertRegex(text, re.compile(r"\A( [a-z]{2,6})+\Z"))
        self.assertGreater(len(texts), 4)
        ended = [choice for choice in choices if choice["finish_reason"] == "stop"]
        self.assertGreater(len(ended), 4)

    def test_it_speaks_words_and_ends(self):
        self.assert_words("gqa")

    def test_it_speaks_words_with_tied_matrices_too(self):
        self.assert_words("tied")

    def test_a_seed_gives_the_same_bytes_each_time(self):
        with tempfile.TemporaryDirectory() as folder:
            models = []
            for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
                path = pathlib.Path(folder, name)
                make("--seed", seed, "--out", str(path))
                models.append(path.read_bytes())
        self.assertEqual(models[0], models[1])
        self.assertNotEqual(models[0], models[2])

    def test_wrong_use_says_how_to(self):
        for flags in ((), ("--shape", "round", "--out", "x"), ("--seed",)):
            result = make(*flags)
            self.assertEqual(result.returncode, 2)
            self.assertIn(b"--shape gqa|tied", result.stderr)


if __name__ == "__main__":
    unittest.main()
