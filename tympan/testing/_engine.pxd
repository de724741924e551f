# For _host, whose callbacks want to know whether an IO operation runs.

cdef bint is_inside() noexcept nogil
