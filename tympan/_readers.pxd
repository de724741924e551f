# Who is inside an entry: what a structural change replaces is freed only when nobody can be reading it.

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "_readers.h" nogil:
    ctypedef struct ty_readers:
        pass

    # Any thread, wait-free.
    uint32_t* ty_enter(ty_readers* readers, uint32_t which) noexcept
    void ty_leave(uint32_t* inside) noexcept

    # Control threads only, one at a time; the second waits, 50 microseconds at a time.
    bint ty_nobody_left(ty_readers* readers, uint32_t* seen) noexcept
    bint ty_wait_for_readers(ty_readers* readers, uint64_t patience) noexcept
