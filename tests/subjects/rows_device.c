/* Properties of the two devices. */

#include "subject.h"

#include <dlfcn.h>

static OSStatus get_uid(const query *q, answer *a)
{
    return text(a, q->thing->device->uid);
}

static OSStatus get_model_uid(const query *q, answer *a)
{
    return text(a, q->thing->device->model_uid);
}

static OSStatus get_model(const query *q, answer *a)
{
    (void)q;
    return text(a, "Subject");
}

static OSStatus get_serial(const query *q, answer *a)
{
    return text(a, q->thing->id == DESK ? "D-1" : "W-1");
}

/* Desk and Wire have clocks of their own, so each is related to itself only. */
static OSStatus get_related(const query *q, answer *a)
{
    return number(a, q->thing->id);
}

static OSStatus get_running(const query *q, answer *a)
{
    return number(a, atomic_load(&q->thing->device->started) > 0);
}

static OSStatus get_can_be_default(const query *q, answer *a)
{
    return number(a, channels_at(q->thing->device, q->scope) > 0);
}

static OSStatus get_safety(const query *q, answer *a)
{
    return number(a, q->thing->device->safety);
}

static OSStatus get_streams(const query *q, answer *a)
{
    return list_objects(a, q->thing->id, kAudioStreamClassID, q->scope);
}

static OSStatus get_controls(const query *q, answer *a)
{
    return list_objects(a, q->thing->id, kAudioControlClassID, q->scope);
}

static OSStatus get_rate(const query *q, answer *a)
{
    a->size = sizeof a->f64[0];
    a->f64[0] = q->thing->device->now.rate;
    return 0;
}

/* Only the host can change it, so this is a request; until then getters answer the old rate. */
static OSStatus set_rate(const query *q, UInt32 size, const void *data)
{
    device *d = q->thing->device;
    Float64 rate;
    (void)size;
    memcpy(&rate, data, sizeof rate);
    if (!offers_rate(d, rate) && !defect(any_rate_accepted))
        return kAudioDeviceUnsupportedFormatError;
    if (defect(rate_never_changes))
        return 0;
    setup wanted = d->wanted;
    wanted.rate = (UInt32)rate;
    return want(d, &wanted);
}

static OSStatus get_rates(const query *q, answer *a)
{
    const device *d = q->thing->device;
    for (UInt32 i = 0; i < d->rate_count; i++)
        a->ranges[i] = (AudioValueRange){d->rates[i], d->rates[i]};
    a->size = d->rate_count * sizeof a->ranges[0];
    return 0;
}

/* A mono direction has its one channel on both sides. */
static OSStatus get_stereo(const query *q, answer *a)
{
    a->size = 8;
    a->u32[0] = 1;
    a->u32[1] = channels_at(q->thing->device, q->scope) > 1 ? 2 : 1;
    return 0;
}

static UInt32 label_of(UInt32 channel, UInt32 channels)
{
    if (channels == 1)
        return kAudioChannelLabel_Mono;
    return channel < 2 ? kAudioChannelLabel_Left + channel : kAudioChannelLabel_Discrete_0 + channel;
}

static OSStatus get_layout(const query *q, answer *a)
{
    UInt32 channels = channels_at(q->thing->device, q->scope);
    a->size = (UInt32)(offsetof(AudioChannelLayout, mChannelDescriptions) + channels * sizeof(AudioChannelDescription));
    memset(a->bytes, 0, a->size);
    a->layout.mChannelLayoutTag = kAudioChannelLayoutTag_UseChannelDescriptions;
    a->layout.mNumberChannelDescriptions = channels;
    AudioChannelDescription *description = a->layout.mChannelDescriptions;
    for (UInt32 i = 0; i < channels; i++)
        description[i].mChannelLabel = label_of(i, channels);
    return 0;
}

static OSStatus get_channel_name(const query *q, answer *a)
{
    static const char *const names[2][3] = {{"Left", "Right", "Cue"}, {"Wire 1", "Wire 2", ""}};
    UInt32 last = channels_at(q->thing->device, q->scope);
    if (defect(element_names_shifted))
        return q->element == last ? text(a, "") : text(a, names[q->thing->id == WIRE][q->element]);
    return text(a, names[q->thing->id == WIRE][q->element - 1]);
}

static OSStatus get_period(const query *q, answer *a)
{
    return number(a, defect(period_follows_rate) ? q->thing->device->now.rate : PERIOD);
}

static OSStatus get_clock_algorithm(const query *q, answer *a)
{
    (void)q;
    return number(a, kAudioDeviceClockAlgorithmSimpleIIR);
}

/* Contents/Resources/icon.icns, from where this code was loaded: Contents/MacOS/NAME. */
static OSStatus get_icon(const query *q, answer *a)
{
    static const char here;
    char path[4096];
    Dl_info image;
    (void)q;
    if (!dladdr(&here, &image))
        return kAudioHardwareUnspecifiedError;
    snprintf(path, sizeof path - 32, "%s", image.dli_fname);
    for (int folders = 2; folders; folders--)
        *(strrchr(path, '/') ? strrchr(path, '/') : path) = 0;
    strcat(path, "/Resources/icon.icns");
    a->size = sizeof a->reference;
    a->reference = CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)path, (CFIndex)strlen(path), 0);
    return a->reference ? 0 : kAudioHardwareUnspecifiedError;
}

static OSStatus get_identify(const query *q, answer *a)
{
    return number(a, q->thing->device->identify);
}

static OSStatus set_identify(const query *q, UInt32 size, const void *data)
{
    (void)size;
    return set_flag(q, &q->thing->device->identify, data);
}

