/*
 * Who may touch what a mutable object holds; included once, by _platform.pyx.
 *
 * CoreFoundation's mutable objects are not thread-safe: several threads may read
 * one, or one thread may change it. Breaking that rule is found here when it
 * happens, not by luck: the lock is free whenever a driver keeps the rule.
 */

#include <errno.h>

/* Between contents_read and contents_leave nothing changes. Answers whether to leave. Immutable objects need no lock. */
static int contents_read(tympan_object *object, tympan_call call)
{
    if (!object->lock || pthread_rwlock_tryrdlock(object->lock) == 0)
        return object->lock != NULL;
    problem(TYMPAN_RACE, call, "%s of a %s that another thread is changing", call.name, name_of(object));
    return pthread_rwlock_rdlock(object->lock) == 0; /* EDEADLK: a callback of the change itself */
}

/* The same for a change; 0 when it must not be made. */
static int contents_write(tympan_object *object, tympan_call call)
{
    if (pthread_rwlock_trywrlock(object->lock) == 0)
        return 1;
    problem(TYMPAN_RACE, call, "%s of a %s that is being used elsewhere", call.name, name_of(object));
    return 0;
}

static void contents_leave(tympan_object *object, int entered)
{
    if (entered)
        pthread_rwlock_unlock(object->lock);
}

/* Whether `range` lies within 0..length; without overflow. */
static int range_inside(CFRange range, CFIndex length, tympan_object *object, tympan_call call)
{
    if (range.location >= 0 && range.length >= 0 && range.location <= length &&
        range.length <= length - range.location)
        return 1;
    problem(TYMPAN_RANGE, call, "%s: the range {%ld, %ld} is outside of a %s with %ld", call.name, range.location,
            range.length, name_of(object), length);
    return 0;
}

/* A size that a driver passed; negative ones make CoreFoundation stop the process. */
static int size_is(CFIndex size, const char *what, tympan_call call)
{
    if (size >= 0)
        return 1;
    problem(TYMPAN_RANGE, call, "%s with a negative %s (%ld)", call.name, what, size);
    return 0;
}

/* NULL and the system's own allocators; anything else is nothing that a driver should pass. */
static void allocator_check(CFAllocatorRef allocator, tympan_call call)
{
    if (allocator)
        checked(allocator, TYMPAN_ALLOCATOR, call);
}
