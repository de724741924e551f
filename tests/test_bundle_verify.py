"""verify_bundle reads the finished files: each rule is broken once."""

import plistlib
import subprocess
import sys

import pytest

from tympan._errors import BuildError, UsageError
from tympan.bundle import BundleConfig, plist, toolchain, verify_bundle

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="makes ELF files with GNU linker options")

CODE = "int TympanFactory(void) { return 0; }"
CONFIG = BundleConfig("com.example.tympan.Tiny", "Tiny", "Tiny", "1.2.3")


def compiled(output, code=CODE, *flags):
    """A shared object made of a few lines of C."""
    source = output.with_name("tiny.c")
    source.write_text(code, encoding="ascii")
    options = ["-shared", "-fPIC", "-w", "-Wl,--build-id=none"]
    subprocess.run([*toolchain.compiler(), *options, str(source), *flags, "-o", str(output)], check=True)
    source.unlink()


@pytest.fixture
def tiny(tmp_path):
    """The smallest bundle that is in order."""
    bundle = tmp_path / "Tiny.driver"
    (bundle / "Contents" / "MacOS").mkdir(parents=True)
    (bundle / "Contents" / "Info.plist").write_bytes(plist.generate(CONFIG))
    compiled(executable(bundle))
    return bundle


def executable(bundle):
    return bundle / "Contents" / "MacOS" / "Tiny"


def change_info(bundle, **changes):
    """Write Info.plist with other values; None removes a key."""
    info = {**plist.contents(CONFIG), **changes}
    kept = {key: value for key, value in info.items() if value is not None}
    (bundle / "Contents" / "Info.plist").write_bytes(plistlib.dumps(kept))


def refused(kind, text, bundle):
    """verify_bundle raises ``kind`` with ``text`` in its sentence, one line, with the bundle's path in front."""
    with pytest.raises(kind) as caught:
        verify_bundle(bundle)
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert str(caught.value).startswith(str(bundle))
    assert "\n" not in str(caught.value)


def test_good_bundle(tiny):
    found = verify_bundle(tiny)
    assert found.factory_name == "TympanFactory"
    assert found.factory_uuid == CONFIG.factory_uuid
    assert found.runtime == "static"
    assert found.platform.startswith("Linux ")
    assert found.size > 1000


def test_no_bundle(tmp_path):
    refused(UsageError, "there is no such bundle", tmp_path / "Absent.driver")


def test_no_info(tiny):
    (tiny / "Contents" / "Info.plist").unlink()
    refused(UsageError, "there is no Contents/Info.plist", tiny)


@pytest.mark.parametrize("data", [b"", b"<plist>", b"\x00\x01", b"bplist00 cut"])
def test_unreadable_info(tiny, data):
    (tiny / "Contents" / "Info.plist").write_bytes(data)
    refused(UsageError, "Info.plist is not readable", tiny)


def test_info_that_is_a_list(tiny):
    (tiny / "Contents" / "Info.plist").write_bytes(plistlib.dumps([1]))
    refused(BuildError, "Info.plist lacks CFBundleExecutable", tiny)


@pytest.mark.parametrize(
    "key",
    ["CFBundleExecutable", "CFBundleIdentifier", "CFBundlePackageType", "CFPlugInFactories", "CFPlugInTypes"],
)
def test_missing_key(tiny, key):
    change_info(tiny, **{key: None})
    refused(BuildError, f"Info.plist lacks {key}", tiny)


def test_contradicting_keys(tiny):
    change_info(tiny, CFBundlePackageType="APPL")
    refused(BuildError, "CFBundlePackageType is 'APPL', not 'BNDL'", tiny)
    change_info(tiny, CFPlugInTypes={plist.PLUGIN_TYPE: ["00000000-0000-0000-0000-000000000000"]})
    refused(BuildError, "CFPlugInTypes does not name the factory", tiny)
    change_info(tiny, CFPlugInFactories={"A": "f", "B": "f"})
    refused(BuildError, "CFPlugInFactories must hold exactly one factory", tiny)
    change_info(tiny, CFBundleExecutable="Other")
    refused(BuildError, "names the executable Other, which is not in Contents/MacOS", tiny)


def test_wrong_factory_name(tiny):
    change_info(tiny, CFPlugInFactories={CONFIG.factory_uuid: "OtherFactory"})
    refused(BuildError, "names the factory OtherFactory, but the binary exports TympanFactory", tiny)


