# _Records from IO code to a log: the C half, with the method for IO code; the
# Python half is in _log_sink.pyx and _log_sink.pyi.

cimport cython
from libc.stdint cimport uint64_t


cdef extern from "_mpsc.h" nogil:
    ctypedef struct ty_mpsc:
        size_t size
        uint64_t mask
        uint64_t dropped
    bint ty_mpsc_create(ty_mpsc* q, size_t size, uint64_t capacity) noexcept
    void ty_mpsc_destroy(ty_mpsc* q) noexcept
    bint ty_mpsc_push(ty_mpsc* q, const void* record, size_t size) noexcept
    bint ty_mpsc_pop(ty_mpsc* q, void* record) noexcept


cdef extern from "_log.h":
    void ty_log_line(const char* line) noexcept


# The queue: the sink's and its drainer's, for as long as one of them lives.
@cython.final
cdef class _Records:
    cdef ty_mpsc queue
    cdef uint64_t reported      # dropped records of which the log has been told; the drainer's


@cython.final
cdef class LogSink:
    cdef _Records records
    cdef ty_mpsc* queue         # of `records`
    cdef object decode, emit, interval, stopping, ended, drainer

    # Push a copy of the record of `size` bytes: try_push(&record, sizeof(record)). False, and
    # one dropped more, when there is no room or the sink has records of another size; false when the
    # field is None.
    # Wait-free; any number of threads.
    cdef inline bint try_push(self, const void* record, size_t size) noexcept nogil:
        return self is not None and ty_mpsc_push(self.queue, record, size)
