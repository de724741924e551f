"""Core Audio's client interface by ctypes, for ``tympan.connect``. Not yet run on a Mac.

Values cross as binary property lists, so that nothing here has to walk CoreFoundation's containers.
"""

import ctypes
import plistlib
from ctypes import byref, c_bool, c_char_p, c_int32, c_long, c_uint32, c_void_p
from datetime import UTC

from tympan._errors import HalError

FRAMEWORK = "/System/Library/Frameworks/{0}.framework/{0}"
SYSTEM_OBJECT = 1  # kAudioObjectSystemObject
BINARY = 200  # kCFPropertyListBinaryFormat_v1_0
_ADDRESS = [c_uint32, c_void_p]
_QUALIFIER = [c_uint32, c_void_p]
_AUDIO = {
    "AudioObjectGetPropertyDataSize": [*_ADDRESS, *_QUALIFIER, c_void_p],
    "AudioObjectGetPropertyData": [*_ADDRESS, *_QUALIFIER, c_void_p, c_void_p],
    "AudioObjectSetPropertyData": [*_ADDRESS, *_QUALIFIER, c_uint32, c_void_p],
    "AudioObjectIsPropertySettable": [*_ADDRESS, c_void_p],
    "AudioObjectAddPropertyListener": [*_ADDRESS, c_void_p, c_void_p],
    "AudioObjectRemovePropertyListener": [*_ADDRESS, c_void_p, c_void_p],
}
_FOUNDATION = {
    "CFDataCreate": (c_void_p, [c_void_p, c_char_p, c_long]),
    "CFDataGetBytePtr": (c_void_p, [c_void_p]),
    "CFDataGetLength": (c_long, [c_void_p]),
    "CFPropertyListCreateData": (c_void_p, [c_void_p, c_void_p, c_long, c_long, c_void_p]),
    "CFPropertyListCreateWithData": (c_void_p, [c_void_p, c_void_p, c_long, c_void_p, c_void_p]),
    "CFRelease": (None, [c_void_p]),
}
#: AudioObjectPropertyListenerProc
_LISTENER = ctypes.CFUNCTYPE(c_int32, c_uint32, c_uint32, c_void_p, c_void_p)


class Address(ctypes.Structure):
    """AudioObjectPropertyAddress, in global scope, of the main element."""

    _fields_ = [("selector", c_uint32), ("scope", c_uint32), ("element", c_uint32)]

    def __init__(self, selector):
        super().__init__(int.from_bytes(selector.encode("latin-1"), "big"), int.from_bytes(b"glob", "big"), 0)


