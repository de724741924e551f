"""The simulated host as the HAL of a client: what ``tympan.connect`` talks to where one is active."""

import struct

from tympan._errors import HalError
from tympan.testing import _host, _values
from tympan.testing._status import code


class Simulated:
    """What ``tympan._client.Client`` asks of a HAL; a thing is (plug-in, object id). Any thread."""

    def __init__(self, hal):
        self._hal = hal

    def find(self, identifier, is_plug_in):
        """The (plug-in, object id) of a UID or bundle identifier, or None."""
        for plugin in self._hal.plugins:
            if is_plug_in and plugin.get_string(plugin, "piid") == identifier:
                return plugin, plugin.id
            for device in [] if is_plug_in else plugin.devices:
                if device.uid == identifier:
                    return plugin, device.id
        return None

    def has(self, thing, selector):
        """HasProperty."""
        return thing[0].has(thing[1], selector)

    def settable(self, thing, selector):
        """IsPropertySettable."""
        return thing[0].is_settable(thing[1], selector)

    def raw(self, thing, selector):
        """The bytes of a property."""
        return thing[0].get(thing[1], selector)

    def get(self, thing, selector, qualifier):
        """The value behind the reference that the driver gives away."""
        plugin, number = thing
        with _Reference(qualifier) as more:
            status, size, memory, _ = plugin.table.get(number, code(selector), code("glob"), 0, more, 8)
        _raise(status, f"GetPropertyData of {selector!r}")
        (address,) = struct.unpack("=Q", memory)
        if size != 8 or not address:
            raise ValueError(f"the property {selector!r} has no value")
        try:
            return _values.from_cf(address)
        finally:
            _host.release(address)

    def set(self, thing, selector, value, qualifier):
        """SetPropertyData with a reference."""
        plugin, number = thing
        with _Reference(value) as data, _Reference(qualifier) as more:
            status = plugin.table.set(number, code(selector), code("glob"), 0, data, more)
        _raise(status, f"SetPropertyData of {selector!r}")

    def listen(self, thing, selector, callback):
        """Call ``callback()`` for each PropertiesChanged, on the driver's thread."""
        plugin, number = thing
        heard = plugin.listeners.setdefault((number, selector), [])
        heard.append(callback)
        return lambda: heard.remove(callback)


class _Reference:
    """8 bytes that refer to a new object while a ``with`` block lasts; none for None."""

    def __init__(self, value):
        self._address = 0 if value is None else _values.to_cf(value)

    def __enter__(self):
        return struct.pack("=Q", self._address) if self._address else b""

    def __exit__(self, *_):
        if self._address:
            _host.release(self._address)


def _raise(status, call):
    if status:
        raise HalError(status, f"{call} answered {status & 0xFFFFFFFF:#x}")
