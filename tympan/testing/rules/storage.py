"""Rules about the host's storage (hal-protocol C8)."""

import ctypes

from tympan._errors import HostError
from tympan.testing import _host, _platform
from tympan.testing._status import name
from tympan.testing.rules._play import play
from tympan.testing.rules._provoke import STORAGE, change_everything, storage_keys
from tympan.testing.rules._rule import Failure, Group, Skip, require
from tympan.testing.rules._spy import not_a_string

rule = Group("storage", "Storage", "C8")


def _values():
    """{type: address of a property list} of every type that this platform can make."""
    library, made = ctypes.CDLL(None), {"text": _host.make_string("left by an older version")}
    made["empty text"] = _host.make_string("")
    pointer, size = ctypes.c_void_p, ctypes.c_long
    if not hasattr(library, "CFNumberCreate"):
        made["value of another type"] = not_a_string()
    for kind, function, arguments in (
        ("number", "CFNumberCreate", (None, 9, ctypes.byref(ctypes.c_int32(12345)))),
        ("data", "CFDataCreate", (None, b"\x01\x02\x03", 3)),
        ("array", "CFArrayCreate", (None, None, 0, None)),
        ("dictionary", "CFDictionaryCreate", (None, None, None, 0, None, None)),
    ):
        make = getattr(library, function, None)
        if make is not None:
            make.restype, make.argtypes = pointer, [pointer, size, pointer] if kind == "number" else None
            made[kind] = make(*arguments)
    return {kind: value for kind, value in made.items() if value}


@rule(
    "storage-may-be-empty",
    "Initialize succeeds when the storage has nothing under the driver's keys.",
    "The driver does not load on a machine where it was never installed before.",
)
def storage_may_be_empty(s):
    with s.spied(may_fail=True) as spied:
        asked = [facts[0] for facts in spied.spy.named("CopyFromStorage")]
        if not asked and spied.status == 0:
            raise Skip("the driver asks for nothing in the storage")
        shown = f"the storage has no {asked[0] if asked else ''!r}, and Initialize answered '{name(spied.status)}'"
        require(spied.status == 0 or not asked, shown)


@rule(
    "storage-after-crash",
    "After the host died in the middle of IO, with nothing stopped and nothing released, the driver loads with the "
    "storage that was left.",
    "After a crash of the sound system the device never comes back.",
    reference="C4, C8",
    isolated=True,
)
def storage_after_crash(s):
    with s.open(storage={}) as session:
        for device in session.devices():
            client = device.add_client()
            device.start(client)
            play(session, device, 0.1, client=client)
        before = len(session.plugin.devices)
        session.hal.crash()
        s.doing("load after a crash of the host")
        try:
            plugin = session.hal.load(s.path)
        except HostError as error:
            raise Failure(f"after a crash of the host: {error}") from None
        after = len(plugin.devices)
        require(after == before, f"{before} devices before a crash of the host, {after} after it")
        for device in plugin.devices:
            if device.streams():
                device.render(None, frames=512)


@rule(
    "storage-foreign-values",
    "Values of any type that an older version may have left under the driver's keys do not stop Initialize.",
    "The driver does not load any more after an update, or the sound system crashes.",
)
def storage_foreign_values(s):
    keys = storage_keys(s)
    for kind, value in _values().items():
        s.doing(f"storage with a {kind} under every key")
        before = len(_platform.problems())
        with s.spied(may_fail=True, storage=dict.fromkeys(keys, value)) as spied:
            require(spied.status == 0, f"with a {kind} under its keys, Initialize answered '{name(spied.status)}'")
            spied.properties.get_ids(1, "dev#")
        problems = _platform.problems()[before:]
        require(not problems, f"with a {kind} under its keys the driver takes it for something else: {problems[:1]}")


@rule(
    "storage-failing-writes",
    "Settings can be changed although the host's storage refuses to write.",
    "A setting jumps back, or the sound system crashes, when the disk is full.",
)
def storage_failing_writes(s):
    storage_keys(s)
    with s.spied() as spied:
        spied.spy.fails = True
        change_everything(spied)
        require(spied.properties.get_ids(1, "dev#") is not None, "the plug-in is lost")


@rule(
    "storage-writes-property-lists",
    "What the driver writes are property lists, under keys that are CFStrings.",
    "Settings are lost at each restart.",
)
def storage_writes_property_lists(s):
    storage_keys(s)
    with s.spied() as spied:
        change_everything(spied)
        for key, value in spied.spy.named("WriteToStorage"):
            require(key, "a key of WriteToStorage is no CFString")
            require(value, f"WriteToStorage of {key!r} has no value")
            kind = _host.kind_of(value)
            require(kind != "url", f"WriteToStorage of {key!r} has a CFURL, which is no property list")


@rule(
    "storage-copies-released",
    "Values that CopyFromStorage gives are released again: it gives a reference of their own.",
    "The sound system's memory grows.",
)
def storage_copies_released(s):
    keys = storage_keys(s)
    words = "a value of the validator's"
    since, value = _platform.mark(), _host.make_string(words)
    with s.spied(storage=dict.fromkeys(keys, value)) as spied:
        asked = len(spied.spy.named("CopyFromStorage"))
    counts = [count for _, _, count, text in _platform.live_objects(since) if words in text]
    if not counts:
        raise Skip("this system keeps no ledger")
    require(counts[0] <= 1, f"of {asked} copies {counts[0] - 1} are not released when the driver ends")


@rule(
    "storage-own-keys",
    "The driver's keys are not empty.",
    "Settings are lost at each restart.",
)
def storage_ownstorage_keys(s):
    with s.spied() as spied:
        change_everything(spied)
        found = [facts[0] for function in STORAGE for facts in spied.spy.named(function)]
    if not found:
        raise Skip("the driver uses no storage")
    require(all(found), "the driver uses an empty key, or one that is no CFString")
