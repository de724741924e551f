/* The host that the fuzzed driver talks to; included by fuzz.h. Its behaviour is the policy, which a
 * step of the script sets, so that a script behaves the same every time. */

enum fuzz_policy { POLICY_REENTER = 1, POLICY_REQUESTS = 6, POLICY_STORAGE = 8 };
enum fuzz_requests { REQUESTS_LATER, REQUESTS_NOW, REQUESTS_REFUSE };

static OSStatus perform_change(fuzz *f, UInt32 device, UInt64 action, void *info, int stopped);

/* A driver calls its host from no realtime call. */
static void host_entered(fuzz *f, const char *function)
{
    if (fuzz_self && fuzz_self->inside)
        fuzz_fail(f, FAIL_HOST_CALL, "the driver called %s inside a realtime call", function);
}

/* As a host may from inside PropertiesChanged: is it there, how large, what is it. */
static void reread(fuzz *f, UInt32 object, const AudioObjectPropertyAddress *address)
{
    unsigned char value[FUZZ_SEEN_SIZE];
    CFTypeRef reference;
    UInt32 size = 0;
    AudioServerPlugInDriverRef d = f->driver;
    if (!(*d)->HasProperty(d, object, 0, address) || (*d)->GetPropertyDataSize(d, object, 0, address, 0, NULL, &size) ||
        size > sizeof value || (*d)->GetPropertyData(d, object, 0, address, 0, NULL, size, &size, value))
        return;
    memcpy(&reference, value, sizeof reference);
    if (size == sizeof reference && data_kind(f, address->mSelector) != KIND_NUMBER && reference &&
        tympan_kind_of(reference) != TYMPAN_NO_OBJECT)
        CFRelease(reference);
}

static OSStatus fuzz_properties_changed(AudioServerPlugInHostRef self, AudioObjectID object, UInt32 count,
                                        const AudioObjectPropertyAddress *addresses)
{
    fuzz *f = &the_fuzz;
    (void)self;
    host_entered(f, "PropertiesChanged");
    if (!addresses || !count || count > 4096)
        fuzz_fail(f, FAIL_HOST_CALL, "the driver called PropertiesChanged with %u addresses at %p", count, (void *)addresses);
    else if (f->policy & POLICY_REENTER)
        for (UInt32 i = 0; i < count; i++)
            reread(f, object, &addresses[i]);
    f->stale = 1;
    return 0;
}

/* The place of a key, or a free one, or the last; with the lock. */
static unsigned stored_place(fuzz *f, CFStringRef key)
{
    for (unsigned i = 0; i < FUZZ_KEYS; i++)
        if (f->stored[i].key && CFEqual((CFTypeRef)f->stored[i].key, (CFTypeRef)key))
            return i;
    for (unsigned i = 0; i < FUZZ_KEYS; i++)
        if (!f->stored[i].key)
            return i;
    return FUZZ_KEYS - 1;
}

static void stored_clear(fuzz *f, unsigned place)
{
    if (f->stored[place].key) {
        CFRelease((CFTypeRef)f->stored[place].key);
        CFRelease(f->stored[place].value);
    }
    f->stored[place].key = NULL;
    f->stored[place].value = NULL;
}

static OSStatus fuzz_copy(AudioServerPlugInHostRef self, CFStringRef key, CFPropertyListRef *out)
{
    fuzz *f = &the_fuzz;
    (void)self;
    host_entered(f, "CopyFromStorage");
    if (!key || !out)
        return kAudioHardwareIllegalOperationError;
    pthread_mutex_lock(&f->lock);
    unsigned place = stored_place(f, key);
    int found = f->stored[place].key && f->policy & POLICY_STORAGE;
    *out = found ? CFRetain(f->stored[place].value) : NULL;
    pthread_mutex_unlock(&f->lock);
    return found ? 0 : kAudioHardwareUnspecifiedError;
}

static OSStatus fuzz_write(AudioServerPlugInHostRef self, CFStringRef key, CFPropertyListRef value)
{
    fuzz *f = &the_fuzz;
    (void)self;
    host_entered(f, "WriteToStorage");
    if (!key || !value)
        return kAudioHardwareIllegalOperationError;
    if (!(f->policy & POLICY_STORAGE))
        return kAudioHardwareUnspecifiedError;
    pthread_mutex_lock(&f->lock);
    unsigned place = stored_place(f, key);
    CFRetain((CFTypeRef)key);
    CFRetain(value);
    stored_clear(f, place);
    f->stored[place].key = key;
    f->stored[place].value = value;
    pthread_mutex_unlock(&f->lock);
    return 0;
}

static OSStatus fuzz_delete(AudioServerPlugInHostRef self, CFStringRef key)
{
    fuzz *f = &the_fuzz;
    (void)self;
    host_entered(f, "DeleteFromStorage");
    if (!key)
        return kAudioHardwareIllegalOperationError;
    pthread_mutex_lock(&f->lock);
    unsigned place = stored_place(f, key);
    int found = f->stored[place].key && CFEqual((CFTypeRef)f->stored[place].key, (CFTypeRef)key);
    if (found)
        stored_clear(f, place);
    pthread_mutex_unlock(&f->lock);
    return found ? 0 : kAudioHardwareUnspecifiedError;
}

static OSStatus fuzz_request(AudioServerPlugInHostRef self, AudioObjectID device, UInt64 action, void *info)
{
    fuzz *f = &the_fuzz;
    unsigned how = (f->policy & POLICY_REQUESTS) >> 1;
    (void)self;
    host_entered(f, "RequestDeviceConfigurationChange");
    if (how == REQUESTS_REFUSE)
        return kAudioHardwareIllegalOperationError;
    if (how == REQUESTS_NOW && !fuzz_performing && !(fuzz_self && fuzz_self->holds)) {
        perform_change(f, device, action, info, 1);
        return 0;
    }
    pthread_mutex_lock(&f->lock);
    int room = f->request_count < FUZZ_REQUESTS;
    if (room) {
        f->requests[f->request_count].device = device;
        f->requests[f->request_count].action = action;
        f->requests[f->request_count++].info = info;
    }
    pthread_mutex_unlock(&f->lock);
    return room ? 0 : kAudioHardwareIllegalOperationError;
}

/* The oldest request, taken out of the list. */
static int request_take(fuzz *f, UInt32 *device, UInt64 *action, void **info)
{
    pthread_mutex_lock(&f->lock);
    int found = f->request_count > 0;
    if (found) {
        *device = f->requests[0].device;
        *action = f->requests[0].action;
        *info = f->requests[0].info;
        memmove(f->requests, f->requests + 1, --f->request_count * sizeof f->requests[0]);
    }
    pthread_mutex_unlock(&f->lock);
    return found;
}
