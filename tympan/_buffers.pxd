# What goes between IO code and other threads in bulk: the C half, with the
# methods for IO code; the Python half is in _buffers.pyx and _buffers.pyi. A
# method called on a field that is None answers 0: nothing there, no room.

cimport cython
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset


cdef extern from "_spsc.h" nogil:
    ctypedef struct ty_spsc:
        size_t unit
        uint64_t capacity
        uint64_t refused
        uint64_t missed
    bint ty_spsc_create(ty_spsc* q, size_t unit, uint64_t capacity) noexcept
    void ty_spsc_destroy(ty_spsc* q) noexcept
    uint64_t ty_spsc_available(const ty_spsc* q) noexcept
    uint64_t ty_spsc_push(ty_spsc* q, const void* units, uint64_t count) noexcept
    uint64_t ty_spsc_pop(ty_spsc* q, void* units, uint64_t count) noexcept
    bint ty_spsc_push_one(ty_spsc* q, const void* item, size_t size) noexcept
    bint ty_spsc_pop_one(ty_spsc* q, void* item, size_t size) noexcept
    uint64_t ty_spsc_discard(ty_spsc* q, uint64_t count) noexcept


cdef extern from "_double_buffer.h" nogil:
    ctypedef struct ty_double:
        size_t size
    bint ty_double_create(ty_double* d, const void* block, size_t size) noexcept
    void ty_double_destroy(ty_double* d) noexcept
    const void* ty_double_acquire(ty_double* d, uint32_t* ticket) noexcept
    void ty_double_release(ty_double* d, uint32_t ticket) noexcept
    uint64_t ty_double_load(ty_double* d, void* block, size_t size) noexcept
    uint64_t ty_double_version(ty_double* d) noexcept
    bint ty_double_store(ty_double* d, const void* block, uint64_t patience) noexcept


@cython.final
cdef class SampleRing:
    cdef ty_spsc queue
    cdef readonly size_t channels

    # Push up to `frames` frames; how many were taken. The rest counts as overflows.
    # Wait-free; one producer thread.
    cdef inline size_t push(self, const float* samples, size_t frames) noexcept nogil:
        return 0 if self is None else ty_spsc_push(&self.queue, samples, frames)

    # Pop up to `frames` frames; how many there were. The rest of `samples` stays as it
    # is, and counts as underflows. Wait-free; one consumer thread.
    cdef inline size_t pop(self, float* samples, size_t frames) noexcept nogil:
        return 0 if self is None else ty_spsc_pop(&self.queue, samples, frames)

    # Pop `frames` frames of `channels` samples, silence where there are none; how many
    # there were. Nothing but silence when the ring has other channels.
    # Wait-free; one consumer thread.
    cdef inline size_t pop_padded(self, float* samples, size_t frames, size_t channels) noexcept nogil:
        cdef size_t there = 0
        if self is not None and channels == self.channels:
            there = ty_spsc_pop(&self.queue, samples, frames)
        memset(samples + there * channels, 0, (frames - there) * channels * sizeof(float))
        return there

    # Drop up to `frames` of the oldest frames; how many. Wait-free; the consumer thread.
    cdef inline size_t discard(self, size_t frames) noexcept nogil:
        return 0 if self is None else ty_spsc_discard(&self.queue, frames)

    # Frames that can be popped: at least so many for the consumer. Wait-free; any thread.
    cdef inline size_t available(self) noexcept nogil:
        return 0 if self is None else ty_spsc_available(&self.queue)

    # Frames that can be pushed: at least so many for the producer. Wait-free; any thread.
    cdef inline size_t room(self) noexcept nogil:
        return 0 if self is None else self.queue.capacity - ty_spsc_available(&self.queue)


@cython.final
cdef class StructRing:
    cdef ty_spsc queue

    # Push a copy of the struct of `size` bytes: push(&peak, sizeof(peak)). False, and one
    # overflow more, when there is no room or the ring has structs of another size.
    # Wait-free; one producer thread.
    cdef inline bint push(self, const void* item, size_t size) noexcept nogil:
        return self is not None and ty_spsc_push_one(&self.queue, item, size)

    # Pop the oldest struct into `item`; false when there is none, or of another size.
    # Wait-free; one consumer thread.
    cdef inline bint pop(self, void* item, size_t size) noexcept nogil:
        return self is not None and ty_spsc_pop_one(&self.queue, item, size)

    # Structs that can be popped: at least so many for the consumer. Wait-free; any thread.
    cdef inline size_t available(self) noexcept nogil:
        return 0 if self is None else ty_spsc_available(&self.queue)


@cython.final
cdef class DoubleBuffer:
    cdef ty_double buffer

    # Copy the newest version into `block`, and answer its number: 1 for what the buffer was
    # made with, one more for each store. `size` is sizeof(block). Zeros, and 0, when the
    # buffer has a block of another size or the field is None.
    # Wait-free; any number of threads.
    cdef inline uint64_t load(self, void* block, size_t size) noexcept nogil:
        if self is not None:
            return ty_double_load(&self.buffer, block, size)
        memset(block, 0, size)
        return 0

    # The newest version itself, for a block that is too large to copy: it does not change
    # until release(ticket), which must follow in the same cycle, because the writer waits
    # for it. NULL when the field is None.
    # Wait-free; any number of threads.
    cdef inline const void* acquire(self, uint32_t* ticket) noexcept nogil:
        ticket[0] = 0
        if self is None:
            return NULL
        return ty_double_acquire(&self.buffer, ticket)

    # Wait-free; the thread that acquired.
    cdef inline void release(self, uint32_t ticket) noexcept nogil:
        if self is not None:
            ty_double_release(&self.buffer, ticket)

    # Replace the block with `size` bytes, as write() does. Raises ValueError for another
    # size, TimeoutError when a reader stays. Blocking; control threads, with the GIL.
    cdef int store(self, const void* block, size_t size) except -1
