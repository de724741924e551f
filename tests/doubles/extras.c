/* The objects that the subject lacks: a slider and a pan on Desk's output, and a clock device. Correct. */

#include "doubles.h"

typedef struct {
    UInt32 size, element, settable; /* element: of a list, else 0 */
    const char *text;
    union {
        UInt32 u32[64];
        Float32 f32;
        Float64 f64;
        AudioValueRange ranges[2];
        unsigned char bytes[512];
    };
} value;

static _Atomic UInt32 slider = 50;
static _Atomic Float32 pan = 0.5f;
static _Atomic UInt64 clock_rate = 48000, wanted_rate;

void extras_begin(void)
{
    slider = 50;
    pan = 0.5f;
    clock_rate = 48000;
    wanted_rate = 0;
}

void extras_end(void)
{
}

static bool number_is(value *v, UInt32 n)
{
    v->size = 4;
    v->u32[0] = n;
    return true;
}

static bool text_is(value *v, const char *text)
{
    v->size = 8;
    v->text = text;
    return true;
}

static bool pair_is(value *v, UInt32 a, UInt32 b)
{
    v->size = 8;
    v->u32[0] = a;
    v->u32[1] = b;
    return true;
}

static bool nothing(value *v)
{
    v->element = 4;
    return true;
}

static bool control_value(UInt32 object, UInt32 selector, value *v)
{
    v->settable = selector == kAudioSliderControlPropertyValue || selector == kAudioStereoPanControlPropertyValue;
    switch (selector) {
    case kAudioObjectPropertyBaseClass: return number_is(v, kAudioControlClassID);
    case kAudioObjectPropertyClass:
        return number_is(v, object == SLIDER ? kAudioSliderControlClassID : kAudioStereoPanControlClassID);
    case kAudioObjectPropertyOwner: return number_is(v, DESK);
    case kAudioObjectPropertyOwnedObjects: return nothing(v);
    case kAudioObjectPropertyName: return text_is(v, object == SLIDER ? "Slider" : "Pan");
    case kAudioControlPropertyScope: return number_is(v, kAudioObjectPropertyScopeOutput);
    case kAudioControlPropertyElement: return number_is(v, 0);
    case kAudioSliderControlPropertyValue: return object == SLIDER && number_is(v, slider);
    case kAudioSliderControlPropertyRange: return object == SLIDER && pair_is(v, 10, 100);
    case kAudioStereoPanControlPropertyPanningChannels: return object == PAN && pair_is(v, 1, 2);
    case kAudioStereoPanControlPropertyValue:
        v->size = 4;
        v->f32 = pan;
        return object == PAN;
    }
    return false;
}

static bool clock_value(UInt32 selector, value *v)
{
    switch (selector) {
    case kAudioObjectPropertyBaseClass: return number_is(v, kAudioObjectClassID);
    case kAudioObjectPropertyClass: return number_is(v, kAudioClockDeviceClassID);
    case kAudioObjectPropertyOwner: return number_is(v, PLUGIN);
    case kAudioObjectPropertyName: return text_is(v, "Clock");
    case kAudioClockDevicePropertyDeviceUID: return text_is(v, "org.tympan.subject.clock");
    case kAudioClockDevicePropertyTransportType: return number_is(v, kAudioDeviceTransportTypeVirtual);
    case kAudioClockDevicePropertyClockDomain:
    case kAudioClockDevicePropertyDeviceIsRunning:
    case kAudioClockDevicePropertyLatency: return number_is(v, 0);
    case kAudioClockDevicePropertyDeviceIsAlive: return number_is(v, 1);
    case kAudioObjectPropertyOwnedObjects:
    case kAudioClockDevicePropertyControlList: return nothing(v);
    case kAudioClockDevicePropertyNominalSampleRate:
        v->size = 8;
        v->settable = 1;
        v->f64 = (Float64)clock_rate;
        return true;
    case kAudioClockDevicePropertyAvailableNominalSampleRates:
        v->size = 32;
        v->element = 16;
        v->ranges[0] = (AudioValueRange){44100, 44100};
        v->ranges[1] = (AudioValueRange){48000, 48000};
        return true;
    }
    return false;
}

static bool is_extra(UInt32 object)
{
    return object >= SLIDER && object <= CLOCK_DEVICE;
}

