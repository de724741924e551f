"""The package with every extension module compiled for AddressSanitizer, and Python made fit to load it."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from tympan.bundle import cache

ROOT = Path(__file__).parents[2]
PARTS = ("tympan", "bundle", "assert-no-alloc", "setup.py", "pyproject.toml", "README.md")
FLAGS = "-fsanitize=address -fno-omit-frame-pointer -g1 -O1"


def runtime_library():
    """gcc's libasan, or skip."""
    compiler = shutil.which("gcc")
    found = compiler and subprocess.run([compiler, "-print-file-name=libasan.so"], capture_output=True, text=True)
    if not found or not os.path.isabs(found.stdout.strip()):
        pytest.skip("gcc's AddressSanitizer is not here: install gcc, with libasan")
    return found.stdout.strip()


def sources():
    """What the package is made of."""
    for part in PARTS:
        place = ROOT / part
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (file for file in files if file.suffix in (".py", ".pyx", ".pxd", ".h", ".c", ".toml", ".md"))


def instrumented():
    """The folder with the package; built once for each state of the sources, whoever needs it first."""
    runtime_library()
    files = [file for file in sources() if "build" not in file.relative_to(ROOT).parts]
    key = cache.key(FLAGS, sys.version, *(file.relative_to(ROOT) for file in files), *files)
    target = cache.folder().parent / f"asan-{key}"  # not in the bundler's own folder, which forgets old files
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix="new-", dir=target.parent) as scratch:
            build(Path(scratch) / "package")
            with suppress(OSError):  # another process was quicker
                os.rename(Path(scratch) / "package", target)
    return target


def build(folder):
    """Copy and compile."""
    ignore = shutil.ignore_patterns("*.so", "__pycache__", "build")
    folder.mkdir()
    for part in PARTS:
        source = ROOT / part
        shutil.copytree(source, folder / part, ignore=ignore) if source.is_dir() else shutil.copy(source, folder)
    environment = dict(os.environ, CFLAGS=FLAGS, LDFLAGS="-fsanitize=address", CC="gcc")
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    shutil.rmtree(folder / "build")


def run(folder, *arguments):
    """Python with the instrumented package; every object that Python makes is malloc's."""
    environment = dict(
        os.environ, LD_PRELOAD=runtime_library(), PYTHONMALLOC="malloc", PYTHONSAFEPATH="1",
        PYTHONPATH=os.pathsep.join(map(str, (folder, ROOT / "tests", ROOT / "tests" / "sanitize"))),
        ASAN_OPTIONS="detect_leaks=1:leak_check_at_exit=0",
    )  # fmt: skip
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
