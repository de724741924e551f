/* Properties that are wrong: each row of the table is one thing wrong with one property, for one double. */

#include "doubles.h"

enum action {
    HIDE,       /* it is not there */
    NUMBER,     /* the UInt32 at `index` is `number` */
    FLOATS,     /* the Float32 is `real` */
    DOUBLES,    /* the Float64 at `index` is `real` */
    BYTES,      /* it has `number` bytes */
    TOGGLE,     /* what says whether it is settable says the contrary */
    TEXT,       /* the string is `text` */
    EVERYWHERE, /* it is there in other scopes and elements too */
    DEAF,       /* setting it succeeds and does nothing */
    ADD,        /* the list has `number` as well */
    EMPTY,      /* the list is empty */
    FOREIGN,    /* a property that was not there: a UInt32, `number` */
    OR,         /* the UInt32 at `index` has the bits of `number` too */
};

typedef struct edit {
    const char *rule;
    UInt32 object, selector, scope; /* 0: any */
    enum action action;
    UInt32 number, index;
    double real;
    const char *text;
} edit;

#define GLOBAL kAudioObjectPropertyScopeGlobal
#define INPUT_SCOPE kAudioObjectPropertyScopeInput
#define OUTPUT_SCOPE kAudioObjectPropertyScopeOutput

