"""Who may include whom."""

import re

from tree import rule

# The C library, POSIX and Linux: free for every room, unless ROOMS gives the header to some.
SYSTEM_FOLDERS = ("sys/", "netinet/", "arpa/", "net/", "linux/", "asm/")
SYSTEM_HEADERS = set("""
    assert ctype dirent dlfcn errno execinfo fcntl fenv float fnmatch ftw getopt glob grp iconv
    ifaddrs inttypes langinfo libgen limits link locale malloc math mqueue netdb poll pthread pwd
    sched semaphore setjmp signal spawn stdarg stdbool stddef stdint stdio stdlib string strings
    syslog termios time ucontext unistd utime wchar wctype""".split())
TEST_HEADERS = ("gtest/", "gmock/", "rapidcheck", "benchmark/")


def _is_system(target):
    if target.startswith(SYSTEM_FOLDERS):
        return True
    if "/" in target:
        return False
    return "." not in target or (target.endswith(".h") and target[:-2] in SYSTEM_HEADERS)


def _claimed(tree, target):
    return [room.name for room in tree.rooms.values()
            if any(target.startswith(prefix) for prefix in room.headers)]


@rule("rooms-list")
def rooms_list(tree):
    """src/ROOMS itself points one way: known rooms, all of a lower row."""
    file = tree.by_path.get("src/ROOMS")
    for room in tree.rooms.values():
        for name in room.may_include:
            other = tree.rooms.get(name)
            if other is None:
                yield file.at(room.line, f"{room.name} lists '{name}', which is no room: "
                              "remove it")
            elif other.row >= room.row:
                yield file.at(room.line, f"{room.name} (row {room.row}) lists {name} (row "
                              f"{other.row}): only lower rows may be listed; "
                              "move what both need down")


@rule("room-unknown")
def room_unknown(tree):
    """Every folder of src/ is in src/ROOMS."""
    seen = set()
    for file in tree.cpp():
        if file.room and file.room not in tree.rooms and file.room not in seen:
            seen.add(file.room)
            yield file.at(1, f"src/{file.room} is not in src/ROOMS: add a line there, "
                          "or move the file")


@rule("layer")
def layer(tree):
    """A room includes itself and the rooms its line in src/ROOMS lists."""
    for file in tree.cpp():
        room = tree.rooms.get(file.room)
        if room is None:
            continue
        for line, target, quoted in file.source.includes():
            message = _layer_message(tree, file, room, target, quoted)
            if message:
                yield file.at(line, message)


def _layer_message(tree, file, room, target, quoted):
    first = target.split("/", 1)[0]
    if "/" not in target:
        ours = quoted and not _claimed(tree, target) and not _is_system(target)
        return f'write the path from src/: #include "{room.name}/{target}"' if ours else None
    if first == ".." or first == ".":
        return f"'{target}' is relative: write the path from src/"
    if first in ("tests", "fuzz", "bench", "tools"):
        return None if file.is_test else f"'{target}' is for tests only: product code stays in src/"
    other = tree.rooms.get(first)
    if other is None or (first == "net" and not quoted):      # <net/if.h> is a system header
        return None
    if not quoted:
        return f'our own headers are quoted: #include "{target}"'
    if first == room.name or first in room.may_include:
        return None
    if other.row == room.row:
        return (f"{room.name} and {first} are both in row {room.row}, rooms of one row never meet: "
                "let a higher room join them, or move what both need down")
    if other.row > room.row:
        return (f"{room.name} (row {room.row}) may not look up to {first} (row {other.row}): "
                "pass it in as a parameter or an interface of this room")
    return (f"src/ROOMS does not allow {room.name} to include {first}: use what it lists, "
            "or list it there with a reason in docs/decisions/")


@rule("outside-header")
def outside_header(tree):
    """A third-party header is seen by the rooms that list it in src/ROOMS only."""
    for file in tree.cpp():
        room = tree.rooms.get(file.room)
        if room is None:
            continue
        for line, target, quoted in file.source.includes():
            first = target.split("/", 1)[0]
            if quoted and "/" in target and (first in tree.rooms or first in ("tests", "fuzz")):
                continue
            owners = _claimed(tree, target)
            ours = quoted and "/" not in target and not owners
            if room.name in owners or ours or (not owners and _is_system(target)):
                continue
            if file.is_test and target.startswith(TEST_HEADERS):
                continue
            home = f"it belongs to {', '.join(owners)}" if owners else "no room lists it"
            yield file.at(line, f"<{target}> is an outside header and {home}: use that room's "
                          "types, or list it in src/ROOMS with a reason in docs/decisions/")


@rule("include-cycle")
def include_cycle(tree):
    """Headers do not include each other in a circle."""
    edges = {}
    for file in tree.headers():
        targets = [(line, "src/" + target) for line, target, _ in file.source.includes()]
        edges[file.path] = [edge for edge in targets if edge[1] in tree.by_path]
    state, cycles = {}, []

    def visit(path, trail):
        state[path] = "open"
        for line, target in edges.get(path, []):
            if state.get(target) == "open":
                circle = trail[trail.index(target):] + [target]
                cycles.append((path, line, circle))
            elif target not in state:
                visit(target, trail + [target])
        state[path] = "done"

    for path in edges:
        if path not in state:
            visit(path, [path])
    for path, line, circle in cycles:
        yield tree.by_path[path].at(line, f"{' -> '.join(circle)} is a circle: "
                                    "move what both need into a third header")


@rule("pragma-once")
def pragma_once(tree):
    """Every header begins with #pragma once."""
    for file in tree.headers():
        if not re.search(r"^#pragma once$", file.source.code, re.M):
            yield file.at(1, "header without '#pragma once': add it as the first line of code")


@rule("using-namespace")
def using_namespace(tree):
    """A header opens no namespace for those who include it."""
    for file in tree.headers():
        for match in re.finditer(r"\busing\s+namespace\b", file.source.code):
            yield file.at(file.source.line(match.start()),
                          "'using namespace' in a header: name what you use (using base::Result;)")
