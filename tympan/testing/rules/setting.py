"""Rules about SetPropertyData (hal-protocol C7.4)."""

import math
import struct

from tympan.testing import _host
from tympan.testing._status import code, name
from tympan.testing.rules import _rows
from tympan.testing.rules._calls import fixed, rows_present
from tympan.testing.rules._raw import Address
from tympan.testing.rules._rule import Group, Skip, advise, require
from tympan.testing.rules._spy import not_a_string
from tympan.testing.rules._table import GLOBAL, LISTS, SIZES

rule = Group("setting", "Setting properties", "C7.4")


@rule(
    "read-only-set",
    "Setting a property that is not settable fails ('unop').",
    "An application believes that it changed something.",
    reference="C7.2",
)
def read_only_set(s):
    with s.open() as session:
        odd = {}
        for row, key, size, where in fixed(session):
            if session.table.settable(*key)[1]:
                continue
            status = session.table.set(*key, bytes(size))
            require(status != 0, f"{where} is read-only, and setting it succeeded")
            odd.update({row.selector: name(status)} if status != code("unop") else {})
        advise(not odd, f"not 'unop': {odd}")


def _settables(session):
    for row, key, size, where in fixed(session):
        if session.table.settable(*key)[1]:
            yield row, key, size, where


@rule(
    "wrong-size-set",
    "Setting with a wrong size, or a part of a list's element, answers '!siz' and changes nothing.",
    "A cut value is taken: volume, rate or format become rubbish.",
    reference="C7.4",
)
def wrong_size_set(s):
    with s.open() as session:
        for row, key, size, where in _settables(session):
            before = _value(session, row, key, size)
            for wrong in (0, size - 1, size + 4):
                status = session.table.set(*key, (before + bytes(8))[:wrong])
                session.settle()
                require(status != 0, f"{where}, of {size} bytes, was set with {wrong}")
                require(_value(session, row, key, size) == before, f"{where} changed when set with {wrong} bytes")
                advise(status == code("!siz"), f"{where} with {wrong} bytes answered '{name(status)}'")
        for key, unit, where in _settable_lists(session):
            session.doing(f"setting {where} with 0 bytes")
            session.table.set(*key, b"")
            status = session.table.set(*key, bytes(unit - 1))
            session.settle()
            require(status != 0, f"{where}, of elements of {unit} bytes, was set with {unit - 1}")


def _settable_lists(session):
    for thing, row, scope, key in rows_present(session):
        if row.kind in LISTS and session.table.settable(*key)[1]:
            yield key, SIZES[row.kind], _rows.described(row, scope, thing)


def _value(session, row, key, size):
    """The bytes of a value; of a text its words, since its reference may differ."""
    status, written, memory, _ = session.table.get(*key, capacity=size)
    if status or row.kind not in ("text", "url"):
        return memory[:written] if not status else b""
    try:
        return _host.string_at(int.from_bytes(memory, "little")).encode()
    finally:
        _rows.release(session, row, memory)


@rule(
    "null-data-set",
    "SetPropertyData without data answers 'nope' and crashes nothing.",
    "The sound system crashes instead of logging an error.",
    reference="C7.4",
    isolated=True,
)
def null_data_set(s):
    with s.open() as session:
        odd = {}
        for row, key, size, where in _settables(session):
            session.doing(f"SetPropertyData of {where} without data")
            status = session.raw.call("SetPropertyData", key[0], 0, Address(*key[1:]), 0, None, size, None)
            require(status != 0, f"setting {where} without data succeeded")
            odd.update({row.selector: name(status)} if status != code("nope") else {})
        advise(not odd, f"not 'nope' without data: {odd}")


@rule(
    "bad-rate-refused",
    "A sample rate that is not in 'nsr#' is refused ('!dat'), NaN and infinity too, and changes nothing.",
    "Audio plays at the wrong speed, or the sound system hangs.",
    "libASPL: 'unop', NullAudio: 'nope'",
    reference="C6",
)
def bad_rate_refused(s):
    with s.open() as session:
        for device in session.devices(streams=False):
            before, ranges = device.sample_rate, device.sample_rates
            for rate in (12_345.0, -before, 0.0, math.nan, math.inf):
                status = session.table.set(device.id, code("nsrt"), code(GLOBAL), 0, struct.pack("<d", rate))
                session.settle()
                offered = any(low <= rate <= high for low, high in ranges)
                require(offered or status != 0, f"{rate} Hz was accepted")
                require(offered or device.sample_rate == before, f"{rate} Hz was taken")
                odd = offered or status in (code("!dat"), code("nope"), code("unop"))
                advise(odd, f"{rate} Hz was refused with '{name(status)}'")


@rule(
    "text-set-is-kept",
    "A text that is set is retained or copied: it is readable after the host has let go of it.",
    "A name turns into rubbish, or the sound system crashes when it is read.",
    reference="C7.4",
)
def text_set_is_kept(s):
    with s.open() as session:
        for row, key, _, where in _text_settables(session):
            before = session.plugin.get_string(key[0], row.selector)
            session.plugin.set_string(key[0], row.selector, "A name of the validator's")
            session.settle()
            problems = len(session.hal.ledger.problems)
            found = session.plugin.get_string(key[0], row.selector)
            require(found == "A name of the validator's", f"{where} was set and is {found!r}")
            require(len(session.hal.ledger.problems) == problems, f"{where} was not retained")
            session.plugin.set_string(key[0], row.selector, before)
            session.settle()


def _text_settables(session):
    found = [item for item in _settables(session) if item[0].kind == "text"]
    if not found:
        raise Skip("no text of the driver can be set")
    return found


@rule(
    "wrong-type-set",
    "Setting a text with an object of another type, or with NULL, is refused and crashes nothing.",
    "The sound system crashes when an application sets a name wrongly.",
    reference="C7.4",
    isolated=True,
)
def wrong_type_set(s):
    with s.open() as session:
        for row, key, _, where in _text_settables(session):
            for wrong, what in ((not_a_string(), "an object that is no string"), (0, "NULL")):
                session.doing(f"setting {where} to {what}")
                status = session.table.set(*key, struct.pack("<Q", wrong))
                session.settle()
                require(status != 0, f"{where} was set to {what}")
                session.plugin.get_string(key[0], row.selector)
