/*
 * The memcpy floor: an AudioServerPlugIn whose IO path does nothing but copy.
 *
 * Written from the protocol alone, sharing no line with tympan: the lower bound
 * that benchmarks compare with, and the simulated host's own test subject. One
 * loopback device, one interleaved float32 stream each way over a 64-byte-aligned
 * ring; no lock, no check and no silence for old audio on the IO path.
 *
 * Needs -I tympan. -DCHANNELS=, -DSAFETY_INPUT=, -DSAFETY_OUTPUT=, -DLATENCY=,
 * -DFLOOR_FACTORY= and -DFLOOR_UID="..." change the device; -DINTEGER= (16, 24 or
 * 32 bits) makes its samples integers, which are copied all the same.
 */

#include "coreaudio.h"

#include <stdatomic.h>

#ifndef CHANNELS
#define CHANNELS 2
#endif
#ifndef SAFETY_INPUT
#define SAFETY_INPUT 0
#endif
#ifndef SAFETY_OUTPUT
#define SAFETY_OUTPUT 0
#endif
#ifndef LATENCY
#define LATENCY 0
#endif
#ifndef FLOOR_FACTORY
#define FLOOR_FACTORY FloorFactory
#endif
#ifndef FLOOR_UID
#define FLOOR_UID "org.tympan.floor"
#endif

#ifdef INTEGER
#define BITS INTEGER
#define SAMPLE_FLAGS (kAudioFormatFlagIsSignedInteger | kAudioFormatFlagIsPacked)
#else
#define BITS 32
#define SAMPLE_FLAGS (kAudioFormatFlagIsFloat | kAudioFormatFlagIsPacked)
#endif

#define RING 32768u
#define PERIOD 16384u
#define FRAME ((size_t)(BITS / 8 * CHANNELS)) /* bytes */

enum { PLUGIN = kAudioObjectPlugInObject, DEVICE, INPUT, OUTPUT };
enum { UID, MODEL_UID, NAME, MAKER, INPUT_NAME, OUTPUT_NAME, BUNDLE_ID, NOTHING, STRINGS };

static const char *const texts[STRINGS] = {
    FLOOR_UID, FLOOR_UID ".model", "Floor", "tympan", "Floor In", "Floor Out", "org.tympan.floor.driver", "",
};
static const double rates[] = {44100, 48000, 88200, 96000, 176400, 192000};

static struct {
    atomic_uint references;
    AudioServerPlugInHostRef host;
    dispatch_queue_t queue;
    CFStringRef strings[STRINGS];
    _Atomic double rate;
    atomic_uint started, active[2];
    /* The clock; changed only while IO is stopped. */
    uint64_t anchor, seed;
    double period_ticks, ticks_per_second;
} floor_state;

static _Alignas(64) unsigned char ring[RING * FRAME];

/* --- IO ------------------------------------------------------------------- */

static OSStatus floor_zero_time_stamp(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, Float64 *sample,
                                      UInt64 *host, UInt64 *seed)
{
    (void)d, (void)client;
    if (device != DEVICE)
        return kAudioHardwareBadObjectError;
    uint64_t elapsed = mach_absolute_time() - floor_state.anchor;
    uint64_t k = (uint64_t)((double)elapsed / floor_state.period_ticks);
    uint64_t ticks = (uint64_t)((double)k * floor_state.period_ticks);
    if (ticks > elapsed)
        ticks = (uint64_t)((double)--k * floor_state.period_ticks);
    *sample = (double)(k * PERIOD);
    *host = floor_state.anchor + ticks;
    *seed = floor_state.seed;
    return 0;
}

static OSStatus floor_will_do(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, UInt32 operation,
                              Boolean *will, Boolean *in_place)
{
    (void)d, (void)client;
    if (device != DEVICE)
        return kAudioHardwareBadObjectError;
    *will = operation == kAudioServerPlugInIOOperationReadInput || operation == kAudioServerPlugInIOOperationWriteMix;
    *in_place = 1;
    return 0;
}

