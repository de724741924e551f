"""The same seed gives the same trace, byte for byte: on two runs, on two Python versions, and with either Python in the
driver.

`make test-deep`, with every other Python from 3.11 on that is on the path or below PYENV_ROOT. The package is built
there from this checkout, without optimisation: that must make no difference either.
"""

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from c_drivers.build import make_bundle
from documents import ROOT, checkout
from subjects import build as subjects

pytestmark = pytest.mark.deep

EXAMPLES = ("fade", "gain", "lowpass", "meter", "minimal_loopback", "volume")
IN_C = ("floor", "correct", "minimal")
SESSIONS = ("scenario", "interleaved")
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [version for version in ("3.11", "3.12", "3.13", "3.14") if version != THIS]

#: One session in a process of its own: what `trace record` plays; or virtual threads that a seed interleaves.
RECORD = """
import sys
import numpy
from tympan.testing import Host
from tympan.testing._trace_scenario import play

def audio(device, frames):
    return numpy.random.default_rng(seed).uniform(-1, 1, (frames, device.channels("outp"))).astype(numpy.float32)

def interleaved(hal, device):
    def rates():
        for low, _ in device.sample_rates[-2:]:
            device.set_sample_rate(low)
    def names():
        for _ in range(50):
            assert device.name and device.uid
    players = [lambda: device.render(audio(device, 3000)), lambda: device.render(audio(device, 2000), 256)]
    hal.interleave(*players, rates, names)

session, bundle, trace, seed = *sys.argv[1:4], int(sys.argv[4])
with Host(trace=trace, trace_audio=True, seed=seed) as hal:
    plugin = hal.load(bundle)
    if session == "scenario":
        play(plugin, seed, 0.5)
    else:
        interleaved(hal, plugin.devices[0])
"""
#: What differs between two runs of Python: the hashes of strings, and so the order of a set of them.
TOOTH = """
    order = {"nsrt", "uid ", "lnam", "livn", "goin", "tran", "stm#", "ownd"}
    for selector in order:
        plugin.has(2, selector)
"""


def recorded(python, session, bundle, path, seed=3, hashes="0", more=""):
    """The bytes of the trace of a session with a bundle, under a Python that has tympan."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    command = [python, "-c", RECORD + more, session, bundle, path, str(seed)]
    environment["PYTHONHASHSEED"] = hashes
    done = subprocess.run(command, env=environment, cwd=path.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return path.read_bytes()


# ---- two runs ----


@pytest.fixture(scope="module")
def bundles(private_cache, tmp_path_factory):
    """{name: bundle} of the subjects, made here."""
    from tympan.bundle import build_bundle

    folder = tmp_path_factory.mktemp("here")
    made = {name: build_bundle(ROOT / "examples" / name, folder) for name in EXAMPLES}
    return made | {"floor": make_bundle(folder, "Floor"), **{name: subjects.bundle(name) for name in IN_C[1:]}}


@pytest.fixture(scope="module")
def traces(bundles, tmp_path_factory):
    """{(name, session): bytes} of this Python."""
    path = tmp_path_factory.mktemp("traces") / "t"
    wanted = itertools.product(bundles, SESSIONS)
    return {(name, session): recorded(sys.executable, session, bundles[name], path) for name, session in wanted}


@pytest.mark.parametrize("name", [*EXAMPLES, *IN_C])
@pytest.mark.parametrize("session", SESSIONS)
def test_two_runs(tmp_path, bundles, traces, name, session):
    expected = traces[name, session]
    assert recorded(sys.executable, session, bundles[name], tmp_path / "t", hashes="7") == expected
    assert recorded(sys.executable, session, bundles[name], tmp_path / "t", seed=4) != expected
    assert len(expected) > 10_000


def test_what_depends_on_a_run_of_python_shows(tmp_path, bundles):
    options = {"session": "scenario", "bundle": bundles["floor"], "path": tmp_path / "t", "more": TOOTH}
    assert len({recorded(sys.executable, hashes=seed, **options) for seed in "1234"}) > 1


# ---- two Pythons ----


def find_python(version):
    """A Python of this version: on the path, or below PYENV_ROOT; or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "no-such-folder")) / "versions"
    for place in filter(None, [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))]):
        if subprocess.run([place, "-c", "import sys, venv"], capture_output=True).returncode == 0:
            return place
    return None


@pytest.fixture(scope="module", params=OTHERS)
def other(request, tmp_path_factory):
    """A Python of another version with the package built for it."""
    python = find_python(request.param) or pytest.skip(f"there is no Python {request.param} here")
    folder = tmp_path_factory.mktemp(f"python{request.param}")
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    there = folder / "venv" / "bin" / "python"
    command = [there, "-m", "pip", "install", "-qq", "--disable-pip-version-check", checkout(folder), "setuptools>=77"]
    subprocess.run(command, check=True, env={**os.environ, "CFLAGS": "-O0 -g0"})
    return there


@pytest.mark.parametrize("name", [*EXAMPLES, *IN_C])
@pytest.mark.parametrize("session", SESSIONS)
def test_the_same_driver_on_another_python(tmp_path, bundles, traces, other, name, session):
    assert recorded(other, session, bundles[name], tmp_path / "t") == traces[name, session]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_driver_with_another_python_inside(tmp_path, traces, other, name):
    command = [other, "-m", "tympan", "bundle", ROOT / "examples" / name, "--output", tmp_path / "dist"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path.parent / f"cache-{other.parents[2].name}")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = (tmp_path / "dist").glob("*.driver")
    for session in SESSIONS:
        assert recorded(other, session, made, tmp_path / "t") == traces[name, session]
