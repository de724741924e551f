"""The guard around a driver's realtime entries, for one Host; what it found becomes an error with the driver's line.

assert_no_alloc traps and records, the engine enters and leaves. Here is which records are whose,
and when they are raised. Off the IO path, any thread.
"""

import importlib
import threading
from pathlib import Path

from tympan import _vendored
from tympan._errors import HostError, TympanError, UsageError
from tympan.testing import _engine
from tympan.testing._blame import describe
from tympan.testing._status import host_error

_package = _vendored.assert_no_alloc()
RealtimeViolation = _package.RealtimeViolation
permit_alloc = _package.permit_alloc

_known: set[str] = set()  # binaries whose symbols have been looked for

#: What ``Host(guard=...)`` may be.
MODES = (True, "collect", False)


class ForbiddenCall(RealtimeViolation, HostError):  # type: ignore[misc, valid-type]
    """A realtime entry of a driver made calls that IO threads must not make.

    ``violations`` are assert_no_alloc's, with ``.kind``, ``.function``, ``.stack``. The text is a
    sentence for the first, the chain of calls that led there, and the same for each further one.
    """

    def __init__(self, violations, where=""):
        sentence, text, hint = describe(violations, where)
        HostError.__init__(self, sentence, hint)
        self.violations = violations
        self.status = 0
        self.rule = "realtime"
        self._text = text

    def __str__(self):
        return self._text


class Watch:
    """The guard of one Host, from start() to stop(). ``mode`` is one of MODES."""

    def __init__(self, mode):
        self.mode = mode
        self.collected = []

    def start(self):
        """Guard the realtime calls of every engine and table from here."""
        self._since = _package.mark()
        if not self.mode:
            return
        try:
            _engine.set_guard(importlib.import_module("assert_no_alloc._guard")._C_API, self.mode == "collect")
        except (AttributeError, ImportError, ValueError) as error:
            raise UsageError(f"the guard cannot be used: {error}", _UPDATE) from None

    def stop(self):
        """Guard nothing any more; the error for what nobody has raised, or None."""
        _engine.set_guard(None)
        left = self._take()
        if self.mode == "collect":
            self.collected += left
            return None
        return ForbiddenCall(left) if left else None

    def collect(self):
        """Everything recorded so far, when the mode is to collect."""
        if self.mode == "collect":
            self.collected += self._take()
        return self.collected

    def judge(self, where, fault=None):
        """Raise what this thread's calls were caught at, unless it is collected; ``fault`` is a HostError or None.

        What else was wrong in the same cycle is a note of the violation.
        """
        found = self._take(threading.get_native_id()) if self.mode is True else []
        if not found:
            return
        error = ForbiddenCall(found, where)
        if fault:
            error.add_note(f"and in the same cycle: {fault}")
        raise error

    def lost(self, where):
        """For a forbidden call that was counted, but has no record here."""
        return host_error(
            f"a call that IO threads must not make was caught, but its record is gone ({where})",
            "Something else in this process takes assert_no_alloc.violations(); let the Host raise them.",
        )

    def _take(self, thread=None):
        found = _package.violations(self._since, thread) if self.mode else []
        _find_symbols(found)  # the kinds depend on them too: a private interpreter's lock
        return found


_UPDATE = "Update or remove the installed assert-no-alloc-py; tympan brings a copy. Host(guard=False) does without."


def _find_symbols(violations):
    """Bundles are stripped: the bundler of this machine keeps what they were before."""
    paths = {place[1] for violation in violations for place in violation.places if place[1]}
    inside = [path for path in paths if "/Contents/MacOS/" in path and path not in _known]
    for path in inside:
        _known.add(path)
        found = _unstripped(path)
        if found:
            _package.add_symbols(path, found)


def _unstripped(path):
    try:
        from tympan.bundle.realtime import unstripped

        return unstripped(Path(path))
    except (ImportError, TympanError):  # the bundler's tools are not installed; a binary that it did not make
        return None
