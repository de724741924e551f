# The property entries that only read. Any thread, many at once, also during IO:
# no lock, and no Python but for a property of the driver's own. Header only: part of _hal.

from libc.stdint cimport uint32_t

from tympan._core cimport core_of, enter_call
from tympan._hal_extras cimport read_custom
from tympan._objects cimport Graph, Object, object_of
from tympan._properties cimport find_row, may_set, property_data, property_size
from tympan._properties_types cimport Query, Row
from tympan._readers cimport ty_leave
from tympan.coreaudio cimport *


cdef inline Boolean HasProperty(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid, const AudioObjectPropertyAddress* address
) noexcept nogil:
    cdef uint32_t* inside
    cdef const Graph* graph = enter_call(ref, object_id, &inside)
    cdef const Object* item = object_of(graph, object_id)
    cdef Boolean has = address is not NULL and item is not NULL and find_row(graph, item, address) is not NULL
    ty_leave(inside)
    return has


cdef inline OSStatus is_settable(
    const Graph* graph, const Object* item, const AudioObjectPropertyAddress* address, Boolean* out
) noexcept nogil:
    cdef const Row* row
    if address is NULL or out is NULL:
        return kAudioHardwareIllegalOperationError
    if item is NULL:
        return kAudioHardwareBadObjectError
    row = find_row(graph, item, address)
    if row is NULL:
        return kAudioHardwareUnknownPropertyError
    out[0] = may_set(item, row)
    return kAudioHardwareNoError


cdef inline OSStatus IsPropertySettable(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid,
    const AudioObjectPropertyAddress* address, Boolean* out
) noexcept nogil:
    cdef uint32_t* inside
    cdef Graph* graph = enter_call(ref, object_id, &inside)
    cdef OSStatus status = kAudioHardwareBadObjectError
    if graph is not NULL:
        status = is_settable(graph, object_of(graph, object_id), address, out)
    ty_leave(inside)
    return status


cdef inline OSStatus size_of(Query* query, UInt32* out) noexcept nogil:
    cdef OSStatus status
    if query.graph is NULL:
        return kAudioHardwareBadObjectError
    if query.address is NULL or out is NULL:
        return kAudioHardwareIllegalOperationError
    query.object = object_of(query.graph, query.id)
    if query.object is NULL:
        return kAudioHardwareBadObjectError
    status = property_size(query)
    if status == kAudioHardwareNoError:
        out[0] = query.size
    return status


cdef inline OSStatus GetPropertyDataSize(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid, const AudioObjectPropertyAddress* address,
    UInt32 qualifier_size, const void* qualifier, UInt32* out
) noexcept nogil:
    cdef uint32_t* inside
    cdef Query query
    cdef OSStatus status
    query.graph = enter_call(ref, object_id, &inside)
    query.id, query.address = object_id, address
    query.qualifier_size, query.qualifier = qualifier_size, qualifier
    status = size_of(&query, out)
    ty_leave(inside)
    return status


cdef inline OSStatus data_of(Query* query, const UInt32* out_size) noexcept nogil:
    if query.graph is NULL:
        return kAudioHardwareBadObjectError
    if query.address is NULL or out_size is NULL or query.out is NULL:
        return kAudioHardwareIllegalOperationError
    query.object = object_of(query.graph, query.id)
    if query.object is NULL:
        return kAudioHardwareBadObjectError
    return property_data(query)


cdef inline OSStatus GetPropertyData(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid, const AudioObjectPropertyAddress* address,
    UInt32 qualifier_size, const void* qualifier, UInt32 size, UInt32* out_size, void* out
) noexcept nogil:
    cdef uint32_t* inside
    cdef Query query
    cdef OSStatus status
    query.graph = enter_call(ref, object_id, &inside)
    query.id, query.address = object_id, address
    query.qualifier_size, query.qualifier = qualifier_size, qualifier
    query.capacity, query.out = size, out
    status = data_of(&query, out_size)
    ty_leave(inside)
    if status == kAudioHardwareNoError and query.custom.selector:
        status = read_custom(core_of(ref), &query)
    if status == kAudioHardwareNoError:
        out_size[0] = query.size
    return status
