/*
 * The floor driver, made safe for every odd call, with one thing wrong that only odd calls, rare
 * ones, or several threads meet: -DTOOTH=name. What tests/test_fuzz.py lets the fuzzer find.
 */

#include "../../bench/floor.c"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum tooth {
    none, qualifier_of_three, writes_past, writes_before, says_more, leaks_rarely, leaks_memory, reads_beyond, releases_twice, hangs,
    deadlocks, exits, garbage_status, no_string, writes_qualifier, notifies_in_io, stamp_in_future, needs_a_sequence,
    deep,
};

#ifndef TOOTH
#define TOOTH none
#endif

#define SECRET 'deep'

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static int changes_while_started;

static void crash(void)
{
    *(volatile int *)0 = 1;
}

/* Two threads that come from both sides wait for each other for ever. */
static void lock_both(pthread_mutex_t *first, pthread_mutex_t *second)
{
    pthread_mutex_lock(first);
    sched_yield();
    pthread_mutex_lock(second);
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
}

static int is_string(CFTypeRef object)
{
    return CFGetTypeID(object) == CFStringGetTypeID();
}

static void notify(void)
{
    AudioObjectPropertyAddress active = {kAudioStreamPropertyIsActive, kAudioObjectPropertyScopeGlobal, 0};
    floor_state.host->PropertiesChanged(floor_state.host, INPUT, 1, &active);
}

/* Eight bytes, each of which is looked at only when those before it are right. */
static void look_deeply(const unsigned char *bytes)
{
    if (bytes[0] == 0x1F)
        if (bytes[1] == 0x8B)
            if (bytes[2] == 0x54)
                if (bytes[3] == 0x59)
                    if (bytes[4] == 0x4D)
                        if (bytes[5] == 0x50)
                            crash();
}

