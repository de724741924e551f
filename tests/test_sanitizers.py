"""The core under AddressSanitizer and LeakSanitizer: tests/rounds.py with instrumented modules."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLAGS = "-fsanitize=address -fno-omit-frame-pointer -g1 -O1"


def runtime_library():
    """The compiler's libasan, or skip."""
    compiler = shutil.which("gcc")
    found = compiler and subprocess.run([compiler, "-print-file-name=libasan.so"], capture_output=True, text=True)
    if not found or not os.path.isabs(found.stdout.strip()):
        pytest.skip("gcc's AddressSanitizer is not installed")
    return found.stdout.strip()


@pytest.fixture(scope="module")
def instrumented(tmp_path_factory):
    """A copy of the package with every extension module compiled for AddressSanitizer."""
    library = runtime_library()
    folder = tmp_path_factory.mktemp("asan")
    for part in ("tympan", "bundle", "setup.py", "pyproject.toml", "README.md"):
        source = ROOT / part
        ignore = shutil.ignore_patterns("*.so", "__pycache__")
        shutil.copytree(source, folder / part, ignore=ignore) if source.is_dir() else shutil.copy(source, folder)
    environment = dict(os.environ, CFLAGS=FLAGS, LDFLAGS="-fsanitize=address", CC="gcc")
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace", "-j2"], cwd=folder, env=environment, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return folder, library


def run(instrumented, *arguments):
    folder, library = instrumented
    environment = dict(
        os.environ, LD_PRELOAD=library, PYTHONMALLOC="malloc", PYTHONPATH=f"{folder}:{ROOT / 'tests'}",
        ASAN_OPTIONS="detect_leaks=1:leak_check_at_exit=0", PYTHONSAFEPATH="1",
    )  # fmt: skip
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def test_a_thousand_failing_rounds(instrumented):
    done = run(instrumented, str(ROOT / "tests" / "rounds.py"), "10")
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.strip() == "1000 rounds, leaks: 0", done.stderr[-4000:]


LEAK = "import ctypes; ctypes.CDLL(None).malloc(123); import rounds; rounds.main(1)"
OVERRUN = """
from tympan.testing import _host; import ctypes
memory = ctypes.CDLL(None); memory.malloc.restype = ctypes.c_void_p
place = memory.malloc(16); memory.memset(ctypes.c_void_p(place), 0, 17)
"""


def test_the_tools_see_what_they_look_for(instrumented):
    assert run(instrumented, "-c", LEAK).stdout.strip() == "100 rounds, leaks: 1"
    assert "heap-buffer-overflow" in run(instrumented, "-c", OVERRUN).stderr
