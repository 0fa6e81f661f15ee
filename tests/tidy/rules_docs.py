"""What must stand beside the code."""

import re

from tree import rule

BEGIN, END = "<!-- rooms -->", "<!-- /rooms -->"


@rule("room-readme")
def room_readme(tree):
    """A room says what it is for."""
    for name in sorted({file.room for file in tree.cpp() if file.room}):
        if f"src/{name}/README.md" not in tree.by_path:
            first = next(file for file in tree.cpp() if file.room == name)
            yield first.at(1, f"src/{name} has no README.md: two sentences of purpose, what may "
                           "not be here, the main types, how to test it")


@rule("test-beside")
def test_beside(tree):
    """A missing test is visible: x.cc has x_test.cc beside it."""
    for file in tree.cpp():
        if file.room and file.suffix == ".cc" and not file.is_test:
            test = file.path[:-3] + "_test.cc"
            if test not in tree.by_path:
                yield file.at(1, f"no {test.rsplit('/', 1)[-1]} beside it: write one, or list the "
                              "file in tests/tidy/EXCEPTIONS with the reason")


def rooms_table(tree):
    """The room table of ARCHITECTURE.md as src/ROOMS has it."""
    lines = ["| row | room | may include | outside headers |", "|---|---|---|---|"]
    for room in tree.rooms.values():
        headers = " ".join(f"`{header}`" for header in room.headers)
        lines.append(f"| {room.row} | {room.name} | {' '.join(room.may_include) or '-'} "
                     f"| {headers or '-'} |")
    return "\n".join(lines)


def _between(text):
    found = re.search(re.escape(BEGIN) + r"\n(.*?)\n?" + re.escape(END), text, re.S)
    return found


@rule("rooms-table")
def rooms_table_is_true(tree):
    """ARCHITECTURE.md shows the rooms that src/ROOMS has."""
    if not tree.rooms:
        return
    file = tree.by_path.get("ARCHITECTURE.md")
    found = _between(file.text) if file else None
    if found is None:
        where = file or tree.by_path["src/ROOMS"]
        yield where.at(1, f"ARCHITECTURE.md has no room table: add the lines {BEGIN} and {END}, "
                       "then run tests/tidy/tidy.py --write-rooms")
    elif found[1].strip() != rooms_table(tree):
        yield file.at(file.text.count("\n", 0, found.start()) + 1, "the room table differs from "
                      "src/ROOMS: run tests/tidy/tidy.py --write-rooms")


def write_rooms(tree):
    """Rewrites the table between the markers; returns whether there were markers."""
    file = tree.by_path.get("ARCHITECTURE.md")
    found = _between(file.text) if file else None
    if found is None:
        return False
    table = f"{BEGIN}\n{rooms_table(tree)}\n{END}"
    file.full.write_text(file.text[:found.start()] + table + file.text[found.end():])
    return True
