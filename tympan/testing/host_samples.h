/* Native sample formats <-> float32; included by host_engine.h.
 *
 * The usual scale: full scale of n bits is 2^(n-1); float to integer rounds to
 * nearest (ties to even) and clamps. Little-endian, packed. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum host_sample { HOST_FLOAT32, HOST_INT16, HOST_INT24, HOST_INT32, HOST_OPAQUE }; /* opaque: only the driver knows */

static inline size_t sample_size(int kind)
{
    return kind == HOST_INT16 ? 2 : kind == HOST_INT24 ? 3 : 4;
}

static inline int32_t sample_round(float value, double scale)
{
    double scaled = (double)value * scale;
    if (!(scaled > -scale))
        return scaled != scaled ? 0 : (int32_t)-scale;
    if (scaled >= scale - 1.0)
        return (int32_t)(scale - 1.0);
    return (int32_t)lrint(scaled);
}

static inline float sample_read(int kind, const unsigned char *at)
{
    int16_t i16;
    int32_t i32;
    float value;
    switch (kind) {
    case HOST_INT16:
        memcpy(&i16, at, 2);
        return (float)i16 / 32768.0f;
    case HOST_INT24:
        i32 = (int32_t)((uint32_t)at[0] << 8 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 24) >> 8;
        return (float)i32 / 8388608.0f;
    case HOST_INT32:
        memcpy(&i32, at, 4);
        return (float)(i32 / 2147483648.0);
    default:
        memcpy(&value, at, 4);
        return value;
    }
}

static inline void sample_write(int kind, unsigned char *at, float value)
{
    int32_t i32;
    int16_t i16;
    switch (kind) {
    case HOST_INT16:
        i16 = (int16_t)sample_round(value, 32768.0);
        memcpy(at, &i16, 2);
        return;
    case HOST_INT24:
        i32 = sample_round(value, 8388608.0);
        at[0] = (unsigned char)i32, at[1] = (unsigned char)(i32 >> 8), at[2] = (unsigned char)(i32 >> 16);
        return;
    case HOST_INT32:
        i32 = sample_round(value, 2147483648.0);
        memcpy(at, &i32, 4);
        return;
    default:
        memcpy(at, &value, 4);
    }
}

/* Channels `first` ... of an interleaved float block with `width` channels, from or to a stream's buffer. */
static inline void samples_to_stream(int kind, unsigned char *native, size_t channels, const float *block, size_t width,
                                     size_t first, size_t frames)
{
    if (kind == HOST_FLOAT32 && channels == width) {
        memcpy(native, block, frames * channels * 4);
        return;
    }
    size_t size = sample_size(kind);
    for (size_t i = 0; i < frames; i++)
        for (size_t c = 0; c < channels; c++)
            sample_write(kind, native + (i * channels + c) * size, block[i * width + first + c]);
}

static inline void samples_from_stream(int kind, const unsigned char *native, size_t channels, float *block, size_t width,
                                       size_t first, size_t frames)
{
    if (kind == HOST_FLOAT32 && channels == width) {
        memcpy(block, native, frames * channels * 4);
        return;
    }
    size_t size = sample_size(kind);
    for (size_t i = 0; i < frames; i++)
        for (size_t c = 0; c < channels; c++)
            block[i * width + first + c] = sample_read(kind, native + (i * channels + c) * size);
}
