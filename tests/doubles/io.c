/* Clock, start and stop, and IO that are wrong. */

#include "doubles.h"

#include <dlfcn.h>
#include <math.h>

void note_start(void); /* life.c */

static atomic_int inside_do, coming, starting, reading, written, changed;
static bool has_started[65536]; /* by client */
static UInt32 first_client, open_client;
static int64_t last_time[LAST_OBJECT + 1];
static _Atomic int64_t written_to;
static bool silenced;

static bool is_device(AudioObjectID object)
{
    return object == DESK || object == WIRE;
}

static device *device_of(AudioObjectID object)
{
    return object == DESK ? &desk : &wire;
}

/* What a driver keeps to know whether it ended well. */
static void mark_dirty(bool dirty)
{
    AudioServerPlugInHostRef host = atomic_load(&true_host);
    CFStringRef key = CFStringCreateWithCString(NULL, "dirty", kCFStringEncodingUTF8);
    if (dirty)
        host->WriteToStorage(host, key, key);
    else
        host->DeleteFromStorage(host, key);
    CFRelease(key);
}

/* --- start and stop --- */

static OSStatus wrong_start(DRIVER d, AudioObjectID object, UInt32 client)
{
    static unsigned calls;
    static bool failed;
    bool running = is_device(object) && device_of(object)->started;
    note_start();
    if (broken("io-restarts") && is_device(object) && ++calls > 30)
        return kAudioHardwareNotReadyError;
    if (broken("starting-does-not-leak"))
        leak();
    if (broken("clients-without-lock")) {
        pthread_mutex_lock(&common_lock);
        pthread_mutex_unlock(&common_lock);
    }
    starting = running;
    if (running && broken("clock-on-several-threads"))
        usleep(300);
    OSStatus status = real.StartIO(d, object, client);
    starting = 0;
    if (broken("storage-after-crash") && !status)
        mark_dirty(true);
    has_started[client % 65536] = !status;
    if (!running && !status) {
        written = silenced = 0;
        first_client = client;
        for (int i = 0; i <= LAST_OBJECT; i++)
            last_time[i] = NO_FRAME;
    }
    if (broken("io-failed-start-leaves-no-trace") && !failed && !status) {
        failed = true;
        return kAudioHardwareNotReadyError;
    }
    return status;
}

static OSStatus wrong_stop(DRIVER d, AudioObjectID object, UInt32 client)
{
    if (broken("ends-without-overrelease")) {
        CFStringRef text = CFStringCreateWithCString(NULL, "released twice", kCFStringEncodingUTF8);
        CFRelease(text);
        CFRelease(text);
    }
    OSStatus status = real.StopIO(d, object, client);
    if (!status)
        has_started[client % 65536] = false;
    if (broken("storage-after-crash") && !status)
        mark_dirty(false);
    return status;
}

static OSStatus add_before(DRIVER, AudioObjectID, const AudioServerPlugInClientInfo *);
static OSStatus (*next_add)(DRIVER, AudioObjectID, const AudioServerPlugInClientInfo *);
static OSStatus (*next_get)(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32, UInt32 *, void *);
static OSStatus (*next_perform)(DRIVER, AudioObjectID, UInt64, void *);

static OSStatus add_before(DRIVER d, AudioObjectID object, const AudioServerPlugInClientInfo *info)
{
    coming = 1;
    if (broken("io-while-clients-come"))
        usleep(300);
    OSStatus status = next_add(d, object, info);
    coming = 0;
    return status;
}

