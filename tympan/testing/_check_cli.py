"""``python -m tympan check``: try a driver bundle against the catalogue of rules, or read its IO code."""

import sys
from collections import Counter

from tympan._errors import UsageError

_MARKS = {"passed": "ok     ", "failed": "FAILED ", "warning": "warning", "skipped": "skipped"}


def configure(parser):
    """Add the command's arguments to an ArgumentParser."""
    parser.description = (
        "Load a driver bundle in the simulated HAL and try the rules of the HAL protocol on it. "
        "With --realtime: load nothing, and show from the driver's machine code what its IO code can reach."
    )
    parser.add_argument("driver", nargs="?", help="a .driver bundle; with --realtime also a .pyx or a project")
    parser.add_argument("--list", action="store_true", help="list the rules and stop")
    _configure_realtime(parser.add_argument_group("reading IO code"))


def _configure_realtime(group):
    """The arguments that need ``--realtime``."""
    group.add_argument(
        "--realtime", action="store_true", help="fail if IO code can allocate, lock, wait or meet the interpreter"
    )
    group.add_argument(
        "--allow",
        metavar="NAME=REASON",
        action="append",
        default=[],
        help="let this function or rule pass; may be given more than once, and is always reported",
    )
    group.add_argument("--strict", action="store_true", help="fail for what was not proved, too")
    group.add_argument("--json", action="store_true", help="the whole report as JSON")


def run(args):
    """The chosen way to check; answers the exit code."""
    if args.realtime:
        return _run_realtime(args)
    if args.allow or args.strict or args.json:
        raise UsageError("--allow, --strict and --json need --realtime")
    return _run_rules(args)


def _run_realtime(args):
    """Print the report of the static check; 0 when nothing fails it, 1 otherwise."""
    from tympan.bundle import allowances, check_realtime

    if not args.driver:
        raise UsageError("check --realtime needs a driver", "Give the path of a .pyx or a .driver.")
    report = check_realtime(args.driver, allowances(args.allow), strict=args.strict)
    sys.stdout.write(report.json() + "\n" if args.json else report.text())
    return report.exit_code


def _run_rules(args):
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
