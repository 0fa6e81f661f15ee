"""How large a thing may be."""

import ast
import re

import scan
from tree import rule

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
INTERFACE_FUNCTIONS_MAX = 7
PARAMETERS_MAX = 5
FILE_BYTES_MAX = 1 << 20
COLUMNS_MAX = 100


@rule("file-length")
def file_length(tree):
    """A file tells one story: at most 600 lines."""
    for file in tree.cpp():
        lines = file.text.count("\n")
        if lines > FILE_LINES_MAX:
            yield file.at(lines, f"{lines} lines, {FILE_LINES_MAX} are allowed: "
                          "split it by subject")


@rule("function-length")
def function_length(tree):
    """A function, test or Python function fits a screen or two: at most 70 lines."""
    for file in tree.cpp():
        for name, first, last in file.source.functions():
            if last - first + 1 > FUNCTION_LINES_MAX:
                yield file.at(first, _too_long(name, last - first + 1))
    for file in tree.python():
        yield from _python_functions(file)


def _too_long(name, lines):
    return (f"{name} has {lines} lines, {FUNCTION_LINES_MAX} are allowed: "
            "give its steps names of their own")


def _python_functions(file):
    try:
        module = ast.parse(file.text)
    except SyntaxError as error:
        yield file.at(error.lineno or 1, f"is not Python 3.11: {error.msg}")
        return
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield file.at(node.lineno, _too_long(node.name, lines))


@rule("interface-size")
def interface_size(tree):
    """An interface has at most 7 pure virtual functions."""
    for file in tree.cpp():
        for block in file.source.classes():
            pure = [text for _, text in block.declarations
                    if re.search(r"\bvirtual\b", text) and re.search(r"=\s*0$", text)]
            if len(pure) > INTERFACE_FUNCTIONS_MAX:
                yield file.at(file.source.line(block.first),
                              f"{block.name} has {len(pure)} pure virtual functions, "
                              f"{INTERFACE_FUNCTIONS_MAX} are allowed: split it by who calls what")


@rule("parameters")
def parameters(tree):
    """At most 5; headers only, since definitions in a .cc repeat them."""
    for file in tree.headers():
        for block in file.source.blocks():
            for offset, text in block.declarations:
                found = _declared(text)
                if found and found[1] > PARAMETERS_MAX:
                    yield file.at(file.source.line(offset),
                                  f"{found[0]} takes {found[1]} parameters, {PARAMETERS_MAX} are "
                                  "allowed: pass a struct with named fields")


def _declared(text):
    """Returns (name, number of parameters) when the text declares a function."""
    plain = scan.strip_template(re.sub(r"\[\[.*?\]\]", " ", text)).strip()
    if re.match(r"(using|typedef|static_assert|namespace|class|struct|enum|union)\b", plain):
        return None
    cut = scan.top_level_equals(plain)
    found = scan.parameters(plain[:cut] if cut is not None else plain)
    if found is None or re.fullmatch(r"[A-Z][A-Z0-9_]{3,}", found[0]):      # a macro
        return None
    return found[0], scan.count_parameters(found[1])


@rule("file-bytes")
def file_bytes(tree):
    """No file over 1 MiB."""
    for file in tree.files:
        size = file.full.stat().st_size
        if size > FILE_BYTES_MAX:
            yield file.at(1, f"{size} bytes, {FILE_BYTES_MAX} are allowed in the repository: "
                          "make it with a script, or fetch it where it is needed")


@rule("line-length")
def line_length(tree):
    """At most 100 columns in C++ and Python."""
    for file in tree.cpp() + tree.python():
        for number, line in file.lines():
            if len(line) > COLUMNS_MAX:
                yield file.at(number, f"{len(line)} columns, {COLUMNS_MAX} are allowed: "
                              "break the line")
