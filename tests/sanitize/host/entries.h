/*
 * The entries that a host calls on IO threads, each inside a realtime context.
 *
 * With TYMPAN_RTSAN the context is RealtimeSanitizer's, which then reports every
 * allocation, lock, wait and file access until the call comes back.
 */

#include "platform.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef TYMPAN_RTSAN
extern void __rtsan_realtime_enter(void); /* what the compiler puts into a [[clang::nonblocking]] function */
extern void __rtsan_realtime_exit(void);
#define REALTIME(call) (__rtsan_realtime_enter(), status = (call), __rtsan_realtime_exit(), status)
#else
#define REALTIME(call) (status = (call))
#endif

/* What the driver did is wrong: say so and end. */
__attribute__((format(printf, 1, 2), noreturn)) static void wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    flockfile(stderr);
    fputs("WRONG: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    fflush(NULL);
    _exit(1); /* no exit handlers: other threads still run */
}

static void must(OSStatus status, const char *call)
{
    if (status)
        wrong("%s answered %d", call, (int)status);
}

/* Random numbers: one state for each thread, so that a run can be repeated. */
static uint32_t random_below(uint64_t *state, uint32_t limit)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)((*state >> 33) % limit);
}

/* Progress that one thread tells another. ThreadSanitizer does not see fences, so for it
 * these order nothing: what orders audio is the driver's own synchronisation, or it is a race. */
static inline void tell(int64_t *place, int64_t value)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(place, value, __ATOMIC_RELAXED);
}

static inline int64_t told(const int64_t *place)
{
    int64_t value = __atomic_load_n(place, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return value;
}

typedef struct stamp {
    double sample;
    uint64_t host, seed;
} stamp;

static OSStatus io_stamp(AudioServerPlugInDriverRef ref, UInt32 device, UInt32 client, stamp *out)
{
    OSStatus status;
    return REALTIME((*ref)->GetZeroTimeStamp(ref, device, client, &out->sample, &out->host, &out->seed));
}

static OSStatus io_will_do(AudioServerPlugInDriverRef ref, UInt32 device, UInt32 client, UInt32 operation, Boolean *will)
{
    OSStatus status;
    Boolean in_place = 0;
    return REALTIME((*ref)->WillDoIOOperation(ref, device, client, operation, will, &in_place));
}

static uint64_t io_counter; /* atomic: mIOCycleCounter, of all clients */

static void io_cycle(AudioServerPlugInIOCycleInfo *cycle, double time, UInt32 nominal)
{
    memset(cycle, 0, sizeof *cycle);
    cycle->mIOCycleCounter = __atomic_add_fetch(&io_counter, 1, __ATOMIC_RELAXED);
    cycle->mNominalIOBufferFrameSize = nominal;
    cycle->mInputTime.mSampleTime = cycle->mOutputTime.mSampleTime = cycle->mCurrentTime.mSampleTime = time;
    cycle->mInputTime.mHostTime = cycle->mOutputTime.mHostTime = cycle->mCurrentTime.mHostTime = mach_absolute_time();
}

/* Begin, Do and End of one operation. */
static OSStatus io_operation(AudioServerPlugInDriverRef ref, UInt32 device, UInt32 stream, UInt32 client,
                             UInt32 operation, double time, UInt32 frames, void *buffer)
{
    AudioServerPlugInIOCycleInfo cycle;
    OSStatus status;
    io_cycle(&cycle, time, frames);
    if (REALTIME((*ref)->BeginIOOperation(ref, device, client, operation, frames, &cycle)))
        return status;
    if (REALTIME((*ref)->DoIOOperation(ref, device, stream, client, operation, frames, &cycle, buffer, NULL)))
        return status;
    return REALTIME((*ref)->EndIOOperation(ref, device, client, operation, frames, &cycle));
}
