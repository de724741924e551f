/*
 * The IO cycle of the simulated host, for one client of one device; included by _engine.pyx.
 *
 * Runs without the GIL on whatever thread calls it. hal-protocol.md C5 is the
 * specification. A broken rule ends the run: `fault` says which, `facts` holds
 * the numbers, and _host.pyx makes the sentence.
 */

#include "host_guard.h"
#include "host_samples.h"
#include "platform.h"

#include <stdlib.h>

#define HOST_STREAMS 32
#define GUARD_SIZE 64
#define GUARD_BYTE 0xA5
#define UNFILLED_BITS 0x7FA5C35Au /* a NaN that no arithmetic makes */

enum host_fault {
    FAULT_NONE,
    FAULT_STAMP_STATUS,
    FAULT_STAMP_FUTURE,    /* C5.1 */
    FAULT_STAMP_BACKWARDS, /* C5.2 */
    FAULT_STAMP_SPACING,   /* C5.2, C5.4: not whole periods */
    FAULT_STAMP_MOVED,     /* C5.3 */
    FAULT_STAMP_RATE,      /* C5.4 */
    FAULT_STAMP_STALE,     /* not the most recent one */
    FAULT_OPERATION_STATUS,
    FAULT_UNFILLED,
    FAULT_GUARD,
    FAULT_REALTIME, /* a call that the guard forbids; assert_no_alloc has the records */
};

typedef struct host_stream {
    AudioObjectID id;
    int kind; /* host_sample */
    UInt32 channels, first, bytes_per_frame;
    unsigned char *memory, *data; /* data is 64-byte-aligned, with a guard on either side */
    uint64_t samples, matches;    /* integer formats: read so far, and how many equal the prefill */
} host_stream;

typedef struct host_engine {
    AudioServerPlugInDriverRef driver;
    AudioObjectID device;
    UInt32 client;
    double ticks_per_frame, tolerance;
    UInt32 nominal, period, input_safety, output_safety, capacity;
    int reads, writes, cycles_marked; /* what WillDoIOOperation said */
    int paced;                        /* a cycle waits for its time, or moves the virtual clock there */
    int input_count, output_count;
    UInt32 input_channels, output_channels;
    host_stream inputs[HOST_STREAMS], outputs[HOST_STREAMS];

    /* The time line: the last stamp, kept over stop and start. */
    int anchored;
    double stamp_sample;
    uint64_t stamp_host, seed, anchors, skipped_periods;

    /* The cycle: device time, and the first frames of the next input and output buffer. */
    int synced;
    int64_t time, input_time, output_time;
    uint64_t counter, cycles;

    int fault;
    OSStatus status;
    UInt32 operation;
    const char *call;
    double facts[4];
    uint64_t ticks[3];
} host_engine;

/* True on a thread that is inside a cycle, from where a driver must not call its host. */
static _Thread_local int engine_inside;

/* The active Host's; set while no cycle runs. `engine_collects`: a forbidden call does not end the run. */
static const ana_api *engine_guard;
static int engine_collects;

static int engine_fault(host_engine *e, int fault, double a, double b, uint64_t host, uint64_t now)
{
    e->facts[0] = a;
    e->facts[1] = b;
    e->ticks[0] = host;
    e->ticks[1] = now;
    return e->fault = fault;
}

/* Rules for a stamp of the line that is known already. */
static int stamp_check(host_engine *e, double sample, uint64_t host, uint64_t now)
{
    double frames = sample - e->stamp_sample;
    double ticks = (double)host - (double)e->stamp_host;
    double expected = frames * e->ticks_per_frame;
    e->ticks[2] = e->stamp_host;
    if (frames == 0.0)
        return host == e->stamp_host ? 0 : engine_fault(e, FAULT_STAMP_MOVED, sample, sample, host, now);
    if (!(frames > 0.0))
        return engine_fault(e, FAULT_STAMP_BACKWARDS, sample, e->stamp_sample, host, now);
    if (fmod(frames, e->period) != 0.0)
        return engine_fault(e, FAULT_STAMP_SPACING, sample, e->stamp_sample, host, now);
    if (fabs(ticks - expected) > 1.0 + e->tolerance * expected)
        return engine_fault(e, FAULT_STAMP_RATE, sample, e->stamp_sample, host, now);
    e->skipped_periods += (uint64_t)(frames / e->period) - 1;
    return 0;
}

