"""``with assert_no_alloc():``, ``with permit_alloc():`` and the policy."""

import functools
import inspect
import threading
import warnings

from assert_no_alloc import _guard, _log
from assert_no_alloc._violation import error

_POLICIES = {"report": 1, "abort": 2}


class NothingGuarded(UserWarning):
    """A ``with assert_no_alloc()`` in which no guarded section ran: it has shown nothing."""


class _Decorator:
    """A context manager that also decorates functions, which then run inside a fresh one: ``_again()``."""

    def _again(self):
        raise NotImplementedError

    def __call__(self, function):
        if inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
            raise TypeError(f"{function.__qualname__} returns before its body runs: guard inside it instead")

        @functools.wraps(function)
        def guarded(*args, **kwargs):
            __tracebackhide__ = True
            with self._again():
                return function(*args, **kwargs)

        return guarded


class Guard(_Decorator):
    """What ``assert_no_alloc()`` returns: see there. Entered and left on one thread."""

    def __init__(self, scope="nogil", policy=None):
        if scope not in ("nogil", "all"):
            raise ValueError(f"scope is 'nogil' or 'all', not {scope!r}")
        self._scope = scope
        self._policy = 0 if policy is None else _number(policy)
        self._mark = None
        self.violations = []

    def _again(self):
        guard = Guard(self._scope)
        guard._policy = self._policy
        return guard

    def __enter__(self):
        if self._mark is not None:
            raise RuntimeError("this guard is entered already; make one for each `with`")
        _guard.prepare()
        self._mark = _log.mark()
        self._outer_seen = _guard.exchange_seen(False)
        self._outer_policy = _guard.exchange_policy(0)
        _guard.exchange_policy(self._policy or self._outer_policy)
        if self._scope == "all":
            _guard.enter()
        else:
            _guard.arm()
        return self

    def __exit__(self, kind, exception, traceback):
        __tracebackhide__ = True
        if self._scope == "all":
            _guard.leave()
        else:
            _guard.disarm()
        _guard.exchange_policy(self._outer_policy)
        seen = _guard.exchange_seen(False)
        _guard.exchange_seen(seen or self._outer_seen)
        self.violations = _log.take(self._mark, threading.get_native_id())
        self._mark = None
        self._conclude(exception, seen)

    def _conclude(self, exception, seen):
        __tracebackhide__ = True
        if self.violations and exception is None:
            raise error(self.violations)
        if self.violations:
            exception.add_note(str(error(self.violations)))
        elif not seen and exception is None:
            warnings.warn("no nogil section ran inside assert_no_alloc()", NothingGuarded, stacklevel=3)


def assert_no_alloc(function=None, *, scope="nogil", policy=None):
    """Guard this thread: a context manager, and a decorator with or without parentheses.

    With ``scope="nogil"`` every nogil section that runs inside is guarded: Cython's ``with
    nogil``, a ctypes call, numpy's loops. Python itself is not, for it allocates all the time.
    ``scope="all"`` guards everything between enter and exit, for C code that keeps the GIL;
    keep such a block to that one call.

    ``policy`` is "report" (at the end raise RealtimeViolation, or AllocationError when the first
    forbidden call was an allocation) or "abort" (print the report and abort() at once); by default
    the process's, see violation_policy. An exception of the body goes on, with the report as note.
    """
    guard = Guard(scope, policy)
    return guard if function is None else guard(function)


class permit_alloc(_Decorator):
    """Lift all guards of this thread, for a part that is known and accepted; also a decorator."""

    def _again(self):
        return permit_alloc()

    def __enter__(self):
        _guard.permit()
        return self

    def __exit__(self, kind, exception, traceback):
        _guard.forbid()


def violation_policy(policy=None):
    """The process's policy, "report" or "abort", after setting it unless None."""
    number = _guard.process_policy(None if policy is None else _number(policy))
    return policy or next(name for name, value in _POLICIES.items() if value == number)


def _number(policy):
    if policy not in _POLICIES:
        raise ValueError(f"policy is 'report' or 'abort', not {policy!r}")
    return _POLICIES[policy]
