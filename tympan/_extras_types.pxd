# How the core and the module of a driver's own properties and settings know
# each other: by pointers, because most bundles do not have that module.

from libc.stdint cimport uint64_t

from tympan.coreaudio cimport OSStatus, UInt32


# Both take the GIL. `driver` is where the core keeps its Driver: NULL there once it is gone. Any control thread.
ctypedef OSStatus (*ReadProperty)(
    void** driver, UInt32 object_id, UInt32 selector, const void* qualifier, void** out
) noexcept nogil
ctypedef OSStatus (*WriteProperty)(
    void** driver, UInt32 object_id, UInt32 selector, const void* qualifier, const void* data
) noexcept nogil


# A status for an exception, after a line in the log.
ctypedef OSStatus (*StatusOf)(object error, str where) noexcept


# What the core does for that module. Any thread.
cdef struct CoreCalls:
    void* core
    uint64_t generation         # of the Initialize that made the driver: later ones are not its own
    StatusOf status_of
    void (*tell)(const CoreCalls* calls, UInt32 object_id, UInt32 selector) noexcept nogil
    # Takes over both references; NULL as value removes the key.
    void (*store)(const CoreCalls* calls, const void* key, const void* value) noexcept nogil
    # From the host's storage, with a reference for the caller, or NULL. Called with neither GIL nor a lock.
    const void* (*load)(const CoreCalls* calls, const void* key) noexcept nogil
