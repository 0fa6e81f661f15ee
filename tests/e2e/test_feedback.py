"""Verified mode and what people say of its hits: the whole way, and over kill -9."""

import json
import shutil
import tempfile
import unittest

from support import Refrain, Scripted, chat_reply, question, send_json

STORED = "How do I reset the password of my account?"
REWORDED = "How can I reset the password of my account?"
DOUBTFUL = "I lost the password of my account, help"


class Feedback(unittest.TestCase):
    def setUp(self):
        self.model = Scripted(
            lambda handler, body: send_json(handler, chat_reply("Use the link below the form."))
        )
        self.addCleanup(self.model.stop)
        self.folder = tempfile.mkdtemp(prefix="refrain-e2e-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.start()

    def start(self):
        self.refrain = Refrain("--upstream", self.model.url, data=self.folder)
        self.addCleanup(self.refrain.stop)

    def ask(self, text):
        """(outcome, tier, answer id, request id)"""
        _, headers, _ = self.refrain.request("/v1/chat/completions", question(text))
        names = ("cache", "tier", "answer-id", "request-id")
        return tuple(headers.get("x-refrain-" + name) for name in names)

    def store(self):
        """The answer to the first question; it is found by meaning a moment later."""
        self.ask(STORED)
        self.refrain.wait_until(lambda: self.refrain.metric("index_vectors") == 1, "it is embedded")

    def explained(self, request_id):
        return self.refrain.json("/refrain/v1/explain/" + request_id)

    def test_a_hit_is_explained_with_what_was_known_of_it(self):
        self.store()
        outcome, tier, answer, request = self.ask(REWORDED)
        self.assertEqual((outcome, tier), ("hit", "semantic"))
        judged = self.explained(request)["judgement"]
        self.assertLessEqual(judged["bound"], judged["limit"])
        self.assertIn("cosine", judged["features"])
        told = self.explained(answer)
        self.assertEqual(told["made_by"]["stored_as"], answer)
        self.assertEqual([one["request_id"] for one in told["served"]], [request])

    def test_wrong_is_kept_over_kill_9_and_right_ends_it(self):
        self.store()
        _, _, answer, _ = self.ask(REWORDED)
        said = self.refrain.run("feedback", answer, "wrong")
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("in quarantine", said.stdout)
        self.refrain.kill()
        self.start()
        lookup = {"question": STORED, "model": "m"}
        self.assertEqual(self.refrain.json("/refrain/v1/lookup", lookup)["outcome"], "miss")
        said = self.refrain.run("feedback", answer, "right", "--json")
        self.assertTrue(json.loads(said.stdout)["changed"])
        self.assertEqual(self.refrain.json("/refrain/v1/lookup", lookup)["outcome"], "hit")

    def test_a_miss_with_a_candidate_is_learnt_from_and_that_survives_a_stop(self):
        self.store()
        outcome, _, _, request = self.ask(DOUBTFUL)
        self.assertEqual(outcome, "miss")
        self.assertGreater(
            self.explained(request)["judgement"]["bound"],
            self.explained(request)["judgement"]["limit"],
        )
        self.refrain.wait_until(lambda: self.refrain.metric("labels_total") == 1, "it is learnt")
        self.refrain.stop()
        self.start()
        self.refrain.json("/refrain/v1/lookup", {"question": REWORDED, "model": "m"})
        routes = self.refrain.json("/refrain/v1/stats")["decision"]["routes"]
        self.assertEqual([route["labels"] for route in routes], [1])


if __name__ == "__main__":
    unittest.main()