static OSStatus extra_value(UInt32 object, ADDRESS a, value *v)
{
    memset(v, 0, offsetof(value, bytes));
    bool there = a->mScope == kAudioObjectPropertyScopeGlobal && a->mElement == 0 &&
                 (object == CLOCK_DEVICE ? clock_value(a->mSelector, v) : control_value(object, a->mSelector, v));
    return there ? 0 : kAudioHardwareUnknownPropertyError;
}

/* --- lists of the subject that hold the extras, and the translation of the clock's UID --- */

static bool wants(UInt32 qualifier_size, const UInt32 *classes, UInt32 own, UInt32 base)
{
    bool found = qualifier_size < 4;
    for (UInt32 i = 0; i < qualifier_size / 4; i++)
        found |= classes[i] == own || classes[i] == base || classes[i] == kAudioObjectClassID;
    return found;
}

static UInt32 added(UInt32 object, ADDRESS a, UInt32 qualifier_size, const void *qualifier, UInt32 *out)
{
    UInt32 s = a->mSelector, count = 0, size = s == kAudioObjectPropertyOwnedObjects && qualifier ? qualifier_size : 0;
    bool controls = object == DESK && ((s == kAudioObjectPropertyControlList && a->mScope == kAudioObjectPropertyScopeGlobal) ||
                                       (s == kAudioObjectPropertyOwnedObjects && a->mScope != kAudioObjectPropertyScopeInput));
    if (controls && wants(size, qualifier, kAudioSliderControlClassID, kAudioControlClassID))
        out[count++] = SLIDER;
    if (controls && wants(size, qualifier, kAudioStereoPanControlClassID, kAudioControlClassID))
        out[count++] = PAN;
    if (object == PLUGIN && a->mScope == kAudioObjectPropertyScopeGlobal &&
        (s == kAudioPlugInPropertyClockDeviceList || s == kAudioObjectPropertyOwnedObjects) &&
        wants(size, qualifier, kAudioClockDeviceClassID, 0))
        out[count++] = CLOCK_DEVICE;
    return count;
}

static bool is_own_row(UInt32 object, ADDRESS a)
{
    return object == PLUGIN && a && a->mScope == kAudioObjectPropertyScopeGlobal && a->mElement == 0 &&
           (a->mSelector == kAudioPlugInPropertyClockDeviceList || a->mSelector == kAudioPlugInPropertyTranslateUIDToClockDevice);
}

Boolean base_has(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a)
{
    value v;
    if (d != real_driver || !a || (!is_extra(object) && !is_own_row(object, a)))
        return real.HasProperty(d, object, pid, a);
    return is_own_row(object, a) || extra_value(object, a, &v) == 0;
}

OSStatus base_settable(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, Boolean *out)
{
    value v = {0};
    if (d != real_driver || !a || !out || (!is_extra(object) && !is_own_row(object, a)))
        return real.IsPropertySettable(d, object, pid, a, out);
    OSStatus status = is_own_row(object, a) ? 0 : extra_value(object, a, &v);
    if (!status)
        *out = (Boolean)v.settable;
    return status;
}

OSStatus base_size(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size, const void *qualifier,
                   UInt32 *out)
{
    value v;
    UInt32 more[4];
    if (d == real_driver && a && out && is_own_row(object, a)) {
        *out = 4;
        return 0;
    }
    if (d == real_driver && a && out && is_extra(object)) {
        OSStatus status = extra_value(object, a, &v);
        if (!status)
            *out = v.size;
        return status;
    }
    OSStatus status = real.GetPropertyDataSize(d, object, pid, a, qualifier_size, qualifier, out);
    if (!status)
        *out += 4 * added(object, a, qualifier_size, qualifier, more);
    return status;
}

static OSStatus deliver(const value *v, UInt32 capacity, UInt32 *out, void *data)
{
    if (!v->element && capacity < v->size)
        return kAudioHardwareBadPropertySizeError;
    *out = v->element && capacity < v->size ? capacity / v->element * v->element : v->size;
    if (v->text)
        *(CFStringRef *)data = CFStringCreateWithCString(NULL, v->text, kCFStringEncodingUTF8);
    else
        memcpy(data, v->bytes, *out);
    return 0;
}

static OSStatus translate(UInt32 qualifier_size, const void *qualifier, value *v)
{
    char uid[64] = "";
    if (qualifier_size != sizeof(CFStringRef) || !qualifier)
        return kAudioHardwareBadPropertySizeError;
    CFStringGetCString(*(CFStringRef *)qualifier, uid, sizeof uid, kCFStringEncodingUTF8);
    number_is(v, strcmp(uid, "org.tympan.subject.clock") ? 0 : CLOCK_DEVICE);
    return 0;
}

