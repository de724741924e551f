# cython: language_level=3
"""Properties as rows: class, selector, scopes, size, setter, getter.

Everything the host may ask (HasProperty, IsPropertySettable, sizes, data) is
derived from the row. The table is filled once, when the module is initialised,
and never changes. Numbers and names are Core Audio's; docs/properties.md is
generated from the rows.
"""

from libc.string cimport memcpy, memset

from tympan._convert cimport FLOAT32
from tympan._objects cimport PERIOD, Stream
from tympan._rt cimport ty_load_acquire_u32, ty_load_f64
from tympan.coreaudio cimport *

cdef enum:
    GLOBAL = 1
    INPUT = 2
    OUTPUT = 4
    BOTH = INPUT | OUTPUT
    ANY = GLOBAL | BOTH
    TABLE = 512                 # power of two, several times the number of rows
    ROWS = 128

cdef Row[ROWS] _rows
cdef int _row_count = 0
cdef unsigned char[TABLE] _index    # hash -> row + 1; 0: none


# ---- answers ----

cdef inline OSStatus _answer(Query* q, const void* value, UInt32 size) noexcept nogil:
    q.size = size
    if q.out is not NULL:
        memcpy(q.out, value, size)      # the caller has checked the capacity
    return kAudioHardwareNoError


cdef inline OSStatus _uint32(Query* q, UInt32 value) noexcept nogil:
    return _answer(q, &value, sizeof(UInt32))


cdef inline OSStatus _string(Query* q, CFStringRef string) noexcept nogil:
    # The host releases what it gets, so it gets a reference of its own.
    if q.out is not NULL:
        CFRetain(<CFTypeRef>string)
    return _answer(q, &string, sizeof(CFStringRef))


# One element of a list: written when it fits, counted when only the size is asked.
cdef inline void _append(Query* q, const void* element, UInt32 size) noexcept nogil:
    if q.out is NULL:
        q.size += size
    elif q.capacity - q.size >= size:
        memcpy(<char*>q.out + q.size, element, size)
        q.size += size


# ---- every object ----

cdef OSStatus _base_class(Query* q) noexcept nogil:
    return _uint32(q, q.object.base_class)


cdef OSStatus _class(Query* q) noexcept nogil:
    return _uint32(q, q.object.class_id)


cdef OSStatus _owner(Query* q) noexcept nogil:
    return _uint32(q, q.object.owner)


# The qualifier is an array of class ids; an object passes when one is its class or a base of it.
cdef bint _class_wanted(Query* q, const Object* candidate) noexcept nogil:
    cdef const UInt32* wanted = <const UInt32*>q.qualifier
    cdef UInt32 i, count = q.qualifier_size // sizeof(UInt32)
    if q.qualifier is NULL or count == 0:
        return True
    for i in range(count):
        if wanted[i] in (candidate.class_id, candidate.base_class, kAudioObjectClassID, kAudioObjectClassIDWildcard):
            return True
    return False


cdef inline bint _in_scope(Query* q, bint is_input) noexcept nogil:
    cdef UInt32 scope = q.address.mScope
    if scope == kAudioObjectPropertyScopeGlobal:
        return True
    return is_input if scope == kAudioObjectPropertyScopeInput else not is_input


cdef OSStatus _owned(Query* q) noexcept nogil:
    cdef UInt32 i
    cdef const Object* candidate
    q.size = 0
    for i in range(1, q.graph.object_count):
        candidate = &q.graph.objects[i]
        if candidate.owner != q.id or not _class_wanted(q, candidate):
            continue
        if candidate.stream is NULL or _in_scope(q, candidate.stream.is_input):
            _append(q, &i, sizeof(UInt32))
    return kAudioHardwareNoError


cdef OSStatus _empty_list(Query* q) noexcept nogil:
    q.size = 0
    return kAudioHardwareNoError


# ---- plug-in ----

cdef OSStatus _plug_in_name(Query* q) noexcept nogil:
    return _string(q, q.graph.name)


cdef OSStatus _plug_in_maker(Query* q) noexcept nogil:
    return _string(q, q.graph.maker)


