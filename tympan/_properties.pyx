# cython: language_level=3
"""Properties as rows: class, selector, scopes, size, setter, getter.

Everything the host may ask (HasProperty, IsPropertySettable, sizes, data) is
derived from the row. The table is filled once, when the module is initialised,
and never changes. Numbers and names are Core Audio's; docs/properties.md is
generated from the rows.
"""

from tympan._getters cimport (
    _base_class, _box_for_uid, _bundle_id, _class, _device_for_uid, _devices, _empty_list, _format, _formats,
    _is_active, _one, _owned, _owner, _plug_in_maker, _plug_in_name, _resource_bundle, _starting_channel,
    _stream_direction, _stream_latency, _stream_name, _terminal, _zero,
)
from tympan._getters_control cimport (
    _bounds, _control_element, _control_name, _control_scope, _control_value, _decibel_range, _item_name, _items,
    _level_decibels, _to_decibels, _to_place,
)
from tympan._getters_custom cimport _custom_list, _custom_value, custom_named, customs_of
from tympan._getters_device cimport (
    _application, _can_be_default, _can_be_system_default, _channel_layout, _clock_algorithm, _clock_domain,
    _clock_is_stable, _controls, _device_latency, _device_maker, _device_name, _device_uid, _element_name,
    _firmware_version, _hidden, _icon, _identifying, _is_running, _model_name, _model_uid, _period, _rate, _rates,
    _related, _safety_offset, _serial_number, _stereo_pair, _streams, _transport,
)
from tympan._objects cimport Custom, Device, Graph, Object
from tympan._properties_types cimport (
    READ_ONLY, SET_ACTIVE, SET_CUSTOM, SET_DECIBELS, SET_FORMAT, SET_IDENTIFYING, SET_NUMBER, SET_PLACE, SET_RATE,
    Getter, Query, Row, Setter,
)
from tympan.coreaudio cimport *

# Since macOS 26, in AudioHardware.h; the table measured from Apple's headers is older.
cdef enum:
    kAudioDevicePropertyWantsControlsRestored = 0x72657363          # 'resc'
    kAudioDevicePropertyWantsStreamFormatsRestored = 0x72657366     # 'resf'

cdef enum:
    GLOBAL = 1
    INPUT = 2
    OUTPUT = 4
    BOTH = INPUT | OUTPUT
    ANY = GLOBAL | BOTH
    OPTIONAL = 8                # _declared knows whether an object has it
    TABLE = 512                 # power of two, several times the number of rows
    ROWS = 128

cdef Row[ROWS] _rows
cdef int _row_count = 0
cdef unsigned char[TABLE] _index    # hash -> row + 1; 0: none
cdef Row[2] _custom_rows            # read-only, settable


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
    return item.device.channels[0 if address.mScope == kAudioObjectPropertyScopeInput else 1]


# Whether a device has an optional property.
cdef bint _declared(const Device* device, UInt32 selector) noexcept nogil:
    if selector == kAudioObjectPropertyModelName:
        return device.model_name is not NULL
    if selector == kAudioDevicePropertyIcon:
        return device.icon is not NULL
    if selector == kAudioDevicePropertyConfigurationApplication:
        return device.application is not NULL
    if selector == kAudioObjectPropertySerialNumber:
        return device.serial_number is not NULL
    if selector == kAudioObjectPropertyFirmwareVersion:
        return device.firmware_version is not NULL
    if selector == kAudioObjectPropertyIdentify:
        return device.identifies
    if selector == kAudioDevicePropertyWantsControlsRestored:
        return device.keeps_controls
    return device.keeps_formats


cdef bint _present(
    const Graph* graph, const Object* item, const Row* row, const AudioObjectPropertyAddress* address
) noexcept nogil:
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
    if item.control is not NULL:
        return address.mElement == kAudioObjectPropertyElementMain
    if row.scopes & OPTIONAL and not _declared(item.device, selector):
        return False
    if selector == kAudioObjectPropertyCustomPropertyInfoList and customs_of(graph, item).count == 0:
        return False
    if address.mElement == kAudioObjectPropertyElementMain:
        return True
    return selector == kAudioObjectPropertyElementName and address.mElement <= _elements(item, address)


