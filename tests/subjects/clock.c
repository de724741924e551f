/*
 * The clock: frame k of a line is at anchor + floor(k * ticks per second / rate), in integers.
 *
 * clock_begin runs under the lock; readers take none. They copy the newest line and
 * look whether it was newest until the copy was done.
 */

#include "subject.h"
#include "spoil.h"

uint64_t frames_in(uint64_t ticks, uint64_t rate)
{
    unsigned __int128 product = (unsigned __int128)ticks * rate * state.ticks_denominator;
    return (uint64_t)(product / state.ticks_numerator);
}

uint64_t ticks_of(uint64_t frames, uint64_t rate)
{
    unsigned __int128 product = (unsigned __int128)frames * state.ticks_numerator;
    return (uint64_t)(product / ((unsigned __int128)rate * state.ticks_denominator));
}

/* A new time line: frame 0 is now, and its seed was never used before. */
void clock_begin(device_clock *c, uint64_t rate)
{
    uint64_t number = atomic_load(&c->count);
    line *next = &c->lines[(number + 1) % LINES];
    if (DEFECTIVE && spoil_line(c))
        return;
    atomic_store_explicit(&next->anchor, mach_absolute_time(), memory_order_relaxed);
    atomic_store_explicit(&next->rate, rate, memory_order_relaxed);
    atomic_store_explicit(&next->seed, number + 1, memory_order_relaxed);
    atomic_store_explicit(&c->count, number + 1, memory_order_release);
}

line_values clock_line(device_clock *c)
{
    line_values found = {0};
    for (int tries = 0; tries < 3; tries++) { /* one, unless LINES lines began within these few loads */
        uint64_t number = atomic_load_explicit(&c->count, memory_order_acquire);
        line *l = &c->lines[number % LINES];
        found.anchor = atomic_load_explicit(&l->anchor, memory_order_acquire);
        found.seed = atomic_load_explicit(&l->seed, memory_order_acquire);
        found.rate = atomic_load_explicit(&l->rate, memory_order_acquire);
        if (atomic_load_explicit(&c->count, memory_order_acquire) - number < LINES - 1)
            break;
    }
    return found;
}

/* The most recent multiple of the period, however long nobody has asked. RT threads. */
OSStatus subject_zero_time_stamp(DRIVER driver, AudioObjectID object, UInt32 client_id, Float64 *sample, UInt64 *host,
                                 UInt64 *seed)
{
    device *d = device_at(object);
    (void)client_id;
    if (!is_ours(driver) || !d)
        return kAudioHardwareBadObjectError;
    if (!sample || !host || !seed)
        return kAudioHardwareIllegalOperationError;
    if (!atomic_load(&d->started))
        return kAudioHardwareNotRunningError;
    line_values l = clock_line(&d->clock);
    uint64_t now = mach_absolute_time();
    uint64_t elapsed = now > l.anchor ? now - l.anchor : 0;
    uint64_t frame = frames_in(elapsed, l.rate) / PERIOD * PERIOD;
    *sample = (Float64)frame;
    *host = l.anchor + ticks_of(frame, l.rate);
    *seed = l.seed;
    return DEFECTIVE ? spoil_stamp(d, &l, now, sample, host, seed) : 0;
}