cdef OSStatus _bundle_id(Query* q) noexcept nogil:
    return _string(q, q.graph.bundle_id)


cdef OSStatus _resource_bundle(Query* q) noexcept nogil:
    return _string(q, q.graph.resource_bundle)


cdef OSStatus _devices(Query* q) noexcept nogil:
    cdef UInt32 i
    q.size = 0
    for i in range(q.graph.device_count):
        _append(q, &q.graph.devices[i].id, sizeof(UInt32))
    return kAudioHardwareNoError


# A string as qualifier: NULL when it is missing, of another size, or no string.
cdef CFStringRef _qualifier_string(Query* q) noexcept nogil:
    cdef CFStringRef string = NULL
    if q.qualifier is NULL or q.qualifier_size != sizeof(CFStringRef):
        return NULL
    memcpy(&string, q.qualifier, sizeof(CFStringRef))
    if string is not NULL and CFGetTypeID(<CFTypeRef>string) != CFStringGetTypeID():
        return NULL
    return string


cdef OSStatus _device_for_uid(Query* q) noexcept nogil:
    cdef UInt32 i
    cdef CFStringRef uid
    if q.out is NULL:
        return _uint32(q, 0)            # the size is known without a qualifier
    uid = _qualifier_string(q)
    if uid is NULL:
        return kAudioHardwareBadPropertySizeError
    for i in range(q.graph.device_count):
        if CFEqual(<CFTypeRef>uid, <CFTypeRef>q.graph.devices[i].uid):
            return _uint32(q, q.graph.devices[i].id)
    return _uint32(q, kAudioObjectUnknown)


cdef OSStatus _box_for_uid(Query* q) noexcept nogil:
    if q.out is not NULL and _qualifier_string(q) is NULL:
        return kAudioHardwareBadPropertySizeError
    return _uint32(q, kAudioObjectUnknown)      # there are no boxes


# ---- device ----

cdef inline UInt32 _direction(Query* q) noexcept nogil:
    return 0 if q.address.mScope == kAudioObjectPropertyScopeInput else 1


cdef OSStatus _device_name(Query* q) noexcept nogil:
    return _string(q, q.object.device.name)


cdef OSStatus _device_maker(Query* q) noexcept nogil:
    return _string(q, q.object.device.maker)


cdef OSStatus _device_uid(Query* q) noexcept nogil:
    return _string(q, q.object.device.uid)


cdef OSStatus _model_uid(Query* q) noexcept nogil:
    return _string(q, q.object.device.model_uid)


cdef OSStatus _model_name(Query* q) noexcept nogil:
    return _string(q, q.object.device.model_name)


cdef OSStatus _transport(Query* q) noexcept nogil:
    return _uint32(q, q.object.device.transport)


cdef OSStatus _related(Query* q) noexcept nogil:
    q.size = 0
    _append(q, &q.object.device.id, sizeof(UInt32))
    return kAudioHardwareNoError


cdef OSStatus _zero(Query* q) noexcept nogil:
    return _uint32(q, 0)


cdef OSStatus _one(Query* q) noexcept nogil:
    return _uint32(q, 1)


cdef OSStatus _is_running(Query* q) noexcept nogil:
    return _uint32(q, ty_load_acquire_u32(&q.object.device.running) != 0)


# A device can be the default only in a direction that it has.
cdef inline UInt32 _streams_in_scope(Query* q) noexcept nogil:
    return q.object.device.output_count if _direction(q) else q.object.device.input_count


cdef OSStatus _can_be_default(Query* q) noexcept nogil:
    return _uint32(q, q.object.device.can_be_default and _streams_in_scope(q) > 0)


cdef OSStatus _can_be_system_default(Query* q) noexcept nogil:
    return _uint32(q, q.object.device.can_be_system_default and _streams_in_scope(q) > 0)


cdef OSStatus _device_latency(Query* q) noexcept nogil:
    return _uint32(q, q.object.device.latency[_direction(q)])


cdef OSStatus _safety_offset(Query* q) noexcept nogil:
    return _uint32(q, q.object.device.safety_offset[_direction(q)])


