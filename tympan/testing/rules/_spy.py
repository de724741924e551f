"""A host of our own, in ctypes, that a rule gives to Initialize: it records every call of the driver, and decides
what each is answered. For what the ordinary Host does not do: storage with foreign values, storage that fails,
calls from inside a host call."""

import ctypes
import threading
from ctypes import CFUNCTYPE, POINTER, Structure, c_int32, c_uint32, c_uint64, c_void_p

from tympan.testing import _host
from tympan.testing._status import code, name
from tympan.testing.rules._raw import Address

_NOTIFY = CFUNCTYPE(c_int32, c_void_p, c_uint32, c_uint32, POINTER(Address))
_COPY = CFUNCTYPE(c_int32, c_void_p, c_void_p, POINTER(c_void_p))
_WRITE = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)
_DELETE = CFUNCTYPE(c_int32, c_void_p, c_void_p)
_REQUEST = CFUNCTYPE(c_int32, c_void_p, c_uint32, c_uint64, c_void_p)


class _Interface(Structure):
    _fields_ = [("notify", _NOTIFY), ("copy", _COPY), ("write", _WRITE), ("delete", _DELETE), ("request", _REQUEST)]


_spies: list["Spy"] = []  # a driver may call its host for as long as its image is loaded


class Spy:
    """AudioServerPlugInHostInterface. ``calls`` are (function, facts, thread id); ``storage`` maps keys to addresses
    of property lists. ``fails``: every storage call fails. ``during(function)``, if set, runs inside each call."""

    def __init__(self):
        self.calls = []
        self.storage = {}
        self.requests = []  # (device, action, info), accepted and not performed yet
        self.fails = False
        self.refuses = False
        self.during = None
        storage = _COPY(self._copy), _WRITE(self._write), _DELETE(self._delete)
        self._table = _Interface(_NOTIFY(self._notify), *storage, _REQUEST(self._request))
        _spies.append(self)

    @property
    def reference(self):
        """The AudioServerPlugInHostRef, for Initialize."""
        return ctypes.addressof(self._table)

    def named(self, function):
        """The facts of every call of ``function`` so far."""
        return [facts for called, facts, _ in self.calls if called == function]

    def _record(self, function, *facts):
        self.calls.append((function, facts, threading.get_ident()))
        if self.during:
            self.during(function)

    def _notify(self, _, number, count, addresses):
        found = [(name(addresses[i].selector), name(addresses[i].scope), addresses[i].element) for i in range(count)]
        self._record("PropertiesChanged", number, found)
        return 0

    def _copy(self, _, key, out):
        self._record("CopyFromStorage", _text(key))
        value = 0 if self.fails else self.storage.get(_text(key), 0)
        out[0] = CF.CFRetain(value) if value else None
        return 0 if value else code("what")

    def _write(self, _, key, value):
        self._record("WriteToStorage", _text(key), value)
        if self.fails or not value:
            return code("what")
        self.storage[_text(key)] = CF.CFRetain(value)
        return 0

    def _delete(self, _, key):
        self._record("DeleteFromStorage", _text(key))
        return 0 if not self.fails and self.storage.pop(_text(key), None) else code("what")

    def _request(self, _, device, action, info):
        self._record("RequestDeviceConfigurationChange", device, action, info or 0)
        if self.refuses:
            return code("nope")
        self.requests.append((device, action, info or 0))
        return 0


def _text(key):
    try:
        return _host.string_at(key or 0)
    except ValueError:
        return None


def _core_foundation():
    library = ctypes.CDLL(None)
    for function in ("CFRetain", "CFRelease", "CFGetTypeID"):
        getattr(library, function).argtypes = [c_void_p]
    library.CFRetain.restype = c_void_p
    library.CFRelease.restype = None
    library.CFGetTypeID.restype = ctypes.c_ulong
    return library


CF = _core_foundation()


def not_a_string():
    """A new CFUUID, which is no property's value and no property list."""
    make = CF.CFUUIDCreateFromUUIDBytes
    make.restype, make.argtypes = c_void_p, [c_void_p, c_uint64, c_uint64]
    return make(None, 1, 2)
