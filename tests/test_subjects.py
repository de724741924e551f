"""The C drivers that hosts and validators are judged by: the correct ones are correct, each defect is really there.

The probes are in subjects/probes_*.py; lab.py runs them in child processes.
"""

import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from subjects import build, lab

from tympan.testing import Host

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="probes need Linux's loader and platform library")

HERE = Path(__file__).parent / "subjects"
PROBES = lab.load()
TABLE = build.table()
IN_DRIVER = [name for name, row in TABLE.items() if row["where"] == "driver"]
DECLARED = re.findall(r"\bX\((\w+)\)", (HERE / "defects.h").read_text())
SOURCES = {path.name: path.read_text() for path in HERE.glob("*.[ch]")}
HANG = 3.0  # seconds after which a call that is to hang has hung; others are given a minute


# ---- the table ----


def test_every_defect_has_a_row_a_probe_and_a_place():
    assert {name.replace("_", "-") for name in DECLARED} == set(IN_DRIVER)
    assert set(PROBES) == set(TABLE)
    source = "".join(text for name, text in SOURCES.items() if name.endswith(".c"))
    assert [name for name in DECLARED if f"defect({name})" not in source] == []


def test_rows_say_everything():
    for name, row in TABLE.items():
        assert set(row) == {"what", "source", "seen", "rule", "verdict", "outcome", "needs", "where"}, name
        assert all(row[key] for key in ("what", "source", "seen")), name
        assert row["what"].endswith(".") and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", row["rule"]), name
        assert row["outcome"] in ("broken", "crash", "hang") and row["where"] in ("driver", "bundle"), name


def test_a_misspelt_defect_is_no_driver_without_defects():
    code = "from subjects import build, raw; raw.Driver(build.bundle('defective')).make()"
    done = python("-c", code, **{build.VARIABLE: "stamp-move"})
    assert done.returncode and "has no defect stamp-move" in done.stderr


def python(*arguments, **environment):
    """Another Python, in the folder of the tests."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=HERE.parent, env=os.environ | environment, capture_output=True, text=True)


def test_the_correct_driver_has_no_defect_compiled_in():
    (binary,) = (build.bundle("correct") / "Contents" / "MacOS").iterdir()
    text = binary.read_bytes()
    assert b"TYMPAN_DEFECT" not in text and b"spoil" not in text


def test_the_drivers_share_no_code_with_the_core():
    """Nor with each other: of the project they include its declarations of Apple's interface."""
    for path in [*HERE.glob("*.[ch]"), *HERE.glob("minimal/*.[ch]")]:
        included = set(re.findall(r'#include "(.*?)"', path.read_text()))
        own = {other.name for other in path.parent.glob("*.h")} - {"coreaudio.h"}
        assert included <= own | {"coreaudio.h"}, path.name


# ---- probes ----


def sweep(names, bundle, environment, seconds=60.0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork: the child only calls the driver
        return lab.sweep(names, bundle, environment, seconds)


@pytest.fixture(scope="module")
def swept():
    """Every probe in both drivers that have no defect, one life after the other."""
    return {"correct": sweep(list(TABLE), "correct", {}), "defective": sweep(IN_DRIVER, "defective", {})}


@pytest.mark.parametrize("name", TABLE)
def test_without_a_defect_it_holds(swept, name):
    """In the correct driver, and in the defective one when no defect was chosen."""
    assert swept["correct"].get(name, "not reached") == "holds"
    if name in IN_DRIVER:
        assert swept["defective"].get(name, "not reached") == "holds"


@pytest.mark.parametrize("name", TABLE)
def test_the_defect_is_there(name):
    row = TABLE[name]
    bundle, environment = ("defective", {build.VARIABLE: name}) if row["where"] == "driver" else (name, {})
    seconds = HANG if row["outcome"] == "hang" else 60.0
    assert sweep([name], bundle, environment, seconds) == {name: row["outcome"]}


def test_the_variable_does_nothing_to_the_correct_driver():
    assert sweep(["seed-constant"], "correct", {build.VARIABLE: "seed-constant"}) == {"seed-constant": "holds"}


# ---- the correct drivers ----

SECOND = 48000


@pytest.fixture
def copied(tmp_path):
    """A bundle by name, as an image that no other test has loaded."""
    return lambda name: build.copy(name, tmp_path)


@pytest.mark.parametrize("name", ["correct", "minimal", "defective"])
def test_check_finds_nothing(name):
    done = python("-m", "tympan", "check", "--strict", build.bundle(name))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["correct", "minimal"])