/* One GetZeroTimeStamp with every check. A new seed drops the cycle's place on the old line. */
static int engine_stamp(host_engine *e)
{
    double sample = NAN;
    uint64_t host = UINT64_MAX, seed = UINT64_MAX;
    uint64_t before = mach_absolute_time();
    guard_in(engine_guard);
    e->status = (*e->driver)->GetZeroTimeStamp(e->driver, e->device, e->client, &sample, &host, &seed);
    guard_out(engine_guard);
    uint64_t now = mach_absolute_time();
    if (e->status)
        return engine_fault(e, FAULT_STAMP_STATUS, 0, 0, 0, now);
    if (host > now || !isfinite(sample))
        return engine_fault(e, FAULT_STAMP_FUTURE, sample, 0, host, now);
    int same_line = e->anchored && seed == e->seed;
    if (same_line && stamp_check(e, sample, host, now))
        return e->fault;
    if (before > host && (double)(before - host) > e->period * e->ticks_per_frame * (1.0 + e->tolerance) + 1.0)
        return engine_fault(e, FAULT_STAMP_STALE, sample, e->period, host, before);
    if (!same_line)
        e->synced = 0, e->anchors++;
    e->anchored = 1;
    e->stamp_sample = sample;
    e->stamp_host = host;
    e->seed = seed;
    return 0;
}

/* When a frame of the line is due, in ticks. */
static uint64_t engine_host_time(const host_engine *e, int64_t frame)
{
    double ticks = ((double)frame - e->stamp_sample) * e->ticks_per_frame;
    if (ticks < 0.0 && -ticks > (double)e->stamp_host)
        return 0;
    return e->stamp_host + (uint64_t)(int64_t)ceil(ticks);
}

/* The first cycle, or the first after a jump or a new line: begins at the present. */
static void engine_sync(host_engine *e)
{
    double since = ((double)mach_absolute_time() - (double)e->stamp_host) / e->ticks_per_frame;
    e->time = (int64_t)e->stamp_sample + (int64_t)floor(since);
    e->input_time = e->time - e->nominal - e->input_safety;
    e->output_time = e->time + e->nominal + e->output_safety;
    e->counter = 1;
    e->synced = 1;
}

static void time_stamp(const host_engine *e, AudioTimeStamp *stamp, int64_t frame, uint64_t host)
{
    stamp->mSampleTime = (double)frame;
    stamp->mHostTime = host;
    stamp->mRateScalar = 1.0;
    stamp->mFlags = kAudioTimeStampSampleTimeValid | kAudioTimeStampHostTimeValid | kAudioTimeStampRateScalarValid;
    (void)e;
}

static void engine_cycle_info(const host_engine *e, AudioServerPlugInIOCycleInfo *info)
{
    memset(info, 0, sizeof *info);
    info->mIOCycleCounter = e->counter;
    info->mNominalIOBufferFrameSize = e->nominal;
    time_stamp(e, &info->mCurrentTime, e->time, mach_absolute_time());
    time_stamp(e, &info->mInputTime, e->input_time, engine_host_time(e, e->input_time));
    time_stamp(e, &info->mOutputTime, e->output_time, engine_host_time(e, e->output_time));
    info->mMainHostTicksPerFrame = e->ticks_per_frame;
    info->mDeviceHostTicksPerFrame = e->ticks_per_frame;
}

static int engine_status(host_engine *e, OSStatus status, const char *call, UInt32 operation)
{
    if (!status)
        return 0;
    e->status = status;
    e->call = call;
    e->operation = operation;
    return e->fault = FAULT_OPERATION_STATUS;
}

static void guards_set(host_stream *s, UInt32 frames)
{
    memset(s->data - GUARD_SIZE, GUARD_BYTE, GUARD_SIZE);
    memset(s->data + (size_t)frames * s->bytes_per_frame, GUARD_BYTE, GUARD_SIZE);
}

static int guard_broken(const unsigned char *guard)
{
    static const unsigned char intact[GUARD_SIZE] = {[0 ... GUARD_SIZE - 1] = GUARD_BYTE};
    return memcmp(guard, intact, GUARD_SIZE) != 0;
}

