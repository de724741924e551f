"""``python -m tympan check``: try a driver bundle against the catalogue of rules."""

import sys
from collections import Counter

from tympan._errors import UsageError

_MARKS = {"passed": "ok     ", "failed": "FAILED ", "warning": "warning", "skipped": "skipped"}


def configure(parser):
    """Add the command's arguments to an ArgumentParser."""
    parser.description = "Load a driver bundle in the simulated HAL and try the rules of the HAL protocol on it."
    parser.add_argument("driver", nargs="?", help="a .driver bundle")
    parser.add_argument("--list", action="store_true", help="list the rules and stop")


def run(args):
    """Print one line per rule and a summary; 0 when none failed, 1 otherwise."""
    from tympan.testing import checks

    if args.list:
        for rule in checks.CATALOGUE:
            print(f"{rule.id:26} {rule.description}")
        return 0
    if not args.driver:
        raise UsageError("check needs a driver", "Give the path of a .driver bundle, or --list.")
    results = checks.run_checks(args.driver, _line)
    counts = Counter(result.outcome for result in results)
    print(
        f"{len(results)} rules: " + ", ".join(f"{counts[outcome]} {outcome}" for outcome in _MARKS if counts[outcome])
    )
    return 1 if counts[checks.FAILED] else 0


def _line(result):
    print(f"{_MARKS[result.outcome]} {result.id}" + (f": {result.message}" if result.message else ""))
    sys.stdout.flush()
