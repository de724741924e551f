"""The x86-64 slices of macOS bundles, executed on Linux in the simulated HAL: the bytes that ship, not a build like it.

A small loader maps the slice and stands in for libSystem (tests/macho_run); CoreFoundation and libdispatch are the
platform library's, as for ELF bundles. docs/testing.md says what this proves.
"""

import json
import platform
import subprocess
import sys
from pathlib import Path

import made_macos
import pytest
from macho_run import carry

from tympan.bundle import build_bundle
from tympan.bundle import target as targets
from tympan.bundle.macho import slices
from tympan.bundle.realtime import unstripped
from tympan.testing import checks

pytestmark = [
    pytest.mark.skipif(bool(made_macos.MISSING), reason=made_macos.MISSING),
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="executes x86-64 code of macOS on Linux"
    ),
]

HERE = Path(__file__).parent
EXAMPLES = sorted(path.parent.name for path in (HERE.parent / "examples").glob("*/*.pyx"))
#: The others are built for one processor only, which makes the same slice in half of the time.
UNIVERSAL = ("gain",)


@pytest.fixture(scope="module")
def macos(private_cache, tmp_path_factory):
    """A function: name of an example -> its bundle for macOS, built once."""
    made_macos.have_runtime(targets.X86_64)
    if not made_macos.has_real_runtime(targets.X86_64):
        pytest.skip("there is no CPython for macOS x86_64 here: python -m tympan runtime build --target macos-x86_64")
    return keep(lambda name: made_macos.universal(name, tmp_path_factory.mktemp(name), target_of(name)))


def target_of(name):
    """What an example is built for."""
    return "macos-universal2" if name in UNIVERSAL else "macos-x86_64"


def keep(make):
    """``make``, which is called once per argument."""
    made = {}
    return lambda name: made[name] if name in made else made.setdefault(name, make(name))


@pytest.fixture(scope="module")
def loadable(macos, tmp_path_factory):
    """A function: name of an example -> a copy of that bundle which Linux can load."""
    return keep(lambda name: carry.carried(macos(name), tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="module")
def native(private_cache, tmp_path_factory):
    """A function: name of an example -> its bundle for this machine."""
    return keep(lambda name: build_bundle(HERE.parent / "examples" / name, tmp_path_factory.mktemp(name)))


@pytest.fixture(scope="module")
def pool():
    """Worker processes for the whole file."""
    with checks.Pool(2) as workers:
        yield workers


def played(bundle):
    """What macho_run/play.py says of a bundle."""
    command = [sys.executable, HERE / "macho_run" / "play.py", bundle]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_rule_of_the_protocol(loadable, pool, name):
    report = checks.run_checks(loadable(name), pool=pool)
    assert [(result.rule.id, result.message) for result in report if result.outcome not in ("passed", "skipped")] == []
    assert report.count("passed") > 200


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_audio_as_the_bundle_of_this_machine(loadable, native, name):
    """Bit for bit: same kernel, same input, another compiler and another C library around it."""
    assert played(loadable(name)) == played(native(name))


def test_the_binary_is_the_one_that_ships(macos, loadable):
    (shipped,) = (macos("gain") / "Contents" / "MacOS").iterdir()
    assert (loadable("gain") / "Contents" / "Resources" / "macho").read_bytes() == shipped.read_bytes()
    assert [part.name for part in slices.read(shipped)] == ["x86_64", "arm64"]


# ---- teeth ----


def kernel(bundle):
    """(first byte, end) of Gain.process_io in the x86-64 slice, from the file with the names."""
    (part, *_) = slices.read(unstripped(bundle))
    addresses = sorted(item.value for item in part.macho.symbols if item.value)
    (start,) = [item.value for item in part.macho.symbols if item.name.endswith("Gain_process_io")]
    return start, next(address for address in addresses if address > start)


def test_a_changed_kernel_is_heard(macos, native, tmp_path):
    """mulps and mulss become addps and addss, one byte in each: no rendering is the same."""
    bundle = carry.carried(macos("gain"), tmp_path)
    file = bundle / "Contents" / "Resources" / "macho"
    (part, *_) = slices.read(file)
    data, (start, end) = bytearray(file.read_bytes()), kernel(macos("gain"))
    at = bytes(data).index(part.data)
    code = bytes(data[at + start : at + end])
    assert b"\x0f\x59" in code
    data[at + start : at + end] = code.replace(b"\x0f\x59", b"\x0f\x58")
    file.write_bytes(data)
    changed, right = played(bundle)["audio"], played(native("gain"))["audio"]
    assert set(changed) == set(right) and not [key for key in right if changed[key] == right[key]]
