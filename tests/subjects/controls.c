/* The three controls of Desk's output, and what they do to its audio. */

#include "subject.h"

#include <math.h>

#define LOWEST -96.0f /* dB */

static const UInt32 sources[] = {kAudioStreamTerminalTypeSpeaker, kAudioStreamTerminalTypeHeadphones};

/* Not a number counts as the lowest. */
static Float32 clamp(Float32 value, Float32 low, Float32 high)
{
    if (defect(volume_not_clamped))
        return value;
    return value >= high ? high : value > low ? value : low;
}

static Float32 decibels_of(Float32 scalar)
{
    return LOWEST - LOWEST * scalar;
}

static Float32 scalar_of(Float32 decibels)
{
    return (decibels - LOWEST) / -LOWEST;
}

/* The audio follows what the controls say, from the next frame on. With the lock. */
void apply_controls(void)
{
    Float32 gain = powf(10.0f, decibels_of(state.volume) / 20.0f);
    if (defect(gain_is_scalar))
        gain = state.volume;
    atomic_store(&desk.gain, state.mute && !defect(mute_leaves_audio) ? 0.0f : gain);
}

/* --- all controls --- */

static OSStatus get_scope(const query *q, answer *a)
{
    return number(a, side_of(q->thing));
}

#define CONTROL_ROWS \
    {kAudioObjectPropertyBaseClass, AT_GLOBAL, 4, get_base, NULL}, \
    {kAudioObjectPropertyClass, AT_GLOBAL, 4, get_class, NULL}, \
    {kAudioObjectPropertyOwner, AT_GLOBAL, 4, get_owner, NULL}, \
    {kAudioObjectPropertyOwnedObjects, AT_GLOBAL | LIST, 4, get_owned, NULL}, \
    {kAudioObjectPropertyName, AT_GLOBAL | IS_REFERENCE, 8, get_name, NULL}, \
    {kAudioControlPropertyScope, AT_GLOBAL, 4, get_scope, NULL}, \
    {kAudioControlPropertyElement, AT_GLOBAL, 4, zero, NULL}

/* --- volume --- */

static OSStatus level(answer *a, Float32 value)
{
    a->size = sizeof value;
    a->f32[0] = value;
    return 0;
}

static OSStatus get_scalar(const query *q, answer *a)
{
    (void)q;
    return level(a, state.volume);
}

static OSStatus get_decibels(const query *q, answer *a)
{
    (void)q;
    if (defect(volume_curves_differ))
        return level(a, LOWEST - LOWEST * sqrtf(state.volume));
    return level(a, decibels_of(state.volume));
}

/* The scalar and the decibel value change together, so both are told. */
static OSStatus set_volume(Float32 scalar)
{
    if (scalar == state.volume)
        return 0;
    state.volume = scalar;
    apply_controls();
    notify(DESK_VOLUME, kAudioLevelControlPropertyScalarValue,
           defect(volume_notifies_scalar_only) ? 0 : kAudioLevelControlPropertyDecibelValue);
    return 0;
}

static OSStatus set_scalar(const query *q, UInt32 size, const void *data)
{
    Float32 value;
    (void)q, (void)size;
    memcpy(&value, data, sizeof value);
    if (defect(volume_out_of_range_refused) && !(value >= 0 && value <= 1))
        return kAudioHardwareIllegalOperationError;
    return set_volume(clamp(value, 0.0f, 1.0f));
}

static OSStatus set_decibels(const query *q, UInt32 size, const void *data)
{
    Float32 value;
    (void)q, (void)size;
    memcpy(&value, data, sizeof value);
    return set_volume(scalar_of(clamp(value, LOWEST, 0.0f)));
}

static OSStatus get_decibel_range(const query *q, answer *a)
{
    (void)q;
    a->size = sizeof a->ranges[0];
    a->ranges[0] = (AudioValueRange){LOWEST, 0.0};
    return 0;
}

/* The value to convert is in the caller's buffer. */
static OSStatus scalar_to_decibels(const query *q, answer *a)
{
    Float32 value;
    memcpy(&value, q->input, sizeof value);
    return level(a, decibels_of(clamp(value, 0.0f, 1.0f)));
}

static OSStatus decibels_to_scalar(const query *q, answer *a)
{
    Float32 value;
    memcpy(&value, q->input, sizeof value);
    return level(a, scalar_of(clamp(value, LOWEST, 0.0f)));
}

const row level_rows[] = {
    CONTROL_ROWS,
    {kAudioLevelControlPropertyScalarValue, AT_GLOBAL, 4, get_scalar, set_scalar},
    {kAudioLevelControlPropertyDecibelValue, AT_GLOBAL, 4, get_decibels, set_decibels},
    {kAudioLevelControlPropertyDecibelRange, AT_GLOBAL, 16, get_decibel_range, NULL},
    {kAudioLevelControlPropertyConvertScalarToDecibels, AT_GLOBAL, 4, scalar_to_decibels, NULL},
    {kAudioLevelControlPropertyConvertDecibelsToScalar, AT_GLOBAL, 4, decibels_to_scalar, NULL},
    {0, 0, 0, NULL, NULL},
};

/* --- mute --- */

static OSStatus get_mute(const query *q, answer *a)
{
    (void)q;
    return number(a, state.mute);
}

static OSStatus set_mute(const query *q, UInt32 size, const void *data)
{
    (void)size;
    if (defect(mute_is_stuck) && state.mute)
        return 0;
    OSStatus status = set_flag(q, &state.mute, data);
    apply_controls();
    return status;
}

const row toggle_rows[] = {
    CONTROL_ROWS,
    {kAudioBooleanControlPropertyValue, AT_GLOBAL, 4, get_mute, set_mute},
    {0, 0, 0, NULL, NULL},
};

/* --- data source --- */

static const char *source_name(UInt32 item)
{
    if (defect(source_names_equal))
        return "Speaker";
    return item == sources[0] ? "Speaker" : item == sources[1] ? "Headphones" : NULL;
}

static OSStatus get_source(const query *q, answer *a)
{
    (void)q;
    return number(a, state.source);
}

static OSStatus set_source(const query *q, UInt32 size, const void *data)
{
    if (size != sizeof(UInt32) && !defect(empty_set_crashes))
        return kAudioHardwareBadPropertySizeError; /* one item can be chosen */
    const volatile UInt32 *chosen = defect(empty_set_crashes) && !size ? NULL : data;
    UInt32 item = *chosen;
    if (item != sources[0] && item != sources[1] && !defect(unknown_source_accepted))
        return kAudioHardwareIllegalOperationError;
    if (item != state.source) {
        state.source = item;
        notify(DESK_SOURCE, q->selector, 0);
    }
    return 0;
}

static OSStatus get_sources(const query *q, answer *a)
{
    (void)q;
    a->size = sizeof sources;
    memcpy(a->bytes, sources, sizeof sources);
    return 0;
}

static OSStatus get_source_name(const query *q, answer *a)
{
    UInt32 item;
    memcpy(&item, q->qualifier, sizeof item);
    const char *name = source_name(item);
    return name ? text(a, name) : kAudioHardwareIllegalOperationError;
}

const row selector_rows[] = {
    CONTROL_ROWS,
    {kAudioSelectorControlPropertyCurrentItem, AT_GLOBAL | LIST, 4, get_source, set_source},
    {kAudioSelectorControlPropertyAvailableItems, AT_GLOBAL | LIST, 4, get_sources, NULL},
    {kAudioSelectorControlPropertyItemName, AT_GLOBAL | BY_ITEM | IS_REFERENCE, 8, get_source_name, NULL},
    {0, 0, 0, NULL, NULL},
};