def test_their_io_code_is_realtime_safe(name):
    """By the machine code, whatever runs."""
    done = python("-m", "tympan", "check", "--realtime", build.bundle(name))
    assert done.returncode == 0, done.stdout + done.stderr


def noise(frames, channels, steps=2**23):
    """Random audio on a grid of ``steps`` steps up and down, float32."""
    numbers = np.random.default_rng(1).integers(-steps, steps, (frames, channels))
    return (numbers / steps).astype(np.float32)


HOSTS = [
    {"policy": "per-client", "config_change": "deferred"},
    {"policy": "first-last", "config_change": "now", "timebase": (125, 3)},
    {"policy": "per-client", "config_change": "thread", "queue": "thread"},
]


@pytest.mark.parametrize("options", HOSTS)
@pytest.mark.parametrize("uid", ["desk", "wire"])
def test_loopback_is_exact(copied, options, uid):
    with Host(**options) as hal:
        device = hal.load(copied("correct")).device(f"org.tympan.subject:{uid}")
        played = noise(SECOND, device.channels("outp"))
        for rate, buffer, jitter in ((48000, 512, None), (96000, 4096, None), (96000, 600, True)):
            device.set_sample_rate(rate)
            heard = device.render(played, buffer, jitter=jitter)
            assert np.array_equal(heard[device.delay(buffer) :], played[:, : device.channels("inpt")])


@pytest.mark.parametrize(("kind", "bits"), [("int16", 16), ("int24", 24)])
def test_loopback_of_integers_is_exact(copied, kind, bits):
    with Host() as hal:
        device = hal.load(copied("correct")).device("org.tympan.subject:desk")
        for stream in device.streams():
            stream.set_format(next(offer[0] for offer in stream.formats if offer[0].kind == kind))
        played = noise(SECOND, 3, 2 ** (bits - 1))
        assert {stream.format.kind for stream in device.streams()} == {kind}
        assert np.array_equal(device.render(played)[device.delay(512) :], played)


def test_streams_of_one_device_may_differ_in_format(copied):
    with Host() as hal:
        device = hal.load(copied("correct")).device("org.tympan.subject:desk")
        first = device.streams("inpt")[0]
        first.set_format(next(offer[0] for offer in first.formats if offer[0].kind == "int16"))
        played = noise(SECOND, 3, 2**15)
        assert np.array_equal(device.render(played)[device.delay(512) :], played)


def test_both_devices_at_once(copied):
    with Host() as hal:
        desk, wire = hal.load(copied("correct")).devices
        hal.pump()
        desk.start(desk.add_client())
        wire.set_sample_rate(96000)
        heard = wire.render(noise(SECOND, 2))
        assert np.array_equal(heard[wire.delay(512) :], noise(SECOND, 2)[:, :1])
        assert desk.is_running and not wire.is_running


def test_the_minimal_driver_is_a_function_of_time(copied):
    with Host() as hal:
        device = hal.load(copied("minimal")).device()
        heard = device.render(frames=SECOND, buffer=480)[:, 0]
        place = round(float(heard[0]) * 480) + 240
        expected = (np.arange(place, place + SECOND) % 480 - 240) / 480
        assert np.array_equal(heard, expected.astype(np.float32))


@pytest.mark.parametrize("name", ["correct", "minimal"])
def test_every_property_of_every_object_can_be_walked(name):
    """In every scope, at every element; with IO on and off."""
    done = python("-c", f"from subjects import walk; walk.main({name!r})")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"problems": [], "leaked": 0}


def test_the_walk_would_find_something():
    done = python("-c", "from subjects import walk; walk.main('defective')", **{build.VARIABLE: "short-buffer-written"})
    assert "wrote beyond 0 bytes" in done.stdout, done.stderr
