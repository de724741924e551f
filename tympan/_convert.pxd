# Sample conversion between float32 and the integer formats of a stream, on IO
# threads. Full scale is 2^(bits-1): int16 and int24 go to float32 and back
# without a change of any bit. To integers: round to nearest even, clamp, NaN is 0.
# From float32, the source may be a ring that another thread is writing: each
# sample is read once.

from libc.stdint cimport int16_t, int32_t, uint8_t
from libc.string cimport memcpy

from tympan._rt cimport ty_copy_shared, ty_load_shared_f32


cdef enum SampleType:
    FLOAT32 = 0
    INT16 = 1
    INT24 = 2
    INT32 = 3


cdef extern from "<math.h>" nogil:
    float rintf(float x) noexcept
    double rint(double x) noexcept


cdef inline void float_to_int16(int16_t* to, const float* source, size_t count) noexcept nogil:
    cdef size_t i
    cdef float x
    for i in range(count):
        x = ty_load_shared_f32(source + i) * <float>32768.0
        x = x if x == x else 0      # NaN
        x = x if x < 32767 else 32767
        to[i] = <int16_t>rintf(x if x > -32768 else -32768)


cdef inline void float_to_int24(uint8_t* to, const float* source, size_t count) noexcept nogil:
    cdef size_t i
    cdef int32_t value
    cdef float x
    for i in range(count):
        x = ty_load_shared_f32(source + i) * <float>8388608.0
        x = x if x == x else 0
        x = x if x < 8388607 else 8388607
        value = <int32_t>rintf(x if x > -8388608 else -8388608)
        to[3 * i] = <uint8_t>(value & 0xFF)
        to[3 * i + 1] = <uint8_t>((value >> 8) & 0xFF)
        to[3 * i + 2] = <uint8_t>((value >> 16) & 0xFF)


cdef inline void float_to_int32(int32_t* to, const float* source, size_t count) noexcept nogil:
    cdef size_t i
    cdef double x               # float32 cannot hold the clamp limit 2^31 - 1
    for i in range(count):
        x = ty_load_shared_f32(source + i) * 2147483648.0
        x = x if x == x else 0
        x = x if x < 2147483647.0 else 2147483647.0
        to[i] = <int32_t>rint(x if x > -2147483648.0 else -2147483648.0)


cdef inline void int16_to_float(float* to, const int16_t* source, size_t count) noexcept nogil:
    cdef size_t i
    for i in range(count):
        to[i] = source[i] * <float>(1.0 / 32768.0)


cdef inline void int24_to_float(float* to, const uint8_t* source, size_t count) noexcept nogil:
    cdef size_t i
    cdef int32_t value
    for i in range(count):
        value = source[3 * i] | (source[3 * i + 1] << 8) | (<int32_t><signed char>source[3 * i + 2] * 65536)
        to[i] = value * <float>(1.0 / 8388608.0)


cdef inline void int32_to_float(float* to, const int32_t* source, size_t count) noexcept nogil:
    cdef size_t i
    for i in range(count):
        to[i] = <float>(source[i] * (1.0 / 2147483648.0))


# `count` samples of float32 to samples of `kind`.
cdef inline void from_float(SampleType kind, void* to, const float* source, size_t count) noexcept nogil:
    if kind == FLOAT32:
        ty_copy_shared(to, source, count * sizeof(float))
    elif kind == INT16:
        float_to_int16(<int16_t*>to, source, count)
    elif kind == INT24:
        float_to_int24(<uint8_t*>to, source, count)
    else:
        float_to_int32(<int32_t*>to, source, count)


# `count` samples of `kind` to float32.
cdef inline void to_float(SampleType kind, float* to, const void* source, size_t count) noexcept nogil:
    if kind == FLOAT32:
        memcpy(to, source, count * sizeof(float))
    elif kind == INT16:
        int16_to_float(to, <const int16_t*>source, count)
    elif kind == INT24:
        int24_to_float(to, <const uint8_t*>source, count)
    else:
        int32_to_float(to, <const int32_t*>source, count)


# float32 frames to frames of `kind` with another number of channels: the first
# channels in common are copied, the others are silent.
cdef inline void remap_from_float(
    SampleType kind, char* to, size_t to_channels, size_t to_frame_bytes,
    const float* source, size_t channels, size_t frames
) noexcept nogil:
    cdef size_t common = min(channels, to_channels)
    cdef size_t sample_bytes = to_frame_bytes // to_channels
    cdef size_t _i, j
    for _i in range(frames):
        from_float(kind, to, source, common)
        for j in range(common * sample_bytes, to_frame_bytes):
            to[j] = 0
        to += to_frame_bytes
        source += channels
