"""Rules about property calls: what is there, for whom, and NULL pointers (hal-protocol C7)."""

import struct
from concurrent.futures import ThreadPoolExecutor

from tympan.testing import _host
from tympan.testing._status import code, name
from tympan.testing.rules import _rows
from tympan.testing.rules._calls import fixed, get, plain, rows_present
from tympan.testing.rules._rule import Group, Skip, advise, require
from tympan.testing.rules._spy import not_a_string
from tympan.testing.rules._subject import in_time
from tympan.testing.rules._table import GLOBAL, INPUT, OUTPUT, QUALIFIED

rule = Group("protocol", "Property calls", "C7")

_THREADS = 4
_ROUNDS = 200


@rule(
    "has-agrees",
    "Where HasProperty says yes, GetPropertyDataSize and IsPropertySettable succeed; where it says no, they fail.",
    "Messages of failed calls in the log; settings that some applications show and others do not.",
    reference="C7.2",
)
def has_agrees(s):
    with s.open() as session:
        selectors = sorted({row.selector for _, row, _, _ in rows_present(session)} - set(QUALIFIED))
        for thing in session.world.things:
            for selector in selectors:
                for scope in (GLOBAL, INPUT, OUTPUT):
                    key = (thing.id, code(selector), code(scope), 0)
                    has = session.table.has(*key)
                    answers = session.table.size(*key)[0], session.table.settable(*key)[0]
                    for call, status in zip(("GetPropertyDataSize", "IsPropertySettable"), answers, strict=True):
                        shown = f"HasProperty says {'yes' if has else 'no'}, {call} '{name(status)}'"
                        require(has == (status == 0), f"'{selector}' ({scope}) of {thing}: {shown}")


_MISSING = (("zzzz", GLOBAL, 0), ("clas", GLOBAL, 77), ("clas", "zzzz", 0), ("nsrt", INPUT, 3))


def _absent(session, places):
    """(where, the statuses of the four calls) of each place that HasProperty says is not there."""
    table = session.table
    for thing in session.world.things:
        for selector, scope, element in places:
            key = (thing.id, code(selector), code(scope), element)
            session.doing(f"'{selector}' ({scope}, element {element}) of {thing}")
            if not table.has(*key):
                answers = {table.settable(*key)[0], table.size(*key)[0], table.get(*key, capacity=8)[0],
                           table.set(*key, bytes(8))}  # fmt: skip
                yield f"'{selector}' ({scope}, element {element}) of {thing}", answers


@rule(
    "unknown-property",
    "A selector, scope or element that is not there: HasProperty says no, and the other four calls 'who?'.",
    "Messages of failed calls in the log, or values of something else.",
    reference="C7.2",
)
def unknown_property(s):
    with s.open() as session:
        for thing in session.world.things:
            for place in _MISSING:
                there = session.plugin.has(thing, *place)
                require(not there, f"{thing} has the property '{place[0]}' ({place[1]}, element {place[2]})")
        for where, answers in _absent(session, _MISSING):
            require(0 not in answers, f"a call for {where} succeeded")
            advise(answers == {code("who?")}, f"{where} answers {sorted(map(name, answers))}")


@rule(
    "wildcard-addresses",
    "Wildcards for selector, scope or element ('****', 0xFFFFFFFF) crash nothing: 'who?', or as in global scope.",
    "The sound system crashes when an application listens to everything.",
    reference="C7.2",
    isolated=True,
)
def wildcard_addresses(s):
    places = [("****", GLOBAL, 0), ("clas", "****", 0), ("clas", GLOBAL, 0xFFFFFFFF), ("****", "****", 0xFFFFFFFF)]
    with s.open() as session:
        for where, answers in _absent(session, places):
            require(answers == {code("who?")}, f"{where} answers {sorted(map(name, answers))}")


@rule(
    "null-addresses",
    "A NULL address answers 'nope' from each of the 5 property calls (HasProperty: no), and crashes nothing.",
    "The sound system crashes instead of logging an error.",
    reference="C7.1",
    isolated=True,
)
def null_addresses(s):
    _nulls(s, ("address-settable", "address-size", "address-get", "address-set"), "address-has")


@rule(
    "null-out-pointers",
    "A NULL out pointer answers 'nope' from each property call that has one, and crashes nothing.",
    "The sound system crashes instead of logging an error.",
    "tympan-aspl E17",
    reference="C7.1",
    isolated=True,
)
def null_out_pointers(s):
    _nulls(s, ("out-settable", "out-size", "out-get-size", "out-get-data"), None)


def _nulls(s, calls, has):
    with s.open() as session:
        session.doing(has or "")
        require(not has or not session.table.property_with_null(has, 1, code("clas")), "HasProperty(NULL) says yes")
        odd = {}
        for call in calls:
            session.doing(f"NULL as {call}")
            status = session.table.property_with_null(call, 1, code("clas"))
            require(status != 0, f"a call with NULL as {call} succeeded")
            odd.update({call: name(status)} if status != code("nope") else {})
        advise(not odd, f"not 'nope': {odd}")


@rule(
    "same-for-every-process",
    "A standard property answers the same to the host (pid 0) and to any client (other pids).",
    "Some applications do not see the device, or see another format than others.",
    reference="C7.7",
)
def same_for_every_process(s):
    with s.open() as session:
        for _, key, _, where in fixed(session):
            require(session.table.has(*key, pid=501), f"{where} is not there for the process 501")
        for row, key, size, where in plain(session):
            answers = [get(session, row, key, size, pid=pid)[:3] for pid in (0, 501)]
            require(answers[0] == answers[1], f"{where} answers pid 501 something else than pid 0")