cdef OSStatus _streams(Query* q) noexcept nogil:
    cdef const Device* device = q.object.device
    cdef UInt32 i
    q.size = 0
    if _in_scope(q, True):
        for i in range(device.input_count):
            _append(q, &device.inputs[i].id, sizeof(UInt32))
    if _in_scope(q, False):
        for i in range(device.output_count):
            _append(q, &device.outputs[i].id, sizeof(UInt32))
    return kAudioHardwareNoError


cdef OSStatus _rate(Query* q) noexcept nogil:
    cdef Float64 rate = ty_load_f64(&q.object.device.rate)
    return _answer(q, &rate, sizeof(Float64))


cdef OSStatus _rates(Query* q) noexcept nogil:
    cdef AudioValueRange item
    cdef UInt32 i
    q.size = 0
    for i in range(q.object.device.rate_count):
        item.mMinimum = item.mMaximum = q.object.device.rates[i]
        _append(q, &item, sizeof(AudioValueRange))
    return kAudioHardwareNoError


cdef OSStatus _hidden(Query* q) noexcept nogil:
    return _uint32(q, q.object.device.hidden)


cdef const Stream* _first_stream(Query* q) noexcept nogil:
    cdef const Device* device = q.object.device
    if _direction(q):
        return device.outputs if device.output_count else NULL
    return device.inputs if device.input_count else NULL


cdef OSStatus _stereo_pair(Query* q) noexcept nogil:
    cdef const Stream* stream = _first_stream(q)
    cdef UInt32[2] pair
    pair[0] = 1                         # channels count from 1
    pair[1] = 1 if stream is not NULL and stream.channels == 1 else 2
    return _answer(q, pair, sizeof(pair))


cdef inline AudioChannelLabel _label(UInt32 index, UInt32 channels) noexcept nogil:
    if channels == 1:
        return kAudioChannelLabel_Mono
    if channels == 2:
        return kAudioChannelLabel_Left if index == 0 else kAudioChannelLabel_Right
    return kAudioChannelLabel_Discrete_0 | index


cdef OSStatus _channel_layout(Query* q) noexcept nogil:
    cdef const Stream* stream = _first_stream(q)
    cdef UInt32 i, channels = stream.channels if stream is not NULL else 0
    cdef UInt32 header = sizeof(AudioChannelLayout) - sizeof(AudioChannelDescription)
    cdef AudioChannelLayout layout
    cdef AudioChannelDescription item
    cdef UInt32 size = header + channels * <UInt32>sizeof(AudioChannelDescription)
    if q.out is NULL:
        q.size = size
        return kAudioHardwareNoError
    if q.capacity < size:               # one structure, not a list: never cut
        return kAudioHardwareBadPropertySizeError
    memset(&layout, 0, sizeof(layout))
    memset(&item, 0, sizeof(item))
    layout.mChannelLayoutTag = kAudioChannelLayoutTag_UseChannelDescriptions
    layout.mNumberChannelDescriptions = channels
    q.size = 0
    _append(q, &layout, header)
    for i in range(channels):
        item.mChannelLabel = _label(i, channels)
        _append(q, &item, sizeof(item))
    return kAudioHardwareNoError


cdef OSStatus _period(Query* q) noexcept nogil:
    return _uint32(q, PERIOD)


cdef OSStatus _clock_algorithm(Query* q) noexcept nogil:
    return _uint32(q, kAudioDeviceClockAlgorithmRaw)    # stamps are exact: nothing to smooth


# Element 0 is the direction as a whole, 1 ... n its channels.
cdef OSStatus _element_name(Query* q) noexcept nogil:
    cdef const Stream* stream = <const Stream*>q.object.stream
    cdef UInt32 element = q.address.mElement
    if stream is NULL:
        stream = _first_stream(q)
    return _string(q, stream.name if element == 0 else stream.channel_names[element - 1])


# ---- stream ----

cdef OSStatus _stream_name(Query* q) noexcept nogil:
    return _string(q, q.object.stream.name)


cdef OSStatus _is_active(Query* q) noexcept nogil:
    return _uint32(q, ty_load_acquire_u32(&q.object.stream.is_active))


cdef OSStatus _stream_direction(Query* q) noexcept nogil:
    return _uint32(q, q.object.stream.is_input)


