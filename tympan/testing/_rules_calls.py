"""Rules about property calls: sizes, statuses, ownership (hal-protocol C7)."""

import struct

from tympan.testing import _platform
from tympan.testing._rules import Skip, Warn, require, rule
from tympan.testing._rules_objects import rows_of
from tympan.testing._status import code, name

_GLOBAL = code("glob")


def _things(plugin):
    yield plugin
    for device in plugin.devices:
        yield device
        yield from device.streams()


def _fixed(plugin):
    """Every row of fixed size, as (object id, selector, scope, type)."""
    for thing in _things(plugin):
        for selector, scope, kind, _, _ in rows_of(plugin, thing):
            known = kind in ("u32", "f64", "format", "pair", "text") and selector not in ("uidd", "uidb")
            if known and plugin.has(thing, selector, scope):
                yield thing.id, selector, scope, kind


def _lists(plugin):
    for thing in _things(plugin):
        for selector, scope, kind, _, _ in rows_of(plugin, thing):
            if kind in ("u32s", "ranges", "formats") and plugin.has(thing, selector, scope):
                yield thing.id, selector, scope, {"u32s": 4, "ranges": 16, "formats": 56}[kind]


@rule("unknown-object", "Property calls on an unknown object answer '!obj', and HasProperty no.")
def unknown_object(subject):
    table = subject.plugin.table
    key = (987654, code("clas"), _GLOBAL, 0)
    require(not table.has(*key), "HasProperty is true for an unknown object")
    statuses = {table.settable(*key)[0], table.size(*key)[0], table.get(*key, capacity=4)[0], table.set(*key, bytes(4))}
    require(0 not in statuses, "a call on an unknown object succeeded")
    if statuses != {code("!obj")}:
        raise Warn(f"an unknown object answers {sorted(map(name, statuses))}")


@rule("unknown-property", "Calls for a property that is not there answer 'who?'.")
def unknown_property(subject):
    table = subject.plugin.table
    for thing in _things(subject.plugin):
        for selector, scope, element in (("zzzz", "glob", 0), ("clas", "glob", 77), ("****", "****", 0xFFFFFFFF)):
            key = (thing.id, code(selector), code(scope), element)
            if table.has(*key):
                continue
            statuses = {
                table.settable(*key)[0],
                table.size(*key)[0],
                table.get(*key, capacity=4)[0],
                table.set(*key, bytes(4)),
            }
            shown = sorted(map(name, statuses))
            require(
                statuses == {code("who?")}, f"'{selector}' ({scope}, {element}) of object {thing.id} answers {shown}"
            )


@rule("null-pointers", "A NULL address or out pointer answers 'nope' and crashes nothing.")
def null_pointers(subject):
    table = subject.plugin.table
    require(not table.property_with_null("address-has", 1, code("clas")), "HasProperty is true without an address")
    calls = (
        "address-settable",
        "address-size",
        "address-get",
        "address-set",
        "out-settable",
        "out-size",
        "out-get-size",
        "out-get-data",
    )
    answers = {call: table.property_with_null(call, 1, code("clas")) for call in calls}
    succeeded = [call for call, status in answers.items() if status == 0]
    require(not succeeded, f"calls with NULL succeeded: {', '.join(succeeded)}")
    other = {call: name(status) for call, status in answers.items() if status != code("nope")}
    if other:
        raise Warn(f"not 'nope': {other}")


@rule("short-buffer", "A buffer too small for a value of fixed size answers '!siz' and stays untouched.")
def short_buffer(subject):
    for number, selector, scope, _ in _fixed(subject.plugin):
        _, size = subject.plugin.table.size(number, code(selector), code(scope), 0)
        status, _, memory, beyond = subject.plugin.table.get(number, code(selector), code(scope), 0, capacity=size - 1)
        where = f"'{selector}' ({scope}) of object {number}"
        require(not beyond and memory == b"\xa5" * (size - 1), f"{where} wrote into a buffer that is too small")
        require(status == code("!siz"), f"{where} answered '{name(status)}' for a buffer that is too small")


