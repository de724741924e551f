"""Memory that a driver leaves and nobody points to, as LeakSanitizer sees it; for _fuzz_worker.py."""

import ctypes
import os
import re
import signal
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager

_CHECKS, _SECONDS = 5, 60  # attempts, and what one may take
_NAMES = ("__lsan_do_recoverable_leak_check", "__lsan_disable", "__lsan_enable")
_FUNCTIONS = [getattr(ctypes.CDLL(None), name, None) for name in _NAMES]
#: Seconds for which a process may do nothing between two calls because it looks for leaks.
LOOKING = _SECONDS if all(_FUNCTIONS) else 0


class NotKnown(Exception):
    """LeakSanitizer itself failed: neither the driver's fault nor a sign that nothing leaks."""


class LeakSanitizer:
    """LeakSanitizer, when it is in the process. It ignores what is allocated outside of watching(): by the
    interpreters, ours and one inside of the driver, while they start, and by Python that runs here."""

    def __init__(self):
        self._check, self._disable, self._enable = _FUNCTIONS
        self._before = Counter()
        if self._check:
            self._disable()

    def begin(self):
        """Now the driver begins."""
        self._before = self._leaks()

    @contextmanager
    def watching(self):
        """The driver is at work."""
        if not self._check:
            yield
            return
        self._enable()
        try:
            yield
        finally:
            self._disable()

    def more(self):
        """How many allocations nobody points to that somebody did; where they were made is written down."""
        more = self._leaks() - self._before
        if more:
            summary = f"SUMMARY: LeakSanitizer: {more.total()} allocation(s) leaked"
            print(*more, summary, sep="\n", file=sys.stderr, flush=True)
        return more.total()

    def _leaks(self):
        """How many were allocated where. A copy of the process looks, which LeakSanitizer now and then ends ("Tracer
        caught signal 11")."""
        for _ in range(_CHECKS if self._check else 0):
            with tempfile.TemporaryFile() as told:
                copy = os.fork()
                if copy == 0:
                    os.dup2(told.fileno(), 2)
                    signal.alarm(_SECONDS)
                    self._check()
                    os._exit(0)
                if os.waitpid(copy, 0)[1] == 0:
                    told.seek(0)
                    return _leaks_in(told.read().decode("utf-8", "replace"))
        if self._check:
            raise NotKnown(f"LeakSanitizer failed {_CHECKS} times, so nothing is known about leaks")
        return Counter()


def _leaks_in(text):
    """LeakSanitizer's report as a Counter of allocations by stack."""
    leaks = Counter()
    for count, stack in re.findall(r"leak of \d+ byte\(s\) in (\d+) object\(s\)[^\n]*\n((?:    #[^\n]*\n)+)", text):
        leaks[stack.rstrip()] += int(count)
    return leaks
