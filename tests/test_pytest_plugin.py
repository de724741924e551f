"""The pytest plugin, in processes of its own: a driver's author has nothing but a test file and an ini line."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from c_drivers.build import make_bundle

ROOT = Path(__file__).parents[1]

#: An editable install older than the entry point does not have it.
INSTALLED = any(point.value == "tympan._pytest" for point in entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", "tympan._pytest"]

TESTS = """
import numpy as np
import pytest

NOISE = np.random.default_rng(0).uniform(-1, 1, (4800, 2)).astype(np.float32)


def test_audio(device):
    assert np.array_equal(device.render(NOISE, buffer=256)[512:], SCALE * NOISE)


@pytest.mark.hal(timebase=(125, 3), policy="first-last")
def test_options(hal, device):
    assert hal.policy == "first-last" and hal.ticks_per_second == 24e6
    assert hal.seed == 7


def test_two_clients(hal, device):
    one, two = device.add_client(), device.add_client()
    heard = hal.run({one: NOISE, two: None}, frames=2000)
    assert np.array_equal(heard[one], heard[two])
"""


def run(folder, text, ini, *options):
    """(exit code, output) of pytest on one test file, in a fresh process."""
    (folder / "test_it.py").write_text(text)
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *PLUGIN, *options, "test_it.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_bundle(tmp_path):
    bundle = make_bundle(tmp_path, "Floor")
    code, output = run(tmp_path, TESTS.replace("SCALE", "1"), f"tympan_driver = {bundle.name}\ntympan_host =\n  seed=7")
    assert code == 0 and "3 passed" in output, output


def test_a_pyx(tmp_path):
    ini = f"tympan_driver = {ROOT / 'examples' / 'gain'}\ntympan_host = seed=7"
    code, output = run(tmp_path, TESTS.replace("SCALE", "np.float32(0.5)"), ini)
    assert code == 0 and "3 passed" in output, output


def test_the_end_of_the_host_is_part_of_the_test(tmp_path):
    """A leak is found when the Host ends, and is that test's error."""
    from c_drivers.build import make_defect

    make_defect(tmp_path, "leaks_string")
    text = "import pytest\n@pytest.mark.driver('leaks_string.driver')\ndef test_it(device):\n    assert device.name\n"
    code, output = run(tmp_path, text, "")
    assert code == 1 and "leaked" in output and "1 passed, 1 error" in output, output


@pytest.mark.parametrize("ini", ["", "tympan_driver ="])
def test_no_driver_is_explained(tmp_path, ini):
    code, output = run(tmp_path, "def test_it(device):\n    pass\n", ini)
    assert code == 1 and "no driver is named" in output, output
    assert "Traceback" not in output


def test_markers_are_known_and_fixtures_have_descriptions(tmp_path):
    _, output = run(tmp_path, "", "", "--markers")
    assert "hal(**options)" in output and "driver(path)" in output
    _, output = run(tmp_path, "def test_it(): pass\n", "", "--fixtures", "-v")
    for name in ("hal", "driver", "device", "driver_path"):
        assert f"\n{name} --" in output, name
