"""Assert that code allocates nothing, locks nothing, waits for nothing, does no IO and never enters the GIL.

``with assert_no_alloc():`` guards the nogil sections that run inside; ``permit_alloc`` lifts the guard;
``violations`` hands out what was recorded by guards that C or Cython code has entered itself.
"""

import os
import re
import sys

from assert_no_alloc import _guard
from assert_no_alloc._capabilities import capabilities
from assert_no_alloc._context import NothingGuarded, assert_no_alloc, permit_alloc, violation_policy
from assert_no_alloc._lines import add_sources
from assert_no_alloc._log import mark
from assert_no_alloc._log import take as _take
from assert_no_alloc._symbols import Frame, add_symbols
from assert_no_alloc._violation import AllocationError, RealtimeViolation, Violation, Violations

__all__ = [
    "AllocationError",
    "Frame",
    "NothingGuarded",
    "RealtimeViolation",
    "Violation",
    "Violations",
    "add_sources",
    "add_symbols",
    "assert_no_alloc",
    "capabilities",
    "get_include",
    "mark",
    "permit_alloc",
    "refresh",
    "violation_policy",
    "violations",
]
__version__ = "0.1.0"

# The process that aborts asks a fresh Python for names and lines. An embedding program is no Python.
if re.match(r"python[0-9.]*t?$", os.path.basename(sys.executable or "")):
    _guard.set_reporter(sys.executable, "-I", os.path.join(os.path.dirname(os.path.abspath(__file__)), "_report.py"))


def violations(since=0, thread_id=None):
    """Remove and return the Violations that nothing has raised yet, in order.

    Only those recorded after ``since`` (what ``mark()`` answered) and by the thread with this
    native ``thread_id``, where these are given.
    """
    return _take(since, thread_id)


def refresh():
    """Trap the calls of libraries loaded since the last time; answers how many calls that were.

    ``assert_no_alloc()`` does it by itself. C and Cython code that guards after a dlopen must.
    """
    return _guard.prepare()


def get_include():
    """The folder of assert_no_alloc.h, for ``include_dirs``."""
    return os.path.dirname(os.path.abspath(__file__))
