"""Calls with a better replacement."""

import re
from dataclasses import dataclass
from typing import Callable

from tree import rule


def _everywhere(_file):
    return True


def _outside(*starts):
    return lambda file: not file.path.startswith(starts)


def _product(file):
    return not file.is_test


def _prints(file):
    return not file.is_test and not file.path.startswith(("src/cli/", "src/app/"))


def _threads(file):
    return not file.path.startswith("src/base/") and not file.is_test


@dataclass(frozen=True)
class Ban:
    pattern: str
    where: Callable
    instead: str


# A name that is not a member of something: neither .name nor ->name nor other::name.
_FREE = r"(?<![\w.>:])(?:::|std::)?"

BANS = {
    "call-regex": Ban(r"\bstd::w?(?:regex|[csw]match)\w*", _everywhere,
                      "it backtracks without a bound: write a small scanner over string_view"),
    "call-system-clock": Ban(r"\bsystem_clock::now\b", _outside("src/base/clock"),
                             "take a base::Clock&, so that a test can set the time"),
    "call-rand": Ban(_FREE + r"s?rand\s*\(", _everywhere,
                     "use base/random.h with a seed that the caller gives"),
    "call-sleep": Ban(r"\bsleep_(?:for|until)\s*\(|" + _FREE + r"(?:u|nano)?sleep\s*\(",
                      _everywhere,
                      "wait on a condition with a deadline; in a test set the manual clock"),
    "call-thread": Ban(r"\bstd::j?thread\b(?!\s*::)", _threads,
                       "threads have names and bounds: use the pool or thread of base/"),
    "call-test-thread": Ban(r"\bstd::thread\b(?!\s*::)", lambda file: file.is_test,
                            "a failed assertion leaves it unjoined: use std::jthread"),
    "call-stoi": Ban(r"\bstd::sto(?:i|l|ll|ul|ull|f|d|ld)\b|" + _FREE + r"ato(?:i|l|ll|f)\s*\(",
                     _everywhere, "it throws or guesses: use std::from_chars and check the rest"),
    "call-strtok": Ban(_FREE + r"strtok(?:_r)?\s*\(", _everywhere,
                       "it writes into its argument: split a string_view"),
    "call-new": Ban(r"(?<![\w.])new\s+(?!\()[A-Za-z_:]", _everywhere,
                    "use std::make_unique, or give it to a unique_ptr in the same expression"),
    "call-delete": Ban(r"(?<!=)(?<!= )(?<!operator )\bdelete\b\s*(?:\[\s*\])?\s*[A-Za-z_*(]",
                       _everywhere, "let a unique_ptr own it"),
    "catch-all": Ban(r"\bcatch\s*\(\s*\.\.\.\s*\)", _everywhere,
                     "catch what the callee throws and turn it into an Error; thread entries and "
                     "session ends are listed in tests/tidy/EXCEPTIONS"),
    "call-print": Ban(r"\bstd::(?:cout|cerr|clog)\b|" + _FREE +
                      r"(?:v?f?printf|puts|putchar)\s*\(|\bfmt::print(?:ln)?\s*\(", _prints,
                      "log an event with fields (base/log.h), or return the text"),
}
# unique_ptr<X>(new X(...)) is how open() makes an object with a private constructor: owned at once.
_OWNED = re.compile(r"_ptr\s*<[^;{}]*>\s*\w*\s*[({]\s*$")


def _check(name, ban):
    def calls(tree):
        for file in tree.cpp():
            if not ban.where(file):
                continue
            for match in re.finditer(ban.pattern, file.source.code):
                before = file.source.code[max(0, match.start() - 200):match.start()]
                if name == "call-new" and _OWNED.search(before):
                    continue
                text = " ".join(match.group().split()).rstrip("( ")
                yield file.at(file.source.line(match.start()), f"'{text}': {ban.instead}")
    calls.__doc__ = ban.instead
    return calls


for _name, _ban in BANS.items():
    rule(_name)(_check(_name, _ban))


@rule("co-await-room")
def co_await_room(tree):
    """Coroutines live in src/net only."""
    for file in tree.cpp():
        if file.path.startswith("src/net/"):
            continue
        for match in re.finditer(r"\bco_(?:await|return|yield)\b", file.source.code):
            yield file.at(file.source.line(match.start()), f"'{match.group()}' outside src/net: "
                          "write plain code; readers of a flight are woken, they do not wait")


_ALONE = re.compile(r"(?:(?:const\s+)?(?:auto&{0,2}|[\w:<>,\s]+?)\s*(?:\w+|\[[\w\s,]+\])\s*=|"
                    r"[\w.]+\s*=|co_return|)\s*")


@rule("co-await-alone")
def co_await_alone(tree):
    """co_await f(a); auto x = co_await f(a); co_return co_await f(a); GCC 12 miscompiles more."""
    for file in tree.cpp():
        code = file.source.code
        for match in re.finditer(r"\bco_await\b", code):
            start = max(code.rfind(sign, 0, match.start()) for sign in ";{}") + 1
            end = code.find(";", match.end())
            before = re.sub(r"^\s*(?:case [^:]+|default)\s*:(?!:)", "", code[start:match.start()])
            after = code[match.end():end]
            alone = _ALONE.fullmatch(before.strip())
            if not alone or re.search(r"[{?]|\[[&=\w, ]*\]\s*\(|\bco_await\b", after):
                yield file.at(file.source.line(match.start()),
                              "co_await does not stand alone: name its arguments and its result "
                              "on lines of their own")