static OSStatus floor_begin_end(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client, UInt32 operation,
                                UInt32 frames, const AudioServerPlugInIOCycleInfo *info)
{
    (void)d, (void)client, (void)operation, (void)frames, (void)info;
    return device == DEVICE ? 0 : kAudioHardwareBadObjectError;
}

static OSStatus floor_do(AudioServerPlugInDriverRef d, AudioObjectID device, AudioObjectID stream, UInt32 client,
                         UInt32 operation, UInt32 frames, const AudioServerPlugInIOCycleInfo *info, void *audio, void *unused)
{
    (void)d, (void)client, (void)unused, (void)stream;
    if (device != DEVICE)
        return kAudioHardwareBadObjectError;
    int reads = operation == kAudioServerPlugInIOOperationReadInput;
    int64_t time = (int64_t)(reads ? info->mInputTime : info->mOutputTime).mSampleTime;
    size_t at = (size_t)time % RING;
    size_t first = (frames < RING - at ? frames : RING - at) * FRAME, rest = frames * FRAME - first;
    unsigned char *here = ring + at * FRAME, *data = audio;
    if (reads) {
        memcpy(data, here, first);
        memcpy(data + first, ring, rest);
    } else {
        memcpy(here, data, first);
        memcpy(ring, data + first, rest);
    }
    return 0;
}

static void floor_anchor(void)
{
    floor_state.anchor = mach_absolute_time();
    floor_state.period_ticks = PERIOD * floor_state.ticks_per_second / floor_state.rate;
    floor_state.seed++;
    memset(ring, 0, sizeof ring);
}

static OSStatus floor_start(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client)
{
    (void)d, (void)client;
    if (device != DEVICE)
        return kAudioHardwareBadObjectError;
    if (atomic_fetch_add(&floor_state.started, 1) == 0)
        floor_anchor();
    return 0;
}

static OSStatus floor_stop(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client)
{
    (void)d, (void)client;
    if (device != DEVICE)
        return kAudioHardwareBadObjectError;
    if (floor_state.started == 0)
        return kAudioHardwareIllegalOperationError;
    atomic_fetch_sub(&floor_state.started, 1);
    return 0;
}

/* --- properties ----------------------------------------------------------- */

/* One property's value: `element` is the size of a list's elements, 0 for a value of fixed size. */
typedef struct {
    UInt32 size, element, settable;
    CFStringRef string;
    union {
        unsigned char bytes[512];
        UInt32 u32[128];
        Float64 f64[64];
        AudioStreamBasicDescription format;
        AudioStreamRangedDescription formats[6];
        AudioValueRange ranges[6];
    };
} value;

static OSStatus number(value *v, UInt32 n)
{
    v->size = 4;
    v->u32[0] = n;
    return 0;
}

static OSStatus text(value *v, int which)
{
    v->size = 8;
    v->string = floor_state.strings[which];
    return 0;
}

static OSStatus list(value *v, UInt32 count, UInt32 a, UInt32 b)
{
    v->element = 4;
    v->size = 4 * count;
    v->u32[0] = a;
    v->u32[1] = b;
    return 0;
}

static AudioStreamBasicDescription format_at(double rate)
{
    return (AudioStreamBasicDescription){
        .mSampleRate = rate,
        .mFormatID = kAudioFormatLinearPCM,
        .mFormatFlags = SAMPLE_FLAGS,
        .mBytesPerPacket = FRAME,
        .mFramesPerPacket = 1,
        .mBytesPerFrame = FRAME,
        .mChannelsPerFrame = CHANNELS,
        .mBitsPerChannel = BITS,
    };
}

static OSStatus format_value(value *v)
{
    v->size = sizeof v->format;
    v->settable = 1;
    v->format = format_at(floor_state.rate);
    return 0;
}

static OSStatus formats_value(value *v)
{
    v->element = sizeof v->formats[0];
    v->size = sizeof v->formats;
    for (int i = 0; i < 6; i++)
        v->formats[i] = (AudioStreamRangedDescription){format_at(rates[i]), {rates[i], rates[i]}};
    return 0;
}

