/*
 * The floor driver with any of the ten operations, as each client is promised them, and a log of the calls.
 *
 * A test says what is promised to whom (operations_promise), plays, and reads the log.
 * What each operation does to the audio is exact in float32:
 *
 *   cinp  int16 -> float32      pinp  x 2        pout  x 0.5       mixo  added to the ring
 *   cmix  float32 -> int16      pmix  + 0.25     read, rite  as the floor copies
 *
 * operations_break() chooses something that it then does wrong.
 */

#include "../../bench/floor.c"

#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))
#define LOG_SIZE 65536
#define CLIENTS 16

enum { THRD, CYCL, READ, CINP, PINP, POUT, MIXO, PMIX, CMIX, RITE, OPS };
enum breakage { NOTHING_WRONG, LEAVES_SECONDARY, WRITES_PAST_SECONDARY, WRITES_BEFORE_MAIN, FAILS, ALLOCATES };

typedef struct record {
    UInt32 call; /* 'will', 'Strt', 'Stop', 'Begn', 'Do  ', 'End ' */
    UInt32 op, client, stream, frames, secondary;
    double input, output;
    uint64_t counter;
} record;

static record record_log[LOG_SIZE];
static atomic_uint record_count;
static unsigned char will[CLIENTS][OPS], aside[CLIENTS][OPS];
static int broken, broken_op;
static int64_t mixed_tag[RING];
static void *volatile kept;

static const UInt32 codes[OPS] = {'thrd', 'cycl', 'read', 'cinp', 'pinp', 'pout', 'mixo', 'pmix', 'cmix', 'rite'};

EXPORT void operations_promise(UInt32 client, UInt32 op, int promised, int in_place)
{
    will[client][op] = (unsigned char)promised;
    aside[client][op] = (unsigned char)!in_place;
}

EXPORT void operations_break(int what, int op)
{
    broken = what;
    broken_op = op;
}

EXPORT UInt32 operations_count(void)
{
    return record_count;
}

EXPORT const record *operations_log(void)
{
    return record_log;
}

EXPORT void operations_clear(void)
{
    record_count = 0;
}

static int op_number(UInt32 code)
{
    int op = 0;
    while (op < OPS && codes[op] != code)
        op++;
    return op;
}

static void note(UInt32 call, UInt32 op, UInt32 client, UInt32 stream, UInt32 frames, const void *second,
                 const AudioServerPlugInIOCycleInfo *info)
{
    UInt32 at = atomic_fetch_add(&record_count, 1);
    if (at >= LOG_SIZE)
        return;
    record_log[at] = (record){call, op, client, stream, frames, second != NULL, 0, 0, 0};
    if (info) {
        record_log[at].input = info->mInputTime.mSampleTime;
        record_log[at].output = info->mOutputTime.mSampleTime;
        record_log[at].counter = info->mIOCycleCounter;
    }
}

static OSStatus ops_will_do(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, UInt32 code,
                            Boolean *promised, Boolean *in_place)
{
    (void)d, (void)device;
    int op = op_number(code);
    note('will', code, client, 0, 0, NULL, NULL);
    *promised = op < OPS && will[client % CLIENTS][op];
    *in_place = op == OPS || !aside[client % CLIENTS][op];
    return 0;
}

static OSStatus ops_begin(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, UInt32 code, UInt32 frames,
                          const AudioServerPlugInIOCycleInfo *info)
{
    (void)d, (void)device;
    note('Begn', code, client, 0, frames, NULL, info);
    return 0;
}

static OSStatus ops_end(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, UInt32 code, UInt32 frames,
                        const AudioServerPlugInIOCycleInfo *info)
{
    (void)d, (void)device;
    note('End ', code, client, 0, frames, NULL, info);
    return 0;
}

static void scale(const float *from, float *to, UInt32 frames, float factor, float offset)
{
    for (UInt32 i = 0; i < frames * CHANNELS; i++)
        to[i] = factor * from[i] + offset;
}

/* Backwards or by way of a copy, because it may be in place. */
static void to_float(const void *from, float *to, UInt32 frames)
{
    static int16_t copy[RING * CHANNELS];
    memcpy(copy, from, frames * CHANNELS * sizeof *copy);
    for (UInt32 i = 0; i < frames * CHANNELS; i++)
        to[i] = (float)copy[i] / 32768.0f;
}

static void to_int16(const float *from, void *to, UInt32 frames)
{
    for (UInt32 i = 0; i < frames * CHANNELS; i++) {
        int16_t sample = (int16_t)(from[i] * 32768.0f);
        memcpy((unsigned char *)to + 2 * i, &sample, 2);
    }
}

/* The driver's own mix: the first client to reach a frame sets it, the next add. */
static void mix_output(const float *from, UInt32 frames, int64_t time)
{
    for (UInt32 i = 0; i < frames; i++) {
        size_t at = (size_t)(time + i) % RING;
        float *here = (float *)(ring + at * FRAME);
        for (int c = 0; c < CHANNELS; c++)
            here[c] = (mixed_tag[at] == time + i ? here[c] : 0) + from[i * CHANNELS + (UInt32)c];
        mixed_tag[at] = time + i;
    }
}

static OSStatus ops_do(AudioServerPlugInDriverRef d, AudioObjectID device, AudioObjectID stream, UInt32 client, UInt32 code,
                       UInt32 frames, const AudioServerPlugInIOCycleInfo *info, void *main_buffer, void *second)
{
    int op = op_number(code), wrong = op == broken_op ? broken : NOTHING_WRONG;
    float *result = second ? second : main_buffer;
    note('Do  ', code, client, stream, frames, second, info);
    if (wrong == LEAVES_SECONDARY)
        result = main_buffer;
    if (wrong == ALLOCATES)
        kept = malloc(64), free(kept);
    switch (op) {
    case CINP: to_float(main_buffer, result, frames); break;
    case PINP: scale(main_buffer, result, frames, 2, 0); break;
    case POUT: scale(main_buffer, result, frames, 0.5f, 0); break;
    case MIXO: mix_output(main_buffer, frames, (int64_t)info->mOutputTime.mSampleTime); break;
    case PMIX: scale(main_buffer, result, frames, 1, 0.25f); break;
    case CMIX: to_int16(main_buffer, result, frames); break;
    default: floor_do(d, device, stream, client, code, frames, info, main_buffer, NULL);
    }
    if (wrong == WRITES_PAST_SECONDARY)
        result[frames * CHANNELS] = 0;
    if (wrong == WRITES_BEFORE_MAIN)
        ((float *)main_buffer)[-1] = 0;
    return wrong == FAILS ? kAudioHardwareUnspecifiedError : 0;
}

static OSStatus ops_start(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client)
{
    note('Strt', 0, client, 0, 0, NULL, NULL);
    return floor_start(d, device, client);
}

static OSStatus ops_stop(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client)
{
    note('Stop', 0, client, 0, 0, NULL, NULL);
    return floor_stop(d, device, client);
}

__attribute__((constructor)) static void install(void)
{
    for (size_t i = 0; i < RING; i++)
        mixed_tag[i] = INT64_MIN;
    floor_table.WillDoIOOperation = ops_will_do;
    floor_table.BeginIOOperation = ops_begin;
    floor_table.EndIOOperation = ops_end;
    floor_table.DoIOOperation = ops_do;
    floor_table.StartIO = ops_start;
    floor_table.StopIO = ops_stop;
}
