# Getters of devices. Header only: part of _properties. Any thread, many at once.

from libc.string cimport memset

from tympan._answers cimport (
    answer, answer_name, answer_string, answer_uint32, append, channels, direction, in_scope, stream_of_channel,
)
from tympan._objects cimport PERIOD, Device, Layout, Stream
from tympan._properties_types cimport Query
from tympan._rt cimport ty_load_acquire_u32, ty_load_f64
from tympan.coreaudio cimport *


cdef inline OSStatus _device_name(Query* q) noexcept nogil:
    return answer_name(q, &q.object.device.name)


cdef inline OSStatus _device_maker(Query* q) noexcept nogil:
    return answer_string(q, q.object.device.maker)


cdef inline OSStatus _device_uid(Query* q) noexcept nogil:
    return answer_string(q, q.object.device.uid)


cdef inline OSStatus _model_uid(Query* q) noexcept nogil:
    return answer_string(q, q.object.device.model_uid)


cdef inline OSStatus _model_name(Query* q) noexcept nogil:
    return answer_string(q, q.object.device.model_name)


cdef inline OSStatus _transport(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.device.transport)


cdef inline OSStatus _related(Query* q) noexcept nogil:
    cdef UInt32 i, own = 0
    q.size = 0
    while q.graph.devices[own] is not q.object.device:
        own += 1
    for i in range(q.graph.device_count):
        if q.graph.groups[i] == q.graph.groups[own]:
            append(q, &q.graph.devices[i].id, sizeof(UInt32))
    return kAudioHardwareNoError


cdef inline OSStatus _clock_domain(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.device.clock_domain)


cdef inline OSStatus _icon(Query* q) noexcept nogil:
    return answer_string(q, <CFStringRef>q.object.device.icon)


cdef inline OSStatus _application(Query* q) noexcept nogil:
    return answer_string(q, q.object.device.application)


cdef inline OSStatus _serial_number(Query* q) noexcept nogil:
    return answer_string(q, q.object.device.serial_number)


cdef inline OSStatus _firmware_version(Query* q) noexcept nogil:
    return answer_string(q, q.object.device.firmware_version)


cdef inline OSStatus _identifying(Query* q) noexcept nogil:
    return answer_uint32(q, ty_load_acquire_u32(&q.object.device.identifying))


cdef inline OSStatus _is_running(Query* q) noexcept nogil:
    return answer_uint32(q, ty_load_acquire_u32(&q.object.device.running) != 0)


# A device can be the default only in a direction that it has.
cdef inline UInt32 _streams_in_scope(Query* q) noexcept nogil:
    return q.object.device.output_count if direction(q) else q.object.device.input_count


cdef inline OSStatus _can_be_default(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.device.can_be_default[direction(q)] and _streams_in_scope(q) > 0)


cdef inline OSStatus _can_be_system_default(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.device.can_be_system_default[direction(q)] and _streams_in_scope(q) > 0)


cdef inline OSStatus _device_latency(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.device.latency[direction(q)])


cdef inline OSStatus _safety_offset(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.device.safety_offset[direction(q)])


cdef inline OSStatus _streams(Query* q) noexcept nogil:
    cdef const Device* device = q.object.device
    cdef UInt32 i
    q.size = 0
    if in_scope(q, True):
        for i in range(device.input_count):
            append(q, &device.inputs[i].id, sizeof(UInt32))
    if in_scope(q, False):
        for i in range(device.output_count):
            append(q, &device.outputs[i].id, sizeof(UInt32))
    return kAudioHardwareNoError


cdef inline OSStatus _controls(Query* q) noexcept nogil:
    cdef UInt32 i
    q.size = 0
    for i in range(q.object.device.control_count):
        append(q, &q.object.device.controls[i].id, sizeof(UInt32))
    return kAudioHardwareNoError


cdef inline OSStatus _rate(Query* q) noexcept nogil:
    cdef Float64 rate = ty_load_f64(&q.object.device.rate)
    return answer(q, &rate, sizeof(Float64))


cdef inline OSStatus _rates(Query* q) noexcept nogil:
    cdef UInt32 i
    q.size = 0
    for i in range(q.object.device.rate_count):
        append(q, &q.object.device.rates[i], sizeof(AudioValueRange))
    return kAudioHardwareNoError


cdef inline OSStatus _hidden(Query* q) noexcept nogil:
    return answer_uint32(q, ty_load_acquire_u32(&q.object.device.hidden))


cdef inline OSStatus _stereo_pair(Query* q) noexcept nogil:
    cdef UInt32[2] pair
    pair[0] = q.object.device.stereo_left[direction(q)]
    pair[1] = q.object.device.stereo_right[direction(q)]
    return answer(q, pair, sizeof(pair))


# Mono, stereo, or so many discrete channels, unless the declaration says what they are.
cdef inline AudioChannelLabel _label(const Layout* layout, UInt32 index, UInt32 count) noexcept nogil:
    if layout.label_count:
        return layout.labels[index]
    if count == 1:
        return kAudioChannelLabel_Mono
    if count == 2:
        return kAudioChannelLabel_Left if index == 0 else kAudioChannelLabel_Right
    return kAudioChannelLabel_Discrete_0 | index


cdef inline OSStatus _channel_layout(Query* q) noexcept nogil:
    cdef const Layout* chosen = &q.object.device.layouts[direction(q)]
    cdef UInt32 i, count = 0 if chosen.tag else channels(q)
    cdef UInt32 header = sizeof(AudioChannelLayout) - sizeof(AudioChannelDescription)
    cdef AudioChannelLayout layout
    cdef AudioChannelDescription item
    cdef UInt32 size = header + count * <UInt32>sizeof(AudioChannelDescription)
    if q.out is NULL:
        q.size = size
        return kAudioHardwareNoError
    if q.capacity < size:               # one structure, not a list: never cut
        return kAudioHardwareBadPropertySizeError
    memset(&layout, 0, sizeof(layout))
    memset(&item, 0, sizeof(item))
    layout.mChannelLayoutTag = chosen.tag       # 0: kAudioChannelLayoutTag_UseChannelDescriptions
    layout.mNumberChannelDescriptions = count
    q.size = 0
    append(q, &layout, header)
    for i in range(count):
        item.mChannelLabel = _label(chosen, i, count)
        append(q, &item, sizeof(item))
    return kAudioHardwareNoError


cdef inline OSStatus _period(Query* q) noexcept nogil:
    return answer_uint32(q, PERIOD)


cdef inline OSStatus _clock_algorithm(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.device.clock_algorithm)


cdef inline OSStatus _clock_is_stable(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.device.clock_is_stable)


# Element 0 is the direction as a whole, 1 ... n its channels.
cdef inline OSStatus _element_name(Query* q) noexcept nogil:
    cdef const Stream* stream = <const Stream*>q.object.stream
    cdef UInt32 element = q.address.mElement
    if stream is NULL and element == 0:
        stream = q.object.device.outputs if direction(q) else q.object.device.inputs
    elif stream is NULL:
        stream = stream_of_channel(q, &element)
    return answer_name(q, &stream.name if element == 0 else &stream.channel_names[element - 1])
