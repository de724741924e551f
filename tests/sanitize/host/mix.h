/*
 * The mix of what the clients play, made as a host makes it: each adds its voice to each frame, on its own thread and in
 * blocks of its own; a frame to which all have added is complete, and goes to the driver once.
 */

enum { MIX_FRAMES = 16384 };

static int32_t *mix_sums;            /* MIX_FRAMES * channels; relaxed atomics, which order nothing */
static int mix_mute = EVERY_VOICE;   /* the tooth: a client of which nothing arrives */

/* Before any client is in IO, or while all are held up. */
static void mix_clear(void)
{
    size_t count = (size_t)MIX_FRAMES * subject.output.channels;
    free(mix_sums);
    mix_sums = calloc(count ? count : 1, sizeof *mix_sums);
    if (!mix_sums)
        wrong("no memory");
}

static int32_t *mix_slot(int64_t time, UInt32 channel)
{
    return &mix_sums[(size_t)(time & (MIX_FRAMES - 1)) * subject.output.channels + channel];
}

/* Frames [time, time + frames) of a client; what was at their place has been taken. */
static void mix_add(int number, int64_t time, UInt32 frames)
{
    for (UInt32 i = 0; number != mix_mute && i < frames; i++)
        for (UInt32 c = 0; c < subject.output.channels; c++)
            __atomic_fetch_add(mix_slot(time + i, c), voice(number, time + i, c), __ATOMIC_RELAXED);
}

/* Complete frames, for the driver. */
static void mix_take(buffer *out, int64_t time)
{
    size_t size = sample_size(out->stream->kind);
    for (UInt32 i = 0; i < out->frames; i++)
        for (UInt32 c = 0; c < out->stream->channels; c++) {
            int32_t sum = __atomic_exchange_n(mix_slot(time + i, c), 0, __ATOMIC_RELAXED);
            sample_write(out->stream->kind, out->bytes + i * out->stream->frame_bytes + c * size, (float)sum / 32768.0f);
        }
}
