/* Property traffic: every selector on every object, right and wrong, from as many threads as one likes. */

static const UInt32 SELECTORS[] = {
    kAudioObjectPropertyBaseClass, kAudioObjectPropertyClass, kAudioObjectPropertyOwner,
    kAudioObjectPropertyOwnedObjects, kAudioObjectPropertyName, kAudioObjectPropertyManufacturer,
    kAudioObjectPropertyElementName, kAudioObjectPropertyModelName, kAudioObjectPropertyControlList,
    kAudioObjectPropertySerialNumber, kAudioPlugInPropertyBundleID, kAudioPlugInPropertyDeviceList,
    kAudioPlugInPropertyBoxList, kAudioPlugInPropertyTranslateUIDToDevice, kAudioPlugInPropertyTranslateUIDToBox,
    kAudioPlugInPropertyResourceBundle, kAudioDevicePropertyDeviceUID, kAudioDevicePropertyModelUID,
    kAudioDevicePropertyTransportType, kAudioDevicePropertyRelatedDevices, kAudioDevicePropertyDeviceIsAlive,
    kAudioDevicePropertyDeviceIsRunning, kAudioDevicePropertyDeviceCanBeDefaultDevice,
    kAudioDevicePropertyDeviceCanBeDefaultSystemDevice, kAudioDevicePropertyIsHidden, kAudioDevicePropertyLatency,
    kAudioDevicePropertySafetyOffset, kAudioDevicePropertyStreams, kAudioDevicePropertyNominalSampleRate,
    kAudioDevicePropertyAvailableNominalSampleRates, kAudioDevicePropertyPreferredChannelsForStereo,
    kAudioDevicePropertyPreferredChannelLayout, kAudioDevicePropertyClockDomain,
    kAudioDevicePropertyZeroTimeStampPeriod, kAudioDevicePropertyClockAlgorithm, kAudioDevicePropertyClockIsStable,
    kAudioStreamPropertyIsActive, kAudioStreamPropertyDirection, kAudioStreamPropertyTerminalType,
    kAudioStreamPropertyStartingChannel, kAudioStreamPropertyVirtualFormat, kAudioStreamPropertyPhysicalFormat,
    kAudioStreamPropertyAvailableVirtualFormats, kAudioStreamPropertyAvailablePhysicalFormats,
    kAudioServerPlugInCustomPropertyDataTypeNone, 0x3F3F3F3F, /* none of anybody's */
};
static const UInt32 SCOPES[] = {
    kAudioObjectPropertyScopeGlobal, kAudioObjectPropertyScopeInput, kAudioObjectPropertyScopeOutput,
    kAudioObjectPropertyScopeWildcard, 0,
};
#define COUNT(array) ((UInt32)(sizeof(array) / sizeof *(array)))

/* A value is a string of which the caller now owns a reference. */
static int is_string(UInt32 selector)
{
    return selector == kAudioObjectPropertyName || selector == kAudioObjectPropertyManufacturer ||
           selector == kAudioObjectPropertyElementName || selector == kAudioObjectPropertyModelName ||
           selector == kAudioPlugInPropertyBundleID || selector == kAudioPlugInPropertyResourceBundle ||
           selector == kAudioDevicePropertyDeviceUID || selector == kAudioDevicePropertyModelUID;
}

/* Reads the text, as a client would, and gives the reference back. */
static void use_string(const unsigned char *data)
{
    CFStringRef string;
    char text[512];
    memcpy(&string, data, sizeof string);
    if (!CFStringGetCString(string, text, sizeof text, kCFStringEncodingUTF8))
        wrong("a property's string cannot be read");
    CFRelease((CFTypeRef)string);
}

/* GetPropertyData with `size` bytes of exact memory. */
static OSStatus property_read(UInt32 object, const AudioObjectPropertyAddress *address, UInt32 qualifier_size,
                              const void *qualifier, UInt32 size)
{
    unsigned char *data = malloc(size ? size : 1);
    UInt32 got = 0;
    OSStatus status = (*subject.ref)->GetPropertyData(subject.ref, object, 7, address, qualifier_size, qualifier, size,
                                                      &got, data);
    if (!status && got > size)
        wrong("selector %08x answers %u bytes where there is room for %u", address->mSelector, got, size);
    if (!status && is_string(address->mSelector))
        use_string(data);
    free(data);
    return status;
}

