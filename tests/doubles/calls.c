/* Property calls that answer wrongly. */

#include "doubles.h"

#include <math.h>

static atomic_int inside_get;

/* Memory that nobody frees. */
void leak(void)
{
    static void *volatile last;
    last = malloc(64);
    (void)last;
}

static bool is(ADDRESS a, UInt32 selector)
{
    return a && a->mSelector == selector;
}

static Boolean wrong_has(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a)
{
    if (broken("wildcard-addresses") && a && a->mSelector == kAudioObjectPropertySelectorWildcard)
        abort();
    if (broken("unknown-property") && a && a->mElement == 77) {
        AudioObjectPropertyAddress main = {a->mSelector, a->mScope, 0};
        return edited_has(d, object, pid, &main);
    }
    if (broken("null-driver-reference"))
        d = d ? d : real_driver;
    return edited_has(d, object, pid, a);
}

static OSStatus wrong_size(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size,
                           const void *qualifier, UInt32 *out)
{
    return edited_size(d, object, pid, a, qualifier_size, qualifier, out);
}

/* What is wrong before the value is read; true: the call ends with `status`. */
static bool refuse(ADDRESS a, UInt32 qualifier_size, UInt32 capacity, OSStatus *status)
{
    *status = kAudioHardwareBadPropertySizeError;
    if (broken("superfluous-qualifier") && qualifier_size == 8 && is(a, kAudioDevicePropertyLatency))
        return true;
    if (broken("list-without-room") && capacity == 0 && is(a, kAudioPlugInPropertyDeviceList))
        return true;
    if (broken("reading-does-not-leak") && is(a, kAudioDevicePropertyLatency))
        leak();
    *status = kAudioHardwareUnspecifiedError;
    return false;
}

static OSStatus parallel(OSStatus status)
{
    if (atomic_fetch_add(&inside_get, 1) > 0)
        status = kAudioHardwareUnspecifiedError;
    usleep(20);
    atomic_fetch_sub(&inside_get, 1);
    return status;
}

static OSStatus spoil(OSStatus status, AudioObjectID object, ADDRESS a, UInt32 capacity, UInt32 *out, void *data)
{
    if (status || !a || !data)
        return status;
    if (broken("large-buffer") && is(a, kAudioDevicePropertyLatency) && capacity > 4)
        *out = capacity;
    if (broken("writes-stay-inside") && is(a, kAudioDevicePropertyIsHidden))
        memset(data, 0, 8);
    if (broken("level-conversion-is-pure") && is(a, kAudioLevelControlPropertyConvertScalarToDecibels))
        state.volume = 0.25f;
    if (broken("object-ids-stable") && is(a, kAudioObjectPropertyClass) && object == DESK_MUTE && desk.clock.count)
        *(UInt32 *)data = kAudioSoloControlClassID;
    if (broken("parallel-reading") && is(a, kAudioDevicePropertyNominalSampleRate))
        return parallel(status);
    return status;
}

static OSStatus wrong_get(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size,
                          const void *qualifier, UInt32 capacity, UInt32 *out, void *data)
{
    OSStatus status;
    if (refuse(a, qualifier_size, capacity, &status))
        return status;
    status = edited_get(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    return spoil(status, object, a, capacity, out, data);
}

static OSStatus wrong_set(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size,
                          const void *qualifier, UInt32 size, const void *data)
{
    if (broken("null-data-set") && is(a, kAudioDevicePropertyNominalSampleRate) && size == 8)
        return *(const volatile Float64 *)data > 0 ? edited_set(d, object, pid, a, 0, NULL, size, data) : 0;
    if (broken("stream-format-refused") && is(a, kAudioStreamPropertyPhysicalFormat) && size == 40)
        return edited_set(d, object, pid, a, qualifier_size, qualifier, size, data), 0;
    if (broken("selector-notifies") && is(a, kAudioSelectorControlPropertyCurrentItem) && size == 4 && data) {
        UInt32 item = *(const UInt32 *)data;
        if (item != kAudioStreamTerminalTypeSpeaker && item != kAudioStreamTerminalTypeHeadphones)
            return kAudioHardwareIllegalOperationError;
        state.source = item;
        return 0;
    }
    if (broken("level-not-a-number") && is(a, kAudioLevelControlPropertyScalarValue) && size == 4 && data &&
        isnan(*(const Float32 *)data)) {
        state.volume = *(const Float32 *)data;
        return 0;
    }
    return edited_set(d, object, pid, a, qualifier_size, qualifier, size, data);
}

void break_calls(AudioServerPlugInDriverInterface *table)
{
    table->HasProperty = wrong_has;
    table->GetPropertyDataSize = wrong_size;
    table->GetPropertyData = wrong_get;
    table->SetPropertyData = wrong_set;
}
