"""The realtime primitives in drivers: in both shapes, when a field was never set, and which bundles carry them."""

import _thread
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from documents import blocks

import tympan
from tympan._errors import BuildError
from tympan.bundle import build_bundle, fields, import_driver, imports, primitives, recipe, runtime
from tympan.bundle.compile import PACKAGE, driver_c
from tympan.bundle.project import find
from tympan.testing import Host

DRIVERS = Path(__file__).parent / "drivers"
EVERY = DRIVERS / "rt_good_primitives.pyx"
GAIN = Path(__file__).parents[1] / "examples" / "gain"
NAMES = [name for names in recipe.PRIMITIVES.values() for name in names]


# ---- what a driver makes of them ----


@pytest.fixture(scope="module")
def bundle(private_cache, tmp_path_factory):
    """rt_good_primitives.pyx as a bundle."""
    return build_bundle(EVERY, tmp_path_factory.mktemp("every"))


@pytest.fixture(params=["extension", "bundle"])
def attach(request):
    """hal -> the plug-in of rt_good_primitives.pyx, in one of its two shapes."""
    if request.param == "extension":
        return lambda hal: hal.attach(import_driver(EVERY))
    return lambda hal: hal.load(request.getfixturevalue("bundle"))


def test_a_driver_that_uses_every_one(attach):
    """Its channels are swapped, half as loud, 8 frames later; each cycle leaves a record."""
    noise = np.random.default_rng(3).uniform(-1, 1, (4800, 2)).astype(np.float32)
    before = _thread._count()
    with Host() as hal:
        device = attach(hal).device()
        for _ in range(2):
            heard = device.render(noise, 256, frames=len(noise) + device.delay(256) + 8)
            assert np.array_equal(heard[device.delay(256) + 8 :], 0.5 * noise[:, ::-1])
            assert not heard[: device.delay(256) + 8].any()
        assert len(hal.log) > 30 and set(hal.log) == {"a record of 16 bytes"}
    assert _thread._count() == before


def test_the_driver_on_the_page(private_cache, tmp_path):
    """docs/realtime-primitives.md shows a whole driver: half of a three-point mean."""
    (code,) = blocks("docs/realtime-primitives.md", "cython")
    (tmp_path / "tone.pyx").write_text(code)
    noise = np.random.default_rng(4).uniform(-1, 1, (3000, 1)).astype(np.float32)
    with Host() as hal:
        device = hal.attach(import_driver(tmp_path)).device()
        heard = device.render(noise, 256, frames=len(noise) + device.delay(256))[device.delay(256) :, 0]
    mean = np.convolve(noise[:, 0].astype(np.float64), [0.25, 0.5, 0.25])[: len(noise)]
    assert np.allclose(heard, 0.5 * mean, rtol=0, atol=1e-7)


ENDS = """
import os, sys, time
from tympan.testing import Host
hal = Host().__enter__()
before = len(os.listdir("/proc/self/task"))
device = hal.load(sys.argv[1]).devices[0]
client = device.add_client()
device.start(client)
print(len(os.listdir("/proc/self/task")) - before)
if sys.argv[2] == "stop":
    device.stop(client)
if sys.argv[2] == "exit":
    sys.exit(0)
hal.__exit__(None, None, None)
end = time.monotonic() + 10  # a thread that was joined stays in the list until the kernel has buried it
while len(os.listdir("/proc/self/task")) > before and time.monotonic() < end:
    time.sleep(0.001)
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.parametrize(("how", "printed"), [("stop", "1\n0\n"), ("release", "1\n0\n"), ("exit", "1\n")])
def test_no_thread_of_a_bundle_is_left(bundle, how, printed):
    """After StopIO, after a Release without StopIO, and when the process exits in the middle of IO."""
    command = [sys.executable, "-c", ENDS, str(bundle), how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, printed), done.stderr


# ---- a field that was never set ----


def test_on_none_nothing_is_read_and_nothing_changed(io_code):
    answers, (filled, applied, padded, kept, pair, block, ticket) = io_code.on_none()
    assert answers == 0
    assert filled == applied == padded == [0, 0, 0, 0], "what IO code asked for is silence"
    assert kept == [1, 2, 3, 4] and pair == (7, 8), "a pop that finds nothing leaves its target alone"
    assert (block, ticket) == (0, 0)


INLINE = re.compile(r"^    cdef inline [^\n]*?(\w+)\([^)]*\) noexcept nogil:\n((?:        [^\n]*\n)+)", re.MULTILINE)


@pytest.mark.parametrize("module", recipe.PRIMITIVES)
def test_every_method_of_io_code_looks_whether_it_is_none(module):
    """What lies behind None may happen to be zeros, so calling is not enough."""
    text = PACKAGE.joinpath(module.partition(".")[2]).with_suffix(".pxd").read_text()
    methods = INLINE.findall(text)
    assert len(methods) == text.count("cdef inline")
    assert [name for name, body in methods if not re.search("self is (not )?None", body)] == []


USES = """
from tympan cimport Driver, SmoothedParameter as Ramp
cimport tympan

