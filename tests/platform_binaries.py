"""C files of tests/platform as libraries that find the platform as a bundle does."""

import ctypes
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = [f"-I{ROOT / 'tympan'}", f"-I{ROOT / 'tympan' / 'testing'}"]
STRICT = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-pthread"]
COMPILER = shlex.split(os.environ.get("CC", "cc"))


def clang():
    """Clang, which has blocks and constant strings; or skip."""
    for name in ("clang", *(f"clang-{number}" for number in range(30, 13, -1))):
        if shutil.which(name):
            return [name]
    pytest.skip("no clang, which compiles blocks")


def shared(source, target, *flags, compiler=None):
    """The library of one C file, loaded with all its symbols bound."""
    command = [*(compiler or COMPILER), *STRICT, *FOLDERS, "-g", "-shared", "-fPIC", *flags]
    command += [str(source), "-o", str(target)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(target), mode=os.RTLD_NOW | os.RTLD_LOCAL)


def program(source, target, *flags):
    """A program of one C file that has the platform in itself."""
    command = [*COMPILER, "-std=gnu11", "-pthread", "-g", *FOLDERS, *flags, str(source), "-o", str(target)]
    command += ["-lm", "-ldl"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if "cannot find" in done.stderr:
        pytest.skip("the compiler has no such sanitizer")
    assert done.returncode == 0, done.stderr
    return target
