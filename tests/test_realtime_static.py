"""The static realtime check: its answers, the core and the examples, bundles, and the time it takes."""

import json
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from made_checks import DRIVERS, GAIN

from tympan import _cli
from tympan._errors import BuildError
from tympan.bundle import build_bundle, cache, compile, toolchain
from tympan.bundle.project import find
from tympan.bundle.realtime import built, check_realtime, generated, image, release, render, unstripped, walk
from tympan.bundle.realtime.check import kept_name
from tympan.bundle.realtime.ctext import CText
from tympan.bundle.realtime.shipped import twin_name
from tympan.bundle.realtime.tables import ENTRIES

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*/*.pyx"))
MALLOC, GOOD = DRIVERS / "rt_bad_malloc.pyx", DRIVERS / "rt_good_memcpy.pyx"

#: The issue's limit for one check, start of Python not counted; a busy machine may stretch wall time, not this.
SECONDS = 2.0


# ---- the core and the examples ----


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_pass_with_nothing_left_open(path):
    report = check_realtime(path)
    assert [item.first_line for item in report.findings] == []
    (proof,) = report.proofs
    assert set(ENTRIES.values()) <= set(proof.roots)
    assert "open" not in proof.loops and "memory" not in proof.loops
    assert max(proof.stacks.values()) < 4096


def test_generated_code_of_the_core_is_clean():
    """Net (a) over the five entries themselves."""
    unit = built.core_unit("tympan._hal")
    text = CText(unit.c_path.read_text(encoding="utf-8"))
    roots = [f"__pyx_f_6tympan_7_hal_io_{name}" for name in ENTRIES.values()]
    known = {item.name: item for item in text.functions}
    assert set(roots) <= set(known)
    assert len(list(generated.reached(text, known, roots))) > 15, "the entries reach the inline functions of the core"
    assert generated.scan(text, roots) == []


def test_every_entry_and_process_io_is_a_root():
    roots = check_realtime(DRIVERS / "rt_good_call_up.pyx").proofs[0].roots
    assert roots[:5] == list(ENTRIES.values())
    assert {"Base.process_io", "CallUp.process_io", "Driver.process_io"} <= set(roots)


# ---- reports ----


def test_chain_leads_from_the_entry_to_the_offence():
    report = check_realtime(DRIVERS / "rt_bad_realloc_helper.pyx")
    (item,) = report.offences
    steps = [name for name, _, _ in item.chain]
    assert steps[0] == "DoIOOperation"
    assert steps[-3:] == ["ReallocHelper.process_io", "ReallocHelper.prepare", "grow"]
    assert item.chain[-1][1:] == item.place == ("rt_bad_realloc_helper.pyx", 9)
    text = render.as_text(report)
    assert text.splitlines()[0] == f"error: {item.first_line}"
    assert "\n    realloc\nhint: Allocate in initialize or start_io" in text
    assert report.exit_code == 1


def test_json_has_everything():
    data = json.loads(render.as_json(check_realtime(MALLOC)))
    assert data["ok"] is False
    (item,) = data["findings"]
    assert (item["net"], item["rule"], item["subject"]) == ("binary", "external", "malloc")
    assert item["chain"][-1] == {"function": "Malloc.process_io", "file": "rt_bad_malloc.pyx", "line": 20}
    assert data["proofs"][0]["externals"]["mach_absolute_time"]


def test_allowance_is_loud_and_counts_only_for_its_name():
    report = check_realtime(MALLOC, allow={"malloc": "only on the first cycle", "free": "not there"})
    assert report.ok and report.exit_code == 0
    text = render.as_text(report)
    assert text.startswith("ALLOWED malloc (only on the first cycle): rt_bad_malloc.pyx:20: ")
    assert "note: --allow free was not needed" in text
    assert not check_realtime(MALLOC, allow={"calloc": "another"}).ok
    assert check_realtime(MALLOC, allow={"malloc@rt_bad_malloc.pyx:20": "only here"}).ok
    assert not check_realtime(MALLOC, allow={"malloc@rt_bad_malloc.pyx:21": "elsewhere"}).ok


def test_strict_makes_what_was_not_proved_fail():
    assert check_realtime(DRIVERS / "rt_bad_division.pyx").exit_code == 0
    assert check_realtime(DRIVERS / "rt_bad_division.pyx", strict=True).exit_code == 1
    assert check_realtime(GOOD, strict=True).exit_code == 0


def test_limit_of_the_stack():
    report = check_realtime(DRIVERS / "rt_good_local_array.pyx", limit=4096)
    assert report.offences[0].rule == "stack"
    assert check_realtime(DRIVERS / "rt_good_local_array.pyx").ok


# ---- the command ----


def command(*argv):
    """The exit code of ``python -m tympan check --realtime``."""
    return _cli.main(["check", "--realtime", *map(str, argv)])


def test_command(capsys):
    assert command(GOOD) == 0
    assert "IO code reaches no allocation" in capsys.readouterr().out
    assert command(MALLOC, "--json") == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False
    assert command(MALLOC, "--allow", "malloc=it is a test") == 0
    assert capsys.readouterr().out.startswith("ALLOWED malloc (it is a test)")


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ([], "error: check --realtime needs a driver"),
        (["none.pyx"], "error: none.pyx: there is no such file or folder"),
        ([__file__], f"error: {__file__} is neither an ELF nor a Mach-O file"),
        ([MALLOC, "--allow", "malloc"], "error: --allow malloc: there is no reason"),
        ([MALLOC, "--allow", "malloc= "], "error: --allow malloc= : there is no reason"),
        ([MALLOC, "--allow", "=why"], "error: --allow =why: there is no reason"),
        ([DRIVERS / "bad_syntax.pyx"], "error: bad_syntax.pyx:"),
    ],
)
def test_bad_usage_is_one_sentence(argv, line, capsys):
    assert command(*argv) == (1 if "bad_syntax" in line else 2)
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(line)
    assert "Traceback" not in err


def test_options_of_the_static_check_need_it(capsys):
    assert _cli.main(["check", "--allow", "malloc=why", str(GOOD)]) == 2
    assert "needs --realtime" in capsys.readouterr().err


def test_help_says_what_the_exit_codes_mean(capsys):
    with pytest.raises(SystemExit):
        command("--help")
    text = capsys.readouterr().out
    assert "--allow NAME=REASON" in text
    assert all(code in text for code in ("  0  ", "  1  ", "  2  "))


def test_damaged_bundle(tmp_path, capsys):
    (tmp_path / "x.driver").mkdir()
    assert command(tmp_path / "x.driver") == 2
    assert "not a bundle that can be read" in capsys.readouterr().err


# ---- binaries that are shipped ----


def linked(name, tmp_path):
    """(what the driver is linked from, a copy of it linked with the core, with all its names)."""
    units = built.units_of(find(DRIVERS / name).inspect())
    path = tmp_path / "driver.so"
    shutil.copy(built.linked(units), path)
    return units, path


def test_release_checks_the_stripped_file_itself(tmp_path):
    units, path = linked("rt_good_other_object.pyx", tmp_path)
    (before,) = image.read(path)
    report = release(path, units, "Other.driver")
    (after,) = image.read(path)
    assert report.ok and not report.notes
    assert after.stripped and not before.stripped
    assert after.code_key() == before.code_key(), "stripping changes no instruction"
    assert "OtherObject.process_io" in report.proofs[0].roots, "names come from the cache"


def test_release_refuses_with_line_way_and_escape(tmp_path):
    units, path = linked("rt_bad_override.pyx", tmp_path)
    with pytest.raises(BuildError, match=r"^rt_bad_override.pyx:17: Growing.render calls malloc") as caught:
        release(path, units, "Override.driver")
    assert "DoIOOperation >" in caught.value.hint and "--allow malloc=REASON" in caught.value.hint
    said = []
    units, path = linked("rt_bad_override.pyx", tmp_path)
    release(path, units, "Override.driver", allow={"malloc": "a test"}, say=said.append)
    assert said == ["warning: NOT realtime-safe, but allowed (malloc: a test): " + str(caught.value)]


def test_release_keeps_what_the_generated_code_showed(tmp_path):
    units, path = linked("rt_bad_gil_helper.pyx", tmp_path)
    forget(path)
    with pytest.raises(BuildError, match="is declared `with gil`"):
        release(path, units, "GilHelper.driver")
    assert not any(map(Path.exists, kept_files(path))), "nothing is kept of what was refused"
    found = {item.subject: "a test" for item in check_realtime(DRIVERS / "rt_bad_gil_helper.pyx").offences}
    release(path, units, "GilHelper.driver", allow=found)
    assert {item.net for item in check_realtime(path).offences} == {"generated", "binary"}


def kept_files(path):
    """Where the cache keeps a binary's facts, and itself before it was stripped."""
    (part,) = image.read(path)
    return [cache.folder() / name for name in (kept_name(part), twin_name(part))]


def forget(path):
    """Take what earlier runs kept of a binary out of the cache."""
    for file in kept_files(path):
        file.unlink(missing_ok=True)


def test_unstripped_twin(tmp_path):
    """What names the frames of a bundle in a guard's report."""
    units, path = linked("rt_good_memcpy.pyx", tmp_path)
    (before,) = image.read(path)
    forget(path)
    assert unstripped(path) is None
    release(path, units, "Memcpy.driver")
    (twin,) = image.read(unstripped(path))
    assert image.read(path)[0].stripped and not twin.stripped
    assert twin.functions == before.functions


def test_binary_of_another_machine_proves_nothing_it_cannot_show(tmp_path):
    """No names, no kept facts, and no list of modules either: the check says so and fails."""
    units, path = linked("rt_good_memcpy.pyx", tmp_path)
    release(path, units, "Memcpy.driver")
    (part,) = image.read(path)
    with away(cache.folder() / kept_name(part)):
        report = check_realtime(path)
    assert [item.sentence for item in report.offences] == [walk.NOT_FOUND]
    assert any("was not made on this machine" in note for note in report.notes)


@contextmanager
def away(file):
    """The file is not there for a while."""
    elsewhere = file.with_suffix(".away")
    file.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(file)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A finished bundle, stripped, with an interpreter inside."""
    return build_bundle(GAIN, tmp_path_factory.mktemp("dist"))


def test_bundle_in_time(bundle):
    started = time.process_time()
    report = check_realtime(bundle)
    assert time.process_time() - started < SECONDS
    assert report.ok, render.as_text(report)
    assert len(report.proofs[0].functions) >= 8


def test_bundle_without_names_is_followed_along_its_module_list(bundle):
    """A bundle from elsewhere: entries and class tables are found in the code that fills them."""
    (part,) = image.read(next((bundle / "Contents" / "MacOS").iterdir()))
    assert part.stripped
    with away(cache.folder() / kept_name(part)):
        report = check_realtime(bundle)
    assert report.ok, render.as_text(report)
    names = [name for name, _ in report.proofs[0].functions]
    assert set(ENTRIES.values()) <= set(names)
    assert sum(bool(re.fullmatch(r"function at 0x[0-9a-f]+", name)) for name in names) >= 3, "process_io and its helper"


def test_bundle_has_a_twin_with_lines(bundle):
    twin = unstripped(bundle)
    (part,) = image.read(twin)
    assert not part.stripped
    assert twin.stat().st_size < next((bundle / "Contents" / "MacOS").iterdir()).stat().st_size
    if shutil.which("addr2line"):
        at = part.named["__pyx_f_4gain_4Gain_process_io"]
        said = toolchain.run(["addr2line", "-e", str(twin), hex(at)]).stdout
        assert re.search(r"/gain\.c:\d+", said)


def test_line_numbers_change_no_instruction(tmp_path):
    """Compiled with line numbers or without: the same code."""
    unit = built.driver_unit(find(GOOD).inspect())
    plain = tmp_path / "plain.o"
    compile.compile_c(unit.c_path, plain, "-g0", folders=[DRIVERS])
    listings = [toolchain.run(["objdump", "-d", str(path)]).stdout for path in (plain, unit.object_path)]
    code = [listing.partition("Disassembly")[2] for listing in listings]
    assert code[0] == code[1] != ""
