"""A driver's table and a host's table by ctypes: every call with any argument, nothing checked.

For probes of the subjects only. It shares no code with the simulated host but the
platform library (clock, queue, Core Foundation), and answers statuses as they come.
"""

import ctypes
import plistlib
import struct
from ctypes import POINTER, byref, c_double, c_int32, c_ubyte, c_uint32, c_uint64, c_void_p
from uuid import UUID

import tympan.testing  # noqa: F401 loads the platform library where drivers find it
from tympan.testing import _platform

PLUGIN, BOX, DESK, DESK_IN, DESK_IN_CUE, DESK_OUT, DESK_OUT_CUE, VOLUME, MUTE, SOURCE, WIRE, WIRE_IN, WIRE_OUT = range(
    1, 14
)
TYPE = UUID("443ABAB8-E7B3-491A-B985-BEB9187030DB")
INTERFACE = UUID("EEA5773D-CC43-49F1-8E00-8F96E7D23B17")
IUNKNOWN = UUID("00000000-0000-0000-C000-000000000046")
STRANGER = UUID("00112233-4455-6677-8899-AABBCCDDEEFF")
START_TIME = 1_000_000_007
NULL = object()  # for an argument that is to be a NULL pointer


def code(text):
    """Four characters as a number; numbers pass through."""
    return int.from_bytes(text.encode("ascii"), "big") if isinstance(text, str) else text


class Address(ctypes.Structure):
    _fields_ = [("selector", c_uint32), ("scope", c_uint32), ("element", c_uint32)]


class ClientInfo(ctypes.Structure):
    _fields_ = [("id", c_uint32), ("pid", c_int32), ("native", c_ubyte), ("bundle_id", c_void_p)]


class Uuid(ctypes.Structure):
    _fields_ = [("bytes", c_ubyte * 16)]


class TimeStamp(ctypes.Structure):
    _fields_ = [
        ("sample", c_double),
        ("host", c_uint64),
        ("scalar", c_double),
        ("word", c_uint64),
        ("smpte", c_ubyte * 24),
        ("flags", c_uint32),
        ("reserved", c_uint32),
    ]


class Cycle(ctypes.Structure):
    _fields_ = [
        ("counter", c_uint64),
        ("nominal", c_uint32),
        ("current", TimeStamp),
        ("input", TimeStamp),
        ("output", TimeStamp),
        ("main_ticks", c_double),
        ("device_ticks", c_double),
    ]


assert ctypes.sizeof(Cycle) == 224 and ctypes.sizeof(ClientInfo) == 24

# ---- Core Foundation, of the platform library ----

CF = ctypes.CDLL(_platform.__file__)
CF.CFStringCreateWithCString.restype = c_void_p
CF.CFStringCreateWithCString.argtypes = [c_void_p, ctypes.c_char_p, c_uint32]
CF.CFURLCreateFromFileSystemRepresentation.restype = c_void_p
CF.CFURLCreateFromFileSystemRepresentation.argtypes = [c_void_p, ctypes.c_char_p, ctypes.c_long, c_ubyte]
CF.CFUUIDCreateFromUUIDBytes.restype = c_void_p
CF.CFUUIDCreateFromUUIDBytes.argtypes = [c_void_p, Uuid]
CF.CFRelease.argtypes = CF.CFRetain.argtypes = [c_void_p]
CF.CFStringGetCString.argtypes = [c_void_p, ctypes.c_char_p, ctypes.c_long, c_uint32]
CF.tympan_kind_of.argtypes = [c_void_p]
UTF8 = 0x08000100
LEVEL_CONTROL = 0x6C65766C  # kAudioLevelControlClassID
STRING, URL = 1, 3


def string(text):
    """A new CFString, as an address."""
    return CF.CFStringCreateWithCString(None, text.encode(), UTF8)


def url(path="/tmp"):
    """A new CFURL: something that is no string."""
    return CF.CFURLCreateFromFileSystemRepresentation(None, path.encode(), len(path), 0)


