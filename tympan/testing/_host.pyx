# cython: language_level=3
"""The C side of the simulated HAL: the driver's table and the host's table.

Nothing here judges: calls answer the OSStatus they got. The Python files beside
it (``_plugin``, ``_device``, ``_session``) make objects and errors of them. Every
call into a driver is made without the GIL, because a driver may call back from
another thread before it returns.
"""

from libc.stdint cimport uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from tympan.testing._engine cimport ana_api, current_guard, is_inside
from tympan.testing._values cimport Storage
from tympan.coreaudio cimport (
    AudioObjectID, AudioObjectPropertyAddress, AudioServerPlugInClientInfo, AudioServerPlugInDriverRef,
    AudioServerPlugInHostInterface, AudioServerPlugInHostRef, AudioServerPlugInIOCycleInfo, Boolean, CFAllocatorRef,
    CFIndex, CFPropertyListRef, CFRelease, CFStringCreateWithCString, CFStringGetCString, CFStringRef,
    CFTypeRef, CFUUIDBytes, CFUUIDCreateFromUUIDBytes, CFUUIDRef, HRESULT, OSStatus, UInt32,
    kAudioHardwareIllegalOperationError, kCFStringEncodingUTF8,
)


cdef extern from "platform.h" nogil:
    enum:
        TYMPAN_STRING

    int tympan_kind_of(const void* address)
    const char* tympan_kind_name(int kind)
    CFIndex tympan_text_size(const void* address)


cdef extern from "host_guard.h" nogil:
    void guard_ready(const ana_api* guard)
    void guard_in(const ana_api* guard)
    void guard_out(const ana_api* guard)
    void guard_lift(const ana_api* guard)
    void guard_drop(const ana_api* guard)

cdef extern from "host_nulls.h":
    OSStatus host_call_with_null(AudioServerPlugInDriverRef r, int what, AudioObjectID object,
                                 const AudioObjectPropertyAddress* address)

cdef extern from "Python.h" nogil:
    int PyGILState_Check()

#: What property_with_null can leave out, and of which call.
NULLS = (
    "address-has", "address-settable", "address-size", "address-get", "address-set", "out-settable", "out-size",
    "out-get-size", "out-get-data", "data-set", "driver-has", "driver-get",
)


ctypedef void* (*Factory)(CFAllocatorRef, CFUUIDRef) noexcept nogil


# --- CoreFoundation values ---------------------------------------------------------


def make_string(str text):
    """A new CFString (retain count 1) as an address; release() it."""
    cdef bytes data = text.encode("utf-8")
    return <uintptr_t>CFStringCreateWithCString(NULL, data, kCFStringEncodingUTF8)


def release(uintptr_t address):
    """CFRelease."""
    CFRelease(<CFTypeRef>address)


def kind_of(uintptr_t address):
    """'string', 'number', 'url', ... of a live object, else None; never follows a wrong pointer off macOS."""
    return tympan_kind_name(tympan_kind_of(<const void*>address)).decode() or None


def string_at(uintptr_t address):
    """The text of a live CFString; ValueError when ``address`` is none."""
    cdef CFIndex size = tympan_text_size(<const void*>address)
    if size < 0 or tympan_kind_of(<const void*>address) != TYMPAN_STRING:
        raise ValueError(f"{address:#x} is not a live CFString")
    cdef bytearray text = bytearray(size + 1)
    if not CFStringGetCString(<CFStringRef>address, <char*>text, size + 1, kCFStringEncodingUTF8):
        raise ValueError(f"the CFString at {address:#x} has no UTF-8 form")
    return bytes(text).split(b"\0")[0].decode("utf-8")


cdef CFUUIDBytes _uuid(bytes data) except *:
    cdef CFUUIDBytes result
    if len(data) != 16:
        raise ValueError("a UUID has 16 bytes")
    memcpy(&result, <const char*>data, 16)
    return result