static const edit edits[] = {
    /* objects */
    {"plugin-object", PLUGIN, kAudioObjectPropertyClass, 0, NUMBER, kAudioObjectClassID, 0, 0, NULL},
    {"list-class", DESK_IN, kAudioObjectPropertyClass, 0, NUMBER, kAudioMuteControlClassID, 0, 0, NULL},
    {"list-class", DESK_IN, kAudioObjectPropertyBaseClass, 0, NUMBER, kAudioBooleanControlClassID, 0, 0, NULL},
    {"one-owner", WIRE, kAudioDevicePropertyStreams, GLOBAL, ADD, DESK_IN, 0, 0, NULL},
    {"one-owner", WIRE, kAudioDevicePropertyStreams, INPUT_SCOPE, ADD, DESK_IN, 0, 0, NULL},
    {"one-owner", WIRE, kAudioObjectPropertyOwnedObjects, GLOBAL, ADD, DESK_IN, 0, 0, NULL},
    {"one-owner", WIRE, kAudioObjectPropertyOwnedObjects, INPUT_SCOPE, ADD, DESK_IN, 0, 0, NULL},
    {"owned-objects-scopes", DESK, kAudioObjectPropertyOwnedObjects, INPUT_SCOPE, ADD, DESK_OUT, 0, 0, NULL},
    {"box-uid-translates", PLUGIN, kAudioPlugInPropertyTranslateUIDToBox, 0, NUMBER, 0, 0, 0, NULL},
    {"clock-uid-translates", PLUGIN, kAudioPlugInPropertyTranslateUIDToClockDevice, 0, NUMBER, 0, 0, 0, NULL},
    /* plug-in */
    {"plugin-recommended-properties", PLUGIN, kAudioPlugInPropertyBundleID, 0, HIDE, 0, 0, 0, NULL},
    {"plugin-settable", PLUGIN, kAudioPlugInPropertyDeviceList, 0, TOGGLE, 0, 0, 0, NULL},
    {"plugin-value-sizes", PLUGIN, kAudioObjectPropertyManufacturer, 0, BYTES, 16, 0, 0, NULL},
    {"plugin-global-only", PLUGIN, kAudioObjectPropertyManufacturer, 0, EVERYWHERE, 0, 0, 0, NULL},
    {"plugin-manufacturer", PLUGIN, kAudioObjectPropertyManufacturer, 0, TEXT, 0, 0, 0, " "},
    {"plugin-bundle-id", PLUGIN, kAudioPlugInPropertyBundleID, 0, TEXT, 0, 0, 0, "org.example.another"},
    {"plugin-resource-bundle", PLUGIN, kAudioPlugInPropertyResourceBundle, 0, TEXT, 0, 0, 0, "/Library"},
    /* box */
    {"box-required-properties", BOX, kAudioBoxPropertyIsProtected, 0, HIDE, 0, 0, 0, NULL},
    {"box-recommended-properties", BOX, kAudioBoxPropertyAcquisitionFailed, 0, HIDE, 0, 0, 0, NULL},
    {"box-settable", BOX, kAudioObjectPropertyName, 0, TOGGLE, 0, 0, 0, NULL},
    {"box-value-sizes", BOX, kAudioBoxPropertyHasAudio, 0, BYTES, 8, 0, 0, NULL},
    {"box-flags", BOX, kAudioBoxPropertyHasMIDI, 0, NUMBER, 7, 0, 0, NULL},
    {"box-uid", BOX, kAudioBoxPropertyBoxUID, 0, TEXT, 0, 0, 0, ""},
    {"box-devices", BOX, kAudioBoxPropertyDeviceList, 0, ADD, DESK_IN, 0, 0, NULL},
    {"box-acquire", BOX, kAudioBoxPropertyAcquired, 0, DEAF, 0, 0, 0, NULL},
    {"box-name", BOX, kAudioObjectPropertyName, 0, DEAF, 0, 0, 0, NULL},
    /* device */
    {"device-recommended-properties", DESK, kAudioDevicePropertyPreferredChannelLayout, 0, HIDE, 0, 0, 0, NULL},
    {"device-flags", DESK, kAudioDevicePropertyIsHidden, 0, NUMBER, 2, 0, 0, NULL},
    {"device-name", WIRE, kAudioObjectPropertyName, 0, TEXT, 0, 0, 0, ""},
    {"device-alive", WIRE, kAudioDevicePropertyDeviceIsAlive, 0, NUMBER, 0, 0, 0, NULL},
    {"device-transport", DESK, kAudioDevicePropertyTransportType, 0, NUMBER, SECRET, 0, 0, NULL},
    {"device-rates-valid", WIRE, kAudioDevicePropertyAvailableNominalSampleRates, 0, DOUBLES, 0, 0, -1.0, NULL},
    {"device-clock-algorithm", DESK, kAudioDevicePropertyClockAlgorithm, 0, FOREIGN, SECRET, 0, 0, NULL},
    {"device-volume-on-main", DESK_VOLUME, kAudioControlPropertyElement, 0, NUMBER, 1, 0, 0, NULL},
    {"device-default-per-direction", WIRE, kAudioDevicePropertyStreams, INPUT_SCOPE, EMPTY, 0, 0, 0, NULL},
    {"device-default-per-direction", WIRE, kAudioDevicePropertyDeviceCanBeDefaultDevice, 0, NUMBER, 1, 0, 0, NULL},
    {"device-visible", 0, kAudioDevicePropertyIsHidden, 0, NUMBER, 1, 0, 0, NULL},
    {"device-visible", PLUGIN, kAudioPlugInPropertyBoxList, 0, EMPTY, 0, 0, 0, NULL},
    /* stream */
    {"stream-recommended-properties", DESK_IN, kAudioObjectPropertyName, 0, HIDE, 0, 0, 0, NULL},
    {"stream-settable", DESK_OUT, kAudioStreamPropertyIsActive, 0, TOGGLE, 0, 0, 0, NULL},
    {"stream-value-sizes", DESK_OUT, kAudioStreamPropertyLatency, 0, BYTES, 8, 0, 0, NULL},
    {"stream-global-only", DESK_OUT, kAudioStreamPropertyLatency, 0, EVERYWHERE, 0, 0, 0, NULL},
    {"stream-terminal", WIRE_OUT, kAudioStreamPropertyTerminalType, 0, NUMBER, SECRET, 0, 0, NULL},
    {"stream-formats-offered", WIRE_OUT, kAudioStreamPropertyAvailableVirtualFormats, 0, EMPTY, 0, 0, 0, NULL},
    {"stream-format-available", WIRE_OUT, kAudioStreamPropertyAvailableVirtualFormats, 0, OR, 64, 3, 0, NULL},
    {"stream-format-available", WIRE_OUT, kAudioStreamPropertyAvailableVirtualFormats, 0, OR, 64, 17, 0, NULL},
    {"stream-format-available", WIRE_OUT, kAudioStreamPropertyAvailableVirtualFormats, 0, OR, 64, 31, 0, NULL},
    {"stream-format-available", WIRE_OUT, kAudioStreamPropertyAvailableVirtualFormats, 0, OR, 64, 45, 0, NULL},
    {"stream-format-rate", WIRE_IN, kAudioStreamPropertyVirtualFormat, 0, DOUBLES, 0, 0, 44100.0, NULL},
    {"stream-format-rate", WIRE_IN, kAudioStreamPropertyPhysicalFormat, 0, DOUBLES, 0, 0, 44100.0, NULL},
    {"stream-format-native", DESK_OUT, kAudioStreamPropertyAvailablePhysicalFormats, 0, OR,
     kAudioFormatFlagIsBigEndian, 17, 0, NULL},
    {"stream-rates-agree", WIRE_OUT, kAudioStreamPropertyAvailablePhysicalFormats, 0, DOUBLES, 0, 5, 11025.0, NULL},
    {"stream-rates-agree", WIRE_OUT, kAudioStreamPropertyAvailablePhysicalFormats, 0, DOUBLES, 0, 6, 11025.0, NULL},
    {"stream-format-sets-rate", DESK_OUT, kAudioStreamPropertyVirtualFormat, 0, DEAF, 0, 0, 0, NULL},
    {"stream-active", WIRE_IN, kAudioStreamPropertyIsActive, 0, DEAF, 0, 0, 0, NULL},
    {"stream-channels", WIRE_IN, kAudioStreamPropertyPhysicalFormat, 0, NUMBER, 0, 7, 0, NULL},
    /* controls */
    {"control-required-properties", DESK_MUTE, kAudioControlPropertyElement, 0, HIDE, 0, 0, 0, NULL},
    {"control-recommended-properties", DESK_MUTE, kAudioObjectPropertyName, 0, HIDE, 0, 0, 0, NULL},
    {"control-settable", DESK_MUTE, kAudioBooleanControlPropertyValue, 0, TOGGLE, 0, 0, 0, NULL},
    {"control-value-sizes", DESK_MUTE, kAudioControlPropertyElement, 0, BYTES, 8, 0, 0, NULL},
    {"control-global-only", DESK_MUTE, kAudioBooleanControlPropertyValue, 0, EVERYWHERE, 0, 0, 0, NULL},
    {"control-place", DESK_MUTE, kAudioControlPropertyElement, 0, NUMBER, 99, 0, 0, NULL},
    {"control-once", PAN, kAudioObjectPropertyClass, 0, NUMBER, kAudioSliderControlClassID, 0, 0, NULL},
    {"selector-items", DESK_SOURCE, kAudioSelectorControlPropertyAvailableItems, 0, NUMBER,
     kAudioStreamTerminalTypeHeadphones, 0, 0, NULL},
    {"selector-set", DESK_SOURCE, kAudioSelectorControlPropertyCurrentItem, 0, DEAF, 0, 0, 0, NULL},
    {"pan-channels", PAN, kAudioStereoPanControlPropertyPanningChannels, 0, NUMBER, 0, 0, 0, NULL},
    {"level-range", DESK_VOLUME, kAudioLevelControlPropertyDecibelRange, 0, DOUBLES, 0, 0, 10.0, NULL},
    {"level-set", DESK_VOLUME, kAudioLevelControlPropertyScalarValue, 0, DEAF, 0, 0, 0, NULL},
    {"level-conversion-rises", DESK_VOLUME, kAudioLevelControlPropertyConvertScalarToDecibels, 0, FLOATS, 0, 0, -6.0, NULL},
    {"level-conversion-returns", DESK_VOLUME, kAudioLevelControlPropertyConvertDecibelsToScalar, 0, FLOATS, 0, 0, 0.5, NULL},
    {"custom-properties-readable", DESK, MEMO, 0, NUMBER, 4096, 0, 0, NULL},
    {"custom-properties-check-types", DESK, MEMO, 0, DEAF, 0, 0, 0, NULL},
    /* clock device */
    {"clock-device-required-properties", CLOCK_DEVICE, kAudioClockDevicePropertyClockDomain, 0, HIDE, 0, 0, 0, NULL},
    {"clock-device-settable", CLOCK_DEVICE, kAudioClockDevicePropertyNominalSampleRate, 0, TOGGLE, 0, 0, 0, NULL},
    {"clock-device-value-sizes", CLOCK_DEVICE, kAudioClockDevicePropertyLatency, 0, BYTES, 2, 0, 0, NULL},
    {"clock-device-rate", CLOCK_DEVICE, kAudioClockDevicePropertyNominalSampleRate, 0, DOUBLES, 0, 0, 12345.0, NULL},
};