static int guards_check(host_engine *e, host_stream *s, UInt32 frames, UInt32 operation)
{
    int before = guard_broken(s->data - GUARD_SIZE);
    if (!before && !guard_broken(s->data + (size_t)frames * s->bytes_per_frame))
        return 0;
    e->operation = operation;
    e->facts[0] = s->id;
    e->facts[1] = frames;
    e->facts[2] = before;
    return e->fault = FAULT_GUARD;
}

/* A pattern that differs from place to place, so that integer audio seldom equals it. */
static inline uint32_t prefill_word(uint64_t place)
{
    return (uint32_t)((place + 1) * 0x9E3779B97F4A7C15ull >> 29);
}

static void prefill(host_stream *s, UInt32 frames)
{
    size_t samples = (size_t)frames * s->channels, size = sample_size(s->kind);
    uint32_t *words = (uint32_t *)s->data;
    if (s->kind == HOST_FLOAT32) {
        for (size_t i = 0; i < samples; i++)
            words[i] = UNFILLED_BITS;
        return;
    }
    for (size_t i = 0; i < samples; i++) {
        uint32_t word = prefill_word(s->samples + i);
        memcpy(s->data + i * size, &word, size);
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
static size_t equal_integers(const host_stream *s, size_t samples, size_t *first)
{
    size_t size = sample_size(s->kind), found = 0;
    for (size_t i = 0; i < samples; i++) {
        uint32_t word = prefill_word(s->samples + i);
        if (memcmp(s->data + i * size, &word, size) == 0 && !found++)
            *first = i;
    }
    return found;
}

/* A float sample with the NaN was not written. An integer may equal the pattern by chance (16 bits: 1 in 65,536),
 * so it takes more than 8 such samples and more than 1 in 4,096 over the run. */
static int prefill_left(host_stream *s, UInt32 frames, double *where)
{
    size_t samples = (size_t)frames * s->channels, first = samples;
    if (s->kind == HOST_FLOAT32) {
        first = unwritten_float((const uint32_t *)s->data, samples);
        *where = (double)(first / s->channels);
        return first < samples;
    }
    s->matches += equal_integers(s, samples, &first);
    s->samples += samples;
    *where = (double)(first / s->channels);
    return s->matches > 8 && s->matches > s->samples / 4096;
}

static int engine_do(host_engine *e, host_stream *s, UInt32 operation, UInt32 frames, AudioServerPlugInIOCycleInfo *info)
{
    guards_set(s, frames);
    guard_in(engine_guard);
    OSStatus status = (*e->driver)->DoIOOperation(e->driver, e->device, s->id, e->client, operation, frames, info,
                                                  s->data, NULL);
    guard_out(engine_guard);
    if (engine_status(e, status, "DoIOOperation", operation))
        return e->fault;
    return guards_check(e, s, frames, operation);
}

static int engine_begin(host_engine *e, UInt32 operation, UInt32 frames, AudioServerPlugInIOCycleInfo *info)
{
    guard_in(engine_guard);
    OSStatus status = (*e->driver)->BeginIOOperation(e->driver, e->device, e->client, operation, frames, info);
    guard_out(engine_guard);
    return engine_status(e, status, "BeginIOOperation", operation);
}

static int engine_end(host_engine *e, UInt32 operation, UInt32 frames, AudioServerPlugInIOCycleInfo *info)
{
    guard_in(engine_guard);
    OSStatus status = (*e->driver)->EndIOOperation(e->driver, e->device, e->client, operation, frames, info);
    guard_out(engine_guard);
    return engine_status(e, status, "EndIOOperation", operation);
}

static int engine_read(host_engine *e, UInt32 frames, AudioServerPlugInIOCycleInfo *info, float *block)
{
    const UInt32 operation = kAudioServerPlugInIOOperationReadInput;
    if (engine_begin(e, operation, frames, info))
        return e->fault;
    for (int i = 0; i < e->input_count; i++) {
        host_stream *s = &e->inputs[i];
        prefill(s, frames);
        if (engine_do(e, s, operation, frames, info))
            return e->fault;
        if (prefill_left(s, frames, &e->facts[1])) {
            e->facts[0] = s->id;
            e->facts[2] = frames;
            return e->fault = FAULT_UNFILLED;
        }
        samples_from_stream(s->kind, s->data, s->channels, block, e->input_channels, s->first, frames);
    }
    return engine_end(e, operation, frames, info);
}

static int engine_write(host_engine *e, UInt32 frames, AudioServerPlugInIOCycleInfo *info, const float *block)
{
    const UInt32 operation = kAudioServerPlugInIOOperationWriteMix;
    if (engine_begin(e, operation, frames, info))
        return e->fault;
    for (int i = 0; i < e->output_count; i++) {
        host_stream *s = &e->outputs[i];
        if (block)
            samples_to_stream(s->kind, s->data, s->channels, block, e->output_channels, s->first, frames);
        else
            memset(s->data, 0, (size_t)frames * s->bytes_per_frame);
        if (engine_do(e, s, operation, frames, info))
            return e->fault;
    }
    return engine_end(e, operation, frames, info);
}

/* One cycle: waits (or moves the virtual clock) to its time, then stamp, input, output.
 * `output` may be NULL for silence; `input` has room for frames * input_channels. */
static int engine_cycle(host_engine *e, UInt32 frames, const float *output, float *input)
{
    AudioServerPlugInIOCycleInfo info;
    if (e->synced && e->paced)
        tympan_clock_reach(engine_host_time(e, e->time));
    if (engine_stamp(e))
        return e->fault;
    if (!e->synced)
        engine_sync(e);
    engine_cycle_info(e, &info);
    if (e->cycles_marked && engine_begin(e, kAudioServerPlugInIOOperationCycle, frames, &info))
        return e->fault;
    if (e->reads && engine_read(e, frames, &info, input))
        return e->fault;
    if (e->writes && engine_write(e, frames, &info, output))
        return e->fault;
    if (e->cycles_marked && engine_end(e, kAudioServerPlugInIOOperationCycle, frames, &info))
        return e->fault;
    e->time += frames;
    e->input_time += frames;
    e->output_time += frames;
    e->counter++;
    e->cycles++;
    return 0;
}

/* Whether the guard had something to say since this thread's count was `before`. */
static int engine_judge(host_engine *e, uint32_t before)
{
    if (!e->fault && !engine_collects && guard_count(engine_guard) != before)
        e->fault = FAULT_REALTIME;
    return e->fault;
}

/* A stamp outside of a cycle: the first one, or one somebody asks for. */
static int engine_first_stamp(host_engine *e)
{
    guard_ready(engine_guard);
    uint32_t before = guard_count(engine_guard);
    e->fault = FAULT_NONE;
    engine_stamp(e);
    return engine_judge(e, before);
}

static int engine_guarded_cycle(host_engine *e, UInt32 frames, const float *output, float *input)
{
    uint32_t before = guard_count(engine_guard);
    engine_cycle(e, frames, output, input);
    return engine_judge(e, before);
}

/* Cycles until `count` are done; cycle i has counts[i] frames (each at most e->capacity). */
static int engine_run(host_engine *e, const UInt32 *counts, size_t count, const float *output, float *input)
{
    size_t done = 0;
    e->fault = FAULT_NONE;
    guard_ready(engine_guard);
    engine_inside = 1;
    for (size_t i = 0; i < count && !e->fault; i++) {
        const float *out = output ? output + done * e->output_channels : NULL;
        float *in = input ? input + done * e->input_channels : NULL;
        engine_guarded_cycle(e, counts[i], out, in);
        done += counts[i];
    }
    engine_inside = 0;
    return e->fault;
}

static int stream_allocate(host_stream *s, UInt32 frames)
{
    size_t size = GUARD_SIZE + (size_t)frames * s->bytes_per_frame + GUARD_SIZE;
    s->memory = aligned_alloc(64, (size + 63) / 64 * 64);
    s->data = s->memory ? s->memory + GUARD_SIZE : NULL;
    return s->memory ? 0 : -1;
}

static int engine_allocate(host_engine *e, UInt32 frames)
{
    int failed = 0;
    for (int i = 0; i < e->input_count; i++)
        free(e->inputs[i].memory), failed |= stream_allocate(&e->inputs[i], frames);
    for (int i = 0; i < e->output_count; i++)
        free(e->outputs[i].memory), failed |= stream_allocate(&e->outputs[i], frames);
    e->capacity = frames;
    return failed;
}

static void engine_free(host_engine *e)
{
    for (int i = 0; i < HOST_STREAMS; i++)
        free(e->inputs[i].memory), free(e->outputs[i].memory);
}
