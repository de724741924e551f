"""The arm64 slices of macOS bundles, executed on Linux by qemu-user (deep): their audio is that of the ELF bundles."""

import signal
import subprocess
import sys
from pathlib import Path

import made_macos
import pytest
from macho_run import carry, changed, programs

from tympan.bundle import build_bundle
from tympan.bundle import target as targets

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(bool(made_macos.MISSING), reason=made_macos.MISSING),
    pytest.mark.skipif(sys.platform != "linux", reason="executes code of macOS on Linux"),
    pytest.mark.skipif(bool(programs.missing_for_arm()), reason=programs.missing_for_arm()),
]

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/*.pyx"))


@pytest.fixture
def macos(private_cache, tmp_path):
    """A function: name of an example -> its bundle for macOS arm64."""
    made_macos.have_runtime(targets.ARM64)
    if not made_macos.has_real_runtime(targets.ARM64):
        pytest.skip("there is no CPython for macOS arm64 here: python -m tympan runtime build --target macos-arm64")
    return lambda name: made_macos.universal(name, tmp_path / "macos", "macos-arm64")


def rendered(bundle, *emulator, compiler=()):
    """What render.c prints of a bundle, a line for each cycle."""
    (binary,) = (bundle / "Contents" / "MacOS").iterdir()
    command = [*emulator, programs.program("render.c", *compiler), binary]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def rendered_on_arm(bundle):
    """The same of a bundle with the carrier in it."""
    return rendered(bundle, *programs.ARM_RUN, compiler=[programs.ARM_COMPILER])


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_audio_as_the_bundle_of_this_machine(macos, tmp_path, name):
    """300 cycles of five sizes, time stamps, and what is logged."""
    native = rendered(build_bundle(ROOT / "examples" / name, tmp_path / "native"))
    assert len(native[0]) == 300 and len({line.partition(": ")[2] for line in native[0]}) > 200
    assert rendered_on_arm(carry.carried(macos(name), tmp_path, programs.ARM_COMPILER)) == native


def test_a_changed_kernel_is_heard(macos, tmp_path):
    """Its code for the last frames of a cycle adds in place of multiplying."""
    made = macos("gain")
    bundle = carry.carried(made, tmp_path, programs.ARM_COMPILER)
    right, _ = rendered_on_arm(bundle)
    changed.change_kernel(bundle / "Contents" / "Resources" / "macho", made, "arm64")
    wrong, _ = rendered_on_arm(bundle)
    assert len(wrong) == len(right) and wrong != right


def asked(what, tmp_path):
    """What the probe answers on arm64."""
    probe = programs.probe(targets.ARM64, tmp_path)
    (tmp_path / "loadable").mkdir()
    carried = carry.carried(probe, tmp_path / "loadable", programs.ARM_COMPILER)
    binary = carried / "Contents" / "MacOS" / "Probe"
    return programs.asked(what, binary, tmp_path / "work", *programs.ARM_RUN, compiler=[programs.ARM_COMPILER])


def test_libsystem_is_what_it_says(private_cache, tmp_path):
    """Above all arguments without a fixed number, which Apple's arm64 passes otherwise than Linux's."""
    code, expected, complaint = programs.asked("answers", programs.native_probe(tmp_path), tmp_path / "native")
    assert code == 0 and len(expected.splitlines()) > 100
    assert asked("answers", tmp_path) == (code, expected, complaint)


def test_what_has_no_answer_says_its_name(private_cache, tmp_path):
    code, _, complaint = asked("trap", tmp_path)
    assert code == -signal.SIGABRT
    assert complaint.startswith("macho_run: the slice called getloadavg, for which there is no answer here")
