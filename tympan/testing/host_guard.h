/* The guard around a driver's realtime entries: assert_no_alloc's C interface, or nothing where it is NULL.
 *
 * Entered right before the call and left right after it, by the function that
 * makes the call, so that only the driver's own code is judged. Any thread. */

#ifndef TYMPAN_HOST_GUARD_H
#define TYMPAN_HOST_GUARD_H

#include "assert_no_alloc.h"

#define HOST_GUARD_INLINE static inline __attribute__((always_inline))

/* Before the first call of a thread, and again for what was loaded since. Not realtime; the host's own time. */
static inline void guard_ready(const ana_api *guard)
{
    if (guard)
        guard->prepare();
}

HOST_GUARD_INLINE void guard_in(const ana_api *guard)
{
    if (guard)
        ana_enter(guard);
}

HOST_GUARD_INLINE void guard_out(const ana_api *guard)
{
    if (guard)
        ana_leave(guard);
}

/* Around what the host does when a driver calls it: that is judged by other rules. */
static inline void guard_lift(const ana_api *guard)
{
    if (guard)
        ana_permit_enter(guard);
}

static inline void guard_drop(const ana_api *guard)
{
    if (guard)
        ana_permit_leave(guard);
}

/* Forbidden calls of this thread so far; compare before and after. */
static inline uint32_t guard_count(const ana_api *guard)
{
    return guard ? ana_violations(guard) : 0;
}

#endif
