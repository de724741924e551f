"""Property calls of one plug-in with sizes, types and errors (hal-protocol C7)."""

import struct
from typing import NamedTuple

from tympan.testing import _host
from tympan.testing._status import code, host_error, name, refused

_ASBD = struct.Struct("<dIIIIIIII")
_RANGE = struct.Struct("<dd")
_REFERENCE = struct.Struct("<Q")


class StreamFormat(NamedTuple):
    """An AudioStreamBasicDescription: rate in Hz, sizes in bytes, ``format_id`` and flags as numbers."""

    sample_rate: float
    format_id: int
    flags: int
    bytes_per_packet: int
    frames_per_packet: int
    bytes_per_frame: int
    channels: int
    bits: int

    @classmethod
    def unpack(cls, data):
        """From the 40 bytes of the struct."""
        return cls(*_ASBD.unpack(data)[:8])

    def pack(self):
        """To the 40 bytes of the struct."""
        return _ASBD.pack(*self, 0)

    @property
    def kind(self):
        """'float32', 'int16', 'int24' or 'int32'; None for what the simulated host cannot play."""
        interleaved = self.format_id == code("lpcm") and not self.flags & 0x22 and self.frames_per_packet == 1
        kind = {(1, 32): "float32", (4, 16): "int16", (4, 24): "int24", (4, 32): "int32"}.get(
            (self.flags & 5, self.bits)
        )
        packed = kind and self.bytes_per_frame == self.channels * self.bits // 8 == self.bytes_per_packet
        return kind if interleaved and packed else None

    def __str__(self):
        return f"{self.kind or name(self.format_id)}, {self.channels} ch, {self.sample_rate:g} Hz"


def object_id(thing):
    """The AudioObjectID of a number or of anything with ``.id``."""
    return thing if isinstance(thing, int) else thing.id


