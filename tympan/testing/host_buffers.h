/*
 * A stream's buffers: guards on either side, prefill that shows what was not written; included by host_engine.h.
 */

static size_t native_bytes(const host_stream *s, UInt32 frames)
{
    return (size_t)frames * s->bytes_per_frame;
}

static size_t canonical_bytes(const host_stream *s, UInt32 frames)
{
    return (size_t)frames * s->channels * sizeof(float);
}

static size_t larger_bytes(const host_stream *s, UInt32 frames)
{
    size_t native = native_bytes(s, frames), canonical = canonical_bytes(s, frames);
    return native > canonical ? native : canonical;
}

static void guards_set(host_buffer *b, size_t bytes)
{
    memset(b->data - GUARD_SIZE, GUARD_BYTE, GUARD_SIZE);
    memset(b->data + bytes, GUARD_BYTE, GUARD_SIZE);
}

static int guard_broken(const unsigned char *guard)
{
    static const unsigned char intact[GUARD_SIZE] = {[0 ... GUARD_SIZE - 1] = GUARD_BYTE};
    return memcmp(guard, intact, GUARD_SIZE) != 0;
}

static int guards_check(host_engine *e, host_stream *s, host_buffer *b, size_t bytes, UInt32 frames, UInt32 operation)
{
    int before = guard_broken(b->data - GUARD_SIZE);
    if (!before && !guard_broken(b->data + bytes))
        return 0;
    e->operation = operation;
    e->facts[0] = s->id;
    e->facts[1] = frames;
    e->facts[2] = before;
    e->facts[3] = b != s->now;
    return e->fault = FAULT_GUARD;
}

/* A pattern that differs from place to place, so that integer audio seldom equals it. */
static inline uint32_t prefill_word(uint64_t place)
{
    return (uint32_t)((place + 1) * 0x9E3779B97F4A7C15ull >> 29);
}

static void prefill(host_stream *s, host_buffer *b, int kind, UInt32 frames)
{
    size_t samples = (size_t)frames * s->channels, size = sample_size(kind);
    uint32_t *words = (uint32_t *)b->data;
    if (kind == HOST_OPAQUE)
        return;
    if (kind == HOST_FLOAT32) {
        for (size_t i = 0; i < samples; i++)
            words[i] = UNFILLED_BITS;
        return;
    }
    for (size_t i = 0; i < samples; i++) {
        uint32_t word = prefill_word(s->samples + i);
        memcpy(b->data + i * size, &word, size);
    }
}

/* The first float sample that still has the prefill, or `samples`. */
static size_t unwritten_float(const uint32_t *words, size_t samples)
{
    unsigned found = 0;
    for (size_t i = 0; i < samples; i++)
        found |= words[i] == UNFILLED_BITS; /* one pass without a branch: the ordinary answer is none */
    for (size_t i = 0; found && i < samples; i++)
        if (words[i] == UNFILLED_BITS)
            return i;
    return samples;
}

/* Counts the integer samples that equal the prefill; `first` is the first of them. */
static size_t equal_integers(const host_stream *s, const host_buffer *b, int kind, size_t samples, size_t *first)
{
    size_t size = sample_size(kind), found = 0;
    for (size_t i = 0; i < samples; i++) {
        uint32_t word = prefill_word(s->samples + i);
        if (memcmp(b->data + i * size, &word, size) == 0 && !found++)
            *first = i;
    }
    return found;
}

/* A float sample with the NaN was not written. An integer may equal the pattern by chance (16 bits: 1 in 65,536),
 * so it takes more than 8 such samples and more than 1 in 4,096 over the run. */
static int prefill_left(host_stream *s, host_buffer *b, int kind, UInt32 frames, double *where)
{
    size_t samples = (size_t)frames * s->channels, first = samples;
    if (kind == HOST_OPAQUE)
        return 0;
    if (kind == HOST_FLOAT32) {
        first = unwritten_float((const uint32_t *)b->data, samples);
        *where = (double)(first / s->channels);
        return first < samples;
    }
    s->matches += equal_integers(s, b, kind, samples, &first);
    s->samples += samples;
    *where = (double)(first / s->channels);
    return s->matches > 8 && s->matches > s->samples / 4096;
}

static int buffer_allocate(host_buffer *b, size_t bytes)
{
    size_t size = GUARD_SIZE + bytes + GUARD_SIZE;
    free(b->memory);
    b->memory = aligned_alloc(64, (size + 63) / 64 * 64);
    b->data = b->memory ? b->memory + GUARD_SIZE : NULL;
    return b->memory ? 0 : -1;
}

static int stream_allocate(host_stream *s, UInt32 frames)
{
    size_t bytes = larger_bytes(s, frames);
    int failed = buffer_allocate(&s->native, bytes);
    failed |= buffer_allocate(&s->canonical, bytes);
    failed |= buffer_allocate(&s->spare, bytes);
    s->now = &s->native;
    return failed;
}

static void stream_free(host_stream *s)
{
    free(s->native.memory), free(s->canonical.memory), free(s->spare.memory);
    memset(&s->native, 0, 3 * sizeof s->native);
}
