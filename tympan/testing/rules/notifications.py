"""Rules about PropertiesChanged and about calling the host at all (hal-protocol B, C3, C7.8)."""

import struct
import time
from functools import partial

from tympan.testing import _platform
from tympan.testing._status import name
from tympan.testing.rules import _rows
from tympan.testing.rules._controls import set_number
from tympan.testing.rules._play import other_rate, play
from tympan.testing.rules._provoke import provoke
from tympan.testing.rules._rule import Group, Skip, require
from tympan.testing.rules._table import GLOBAL, STANDARD

rule = Group("notifications", "Notifications", "C3")



@rule(
    "running-notified",
    "The first StartIO and the last StopIO are followed by PropertiesChanged of 'goin'; others are not.",
    "The microphone light, and applications that wait for the device to stop, are wrong.",
    reference="B3",
)
def running_notified(s):
    with s.open() as session:
        for device in session.devices():
            first, second = device.add_client(pid=1), device.add_client(pid=2)
            wanted = ((device.start, first, 1), (device.start, second, 0), (device.stop, first, 0))
            wanted += ((device.stop, second, 1),)
            for action, client, times in wanted:
                notes = session.notes(action, client)
                said = sum(note.object == device.id and note.selector == "goin" for note in notes)
                call = f"{'StartIO' if action == device.start else 'StopIO'} of client {client.id} of 2"
                require(said >= times, f"{call}: nothing was said about 'goin'")
                require(times or not said, f"{call}: 'goin' was notified and did not change")


def _every_note(s):
    with s.open() as session:
        notes = session.notes(provoke, session)
        if not notes:
            raise Skip("the driver says nothing")
        yield from ((session, note) for note in notes)


@rule(
    "notified-value-readable",
    "When PropertiesChanged is called the new value can be read already: it is the same inside the call and after it.",
    "Applications show the value before the last one.",
    reference="C7.8",
)
def notified_value_readable(s):
    with s.open() as session:
        for thing, selector, change in _changes(session):
            notes = [note for note in session.notes(change) if (note.object, note.selector) == (thing.id, selector)]
            if notes and notes[-1].value is not None:
                after = session.plugin.get(thing, selector)
                shown = f"{notes[-1].value.hex()} inside of PropertiesChanged, and {after.hex()} after it"
                require(notes[-1].value == after, f"'{selector}' of {thing} was {shown}")


def _changes(session):
    """(Thing, selector, a change of it) of the values that a host can set at once."""
    found = []
    for thing in session.world.streams + session.world.controls_of("boolean"):
        selector = "sact" if thing.kind == "stream" else "bcvl"
        if session.plugin.has(thing, selector):
            before = _rows.read(session, thing, selector)
            for value in (1 - before, before):
                found.append((thing, selector, partial(set_number, session, thing, selector, value)))
    for control in session.world.controls_of("level"):
        found.append((control, "lcsv", partial(session.plugin.set_float32, control, "lcsv", 0.4)))
    if not found:
        raise Skip("nothing can be set at once")
    return found


@rule(
    "notified-address-exists",
    "The object of a notification lives, or was listed before, and has the property at the address that is given.",
    "Applications do not follow: the volume slider stays where it was.",
    "libASPL's control notifications",
    reference="B",
)
def notified_address_exists(s):
    for session, note in _every_note(s):
        fine = session.plugin.has(note.object, note.selector, note.scope, note.element)
        require(fine, f"PropertiesChanged said {note}, which is not there")


@rule(
    "notified-custom-property-listed",
    "A property of the driver's own that it notifies is listed in 'cust': the HAL passes no other one on.",
    "The driver's application does not see what changed.",
    reference="B0",
)
def notified_custom_property_listed(s):
    for session, note in _every_note(s):
        if note.selector in STANDARD or not session.plugin.has(note.object, note.selector, note.scope, note.element):
            continue
        listed = session.plugin.get(note.object, "cust") if session.plugin.has(note.object, "cust") else b""
        selectors = [name(item[0]) for item in struct.iter_unpack("<3I", listed)]
        require(note.selector in selectors, f"PropertiesChanged said {note}, and 'cust' lists {selectors}")


@rule(
    "notified-in-global-scope",
    "Notifications of plug-in, boxes, streams and controls are in global scope, element 0.",
    "Applications do not follow: the volume slider stays where it was.",
    "libASPL's control notifications",
    reference="B",
)
def notified_in_global_scope(s):
    for session, note in _every_note(s):
        kinds = {thing.id: thing.kind for thing in session.world.things}
        if kinds.get(note.object) in ("plug-in", "box", "stream", "control"):
            require((note.scope, note.element) == (GLOBAL, 0), f"PropertiesChanged said {note}")


@rule(
    "configuration-not-notified",
    "A configuration change is notified by the host: the driver says nothing of its own about rate and formats.",
    "Applications adapt twice to a change of the sample rate, and the sound stops twice.",
    reference="C6",
)
def configuration_not_notified(s):
    quiet = ("nsrt", "sfmt", "pft ", "stm#", "ctrl", "ltnc", "saft", "ring", "srnd")
    with s.open() as session:
        for device in session.devices():
            old, new = other_rate(device)
            for rate in (new, old):
                notes = [note for note in session.notes(device.set_sample_rate, rate) if note.selector in quiet]
                require(not notes, f"after a change of the rate PropertiesChanged said {notes[0] if notes else ''}")


@rule(
    "not-called-from-io",
    "The host is called from no IO operation: no PropertiesChanged, no request, no storage.",
    "Sound stutters, or the sound system hangs.",
    "BGM #338",
)
def not_called_from_io(s):
    with s.open() as session:
        for device in session.devices():
            play(session, device, 0.5)
        session.settle()
        found = [f"{function} {how}" for function, how in session.complaints if "IO operation" in how]
        require(not found, f"the driver called {found[0] if found else ''}", "Queue it for another thread.")


@rule(
    "not-called-holding-the-interpreter",
    "The host is called without the lock of an interpreter that driver and host share.",
    "The sound system hangs as soon as two threads use the driver.",
)
def not_called_holding_the_interpreter(s):
    with s.open() as session:
        provoke(session)
        found = [f"{function} {how}" for function, how in session.complaints if "GIL" in how]
        require(not found, f"the driver called {found[0] if found else ''}")


@rule(
    "quiet-after-the-end",
    "After the last Release the driver calls its host no more.",
    "The sound system crashes when it restarts.",
    reference="C2",
)
def quiet_after_the_end(s):
    with s.spied() as spied:
        for device in spied.properties.get_ids(1, "dev#"):
            spied.table.start_io(device, 1)
            spied.table.stop_io(device, 1)
        spied.settle()
    before = len(spied.spy.calls)
    for _ in range(5):
        time.sleep(0.05)
        _platform.pump()
    calls = [function for function, _, _ in spied.spy.calls[before:]]
    require(not calls, f"after its last Release the driver called {', '.join(calls[:3])}")
