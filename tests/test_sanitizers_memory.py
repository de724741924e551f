"""AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer: core, simulated host and drivers.

`make test-asan`. Extension modules run in the simulated host, with Python's objects in malloc's memory;
bundles run there and in the host in C. The thousand failing rounds are in test_sanitizers.py.
"""

import pytest
from sanitize import build, modules, tools
from sanitize.subjects import FACTORS, ROOT, SUBJECTS, factor, name

from tympan.bundle import compile

pytestmark = pytest.mark.asan

DRIVERS = ROOT / "tests" / "sanitize" / "drivers"
TOUR = ROOT / "tests" / "sanitize" / "tour.py"


@pytest.fixture(scope="session")
def sanitizer():
    return tools.require("address")


@pytest.fixture
def run(sanitizer, private_cache, tmp_path):
    """run(scenario, driver, *arguments): a Result, of the bundle in the host in C."""

    def runs(scenario, path, *arguments):
        made = build.bundle(path, tmp_path, *sanitizer.command)
        return sanitizer.run(build.host(*sanitizer.command), scenario, build.binary(made), factor(path), *arguments)

    return runs


@pytest.mark.parametrize("path", SUBJECTS, ids=name)
def test_bundle(run, path):
    """Properties, calls that make no sense, all sizes and rates, up to the last Release."""
    run("tour", path, "rounds=10").clean("tour")


@pytest.mark.parametrize("path", SUBJECTS, ids=name)
def test_bundle_with_everything_at_once(run, path):
    run("threads", path, "seconds=10", "rounds=5").clean("threads")


@pytest.mark.parametrize("path", [path for path in SUBJECTS if path.stem in FACTORS], ids=name)
def test_bundle_with_readers_whom_the_writer_laps(run, path):
    run("lap", path, "seconds=5").clean("lap")


# ---- in the simulated host ----


@pytest.fixture
def tour(sanitizer, private_cache):
    """tour(file, driver): what Python prints, all of it instrumented but the interpreter."""
    if sanitizer.command[0] != "gcc":
        pytest.skip("a Python without AddressSanitizer takes it from gcc's shared library: install gcc, with libasan")
    folder = modules.instrumented()
    return lambda file, path: modules.run(folder, TOUR, f"{file}={FACTORS.get(path.stem, 0)}")


def instrumented_module(path):
    """The driver's extension module; only AddressSanitizer's library is in the process."""
    with build.compiler("gcc", *modules.FLAGS.split()):
        return compile.build_extension(path)


@pytest.mark.parametrize("path", SUBJECTS, ids=name)
def test_extension_module_in_the_simulated_host(tour, path):
    done = tour(instrumented_module(path), path)
    assert done.stdout == "3 rounds, leaks: 0\n", done.stdout + done.stderr[-6000:]


@pytest.mark.parametrize("path", SUBJECTS, ids=name)
def test_bundle_in_the_simulated_host(tour, path, tmp_path):
    """With an interpreter of its own beside the host's."""
    if build.build.pick("auto")[0][1].kind == "vendored":
        pytest.skip("two interpreters need RTLD_DEEPBIND, which AddressSanitizer refuses: use a static one")
    done = tour(build.bundle(path, tmp_path, "gcc", *modules.FLAGS.split()), path)
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    assert done.stdout.startswith("3 rounds")
    assert tools.Result(0, "", done.stderr).leaks == []


# ---- teeth ----


def test_an_overrun_is_reported(run):
    found = run("io", DRIVERS / "overrun.pyx", "rounds=1")
    assert found.code not in (0, 1)
    assert any("heap-buffer-overflow" in line for line in found.reports)
    assert "7Overrun_process_io" in found.log


def test_an_overrun_in_a_module_is_reported(tour):
    path = DRIVERS / "overrun.pyx"
    done = tour(instrumented_module(path), path)
    assert done.returncode, done.stdout
    assert "heap-buffer-overflow" in done.stderr


def test_a_leak_is_reported(run):
    found = run("io", DRIVERS / "leak.pyx", "rounds=3")
    assert found.code == 0
    assert len(found.leaks) >= 1
    assert all("4Leak" in allocator for allocator in found.leaks), found.leaks


def test_a_leak_in_a_module_is_counted(tour):
    path = DRIVERS / "leak.pyx"
    done = tour(instrumented_module(path), path)
    assert int(done.stdout.rpartition(" ")[2]) == 1, done.stdout + done.stderr[-2000:]


def test_undefined_behaviour_is_reported(run):
    found = run("io", DRIVERS / "undefined.pyx", "rounds=1")
    assert found.code not in (0, None)
    assert any("shift exponent" in line for line in found.reports)


#: (file, what stands there, what it becomes), the driver, and what must be said.
OBJECTS = "tympan/_objects.pyx"
RING_SIZE = "<size_t>ring.capacity * ring.frame_bytes"
BROKEN = {
    "scratch memory is kept": (
        [(OBJECTS, "    free(device.io.scratch)\n", "")],
        "gain", lambda found: found.leaks and "__plan_scratch " in found.log,
    ),
    "the ring is 64 frames short": (  # one would be lost in the alignment
        [(OBJECTS, RING_SIZE, f"{RING_SIZE} - 64 * ring.frame_bytes")],
        "minimal_loopback", lambda found: any("heap-buffer-overflow" in line for line in found.reports),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_core_is_reported(sanitizer, private_cache, tmp_path, what):
    changes, driver, noticed = BROKEN[what]
    path = ROOT / "examples" / driver / f"{driver}.pyx"
    made = build.broken_bundle(path, tmp_path, changes, *sanitizer.command)
    found = sanitizer.run(build.host(*sanitizer.command), "tour", build.binary(made), factor(path))
    assert noticed(found), found.out + found.log[-4000:]
