"""The vendored runtime of a Mac, with stand-ins: a framework library and a module that tests/macho_writer.py writes
byte by byte, and an install_name_tool that logs its calls. None of it has run on a Mac."""

import shutil
import sys
from types import SimpleNamespace

import pytest
from macho_writer import DYLIB, LOAD_DYLIB, SYSTEM, Macho, fat

from tympan._errors import UsageError
from tympan.bundle import link, runtime, target, toolchain, vendor

FRAMEWORK = "/Library/Frameworks/Python.framework/Versions/3.11/Python"


def made(path, *libraries, processors=("x86_64", "arm64"), name=FRAMEWORK):
    """A library for these processors, that needs ``libraries`` besides the system's."""
    parts = []
    for processor in processors:
        part = Macho(processor)
        part.kind, part.own_name = DYLIB, name
        part.libraries = [(LOAD_DYLIB, SYSTEM), *((LOAD_DYLIB, library) for library in libraries)]
        part.imports = part.imports[:1]
        parts.append((processor, part.bytes()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(fat(parts) if len(parts) > 1 else parts[0][1])
    return path


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """This machine taken for a Mac; the calls of install_name_tool so far."""
    log = tmp_path / "calls"
    program = tmp_path / "bin" / "install_name_tool"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr(toolchain, "MACOS", True)
    return lambda: [line.split() for line in log.read_text().splitlines()]


@pytest.fixture
def framework(tmp_path, monkeypatch):
    """Make the Python that runs one of a framework; by default universal, as python.org's."""
    def install(*libraries, **options):
        library = made(tmp_path / "Python.framework" / "Versions" / "3.11" / "Python", *libraries, **options)
        monkeypatch.setattr(runtime, "shared_candidates", lambda: [library])
        monkeypatch.setattr(runtime, "static_candidates", list)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # without a built runtime
        return library.resolve()

    return install


def test_install_names(calls, framework, tmp_path):
    """The library's own name, and the one by which modules ask for it; libSystem's stays."""
    library = framework()
    module = made(tmp_path / "math.so", str(library), name=None)
    plain = made(tmp_path / "zlib.so", name=None)
    chosen = runtime.choose("vendored", target.ARM64)
    assert (chosen.kind, chosen.library) == ("vendored", library)
    contents = tmp_path / "Tiny.driver" / "Contents"
    contents.mkdir(parents=True)
    modules = SimpleNamespace(files={"math": module, "zlib": plain})
    copied = vendor.copy(chosen, modules, contents, ["object"])
    inside = f"@loader_path/../../Frameworks/{copied.name}"
    assert calls() == [
        ["-id", f"@loader_path/../Frameworks/{copied.name}", str(copied)],
        ["-change", str(library), inside, str(contents / "Resources" / "lib" / "math.so")],
    ]
    assert copied.read_bytes() == library.read_bytes()  # both processors
    assert vendor.copy(chosen, modules, contents, ["object"]) == copied  # for the other processor
    assert len(calls()) == 2


@pytest.mark.parametrize("machine", [target.X86_64, target.ARM64])
def test_a_universal_framework_is_for_both(calls, framework, machine):
    library = framework()
    assert runtime.choose("auto", machine).library == library
    assert machine.includes() == target.NATIVE.includes()


def test_a_framework_of_one_processor(calls, framework):
    framework(processors=("arm64",))
    assert runtime.choose("auto", target.ARM64).kind == "vendored"
    with pytest.raises(UsageError, match="cannot carry the shared library"):
        runtime.choose("vendored", target.X86_64)
    with pytest.raises(UsageError, match=r"there is no CPython .* for macOS x86_64 here yet"):
        runtime.choose("auto", target.X86_64)


def test_a_framework_that_needs_homebrew(calls, framework):
    framework("/opt/homebrew/opt/gettext/lib/libintl.8.dylib")
    with pytest.raises(UsageError, match="libintl"):
        runtime.choose("vendored")


def test_a_static_library_that_is_the_framework_in_disguise(calls, framework, tmp_path, monkeypatch):
    """python.org's config folder has a libpython3.11.a that links to the shared library."""
    library = framework()
    disguised = tmp_path / "libpython3.11.a"
    disguised.symlink_to(library)
    monkeypatch.setattr(runtime, "static_candidates", lambda: [disguised])
    assert runtime.choose("auto").kind == "vendored"


def test_the_binary_is_linked_for_its_processor(calls, framework, tmp_path, monkeypatch):
    log = tmp_path / "linked"
    program = tmp_path / "bin" / "cc"
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("CC", str(program))
    link.vendored(["a.o"], framework(), "TympanFactory", tmp_path / "out", target.X86_64)
    (words,) = [line.split() for line in log.read_text().splitlines()]
    assert words[words.index("-arch") + 1] == "x86_64" and "-bundle" in words
    assert "-lm" not in words and not any("$ORIGIN" in word for word in words)


pytestmark = pytest.mark.skipif(shutil.which("sh") is None or sys.platform == "win32", reason="stand-ins are scripts")
