/*
 * Audio by sample time. Readers and writers may be on several RT threads and take no lock:
 * a frame's tag is cleared before its samples change and set after, so a reader that
 * finds the same tag before and after has whole samples, and silence otherwise.
 */

#include "subject.h"

static size_t slot_of(int64_t time)
{
    return (size_t)((uint64_t)time & (defect(ring_too_short) ? 4095u : RING_FRAMES - 1));
}

/* Only while no IO runs: at the start of a line. */
void ring_clear(ring *r)
{
    for (size_t i = 0; i < RING_FRAMES; i++)
        atomic_store_explicit(&r->tags[i], NO_FRAME, memory_order_release);
}

static void put(ring *r, int64_t time, const Float32 *samples)
{
    size_t slot = slot_of(time);
    atomic_store_explicit(&r->tags[slot], NO_FRAME, memory_order_relaxed);
    for (UInt32 c = 0; c < r->channels; c++)
        atomic_store_explicit(&r->samples[slot][c], samples[c], memory_order_release);
    atomic_store_explicit(&r->tags[slot], time, memory_order_release);
}

/* Silence for what was never written, or is older than the ring is long. */
static bool take(const ring *r, int64_t time, Float32 *samples)
{
    size_t slot = slot_of(time);
    bool there = atomic_load_explicit(&r->tags[slot], memory_order_acquire) == time || defect(stale_audio_loops);
    for (UInt32 c = 0; c < r->channels; c++)
        samples[c] = there ? atomic_load_explicit(&r->samples[slot][c], memory_order_acquire) : 0.0f;
    if (there && atomic_load_explicit(&r->tags[slot], memory_order_relaxed) != time && !defect(stale_audio_loops))
        samples[0] = samples[1] = 0.0f;
    return there;
}

/* --- formats of streams --- */

static SInt32 quantised(Float32 value, Float64 scale)
{
    Float64 scaled = value * scale + (value < 0 ? -0.5 : 0.5); /* the cast cuts */
    if (defect(integers_wrap))
        return (SInt32)(((SInt64)scaled + (SInt64)scale) % (2 * (SInt64)scale)) - (SInt32)scale;
    return scaled >= scale ? (SInt32)scale - 1 : scaled > -scale ? (SInt32)scaled : -(SInt32)scale;
}

static Float32 decode(UInt32 kind, const unsigned char *data)
{
    Float32 value;
    if (kind == INT16)
        return (Float32)(int16_t)(data[0] | data[1] << 8) / 32768.0f;
    if (kind == INT24)
        return (Float32)(data[0] | data[1] << 8 | (int8_t)data[2] * 65536) / 8388608.0f;
    memcpy(&value, data, sizeof value);
    return value;
}

static void encode(UInt32 kind, Float32 value, unsigned char *data)
{
    SInt32 number = kind == INT16 ? quantised(value, 32768.0) : kind == INT24 ? quantised(value, 8388608.0) : 0;
    if (kind == FLOAT32) {
        memcpy(data, &value, sizeof value);
        return;
    }
    for (UInt32 byte = 0; byte < (kind == INT16 ? 2 : 3); byte++)
        data[byte] = (unsigned char)(number >> 8 * byte);
}

static UInt32 kind_of_buffer(stream *s)
{
    return defect(integers_taken_for_floats) ? FLOAT32 : atomic_load_explicit(&s->kind, memory_order_relaxed);
}

static UInt32 stride_of_buffer(const stream *s)
{
    return defect(stride_of_widest) ? 3 : s->channels;
}

static const UInt32 widths[KINDS] = {4, 2, 3}; /* bytes of a sample */

void ring_write(stream *s, int64_t time, UInt32 frames, const void *audio, Float32 gain)
{
    UInt32 kind = kind_of_buffer(s), stride = stride_of_buffer(s);
    for (UInt32 i = 0; i < frames; i++) {
        const unsigned char *frame = (const unsigned char *)audio + (size_t)i * stride * widths[kind];
        Float32 samples[2] = {0.0f, 0.0f};
        for (UInt32 c = 0; c < s->channels; c++)
            samples[c] = decode(kind, frame + c * widths[kind]) * gain;
        for (UInt32 c = 0; c < s->channels && defect(audio_clipped); c++)
            samples[c] = samples[c] > 1.0f ? 1.0f : samples[c] < -1.0f ? -1.0f : samples[c];
        put(s->ring, time + i, samples);
    }
}

void ring_read(stream *s, int64_t time, UInt32 frames, void *audio)
{
    UInt32 kind = kind_of_buffer(s), stride = stride_of_buffer(s);
    for (UInt32 i = 0; i < frames; i++) {
        unsigned char *frame = (unsigned char *)audio + (size_t)i * stride * widths[kind];
        Float32 samples[2];
        if (!take(s->ring, time + i, samples) && defect(silence_left_unwritten))
            continue;
        for (UInt32 c = 0; c < (stride > s->channels ? stride : s->channels); c++)
            encode(kind, c < 2 ? samples[c] : 0.0f, frame + c * widths[kind]);
    }
}
