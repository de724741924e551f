"""The process that tries rules on a driver; ``python -m tympan.testing._check_worker`` is started by _check_run.

Jobs come as lines of JSON on standard input: path, rules (ids), seed, environment.
What happens goes back as lines on standard output: JSON of one event each, and, when
the process dies, the native stack that tympan.testing._crash writes. Where fork is safe
each job gets a process of its own, forked from one that has everything imported; elsewhere
a worker does one job and ends.
"""

import contextlib
import importlib
import json
import os
import random
import sys
import time
import traceback
from pathlib import Path

#: macOS: CoreFoundation does not survive a fork. TYMPAN_NO_FORK does without it elsewhere, for a debugger.
FORKS = sys.platform.startswith("linux") and not os.environ.get("TYMPAN_NO_FORK")

#: Exit code of a job that an exception outside of any rule ended (sysexits.h: EX_SOFTWARE).
TOOL_FAILED = 70


def main():
    """Jobs until standard input ends."""
    pipe = _private_output()
    import tympan.testing.rules  # noqa: F401  the slow part, once

    for line in sys.stdin:
        job = json.loads(line)
        if not FORKS:
            _work(job, pipe)
            return
        if any(rule.startswith("binary-") for rule in job["rules"]):
            _import_what_reads_binaries()
        child = os.fork()
        if not child:
            _in_child(job, pipe)
        _, status = os.waitpid(child, 0)
        _say(pipe, {"event": "ended", "code": os.waitstatus_to_exitcode(status)})


def _import_what_reads_binaries():
    """It takes seconds, so once for all children; those rules say when it is not there."""
    with contextlib.suppress(ImportError):
        importlib.import_module("tympan.bundle.binary")


def _private_output():
    """Standard output for the events alone: what a driver prints goes where errors go."""
    pipe = os.dup(1)
    os.set_inheritable(pipe, False)
    os.dup2(2, 1)
    return pipe


def _say(pipe, event):
    os.write(pipe, (json.dumps(event) + "\n").encode())


def _in_child(job, pipe):
    code = TOOL_FAILED
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _work(job, pipe)
        code = 0
    finally:
        os._exit(code)


def _work(job, pipe):
    from tympan.testing import _crash

    os.environ.update(job["environment"])
    random.seed(job["seed"])
    _crash.install(pipe)
    _say(pipe, {"event": "started", "pid": os.getpid()})

    def doing(text):
        _say(pipe, {"event": "doing", "text": text})

    for identifier in job["rules"]:
        _say(pipe, {"event": "rule", "id": identifier})
        started = time.perf_counter()
        result = judge(identifier, Path(job["path"]), job["seed"], doing)
        _say(pipe, {"event": "result", "seconds": time.perf_counter() - started, **result})
    _say(pipe, {"event": "done"})


def judge(identifier, path, seed=0, doing=lambda text: None):
    """Try one rule in this process: {id, outcome, message, hint, fault, blocked, details}."""
    from tympan.testing.rules import CATALOGUE
    from tympan.testing.rules._subject import Subject

    rule = next(rule for rule in CATALOGUE if rule.id == identifier)
    subject = Subject(path, seed, doing)
    subject.rule = rule
    result = {"id": identifier, "outcome": "passed", "fault": "", "blocked": []}
    result.update(dict.fromkeys(("message", "hint", "details"), ""))
    try:
        rule.judge(subject)
    except Exception as error:
        result.update(verdict(rule, error))
    return result


def verdict(rule, error):
    """What an exception of a rule's function says."""
    from tympan._errors import HostError
    from tympan.testing.rules._blame import NOBODYS, blockers
    from tympan.testing.rules._rule import Blocked, Failure, Skip, Warn

    message, hint = str(error), getattr(error, "hint", "")
    if isinstance(error, Skip) or getattr(error, "rule", None) in NOBODYS:
        return {"outcome": "skipped", "message": message}
    if isinstance(error, Warn):
        return {"outcome": "warning", "message": message, "hint": hint, "fault": "driver"}
    failed = {"outcome": "failed", "message": message, "hint": hint, "fault": "driver"}
    if isinstance(error, HostError):
        return {**failed, "blocked": blockers(rule, error)}
    if isinstance(error, Blocked):
        return {**failed, "blocked": [] if error.rule == rule.id else [error.rule]}
    if isinstance(error, Failure):
        return failed
    details = "".join(traceback.format_exception(error))
    return {"outcome": "crashed", "message": f"{type(error).__name__}: {message}", "fault": "tool", "details": details}


if __name__ == "__main__":
    main()