cdef OSStatus _terminal(Query* q) noexcept nogil:
    return _uint32(q, q.object.stream.terminal)


cdef OSStatus _starting_channel(Query* q) noexcept nogil:
    cdef const Device* device = q.object.device
    cdef const Stream* streams = device.inputs if q.object.stream.is_input else device.outputs
    cdef UInt32 i, channel = 1
    for i in range(device.input_count if q.object.stream.is_input else device.output_count):
        if streams[i].id == q.id:
            break
        channel += streams[i].channels
    return _uint32(q, channel)


cdef OSStatus _stream_latency(Query* q) noexcept nogil:
    return _uint32(q, q.object.stream.latency)


cdef void _describe(const Stream* stream, Float64 rate, AudioStreamBasicDescription* format) noexcept nogil:
    memset(format, 0, sizeof(AudioStreamBasicDescription))
    format.mSampleRate = rate
    format.mFormatID = kAudioFormatLinearPCM
    format.mFormatFlags = kAudioFormatFlagIsPacked
    format.mFormatFlags |= kAudioFormatFlagIsFloat if stream.kind == FLOAT32 else kAudioFormatFlagIsSignedInteger
    format.mFramesPerPacket = 1
    format.mBytesPerPacket = format.mBytesPerFrame = stream.frame_bytes
    format.mChannelsPerFrame = stream.channels
    format.mBitsPerChannel = stream.bits


cdef OSStatus _format(Query* q) noexcept nogil:
    cdef AudioStreamBasicDescription format
    _describe(q.object.stream, ty_load_f64(&q.object.device.rate), &format)
    return _answer(q, &format, sizeof(format))


cdef OSStatus _formats(Query* q) noexcept nogil:
    cdef AudioStreamRangedDescription item
    cdef UInt32 i
    q.size = 0
    for i in range(q.object.device.rate_count):
        _describe(q.object.stream, q.object.device.rates[i], &item.mFormat)
        item.mSampleRateRange.mMinimum = item.mSampleRateRange.mMaximum = q.object.device.rates[i]
        _append(q, &item, sizeof(item))
    return kAudioHardwareNoError


# ---- dispatch ----

cdef inline UInt32 _hash(UInt32 class_id, UInt32 selector) noexcept nogil:
    return ((class_id * <UInt32>0x85EBCA6B) ^ selector) * <UInt32>0x9E3779B1 >> 23     # 9 bits: TABLE


cdef inline UInt32 _scope_bit(UInt32 scope) noexcept nogil:
    if scope == kAudioObjectPropertyScopeGlobal:
        return GLOBAL
    if scope == kAudioObjectPropertyScopeInput:
        return INPUT
    return OUTPUT if scope == kAudioObjectPropertyScopeOutput else 0


# How many elements beyond the main one the address has.
cdef inline UInt32 _elements(const Object* item, const AudioObjectPropertyAddress* address) noexcept nogil:
    if item.stream is not NULL:
        return item.stream.channels
    if address.mScope == kAudioObjectPropertyScopeInput:
        return item.device.inputs[0].channels
    return item.device.outputs[0].channels


cdef bint _present(const Object* item, const Row* row, const AudioObjectPropertyAddress* address) noexcept nogil:
    cdef UInt32 selector = row.selector
    cdef bint needs_stream
    if not row.scopes & _scope_bit(address.mScope):
        return False
    needs_stream = selector == kAudioObjectPropertyElementName or selector == kAudioDevicePropertyPreferredChannelLayout
    if needs_stream and item.stream is NULL:
        if address.mScope == kAudioObjectPropertyScopeInput and item.device.input_count == 0:
            return False
        if address.mScope == kAudioObjectPropertyScopeOutput and item.device.output_count == 0:
            return False
    if selector == kAudioObjectPropertyModelName and item.device.model_name is NULL:
        return False
    if address.mElement == kAudioObjectPropertyElementMain:
        return True
    return selector == kAudioObjectPropertyElementName and address.mElement <= _elements(item, address)


