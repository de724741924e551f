/* IO and life of the minimal driver; the end of tone.c. */

static OSStatus check_device(const void *d, AudioObjectID device)
{
    return d == &driver && device == DEVICE ? 0 : kAudioHardwareBadObjectError;
}

static OSStatus tone_start(Driver d, AudioObjectID device, UInt32 client)
{
    (void)client;
    if (check_device(d, device))
        return kAudioHardwareBadObjectError;
    pthread_mutex_lock(&guard);
    if (started == 0) {
        anchor = mach_absolute_time();
        seed++;
        changed(kAudioDevicePropertyDeviceIsRunning);
    }
    started++;
    pthread_mutex_unlock(&guard);
    return 0;
}

static OSStatus tone_stop(Driver d, AudioObjectID device, UInt32 client)
{
    (void)client;
    if (check_device(d, device))
        return kAudioHardwareBadObjectError;
    pthread_mutex_lock(&guard);
    bool runs = started > 0;
    if (runs && --started == 0)
        changed(kAudioDevicePropertyDeviceIsRunning);
    pthread_mutex_unlock(&guard);
    return runs ? 0 : kAudioHardwareIllegalOperationError;
}

static OSStatus tone_stamp(Driver d, AudioObjectID device, UInt32 client, Float64 *sample, UInt64 *host, UInt64 *line)
{
    (void)client;
    if (check_device(d, device))
        return kAudioHardwareBadObjectError;
    if (!sample || !host || !line)
        return kAudioHardwareIllegalOperationError;
    if (!started)
        return kAudioHardwareNotRunningError;
    uint64_t now = mach_absolute_time(), elapsed = now > anchor ? now - anchor : 0;
    uint64_t frame = (uint64_t)((unsigned __int128)elapsed * per_frames / ticks) / PERIOD * PERIOD;
    *sample = (Float64)frame;
    *host = anchor + (uint64_t)((unsigned __int128)frame * ticks / per_frames);
    *line = seed;
    return 0;
}

static OSStatus tone_will_do(Driver d, AudioObjectID device, UInt32 client, UInt32 operation, Boolean *will,
                             Boolean *in_place)
{
    (void)client;
    if (check_device(d, device))
        return kAudioHardwareBadObjectError;
    if (!will || !in_place)
        return kAudioHardwareIllegalOperationError;
    *will = operation == kAudioServerPlugInIOOperationReadInput;
    *in_place = 1;
    return 0;
}

static OSStatus tone_mark(Driver d, AudioObjectID device, UInt32 client, UInt32 operation, UInt32 frames, Cycle *cycle)
{
    (void)client, (void)operation, (void)frames;
    if (check_device(d, device))
        return kAudioHardwareBadObjectError;
    return cycle ? 0 : kAudioHardwareIllegalOperationError;
}

/* -0.5 ... 0.5, the same at the same time; before frame 0 too. */
static Float32 sawtooth(int64_t time)
{
    int64_t place = (time % 480 + 480) % 480;
    return (Float32)(place - 240) / 480.0f;
}

static OSStatus tone_do(Driver d, AudioObjectID device, AudioObjectID stream, UInt32 client, UInt32 operation,
                        UInt32 frames, Cycle *cycle, void *audio, void *other)
{
    (void)client, (void)other;
    if (check_device(d, device))
        return kAudioHardwareBadObjectError;
    if (operation != kAudioServerPlugInIOOperationReadInput)
        return 0;
    if (!cycle || !audio)
        return kAudioHardwareIllegalOperationError;
    if (stream != STREAM)
        return kAudioHardwareBadStreamError;
    Float64 at = cycle->mInputTime.mSampleTime;
    int64_t time = at >= -9e15 && at <= 9e15 ? (int64_t)at - (at < (Float64)(int64_t)at) : 0;
    for (UInt32 i = 0; i < frames; i++)
        ((Float32 *)audio)[i] = sawtooth(time + i);
    return 0;
}

static OSStatus tone_client(Driver d, AudioObjectID device, ClientInfo *client)
{
    if (check_device(d, device))
        return kAudioHardwareBadObjectError;
    return client ? 0 : kAudioHardwareIllegalOperationError;
}

/* It never asked for one. */
static OSStatus tone_perform(Driver d, AudioObjectID device, UInt64 action, void *info)
{
    (void)action, (void)info;
    return check_device(d, device) ? kAudioHardwareBadObjectError : kAudioHardwareIllegalOperationError;
}

static OSStatus tone_abort(Driver d, AudioObjectID device, UInt64 action, void *info)
{
    (void)action, (void)info;
    return check_device(d, device);
}

static OSStatus tone_create(Driver d, CFDictionaryRef description, ClientInfo *c, AudioObjectID *out)
{
    (void)description, (void)c;
    if (out)
        *out = kAudioObjectUnknown;
    return d == &driver ? kAudioHardwareUnsupportedOperationError : kAudioHardwareBadObjectError;
}

static OSStatus tone_destroy(Driver d, AudioObjectID device)
{
    (void)device;
    return d == &driver ? kAudioHardwareUnsupportedOperationError : kAudioHardwareBadObjectError;
}

static OSStatus tone_initialize(Driver d, AudioServerPlugInHostRef host)
{
    mach_timebase_info_data_t base;
    if (d != &driver)
        return kAudioHardwareBadObjectError;
    if (!host || atomic_load(&the_host))
        return kAudioHardwareIllegalOperationError;
    mach_timebase_info(&base);
    ticks = 1000000000ull * base.denom;
    per_frames = (uint64_t)RATE * base.numer;
    queue = dispatch_queue_create("org.tympan.tone", NULL);
    active = 1;
    atomic_store(&the_host, host);
    return queue ? 0 : kAudioHardwareUnspecifiedError;
}

static ULONG tone_add_ref(void *d)
{
    (void)d;
    return atomic_fetch_add(&references, 1) + 1;
}

static void tone_end(void)
{
    pthread_mutex_lock(&guard);
    atomic_store(&the_host, NULL);
    started = 0;
    if (queue)
        dispatch_release(queue);
    queue = NULL;
    pthread_mutex_unlock(&guard);
}

static ULONG tone_release(void *d)
{
    unsigned count = atomic_load(&references);
    (void)d;
    while (count && !atomic_compare_exchange_weak(&references, &count, count - 1))
        ;
    if (count == 1)
        tone_end();
    return count ? count - 1 : 0;
}

static HRESULT tone_query(void *d, REFIID uuid, LPVOID *out)
{
    if (!out)
        return kAudioHardwareIllegalOperationError;
    *out = NULL;
    if (!tympan_uuid_equal(uuid, tympan_IUnknownUUID) &&
        !tympan_uuid_equal(uuid, tympan_kAudioServerPlugInDriverInterfaceUUID))
        return (HRESULT)0x80000004;
    tone_add_ref(d);
    *out = &driver;
    return 0;
}

static AudioServerPlugInDriverInterface table = {
    NULL,       tone_query,  tone_add_ref, tone_release,  tone_initialize, tone_create, tone_destroy, tone_client,
    tone_client, tone_perform, tone_abort,  tone_has,      tone_settable,   tone_size,   tone_get,     tone_set,
    tone_start, tone_stop,   tone_stamp,   tone_will_do,  tone_mark,       tone_do,     tone_mark,
};

__attribute__((visibility("default"))) void *ToneFactory(CFAllocatorRef allocator, CFUUIDRef type)
{
    (void)allocator;
    if (!tympan_uuid_equal(CFUUIDGetUUIDBytes(type), tympan_kAudioServerPlugInTypeUUID))
        return NULL;
    tone_add_ref(NULL);
    return &driver;
}
