"""`runtime build`: sources, what is changed in configure, and where the result is kept; with a CPython of a few lines.

tests/test_macos_runtime.py builds the real one.
"""

import hashlib
import io
import os
import platform
import tarfile
from pathlib import Path

import pytest

from tympan._cli import main
from tympan._errors import BuildError, UsageError
from tympan.bundle import cache, cpython, runtime, target
from tympan.bundle.cpython import build, configure, pins, source, store

VERSION = platform.python_version()

#: What a source archive must have for the build; configure writes a Makefile that archives one object.
CONFIGURE = f"""#!/bin/sh
echo "$@" > options
cp source/Modules/Setup.local setup
echo '#define MADE 1' > pyconfig.h
printf 'libpython{runtime.VERSION}.a: ; echo "int PyInit_math;" > m.c; $(CC) -c m.c -o m.o; ar rcs $@ m.o\\n' > Makefile
"""
STDLIB = """# a comment
@MODULE_MATH_TRUE@math mathmodule.c
@MODULE__SOCKET_TRUE@_socket socketmodule.c
#@MODULE_ARRAY_TRUE@array arraymodule.c
@MODULE__STRUCT_TRUE@_struct _struct.c
"""


def archive(folder, version=VERSION, script=CONFIGURE, **more):
    """A source archive of a CPython of a few lines."""
    files = {
        "configure": script,
        "Include/patchlevel.h": f'#define PY_VERSION      "{version}"\n',
        "Include/Python.h": "/* */\n",
        "Modules/Setup.stdlib.in": STDLIB,
        **more,
    }
    folder.mkdir(exist_ok=True)
    path = folder / f"Python-{version}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            row = tarfile.TarInfo(f"Python-{version}/{name}")
            row.size, row.mode, row.mtime = len(text), 0o755, 1_000_000_000
            tar.addfile(row, io.BytesIO(text.encode()))
    return path


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    """Each test has a cache without runtimes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_runtime_is_built_once_and_kept(tmp_path):
    path, steps = archive(tmp_path / "in"), []
    built = cpython.build_runtime(target.NATIVE, path, steps.append)
    assert built.version == VERSION
    assert built.library.read_bytes().startswith(b"!<arch>\n")
    assert {"Python.h", "pyconfig.h"} <= {file.name for file in built.include.iterdir()}
    assert built.facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [step.split()[0] for step in steps] == ["Unpacking", "Configuring", "Compiling", "Built"]
    assert cpython.build_runtime(target.NATIVE, path, steps.append).folder == built.folder
    assert len(steps) == 4
    assert [item.name for item in store.folder().iterdir()] == [built.folder.name]


def test_old_files_of_a_runtime_are_not_forgotten(tmp_path):
    built = cpython.build_runtime(target.NATIVE, archive(tmp_path / "in"))
    os.utime(built.library, (0, 0))
    cache.forget_old()
    assert built.library.is_file()


def test_the_newest_runtime_is_found(tmp_path, monkeypatch):
    series = runtime.VERSION
    monkeypatch.setattr(source, "checked_version", lambda archive, folder: archive.name[7:-7])
    for version in (f"{series}.9", f"{series}.10", f"{series}.2"):
        cpython.build_runtime(target.NATIVE, archive(tmp_path / "in", version))
    assert cpython.find(target.NATIVE).version == f"{series}.10"


def test_no_runtime():
    with pytest.raises(UsageError, match=f"there is no CPython {runtime.VERSION} for macOS arm64 here yet") as caught:
        cpython.find(target.ARM64)
    assert "runtime build --target macos-arm64" in caught.value.hint
    assert cpython.present(target.ARM64) is None


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [("none.tar.gz", None, "there is no such file"), ("text.tar.gz", b"text", "not an archive that can be unpacked")],
)
def test_what_is_no_archive(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=sentence):
        cpython.build_runtime(target.NATIVE, tmp_path / name)
    assert not list(store.folder().glob("*-*"))


def test_an_archive_of_something_else(tmp_path):
    path = tmp_path / "other.tar"
    with tarfile.open(path, "w") as tar:
        tar.addfile(tarfile.TarInfo("other/README"))
    with pytest.raises(UsageError, match="is not a source archive of CPython"):
        cpython.build_runtime(target.NATIVE, path)


def test_another_series(tmp_path):
    with pytest.raises(UsageError, match=f"is CPython 3.10.1, but this Python is {runtime.VERSION}"):
        cpython.build_runtime(target.NATIVE, archive(tmp_path / "in", "3.10.1"))


def test_a_build_that_fails_keeps_nothing(tmp_path):
    path = archive(tmp_path / "in", script="#!/bin/sh\necho 'configure: error: no compiler' >&2\nexit 1\n")
    with pytest.raises(BuildError, match=f"configuring CPython {VERSION} failed: configure: error: no compiler"):
        cpython.build_runtime(target.NATIVE, path)
    assert not list(store.folder().iterdir())


# ---- configure ----

SCRIPT = f"""
case "$host" in
*-*-linux*) ;;
*)
    {configure.REFUSED}
esac
ac_sys_release=
case "$host" in
*)
    MACHDEP="unknown"
    {configure.REFUSED}
