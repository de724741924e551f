"""A catalogue of rules that a driver must keep, and the run that tries each.

``run_checks(path)`` loads a ``.driver`` in the simulated HAL and answers a list of
Result. The rules are hal-protocol parts B, C5 and C7 for plug-in, device and
stream; boxes, controls and clock devices are not covered yet.
"""

from contextlib import contextmanager

from tympan._errors import TympanError, UsageError
from tympan.testing import _loader
from tympan.testing._rules import CATALOGUE, Failure, Skip, Warn
from tympan.testing._session import Host

# Importing these fills the catalogue, in the order of the report.
from tympan.testing import _rules_life, _rules_objects, _rules_calls, _rules_io, _rules_end  # noqa: F401 isort:skip

PASSED, FAILED, WARNING, SKIPPED = "passed", "failed", "warning", "skipped"


class Result:
    """One rule's outcome: ``id``, ``description``, ``outcome`` and a sentence (or "")."""

    def __init__(self, rule, outcome, message=""):
        self.id = rule.id
        self.description = rule.description
        self.outcome = outcome
        self.message = message

    def __repr__(self):
        return f"<{self.id}: {self.outcome} {self.message}>"


class Subject:
    """What the rules look at: the open ``hal``, its ``plugin``, and the path of the bundle."""

    def __init__(self, path, hal, plugin):
        self.path = path
        self.hal = hal
        self.plugin = plugin

    @contextmanager
    def host(self, **options):
        """Another Host with the same driver, for rules that need their own: (hal, plugin)."""
        with Host(**options) as hal:
            yield hal, hal.load(self.path)


def run_checks(path, report=None):
    """Try every rule on the bundle at ``path``; ``report(result)`` is called as each ends.

    UsageError when ``path`` is no bundle that could be loaded at all.
    """
    results = []

    def add(rule, outcome, message=""):
        results.append(Result(rule, outcome, message))
        if report:
            report(results[-1])

    _loader.factory_address(_loader.read_bundle(path))
    for stage in ("bundle", "open", "closed"):
        rules = [rule for rule in CATALOGUE if rule.stage == stage]
        _run_stage(stage, path, rules, add, results)
    return results


def _run_stage(stage, path, rules, add, results):
    if stage == "open":
        _run_open(path, rules, add)
        return
    broken = stage == "closed" and any(result.id == "loads" and result.outcome == FAILED for result in results)
    for rule in rules:
        if broken:
            add(rule, SKIPPED, "the driver does not load")
        else:
            add(rule, *_try(rule, Subject(path, None, None)))


def _run_open(path, rules, add):
    """The rules on one loaded plug-in; the last rule of the stage is its end."""
    *inside, end = rules
    first, *rest = inside
    done = []
    problem = ""
    try:
        with Host() as hal:
            subject = Subject(path, hal, None)
            outcome = _try(first, subject)
            add(first, *outcome)
            done.append(first)
            for rule in rest:
                answer = _try(rule, subject) if subject.plugin else (SKIPPED, "the driver does not load")
                add(rule, *answer)
                done.append(rule)
    except TympanError as error:
        problem = f"{error} {error.hint}".strip()
    add(end, FAILED if problem else PASSED, problem)


def _try(rule, subject):
    """(outcome, sentence) of one rule."""
    try:
        rule.function(subject)
    except Skip as reason:
        return SKIPPED, str(reason)
    except Warn as reason:
        return WARNING, str(reason)
    except (Failure, TympanError) as reason:
        return FAILED, str(reason)
    return PASSED, ""


__all__ = ["CATALOGUE", "FAILED", "PASSED", "SKIPPED", "WARNING", "Result", "Subject", "UsageError", "run_checks"]
