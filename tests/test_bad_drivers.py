"""Bad input gets one exact sentence and an exit code; each driver's first line says which."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tympan import _cli
from tympan._errors import UsageError

DRIVERS = Path(__file__).parent / "drivers"
GOOD = Path(__file__).parents[1] / "examples" / "gain" / "gain.pyx"


def expected(path):
    """The sentence after ``# expect:`` of a driver that must not become a bundle."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.removeprefix("# expect: ") if first.startswith(f"# expect: error: {path.name}") else None


CASES = [path.name for path in sorted(DRIVERS.glob("bad_*.pyx")) if expected(path)]


def failure(capsys, *argv):
    """(exit code, first error line, hint) of a command that fails."""
    code = _cli.main([str(arg) for arg in argv])
    written = capsys.readouterr().err
    assert "Traceback" not in written
    lines = written.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("error: "))
    assert all(line.startswith("hint: ") for line in lines[start + 1 :]), "one sentence and one hint, no more"
    return code, lines[start], "".join(lines[start + 1 :]).removeprefix("hint: ")


def static_or_skip():
    from tympan.bundle import runtime

    try:
        runtime.choose("static")
    except UsageError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", CASES)
def test_driver_is_refused(name, monkeypatch, tmp_path, capsys):
    if name == "bad_module.pyx":
        static_or_skip()
    monkeypatch.chdir(DRIVERS)
    kind = "static" if name == "bad_module.pyx" else "auto"
    code, line, _ = failure(capsys, "bundle", name, "--output", tmp_path / "dist", "--runtime", kind)
    assert line == expected(DRIVERS / name)
    assert code == 1
    assert not list(tmp_path.rglob("*")), "a failed build leaves nothing behind"


def test_every_rule_has_its_driver():
    """The sentences a person meets most; a renamed file must not silently drop one."""
    must = {"no_driver", "two_drivers", "plain_class", "misspelt_process_io", "no_noexcept", "import", "module"}
    must |= {"uid", "channels", "streams"}
    assert must <= {name.removeprefix("bad_").removesuffix(".pyx") for name in CASES}


