"""The Mac at work: its commands, its root folder, its clock. Everything that changes something goes through here.

With ``dry_run`` nothing is changed: each step is said instead of done, and only
what asks is run. Tests put stand-ins for the commands into ``FIRST``.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tympan._errors import TympanError, UsageError

#: Where commands are looked for before PATH: GNU tools and pip's `xattr` take other options than the system's.
FIRST = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")

HAL = "Library/Audio/Plug-Ins/HAL"
SECONDS = 60  # for a question
LONG = 600  # for a change: a signature waits for Apple's timestamp


class MacError(TympanError):
    """The system refused something, or something that was installed does not work."""


class Answer:
    """What a command answered. ``code`` is None when it was not there or not done in time."""

    def __init__(self, code, out="", err="", late=False):
        self.code, self.out, self.err, self.late = code, out, err, late

    @property
    def text(self):
        """Both outputs: codesign, for one, reports on standard error."""
        return f"{self.out}{self.err}"

    @property
    def first(self):
        """The line to show to a person: the first that is not empty, errors before the rest."""
        lines = [line.strip() for line in f"{self.err}\n{self.out}".splitlines() if line.strip()]
        return lines[0] if lines else f"exit code {self.code}"


def is_mac():
    """Whether this is macOS."""
    return sys.platform == "darwin"


class System:
    """``root``: the folder that stands for ``/``; any other is filled, but no process is restarted for it."""

    def __init__(self, root="/", dry_run=False, say=print):
        self.root = Path(root).absolute()
        self.dry_run, self.say = dry_run, say
        self.live = self.root == Path("/")
        self.now, self.sleep = time.monotonic, time.sleep

    @property
    def hal(self):
        """The folder in which coreaudiod looks for drivers."""
        return self.root / HAL

    def find(self, name):
        """The path of a command, or None."""
        return shutil.which(name, path=os.pathsep.join([*FIRST, os.environ.get("PATH", os.defpath)]))

    def has(self, *names):
        """Whether all these commands are there."""
        return all(self.find(name) for name in names)

    def ask(self, name, *arguments, seconds=SECONDS):
        """Run a command that changes nothing; done in a dry run too."""
        program = self.find(name)
        if program is None:
            return Answer(None, err=f"{name} was not found")
        command = [program, *map(str, arguments)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds)
        except subprocess.TimeoutExpired:
            return Answer(None, err=f"{name} has not answered within {seconds} seconds", late=True)
        except OSError as error:
            return Answer(None, err=f"{name} cannot be run: {error.strerror}")
        return Answer(done.returncode, done.stdout, done.stderr)

    def run(self, name, *arguments, seconds=LONG):
        """Run a command that changes something; answers what it said."""
        if self.dry_run:
            self.say(f"would run: {shlex.join([name, *map(str, arguments)])}")
            return Answer(0)
        return self.ask(name, *arguments, seconds=seconds)

    def must(self, what, name, *arguments, hint="", seconds=LONG):
        """The same; a failure is a MacError: "WHAT failed: why"."""
        done = self.run(name, *arguments, seconds=seconds)
        if done.code != 0:
            raise MacError(f"{what} failed: {done.first}", hint)
        return done

    def do(self, text, function, *arguments):
        """A change to files: said in a dry run, otherwise made. An OSError becomes one sentence."""
        if self.dry_run:
            self.say(f"would {text}")
            return None
        try:
            return function(*arguments)
        except PermissionError as error:
            raise UsageError(f"cannot {text}: {error.strerror}", "Run the same command with sudo.") from None
        except OSError as error:
            raise MacError(f"cannot {text}: {error.strerror or error}") from None


def need_mac(system, what, instead):
    """``what`` on this machine: a Mac, or another folder than ``/``."""
    if system.live and not is_mac():
        raise UsageError(f"{what} is for a Mac, and this is {sys.platform}", instead)


def need_root(system):
    """Who writes into /Library is root."""
    if system.live and not system.dry_run and os.geteuid() != 0:
        raise UsageError(f"writing to {system.hal} needs root", "Run the same command with sudo.")


def remove(path):
    """A folder with all in it, a file or a link; no error when it is gone already."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            path.unlink()


def add_options(parser, root=True):
    """``--dry-run``, and ``--root`` for commands that write into the system."""
    parser.add_argument("--dry-run", action="store_true", help="say each step and change nothing")
    if root:
        parser.add_argument(
            "--root",
            metavar="FOLDER",
            default="/",
            help="a folder that stands for / (a disk image, a test); nothing is restarted for it",
        )


def system_of(args):
    """The ``System`` of a command line."""
    root = Path(getattr(args, "root", "/"))
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such folder", "--root takes a folder that is there.")
    return System(root, args.dry_run)
