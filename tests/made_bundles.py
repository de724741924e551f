"""Bundles for tests: built from examples/gain, loaded in processes of their own."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tympan._errors import UsageError
from tympan.bundle import runtime

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
AUDIO = np.random.default_rng(2).uniform(-1, 1, (4800, 2)).astype(np.float32)


def has(kind):
    """Whether this Python has what the runtime needs."""
    try:
        return bool(runtime.choose(kind))
    except UsageError:
        return False


KINDS = [
    pytest.param(kind, marks=pytest.mark.skipif(not has(kind), reason=f"this Python is not {kind}"))
    for kind in ("static", "vendored")
]


def made_driver(folder, name, factor, before="", start=""):
    """A driver project in ``folder``: gain by ``factor``, with code before the class and in start_io."""
    folder.mkdir(parents=True, exist_ok=True)
    text = (EXAMPLES / "gain" / "gain.pyx").read_text(encoding="utf-8")
    text = text.replace("Gain", name).replace("self.gain = 0.5", f"{start}self.gain = {factor}")
    path = folder / f"{name.lower()}.pyx"
    path.write_text(text.replace("\n\ncdef class", f"\n{before}\n\ncdef class", 1), encoding="utf-8")
    return path


def rendered(host, bundle):
    """What comes back when AUDIO is played through a bundle's device, without the delay."""
    device = host.load(bundle).devices[0]
    out = device.render(AUDIO, 512, len(AUDIO) + device.delay(512))
    return out[device.delay(512) :]


def in_a_process(code, *arguments):
    """Run Python code that loads bundles; images are never unloaded, so each test has a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT / "tests", timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


PLAY = """
import sys
from made_bundles import AUDIO, rendered
from tympan.testing import Host
for argument in sys.argv[1:]:
    factor, _, path = argument.partition("=")
    with Host() as hal:
        assert (rendered(hal, path) == AUDIO * type(AUDIO[0, 0])(factor)).all(), argument
print("python", sys.version_info[:2])
"""
