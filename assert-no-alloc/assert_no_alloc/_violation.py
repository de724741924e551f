"""Violations: what was called, on which thread, from where."""

import itertools

from assert_no_alloc import _symbols

#: Kinds by the number the C core uses.
KINDS = {1: "allocation", 2: "lock", 3: "wait", 4: "io", 5: "thread", 6: "system call", 7: "GIL"}

_GIL = {
    *("take_gil", "drop_gil", "PyGILState_Ensure", "PyGILState_Release", "PyEval_SaveThread", "PyEval_RestoreThread"),
    *("PyEval_AcquireThread", "PyEval_ReleaseThread", "_PyThreadState_Attach", "_PyThreadState_Detach"),
}


class Violation:
    """A forbidden call in a guarded section.

    ``kind`` is one of allocation, lock, wait, io, thread, system call, GIL; ``function`` what was
    called; ``thread`` and ``thread_id`` who called; ``count`` how often from the same place;
    ``stack`` the Frames, innermost first (``places`` is what they are made of), ``section`` those
    inside the guard; ``pyx_line`` the innermost place in Cython code of it, like ``gain.pyx:31``,
    or None. Names and lines are looked up when they are first asked for.
    """

    def __init__(self, kind, function, thread_id, thread, count, places, section, sequence=0):
        self._kind = KINDS.get(kind, "system call")
        self.function = function
        self.thread_id = thread_id
        self.thread = thread
        self.count = count
        self.sequence = sequence
        self.places = places
        self._inside = {place[0] for place in places[:section]}
        self._stack = None

    @property
    def kind(self):
        """The kind; a lock taken inside an interpreter of the callee's own, to enter it, is "GIL"."""
        if self._kind in ("lock", "system call") and any(_symbols.symbol(p)[0] in _GIL for p in self.places[:8]):
            return "GIL"
        return self._kind

    @property
    def stack(self):
        """Frames, innermost first."""
        if self._stack is None:
            self._stack = _symbols.frames(self.places)
        return self._stack

    @property
    def section(self):
        """The part of the stack inside the guarded section; its last function is the one that entered the guard."""
        frames = itertools.takewhile(lambda frame: frame.address in self._inside, self.stack)
        return tuple(itertools.takewhile(lambda frame: not frame.is_interpreter, frames))

    @property
    def pyx_line(self):
        """``file.pyx:line`` of the innermost Cython frame of the section, or None."""
        return next((frame.pyx_line for frame in self.section if frame.pyx_line), None)

    def __repr__(self):
        return f"<Violation {self.kind}: {self.function}>"

    def __str__(self):
        times = f", {self.count} times" if self.count > 1 else ""
        place = f" at {self.pyx_line}" if self.pyx_line else ""
        head = f"{self.kind}: {self.function}(){place} (thread {self.thread!r}, {self.thread_id}{times})"
        return "\n".join([head, *(f"    {text}" for text, _ in itertools.groupby(map(str, self.section)))])


class Violations(list):
    """A list of Violations; ``lost`` counts those that there was no room to keep."""

    lost = 0

    def __str__(self):
        _symbols.find_lines([place for violation in self for place in violation.places])
        lost = f"\n\n... and {self.lost} more for which there was no room" if self.lost else ""
        return "\n\n".join(map(str, self)) + lost


class RealtimeViolation(AssertionError):
    """A guarded section made a forbidden call; ``violations`` has them all, the text too."""

    def __init__(self, violations):
        super().__init__(violations)
        self.violations = violations

    def __str__(self):
        n = len(self.violations)
        head = "1 forbidden call" if n == 1 else f"{n} forbidden calls"
        return f"{head} in a guarded section\n\n{self.violations}"


class AllocationError(RealtimeViolation):
    """The first of the forbidden calls was an allocation."""


def error(violations):
    """The exception for a list of violations that is not empty."""
    return (AllocationError if violations[0].kind == "allocation" else RealtimeViolation)(violations)
