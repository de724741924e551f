/*
 * Configuration changes: what is wanted is asked of the host, which performs or aborts it.
 *
 * One request per device is on its way at a time; what is wanted meanwhile waits.
 * The host gets a number and no pointer, so an aborted or forgotten request leaks nothing.
 */

#include "subject.h"
#include "spoil.h"

bool offers_rate(const device *d, Float64 rate)
{
    for (UInt32 i = 0; i < d->rate_count; i++)
        if (rate == d->rates[i])
            return true;
    return false;
}

/* With the lock. Nothing is changed here. */
OSStatus want(device *d, const setup *wanted)
{
    if (memcmp(wanted, &d->wanted, sizeof *wanted) == 0 && !defect(same_rate_requested))
        return 0;
    if (defect(second_rate_lost) && d->asking)
        return 0;
    d->wanted = *wanted;
    if (defect(rate_changes_at_once))
        d->now = *wanted;
    if (!d->asking)
        ask_host(d);
    d->asking = true;
    return 0;
}

/* The host will not do it. With the lock. */
void give_up(device *d)
{
    d->action = 0;
    d->asking = false;
    d->wanted = d->now;
}

/* With the lock, while the host keeps IO of the device stopped. */
static void apply(device *d)
{
    d->now = d->asked;
    d->action = 0;
    for (UInt32 i = 0; i < d->stream_count; i++)
        atomic_store(&d->streams[i]->kind, d->now.kind[i]);
    d->asking = memcmp(&d->now, &d->wanted, sizeof d->now) != 0;
    if (d->asking)
        ask_host(d);
    if (defect(perform_notifies_rate))
        notify(d->id, kAudioDevicePropertyNominalSampleRate, 0);
}

/* A new time line with no old audio. The count says whether IO was only suspended. With the lock. */
static void restart(device *d)
{
    if (!atomic_load(&d->started) || defect(perform_keeps_line))
        return;
    for (UInt32 i = 0; i < d->stream_count; i++)
        ring_clear(d->streams[i]->ring);
    clock_begin(&d->clock, d->now.rate);
}

OSStatus subject_perform(DRIVER driver, AudioObjectID object, UInt64 action, void *info)
{
    device *d = device_at(object);
    (void)info; /* ours is NULL */
    if (!is_ours(driver) || !d)
        return kAudioHardwareBadObjectError;
    if (defect(perform_refused_while_running) && atomic_load(&d->started))
        return kAudioHardwareIllegalOperationError;
    if (defect(abort_leaks_info))
        free(info);
    lock();
    if (DEFECTIVE)
        spoil_perform(d, action);
    bool known = action && action == d->action;
    if (known) {
        apply(d);
        restart(d);
    }
    unlock();
    return known ? 0 : kAudioHardwareIllegalOperationError;
}

OSStatus subject_abort(DRIVER driver, AudioObjectID object, UInt64 action, void *info)
{
    device *d = device_at(object);
    (void)info;
    if (!is_ours(driver) || !d)
        return kAudioHardwareBadObjectError;
    if (defect(abort_applies))
        return subject_perform(driver, object, action, NULL);
    lock();
    if (action && action == d->action && !defect(aborted_change_blocks_others))
        give_up(d);
    unlock();
    return 0;
}
