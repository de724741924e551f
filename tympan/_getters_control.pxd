# Getters of controls. Header only: part of _properties. Any thread, many at once.

from libc.string cimport memcpy

from tympan._answers cimport answer, answer_string, answer_uint32, append
from tympan._controls cimport decibels_at, is_number, place_at, place_of
from tympan._objects cimport Control, Item
from tympan._properties_types cimport Query
from tympan._rt cimport ty_load_acquire_u32
from tympan.coreaudio cimport *


cdef inline OSStatus _control_name(Query* q) noexcept nogil:
    return answer_string(q, q.object.control.name)


cdef inline OSStatus _control_scope(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.control.scope)


cdef inline OSStatus _control_element(Query* q) noexcept nogil:
    return answer_uint32(q, q.object.control.element)


# A Float32 by its bits, or a number: as the state has it.
cdef inline OSStatus _control_value(Query* q) noexcept nogil:
    return answer_uint32(q, ty_load_acquire_u32(&q.object.control.state.value))


cdef inline OSStatus _level_decibels(Query* q) noexcept nogil:
    cdef Float32 decibels = decibels_at(q.object.control, place_of(q.object.control))
    return answer(q, &decibels, sizeof(decibels))


cdef inline OSStatus _decibel_range(Query* q) noexcept nogil:
    cdef AudioValueRange limits
    limits.mMinimum, limits.mMaximum = q.object.control.decibels[0], q.object.control.decibels[1]
    return answer(q, &limits, sizeof(limits))


# What is to be converted stands where the answer goes.
cdef inline OSStatus _converted(
    Query* q, Float32 (*convert)(const Control* control, Float32 value) noexcept nogil
) noexcept nogil:
    cdef Float32 value = 0
    if q.out is not NULL:
        memcpy(&value, q.out, sizeof(value))
        if not is_number(value):
            return kAudioHardwareIllegalOperationError
        value = convert(q.object.control, value)
    return answer(q, &value, sizeof(value))


cdef inline OSStatus _to_decibels(Query* q) noexcept nogil:
    return _converted(q, decibels_at)


cdef inline OSStatus _to_place(Query* q) noexcept nogil:
    return _converted(q, place_at)


cdef inline OSStatus _items(Query* q) noexcept nogil:
    cdef UInt32 i
    q.size = 0
    for i in range(q.object.control.item_count):
        append(q, &q.object.control.items[i].number, sizeof(UInt32))
    return kAudioHardwareNoError


# The item whose number is the qualifier, or NULL.
cdef inline const Item* _asked_item(Query* q) noexcept nogil:
    cdef const Control* control = q.object.control
    cdef UInt32 number = 0, i
    if q.qualifier is NULL or q.qualifier_size != sizeof(UInt32):
        return NULL
    memcpy(&number, q.qualifier, sizeof(UInt32))
    for i in range(control.item_count):
        if control.items[i].number == number:
            return &control.items[i]
    return NULL


cdef inline OSStatus _item_name(Query* q) noexcept nogil:
    cdef const Item* item
    if q.out is NULL:
        q.size = sizeof(CFStringRef)
        return kAudioHardwareNoError
    item = _asked_item(q)
    if item is NULL:
        return kAudioHardwareIllegalOperationError if q.qualifier_size == sizeof(UInt32) else (
            kAudioHardwareBadPropertySizeError
        )
    return answer_string(q, item.name)


# A slider's ends, or the channels of a pan.
cdef inline OSStatus _bounds(Query* q) noexcept nogil:
    return answer(q, q.object.control.bounds, sizeof(q.object.control.bounds))
