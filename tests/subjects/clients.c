/* Who has a device open. IO does not depend on it: a host need not add a client before it starts it. */

#include "subject.h"

static client **find(device *d, UInt32 id)
{
    client **place = &d->clients;
    while (*place && (*place)->id != id)
        place = &(*place)->next;
    return place;
}

/* Desk lists its clients in a custom property. */
static void tell(const device *d)
{
    if (d == &desk)
        notify(d->id, CLIENTS, 0);
}

static void drop(client **place)
{
    client *gone = *place;
    *place = gone->next;
    if (gone->bundle_id && !defect(client_string_leaked))
        CFRelease(gone->bundle_id);
    free(gone);
}

/* The info lives only during the call, so what is kept of it is copied and retained. With the lock. */
static OSStatus add(device *d, const AudioServerPlugInClientInfo *info)
{
    client **place = find(d, info->mClientID), *made = *place ? NULL : calloc(1, sizeof *made);
    if (*place || !made)
        return *place ? 0 : kAudioHardwareUnspecifiedError; /* known already */
    CFStringRef bundle_id = info->mBundleID;
    if (bundle_id && !defect(client_info_borrowed))
        CFRetain(bundle_id);
    *made = (client){NULL, info->mClientID, info->mProcessID, bundle_id};
    *place = made;
    tell(d);
    return 0;
}

static UInt32 count(const device *d)
{
    UInt32 found = 0;
    for (const client *c = d->clients; c; c = c->next)
        found++;
    return found;
}

OSStatus subject_add_client(DRIVER driver, AudioObjectID object, const AudioServerPlugInClientInfo *info)
{
    device *d = device_at(object);
    if (!is_ours(driver) || !d || !thing_at(object))
        return kAudioHardwareBadObjectError;
    if (!info)
        return kAudioHardwareIllegalOperationError;
    if (defect(client_without_bundle_crashes))
        (void)*(volatile const char *)info->mBundleID;
    lock();
    OSStatus status = defect(fifth_client_refused) && count(d) == 4 ? kAudioHardwareUnspecifiedError : add(d, info);
    unlock();
    return status;
}

/* A client that still runs may go, and one that never came; the count of StartIO calls is not its business. */
OSStatus subject_remove_client(DRIVER driver, AudioObjectID object, const AudioServerPlugInClientInfo *info)
{
    device *d = device_at(object);
    if (!is_ours(driver) || !d)
        return kAudioHardwareBadObjectError;
    if (!info)
        return kAudioHardwareIllegalOperationError;
    lock();
    client **place = find(d, info->mClientID);
    bool known = *place != NULL;
    if (known) {
        drop(place);
        tell(d);
    }
    if (defect(removed_client_stops_io) && atomic_load(&d->started))
        atomic_fetch_sub(&d->started, 1);
    unlock();
    return known || !defect(unknown_client_crashes) ? 0 : (abort(), 0);
}

void clients_drop_all(device *d)
{
    while (d->clients)
        drop(&d->clients);
}

/* 'clts', for people: "1 (pid 501) org.example.player; 2 (pid 7) -". */
OSStatus get_clients(const query *q, answer *a)
{
    char line[1000] = "", name[200];
    size_t used = 0;
    for (const client *c = q->thing->device->clients; c && used < sizeof line - 300; c = c->next) {
        if (!c->bundle_id || !CFStringGetCString(c->bundle_id, name, sizeof name, kCFStringEncodingUTF8))
            strcpy(name, "-");
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%u (pid %d) %s", used ? "; " : "", c->id, c->pid,
                                 name);
    }
    return text(a, line);
}
