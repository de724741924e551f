"""Rules about the factory, the interface, Initialize and the count of references (hal-protocol C1.3, C1.4, C2)."""

import ctypes
import time
import uuid

from tympan.testing import _host, _loader
from tympan.testing._status import code, name
from tympan.testing.rules._raw import address, foreign_reference
from tympan.testing.rules._rule import Blocked, Failure, Group, Skip, advise, require
from tympan.testing.rules._spy import Spy
from tympan.testing.rules._subject import quiet_host, threads

rule = Group("factory", "Factory, interface and life", "C2")

_STRANGER = uuid.UUID("00112233-4455-6677-8899-AABBCCDDEEFF")
_SLOTS = 22
_NO_INTERFACE = 0x80000004
_ROUNDS = 5


@rule(
    "factory-makes-driver",
    f"The factory answers a driver reference for the type {str(_loader.TYPE_UUID).upper()}.",
    "The driver is not loaded; no device appears.",
    reference="C1.3",
)
def factory_makes_driver(s):
    address = _host.call_factory(s.factory(), _loader.TYPE_UUID.bytes)
    require(address, "the factory answered NULL", "The driver's log may say why.")
    _host.Table(address).release()


@rule(
    "factory-foreign-type",
    "The factory answers NULL for a type UUID that it does not make.",
    "A host of another kind of plug-in loads the driver and crashes.",
    "tympan-aspl E18",
    reference="C1.3",
)
def factory_foreign_type(s):
    answer = _host.call_factory(s.factory(), _STRANGER.bytes)
    require(not answer, "the factory made something of an unknown type")


@rule(
    "factory-twice",
    "A second call of the factory answers a usable reference too: the same object or a new one.",
    "The driver vanishes when the sound system loads it again.",
    reference="C1.3",
)
def factory_twice(s):
    with s.reference() as (_, _first):
        address = _host.call_factory(s.factory(), _loader.TYPE_UUID.bytes)
        require(address, "the second call of the factory answered NULL")
        second = _host.Table(address)
        status, found = second.query_interface(_loader.INTERFACE_UUID.bytes)
        require(status == 0 and found, "the second reference does not know the driver interface")
        _host.Table(found).release()
        second.release()


@rule(
    "table-complete",
    f"None of the slots 1 to {_SLOTS} of the table is NULL.",
    "The sound system crashes as soon as it calls the missing function.",
    "tympan-aspl E3",
    reference="C1.4",
)
def table_complete(s):
    with quiet_host():
        table = s.made()
        missing = table.missing()
        if not missing:
            table.release()
    require(not missing, f"slots {missing} of the table are NULL", "Answer 'unop' for what the driver does not do.")


@rule(
    "query-interface",
    "QueryInterface answers 0 and a reference for IUnknown and for the driver interface.",
    "The driver is not loaded; no device appears.",
    "eqMac's IUnknown",
)
def query_interface(s):
    with s.reference() as (_, table):
        for known in (_loader.INTERFACE_UUID, _loader.UNKNOWN_UUID):
            status, found = table.query_interface(known.bytes)
            require(status == 0 and found, f"QueryInterface for {known} answered {status & 0xFFFFFFFF:#x}")
            _host.Table(found).release()


@rule(
    "query-unknown-interface",
    f"QueryInterface answers {_NO_INTERFACE:#x} and NULL for an interface that it does not have.",
    "A host that asks for a newer interface calls functions that are not there, and crashes.",
)
def query_unknown_interface(s):
    with s.reference() as (_, table):
        status, found = table.query_interface(_STRANGER.bytes)
        require(status & 0xFFFFFFFF == _NO_INTERFACE, f"it answered {status & 0xFFFFFFFF:#x}")
        require(found == 0, "it left its out pointer alone, where NULL is due")


@rule(
    "query-adds-reference",
    "QueryInterface adds one reference, which one Release takes back.",
    "The driver is freed while the sound system still uses it, or never.",
)
def query_adds_reference(s):
    with s.reference() as (_, table):
        before = table.add_ref()
        _, found = table.query_interface(_loader.INTERFACE_UUID.bytes)
        after = table.release()
        require(found and after == before, f"a Release after QueryInterface answered {after}, where {before} is due")
        table.release()