/* Without it, clients could not see the custom properties. */
static OSStatus get_custom(const query *q, answer *a)
{
    (void)q;
    a->size = sizeof a->custom;
    a->custom[0] = (AudioServerPlugInCustomPropertyInfo){MEMO, kAudioServerPlugInCustomPropertyDataTypeCFString, 0};
    a->custom[1] = (AudioServerPlugInCustomPropertyInfo){CLIENTS, kAudioServerPlugInCustomPropertyDataTypeCFString, 0};
    return 0;
}

static OSStatus get_memo(const query *q, answer *a)
{
    (void)q;
    return reference(a, state.memo);
}

static OSStatus set_memo(const query *q, UInt32 size, const void *data)
{
    bool changed;
    OSStatus status = set_text(&state.memo, data, &changed);
    (void)size;
    if (changed) {
        store("memo", state.memo);
        notify(q->thing->id, MEMO, 0);
    }
    return status;
}

#define DEVICE_ROWS \
    {kAudioObjectPropertyBaseClass, AT_GLOBAL, 4, get_base, NULL}, \
    {kAudioObjectPropertyClass, AT_GLOBAL, 4, get_class, NULL}, \
    {kAudioObjectPropertyOwner, AT_GLOBAL, 4, get_owner, NULL}, \
    {kAudioObjectPropertyOwnedObjects, ANYWHERE | LIST, 4, get_owned, NULL}, \
    {kAudioObjectPropertyName, AT_GLOBAL | IS_REFERENCE, 8, get_name, NULL}, \
    {kAudioObjectPropertyManufacturer, AT_GLOBAL | IS_REFERENCE, 8, get_maker, NULL}, \
    {kAudioObjectPropertyModelName, AT_GLOBAL | IS_REFERENCE, 8, get_model, NULL}, \
    {kAudioObjectPropertySerialNumber, AT_GLOBAL | IS_REFERENCE, 8, get_serial, NULL}, \
    {kAudioObjectPropertyFirmwareVersion, AT_GLOBAL | IS_REFERENCE, 8, get_version, NULL}, \
    {kAudioObjectPropertyIdentify, AT_GLOBAL, 4, get_identify, set_identify}, \
    {kAudioObjectPropertyElementName, AT_SIDES | BY_ELEMENT | IS_REFERENCE, 8, get_channel_name, NULL}, \
    {kAudioDevicePropertyDeviceUID, AT_GLOBAL | IS_REFERENCE, 8, get_uid, NULL}, \
    {kAudioDevicePropertyModelUID, AT_GLOBAL | IS_REFERENCE, 8, get_model_uid, NULL}, \
    {kAudioDevicePropertyTransportType, AT_GLOBAL, 4, get_transport, NULL}, \
    {kAudioDevicePropertyRelatedDevices, AT_GLOBAL | LIST, 4, get_related, NULL}, \
    {kAudioDevicePropertyClockDomain, AT_GLOBAL, 4, zero, NULL}, \
    {kAudioDevicePropertyDeviceIsAlive, AT_GLOBAL, 4, one, NULL}, \
    {kAudioDevicePropertyDeviceIsRunning, AT_GLOBAL, 4, get_running, NULL}, \
    {kAudioDevicePropertyDeviceCanBeDefaultDevice, AT_SIDES, 4, get_can_be_default, NULL}, \
    {kAudioDevicePropertyDeviceCanBeDefaultSystemDevice, AT_SIDES, 4, zero, NULL}, \
    {kAudioDevicePropertyLatency, AT_SIDES, 4, zero, NULL}, \
    {kAudioDevicePropertySafetyOffset, AT_SIDES, 4, get_safety, NULL}, \
    {kAudioDevicePropertyStreams, ANYWHERE | LIST, 4, get_streams, NULL}, \
    {kAudioObjectPropertyControlList, AT_GLOBAL | LIST, 4, get_controls, NULL}, \
    {kAudioDevicePropertyNominalSampleRate, AT_GLOBAL, 8, get_rate, set_rate}, \
    {kAudioDevicePropertyAvailableNominalSampleRates, AT_GLOBAL | LIST, 16, get_rates, NULL}, \
    {kAudioDevicePropertyIsHidden, AT_GLOBAL, 4, zero, NULL}, \
    {kAudioDevicePropertyPreferredChannelsForStereo, AT_SIDES | WITH_STREAMS, 8, get_stereo, NULL}, \
    {kAudioDevicePropertyPreferredChannelLayout, AT_SIDES | WITH_STREAMS | VARIES, 12, get_layout, NULL}, \
    {kAudioDevicePropertyZeroTimeStampPeriod, AT_GLOBAL, 4, get_period, NULL}, \
    {kAudioDevicePropertyClockAlgorithm, AT_GLOBAL, 4, get_clock_algorithm, NULL}, \
    {kAudioDevicePropertyClockIsStable, AT_GLOBAL, 4, one, NULL}, \
    {kAudioDevicePropertyIcon, AT_GLOBAL | IS_REFERENCE, 8, get_icon, NULL}

const row desk_rows[] = {
    DEVICE_ROWS,
    {kAudioObjectPropertyCustomPropertyInfoList, AT_GLOBAL | LIST, 12, get_custom, NULL},
    {MEMO, AT_GLOBAL | IS_REFERENCE, 8, get_memo, set_memo},
    {CLIENTS, AT_GLOBAL | IS_REFERENCE, 8, get_clients, NULL},
    {0, 0, 0, NULL, NULL},
};

const row wire_rows[] = {DEVICE_ROWS, {0, 0, 0, NULL, NULL}};
