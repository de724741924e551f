"""Every defect is found by its rule and by name; what is correct passes; and no rule is without a defect.

Three sources of defects, none of which shares a line with tympan's core: the subject
(subjects/defects.toml says which rule should name each), its doubles, each named after the rule
that it breaks (doubles/), and bundles that are wrong on disk (doubles/bundles.py).
"""

import os
import shutil
import sys

import pytest
from documents import ROOT
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
NOTHING = {subjects.VARIABLE: "", doubles.VARIABLE: ""}
BY_ID = {rule.id: rule for rule in CATALOGUE}
#: Every folder that is a project, so that a new example is checked too.
EXAMPLES = sorted(path.parent.name for path in ROOT.glob("examples/*/pyproject.toml"))
#: Rules about Mach-O files, which are tried on a description of one.
DESCRIBED = {"binary-type", *(rule.id for rule in CATALOGUE if rule.group.id == "macho")}


@pytest.fixture(scope="module")
def pool():
    """One worker process for the whole file."""
    with checks.Pool(1) as workers:
        yield workers


def found(pool, path, rule, environment):
    """The Result of one rule."""
    (result,) = checks.run_checks(path, [rule], environment={**NOTHING, **environment}, pool=pool)
    return result


def is_found(result, verdict):
    """Whether a driver's defect was seen: "failed" (a crash is as good), or "warning" and nothing worse."""
    expected = {"failed": (checks.FAILED, checks.CRASHED), "warning": (checks.WARNING,)}[verdict]
    return result.outcome in expected and result.fault == "driver"


def defects(folder):
    """{name: (bundle, rule, environment, verdict)} of all sources; what is wrong on disk is made in ``folder``."""
    rows = {name: (*subjects.subject(name), row["rule"], row["verdict"]) for name, row in SUBJECT.items()}
    found = {name: (path, rule, environment, verdict) for name, (path, environment, rule, verdict) in rows.items()}
    for name in DOUBLES:
        found[f"double {name}"] = doubles.bundle(), name, {doubles.VARIABLE: name}, verdict_of_double(name)
    for name, change in bundles.WRONG.items():
        found[f"bundle {name}"] = change(doubles.copy(folder / name)), name, {}, "failed"
    return found


def verdict_of_double(name):
    return "warning" if name in doubles.WARNINGS else "failed"


# ---- every defect, by its rule ----


@pytest.mark.parametrize("name", SUBJECT)
def test_the_rule_finds_the_defect(pool, name):
    path, environment = subjects.subject(name)
    result = found(pool, path, SUBJECT[name]["rule"], environment)
    assert is_found(result, SUBJECT[name]["verdict"]), (result, result.details)


@pytest.mark.parametrize("rule", DOUBLES)
def test_the_rule_finds_its_double(pool, rule):
    result = found(pool, doubles.bundle(), rule, {doubles.VARIABLE: rule})
    assert is_found(result, verdict_of_double(rule)), (result, result.details)


@pytest.mark.parametrize("rule", bundles.WRONG)
def test_the_rule_finds_the_wrong_bundle(pool, tmp_path, rule):
    assert found(pool, doubles.copy(tmp_path / "good"), rule, {}).outcome == "passed"
    wrong = bundles.WRONG[rule](doubles.copy(tmp_path / "wrong"))
    result = found(pool, wrong, rule, {})
    assert is_found(result, "failed"), (result, result.details)


class Slice:
    """What bundle.binary says of one architecture."""

    machine, exports, imports, libraries = "arm64", ["DoubleFactory"], [], []

    def __init__(self, kind):
        self.kind = kind


@pytest.mark.parametrize(("kind", "error"), [("BUNDLE", None), ("DYLIB", Warn), ("EXECUTE", Failure)])
def test_the_type_of_a_mach_o_file(monkeypatch, kind, error):
    from tympan.bundle import binary

    monkeypatch.setattr(binary, "read", lambda path: [Slice(kind)])
    judge, subject = BY_ID["binary-type"].judge, Subject(doubles.bundle())
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
    assert set(DOUBLES) >= doubles.WARNINGS


#: What the worker processes import before anything else: every rule is there, and looks at nothing.
SWITCHED_OFF = """
from tympan.testing.rules import CATALOGUE

for rule in CATALOGUE:
    rule.function = lambda subject: None
"""


def test_a_rule_that_is_switched_off_is_missed(tmp_path, monkeypatch):
    """Each test above tries one rule alone. With that one switched off nothing else finds its defect, so all of them
    are switched off here at once: each would fail."""
    (tmp_path / "sitecustomize.py").write_text(SWITCHED_OFF)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]))
    with checks.Pool(1) as pool:
        for name, (path, rule, environment, verdict) in defects(tmp_path).items():
            result = found(pool, path, rule, environment)
            assert result.outcome == checks.PASSED and not is_found(result, verdict), name


# ---- what is correct (the correct C drivers: test_subjects.py) ----


def assert_clean(report):
    assert [result for result in report if result.is_bad or result.outcome == checks.WARNING] == []
    assert report.exit_code(strict=True) == 0


def test_the_double_without_a_defect_has_everything_and_passes():
    report = checks.run_checks(doubles.bundle(), environment={doubles.VARIABLE: ""})
    assert_clean(report)
    skipped = {result.id for result in report.of(checks.SKIPPED) if result.rule.group.id != "macho"}  # it is ELF
    assert skipped == {"device-visible", "io-failed-start-leaves-no-trace"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_pass(tmp_path, name):
    from tympan.bundle import build_bundle

    assert_clean(checks.run_checks(build_bundle(ROOT / "examples" / name, tmp_path)))


def test_another_seed_finds_the_same(tmp_path):
    path = shutil.copytree(subjects.bundle("correct"), tmp_path / "Subject.driver")
    for seed in (1, 2):
        assert_clean(checks.run_checks(path, ["io", "audio", "clock"], seed=seed))


# ---- the whole catalogue on every defect ----


@pytest.mark.deep
@pytest.mark.parametrize("name", [*SUBJECT, *(f"double {name}" for name in DOUBLES)])
def test_the_whole_catalogue_finds_the_defect_and_blames_the_driver(pool, tmp_path, name):
    """Not only alone: no other rule's failure may hide it as its consequence."""
    path, rule, environment, verdict = defects(tmp_path)[name]
    report = checks.run_checks(path, environment={**NOTHING, **environment}, time_limit=20, pool=pool)
    assert [result for result in report if result.fault == "tool"] == []
    assert is_found(next(result for result in report if result.id == rule), verdict)