def test_second_export(tiny):
    compiled(executable(tiny), CODE + " int other(void) { return 1; }")
    refused(BuildError, "the binary exports other besides TympanFactory", tiny)
    compiled(executable(tiny), CODE + " int global_data = 1;")
    refused(BuildError, "the binary exports global_data besides TympanFactory", tiny)


def test_no_export(tiny):
    compiled(executable(tiny), "static int TympanFactory(void) { return 0; }")
    refused(BuildError, "but the binary exports nothing", tiny)


def test_unknown_library(tiny, tmp_path):
    library = tmp_path / "libstrange.so"
    compiled(library, "int strange(void) { return 1; }")
    compiled(executable(tiny), "int strange(void); int TympanFactory(void) { return strange(); }", str(library))
    refused(BuildError, "libstrange.so, which other machines may not have", tiny)


def test_vendored_library_that_is_not_there(tiny, tmp_path):
    library = tmp_path / "libtympanpython3.11-0.so"
    compiled(library, "int Py_Strange(void) { return 1; }", f"-Wl,-soname,{library.name}")
    compiled(executable(tiny), "int Py_Strange(void); int TympanFactory(void) { return Py_Strange(); }", str(library))
    refused(BuildError, "which is not in Contents/Frameworks", tiny)
    (tiny / "Contents" / "Frameworks").mkdir()
    library.rename(tiny / "Contents" / "Frameworks" / library.name)
    assert verify_bundle(tiny).runtime == "vendored"


def test_search_outside_the_bundle(tiny):
    compiled(executable(tiny), CODE, "-Wl,-rpath,/opt/lib")
    refused(BuildError, "looks for libraries in /opt/lib, which is outside the bundle", tiny)
    compiled(executable(tiny), CODE, "-Wl,--disable-new-dtags,-rpath,/opt/lib")
    refused(BuildError, "looks for libraries in /opt/lib, which is outside the bundle", tiny)
    compiled(executable(tiny), CODE, "-Wl,-rpath,$ORIGIN/../Frameworks")
    verify_bundle(tiny)
    inner = tiny / "Contents" / "Resources" / "lib" / "inner.so"
    inner.parent.mkdir(parents=True)
    compiled(inner, CODE, "-Wl,-rpath,/opt/lib")
    refused(BuildError, "looks for libraries in /opt/lib, which is outside the bundle", tiny)


def test_library_inside_needs_one_outside(tiny, tmp_path):
    strange, inner = tmp_path / "libstrange.so", tiny / "Contents" / "Resources" / "lib" / "inner.so"
    inner.parent.mkdir(parents=True)
    compiled(strange, "int strange(void) { return 1; }")
    compiled(inner, "int strange(void); int inner(void) { return strange(); }", str(strange))
    refused(BuildError, "libstrange.so, which other machines may not have", tiny)


def test_undefined_python_symbol(tiny):
    compiled(executable(tiny), "int Py_IsInitialized(void); int TympanFactory(void) { return Py_IsInitialized(); }")
    refused(BuildError, "the binary needs Py_IsInitialized, which nothing supplies", tiny)


def test_undefined_platform_symbol_is_the_hosts(tiny):
    compiled(executable(tiny), "int CFRelease(void); int TympanFactory(void) { return CFRelease(); }")
    verify_bundle(tiny)


def test_program_instead_of_plug_in(tiny):
    executable(tiny).with_name("main.c").write_text("int main(void) { return 0; }", encoding="ascii")
    command = [*toolchain.compiler(), "-no-pie", str(executable(tiny).with_name("main.c")), "-o", str(executable(tiny))]
    subprocess.run(command, check=True)
    refused(BuildError, "the binary is of kind EXEC, which cannot be loaded as a plug-in", tiny)


@pytest.mark.parametrize("data", [b"#!/bin/sh\n", b"\x7fELF", b"MZ" + bytes(500), b"\xcf\xfa\xed\xfe", b"\0" * 4096])
def test_garbage_binary(tiny, data):
    executable(tiny).write_bytes(data)
    refused(UsageError, "so it cannot be loaded", tiny)


def test_empty_binary(tiny):
    executable(tiny).write_bytes(b"")
    refused(UsageError, "is empty, so it cannot be loaded", tiny)


@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.9])
def test_truncated_binary(tiny, part):
    compiled(executable(tiny), CODE + ' __attribute__((visibility("hidden"))) char big[100000] = {1};')
    whole = executable(tiny).read_bytes()
    verify_bundle(tiny)
    executable(tiny).write_bytes(whole[: int(len(whole) * part)])
    refused(UsageError, "is damaged, so it cannot be loaded", tiny)
