/* What stands between the driver and its host: every call goes through here, and some go wrong. */

#include "doubles.h"

#include <dlfcn.h>

_Atomic(AudioServerPlugInHostRef) true_host;

static void locked(bool wanted)
{
    if (wanted)
        pthread_mutex_lock(&common_lock);
}

static void unlocked(bool wanted)
{
    if (wanted)
        pthread_mutex_unlock(&common_lock);
}

static OSStatus notify_host(AudioServerPlugInHostRef unused, AudioObjectID object, UInt32 count, ADDRESS addresses)
{
    AudioServerPlugInHostRef host = atomic_load(&true_host);
    AudioObjectPropertyAddress nowhere = {SECRET, kAudioObjectPropertyScopeGlobal, 0};
    bool holds = broken("clients-without-lock") || broken("io-waits-for-no-host-call");
    int (*ensure)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "PyGILState_Ensure");
    void (*release)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "PyGILState_Release");
    bool interpreter = broken("not-called-holding-the-interpreter") && ensure && release;
    int held = interpreter ? ensure() : 0;
    (void)unused;
    locked(holds);
    OSStatus status = host->PropertiesChanged(host, object, count, addresses);
    if (broken("notified-address-exists"))
        host->PropertiesChanged(host, object, 1, &nowhere);
    unlocked(holds);
    if (interpreter)
        release(held);
    return status;
}

static OSStatus copy_from_host(AudioServerPlugInHostRef unused, CFStringRef key, CFPropertyListRef *out)
{
    AudioServerPlugInHostRef host = atomic_load(&true_host);
    (void)unused;
    return host->CopyFromStorage(host, key, out);
}

static OSStatus write_to_host(AudioServerPlugInHostRef unused, CFStringRef key, CFPropertyListRef value)
{
    AudioServerPlugInHostRef host = atomic_load(&true_host);
    CFTypeRef url = NULL;
    CFStringRef empty = NULL;
    (void)unused;
    if (broken("storage-writes-property-lists"))
        value = url = CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)"/x", 2, 0);
    if (broken("storage-own-keys"))
        key = empty = CFStringCreateWithCString(NULL, "", kCFStringEncodingUTF8);
    locked(broken("storage-not-under-lock"));
    OSStatus status = host->WriteToStorage(host, key, value);
    unlocked(broken("storage-not-under-lock"));
    if (status && broken("storage-failing-writes"))
        abort();
    if (url)
        CFRelease(url);
    if (empty)
        CFRelease(empty);
    return status;
}

static OSStatus delete_from_host(AudioServerPlugInHostRef unused, CFStringRef key)
{
    AudioServerPlugInHostRef host = atomic_load(&true_host);
    (void)unused;
    return host->DeleteFromStorage(host, key);
}

static _Thread_local int requesting;

bool inside_request(void)
{
    return requesting;
}

static OSStatus request_of_host(AudioServerPlugInHostRef unused, AudioObjectID device, UInt64 action, void *info)
{
    AudioServerPlugInHostRef host = atomic_load(&true_host);
    (void)unused;
    locked(broken("requested-without-lock"));
    requesting++;
    OSStatus status = host->RequestDeviceConfigurationChange(host, device, action, info);
    requesting--;
    unlocked(broken("requested-without-lock"));
    if (status && broken("rate-change-goes-through-host"))
        return real.PerformDeviceConfigurationChange(real_driver, device, action, info);
    return status;
}

AudioServerPlugInHostRef host_between(AudioServerPlugInHostRef host)
{
    static const AudioServerPlugInHostInterface between = {
        notify_host, copy_from_host, write_to_host, delete_from_host, request_of_host,
    };
    atomic_store(&true_host, host);
    return host ? &between : NULL;
}
