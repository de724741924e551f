"""`bundle` and the realtime check: what is refused, what is let pass and how loudly, and what is left behind."""

import shutil

import lief
import pytest
from made_checks import DRIVERS

from tympan import _cli
from tympan._errors import BuildError, UsageError
from tympan.bundle import build_bundle, project
from tympan.bundle.realtime import unstripped

MALLOC = DRIVERS / "rt_bad_malloc.pyx"
LINE = MALLOC.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# expect: binary ")
REASON = "the first cycle only"


@pytest.fixture
def folder(private_cache, tmp_path):
    """A project with a driver that allocates."""
    shutil.copy(MALLOC, tmp_path / MALLOC.name)
    return tmp_path


def settings(folder, text):
    """Write the project's pyproject.toml."""
    (folder / "pyproject.toml").write_text(f"[tool.tympan]\n[tool.tympan.realtime]\n{text}\n", encoding="utf-8")


def files(folder):
    """Everything in a folder, with its bytes."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_refused_driver_leaves_nothing_behind(folder):
    with pytest.raises(BuildError) as caught:
        build_bundle(folder, folder / "dist")
    assert str(caught.value) == LINE
    assert f"Malloc.process_io ({MALLOC.name}:20)" in caught.value.hint, "the way from the entry"
    assert "--allow malloc=REASON" in caught.value.hint
    assert files(folder / "dist") == {} and list((folder / "dist").iterdir()) == []


def test_refused_driver_leaves_the_older_bundle(folder):
    bundle, before = folder / "dist" / "Malloc.driver", {}
    build_bundle(folder, folder / "dist", allow={"malloc": REASON})
    before = files(bundle)
    with pytest.raises(BuildError):
        build_bundle(folder, folder / "dist")
    assert files(bundle) == before and list((folder / "dist").iterdir()) == [bundle]


def test_allowance_of_the_project_is_said_every_time(folder):
    settings(folder, f'allow = {{ malloc = "{REASON}" }}')
    for _ in range(2):
        said = []
        build_bundle(folder, folder / "dist", progress=said.append)
        assert f"warning: NOT realtime-safe, but allowed (malloc: {REASON}): {LINE}" in said


def test_allowance_of_the_command(folder, capsys):
    arguments = ["bundle", str(folder), "--output", str(folder / "dist")]
    assert _cli.main(arguments) == 1
    assert f"error: {LINE}" in capsys.readouterr().err
    assert _cli.main([*arguments, "--allow", f"malloc={REASON}", "--allow", "free=is not called"]) == 0
    said = capsys.readouterr().err
    assert f"warning: NOT realtime-safe, but allowed (malloc: {REASON}): {LINE}\n" in said
    assert "warning: nothing is allowed by 'free' any more: remove it\n" in said
    assert _cli.main([*arguments, "--allow", "malloc"]) == 2
    assert capsys.readouterr().err.startswith("error: --allow malloc: there is no reason")


def test_check_reads_the_project_too(folder, capsys):
    settings(folder, f'allow = {{ malloc = "{REASON}" }}')
    assert _cli.main(["check", "--realtime", str(folder)]) == 0
    assert f"ALLOWED malloc ({REASON}): {LINE}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    ["allow = true", 'allow = ["malloc"]', 'allow = { malloc = "" }', "allow = { malloc = true }", 'other = "x"'],
)
def test_settings_that_are_refused(text, folder):
    settings(folder, text)
    with pytest.raises(UsageError, match=r"\[tool.tympan.realtime\]") as caught:
        project.find(folder)
    assert caught.value.hint.startswith("Write allow = {")


def test_what_is_not_proved_is_said(private_cache, tmp_path):
    said = []
    bundle = build_bundle(DRIVERS / "rt_bad_division.pyx", tmp_path, progress=said.append)
    (warning,) = [line for line in said if line.startswith("warning: ")]
    assert "divides by a value that was not shown to differ from 0" in warning
    assert bundle.is_dir()


def test_shipped_binary_has_no_names_and_its_twin_has(gain):
    shipped = sections(gain / "Contents" / "MacOS" / "Gain")
    assert not shipped & {".symtab", ".debug_line", ".debug_info", "__debug_line"}
    twin = sections(unstripped(gain))
    assert {".symtab", ".debug_line"} <= twin or "__text" in twin


def sections(path):
    """The names of a binary's sections."""
    binary = lief.parse(str(path))
    return {section.name for section in binary.sections}
