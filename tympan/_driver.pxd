# The C half of the contract between a driver and the framework; the Python
# half, with every docstring, is in _driver.pyx and _driver.pyi. The thread
# tags are explained in docs/threads.md.

from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from tympan._rt cimport ty_load_acquire_u32
from tympan._types cimport ControlState, IoBuffer, RealtimeContext

# A control of a device, for IO code and for Python. All reading is wait-free; a field that is None reads as 0.
cdef class Control:
    cdef ControlState state     # here, so that a Control can be read for as long as somebody has it
    cdef uint32_t id            # the object's
    cdef void* core
    cdef int (*write)(void* core, uint32_t id, uint32_t bits, double place) noexcept
    cdef readonly uint32_t device
    cdef readonly object spec
    cdef object keep            # of a persistent one: the Settings, and its name there

    # A level's or a pan's place, 0 ... 1. [io & running]
    cdef inline float scalar(self) noexcept nogil:
        cdef uint32_t bits = ty_load_acquire_u32(&self.state.value) if self is not None else 0
        cdef float value
        memcpy(&value, &bits, sizeof(value))
        return value

    # A level's linear gain; 0 at its low end. [io & running]
    cdef inline float gain(self) noexcept nogil:
        cdef uint32_t bits = ty_load_acquire_u32(&self.state.gain) if self is not None else 0
        cdef float value
        memcpy(&value, &bits, sizeof(value))
        return value

    # A switch's 0 or 1, a selector's item, a slider's value. [io & running]
    cdef inline uint32_t number(self) noexcept nogil:
        return ty_load_acquire_u32(&self.state.value) if self is not None else 0


cdef class Driver:
    cdef dict _sample_rates     # a device's index: Hz
    cdef dict _controls         # object id: Control
    cdef object _settings       # None until they are used
    cdef object _extras         # None, or the _extras.Extras of a driver with properties of its own
    cdef dict _wanted           # a device's UID: the DeviceSpec that a requested configuration change will bring
    cdef void* _core
    cdef void (*_redeclare)(void* core) noexcept

    # One IO cycle on a realtime thread. Read buffer.input, write every sample
    # of buffer.output; must not allocate, lock, wait, or touch Python.
    # Called for WriteMix on a device with an output stream, otherwise for
    # ReadInput, unless IO_OPERATIONS asks for more.
    # Default: copies input to output, which the core knows and does itself.
    # Backs DoIOOperation.
    # [io & running]
    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil
