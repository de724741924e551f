/*
 * What the IO engine of the simulated host is made of; included by the other host_*.h files.
 *
 * One host_engine is one client of one device: the time line as it saw it, its
 * buffers, and its cycle as a list of steps, of which each makes one call of the driver at most.
 */

#ifndef TYMPAN_HOST_TYPES_H
#define TYMPAN_HOST_TYPES_H

#include "host_guard.h"
#include "host_latency.h"
#include "host_samples.h"
#include "platform.h"

#include <pthread.h>
#include <stdlib.h>

#define HOST_STREAMS 32
#define HOST_CLIENTS 64
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
    FAULT_REALTIME,  /* a call that the guard forbids; assert_no_alloc has the records */
    FAULT_SECONDARY, /* an operation that is not in place left its result buffer as it was */
    FAULT_CHANNELS,  /* the device has other channels than when the cycles began; not the driver's mistake */
};

/* The operations, in the order of a cycle. */
enum host_op {
    OP_THREAD,
    OP_CYCLE,
    OP_READ,
    OP_CONVERT_INPUT,
    OP_PROCESS_INPUT,
    OP_PROCESS_OUTPUT,
    OP_MIX_OUTPUT,
    OP_PROCESS_MIX,
    OP_CONVERT_MIX,
    OP_WRITE,
    HOST_OPS
};

static const UInt32 op_codes[HOST_OPS] = {
    kAudioServerPlugInIOOperationThread,        kAudioServerPlugInIOOperationCycle,
    kAudioServerPlugInIOOperationReadInput,     kAudioServerPlugInIOOperationConvertInput,
    kAudioServerPlugInIOOperationProcessInput,  kAudioServerPlugInIOOperationProcessOutput,
    kAudioServerPlugInIOOperationMixOutput,     kAudioServerPlugInIOOperationProcessMix,
    kAudioServerPlugInIOOperationConvertMix,    kAudioServerPlugInIOOperationWriteMix,
};

/* What WillDoIOOperation said. */
typedef struct host_will {
    int will, in_place;
} host_will;

typedef struct host_buffer {
    unsigned char *memory, *data; /* data is 64-byte-aligned, with a guard on either side */
} host_buffer;

typedef struct host_stream {
    AudioObjectID id;
    int kind; /* host_sample */
    UInt32 channels, first, bytes_per_frame;
    host_buffer native, canonical, spare;
    host_buffer *now;          /* where the audio of this cycle is */
    uint64_t samples, matches; /* integer formats: looked at so far, and how many equal the prefill */
} host_stream;

enum host_step_kind {
    STEP_STAMP,
    STEP_BEGIN,
    STEP_DO,
    STEP_END,
    /* The host's own, without a call: */
    STEP_CANONICAL, /* native input to float32, unless the driver converts */
    STEP_HEAR,      /* the client gets its input */
    STEP_PLAY,      /* the client gives its output */
    STEP_SUBMIT,    /* its output goes into the mix */
    STEP_TAKE,      /* what every client has given to comes out of the mix */
    STEP_NATIVE,    /* float32 to native output, unless the driver converts */
    STEP_AGAIN,     /* back to STEP_TAKE */
};

typedef struct host_step {
    unsigned char kind, op, stream;
} host_step;

#define HOST_STEPS (HOST_OPS * (HOST_STREAMS + 2) + 16)

struct host_engine;

/* The host's mix of one device: the output of its clients by sample time, until all have given theirs. */
typedef struct host_mix {
    struct host_engine *members[HOST_CLIENTS];
    int count;
    int waits; /* for every member (virtual time); otherwise at most one buffer */
    UInt32 frames, channels;
    float *ring;
    int64_t position, filled; /* the next frame to come out, the first that nobody has given */
    int fresh;                /* 2: begins with the next block, 1: nothing has come out yet */
    uint64_t seed;
    struct host_engine *busy; /* whose cycle is taking */
    pthread_mutex_t lock;     /* never held over a call of the driver */
} host_mix;

typedef struct host_engine {
    AudioServerPlugInDriverRef driver;
    AudioObjectID device;
    UInt32 client;
    UInt32 mix_client; /* the id in calls for the mix */
    double ticks_per_frame, tolerance, ns_per_tick;
    UInt32 nominal, period, input_safety, output_safety, capacity;
    host_will ops[HOST_OPS];
    int paced; /* a cycle waits for its time, or moves the virtual clock there */
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

    /* The present cycle's steps. */
    host_step plan[HOST_STEPS];
    int plan_count, take_at, after_mix, at;
    int middle; /* inside a cycle */
    int thread_begun;
    UInt32 frames, mix_frames;
    const float *output;
    float *input;
    AudioServerPlugInIOCycleInfo info, mix_info;
    uint32_t objections; /* calls in this cycle that the guard forbids */

    /* The mix: the device's while clients play together, otherwise its own. */
    host_mix *mix, own_mix;
    int mixes, idle; /* idle: stopped while others play, so nobody waits for it */
    int64_t mixed_to, mix_time;
    uint64_t late; /* frames that came after their time had been taken */

    host_latency *latency; /* NULL: not measured */

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

static int engine_status(host_engine *e, OSStatus status, const char *call, UInt32 operation)
{
    if (!status)
        return 0;
    e->status = status;
    e->call = call;
    e->operation = operation;
    return e->fault = FAULT_OPERATION_STATUS;
}

#endif
