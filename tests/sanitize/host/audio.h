/*
 * Audio that says which frame it is: each client has a voice, a number made of its own, the sample's time and the
 * channel. What is played is the sum of all voices, never zero, exact in every format. A frame that is lost,
 * repeated, stale or torn, or that lacks a client, is not what it should be.
 */

#define MOST_FRAMES 20000
#define VOICES 4
#define EVERY_VOICE (-1)

static double audio_factor = 1.0; /* what the driver multiplies by; 0: something else, see `exact` */
#define audio_exact (audio_factor != 0.0)

/* In units of 1/32768: 12 bits, and a sign that all voices share, so that no sum is zero. */
static int32_t voice(int number, int64_t time, UInt32 channel)
{
    uint64_t place = (uint64_t)(time * 64 + channel) * 0x9E3779B97F4A7C15ull;
    uint64_t own = (place ^ place >> 29 ^ (uint64_t)(number + 1)) * 0xD6E8FEB86659FD93ull;
    int32_t size = 1 + (int32_t)(own >> 52);
    return place >> 63 ? -size : size;
}

/* All voices but one, or EVERY_VOICE. */
static float sum_of_voices(int64_t time, UInt32 channel, int without)
{
    int32_t sum = 0;
    for (int number = 0; number < VOICES; number++)
        sum += number == without ? 0 : voice(number, time, channel);
    return (float)sum / 32768.0f;
}

static float pattern(int64_t time, UInt32 channel)
{
    return sum_of_voices(time, channel, EVERY_VOICE);
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

static int is_right_without(const buffer *b, UInt32 frame, int64_t time, int without)
{
    const unsigned char *at = b->bytes + (size_t)frame * b->stream->frame_bytes;
    size_t size = sample_size(b->stream->kind);
    for (UInt32 c = 0; c < b->stream->channels; c++) {
        float want = c < subject.output.channels ? sum_of_voices(time, c, without) * (float)audio_factor : 0.0f;
        if (sample_read(b->stream->kind, at + c * size) != want)
            return 0;
    }
    return 1;
}

static int is_right(const buffer *b, UInt32 frame, int64_t time)
{
    return is_right_without(b, frame, time, EVERY_VOICE);
}

/* Says what stands in a frame's place. */
__attribute__((noreturn)) static void wrong_frame(const buffer *b, UInt32 frame, int64_t time, const char *where)
{
    for (int64_t far = 1; far <= MOST_FRAMES; far++) {
        if (is_right(b, frame, time - far))
            wrong("%s: frame %lld is repeated where %lld belongs", where, (long long)(time - far), (long long)time);
        if (is_right(b, frame, time + far))
            wrong("%s: frame %lld is lost: %lld is in its place", where, (long long)time, (long long)(time + far));
    }
    for (int number = 0; number < VOICES; number++)
        if (is_right_without(b, frame, time, number))
            wrong("%s: frame %lld lacks client %d", where, (long long)time, number + 1);
    wrong("%s: frame %lld is another one (%u of %u)", where, (long long)time, frame, b->frames);
}

/* Every frame is there, and is its own. */
static void check_all(const buffer *b, int64_t time, const char *where)
{
    for (UInt32 i = 0; i < b->frames; i++) {
        if (is_silent(b, i))
            wrong("%s: frame %lld is lost: silence is in its place", where, (long long)(time + i));
        if (audio_exact && !is_right(b, i, time + i))
            wrong_frame(b, i, time + i, where);
    }
}

static uint64_t hashed(uint64_t hash, const buffer *b, UInt32 from, UInt32 to)
{
    const unsigned char *at = b->bytes + (size_t)from * b->stream->frame_bytes;
    for (size_t i = 0; i < (size_t)(to - from) * b->stream->frame_bytes; i++)
        hash = (hash ^ at[i]) * 0x100000001B3ull;
    return hash;
}
