/* Properties of the plug-in and of its box. */

#include "subject.h"

static OSStatus get_bundle_id(const query *q, answer *a)
{
    (void)q;
    return text(a, BUNDLE_ID);
}

/* The bundle itself, which has the icon. */
static OSStatus get_resource_bundle(const query *q, answer *a)
{
    (void)q;
    return text(a, "");
}

static OSStatus get_devices(const query *q, answer *a)
{
    (void)q;
    return list_objects(a, PLUGIN, kAudioDeviceClassID, kAudioObjectPropertyScopeGlobal);
}

static OSStatus get_boxes(const query *q, answer *a)
{
    (void)q;
    return list_objects(a, PLUGIN, kAudioBoxClassID, kAudioObjectPropertyScopeGlobal);
}

/* The CFString of a qualifier, or NULL when it is none. */
static CFStringRef string_of(const query *q)
{
    CFStringRef value = q->qualifier ? *(const CFStringRef *)q->qualifier : NULL;
    if (defect(qualifier_size_ignored) && value)
        (void)*(const volatile char *)value; /* as Core Foundation looks at what it is given */
    return value && CFGetTypeID(value) == CFStringGetTypeID() ? value : NULL;
}

static bool is_text(CFStringRef value, const char *wanted)
{
    CFStringRef made = CFStringCreateWithCString(NULL, wanted, kCFStringEncodingUTF8);
    bool same = made && CFEqual(value, made);
    if (made)
        CFRelease(made);
    return same;
}

/* An unknown UID is object 0, and no error. */
static OSStatus device_of_uid(const query *q, answer *a)
{
    CFStringRef uid = string_of(q);
    if (!uid)
        return kAudioHardwareIllegalOperationError;
    const device *found = is_text(uid, desk.uid) ? &desk : is_text(uid, wire.uid) ? &wire : NULL;
    if (!found && defect(unknown_uid_fails))
        return kAudioHardwareBadDeviceError;
    return number(a, found && thing_at(found->id) ? found->id : kAudioObjectUnknown);
}

static OSStatus box_of_uid(const query *q, answer *a)
{
    CFStringRef uid = string_of(q);
    if (!uid)
        return kAudioHardwareIllegalOperationError;
    return number(a, is_text(uid, BUNDLE_ID ":box") ? BOX : kAudioObjectUnknown);
}

const row plugin_rows[] = {
    {kAudioObjectPropertyBaseClass, AT_GLOBAL, 4, get_base, NULL},
    {kAudioObjectPropertyClass, AT_GLOBAL, 4, get_class, NULL},
    {kAudioObjectPropertyOwner, AT_GLOBAL, 4, get_owner, NULL},
    {kAudioObjectPropertyOwnedObjects, AT_GLOBAL | LIST, 4, get_owned, NULL},
    {kAudioObjectPropertyName, AT_GLOBAL | IS_REFERENCE, 8, get_name, NULL},
    {kAudioObjectPropertyManufacturer, AT_GLOBAL | IS_REFERENCE, 8, get_maker, NULL},
    {kAudioPlugInPropertyBundleID, AT_GLOBAL | IS_REFERENCE, 8, get_bundle_id, NULL},
    {kAudioPlugInPropertyDeviceList, AT_GLOBAL | LIST, 4, get_devices, NULL},
    {kAudioPlugInPropertyTranslateUIDToDevice, AT_GLOBAL | BY_UID, 4, device_of_uid, NULL},
    {kAudioPlugInPropertyBoxList, AT_GLOBAL | LIST, 4, get_boxes, NULL},
    {kAudioPlugInPropertyTranslateUIDToBox, AT_GLOBAL | BY_UID, 4, box_of_uid, NULL},
    {kAudioPlugInPropertyResourceBundle, AT_GLOBAL | IS_REFERENCE, 8, get_resource_bundle, NULL},
    {0, 0, 0, NULL, NULL},
};

static OSStatus get_box_uid(const query *q, answer *a)
{
    (void)q;
    return text(a, BUNDLE_ID ":box");
}