/* The next row after `last` for a property. */
static const edit *next(const edit *last, UInt32 object, ADDRESS a)
{
    const edit *e = last ? last + 1 : edits;
    for (; chosen_double && a && e < edits + sizeof edits / sizeof *edits; e++)
        if (strcmp(e->rule, chosen_double) == 0 && (!e->object || e->object == object) && e->selector == a->mSelector &&
            (!e->scope || e->scope == a->mScope))
            return e;
    return NULL;
}

static bool has_edit(UInt32 object, ADDRESS a, enum action action)
{
    for (const edit *e = next(NULL, object, a); e; e = next(e, object, a))
        if (e->action == action)
            return true;
    return false;
}

/* Where the property really is. */
static AudioObjectPropertyAddress place(UInt32 object, ADDRESS a)
{
    AudioObjectPropertyAddress there = a ? *a : (AudioObjectPropertyAddress){0, 0, 0};
    if (has_edit(object, a, EVERYWHERE))
        there.mScope = GLOBAL, there.mElement = 0;
    return there;
}

Boolean edited_has(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a)
{
    AudioObjectPropertyAddress there = place(object, a);
    if (has_edit(object, a, FOREIGN) && a->mScope == GLOBAL && a->mElement == 0)
        return 1;
    return !has_edit(object, a, HIDE) && base_has(d, object, pid, a ? &there : NULL);
}

