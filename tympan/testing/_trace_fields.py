"""What the records of a trace hold, kind by kind; docs/trace.md describes it. Raises what Cursor and json raise."""

import json

from tympan.testing._calls import CALLS, HOST_CALLS, NULLS, OPERATIONS, code_text


def _object(cursor):
    kind = cursor.byte()
    if kind == 0:
        return None
    text = cursor.text().decode("utf-8")
    return {"string": text} if kind == 1 else json.loads(text)


def _value(found, key, cursor):
    """A qualifier or a property's data; for a NULL pointer with a size, only the size."""
    kind = cursor.byte()
    if kind == 3:
        found[f"{key}_size"] = cursor.number()
    found[key] = _object(cursor) if kind == 2 else cursor.text().hex() if kind == 1 else ""


def _audio(cursor):
    kind = cursor.byte()
    if kind == 2:
        return {"hash": f"{int.from_bytes(cursor.take(8), 'little'):016x}"}
    return cursor.text().hex() if kind == 3 else {0: None, 1: "silence", 4: "same"}[kind]


def _scope(cursor):
    number = cursor.byte()
    return code_text(cursor.code()) if number == 15 else ("glob", "inpt", "outp")[number]


def _operation(cursor):
    number = cursor.byte()
    return code_text(cursor.code()) if number == 15 else OPERATIONS[number]


def _cycle(cursor, last):
    data = cursor.cycle(last)
    return None if data is None else data.hex()


def _nulls(cursor):
    bits = cursor.number()
    return [name for name, bit in NULLS.items() if bits & bit]


def arguments_of(kind, cursor, last):
    """(name, arguments) of the beginning of a call of this kind."""
    name, _ = CALLS[kind] if kind in CALLS else HOST_CALLS[kind]
    found = {}
    if kind in (1, 4, 5, 7, 8, 11, 12, 13, 14, 15, 18, 19, 21):
        nulls = _nulls(cursor)
        if nulls:
            found["null"] = nulls
    _FIELDS.get(kind, _no_fields)(found, cursor, last)
    return name, found


def _no_fields(found, cursor, last):
    pass


def _query(found, cursor, last):
    found["uuid"] = cursor.text().hex()


def _device(found, cursor, last):
    found["device"] = cursor.number()


def _client(found, cursor, last):
    found["device"] = cursor.number()
    if "address" in found.get("null", ()):
        return
    found.update(client=cursor.number(), pid=cursor.signed(), native=cursor.number())
    bundle_id = _object(cursor)
    found["bundle_id"] = bundle_id and bundle_id.get("string", "")


def _change(found, cursor, last):
    found.update(device=cursor.number(), action=cursor.number(), info=cursor.number())


def _property(found, cursor, last):
    found.update(object=cursor.number(), pid=cursor.signed())
    if "address" not in found.get("null", ()):
        found.update(selector=code_text(cursor.code()), scope=_scope(cursor), element=cursor.number())


def _size(found, cursor, last):
    _property(found, cursor, last)
    _value(found, "qualifier", cursor)


def _get(found, cursor, last):
    _size(found, cursor, last)
    found.update(capacity=cursor.number(), data=cursor.text().hex())


def _set(found, cursor, last):
    _size(found, cursor, last)
    _value(found, "data", cursor)


def _device_client(found, cursor, last):
    found.update(device=cursor.number(), client=cursor.number())


def _will_do(found, cursor, last):
    _device_client(found, cursor, last)
    found["operation"] = code_text(cursor.code())


def _around(found, cursor, last):
    _device_client(found, cursor, last)
    found.update(operation=_operation(cursor), frames=cursor.number(), cycle=_cycle(cursor, last))


def _do(found, cursor, last):
    found.update(device=cursor.number(), stream=cursor.number(), client=cursor.number())
    found.update(operation=_operation(cursor), frames=cursor.number(), cycle=_cycle(cursor, last))
    found.update(bytes=cursor.number(), main=_audio(cursor))


def _changed(found, cursor, last):
    found.update(object=cursor.number(), count=cursor.number())
    addresses = [(cursor.code(), cursor.code(), cursor.number()) for _ in range(cursor.number())]
    found["addresses"] = [[code_text(selector), code_text(scope), element] for selector, scope, element in addresses]


def _key(found, cursor, last):
    found["key"] = _object(cursor)


def _key_value(found, cursor, last):
    found.update(key=_object(cursor), value=_object(cursor))


_FIELDS = {
    1: _query, 6: _device, 7: _client, 8: _client, 9: _change, 10: _change, 11: _property, 12: _property,
    13: _size, 14: _get, 15: _set, 16: _device_client, 17: _device_client, 18: _device_client, 19: _will_do,
    20: _around, 21: _do, 22: _around, 32: _changed, 33: _key, 34: _key_value, 35: _key, 36: _change,
}  # fmt: skip


def answer_of(kind, cursor, last):
    """The answer of a call of this kind."""
    found = {"status": cursor.signed()}
    if kind == 1:
        found["found"] = bool(cursor.number())
    elif kind == 5:
        found["device"] = cursor.number()
    elif kind == 12:
        found["settable"] = bool(cursor.number())
    elif kind == 13:
        found["size"] = cursor.number()
    elif kind == 14:
        found["size"] = cursor.number()
        _value(found, "data", cursor)
    elif kind == 18 and cursor.place < cursor.end:
        found["sample"], found["host"], found["seed"] = cursor.stamp(last)
    elif kind == 19:
        found.update(will=bool(cursor.number()), in_place=bool(cursor.number()))
    elif kind == 21:
        found.update(main=_audio(cursor), second=_audio(cursor))
    elif kind == 33:
        found["value"] = _object(cursor)
    return found
