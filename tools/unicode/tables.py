#!/usr/bin/env python3
"""Writes src/embed/unicode_tables.cc from Python's unicodedata.

    python3 tools/unicode/tables.py src/embed/unicode_tables.cc

Sets of code points become sorted ranges. The fold (canonical decomposition, nonspacing marks left
out, then lower case) becomes runs where neighbours follow one rule, and a list for what obeys none.
Hangul syllables are left out: their decomposition is arithmetic (src/embed/unicode.cc).
"""

import sys
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)
LINE_MAX = 100


def points():
    return (cp for cp in range(0x110000) if not 0xD800 <= cp < 0xE000)


def ranges(wanted):
    out = []
    for cp in points():
        if not wanted(unicodedata.category(chr(cp))):
            continue
        if out and out[-1][1] == cp - 1:
            out[-1][1] = cp
        else:
            out.append([cp, cp])
    return out


def folded(cp):
    kept = [
        c for c in unicodedata.normalize("NFD", chr(cp)) if unicodedata.category(c) != "Mn"
    ]
    return [ord(c) for k in kept for c in k.lower() if unicodedata.category(c) != "Mn"]


def folds():
    """Code points that change, by what they become: [cp, [targets]], in order."""
    for cp in points():
        if cp in HANGUL or unicodedata.category(chr(cp)) == "Mn":
            continue
        target = folded(cp)
        if target != [cp]:
            yield cp, target


def runs(pairs):
    """Greedy runs (first, last, step, target, slope): first + k step becomes target + k slope."""
    single = [(cp, to[0]) for cp, to in pairs if len(to) == 1]
    out, at = [], 0
    while at < len(single):
        best = 1, 1, 0
        for step in (1, 2):
            known = {cp: to for cp, to in single[at : at + 600]}
            for slope in (0, 1, 2):
                count = 1
                while known.get(single[at][0] + count * step) == single[at][1] + count * slope:
                    count += 1
                # A run of step 2 may not jump over a code point with a rule of its own.
                inside = sum(
                    1
                    for cp, _ in single[at : at + 600]
                    if cp <= single[at][0] + (count - 1) * step
                )
                if inside == count and count > best[0]:
                    best = count, step, slope
        count, step, slope = best
        cp, to = single[at]
        out.append((cp, cp + (count - 1) * step, step, to, slope))
        at += count
    return out


def rows(items):
    lines, line = [], "   "
    for item in items:
        if len(line) + 1 + len(item) > LINE_MAX:
            lines.append(line)
            line = "   "
        line += " " + item
    return "\n".join(lines + [line])


def number(value):
    return f"0x{value:x}"


def table(kind, name, items):
    return f"const {kind} {name}[] = {{\n{rows(items)}\n}};\n"


def view(kind, name, of):
    return f"std::span<const {kind}> {name}() noexcept {{ return {of}; }}\n"


def main():
    pairs = list(folds())
    sets = {
        "control": ranges(lambda c: c in ("Cc", "Cf", "Co")),
        "nonspacing": ranges(lambda c: c == "Mn"),
        "punctuation": ranges(lambda c: c[0] == "P"),
    }
    run_rows = runs(pairs)
    # A lonely pair is cheaper as a pair than as a run of one.
    lonely = [r for r in run_rows if r[0] == r[1]]
    true_runs = [r for r in run_rows if r[0] != r[1]]
    several = [(cp, to) for cp, to in pairs if len(to) > 1]
    assert all(len(to) in (2, 3) for _, to in several) and all(to for _, to in pairs)
    out = [
        "// Written by tools/unicode/tables.py; not edited by hand. Unicode "
        f"{unicodedata.unidata_version}.",
        '#include "embed/unicode_tables.h"\n',
        "namespace refrain::embed::unicode {",
        "namespace {\n",
    ]
    for name, spans in sets.items():
        out.append(
            table(
                "Range", f"{name}_table", [f"{{{number(a)},{number(b)}}}," for a, b in spans]
            )
        )
    out.append(
        table(
            "FoldRun",
            "run_table",
            [
                f"{{{number(a)},{number(b)},{step},{number(to)},{slope}}},"
                for a, b, step, to, slope in true_runs
            ],
        )
    )
    out.append(
        table(
            "FoldPair", "pair_table", [f"{{{number(r[0])},{number(r[3])}}}," for r in lonely]
        )
    )
    out.append(
        table(
            "FoldSeveral",
            "several_table",
            [
                f"{{{number(cp)},{{{','.join(number(t) for t in to + [0] * (3 - len(to)))}}}}},"
                for cp, to in several
            ],
        )
    )
    out.append("}  // namespace\n")
    out += [view("Range", name, f"{name}_table")[:-1] for name in sets]
    out += [
        view("FoldRun", "fold_runs", "run_table")[:-1],
        view("FoldPair", "fold_pairs", "pair_table")[:-1],
        view("FoldSeveral", "fold_several", "several_table"),
        "}  // namespace refrain::embed::unicode",
    ]
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
