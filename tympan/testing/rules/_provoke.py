"""Everything that makes a driver call its host."""

from tympan.testing.rules import _rows
from tympan.testing.rules._controls import Kept, set_number
from tympan.testing.rules._play import other_rate, play


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
