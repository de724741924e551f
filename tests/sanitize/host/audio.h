/*
 * Audio that says which frame it is: each sample is a number made of its time and channel, never
 * zero, exact in every format. A frame that is lost, repeated, stale or torn is not what it should be.
 */

#define MOST_FRAMES 20000

static double audio_factor = 1.0; /* what the driver multiplies by; 0: something else, see `exact` */
#define audio_exact (audio_factor != 0.0)

static float pattern(int64_t time, UInt32 channel)
{
    uint64_t hash = (uint64_t)(time * 64 + channel) * 0x9E3779B97F4A7C15ull;
    return (float)(1 + (hash >> 50)) / (hash & 1 ? 32768.0f : -32768.0f); /* 14 bits and a sign */
}

/* A buffer of a client, of the exact size: AddressSanitizer sees one byte too many. */
typedef struct buffer {
    const stream *stream;
    UInt32 frames;
    unsigned char *bytes;
} buffer;

static buffer buffer_new(const stream *s, UInt32 frames)
{
    size_t size = (size_t)frames * s->frame_bytes;
    buffer made = {s, frames, malloc(size ? size : 1)};
    if (!made.bytes)
        wrong("no memory");
    memset(made.bytes, 0xA5, size);
    return made;
}

static void buffer_free(buffer *b)
{
    free(b->bytes);
    b->bytes = NULL;
}

static void fill(buffer *b, int64_t time)
{
    size_t size = sample_size(b->stream->kind);
    for (UInt32 i = 0; i < b->frames; i++)
        for (UInt32 c = 0; c < b->stream->channels; c++)
            sample_write(b->stream->kind, b->bytes + i * b->stream->frame_bytes + c * size, pattern(time + i, c));
}

/* A client plays the buffer as it is, at frames [time, time + n). */
static OSStatus play_filled(const buffer *b, UInt32 client, int64_t time)
{
    return io_operation(subject.ref, subject.device, subject.output.id, client, kAudioServerPlugInIOOperationWriteMix,
                        (double)time, b->frames, b->bytes);
}

static OSStatus play(buffer *b, UInt32 client, int64_t time)
{
    fill(b, time);
    return play_filled(b, client, time);
}

/* Reads what was played at `time`. */
static OSStatus record(buffer *b, UInt32 client, int64_t time)
{
    memset(b->bytes, 0xA5, (size_t)b->frames * b->stream->frame_bytes);
    return io_operation(subject.ref, subject.device, subject.input.id, client, kAudioServerPlugInIOOperationReadInput,
                        (double)(time + subject.delay), b->frames, b->bytes);
}

static int is_silent(const buffer *b, UInt32 frame)
{
    const unsigned char *at = b->bytes + (size_t)frame * b->stream->frame_bytes;
    for (UInt32 i = 0; i < b->stream->frame_bytes; i++)
        if (at[i])
            return 0;
    return 1;
}

static int is_right(const buffer *b, UInt32 frame, int64_t time)
{
    const unsigned char *at = b->bytes + (size_t)frame * b->stream->frame_bytes;
    size_t size = sample_size(b->stream->kind);
    for (UInt32 c = 0; c < b->stream->channels; c++) {
        float want = c < subject.output.channels ? pattern(time, c) * (float)audio_factor : 0.0f;
        if (sample_read(b->stream->kind, at + c * size) != want)
            return 0;
    }
    return 1;
}

/* Every frame is there, and is its own. */
static void check_all(const buffer *b, int64_t time, const char *where)
{
    for (UInt32 i = 0; i < b->frames; i++) {
        if (is_silent(b, i))
            wrong("%s: frame %lld is lost (%u of %u)", where, (long long)(time + i), i, b->frames);
        if (audio_exact && !is_right(b, i, time + i))
            wrong("%s: frame %lld is another one (%u of %u)", where, (long long)(time + i), i, b->frames);
    }
}

static uint64_t hashed(uint64_t hash, const buffer *b, UInt32 from, UInt32 to)
{
    const unsigned char *at = b->bytes + (size_t)from * b->stream->frame_bytes;
    for (size_t i = 0; i < (size_t)(to - from) * b->stream->frame_bytes; i++)
        hash = (hash ^ at[i]) * 0x100000001B3ull;
    return hash;
}
