"""Rules about boxes (hal-protocol B2)."""

from tympan.testing._status import code, name
from tympan.testing.rules import _rows
from tympan.testing.rules._rule import Group, advise, require

rule = Group("box", "Boxes", "B2")


@rule(
    "box-required-properties",
    "Every box has its M properties: bcls clas stdv ownd buid tran bhau bhvi bhmi bpro bxon bdv#.",
    "The box does not appear in Audio MIDI Setup.",
)
def box_required_properties(s):
    _rows.required(s, "box")


@rule(
    "box-recommended-properties",
    "Every box has the properties that people see: bxof lnam lmak lmod snum fwvn iden.",
    "The box has no name in Audio MIDI Setup.",
)
def box_recommended_properties(s):
    _rows.recommended(s, "box")


@rule(
    "box-settable",
    "Of a box, 'bxon', 'lnam' and 'iden' are settable and nothing else of B2.",
    "The box cannot be acquired or renamed.",
)
def box_settable(s):
    _rows.settable(s, "box")


@rule(
    "box-value-sizes",
    "Every property of a box has the size of its type, and writes as many bytes as it said.",
    "Values are cut or read beyond their end.",
)
def box_value_sizes(s):
    _rows.sizes(s, "box")


@rule("box-flags", "The Boolean properties of a box are 0 or 1.", "The box is shown as something that it is not.")
def box_flags(s):
    _rows.flags(s, "box")


@rule("box-uid", "'buid' of every box is not empty.", "Audio MIDI Setup forgets the box.")
def box_uid(s):
    _rows.texts(s, "box", "buid")


def _boxes(session):
    return session.things("box")


@rule(
    "box-devices",
    "'bdv#' holds devices of the plug-in while the box is acquired, and nothing while it is not.",
    "A device is shown that cannot be used, or a box that has none.",
)
def box_devices(s):
    with s.open() as session:
        for box in _boxes(session):
            listed = session.world.ids(box, "bdv#")
            known = {device.id for device in session.world.devices}
            acquired = _rows.read(session, box, "bxon")
            require(set(listed) <= known, f"'bdv#' of {box} is {listed}, the devices are {sorted(known)}")
            require(acquired or not listed, f"'bdv#' of {box}, which is not acquired, is {listed}")


def _set(session, box, value):
    status = session.table.set(box.id, code("bxon"), code("glob"), 0, value.to_bytes(4, "little"))
    session.settle()
    return status


@rule(
    "box-acquire",
    "Setting 'bxon' to 0 takes the box's devices out of dev#, setting it to 1 brings them back.",
    "The box in Audio MIDI Setup cannot be switched off, or not on again.",
    "BlackHole's box",
)
def box_acquire(s):
    with s.open() as session:
        for box in _boxes(session):
            start = _rows.read(session, box, "bxon")
            for value in (1, 0, 1):
                status = _set(session, box, value)
                require(status == 0, f"setting 'bxon' of {box} to {value} answered '{name(status)}'")
                require(_rows.read(session, box, "bxon") == value, f"'bxon' of {box} did not become {value}")
                listed = session.world.ids(box, "bdv#")
                known = {device.id for device in session.look().devices}
                if value:
                    require(set(listed) <= known, f"'bdv#' is {listed}, and dev# {sorted(known)}")
                    mine = set(listed)
                else:
                    require(not listed and not mine & known, f"'bxon' is 0, 'bdv#' {listed}, dev# {sorted(known)}")
            _set(session, box, start)


@rule(
    "box-notifies",
    "A change of 'bxon' is followed by PropertiesChanged of bxon and bdv# on the box, and of dev# and ownd "
    "on the plug-in where its devices come or go.",
    "The device list of open applications is not updated.",
    "BlackHole's box",
)
def box_notifies(s):
    with s.open() as session:
        for box in _boxes(session):
            start = _rows.read(session, box, "bxon")
            before = len(session.world.devices)
            notes = session.notes(_set, session, box, 1 - start)
            said = {(note.object, note.selector) for note in notes}
            wanted = {(box.id, "bxon"), (box.id, "bdv#")}
            if len(session.look().devices) != before:
                wanted |= {(1, "dev#"), (1, "ownd")}
            missing = sorted(f"{selector} of object {number}" for number, selector in wanted - said)
            _set(session, box, start)
            require(not missing, f"after a change of 'bxon' nothing was said about {', '.join(missing)}")


@rule(
    "box-acquisition-persists",
    "A box that was released stays released in the next life of the driver, when the host keeps its storage.",
    "A device that the user switched off is back after each restart.",
    "BlackHole's box",
)
def box_acquisition_persists(s):
    storage = {}
    with s.open() as session:
        _boxes(session)
    for life in (1, 2):
        with s.spied(storage=storage) as spied:
            box = spied.properties.get_ids(1, "box#")[0]
            if life == 1:
                spied.properties.set_uint32(box, "bxon", 0)
                spied.settle()
            else:
                found = spied.properties.get_uint32(box, "bxon")
                advise(found == 0, "'bxon' was set to 0 and is 1 in the next life", "Write it to the host's storage.")


@rule(
    "box-name",
    "The name of a box can be set: it is readable afterwards, and 'lnam' is notified.",
    "The box cannot be renamed in Audio MIDI Setup.",
    "BlackHole's box",
)
def box_name(s):
    with s.open() as session:
        for box in _boxes(session):
            if not session.plugin.has(box, "lnam") or not session.plugin.is_settable(box, "lnam"):
                continue
            before = session.plugin.get_string(box, "lnam")
            notes = session.notes(session.plugin.set_string, box, "lnam", "Renamed box")
            found = session.plugin.get_string(box, "lnam")
            require(found == "Renamed box", f"'lnam' of {box} was set and is {found!r}")
            require((box.id, "lnam") in {(note.object, note.selector) for note in notes}, "'lnam' was not notified")
            session.plugin.set_string(box, "lnam", before)
            session.settle()
