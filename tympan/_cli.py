"""The command line: arguments, progress, and errors as one sentence with a hint.

Each subcommand imports what it needs when it runs, so that ``--help`` is quick
and a broken part does not take the others with it.
"""

import argparse
import importlib
import platform
import sys
from contextlib import contextmanager

from tympan._errors import TympanError, UsageError

EXIT_CODES = """\
exit codes:
  0    done
  1    the driver or the file failed: the message says where
  2    the command cannot be carried out as it was given
  130  interrupted
"""

#: Subcommands that live in tympan.testing: module with configure(parser) and run(args) -> exit code.
HOSTED = {
    "render": ("tympan.testing._render_cli", "play a sound file through a .driver in the simulated host"),
    "fuzz": ("tympan.testing._fuzz_cli", "send a .driver calls, right and wrong, until it fails; shorten what made it"),
    "trace": ("tympan.testing._trace_cli", "record a session of host and driver; print, export or replay a recording"),
    "check": ("tympan.testing._check_cli", "check a .driver against the rules that hosts rely on, or read its IO code"),
}

#: Subcommands for a finished bundle on a Mac, in tympan.bundle.macos; configure and run as above.
MACOS = {
    "sign": ("tympan.bundle.macos.sign", "sign a .driver: ad hoc, or with an identity for distribution"),
    "notarize": ("tympan.bundle.macos.notarize", "let Apple notarize a signed .driver or .pkg, and staple its answer"),
    "package": ("tympan.bundle.macos.package", "make an installer package (.pkg) of a .driver, with an uninstaller"),
    "install": ("tympan.bundle.macos.install", "put a .driver into this Mac's HAL folder and wait for its device"),
    "uninstall": ("tympan.bundle.macos.uninstall", "remove a driver from this Mac and wait until its device is gone"),
    "doctor": ("tympan.bundle.macos.doctor", "find out why a driver does not appear: files, identity, processes, log"),
}


class Parser(argparse.ArgumentParser):
    """Reports a bad command line like every other error."""

    def error(self, message):
        """Called by argparse; never returns."""
        raise UsageError(message, f"{self.prog} --help")