# The row for an address of an object, or NULL. The object must exist.
cdef const Row* find_row(
    const Graph* graph, AudioObjectID object_id, const AudioObjectPropertyAddress* address
) noexcept nogil:
    cdef const Object* item = &graph.objects[object_id]
    cdef UInt32 slot = _hash(item.class_id, address.mSelector)
    cdef const Row* row
    while _index[slot]:
        row = &_rows[_index[slot] - 1]
        if row.selector == address.mSelector and row.class_id == item.class_id:
            return row if _present(item, row, address) else NULL
        slot = (slot + 1) & (TABLE - 1)
    return NULL


cdef OSStatus property_size(Query* query) noexcept nogil:
    cdef const Row* row = find_row(query.graph, query.id, query.address)
    if row is NULL:
        return kAudioHardwareUnknownPropertyError
    query.object = &query.graph.objects[query.id]
    query.size = row.fixed_size
    query.out = NULL
    return kAudioHardwareNoError if row.fixed_size else row.get(query)


cdef OSStatus property_data(Query* query) noexcept nogil:
    cdef const Row* row = find_row(query.graph, query.id, query.address)
    if row is NULL:
        return kAudioHardwareUnknownPropertyError
    query.object = &query.graph.objects[query.id]
    if query.capacity < row.fixed_size:
        return kAudioHardwareBadPropertySizeError
    return row.get(query)


# ---- the rows ----

cdef void _row(UInt32 class_id, UInt32 selector, UInt32 scopes, UInt32 size, Getter get, Setter setter=READ_ONLY):
    global _row_count
    cdef UInt32 slot = _hash(class_id, selector)
    while _index[slot]:
        slot = (slot + 1) & (TABLE - 1)
    _rows[_row_count] = Row(class_id, selector, scopes, size, setter, get)
    _row_count += 1
    _index[slot] = _row_count


cdef UInt32 U32 = sizeof(UInt32), F64 = sizeof(Float64), STRING = sizeof(CFStringRef)
cdef UInt32 FORMAT = sizeof(AudioStreamBasicDescription), LIST = 0


cdef void _common_rows(UInt32 class_id, UInt32 owned_scopes):
    _row(class_id, kAudioObjectPropertyBaseClass, GLOBAL, U32, _base_class)
    _row(class_id, kAudioObjectPropertyClass, GLOBAL, U32, _class)
    _row(class_id, kAudioObjectPropertyOwner, GLOBAL, U32, _owner)
    _row(class_id, kAudioObjectPropertyOwnedObjects, owned_scopes, LIST, _owned)


cdef void _plug_in_rows():
    cdef UInt32 of = kAudioPlugInClassID
    _common_rows(of, GLOBAL)
    _row(of, kAudioObjectPropertyName, GLOBAL, STRING, _plug_in_name)
    _row(of, kAudioObjectPropertyManufacturer, GLOBAL, STRING, _plug_in_maker)
    _row(of, kAudioPlugInPropertyBundleID, GLOBAL, STRING, _bundle_id)
    _row(of, kAudioPlugInPropertyDeviceList, GLOBAL, LIST, _devices)
    _row(of, kAudioPlugInPropertyTranslateUIDToDevice, GLOBAL, U32, _device_for_uid)
    _row(of, kAudioPlugInPropertyBoxList, GLOBAL, LIST, _empty_list)
    _row(of, kAudioPlugInPropertyTranslateUIDToBox, GLOBAL, U32, _box_for_uid)
    _row(of, kAudioPlugInPropertyResourceBundle, GLOBAL, STRING, _resource_bundle)


