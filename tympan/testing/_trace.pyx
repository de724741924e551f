# cython: language_level=3
"""The trace's C side: what records it, and the numbers of its file read back.

trace.h records; _trace_record.py opens and closes files with it, _trace_read.py makes calls
of the bytes.
"""

from libc.stdint cimport int64_t, uint64_t, uintptr_t
from libc.string cimport memcpy

from tympan.coreaudio cimport AudioServerPlugInDriverRef, CFTypeRef
from tympan.testing._engine cimport ana_api, current_guard


cdef extern from "string.h" nogil:
    char* strdup(const char* text)


cdef extern from "trace.h" nogil:
    enum:
        TRACE_WORDS
        NO_CYCLE
        WORD_IS_REAL

    ctypedef struct trace_file:
        unsigned long long used, records, lost

    ctypedef const ana_api* (*guard_getter)() noexcept nogil
    ctypedef char* (*describer)(CFTypeRef) noexcept

    trace_file* trace_open(int descriptor, uint64_t header, int audio, guard_getter guard)
    void trace_close(trace_file* f)
    AudioServerPlugInDriverRef trace_wrap(trace_file* f, AudioServerPlugInDriverRef driver, unsigned number,
                                          const char* label)
    void trace_step(const char* what)
    void set_describe(describer describe)
    uint64_t trace_hash(const void* data, size_t size)


def audio_hash(const unsigned char[::1] data):
    """XXH64 (seed 0) of the bytes: how a trace without audio names a buffer."""
    return trace_hash(&data[0] if data.shape[0] else NULL, data.shape[0])


cdef object _describer = None


cdef char* _describe(CFTypeRef reference) noexcept with gil:
    """An object's content as JSON in malloc'd memory."""
    cdef bytes text
    try:
        text = _describer(<uintptr_t>reference)
        return strdup(text)
    except Exception:  # no memory, or a description that is no text
        return NULL


cdef class Recorder:
    """Records into the file behind a descriptor, which has ``header`` bytes already. One at a time in a process.

    ``describe(address)`` answers the content of a Core Foundation object as JSON (bytes); it is called on any thread.
    """

    cdef trace_file* f

    def __init__(self, int descriptor, uint64_t header, bint audio, describe):
        global _describer
        _describer = describe
        set_describe(_describe)
        self.f = trace_open(descriptor, header, audio, current_guard)
        if self.f == NULL:
            raise MemoryError("a trace needs address space and a file that can be mapped")

    def wrap(self, uintptr_t driver, unsigned number, str label):
        """The reference to use in place of a driver's; the same for the same driver."""
        cdef bytes text = label.encode("utf-8")
        return <uintptr_t>trace_wrap(self.f, <AudioServerPlugInDriverRef>driver, number, text)

    def step(self, str what):
        """Write down a step of the host itself."""
        cdef bytes text = what.encode("utf-8")
        trace_step(text)

    def close(self):
        """Stop recording: (bytes used, records, records that found no room)."""
        cdef trace_file* f = self.f
        if f == NULL:
            raise ValueError("closed already")
        self.f = NULL
        with nogil:
            trace_close(f)
        return f.used, f.records, f.lost


class Short(Exception):
    """The bytes end inside a record."""


cdef double _real(uint64_t bits) noexcept:
    cdef double value
    memcpy(&value, &bits, 8)
    return value


cdef class Last:
    """What the records of one thread are differences from."""

    cdef public uint64_t time, host, seed
    cdef uint64_t sample
    cdef uint64_t[28] cycle

    @property
    def cycle_bytes(self):
        """The cycle info as the 224 bytes of its structure."""
        return (<char*>self.cycle)[:224]


cdef class Cursor:
    """Reads numbers out of bytes, from ``place`` to ``end``. Raises Short at the end."""

    cdef bytes data
    cdef const unsigned char* p
    cdef public size_t place, end

    def __init__(self, bytes data, size_t place=0):
        self.data = data
        self.p = <const unsigned char*><const char*>data
        self.place, self.end = place, len(data)

    cdef uint64_t _number(self) except? 0xFFFFFFFFFFFFFFFF:
        cdef uint64_t value = 0
        cdef int shift = 0
        while True:
            if self.place >= self.end or shift > 63:
                raise Short
            byte = self.p[self.place]
            self.place += 1
            value |= <uint64_t>(byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    cdef uint64_t _next(self, uint64_t last) except? 0xFFFFFFFFFFFFFFFF:
        cdef uint64_t value = self._number()
        return last + ((value >> 1) ^ (0 - (value & 1)))

    cdef uint64_t _next_real(self, uint64_t last) except? 0xFFFFFFFFFFFFFFFF:
        cdef uint64_t value = self._number()
        cdef uint64_t turned = 0
        for _ in range(8):
            turned = turned << 8 | (value & 0xFF)
            value >>= 8
        return last ^ turned

    def number(self):
        """An unsigned number."""
        return self._number()

    def signed(self):
        """A signed number."""
        return <int64_t>self._next(0)

    def byte(self):
        """One byte."""
        if self.place >= self.end:
            raise Short
        self.place += 1
        return self.p[self.place - 1]

    def code(self):
        """A four-character code, as a number."""
        return int.from_bytes(self.take(4), "big")

    def take(self, size_t size):
        """So many bytes."""
        if size > self.end - self.place:
            raise Short
        self.place += size
        return self.data[self.place - size:self.place]

    def text(self):
        """Bytes with their count before them."""
        return self.take(self._number())

    def time(self, Last last):
        """The next time, in ticks."""
        last.time = self._next(last.time)
        return last.time

    def stamp(self, Last last):
        """The next zero time stamp: (sample, host, seed)."""
        last.sample = self._next_real(last.sample)
        last.host = self._next(last.host)
        last.seed = self._next(last.seed)
        return _real(last.sample), last.host, last.seed

    def cycle(self, Last last):
        """The next cycle info as bytes, or None."""
        cdef uint64_t changed = self._number()
        cdef int i
        if changed == NO_CYCLE:
            return None
        for i in range(TRACE_WORDS):
            if changed >> i & 1:
                last.cycle[i] = (self._next_real(last.cycle[i]) if WORD_IS_REAL >> i & 1
                                 else self._next(last.cycle[i]))
        return last.cycle_bytes