static OSStatus teeth_get(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                          UInt32 qualifier_size, const void *qualifier, UInt32 capacity, UInt32 *out, void *data)
{
    UInt32 selector = a ? a->mSelector : 0;
    int translates = object == PLUGIN && selector == kAudioPlugInPropertyTranslateUIDToDevice && out && data && capacity >= 4;
    if (TOOTH == qualifier_of_three && translates && qualifier_size == 3)
        (void)**(volatile char *const *)qualifier; /* as a reference, which takes eight bytes */
    if (TOOTH == leaks_rarely && translates && qualifier_size == 8 && is_string(*(CFTypeRef *)qualifier) &&
        CFStringGetLength(*(CFStringRef *)qualifier) > 100)
        CFRetain(*(CFTypeRef *)qualifier);
    if (TOOTH == leaks_memory && translates && qualifier_size == 5)
        *(void *volatile *)&(void *){0} = malloc(100);
    if (TOOTH == reads_beyond && translates && qualifier_size == 7) {
        volatile int size = 8; /* so that UndefinedBehaviorSanitizer does not know it */
        char *copy = malloc(size);
        changes_while_started += copy[size];
        free(copy);
    }
    if (TOOTH == writes_qualifier && qualifier_size == 12 && qualifier)
        ((char *)qualifier)[11] ^= 1;
    if (TOOTH == garbage_status && object == DEVICE && a && a->mElement == 2)
        return 0x7F001234;
    OSStatus status = floor_get(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    if (status || !data || !out)
        return status;
    if (TOOTH == writes_past && selector == kAudioDevicePropertyAvailableNominalSampleRates && capacity % 16 == 7)
        memset(data, 0, capacity + 1);
    if (TOOTH == writes_before && selector == kAudioObjectPropertyOwnedObjects && capacity == 4)
        ((char *)data)[-1] = 0;
    if (TOOTH == says_more && selector == kAudioDevicePropertyStreams && capacity < 4)
        *out = 8;
    if (TOOTH == releases_twice && selector == kAudioObjectPropertyName && pid < 0)
        CFRelease(*(CFTypeRef *)data);
    if (TOOTH == no_string && selector == kAudioDevicePropertyModelUID && pid > 500)
        *(void **)data = (void *)0x1230;
    return status;
}

static OSStatus teeth_set(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                          UInt32 qualifier_size, const void *qualifier, UInt32 size, const void *data)
{
    UInt32 selector = a ? a->mSelector : 0;
    if (TOOTH == deep && object == DEVICE && selector == SECRET && size == 8 && data)
        look_deeply(data);
    if (selector == SECRET)
        return object == DEVICE && size == 8 ? 0 : kAudioHardwareBadPropertySizeError;
    if (TOOTH == hangs && selector == kAudioStreamPropertyIsActive && size == 4 && data && *(const UInt32 *)data == 0x80000000u)
        for (volatile int spins = 1; spins;)
            ;
    if (TOOTH == deadlocks && selector == kAudioStreamPropertyIsActive && object == INPUT)
        lock_both(&one, &other);
    if (TOOTH == deadlocks && selector == kAudioStreamPropertyIsActive && object == OUTPUT)
        lock_both(&other, &one);
    return floor_set(d, object, pid, a, qualifier_size, qualifier, size, data);
}

static Boolean teeth_has(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a)
{
    int ours = a && TOOTH == deep && object == DEVICE && a->mScope == kAudioObjectPropertyScopeGlobal && !a->mElement;
    if (ours && (a->mSelector == SECRET || a->mSelector == kAudioObjectPropertyCustomPropertyInfoList))
        return 1;
    return floor_has(d, object, pid, a);
}

static OSStatus teeth_size(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                           UInt32 qualifier_size, const void *qualifier, UInt32 *out)
{
    int custom = a && a->mSelector == kAudioObjectPropertyCustomPropertyInfoList;
    if (a && out && teeth_has(d, object, pid, a) && !floor_has(d, object, pid, a)) {
        *out = custom ? sizeof(AudioServerPlugInCustomPropertyInfo) : 8;
        return 0;
    }
    return floor_size(d, object, pid, a, qualifier_size, qualifier, out);
}

static OSStatus deep_get(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                         UInt32 qualifier_size, const void *qualifier, UInt32 capacity, UInt32 *out, void *data)
{
    AudioServerPlugInCustomPropertyInfo info = {SECRET, 0, 0};
    UInt32 size = 0;
    if (!d || !a || !out || !data || teeth_size(d, object, pid, a, 0, NULL, &size) || floor_has(d, object, pid, a))
        return teeth_get(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    if (capacity < size)
        return kAudioHardwareBadPropertySizeError;
    memset(data, 0, size);
    if (a->mSelector != SECRET)
        memcpy(data, &info, size);
    *out = size;
    return 0;
}

static OSStatus teeth_settable(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid,
                               const AudioObjectPropertyAddress *a, Boolean *out)
{
    if (a && out && object == DEVICE && a->mSelector == SECRET && teeth_has(d, object, pid, a)) {
        *out = 1;
        return 0;
    }
    return floor_settable(d, object, pid, a, out);
}

static OSStatus teeth_do(AudioServerPlugInDriverRef d, AudioObjectID device, AudioObjectID stream, UInt32 client,
                         UInt32 operation, UInt32 frames, const AudioServerPlugInIOCycleInfo *info, void *audio, void *second)
{
    int promised = operation == kAudioServerPlugInIOOperationReadInput || operation == kAudioServerPlugInIOOperationWriteMix;
    if (device == DEVICE && (stream < INPUT || stream > OUTPUT))
        return kAudioHardwareBadStreamError;
    if (!info || !audio)
        return kAudioHardwareIllegalOperationError;
    if (TOOTH == notifies_in_io && frames == 4096)
        notify();
    if (!promised || frames > RING)
        return 0;
    double time = (operation == kAudioServerPlugInIOOperationReadInput ? info->mInputTime : info->mOutputTime).mSampleTime;
    if (!(time > -9e15 && time < 9e15))
        return 0;
    return floor_do(d, device, stream, client, operation, frames, info, audio, second);
}

static OSStatus teeth_stamp(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, Float64 *sample, UInt64 *host,
                            UInt64 *seed)
{
    if (!sample || !host || !seed)
        return kAudioHardwareIllegalOperationError;
    if (device == DEVICE && !floor_state.started)
        return kAudioHardwareNotRunningError;
    OSStatus status = floor_zero_time_stamp(d, device, client, sample, host, seed);
    if (TOOTH == stamp_in_future && !status && *sample > 0)
        *host += (UInt64)floor_state.period_ticks;
    return status;
}

static OSStatus teeth_will_do(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, UInt32 operation,
                              Boolean *will, Boolean *in_place)
{
    return will && in_place ? floor_will_do(d, device, client, operation, will, in_place) : kAudioHardwareIllegalOperationError;
}

static OSStatus teeth_client(AudioServerPlugInDriverRef d, AudioObjectID device, const AudioServerPlugInClientInfo *client)
{
    return client ? floor_client(d, device, client) : kAudioHardwareIllegalOperationError;
}

/* Only rates are rates. The sequence: started, changed while started, stopped. */
static OSStatus teeth_perform(AudioServerPlugInDriverRef d, AudioObjectID device, UInt64 action, void *info)
{
    int known = 0;
    for (int i = 0; i < 6; i++)
        known |= (double)action == rates[i];
    if (device == DEVICE && !known)
        return 0;
    changes_while_started += device == DEVICE && floor_state.started;
    return floor_perform(d, device, action, info);
}

static OSStatus teeth_abort(AudioServerPlugInDriverRef d, AudioObjectID device, UInt64 action, void *info)
{
    if (TOOTH == exits && device == DEVICE && action > 40000 && action < 200000)
        exit(0);
    return floor_abort(d, device, action, info);
}

static OSStatus teeth_stop(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client)
{
    if (TOOTH == needs_a_sequence && device == DEVICE && changes_while_started && floor_state.started)
        crash();
    return floor_stop(d, device, client);
}

static OSStatus teeth_start(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client)
{
    OSStatus status = floor_start(d, device, client);
    changes_while_started = status ? changes_while_started : 0;
    return status;
}

__attribute__((constructor)) static void install(void)
{
    floor_table.GetPropertyData = TOOTH == deep ? deep_get : teeth_get;
    floor_table.GetPropertyDataSize = teeth_size;
    floor_table.HasProperty = teeth_has;
    floor_table.IsPropertySettable = teeth_settable;
    floor_table.SetPropertyData = teeth_set;
    floor_table.DoIOOperation = teeth_do;
    floor_table.GetZeroTimeStamp = teeth_stamp;
    floor_table.WillDoIOOperation = teeth_will_do;
    floor_table.AddDeviceClient = floor_table.RemoveDeviceClient = teeth_client;
    floor_table.PerformDeviceConfigurationChange = teeth_perform;
    floor_table.AbortDeviceConfigurationChange = teeth_abort;
    floor_table.StopIO = teeth_stop;
    floor_table.StartIO = teeth_start;
}
