# What SetPropertyData changes: the rate (by a configuration change), a stream's
# activity, the value of a control. Any control thread. Header only: part of _hal.

from libc.string cimport memcpy

from tympan._controls cimport as_float, clamped, has_item, is_number, place_at, place_of, store_place
from tympan._core cimport Core, device_in
from tympan._formats cimport format_number, is_current, offers_rate
from tympan._gains cimport aim
from tympan._host_calls cimport enqueue
from tympan._objects cimport Control, Device, Object, object_of
from tympan._properties_types cimport SET_ACTIVE, SET_DECIBELS, SET_FORMAT, SET_IDENTIFYING, SET_PLACE, SET_RATE
from tympan._rt cimport ty_load_u32, ty_mutex_lock, ty_mutex_unlock, ty_store_release_u32
from tympan.coreaudio cimport *


# `changed` becomes true when the driver is to hear of it: a control has another value than before, or the device is
# to identify itself, or no longer.
cdef inline OSStatus set_value(
    Core* core, const Object* item, int setter, const void* data, bint* changed
) noexcept nogil:
    cdef Float64 rate = 0
    cdef UInt32 number = 0
    if setter == SET_RATE:
        memcpy(&rate, data, sizeof(rate))
        return want_rate(core, item.device.id, rate)
    if setter == SET_FORMAT:
        return set_format(core, item.stream.id, data)
    memcpy(&number, data, sizeof(number))
    if setter == SET_ACTIVE:
        return set_active(core, item.stream.id, number != 0)
    if setter == SET_IDENTIFYING:
        return set_identifying(core, item.device.id, number != 0, changed)
    if setter == SET_PLACE or setter == SET_DECIBELS:
        return set_level(core, item, as_float(number), setter == SET_DECIBELS, changed)
    return set_number(core, item, number, changed)


cdef inline OSStatus set_active(Core* core, AudioObjectID stream_id, UInt32 flag) noexcept nogil:
    cdef const Object* item
    ty_mutex_lock(&core.control)
    item = object_of(core.graph, stream_id)     # as it is now, while nothing changes
    if item is not NULL and ty_load_u32(&item.stream.is_active) != flag:
        ty_store_release_u32(&item.stream.is_active, flag)
        enqueue(core, stream_id, 0, kAudioStreamPropertyIsActive)
    ty_mutex_unlock(&core.control)
    return kAudioHardwareNoError


cdef inline OSStatus set_identifying(Core* core, AudioObjectID device_id, UInt32 flag, bint* changed) noexcept nogil:
    cdef Device* device
    ty_mutex_lock(&core.control)
    device = device_in(core.graph, device_id)
    if device is not NULL and ty_load_u32(&device.identifying) != flag:
        ty_store_release_u32(&device.identifying, flag)
        enqueue(core, device.id, 0, kAudioObjectPropertyIdentify)
        changed[0] = True
    ty_mutex_unlock(&core.control)
    return kAudioHardwareNoError


# Nothing changes before PerformDeviceConfigurationChange. One request per device is outstanding at a time; what is
# wanted later replaces or joins what it will bring. The core's `control` is held.
cdef inline OSStatus want_change(Core* core, Device* device) noexcept nogil:
    if device.change_id:
        return kAudioHardwareNoError
    core.last_change_id += 1
    device.change_id = core.last_change_id
    if enqueue(core, device.id, device.change_id, 0):
        return kAudioHardwareNoError
    device.change_id = 0
    return kAudioHardwareUnspecifiedError


cdef inline OSStatus want_rate(Core* core, AudioObjectID device_id, Float64 rate) noexcept nogil:
    cdef OSStatus status = kAudioHardwareNoError
    cdef Device* device
    ty_mutex_lock(&core.control)
    device = device_in(core.graph, device_id)
    if device is NULL:
        status = kAudioHardwareBadObjectError
    elif not offers_rate(device, rate):
        status = kAudioDeviceUnsupportedFormatError
    elif device.change_id or rate != device.rate:
        device.wanted_rate = rate
        status = want_change(core, device)
    ty_mutex_unlock(&core.control)
    return status


