"""Write the table of bad and good drivers into docs/realtime-safety.md. ``--check`` only compares.

The cells come from the first lines of tests/drivers/rt_*.pyx (what each net must say) and from
tests/sanitize/rtsan.json; the tests of each net hold every cell.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "realtime-safety.md"
DRIVERS = ROOT / "tests" / "drivers"
RTSAN = ROOT / "tests" / "sanitize" / "rtsan.json"
MARK = "<!-- written by python tools/generate_realtime_table.py; do not edit below -->\n"
KINDS = ("allocation", "lock", "wait", "io", "thread", "system call", "GIL")
NETS = {"compile": "1 compiler", "generated": "2a generated C", "binary": "2b binary", "warning": "2b not proved"}


def heads(path):
    """{"expect": text, "guard": text, "good": text}: what the first comment lines of a driver say."""
    lines = path.read_text(encoding="utf-8").splitlines()[:3]
    matches = (re.match(r"# (expect|guard|good): (.*)", line) for line in lines)
    return {match[1]: match[2] for match in matches if match}


def cell(text):
    """Text that a table cell can hold."""
    return text.replace("|", "\\|")


def build_cell(text):
    net, _, message = text.partition(" ")
    return NETS[net], cell(re.sub(r"^rt_bad_\w+\.(pyx|c):?(\d+:)? ?", "", message) or "does not compile")


def run_cell(text):
    """The kind of violation, or why there is none."""
    silent = re.match(r"(no|not run): (.*)", text)
    if silent:
        return f"{'–' if silent[1] == 'no' else 'not run'}: {cell(silent[2])}"
    return next((kind for kind in KINDS if text.startswith(f"{kind} ")), "")


def bad_rows(rtsan):
    yield "| driver | caught at build by | with the message | in a test, by the guard | RealtimeSanitizer |"
    yield "|---|---|---|---|---|"
    for path in sorted(DRIVERS.glob("rt_bad_*.pyx")):
        head = heads(path)
        net, message = build_cell(head["expect"])
        name = path.stem.removeprefix("rt_bad_")
        link = f"[{name}](../tests/drivers/{path.name})"
        yield f"| {link} | {net} | {message} | {run_cell(head.get('guard', ''))} | {cell(rtsan.get(path.stem, ''))} |"


def good_rows():
    yield "| driver | why it looks suspicious |"
    yield "|---|---|"
    for path in sorted(DRIVERS.glob("rt_good_*.pyx")):
        name = path.stem.removeprefix("rt_good_")
        yield f"| [{name}](../tests/drivers/{path.name}) | {cell(heads(path)['good'])} |"


def page(text):
    """The page with its tables made anew."""
    rtsan = json.loads(RTSAN.read_text()) if RTSAN.is_file() else {}
    lines = [*bad_rows(rtsan), "", "### Good drivers", "", *good_rows()]
    return text.partition(MARK)[0] + MARK + "\n" + "\n".join(lines) + "\n"


def main(arguments):
    text = PAGE.read_text(encoding="utf-8")
    made = page(text)
    if arguments == ["--check"]:
        if made != text:
            print("docs/realtime-safety.md differs from the drivers: run python tools/generate_realtime_table.py")
            return 1
    else:
        PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
