"""What text may hold."""

import re

from tree import rule

# The words are put together here, so that this file does not find itself.
_TODO = "TO" + "DO"
_MARKS = ("FIX" + "ME", "X" + "XX", "HA" + "CK")
_CODE_SUFFIXES = (".py", ".cmake", ".sh", ".js", ".ts", ".html", ".css", ".sql", ".yml")
# Where a repository may lie on any machine: there its whole path is looked for, not the first part.
_USUAL_FOLDERS = {"usr", "opt", "tmp", "var", "srv", "mnt", "media", "home", "root", "etc", "run",
                  "src"}
_PATH_START = r"(?<![\w.$})\]/~-])"


def _is_code(file):
    return (file.is_cpp or file.suffix in _CODE_SUFFIXES or file.text.startswith("#!")
            or file.name in ("CMakeLists.txt", "Makefile"))


@rule("open-end")
def open_end(tree):
    """Work left over has an issue."""
    pattern = re.compile(rf"\b(?:{_TODO}\b(?!\(#\d+\))|(?:{'|'.join(_MARKS)})\b)")
    for file in tree.files:
        if file.is_material or not _is_code(file):
            continue
        text = file.source.comments if file.is_cpp else file.text
        for number, line in enumerate(text.split("\n"), 1):
            found = pattern.search(line)
            if found:
                yield file.at(number, f"'{found.group()}' without an issue: finish it, or write "
                              f"{_TODO}(#123) with what remains")


@rule("ascii")
def ascii_only(tree):
    """C++ source is ASCII."""
    for file in tree.cpp():
        for number, line in file.lines():
            if not line.isascii():
                yield file.at(number, "not ASCII: write \\u escapes in strings, words in comments")


@rule("tab")
def tab(tree):
    """C++ is indented by spaces."""
    for file in tree.cpp():
        for number, line in file.lines():
            if "\t" in line:
                yield file.at(number, "a tab: use two spaces (or \\t in a string)")


@rule("trailing-space")
def trailing_space(tree):
    """No line ends in space."""
    for file in tree.files:
        if file.is_material:
            continue
        for number, line in file.lines():
            if line != line.rstrip():
                yield file.at(number, "space or carriage return at the end of the line: remove it")


@rule("machine-path")
def machine_path(tree):
    """The place of this checkout and homes of people stay out of the repository."""
    first = tree.root.parts[1] if len(tree.root.parts) > 1 else ""
    own = re.escape(str(tree.root) if first in _USUAL_FOLDERS else f"/{first}")
    pattern = re.compile(rf"{_PATH_START}(?:{own}(?![\w.-])|/(?:home|root)/)")
    for file in tree.files:
        for number, line in file.lines():
            found = pattern.search(line)
            if found:
                yield file.at(number, f"'{found.group()}' is a path of one machine: write it "
                              "relative to the repository, or take it from the environment")


@rule("machine-host")
def machine_host(tree):
    """Hosts that this machine gets its packages from stay out too; they are read at run time."""
    if not tree.hosts:
        return
    pattern = re.compile("|".join(rf"(?<![\w.-]){re.escape(host)}(?![\w-])" for host in tree.hosts))
    for file in tree.files:
        for number, line in file.lines():
            if pattern.search(line):
                yield file.at(number, "names a package registry that this machine happens to use: "
                              "leave it to the machine's settings")
