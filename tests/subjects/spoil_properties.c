/* Defects in which properties there are and what they say. */

#include "spoil.h"

#include <unistd.h>

static bool is_one_of(UInt32 selector, UInt32 first, UInt32 second)
{
    return selector == first || selector == second;
}

/* Takes a property away, or adds one. */
const row *spoil_row(const query *q, const row *r)
{
    static const row buffer_size = {0x6673697a /* 'fsiz' */, AT_GLOBAL, 4, one, NULL};
    const UInt32 s = q->selector;
    bool gone = (defect(hidden_missing) && s == kAudioDevicePropertyIsHidden) ||
                (defect(default_device_missing) && is_one_of(s, kAudioDevicePropertyDeviceCanBeDefaultDevice,
                                                             kAudioDevicePropertyDeviceCanBeDefaultSystemDevice)) ||
                (defect(available_formats_missing) && is_one_of(s, kAudioStreamPropertyAvailableVirtualFormats,
                                                                kAudioStreamPropertyAvailablePhysicalFormats)) ||
                (defect(resource_bundle_missing) && s == kAudioPlugInPropertyResourceBundle) ||
                (defect(custom_list_missing) && s == kAudioObjectPropertyCustomPropertyInfoList) ||
                (defect(pid_gated) && q->pid);
    if (defect(host_made_property) && s == buffer_size.selector && q->thing->class == kAudioDeviceClassID)
        return &buffer_size;
    return gone ? NULL : r;
}

void spoil_settable(const query *q, Boolean *out)
{
    if (defect(rate_not_settable) && q->selector == kAudioDevicePropertyNominalSampleRate)
        *out = 0;
    if (defect(constant_claims_settable) && q->selector == kAudioDevicePropertyDeviceUID)
        *out = 1;
}

/* True: the call ends here with `status`. */
bool spoil_size(const query *q, OSStatus *status)
{
    if (defect(size_makes_string) && q->row->where & IS_REFERENCE)
        (void)CFStringCreateWithCString(NULL, "made for its size", kCFStringEncodingUTF8);
    if (!defect(size_needs_qualifier) || !(q->row->where & (BY_UID | BY_ITEM)) || q->qualifier_size)
        return false;
    *status = kAudioHardwareBadPropertySizeError;
    return true;
}

bool spoil_get(const query *q, UInt32 capacity, UInt32 *out, void *data, OSStatus *status)
{
    bool is_short = !*status && !(q->row->where & (LIST | VARIES)) && capacity < q->row->size;
    if (is_short && (defect(short_buffer_written) || defect(short_buffer_succeeds)))
        memset(data, 0, capacity);
    if (is_short && defect(short_buffer_succeeds)) {
        *out = capacity;
        return true;
    }
    if (*status != kAudioHardwareBadObjectError || !defect(unknown_object_succeeds))
        return false;
    *out = 0;
    *status = 0;
    return true;
}

/* Tells the host while getters still answer the old value. */
bool spoil_before_change(const query *q)
{
    AudioObjectPropertyAddress address = {q->selector, kAudioObjectPropertyScopeGlobal, 0};
    AudioServerPlugInHostRef host = atomic_load(&state.host);
    if (!defect(notifies_before_value))
        return false;
    unlock();
    host->PropertiesChanged(host, q->thing->id, 1, &address);
    lock();
    return true;
}

/* --- answers, by what they are --- */

static void drop(answer *a, UInt32 object)
{
    UInt32 kept = 0;
    for (UInt32 i = 0; i < a->size / 4; i++)
        if (a->u32[i] != object)
            a->u32[kept++] = a->u32[i];
    a->size = 4 * kept;
}

static void replace_text(answer *a, const char *value)
{
    CFRelease(a->reference);
    text(a, value);
}

static void spoil_list(const query *q, answer *a)
{
    UInt32 s = q->selector;
    if (defect(owned_list_repeats_first) && s == kAudioObjectPropertyOwnedObjects && q->thing->id == PLUGIN)
        a->u32[0] = a->u32[1];
    if (defect(owned_list_drops_mute) && s == kAudioObjectPropertyOwnedObjects && q->thing->id == DESK)
        drop(a, DESK_MUTE);
    if (defect(device_list_has_dead_object) && s == kAudioPlugInPropertyDeviceList) {
        a->u32[a->size / 4] = 99;
        a->size += 4;
    }
    if (defect(control_list_empty) && s == kAudioObjectPropertyControlList)
        a->size = 0;
    if (defect(related_without_itself) && s == kAudioDevicePropertyRelatedDevices)
        a->size = 0;
}

