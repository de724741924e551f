"""Sentences for forbidden calls: which function of the driver made which call, and the chain that led there."""

import itertools
import os

_DOES = {
    "allocation": "allocates or frees memory",
    "lock": "takes or releases a lock",
    "wait": "waits",
    "io": "does input or output",
    "thread": "starts, ends or awaits a thread or process",
    "system call": "enters the kernel",
    "GIL": "waits for the interpreter's lock",
}
_DRIVERS = "Do it in initialize or start_io: what runs on IO threads may only compute. See docs/author-guide.md."
_OURS = "This is a bug of tympan, not of the driver: please report it."
_CALLER = "tympan._io.call_driver"  # what calls process_io, and nothing else
_MOST = 8  # further ones are counted

_HERE = os.path.dirname(os.path.realpath(__file__))
_PLATFORM = os.path.join(_HERE, "_platform.")  # stands in for Apple's libraries, which a driver calls
_SYSTEM = ("/lib", "/usr/lib", "/System")


def describe(violations, where=""):
    """(sentence, whole text, hint) for violations of a driver's realtime entries; ``where`` says in which cycle."""
    blamed = [Blame(violation) for violation in violations]
    parts = [blame.text(where) for blame in blamed[:_MOST]]
    if len(blamed) > _MOST:
        parts.append(f"and {len(blamed) - _MOST} more")
    return blamed[0].sentence(), "\n".join(parts), _OURS if blamed[0].is_ours else _DRIVERS


class Blame:
    """One violation: ``chain`` are the frames from the forbidden call outwards, up to the host's call of an entry;
    ``guilty`` is the innermost of them that belongs to the driver or to tympan's core."""

    def __init__(self, violation):
        self.violation = violation
        stack = itertools.takewhile(lambda frame: not _is_host(frame), violation.stack)
        self.chain = [frame for frame in stack if not frame.is_interpreter]
        authored = [frame for frame in self.chain[_interpreter_depth(self.chain) :] if _is_authored(frame)]
        cython = next((frame for frame in authored if frame.pyx_line or _is_cython(frame)), None)
        self.guilty = authored[0] if authored else None
        if cython and _is_core(cython) == _is_core(authored[0]):  # C of its own, which the author knows by its caller
            self.guilty = cython

    @property
    def is_ours(self):
        """Whether tympan's core, or the host itself, is to blame and not the driver."""
        if self.guilty is None:
            return any(map(_is_host, self.violation.stack[:1]))
        return _is_core(self.guilty) and not self.ends_with_call

    @property
    def ends_with_call(self):
        """Whether the driver's function is not on the stack: its last call took its place there."""
        return self.guilty is not None and self.guilty.name == _CALLER

    def sentence(self):
        """``gain.pyx:31: Gain.process_io calls malloc, which allocates or frees memory``."""
        if self.ends_with_call:
            return f"process_io ends with a call of {self._called()}"
        return f"{self._place()}{self._who()} calls {self._called()}"

    def text(self, where):
        """The sentence, and the chain below it."""
        names = (f"    {frame}" for frame, _ in itertools.groupby(map(str, self.chain)))
        times = f", {self.violation.count} times" if self.violation.count > 1 else ""
        end = f"    on thread {self.violation.thread!r}{times}" + (f", {where}" if where else "")
        return "\n".join([self.sentence(), *names, end])

    def _place(self):
        return f"{self.guilty.line}: " if self.guilty and self.guilty.line else ""

    def _who(self):
        if self.guilty is None:
            return "the simulated host" if self.is_ours else "the driver"
        return _plain(self.guilty) if self.guilty.symbol else os.path.basename(self.guilty.path)

    def _called(self):
        """The function that the guilty one called, and the trapped one, if that is deeper."""
        function, does = self.violation.function.removesuffix("64"), _DOES[self.violation.kind]
        inner = self.chain[: self.chain.index(self.guilty)] if self.guilty else []
        names = [name for name in map(_plain, inner) if name != "?" and not name.startswith("__Pyx_")]
        called = names[-1] if names else function  # Cython's own helpers are nobody's words
        return f"{called}, which {does}" + (f" ({function})" if called != function else "")


def _plain(frame):
    """Without the module, which the line names: ``Gain.process_io``, ``grow``."""
    module, _, rest = frame.name.partition(".")
    return rest if rest and _is_cython(frame) and module != "tympan" else frame.name


def _is_cython(frame):
    return bool(frame.symbol) and frame.symbol.startswith("__pyx_")


def _is_core(frame):
    """By its name, its module, or in a bundle the file that it was compiled from."""
    source = os.path.basename(os.path.dirname(frame.line.file)) if frame.line else ""
    module = os.path.dirname(os.path.realpath(frame.path)) if frame.path else ""
    return frame.name.startswith("tympan.") or module == os.path.dirname(_HERE) or source.startswith("tympan")


def _is_host(frame):
    """A module of the simulated host, but for the stand-ins."""
    path = os.path.realpath(frame.path) if frame.path else ""
    return os.path.dirname(path) == _HERE and not path.startswith(_PLATFORM)


def _is_authored(frame):
    """Not the C library, nor the stand-ins for Apple's libraries."""
    path = os.path.realpath(frame.path) if frame.path else ""
    return bool(path) and not path.startswith((*_SYSTEM, _PLATFORM))


def _interpreter_depth(chain):
    """How many frames of the chain are a private interpreter's and what it called."""
    inside = [i for i, frame in enumerate(chain) if frame.symbol and frame.symbol.startswith(("Py", "_Py"))]
    return inside[-1] + 1 if inside else 0
