/*
 * The smallest driver that is right: one device with one mono input, one sample rate
 * and one format; no box, control, storage or custom property. What is optional is
 * absent here, so a rule about it has to be skipped.
 *
 * Its audio is a sawtooth of 480 frames, a function of the sample time alone. IO
 * functions read two atomics and take no lock; `lock` guards the rest.
 */

#include "coreaudio.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define RATE 48000u
#define PERIOD 16384u

typedef AudioServerPlugInDriverRef Driver;
typedef const AudioObjectPropertyAddress Address;
typedef const AudioServerPlugInIOCycleInfo Cycle;
typedef const AudioServerPlugInClientInfo ClientInfo;

enum { PLUGIN = kAudioObjectPlugInObject, DEVICE, STREAM };

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint references, started;
static _Atomic(AudioServerPlugInHostRef) the_host;
static dispatch_queue_t queue;
static UInt32 active; /* with `guard` */
/* The line: written only while nothing is started, before `started` says that something is. */
static _Atomic uint64_t anchor, seed;
static uint64_t ticks, per_frames; /* so many ticks are so many frames; since Initialize */

static AudioServerPlugInDriverInterface table, *driver = &table;

/* --- host calls, from the queue, with no lock held --- */

static void send_change(void *context)
{
    AudioServerPlugInHostRef host = atomic_load(&the_host);
    AudioObjectPropertyAddress address = {0, kAudioObjectPropertyScopeGlobal, kAudioObjectPropertyElementMain};
    address.mSelector = (UInt32)(uintptr_t)context;
    AudioObjectID object = address.mSelector == kAudioStreamPropertyIsActive ? STREAM : DEVICE;
    if (host)
        host->PropertiesChanged(host, object, 1, &address);
}

static void changed(UInt32 selector)
{
    dispatch_async_f(queue, (void *)(uintptr_t)selector, send_change);
}

/* --- values: each answers its size in bytes, 0 when there is no such property --- */

typedef union value {
    UInt32 u32[24];
    Float64 f64;
    const char *text; /* becomes a CFString when it is delivered */
    AudioValueRange range;
    AudioStreamBasicDescription format;
    AudioStreamRangedDescription ranged;
    AudioChannelLayout layout;
} value;

enum { IS_LIST = 1, IS_TEXT = 2, IS_SETTABLE = 4, WANTS_UID = 8 };

static UInt32 number(value *v, UInt32 n)
{
    v->u32[0] = n;
    return 4;
}

static UInt32 list(value *v, int *flags, UInt32 count, UInt32 only)
{
    *flags = IS_LIST;
    v->u32[0] = only;
    return 4 * count;
}

static UInt32 text(value *v, int *flags, const char *string)
{
    *flags = IS_TEXT;
    v->text = string;
    return sizeof(CFStringRef);
}

static UInt32 plugin_value(UInt32 selector, value *v, int *flags)
{
    switch (selector) {
    case kAudioObjectPropertyBaseClass: return number(v, kAudioObjectClassID);
    case kAudioObjectPropertyClass: return number(v, kAudioPlugInClassID);
    case kAudioObjectPropertyOwner: return number(v, kAudioObjectUnknown);
    case kAudioObjectPropertyManufacturer: return text(v, flags, "tympan");
    case kAudioPlugInPropertyBundleID: return text(v, flags, "org.tympan.tone");
    case kAudioPlugInPropertyResourceBundle: return text(v, flags, "");
    case kAudioObjectPropertyOwnedObjects:
    case kAudioPlugInPropertyDeviceList: return list(v, flags, 1, DEVICE);
    case kAudioPlugInPropertyBoxList: return list(v, flags, 0, 0);
    case kAudioPlugInPropertyTranslateUIDToBox:
    case kAudioPlugInPropertyTranslateUIDToDevice: *flags = WANTS_UID; return number(v, kAudioObjectUnknown);
    }
    return 0;
}

/* What is asked by direction. */
static UInt32 side_value(UInt32 selector, bool input, value *v, int *flags)
{
    switch (selector) {
    case kAudioDevicePropertyLatency:
    case kAudioDevicePropertySafetyOffset:
    case kAudioDevicePropertyDeviceCanBeDefaultSystemDevice: return number(v, 0);
    case kAudioDevicePropertyDeviceCanBeDefaultDevice: return number(v, input);
    case kAudioObjectPropertyOwnedObjects:
    case kAudioDevicePropertyStreams: return list(v, flags, input, STREAM);
    case kAudioDevicePropertyPreferredChannelsForStereo:
        v->u32[0] = v->u32[1] = 1;
        return input ? 8 : 0;
    case kAudioDevicePropertyPreferredChannelLayout:
        v->layout.mNumberChannelDescriptions = 1;
        v->layout.mChannelDescriptions[0].mChannelLabel = kAudioChannelLabel_Mono;
        return input ? sizeof v->layout : 0;
    }
    return 0;
}

