/* What there is in the driver: objects, their properties, streams' formats; included by fuzz.h.
 * Done while nobody else calls the driver, with calls that a host makes too. */

static UInt32 learn_get(fuzz *f, UInt32 object, UInt32 selector, UInt32 scope, void *data, UInt32 capacity)
{
    AudioObjectPropertyAddress address = {selector, scope, 0};
    UInt32 size = 0;
    AudioServerPlugInDriverRef d = f->driver;
    if (!(*d)->HasProperty(d, object, 0, &address))
        return 0;
    if ((*d)->GetPropertyData(d, object, 0, &address, 0, NULL, capacity, &size, data))
        return 0;
    return size <= capacity ? size : 0;
}

static UInt32 learn_number(fuzz *f, UInt32 object, UInt32 selector)
{
    UInt32 value = 0;
    learn_get(f, object, selector, kAudioObjectPropertyScopeGlobal, &value, sizeof value);
    return value;
}

/* A stream's own format, which the buffers of ReadInput and WriteMix have. */
static void learn_format(fuzz *f, fuzz_object *o)
{
    AudioStreamBasicDescription format = {0};
    if (!learn_get(f, o->id, kAudioStreamPropertyPhysicalFormat, kAudioObjectPropertyScopeGlobal, &format, sizeof format))
        return;
    o->frame_bytes = format.mBytesPerFrame < 4096 ? format.mBytesPerFrame : 4096;
    o->channels = format.mChannelsPerFrame < 1024 ? format.mChannelsPerFrame : 1024;
    if (o->frame_bytes > f->largest_frame)
        f->largest_frame = o->frame_bytes;
    if (4 * o->channels > f->largest_frame)
        f->largest_frame = 4 * o->channels;
    o->is_input = learn_number(f, o->id, kAudioStreamPropertyDirection);
}

/* Formats and rates may be others after a configuration change. */
static void learn_formats(fuzz *f)
{
    for (unsigned i = 0; i < f->object_count; i++)
        if (f->objects[i].kind == kAudioStreamClassID)
            learn_format(f, &f->objects[i]);
    for (unsigned i = 0; i < f->device_count; i++)
        learn_get(f, f->devices[i].id, kAudioDevicePropertyNominalSampleRate, kAudioObjectPropertyScopeGlobal,
                  &f->devices[i].rate, sizeof(double));
}

static void learn_device(fuzz *f, UInt32 id)
{
    static const UInt32 operations[] = {'thrd', 'cycl', 'read', 'cinp', 'pinp', 'pout', 'mixo', 'pmix', 'cmix', 'rite'};
    fuzz_device *device = &f->devices[f->device_count++];
    AudioServerPlugInDriverRef d = f->driver;
    memset(device, 0, sizeof *device);
    device->id = id;
    device->rate = 48000.0;
    for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++) {
        Boolean will = 0, in_place = 1;
        if (!(*d)->WillDoIOOperation(d, id, 0, operations[i], &will, &in_place) && will)
            device->promised |= 1u << i;
    }
}

static void learn_object(fuzz *f, UInt32 id)
{
    UInt32 owned[FUZZ_OBJECTS];
    if (object_of(f, id) || f->object_count == FUZZ_OBJECTS)
        return;
    fuzz_object *o = &f->objects[f->object_count++];
    memset(o, 0, sizeof *o);
    o->id = id;
    o->kind = learn_number(f, id, kAudioObjectPropertyClass);
    o->owner = learn_number(f, id, kAudioObjectPropertyOwner);
    if (o->kind == kAudioDeviceClassID && f->device_count < FUZZ_DEVICES)
        learn_device(f, id);
    UInt32 size = learn_get(f, id, kAudioObjectPropertyOwnedObjects, kAudioObjectPropertyScopeGlobal, owned, sizeof owned);
    for (UInt32 i = 0; i < size / 4; i++)
        learn_object(f, owned[i]);
}

/* What a driver says about properties of its own decides whether their data are references. */
static void learn_custom(fuzz *f, UInt32 object)
{
    AudioServerPlugInCustomPropertyInfo list[16];
    UInt32 size =
        learn_get(f, object, kAudioObjectPropertyCustomPropertyInfoList, kAudioObjectPropertyScopeGlobal, list, sizeof list);
    for (UInt32 i = 0; i < size / sizeof *list && f->custom_count < 32; i++) {
        f->custom[f->custom_count].code = list[i].mSelector;
        f->custom[f->custom_count++].is_reference = list[i].mPropertyDataType != 0;
    }
}

static void learn_address(fuzz *f, UInt32 object, UInt32 selector, UInt32 scope, UInt32 element)
{
    AudioObjectPropertyAddress address = {selector, scope, element};
    AudioServerPlugInDriverRef d = f->driver;
    Boolean settable = 0;
    UInt32 size = 0;
    if (f->address_count == FUZZ_ADDRESSES || !(*d)->HasProperty(d, object, 0, &address))
        return;
    (*d)->IsPropertySettable(d, object, 0, &address, &settable);
    (*d)->GetPropertyDataSize(d, object, 0, &address, 0, NULL, &size);
    if (settable && f->settable_count < 256)
        f->settable[f->settable_count++] = f->address_count;
    f->addresses[f->address_count++] = (fuzz_address){object, selector, scope, element, size, settable};
}

static void learn_addresses(fuzz *f, UInt32 object)
{
    static const UInt32 scopes[] = {kAudioObjectPropertyScopeGlobal, kAudioObjectPropertyScopeInput,
                                    kAudioObjectPropertyScopeOutput};
    for (unsigned i = 0; i < f->selector_count + f->custom_count; i++) {
        UInt32 selector = i < f->selector_count ? f->selectors[i].code : f->custom[i - f->selector_count].code;
        for (unsigned s = 0; s < 3; s++)
            for (UInt32 element = 0; element < 3; element++)
                learn_address(f, object, selector, scopes[s], element);
    }
}

static int same_objects(const fuzz_object *before, unsigned count, fuzz *f)
{
    int same = count == f->object_count;
    for (unsigned i = 0; i < count && same; i++)
        same = before[i].id == f->objects[i].id && before[i].kind == f->objects[i].kind;
    return same;
}

/* Everything again; addresses only when the objects are others. Nobody may be in IO. */
static void learn(fuzz *f)
{
    fuzz_object before[FUZZ_OBJECTS];
    fuzz_device devices[FUZZ_DEVICES];
    unsigned count = f->object_count, device_count = f->device_count;
    memcpy(before, f->objects, sizeof before);
    memcpy(devices, f->devices, sizeof devices);
    f->object_count = f->device_count = 0;
    f->stale = 0;
    learn_object(f, kAudioObjectPlugInObject);
    for (unsigned i = 0; i < device_count; i++) {
        fuzz_device *device = device_of(f, devices[i].id);
        if (device)
            memcpy(device->client, devices[i].client, sizeof device->client);
    }
    learn_formats(f);
    if (count && same_objects(before, count, f))
        return;
    f->custom_count = f->address_count = f->settable_count = 0;
    for (unsigned i = 0; i < f->object_count; i++)
        learn_custom(f, f->objects[i].id);
    for (unsigned i = 0; i < f->object_count; i++)
        learn_addresses(f, f->objects[i].id);
}
