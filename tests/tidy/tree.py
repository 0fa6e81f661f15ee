"""The tree under test: its files, the room list, the exceptions, and what a finding is."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import scan

CPP = (".cc", ".h")
SKIPPED_FOLDERS = {".git", ".deps", ".cache", "build", "__pycache__", "node_modules", ".venv"}
# Bytes in these folders are test material: they may hold what our own text may not.
MATERIAL = ("tests/golden/", "fuzz/corpus/")

RULES = {}


def rule(name):
    """Registers a rule: a function that takes a Tree and yields findings."""
    def register(function):
        function.rule = name
        RULES[name] = function
        return function
    return register


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


class File:
    def __init__(self, root, path):
        self.path = path
        self.full = Path(root) / path
        self.name = path.rsplit("/", 1)[-1]
        self.stem, dot, suffix = self.name.rpartition(".")
        self.suffix = dot + suffix if self.stem else ""
        self.stem = self.stem or self.name
        self.is_cpp = self.suffix in CPP
        self.is_python = self.suffix == ".py"
        parts = path.split("/")
        self.room = parts[1] if parts[0] == "src" and len(parts) > 2 else None
        self.is_test = self.stem.endswith(("_test", "_bench", "_fuzz")) or parts[0] != "src"
        self.is_material = path.startswith(MATERIAL)
        self._text = self._source = None

    @property
    def text(self):
        """The text, or "" when the file is not UTF-8 text."""
        if self._text is None:
            data = self.full.read_bytes()
            try:
                self._text = "" if b"\0" in data else data.decode("utf-8")
            except UnicodeDecodeError:
                # Our own sources are shown all the same, so that the ASCII rule can speak.
                self._text = data.decode("latin-1") if self.is_cpp else ""
        return self._text

    @property
    def source(self):
        if self._source is None:
            self._source = scan.Source(self.text)
        return self._source

    def lines(self):
        return enumerate(self.text.split("\n"), 1)

    def at(self, line, message):
        """A finding here; the rule's name is filled in by Tree.check()."""
        return Finding(self.path, line, "", message)


@dataclass
class Room:
    row: int
    name: str
    may_include: list
    headers: list
    line: int


class Tree:
    def __init__(self, root, hosts=None):
        self.root = Path(root).resolve()
        self.files = [File(self.root, path) for path in _list(self.root)]
        self.by_path = {file.path: file for file in self.files}
        self.rooms = _read_rooms(self.by_path.get("src/ROOMS"))
        self.exceptions = _read_exceptions(self.by_path.get("tests/tidy/EXCEPTIONS"))
        self.hosts = registry_hosts() if hosts is None else hosts

    def cpp(self):
        return [file for file in self.files if file.is_cpp and not file.is_material]

    def headers(self):
        return [file for file in self.cpp() if file.suffix == ".h"]

    def python(self):
        return [file for file in self.files if file.is_python and not file.is_material]

    def check(self, names=None):
        """Runs the rules, drops what an exception covers, reports exceptions nobody needs."""
        found, used = [], set()
        for name, function in RULES.items():
            if names and name not in names:
                continue
            for finding in function(self):
                entry = (name, finding.path)
                if entry in self.exceptions:
                    used.add(entry)
                else:
                    found.append(Finding(finding.path, finding.line, name, finding.message))
        if not names:
            found += self._stale(used)
        return sorted(set(found))

    def _stale(self, used):
        path = "tests/tidy/EXCEPTIONS"
        for (name, target), (line, reason) in self.exceptions.items():
            if name not in RULES:
                yield Finding(path, line, "exception",
                              f"there is no rule '{name}': remove the line")
            elif not reason:
                yield Finding(path, line, "exception",
                              f"'{name} {target}' has no reason: add one after ' : '")
            elif (name, target) not in used and not RULES[name].rule.startswith("machine-"):
                # What the machine-* rules find depends on the machine, so they may lie idle.
                yield Finding(path, line, "exception",
                              f"'{name} {target}' is no longer needed: remove the line")


def _list(root):
    """Tracked and untracked, not ignored files; without git, every file outside build folders."""
    try:
        top = subprocess.run(["git", "-C", str(root), "rev-parse", "--show-toplevel"],
                             capture_output=True, text=True, check=True).stdout.strip()
        if Path(top).resolve() == root:
            out = subprocess.run(
                ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                capture_output=True, check=True).stdout.decode()
            return sorted({p for p in out.split("\0") if p and (root / p).is_file()})
    except (OSError, subprocess.CalledProcessError):
        pass
    paths = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        paths += [str((Path(folder) / name).relative_to(root)) for name in names]
    return sorted(paths)


def _read_rooms(file):
    rooms = {}
    for number, line in file.lines() if file else []:
        fields = [part.strip() for part in line.split(":")]
        if re.match(r"\d", line) and len(fields) == 3:
            row, name = fields[0].split()
            rooms[name] = Room(int(row), name, fields[1].split(), fields[2].split(), number)
    return rooms


def _read_exceptions(file):
    """Lines are: rule path : reason."""
    entries = {}
    for number, line in file.lines() if file else []:
        if line.strip() and not line.startswith("#"):
            head, _, reason = line.partition(" : ")
            name, _, path = head.strip().partition(" ")
            entries[(name, path.strip())] = (number, reason.strip())
    return entries


def registry_hosts():
    """Hosts this machine gets packages from; read at run time, so that none is written down."""
    texts = [os.environ.get(name, "") for name in ("GOPROXY", "NPM_CONFIG_REGISTRY")]
    try:
        texts.append(subprocess.run(["python3", "-m", "pip", "config", "list"],
                                    capture_output=True, text=True, timeout=20).stdout)
    except (OSError, subprocess.TimeoutExpired):
        pass
    for path in [Path("/etc/apt/sources.list"), *Path("/etc/apt").glob("sources.list.d/*")]:
        try:
            texts.append(path.read_text())
        except OSError:
            continue
    hosts = re.findall(r"https?://(?:[^/@\s']*@)?([A-Za-z0-9.-]+\.[A-Za-z0-9-]+)", "\n".join(texts))
    return sorted(set(hosts) - {"127.0.0.1"})