def text_at(address):
    """The text of a live CFString, or None."""
    buffer = ctypes.create_string_buffer(4096)
    if CF.tympan_kind_of(address) != STRING or not CF.CFStringGetCString(address, buffer, 4096, UTF8):
        return None
    return buffer.value.decode()


def bytes_of(uuid):
    return Uuid((c_ubyte * 16)(*uuid.bytes))


# ---- the host's table ----


class Host:
    """Records what a driver asks for. ``on_note`` and ``on_request`` are called from inside the call."""

    def __init__(self, storage=None):
        self.notes = []  # (object, selector, scope)
        self.requests = []  # (device, action, info)
        self.stored = dict(storage or {})
        self.on_note = lambda object_id, selector: None
        self.on_request = lambda device, action, info: 0
        ref = c_void_p
        kinds = [
            (self._changed, c_int32, ref, c_uint32, c_uint32, POINTER(Address)),
            (self._copy, c_int32, ref, c_void_p, POINTER(c_void_p)),
            (self._write, c_int32, ref, c_void_p, c_void_p),
            (self._delete, c_int32, ref, c_void_p),
            (self._request, c_int32, ref, c_uint32, c_uint64, c_void_p),
        ]
        self._functions = [ctypes.CFUNCTYPE(*kind)(function) for function, *kind in kinds]
        self.table = (c_void_p * 5)(*(ctypes.cast(function, c_void_p) for function in self._functions))

    def _changed(self, _, object_id, count, addresses):
        for address in addresses[:count]:
            self.notes.append((object_id, address.selector, address.scope))
            self.on_note(object_id, address.selector)
        return 0

    def _copy(self, _, key, out):
        value = self.stored.get(text_at(key))
        out[0] = CF.CFRetain(value) and value if value else None
        return 0 if value else -1

    def _write(self, _, key, value):
        CF.CFRetain(value)
        self.stored[text_at(key)] = value
        return 0

    def _delete(self, _, key):
        return 0 if self.stored.pop(text_at(key), None) else -1

    def _request(self, _, device, action, info):
        self.requests.append((device, action, info))
        return self.on_request(device, action, info)

    def told(self, object_id, selector):
        """How often a property was told to have changed, at the global scope."""
        return self.notes.count((object_id, code(selector), code("glob")))


# ---- the driver's table ----

REF, U32, PID, ADDRESS, DATA = c_void_p, c_uint32, c_int32, c_void_p, c_void_p
SLOTS = {
    "query": (c_int32, REF, Uuid, c_void_p),
    "add_ref": (c_uint32, REF),
    "release": (c_uint32, REF),
    "initialize": (c_int32, REF, c_void_p),
    "create": (c_int32, REF, c_void_p, c_void_p, c_void_p),
    "destroy": (c_int32, REF, U32),
    "add_client": (c_int32, REF, U32, c_void_p),
    "remove_client": (c_int32, REF, U32, c_void_p),
    "perform": (c_int32, REF, U32, c_uint64, c_void_p),
    "abort": (c_int32, REF, U32, c_uint64, c_void_p),
    "has": (c_ubyte, REF, U32, PID, ADDRESS),
    "settable": (c_int32, REF, U32, PID, ADDRESS, c_void_p),
    "size": (c_int32, REF, U32, PID, ADDRESS, U32, DATA, c_void_p),
    "get": (c_int32, REF, U32, PID, ADDRESS, U32, DATA, U32, c_void_p, DATA),
    "set": (c_int32, REF, U32, PID, ADDRESS, U32, DATA, U32, DATA),
    "start": (c_int32, REF, U32, U32),
    "stop": (c_int32, REF, U32, U32),
    "stamp": (c_int32, REF, U32, U32, c_void_p, c_void_p, c_void_p),
    "will_do": (c_int32, REF, U32, U32, U32, c_void_p, c_void_p),
    "begin": (c_int32, REF, U32, U32, U32, U32, c_void_p),
    "do": (c_int32, REF, U32, U32, U32, U32, U32, c_void_p, c_void_p, c_void_p),
    "end": (c_int32, REF, U32, U32, U32, U32, c_void_p),
}


