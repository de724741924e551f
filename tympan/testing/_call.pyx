# cython: language_level=3
"""Single calls of a driver as data, and a host's table whose answers Python gives; for scripts and replays.

hal_call.h makes the calls; _call_pack.py makes a hal_call's bytes of a dict and an answer's dict of
the numbers here. Every call into a driver is made without the GIL.
"""

from libc.stdint cimport uint64_t, uintptr_t
from libc.stdlib cimport calloc

from tympan.coreaudio cimport (
    AudioObjectID,
    AudioObjectPropertyAddress,
    AudioServerPlugInDriverRef,
    AudioServerPlugInHostInterface,
    AudioServerPlugInHostRef,
    CFPropertyListRef,
    CFStringRef,
    OSStatus,
    UInt32,
)


cdef extern from "hal_call.h" nogil:
    enum:
        CALL_LARGEST
        CALL_HAS
        CALL_DO
        CALL_SET

    ctypedef struct hal_call:
        unsigned char slot
        UInt32 main_size, second_size, amount, qualifier_size, data_size

    ctypedef struct hal_answer:
        OSStatus status
        UInt32 size, value, second_value
        double sample
        uint64_t host, seed, fact
        const void* found
        unsigned char* data
        unsigned char* main
        unsigned char* second
        int fault

    ctypedef struct hal_memory:
        pass

    int memory_open(hal_memory* m, size_t largest)
    void memory_close(hal_memory* m)
    int call_make(AudioServerPlugInDriverRef d, AudioServerPlugInHostRef host, const hal_call* c, hal_memory* m,
                  hal_answer* a)


FAULTS = (None, "wrote-beyond", "wrote-input", "too-long")
LARGEST = CALL_LARGEST


cdef class Caller:
    """Makes calls of one driver, each in guarded memory. One thread at a time."""

    cdef AudioServerPlugInDriverRef driver
    cdef hal_memory m
    cdef bint opened

    def __init__(self, uintptr_t driver):
        self.driver = <AudioServerPlugInDriverRef>driver
        if memory_open(&self.m, CALL_LARGEST):
            raise MemoryError
        self.opened = True

    def __dealloc__(self):
        if self.opened:
            memory_close(&self.m)

    def make(self, bytes packed, AnsweringHost host=None):
        """Make the call of a hal_call's bytes: its answer as a dict of numbers and bytes."""
        cdef const hal_call* c = <const hal_call*><const char*>packed
        cdef AudioServerPlugInHostRef ref = &host.c.table if host is not None else NULL
        cdef hal_answer a
        if len(packed) < <Py_ssize_t>sizeof(hal_call) + c.qualifier_size + c.data_size:
            raise ValueError("a call shorter than it says")
        if max(c.main_size, c.second_size, c.amount if c.slot < CALL_SET else 0) > CALL_LARGEST:
            raise ValueError(f"a buffer of more than {CALL_LARGEST} bytes")
        with nogil:
            call_make(self.driver, ref, c, &self.m, &a)
        return {
            "status": a.status, "size": a.size, "value": a.value, "second_value": a.second_value,
            "sample": a.sample, "host": a.host, "seed": a.seed, "found": <uintptr_t>a.found,
            "data": a.data[:a.size] if a.data != NULL else b"",
            "main": a.main[:c.main_size] if a.main != NULL else b"",
            "second": a.second[:c.second_size] if a.second != NULL else b"",
            "fault": FAULTS[a.fault], "fact": a.fact,
        }


cdef struct AnsweringRef:
    AudioServerPlugInHostInterface table    # first: drivers see a pointer to it
    void* owner


cdef class AnsweringHost:
    """A host's table that asks ``delegate.called(name, arguments)`` for every answer, on the driver's thread.

    The answer is (status, address); the address is what CopyFromStorage hands out. Arguments are
    numbers and addresses. Keep the object for as long as the process lives.
    """

    cdef AnsweringRef* c
    cdef public object delegate

    def __cinit__(self, delegate):
        self.c = <AnsweringRef*>calloc(1, sizeof(AnsweringRef))
        if self.c == NULL:
            raise MemoryError
        self.c.table.PropertiesChanged = _properties_changed
        self.c.table.CopyFromStorage = _copy
        self.c.table.WriteToStorage = _write
        self.c.table.DeleteFromStorage = _delete
        self.c.table.RequestDeviceConfigurationChange = _request
        self.c.owner = <void*>self
        self.delegate = delegate


cdef OSStatus _ask(AudioServerPlugInHostRef host, str name, tuple arguments, uintptr_t* out) noexcept:
    cdef AnsweringHost self = <AnsweringHost>(<AnsweringRef*>host).owner
    status, address = self.delegate.called(name, arguments)
    if out != NULL:
        out[0] = address
    return status


cdef OSStatus _properties_changed(AudioServerPlugInHostRef host, AudioObjectID object, UInt32 count,
                                  const AudioObjectPropertyAddress* addresses) noexcept with gil:
    cdef UInt32 i
    cdef list found = []
    for i in range(min(count, 32) if addresses != NULL else 0):
        found.append((addresses[i].mSelector, addresses[i].mScope, addresses[i].mElement))
    return _ask(host, "PropertiesChanged", (object, count, found), NULL)


cdef OSStatus _copy(AudioServerPlugInHostRef host, CFStringRef key, CFPropertyListRef* out) noexcept with gil:
    return _ask(host, "CopyFromStorage", (<uintptr_t>key,), <uintptr_t*>out)


cdef OSStatus _write(AudioServerPlugInHostRef host, CFStringRef key, CFPropertyListRef value) noexcept with gil:
    return _ask(host, "WriteToStorage", (<uintptr_t>key, <uintptr_t>value), NULL)


cdef OSStatus _delete(AudioServerPlugInHostRef host, CFStringRef key) noexcept with gil:
    return _ask(host, "DeleteFromStorage", (<uintptr_t>key,), NULL)


cdef OSStatus _request(AudioServerPlugInHostRef host, AudioObjectID device, uint64_t action,
                       void* info) noexcept with gil:
    return _ask(host, "RequestDeviceConfigurationChange", (device, action, <uintptr_t>info), NULL)
