"""The object graph of a plug-in as a host finds it: which objects there are, and under whom they are listed.

Finding is patient: what a driver does not answer is taken as empty. That it is
missing is for the rules to say.
"""

from tympan._errors import TympanError
from tympan.testing._status import name
from tympan.testing.rules import _table


class Thing:
    """One object: ``id``, ``kind`` (a word such as "stream"), ``parent`` (the Thing that lists it, or None),
    and ``cls`` and ``base``, its class codes as text or ""."""

    directions = ""

    def __init__(self, world, number, kind, parent):
        self.world, self.id, self.kind, self.parent = world, number, kind, parent
        self.cls, self.base = world.code(number, "clas"), world.code(number, "bcls")

    def __repr__(self):
        return f"{self.kind} {self.id}"


class PlugIn(Thing):
    """Object 1 with ``devices``, ``boxes`` and ``clocks``."""

    def __init__(self, world):
        super().__init__(world, 1, "plug-in", None)
        self.devices = [Device(world, number, self) for number in world.alive(1, "dev#")]
        self.boxes = [Thing(world, number, "box", self) for number in world.alive(1, "box#")]
        self.clocks = [ClockDevice(world, number, self) for number in world.alive(1, "clk#")]


class ClockDevice(Thing):
    """A clock device with ``controls``."""

    def __init__(self, world, number, parent, kind="clock device"):
        super().__init__(world, number, kind, parent)
        self.controls = [Control(world, item, self) for item in world.alive(number, "ctrl")]


class Device(ClockDevice):
    """A device with ``inputs``, ``outputs`` and ``controls``; ``directions`` is "", "i", "o" or "io"."""

    def __init__(self, world, number, parent):
        super().__init__(world, number, parent, "device")
        self.inputs = [Thing(world, item, "stream", self) for item in world.alive(number, "stm#", _table.INPUT)]
        self.outputs = [Thing(world, item, "stream", self) for item in world.alive(number, "stm#", _table.OUTPUT)]
        self.directions = "i" * bool(self.inputs) + "o" * bool(self.outputs)

    @property
    def streams(self):
        """Input streams, then output streams."""
        return self.inputs + self.outputs


class Control(Thing):
    """A control; ``variety`` is a key of _table.CONTROLS, or "" for classes of the driver's own."""

    def __init__(self, world, number, parent):
        super().__init__(world, number, "control", parent)
        known = self.cls if self.cls in _table.KINDS else self.base
        self.variety = _table.KINDS.get(known, "")


class World:
    """Everything that ``plugin`` (a testing Plugin) lists now."""

    def __init__(self, plugin):
        self._plugin = plugin
        self.plugin = PlugIn(self)

    @property
    def devices(self):
        """The devices of dev#."""
        return self.plugin.devices

    @property
    def streams(self):
        """The streams of all devices."""
        return [stream for device in self.devices for stream in device.streams]

    @property
    def controls(self):
        """The controls of all devices and clock devices."""
        return [control for owner in self.devices + self.plugin.clocks for control in owner.controls]

    def controls_of(self, *varieties):
        """The controls of some varieties."""
        return [control for control in self.controls if control.variety in varieties]

    @property
    def things(self):
        """Every object, the plug-in first."""
        return [self.plugin, *self.plugin.boxes, *self.devices, *self.plugin.clocks, *self.streams, *self.controls]

    def alive(self, thing, selector, scope=_table.GLOBAL):
        """The ids of a list whose objects answer at all; that others are listed is a rule's matter."""
        keys = ("clas", "bcls", "stdv")
        return [n for n in self.ids(thing, selector, scope) if any(self._plugin.has(n, key) for key in keys)]

    def ids(self, thing, selector, scope=_table.GLOBAL):
        """A list of object ids, without repetitions, or [] where the driver answers none."""
        try:
            if not self._plugin.has(thing, selector, scope):
                return []
            return list(dict.fromkeys(self._plugin.get_ids(thing, selector, scope)))
        except TympanError:
            return []

    def code(self, thing, selector):
        """A class code as text, or ""."""
        try:
            return name(self._plugin.get_uint32(thing, selector))
        except TympanError:
            return ""