class Table:
    """The 22 functions, as ``slots``; ``call`` passes the driver reference."""

    def __init__(self, bundle):
        info = plistlib.loads((bundle / "Contents" / "Info.plist").read_bytes())
        self.image = ctypes.CDLL(str(bundle / "Contents" / "MacOS" / info["CFBundleExecutable"]))
        (symbol,) = info["CFPlugInFactories"].values()
        self.factory = getattr(self.image, symbol)
        self.factory.restype = c_void_p
        self.factory.argtypes = [c_void_p, c_void_p]
        self.ref = None

    def make(self, uuid=TYPE):
        """factory(NULL, type): the driver reference, or None."""
        kind = CF.CFUUIDCreateFromUUIDBytes(None, bytes_of(uuid))
        self.ref = self.factory(None, kind)
        CF.CFRelease(kind)
        return self.ref

    @property
    def addresses(self):
        """The 22 addresses, None for NULL."""
        table = ctypes.cast(self.ref, POINTER(POINTER(c_void_p)))[0]
        return dict(zip(SLOTS, table[1:23], strict=True))

    def call(self, name, *arguments, ref=NULL):
        """One slot's answer, statuses as unsigned numbers."""
        function = ctypes.CFUNCTYPE(*SLOTS[name])(self.addresses[name])
        return function(self.ref if ref is NULL else ref, *arguments) & 0xFFFFFFFF

    # Properties; scope is four characters, data are bytes

    def has(self, object_id, selector, scope="glob", element=0, pid=0):
        return bool(self.call("has", object_id, pid, byref(Address(code(selector), code(scope), element))))

    def settable(self, object_id, selector, scope="glob", element=0):
        """(status, settable)"""
        out = c_ubyte(77)
        address = Address(code(selector), code(scope), element)
        return self.call("settable", object_id, 0, byref(address), byref(out)), out.value == 1

    def size(self, object_id, selector, scope="glob", element=0, qualifier=None):
        """(status, size)"""
        out, address = c_uint32(0), Address(code(selector), code(scope), element)
        length = len(qualifier or b"")
        status = self.call("size", object_id, 0, byref(address), length, qualifier, byref(out))
        return status, out.value

    def get(
        self, object_id, selector, scope="glob", element=0, qualifier=None, room=None, data=b"", pid=0, ref=NULL
    ):
        """(status, size, memory). The memory was ``data``, 0xA5 up to ``room`` bytes, and 64 more to see overruns."""
        if room is None:
            room = max(self.size(object_id, selector, scope, element, qualifier)[1], len(data))
        memory = ctypes.create_string_buffer(data + b"\xa5" * (room + 64 - len(data)), room + 64)
        out, address = c_uint32(0xA5A5A5A5), Address(code(selector), code(scope), element)
        length = len(qualifier or b"")
        arguments = (object_id, pid, byref(address), length, qualifier, room, byref(out), memory)
        return self.call("get", *arguments, ref=ref), out.value, memory.raw

    def set(self, object_id, selector, data, scope="glob", element=0):
        address = Address(code(selector), code(scope), element)
        return self.call("set", object_id, 0, byref(address), 0, None, len(data), data)

    # Values

    def value(self, fmt, object_id, selector, scope="glob", element=0, qualifier=None, data=b""):
        """A value of a struct format; raises LookupError when the driver refuses."""
        status, size, memory = self.get(object_id, selector, scope, element, qualifier, data=data)
        if status or size != struct.calcsize(fmt):
            raise LookupError(f"{selector} of {object_id}: status {status:#x}, {size} bytes")
        return struct.unpack_from("<" + fmt, memory)[0]

    def u32(self, object_id, selector, scope="glob", **more):
        return self.value("I", object_id, selector, scope, **more)

    def f32(self, object_id, selector, **more):
        return self.value("f", object_id, selector, **more)

    def f64(self, object_id, selector):
        return self.value("d", object_id, selector)

    def ids(self, object_id, selector, scope="glob", qualifier=None):
        """A list of UInt32."""
        status, size, memory = self.get(object_id, selector, scope, qualifier=qualifier)
        if status:
            raise LookupError(f"{selector} of {object_id}: status {status:#x}")
        return list(struct.unpack_from(f"<{size // 4}I", memory))

    def reference(self, object_id, selector, scope="glob", **more):
        """The address of a CF object; it is the caller's to release."""
        return self.value("Q", object_id, selector, scope, **more)

    def text(self, object_id, selector, scope="glob", **more):
        """A string, released; None when it is none."""
        address = self.reference(object_id, selector, scope, **more)
        found = text_at(address)
        if found is not None:
            CF.CFRelease(address)
        return found

    def set_u32(self, object_id, selector, value):
        return self.set(object_id, selector, struct.pack("<I", value))

    def set_f32(self, object_id, selector, value):
        return self.set(object_id, selector, struct.pack("<f", value))

    def set_rate(self, device, rate):
        return self.set(device, "nsrt", struct.pack("<d", rate))

    def set_text(self, object_id, selector, address):
        return self.set(object_id, selector, struct.pack("<Q", address))


