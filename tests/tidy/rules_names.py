"""Names that say nothing."""

import re

from tree import rule

BANNED = {
    "util": "name it after what it does",
    "utils": "name it after what it does",
    "helper": "name it after what it does",
    "helpers": "name it after what it does",
    "manager": "say what it does to what: Pool, Registry, Session",
    "processor": "say what it does: Parser, Writer, Score",
    "common": "give each part to the room whose noun it is",
    "misc": "give each part to the room whose noun it is",
}
NET_ONLY = {"handler", "handlers"}
_DECLARED = re.compile(
    r"\b(?:class|struct|union|enum(?:\s+class)?)\s+"
    r"(?:\[\[[^\]]*\]\]\s*)?(?:alignas\s*\([^)]*\)\s*)?"
    r"((?:\w+::)*)(\w+)\s*(?:final\s*)?(?=[{;:])|\busing\s+()(\w+)\s*=|\bconcept\s+()(\w+)\s*=")


def _may_handle(path):
    return path.startswith(("src/net/", "src/api/"))


def _advice(word, path):
    if word in BANNED:
        return BANNED[word]
    if word in NET_ONLY and not _may_handle(path):
        return "only net and api handle something; say what it does with it"
    if word == "impl":
        return "only a pimpl is an Impl; name what makes this one different"
    return None


@rule("path-name")
def path_name(tree):
    """Folders and files have a noun for a name."""
    for file in tree.files:
        if file.is_material:
            continue
        for word in re.split(r"[/_.\-]", file.path.lower()):
            advice = _advice(word, file.path)
            if advice:
                yield file.at(1, f"'{word}' in a path says nothing: {advice}")


@rule("type-name")
def type_name(tree):
    """Types end in a noun too; an Impl is a pimpl."""
    for file in tree.cpp():
        for match in _DECLARED.finditer(file.source.code):
            name = match[2] or match[4] or match[6]
            words = re.findall(r"[A-Z][a-z0-9]*|[a-z0-9]+", name)
            last = words[-1].lower() if words else ""
            advice = None if name == "Impl" else _advice(last, file.path)
            if advice:
                yield file.at(file.source.line(match.start()), f"'{name}' says nothing: {advice}")