static OSStatus get_box_name(const query *q, answer *a)
{
    (void)q;
    return reference(a, state.box_name);
}

static OSStatus set_box_name(const query *q, UInt32 size, const void *data)
{
    bool changed;
    OSStatus status = set_text(&state.box_name, data, &changed);
    (void)size;
    if (changed)
        notify(BOX, q->selector, 0);
    return status;
}

static OSStatus get_model(const query *q, answer *a)
{
    (void)q;
    return text(a, "Subject 2");
}

static OSStatus get_serial(const query *q, answer *a)
{
    (void)q;
    return text(a, "0001");
}

static OSStatus get_box_identify(const query *q, answer *a)
{
    (void)q;
    return number(a, state.box_identify);
}

static OSStatus set_box_identify(const query *q, UInt32 size, const void *data)
{
    (void)size;
    return set_flag(q, &state.box_identify, data);
}

static OSStatus get_acquired(const query *q, answer *a)
{
    (void)q;
    return number(a, atomic_load(&state.acquired));
}

/* The devices come and go with the box; the choice outlives a restart. */
static OSStatus set_acquired(const query *q, UInt32 size, const void *data)
{
    UInt32 value = *(const UInt32 *)data != 0;
    (void)q, (void)size;
    if (value == atomic_exchange(&state.acquired, value))
        return 0;
    CFStringRef kept = CFStringCreateWithCString(NULL, value ? "yes" : "no", kCFStringEncodingUTF8);
    store("acquired", kept);
    CFRelease(kept);
    notify(BOX, kAudioBoxPropertyAcquired, kAudioBoxPropertyDeviceList);
    if (!defect(box_hides_change_from_plugin))
        notify(PLUGIN, kAudioPlugInPropertyDeviceList, kAudioObjectPropertyOwnedObjects);
    return 0;
}

const row box_rows[] = {
    {kAudioObjectPropertyBaseClass, AT_GLOBAL, 4, get_base, NULL},
    {kAudioObjectPropertyClass, AT_GLOBAL, 4, get_class, NULL},
    {kAudioObjectPropertyOwner, AT_GLOBAL, 4, get_owner, NULL},
    {kAudioObjectPropertyOwnedObjects, AT_GLOBAL | LIST, 4, get_owned, NULL},
    {kAudioObjectPropertyName, AT_GLOBAL | IS_REFERENCE, 8, get_box_name, set_box_name},
    {kAudioObjectPropertyManufacturer, AT_GLOBAL | IS_REFERENCE, 8, get_maker, NULL},
    {kAudioObjectPropertyModelName, AT_GLOBAL | IS_REFERENCE, 8, get_model, NULL},
    {kAudioObjectPropertySerialNumber, AT_GLOBAL | IS_REFERENCE, 8, get_serial, NULL},
    {kAudioObjectPropertyFirmwareVersion, AT_GLOBAL | IS_REFERENCE, 8, get_version, NULL},
    {kAudioObjectPropertyIdentify, AT_GLOBAL, 4, get_box_identify, set_box_identify},
    {kAudioBoxPropertyBoxUID, AT_GLOBAL | IS_REFERENCE, 8, get_box_uid, NULL},
    {kAudioBoxPropertyTransportType, AT_GLOBAL, 4, get_transport, NULL},
    {kAudioBoxPropertyHasAudio, AT_GLOBAL, 4, one, NULL},
    {kAudioBoxPropertyHasVideo, AT_GLOBAL, 4, zero, NULL},
    {kAudioBoxPropertyHasMIDI, AT_GLOBAL, 4, zero, NULL},
    {kAudioBoxPropertyIsProtected, AT_GLOBAL, 4, zero, NULL},
    {kAudioBoxPropertyAcquired, AT_GLOBAL, 4, get_acquired, set_acquired},
    {kAudioBoxPropertyAcquisitionFailed, AT_GLOBAL, 4, zero, NULL},
    {kAudioBoxPropertyDeviceList, AT_GLOBAL | LIST, 4, get_devices, NULL},
    {0, 0, 0, NULL, NULL},
};
