# Properties of a driver's own: which there are, and their list. Header only:
# part of _properties. Any thread, many at once; the values are Python's.

from tympan._answers cimport append
from tympan._objects cimport Custom, Customs, Graph, Object
from tympan._properties_types cimport Query
from tympan.coreaudio cimport *


# Of the plug-in or a device; NULL for streams and controls, which have none.
cdef inline const Customs* customs_of(const Graph* graph, const Object* item) noexcept nogil:
    if item.family == kAudioPlugInClassID:
        return &graph.customs
    return &item.device.customs if item.family == kAudioDeviceClassID else NULL


cdef inline const Custom* custom_named(const Graph* graph, const Object* item, UInt32 selector) noexcept nogil:
    cdef const Customs* customs = customs_of(graph, item)
    cdef UInt32 i
    for i in range(customs.count if customs is not NULL else 0):
        if customs.items[i].selector == selector:
            return &customs.items[i]
    return NULL


cdef inline OSStatus _custom_list(Query* q) noexcept nogil:
    cdef const Customs* customs = customs_of(q.graph, q.object)
    cdef AudioServerPlugInCustomPropertyInfo info
    cdef UInt32 i
    q.size = 0
    for i in range(customs.count):
        info.mSelector = customs.items[i].selector
        info.mPropertyDataType = customs.items[i].data_type
        info.mQualifierDataType = customs.items[i].qualifier_type
        append(q, &info, sizeof(info))
    return kAudioHardwareNoError


# Only which one it is: the entry asks Python, after it has let go of the graph.
cdef inline OSStatus _custom_value(Query* q) noexcept nogil:
    cdef const Custom* found = custom_named(q.graph, q.object, q.address.mSelector)
    q.custom = found[0]
    q.size = sizeof(CFTypeRef)
    return kAudioHardwareNoError