@rule(
    "getters-are-pure",
    "Reading changes nothing and notifies nobody.",
    "The processor is busy all the time: each message makes applications read again.",
    reference="C7.8",
)
def getters_are_pure(s):
    with s.open() as session:
        rows = plain(session)
        before = len(session.plugin.notifications)
        first, second = ([get(session, row, key, size)[2] for row, key, size, _ in rows] for _ in range(2))
        session.settle()
        odd = [rows[i][3] for i in range(len(rows)) if first[i] != second[i]]
        require(not odd, f"{odd[0] if odd else ''} answered something else the second time")
        said = session.plugin.notifications[before:]
        require(not said, f"reading made notifications: {said}")


@rule(
    "texts-are-strings",
    "Every text property answers a CFString that lives.",
    "The sound system crashes when it shows the device's name.",
    "AppFaders, lesson 4",
    reference="C7.10",
)
def texts_are_strings(s):
    given = []  # let go of at the end: a string that came without a reference lives until then
    with s.open() as session:
        for thing, row, scope, key in rows_present(session):
            if row.kind != "text" or row.selector in QUALIFIED:
                continue
            where = _rows.described(row, scope, thing)
            session.doing(where)
            _, size, memory, _ = session.table.get(*key, capacity=8)
            address = int.from_bytes(memory[:8], "little") if size == 8 else 0
            kind = _host.kind_of(address) if address else None
            require(kind == "string", f"{where} answers {address:#x}, which is {kind or 'no object'}")
            given.append(address)
        for address in given:
            _host.release(address)


@rule(
    "parallel-reading",
    f"{_THREADS} threads that read every property at once get what one thread gets, and none waits for ever.",
    "The sound system hangs or crashes at random while applications start.",
    "tympan-aspl E14",
    reference="C3",
)
def parallel_reading(s):
    with s.open() as session:
        rows = [item[:3] for item in plain(session)]
        wanted = [get(session, *item)[:3] for item in rows]

        def read():
            return all([get(session, *item)[:3] for item in rows] == wanted for _ in range(_ROUNDS // _THREADS))

        session.doing("reading from several threads")
        answers = in_time(60, "reading from several threads", _together, [read] * _THREADS)
        require(all(answers), "a property answered something else while several threads read")


def _together(actions):
    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result() for future in [pool.submit(action) for action in actions]]


@rule(
    "custom-properties-described",
    "'cust' lists, in entries of 12 bytes, properties that are there, of data and qualifier types 0, 'cfst' or 'plst'.",
    "The driver's own application cannot reach its settings.",
    reference="B0",
)
def custom_properties_described(s):
    with s.open() as session:
        listed = False
        for thing in session.world.things:
            if not session.plugin.has(thing, "cust"):
                continue
            data = session.plugin.get(thing, "cust")
            require(len(data) % 12 == 0, f"'cust' of {thing} has {len(data)} bytes")
            for selector, *types in struct.iter_unpack("<3I", data):
                listed = True
                where = f"the custom property '{name(selector)}' of {thing}"
                shown = ", ".join(map(name, types))
                require(set(types) <= {0, code("cfst"), code("plst")}, f"{where} has the types {shown}")
                require(session.plugin.has(thing, selector), f"{where} is listed and is not there")
        if not listed:
            raise Skip("the driver has no custom property")


@rule(
    "custom-properties-readable",
    "A custom property of the type 'cfst' answers a CFString of 8 bytes, with a reference of its own.",
    "The driver's own application cannot read its settings, or crashes.",
    reference="B0, C7.10",
)
def custom_properties_readable(s):
    with s.open() as session:
        tried = 0
        for thing in session.world.things:
            listed = session.plugin.get(thing, "cust") if session.plugin.has(thing, "cust") else b""
            for selector, kind, qualifier in struct.iter_unpack("<3I", listed):
                if kind != code("cfst") or qualifier:
                    continue
                tried += 1
                _, size, memory, _ = session.table.get(thing.id, selector, code(GLOBAL), 0, capacity=8)
                address = int.from_bytes(memory[:8], "little") if size == 8 else 0
                found = _host.kind_of(address) if address else None
                where = f"the custom property '{name(selector)}' of {thing}"
                require(found == "string", f"{where} answers {address:#x}, which is {found or 'no object'}")
                _host.release(address)
        if not tried:
            raise Skip("the driver has no custom property of the type 'cfst'")


@rule(
    "custom-properties-check-types",
    "Setting a custom property of the type 'cfst' or 'plst' to an object of another type, or to NULL, is refused.",
    "The sound system crashes when an application sets a property of the driver's own wrongly.",
    reference="B0, C7.4",
    isolated=True,
)
def custom_properties_check_types(s):
    with s.open() as session:
        tried = 0
        for thing in session.world.things:
            listed = session.plugin.get(thing, "cust") if session.plugin.has(thing, "cust") else b""
            for selector, kind, qualifier in struct.iter_unpack("<3I", listed):
                key = (thing.id, selector, code(GLOBAL), 0)
                if kind and not qualifier and session.table.settable(*key)[1]:
                    tried += 1
                    _refuses_other_types(session, key, f"the custom property '{name(selector)}' of {thing}")
        if not tried:
            raise Skip("the driver has no custom property that can be set")


def _refuses_other_types(session, key, where):
    for wrong, what in ((not_a_string(), "a CFUUID, which is no property list"), (0, "NULL")):
        session.doing(f"setting {where} to {what}")
        status = session.table.set(*key, struct.pack("<Q", wrong))
        session.settle()
        require(status != 0, f"{where} was set to {what}")