def call_factory(uintptr_t factory, bytes type_uuid):
    """factory(NULL, type): the address it answers, 0 for NULL."""
    cdef CFUUIDRef type_ref = CFUUIDCreateFromUUIDBytes(NULL, _uuid(type_uuid))
    cdef void* result
    with nogil:
        result = (<Factory>factory)(NULL, type_ref)
    CFRelease(<CFTypeRef>type_ref)
    return <uintptr_t>result


# --- the driver's table ------------------------------------------------------------


cdef AudioObjectPropertyAddress _address(UInt32 selector, UInt32 scope, UInt32 element):
    cdef AudioObjectPropertyAddress address
    address.mSelector = selector
    address.mScope = scope
    address.mElement = element
    return address


cdef class Table:
    """One reference to a driver (AudioServerPlugInDriverRef) and its 22 functions.

    Arguments are numbers and bytes, answers statuses and values; nothing is
    checked. Every method may be called on any thread.
    """

    cdef AudioServerPlugInDriverRef ref

    def __init__(self, uintptr_t address):
        self.ref = <AudioServerPlugInDriverRef>address

    @property
    def address(self):
        """The AudioServerPlugInDriverRef as a number."""
        return <uintptr_t>self.ref

    def missing(self):
        """The numbers (1 to 22) of the slots that are NULL, which no slot may be."""
        cdef void** slots = <void**>self.ref[0]
        return [i for i in range(1, 23) if slots[i] == NULL]

    # Life

    def query_interface(self, bytes uuid, bint null=False):
        """(HRESULT, address); ``null`` passes a NULL out pointer."""
        cdef void* found = <void*><uintptr_t>1
        cdef CFUUIDBytes iid = _uuid(uuid)
        cdef HRESULT status
        with nogil:
            status = self.ref[0].QueryInterface(self.ref, iid, NULL if null else &found)
        return status, <uintptr_t>found

    def add_ref(self):
        """AddRef: the new count."""
        cdef UInt32 count
        with nogil:
            count = self.ref[0].AddRef(self.ref)
        return count

    def release(self):
        """Release: the new count."""
        cdef UInt32 count
        with nogil:
            count = self.ref[0].Release(self.ref)
        return count

    def initialize(self, HostTable host):
        """Initialize with a host's table; status."""
        cdef OSStatus status
        cdef AudioServerPlugInHostRef ref = &host.c.table if host is not None else NULL
        with nogil:
            status = self.ref[0].Initialize(self.ref, ref)
        return status

    def create_device(self):
        """CreateDevice with an empty description: (status, object id)."""
        cdef AudioObjectID found = 0xFFFFFFFF
        cdef AudioServerPlugInClientInfo info
        cdef OSStatus status
        memset(&info, 0, sizeof(info))
        with nogil:
            status = self.ref[0].CreateDevice(self.ref, NULL, &info, &found)
        return status, found

    def destroy_device(self, UInt32 device):
        """DestroyDevice; status."""
        cdef OSStatus status
        with nogil:
            status = self.ref[0].DestroyDevice(self.ref, device)
        return status

    def device_client(self, bint add, UInt32 device, UInt32 client, int pid, str bundle_id=None, bint native=True):
        """AddDeviceClient or RemoveDeviceClient; the info lives only during the call. Status."""
        cdef AudioServerPlugInClientInfo info
        cdef OSStatus status
        cdef uintptr_t name = make_string(bundle_id) if bundle_id is not None else 0
        memset(&info, 0, sizeof(info))
        info.mClientID = client
        info.mProcessID = pid
        info.mIsNativeEndian = native
        info.mBundleID = <CFStringRef>name
        with nogil:
            if add:
                status = self.ref[0].AddDeviceClient(self.ref, device, &info)
            else:
                status = self.ref[0].RemoveDeviceClient(self.ref, device, &info)
            memset(&info, 0xA5, sizeof(info))
            if name:
                CFRelease(<CFTypeRef>name)
        return status

    def perform(self, UInt32 device, uint64_t action, uintptr_t info):
        """PerformDeviceConfigurationChange; status."""
        cdef OSStatus status
        with nogil:
            status = self.ref[0].PerformDeviceConfigurationChange(self.ref, device, action, <void*>info)
        return status

    def abort(self, UInt32 device, uint64_t action, uintptr_t info):
        """AbortDeviceConfigurationChange; status."""
        cdef OSStatus status
        with nogil:
            status = self.ref[0].AbortDeviceConfigurationChange(self.ref, device, action, <void*>info)
        return status

    # Properties

    def has(self, UInt32 object, UInt32 selector, UInt32 scope, UInt32 element, int pid=0):
        """HasProperty."""
        cdef AudioObjectPropertyAddress address = _address(selector, scope, element)
        cdef Boolean found
        with nogil:
            found = self.ref[0].HasProperty(self.ref, object, pid, &address)
        return bool(found)

    def settable(self, UInt32 object, UInt32 selector, UInt32 scope, UInt32 element, int pid=0):
        """IsPropertySettable: (status, settable)."""
        cdef AudioObjectPropertyAddress address = _address(selector, scope, element)
        cdef Boolean found = 0
        cdef OSStatus status
        with nogil:
            status = self.ref[0].IsPropertySettable(self.ref, object, pid, &address, &found)
        return status, bool(found)

    def size(self, UInt32 object, UInt32 selector, UInt32 scope, UInt32 element, bytes qualifier=b"", int pid=0):
        """GetPropertyDataSize: (status, bytes)."""
        cdef AudioObjectPropertyAddress address = _address(selector, scope, element)
        cdef UInt32 found = 0
        cdef OSStatus status
        cdef UInt32 qualifier_size = <UInt32>len(qualifier)
        cdef const char* q = <const char*>qualifier if qualifier else NULL
        with nogil:
            status = self.ref[0].GetPropertyDataSize(self.ref, object, pid, &address, qualifier_size, q, &found)
        return status, found

    def get(self, UInt32 object, UInt32 selector, UInt32 scope, UInt32 element, bytes qualifier=b"",
            UInt32 capacity=0, bytes data=b"", int pid=0):
        """GetPropertyData into ``capacity`` bytes that begin with ``data`` and go on with 0xA5.

        (status, size it answered, the whole memory, True if it wrote beyond ``capacity``).
        """
        cdef AudioObjectPropertyAddress address = _address(selector, scope, element)
        cdef UInt32 found = 0xA5A5A5A5
        cdef OSStatus status
        cdef UInt32 qualifier_size = <UInt32>len(qualifier)
        cdef const char* q = <const char*>qualifier if qualifier else NULL
        cdef bytearray memory = bytearray(data[:capacity]) + b"\xa5" * (capacity - min(len(data), capacity) + 64)
        cdef char* place = <char*>memory
        with nogil:
            status = self.ref[0].GetPropertyData(
                self.ref, object, pid, &address, qualifier_size, q, capacity, &found, place)
        return status, found, bytes(memory[:capacity]), memory[capacity:] != b"\xa5" * 64

    def set(self, UInt32 object, UInt32 selector, UInt32 scope, UInt32 element, bytes data, bytes qualifier=b"",
            int pid=0):
        """SetPropertyData; status."""
        cdef AudioObjectPropertyAddress address = _address(selector, scope, element)
        cdef OSStatus status
        cdef UInt32 size = <UInt32>len(data)
        cdef UInt32 qualifier_size = <UInt32>len(qualifier)
        cdef const char* d = data
        cdef const char* q = <const char*>qualifier if qualifier else NULL
        with nogil:
            status = self.ref[0].SetPropertyData(self.ref, object, pid, &address, qualifier_size, q, size, d)
        return status

    def property_with_null(self, str what, UInt32 object, UInt32 selector, UInt32 scope=0x676C6F62, UInt32 element=0):
        """One property call with one pointer missing, ``what`` of NULLS; status (for 'has': the answer)."""
        cdef AudioObjectPropertyAddress address = _address(selector, scope, element)
        return host_call_with_null(self.ref, NULLS.index(what), object, &address)

    # IO, outside of cycles

    def start_io(self, UInt32 device, UInt32 client):
        """StartIO; status."""
        cdef OSStatus status
        with nogil:
            status = self.ref[0].StartIO(self.ref, device, client)
        return status

    def stop_io(self, UInt32 device, UInt32 client):
        """StopIO; status."""
        cdef OSStatus status
        with nogil:
            status = self.ref[0].StopIO(self.ref, device, client)
        return status

    def zero_time_stamp(self, UInt32 device, UInt32 client=0):
        """GetZeroTimeStamp: (status, sample time, host ticks, seed)."""
        cdef double sample = 0.0
        cdef uint64_t host = 0
        cdef uint64_t seed = 0
        cdef const ana_api* guard = current_guard()
        cdef OSStatus status
        with nogil:
            guard_ready(guard)
            guard_in(guard)
            status = self.ref[0].GetZeroTimeStamp(self.ref, device, client, &sample, &host, &seed)
            guard_out(guard)
        return status, sample, host, seed

    def operation(
        self, UInt32 device, UInt32 stream, UInt32 client, UInt32 number, double time, bytes data, UInt32 frames=64
    ):
        """One DoIOOperation on a copy of ``data`` at any sample time: (status, the buffer afterwards)."""
        cdef AudioServerPlugInIOCycleInfo cycle
        cdef bytearray buffer = bytearray(data)
        cdef char* main = <char*>buffer
        cdef const ana_api* guard = current_guard()
        cdef OSStatus status
        memset(&cycle, 0, sizeof(cycle))
        cycle.mInputTime.mSampleTime = cycle.mOutputTime.mSampleTime = time
        with nogil:
            guard_ready(guard)
            guard_in(guard)
            status = self.ref[0].DoIOOperation(
                self.ref, device, stream, client, number, frames, &cycle, main, NULL
            )
            guard_out(guard)
        return status, bytes(buffer)

    def will_do(self, UInt32 device, UInt32 client, UInt32 operation):
        """WillDoIOOperation: (status, will do, in place)."""
        cdef Boolean will = 0
        cdef Boolean in_place = 1
        cdef const ana_api* guard = current_guard()
        cdef OSStatus status
        with nogil:
            guard_ready(guard)
            guard_in(guard)
            status = self.ref[0].WillDoIOOperation(self.ref, device, client, operation, &will, &in_place)
            guard_out(guard)
        return status, bool(will), bool(in_place)


