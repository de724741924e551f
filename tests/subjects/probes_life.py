"""Factory, COM, Initialize, storage (hal-protocol C1, C2, C8)."""

import ctypes
import os

from subjects.lab import probe
from subjects.raw import CF, DESK, INTERFACE, IUNKNOWN, STRANGER, bytes_of, code, string, url

from tympan.testing import _platform

NO_INTERFACE = 0x80000004


def threads():
    return len(os.listdir("/proc/self/task"))


def query(d, uuid):
    """(HRESULT, out), out being 1 before."""
    out = ctypes.c_void_p(1)
    status = d.call("query", bytes_of(uuid), ctypes.byref(out))
    return status, out.value


@probe("factory-ignores-type", opened=False)
def strange_type(d):
    return d.make(STRANGER) is None


@probe("factory-adds-two-references", opened=False)
def one_reference(d):
    d.make()
    return d.call("add_ref") == 2


@probe("null-slot", opened=False)
def no_null(d):
    d.make()
    return all(d.addresses.values())


@probe("query-leaves-out-pointer", opened=False)
def out_is_cleared(d):
    d.make()
    return query(d, STRANGER) == (NO_INTERFACE, None)


@probe("query-null-crashes", opened=False)
def null_out(d):
    d.make()
    return d.call("query", bytes_of(INTERFACE), None) != 0


@probe("query-refuses-iunknown", opened=False)
def iunknown(d):
    d.make()
    return query(d, IUNKNOWN) == (0, d.ref)


@probe("query-adds-no-reference", opened=False)
def query_counts(d):
    d.make()
    query(d, INTERFACE)
    return d.call("release") == 1


@probe("add-ref-answers-old-count")
def new_count(d):
    return d.call("add_ref") == 2 and d.call("release") == 1


@probe("release-goes-below-zero", opened=False)
def floor_of_references(d):
    d.make()
    return [d.call("release") for _ in range(3)] == [0, 0, 0]


@probe("second-initialize-succeeds")
def only_one_initialize(d):
    return d.initialize() == code("nope")


@probe("initialize-leaves-thread", opened=False)
def failure_leaves_no_thread(d):
    before = threads()
    return d.open() == 0 or threads() == before


@probe("polling-thread", opened=False)
def no_thread_of_its_own(d):
    before = threads()
    return d.open() == 0 and threads() == before


@probe("initialize-requests-change")
def no_request_yet(d):
    return d.host.requests == []


@probe("create-device-succeeds")
def devices_are_not_made(d):
    out = ctypes.c_uint32(77)
    return d.call("create", None, None, ctypes.byref(out)) == code("unop") and out.value == 0


@probe("second-life-fails")
def lives_again(d):
    return d.call("release") == 0 and d.open() == 0 and d.text(DESK, "lnam") == "Desk"


@probe("storage-trusts-type", storage=lambda: {"acquired": url(), "memo": url()})
def stored_strangers(d):
    return d.text(DESK, "memo") == "nothing yet" and not _platform.problems()


@probe("storage-value-leaked", storage=lambda: {"acquired": string("yes, please")})
def stored_value_released(d):
    return [count for _, _, count, text in _platform.live_objects() if "yes, please" in text] == [1]


@probe("storage-must-exist", opened=False)
def first_run(d):
    return d.open() == 0


@probe("storage-not-written")
def choice_is_kept(d):
    d.set_u32(2, "bxon", 0)
    d.pump()
    value = d.host.stored.get("acquired")
    return value is not None and CF.tympan_kind_of(value) != 0