class Properties:
    """Property calls by object; raises HostError with ``.status`` when the driver refuses.

    ``scope`` is "glob", "inpt" or "outp"; selectors are four-character codes. May
    be used on any thread, during IO too.
    """

    def __init__(self, table):
        self.table = table

    def _key(self, thing, selector, scope, element):
        return object_id(thing), code(selector), code(scope), element

    @staticmethod
    def _describe(what, key):
        return f"{what} of '{name(key[1])}' ({name(key[2])}, element {key[3]}) on object {key[0]}"

    def has(self, thing, selector, scope="glob", element=0):
        """HasProperty."""
        return self.table.has(*self._key(thing, selector, scope, element))

    def is_settable(self, thing, selector, scope="glob", element=0):
        """IsPropertySettable."""
        key = self._key(thing, selector, scope, element)
        status, settable = self.table.settable(*key)
        if status:
            raise refused(self._describe("IsPropertySettable", key), status)
        return settable

    def size(self, thing, selector, scope="glob", element=0, qualifier=b""):
        """GetPropertyDataSize, in bytes."""
        key = self._key(thing, selector, scope, element)
        status, size = self.table.size(*key, qualifier)
        if status:
            raise refused(self._describe("GetPropertyDataSize", key), status)
        return size

    def get(self, thing, selector, scope="glob", element=0, qualifier=b"", size=None, data=b""):
        """GetPropertyData as bytes. ``size`` is the room it gets (default: what it asks for);
        ``data`` are bytes that are there before (for in-out properties)."""
        key = self._key(thing, selector, scope, element)
        capacity = self.size(thing, selector, scope, element, qualifier) if size is None else size
        status, written, memory, beyond = self.table.get(*key, qualifier, capacity, data)
        call = self._describe("GetPropertyData", key)
        if beyond:
            raise host_error(f"{call} wrote beyond the {capacity} bytes it was given")
        if status:
            raise refused(call, status)
        if written > capacity:
            raise host_error(f"{call} says it wrote {written} bytes into {capacity}")
        return memory[:written]

    def _unpack(self, fmt, arguments):
        data = self.get(*arguments)
        if len(data) != struct.calcsize(fmt):
            key = self._key(*arguments[:4])
            raise host_error(
                f"{self._describe('GetPropertyData', key)} answered {len(data)} bytes, not {struct.calcsize(fmt)}"
            )
        return struct.unpack(fmt, data)[0]

    def get_uint32(self, thing, selector, scope="glob", element=0, qualifier=b""):
        """A UInt32 value."""
        return self._unpack("<I", (thing, selector, scope, element, qualifier))

    def get_float32(self, thing, selector, scope="glob", element=0, qualifier=b""):
        """A Float32 value."""
        return self._unpack("<f", (thing, selector, scope, element, qualifier))

    def get_float64(self, thing, selector, scope="glob", element=0, qualifier=b""):
        """A Float64 value."""
        return self._unpack("<d", (thing, selector, scope, element, qualifier))

    def get_code(self, thing, selector, scope="glob", element=0):
        """A four-character UInt32 as text."""
        return name(self.get_uint32(thing, selector, scope, element))

    def get_ids(self, thing, selector, scope="glob", element=0, qualifier=b""):
        """A list of UInt32, such as object ids."""
        data = self.get(thing, selector, scope, element, qualifier)
        if len(data) % 4:
            raise host_error(f"the list '{name(code(selector))}' of object {object_id(thing)} has {len(data)} bytes")
        return list(struct.unpack(f"<{len(data) // 4}I", data))

    def get_ranges(self, thing, selector, scope="glob", element=0):
        """A list of AudioValueRange as (minimum, maximum)."""
        return list(_RANGE.iter_unpack(self.get(thing, selector, scope, element)))

    def get_format(self, thing, selector="pft ", scope="glob", element=0):
        """A stream's AudioStreamBasicDescription as StreamFormat."""
        return StreamFormat.unpack(self.get(thing, selector, scope, element, size=_ASBD.size))

    def get_formats(self, thing, selector="pfta", scope="glob", element=0):
        """A stream's available formats: (StreamFormat, minimum rate, maximum rate) each."""
        data = self.get(thing, selector, scope, element)
        parts = [data[i : i + 56] for i in range(0, len(data), 56)]
        return [(StreamFormat.unpack(part[:40]), *_RANGE.unpack(part[40:])) for part in parts]

    def get_string(self, thing, selector, scope="glob", element=0, qualifier=b""):
        """The text of a CFString property; the reference that came with it is released."""
        address = self._unpack("<Q", (thing, selector, scope, element, qualifier))
        try:
            text = _host.string_at(address)
        except ValueError as error:
            key = self._key(thing, selector, scope, element)
            raise host_error(f"{self._describe('GetPropertyData', key)} answered no string: {error}") from None
        _host.release(address)
        return text

    def with_string(self, text):
        """A context for an 8-byte qualifier or datum that holds a CFString of ``text``."""
        return _StringReference(text)

    def set(self, thing, selector, data, scope="glob", element=0, qualifier=b""):
        """SetPropertyData."""
        key = self._key(thing, selector, scope, element)
        status = self.table.set(*key, bytes(data), qualifier)
        if status:
            raise refused(self._describe("SetPropertyData", key), status)

    def set_uint32(self, thing, selector, value, scope="glob", element=0):
        """Set a UInt32."""
        self.set(thing, selector, struct.pack("<I", value), scope, element)

    def set_float32(self, thing, selector, value, scope="glob", element=0):
        """Set a Float32."""
        self.set(thing, selector, struct.pack("<f", value), scope, element)

    def set_float64(self, thing, selector, value, scope="glob", element=0):
        """Set a Float64."""
        self.set(thing, selector, struct.pack("<d", value), scope, element)

    def set_string(self, thing, selector, text, scope="glob", element=0):
        """Set a CFString property; the driver must retain what it keeps."""
        with _StringReference(text) as data:
            self.set(thing, selector, data, scope, element)


class _StringReference:
    def __init__(self, text):
        self.text = text

    def __enter__(self):
        self.address = _host.make_string(self.text)
        return _REFERENCE.pack(self.address)

    def __exit__(self, *_):
        _host.release(self.address)