# --- the host's table --------------------------------------------------------------


cdef struct HostRef:
    AudioServerPlugInHostInterface table    # first: drivers see a pointer to it
    void* owner


cdef class HostTable:
    """What a driver gets in Initialize (AudioServerPlugInHostInterface), for one plug-in.

    ``delegate.properties_changed(object, [(selector, scope, element), ...])``,
    ``delegate.request_change(device, action, info) -> status`` and
    ``delegate.called_wrongly(function, how)`` are called on the driver's thread. Keep
    the object for as long as the driver's image is loaded, which is for ever.
    """

    cdef HostRef* c
    cdef public object delegate
    cdef readonly Storage storage

    def __cinit__(self, delegate):
        self.c = <HostRef*>calloc(1, sizeof(HostRef))
        if self.c == NULL:
            raise MemoryError
        self.c.table.PropertiesChanged = _properties_changed
        self.c.table.CopyFromStorage = _copy_from_storage
        self.c.table.WriteToStorage = _write_to_storage
        self.c.table.DeleteFromStorage = _delete_from_storage
        self.c.table.RequestDeviceConfigurationChange = _request_change
        self.c.owner = <void*>self
        self.delegate = delegate
        self.storage = Storage()

    def __dealloc__(self):
        free(self.c)

    @property
    def address(self):
        """The AudioServerPlugInHostRef as a number."""
        return <uintptr_t>&self.c.table

    def stored(self):
        """What the driver keeps in storage: {key: Python value}."""
        return self.storage.save()

    def store(self, str key, value):
        """Put a value into the storage, as an earlier version of the driver may have; of any type of to_cf."""
        self.storage.put(key, value)

    def discard(self, str key):
        """Remove a key; True if it was there."""
        return self.storage.values.pop(key, self) is not self

    def clear(self):
        """Remove everything from the storage."""
        self.storage.load({})