@rule(
    "reference-count",
    "AddRef and Release answer the new count, one more and one less.",
    "The driver is freed while the sound system still uses it, or never.",
)
def reference_count(s):
    with s.reference() as (_, table):
        counts = [table.add_ref() for _ in range(_ROUNDS)] + [table.release() for _ in range(_ROUNDS)]
        first = counts[0]
        wanted = [first + i for i in range(_ROUNDS)] + [first + i for i in reversed(range(-1, _ROUNDS - 1))]
        require(counts == wanted, f"{_ROUNDS} AddRefs and {_ROUNDS} Releases answered {counts}")


@rule(
    "release-to-zero",
    "When every reference is released, Release answers 0.",
    "The driver is never freed; what it holds stays until the next restart.",
)
def release_to_zero(s):
    with s.reference() as (raw, table):
        raw.call("Initialize", Spy().reference)
        left = raw.call("Release")
        table.add_ref()  # which reference() takes back
    require(left == 0, f"the Release of the only reference answered {left}", "AddRef and Release must balance.")


@rule(
    "release-below-zero",
    "A Release too many answers 0 and crashes nothing.",
    "The sound system crashes when it lets go of the driver.",
    isolated=True,
)
def release_below_zero(s):
    with quiet_host():
        table = s.made()
        if table.missing():
            raise Blocked("table-complete", "Release is missing")
        counts = [table.release(), table.release(), table.release()]
    require(counts == [0, 0, 0], f"three Releases of one reference answered {counts}")


@rule(
    "second-life",
    "After the last Release the factory makes a driver that loads, plays and ends again.",
    "The driver vanishes when the sound system loads it again, until the next restart.",
    reference="C1.3",
)
def second_life(s):
    for life in ("first", "second"):
        try:
            with s.open() as session:
                count = len(session.plugin.devices)
        except Blocked as error:
            if life == "first" or error.rule != "second-life":
                raise
            raise Failure(f"the second life failed: {error}") from None
        if life == "first":
            before = count
    require(count == before, f"{before} devices in the first life, {count} in the second")


@rule(
    "driver-loads",
    "Factory, QueryInterface, Release and Initialize succeed, in this order.",
    "The driver is not loaded; no device appears.",
)
def driver_loads(s):
    try:
        with s.open():
            pass
    except Blocked as error:
        if error.rule == "driver-loads":
            raise Failure(str(error)) from None
        raise


@rule(
    "initialize-once",
    "A second Initialize answers 'nope' and changes nothing.",
    "The driver forgets its host, and the application's settings have no effect.",
)
def initialize_once(s):
    with s.open() as session:
        status = session.table.initialize(session.plugin.host_table)
        require(status != 0, "a second Initialize succeeded")
        advise(status == code("nope"), f"a second Initialize answered '{name(status)}'")


@rule(
    "initialize-null-host",
    "Initialize without a host is refused and crashes nothing.",
    "The sound system crashes while it starts.",
    isolated=True,
)
def initialize_null_host(s):
    with s.reference() as (raw, _):
        status = raw.call("Initialize", None)
    require(status != 0, "Initialize with a NULL host succeeded")


@rule(
    "initialize-failure-leaves-no-thread",
    "When Initialize fails, it leaves no thread running.",
    "A driver that is not loaded uses the processor, or crashes the sound system later.",
    isolated=True,
)
def initialize_failure_leaves_no_thread(s):
    with s.reference() as (raw, _):
        before = set(threads())
        for host in (None, Spy().reference):
            if raw.call("Initialize", host) != 0:
                time.sleep(0.05)  # a thread that is about to end may
                left = set(threads()) - before
                require(not left, f"Initialize failed and left {len(left)} threads")


@rule(
    "initialize-requests-nothing",
    "Initialize calls no RequestDeviceConfigurationChange, nor does anything before it returns.",
    "The device is missing or stuck after each start of the sound system.",
)
def initialize_requests_nothing(s):
    with s.open() as session:
        early = [how for function, how in session.complaints if "RequestDeviceConfigurationChange" in function + how]
        require(not early, early[0] if early else "", "Wait for the host to be ready.")


@rule(
    "initialize-survives-refusing-storage",
    "Initialize succeeds although every call of the host's storage fails.",
    "The driver does not load after its settings were lost.",
    reference="C2, C8",
)
def initialize_survives_refusing_storage(s):
    with s.spied(may_fail=True, fails=True) as spied:
        require(spied.status == 0, f"Initialize answered '{name(spied.status)}' when the storage failed")


