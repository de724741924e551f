"""ThreadSanitizer: core, platform library and drivers, with everything that may happen at once, at once.

`make test-tsan`. The host is tests/sanitize/host; docs/decisions/0008-deep-mode.md says why it is in C.
"""

import re

import pytest
from sanitize import build, tools
from sanitize.subjects import OWN, ROOT, SUBJECTS, factor, name

pytestmark = pytest.mark.tsan

GAIN = ROOT / "examples" / "gain" / "gain.pyx"
LOOPBACK = ROOT / "examples" / "minimal_loopback" / "minimal_loopback.pyx"
DRIVERS = ROOT / "tests" / "sanitize" / "drivers"
RACY = DRIVERS / "racy.pyx"
#: All accesses to the ring are plain: right only where something orders them.
PLAIN = "-DTY_PLAIN_COPIES"


@pytest.fixture(scope="session")
def sanitizer():
    return tools.require("thread")


@pytest.fixture(scope="session")
def host(sanitizer, private_cache):
    return build.host(*sanitizer.command)


@pytest.fixture
def run(sanitizer, host, tmp_path):
    """run(scenario, driver, *arguments, more=flags): a Result."""

    def runs(scenario, path, *arguments, more=()):
        made = build.bundle(path, tmp_path, *sanitizer.command, *more)
        return sanitizer.run(host, scenario, build.binary(made), factor(path), *arguments)

    return runs


@pytest.mark.parametrize("path", SUBJECTS, ids=name)
def test_one_thread(run, path):
    run("tour", path).clean("tour")


@pytest.mark.parametrize("path", SUBJECTS, ids=name)
def test_everything_at_once(run, path):
    """8 threads of property calls, 4 clients in IO, others that come and go, notifications, configuration changes.
    Every client gets every frame of the mix of all four, in order, once."""
    run("threads", path, "seconds=6", "properties=8", "rounds=2").clean("threads")


#: Driver and rounds, each of which goes from Initialize to the last Release.
MINUTES = [*((path, 6) for path in SUBJECTS), (LOOPBACK, 1), (OWN[0], 1)]


@pytest.mark.deep
@pytest.mark.parametrize("path,rounds", MINUTES, ids=lambda value: getattr(value, "stem", value))
def test_everything_at_once_for_a_minute(run, path, rounds):
    found = run("threads", path, "seconds=60", "properties=8", f"rounds={rounds}")
    found.clean("threads")
    print(found.out.strip())


@pytest.mark.parametrize("path", [path for path in SUBJECTS if factor(path) != "factor=0"], ids=name)
def test_readers_whom_the_writer_laps(run, path):
    """A frame is right or silent, never torn, where the ring is being overwritten and time jumps."""
    run("lap", path, "seconds=10").clean("lap")


@pytest.mark.parametrize("path", [path for path in SUBJECTS if factor(path) != "factor=0"], ids=name)
def test_the_ring_orders_what_it_publishes(run, path):
    """Copies and the driver's stores are plain here, so that only the ring's own atomics can order them."""
    run("publish", path, "frames=3e6", more=[PLAIN]).clean("publish")


# ---- teeth ----


def test_a_racing_driver_is_reported(run):
    found = run("threads", RACY, "seconds=2", "rounds=1")
    assert found.code == 66
    assert any("data race" in line for line in found.reports)
    assert "Racy_process_io" in found.log


#: Driver or arguments, and what must be said of which frame.
UNHEARD = {
    "a driver that leaves out a frame": ("loses", [], r"frame (\d+) is lost: (\d+) is in its place", 1),
    "a driver that plays a frame twice": ("repeats", [], r"frame (\d+) is repeated where (\d+) belongs", 1),
    "a client of which nothing arrives": ("formats", ["mute=3"], r"frame (\d+) lacks client (3)", None),
}


@pytest.mark.parametrize("what", UNHEARD)
def test_a_frame_that_is_not_its_own_is_told(run, what):
    driver, arguments, words, later = UNHEARD[what]
    found = run("threads", DRIVERS / f"{driver}.pyx", "seconds=20", "rounds=1", *arguments)
    told = re.search(f"WRONG: threads: {words}", found.log)
    assert found.code == 1 and told, found.out + found.log[-2000:]
    assert later is None or int(told[2]) - int(told[1]) == later


RING, HAL, IO = "tympan/_ring.pxd", "tympan/_hal.pyx", "tympan/_io.pxd"
FULL = "    if device.running == <UInt32>0xFFFFFFFF:"
#: (file, what stands there, what it becomes) ...; scenario, flags, driver, and functions that reports must name.
BROKEN = {
    "frames are published without release": (
        [(RING, "ty_store_release_i64(&ring.end, end)", "ty_store_i64(&ring.end, end)")],
        ("publish", "frames=1e6"), [PLAIN], GAIN, ["io_write_mix", "io_read_input"],
    ),
    "frames are read without acquire": (
        [(RING, "ty_load_acquire_i64(&ring.end)", "ty_load_i64(&ring.end)")],
        ("publish", "frames=1e6"), [PLAIN], GAIN, ["io_write_mix", "io_read_input"],
    ),
    "state is changed plainly, copied whole, and without the mutex": (
        [
            (HAL, "ty_store_f64(&device.rate, rate)", "device.rate = rate"),
            (IO, "        as_float.channels = str", "        as_float = stream[0]\n        as_float.channels = str"),
            (HAL, f"    ty_mutex_lock(&core.control)\n{FULL}", FULL),
        ],
        ("threads", "seconds=10", "rounds=1"), [], OWN[0], ["hal__start_at", "io_read_processed", "hal_StartIO"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_racing_core_is_reported(sanitizer, host, tmp_path, what):
    changes, (scenario, *arguments), flags, path, named = BROKEN[what]
    made = build.broken_bundle(path, tmp_path, changes, *sanitizer.command, *flags)
    found = sanitizer.run(host, scenario, build.binary(made), factor(path), *arguments)
    assert any("data race" in line for line in found.reports), found.out + found.log[-2000:]
    assert [function for function in named if f"{function} " not in found.log] == []


#: What is wrong with the audio alone: the change, and what must be said.
SPOILED = {
    "a buffer's last frame is not published": (
        (IO, "ring_end_write(ring, end)\n", "ring_end_write(ring, end - 1)\n"),
        r"frame \d+ is lost: silence is in its place",
    ),
    "where the ring wraps a frame is read twice": (
        (IO, "        slot = ring_slot(ring, at, &run)\n", "        slot = ring_slot(ring, at - (at > first), &run)\n"),
        r"frame \d+ is repeated where \d+ belongs",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILED)
def test_a_core_that_loses_or_repeats_a_frame_is_caught(sanitizer, host, tmp_path, what):
    change, words = SPOILED[what]
    made = build.broken_bundle(LOOPBACK, tmp_path, [change], *sanitizer.command)
    found = sanitizer.run(host, "threads", build.binary(made), "seconds=20", "rounds=1")
    assert found.code == 1 and re.search(f"WRONG: threads: {words}", found.log), found.out + found.log[-2000:]


def test_a_reader_that_does_not_look_again_is_caught(sanitizer, host, tmp_path):
    """Atomic copies race with nothing, so it is the audio that tells."""
    changes = [(RING, "    return ty_load_i64(&ring.start)\n", "    return -0x7FFFFFFFFFFFFFFF\n")]
    made = build.broken_bundle(LOOPBACK, tmp_path, changes, *sanitizer.command)
    found = sanitizer.run(host, "lap", build.binary(made), "seconds=30")
    assert found.code == 1
    assert "torn or stale" in found.log
