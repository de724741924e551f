"""The driver's table through ctypes, where a rule must pass what no honest host passes: NULL, or somebody else's
reference. Calls are made without the GIL. Layouts are those of tympan/coreaudio.h."""

import ctypes
from ctypes import POINTER, Structure, byref, c_char, c_double, c_int32, c_uint8, c_uint32, c_uint64, c_void_p

from tympan.testing._status import code

_B, _I, _U32, _P = c_uint8, c_int32, c_uint32, c_void_p
_OBJECT = (_P, _U32, _I, _P)  # driver, object, pid, address

#: Slot number, result, arguments.
SLOTS = {
    "QueryInterface": (1, _I, (_P, c_uint64, c_uint64, _P)),  # CFUUIDBytes by value: two integer registers
    "AddRef": (2, _U32, (_P,)),
    "Release": (3, _U32, (_P,)),
    "Initialize": (4, _I, (_P, _P)),
    "CreateDevice": (5, _I, (_P, _P, _P, _P)),
    "DestroyDevice": (6, _I, (_P, _U32)),
    "AddDeviceClient": (7, _I, (_P, _U32, _P)),
    "RemoveDeviceClient": (8, _I, (_P, _U32, _P)),
    "PerformDeviceConfigurationChange": (9, _I, (_P, _U32, c_uint64, _P)),
    "AbortDeviceConfigurationChange": (10, _I, (_P, _U32, c_uint64, _P)),
    "HasProperty": (11, _B, _OBJECT),
    "IsPropertySettable": (12, _I, (*_OBJECT, _P)),
    "GetPropertyDataSize": (13, _I, (*_OBJECT, _U32, _P, _P)),
    "GetPropertyData": (14, _I, (*_OBJECT, _U32, _P, _U32, _P, _P)),
    "SetPropertyData": (15, _I, (*_OBJECT, _U32, _P, _U32, _P)),
    "StartIO": (16, _I, (_P, _U32, _U32)),
    "StopIO": (17, _I, (_P, _U32, _U32)),
    "GetZeroTimeStamp": (18, _I, (_P, _U32, _U32, _P, _P, _P)),
    "WillDoIOOperation": (19, _I, (_P, _U32, _U32, _U32, _P, _P)),
    "BeginIOOperation": (20, _I, (_P, _U32, _U32, _U32, _U32, _P)),
    "DoIOOperation": (21, _I, (_P, _U32, _U32, _U32, _U32, _U32, _P, _P, _P)),
    "EndIOOperation": (22, _I, (_P, _U32, _U32, _U32, _U32, _P)),
}


class Address(Structure):
    """AudioObjectPropertyAddress."""

    _fields_ = [("selector", c_uint32), ("scope", c_uint32), ("element", c_uint32)]


class ClientInfo(Structure):
    """AudioServerPlugInClientInfo."""

    _fields_ = [("client", c_uint32), ("pid", c_int32), ("native", c_uint8), ("bundle", c_void_p)]


class TimeStamp(Structure):
    """AudioTimeStamp; SMPTE time stays 0."""

    _fields_ = [
        ("sample", c_double), ("host", c_uint64), ("scalar", c_double), ("word", c_uint64),
        ("smpte", c_char * 24), ("flags", c_uint32), ("reserved", c_uint32),
    ]  # fmt: skip


class CycleInfo(Structure):
    """AudioServerPlugInIOCycleInfo."""

    _fields_ = [
        ("counter", c_uint64), ("nominal", c_uint32), ("current", TimeStamp), ("input", TimeStamp),
        ("output", TimeStamp), ("main_ticks", c_double), ("device_ticks", c_double),
    ]  # fmt: skip


def address(selector, scope="glob", element=0):
    """A property address."""
    return Address(code(selector), code(scope), element)


class Raw:
    """The functions of one driver reference."""

    def __init__(self, reference):
        self.reference = reference
        table = ctypes.cast(ctypes.cast(reference, POINTER(c_void_p))[0], POINTER(c_void_p))
        self._functions = {
            slot: ctypes.CFUNCTYPE(result, *arguments)(table[number])
            for slot, (number, result, arguments) in SLOTS.items()
        }

    def call(self, slot, *arguments, driver=None):
        """One call; structures go by reference, None is NULL. ``driver``: another reference, 0 for NULL."""
        reference = self.reference if driver is None else driver or None
        passed = [byref(item) if isinstance(item, Structure | ctypes._SimpleCData) else item for item in arguments]
        return self._functions[slot](reference, *passed)


def foreign_reference(reference):
    """A driver reference that the driver did not make: another pointer to the same table. Keep the answer alive."""
    return ctypes.pointer(c_void_p(ctypes.cast(reference, POINTER(c_void_p))[0]))