class CoreAudio:
    """What ``Client`` asks of a HAL. ``audio`` and ``foundation`` are loaded libraries: the system's by default."""

    def __init__(self, audio=None, foundation=None):
        self._audio = audio or ctypes.CDLL(FRAMEWORK.format("CoreAudio"))
        self._foundation = foundation or ctypes.CDLL(FRAMEWORK.format("CoreFoundation"))
        for name, arguments in _AUDIO.items():
            getattr(self._audio, name).argtypes, getattr(self._audio, name).restype = arguments, c_int32
        self._audio.AudioObjectHasProperty.argtypes, self._audio.AudioObjectHasProperty.restype = _ADDRESS, c_bool
        for name, (result, arguments) in _FOUNDATION.items():
            function = getattr(self._foundation, name)
            function.argtypes, function.restype = arguments, result

    def _call(self, name, thing, address, *arguments):
        status = getattr(self._audio, name)(thing, byref(address), *arguments)
        if status:
            raise HalError(status, f"{name} of object {thing} answered {status & 0xFFFFFFFF:#x}")

    def find(self, identifier, is_plug_in):
        """The object of a UID or bundle identifier, or 0."""
        address, size, found = Address("bidp" if is_plug_in else "uidd"), c_uint32(4), c_uint32()
        with Reference(self, identifier) as (more, pointer):
            self._call(
                "AudioObjectGetPropertyData", SYSTEM_OBJECT, address, more, pointer, byref(size), byref(found)
            )
        return found.value

    def has(self, thing, selector):
        """AudioObjectHasProperty."""
        return bool(self._audio.AudioObjectHasProperty(thing, byref(Address(selector))))

    def settable(self, thing, selector):
        """AudioObjectIsPropertySettable."""
        answer = ctypes.c_ubyte()
        self._call("AudioObjectIsPropertySettable", thing, Address(selector), byref(answer))
        return bool(answer.value)

    def raw(self, thing, selector):
        """The bytes of a property."""
        address, size = Address(selector), c_uint32()
        self._call("AudioObjectGetPropertyDataSize", thing, address, 0, None, byref(size))
        data = ctypes.create_string_buffer(max(size.value, 1))
        self._call("AudioObjectGetPropertyData", thing, address, 0, None, byref(size), data)
        return data.raw[: size.value]

    def get(self, thing, selector, qualifier):
        """The value behind the reference that the HAL gives away."""
        found, size = c_void_p(), c_uint32(ctypes.sizeof(c_void_p))
        with Reference(self, qualifier) as (more, pointer):
            self._call(
                "AudioObjectGetPropertyData", thing, Address(selector), more, pointer, byref(size), byref(found)
            )
        if not found.value:
            raise ValueError(f"the property {selector!r} has no value")
        try:
            return self.value_of(found)
        finally:
            self._foundation.CFRelease(found)

    def set(self, thing, selector, value, qualifier):
        """AudioObjectSetPropertyData with a reference."""
        with Reference(self, value) as (size, data), Reference(self, qualifier) as (more, pointer):
            self._call("AudioObjectSetPropertyData", thing, Address(selector), more, pointer, size, data)

    def listen(self, thing, selector, callback):
        """Call ``callback()`` for each change; answers the function that ends it."""

        def heard(_object, _count, _addresses, _data):
            callback()
            return 0

        address, listener = Address(selector), _LISTENER(heard)
        self._call("AudioObjectAddPropertyListener", thing, address, listener, None)
        return lambda: self._call("AudioObjectRemovePropertyListener", thing, address, listener, None)

    # ---- property lists ----

    def made(self, value):
        """A new CoreFoundation object, the caller's to release."""
        data = plistlib.dumps(_in_utc(value), fmt=plistlib.FMT_BINARY)
        packed = c_void_p(self._foundation.CFDataCreate(None, data, len(data)))
        found = c_void_p(self._foundation.CFPropertyListCreateWithData(None, packed, 0, None, None))
        self._foundation.CFRelease(packed)
        if not found.value:
            raise ValueError(f"CoreFoundation makes nothing of {value!r}")
        return found

    def value_of(self, reference):
        """The Python value of an object; ValueError for what is no property list."""
        packed = c_void_p(self._foundation.CFPropertyListCreateData(None, reference, BINARY, 0, None))
        if not packed.value:
            raise ValueError("the value is no property list")
        try:
            start, size = self._foundation.CFDataGetBytePtr(packed), self._foundation.CFDataGetLength(packed)
            return plistlib.loads(ctypes.string_at(start, size))
        finally:
            self._foundation.CFRelease(packed)


class Reference:
    """(size, pointer) of a reference to a value while a ``with`` block lasts; (0, None) for None."""

    def __init__(self, core, value):
        self._core, self._made = core, None if value is None else core.made(value)

    def __enter__(self):
        return (0, None) if self._made is None else (ctypes.sizeof(c_void_p), byref(self._made))

    def __exit__(self, *_):
        if self._made is not None:
            self._core._foundation.CFRelease(self._made)


def _in_utc(value):
    """plistlib knows dates without a zone only."""
    if isinstance(value, list):
        return [_in_utc(item) for item in value]
    if isinstance(value, dict):
        return {key: _in_utc(item) for key, item in value.items()}
    if getattr(value, "tzinfo", None) is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value