@rule("large-buffer", "A buffer larger than needed is fine, and the size answered is the value's.")
def large_buffer(subject):
    for number, selector, scope, kind in _fixed(subject.plugin):
        if kind == "text":
            continue
        _, size = subject.plugin.table.size(number, code(selector), code(scope), 0)
        status, written, _, _ = subject.plugin.table.get(number, code(selector), code(scope), 0, capacity=size + 64)
        where = f"'{selector}' ({scope}) of object {number}"
        require(status == 0 and written == size, f"{where} answered '{name(status)}' and {written} bytes")


@rule("list-truncation", "A list writes as many whole elements as fit, and says how many bytes.")
def list_truncation(subject):
    for number, selector, scope, unit in _lists(subject.plugin):
        key = (number, code(selector), code(scope), 0)
        _, size = subject.plugin.table.size(*key)
        for capacity in {0, unit - 1, size - 1 if size else 0, size}:
            status, written, _, beyond = subject.plugin.table.get(*key, capacity=capacity)
            where = f"'{selector}' ({scope}) of object {number} with room for {capacity} bytes"
            require(status == 0 and not beyond, f"{where} answered '{name(status)}'")
            require(written == min(capacity // unit * unit, size), f"{where} says {written} bytes")


@rule("read-only-set", "Setting a property that is not settable answers 'unop'.")
def read_only_set(subject):
    odd = {}
    for number, selector, scope, _ in _fixed(subject.plugin):
        key = (number, code(selector), code(scope), 0)
        if subject.plugin.table.settable(*key)[1]:
            continue
        status = subject.plugin.table.set(*key, bytes(subject.plugin.table.size(*key)[1]))
        require(status != 0, f"'{selector}' ({scope}) of object {number} is read-only, yet setting it succeeded")
        if status != code("unop"):
            odd[selector] = name(status)
    if odd:
        raise Warn(f"not 'unop': {odd}")


@rule("wrong-size-set", "Setting with a wrong size answers '!siz' and changes nothing.")
def wrong_size_set(subject):
    for device in subject.plugin.devices:
        before = device.sample_rate
        status = subject.plugin.table.set(device.id, code("nsrt"), _GLOBAL, 0, bytes(4))
        subject.hal.pump()
        require(status == code("!siz"), f"'nsrt' of 4 bytes answered '{name(status)}'")
        require(device.sample_rate == before, "'nsrt' of 4 bytes changed the rate")


@rule("bad-sample-rate", "A sample rate that is not available is refused and changes nothing.")
def bad_sample_rate(subject):
    for device in subject.plugin.devices:
        before = device.sample_rate
        for rate in (12345.0, -48000.0, float("nan"), float("inf")):
            status = subject.plugin.table.set(device.id, code("nsrt"), _GLOBAL, 0, struct.pack("<d", rate))
            subject.hal.pump()
            offered = any(low <= rate <= high for low, high in device.sample_rates)
            require(status != 0 or offered, f"{rate} Hz was accepted")
            require(offered or device.sample_rate == before, f"{rate} Hz was taken")


@rule("strings-owned", "Every string is given with a reference of its own: releasing it twice for two reads is right.")
def strings_owned(subject):
    if not _platform.ledger()["created"]:
        raise Skip("this system keeps no ledger")
    texts = [row for row in _fixed(subject.plugin) if row[3] == "text"]
    for _ in range(2):
        problems, live = len(subject.hal.ledger.problems), len(subject.hal.ledger.live)
        for number, selector, scope, _ in texts:
            subject.plugin.get_string(number, selector, scope)
    require(
        len(subject.hal.ledger.problems) == problems,
        subject.hal.ledger.problems[-1] if subject.hal.ledger.problems else "",
    )
    require(
        len(subject.hal.ledger.live) == live,
        f"reading {len(texts)} strings left {len(subject.hal.ledger.live) - live} more objects",
    )


@rule("getters-are-pure", "Reading changes nothing and notifies nobody.")
def getters_are_pure(subject):
    before = len(subject.plugin.notifications)
    rows = [row for row in _fixed(subject.plugin) if row[3] != "text"]
    first, second = ([subject.plugin.get(*row[:3]) for row in rows] for _ in range(2))
    subject.hal.pump()
    require(first == second, "a property answered something else the second time")
    require(
        len(subject.plugin.notifications) == before,
        f"reading made notifications: {subject.plugin.notifications[before:]}",
    )
