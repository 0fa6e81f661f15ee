#!/usr/bin/env python3
"""Checks the layers and the style of the whole repository. See tests/README.md.

  tidy.py                  check everything; one line per finding, exit 1 if there is one
  tidy.py --rule layer     only this rule (may be repeated)
  tidy.py --list           the rules by name
  tidy.py --write-rooms    rewrite the room table of ARCHITECTURE.md from src/ROOMS
"""

import argparse
import collections
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))

import rules_calls   # noqa: E402,F401  importing a rules file registers its rules
import rules_docs    # noqa: E402
import rules_layers  # noqa: E402,F401
import rules_names   # noqa: E402,F401
import rules_size    # noqa: E402,F401
import rules_text    # noqa: E402,F401
from tree import RULES, Tree  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2],
                        help="the repository")
    parser.add_argument("--rule", action="append", help="run this rule only")
    parser.add_argument("--list", action="store_true", help="print the rules and stop")
    parser.add_argument("--write-rooms", action="store_true", help="rewrite the room table")
    return parser.parse_args()


def main():
    wanted = arguments()
    if wanted.list:
        for name, function in sorted(RULES.items()):
            print(f"{name:18} {function.__doc__}")
        return 0
    unknown = set(wanted.rule or []) - set(RULES)
    if unknown:
        print(f"tidy: no rule {', '.join(sorted(unknown))}; --list shows them", file=sys.stderr)
        return 2
    tree = Tree(wanted.root)
    if wanted.write_rooms:
        if not rules_docs.write_rooms(tree):
            print("tidy: ARCHITECTURE.md has no room markers", file=sys.stderr)
            return 2
        return 0
    found = tree.check(wanted.rule)
    for finding in found:
        print(finding)
    by_rule = collections.Counter(finding.rule for finding in found)
    counts = ", ".join(f"{name} {count}" for name, count in by_rule.most_common())
    print(f"tidy: {len(tree.files)} files, {len(RULES)} rules, {len(tree.exceptions)} exceptions, "
          f"{len(found)} findings{': ' + counts if counts else ''}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