cdef void _device_identity_rows():
    cdef UInt32 of = kAudioDeviceClassID
    _common_rows(of, ANY)
    _row(of, kAudioObjectPropertyName, GLOBAL, STRING, _device_name)
    _row(of, kAudioObjectPropertyManufacturer, GLOBAL, STRING, _device_maker)
    _row(of, kAudioObjectPropertyModelName, GLOBAL, STRING, _model_name)
    _row(of, kAudioObjectPropertyElementName, BOTH, STRING, _element_name)
    _row(of, kAudioDevicePropertyDeviceUID, GLOBAL, STRING, _device_uid)
    _row(of, kAudioDevicePropertyModelUID, GLOBAL, STRING, _model_uid)
    _row(of, kAudioDevicePropertyTransportType, GLOBAL, U32, _transport)
    _row(of, kAudioDevicePropertyRelatedDevices, GLOBAL, LIST, _related)
    _row(of, kAudioDevicePropertyDeviceIsAlive, GLOBAL, U32, _one)
    _row(of, kAudioDevicePropertyDeviceIsRunning, GLOBAL, U32, _is_running)
    _row(of, kAudioDevicePropertyDeviceCanBeDefaultDevice, BOTH, U32, _can_be_default)
    _row(of, kAudioDevicePropertyDeviceCanBeDefaultSystemDevice, BOTH, U32, _can_be_system_default)
    _row(of, kAudioDevicePropertyIsHidden, GLOBAL, U32, _hidden)


cdef void _device_io_rows():
    cdef UInt32 of = kAudioDeviceClassID
    _row(of, kAudioDevicePropertyLatency, BOTH, U32, _device_latency)
    _row(of, kAudioDevicePropertySafetyOffset, BOTH, U32, _safety_offset)
    _row(of, kAudioDevicePropertyStreams, ANY, LIST, _streams)
    _row(of, kAudioObjectPropertyControlList, GLOBAL, LIST, _empty_list)
    _row(of, kAudioDevicePropertyNominalSampleRate, GLOBAL, F64, _rate, SET_RATE)
    _row(of, kAudioDevicePropertyAvailableNominalSampleRates, GLOBAL, LIST, _rates)
    _row(of, kAudioDevicePropertyPreferredChannelsForStereo, BOTH, 2 * U32, _stereo_pair)
    _row(of, kAudioDevicePropertyPreferredChannelLayout, BOTH, LIST, _channel_layout)
    _row(of, kAudioDevicePropertyClockDomain, GLOBAL, U32, _zero)
    _row(of, kAudioDevicePropertyZeroTimeStampPeriod, GLOBAL, U32, _period)
    _row(of, kAudioDevicePropertyClockAlgorithm, GLOBAL, U32, _clock_algorithm)
    _row(of, kAudioDevicePropertyClockIsStable, GLOBAL, U32, _one)


cdef void _stream_rows():
    cdef UInt32 of = kAudioStreamClassID
    _common_rows(of, GLOBAL)
    _row(of, kAudioObjectPropertyName, GLOBAL, STRING, _stream_name)
    _row(of, kAudioObjectPropertyElementName, GLOBAL, STRING, _element_name)
    _row(of, kAudioStreamPropertyIsActive, GLOBAL, U32, _is_active, SET_ACTIVE)
    _row(of, kAudioStreamPropertyDirection, GLOBAL, U32, _stream_direction)
    _row(of, kAudioStreamPropertyTerminalType, GLOBAL, U32, _terminal)
    _row(of, kAudioStreamPropertyStartingChannel, GLOBAL, U32, _starting_channel)
    _row(of, kAudioStreamPropertyLatency, GLOBAL, U32, _stream_latency)
    _row(of, kAudioStreamPropertyVirtualFormat, GLOBAL, FORMAT, _format, SET_FORMAT)
    _row(of, kAudioStreamPropertyPhysicalFormat, GLOBAL, FORMAT, _format, SET_FORMAT)
    _row(of, kAudioStreamPropertyAvailableVirtualFormats, GLOBAL, LIST, _formats)
    _row(of, kAudioStreamPropertyAvailablePhysicalFormats, GLOBAL, LIST, _formats)


_plug_in_rows()
_device_identity_rows()
_device_io_rows()
_stream_rows()


def rows():
    """Every row as (class, selector, scopes, bytes or 0, settable), for docs and tests."""
    names = {GLOBAL: "glob", INPUT: "inpt", OUTPUT: "outp"}
    return [
        (
            (<UInt32>_rows[i].class_id).to_bytes(4, "big").decode(),
            (<UInt32>_rows[i].selector).to_bytes(4, "big").decode(),
            tuple(name for bit, name in names.items() if _rows[i].scopes & bit),
            _rows[i].fixed_size,
            _rows[i].setter != READ_ONLY,
        )
        for i in range(_row_count)
    ]
