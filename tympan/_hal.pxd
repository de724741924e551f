# The C side of a plug-in. What entry.c and the simulated host need is only
# tympan._hal.create() and PlugIn.address.

from tympan._core cimport Core


cdef class PlugIn:
    cdef Core core
    cdef object driver_class
