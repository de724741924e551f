# cython: language_level=3
"""What goes between IO code and other threads in bulk: SampleRing, StructRing, DoubleBuffer.

IO code pushes, pops and loads (_buffers.pxd, compiled into the driver); Python
reads and writes. A Python method holds the GIL, so all Python threads together
are one producer or one consumer.
"""

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from tympan._checks cimport units, whole
from tympan._rt cimport ty_load_u64

cdef enum:
    MOST_CHANNELS = 1024
    LARGEST_STRUCT = 65_536         # bytes; a push copies one on the IO thread
    LARGEST_BLOCK = 1 << 30
    NAPS = 20_000                   # of 50 microseconds in a second, for ty_double_store


cdef int _create(ty_spsc* queue, size_t unit, object capacity, str what) except -1:
    if not ty_spsc_create(queue, unit, whole(capacity, f"{what}: capacity", 1, 2**31)):
        raise MemoryError(f"{what}: no memory for {capacity} of {unit} bytes")
    return 0


# Up to `most` units as bytes.
cdef bytes _read(ty_spsc* queue, object most, str what):
    cdef uint64_t count = ty_spsc_available(queue)
    cdef bytes data
    if most is not None and most >= 0:
        count = min(count, <uint64_t>whole(most, what, 0, 2**31))
    data = PyBytes_FromStringAndSize(NULL, count * queue.unit)
    ty_spsc_pop(queue, PyBytes_AS_STRING(data), count)      # there is only one consumer
    return data


cdef int _is_float32(const Py_buffer* view) noexcept:
    cdef bytes form = view.format if view.format is not NULL else b"B"
    return form.lstrip(b"@=<") == b"f" or view.itemsize == 1


cdef int _check_whole(const Py_buffer* view, size_t unit, str what) except -1:
    if view.len % <Py_ssize_t>unit:
        raise ValueError(f"{what}: {view.len} bytes are not a whole number of {unit} bytes each")
    return 0


cdef int _check_samples(const Py_buffer* view, size_t unit, str what) except -1:
    if not _is_float32(view):
        form = view.format.decode("ascii", "replace")
        raise ValueError(f"{what}: the samples are of format {form!r}; give float32, interleaved")
    return _check_whole(view, unit, what)


cdef class SampleRing:
    """A queue of audio frames from one thread to one other: float32, ``channels`` interleaved.

    One thread pushes, one pops, one of them or both may be IO threads. A push that finds too
    little room takes what fits, a pop gives what there is; what was left over is counted.
    IO code has ``push``, ``pop``, ``pop_padded``, ``discard``, ``available`` and ``room``, see
    _buffers.pxd. ReadInput comes on one thread for each client that records, so a ring with
    ReadInput as its consumer is for a device with one such client.

    Args:
        channels: samples of a frame, 1 to 1024.
        capacity: frames that it holds, exactly.

    Progress: wait-free on both sides. Raises ValueError, MemoryError.
    """

    def __cinit__(self, channels, capacity):
        self.channels = whole(channels, "SampleRing: channels", 1, MOST_CHANNELS)
        _create(&self.queue, self.channels * sizeof(float), capacity, "SampleRing")

    def __dealloc__(self):
        ty_spsc_destroy(&self.queue)

    def __len__(self):
        """Frames that can be read. [any]"""
        return ty_spsc_available(&self.queue)

    @property
    def capacity(self):
        """Frames that it holds. [any]"""
        return self.queue.capacity

    @property
    def overflows(self):
        """Frames that found no room, since the beginning. [any]"""
        return ty_load_u64(&self.queue.refused)

    @property
    def underflows(self):
        """Frames that IO code or ``readinto`` asked for and that were not there, since the beginning. [any]"""
        return ty_load_u64(&self.queue.missed)

    def write(self, samples):
        """Push float32 frames from bytes or a C-contiguous array; answers how many were taken.
        [control], as the producer."""
        cdef Py_buffer view
        cdef Py_ssize_t frames = units(samples, &view, 0, self.queue.unit)
        try:
            _check_samples(&view, self.queue.unit, "SampleRing.write")
            return ty_spsc_push(&self.queue, view.buf, frames)
        finally:
            PyBuffer_Release(&view)

    def read(self, frames=None):
        """Pop up to ``frames`` frames, all that are there when None, as bytes. [control], as the consumer."""
        return _read(&self.queue, frames, "SampleRing.read: frames")

    def readinto(self, samples):
        """Pop into a writable float32 array; answers how many frames, the rest stays as it is.
        [control], as the consumer."""
        cdef Py_buffer view
        cdef Py_ssize_t frames = units(samples, &view, PyBUF_WRITABLE, self.queue.unit)
        try:
            _check_samples(&view, self.queue.unit, "SampleRing.readinto")
            return ty_spsc_pop(&self.queue, view.buf, frames)
        finally:
            PyBuffer_Release(&view)

    def clear(self):
        """Drop all that can be read; answers how many frames. [control], as the consumer."""
        return ty_spsc_discard(&self.queue, self.queue.capacity)


