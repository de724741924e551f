"""Rules about memory: references that come back, and nothing that grows (hal-protocol C7.10, field-bugs)."""

import ctypes
import gc
import struct

from tympan.testing import _platform
from tympan.testing._status import code
from tympan.testing.rules import _rows
from tympan.testing.rules._calls import get, rows_present
from tympan.testing.rules._play import other_rate, play
from tympan.testing.rules._rule import Group, Skip, require
from tympan.testing.rules._table import GLOBAL, QUALIFIED

rule = Group("memory", "Memory and references", "C7.10")

_ROUNDS = 300
_SMALLEST = 8  # bytes per round; malloc gives out no less


def _ledger(session):
    if not _platform.ledger()["created"]:
        raise Skip("this system keeps no ledger")
    return session.hal.ledger


def _texts(session):
    return [(thing, row, scope) for thing, row, scope, _ in rows_present(session)
            if row.kind == "text" and row.selector not in QUALIFIED]  # fmt: skip


@rule(
    "strings-come-with-a-reference",
    "Every string is given with a reference of its own: released by each of two readers, it is not released too often.",
    "The sound system crashes after the device's name was shown for the second time.",
    "AppFaders, lesson 4",
)
def strings_come_with_a_reference(s):
    with s.open() as session:
        ledger = _ledger(session)
        for thing, row, scope in _texts(session):
            problems = len(ledger.problems)
            for _ in range(3):
                session.plugin.get_string(thing, row.selector, scope)
            where = _rows.described(row, scope, thing)
            require(len(ledger.problems) == problems, f"{where} came without a reference: {_last(ledger)}")


def _last(ledger):
    return ledger.problems[-1] if ledger.problems else ""


@rule(
    "strings-are-not-leaked",
    "Reading a string that the host releases leaves no object behind.",
    "The sound system's memory grows all the time.",
    "AppFaders, lesson 4",
)
def strings_are_not_leaked(s):
    with s.open() as session:
        ledger, texts = _ledger(session), _texts(session)
        for _ in range(2):  # a first reading may make what stays
            before = {serial: count for serial, _, count, _ in ledger.live}
            for thing, row, scope in texts:
                session.plugin.get_string(thing, row.selector, scope)
            after = {serial: count for serial, _, count, _ in ledger.live}
        grown = sum(after.values()) - sum(before.values())
        require(grown <= 0, f"reading {len(texts)} strings left {grown} more references")


@rule(
    "sizes-make-no-objects",
    "HasProperty, IsPropertySettable and GetPropertyDataSize make no object.",
    "The sound system's memory grows all the time.",
    "tympan-aspl E17",
)
def sizes_make_no_objects(s):
    with s.open() as session:
        ledger = _ledger(session)
        rows = [key for _, _, _, key in rows_present(session)]
        before = ledger.created
        for key in rows:
            session.table.has(*key)
            session.table.settable(*key)
            session.table.size(*key)
        made = ledger.created - before
        require(not made, f"asking whether {len(rows)} properties are there, and how large, made {made} objects")


@rule(
    "ends-without-leak",
    "After the last Release every object that the driver made or retained is gone.",
    "The sound system's memory grows with each restart of the driver.",
)
def ends_without_leak(s):
    with s.open() as session:
        ledger = _ledger(session)
        for device in session.devices(streams=False):
            if device.streams():
                play(session, device, 0.2)
    left = ledger.live
    shown = ", ".join(f"{text}, retain count {count}" for _, _, count, text in left[:3])
    require(not left, f"{len(left)} objects are left: {shown}")


@rule(
    "ends-without-overrelease",
    "Nothing is released more often than retained, over a whole life of the driver.",
    "The sound system crashes, now or later.",
)
def ends_without_overrelease(s):
    with s.open() as session:
        ledger = _ledger(session)
        for device in session.devices():
            play(session, device, 0.2)
            for item in range(3):
                device.remove_client(device.add_client(pid=item, bundle_id=f"org.example.client{item}"))
    require(not ledger.problems, ledger.problems[0] if ledger.problems else "")


@rule(
    "clients-are-not-leaked",
    "Clients that come and go leave no object behind.",
    "The sound system's memory grows with each application that uses the device.",
)
def clients_are_not_leaked(s):
    with s.open() as session:
        ledger = _ledger(session)
        for device in session.devices():
            for attempt in range(2):
                before = len(ledger.live)
                for item in range(10):
                    client = device.add_client(pid=item, bundle_id=f"org.example.client{attempt}.{item}")
                    device.start(client)
                    device.remove_client(client)
                    session.settle()
            grown = len(ledger.live) - before
            require(grown <= 0, f"10 clients that came and went left {grown} objects")


# --- what malloc knows ------------------------------------------------------------


class _MallInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]  # fmt: skip


def _in_use():
    """Bytes that malloc has given out, or Skip where malloc does not say."""
    ask = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if ask is None:
        raise Skip("this system's malloc does not say what is in use")
    ask.restype = _MallInfo
    gc.collect()
    info = ask()
    return info.uordblks + info.hblkhd


def _grows(action, what):
    """Failure when each of three stretches of rounds leaves at least _SMALLEST bytes per round."""
    for _ in range(_ROUNDS // 4):
        action()
    stretches = []
    for _ in range(3):
        before, kept = _in_use(), _platform.ledger()["kept"]
        for _ in range(_ROUNDS):
            action()
        kept = _platform.ledger()["kept"] - kept  # by the platform library, of objects that are gone
        stretches.append((_in_use() - before - kept) / _ROUNDS)
    leaked = min(stretches)
    require(leaked < _SMALLEST, f"each {what} leaves {leaked:.0f} bytes behind")


@rule(
    "reading-does-not-leak",
    "Reading properties leaves no memory behind.",
    "The sound system's memory grows all the time.",
)
def reading_does_not_leak(s):
    with s.open() as session:
        keys = [(row, key) for _, row, _, key in rows_present(session)
                if row.selector not in QUALIFIED and row.kind not in ("text", "url")]  # fmt: skip

        session.plugin.properties_changed = lambda *args: None  # our own list of them would grow

        def read():
            for row, key in keys[:40]:
                get(session, row, key, 64)

        _grows(read, "reading of 40 properties")


@rule(
    "starting-does-not-leak",
    "StartIO and StopIO leave no memory behind.",
    "The sound system's memory grows with each sound.",
)
def starting_does_not_leak(s):
    with s.open() as session:
        for device in session.devices():
            client = device.add_client()

            def start(device=device, client=client):
                session.table.start_io(device.id, client.id)
                session.table.stop_io(device.id, client.id)
                _platform.pump()

            session.plugin.properties_changed = lambda *args: None
            _grows(start, "start and stop")


@rule(
    "aborted-change-does-not-leak",
    "A configuration change that the host aborts leaves no memory behind.",
    "The sound system's memory grows with each change that fails.",
    "SoundPusher 658",
    reference="C6",
)
def aborted_change_does_not_leak(s):
    with s.open(config_change="abort") as session:
        for device in session.devices():
            _, new = other_rate(device)
            data = struct.pack("<d", new)

            def change(number=device.id, data=data):
                session.table.set(number, code("nsrt"), code(GLOBAL), 0, data)
                session.hal.pump()

            _grows(change, "change that was aborted")
