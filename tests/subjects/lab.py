"""Probes: each looks, call by call, whether one defect is there.

They run in child processes, because a defect may crash or hang; the time to fork is most
of what they cost, so those that must find nothing share a child.

A probe answers True when the driver keeps what the specification says. It is made for
one defect of defects.toml and asks as directly as it can, so that a validator can be
judged by the defects without being trusted first.
"""

import faulthandler
import importlib
import json
import os
import resource
import signal
import sys
import traceback

from subjects import build, raw

#: {defect: (function, options)}
PROBES = {}
MODULES = ("bundle", "life", "objects", "calls", "controls", "clock", "io", "changes")


def probe(defect, bundle=None, opened=True, timebase=(1, 1), storage=dict):
    """Decorator for ``function(driver)``.

    ``bundle``: "watched" for a binary that counts its calls, "path" for a function of the
    bundle's path. ``opened``: Initialize has been called. ``storage()`` makes what is stored.
    """

    def add(function):
        assert defect not in PROBES, defect
        PROBES[defect] = function, {"bundle": bundle, "opened": opened, "timebase": timebase, "storage": storage}
        return function

    return add


def load():
    """All probes, by defect."""
    for name in MODULES:
        importlib.import_module(f"subjects.probes_{name}")
    return PROBES


def outcome(defect, bundle, environment, seconds=60.0):
    """What the probe of a defect finds in a bundle: "holds", "broken", "crash" or "hang".

    ``bundle`` is a name for build.bundle. Raises RuntimeError when the probe itself failed.
    """
    return sweep([defect], bundle, environment, seconds)[defect]


def sweep(defects, bundle, environment, seconds=60.0):
    """{defect: outcome} of several probes, one after the other in one child; ends at a crash or hang."""
    paths = {name: path_for(name, bundle) for name in defects}
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        run_in_child(writer, paths, environment, seconds)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answers = [json.loads(line) for line in pipe]
    _, status = os.waitpid(child, 0)
    found = {name: outcome_of(name, answer) for name, answer in zip(defects, answers, strict=False)}
    if os.WIFSIGNALED(status):
        found[defects[len(answers)]] = "hang" if os.WTERMSIG(status) == signal.SIGALRM else "crash"
    return found


def path_for(defect, bundle):
    """A binary that counts its calls is the defective one, with or without a defect chosen."""
    return build.bundle("watched" if PROBES[defect][1]["bundle"] == "watched" else bundle)


def outcome_of(defect, answer):
    if "error" in answer:
        raise RuntimeError(f"the probe of {defect} failed\n{answer['error']}")
    return "holds" if answer["holds"] else "broken"


def run_in_child(writer, paths, environment, seconds):
    """Never returns. An alarm ends a child that hangs, a signal one that crashes; both are answers."""
    try:
        faulthandler.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        os.environ.pop(build.VARIABLE, None)
        os.environ.update(environment)
        for name, path in paths.items():
            os.write(writer, json.dumps(answer_of(*PROBES[name], path)).encode() + b"\n")
    finally:
        os._exit(0)


def answer_of(function, options, path):
    driver = None
    try:
        if options["bundle"] == "path":
            return {"holds": bool(function(path))}
        driver = raw.Driver(path, options["storage"](), options["timebase"])
        if options["opened"]:
            status = driver.open()
            assert status == 0, f"Initialize answered {status:#x}"
        return {"holds": bool(function(driver))}
    except LookupError:
        return {"holds": False}  # a call that must succeed was refused
    except BaseException:
        return {"error": traceback.format_exc()}
    finally:
        if driver:
            driver.close()


def main(names):
    """python -m subjects.lab DEFECT ...: what the probe finds in the correct and the defective driver."""
    for name in names or load():
        load()
        row = build.table()[name]
        bundle, environment = ("defective", {build.VARIABLE: name}) if row["where"] != "bundle" else (name, {})
        found = outcome(name, bundle, environment, 3)
        print(f"{name:36} {outcome(name, 'correct', {}):8} {found:8} {row['outcome']}")


if __name__ == "__main__":
    sys.modules["subjects.lab"] = sys.modules["__main__"]
    main(sys.argv[1:])