cdef class Voice:
    cdef {field}

cdef class Uses(Driver):
    NAME, MANUFACTURER, VERSION = "Uses", "tympan", "1"
    cdef Voice voice
    def initialize(self):
        self.voice = Voice()
        {line}
"""


@pytest.mark.parametrize(
    ("field", "line", "what"),
    [
        ("Ramp gain", "pass", "SmoothedParameter gain of Voice"),
        ("tympan.StructRing gain", "gain = 1", "StructRing gain of Voice"),
        ("Ramp other, gain", "self.voice.other = Ramp()", "SmoothedParameter gain of Voice"),
        ("Ramp gain", "self.voice.gain = Ramp()", None),
        ("Ramp gain", "self.voice.gain, x = Ramp(), 1", None),
        ("Ramp gain", "x = self.voice.gain = Ramp()", None),
        ("public Ramp gain", "pass", None),
        ("object gain", "pass", None),
        ("double gain", "pass", None),
    ],
)
def test_a_field_that_nothing_fills_is_refused(tmp_path, field, line, what):
    path = tmp_path / "uses.pyx"
    path.write_text(USES.format(field=field, line=line))
    if what is None:
        fields.check(path)
    else:
        with pytest.raises(BuildError, match=f"uses.pyx:6: nothing creates the {what}"):
            fields.check(path)


# ---- who carries them ----


def test_the_lists_agree():
    assert {name: module.partition(".")[2] for name, module in primitives.MODULE_OF.items()} == tympan._PRIMITIVES
    assert set(NAMES) <= set(tympan.__all__)
    text = (PACKAGE / "__init__.pxd").read_text()
    for module, names in recipe.PRIMITIVES.items():
        assert f"from {module} cimport {', '.join(names)}\n" in text


FIRST_USE = """
import sys, tympan
names = lambda: {name for name in sys.modules if name.startswith("tympan._")}
before = names()
tympan.Parameter
print(names() - before)
try:
    tympan.Parameter_
except AttributeError as error:
    print(error)
from tympan import *
print(LogSink, StructRing)
"""


def test_they_are_imported_on_first_use():
    done = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.stdout.splitlines() == [
        "{'tympan._parameters'}",
        "module 'tympan' has no attribute 'Parameter_'",
        "<class 'tympan._log_sink.LogSink'> <class 'tympan._buffers.StructRing'>",
    ]


def carried(path):
    """The primitives' modules that go into the bundle of a driver."""
    modules = imports.collect(find(path).inspect(), runtime.choose("auto"))
    return [module for module in modules.core if module not in recipe.CORE]


def test_a_bundle_carries_what_its_driver_names(tmp_path):
    assert carried(GAIN) == []
    assert carried(EVERY) == list(recipe.PRIMITIVES)
    text = (GAIN / "gain.pyx").read_text().replace("IoBuffer, Real", "IoBuffer, Parameter, Real")
    (tmp_path / "gain.pyx").write_text(text)
    assert carried(tmp_path / "gain.pyx") == ["tympan._parameters"]


def test_what_a_neighbour_of_the_driver_names_counts(tmp_path):
    shutil.copy(GAIN / "gain.pyx", tmp_path)
    (tmp_path / "more.pxd").write_text("from tympan cimport LogSink\n")
    assert carried(tmp_path) == ["tympan._log_sink"]


MINE = """
import tympan

def go():
    assert tympan.StructRing(8, 2).write(bytes(24)) == 2
"""


def test_what_a_python_module_of_the_author_names_counts(private_cache, tmp_path):
    """It is there when the bundle runs, though Cython knew nothing of it."""
    text = (GAIN / "gain.pyx").read_text()
    (tmp_path / "gain.pyx").write_text(text.replace("(self):  ", "(self):\n        import mine; mine.go()\n", 1))
    (tmp_path / "mine.py").write_text(MINE)
    assert carried(tmp_path) == ["tympan._buffers"]
    bundle = build_bundle(tmp_path, tmp_path / "dist")
    with Host() as hal:
        hal.load(bundle).devices[0].render(None, 512, frames=512)
        assert hal.log == []


@pytest.mark.parametrize("names", [(), ("Parameter",), ("LogSink", "DoubleBuffer"), NAMES])
def test_the_facade_has_what_is_named(private_cache, names):
    modules = primitives.named(*names)
    text = (primitives.facade(PACKAGE, modules) / "tympan" / "__init__.pxd").read_text()
    assert "from tympan._driver cimport Control, Driver\n" in text
    for module in recipe.PRIMITIVES:
        assert (f"from {module} cimport" in text) == (module in modules)


def test_the_generated_c_imports_no_more(private_cache):
    text = driver_c(find(GAIN).inspect()).read_text()
    assert '"tympan._driver"' in text and not any(f'"{module}"' in text for module in recipe.PRIMITIVES)
