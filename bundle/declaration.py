"""What a compiled driver says about itself: its extension module is imported in a child process.

A child, because a driver's code may raise, print, exit or crash.
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tympan._errors import BuildError
from tympan.bundle import compile, permissions, project, toolchain

SECONDS = 60
VERSION = re.compile(r"\d+(\.\d+){0,2}")
SCRIPT = Path(__file__).with_name("declare.py")


def read(source):
    """The declaration as a dictionary: uid, NAME, MANUFACTURER, VERSION, BUNDLE_ID."""
    found = ask(source)
    if "error" in found:
        raise BuildError(f"{source.label}{found['place']}: {found['error']}", found["hint"])
    for name in ("NAME", "MANUFACTURER", "VERSION"):
        check_text(source, name, found[name])
    if not VERSION.fullmatch(found["VERSION"]):
        raise wrong(source, "VERSION", found["VERSION"], "macOS wants one to three numbers, such as 1.0.2.")
    return {**found, "BUNDLE_ID": checked_id(source, found), "permissions": checked_permissions(source, found)}


def check_text(source, name, value):
    """A class attribute that must say something."""
    hint = f'Write {name} = "..." in the class.'
    if not value:
        raise BuildError(f"{source.label}: {source.class_name}.{name} is not set", hint)
    if not isinstance(value, str) or not value.strip():
        raise wrong(source, name, value, hint)


def wrong(source, name, value, hint):
    """The error for a class attribute that cannot be used."""
    return BuildError(f"{source.label}: {source.class_name}.{name} is {seen(value)}", hint)


def seen(value):
    """A value for a sentence."""
    return value[0] if isinstance(value, list) else repr(value)


def checked_id(source, found):
    """The bundle identifier: the device's UID unless the class has a BUNDLE_ID."""
    chosen = found["BUNDLE_ID"] or found["uid"]
    if not isinstance(chosen, str) or not project.BUNDLE_ID.fullmatch(chosen):
        raise wrong(source, "BUNDLE_ID", chosen, "Use reverse DNS, such as com.example.Gain.")
    return chosen


def checked_permissions(source, found):
    """The permissions by their ``[tool.tympan]`` keys."""
    given = {key: found["permissions"].get(name) for key, name in permissions.ATTRIBUTES.items()}
    for key, value in given.items():
        problem = "" if value is None else permissions.wrong(key, value)
        if problem:
            name = permissions.ATTRIBUTES[key]
            raise BuildError(f"{source.label}: {source.class_name}.{name} = {value!r} is {problem}")
    return {key: value for key, value in given.items() if value is not None}


def ask(source):
    """Run the child and read its answer."""
    file = compile.extension(source)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "declaration.json"
        command = [sys.executable, "-P", str(SCRIPT), str(file), source.module, source.class_name, str(answer)]
        done = run_child(source, command)
        if not answer.exists():
            raise BuildError(f"{source.label}: reading the declaration of {source.class_name} failed: {ending(done)}")
        return json.loads(answer.read_text(encoding="utf-8"))


def run_child(source, command):
    """A driver that never answers is stopped."""
    try:
        return toolchain.run(command, env=toolchain.python_environment(source.path.parent), timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise BuildError(
            f"{source.label}: device() has not returned after {SECONDS} seconds", "It must not wait for anything."
        ) from None


def ending(done):
    """Why a child wrote no answer."""
    if done.returncode < 0:
        return f"it crashed ({signal.Signals(-done.returncode).name})"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {done.returncode}"
