"""What the rules about property calls share: every row that a driver has, and how to ask it."""

import struct

from tympan.testing._status import code
from tympan.testing.rules import _rows
from tympan.testing.rules._table import CONVERSIONS, LISTS, QUALIFIED, SIZES


def rows_present(session):
    """(Thing, row, scope, key) of every row that is there; ``key`` is what Table's calls take."""
    for thing in session.world.things:
        for row, scope in _rows.present(session, thing):
            yield thing, row, scope, (thing.id, code(row.selector), code(scope), 0)


def fixed(session):
    """(row, key, size, where) of the values of a fixed size that need no qualifier."""
    for thing, row, scope, key in rows_present(session):
        if row.kind in SIZES and row.kind not in LISTS and row.selector not in QUALIFIED:
            yield row, key, SIZES[row.kind], _rows.described(row, scope, thing)


def plain(session):
    """The same without references, whose bits may differ from call to call."""
    return [item for item in fixed(session) if item[0].kind not in ("text", "url")]


def get(session, row, key, capacity, **options):
    """GetPropertyData: (status, size, memory, beyond). A reference that came with it is given back; conversions
    get a value to convert."""
    data = struct.pack("<f", 0.5) if row.selector in CONVERSIONS else b""
    status, size, memory, beyond = session.table.get(*key, capacity=capacity, data=data, **options)
    if status == 0:
        _rows.release(session, row, memory[:size])
    return status, size, memory, beyond
