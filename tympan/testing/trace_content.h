/* What is behind a pointer, by content: Core Foundation objects, audio, cycle infos; included by trace.h. */

/* --- audio: XXH64 (seed 0) of the bytes, as xxhash.com describes it -------------------- */

#define XXH_P1 0x9E3779B185EBCA87ull
#define XXH_P2 0xC2B2AE3D27D4EB4Full
#define XXH_P3 0x165667B19E3779F9ull
#define XXH_P4 0x85EBCA77C2B2AE63ull
#define XXH_P5 0x27D4EB2F165667C5ull

static uint64_t xxh_rotate(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }
static uint64_t xxh_round(uint64_t sum, uint64_t word) { return xxh_rotate(sum + word * XXH_P2, 31) * XXH_P1; }
static uint64_t xxh_merge(uint64_t hash, uint64_t sum) { return (hash ^ xxh_round(0, sum)) * XXH_P1 + XXH_P4; }

static uint64_t xxh_word(const unsigned char *at)
{
    uint64_t word; /* little-endian systems only, as all that Core Audio runs on */
    memcpy(&word, at, 8);
    return word;
}

static uint64_t xxh_tail(uint64_t hash, const unsigned char *at, const unsigned char *end)
{
    uint32_t half;
    for (; end - at >= 8; at += 8)
        hash = xxh_rotate(hash ^ xxh_round(0, xxh_word(at)), 27) * XXH_P1 + XXH_P4;
    if (end - at >= 4) {
        memcpy(&half, at, 4);
        hash = xxh_rotate(hash ^ half * XXH_P1, 23) * XXH_P2 + XXH_P3;
        at += 4;
    }
    for (; at < end; at++)
        hash = xxh_rotate(hash ^ *at * XXH_P5, 11) * XXH_P1;
    hash = (hash ^ hash >> 33) * XXH_P2;
    hash = (hash ^ hash >> 29) * XXH_P3;
    return hash ^ hash >> 32;
}

static uint64_t trace_hash(const void *data, size_t size)
{
    const unsigned char *at = data, *end = at + size;
    uint64_t sum[4] = {XXH_P1 + XXH_P2, XXH_P2, 0, 0 - XXH_P1}, hash = XXH_P5;
    for (; end - at >= 32; at += 32)
        for (int i = 0; i < 4; i++)
            sum[i] = xxh_round(sum[i], xxh_word(at + 8 * i));
    if (size >= 32) {
        hash = xxh_rotate(sum[0], 1) + xxh_rotate(sum[1], 7) + xxh_rotate(sum[2], 12) + xxh_rotate(sum[3], 18);
        for (int i = 0; i < 4; i++)
            hash = xxh_merge(hash, sum[i]);
    }
    return xxh_tail(hash + size, at, end);
}

enum trace_audio { AUDIO_UNKNOWN, AUDIO_SILENCE, AUDIO_HASH, AUDIO_DATA, AUDIO_SAME };

static int is_silence(const unsigned char *data, size_t size)
{
    uint64_t any = 0, word;
    size_t i = 0;
    for (; i + 8 <= size; i += 8)
        memcpy(&word, data + i, 8), any |= word;
    for (; i < size; i++)
        any |= data[i];
    return !any;
}

/* A buffer's bytes: how they are written, then a hash or the data. Answers the hash, 0 for silence. */
static uint64_t put_audio(trace_record *r, const void *data, size_t size)
{
    if (!data || !size) {
        put_byte(r, AUDIO_UNKNOWN);
        return 0;
    }
    if (is_silence(data, size)) {
        put_byte(r, AUDIO_SILENCE);
        return 0;
    }
    uint64_t hash = trace_hash(data, size);
    put_byte(r, r->file->audio ? AUDIO_DATA : AUDIO_HASH);
    if (r->file->audio)
        put_bytes(r, data, size);
    else
        for (int i = 0; i < 8; i++)
            put_byte(r, (unsigned)(hash >> 8 * i) & 0xFF);
    return hash;
}

/* --- cycle infos ------------------------------------------------------------------- */

#define WORD_IS_REAL (1u << 2 | 1u << 4 | 1u << 10 | 1u << 12 | 1u << 18 | 1u << 20 | 1u << 26 | 1u << 27)
#define NO_CYCLE (1u << TRACE_WORDS)

/* Which of its 28 words differ from the thread's last cycle info, and how. */
static void put_cycle(trace_record *r, const AudioServerPlugInIOCycleInfo *info)
{
    uint64_t words[TRACE_WORDS], *last = r->thread->cycle;
    UInt32 changed = 0;
    if (!info) {
        put(r, NO_CYCLE);
        return;
    }
    memcpy(words, info, sizeof words);
    words[1] &= 0xFFFFFFFFu; /* the four bytes behind it are padding */
    for (unsigned i = 0; i < TRACE_WORDS; i++)
        changed |= (UInt32)(words[i] != last[i]) << i;
    put(r, changed);
    for (unsigned i = 0; i < TRACE_WORDS; i++)
        if (changed >> i & 1)
            (WORD_IS_REAL >> i & 1 ? put_next_real : put_next)(r, &last[i], words[i]);
}

/* --- Core Foundation ----------------------------------------------------------------- */

enum trace_object { OBJECT_NONE, OBJECT_STRING, OBJECT_JSON };

#define TRACE_TEXT 512

/* Room for one object's text until the record is written. */
typedef struct trace_text { char near[TRACE_TEXT], *far; } trace_text;

/* The content of an object as JSON in malloc'd memory; takes the GIL. Set by _trace.pyx. */
static char *(*trace_describe)(CFTypeRef reference);

/* A reference that is known to be one, or NULL. Short ASCII strings need no GIL. */
static void put_object(trace_record *r, CFTypeRef reference, trace_text *text)
{
    int kind = reference ? tympan_kind_of(reference) : TYMPAN_NO_OBJECT;
    text->far = NULL;
    if (kind == TYMPAN_STRING && CFStringGetCString(reference, text->near, TRACE_TEXT, kCFStringEncodingUTF8) &&
        (CFIndex)strlen(text->near) == CFStringGetLength(reference)) {
        put_byte(r, OBJECT_STRING);
        put_bytes(r, text->near, strlen(text->near));
        return;
    }
    if (reference && trace_describe)
        text->far = trace_describe(reference);
    put_byte(r, text->far ? OBJECT_JSON : OBJECT_NONE);
    if (text->far)
        put_bytes(r, text->far, strlen(text->far));
}

static void text_done(trace_text *text)
{
    free(text->far);
    text->far = NULL;
}
