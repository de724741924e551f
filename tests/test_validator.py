"""The validator's machinery: choosing, judging whose fault it is, and reporting.

Its processes are in test_validator_processes.py, what the rules find in test_validator_defects.py.
"""

import json
import plistlib
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from documents import ROOT, blocks
from subjects import build

from tympan import _cli
from tympan._errors import HostError, UsageError
from tympan.testing import _check_worker, _engine, checks
from tympan.testing.rules import CATALOGUE, GROUPS, _blame
from tympan.testing.rules._rule import Blocked, Failure, Rule, Skip, Warn, advise, require


@pytest.fixture(scope="module")
def pool():
    """Two worker processes for the whole file."""
    with checks.Pool(2) as workers:
        yield workers


def run(capsys, *argv):
    """(exit code, standard output, standard error) of ``check`` with these arguments."""
    code = _cli.main(["check", *map(str, argv)])
    written = capsys.readouterr()
    return code, written.out, written.err


# ---- the catalogue ----


def test_the_catalogue_is_large_and_grouped():
    assert len(CATALOGUE) >= 120
    assert {group.id for group in GROUPS} >= {
        "bundle", "factory", "objects", "plugin", "box", "device", "stream", "control", "clock-device", "protocol",
        "clock", "io", "configuration", "clients", "storage", "notifications", "realtime", "memory",
    }  # fmt: skip
    assert all(group.rules for group in GROUPS)


def test_every_rule_says_everything():
    assert len({rule.id for rule in CATALOGUE}) == len(CATALOGUE)
    for rule in CATALOGUE:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.id), rule.id
        assert rule.description.endswith(".") and rule.symptom.endswith((".", "\"")), rule.id
        assert 20 < len(rule.description) < 200 and 10 < len(rule.symptom) < 140, rule.id
        assert re.search(r"\b[BC]\d?", rule.reference), rule.id
        assert rule.description[:-1] not in {other.description[:-1] for other in CATALOGUE if other is not rule}


def test_groups_do_not_share_names_with_rules():
    assert not {group.id for group in GROUPS} & {rule.id for rule in CATALOGUE}


def test_choosing():
    assert checks.choose() == CATALOGUE
    clock = checks.choose(["clock"])
    assert clock == [rule for rule in CATALOGUE if rule.group.id == "clock"]
    assert [rule.id for rule in checks.choose(["clock-ra*", "io"], ["io-*"])] == ["clock-rate"]
    assert {rule.group.id for rule in checks.choose(["c*"], ["c?ock*"])} >= {"control", "configuration", "clients"}


@pytest.mark.parametrize("choice", [(["no-such-rule"], ()), ((), ["no-such-*"]), (["clock"], ["clock"])])
def test_choosing_nothing_is_bad_usage(choice):
    with pytest.raises(UsageError) as caught:
        checks.choose(*choice)
    assert caught.value.hint


# ---- what becomes of an exception ----


SEEDS = ["clock-new-seed-after-restart", "clock-new-seed-after-rate-change"]
RULE = next(rule for rule in CATALOGUE if rule.id == "clock-rate")


def host_error(text, rule=None):
    error = HostError(text)
    error.rule = rule
    return error


@pytest.mark.parametrize(
    ("error", "outcome", "fault", "blocked"),
    [
        (Failure("broken"), "failed", "driver", []),
        (Warn("not nice"), "warning", "driver", []),
        (Skip("no box"), "skipped", "", []),
        (Blocked("driver-loads", "NULL"), "failed", "driver", ["driver-loads"]),
        (Blocked("clock-rate", "itself"), "failed", "driver", []),
        (host_error("anything"), "failed", "driver", []),
        (host_error("slow", "stamp-rate"), "failed", "driver", []),
        (host_error("short", "stamp-spacing"), "failed", "driver", ["device-period", "clock-spacing", *SEEDS]),
        (host_error("filled", "unfilled"), "failed", "driver", ["io-read-fills"]),
        (host_error("aside", "secondary"), "failed", "driver", ["io-secondary-filled"]),
        (host_error("other channels", "channels"), "skipped", "", []),
        (UsageError("this client is running already"), "crashed", "tool", []),
        (ZeroDivisionError("division by zero"), "crashed", "tool", []),
    ],
)
def test_an_exception_becomes_an_outcome(error, outcome, fault, blocked):
    found = _check_worker.verdict(RULE, error)
    assert (found["outcome"], found.get("fault", ""), found.get("blocked", [])) == (outcome, fault, blocked)