# A driver calls its host from no IO operation, and without our interpreter's lock (every call
# of ours into the driver releases it, so whoever holds it took it).
cdef int _context() noexcept nogil:
    return 1 if is_inside() else 2 if PyGILState_Check() else 0


cdef HostTable _owner(AudioServerPlugInHostRef host, function, int context):
    cdef HostTable self = <HostTable>(<HostRef*>host).owner
    if context:
        self.delegate.called_wrongly(function, ("", "inside an IO operation", "while holding the GIL")[context])
    return self


# The entries of the host's table. The guard is lifted around all that they do, taking and giving back the GIL
# included: a call from IO is told by _owner, in one sentence.

cdef OSStatus _properties_changed(AudioServerPlugInHostRef host, AudioObjectID object, UInt32 count,
                                  const AudioObjectPropertyAddress* addresses) noexcept nogil:
    guard_lift(current_guard())
    _tell_changes(host, _context(), object, count, addresses)
    guard_drop(current_guard())
    return 0


cdef void _tell_changes(AudioServerPlugInHostRef host, int context, AudioObjectID object, UInt32 count,
                        const AudioObjectPropertyAddress* addresses) noexcept with gil:
    cdef UInt32 i
    changed = []
    for i in range(count):
        changed.append((addresses[i].mSelector, addresses[i].mScope, addresses[i].mElement))
    _owner(host, "PropertiesChanged", context).delegate.properties_changed(object, changed)


