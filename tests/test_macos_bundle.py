"""`bundle --target macos-…` on a system that is no Mac: compiled by ziglang, linked by ld64.lld, read back.

The interpreter inside may be a stub here; what runs is for the tests that execute a slice.
"""

import plistlib
import shutil
import subprocess
import sys

import made_macos
import pytest
from made_checks import expected, path_of

from tympan._errors import TympanError
from tympan.bundle import check_realtime, macho, verify_bundle
from tympan.bundle.macho import rules, slices
from tympan.bundle.realtime.tables import ENTRIES

pytestmark = pytest.mark.skipif(bool(made_macos.MISSING), reason=made_macos.MISSING)

BOTH = ("x86_64", "arm64")


@pytest.fixture(scope="module")
def bundle(private_cache, tmp_path_factory):
    """examples/gain for both processors."""
    return made_macos.universal("gain", tmp_path_factory.mktemp("macos"))


@pytest.fixture
def copy(bundle, tmp_path):
    """A bundle to spoil: (its folder, its binary)."""
    folder = tmp_path / bundle.name
    shutil.copytree(bundle, folder)
    return folder, folder / "Contents" / "MacOS" / "Gain"


def test_what_is_made(bundle):
    found = verify_bundle(bundle, BOTH)
    assert (found.platform, found.runtime) == ("macOS x86_64 arm64", "static")
    assert found.size < 9_000_000
    for part in slices.read(bundle / "Contents" / "MacOS" / "Gain"):
        assert (part.kind, part.exports()) == ("BUNDLE", ["TympanFactory"])
        assert {library for _, library, _ in part.imports()} <= set(rules.allowed.stubs())
        assert not [name for name, _, _ in part.imports() if name.startswith(("_Py", "__Py"))]
        assert not any(weak for _, _, weak in part.imports())


def test_nothing_names_the_machine_that_built_it(bundle):
    data = (bundle / "Contents" / "MacOS" / "Gain").read_bytes()
    assert str(made_macos.ROOT).encode() not in data
    assert sys.prefix in ("/usr", "/usr/local") or sys.prefix.encode() not in data  # CPython itself speaks of those two


def test_both_slices_are_realtime_safe(bundle):
    report = check_realtime(bundle)
    assert report.ok, report.text()
    assert [(proof.system, proof.machine) for proof in report.proofs] == [("Mach-O", name) for name in BOTH]
    for proof in report.proofs:
        assert set(ENTRIES.values()) <= set(proof.roots)


def test_the_same_bytes_again(bundle, tmp_path):
    again = made_macos.universal("gain", tmp_path)
    for path in ("Contents/Info.plist", "Contents/MacOS/Gain"):
        assert (again / path).read_bytes() == (bundle / path).read_bytes()


def test_one_processor(bundle, tmp_path):
    thin = made_macos.universal("gain", tmp_path, "macos-arm64")
    assert verify_bundle(thin, ["arm64"]).platform == "macOS arm64"
    (_, arm) = slices.read(bundle / "Contents" / "MacOS" / "Gain")
    assert (thin / "Contents" / "MacOS" / "Gain").read_bytes() == arm.data
    with pytest.raises(TympanError, match="the binary is for arm64, not for x86_64 and arm64"):
        verify_bundle(thin, BOTH)


def test_driver_that_is_not_realtime_safe_is_refused(tmp_path):
    bad = path_of("bad_malloc")
    with pytest.raises(TympanError) as caught:
        made_macos.build_bundle(bad, tmp_path / "out", target="macos-arm64")
    assert str(caught.value) == expected(bad)[1]
    assert not list((tmp_path / "out").iterdir())


def test_an_import_that_is_not_on_the_list_does_not_link(tmp_path):
    text = (made_macos.ROOT / "examples" / "gain" / "gain.pyx").read_text(encoding="utf-8")
    extern = 'cdef extern from *:\n    """int ptrace(int);"""\n    int ptrace(int)\n'
    driver = tmp_path / "asks.pyx"
    text = text.replace("cdef class", f"{extern}\n\ncdef class", 1)
    driver.write_text(text.replace("self.gain = 0.5", "self.gain = ptrace(1) * 0.5"), encoding="utf-8")
    with pytest.raises(TympanError, match="undefined symbol: _ptrace"):
        made_macos.build_bundle(driver, tmp_path / "out", target="macos-arm64")


#: Places in the linked file at which one byte is changed: fractions of each slice.
@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_one_flipped_byte(copy, part, fraction):
    folder, binary = copy
    data, chosen = bytearray(binary.read_bytes()), slices.read(binary)[part]
    start = bytes(data).index(chosen.data)
    data[start + int(len(chosen.data) * fraction)] ^= 1
    binary.write_bytes(data)
    with pytest.raises(TympanError, match=f"the {BOTH[part]} slice was changed after it was signed"):
        verify_bundle(folder)


def test_truncated(copy):
    folder, binary = copy
    binary.write_bytes(binary.read_bytes()[:-100])
    with pytest.raises(TympanError, match="the arm64 slice ends behind the end of the file"):
        verify_bundle(folder)


def test_wrong_factory_name(copy):
    folder, _ = copy
    file = folder / "Contents" / "Info.plist"
    info = plistlib.loads(file.read_bytes())
    info["CFPlugInFactories"] = dict.fromkeys(info["CFPlugInFactories"], "OtherFactory")
    file.write_bytes(plistlib.dumps(info))
    with pytest.raises(TympanError, match="OtherFactory, but the x86_64 slice exports TympanFactory"):
        verify_bundle(folder)


def test_joined_as_apples_tool_does(bundle, tmp_path):
    """llvm-lipo makes of the same slices a file that means the same, and takes ours apart again."""
    program = next(filter(None, map(shutil.which, ["llvm-lipo", *(f"llvm-lipo-{n}" for n in range(40, 13, -1))])), None)
    if program is None:
        pytest.skip("there is no llvm-lipo")
    ours = bundle / "Contents" / "MacOS" / "Gain"
    for part in slices.read(ours):
        (tmp_path / part.name).write_bytes(part.data)
        done = [program, "-thin", part.name, ours, "-output", tmp_path / f"{part.name}.thin"]
        subprocess.run(done, check=True)
        assert (tmp_path / f"{part.name}.thin").read_bytes() == part.data
    macho.join([(name, tmp_path / name) for name in BOTH], tmp_path / "ours")
    assert (tmp_path / "ours").read_bytes() == ours.read_bytes()