class Driver(Table):
    """A driver in its host, with a virtual clock."""

    def __init__(self, bundle, storage=None, timebase=(1, 1)):
        super().__init__(bundle)
        _platform.set_clock(True, *timebase)
        _platform.set_time(START_TIME)
        _platform.clear_problems()
        self.timebase = timebase
        self.host = Host(storage)

    def open(self):
        """As a host does: factory, QueryInterface, Release, Initialize; the last one's status."""
        found = c_void_p()
        self.make()
        self.call("query", bytes_of(INTERFACE), byref(found))
        self.ref = found.value
        self.call("release")
        return self.initialize()

    def initialize(self):
        return self.call("initialize", ctypes.addressof(self.host.table))

    def close(self):
        """Release every reference, however many there are, so that another life can begin."""
        for _ in range(1000):
            if not self.ref or not 0 < self.call("release") < 1000:
                break
        _platform.pump()

    def pump(self):
        """Run what the driver queued."""
        return _platform.pump()

    # Clients and IO

    def client(self, add, device, number, pid=501, bundle_id="org.example.player"):
        """AddDeviceClient or RemoveDeviceClient; the info is gone afterwards, as in a host."""
        name = string(bundle_id) if bundle_id else None
        info = ClientInfo(number, pid, 1, name)
        status = self.call("add_client" if add else "remove_client", device, byref(info))
        ctypes.memset(byref(info), 0xA5, 24)
        if name:
            CF.CFRelease(name)
        return status

    def start(self, device=DESK, client=1):
        return self.call("start", device, client)

    def stop(self, device=DESK, client=1):
        return self.call("stop", device, client)

    def stamp(self, device=DESK, client=1):
        """(status, sample, host, seed)"""
        sample, host, seed = c_double(-1.0), c_uint64(0), c_uint64(0)
        status = self.call("stamp", device, client, byref(sample), byref(host), byref(seed))
        return status, sample.value, host.value, seed.value

    def will_do(self, operation, device=DESK, client=1):
        """(status, will, in place)"""
        will, in_place = c_ubyte(77), c_ubyte(77)
        status = self.call("will_do", device, client, code(operation), byref(will), byref(in_place))
        return status, will.value == 1, in_place.value == 1

    def do(self, operation, stream, time, data, frames, device=DESK, client=1):
        """DoIOOperation on a copy of ``data``: (status, the buffer afterwards)."""
        cycle = Cycle(counter=1, nominal=frames)
        cycle.input.sample = cycle.output.sample = time
        buffer = ctypes.create_string_buffer(data, len(data))
        status = self.call("do", device, stream, client, code(operation), frames, byref(cycle), buffer, None)
        return status, buffer.raw

    # Time

    @property
    def now(self):
        return _platform.now()

    def advance(self, seconds):
        """Virtual time passes; answers the new time, in ticks."""
        numer, denom = self.timebase
        _platform.set_time(self.now + round(seconds * 1e9 * denom / numer))
        return self.now
