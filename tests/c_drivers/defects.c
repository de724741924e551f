/*
 * The floor driver with one thing wrong, chosen by -DDEFECT=name, so that every
 * check of the simulated host is seen to catch something.
 */

#define _GNU_SOURCE
#include <dlfcn.h>

#include "../../bench/floor.c"

enum defect {
    none,
    stamp_in_future, stamp_goes_back, stamp_one_off, stamp_moves, stamp_drifts, stamp_catches_up_slowly, stamp_fails,
    seed_kept_over_restart, seed_kept_over_rate_change,
    read_leaves_frame, read_does_nothing, writes_past_end, writes_before_start, do_fails,
    leaks_string, releases_too_often, string_is_bytes, keeps_reference, null_slot,
    initialize_fails, start_fails, stop_without_start_succeeds, second_initialize_succeeds,
    streams_unscoped, no_available_formats, no_hidden_property, short_buffer_written, long_value_written,
    getter_notifies, set_is_silently_ignored, any_rate_accepted, rate_changes_at_once, unknown_object_succeeds,
    notifies_in_io, notifies_with_gil, requests_in_initialize, perform_fails, device_owner_is_itself, uid_does_not_translate, small_period, has_buffer_size,
};

static double last_sample;
static uint64_t calls;

static OSStatus bad_stamp(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, Float64 *sample, UInt64 *host,
                          UInt64 *seed)
{
    OSStatus status = floor_zero_time_stamp(d, device, client, sample, host, seed);
    calls++;
    switch (DEFECT) {
    case stamp_in_future:
        *sample += PERIOD;
        *host += (uint64_t)floor_state.period_ticks;
        break;
    case stamp_goes_back:
        if (*sample > 2 * PERIOD)
            *sample -= 2 * PERIOD, *host -= (uint64_t)(2 * floor_state.period_ticks);
        break;
    case stamp_one_off:
        *sample += *sample > 0;
        break;
    case stamp_moves:
        *host -= *host > floor_state.anchor && calls % 2;
        break;
    case stamp_drifts:
        *host -= (uint64_t)(0.02 * (double)(*host - floor_state.anchor));
        break;
    case stamp_catches_up_slowly:
        if (*sample > last_sample + PERIOD) {
            *host -= (uint64_t)((*sample - last_sample - PERIOD) * floor_state.period_ticks / PERIOD);
            *sample = last_sample + PERIOD;
        }
        last_sample = *sample;
        break;
    case stamp_fails:
        return kAudioHardwareNotRunningError;
    case seed_kept_over_restart:
    case seed_kept_over_rate_change:
        *seed = 1;
        break;
    }
    return status;
}

static void notify(void)
{
    AudioObjectPropertyAddress active = {kAudioStreamPropertyIsActive, kAudioObjectPropertyScopeGlobal, 0};
    floor_state.host->PropertiesChanged(floor_state.host, INPUT, 1, &active);
}

/* The lock of the process's interpreter, as a driver's Python code holds it without a bundle. */
static void notify_with_gil(void)
{
    int (*ensure)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "PyGILState_Ensure");
    void (*release)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "PyGILState_Release");
    int state = ensure();
    notify();
    release(state);
}

static OSStatus bad_do(AudioServerPlugInDriverRef d, AudioObjectID device, AudioObjectID stream, UInt32 client,
                       UInt32 operation, UInt32 frames, const AudioServerPlugInIOCycleInfo *info, void *audio, void *other)
{
    int reads = operation == kAudioServerPlugInIOOperationReadInput;
    if (DEFECT == notifies_in_io && reads)
        notify();
    unsigned char *bytes = audio, *end = bytes + frames * FRAME;
    if (DEFECT == read_does_nothing && reads)
        return 0;
    if (DEFECT == do_fails)
        return kAudioHardwareUnspecifiedError;
    unsigned char last[FRAME];
    memcpy(last, end - FRAME, FRAME);
    OSStatus status = floor_do(d, device, stream, client, operation, frames, info, audio, other);
    if (DEFECT == read_leaves_frame && reads)
        memcpy(end - FRAME, last, FRAME);
    if (DEFECT == writes_past_end && reads)
        *end = 0;
    if (DEFECT == writes_before_start && !reads)
        bytes[-1] = 0;
    return status;
}

