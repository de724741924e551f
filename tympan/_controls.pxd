# What a control's state means: the slider's place, decibels, gain. Inline, for
# the graph, the getters and the setters; control threads only.

from libc.math cimport isfinite, pow
from libc.string cimport memcpy

from tympan._objects cimport Control
from tympan._rt cimport ty_load_acquire_u32, ty_store_release_u32
from tympan.coreaudio cimport Float32, UInt32, kAudioLevelControlClassID


cdef inline Float32 as_float(UInt32 bits) noexcept nogil:
    cdef Float32 value
    memcpy(&value, &bits, sizeof(value))
    return value


cdef inline UInt32 as_bits(Float32 value) noexcept nogil:
    cdef UInt32 bits
    memcpy(&bits, &value, sizeof(bits))
    return bits


cdef inline Float32 clamped(Float32 value, Float32 low, Float32 high) noexcept nogil:
    return low if value < low else (high if value > high else value)


cdef inline Float32 place_of(const Control* control) noexcept nogil:
    return as_float(ty_load_acquire_u32(&control.state.value))


cdef inline Float32 decibels_at(const Control* control, Float32 place) noexcept nogil:
    cdef double low = control.decibels[0], high = control.decibels[1]
    return <Float32>(low + (high - low) * pow(clamped(place, 0, 1), control.curve))


cdef inline Float32 place_at(const Control* control, Float32 decibels) noexcept nogil:
    cdef double low = control.decibels[0], high = control.decibels[1]
    return <Float32>pow((clamped(decibels, <Float32>low, <Float32>high) - low) / (high - low), 1.0 / control.curve)


# A level or a pan: where its slider is, and for a level the gain that this means. At the low end there is silence.
cdef inline void store_place(Control* control, Float32 place) noexcept nogil:
    cdef Float32 gain = 0
    if control.family == kAudioLevelControlClassID and place > 0:
        gain = <Float32>pow(10.0, decibels_at(control, place) / 20.0)
    ty_store_release_u32(&control.state.gain, as_bits(gain))
    ty_store_release_u32(&control.state.value, as_bits(place))


cdef inline bint is_number(Float32 value) noexcept nogil:
    return isfinite(value)


cdef inline bint has_item(const Control* control, UInt32 number) noexcept nogil:
    cdef UInt32 i
    for i in range(control.item_count):
        if control.items[i].number == number:
            return True
    return False
