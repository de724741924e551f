"""Every defect is found by its rule and by name; what is correct passes; and no rule is without a defect.

Three sources of defects, none of which shares a line with tympan's core: the subject
(subjects/defects.toml says which rule should name each), its doubles, each named after the rule
that it breaks (doubles/), and bundles that are wrong on disk (doubles/bundles.py).
"""

import shutil
import sys
from pathlib import Path

import pytest
from doubles import build as doubles
from doubles import bundles
from subjects import build as subjects

from tympan.testing import checks
from tympan.testing.rules import CATALOGUE
from tympan.testing.rules._rule import Failure, Warn
from tympan.testing.rules._subject import Subject

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="the doubles need Linux's platform library")

SUBJECT = subjects.table()
DOUBLES = doubles.names()
BY_ID = {rule.id: rule for rule in CATALOGUE}
#: Rules about Mach-O files, which are tried on a description of one.
DESCRIBED = {"binary-type"}


@pytest.fixture(scope="module")
def pool():
    """One worker process for the whole file."""
    with checks.Pool(1) as workers:
        yield workers


def found(pool, path, rule, environment):
    """The Result of one rule."""
    nothing = {subjects.VARIABLE: "", doubles.VARIABLE: ""}
    (result,) = checks.run_checks(path, [rule], environment={**nothing, **environment}, pool=pool)
    return result


def is_found(result):
    """Whether a driver's defect was seen."""
    return result.outcome in (checks.FAILED, checks.CRASHED, checks.WARNING) and result.fault == "driver"


# ---- every defect, by its rule ----


@pytest.mark.parametrize("name", SUBJECT)
def test_the_rule_finds_the_defect(pool, name):
    path, environment = subjects.subject(name)
    result = found(pool, path, SUBJECT[name]["rule"], environment)
    assert is_found(result), (result, result.details)


@pytest.mark.parametrize("rule", DOUBLES)
def test_the_rule_finds_its_double(pool, rule):
    result = found(pool, doubles.bundle(), rule, {doubles.VARIABLE: rule})
    assert is_found(result), (result, result.details)


@pytest.mark.parametrize("rule", bundles.WRONG)
def test_the_rule_finds_the_wrong_bundle(pool, tmp_path, rule):
    assert found(pool, doubles.copy(tmp_path / "good"), rule, {}).outcome == "passed"
    wrong = bundles.WRONG[rule](doubles.copy(tmp_path / "wrong"))
    result = found(pool, wrong, rule, {})
    assert is_found(result), (result, result.details)


class Slice:
    """What bundle.binary says of one architecture."""

    machine, exports, imports, libraries = "arm64", ["DoubleFactory"], [], []

    def __init__(self, kind):
        self.kind = kind


@pytest.mark.parametrize(("kind", "error"), [("BUNDLE", None), ("DYLIB", Warn), ("EXECUTE", Failure)])
def test_the_type_of_a_mach_o_file(monkeypatch, kind, error):
    from tympan.bundle import binary

    monkeypatch.setattr(binary, "read", lambda path: [Slice(kind)])
    judge, subject = BY_ID["binary-type"].function, Subject(doubles.bundle())
    if error is None:
        judge(subject)
    else:
        with pytest.raises(error, match=kind) as caught:
            judge(subject)
        assert caught.type is error


# ---- no rule without a defect: switch one off, and its test above fails ----


def test_every_rule_has_a_defect_that_it_finds():
    covered = {row["rule"] for row in SUBJECT.values()} | set(DOUBLES) | set(bundles.WRONG) | DESCRIBED
    assert sorted(set(BY_ID) - covered) == []
    assert sorted(covered - set(BY_ID)) == []


# ---- what is correct ----


def assert_clean(report):
    assert [result for result in report if result.is_bad or result.outcome == checks.WARNING] == []
    assert report.exit_code(strict=True) == 0


def test_the_correct_drivers_pass():
    for name in ("correct", "minimal"):
        assert_clean(checks.run_checks(subjects.bundle(name)))


def test_the_double_without_a_defect_has_everything_and_passes():
    report = checks.run_checks(doubles.bundle(), environment={doubles.VARIABLE: ""})
    assert_clean(report)
    skipped = {result.id for result in report.of(checks.SKIPPED)}
    assert skipped == {"device-visible", "io-failed-start-leaves-no-trace"}


@pytest.mark.parametrize("name", ["gain", "lowpass", "minimal_loopback"])
def test_the_examples_pass(tmp_path, name):
    from tympan.bundle import build_bundle

    assert_clean(checks.run_checks(build_bundle(Path(__file__).parents[1] / "examples" / name, tmp_path)))


def test_another_seed_finds_the_same(tmp_path):
    path = shutil.copytree(subjects.bundle("correct"), tmp_path / "Subject.driver")
    for seed in (1, 2):
        assert_clean(checks.run_checks(path, ["io", "audio", "clock"], seed=seed))


# ---- the whole catalogue on every defect ----


@pytest.mark.deep
@pytest.mark.parametrize("name", SUBJECT)
def test_the_whole_catalogue_finds_the_defect_and_blames_the_driver(pool, name):
    path, environment = subjects.subject(name)
    report = checks.run_checks(path, environment=environment, time_limit=20, pool=pool)
    assert [result for result in report if result.fault == "tool"] == []
    assert is_found(next(result for result in report if result.id == SUBJECT[name]["rule"]))