static OSStatus get_slowly(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size,
                           const void *qualifier, UInt32 capacity, UInt32 *out, void *data)
{
    bool slow = broken("io-while-properties-are-read") && a && a->mSelector == kAudioObjectPropertyOwnedObjects;
    if (!slow)
        return next_get(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    reading = 1;
    usleep(300);
    OSStatus status = next_get(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    reading = 0;
    return status;
}

static OSStatus perform_and_tell(DRIVER d, AudioObjectID object, UInt64 action, void *info)
{
    OSStatus status = next_perform(d, object, action, info);
    changed = !status;
    return status;
}

/* --- the clock --- */

static OSStatus wrong_stamp(DRIVER d, AudioObjectID object, UInt32 client, Float64 *sample, UInt64 *host, UInt64 *seed)
{
    if (broken("clock-unknown-device") && !is_device(object))
        return 0;
    if (broken("clock-null-outs"))
        *(volatile Float64 *)sample = 0, *(volatile UInt64 *)host = 0, *(volatile UInt64 *)seed = 0;
    OSStatus status = real.GetZeroTimeStamp(d, object, client, sample, host, seed);
    if (broken("clock-stopped-device") && is_device(object) && !device_of(object)->started)
        return kAudioHardwareUnspecifiedError;
    if (status || !is_device(object))
        return status;
    line_values l = clock_line(&device_of(object)->clock);
    if (broken("clock-after-boot") && mach_absolute_time() < 1000000)
        return kAudioHardwareNotRunningError;
    if (broken("io-starts-once") && !has_started[client % 65536])
        return kAudioHardwareNotRunningError;
    if (broken("clock-rate"))
        *host -= (UInt64)(0.02 * (double)(*host - l.anchor));
    if (broken("clock-current")) {
        *sample = *sample < 2 * PERIOD ? 0 : *sample - 2 * PERIOD;
        *host = l.anchor + ticks_of((uint64_t)*sample, l.rate);
    }
    if (broken("clock-long-uptime") && *host > 1ull << 48)
        *host = (UInt64)((Float32)*host * 0.9999999f);
    if (broken("clock-on-several-threads") && starting)
        *host -= 1000;
    return status;
}

/* --- operations --- */

static OSStatus wrong_will(DRIVER d, AudioObjectID object, UInt32 client, UInt32 operation, Boolean *will, Boolean *in_place)
{
    if (broken("io-null-will-do"))
        *(volatile Boolean *)will = 0, *(volatile Boolean *)in_place = 1;
    OSStatus status = real.WillDoIOOperation(d, object, client, operation, will, in_place);
    if (status || !will)
        return status;
    if (broken("io-secondary-filled") && operation == kAudioServerPlugInIOOperationProcessInput) {
        *will = 1;
        *in_place = 0;
    }
    if (broken("io-unknown-operation") && operation == SECRET)
        *will = 1;
    if (broken("io-promises-hold") && operation == kAudioServerPlugInIOOperationCycle)
        *will = device_of(object)->started > 0;
    return status;
}

/* One operation of a device at a time, it thinks. */
static OSStatus wrong_begin(DRIVER d, AudioObjectID object, UInt32 client, UInt32 operation, UInt32 frames, CYCLE info)
{
    open_client = client;
    return real.BeginIOOperation(d, object, client, operation, frames, info);
}

static bool reads(UInt32 operation)
{
    return operation == kAudioServerPlugInIOOperationReadInput;
}

/* Refused for what is no reason. */
static bool refused(UInt32 client, UInt32 frames, CYCLE info)
{
    return (broken("io-varying-counts") && frames % 2) ||
           (broken("io-more-than-nominal") && info && frames > info->mNominalIOBufferFrameSize) ||
           (broken("io-interleaved") && client != open_client) || (broken("io-mix-for-host") && client == 0) || (broken("io-parallel-clients") && client != first_client) ||
           (broken("io-while-clients-come") && coming) || (broken("io-while-properties-are-read") && reading);
}

static void fill(void *audio, UInt32 frames, const stream *s, Float32 value)
{
    Float32 *samples = audio;
    for (UInt32 i = 0; i < frames * s->channels && s->kind == FLOAT32; i++)
        samples[i] = value;
}

/* How far a stream's time has jumped. */
static int64_t jump(AudioObjectID object, int64_t time, UInt32 frames)
{
    int64_t expected = last_time[object];
    last_time[object] = time + frames;
    return expected == NO_FRAME ? 0 : time - expected;
}

static void spoil_read(stream *s, Float64 time, UInt32 frames, void *audio)
{
    int64_t jumped = jump(s->id, (int64_t)time, frames);
    silenced |= (broken("audio-after-skip") && jumped > 100 && jumped < 240000) ||
                (broken("audio-after-sleep") && jumped > 1200000000 && jumped < 1600000000);
    if (broken("audio-is-finite"))
        *(Float32 *)audio = NAN;
    if ((broken("audio-silent-before-writing") && !written) || (broken("audio-clean-after-rate-change") && changed))
        fill(audio, frames, s, 0.5f);
    if (broken("audio-stays-at-its-time") && (int64_t)time > written_to + 5000)
        fill(audio, frames, s, 0.5f);
    if (silenced || (broken("audio-after-12-hours") && time > 2147483648.0))
        fill(audio, frames, s, 0.0f);
    if (broken("audio-every-format") && s->kind == INT16)
        memset(audio, 0, frames * s->channels * 2);
    if (broken("audio-any-sample-time") && time != floor(time))
        fill(audio, frames, s, NAN);
}

static void waste_time(void)
{
    int (*ensure)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "PyGILState_Ensure");
    void (*release)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "PyGILState_Release");
    if (broken("realtime-no-waiting"))
        usleep(1);
    if (broken("realtime-no-interpreter") && ensure && release)
        release(ensure());
    if (broken("io-waits-for-no-host-call")) {
        pthread_mutex_lock(&common_lock);
        pthread_mutex_unlock(&common_lock);
    }
}