OSStatus base_get(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size, const void *qualifier,
                  UInt32 capacity, UInt32 *out, void *data)
{
    value v = {0};
    UInt32 more[4];
    if (d != real_driver || !a || !out || !data)
        return real.GetPropertyData(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    if (is_own_row(object, a) && a->mSelector == kAudioPlugInPropertyTranslateUIDToClockDevice) {
        OSStatus status = translate(qualifier_size, qualifier, &v);
        return status ? status : deliver(&v, capacity, out, data);
    }
    if (is_extra(object)) {
        OSStatus status = extra_value(object, a, &v);
        return status ? status : deliver(&v, capacity, out, data);
    }
    UInt32 count = added(object, a, qualifier_size, qualifier, more);
    if (!count && !is_own_row(object, a))
        return real.GetPropertyData(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    OSStatus status = is_own_row(object, a) ? 0
                    : real.GetPropertyData(d, object, pid, a, qualifier_size, qualifier, 256, &v.size, v.bytes);
    if (status)
        return status;
    memcpy(v.bytes + v.size, more, 4 * count);
    v.size += 4 * count;
    v.element = 4;
    return deliver(&v, capacity, out, data);
}

/* --- setting --- */

typedef struct { AudioObjectID object; UInt32 selector; } change;

static void send_change(void *context)
{
    change *c = context;
    AudioObjectPropertyAddress address = {c->selector, kAudioObjectPropertyScopeGlobal, 0};
    AudioServerPlugInHostRef host = atomic_load(&true_host);
    if (host)
        host->PropertiesChanged(host, c->object, 1, &address);
    free(c);
}

static void say(AudioObjectID object, UInt32 selector)
{
    change *c = malloc(sizeof *c);
    *c = (change){object, selector};
    dispatch_async_f(state.queue, c, send_change);
}

static void send_request(void *unused)
{
    AudioServerPlugInHostRef host = atomic_load(&true_host);
    (void)unused;
    if (host)
        host->RequestDeviceConfigurationChange(host, CLOCK_DEVICE, wanted_rate, NULL);
}

static OSStatus set_clock(Float64 rate)
{
    if (rate != 44100 && rate != 48000)
        return kAudioDeviceUnsupportedFormatError;
    if ((UInt64)rate != clock_rate) {
        wanted_rate = (UInt64)rate;
        dispatch_async_f(state.queue, NULL, send_request);
    }
    return 0;
}

OSStatus extras_perform(UInt64 action)
{
    if (action && action == wanted_rate)
        clock_rate = action;
    wanted_rate = 0;
    return 0;
}

static void set_slider(UInt32 wanted)
{
    if (!broken("slider-stays-in-range"))
        wanted = wanted < 10 ? 10 : wanted > 100 ? 100 : wanted;
    if (broken("slider-range") && wanted == 100)
        wanted = 99;
    if (atomic_exchange(&slider, wanted) != wanted && !broken("slider-notifies"))
        say(SLIDER, kAudioSliderControlPropertyValue);
}

static void set_pan(Float32 wanted)
{
    if (!broken("pan-range"))
        wanted = wanted >= 1 ? 1 : wanted > 0 ? wanted : 0;
    if (atomic_exchange(&pan, wanted) != wanted && !broken("pan-notifies"))
        say(PAN, kAudioStereoPanControlPropertyValue);
}

OSStatus base_set(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size, const void *qualifier,
                  UInt32 size, const void *data)
{
    value v = {0};
    if (d != real_driver || !a || (!is_extra(object) && !is_own_row(object, a)))
        return real.SetPropertyData(d, object, pid, a, qualifier_size, qualifier, size, data);
    OSStatus status = is_own_row(object, a) ? 0 : extra_value(object, a, &v);
    if (status || !v.settable)
        return status ? status : kAudioHardwareUnsupportedOperationError;
    if (!data || size != v.size)
        return data ? kAudioHardwareBadPropertySizeError : kAudioHardwareIllegalOperationError;
    if (object == CLOCK_DEVICE)
        return set_clock(*(const Float64 *)data);
    if (object == SLIDER)
        set_slider(*(const UInt32 *)data);
    else
        set_pan(*(const Float32 *)data);
    return 0;
}