def test_vendored_runtime_takes_what_static_refuses(monkeypatch):
    """The hint of bad_module is true: a vendored runtime has extension modules."""
    from tympan.bundle import imports, project, runtime

    try:
        vendored = runtime.choose("vendored")
    except UsageError as error:
        pytest.skip(str(error))
    source = project.find(DRIVERS / "bad_module.pyx").inspect()
    source.imports = [item for item in source.imports if item.name != "ctypes"]
    source.imports += [type(item)("math", 1, "must") for item in source.imports[:1]]
    assert imports.collect(source, vendored).files or "math" in vendored.builtins


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nothing.pyx", "error: nothing.pyx: there is no such file or folder"),
        ("notes.txt", "error: notes.txt is not a .pyx file"),
        ("empty", "error: empty: there is no .pyx file in this folder"),
        ("old.driver", "error: old.driver is a bundle already"),
        ("two", "error: two: more than one driver: first.pyx, second.pyx"),
        ("none", "error: none: no driver in any of one.pyx, two.pyx"),
        ("json.pyx", "error: json.pyx: 'json' is the name of a module of Python or tympan"),
        ("_gain.pyx", "error: _gain.pyx: '_gain' cannot be a module name"),
        ("my-gain.pyx", "error: my-gain.pyx: 'my-gain' cannot be a module name"),
    ],
)
def test_path_is_refused(name, line, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").touch()
    for folder in ("empty", "old.driver", "two", "none"):
        Path(folder).mkdir()
    for target in ("json.pyx", "_gain.pyx", "my-gain.pyx", "two/first.pyx", "two/second.pyx"):
        shutil.copy(GOOD, target)
    for target in ("none/one.pyx", "none/two.pyx"):
        shutil.copy(DRIVERS / "bad_no_driver.pyx", target)
    assert failure(capsys, "bundle", name)[:2] == (2, line)


def test_binary_source_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    Path("gain.pyx").write_bytes(b"\xff\xfe\x00gain")
    assert failure(capsys, "bundle", "gain.pyx")[:2] == (1, "error: gain.pyx: not a UTF-8 text file")
    Path("gain.pyx").write_bytes(b"gain\x00")
    assert failure(capsys, "bundle", "gain.pyx")[:2] == (1, "error: gain.pyx: not a text file")
    Path("gain.pyx").write_bytes(b"")
    assert failure(capsys, "bundle", "gain.pyx")[:2] == (1, "error: gain.pyx: no driver in this file")


def test_missing_compiler(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CC", "no-such-compiler")
    code, line, hint = failure(capsys, "bundle", GOOD, "--output", tmp_path)
    assert (code, line) == (2, "error: there is no C compiler: no-such-compiler was not found")
    assert "CC" in hint


def test_python_without_headers(monkeypatch, tmp_path, capsys):
    from tympan.bundle import toolchain

    monkeypatch.setattr(toolchain.sysconfig, "get_path", lambda name: str(tmp_path))
    code, line, hint = failure(capsys, "bundle", GOOD, "--output", tmp_path)
    assert (code, line) == (2, f"error: {sys.executable} has no C headers: Python.h was not found")
    assert "python3-dev" in hint


def test_broken_compiler(monkeypatch, tmp_path, capsys):
    broken = tmp_path / "broken-cc"
    broken.write_text("#!/bin/sh\necho 'gain.c:1:1: fatal error: out of luck' >&2\nexit 1\n", encoding="ascii")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    code, line, _ = failure(capsys, "bundle", GOOD, "--output", tmp_path / "dist")
    assert (code, line) == (1, "error: compiling gain.c failed: gain.c:1:1: fatal error: out of luck")


def test_place_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "dist").touch()
    code, line, _ = failure(capsys, "bundle", GOOD, "--output", tmp_path / "dist")
    assert (code, line) == (2, f"error: {tmp_path / 'dist'} is there and is not a folder")


def test_something_else_is_in_the_way(tmp_path, capsys):
    (tmp_path / "Gain.driver").mkdir()
    (tmp_path / "Gain.driver" / "letter.txt").touch()
    code, line, _ = failure(capsys, "bundle", GOOD, "--output", tmp_path)
    assert (code, line) == (2, f"error: {tmp_path / 'Gain.driver'} is there and is not a bundle")
    assert (tmp_path / "Gain.driver" / "letter.txt").exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[tool.tympan]\nclas = "Gain"', "[tool.tympan] has no key 'clas'"),
        ("[tool.tympan]\nclass = 3", "[tool.tympan] class must be text, not 3"),
        ('[tool.tympan]\nbundle-id = "gain"', "[tool.tympan] bundle-id = 'gain' is not an identifier in reverse DNS"),
        ('[tool.tympan]\nfactory-uuid = "12"', "[tool.tympan] factory-uuid = '12' is not a UUID"),
        ('[tool.tympan]\nfactory = "a b"', "[tool.tympan] factory = 'a b' is not usable as the name of a C function"),
        ('[tool.tympan]\nname = "a/b"', "[tool.tympan] name = 'a/b' is not usable as a file name"),
        ('[tool.tympan]\ndriver = "other.pyx"', "driver = 'other.pyx' is not a .pyx file"),
        ("[tool.tympan", "not readable as TOML"),
    ],
)
def test_settings_are_refused(text, line, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(GOOD, "gain.pyx")
    Path("pyproject.toml").write_text(text, encoding="utf-8")
    code, first, _ = failure(capsys, "bundle", ".")
    assert code == 2
    assert first.startswith("error: pyproject.toml: ")
    assert line in first


def test_setting_names_no_class(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(GOOD, "gain.pyx")
    Path("pyproject.toml").write_text('[tool.tympan]\nclass = "Gian"', encoding="utf-8")
    code, line, hint = failure(capsys, "bundle", ".")
    assert (code, line) == (2, "error: gain.pyx: there is no cdef class Gian")
    assert "Gain" in hint


def test_whole_command_in_a_process_of_its_own(tmp_path):
    command = [sys.executable, "-m", "tympan", "bundle", "bad_uid.pyx", "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=DRIVERS, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert expected(DRIVERS / "bad_uid.pyx") in done.stderr.splitlines()
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
