# How a getter answers. Header only: part of _properties.

from libc.string cimport memcpy

from tympan._objects cimport Device, Stream
from tympan._properties_types cimport Query
from tympan._rt cimport ty_load_pointer
from tympan.coreaudio cimport *


cdef inline OSStatus answer(Query* q, const void* value, UInt32 size) noexcept nogil:
    q.size = size
    if q.out is not NULL:
        memcpy(q.out, value, size)      # the caller has checked the capacity
    return kAudioHardwareNoError


cdef inline OSStatus answer_uint32(Query* q, UInt32 value) noexcept nogil:
    return answer(q, &value, sizeof(UInt32))


cdef inline OSStatus answer_string(Query* q, CFStringRef string) noexcept nogil:
    # The host releases what it gets, so it gets a reference of its own.
    if q.out is not NULL:
        CFRetain(<CFTypeRef>string)
    return answer(q, &string, sizeof(CFStringRef))


# A name that may be changing: the string that is replaced stays until nobody is in a call that may have found it.
cdef inline OSStatus answer_name(Query* q, const CFStringRef* place) noexcept nogil:
    return answer_string(q, <CFStringRef>ty_load_pointer(<void**>place))


# One element of a list: written when it fits, counted when only the size is asked.
cdef inline void append(Query* q, const void* element, UInt32 size) noexcept nogil:
    if q.out is NULL:
        q.size += size
    elif q.capacity - q.size >= size:
        memcpy(<char*>q.out + q.size, element, size)
        q.size += size


cdef inline bint in_scope(Query* q, bint is_input) noexcept nogil:
    cdef UInt32 scope = q.address.mScope
    if scope == kAudioObjectPropertyScopeGlobal:
        return True
    return is_input if scope == kAudioObjectPropertyScopeInput else not is_input


cdef inline UInt32 direction(Query* q) noexcept nogil:
    return 0 if q.address.mScope == kAudioObjectPropertyScopeInput else 1


# A device's channels in the direction asked for, of all streams; they count from 1 through the streams in order.
cdef inline UInt32 channels(Query* q) noexcept nogil:
    return q.object.device.channels[direction(q)]


cdef inline const Stream* stream_of_channel(Query* q, UInt32* channel) noexcept nogil:
    cdef const Stream* stream = q.object.device.outputs if direction(q) else q.object.device.inputs
    while channel[0] > stream.channels:         # there are so many: find_row has seen to it
        channel[0] -= stream.channels
        stream += 1
    return stream