cdef class StructRing:
    """A queue of C structs (or other plain bytes of one size) from one thread to one other.

    IO code has ``push(&item, sizeof(item))`` and ``pop``, see _buffers.pxd; Python sees the
    structs as bytes, for ``struct.unpack`` or ``numpy.frombuffer(ring.read(), dtype)``. A struct must not hold
    pointers that may end before it is read.

    Args:
        size: bytes of a struct, 1 to 65536: ``sizeof`` or ``dtype.itemsize``.
        capacity: structs that it holds, exactly.

    Progress: wait-free on both sides. Raises ValueError, MemoryError.
    """

    def __cinit__(self, size, capacity):
        _create(&self.queue, whole(size, "StructRing: size", 1, LARGEST_STRUCT), capacity, "StructRing")

    def __dealloc__(self):
        ty_spsc_destroy(&self.queue)

    def __len__(self):
        """Structs that can be read. [any]"""
        return ty_spsc_available(&self.queue)

    @property
    def size(self):
        """Bytes of a struct. [any]"""
        return self.queue.unit

    @property
    def capacity(self):
        """Structs that it holds. [any]"""
        return self.queue.capacity

    @property
    def overflows(self):
        """Structs that found no room, since the beginning. [any]"""
        return ty_load_u64(&self.queue.refused)

    def write(self, items):
        """Push whole structs from bytes or a C-contiguous array; answers how many were taken.
        [control], as the producer."""
        cdef Py_buffer view
        cdef Py_ssize_t count = units(items, &view, 0, self.queue.unit)
        try:
            _check_whole(&view, self.queue.unit, "StructRing.write")
            return ty_spsc_push(&self.queue, view.buf, count)
        finally:
            PyBuffer_Release(&view)

    def read(self, count=None):
        """Pop up to ``count`` structs, all that are there when None, as bytes. [control], as the consumer."""
        return _read(&self.queue, count, "StructRing.read: count")


cdef class DoubleBuffer:
    """A block of bytes, such as a struct of coefficients, that control code replaces while IO code reads it.

    A reader always sees one whole version. IO code has ``load(&block, sizeof(block))`` and, for
    large blocks, ``acquire`` and ``release``, see _buffers.pxd. Any number of IO threads may read.

    Args:
        block: the first version, bytes or a C-contiguous array; or its size, for zeros.

    Progress: readers are wait-free. A writer blocks, without the GIL, while another one writes and until the
    readers that were inside have left. Raises ValueError, MemoryError.
    """

    def __cinit__(self, block):
        cdef Py_buffer view
        cdef bint made
        if isinstance(block, int):
            made = ty_double_create(&self.buffer, NULL, whole(block, "DoubleBuffer: size", 1, LARGEST_BLOCK))
        else:
            units(block, &view, 0, 1)
            try:
                made = ty_double_create(
                    &self.buffer, view.buf, whole(view.len, "DoubleBuffer: size", 1, LARGEST_BLOCK)
                )
            finally:
                PyBuffer_Release(&view)
        if not made:
            raise MemoryError("DoubleBuffer: no memory for two blocks")

    def __dealloc__(self):
        ty_double_destroy(&self.buffer)

    @property
    def size(self):
        """Bytes of the block. [any]"""
        return self.buffer.size

    def read(self):
        """The newest version, as bytes. [control]"""
        cdef bytes block = PyBytes_FromStringAndSize(NULL, self.buffer.size)
        ty_double_load(&self.buffer, PyBytes_AS_STRING(block), self.buffer.size)
        return block

    @property
    def version(self):
        """The number of the newest version: 1, and one more for each ``write``. [any]"""
        return ty_double_version(&self.buffer)

    def write(self, block, double timeout=1.0):
        """Replace the block with bytes or a C-contiguous array of its size. Raises ValueError for another size, and
        TimeoutError when a reader stays longer than ``timeout`` seconds; then nothing has changed. [control]"""
        cdef Py_buffer view
        units(block, &view, 0, 1)
        try:
            _store(self, view.buf, view.len, timeout)
        finally:
            PyBuffer_Release(&view)

    cdef int store(self, const void* block, size_t size) except -1:
        return _store(self, block, size, 1.0)


cdef int _store(DoubleBuffer self, const void* block, size_t size, double timeout) except -1:
    cdef uint64_t naps = <uint64_t>(min(max(timeout, 0.0), 1e6) * NAPS)
    cdef bint done
    if size != self.buffer.size:
        raise ValueError(f"DoubleBuffer.write: {size} bytes for a block of {self.buffer.size}")
    with nogil:
        done = ty_double_store(&self.buffer, block, naps)
    if not done:
        raise TimeoutError(f"DoubleBuffer.write: a reader has kept the block for {timeout:g} s; does it call release?")
    return 0
