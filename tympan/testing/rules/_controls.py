"""What the rules about controls share: setting a value, putting it back, and what a change must say."""

import struct

from tympan.testing._status import code
from tympan.testing.rules._rule import require
from tympan.testing.rules._table import GLOBAL

#: How far two values of one control may be apart.
DECIBELS, SCALAR = 0.01, 0.001


def set_float(session, control, selector, value):
    """SetPropertyData of a Float32, and what follows from it; the status."""
    return _set(session, control, selector, struct.pack("<f", value))


def set_number(session, control, selector, value):
    """The same of a UInt32."""
    return _set(session, control, selector, struct.pack("<I", value))


def _set(session, control, selector, data):
    status = session.table.set(control.id, code(selector), code(GLOBAL), 0, data)
    session.settle()
    return status


class Kept:
    """Puts a control's value back at the end; gives the value before, in bytes."""

    def __init__(self, session, control, selector):
        self.session, self.control, self.selector = session, control, selector

    def __enter__(self):
        self.before = self.session.plugin.get(self.control, self.selector)
        return self.before

    def __exit__(self, *_):
        _set(self.session, self.control, self.selector, self.before)


def must_notify(session, control, selector, setter, value, *wanted):
    """Setting to ``value``, which changes it, says the ``wanted`` selectors; setting it again says nothing."""
    notes = session.notes(setter, session, control, selector, value)
    said = {(note.object, note.selector) for note in notes}
    missing = [key for key in wanted if (control.id, key) not in said]
    require(not missing, f"'{selector}' of {control} changed, and nothing was said about {', '.join(missing)}")
    again = session.notes(setter, session, control, selector, value)
    require(not again, f"'{selector}' of {control} was set to what it was, and {again} was said")