def test_every_fault_of_the_engine_has_somebody_to_blame():
    """The guard's ("realtime") says itself whose it is, and the rules that guard collect it."""
    assert set(_engine.FAULTS) - {None, "realtime"} == set(_blame._FAULTS) | _blame.NOBODYS
    named = {rule for firsts, seekers in _blame._FAULTS.values() for rule in firsts + seekers}
    named |= {rule for _, rules in _blame._SENTENCES for rule in rules} | {*_blame.DAMAGE, *_blame.LOCKS}
    assert sorted(named - {rule.id for rule in CATALOGUE}) == []


def test_the_blamed_rule_keeps_the_fault():
    rule = next(rule for rule in CATALOGUE if rule.id == "io-secondary-filled")
    assert _check_worker.verdict(rule, host_error("aside", "secondary")).get("blocked") == []


def judged(function):
    """What ``judge`` makes of a rule's function."""
    rule = Rule(RULE.group, "made-up", "", "", "", "", False, function)
    try:
        rule.judge(None)
    except (Failure, Skip) as error:
        return type(error).__name__, str(error)
    return "passed", ""


def _advises_then_fails(_):
    advise(False, "not nice")
    require(False, "broken")


def _advises_twice(_):
    advise(True, "fine")
    advise(False, "not nice")
    advise(False, "not nice either")


def _advises_then_skips(_):
    advise(False, "not nice")
    raise Skip("nothing else to try")


def test_advice_hides_nothing_worse():
    assert judged(_advises_then_fails) == ("Failure", "broken")
    assert judged(_advises_twice) == judged(_advises_then_skips) == ("Warn", "not nice")
    assert judged(lambda subject: None) == ("passed", "")


def test_a_fault_of_the_tool_has_its_traceback_and_an_exit_code():
    found = _check_worker.verdict(RULE, ZeroDivisionError("division by zero"))
    assert "Traceback" in found["details"] or "ZeroDivisionError" in found["details"]
    good, bad = checks.Result(CATALOGUE[0], "failed"), checks.Result(RULE, seconds=0.0, **found)
    assert checks.Report("x", 0, [good, bad], 0.0).exit_code() == 3
    assert checks.Report("x", 0, [good], 0.0).exit_code() == 1


def test_blocked_rules_are_skipped_only_when_the_cause_is_found():
    def report(cause):
        results = [checks.Result(RULE, cause), checks.Result(CATALOGUE[0], "failed", blocked=["clock-rate"])]
        checks._unblock(results)
        return results[1]

    assert report("failed").outcome == "skipped" and report("failed").message == "stopped by clock-rate"
    assert report("passed").outcome == "failed"
    assert report("warning").outcome == "failed"


def test_what_stops_a_rule_stops_others():
    def result(number, outcome, *blocked):
        return checks.Result(CATALOGUE[number], outcome, blocked=[CATALOGUE[cause].id for cause in blocked])

    chain = [result(3, "failed", 2), result(2, "failed", 9, 1), result(1, "failed", 0), result(0, "failed")]
    checks._unblock(chain)
    assert [one.outcome for one in chain] == ["skipped", "skipped", "skipped", "failed"]
    assert {one.message for one in chain[:3]} == {f"stopped by {CATALOGUE[0].id}"}
    circle = [result(3, "failed", 2), result(2, "failed", 3), result(1, "failed", 1)]
    checks._unblock(circle)
    assert [one.outcome for one in circle] == ["failed"] * 3


# ---- the pages ----


