"""The process that fuzzes: forks a child for every job, watches it, and says how it ended.

Started by _fuzz_session.py as ``python -m tympan.testing._fuzz_worker FILE``; FILE is the shared memory. Jobs
come as JSON lines on standard input, results leave on standard output. The worker itself never
loads a driver, so every child begins alike, and none of its crashes is the worker's.
"""

import json
import os
import select
import signal
import sys
import tempfile
import time

from tympan.testing._fuzz_leaks import LOOKING, LeakSanitizer, NotKnown
from tympan.testing._process_time import ProcessTime

_START_TIME = 1_000_000_007  # ticks
TOOL_FAILED = 97  # the exit code of a child that can say nothing about the driver
_TIMEBASE = (125, 3)  # that of Apple silicon: a driver that takes ticks for nanoseconds shows
_SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "UndefinedBehaviorSanitizer", "runtime error:")


def main(path):
    """Jobs until standard input ends."""
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)  # instrumented drivers find the coverage callbacks
    from tympan.testing import _fuzz

    sys.setdlopenflags(flags)
    with open(path, "r+b") as file:
        for line in sys.stdin:
            file.truncate(0)
            file.truncate(_fuzz.FILE_SIZE)
            print(json.dumps(_job(_fuzz, file, json.loads(line))), flush=True)


def _job(_fuzz, file, job):
    """Fork, watch, report."""
    shared = _fuzz.Shared(file.fileno())
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            _child(_fuzz, shared, job, said)
        ended, hung = _watch(child, shared, job.get("timeout", 10.0))
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    end = {"signal": _signal_of(ended), "exit": os.waitstatus_to_exitcode(ended), "hung": hung}
    return shared.report() | end | _told(text)


def _signal_of(status):
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else ""


def _told(text):
    """What the child wrote: a sanitizer's summary, and the last lines."""
    lines = [line for line in text.splitlines() if line.strip()]
    found = [line for line in lines if any(name in line for name in _SANITIZERS)]
    summary = next((line for line in found if line.startswith("SUMMARY")), found[0] if found else "")
    return {"sanitizer": summary.strip(), "said": lines[-20:]}


def _watch(child, shared, timeout):
    """Wait for the child: (status, the thread that hangs or None). A thread hangs that makes no progress in a call."""
    seen, waited, clock = None, 0.0, ProcessTime(child)
    while True:
        _doze(child)
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status, None
        progress = shared.progress
        passed = clock.passed()
        if seen is None or any(_moved(*pair) for pair in zip(seen, progress, strict=True)):
            seen, waited = progress, 0.0
        elif (waited := waited + passed) > timeout + (0 if _at_work(progress) else LOOKING):
            hung = next(iter(_at_work(progress)), 0)
            os.kill(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1], hung


def _doze(child):
    """A twentieth of a second, or until the child ends where the system can say so."""
    try:
        descriptor = os.pidfd_open(child)
    except (AttributeError, OSError):
        time.sleep(0.002)
        return
    select.select([descriptor], [], [], 0.05)
    os.close(descriptor)


def _at_work(progress):
    """The threads that are inside of a call."""
    return [thread for thread, (begun, ended) in enumerate(progress) if begun != ended]


def _moved(before, now):
    """Whether a thread did something."""
    return before[1] != now[1]


def _child(_fuzz, shared, job, said):
    """Never returns."""
    code = 4
    try:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        _fuzz_driver(_fuzz, shared, job, LeakSanitizer())
        code = 0
    except NotKnown as error:
        print(error, file=sys.stderr, flush=True)
        code = TOOL_FAILED
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _fuzz_driver(_fuzz, shared, job, sanitizer):
    """Load the driver, do the job, give everything back and look for leaks."""
    from tympan.testing import _call_pack, _host, _loader, _platform
    from tympan.testing._ledger import Ledger

    calls = job.get("script")
    threads = job["threads"] if calls is None else max((call.get("thread", 0) for call in calls), default=0)
    _platform.set_clock(True, *_TIMEBASE)
    _platform.set_time(_START_TIME)
    ledger = Ledger()
    bundle = _loader.read_bundle(job["driver"])
    table = _loader.query_driver(_host.Table(_loader.create_from_bundle(bundle)))
    fuzzer = _fuzz.Fuzzer(
        shared, max(threads, 1), job["groups"], job["per_episode"], job["seed"], job["calls"], job["selectors"]
    )
    status = fuzzer.initialize(table.address)
    if status:
        print(f"Initialize answered {status}", file=sys.stderr)
        return
    sanitizer.begin()
    if calls is not None:
        packed = _call_pack.pack_all(calls)
        with sanitizer.watching():
            fuzzer.play(packed, job.get("rounds", 1))
    else:
        for known in job.get("corpus", ()):
            fuzzer.add_input(_call_pack.pack_all(known))
        with sanitizer.watching():
            fuzzer.run(job["guided"], job.get("episode", 0))
    if not fuzzer.failed:
        _look_for_leaks(fuzzer, ledger, _platform, sanitizer)
    fuzzer.end()


def _look_for_leaks(fuzzer, ledger, platform, sanitizer):
    with sanitizer.watching():
        count = fuzzer.finish()
        platform.pump()
    found = ledger.verdict()
    if count:
        found.insert(0, f"a reference count of {count} after the host's last Release")
    if found:
        fuzzer.leak("; ".join(found[:2]))
        return
    lost = sanitizer.more()
    if lost > 0:
        fuzzer.leak(f"LeakSanitizer found {lost} pieces of memory that nobody points to")


if __name__ == "__main__":
    main(sys.argv[1])
