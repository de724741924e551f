/* Loops over one kind of call, for benchmarks; included by _engine.pyx after host_engine.h.
 *
 * No checks and no conversion: what is measured is the driver, plus one
 * indirect call each and the update of the cycle's times. */

#include <time.h>

enum host_bench { BENCH_STAMP, BENCH_CYCLE, BENCH_WRITE, BENCH_READ };

static double bench_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

HOST_GUARD_INLINE OSStatus bench_triple(host_engine *e, host_stream *s, UInt32 operation, UInt32 frames,
                                        const AudioServerPlugInIOCycleInfo *info, const ana_api *guard)
{
    AudioServerPlugInDriverInterface *table = *e->driver;
    guard_in(guard);
    OSStatus status = table->BeginIOOperation(e->driver, e->device, e->client, operation, frames, info);
    guard_out(guard);
    guard_in(guard);
    status |= table->DoIOOperation(e->driver, e->device, s->id, e->client, operation, frames, info, s->native.data, NULL);
    guard_out(guard);
    guard_in(guard);
    status |= table->EndIOOperation(e->driver, e->device, e->client, operation, frames, info);
    guard_out(guard);
    return status;
}

HOST_GUARD_INLINE double bench_loop(host_engine *e, int what, uint64_t count, UInt32 frames, const ana_api *guard,
                                    OSStatus *status)
{
    AudioServerPlugInIOCycleInfo info;
    double sample;
    uint64_t host, seed;
    const int stamp = what == BENCH_STAMP || what == BENCH_CYCLE;
    const int read = e->ops[OP_READ].will && (what == BENCH_READ || what == BENCH_CYCLE);
    const int write = e->ops[OP_WRITE].will && (what == BENCH_WRITE || what == BENCH_CYCLE);
    OSStatus failed = 0;
    engine_cycle_info(e, &info);
    double begin = bench_seconds();
    for (uint64_t i = 0; i < count; i++) {
        if (stamp) {
            guard_in(guard);
            failed |= (*e->driver)->GetZeroTimeStamp(e->driver, e->device, e->client, &sample, &host, &seed);
            guard_out(guard);
        }
        if (read)
            failed |= bench_triple(e, &e->inputs[0], kAudioServerPlugInIOOperationReadInput, frames, &info, guard);
        if (write)
            failed |= bench_triple(e, &e->outputs[0], kAudioServerPlugInIOOperationWriteMix, frames, &info, guard);
        info.mIOCycleCounter++;
        info.mCurrentTime.mSampleTime += frames;
        info.mInputTime.mSampleTime += frames;
        info.mOutputTime.mSampleTime += frames;
    }
    *status = failed;
    return bench_seconds() - begin;
}

/* Seconds for `count` calls; sample times go on from call to call and from run to run. Without a guard
 * it is a loop of its own, so that what is measured then knows nothing of guards. */
static double bench_run(host_engine *e, int what, uint64_t count, UInt32 frames, const ana_api *guard, OSStatus *status)
{
    double seconds = guard ? bench_loop(e, what, count, frames, guard, status)
                           : bench_loop(e, what, count, frames, NULL, status);
    uint64_t moved = what == BENCH_STAMP ? 0 : count * frames;
    e->time += (int64_t)moved;
    e->input_time += (int64_t)moved;
    e->output_time += (int64_t)moved;
    return seconds;
}

static double bench_property(AudioServerPlugInDriverRef driver, AudioObjectID object,
                             const AudioObjectPropertyAddress *address, int is_reference, uint64_t count, OSStatus *status)
{
    _Alignas(16) unsigned char data[8192];
    UInt32 size;
    OSStatus failed = 0;
    double begin = bench_seconds();
    for (uint64_t i = 0; i < count; i++) {
        failed |= (*driver)->GetPropertyData(driver, object, 0, address, 0, NULL, sizeof data, &size, data);
        if (is_reference)
            CFRelease(*(CFTypeRef *)data);
    }
    double seconds = bench_seconds() - begin;
    *status = failed;
    return seconds;
}

/* The same bytes by memcpy, for scale. */
static double bench_memcpy(size_t bytes, uint64_t count)
{
    unsigned char *from = aligned_alloc(64, (bytes + 63) / 64 * 64), *to = aligned_alloc(64, (bytes + 63) / 64 * 64);
    memset(from, 1, bytes);
    double begin = bench_seconds();
    for (uint64_t i = 0; i < count; i++) {
        memcpy(to, from, bytes);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
    double seconds = bench_seconds() - begin;
    free(from);
    free(to);
    return seconds;
}
