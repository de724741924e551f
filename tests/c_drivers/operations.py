"""The driver operations.c from Python: what it promises, and the calls that it got."""

import ctypes
from typing import NamedTuple

from c_drivers.build import HERE, make_bundle

OPERATIONS = ("thrd", "cycl", "read", "cinp", "pinp", "pout", "mixo", "pmix", "cmix", "rite")
BREAKAGES = ("nothing", "leaves secondary", "writes past secondary", "writes before main", "fails", "allocates")


class _Record(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_uint32) for name in ("call", "op", "client", "stream", "frames", "secondary")),
        ("input", ctypes.c_double), ("output", ctypes.c_double), ("counter", ctypes.c_uint64),
    ]  # fmt: skip


class Call(NamedTuple):
    """One call as the driver got it."""

    call: str
    op: str
    client: int
    stream: int
    frames: int
    secondary: bool
    input: float
    output: float
    counter: int


def _text(number):
    return number.to_bytes(4, "big").decode().strip("\0 ")


class Operations:
    """One bundle of operations.c; of each test its own, because the image keeps what was promised."""

    def __init__(self, folder, name="Operations", *defines):
        self.path = make_bundle(folder, name, HERE / "operations.c", defines)
        self._c = ctypes.CDLL(str(self.path / "Contents" / "MacOS" / name))
        self._c.operations_log.restype = ctypes.POINTER(_Record)

    def promise(self, client, *operations, aside=()):
        """Promise exactly these to a client; those of ``aside`` not in place."""
        for number, operation in enumerate(OPERATIONS):
            self._c.operations_promise(client, number, operation in operations, operation not in aside)

    def breaks(self, what, operation):
        self._c.operations_break(BREAKAGES.index(what), OPERATIONS.index(operation))

    def clear(self):
        self._c.operations_clear()

    @property
    def calls(self):
        """Every call since clear(): Call tuples."""
        found = self._c.operations_log()[: self._c.operations_count()]
        return [
            Call(
                _text(r.call), _text(r.op), r.client, r.stream, r.frames,
                bool(r.secondary), r.input, r.output, r.counter,
            )
            for r in found
        ]

    def order(self):
        """'Begn cycl 1', 'Do read 1', ... without WillDo."""
        return [f"{c.call} {c.op} {c.client}".replace("  ", " ") for c in self.calls if c.call != "will"]