# A stream offers each of its formats at every rate of its device, so a new format may be a new rate too.
cdef inline OSStatus set_format(Core* core, AudioObjectID stream_id, const void* data) noexcept nogil:
    cdef AudioStreamBasicDescription format
    cdef OSStatus status
    memcpy(&format, data, sizeof(format))
    ty_mutex_lock(&core.control)
    status = want_format(core, object_of(core.graph, stream_id), &format)
    ty_mutex_unlock(&core.control)
    return status


cdef inline OSStatus want_format(
    Core* core, const Object* item, const AudioStreamBasicDescription* format
) noexcept nogil:
    cdef UInt32 number
    cdef Device* device
    if item is NULL:
        return kAudioHardwareBadObjectError
    device, number = item.device, format_number(item.stream, format)
    if number == 0 or not offers_rate(device, format.mSampleRate):
        return kAudioDeviceUnsupportedFormatError
    if not device.change_id and format.mSampleRate == device.rate and is_current(item.stream, number):
        return kAudioHardwareNoError
    item.stream.wanted_format = number
    device.wanted_rate = format.mSampleRate
    return want_change(core, device)


# ---- controls: the host is told only of a real change ----

cdef inline OSStatus set_level(
    Core* core, const Object* item, Float32 value, bint is_decibels, bint* changed
) noexcept nogil:
    cdef Control* control = item.control
    if not is_number(value):
        return kAudioHardwareIllegalOperationError
    value = place_at(control, value) if is_decibels else clamped(value, 0, 1)
    ty_mutex_lock(&core.values)
    if value != place_of(control):
        store_place(control, value)
        applied(core, control)
        changed[0] = True
        if control.family == kAudioLevelControlClassID:
            tell(core, control, kAudioLevelControlPropertyScalarValue, kAudioLevelControlPropertyDecibelValue)
        else:
            tell(core, control, kAudioStereoPanControlPropertyValue, 0)
    ty_mutex_unlock(&core.values)
    return kAudioHardwareNoError


# A number that the control can have, or the status that says why not.
cdef inline OSStatus accept(const Control* control, UInt32* number) noexcept nogil:
    if control.family == kAudioBooleanControlClassID:
        number[0] = number[0] != 0
    elif control.family == kAudioSliderControlClassID:
        number[0] = min(max(number[0], control.bounds[0]), control.bounds[1])
    elif not has_item(control, number[0]):
        return kAudioHardwareIllegalOperationError
    return kAudioHardwareNoError


cdef inline UInt32 selector_of(const Control* control) noexcept nogil:
    if control.family == kAudioBooleanControlClassID:
        return kAudioBooleanControlPropertyValue
    if control.family == kAudioSliderControlClassID:
        return kAudioSliderControlPropertyValue
    return kAudioSelectorControlPropertyCurrentItem


cdef inline OSStatus set_number(Core* core, const Object* item, UInt32 number, bint* changed) noexcept nogil:
    cdef Control* control = item.control
    cdef OSStatus status = accept(control, &number)
    if status != kAudioHardwareNoError:
        return status
    ty_mutex_lock(&core.values)
    if ty_load_u32(&control.state.value) != number:
        ty_store_release_u32(&control.state.value, number)
        applied(core, control)
        changed[0] = True
        tell(core, control, selector_of(control), 0)
    ty_mutex_unlock(&core.values)
    return kAudioHardwareNoError


# What is played follows: on the device as it is now, which may be another build of it than the one that `control` is
# of. The mutex `values` is held, without which no graph is published.
cdef inline void applied(Core* core, const Control* control) noexcept nogil:
    cdef const Object* item = object_of(core.graph if core.graph is not NULL else core.next_graph, control.id)
    if item is not NULL and item.control.applied:
        aim(item.device)


# Nobody is told before Initialize has ended or after the last Release. The mutex `values` is held.
cdef inline void tell(Core* core, const Control* control, UInt32 selector, UInt32 second) noexcept nogil:
    if core.queue is not NULL:
        enqueue(core, control.id, 0, selector, second)
