"""``python -m tympan check --realtime``: arguments and output."""

import sys

from tympan._errors import UsageError
from tympan.bundle.realtime import render
from tympan.bundle.realtime.check import check_realtime


def add_arguments(parser):
    """What ``check`` takes together with ``--realtime``."""
    parser.add_argument(
        "--realtime", action="store_true", help="read what IO code can reach instead of running it; also takes a .pyx"
    )
    parser.add_argument(
        "--allow",
        metavar="NAME=REASON",
        action="append",
        default=[],
        help="with --realtime: let this function or rule pass, for this reason; may be given more than once",
    )
    parser.add_argument("--strict", action="store_true", help="with --realtime: what was not proved fails as well")
    parser.add_argument("--json", action="store_true", help="with --realtime: the whole report as JSON")


def run(args):
    """Check, print, and answer the exit code."""
    if not args.driver:
        raise UsageError("check --realtime needs a driver", "Give the path of a .pyx or a .driver.")
    report = check_realtime(args.driver, allowances(args.allow), strict=args.strict)
    sys.stdout.write(render.as_json(report) + "\n" if args.json else render.as_text(report))
    return report.exit_code


def allowances(items):
    """{name: reason} of the ``--allow`` options; without a reason there is none."""
    found = {}
    for item in items:
        name, _, reason = item.partition("=")
        if not name or not reason.strip():
            raise UsageError(f"--allow {item}: there is no reason", 'Write --allow malloc="only before IO starts".')
        found[name] = reason.strip()
    return found
