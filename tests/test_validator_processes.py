"""The validator's processes: what dies, hangs or exits is a result, with somebody whose fault it is."""

import os
import signal
import subprocess
import sys

import pytest
from documents import ROOT
from subjects import build

from tympan.testing import _check_crash, _check_run, _check_worker, checks


@pytest.fixture(scope="module")
def pool():
    """Two worker processes for the whole file."""
    with checks.Pool(2) as workers:
        yield workers


def defective(pool, name, *include, **options):
    """A Report on the subject with one defect."""
    path, environment = build.subject(name)
    return checks.run_checks(path, include, environment=environment, pool=pool, **options)


def stack(*frames, thread="7", number="11"):
    return [f"signal\t{thread}\t{number}", *(f"frame\t{thread}\t{image}\t{name}\t0x1" for image, name in frames), "end"]


DRIVER, TOOL = "/d/X.driver/Contents/MacOS/X", "/t/tympan/testing/_host.cpython-311.so"
LIBC, PLATFORM = "/lib/x86_64-linux-gnu/libc.so.6", "/t/tympan/testing/_platform.cpython-311.so"


@pytest.mark.parametrize(
    ("lines", "late", "fault", "words"),
    [
        (stack((LIBC, "memcpy"), (DRIVER, "render"), (TOOL, "")), False, "driver", "SIGSEGV in the driver: render+0x1"),
        (stack((PLATFORM, "CFRelease"), (DRIVER, "f")), False, "driver", "in the driver: f"),
        (stack((TOOL, "x"), (LIBC, "y")), False, "tool", "in the tool: x"),
        (stack(("", ""), (TOOL, "call")), False, "driver", "in the driver"),
        (stack((LIBC, "abort"), (LIBC, "free"), (TOOL, "x")), False, "unclear", "in no code of the driver's"),
        ([], False, "unclear", "SIGSEGV in no code"),
        (stack((LIBC, "malloc"), (TOOL, "x")), True, "tool", "it waits in the tool: x"),
        (stack((LIBC, "futex"), (TOOL, "x")), True, "tool", "did not end within 3 s; it waits in the tool"),
        (
            stack((LIBC, "futex"), (TOOL, "x")) + stack((LIBC, "lock"), (DRIVER, "set"), thread="8"),
            True,
            "driver",
            "it waits in the driver: set",
        ),
    ],
)
def test_whose_fault_a_crash_is(lines, late, fault, words):
    found = _check_crash.explain(-signal.SIGSEGV, late, 3.0, lines, "/d/X.driver", "")
    assert found["fault"] == fault
    assert words in found["message"]


@pytest.mark.parametrize(("code", "fault"), [(0, "driver"), (1, "driver"), (_check_worker.TOOL_FAILED, "tool")])
def test_whose_fault_an_exit_is(code, fault):
    """A driver that calls exit(), or the worker's own failure."""
    found = _check_crash.explain(code, False, 3.0, [], "/d/X.driver", "")
    assert (found["fault"], found["message"]) == (fault, f"the process was ended with the exit code {code}")


class Clock:
    """A ProcessTime that says what it is told."""

    def __init__(self, *passed):
        self.passed = iter(passed).__next__


def test_a_rule_has_the_time_that_its_process_had():
    """A machine that is busy with other things makes no driver late."""
    watch = _check_run.Watch("x", 1.0)
    watch.clock = Clock(5.0, 0.0, 0.6, 0.0, 0.5)
    watch.take({"event": "rule", "id": "one"})
    assert [watch.is_over(0.0) for _ in range(4)] == [False, False, False, True]
    watch.clock = Clock(9.0, 0.5)
    watch.take({"event": "rule", "id": "another"})
    assert not watch.is_over(0.0)


def test_a_crash_is_a_result_of_its_rule_and_the_rest_goes_on(pool):
    report = defective(pool, "null-cycle-crashes", "io")
    outcomes = {result.id: result.outcome for result in report}
    crashed = report.of(checks.CRASHED)
    assert [result.id for result in crashed] == ["io-null-cycle-info"]
    assert crashed[0].fault == "driver" and crashed[0].message.startswith("SIGSEGV (DoIOOperation for '")
    assert "subject_do" in crashed[0].details or "Subject" in crashed[0].details
    assert len(outcomes) == len(checks.choose(["io"])) and outcomes["io-while-stopped"] == "passed"
    assert report.exit_code() == 1


def test_a_crash_in_the_middle_of_a_group(pool):
    """The rules after it are tried in a new process."""
    report = defective(pool, "client-without-bundle-crashes", "io", "clients")
    outcomes = [result.outcome for result in report]
    first = outcomes.index(checks.CRASHED)
    assert checks.PASSED in outcomes[first:]
    assert {result.fault for result in report.of(checks.CRASHED)} == {"driver"}


def test_a_rule_that_takes_too_long(pool, monkeypatch):
    """A process is asked for its stacks, then killed; here the rule is only slow, and by the tool's own doing."""
    monkeypatch.setattr(_check_run, "_GRACE", 1.0)
    report = checks.run_checks(build.bundle("correct"), ["idle-driver-sleeps"], time_limit=0.05, pool=pool)
    (result,) = report
    assert (result.outcome, result.fault) == ("crashed", "tool")
    assert result.message.startswith("did not end within 0.05 s")
    assert report.exit_code() == 3


def test_a_driver_that_waits_for_itself(pool):
    (result,) = defective(pool, "notifies-under-lock", "notified-without-lock")
    assert (result.outcome, result.fault) == ("failed", "driver")
    assert "holds a lock" in result.message or "did not return" in result.message


def test_a_driver_with_one_life_only(pool):
    """It gets a process for each rule, and fails the one that says so."""
    report = defective(pool, "second-life-fails", "factory", "plugin")
    assert {result.id for result in report if result.is_bad} >= {"second-life"}
    assert all(result.outcome in ("passed", "skipped") for result in report if result.rule.group.id == "plugin")


def test_a_driver_that_does_not_load(pool):
    report = defective(pool, "storage-must-exist", "factory", "clock")
    outcomes = {result.id: result for result in report}
    assert outcomes["driver-loads"].outcome == "failed"
    assert outcomes["clock-rate"].outcome == "skipped"
    assert outcomes["clock-rate"].message == "stopped by driver-loads"
    assert outcomes["factory-foreign-type"].outcome == "passed"


def test_one_job_finds_what_two_find():
    path, environment = build.subject("stamp-moves")
    one, two = (
        checks.run_checks(path, ["clock", "objects"], jobs=jobs, environment=environment) for jobs in (1, 2)
    )
    assert [(r.id, r.outcome) for r in one] == [(r.id, r.outcome) for r in two]


def test_without_fork():
    """As on macOS: a worker process for each job, and a new one after a crash; known from a process's start."""
    code = """
import sys
from subjects import build
from tympan.testing import checks
path, environment = build.subject("null-cycle-crashes")
report = checks.run_checks(path, ["io-null*", "plugin", "io-in-place"], jobs=1, environment=environment)
print(*(f"{result.id}={result.outcome}" for result in report))
"""
    environment = {**os.environ, "TYMPAN_NO_FORK": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT / "tests", env=environment, capture_output=True, text=True)
    outcomes = dict(pair.split("=") for pair in done.stdout.split())
    assert outcomes.pop("io-null-cycle-info") == "crashed", done.stderr
    assert set(outcomes.values()) == {"passed"} and len(outcomes) == 11