static OSStatus wrong_do(DRIVER d, AudioObjectID object, AudioObjectID id, UInt32 client, UInt32 operation, UInt32 frames,
                         CYCLE info, void *audio, void *other)
{
    if (chosen_double)
        waste_time();
    stream *s = is_device(object) ? stream_at(device_of(object), id, reads(operation)) : NULL;
    if (broken("io-wrong-stream") && is_device(object) && !s && audio) {
        memset(audio, 0, 64);
        return 0;
    }
    if (refused(client, frames, info))
        return kAudioHardwareUnspecifiedError;
    bool crowded = atomic_fetch_add(&inside_do, 1) > 0;
    if (broken("io-on-several-threads"))
        usleep(100);
    if (broken("audio-mixed-clients") && s && !reads(operation) && device_of(object)->started > 1)
        for (UInt32 i = 0; i < frames * s->channels && s->kind == FLOAT32; i++)
            ((Float32 *)audio)[i] *= 0.5f;
    OSStatus status = real.DoIOOperation(d, object, id, client, operation, frames, info, audio, other);
    atomic_fetch_sub(&inside_do, 1);
    if (crowded && broken("io-on-several-threads"))
        return kAudioHardwareUnspecifiedError;
    if (!status && s && reads(operation))
        spoil_read(s, info->mInputTime.mSampleTime, frames, audio);
    if (!status && s && !reads(operation)) {
        atomic_store(&written_to, (int64_t)info->mOutputTime.mSampleTime + frames);
        atomic_store(&written, 1);
        atomic_store(&changed, 0);
    }
    return status;
}

void break_io(AudioServerPlugInDriverInterface *table)
{
    next_add = table->AddDeviceClient;
    next_get = table->GetPropertyData;
    next_perform = table->PerformDeviceConfigurationChange;
    table->AddDeviceClient = add_before;
    table->GetPropertyData = get_slowly;
    table->PerformDeviceConfigurationChange = perform_and_tell;
    table->StartIO = wrong_start;
    table->StopIO = wrong_stop;
    table->GetZeroTimeStamp = wrong_stamp;
    table->WillDoIOOperation = wrong_will;
    table->BeginIOOperation = wrong_begin;
    table->DoIOOperation = wrong_do;
}