@rule(
    "create-device-unsupported",
    "CreateDevice answers 'unop' and object 0 in a plug-in that manages no transport.",
    "An aggregate device that somebody makes has no sound.",
    "tympan-aspl E3",
)
def create_device_unsupported(s):
    with s.open() as session:
        if session.world.plugin.cls == "trpm":
            raise Skip("the plug-in is a transport manager")
        status, found = session.table.create_device()
        require(status != 0, "CreateDevice succeeded")
        advise(status == code("unop"), f"CreateDevice answered '{name(status)}'")
        advise(found == 0, f"CreateDevice answered the object {found}, not 0")


@rule(
    "destroy-device-unsupported",
    "DestroyDevice answers 'unop' in a plug-in that manages no transport, and the device stays.",
    "The device disappears.",
    "tympan-aspl E3",
)
def destroy_device_unsupported(s):
    with s.open() as session:
        if session.world.plugin.cls == "trpm":
            raise Skip("the plug-in is a transport manager")
        before = [device.id for device in session.plugin.devices]
        status = session.table.destroy_device(before[0] if before else 2)
        require(status != 0, "DestroyDevice succeeded")
        require([device.id for device in session.plugin.devices] == before, "DestroyDevice removed the device")
        advise(status == code("unop"), f"DestroyDevice answered '{name(status)}'")


# --- wrong references -------------------------------------------------------------

_ENTRIES = {
    "IsPropertySettable": lambda: (1, 0, address("clas"), ctypes.c_uint8()),
    "GetPropertyDataSize": lambda: (1, 0, address("clas"), 0, None, ctypes.c_uint32()),
    "GetPropertyData": lambda: (1, 0, address("clas"), 0, None, 4, ctypes.c_uint32(), ctypes.c_uint32()),
    "SetPropertyData": lambda: (1, 0, address("clas"), 0, None, 4, ctypes.c_uint32()),
    "StartIO": lambda: (2, 1),
    "StopIO": lambda: (2, 1),
    "GetZeroTimeStamp": lambda: (2, 1, ctypes.c_double(), ctypes.c_uint64(), ctypes.c_uint64()),
    "WillDoIOOperation": lambda: (2, 1, code("read"), ctypes.c_uint8(), ctypes.c_uint8()),
    "PerformDeviceConfigurationChange": lambda: (2, 1, None),
    "AbortDeviceConfigurationChange": lambda: (2, 1, None),
    "Initialize": lambda: (Spy().reference,),
}


def _wrong_reference(s, reference, what):
    with s.open() as session:
        wrong = {}
        session.doing(f"HasProperty with {what}")
        has = session.raw.call("HasProperty", 1, 0, address("clas"), driver=reference(session))
        for entry, arguments in _ENTRIES.items():
            session.doing(f"{entry} with {what}")
            status = session.raw.call(entry, *arguments(), driver=reference(session))
            wrong.update({entry: name(status)} if status != code("!obj") else {})
        succeeded = [entry for entry, status in wrong.items() if status == "0"]
        require(not has, f"HasProperty with {what} answers yes")
        require(not succeeded, f"{', '.join(succeeded)} with {what} succeeded")
        advise(not wrong, f"not '!obj' for {what}: {wrong}")


@rule(
    "null-driver-reference",
    "Every entry answers '!obj' for a NULL driver reference, and HasProperty no.",
    "The sound system crashes instead of logging an error.",
    reference="C7.1",
    isolated=True,
)
def null_driver_reference(s):
    _wrong_reference(s, lambda session: 0, "a NULL driver reference")


@rule(
    "foreign-driver-reference",
    "Every entry answers '!obj' for a driver reference that is not its own.",
    "With two drivers of one kind, one answers for the other.",
    reference="C7.1",
    isolated=True,
)
def foreign_driver_reference(s):
    kept = []

    def reference(session):
        kept.append(foreign_reference(session.raw.reference))
        return ctypes.addressof(kept[-1].contents)

    _wrong_reference(s, reference, "a foreign driver reference")


@rule(
    "query-null-out",
    "QueryInterface without an out pointer answers 'nope' and crashes nothing.",
    "The sound system crashes instead of logging an error.",
    isolated=True,
)
def query_null_out(s):
    with s.reference() as (_, table):
        status, _ = table.query_interface(_loader.INTERFACE_UUID.bytes, null=True)
    require(status != 0, "QueryInterface without an out pointer succeeded")
    advise(status == code("nope"), f"it answered '{name(status)}'")

