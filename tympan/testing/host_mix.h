/*
 * What the host mixes for a device; included by host_engine.h.
 *
 * Every client gives its output by sample time. What all of them have given comes
 * out, once, in order, in the cycle of whoever gave last. IO threads; `lock` is held for a copy's time.
 */

static int mix_allocate(host_mix *m, UInt32 channels, UInt32 frames)
{
    UInt32 size = 64;
    while (size < frames)
        size *= 2;
    if (size <= m->frames && channels == m->channels)
        return 0;
    free(m->ring);
    m->ring = calloc((size_t)size * (channels ? channels : 1), sizeof(float));
    m->frames = m->ring ? size : 0;
    m->channels = channels;
    m->fresh = 2;
    m->position = m->filled = 0;
    return m->ring ? 0 : -1;
}

/* Frames from `from` on that lie together in the ring, at most `frames`. */
static size_t mix_run(const host_mix *m, int64_t from, size_t frames, float **at)
{
    size_t place = (size_t)from & (m->frames - 1), rest = m->frames - place;
    *at = m->ring + place * m->channels;
    return frames < rest ? frames : rest;
}

static void mix_silence(host_mix *m, int64_t from, int64_t to)
{
    float *at;
    while (from < to) {
        size_t run = mix_run(m, from, (size_t)(to - from), &at);
        memset(at, 0, run * m->channels * sizeof(float));
        from += (int64_t)run;
    }
}

static void mix_add_run(const host_mix *m, const host_stream *s, float *at, const float *from, size_t frames)
{
    if (s->channels == m->channels) {
        for (size_t i = 0; i < frames * s->channels; i++)
            at[i] += from[i];
        return;
    }
    for (size_t i = 0; i < frames; i++)
        for (size_t c = 0; c < s->channels; c++)
            at[i * m->channels + s->first + c] += from[i * s->channels + c];
}

/* One stream's frames into the ring: added where others have given, copied (so that bits stay) where nobody has. */
static void mix_put(host_mix *m, const host_stream *s, const float *from, int64_t start, int64_t end, int adds)
{
    float *at;
    while (start < end) {
        size_t run = mix_run(m, start, (size_t)(end - start), &at);
        if (adds)
            mix_add_run(m, s, at, from, run);
        else
            samples_from_stream(HOST_FLOAT32, (const unsigned char *)from, s->channels, at, m->channels, s->first, run);
        from += run * s->channels;
        start += (int64_t)run;
    }
}

/* Makes room for [start, end): the ring moves on over what is too old, or to a new place. */
static void mix_move(host_mix *m, uint64_t seed, int64_t start, int64_t end)
{
    if (m->fresh == 2 || m->seed != seed) {
        m->position = m->filled = start;
        m->fresh = 1;
        m->seed = seed;
    } else if (m->fresh == 1 && start < m->position) {
        mix_silence(m, start, m->position);
        m->position = start;
    } else if (m->count < 2 && m->position == m->filled) {
        m->position = m->filled = start;
    }
    if (end - m->position > (int64_t)m->frames)
        m->position = end - m->frames;
    if (m->filled < m->position)
        m->filled = m->position;
}

static void mix_submit(host_engine *e)
{
    host_mix *m = e->mix;
    pthread_mutex_lock(&m->lock);
    int64_t start = e->output_time, end = start + e->frames;
    mix_move(m, e->seed, start, end);
    int64_t first = start > m->position ? start : m->position;
    int64_t added = end < m->filled ? end : m->filled, filled = m->filled;
    if (first > end)
        first = end;
    e->late += (uint64_t)(first - start);
    if (first > filled)
        mix_silence(m, filled, first);
    if (end > filled && (e->output_count != 1 || e->outputs[0].channels != m->channels))
        mix_silence(m, first > filled ? first : filled, end);
    for (int i = 0; i < e->output_count; i++) {
        const host_stream *s = &e->outputs[i];
        const float *data = (const float *)s->now->data;
        int64_t copied = first > added ? first : added;
        mix_put(m, s, data + (size_t)(first - start) * s->channels, first, added, 1);
        mix_put(m, s, data + (size_t)(copied - start) * s->channels, copied, end, 0);
    }
    if (end > filled)
        m->filled = end;
    e->mixed_to = end;
    pthread_mutex_unlock(&m->lock);
}

/* Up to where everybody has given. In real time a client that is more than its buffer late is not waited for. */
static int64_t mix_limit(const host_mix *m, const host_engine *e)
{
    int64_t limit = INT64_MAX;
    for (int i = 0; i < m->count; i++)
        if (m->members[i]->mixes && !m->members[i]->idle && m->members[i]->mixed_to < limit)
            limit = m->members[i]->mixed_to;
    if (!m->waits && e->synced && limit < e->mixed_to - (int64_t)e->nominal)
        limit = e->mixed_to - (int64_t)e->nominal;
    return limit < m->filled ? limit : m->filled;
}

/* The next piece of the mix into the streams' canonical buffers; 0: there is none, or another client takes it. */
static int mix_take(host_engine *e)
{
    host_mix *m = e->mix;
    pthread_mutex_lock(&m->lock);
    int64_t limit = mix_limit(m, e), ready = limit > m->position ? limit - m->position : 0;
    int taken = ready > 0 && !m->busy;
    if (taken) {
        int64_t from = m->position, frames = ready < (int64_t)e->capacity ? ready : (int64_t)e->capacity;
        float *at;
        m->busy = e;
        m->fresh = 0;
        m->position += frames;
        e->mix_frames = (UInt32)frames;
        e->mix_time = from;
        for (size_t done = 0, run; done < (size_t)frames; done += run) {
            run = mix_run(m, from + (int64_t)done, (size_t)frames - done, &at);
            for (int i = 0; i < e->output_count; i++) {
                host_stream *s = &e->outputs[i];
                unsigned char *to = s->canonical.data + canonical_bytes(s, (UInt32)done);
                samples_to_stream(HOST_FLOAT32, to, s->channels, at, m->channels, s->first, run);
            }
        }
    }
    pthread_mutex_unlock(&m->lock);
    return taken;
}

static void mix_release(host_engine *e)
{
    pthread_mutex_lock(&e->mix->lock);
    if (e->mix->busy == e)
        e->mix->busy = NULL;
    pthread_mutex_unlock(&e->mix->lock);
}

static void mix_join(host_mix *m, host_engine *e)
{
    pthread_mutex_lock(&m->lock);
    m->members[m->count++] = e;
    pthread_mutex_unlock(&m->lock);
    e->mix = m;
}

static void mix_leave(host_mix *m, host_engine *e)
{
    int kept = 0;
    pthread_mutex_lock(&m->lock);
    for (int i = 0; i < m->count; i++)
        if (m->members[i] != e)
            m->members[kept++] = m->members[i];
    m->count = kept;
    if (m->busy == e)
        m->busy = NULL;
    pthread_mutex_unlock(&m->lock);
}
