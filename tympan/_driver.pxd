# The C half of the contract between a driver and the framework; the Python
# half, with every docstring, is in _driver.pyx and _driver.pyi. The thread
# tags are explained in docs/threads.md.

from tympan._types cimport IoBuffer, RealtimeContext


cdef class Driver:
    cdef double _sample_rate

    # One IO cycle on a realtime thread. Read buffer.input, write every sample
    # of buffer.output; must not allocate, lock, wait, or touch Python.
    # Called for WriteMix on a device with an output stream, otherwise for
    # ReadInput, unless IO_OPERATIONS asks for more.
    # Default: copies input to output, which the core knows and does itself.
    # Backs DoIOOperation.
    # [io & running]
    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil
