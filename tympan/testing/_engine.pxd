# For _host, which makes realtime calls too, and whose callbacks want to know whether an IO operation runs.

cdef extern from "host_guard.h" nogil:
    ctypedef struct ana_api:
        pass

cdef bint is_inside() noexcept nogil
cdef const ana_api* current_guard() noexcept nogil
