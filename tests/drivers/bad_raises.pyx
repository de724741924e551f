# expect: error: bad_raises.pyx:12: device() raised AttributeError: 'bad_raises.Raises' object has no attribute 'no_such_attribute'
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Raises(Driver):
    """device() raises."""

    NAME, MANUFACTURER, VERSION = "Raises", "tympan", "1.0"

    def device(self):
        return self.no_such_attribute
