"""The validator: tries a catalogue of rules on any ``.driver``, each group in a process of its own.

``run_checks(path)`` answers a Report. The rules are in ``tympan.testing.rules``; ``python -m
tympan check`` is this on the command line, and docs/rules.md lists them.
"""

import fnmatch
import time
from contextlib import nullcontext
from pathlib import Path

from tympan._errors import UsageError
from tympan.testing import _loader
from tympan.testing._check_run import Pool, Runner
from tympan.testing.rules import CATALOGUE, GROUPS

PASSED, FAILED, CRASHED, WARNING, SKIPPED = "passed", "failed", "crashed", "warning", "skipped"
OUTCOMES = (PASSED, FAILED, CRASHED, WARNING, SKIPPED)

#: Seconds that a rule may take; a driver that waits for ever is found after them.
TIME_LIMIT = 60.0


class Result:
    """One rule's outcome. ``rule`` is the Rule; ``outcome`` one of OUTCOMES; ``message`` and ``hint`` are sentences
    or ""; ``fault`` is "driver", "tool", "unclear" or ""; ``seconds``; ``details``: a stack or traceback."""

    def __init__(self, rule, outcome, message="", hint="", fault="", blocked=(), details="", seconds=0.0):
        self.rule = rule
        self.id = rule.id
        self.outcome = outcome
        self.message = message
        self.hint = hint
        self.fault = fault
        self.blocked = blocked
        self.details = details
        self.seconds = seconds

    @property
    def is_bad(self):
        """Whether the rule failed or crashed."""
        return self.outcome in (FAILED, CRASHED)

    def __repr__(self):
        return f"<{self.id}: {self.outcome} {self.message}>"


class Report:
    """All results of a run, in the order of the catalogue."""

    def __init__(self, path, seed, results, seconds):
        self.path, self.seed, self.results, self.seconds = path, seed, results, seconds

    def __iter__(self):
        return iter(self.results)

    def __len__(self):
        return len(self.results)

    def count(self, outcome):
        """How many rules ended so."""
        return sum(result.outcome == outcome for result in self.results)

    def of(self, *outcomes):
        """The results with one of these outcomes."""
        return [result for result in self.results if result.outcome in outcomes]

    def exit_code(self, strict=False):
        """0 the driver keeps the rules, 1 it does not, 3 the tool itself failed."""
        if any(result.fault == "tool" for result in self.results):
            return 3
        bad = (FAILED, CRASHED, WARNING) if strict else (FAILED, CRASHED)
        return 1 if self.of(*bad) else 0


def choose(include=(), exclude=()):
    """The rules whose id or group matches a pattern of ``include`` (all, when there is none) and none of
    ``exclude``; UsageError for a pattern that matches nothing."""
    chosen = set(CATALOGUE) if not include else set().union(*map(_matching, include))
    chosen -= set().union(*map(_matching, exclude))
    if not chosen:
        raise UsageError("no rule is left to try", "See `python -m tympan check --list`.")
    return [rule for rule in CATALOGUE if rule in chosen]


def _matching(pattern):
    found = {rule for rule in CATALOGUE if fnmatch.fnmatchcase(rule.id, pattern)}
    found |= {rule for group in GROUPS if fnmatch.fnmatchcase(group.id, pattern) for rule in group.rules}
    if not found:
        raise UsageError(f"no rule or group is called {pattern}", "See `python -m tympan check --list`.")
    return found


def run_checks(
    path, include=(), exclude=(), seed=0, jobs=None, time_limit=TIME_LIMIT, environment=None, progress=None, pool=None
):
    """Try rules on the bundle at ``path``; a Report.

    ``jobs``: processes at a time (default: one per processor). ``environment``: variables for
    the driver's processes. ``progress(rule, done, total)`` is called as rules begin, on any thread.
    ``pool``: a Pool to use (and not to end) for many runs in a row. UsageError when ``path`` is no
    bundle at all.
    """
    _loader.plist_file(path)
    path = Path(path).resolve()
    rules, started = choose(include, exclude), time.perf_counter()
    found = {}

    def begun(rule):
        if progress:
            progress(rule, len(found), len(rules))

    by_id = {rule.id: rule for rule in rules}
    with nullcontext(pool) if pool else Pool(jobs) as workers:
        runner = Runner(path, seed, workers, time_limit, environment, begun)
        runner.run(rules, lambda event: found.update({event["id"]: _result(by_id, event)}))
    results = [found[rule.id] for rule in rules]
    _unblock(results)
    return Report(path, seed, results, time.perf_counter() - started)


def _result(rules, event):
    keys = ("outcome", "message", "hint", "fault", "blocked", "details", "seconds")
    return Result(rules[event["id"]], **{key: event[key] for key in keys})


def _unblock(results):
    """A rule that another one's fault stopped is skipped, if that one did fail; otherwise it failed itself."""
    causes = _causes(results)
    for result in results:
        cause = causes.get(result.id, result.id)
        if cause != result.id:
            result.outcome, result.fault, result.hint = SKIPPED, "", ""
            result.message = f"stopped by {cause}"


def _causes(results):
    """{rule: what made it fail in the end}, itself for one that nothing stopped. A rule that was stopped stops others:
    without a binary there is no factory, and without a factory no driver."""
    found = {result.id: result.id for result in results if result.is_bad and not result.blocked}
    left = [result for result in results if result.blocked]
    while True:
        stopped = {result.id: found[rule] for result in left for rule in reversed(result.blocked) if rule in found}
        left = [result for result in left if result.id not in stopped]
        if not stopped:
            return found
        found.update(stopped)


__all__ = [
    "CATALOGUE", "CRASHED", "FAILED", "GROUPS", "OUTCOMES", "PASSED", "SKIPPED", "WARNING", "Pool", "Report", "Result",
    "choose", "run_checks",
]  # fmt: skip
