"""Rules about the memory that property calls write: sizes, truncation, qualifiers (hal-protocol C7.3, C7.5)."""

from tympan.testing._status import code, name
from tympan.testing.rules import _rows
from tympan.testing.rules._calls import fixed, get, plain, rows_present
from tympan.testing.rules._rule import Group, advise, require
from tympan.testing.rules._table import LISTS, QUALIFIED, SIZES

rule = Group("buffers", "Property values and their room", "C7.3")


@rule(
    "short-buffer",
    "A buffer too small for a value of fixed size answers '!siz' and stays untouched.",
    "Memory of the sound system is overwritten: crashes at random.",
    reference="C7.3",
)
def short_buffer(s):
    with s.open() as session:
        for _, key, size, where in fixed(session):
            for capacity in (size - 1, 0):
                data = b"\xa5" * capacity
                status, _, memory, beyond = session.table.get(*key, capacity=capacity, data=data)
                require(not beyond and memory == data, f"{where} wrote into a buffer that is too small")
                require(status != 0, f"{where} succeeded with room for {capacity} bytes")
                advise(status == code("!siz"), f"{where} answered '{name(status)}' for a buffer that is too small")


@rule(
    "large-buffer",
    "A buffer larger than needed is fine, and the size that is answered is the value's.",
    "Values with rubbish at their end.",
    reference="C7.3",
)
def large_buffer(s):
    with s.open() as session:
        for row, key, size, where in fixed(session):
            status, written, memory, _ = get(session, row, key, size + 64)
            require(status == 0 and written == size, f"{where} answered '{name(status)}' and {written} bytes of {size}")
            require(memory[size:] == b"\xa5" * 64, f"{where} wrote more than the {size} bytes it says")


@rule(
    "writes-stay-inside",
    "GetPropertyData writes nothing beyond the buffer that it is given.",
    "Memory of the sound system is overwritten: crashes at random.",
    "BlackHole #665",
    reference="C7.3",
)
def writes_stay_inside(s):
    with s.open() as session:
        for thing, row, scope, key in rows_present(session):
            if row.selector in QUALIFIED:
                continue
            status, size = session.table.size(*key)
            for capacity in (size, size // 2 if row.kind in LISTS else size):
                beyond = status == 0 and get(session, row, key, capacity)[3]
                where = _rows.described(row, scope, thing)
                require(not beyond, f"{where} wrote beyond the {capacity} bytes it was given")


def _lists(session):
    for thing, row, scope, key in rows_present(session):
        if row.kind in LISTS:
            yield row, key, SIZES[row.kind], session.table.size(*key)[1], _rows.described(row, scope, thing)


@rule(
    "list-truncation",
    "A list writes as many whole elements as fit, says how many bytes, and succeeds.",
    "Messages of failed calls in the log, and devices that come late when one was added meanwhile.",
    "tympan-aspl E17",
    reference="C7.3",
)
def list_truncation(s):
    with s.open() as session:
        for row, key, unit, size, where in _lists(session):
            full = get(session, row, key, size)[2][:size]
            for capacity in sorted({unit - 1, unit, size - 1, size} - {-1}):
                status, written, memory, beyond = get(session, row, key, capacity)
                wanted = min(capacity // unit * unit, size)
                shown = f"{where} with room for {capacity} bytes"
                require(status == 0 and not beyond, f"{shown} answered '{name(status)}'")
                require(written == wanted, f"{shown} says {written} bytes, not {wanted}")
                require(memory[:wanted] == full[:wanted], f"{shown} wrote something else than with all the room")


@rule(
    "list-without-room",
    "A list asked with room for 0 bytes writes 0 bytes and succeeds.",
    "Messages of failed calls in the log.",
    reference="C7.3",
)
def list_without_room(s):
    with s.open() as session:
        for row, key, _, _, where in _lists(session):
            status, written, _, beyond = get(session, row, key, 0)
            require(not beyond, f"{where} wrote into no room")
            require(status == 0 and written == 0, f"{where} with no room answered '{name(status)}', {written} bytes")


@rule(
    "qualifier-not-needed-for-size",
    "GetPropertyDataSize of uidd, uidb, uidc, scin and clkk works without a qualifier.",
    "Devices cannot be found by their UID.",
    "NullAudio family",
    reference="C7.5",
)
def qualifier_not_needed_for_size(s):
    with s.open() as session:
        for thing, row, scope, key in rows_present(session):
            if row.selector in QUALIFIED:
                status, size = session.table.size(*key)
                where = _rows.described(row, scope, thing)
                require(status == 0 and size == SIZES[row.kind], f"the size of {where} without a qualifier: "
                                                                 f"'{name(status)}', {size} bytes")  # fmt: skip


@rule(
    "qualifier-size",
    "GetPropertyData of uidd, uidb, uidc (8 bytes) and scin, clkk (4 bytes) answers '!siz' for a qualifier that "
    "is missing or has another size.",
    "The sound system crashes on a qualifier that is not there.",
    "NullAudio family, BlackHole",
    reference="C7.5",
    isolated=True,
)
def qualifier_size(s):
    with s.open() as session:
        for thing, row, scope, key in rows_present(session):
            if row.selector not in QUALIFIED:
                continue
            for qualifier in (b"", b"\xa5" * 3, b"\xa5" * (QUALIFIED[row.selector] - 1)):
                where = f"{_rows.described(row, scope, thing)} with a qualifier of {len(qualifier)} bytes"
                session.doing(where)
                status, size, data, _ = session.table.get(*key, qualifier=qualifier, capacity=8)
                if status == 0:
                    _rows.release(session, row, data[:size])
                require(status != 0, f"{where} succeeded")
                advise(status == code("!siz"), f"{where} answered '{name(status)}'")


@rule(
    "superfluous-qualifier",
    "A qualifier that a property does not need is ignored.",
    "Values of an application that passes one are missing.",
    reference="C7.5",
)
def superfluous_qualifier(s):
    with s.open() as session:
        for row, key, size, where in plain(session):
            without, with_one = get(session, row, key, size), get(session, row, key, size, qualifier=bytes(8))
            require(without[:3] == with_one[:3], f"{where} answers '{name(with_one[0])}' with a qualifier of 8 bytes")
