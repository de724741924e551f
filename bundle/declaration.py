"""What a compiled driver says about itself: its extension module is imported in a child process.

A child, because a driver's code may raise, print, exit or crash.
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from tympan._errors import BuildError, TympanError
from tympan.bundle import compile, project, toolchain

SECONDS = 60
VERSION = re.compile(r"\d+(\.\d+){0,2}")


def read(source):
    """The declaration as a dictionary: uid, name, manufacturer, version, bundle_id."""
    file = compile.extension(source)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "declaration.json"
        code = "import sys; from tympan.bundle import declaration; declaration.report(*sys.argv[1:])"
        command = [sys.executable, "-P", "-c", code, str(file), source.module, source.class_name, str(answer)]
        done = ask(source, command)
        if not answer.exists():
            raise BuildError(f"{source.label}: reading the declaration of {source.class_name} ended: {ending(done)}")
        found = json.loads(answer.read_text(encoding="utf-8"))
    if "error" in found:
        raise BuildError(f"{source.label}{found['place']}: {found['error']}", found["hint"])
    return found


def ask(source, command):
    """Run the child; a driver that never answers is stopped."""
    try:
        return toolchain.run(command, env=toolchain.python_environment(), timeout=SECONDS)
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


def report(file, module, class_name, answer):
    """In the child: import the module, ask the driver, write the answer as JSON."""
    try:
        found = describe(getattr(compile.load(module, file), class_name))
    except TympanError as error:
        found = {"error": str(error), "hint": error.hint, "place": place(error, module)}
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        found = {"error": f"the driver's Python raised {text}", "hint": "", "place": place(error, module)}
    Path(answer).write_text(json.dumps(found), encoding="utf-8")


def place(error, module):
    """``:LINE`` of the driver's own file in the error's traceback, if it passed there."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).name == f"{module}.pyx" and frame.lineno]
    return f":{lines[-1]}" if lines else ""


def describe(driver_class):
    """Make a driver, call its ``device()`` and check what identifies the bundle."""
    from tympan import DeviceSpec

    name = driver_class.__name__
    for attribute in ("NAME", "MANUFACTURER", "VERSION"):
        value = getattr(driver_class, attribute, None)
        if not isinstance(value, str) or not value.strip():
            raise BuildError(f"{name}.{attribute} is {value!r}", f'Set it in the class: {attribute} = "..."')
    if not VERSION.fullmatch(driver_class.VERSION):
        raise BuildError(f"{name}.VERSION is {driver_class.VERSION!r}", "macOS wants one to three numbers: 1.0.2")
    spec = driver_class().device()
    if not isinstance(spec, DeviceSpec):
        raise BuildError(f"{name}.device() returned {spec!r}, not a DeviceSpec", "Is a `return` missing?")
    spec.check()
    return {
        "uid": spec.uid,
        "name": driver_class.NAME,
        "manufacturer": driver_class.MANUFACTURER,
        "version": driver_class.VERSION,
        "bundle_id": checked_id(getattr(driver_class, "BUNDLE_ID", None) or spec.uid, name),
    }


def checked_id(bundle_id, name):
    """The bundle identifier: the device's UID unless the class has a BUNDLE_ID."""
    if not isinstance(bundle_id, str) or not project.BUNDLE_ID.fullmatch(bundle_id):
        raise BuildError(f"{name}.BUNDLE_ID is {bundle_id!r}", "Use reverse DNS, such as com.example.Gain.")
    return bundle_id