def make_parser(command=None):
    """The parser; a hosted subcommand gets its arguments only when it is the one that runs."""
    parser = Parser(
        prog="python -m tympan",
        description="macOS audio drivers in Python syntax.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_bundle(commands)
    add_runtime(commands)
    add_plist(commands)
    add_verify(commands)
    for name, (module, text) in {**HOSTED, **MACOS}.items():
        add_hosted(commands, name, module, text, name == command)
    return parser


def add_command(commands, name, text, run):
    """One subcommand."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = commands.add_parser(name, help=text, description=text, epilog=EXIT_CODES, formatter_class=formatter)
    parser.set_defaults(run=run)
    return parser


def add_path(parser):
    """The driver's place, the same for all commands that compile."""
    parser.add_argument("path", metavar="PATH", help="a .pyx, a folder that holds one, or a project with [tool.tympan]")


def add_bundle(commands):
    """``bundle``: the .driver."""
    parser = add_command(commands, "bundle", "compile a driver into a .driver bundle", run_bundle)
    add_path(parser)
    parser.add_argument("--output", metavar="DIR", default="dist", help="where NAME.driver goes (default: dist)")
    parser.add_argument(
        "--runtime",
        choices=("auto", "static", "vendored"),
        default="auto",
        help="the CPython inside: linked in, or copied beside the binary (default: auto, static where possible)",
    )
    add_target(parser, "native")
    parser.add_argument(
        "--allow",
        metavar="NAME=REASON",
        action="append",
        default=[],
        help="build although IO code reaches this: a name that `check --realtime` gave; warned of each time",
    )
    parser.add_argument("--sign", metavar="IDENTITY", help="- for ad hoc (what a Mac does anyway), or a Developer ID")
    parser.add_argument("--p12-password-file", metavar="FILE", help="with rcodesign: the password of a .p12 identity")


def add_target(parser, default):
    """What is built for; a name that is not there is refused later, with the list."""
    names = "native, macos-arm64, macos-x86_64 or macos-universal2"
    parser.add_argument("--target", default=default, help=f"what to build for: {names} (default: {default})")


def add_runtime(commands):
    """``runtime build``: the CPython that goes into bundles."""
    text = "build a minimal static CPython for bundles, once"
    parser = add_command(commands, "runtime", text, run_runtime)
    parser.add_argument("action", choices=("build",), help="build it, unless it is there already; takes minutes")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--source", metavar="ARCHIVE", help="CPython's source: of python.org, or Debian's .orig.tar")
    where.add_argument("--download", action="store_true", help="download it; only a known SHA-256 is accepted")
    add_target(parser, "macos-universal2")


def add_plist(commands):
    """``plist``: only Info.plist, as the bundle will have it."""
    parser = add_command(commands, "plist", "write the Info.plist that a driver's bundle will have", run_plist)
    add_path(parser)
    parser.add_argument("--output", metavar="FILE", help="a file instead of standard output")


def add_verify(commands):
    """``verify``: read a finished bundle."""
    parser = add_command(commands, "verify", "check a finished .driver: Info.plist, exports, libraries", run_verify)
    parser.add_argument("path", metavar="BUNDLE", help="a .driver folder")


def add_hosted(commands, name, module, text, chosen):
    """A subcommand of the simulated host or of ``MACOS``."""
    parser = add_command(commands, name, text, lambda args: hosted(name, module).run(args))
    if chosen:
        hosted(name, module).configure(parser)


def hosted(name, module):
    """The module of a hosted subcommand."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(f"{name} needs {error.name}, which is not installed") from None


@contextmanager
def progress():
    """A function that shows the step at work: one changing line on a terminal, otherwise lines."""
    if not sys.stderr.isatty():
        yield lambda text: print(text, file=sys.stderr)
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with console.status("") as status:
        yield lambda text: console.print(text) if text.startswith("warning: ") else status.update(f"{text} ...")


def run_bundle(args):
    """Build, and say in one line what was made."""
    from tympan.bundle import allowances, build_bundle, verify_bundle

    allow = allowances(args.allow)
    with progress() as say:
        signing = {"identity": args.sign, "p12_password_file": args.p12_password_file}
        path = build_bundle(args.path, args.output, args.runtime, say, allow, target=args.target, **signing)
    version = platform.python_version() if args.target == "native" else ""
    print(f"Created {path} ({described(verify_bundle(path), version)})")
    return 0


def run_runtime(args):
    """Build what is missing; the processors at once, because configure uses one core."""
    from concurrent.futures import ThreadPoolExecutor

    from tympan.bundle import cpython
    from tympan.bundle.target import machines

    with progress() as say:
        wanted = machines(args.target)
        for machine in wanted:
            machine.require()
        archive = cpython.download(say) if args.download else args.source
        with ThreadPoolExecutor() as pool:
            built = list(pool.map(lambda machine: cpython.build_runtime(machine, archive, say), wanted))
    for item in built:
        print(f"{item} is in {item.folder}")
    return 0


def described(found, python=""):
    """A verified bundle in a few words."""
    runtime = f"{found.runtime} CPython {python}".rstrip()
    return (
        f"{found.platform}, {runtime}, {found.size / 1e6:.1f} MB, "
        f"exports {found.factory_name}, factory UUID {found.factory_uuid}"
    )


def run_plist(args):
    """Info.plist on standard output or in a file."""
    from tympan.bundle import plist
    from tympan.bundle.build import configure

    with progress() as say:
        data = plist.generate(configure(args.path, say)[1])
    if args.output is None:
        sys.stdout.write(data.decode("utf-8"))
        return 0
    with open(args.output, "wb") as file:
        file.write(data)
    print(f"Created {args.output}")
    return 0


def run_verify(args):
    """The facts of a bundle that is in order."""
    from tympan.bundle import verify_bundle

    print(f"{args.path} is in order ({described(verify_bundle(args.path))})")
    return 0


def main(argv=None):
    """Run one command and return its exit code; errors go to standard error, without a traceback."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        args = make_parser(argv[0] if argv else None).parse_args(argv)
        return args.run(args) or 0
    except TympanError as error:
        return report(str(error), error.hint, error.exit_code)
    except KeyboardInterrupt:
        return report("interrupted", "", 130)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return report(f"{where}{error.strerror or error}", "", UsageError.exit_code)


def report(message, hint, exit_code):
    """``error:`` and ``hint:``."""
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
    return exit_code