static UInt32 device_value(UInt32 selector, value *v, int *flags)
{
    switch (selector) {
    case kAudioObjectPropertyBaseClass: return number(v, kAudioObjectClassID);
    case kAudioObjectPropertyClass: return number(v, kAudioDeviceClassID);
    case kAudioObjectPropertyOwner: return number(v, PLUGIN);
    case kAudioObjectPropertyName: return text(v, flags, "Tone");
    case kAudioObjectPropertyManufacturer: return text(v, flags, "tympan");
    case kAudioDevicePropertyDeviceUID: return text(v, flags, "org.tympan.tone:1");
    case kAudioDevicePropertyModelUID: return text(v, flags, "org.tympan.tone");
    case kAudioDevicePropertyTransportType: return number(v, kAudioDeviceTransportTypeVirtual);
    case kAudioDevicePropertyRelatedDevices: return list(v, flags, 1, DEVICE);
    case kAudioObjectPropertyControlList: return list(v, flags, 0, 0);
    case kAudioObjectPropertyOwnedObjects:
    case kAudioDevicePropertyStreams: return list(v, flags, 1, STREAM);
    case kAudioDevicePropertyClockDomain:
    case kAudioDevicePropertyIsHidden: return number(v, 0);
    case kAudioDevicePropertyDeviceIsAlive: return number(v, 1);
    case kAudioDevicePropertyDeviceIsRunning: return number(v, started > 0);
    case kAudioDevicePropertyZeroTimeStampPeriod: return number(v, PERIOD);
    case kAudioDevicePropertyNominalSampleRate:
        *flags = IS_SETTABLE;
        v->f64 = RATE;
        return 8;
    case kAudioDevicePropertyAvailableNominalSampleRates:
        *flags = IS_LIST;
        v->range = (AudioValueRange){RATE, RATE};
        return sizeof v->range;
    }
    return 0;
}

static AudioStreamBasicDescription format(void)
{
    return (AudioStreamBasicDescription){
        .mSampleRate = RATE,
        .mFormatID = kAudioFormatLinearPCM,
        .mFormatFlags = kAudioFormatFlagIsFloat | kAudioFormatFlagIsPacked,
        .mBytesPerPacket = 4,
        .mFramesPerPacket = 1,
        .mBytesPerFrame = 4,
        .mChannelsPerFrame = 1,
        .mBitsPerChannel = 32,
    };
}

static UInt32 stream_value(UInt32 selector, value *v, int *flags)
{
    switch (selector) {
    case kAudioObjectPropertyBaseClass: return number(v, kAudioObjectClassID);
    case kAudioObjectPropertyClass: return number(v, kAudioStreamClassID);
    case kAudioObjectPropertyOwner: return number(v, DEVICE);
    case kAudioObjectPropertyOwnedObjects: return list(v, flags, 0, 0);
    case kAudioObjectPropertyName: return text(v, flags, "Tone");
    case kAudioStreamPropertyIsActive: *flags = IS_SETTABLE; return number(v, active);
    case kAudioStreamPropertyDirection:
    case kAudioStreamPropertyStartingChannel: return number(v, 1);
    case kAudioStreamPropertyTerminalType: return number(v, kAudioStreamTerminalTypeMicrophone);
    case kAudioStreamPropertyLatency: return number(v, 0);
    case kAudioStreamPropertyVirtualFormat:
    case kAudioStreamPropertyPhysicalFormat:
        *flags = IS_SETTABLE;
        v->format = format();
        return sizeof v->format;
    case kAudioStreamPropertyAvailableVirtualFormats:
    case kAudioStreamPropertyAvailablePhysicalFormats:
        *flags = IS_LIST;
        v->ranged = (AudioStreamRangedDescription){format(), {RATE, RATE}};
        return sizeof v->ranged;
    }
    return 0;
}

/* --- the five property calls --- */

static bool is_kind(UInt32 object, UInt32 class)
{
    return class == kAudioObjectClassID || class == (object == DEVICE ? kAudioDeviceClassID : kAudioStreamClassID);
}

/* Owned objects are filtered by the classes in the qualifier, if there are any. */
static UInt32 filtered(UInt32 size, const value *v, UInt32 qualifier_size, const UInt32 *classes)
{
    bool keep = !classes || qualifier_size < 4;
    for (UInt32 i = 0; classes && i < qualifier_size / 4; i++)
        keep |= is_kind(v->u32[0], classes[i]);
    return keep ? size : 0;
}

static UInt32 value_at(UInt32 object, Address *a, value *v, int *flags)
{
    bool global = a->mScope == kAudioObjectPropertyScopeGlobal, input = a->mScope == kAudioObjectPropertyScopeInput;
    memset(v, 0, sizeof *v);
    *flags = 0;
    if (a->mElement != kAudioObjectPropertyElementMain)
        return 0;
    if (object == DEVICE && (input || a->mScope == kAudioObjectPropertyScopeOutput))
        return side_value(a->mSelector, input, v, flags);
    if (!global)
        return 0;
    return object == PLUGIN   ? plugin_value(a->mSelector, v, flags)
           : object == DEVICE ? device_value(a->mSelector, v, flags)
                              : stream_value(a->mSelector, v, flags);
}

