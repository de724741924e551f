"""Everything that makes a driver call its host."""

from tympan.testing._status import code
from tympan.testing.rules import _rows
from tympan.testing.rules._controls import Kept, set_number
from tympan.testing.rules._play import other_rate, play
from tympan.testing.rules._rule import Skip
from tympan.testing.rules._world import World

#: What a host's storage can be asked for.
STORAGE = ("CopyFromStorage", "WriteToStorage", "DeleteFromStorage")


def provoke(session, doing=lambda text: None):
    """Everything that this tool knows to make a driver speak: start and stop, streams, controls, boxes, rates."""
    for device in session.devices():
        doing("starting and stopping")
        with session.client(device) as client:
            play(session, device, 0.05, client=client)
    for thing in session.world.streams + session.world.controls_of("boolean") + session.world.plugin.boxes:
        selector = {"stream": "sact", "control": "bcvl", "box": "iden"}[thing.kind]
        if session.plugin.has(thing, selector):
            doing(f"setting '{selector}' of {thing}")
            with Kept(session, thing, selector):
                set_number(session, thing, selector, 1 - min(_rows.read(session, thing, selector), 1))
    for control in session.world.controls_of("level"):
        doing(f"setting 'lcsv' of {control}")
        with Kept(session, control, "lcsv"):
            session.plugin.set_float32(control, "lcsv", 0.3)
            session.settle()
    for device in session.devices():
        if len({rate for pair in device.sample_rates for rate in pair}) > 1:
            doing("changing the rate")
            old, new = other_rate(device)
            device.set_sample_rate(new)
            device.set_sample_rate(old)


def storage_keys(s):
    """Every key that the driver asks for or writes, while it is initialised and each settable value is changed."""
    with s.spied() as spied:
        change_everything(spied)
        found = {facts[0] for function in STORAGE for facts in spied.spy.named(function)}
    if not found:
        raise Skip("the driver uses no storage")
    return sorted(found - {None})


def change_everything(spied):
    """Set what can be set: flags are turned over, numbers and texts changed."""
    world = World(spied.properties)
    for thing in world.things:
        for row, scope in _rows.present(spied, thing):
            if row.kind in ("flag", "f32") and spied.properties.is_settable(thing, row.selector, scope):
                value = spied.properties.get(thing, row.selector, scope)
                _change(spied, thing, row, scope, value)
            elif row.kind == "text" and spied.properties.is_settable(thing, row.selector, scope):
                spied.properties.set_string(thing, row.selector, "Changed by the validator", scope)
            spied.settle()


def _change(spied, thing, row, scope, value):
    other = bytes([1 - (value[0] & 1)]) + bytes(3) if row.kind == "flag" else b"\x00\x00\x80\x3e"  # 0.25
    spied.table.set(thing.id, code(row.selector), code(scope), 0, other)