static OSStatus bad_get(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                        UInt32 qualifier_size, const void *qualifier, UInt32 capacity, UInt32 *out, void *data)
{
    OSStatus status = floor_get(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    if (!a)
        return status;
    int is_name = object == DEVICE && a->mSelector == kAudioObjectPropertyName && !status;
    switch (DEFECT) {
    case leaks_string:
        if (is_name)
            CFRetain(*(CFTypeRef *)data);
        break;
    case releases_too_often:
        if (is_name)
            CFRelease(*(CFTypeRef *)data);
        break;
    case string_is_bytes:
        if (is_name)
            memcpy(data, "Floor\0\0", 8);
        break;
    case short_buffer_written:
        if (status == kAudioHardwareBadPropertySizeError && capacity)
            memset(data, 0, capacity);
        break;
    case long_value_written:
        if (object == DEVICE && a->mSelector == kAudioDevicePropertyIsHidden && !status)
            memset(data, 0, 8);
        break;
    case getter_notifies:
        if (object == DEVICE && a->mSelector == kAudioDevicePropertyLatency && !status)
            notify();
        break;
    case unknown_object_succeeds:
        if (object > OUTPUT)
            return 0;
        break;
    case device_owner_is_itself:
        if (object == DEVICE && a->mSelector == kAudioObjectPropertyOwner && !status)
            *(UInt32 *)data = DEVICE;
        break;
    case uid_does_not_translate:
        if (a->mSelector == kAudioPlugInPropertyTranslateUIDToDevice && !status)
            *(UInt32 *)data = 0;
        break;
    case small_period:
        if (object == DEVICE && a->mSelector == kAudioDevicePropertyZeroTimeStampPeriod && !status)
            *(UInt32 *)data = 4096;
        break;
    case streams_unscoped:
        if (object == DEVICE && a->mSelector == kAudioDevicePropertyStreams && !status && a->mScope != 'glob' && data) {
            AudioObjectPropertyAddress all = {a->mSelector, kAudioObjectPropertyScopeGlobal, 0};
            return floor_get(d, object, pid, &all, 0, NULL, capacity, out, data);
        }
        break;
    }
    return status;
}

static OSStatus bad_size(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                         UInt32 qualifier_size, const void *qualifier, UInt32 *out)
{
    OSStatus status = floor_size(d, object, pid, a, qualifier_size, qualifier, out);
    if (DEFECT == streams_unscoped && a && object == DEVICE && a->mSelector == kAudioDevicePropertyStreams && out)
        *out = 8;
    return status;
}

static Boolean bad_has(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a)
{
    UInt32 selector = a ? a->mSelector : 0;
    if (DEFECT == no_available_formats && selector == kAudioStreamPropertyAvailablePhysicalFormats)
        return 0;
    if (DEFECT == no_hidden_property && selector == kAudioDevicePropertyIsHidden)
        return 0;
    if (DEFECT == has_buffer_size && selector == 'fsiz' && object == DEVICE)
        return 1;
    return floor_has(d, object, pid, a);
}

static OSStatus bad_set(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                        UInt32 qualifier_size, const void *qualifier, UInt32 size, const void *data)
{
    OSStatus status = floor_set(d, object, pid, a, qualifier_size, qualifier, size, data);
    int rate = a && a->mSelector == kAudioDevicePropertyNominalSampleRate && size == 8 && data;
    if (DEFECT == notifies_with_gil && rate)
        notify_with_gil();
    if (DEFECT == set_is_silently_ignored && status == kAudioHardwareUnsupportedOperationError)
        return 0;
    if (DEFECT == any_rate_accepted && rate)
        return 0;
    if (DEFECT == rate_changes_at_once && rate && !status)
        floor_state.rate = *(const double *)data;
    return status;
}

static OSStatus bad_initialize(AudioServerPlugInDriverRef d, AudioServerPlugInHostRef host)
{
    if (DEFECT == initialize_fails)
        return kAudioHardwareNotReadyError;
    OSStatus status = floor_initialize(d, host);
    if (DEFECT == requests_in_initialize && !status)
        host->RequestDeviceConfigurationChange(host, DEVICE, 48000, NULL);
    return DEFECT == second_initialize_succeeds ? 0 : status;
}

static OSStatus bad_start(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client)
{
    return DEFECT == start_fails ? kAudioHardwareNotReadyError : floor_start(d, device, client);
}

static OSStatus bad_stop(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client)
{
    OSStatus status = floor_stop(d, device, client);
    return DEFECT == stop_without_start_succeeds && device == DEVICE ? 0 : status;
}

static OSStatus bad_perform(AudioServerPlugInDriverRef d, AudioObjectID device, UInt64 action, void *info)
{
    return DEFECT == perform_fails ? kAudioHardwareNotReadyError : floor_perform(d, device, action, info);
}

static ULONG bad_release(void *d)
{
    return DEFECT == keeps_reference && floor_state.references == 1 ? 1 : floor_release(d);
}

/* Only what the defect needs is replaced. Runs when the image is loaded. */
__attribute__((constructor)) static void install(void)
{
    floor_table.Initialize = bad_initialize;
    floor_table.StartIO = bad_start;
    floor_table.StopIO = bad_stop;
    floor_table.Release = bad_release;
    floor_table.PerformDeviceConfigurationChange = bad_perform;
    floor_table.GetZeroTimeStamp = bad_stamp;
    floor_table.DoIOOperation = bad_do;
    floor_table.GetPropertyData = bad_get;
    floor_table.GetPropertyDataSize = bad_size;
    floor_table.SetPropertyData = DEFECT == null_slot ? NULL : bad_set;
    floor_table.HasProperty = bad_has;
}