def test_the_page_of_rules_is_current():
    command = [sys.executable, "tools/generate_rules.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_page_about_checking(tmp_path):
    """Its commands for a driver that is not tympan's, with one in plain C."""
    info = (build.bundle("minimal") / "Contents" / "Info.plist").read_bytes()
    (tmp_path / "mine.c").write_text(f'#include "{ROOT}/tests/subjects/minimal/tone.c"\n')
    (tmp_path / "Info.plist").write_bytes(info.replace(b"<string>Tone</string>", b"<string>Mine</string>"))
    (tmp_path / "tympan").symlink_to(ROOT / "tympan")
    *build_it, check = blocks("docs/checking.md", "sh")[1].splitlines()
    script = " && ".join(["umask 022", *build_it]).replace(" -o ", " -lm -o ")
    subprocess.run(script, shell=True, cwd=tmp_path, check=True)
    assert check == "python -m tympan check Mine.driver"
    assert checks.run_checks(tmp_path / "Mine.driver", ["bundle", "factory"]).exit_code() == 0


# ---- the command ----


def test_list(capsys):
    code, out, _ = run(capsys, "--list")
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    assert (code, listed) == (0, [rule.id for rule in CATALOGUE])
    code, out, _ = run(capsys, "--list", "--details", "--include", "device-period")
    assert code == 0 and "at least 10,923 frames" in out
    assert "if broken: Glitches and drift" in out and "met in: SoundPusher" in out and "see: hal-protocol B3" in out


def test_a_good_driver(capsys):
    code, out, err = run(capsys, build.bundle("minimal"), "--include", "plugin", "--include", "objects")
    assert (code, err) == (0, "")
    assert re.search(r"^plugin +\d+ passed", out, re.MULTILINE)
    assert re.fullmatch(r"\d+ rules: \d+ passed, \d+ skipped, in \d+\.\d s", out.splitlines()[-1])


def test_a_bad_driver(capsys, monkeypatch):
    path, environment = build.subject("period-too-small")
    monkeypatch.setenv(*next(iter(environment.items())))
    chosen = ["--include", "device", "--include", "io-starts"]
    code, out, _ = run(capsys, path, *chosen)
    assert code == 1
    first, *rest = out[out.index("FAILED") :].splitlines()
    assert first == "FAILED  device-period"
    assert rest[0] == "    'ring' of device 3 is 8000"
    assert "    users see: Glitches and drift; large buffers are refused." in rest
    assert "    see: hal-protocol B3" in rest
    code, out, _ = run(capsys, path, *chosen, "--only-failed")
    assert code == 1 and out.startswith("FAILED  device-period") and "passed" in out.splitlines()[-1]


def test_strict(capsys, monkeypatch):
    path, environment = build.subject("storage-not-written")
    monkeypatch.setenv(*next(iter(environment.items())))
    chosen = [path, "--include", "box-acquisition-persists"]
    assert run(capsys, *chosen)[0] == 0
    code, out, _ = run(capsys, *chosen, "--strict")
    assert code == 1 and "warning  box-acquisition-persists" in out
    code, out, _ = run(capsys, *chosen, "--strict", "--only-failed")
    assert code == 1 and "warning  box-acquisition-persists" in out, "what fails is shown"
    assert "warning  box" not in run(capsys, *chosen, "--only-failed")[1]


def test_json(capsys, tmp_path):
    code, out, _ = run(capsys, build.bundle("minimal"), "--include", "io-starts", "--include", "box-uid", "--json")
    found = json.loads(out)
    assert code == found["exit_code"] == 0
    assert found["counts"] == {"passed": 1, "failed": 0, "crashed": 0, "warning": 0, "skipped": 1}
    assert found["seed"] == 0 and found["driver"].endswith("Tone.driver")
    by_id = {row["id"]: row for row in found["rules"]}
    assert by_id["io-starts"]["outcome"] == "passed" and by_id["io-starts"]["group"] == "starting"
    assert by_id["box-uid"]["message"] == "the plug-in has no box"
    assert set(by_id["io-starts"]) == {
        "id", "group", "outcome", "fault", "message", "hint", "seconds", "description", "symptom", "field",
        "reference", "details",
    }  # fmt: skip
    code, out, _ = run(capsys, build.bundle("minimal"), "--include", "io-starts", "--json", tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text())["rules"][0]["id"] == "io-starts" and "1 rules" in out


def test_json_before_the_driver(capsys):
    code, out, _ = run(capsys, "--include", "io-starts", "--json", build.bundle("minimal"))
    assert code == 0 and json.loads(out)["counts"]["passed"] == 1


def test_junit(capsys, tmp_path, monkeypatch):
    path, environment = build.subject("null-cycle-crashes")
    monkeypatch.setenv(*next(iter(environment.items())))
    file = tmp_path / "r.xml"
    code, _, _ = run(capsys, path, "--include", "io-null*", "--include", "slider-range", "--junit", file)
    suites = {suite.get("name"): suite for suite in ElementTree.parse(file).getroot()}
    assert code == 1 and set(suites) == {"io", "control"}
    io = suites["io"]
    assert (io.get("tests"), io.get("errors"), io.get("failures")) == ("3", "1", "0")
    error = io.find("testcase[@name='io-null-cycle-info']/error")
    assert error.get("type") == "driver" and "SIGSEGV" in error.get("message")
    assert suites["control"].find("testcase/skipped").get("message") == "the plug-in has no slider control"


def test_help_documents_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        _cli.main(["check", "--help"])
    text = capsys.readouterr().out
    assert all(f"\n  {code}  " in text for code in (0, 1, 2, 3))
    options = "--list --include --exclude --only-failed --strict --json --junit --seed --jobs --time-limit --realtime"
    assert all(option in text for option in options.split())


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ([], "error: check needs a driver"),
        (["no.driver"], "error: no.driver does not exist"),
        ([__file__], f"error: {__file__} is not a bundle but a file"),
        (["X", "--jobs", "0"], "error: argument --jobs: '0' is no whole number from 1 on"),
        (["X", "--jobs", "many"], "error: argument --jobs: 'many' is no whole number from 1 on"),
        (["X", "--time-limit", "-1"], "error: argument --time-limit: '-1' is no number of seconds above 0"),
        (["X", "--time-limit", "nan"], "error: argument --time-limit: 'nan' is no number of seconds above 0"),
        (["X", "--junit", "nowhere/r.xml"], "error: the folder of nowhere/r.xml does not exist"),
        (["X", "--allow", "malloc=why"], "error: --allow needs --realtime"),
    ],
)
def test_bad_usage(argv, line, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith(line) and "Traceback" not in err


def without_binary(folder):
    path = build.copy("minimal", folder)
    (path / "Contents" / "MacOS" / "Tone").unlink()
    return path, ["bundle-executable"]


def with_text_for_a_binary(folder):
    path = build.copy("minimal", folder)
    (path / "Contents" / "MacOS" / "Tone").write_text("hello")
    return path, ["binary-loads"]


def of_another_kind(folder):
    """A folder that is some other bundle: an application's, without a factory."""
    info = {"CFBundleExecutable": "App", "CFBundleIdentifier": "org.tympan.app", "CFBundlePackageType": "APPL"}
    (folder / "Other.app" / "Contents" / "MacOS").mkdir(parents=True)
    (folder / "Other.app" / "Contents" / "Info.plist").write_bytes(plistlib.dumps(info))
    return folder / "Other.app", ["bundle-keys", "bundle-package-type", "bundle-suffix", "bundle-factory-registered",
                                  "bundle-executable"]  # fmt: skip


def with_factory(folder, body):
    """A bundle whose factory does only this."""
    path = build.copy("minimal", folder)
    source = f'__attribute__((visibility("default"))) void *ToneFactory(void *a, void *b) {{ {body} }}'
    (folder / "factory.c").write_text(source)
    binary = path / "Contents" / "MacOS" / "Tone"
    build.run(build.compiler(), *build.LINK, "-fPIC", folder / "factory.c", "-o", binary, cwd=folder)
    return path


def whose_factory_answers_null(folder):
    return with_factory(folder, "(void)a, (void)b; return 0;"), ["factory-makes-driver"]


def whose_factory_crashes(folder):
    crash = "(void)a, (void)b; return (void *)(long)*(volatile int *)8;"
    return with_factory(folder, crash), ["factory-makes-driver"]


GARBAGE = [without_binary, with_text_for_a_binary, of_another_kind, whose_factory_answers_null, whose_factory_crashes]


@pytest.mark.parametrize("make", GARBAGE)
def test_garbage_is_named_once(tmp_path, pool, make):
    """By the rules that are about it: the hundreds that need a driver are skipped."""
    path, wrong = make(tmp_path)
    chosen = ["bundle", "factory-makes-driver", "driver-loads", "table-complete", "clock-r*", "io-null-buffer",
              "release-below-zero", "initialize-null-host"]  # fmt: skip
    report = checks.run_checks(path, chosen, pool=pool)
    assert [result.id for result in report if result.is_bad] == wrong
    assert report.exit_code() == 1 and {result.fault for result in report if result.is_bad} == {"driver"}


def test_a_folder_without_info_is_bad_usage(tmp_path, capsys):
    (tmp_path / "X.driver").mkdir()
    code, _, err = run(capsys, tmp_path / "X.driver")
    assert code == 2 and "has no Contents/Info.plist" in err


def test_progress_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    code, out, _ = run(capsys, build.bundle("minimal"), "--include", "io-starts")
    assert code == 0 and out.splitlines()[-1].startswith("1 rules: 1 passed")
