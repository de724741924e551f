"""``python -m tympan check``: try a driver bundle against the catalogue of rules, or read its IO code."""

import argparse
import sys
from contextlib import contextmanager
from pathlib import Path

from tympan._errors import UsageError

EXIT_CODES = """\
exit codes:
  0    every rule was kept (warnings are allowed, unless --strict)
  1    the driver broke a rule
  2    the command cannot be carried out as it was given
  3    the tool itself failed: its report says where, and says nothing about the driver there
  130  interrupted
"""


def configure(parser):
    """Add the command's arguments to an ArgumentParser."""
    parser.description = (
        "Load a driver bundle in the simulated HAL and try the rules of the HAL protocol on it. "
        "With --realtime: load nothing, and show from the driver's machine code what its IO code can reach."
    )
    parser.epilog = EXIT_CODES
    parser.add_argument("driver", nargs="?", help="a .driver bundle; with --realtime also a .pyx or a project")
    parser.add_argument("--list", action="store_true", help="list the rules and stop; --details says more")
    _configure_choice(parser.add_argument_group("which rules"))
    _configure_output(parser.add_argument_group("what is printed"))
    _configure_run(parser.add_argument_group("how they are run"))
    _configure_realtime(parser.add_argument_group("reading IO code"))


def _configure_choice(group):
    pattern = {"metavar": "PATTERN", "action": "append", "default": []}
    group.add_argument("--include", **pattern, help="only rules whose id or group is this; * and ? stand for anything")
    group.add_argument("--exclude", **pattern, help="not these; both may be given more than once")


def _configure_output(group):
    group.add_argument("--only-failed", action="store_true", help="print what failed, and the summary")
    group.add_argument("--details", action="store_true", help="a line for every rule; with --list a paragraph")
    group.add_argument("--json", metavar="FILE", nargs="?", const="-", help="write the whole report as JSON; - (the "
                       "default) is standard output, where then nothing else goes")  # fmt: skip
    group.add_argument("--junit", metavar="FILE", help="write JUnit XML")
    group.add_argument("--strict", action="store_true", help="warnings fail, too")


def _configure_run(group):
    group.add_argument("--seed", type=int, default=0, help="makes every choice of chance repeatable (default: 0)")
    group.add_argument("--jobs", type=_count, metavar="N", help="processes at a time (default: one per processor)")
    limit = {"type": _seconds, "metavar": "SECONDS", "default": 60.0}
    group.add_argument("--time-limit", **limit, help="for one rule (default: 60)")


def _count(text):
    """A whole number from 1 on."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def _seconds(text):
    """A time that is longer than none."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


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


def run(args):
    """The chosen way to check; answers the exit code."""
    if args.driver is None and args.json not in (None, "-"):  # --json X.driver: the one path is the driver
        args.driver, args.json = args.json, "-"
    if args.realtime:
        return _run_realtime(args)
    if args.allow:
        raise UsageError("--allow needs --realtime")
    return _list(args) if args.list else _run_rules(args)


def _run_realtime(args):
    """Print the report of the static check; 0 when nothing fails it, 1 otherwise."""
    from tympan.bundle import allowances, check_realtime

    if not args.driver:
        raise UsageError("check --realtime needs a driver", "Give the path of a .pyx or a .driver.")
    report = check_realtime(args.driver, allowances(args.allow), strict=args.strict)
    if args.json:
        _write(args.json, report.json())
    if args.json != "-":
        sys.stdout.write(report.text())
    return report.exit_code


def _list(args):
    from tympan.testing import _check_report, checks

    print(_check_report.listing(checks.choose(args.include, args.exclude), args.details))
    return 0


def _run_rules(args):
    """Try the rules, print the report, and answer the exit code."""
    from tympan.testing import _check_report, checks

    if not args.driver:
        raise UsageError("check needs a driver", "Give the path of a .driver bundle, or --list.")
    for path in (args.junit, args.json):
        _check_folder(path)
    include, exclude = _of_the_file(args)
    with _progress() as show:
        report = checks.run_checks(
            args.driver, include, exclude, args.seed, args.jobs, args.time_limit, progress=show
        )
    if args.junit:
        _write(args.junit, _check_report.as_junit(report, args.strict))
    if args.json:
        _write(args.json, _check_report.as_json(report, args.strict))
    if args.json != "-":
        print(_check_report.as_text(report, args.only_failed, args.details, args.strict))
    return report.exit_code(args.strict)


def _check_folder(path):
    """Before the work: a report that cannot be written would be lost."""
    if path not in (None, "-") and not Path(path).absolute().parent.is_dir():
        raise UsageError(f"the folder of {path} does not exist", "Make it, or give another file.")


def _of_the_file(args):
    """(include, exclude): of a binary for another system only what is on disk can be judged, unless asked for more."""
    from tympan.bundle import is_macho

    found = Path(args.driver).glob("Contents/MacOS/*")
    if args.include or sys.platform == "darwin" or not any(path.is_file() and is_macho(path) for path in found):
        return args.include, args.exclude
    print(f"note: {args.driver} is for macOS: here only its files are checked", file=sys.stderr)
    return ["bundle", "macho"], [*args.exclude, "binary-loads"]


def _write(path, text):
    if path == "-":
        print(text)
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")


@contextmanager
def _progress():
    """A function that shows which rule is at work, on a terminal; elsewhere None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True, highlight=False).status("") as status:
        yield lambda rule, done, total: status.update(f"{done} of {total}: {rule.id} ...")
