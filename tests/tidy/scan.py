"""A light C++ scanner: what is code, what is comment, where functions and classes begin and end.

It does not parse C++. It blanks comments, literals and preprocessor lines (positions stay as they
are), then walks braces and looks at the text before each one. What it cannot see is listed in
tests/README.md.
"""

import bisect
import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
    (?P<comment>//(?:\\\n|[^\n])*|/\*.*?(?:\*/|\Z))
  | (?P<raw>(?:u8|[uUL])?R"(?P<fence>[^()\\\s]{0,16})\(.*?(?:\)(?P=fence)"|\Z))
  | (?P<text>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*")
  | (?P<char>(?:u8|[uUL])?'(?:\\.|[^'\\\n])*')
  | (?P<number>\.?[0-9](?:'?[\w.])*)
  | (?P<word>[A-Za-z_]\w*)
    """,
    re.S | re.X,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.M)
_STOP = re.compile(r"[{}();]|\b(?:public|private|protected)\s*:(?!:)")
_OPERATOR = re.compile(r"\boperator\s*(?:\(\s*\)|\[\s*\]|[^\s\w(]+)")
_TYPE = re.compile(r"(?:typedef\s+|static\s+|inline\s+|constexpr\s+|const\s+)*"
                   r"(?P<kind>class|struct|union|enum)\b")
# A macro on a line of its own before what it decorates: BEGIN_NAMESPACE namespace x {
_LEADING_MACRO = re.compile(r"(?:[A-Z][A-Z0-9_]{3,}(?:\s*\([^()]*\))?\s+)+(?=[a-z])")
_NOT_NAMES = {"alignas", "noexcept", "decltype", "explicit", "requires", "static_assert", "sizeof",
              "throw", "__attribute__", "defined", "alignof", "typeid"}


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def _blank_inside(text):
    """Keeps the quotes of a literal, so that heads such as extern "C" stay visible."""
    if len(text) < 2:
        return text
    return '"' + _blank(text[1:-1]) + '"'


def split(text):
    """Returns (code, comments): the same length as text, each with the other part blanked."""
    code, comments, at = [], [], 0
    for match in _TOKEN.finditer(text):
        between = text[at:match.start()]
        token, kind = match.group(), match.lastgroup
        code.append(between)
        comments.append(_blank(between))
        if match.group("comment") is not None:
            code.append(_blank(token))
            comments.append(token)
        else:
            literal = kind not in ("number", "word")
            code.append(_blank_inside(token) if literal else token)
            comments.append(_blank(token))
        at = match.end()
    code.append(text[at:])
    comments.append(_blank(text[at:]))
    return "".join(code), "".join(comments)


@dataclass
class Block:
    kind: str            # file, namespace, class, enum, function, init, body
    name: str
    head: str            # the text before the brace, flattened
    first: int           # offset of the first character of the head
    open: int            # offset of the brace
    close: int = 0
    declarations: list = field(default_factory=list)    # (offset, text) of statements in it


class Source:
    """One C++ file, scanned on first use."""

    def __init__(self, text):
        self.text = text
        self.code, self.comments = split(text)
        self._newlines = [m.start() for m in re.finditer("\n", text)]
        self._blocks = None

    def line(self, offset):
        return bisect.bisect_left(self._newlines, offset) + 1

    def includes(self):
        """Yields (line, target, quoted) of every include directive that is not commented out."""
        for match in re.finditer(r"^[ \t]*#[ \t]*include\b", self.code, re.M):
            rest = self.text[match.end():].split("\n", 1)[0].strip()
            found = re.match(r'"([^"]+)"|<([^>]+)>', rest)
            if found:
                yield self.line(match.start()), found[1] or found[2], found[1] is not None

    def blocks(self):
        if self._blocks is None:
            self._blocks = _walk(_DIRECTIVE.sub(lambda m: _blank(m.group()), self.code))
        return self._blocks

    def functions(self):
        """Yields (name, first line, last line) of functions, tests and namespace-level lambdas."""
        for block in self.blocks():
            if block.kind == "function":
                yield block.name, self.line(block.first), self.line(block.close)

    def classes(self):
        return [block for block in self.blocks() if block.kind == "class"]


def _walk(code):
    """Walks braces; returns every block in the order of its end, the file itself last."""
    done = []
    stack = [Block("file", "", "", 0, 0)]
    saved = []           # (parens, head start) to go back to when the innermost block ends
    parens, start = 0, 0
    for match in _STOP.finditer(code):
        sign, at, inner = match.group(), match.start(), stack[-1]
        if sign == "(":
            parens += 1
        elif sign == ")":
            parens = max(0, parens - 1)
        elif sign == ";":
            if parens == 0:
                if inner.kind in ("file", "namespace", "class"):
                    inner.declarations.append(_declaration(code, start, at))
                start = at + 1
        elif sign == "{":
            first, head = _declaration(code, start, at)
            kind, name = _classify(head, parens, inner.kind)
            stack.append(Block(kind, name, head, first, at))
            saved.append((parens, start))
            parens, start = 0, at + 1
        elif sign == "}":
            if len(stack) == 1:
                continue                        # unbalanced, for example by #if branches
            block = stack.pop()
            block.close = at
            done.append(block)
            parens, head_start = saved.pop()
            start = head_start if block.kind == "init" else at + 1
            if block.kind == "function" and stack[-1].kind in ("file", "namespace", "class"):
                stack[-1].declarations.append((block.first, block.head))
        elif inner.kind == "class" and parens == 0:
            start = match.end()                 # public: and its like
    done.append(stack[0])
    return done


def _declaration(code, start, end):
    text = code[start:end]
    return start + len(text) - len(text.lstrip()), " ".join(text.split())


def _classify(head, parens, parent):
    """Says what a brace opens: returns (kind, name)."""
    if parent in ("function", "body"):
        return "body", ""
    if parens > 0 or parent in ("init", "enum"):
        return "init", ""
    plain = strip_template(re.sub(r"\[\[.*?\]\]", " ", head)).strip()
    plain = _LEADING_MACRO.sub("", plain, count=1) if _LEADING_MACRO.match(plain) else plain
    if re.match(r"(inline\s+)?namespace\b", plain) or re.fullmatch(r'extern\s*"\s*"', plain):
        return "namespace", ""
    if re.match(r"catch\b", plain):             # the handler of a function try block
        return "body", ""
    found = _TYPE.match(plain)
    if found:
        return ("enum" if found["kind"] == "enum" else "class"), _type_name(plain[found.end():])
    return _classify_call(plain)


def _classify_call(plain):
    cut = top_level_equals(plain)
    if cut is not None:
        is_lambda = re.match(r"\s*\[[^\]]*\]", plain[cut + 1:]) is not None
        name = re.findall(r"\w+", plain[:cut])
        return ("function", name[-1] if name else "lambda") if is_lambda else ("init", "")
    found = parameters(plain)
    if found is None:
        return "init", ""
    name, inside, tail = found
    initialises_members = re.search(r"(?<!:):(?!:)", tail) is not None
    if initialises_members and re.search(r"[\w>]\s*$", tail):
        return "init", ""                       # the brace of a member in Foo() : a_{1} {
    return "function", f"{name}({inside})" if name.isupper() or name == "TEST_F" else name


def _type_name(text):
    text = re.sub(r"\balignas\s*\([^)]*\)|\b(?:class|struct)\b", " ", text)
    found = re.match(r"\s*([A-Za-z_][\w:]*)", text)
    return found[1] if found else ""


def strip_template(head):
    """Removes leading template <...> lists, balanced, and what they require."""
    while re.match(r"\s*template\s*<", head):
        at, depth = head.index("<"), 0
        for at in range(at, len(head)):
            if head[at] == "<":
                depth += 1
            elif head[at] == ">" and head[at - 1] != "-":
                depth -= 1
                if depth == 0:
                    break
        head = head[at + 1:].lstrip()
    return head


def _neutral(head):
    """Replaces operators that would confuse the counting of < and >; keeps the length."""
    head = _OPERATOR.sub(lambda m: "operator" + "_" * (len(m.group()) - 8), head)
    return re.sub(r"->|<<|<=>|<=|>=|==|!=", lambda m: " " * len(m.group()), head)


def top_level_equals(head):
    """Offset of the first = outside all brackets, or None."""
    depth = 0
    for at, sign in enumerate(_neutral(head)):
        if sign in "([{<":
            depth += 1
        elif sign in ")]}>":
            depth -= 1
        elif sign == "=" and depth <= 0:
            return at
    return None


def parameters(head):
    """Returns (name, text between the parentheses, tail) of the function a head declares."""
    plain = _neutral(head)
    angle, at = 0, 0
    while at < len(plain):
        sign = plain[at]
        if sign == "<":
            angle += 1
        elif sign == ">":
            angle -= 1
        elif sign == "(":
            end = _matching(plain, at)
            name = re.search(r"([A-Za-z_~][\w~]*)\s*$", plain[:at])
            if angle <= 0 and name and name[1] not in _NOT_NAMES:
                word = re.sub(r"^operator_+$", "operator", name[1])
                return word, plain[at + 1:end].strip(), plain[end + 1:]
            at = end
        at += 1
    return None


def _matching(text, at):
    depth = 0
    for end in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return end
    return len(text) - 1


def count_parameters(inside):
    """Counts commas outside all brackets."""
    if inside.strip() in ("", "void"):
        return 0
    depth, count = 0, 1
    for sign in inside:
        if sign in "([{<":
            depth += 1
        elif sign in ")]}>":
            depth -= 1
        elif sign == "," and depth <= 0:
            count += 1
    return count
