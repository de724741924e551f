"""Fuzzing as a function: what ran, what failed, and the script that repeats it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tympan._errors import UsageError
from tympan.testing import _fuzz, _loader
from tympan.testing._call_pack import unpack, unpack_all
from tympan.testing._calls import TYPES, code_number
from tympan.testing._fuzz_worker import TOOL_FAILED

#: What of a call may be odd, by name; docs/fuzzing.md describes each.
GROUPS = {"nulls": 1, "ids": 2, "order": 4, "sizes": 8, "values": 16, "types": 32}
ALL_GROUPS = sum(GROUPS.values())
EPISODE = 1000  # calls from rest to rest
_EXTRA = ("cust",)
_HINT = "Give the path of a .driver bundle."


class Worker:
    """A process that does jobs; see _fuzz_worker.py. A context manager."""

    def __init__(self, driver):
        self.driver = str(Path(driver).resolve())
        self.selectors = [(code_number(selector), kind == "reference") for selector, kind in TYPES.items()]

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="tympan-fuzz-")
        path = Path(self._folder.name) / "shared"
        with path.open("wb") as file:
            file.truncate(_fuzz.FILE_SIZE)
        environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
        command = [sys.executable, "-m", "tympan.testing._fuzz_worker", str(path)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._file = path.open("r+b")
        self.shared = _fuzz.Shared(self._file.fileno())
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._file.close()
        self._folder.cleanup()

    def start(self, **job):
        """Begin a job; result() waits for its end."""
        common = {
            "driver": self.driver, "groups": ALL_GROUPS, "threads": 1, "per_episode": EPISODE, "seed": 0, "calls": 0,
            "selectors": self.selectors, "guided": False, "timeout": 10.0,
        }  # fmt: skip
        self._process.stdin.write(json.dumps(common | job) + "\n")
        self._process.stdin.flush()

    def result(self):
        """The report of the job that was started."""
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the fuzzing process ended by itself: a bug in tympan")
        return json.loads(line)

    def run(self, **job):
        """start() and result()."""
        self.start(**job)
        return self.result()


class Failure:
    """What went wrong: ``kind`` (crash, hang, sanitizer, leak, ...), ``text``, ``thread`` (0 with one thread),
    ``call`` (the call at work, or None)."""

    def __init__(self, kind, text, thread=0, call=None):
        self.kind, self.text, self.thread, self.call = kind, text, thread, call

    @property
    def key(self):
        """What a shorter script must repeat: the kind, and which function it was in."""
        name = (self.call or {}).get("call", (self.call or {}).get("step", ""))
        return self.kind, "" if self.kind == "leak" else name

    def __str__(self):
        name = self.key[1]
        return f"{self.kind}{f' in {name}' if name else ''}: {self.text}"


def failure_of(report, shared, driver):
    """The Failure that a job's report shows, or None. UsageError when the driver could not be fuzzed at all."""
    if report["exit"] == TOOL_FAILED:
        raise UsageError(f"{Path(driver).name}: {report['said'][-1]}", "Run it again: it comes and goes.")
    if report["state"] == "starting" and not report["signal"] and report["hung"] is None:
        said = report["said"][-1] if report["said"] else "no reason given"
        raise UsageError(f"{Path(driver).name} cannot be fuzzed: {said}", "`tympan check` says more about it.")
    if report["failure"]:
        thread = max(report["failing_thread"] - 1, 0)
        call = None if report["failure"] == "leak" else last_call(shared, thread)
        return Failure(report["failure"], report["text"], thread, call)
    if report["hung"] is not None:
        thread = report["hung"]
        return Failure("hang", "it did not return", thread, last_call(shared, thread))
    thread = report["crashed_thread"] - 1 if report["crashed_thread"] else (report["open"] or [0])[0]
    if report["sanitizer"] and report["state"] != "done":
        return Failure("sanitizer", report["sanitizer"], thread, last_call(shared, thread))
    if report["signal"]:
        return Failure("crash", report["signal"], thread, last_call(shared, thread))
    if report["state"] != "done":
        text = f"the driver ended its process (code {report['exit']})"
        return Failure("exit", text, thread, last_call(shared, thread))
    return None