OSStatus edited_settable(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, Boolean *out)
{
    AudioObjectPropertyAddress there = place(object, a);
    if (has_edit(object, a, HIDE))
        return kAudioHardwareUnknownPropertyError;
    if (has_edit(object, a, FOREIGN) && out) {
        *out = 0;
        return 0;
    }
    OSStatus status = base_settable(d, object, pid, a ? &there : NULL, out);
    if (!status && has_edit(object, a, TOGGLE))
        *out = !*out;
    return status;
}

OSStatus edited_size(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size, const void *qualifier,
                     UInt32 *out)
{
    AudioObjectPropertyAddress there = place(object, a);
    if (has_edit(object, a, HIDE))
        return kAudioHardwareUnknownPropertyError;
    bool foreign = has_edit(object, a, FOREIGN) && out;
    OSStatus status = foreign ? 0 : base_size(d, object, pid, a ? &there : NULL, qualifier_size, qualifier, out);
    if (foreign)
        *out = 4;
    for (const edit *e = status ? NULL : next(NULL, object, a); e; e = next(e, object, a))
        *out = e->action == BYTES ? e->number : e->action == ADD ? *out + 4 : e->action == EMPTY ? 0 : *out;
    return status;
}

typedef union content {
    unsigned char bytes[1024];
    UInt32 u32[256];
    Float32 f32[256];
    Float64 f64[128];
    CFStringRef string;
} content;

static void apply(const edit *e, content *c, UInt32 *size)
{
    switch (e->action) {
    case NUMBER: c->u32[e->index] = e->number; break;
    case OR: c->u32[e->index] |= *size > 4 * e->index ? e->number : 0; break;
    case FLOATS: c->f32[0] = (Float32)e->real; break;
    case DOUBLES: c->f64[e->index] = e->real; break;
    case ADD: c->u32[*size / 4] = e->number, *size += 4; break;
    case EMPTY: *size = 0; break;
    case BYTES: *size = e->number; break;
    case FOREIGN: c->u32[0] = e->number, *size = 4; break;
    case TEXT:
        CFRelease(c->string);
        c->string = CFStringCreateWithCString(NULL, e->text, kCFStringEncodingUTF8);
        break;
    default: break;
    }
}

/* With an edit the value is asked for with all the room there is, edited, and cut to the caller's room. */
OSStatus edited_get(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size, const void *qualifier,
                    UInt32 capacity, UInt32 *out, void *data)
{
    content c = {{0}};
    UInt32 size = 0;
    AudioObjectPropertyAddress there = place(object, a);
    if (!next(NULL, object, a) || !out || !data)
        return base_get(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    if (has_edit(object, a, HIDE))
        return kAudioHardwareUnknownPropertyError;
    memcpy(c.bytes, data, capacity < 8 ? capacity : 8); /* what a conversion converts */
    bool foreign = has_edit(object, a, FOREIGN), whole = has_edit(object, a, ADD) || has_edit(object, a, EMPTY);
    UInt32 room = 0;
    OSStatus status = foreign ? 0 : base_get(d, object, pid, &there, qualifier_size, qualifier, 1024, &size, c.bytes);
    if (status)
        return status;
    base_size(d, object, pid, &there, 0, NULL, &room);
    for (const edit *e = next(NULL, object, a); e; e = next(e, object, a))
        apply(e, &c, &size);
    bool list = whole || room > 40 || room == 0 || a->mSelector == kAudioSelectorControlPropertyAvailableItems ||
                a->mSelector == kAudioPlugInPropertyDeviceList || a->mSelector == kAudioDevicePropertyAvailableNominalSampleRates;
    UInt32 unit = a->mSelector == kAudioDevicePropertyAvailableNominalSampleRates ? 16 : room > 40 ? 56 : 4;
    if (capacity < size && !list)
        return kAudioHardwareBadPropertySizeError;
    *out = capacity < size ? capacity / unit * unit : size;
    memcpy(data, c.bytes, *out);
    return 0;
}

OSStatus edited_set(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size, const void *qualifier,
                    UInt32 size, const void *data)
{
    UInt32 wanted = 0;
    AudioObjectPropertyAddress there = place(object, a);
    if (has_edit(object, a, HIDE))
        return kAudioHardwareUnknownPropertyError;
    if (has_edit(object, a, FOREIGN))
        return kAudioHardwareUnsupportedOperationError;
    bool fits = base_size(d, object, pid, a ? &there : NULL, 0, NULL, &wanted) == 0 && size == wanted && data;
    if (fits && has_edit(object, a, DEAF))
        return 0;
    return base_set(d, object, pid, a ? &there : NULL, qualifier_size, qualifier, size, data);
}