# The row for an address of an object, or NULL.
cdef const Row* find_row(
    const Graph* graph, const Object* item, const AudioObjectPropertyAddress* address
) noexcept nogil:
    cdef UInt32 slot = _hash(item.family, address.mSelector)
    cdef const Row* row
    while _index[slot]:
        row = &_rows[_index[slot] - 1]
        if row.selector == address.mSelector and row.class_id == item.family:
            return row if _present(graph, item, row, address) else NULL
        slot = (slot + 1) & (TABLE - 1)
    return _custom_row(graph, item, address)


# The row for a property of the driver's own, or NULL: in global scope only, on the main element.
cdef const Row* _custom_row(
    const Graph* graph, const Object* item, const AudioObjectPropertyAddress* address
) noexcept nogil:
    cdef const Custom* found = custom_named(graph, item, address.mSelector)
    if found is NULL or address.mScope != kAudioObjectPropertyScopeGlobal or address.mElement != 0:
        return NULL
    return &_custom_rows[1 if found.settable else 0]


# Of a control that only the driver sets, the row alone does not know it.
cdef bint may_set(const Object* item, const Row* row) noexcept nogil:
    return row.setter != READ_ONLY and (item.control is NULL or item.control.settable)


cdef OSStatus property_size(Query* query) noexcept nogil:
    cdef const Row* row = find_row(query.graph, query.object, query.address)
    if row is NULL:
        return kAudioHardwareUnknownPropertyError
    query.size = row.fixed_size
    query.out = NULL
    return kAudioHardwareNoError if row.fixed_size else row.get(query)


cdef OSStatus property_data(Query* query) noexcept nogil:
    cdef const Row* row = find_row(query.graph, query.object, query.address)
    if row is NULL:
        return kAudioHardwareUnknownPropertyError
    if query.capacity < row.fixed_size:
        return kAudioHardwareBadPropertySizeError
    query.custom.selector = 0
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
    _row(of, kAudioObjectPropertyCustomPropertyInfoList, GLOBAL, LIST, _custom_list)


cdef void _device_identity_rows():
    cdef UInt32 of = kAudioDeviceClassID
    _common_rows(of, ANY)
    _row(of, kAudioObjectPropertyName, GLOBAL, STRING, _device_name)
    _row(of, kAudioObjectPropertyManufacturer, GLOBAL, STRING, _device_maker)
    _row(of, kAudioObjectPropertyModelName, GLOBAL | OPTIONAL, STRING, _model_name)
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
    _row(of, kAudioObjectPropertySerialNumber, GLOBAL | OPTIONAL, STRING, _serial_number)
    _row(of, kAudioObjectPropertyFirmwareVersion, GLOBAL | OPTIONAL, STRING, _firmware_version)
    _row(of, kAudioObjectPropertyIdentify, GLOBAL | OPTIONAL, U32, _identifying, SET_IDENTIFYING)
    _row(of, kAudioDevicePropertyIcon, GLOBAL | OPTIONAL, STRING, _icon)
    _row(of, kAudioDevicePropertyConfigurationApplication, GLOBAL | OPTIONAL, STRING, _application)
    _row(of, kAudioDevicePropertyWantsControlsRestored, GLOBAL | OPTIONAL, U32, _zero)
    _row(of, kAudioDevicePropertyWantsStreamFormatsRestored, GLOBAL | OPTIONAL, U32, _zero)
    _row(of, kAudioObjectPropertyCustomPropertyInfoList, GLOBAL, LIST, _custom_list)


