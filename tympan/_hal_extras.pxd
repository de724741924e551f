# What the core does with properties of a driver's own and with its storage: it
# calls tympan._extras, which most bundles do not have. Header only: part of _hal.

from libc.string cimport memcpy

from tympan._core cimport Core, core_of
from tympan._extras_types cimport CoreCalls, ReadProperty, StatusOf, WriteProperty
from tympan._getters_custom cimport custom_named
from tympan._host_calls cimport enqueue
from tympan._objects cimport Graph
from tympan._properties_types cimport Query
from tympan._rt cimport ty_load_u64, ty_mutex_lock, ty_mutex_unlock
from tympan.coreaudio cimport *


# PropertiesChanged, if the driver is still the one that tells. Any thread.
cdef inline void tell_changed(const CoreCalls* calls, UInt32 object_id, UInt32 selector) noexcept nogil:
    cdef Core* core = core_of(calls.core)
    if core is not NULL and ty_load_u64(&core.generation) == calls.generation:
        ty_mutex_lock(&core.values)
        if core.queue is not NULL:
            enqueue(core, object_id, 0, selector)
        ty_mutex_unlock(&core.values)


# The module of settings and of properties of a driver's own, which most drivers do not need; with the GIL.
cdef inline object extras_of(Core* core, object driver, StatusOf status_of):
    cdef CoreCalls calls
    calls.core, calls.generation, calls.status_of, calls.tell = core, core.generation, status_of, tell_changed
    module = __import__("tympan._extras", None, None, ["connect"])
    read, write, extras = module.connect(driver, <size_t>&calls)
    core.read_property, core.write_property = <ReadProperty><size_t>read, <WriteProperty><size_t>write
    return extras


# A reference as qualifier, or NULL where it is missing or of another size.
cdef inline const void* reference_in(UInt32 size, const void* qualifier) noexcept nogil:
    return qualifier if size == sizeof(CFTypeRef) else NULL


# The query has found that the value is the driver's own. Any control thread; takes the GIL, and no lock.
cdef inline OSStatus read_custom(Core* core, Query* query) noexcept nogil:
    cdef const void* qualifier = reference_in(query.qualifier_size, query.qualifier)
    cdef void* value = NULL
    cdef OSStatus status
    if query.custom.qualifier_type and qualifier is NULL:
        return kAudioHardwareBadPropertySizeError
    status = core.read_property(&core.driver, query.id, query.custom.selector, qualifier, &value)
    if status == kAudioHardwareNoError:
        memcpy(query.out, &value, sizeof(value))
    return status


# `data` is the size of a reference. Any control thread.
cdef inline OSStatus write_custom(
    Core* core, Graph* graph, AudioObjectID object_id, const AudioObjectPropertyAddress* address,
    const void* qualifier, const void* data
) noexcept nogil:
    cdef OSStatus status = kAudioHardwareBadObjectError
    if custom_named(graph, &graph.objects[object_id], address.mSelector).qualifier_type and qualifier is NULL:
        return kAudioHardwareBadPropertySizeError
    ty_mutex_lock(&core.control)
    if core.graph == graph:                     # not another one, after the last Release meanwhile
        status = core.write_property(&core.driver, object_id, address.mSelector, qualifier, data)
    ty_mutex_unlock(&core.control)
    return status
