"""A driver and the core as macOS would have them, compiled and linked on any system by PyPI's ziglang.

Zig brings Apple's C library headers and a linker for Mach-O, but no frameworks; so the core is compiled with our own
declarations. Python's headers are this system's: what they make of the code is the same.
"""

import importlib.util
import os
import subprocess
import sys
import sysconfig

from tympan.bundle import cache, compile, recipe
from tympan.bundle.project import find
from tympan.bundle.realtime import built, check, image
from tympan.bundle.realtime.report import Report

TARGETS = {"arm64": "aarch64-macos", "x86_64": "x86_64-macos"}
MISSING = "" if importlib.util.find_spec("ziglang") else "compiles for macOS with ziglang, which is not installed"


def check_macho(path, machine):
    """The ``Report`` of a driver's .pyx, compiled for a Mac with this processor."""
    units = built.units_of(find(path).inspect())
    for unit in units:
        unit.object_path = compiled(unit, machine)
    report, known = Report(f"{path.name} for {machine}"), check.known_of(units)
    for part in image.read(linked([unit.object_path for unit in units], machine)):
        check.take(report, part, known)
    return report


def zig(*arguments):
    """Run Zig's C compiler; it keeps what it makes in the tests' cache."""
    folder = str(cache.folder() / "zig")
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", "cc", *map(str, arguments)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def compiled(unit, machine):
    """The object of one unit."""
    folders = [sysconfig.get_path("include"), compile.PACKAGE, compile.HERE]
    flags = [flag for flag in recipe.CFLAGS if flag not in recipe.NOT_CROSSED]
    flags += ["-w", "-DTYMPAN_OWN_DECLARATIONS", "-DNDEBUG", *(f"-I{folder}" for folder in folders)]
    name = f"macho-{machine}-{cache.key(compile.core_key(), unit.c_path, str(flags))}.o"
    command = ["-target", TARGETS[machine], *flags, "-c", unit.c_path, "-o"]
    return cache.stored(name, lambda output: zig(*command, output))


def linked(objects, machine):
    """A dylib of the objects; Python stays outside."""
    command = ["-target", TARGETS[machine], "-shared", "-undefined", "dynamic_lookup", *objects, "-o"]
    return cache.stored(f"macho-{machine}-{cache.key(*objects)}.dylib", lambda output: zig(*command, output))
