/*
 * What the driver asks of its host, from one serial queue and with no lock held:
 * the host may call back into property getters and Perform before it returns.
 */

#include "subject.h"

typedef struct job {
    void (*run)(AudioServerPlugInHostRef, const struct job *);
    AudioObjectID object;
    UInt32 count;
    AudioObjectPropertyAddress addresses[2];
    const char *key;
    CFStringRef value; /* retained, or NULL */
    device *device;
} job;

static void run_job(void *context)
{
    job *j = context;
    AudioServerPlugInHostRef host = atomic_load(&state.host);
    if (host)
        j->run(host, j);
    if (j->value)
        CFRelease(j->value);
    free(j);
}

/* May be called with the lock: nothing runs before this returns and the lock is free. */
static void enqueue(job j)
{
    job *copy = malloc(sizeof *copy);
    if (!copy || !state.queue) {
        free(copy);
        return;
    }
    *copy = j;
    dispatch_async_f(state.queue, copy, run_job);
}

/* --- notifications --- */

static void send_notification(AudioServerPlugInHostRef host, const job *j)
{
    host->PropertiesChanged(host, j->object, j->count, j->addresses);
}

static AudioObjectPropertyAddress address_of(AudioObjectID object, UInt32 selector)
{
    UInt32 scope = kAudioObjectPropertyScopeGlobal;
    if (defect(control_notifies_its_scope) && object >= DESK_VOLUME && object <= DESK_SOURCE)
        scope = kAudioObjectPropertyScopeOutput;
    return (AudioObjectPropertyAddress){selector, scope, kAudioObjectPropertyElementMain};
}

/* Tells the host that one or two (0: one) properties have changed. With the lock. */
void notify(AudioObjectID object, UInt32 first, UInt32 second)
{
    job j = {.run = send_notification, .object = object, .count = second ? 2 : 1};
    j.addresses[0] = address_of(object, first);
    j.addresses[1] = address_of(object, second);
    if (defect(change_not_notified) && object == DESK_MUTE)
        return;
    if (defect(notifies_under_lock))
        send_notification(atomic_load(&state.host), &j);
    enqueue(j);
}

/* --- configuration changes --- */

/* The host did not take the request. */
static void refused(device *d, UInt64 action)
{
    lock();
    if (d->action == action && !defect(refused_change_blocks_others))
        give_up(d);
    unlock();
}

static void send_request(AudioServerPlugInHostRef host, const job *j)
{
    device *d = j->device;
    lock();
    bool needed = memcmp(&d->wanted, &d->now, sizeof d->now) != 0 || defect(same_rate_requested);
    if (needed) {
        d->asked = d->wanted;
        d->action = ++state.actions;
    }
    d->asking = needed;
    UInt64 action = d->action;
    unlock();
    void *info = defect(abort_leaks_info) ? malloc(64) : NULL;
    if (needed && host->RequestDeviceConfigurationChange(host, d->id, action, info))
        refused(d, action);
}

/* With the lock. */
void ask_host(device *d)
{
    job j = {.run = send_request, .device = d};
    if (defect(request_under_lock)) {
        d->asked = d->wanted;
        d->action = ++state.actions;
        AudioServerPlugInHostRef host = atomic_load(&state.host);
        host->RequestDeviceConfigurationChange(host, d->id, d->action, NULL);
        return;
    }
    enqueue(j);
}

/* --- storage --- */

static void send_store(AudioServerPlugInHostRef host, const job *j)
{
    CFStringRef key = CFStringCreateWithCString(NULL, j->key, kCFStringEncodingUTF8);
    if (key) {
        host->WriteToStorage(host, key, j->value);
        CFRelease(key);
    }
}

/* Keeps a value over restarts. With the lock. */
void store(const char *key, CFStringRef value)
{
    if (defect(storage_not_written))
        return;
    CFRetain(value);
    enqueue((job){.run = send_store, .key = key, .value = value});
}

/* What was stored, owned by the caller, or NULL: nothing, or what is no string. Without the lock. */
CFStringRef stored_text(const char *name)
{
    CFStringRef key = CFStringCreateWithCString(NULL, name, kCFStringEncodingUTF8);
    CFPropertyListRef value = NULL;
    AudioServerPlugInHostRef host = atomic_load(&state.host);
    OSStatus status = host->CopyFromStorage(host, key, &value);
    CFRelease(key);
    if (status || !value)
        return NULL;
    if (CFGetTypeID(value) == CFStringGetTypeID() || defect(storage_trusts_type))
        return value;
    CFRelease(value);
    return NULL;
}