/* One property, asked in all ways. */
static void property_visit(UInt32 object, const AudioObjectPropertyAddress *address)
{
    AudioServerPlugInDriverRef ref = subject.ref;
    UInt32 size = 0;
    Boolean settable = 0;
    OSStatus status = (*ref)->GetPropertyDataSize(ref, object, 7, address, 0, NULL, &size);
    if ((*ref)->HasProperty(ref, object, 7, address) != !status)
        wrong("HasProperty and GetPropertyDataSize of %08x on object %u differ", address->mSelector, object);
    (*ref)->IsPropertySettable(ref, object, 7, address, &settable);
    if (status)
        return;
    property_read(object, address, 0, NULL, size);
    property_read(object, address, 0, NULL, size + 8);
    property_read(object, address, 0, NULL, size / 2);
    property_read(object, address, 0, NULL, 0);
}

/* Properties with a qualifier: a UID, and a list of classes. */
static void property_qualified(UInt32 size_lie)
{
    AudioObjectPropertyAddress uid = {kAudioPlugInPropertyTranslateUIDToDevice, kAudioObjectPropertyScopeGlobal, 0};
    AudioObjectPropertyAddress owned = {kAudioObjectPropertyOwnedObjects, kAudioObjectPropertyScopeGlobal, 0};
    UInt32 classes[] = {kAudioStreamClassID, kAudioDeviceClassID};
    CFStringRef text = CFStringCreateWithCString(NULL, "com.example.nobody", kCFStringEncodingUTF8);
    property_read(kAudioObjectPlugInObject, &uid, sizeof text, &text, 4);
    property_read(kAudioObjectPlugInObject, &uid, size_lie, &text, 4);
    property_read(subject.device, &owned, sizeof classes, classes, 4 * subject.object_count);
    property_read(subject.device, &owned, 3, classes, 4 * subject.object_count);
    CFRelease((CFTypeRef)text);
}

static void set_rate(Float64 rate)
{
    AudioObjectPropertyAddress address = {kAudioDevicePropertyNominalSampleRate, kAudioObjectPropertyScopeGlobal, 0};
    (*subject.ref)->SetPropertyData(subject.ref, subject.device, 7, &address, 0, NULL, sizeof rate, &rate);
}

static void set_format(UInt32 id, Float64 rate)
{
    AudioObjectPropertyAddress address = {kAudioStreamPropertyPhysicalFormat, kAudioObjectPropertyScopeGlobal, 0};
    AudioStreamBasicDescription format;
    UInt32 got = 0;
    must(get(id, address.mSelector, address.mScope, sizeof format, &format, &got), "GetPropertyData of a format");
    format.mSampleRate = rate;
    (*subject.ref)->SetPropertyData(subject.ref, id, 7, &address, 0, NULL, sizeof format, &format);
}

static void set_active(UInt32 id, UInt32 active)
{
    AudioObjectPropertyAddress address = {kAudioStreamPropertyIsActive, kAudioObjectPropertyScopeGlobal, 0};
    (*subject.ref)->SetPropertyData(subject.ref, id, 7, &address, 0, NULL, sizeof active, &active);
}

/* A reference that comes and goes. */
static void query_interface(void)
{
    LPVOID other = NULL;
    must((*subject.ref)->QueryInterface(subject.ref, tympan_uuid_bytes(tympan_kAudioServerPlugInDriverInterfaceUUID),
                                        &other), "QueryInterface");
    (*subject.ref)->Release(other);
}

/* A random thing that a client may do to a driver at any time. */
static void property_traffic(uint64_t *random)
{
    UInt32 dice = random_below(random, 100), object = random_below(random, subject.object_count + 3);
    UInt32 one = subject.input.id ? subject.input.id : subject.output.id;
    Float64 rate = subject.rates[random_below(random, subject.rate_count)];
    if (dice < 90) {
        AudioObjectPropertyAddress address = {SELECTORS[random_below(random, COUNT(SELECTORS))],
                                              SCOPES[random_below(random, COUNT(SCOPES))], random_below(random, 4)};
        property_visit(object, &address);
    } else if (dice < 93) {
        property_qualified(random_below(random, 12));
    } else if (dice < 95) {
        query_interface();
    } else if (dice < 97) {
        set_active(one, random_below(random, 2));
    } else if (dice < 98) {
        set_format(one, rate);
    } else {
        set_rate(dice == 98 ? rate : 12345.0);
    }
}
