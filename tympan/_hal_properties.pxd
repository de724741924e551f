# The property entries that only read. Any thread, many at once, also during IO:
# no lock, and no Python but for a property of the driver's own. Header only: part of _hal.

from tympan._core cimport core_of, graph_of, object_exists
from tympan._hal_extras cimport read_custom
from tympan._objects cimport Graph
from tympan._properties cimport find_row, may_set, property_data, property_size
from tympan._properties_types cimport Query, Row
from tympan.coreaudio cimport *


cdef inline Boolean HasProperty(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid, const AudioObjectPropertyAddress* address
) noexcept nogil:
    cdef Graph* graph = graph_of(ref)
    if address is NULL or not object_exists(graph, object_id):
        return 0
    return find_row(graph, object_id, address) is not NULL


cdef inline OSStatus IsPropertySettable(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid,
    const AudioObjectPropertyAddress* address, Boolean* out
) noexcept nogil:
    cdef Graph* graph = graph_of(ref)
    cdef const Row* row
    if graph is NULL:
        return kAudioHardwareBadObjectError
    if address is NULL or out is NULL:
        return kAudioHardwareIllegalOperationError
    if not object_exists(graph, object_id):
        return kAudioHardwareBadObjectError
    row = find_row(graph, object_id, address)
    if row is NULL:
        return kAudioHardwareUnknownPropertyError
    out[0] = may_set(&graph.objects[object_id], row)
    return kAudioHardwareNoError


cdef inline OSStatus GetPropertyDataSize(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid, const AudioObjectPropertyAddress* address,
    UInt32 qualifier_size, const void* qualifier, UInt32* out
) noexcept nogil:
    cdef Query query
    cdef OSStatus status
    query.graph = graph_of(ref)
    if query.graph is NULL:
        return kAudioHardwareBadObjectError
    if address is NULL or out is NULL:
        return kAudioHardwareIllegalOperationError
    if not object_exists(<Graph*>query.graph, object_id):
        return kAudioHardwareBadObjectError
    query.id, query.address = object_id, address
    query.qualifier_size, query.qualifier = qualifier_size, qualifier
    status = property_size(&query)
    if status == kAudioHardwareNoError:
        out[0] = query.size
    return status


cdef inline OSStatus GetPropertyData(
    AudioServerPlugInDriverRef ref, AudioObjectID object_id, pid_t pid, const AudioObjectPropertyAddress* address,
    UInt32 qualifier_size, const void* qualifier, UInt32 size, UInt32* out_size, void* out
) noexcept nogil:
    cdef Query query
    cdef OSStatus status
    query.graph = graph_of(ref)
    if query.graph is NULL:
        return kAudioHardwareBadObjectError
    if address is NULL or out_size is NULL or out is NULL:
        return kAudioHardwareIllegalOperationError
    if not object_exists(<Graph*>query.graph, object_id):
        return kAudioHardwareBadObjectError
    query.id, query.address = object_id, address
    query.qualifier_size, query.qualifier = qualifier_size, qualifier
    query.capacity, query.out = size, out
    status = property_data(&query)
    if status == kAudioHardwareNoError and query.custom.selector:
        status = read_custom(core_of(ref), &query)
    if status == kAudioHardwareNoError:
        out_size[0] = query.size
    return status
