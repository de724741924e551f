# expect: TODO
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Raises(Driver):
    """device() raises."""

    NAME, MANUFACTURER, VERSION = "Raises", "tympan", "1.0"

    def device(self):
        return self.no_such_attribute