/* An empty list has no size either, so whether there is a property is told by the status. */
static OSStatus find(const void *d, UInt32 object, Address *a, value *v, int *flags, UInt32 *size)
{
    if (d != &driver)
        return kAudioHardwareBadObjectError;
    if (!a)
        return kAudioHardwareIllegalOperationError;
    if (object < PLUGIN || object > STREAM)
        return kAudioHardwareBadObjectError;
    pthread_mutex_lock(&guard);
    *size = value_at(object, a, v, flags);
    pthread_mutex_unlock(&guard);
    return *size || *flags & IS_LIST ? 0 : kAudioHardwareUnknownPropertyError;
}

static Boolean tone_has(Driver d, AudioObjectID object, pid_t pid, Address *a)
{
    value v;
    int flags;
    UInt32 size;
    (void)pid;
    return find(d, object, a, &v, &flags, &size) == 0;
}

static OSStatus tone_settable(Driver d, AudioObjectID object, pid_t pid, Address *a, Boolean *out)
{
    value v;
    int flags;
    UInt32 size;
    (void)pid;
    if (!out)
        return kAudioHardwareIllegalOperationError;
    OSStatus status = find(d, object, a, &v, &flags, &size);
    if (!status)
        *out = (flags & IS_SETTABLE) != 0;
    return status;
}

static OSStatus tone_size(Driver d, AudioObjectID object, pid_t pid, Address *a, UInt32 qualifier_size,
                          const void *qualifier, UInt32 *out)
{
    value v;
    int flags;
    UInt32 size;
    (void)pid;
    if (!out)
        return kAudioHardwareIllegalOperationError;
    OSStatus status = find(d, object, a, &v, &flags, &size);
    if (!status && a->mSelector == kAudioObjectPropertyOwnedObjects)
        size = filtered(size, &v, qualifier_size, qualifier);
    if (!status)
        *out = size;
    return status;
}

static UInt32 device_of(const CFStringRef *uid, UInt32 selector)
{
    CFStringRef ours = CFStringCreateWithCString(NULL, "org.tympan.tone:1", kCFStringEncodingUTF8);
    bool same = selector == kAudioPlugInPropertyTranslateUIDToDevice && *uid && ours && CFEqual(*uid, ours);
    if (ours)
        CFRelease(ours);
    return same ? DEVICE : kAudioObjectUnknown;
}

static OSStatus tone_get(Driver d, AudioObjectID object, pid_t pid, Address *a, UInt32 qualifier_size,
                         const void *qualifier, UInt32 capacity, UInt32 *out, void *data)
{
    value v;
    int flags;
    UInt32 size;
    (void)pid;
    if (!out || !data)
        return kAudioHardwareIllegalOperationError;
    OSStatus status = find(d, object, a, &v, &flags, &size);
    if (status)
        return status;
    if (a->mSelector == kAudioObjectPropertyOwnedObjects)
        size = filtered(size, &v, qualifier_size, qualifier);
    if (flags & WANTS_UID && (!qualifier || qualifier_size != sizeof(CFStringRef)))
        return kAudioHardwareBadPropertySizeError;
    if (!(flags & IS_LIST) && capacity < size)
        return kAudioHardwareBadPropertySizeError;
    UInt32 unit = a->mSelector == kAudioDevicePropertyAvailableNominalSampleRates ? 16 : size > 16 ? 56 : 4;
    if (capacity < size)
        size = capacity / unit * unit;
    if (flags & WANTS_UID)
        v.u32[0] = device_of(qualifier, a->mSelector);
    if (flags & IS_TEXT)
        *(CFStringRef *)data = CFStringCreateWithCString(NULL, v.text, kCFStringEncodingUTF8);
    else
        memcpy(data, &v, size);
    *out = size;
    return 0;
}

static void set_active(const UInt32 *wanted)
{
    pthread_mutex_lock(&guard);
    bool new_value = active != (*wanted != 0);
    active = *wanted != 0;
    if (new_value)
        changed(kAudioStreamPropertyIsActive);
    pthread_mutex_unlock(&guard);
}

/* There is one rate and one format: they can be set to what they are. */
static OSStatus tone_set(Driver d, AudioObjectID object, pid_t pid, Address *a, UInt32 qualifier_size,
                         const void *qualifier, UInt32 capacity, const void *data)
{
    value v;
    int flags;
    UInt32 size;
    (void)pid, (void)qualifier_size, (void)qualifier;
    OSStatus status = find(d, object, a, &v, &flags, &size);
    if (status)
        return status;
    if (!(flags & IS_SETTABLE))
        return kAudioHardwareUnsupportedOperationError;
    if (!data)
        return kAudioHardwareIllegalOperationError;
    if (capacity != size)
        return kAudioHardwareBadPropertySizeError;
    if (size == sizeof(UInt32))
        set_active(data);
    UInt32 compared = size == sizeof v.format ? offsetof(AudioStreamBasicDescription, mReserved) : size;
    return size == sizeof(UInt32) || memcmp(data, &v, compared) == 0 ? 0 : kAudioDeviceUnsupportedFormatError;
}

#include "tone_io.h"