cdef void _device_io_rows():
    cdef UInt32 of = kAudioDeviceClassID
    _row(of, kAudioDevicePropertyLatency, BOTH, U32, _device_latency)
    _row(of, kAudioDevicePropertySafetyOffset, BOTH, U32, _safety_offset)
    _row(of, kAudioDevicePropertyStreams, ANY, LIST, _streams)
    _row(of, kAudioObjectPropertyControlList, GLOBAL, LIST, _controls)
    _row(of, kAudioDevicePropertyNominalSampleRate, GLOBAL, F64, _rate, SET_RATE)
    _row(of, kAudioDevicePropertyAvailableNominalSampleRates, GLOBAL, LIST, _rates)
    _row(of, kAudioDevicePropertyPreferredChannelsForStereo, BOTH, 2 * U32, _stereo_pair)
    _row(of, kAudioDevicePropertyPreferredChannelLayout, BOTH, LIST, _channel_layout)
    _row(of, kAudioDevicePropertyClockDomain, GLOBAL, U32, _clock_domain)
    _row(of, kAudioDevicePropertyZeroTimeStampPeriod, GLOBAL, U32, _period)
    _row(of, kAudioDevicePropertyClockAlgorithm, GLOBAL, U32, _clock_algorithm)
    _row(of, kAudioDevicePropertyClockIsStable, GLOBAL, U32, _clock_is_stable)


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


cdef void _control_rows(UInt32 of):
    _common_rows(of, GLOBAL)
    _row(of, kAudioObjectPropertyName, GLOBAL, STRING, _control_name)
    _row(of, kAudioControlPropertyScope, GLOBAL, U32, _control_scope)
    _row(of, kAudioControlPropertyElement, GLOBAL, U32, _control_element)


cdef void _level_rows():
    cdef UInt32 of = kAudioLevelControlClassID
    _control_rows(of)
    _row(of, kAudioLevelControlPropertyScalarValue, GLOBAL, U32, _control_value, SET_PLACE)
    _row(of, kAudioLevelControlPropertyDecibelValue, GLOBAL, U32, _level_decibels, SET_DECIBELS)
    _row(of, kAudioLevelControlPropertyDecibelRange, GLOBAL, sizeof(AudioValueRange), _decibel_range)
    _row(of, kAudioLevelControlPropertyConvertScalarToDecibels, GLOBAL, U32, _to_decibels)
    _row(of, kAudioLevelControlPropertyConvertDecibelsToScalar, GLOBAL, U32, _to_place)


cdef void _other_control_rows():
    cdef UInt32 of = kAudioBooleanControlClassID
    _control_rows(of)
    _row(of, kAudioBooleanControlPropertyValue, GLOBAL, U32, _control_value, SET_NUMBER)
    of = kAudioSelectorControlClassID
    _control_rows(of)
    _row(of, kAudioSelectorControlPropertyCurrentItem, GLOBAL, U32, _control_value, SET_NUMBER)
    _row(of, kAudioSelectorControlPropertyAvailableItems, GLOBAL, LIST, _items)
    _row(of, kAudioSelectorControlPropertyItemName, GLOBAL, STRING, _item_name)
    of = kAudioSliderControlClassID
    _control_rows(of)
    _row(of, kAudioSliderControlPropertyValue, GLOBAL, U32, _control_value, SET_NUMBER)
    _row(of, kAudioSliderControlPropertyRange, GLOBAL, 2 * U32, _bounds)
    of = kAudioStereoPanControlClassID
    _control_rows(of)
    _row(of, kAudioStereoPanControlPropertyValue, GLOBAL, U32, _control_value, SET_PLACE)
    _row(of, kAudioStereoPanControlPropertyPanningChannels, GLOBAL, 2 * U32, _bounds)


_custom_rows[0] = Row(0, 0, GLOBAL, STRING, READ_ONLY, _custom_value)
_custom_rows[1] = Row(0, 0, GLOBAL, STRING, SET_CUSTOM, _custom_value)
_plug_in_rows()
_device_identity_rows()
_device_io_rows()
_stream_rows()
_level_rows()
_other_control_rows()


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