static OSStatus plugin_value(UInt32 selector, UInt32 qualifier_size, const void *qualifier, value *v)
{
    switch (selector) {
    case kAudioObjectPropertyBaseClass: return number(v, kAudioObjectClassID);
    case kAudioObjectPropertyClass: return number(v, kAudioPlugInClassID);
    case kAudioObjectPropertyOwner: return number(v, kAudioObjectUnknown);
    case kAudioObjectPropertyManufacturer: return text(v, MAKER);
    case kAudioObjectPropertyOwnedObjects:
    case kAudioPlugInPropertyDeviceList: return list(v, 1, DEVICE, 0);
    case kAudioPlugInPropertyBoxList: return list(v, 0, 0, 0);
    case kAudioPlugInPropertyBundleID: return text(v, BUNDLE_ID);
    case kAudioPlugInPropertyResourceBundle: return text(v, NOTHING);
    case kAudioPlugInPropertyTranslateUIDToBox:
    case kAudioPlugInPropertyTranslateUIDToDevice:
        number(v, 0);
        if (!qualifier)
            return 0;
        if (qualifier_size != sizeof(CFStringRef))
            return kAudioHardwareBadPropertySizeError;
        int device = selector == kAudioPlugInPropertyTranslateUIDToDevice;
        return number(v, device && CFEqual(*(CFStringRef *)qualifier, floor_state.strings[UID]) ? DEVICE : 0);
    }
    return kAudioHardwareUnknownPropertyError;
}

static OSStatus device_scoped(UInt32 selector, UInt32 scope, value *v)
{
    int input = scope != kAudioObjectPropertyScopeOutput, output = scope != kAudioObjectPropertyScopeInput;
    int global = input && output;
    switch (selector) {
    case kAudioObjectPropertyOwnedObjects:
    case kAudioDevicePropertyStreams: return list(v, (UInt32)(input + output), input ? INPUT : OUTPUT, OUTPUT);
    case kAudioDevicePropertyDeviceCanBeDefaultDevice:
    case kAudioDevicePropertyDeviceCanBeDefaultSystemDevice:
        return global ? kAudioHardwareUnknownPropertyError : number(v, 1);
    case kAudioDevicePropertyLatency: return global ? kAudioHardwareUnknownPropertyError : number(v, LATENCY);
    case kAudioDevicePropertySafetyOffset:
        return global ? kAudioHardwareUnknownPropertyError : number(v, input ? SAFETY_INPUT : SAFETY_OUTPUT);
    case kAudioDevicePropertyPreferredChannelsForStereo:
        list(v, 2, 1, CHANNELS > 1 ? 2 : 1);
        v->element = 0;
        return global ? kAudioHardwareUnknownPropertyError : 0;
    }
    return kAudioHardwareUnknownPropertyError;
}

static OSStatus device_value(UInt32 selector, value *v)
{
    switch (selector) {
    case kAudioObjectPropertyBaseClass: return number(v, kAudioObjectClassID);
    case kAudioObjectPropertyClass: return number(v, kAudioDeviceClassID);
    case kAudioObjectPropertyOwner: return number(v, PLUGIN);
    case kAudioObjectPropertyName: return text(v, NAME);
    case kAudioObjectPropertyManufacturer: return text(v, MAKER);
    case kAudioDevicePropertyDeviceUID: return text(v, UID);
    case kAudioDevicePropertyModelUID: return text(v, MODEL_UID);
    case kAudioDevicePropertyTransportType: return number(v, kAudioDeviceTransportTypeVirtual);
    case kAudioDevicePropertyRelatedDevices: return list(v, 1, DEVICE, 0);
    case kAudioDevicePropertyClockDomain: return number(v, 0);
    case kAudioDevicePropertyDeviceIsAlive: return number(v, 1);
    case kAudioDevicePropertyDeviceIsRunning: return number(v, floor_state.started > 0);
    case kAudioDevicePropertyIsHidden: return number(v, 0);
    case kAudioObjectPropertyControlList: return list(v, 0, 0, 0);
    case kAudioDevicePropertyZeroTimeStampPeriod: return number(v, PERIOD);
    case kAudioDevicePropertyNominalSampleRate:
        v->size = 8;
        v->settable = 1;
        v->f64[0] = floor_state.rate;
        return 0;
    case kAudioDevicePropertyAvailableNominalSampleRates:
        v->element = sizeof(AudioValueRange);
        v->size = sizeof v->ranges;
        for (int i = 0; i < 6; i++)
            v->ranges[i] = (AudioValueRange){rates[i], rates[i]};
        return 0;
    }
    return kAudioHardwareUnknownPropertyError;
}

static OSStatus stream_value(UInt32 stream, UInt32 selector, value *v)
{
    switch (selector) {
    case kAudioObjectPropertyBaseClass: return number(v, kAudioObjectClassID);
    case kAudioObjectPropertyClass: return number(v, kAudioStreamClassID);
    case kAudioObjectPropertyOwner: return number(v, DEVICE);
    case kAudioObjectPropertyOwnedObjects: return list(v, 0, 0, 0);
    case kAudioObjectPropertyName: return text(v, stream == INPUT ? INPUT_NAME : OUTPUT_NAME);
    case kAudioStreamPropertyIsActive:
        v->settable = 1;
        return number(v, floor_state.active[stream - INPUT]);
    case kAudioStreamPropertyDirection: return number(v, stream == INPUT);
    case kAudioStreamPropertyTerminalType: return number(v, kAudioStreamTerminalTypeLine);
    case kAudioStreamPropertyStartingChannel: return number(v, 1);
    case kAudioStreamPropertyLatency: return number(v, 0);
    case kAudioStreamPropertyVirtualFormat:
    case kAudioStreamPropertyPhysicalFormat: return format_value(v);
    case kAudioStreamPropertyAvailableVirtualFormats:
    case kAudioStreamPropertyAvailablePhysicalFormats: return formats_value(v);
    }
    return kAudioHardwareUnknownPropertyError;
}

/* Keeps of a list of owned objects what the qualifier's classes ask for. */
static void filter(UInt32 object, UInt32 qualifier_size, const UInt32 *classes, value *v)
{
    UInt32 kind = object == PLUGIN ? kAudioDeviceClassID : kAudioStreamClassID, wanted = 0;
    for (UInt32 i = 0; i < qualifier_size / 4; i++)
        wanted |= classes[i] == kind || classes[i] == kAudioObjectClassID;
    if (!wanted)
        v->size = 0;
}

static OSStatus find(UInt32 object, const AudioObjectPropertyAddress *a, UInt32 qualifier_size, const void *qualifier,
                     value *v)
{
    OSStatus status;
    if (!a)
        return kAudioHardwareIllegalOperationError;
    if (object < PLUGIN || object > OUTPUT)
        return kAudioHardwareBadObjectError;
    memset(v, 0, offsetof(value, bytes));
    int global = a->mScope == kAudioObjectPropertyScopeGlobal;
    int scoped = global || a->mScope == kAudioObjectPropertyScopeInput || a->mScope == kAudioObjectPropertyScopeOutput;
    if (a->mElement != kAudioObjectPropertyElementMain || !scoped || (object != DEVICE && !global))
        return kAudioHardwareUnknownPropertyError;
    status = object == PLUGIN   ? plugin_value(a->mSelector, qualifier_size, qualifier, v)
             : object != DEVICE ? stream_value(object, a->mSelector, v)
                                : device_scoped(a->mSelector, a->mScope, v);
    if (status == kAudioHardwareUnknownPropertyError && object == DEVICE && global)
        status = device_value(a->mSelector, v);
    if (!status && a->mSelector == kAudioObjectPropertyOwnedObjects && qualifier_size >= 4 && qualifier)
        filter(object, qualifier_size, qualifier, v);
    return status;
}

static Boolean floor_has(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a)
{
    (void)pid;
    value v;
    return d && find(object, a, 0, NULL, &v) == 0;
}

static OSStatus floor_settable(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid,
                               const AudioObjectPropertyAddress *a, Boolean *out)
{
    (void)d, (void)pid;
    value v;
    OSStatus status = find(object, a, 0, NULL, &v);
    if (status || !out)
        return status ? status : kAudioHardwareIllegalOperationError;
    *out = (Boolean)v.settable;
    return 0;
}

static OSStatus floor_size(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                           UInt32 qualifier_size, const void *qualifier, UInt32 *out)
{
    (void)d, (void)pid;
    value v;
    OSStatus status = find(object, a, qualifier_size, qualifier, &v);
    if (status || !out)
        return status ? status : kAudioHardwareIllegalOperationError;
    *out = v.size;
    return 0;
}

static OSStatus floor_get(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                          UInt32 qualifier_size, const void *qualifier, UInt32 capacity, UInt32 *out, void *data)
{
    (void)pid;
    value v;
    if (!d)
        return kAudioHardwareBadObjectError;
    OSStatus status = find(object, a, qualifier_size, qualifier, &v);
    if (status || !out || !data)
        return status ? status : kAudioHardwareIllegalOperationError;
    int translates = object == PLUGIN && (a->mSelector == kAudioPlugInPropertyTranslateUIDToDevice ||
                                          a->mSelector == kAudioPlugInPropertyTranslateUIDToBox);
    if ((translates && qualifier_size != sizeof(CFStringRef)) || (!v.element && capacity < v.size))
        return kAudioHardwareBadPropertySizeError;
    *out = v.element && capacity < v.size ? capacity / v.element * v.element : v.size;
    if (v.string)
        *(CFTypeRef *)data = CFRetain(v.string);
    else
        memcpy(data, v.bytes, *out);
    return 0;
}

static void request_rate(void *rate)
{
    floor_state.host->RequestDeviceConfigurationChange(floor_state.host, DEVICE, (UInt64)(uintptr_t)rate, NULL);
}

static OSStatus set_rate(double rate)
{
    for (int i = 0; i < 6; i++)
        if (rates[i] == rate) {
            if (rate != floor_state.rate)
                dispatch_async_f(floor_state.queue, (void *)(uintptr_t)rate, request_rate);
            return 0;
        }
    return kAudioDeviceUnsupportedFormatError;
}

static OSStatus set_format(const AudioStreamBasicDescription *wanted)
{
    AudioStreamBasicDescription ours = format_at(wanted->mSampleRate);
    return memcmp(&ours, wanted, sizeof ours - 4) ? kAudioDeviceUnsupportedFormatError : set_rate(wanted->mSampleRate);
}

static OSStatus floor_set(AudioServerPlugInDriverRef d, AudioObjectID object, pid_t pid, const AudioObjectPropertyAddress *a,
                          UInt32 qualifier_size, const void *qualifier, UInt32 size, const void *data)
{
    (void)d, (void)pid;
    value v;
    OSStatus status = find(object, a, qualifier_size, qualifier, &v);
    if (status)
        return status;
    if (!v.settable)
        return kAudioHardwareUnsupportedOperationError;
    if (!data)
        return kAudioHardwareIllegalOperationError;
    if (size != v.size)
        return kAudioHardwareBadPropertySizeError;
    if (object == DEVICE)
        return set_rate(*(const double *)data);
    if (a->mSelector != kAudioStreamPropertyIsActive)
        return set_format(data);
    UInt32 active = *(const UInt32 *)data != 0;
    if (atomic_exchange(&floor_state.active[object - INPUT], active) != active)
        floor_state.host->PropertiesChanged(floor_state.host, object, 1, a);
    return 0;
}

/* --- life ----------------------------------------------------------------- */

static AudioServerPlugInDriverInterface floor_table, *floor_pointer = &floor_table;

static ULONG floor_add_ref(void *d)
{
    (void)d;
    return atomic_fetch_add(&floor_state.references, 1) + 1;
}

static void floor_end(void)
{
    for (int i = 0; i < STRINGS; i++)
        if (floor_state.strings[i])
            CFRelease(floor_state.strings[i]), floor_state.strings[i] = NULL;
    if (floor_state.queue)
        dispatch_release(floor_state.queue);
    floor_state.queue = NULL;
    floor_state.host = NULL;
    floor_state.started = 0;
}

static ULONG floor_release(void *d)
{
    (void)d;
    if (floor_state.references == 0)
        return 0;
    ULONG left = atomic_fetch_sub(&floor_state.references, 1) - 1;
    if (left == 0)
        floor_end();
    return left;
}

static HRESULT floor_query(void *d, REFIID iid, LPVOID *out)
{
    if (!out)
        return kAudioHardwareIllegalOperationError;
    *out = NULL;
    if (!tympan_uuid_equal(iid, tympan_IUnknownUUID) && !tympan_uuid_equal(iid, tympan_kAudioServerPlugInDriverInterfaceUUID))
        return (HRESULT)0x80000004;
    floor_add_ref(d);
    *out = &floor_pointer;
    return 0;
}

static OSStatus floor_initialize(AudioServerPlugInDriverRef d, AudioServerPlugInHostRef host)
{
    (void)d;
    mach_timebase_info_data_t base;
    if (!host || floor_state.host)
        return kAudioHardwareIllegalOperationError;
    mach_timebase_info(&base);
    floor_state.ticks_per_second = 1e9 * base.denom / base.numer;
    floor_state.host = host;
    floor_state.queue = dispatch_queue_create("org.tympan.floor", NULL);
    floor_state.rate = 48000;
    floor_state.active[0] = floor_state.active[1] = 1;
    for (int i = 0; i < STRINGS; i++)
        floor_state.strings[i] = CFStringCreateWithCString(NULL, texts[i], kCFStringEncodingUTF8);
    return 0;
}

static OSStatus floor_create(AudioServerPlugInDriverRef d, CFDictionaryRef description, const AudioServerPlugInClientInfo *c,
                             AudioObjectID *out)
{
    (void)d, (void)description, (void)c;
    if (out)
        *out = 0;
    return kAudioHardwareUnsupportedOperationError;
}

static OSStatus floor_destroy(AudioServerPlugInDriverRef d, AudioObjectID device)
{
    (void)d, (void)device;
    return kAudioHardwareUnsupportedOperationError;
}

static OSStatus floor_client(AudioServerPlugInDriverRef d, AudioObjectID device, const AudioServerPlugInClientInfo *client)
{
    (void)d, (void)client;
    return device == DEVICE ? 0 : kAudioHardwareBadObjectError;
}

static OSStatus floor_perform(AudioServerPlugInDriverRef d, AudioObjectID device, UInt64 action, void *info)
{
    (void)d, (void)info;
    if (device != DEVICE)
        return kAudioHardwareBadObjectError;
    floor_state.rate = (double)action;
    return 0;
}

static OSStatus floor_abort(AudioServerPlugInDriverRef d, AudioObjectID device, UInt64 action, void *info)
{
    (void)d, (void)action, (void)info;
    return device == DEVICE ? 0 : kAudioHardwareBadObjectError;
}

static AudioServerPlugInDriverInterface floor_table = {
    .QueryInterface = floor_query,
    .AddRef = floor_add_ref,
    .Release = floor_release,
    .Initialize = floor_initialize,
    .CreateDevice = floor_create,
    .DestroyDevice = floor_destroy,
    .AddDeviceClient = floor_client,
    .RemoveDeviceClient = floor_client,
    .PerformDeviceConfigurationChange = floor_perform,
    .AbortDeviceConfigurationChange = floor_abort,
    .HasProperty = floor_has,
    .IsPropertySettable = floor_settable,
    .GetPropertyDataSize = floor_size,
    .GetPropertyData = floor_get,
    .SetPropertyData = floor_set,
    .StartIO = floor_start,
    .StopIO = floor_stop,
    .GetZeroTimeStamp = floor_zero_time_stamp,
    .WillDoIOOperation = floor_will_do,
    .BeginIOOperation = floor_begin_end,
    .DoIOOperation = floor_do,
    .EndIOOperation = floor_begin_end,
};

__attribute__((visibility("default"))) void *FLOOR_FACTORY(CFAllocatorRef allocator, CFUUIDRef type)
{
    (void)allocator;
    if (!tympan_uuid_equal(CFUUIDGetUUIDBytes(type), tympan_kAudioServerPlugInTypeUUID))
        return NULL;
    floor_add_ref(&floor_pointer);
    return &floor_pointer;
}
