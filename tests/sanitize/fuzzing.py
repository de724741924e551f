"""The fuzzer's command, where wanted with AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer in its
processes: their libraries are loaded first, because Python itself has none, and the driver is compiled for them."""

import os
import shutil
import subprocess
import sys

import pytest

COMPILER = ("gcc", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-g")


def libraries():
    """gcc's libasan and libubsan, or skip."""
    gcc = shutil.which("gcc")
    found = [] if gcc is None else [
        subprocess.run([gcc, f"-print-file-name=lib{name}.so"], capture_output=True, text=True).stdout.strip()
        for name in ("asan", "ubsan")
    ]  # fmt: skip
    if not found or not all(os.path.isabs(path) for path in found):
        pytest.skip("gcc's sanitizers are not installed")
    return " ".join(found)


def environment():
    """What a process needs to load a driver that is compiled for the sanitizers."""
    return dict(
        os.environ, LD_PRELOAD=libraries(), PYTHONMALLOC="malloc",
        ASAN_OPTIONS="detect_leaks=1:leak_check_at_exit=0", UBSAN_OPTIONS="halt_on_error=1",
    )  # fmt: skip


def fuzz(folder, bundle, *arguments, sanitized=True):
    """(exit code, output) of ``python -m tympan fuzz`` in ``folder``, where a script goes."""
    command = [sys.executable, "-m", "tympan", "fuzz", str(bundle), *map(str, arguments)]
    given = environment() if sanitized else dict(os.environ)
    for _ in range(3):
        done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True)
        if "LeakSanitizer failed" not in done.stderr:
            break
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout
