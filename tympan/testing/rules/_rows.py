"""The four rules that every class of objects has: its rows are there, should be there, are settable or not,
and have the size of their type. The rows themselves are in _table."""

from tympan.testing._status import code, name
from tympan.testing.rules._rule import advise, require
from tympan.testing.rules._table import CONVERSIONS, GLOBAL, LISTS, QUALIFIED, SIZES, places

_HEAD = 12  # bytes of an AudioChannelLayout before its descriptions
_DESCRIPTION = 20


def present(session, thing, selector=None):
    """(row, scope) of every row of a Thing that HasProperty confirms."""
    for row, scope in places(thing):
        if selector in (None, row.selector) and session.table.has(thing.id, code(row.selector), code(scope), 0):
            yield row, scope


def described(row, scope, thing):
    """A property in a few words."""
    return f"'{row.selector}' ({scope}) of {thing}"


def _missing(session, kind, level):
    for thing in session.things(kind):
        there = set(present(session, thing))
        lacking = [place for place in places(thing) if place[0].level == level and place not in there]
        if lacking:
            yield thing, ", ".join(f"'{row.selector}' ({scope})" for row, scope in lacking)


def required(s, kind):
    """Failure for a missing M row."""
    with s.open() as session:
        for thing, lacking in _missing(session, kind, "M"):
            require(False, f"{thing} lacks {lacking}")


def recommended(s, kind):
    """Warn for a missing s row."""
    with s.open() as session:
        for thing, lacking in _missing(session, kind, "s"):
            advise(False, f"{thing} lacks {lacking}")


def settable(s, kind):
    """Failure where IsPropertySettable differs from the row."""
    with s.open() as session:
        for thing in session.things(kind):
            for row, scope in present(session, thing):
                status, answer = session.table.settable(thing.id, code(row.selector), code(scope), 0)
                where = described(row, scope, thing)
                require(status == 0, f"IsPropertySettable of {where} answered '{name(status)}'")
                expected = "is settable and must not be" if answer else "must be settable and is not"
                require(row.settable in (None, answer), f"{where} {expected}")


def sizes(s, kind):
    """Failure where GetPropertyDataSize or what GetPropertyData wrote does not fit the row's type."""
    with s.open() as session:
        for thing in session.things(kind):
            for row, scope in present(session, thing):
                _size(session, thing, row, scope)


def _size(session, thing, row, scope):
    key, where = (thing.id, code(row.selector), code(scope), 0), described(row, scope, thing)
    if row.selector in QUALIFIED:
        return  # protocol rules say how these are asked
    status, size = session.table.size(*key)
    require(status == 0, f"GetPropertyDataSize of {where} answered '{name(status)}'")
    require(fits(row.kind, size), f"{where} has {size} bytes, wrong for its type")
    if row.selector in CONVERSIONS:
        return
    status, written, data, _ = session.table.get(*key, capacity=size)
    release(session, row, data)
    require(status == 0, f"GetPropertyData of {where} answered '{name(status)}'")
    require(written == size, f"{where} says {size} bytes, and wrote {written}")


def release(session, row, data):
    """Give back the reference that came with a string or URL."""
    if row.kind in ("text", "url"):
        session.plugin._release_reference(data, len(data))


def fits(kind, size):
    """Whether a value of a kind may have so many bytes."""
    if kind == "layout":
        return size >= _HEAD and (size - _HEAD) % _DESCRIPTION == 0
    return size % SIZES[kind] == 0 if kind in LISTS else size == SIZES[kind]


def read(session, thing, selector, scope=GLOBAL, element=0):
    """A UInt32, or None where the property is not there."""
    if not session.plugin.has(thing, selector, scope, element):
        return None
    return session.plugin.get_uint32(thing, selector, scope, element)


def flags(s, kind):
    """Failure where a Boolean property is neither 0 nor 1."""
    with s.open() as session:
        for thing in session.things(kind):
            for row, scope in present(session, thing):
                if row.kind == "flag":
                    value = read(session, thing, row.selector, scope)
                    require(value in (0, 1), f"{described(row, scope, thing)} is {value}, neither 0 nor 1")


def texts(s, kind, *selectors):
    """Failure where a text is empty."""
    with s.open() as session:
        for thing in session.things(kind):
            for row, scope in present(session, thing):
                if row.selector in selectors:
                    text = session.plugin.get_string(thing, row.selector, scope)
                    require(text.strip(), f"{described(row, scope, thing)} is empty")


def global_only(s, kind):
    """Failure where an object that lives in global scope alone answers in another scope or element."""
    with s.open() as session:
        for thing in session.things(kind):
            for row, _ in present(session, thing):
                others = [("inpt", 0), ("outp", 0), (GLOBAL, 77)]
                wrong = [place for place in others if session.plugin.has(thing, row.selector, *place)]
                shown = ", ".join(f"({scope}, element {element})" for scope, element in wrong)
                require(not wrong, f"'{row.selector}' of {thing} is there in {shown} too")