static void spoil_number(const query *q, answer *a)
{
    UInt32 s = q->selector;
    if (defect(stream_owner_wrong) && s == kAudioObjectPropertyOwner && q->thing->owner == WIRE)
        a->u32[0] = DESK;
    if (defect(base_class_wrong) && s == kAudioObjectPropertyBaseClass && q->thing->id == DESK_VOLUME)
        a->u32[0] = kAudioObjectClassID;
    if (defect(first_channel_not_stacked) && s == kAudioStreamPropertyStartingChannel)
        a->u32[0] = 1;
    if (defect(direction_inverted) && s == kAudioStreamPropertyDirection)
        a->u32[0] = !a->u32[0];
    if (defect(period_too_small) && s == kAudioDevicePropertyZeroTimeStampPeriod)
        a->u32[0] = 8000;
    if (defect(control_scope_global) && s == kAudioControlPropertyScope)
        a->u32[0] = kAudioObjectPropertyScopeGlobal;
    if (defect(stereo_zero_based) && s == kAudioDevicePropertyPreferredChannelsForStereo)
        a->u32[0] = 0, a->u32[1] = 1;
    if (defect(layout_count_wrong) && s == kAudioDevicePropertyPreferredChannelLayout)
        a->layout.mNumberChannelDescriptions++;
    if (defect(custom_type_unknown) && s == kAudioObjectPropertyCustomPropertyInfoList)
        a->custom[0].mPropertyDataType = 0x75746638; /* 'utf8' */
}

/* The same object each time, with no reference for the caller. */
static void lend(answer *a)
{
    static CFStringRef held;
    if (!held)
        held = a->reference;
    else
        CFRelease(a->reference);
    a->reference = held;
}

static void spoil_text(const query *q, answer *a)
{
    static char numbered[80];
    UInt32 s = q->selector;
    if (defect(second_device_has_first_uid) && s == kAudioDevicePropertyDeviceUID)
        replace_text(a, desk.uid);
    if (defect(model_uid_is_uid) && s == kAudioDevicePropertyModelUID)
        replace_text(a, q->thing->device->uid);
    if (defect(uid_changes) && s == kAudioDevicePropertyDeviceUID) {
        snprintf(numbered, sizeof numbered, "%s-%u-%d", q->thing->device->uid, lives_begun, (int)getpid());
        replace_text(a, numbered);
    }
    if (defect(string_not_retained) && s == kAudioObjectPropertyManufacturer)
        lend(a);
    if (defect(string_over_retained) && s == kAudioObjectPropertyManufacturer)
        CFRetain(a->reference);
    if (defect(icon_is_string) && s == kAudioDevicePropertyIcon)
        replace_text(a, "icon.icns");
    if (defect(string_is_bytes) && s == kAudioObjectPropertyManufacturer) {
        CFRelease(a->reference);
        memcpy(a->bytes, "tympan\0", 8);
    }
}

static void spoil_description(const query *q, AudioStreamBasicDescription *f)
{
    if (defect(format_keeps_old_rate) && q->row->size == sizeof *f)
        f->mSampleRate = 48000;
    if (defect(format_reserved_unwritten))
        f->mReserved = 0xA5A5A5A5;
    if (defect(format_bytes_wrong))
        f->mBytesPerFrame = f->mBitsPerChannel / 8;
    if (defect(virtual_format_differs) && q->selector == kAudioStreamPropertyVirtualFormat)
        *f = format_of(q->thing->stream, INT16, (UInt32)f->mSampleRate);
}

/* The list without the rate that the device has. */
static void drop_rate(const query *q, answer *a)
{
    UInt32 kept = 0;
    for (UInt32 i = 0; i < a->size / sizeof a->ranges[0]; i++)
        if (a->ranges[i].mMinimum != q->thing->device->now.rate)
            a->ranges[kept++] = a->ranges[i];
    a->size = kept * sizeof a->ranges[0];
}

static void tell(const query *q)
{
    lock();
    notify(q->thing->id, kAudioObjectPropertyName, 0);
    unlock();
}

void spoil_answer(const query *q, answer *a)
{
    if (q->row->where & IS_REFERENCE)
        spoil_text(q, a);
    else if (q->row->size == sizeof a->format)
        spoil_description(q, &a->format);
    else if (q->row->size == sizeof a->formats[0])
        for (UInt32 i = 0; i < a->size / sizeof a->formats[0]; i++)
            spoil_description(q, &a->formats[i].mFormat);
    else if (q->row->where & LIST && q->row->size == 4)
        spoil_list(q, a);
    else
        spoil_number(q, a);
    if (defect(rate_not_listed) && q->selector == kAudioDevicePropertyAvailableNominalSampleRates)
        drop_rate(q, a);
    if (defect(getter_notifies) && q->selector == kAudioDevicePropertyLatency)
        tell(q);
}