def last_call(shared, thread):
    """The newest call of a thread, or None."""
    log = shared.log(thread)
    return unpack(log, shared.last(thread))[0] if log else None


def logs(shared, threads):
    """The calls of every thread since its log began."""
    return [unpack_all(shared.log(thread)) for thread in range(threads)]


class Outcome:
    """What fuzz() found. ``report``: counts; ``failure`` (or None); ``script``: the calls that repeat it, as short as
    they became; ``minimised``: whether the script was seen to repeat it; ``trials``: how many it took; ``tails``: the
    last calls of each thread; ``seconds``."""

    def __init__(self, report, seconds, failure=None, script=(), minimised=False, tails=(), trials=0):
        self.report, self.seconds, self.failure = report, seconds, failure
        self.script, self.minimised, self.tails, self.trials = list(script), minimised, list(tails), trials


def fuzz(
    driver, calls=100_000, seed=0, threads=1, groups=ALL_GROUPS, guided=None, minutes=None, timeout=10.0, corpus=(),
    minimise=True, progress=None, keep=None,
):  # fmt: skip
    """Fuzz a ``.driver`` bundle; an Outcome.

    ``calls`` or ``minutes`` end it (0 calls: only the time does). ``guided``: None chooses coverage where the binary
    was built for it, with one thread. ``timeout``: seconds without progress that are a hang. ``corpus``: inputs (lists
    of calls) of an earlier run; ``keep(inputs)`` gets those of this one. ``progress(calls)`` is called now and then.
    UsageError for what is no loadable bundle.
    """
    from tympan.testing._fuzz_minimise import shortened

    _loader.read_bundle(driver)
    if not 1 <= threads <= _fuzz.THREADS:
        raise UsageError(f"{threads} threads", f"The fuzzer has 1 to {_fuzz.THREADS}.")
    with Worker(driver) as worker:
        began = time.monotonic()
        job = {
            "calls": _wanted(calls, minutes), "seed": seed, "threads": threads, "groups": groups, "timeout": timeout,
            "guided": threads == 1 if guided is None else guided, "corpus": list(corpus),
        }  # fmt: skip
        worker.start(**job)
        report = _follow(worker, minutes, progress)
        seconds = time.monotonic() - began
        failure = failure_of(report, worker.shared, driver)
        if keep:
            keep([unpack_all(data) for data in worker.shared.corpus()])
        if failure is None:
            return Outcome(report, seconds)
        recorded = logs(worker.shared, threads)
        tails = [calls[-8:] for calls in recorded] if threads > 1 else [recorded[0][-8:]]
        if not minimise:
            return Outcome(report, seconds, failure, tails=tails)
        script, sure, trials = shortened(worker, failure, recorded, report, job)
        return Outcome(report, seconds, failure, script, sure, tails, trials)


def _wanted(calls, minutes):
    return calls if calls or minutes is None else 0


def _follow(worker, minutes, progress):
    """Wait for the end, telling how far it is; the time is up when it is."""
    import threading

    stop = threading.Event()
    begin = time.monotonic()

    def tell():
        while not stop.wait(0.5):
            done = sum(ended for _, ended in worker.shared.progress)
            if progress:
                progress(done)
            if minutes is not None and time.monotonic() - begin > 60 * minutes:
                worker.shared.stop()
                return

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        return worker.result()
    finally:
        stop.set()
        teller.join()


def repeat(driver, script, rounds=1, timeout=10.0, groups=ALL_GROUPS):
    """Play a script (a list of calls) against a driver; the Failure, or None."""
    _loader.read_bundle(driver)
    with Worker(driver) as worker:
        report = worker.run(script=script, rounds=rounds, timeout=timeout, groups=groups)
        return failure_of(report, worker.shared, driver)
