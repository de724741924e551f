"""The x86-64 slices of macOS bundles, executed on Linux in the simulated HAL: the bytes that ship, not a build like it.

A small loader maps the slice and stands in for libSystem (tests/macho_run); CoreFoundation and libdispatch are the
platform library's, as for ELF bundles. docs/testing.md says what this proves.
"""

import json
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import made_macos
import pytest
import sanitize.build
from macho_run import carry, changed, programs

from tympan.bundle import build_bundle
from tympan.bundle import target as targets
from tympan.bundle.macho import slices
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


def played(bundle, program="play.py"):
    """What a program of macho_run says of a bundle."""
    command = [sys.executable, HERE / "macho_run" / program, bundle]
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


# ---- the guard ----


def test_the_guard_sees_what_the_slice_calls(macos, tmp_path):
    """A driver that the bundler refuses, in both shapes; the slice has no names, so the GIL is a lock there."""
    for name in ("native", "macos", "loadable"):
        (tmp_path / name).mkdir()
    driver = HERE / "macho_run" / "drivers" / "forbidden.pyx"
    made = sanitize.build.bundle(driver, tmp_path / "macos", target="macos-x86_64")
    seen = played(carry.carried(made, tmp_path / "loadable"), "guarded.py")
    locks = [f"lock pthread_mutex_{what}" for what in ("lock", "unlock")]
    gil = seen.pop("20")
    assert seen == {
        "15": [],
        "16": ["allocation malloc", "allocation free"],
        "17": locks,
        "18": ["io write"],
        "19": ["wait usleep"],
        "21": [],
    }
    assert gil[0] == locks[0] and gil[-1] == locks[1]
    here = played(sanitize.build.bundle(driver, tmp_path / "native"), "guarded.py")
    assert here.pop("20") and here == seen


# ---- libSystem ----


@pytest.fixture(scope="module")
def probe(private_cache, tmp_path_factory):
    """The probe's bundle for macOS."""
    return programs.probe(targets.X86_64, tmp_path_factory.mktemp("probe"))


def ask(bundle, what, folder, sources=carry.HERE):
    """What the probe in the slice answers."""
    (folder / "loadable").mkdir()
    carried = carry.carried(bundle, folder / "loadable", sources=sources)
    return programs.asked(what, carried / "Contents" / "MacOS" / "Probe", folder / "work")


def test_libsystem_is_what_it_says(probe, tmp_path):
    """Errors, files, floats, characters, threads, locks, signals, time: as the same source answers on this machine."""
    code, expected, complaint = programs.asked("answers", programs.native_probe(tmp_path), tmp_path / "native")
    assert code == 0 and len(expected.splitlines()) > 100
    assert ask(probe, "answers", tmp_path) == (code, expected, complaint)


def test_fixups_of_older_linkers(private_cache, tmp_path):
    """LC_DYLD_INFO, which no bundle of tympan's has: the same answers."""
    old = programs.probe(targets.X86_64, tmp_path / "old", programs.link_without_chains)
    (part,) = slices.read(old / "Contents" / "MacOS" / "Probe")
    assert part.macho.has_dyld_info and part.macho.dyld_info.lazy_bind[1]
    _, expected, _ = programs.asked("answers", programs.native_probe(tmp_path), tmp_path / "native")
    assert ask(old, "answers", tmp_path)[1] == expected


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("trap", "the slice called getloadavg, for which there is no answer here (tests/macho_run)"),
        ("flags", "mmap with the flags 0x800, which are not known here"),
    ],
)
def test_what_has_no_answer_says_its_name(probe, tmp_path, what, says):
    code, _, complaint = ask(probe, what, tmp_path)
    assert (code, complaint) == (-signal.SIGABRT, f"macho_run: {says}\n")


# ---- teeth ----


def test_a_changed_kernel_is_heard(macos, native, tmp_path):
    """A product becomes a sum, by one byte of each instruction: no rendering is the same."""
    bundle = carry.carried(macos("gain"), tmp_path)
    changed.change_kernel(bundle / "Contents" / "Resources" / "macho", macos("gain"), "x86_64")
    wrong, right = played(bundle)["audio"], played(native("gain"))["audio"]
    assert set(wrong) == set(right) and not [key for key in right if wrong[key] == right[key]]


#: File of the stand-ins, what stands there, what it becomes: each is a difference that glibc as it is would make.
BROKEN = [
    ("numbers.h", "{60, ETIMEDOUT}, ", ""),
    ("numbers.h", "{66, ENOTEMPTY}, ", ""),
    ("numbers.h", "{35, EAGAIN}, ", ""),
    ("numbers.h", "{0x8, O_APPEND}", "{0x8, 0}"),
    ("numbers.h", "{16, SIGURG}, ", ""),
    ("numbers.h", "{0x100000, O_DIRECTORY}", "{0x100000, 0}"),
    ("files.h", ".size = from->st_size", ".size = from->st_blocks"),
    ("files.h", ".mode = (uint16_t)from->st_mode", ".mode = 0"),
    ("files.h", "strerror(native_number(errors, ROWS(errors), apple))", "strerror(apple)"),
    ("files.h", "F_SETFL, native_open((int)value)", "F_SETFL, (int)value"),
    ("files.h", "apple_errno = APPLE_ERROR(errno)", "apple_errno = errno"),
    ("threads.h", "pthread_sigmask(how - 1,", "pthread_sigmask(how,"),
    ("threads.h", "*key = made;", "*key = 0;"),
    ("output.h", "{sin(angle), cos(angle)}", "{cos(angle), sin(angle)}"),
    ("output.h", "isdigit(c) ? 0x400u", "isdigit(c) ? 0x200u"),
    ("output.h", "{ return a / b; }", "{ return a; }"),
    ("image.h", "macho_initialise(image);", ""),
    ("image.h", "(uint64_t)image->base + (value & 0xFFFFFFFFFull)", "(uint64_t)image->base"),
    ("system.h", ".dli_fname = binary", '.dli_fname = "/elsewhere"'),
]


@pytest.mark.deep
@pytest.mark.parametrize(("name", "old", "new"), BROKEN)
def test_what_is_wrong_in_a_stand_in_is_noticed(probe, tmp_path, name, old, new):
    sources = tmp_path / "sources"
    shutil.copytree(carry.HERE, sources)
    text = (sources / name).read_text()
    assert text.count(old) == 1
    (sources / name).write_text(text.replace(old, new))
    _, expected, _ = programs.asked("answers", programs.native_probe(tmp_path), tmp_path / "native")
    assert ask(probe, "answers", tmp_path, sources)[1] != expected
