"""The command line: help, exit codes, what is printed where. (Wrong drivers: test_bad_drivers.py.)"""

import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tympan import _cli

GAIN = Path(__file__).parents[1] / "examples" / "gain"


def run(capsys, *argv):
    """(exit code, stdout, stderr) of one command."""
    code = _cli.main([str(arg) for arg in argv])
    written = capsys.readouterr()
    return code, written.out, written.err


COMMANDS = (
    "bundle", "plist", "verify", "render", "check", "sign", "notarize", "package", "install", "uninstall", "doctor",
)  # fmt: skip


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        _cli.main([*command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "exit codes:" in text
    if not command:
        assert all(name in text for name in COMMANDS)


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ([], "error: the following arguments are required: COMMAND"),
        (["bundle"], "error: the following arguments are required: PATH"),
        (["bundle", "a", "b"], "error: unrecognized arguments: b"),
        (["bundle", "a", "--runtime", "other"], "error: argument --runtime: invalid choice: 'other'"),
        (["bundel"], "error: argument COMMAND: invalid choice: 'bundel'"),
        (["verify", "no.driver"], "error: no.driver: there is no such bundle"),
        (["plist", "no.pyx"], "error: no.pyx: there is no such file or folder"),
    ],
)
def test_bad_usage(argv, line, capsys):
    code, out, err = run(capsys, *argv)
    assert code == 2
    assert out == ""
    assert err.startswith(line)
    assert "Traceback" not in err


def test_bundle_then_verify(tmp_path, capsys):
    code, out, err = run(capsys, "bundle", GAIN, "--output", tmp_path)
    assert code == 0
    pattern = (
        r"Created (.+Gain\.driver) \((Linux|macOS) \w+, (static|vendored) CPython 3\.\d+\.\d+\S*, \d+\.\d MB, "
        r"exports TympanFactory, factory UUID [0-9A-F-]{36}\)\n"
    )
    found = re.fullmatch(pattern, out)
    assert found, out
    assert [line.split()[0] for line in err.splitlines()][-3:] == ["Linking", "Checking", "Verifying"]
    code, out, err = run(capsys, "verify", found[1])
    assert (code, err) == (0, "")
    assert out.startswith(f"{found[1]} is in order (")


def test_plist(tmp_path, capsys):
    code, out, _ = run(capsys, "plist", GAIN)
    assert code == 0
    assert plistlib.loads(out.encode())["CFBundleExecutable"] == "Gain"
    code, out2, _ = run(capsys, "plist", GAIN, "--output", tmp_path / "Info.plist")
    assert (code, out2) == (0, f"Created {tmp_path / 'Info.plist'}\n")
    assert (tmp_path / "Info.plist").read_text(encoding="utf-8") == out
    code, out, err = run(capsys, "plist", GAIN, "--output", tmp_path / "no" / "Info.plist")
    assert code == 2
    assert err.splitlines()[-1].startswith(f"error: {tmp_path / 'no' / 'Info.plist'}: ")


def test_verify_of_a_broken_bundle(tmp_path, capsys):
    run(capsys, "bundle", GAIN, "--output", tmp_path)
    bundle = tmp_path / "Gain.driver"
    binary = bundle / "Contents" / "MacOS" / "Gain"
    info = bundle / "Contents" / "Info.plist"
    binary.write_bytes(binary.read_bytes()[:100_000])
    code, _, err = run(capsys, "verify", bundle)
    assert (code, err) == (2, f"error: {binary} is damaged, so it cannot be loaded\n")
    info.write_bytes(info.read_bytes().replace(b"TympanFactory", b"OtherFactory"))
    shutil.rmtree(bundle / "Contents" / "MacOS")
    code, _, err = run(capsys, "verify", bundle)
    assert code == 1
    assert "names the executable Gain, which is not in Contents/MacOS" in err
    info.unlink()
    assert run(capsys, "verify", bundle)[0] == 2


def test_interrupt(monkeypatch, capsys):
    import tympan.bundle

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(tympan.bundle, "build_bundle", interrupted)
    assert run(capsys, "bundle", GAIN) == (130, "", "error: interrupted\n")


def test_progress_on_a_terminal(monkeypatch, tmp_path, capsys):
    """One line that changes; nothing of it stays."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    code, _, err = run(capsys, "plist", GAIN)
    assert code == 0
    assert "Reading gain.pyx\n" not in err


def test_hosted_command_whose_module_is_not_there(monkeypatch, capsys):
    monkeypatch.setitem(_cli.HOSTED, "render", ("tympan.testing._not_there", "x"))
    assert run(capsys, "render", "x") == (
        2,
        "",
        "error: render needs tympan.testing._not_there, which is not installed\n",
    )


def test_help_imports_no_compiler():
    """--help answers at once, also where the tools are broken."""
    code = "import sys; from tympan._cli import make_parser; make_parser(); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert not {"Cython", "lief", "numpy", "tympan.bundle", "tympan.testing"} & set(done.stdout.split())


@pytest.mark.parametrize("place", ["/proc/nowhere", "file"])
def test_a_cache_that_cannot_be_used(tmp_path, capsys, monkeypatch, place):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / place))
    assert _cli.main(["bundle", str(GAIN), "--output", str(tmp_path / "dist")]) == 2
    error = capsys.readouterr().err
    assert "cache folder" in error and "hint: Set XDG_CACHE_HOME" in error and "Traceback" not in error


def test_a_relative_cache_is_ignored(tmp_path, monkeypatch):
    from tympan.bundle import cache

    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder() == tmp_path / ".cache" / "tympan"
