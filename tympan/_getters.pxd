# Getters of every object, of the plug-in and of streams. Header only: part of
# _properties. Any thread, many at once; each answers from the graph alone.

from libc.string cimport memcpy

from tympan._answers cimport answer, answer_name, answer_string, answer_uint32, append, in_scope
from tympan._formats cimport describe_format, describe_offer
from tympan._objects cimport Device, Object, Stream, object_of
from tympan._properties_types cimport Query
from tympan._rt cimport ty_load_acquire_u32, ty_load_f64
from tympan.coreaudio cimport *


# ---- every object ----

cdef inline OSStatus _base_class(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.base_class)


cdef inline OSStatus _class(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.class_id)


cdef inline OSStatus _owner(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.owner)


# The qualifier is an array of class ids; an object passes when one is its class or a base of it.
cdef inline bint _class_wanted(Query* q, const Object* candidate) noexcept nogil:
    cdef const UInt32* wanted = <const UInt32*>q.qualifier
    cdef UInt32 i, count = q.qualifier_size // sizeof(UInt32)
    if q.qualifier is NULL or count == 0:
        return True
    for i in range(count):
        if wanted[i] in (candidate.class_id, candidate.base_class, kAudioObjectClassID, kAudioObjectClassIDWildcard):
            return True
        if wanted[i] == kAudioControlClassID and candidate.control is not NULL:
            return True
    return False


# Streams and controls belong to a direction, or the control to none.
cdef inline bint _in_scope(Query* q, const Object* candidate) noexcept nogil:
    if candidate.stream is not NULL:
        return in_scope(q, candidate.stream.is_input)
    if candidate.control is NULL or q.address.mScope == kAudioObjectPropertyScopeGlobal:
        return True
    return candidate.control.scope == q.address.mScope


cdef inline void _append_owned(Query* q, AudioObjectID object_id) noexcept nogil:
    cdef const Object* candidate = object_of(q.graph, object_id)
    if _class_wanted(q, candidate) and _in_scope(q, candidate):
        append(q, &object_id, sizeof(AudioObjectID))


cdef inline OSStatus _owned_by_device(Query* q) noexcept nogil:
    cdef const Device* device = q.object.device
    cdef UInt32 i
    for i in range(device.input_count):
        _append_owned(q, device.inputs[i].id)
    for i in range(device.output_count):
        _append_owned(q, device.outputs[i].id)
    for i in range(device.control_count):
        _append_owned(q, device.controls[i].id)
    return kAudioHardwareNoError


cdef inline OSStatus _owned(Query* q) noexcept nogil:
    cdef UInt32 i
    q.size = 0
    if q.object.device is NULL:             # the plug-in
        for i in range(q.graph.device_count):
            _append_owned(q, q.graph.devices[i].id)
    elif q.object.device.id == q.id:
        return _owned_by_device(q)
    return kAudioHardwareNoError


cdef inline OSStatus _empty_list(Query* q) noexcept nogil:
    q.size = 0
    return kAudioHardwareNoError


# ---- plug-in ----

cdef inline OSStatus _plug_in_name(Query* q) noexcept nogil:
    return answer_string(q, q.graph.name)


cdef inline OSStatus _plug_in_maker(Query* q) noexcept nogil:
    return answer_string(q, q.graph.maker)


cdef inline OSStatus _bundle_id(Query* q) noexcept nogil:
    return answer_string(q, q.graph.bundle_id)


cdef inline OSStatus _resource_bundle(Query* q) noexcept nogil:
    return answer_string(q, q.graph.resource_bundle)


cdef inline OSStatus _devices(Query* q) noexcept nogil:
    cdef UInt32 i
    q.size = 0
    for i in range(q.graph.device_count):
        append(q, &q.graph.devices[i].id, sizeof(UInt32))
    return kAudioHardwareNoError


# A string as qualifier: NULL when it is missing, of another size, or no string.
cdef inline CFStringRef _qualifier_string(Query* q) noexcept nogil:
    cdef CFStringRef string = NULL
    if q.qualifier is NULL or q.qualifier_size != sizeof(CFStringRef):
        return NULL
    memcpy(&string, q.qualifier, sizeof(CFStringRef))
    if string is not NULL and CFGetTypeID(<CFTypeRef>string) != CFStringGetTypeID():
        return NULL
    return string


cdef inline OSStatus _device_for_uid(Query* q) noexcept nogil:
    cdef UInt32 i
    cdef CFStringRef uid
    if q.out is NULL:
        return answer_uint32(q, 0)            # the size is known without a qualifier
    uid = _qualifier_string(q)
    if uid is NULL:
        return kAudioHardwareBadPropertySizeError
    for i in range(q.graph.device_count):
        if CFEqual(<CFTypeRef>uid, <CFTypeRef>q.graph.devices[i].uid):
            return answer_uint32(q, q.graph.devices[i].id)
    return answer_uint32(q, kAudioObjectUnknown)


cdef inline OSStatus _box_for_uid(Query* q) noexcept nogil:
    if q.out is not NULL and _qualifier_string(q) is NULL:
        return kAudioHardwareBadPropertySizeError
    return answer_uint32(q, kAudioObjectUnknown)      # there are no boxes


# What a device asks of the host by being there.
cdef inline OSStatus _zero(Query* q) noexcept nogil:
    return answer_uint32(q, 0)


cdef inline OSStatus _one(Query* q) noexcept nogil:
    return answer_uint32(q, 1)


# ---- stream ----

cdef inline OSStatus _stream_name(Query* q) noexcept nogil:
    return answer_name(q, &q.object.stream.name)


cdef inline OSStatus _is_active(Query* q) noexcept nogil:
    return answer_uint32(q, ty_load_acquire_u32(&q.object.stream.is_active))


cdef inline OSStatus _stream_direction(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.stream.is_input)


cdef inline OSStatus _terminal(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.stream.terminal)


cdef inline OSStatus _starting_channel(Query* q) noexcept nogil:
    cdef const Device* device = q.object.device
    cdef const Stream* streams = device.inputs if q.object.stream.is_input else device.outputs
    cdef UInt32 i, channel = 1
    for i in range(device.input_count if q.object.stream.is_input else device.output_count):
        if streams[i].id == q.id:
            break
        channel += streams[i].channels
    return answer_uint32(q, channel)


cdef inline OSStatus _stream_latency(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.stream.latency)


cdef inline OSStatus _format(Query* q) noexcept nogil:
    cdef AudioStreamBasicDescription format
    describe_format(q.object.stream, ty_load_f64(&q.object.device.rate), &format)
    return answer(q, &format, sizeof(format))


cdef inline OSStatus _formats(Query* q) noexcept nogil:
    cdef AudioStreamRangedDescription item
    cdef const Stream* stream = q.object.stream
    cdef UInt32 i, j
    q.size = 0
    for i in range(stream.format_count):
        for j in range(q.object.device.rate_count):
            item.mSampleRateRange = q.object.device.rates[j]
            describe_offer(&stream.formats[i], item.mSampleRateRange.mMinimum, &item.mFormat)
            append(q, &item, sizeof(item))
    return kAudioHardwareNoError
