# expect: error: bad_exits.pyx: reading the declaration of Exits failed: no device today
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Exits(Driver):
    """device() ends the process."""

    NAME, MANUFACTURER, VERSION = "Exits", "tympan", "1.0"

    def device(self):
        raise SystemExit("no device today")