esac
case `/usr/bin/arch` in
"""


def test_configure_accepts_macos():
    text = configure.patch(SCRIPT)
    assert "cross build not supported" not in text and "/usr/bin/arch" not in text
    assert text.index("ac_sys_system=Darwin") < text.index("ac_sys_release=21.0.0") < text.index("MACHDEP=darwin")


def test_a_configure_that_is_not_known():
    with pytest.raises(BuildError, match="is not one that tympan knows"):
        configure.patch("#!/bin/sh\n")


def test_modules_that_go_into_the_library():
    assert configure.modules(STDLIB) == "*static*\nmath mathmodule.c\n_struct _struct.c\n"


def test_what_is_younger_than_macos_12_is_left_out():
    lines = configure.site().splitlines()
    assert {"ac_cv_func_pipe2=no", "ac_cv_func_dup3=no", "ac_cv_func_mkfifoat=no"} <= set(lines)
    assert all(line.endswith("=no") for line in lines)


# ---- download ----


def pinned(monkeypatch, *rows):
    monkeypatch.setattr(pins, "PINS", rows)


def test_download_takes_the_first_that_can_be_had(tmp_path, monkeypatch):
    path = archive(tmp_path / "in")
    pinned(
        monkeypatch,
        (f"{runtime.VERSION}.99", "0" * 64, (tmp_path / "absent.tar.gz").as_uri()),
        (VERSION, source.sha256(path), path.as_uri()),
    )
    steps = []
    assert cpython.download(steps.append).read_bytes() == path.read_bytes()
    assert steps == [f"Downloading CPython {runtime.VERSION}.99", f"Downloading CPython {VERSION}"]


def test_download_of_something_else_is_refused(tmp_path, monkeypatch):
    path = archive(tmp_path / "in")
    pinned(monkeypatch, (VERSION, "0" * 64, path.as_uri()))
    with pytest.raises(UsageError, match="its SHA-256 is not 0000"):
        cpython.download(print)
    assert not list((tmp_path / "cache").rglob("*.tar.gz"))


def test_nothing_to_download(tmp_path, monkeypatch):
    pinned(monkeypatch, (f"{runtime.VERSION}.1", "0" * 64, (tmp_path / "absent").as_uri()))
    with pytest.raises(UsageError, match="could be downloaded"):
        cpython.download(print)
    pinned(monkeypatch)
    with pytest.raises(UsageError, match="is known to download"):
        cpython.download(print)


def test_pins_are_whole():
    for version, checksum, address in pins.PINS:
        assert len(checksum) == 64 and int(checksum, 16)
        assert address.startswith("https://") and version in address


# ---- the command ----


def test_command(tmp_path, capsys, monkeypatch):
    path = archive(tmp_path / "in")
    assert main(["runtime", "build", "--target", "native", "--source", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"CPython {VERSION} for native is in ")
    assert Path(out.split(" is in ")[1].strip()).is_dir()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["runtime", "build"], "one of the arguments --source --download is required"),
        (["runtime", "build", "--source", "x", "--target", "windows"], "there is no target 'windows'"),
        (["runtime", "build", "--source", "x.tar", "--target", "native"], "x.tar: there is no such file"),
        (["bundle", "x.pyx", "--target", "macos"], "there is no target 'macos'"),
    ],
)
def test_command_that_cannot_be(capsys, arguments, sentence):
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


@pytest.fixture
def programs(monkeypatch, tmp_path):
    """A folder that is all of the path, and no linker of PyPI's."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    target.linker_version.cache_clear()
    return tmp_path


def linker(folder, name, says="Debian LLD 22.1.8"):
    """A linker by this name."""
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / name).chmod(0o755)
    return (str(folder / name),)


def test_a_linker_that_is_missing(programs):
    with pytest.raises(UsageError, match=r"needs ld64\.lld here, of LLVM 16 or newer") as caught:
        target.linker()
    assert "install-system-packages" in caught.value.hint and "pip install" in caught.value.hint


def test_the_newest_linker_is_taken(programs):
    linker(programs, "ld64.lld")
    linker(programs, "ld64.lld-9")
    older = linker(programs, "ld64.lld-16")
    assert target.linker() == older
    newer = linker(programs, "ld64.lld-22")
    assert target.linker() == newer


def test_a_linker_without_a_number_in_its_name(programs):
    """Debian 12's is of LLVM 14, which would bind symbols late."""
    plain = linker(programs, "ld64.lld", "Debian LLD 14.0.6")
    with pytest.raises(UsageError, match="LLVM 16 or newer"):
        target.linker()
    target.linker_version.cache_clear()
    linker(programs, "ld64.lld", "LLD 16.0.0")
    assert target.linker() == plain


def test_pypis_linker(programs, monkeypatch):
    program = programs / "_mlir_libs" / "iree-lld"
    found = type("Spec", (), {"submodule_search_locations": [str(programs)]})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found)
    with pytest.raises(UsageError):
        target.linker()
    program.parent.mkdir()
    program.write_text("")
    assert target.linker() == (str(program), "-flavor", "darwin")


def test_a_compiler_that_is_missing(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    target.zig.cache_clear()
    with pytest.raises(UsageError, match="needs ziglang here, which is not installed") as caught:
        target.zig()
    assert "pip install ziglang" in caught.value.hint


def test_a_shared_library_is_not_for_another_system():
    with pytest.raises(UsageError, match="a bundle for macOS arm64 cannot carry the shared library"):
        runtime.choose("vendored", target.ARM64)


def test_the_key_changes_with_the_source(tmp_path):
    assert build.key(target.NATIVE, "a") != build.key(target.NATIVE, "b")
