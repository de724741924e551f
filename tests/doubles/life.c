/* References, Initialize, clients and configuration changes that are wrong. */

#include "doubles.h"

bool inside_request(void); /* host.c */

static pthread_t setter; /* who set a rate last */
static bool started_since;
static atomic_int performing;

/* --- Initialize and the end --- */

static OSStatus try_storage(AudioServerPlugInHostRef host)
{
    CFStringRef key = CFStringCreateWithCString(NULL, "probe", kCFStringEncodingUTF8);
    CFPropertyListRef value = NULL;
    OSStatus status = 0;
    if (broken("initialize-survives-refusing-storage"))
        status = host->WriteToStorage(host, key, key);
    if (broken("storage-may-be-empty"))
        status = host->CopyFromStorage(host, key, &value);
    if (broken("storage-after-crash")) {
        CFStringRef dirty = CFStringCreateWithCString(NULL, "dirty", kCFStringEncodingUTF8);
        status = host->CopyFromStorage(host, dirty, &value) == 0 ? kAudioHardwareUnspecifiedError : 0;
        CFRelease(dirty);
    }
    if (value)
        CFRelease(value);
    CFRelease(key);
    return status;
}

static OSStatus wrong_initialize(DRIVER d, AudioServerPlugInHostRef host)
{
    AudioServerPlugInHostRef before = atomic_load(&true_host);
    if (!host && broken("initialize-null-host"))
        return 0;
    if (host && d == real_driver && !before && try_storage(host))
        return kAudioHardwareUnspecifiedError;
    bool second = before && atomic_load(&state.host);
    OSStatus status = real.Initialize(d, d != real_driver || second ? host : host_between(host));
    if (status && !second)
        atomic_store(&true_host, before);
    if (!status) {
        extras_begin();
        if (broken("ends-without-leak"))
            (void)CFStringCreateWithCString(NULL, "left behind", kCFStringEncodingUTF8);
    }
    return status;
}

static void *haunt(void *context)
{
    AudioServerPlugInHostRef host = context;
    AudioObjectPropertyAddress running = {kAudioDevicePropertyDeviceIsRunning, kAudioObjectPropertyScopeGlobal, 0};
    for (int i = 0; i < 20; i++) {
        usleep(20000);
        host->PropertiesChanged(host, DESK, 1, &running);
    }
    return NULL;
}

static ULONG wrong_release(void *d)
{
    AudioServerPlugInHostRef host = atomic_load(&true_host);
    pthread_t ghost;
    bool pending = desk.action || desk.asking || wire.action || wire.asking;
    ULONG left = real.Release(d);
    if (left || !host)
        return left;
    if (broken("end-with-pending-change") && pending)
        abort();
    atomic_store(&true_host, NULL);
    extras_end();
    if (broken("quiet-after-the-end") && pthread_create(&ghost, NULL, haunt, (void *)host) == 0)
        pthread_detach(ghost);
    return left;
}

static OSStatus wrong_destroy(DRIVER d, AudioObjectID device)
{
    return broken("destroy-device-unsupported") ? 0 : real.DestroyDevice(d, device);
}

/* --- clients --- */

static OSStatus wrong_add(DRIVER d, AudioObjectID device, const AudioServerPlugInClientInfo *info)
{
    static UInt32 desk_client;
    if (broken("client-unknown-device") && device > LAST_OBJECT)
        return 0;
    if (broken("client-null-info"))
        (void)*(const volatile UInt32 *)&info->mClientID;
    if (broken("client-comes-during-io") && (desk.started || wire.started))
        return kAudioHardwareIllegalOperationError;
    if (broken("client-ids-per-device") && device == WIRE && info->mClientID == desk_client)
        return kAudioHardwareIllegalOperationError;
    if (device == DESK && info)
        desk_client = info->mClientID;
    OSStatus status = real.AddDeviceClient(d, device, info);
    if (broken("client-info-not-released") && info && info->mBundleID && !status)
        CFRelease(info->mBundleID);
    return status;
}

/* --- changes --- */

static OSStatus wrong_set(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size,
                          const void *qualifier, UInt32 size, const void *data);

static OSStatus (*set_before)(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32, const void *);
static OSStatus (*get_before)(DRIVER, AudioObjectID, pid_t, ADDRESS, UInt32, const void *, UInt32, UInt32 *, void *);

static OSStatus wrong_set(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size,
                          const void *qualifier, UInt32 size, const void *data)
{
    if (a && a->mSelector == kAudioDevicePropertyNominalSampleRate) {
        setter = pthread_self();
        started_since = false;
    }
    return set_before(d, object, pid, a, qualifier_size, qualifier, size, data);
}

static OSStatus wrong_get(DRIVER d, AudioObjectID object, pid_t pid, ADDRESS a, UInt32 qualifier_size,
                          const void *qualifier, UInt32 capacity, UInt32 *out, void *data)
{
    UInt32 s = a ? a->mSelector : 0;
    bool waits = (broken("requested-without-lock") && s == kAudioDevicePropertyNominalSampleRate) ||
                 (broken("storage-not-under-lock") && s == kAudioPlugInPropertyDeviceList);
    if (waits)
        pthread_mutex_lock(&common_lock);
    OSStatus status = get_before(d, object, pid, a, qualifier_size, qualifier, capacity, out, data);
    if (waits)
        pthread_mutex_unlock(&common_lock);
    if (!status && data && broken("reading-during-change") && performing && s == kAudioDevicePropertyNominalSampleRate)
        *(Float64 *)data = 0;
    return status;
}

static OSStatus wrong_perform(DRIVER d, AudioObjectID device, UInt64 action, void *info)
{
    if (device == CLOCK_DEVICE && d == real_driver)
        return extras_perform(action);
    if (broken("change-of-unknown-device") && device > LAST_OBJECT)
        return 0;
    if (broken("change-of-removed-device") && !state.acquired)
        abort();
    if (broken("rate-change-on-another-thread") && !pthread_equal(setter, pthread_self()))
        return kAudioHardwareIllegalOperationError;
    if (broken("rate-change-performed-at-once") && inside_request())
        return kAudioHardwareIllegalOperationError;
    if (broken("client-starts-before-perform") && started_since)
        return kAudioHardwareIllegalOperationError;
    if (!broken("reading-during-change"))
        return real.PerformDeviceConfigurationChange(d, device, action, info);
    performing = 1;
    usleep(5000);
    OSStatus status = real.PerformDeviceConfigurationChange(d, device, action, info);
    performing = 0;
    return status;
}

static OSStatus wrong_abort(DRIVER d, AudioObjectID device, UInt64 action, void *info)
{
    if (device == CLOCK_DEVICE && d == real_driver)
        return 0;
    if (broken("change-of-unknown-device") && device > LAST_OBJECT)
        return 0;
    if (broken("unknown-abort") && action != desk.action)
        desk.now.rate = wire.now.rate = 44100;
    return real.AbortDeviceConfigurationChange(d, device, action, info);
}

void note_start(void)
{
    started_since = true;
}

void break_life(AudioServerPlugInDriverInterface *table)
{
    table->Initialize = wrong_initialize;
    table->Release = wrong_release;
    table->DestroyDevice = wrong_destroy;
    table->AddDeviceClient = wrong_add;
}

void break_changes(AudioServerPlugInDriverInterface *table)
{
    set_before = table->SetPropertyData;
    get_before = table->GetPropertyData;
    table->SetPropertyData = wrong_set;
    table->GetPropertyData = wrong_get;
    table->PerformDeviceConfigurationChange = wrong_perform;
    table->AbortDeviceConfigurationChange = wrong_abort;
}