cdef OSStatus _copy_from_storage(AudioServerPlugInHostRef host, CFStringRef key,
                                 CFPropertyListRef* out) noexcept nogil:
    guard_lift(current_guard())
    cdef OSStatus status = _copy_stored(host, _context(), key, out)
    guard_drop(current_guard())
    return status


cdef OSStatus _copy_stored(
    AudioServerPlugInHostRef host, int context, CFStringRef key, CFPropertyListRef* out
) noexcept with gil:
    self = _owner(host, "CopyFromStorage", context)
    return self.storage.copy(key, out) if out != NULL else kAudioHardwareIllegalOperationError


cdef OSStatus _write_to_storage(AudioServerPlugInHostRef host, CFStringRef key,
                                CFPropertyListRef value) noexcept nogil:
    guard_lift(current_guard())
    cdef OSStatus status = _write_stored(host, _context(), key, value)
    guard_drop(current_guard())
    return status


cdef OSStatus _write_stored(
    AudioServerPlugInHostRef host, int context, CFStringRef key, CFPropertyListRef value
) noexcept with gil:
    self = _owner(host, "WriteToStorage", context)
    return self.storage.write(key, value) if value != NULL else kAudioHardwareIllegalOperationError


cdef OSStatus _delete_from_storage(AudioServerPlugInHostRef host, CFStringRef key) noexcept nogil:
    guard_lift(current_guard())
    cdef OSStatus status = _remove_stored(host, _context(), key)
    guard_drop(current_guard())
    return status


cdef OSStatus _remove_stored(AudioServerPlugInHostRef host, int context, CFStringRef key) noexcept with gil:
    return _owner(host, "DeleteFromStorage", context).storage.remove(key)


cdef OSStatus _request_change(AudioServerPlugInHostRef host, AudioObjectID device, uint64_t action,
                              void* info) noexcept nogil:
    guard_lift(current_guard())
    cdef OSStatus status = _ask_change(host, _context(), device, action, info)
    guard_drop(current_guard())
    return status


cdef OSStatus _ask_change(AudioServerPlugInHostRef host, int context, AudioObjectID device, uint64_t action,
                          void* info) noexcept with gil:
    self = _owner(host, "RequestDeviceConfigurationChange", context)
    return self.delegate.request_change(device, action, <uintptr_t>info)
