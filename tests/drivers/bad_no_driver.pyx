# expect: error: bad_no_driver.pyx: no driver in this file
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Filter:
    """Not derived from Driver."""

    cdef float last
