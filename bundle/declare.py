"""Run in a child process by path: import an extension module and write down what its driver declares.

A script of its own, which imports nothing of the bundler, because it is
started for every bundle: ``python declare.py FILE MODULE CLASS ANSWER``.
"""

import importlib.util
import json
import sys
import traceback

from tympan import TympanError

#: Class attributes for Info.plist; tympan.bundle.permissions has their checks.
PERMISSIONS = ("MACH_SERVICES", "NETWORK", "IOKIT_USER_CLIENTS", "LOADING_CONDITIONS")


def main(file, module, class_name, answer):
    """Write a JSON object to ``answer``: the declaration, or the error with its place in the driver."""
    step = f"importing {module}"
    try:
        loaded = load(file, module)
        step = "device()"
        found = declaration(loaded, class_name)
    except TympanError as error:
        found = {"error": str(error), "hint": error.hint, "place": place(error, module)}
    except Exception as error:
        hint = "device() is called on a new driver, before initialize()." if step == "device()" else ""
        found = {"error": f"{step} raised {type(error).__name__}: {error}", "hint": hint, "place": place(error, module)}
    with open(answer, "w", encoding="utf-8") as output:
        json.dump(found, output, default=repr)  # what JSON does not know is text then, which the bundler refuses


def load(file, module):
    """Import the extension module."""
    spec = importlib.util.spec_from_file_location(module, file)
    loaded = sys.modules[module] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def declaration(loaded, class_name):
    """Class attributes and the first device's UID."""
    driver_class = getattr(loaded, class_name)
    attributes = {name: getattr(driver_class, name, None) for name in ("NAME", "MANUFACTURER", "VERSION", "BUNDLE_ID")}
    specs = driver_class().declared_devices()
    return {
        "uid": specs[0].uid,
        **{name: as_text(value) for name, value in attributes.items()},
        "devices": [device(spec) for spec in specs],
        "resource_bundle": driver_class.RESOURCE_BUNDLE,
        "icons": sorted({spec.icon for spec in specs if spec.icon}),
        "permissions": {name: getattr(driver_class, name) for name in PERMISSIONS if hasattr(driver_class, name)},
    }


def device(spec):
    """What a host will see of a device, in the words of Info.plist."""
    channels = [sum(stream.format.channels for stream in streams) for streams in (spec.inputs, spec.outputs)]
    return {"UID": spec.uid, "Name": spec.name, "InputChannels": channels[0], "OutputChannels": channels[1]}


def as_text(value):
    """Text as it is, anything else as its repr in a list, so that the bundler can show it."""
    return value if value is None or isinstance(value, str) else [repr(value)]


def place(error, module):
    """``:LINE`` of the driver's own file in the error's traceback, if it passed there."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename.endswith(f"{module}.pyx") and frame.lineno]
    return f":{lines[-1]}" if lines else ""


if __name__ == "__main__":
    main(*sys.argv[1:])
