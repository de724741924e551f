"""An application's side of a driver: ``tympan.connect`` reads, sets and watches properties of a driver's own.

It talks to the simulated host of this process, or on macOS to Core Audio's client interface. Never inside a
bundle: a driver must not call the HAL as a client.
"""

import struct
import sys
from typing import NamedTuple

from tympan._errors import UsageError
from tympan._property_spec import checked

_KINDS = {b"cfst": "string", b"plst": "plist"}


class PropertyInfo(NamedTuple):
    """What a driver says of one of its properties (AudioServerPlugInCustomPropertyInfo), and its ``name`` here."""

    selector: str
    kind: str | None
    qualifier: str | None
    settable: bool
    name: str


def connect(device=None, plug_in=None, names=None):
    """A client of the device with a UID, or of the plug-in with a bundle identifier.

    ``device`` may also be its DeviceSpec, whose names of properties then count; ``names`` gives more:
    {selector: name}. Raises UsageError when there is no such device, or nothing to connect to. Any thread.
    """
    names = {**{spec.selector: spec.name for spec in getattr(device, "properties", ())}, **(names or {})}
    backend = _backend()
    if (device is None) == (plug_in is None):
        raise UsageError("connect wants a device or a plug-in", 'Say connect("UID") or connect(plug_in="BUNDLE-ID").')
    wanted = plug_in if device is None else getattr(device, "uid", device)
    found = backend.find(wanted, device is None)
    if not found:
        raise UsageError(f"there is no {'plug-in' if device is None else 'device'} {wanted}", "Is its driver loaded?")
    return Client(backend, found, names)


def _backend():
    session = sys.modules.get("tympan.testing._session")
    if session is not None and session._active:
        from tympan.testing._connect import Simulated

        return Simulated(session._active[0])
    if sys.platform != "darwin":
        raise UsageError("there is no HAL to connect to", "Off macOS, connect inside `with Host() as hal:`.")
    from tympan._client_macos import CoreAudio

    return CoreAudio()


class Client:
    """A client of one device or plug-in: ``client["memo"]`` reads a property, ``client["memo"] = "text"`` sets it.

    Properties go by their name or selector; KeyError for what the driver does not list. A status of the driver
    is a HalError, a value of another type a TypeError or ValueError. Any thread.
    """

    def __init__(self, backend, thing, names):
        self._backend, self._thing, self._names = backend, thing, names

    @property
    def properties(self):
        """Every property of the driver's own, as PropertyInfo (kAudioObjectPropertyCustomPropertyInfoList)."""
        data = self._backend.raw(self._thing, "cust") if self._backend.has(self._thing, "cust") else b""
        found = []
        for codes in struct.iter_unpack("=3I", data[: len(data) // 12 * 12]):
            selector, kind, qualifier = (code.to_bytes(4, "big") for code in codes)
            selector = selector.decode("latin-1")
            settable = self._backend.settable(self._thing, selector)
            name = self._names.get(selector, selector)
            found.append(PropertyInfo(selector, _KINDS.get(kind), _KINDS.get(qualifier), settable, name))
        return found

    def _info(self, name):
        for info in self.properties:
            if name in (info.name, info.selector):
                return info
        raise KeyError(name)

    def get(self, name, qualifier=None):
        """The value of a property; ``qualifier`` where it has one."""
        info = self._info(name)
        return self._backend.get(self._thing, info.selector, _qualifier(info, qualifier))

    def set(self, name, value, qualifier=None):
        """Set a property."""
        info = self._info(name)
        value = checked(info.kind, value)
        self._backend.set(self._thing, info.selector, value, _qualifier(info, qualifier))

    def __getitem__(self, name):
        return self.get(name)

    def __setitem__(self, name, value):
        self.set(name, value)

    def watch(self, name, callback, qualifier=None):
        """Call ``callback(value)`` whenever the driver says that the property has changed, on a thread of the HAL's.
        Answers a Watch, which ends it."""
        info = self._info(name)
        more = _qualifier(info, qualifier)
        return Watch(
            self._backend.listen(
                self._thing, info.selector, lambda: callback(self._backend.get(self._thing, info.selector, more))
            )
        )


class Watch:
    """A watch over one property; ``stop`` it, or use it as a context manager."""

    def __init__(self, end):
        self._end = end

    def stop(self):
        """End it; again is harmless."""
        end, self._end = self._end, None
        if end is not None:
            end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def _qualifier(info, value):
    """The qualifier of a call, checked; None for a property without."""
    if info.qualifier is None and value is not None:
        raise TypeError(f"the property {info.name!r} has no qualifier")
    if info.qualifier is not None and value is None:
        raise TypeError(f"the property {info.name!r} needs a qualifier, a {info.qualifier}")
    return None if value is None else checked(info.qualifier, value)
