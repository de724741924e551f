"""Write docs/rules.md from the validator's catalogue. ``--check`` only compares."""

import sys
from pathlib import Path

from tympan.testing.rules import CATALOGUE, GROUPS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"
HEAD = """\
# The validator's rules

Written by `python tools/generate_rules.py` from `tympan/testing/rules/`; do not edit.

`python -m tympan check X.driver` tries these {count} rules on any AudioServerPlugIn, ours or not; see
[how to check a driver](checking.md). *See* names a part of the specification the rules were written from;
*met in* says which driver had it wrong, where one is known. A rule whose text says what hosts merely
prefer ends as a warning, not as a failure.
"""


def page():
    """The whole page."""
    lines = [HEAD.format(count=len(CATALOGUE))]
    for group in GROUPS:
        lines += [f"## {group.title} (`{group.id}`, {len(group.rules)} rules)", ""]
        lines += ["| rule | what it says | if it is broken | met in | see |", "|---|---|---|---|---|"]
        for rule in group.rules:
            cells = f"`{rule.id}`", rule.description, rule.symptom, rule.field, rule.reference
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def main(arguments):
    """Exit code: 1 when --check finds a difference."""
    if arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            print("docs/rules.md differs from the catalogue: run python tools/generate_rules.py")
            return 1
    else:
        PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
