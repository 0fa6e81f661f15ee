"""Entries in MariaDB and Redis: two servers on the same records, a database that dies, kill -9."""

import math
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from databases import Mariadb, Redis
from support import PROGRAM, Refrain, Scripted, chat_reply, question, send_json, write_table

QUESTIONS = 400
CRASHES = 12


def words(number):
    return f"question {number}"


def other_words(number):
    return f"in other words {number}"


def vectors():
    """Each question and its rewording have one direction; no two questions are near."""
    dice, out = random.Random(5), {}
    for number in range(QUESTIONS):
        vector = [dice.gauss(0, 1) for _ in range(64)]
        length = math.sqrt(sum(x * x for x in vector))
        out[words(number)] = out[other_words(number)] = [x / length for x in vector]
    return out


class OnDatabase:
    """Tests of both; a subclass says which database."""

    database = None

    @classmethod
    def setUpClass(cls):
        cls.server = cls.database()
        cls.folder = tempfile.mkdtemp(prefix="refrain-stores-")
        cls.table = write_table(cls.folder, vectors())
        cls.number = 0

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def setUp(self):
        type(self).number += 1  # records of their own for each test
        reply = chat_reply("from the model")
        self.upstream = Scripted(lambda handler, _: send_json(handler, reply))
        self.addCleanup(self.upstream.stop)

    def flags(self):
        return ("--store", self.server.url, *self.server.flags, "--store-prefix",
                f"t{self.number}", "--semantic", "threshold", "--floor", "0.9",
                "--embedder", "table:" + self.table, "--upstream", self.upstream.url)

    def start(self):
        refrain = Refrain(*self.flags())
        self.addCleanup(refrain.stop)
        return refrain

    @staticmethod
    def insert(refrain, number, **more):
        entry = {"question": words(number), "answer": f"answer {number}", "model": "m", **more}
        status, _, body = refrain.request("/refrain/v1/entries", entry)
        return status, body

    @staticmethod
    def find(refrain, text):
        found = refrain.json("/refrain/v1/lookup", {"question": text, "model": "m"})
        return found.get("answer") if found["outcome"] == "hit" else None

    def test_two_servers_share_answers_and_learn_of_each_other(self):
        one, two = self.start(), self.start()
        self.assertEqual(self.insert(one, 1, tags=["t"])[0], 200)
        self.assertEqual(self.find(two, words(1)), "answer 1")  # at once: the records are shared
        two.wait_until(lambda: self.find(two, other_words(1)) == "answer 1", "its index follows")
        one.json("/refrain/v1/invalidate", {"tag": "t"})
        two.wait_until(lambda: self.find(two, words(1)) is None, "its front follows")
        self.assertIsNone(self.find(two, other_words(1)))

    def test_a_database_that_dies_costs_a_request_nothing_but_the_hit(self):
        refrain = self.start()
        self.insert(refrain, 1)
        self.server.kill()
        begin = time.monotonic()
        status, headers, body = refrain.request("/v1/chat/completions", question(words(2)))
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual((status, headers["x-refrain-cache"]), (200, "miss"))
        self.assertIn("from the model", body)
        self.assertIn(self.insert(refrain, 3)[0], (500, 502, 503, 507))
        self.server.start()
        refrain.wait_until(lambda: self.insert(refrain, 3)[0] == 200, "it writes again")
        refrain.wait_until(lambda: self.find(refrain, words(3)) == "answer 3", "it reads again")
        self.assertEqual(self.find(refrain, words(1)), "answer 1")

    def test_a_database_that_hangs_costs_a_request_its_lookup_deadline(self):
        refrain = self.start()
        self.insert(refrain, 1)
        self.server.hold()
        self.addCleanup(self.server.go_on)
        begin = time.monotonic()
        status, _, body = refrain.request("/v1/chat/completions", question(words(2)))
        took = time.monotonic() - begin
        self.server.go_on()
        self.assertEqual(status, 200)
        self.assertIn("from the model", body)
        self.assertLess(took, 2.5)

    def test_doctor_says_where_the_records_are_and_not_the_password(self):
        self.start()
        said = subprocess.run([PROGRAM, "doctor", *self.flags()], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertIn(f"127.0.0.1:{self.server.port}", said.stdout + said.stderr)
        self.assertNotIn("secret", said.stdout + said.stderr)
        wrong = subprocess.run(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data-dir", ":memory:", "--store",
             self.server.url.replace(str(self.server.port), "1")],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("127.0.0.1:1", wrong.stderr)

    def test_kill_9_at_any_step_of_insert_remove_and_truncate(self):
        book = Book()
        for turn in range(CRASHES):
            refrain = Refrain(*self.flags())
            self.check(refrain, book)
            self.work_until_killed(refrain, book, turn)
            refrain.log.close()
        refrain = self.start()
        self.check(refrain, book)
        self.assertEqual(refrain.metric("store_corrupt_total"), 0)
        self.assertGreater(len(book.kept) + len(book.gone), 3 * CRASHES)

    def work_until_killed(self, refrain, book, turn):
        """Three writers: each inserts, removes some by id, and truncates a tag of its own."""
        enough = threading.Event()
        wanted = random.Random(turn).randrange(1, 14)
        done = []

        def write(writer):
            for step in range(QUESTIONS):
                number = book.next()
                try:
                    self.one_step(refrain, book, number, f"{turn}.{writer}.{step // 3}", step)
                except Exception as error:  # pylint: disable=broad-except
                    if not isinstance(error, (OSError, ValueError, EOFError)) and \
                            type(error).__module__ != "http.client":
                        raise
                    return
                done.append(number)
                if len(done) >= wanted:
                    enough.set()

        writers = [threading.Thread(target=write, args=(i,)) for i in range(3)]
        for writer in writers:
            writer.start()
        enough.wait(30)
        refrain.kill()
        for writer in writers:
            writer.join()

    def one_step(self, refrain, book, number, tag, step):
        with book.doubt({number}):
            status, body = self.insert(refrain, number, tags=[tag])
            self.assertEqual(status, 200, body)
            book.keep(number, tag)
        if step % 3 == 1:  # remove one
            with book.doubt({number}):
                asked = {"question": words(number), "model": "m"}
                entry = refrain.json("/refrain/v1/lookup", asked)
                refrain.json("/refrain/v1/entries/" + entry["answer_id"], method="DELETE")
                book.forget({number})
        if step % 3 == 2:  # truncate
            with book.doubt(book.of_tag(tag)) as numbers:
                refrain.json("/refrain/v1/invalidate", {"tag": tag})
                book.forget(numbers)

    def check(self, refrain, book):
        """What was acknowledged is true, of the rest all or nothing; records and vectors agree."""
        for number in range(book.given):
            exact = self.find(refrain, words(number))
            near = self.find(refrain, other_words(number))
            self.assertEqual(exact, near, f"records and vectors disagree about {number}")
            self.assertIn(exact, (None, f"answer {number}"))
            if number in book.doubtful:
                continue
            if number in book.kept:
                self.assertIsNotNone(exact, f"acknowledged and lost: {number}")
            if number in book.gone:
                self.assertIsNone(exact, f"removed and back: {number}")


class Book:
    """What the writers were told. What was under way when the server died is doubtful for ever."""

    def __init__(self):
        self.lock = threading.Lock()
        self.given, self.kept, self.gone, self.doubtful, self.tags = 0, set(), set(), set(), {}

    def next(self):
        with self.lock:
            self.given = min(self.given + 1, QUESTIONS)
            return self.given - 1

    def keep(self, number, tag):
        with self.lock:
            self.kept.add(number)
            self.tags.setdefault(tag, set()).add(number)

    def forget(self, numbers):
        with self.lock:
            self.kept -= numbers
            self.gone |= numbers

    def of_tag(self, tag):
        with self.lock:
            return set(self.tags.get(tag, ()))

    def doubt(self, numbers):
        return Doubt(self, numbers)


class Doubt:
    """Numbers whose fate is not known until the block ends well."""

    def __init__(self, book, numbers):
        self.book, self.numbers = book, numbers

    def __enter__(self):
        with self.book.lock:
            self.book.doubtful |= self.numbers
        return self.numbers

    def __exit__(self, kind, *_):
        if kind is None:
            with self.book.lock:
                self.book.doubtful -= self.numbers


class OnMariadb(OnDatabase, unittest.TestCase):
    database = Mariadb


class OnRedis(OnDatabase, unittest.TestCase):
    database = Redis


class Profiles(unittest.TestCase):
    def test_the_log_names_the_files_of_the_settings(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "refrain.toml")
            file.write_text('ttl = "1d"\nembedder = "off"\n')
            pathlib.Path(folder, "refrain.test.toml").write_text('store = "memory"\n')
            refrain = Refrain("--config", str(file), "--profile", "test")
            self.addCleanup(refrain.stop)
            self.assertIn("settings read", refrain.stderr())
            self.assertIn("refrain.test.toml", refrain.stderr())
            self.assertFalse(pathlib.Path(refrain.data, "store.sqlite").exists())


if __name__ == "__main__":
    unittest.main()
