"""Records become Violations here, and wait until somebody takes them. Any thread with the GIL."""

import os
import threading

from assert_no_alloc import _guard
from assert_no_alloc._violation import Violation, Violations

_LIMIT = 4096
_lock = threading.Lock()
_waiting: list[Violation] = []
_sequence = 0
_lost = 0


def mark():
    """A number for ``violations(since=...)``: everything recorded later has a ``sequence`` of at least this."""
    with _lock:
        _collect()
        return _sequence


def take(since=0, thread_id=None):
    """Remove and return Violations: those since ``mark()``, of one thread, or all."""
    global _lost
    with _lock:
        _collect()
        found, left = Violations(), []
        for violation in _waiting:
            wanted = violation.sequence >= since and thread_id in (None, violation.thread_id)
            (found if wanted else left).append(violation)
        _waiting[:] = left
        found.lost, _lost = _lost, 0
        return found


def _collect():
    """While the objects are still loaded: which of them each address is in."""
    global _lost, _sequence
    records, dropped = _guard.take()
    _lost += dropped
    for kind, function, thread_id, thread, count, addresses, section in records:
        places = tuple(place(address) for address in addresses)
        if len(_waiting) < _LIMIT:
            _waiting.append(Violation(kind, function, thread_id, thread, count, places, section, _sequence))
        else:
            _lost += count
        _sequence += 1


def place(address):
    """``(address, path, base, symbol, symbol address)``, the path one that can be opened."""
    path, base, symbol, start = _guard.locate(address)
    if path and "/" not in path and os.path.exists("/proc/self/exe"):
        path = os.path.realpath("/proc/self/exe")  # the executable goes by the name it was called by
    return address, path, base, symbol, start
