"""The rules of property calls (hal-protocol C7)."""

import ctypes
import struct
from ctypes import byref

from subjects.lab import probe
from subjects.raw import BOX, CF, DESK, DESK_IN, MUTE, PLUGIN, SOURCE, STRING, Address, code, string, text_at, url

from tympan.testing import _platform

UNTOUCHED = b"\xa5"


def uid_qualifier(text):
    return struct.pack("<Q", string(text))


def address(selector):
    return Address(code(selector), code("glob"), 0)


@probe("bad-driver-accepted")
def strange_driver(d):
    other = ctypes.c_uint64(0)
    return d.get(DESK, "lnam", ref=ctypes.addressof(other))[0] == code("!obj")


@probe("null-address-crashes")
def null_address(d):
    out = ctypes.c_ubyte()
    return d.call("settable", DESK, 0, None, byref(out)) == code("nope")


@probe("null-out-accepted")
def null_out(d):
    return d.call("size", DESK, 0, byref(address("nsrt")), 0, None, None) == code("nope")


@probe("unknown-object-succeeds")
def unknown_object(d):
    return d.get(987654, "clas", room=4)[0] == code("!obj")


@probe("has-is-always-true")
def has_agrees_with_get(d):
    return d.has(DESK, "zzzz") is False and d.get(DESK, "zzzz", room=4)[0] == code("who?")


@probe("element-ignored")
def element(d):
    return d.get(DESK, "nsrt", element=7, room=8)[0] == code("who?")


@probe("scope-ignored")
def scope(d):
    return not d.has(DESK_IN, "sdir", "inpt")


@probe("constant-claims-settable")
def constants(d):
    return d.settable(DESK, "uid ") == (0, False)


@probe("rate-not-settable")
def rate_is_settable(d):
    return d.settable(DESK, "nsrt") == (0, True)


@probe("read-only-set-succeeds")
def read_only(d):
    return d.set_u32(DESK, "livn", 0) == code("unop")


@probe("set-size-ignored")
def set_size(d):
    return d.set(MUTE, "bcvl", bytes(8)) == code("!siz")


@probe("empty-set-crashes")
def empty_set(d):
    return d.set(SOURCE, "scci", b"") != 0


@probe("short-buffer-written")
def short_buffer_untouched(d):
    status, _, memory = d.get(DESK, "nsrt", room=4)
    return status == code("!siz") and memory == UNTOUCHED * len(memory)


@probe("short-buffer-succeeds")
def short_buffer_refused(d):
    return d.get(DESK, "nsrt", room=4)[0] == code("!siz")


@probe("short-list-refused")
def short_list(d):
    return d.get(DESK, "stm#", room=8)[:2] == (0, 8)


@probe("list-ignores-capacity")
def list_keeps_to_its_room(d):
    return d.get(DESK, "stm#", room=8)[2][8:] == UNTOUCHED * 64


@probe("list-cut-inside-element")
def whole_elements(d):
    return d.get(DESK, "stm#", room=7)[:2] == (0, 4)


@probe("size-disagrees")
def sizes_agree(d):
    return d.size(DESK, "ctrl") == d.get(DESK, "ctrl", room=400)[:2]


@probe("size-needs-qualifier")
def size_without_qualifier(d):
    return d.size(PLUGIN, "uidd") == (0, 4) and d.size(SOURCE, "scin") == (0, 8)


@probe("size-makes-string")
def size_makes_nothing(d):
    before = _platform.ledger()["created"]
    d.size(DESK, "lnam")
    return _platform.ledger()["created"] == before


@probe("qualifier-size-ignored")
def short_qualifier(d):
    """Three bytes, in memory where a pointer would be wrong."""
    out, value = ctypes.c_uint32(), ctypes.c_uint32()
    qualifier = struct.pack("<Q", 0x7EADBEE0)
    status = d.call("get", PLUGIN, 0, byref(address("uidd")), 3, qualifier, 4, byref(out), byref(value))
    return status == code("!siz")


@probe("translate-inverted")
def uid_translates(d):
    return d.u32(PLUGIN, "uidd", qualifier=uid_qualifier("org.tympan.subject:desk")) == DESK


@probe("unknown-uid-fails")
def unknown_uid(d):
    return d.u32(PLUGIN, "uidd", qualifier=uid_qualifier("org.example.nothing")) == 0


@probe("string-not-retained")
def strings_are_owned(d):
    for reference in (d.reference(DESK, "lmak"), d.reference(DESK, "lmak")):
        CF.CFRelease(reference)
    return not _platform.problems()


@probe("string-over-retained")
def strings_are_not_leaked(d):
    mark = _platform.mark()
    return d.text(DESK, "lmak") == "tympan" and not _platform.live_objects(mark)


@probe("string-is-bytes")
def strings_are_objects(d):
    return CF.tympan_kind_of(d.reference(DESK, "lmak")) == STRING


@probe("set-keeps-borrowed-string")
def set_retains(d):
    value = string("New Name")
    status = d.set_text(BOX, "lnam", value)
    CF.CFRelease(value)
    return status == 0 and text_at(d.reference(BOX, "lnam")) == "New Name"


@probe("set-trusts-type")
def set_checks_type(d):
    return d.set_text(DESK, "memo", url()) != 0


@probe("getter-notifies")
def getters_are_pure(d):
    d.u32(DESK, "ltnc", "outp")
    d.pump()
    return d.host.notes == []
