/* Threads, locks, signals and clocks: what libSystem does otherwise than glibc. Any thread. */

#ifndef MACHO_THREADS_H
#define MACHO_THREADS_H

#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#include "numbers.h"

/* Apple's objects are larger than glibc's. One that was not initialised by a call begins with a signature. */
enum { MUTEX_SIGNATURE = 0x32AAABA7, CONDITION_SIGNATURE = 0x3CB0B1BB };
_Static_assert(sizeof(pthread_mutex_t) <= 64 && sizeof(pthread_cond_t) <= 48 && sizeof(pthread_attr_t) <= 64, "fit");

/* The rest of such an object is zero, which is glibc's initialiser. */
static void *settled(void *object, long signature)
{
    __atomic_compare_exchange_n((long *)object, &signature, 0L, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return object;
}

#define MUTEX(object) (pthread_mutex_t *)settled(object, MUTEX_SIGNATURE)
#define CONDITION(object) (pthread_cond_t *)settled(object, CONDITION_SIGNATURE)

static void *without_attributes(const void *attributes, const char *function)
{
    if (attributes)
        macho_wrong("%s with attributes, which are not known here", function);
    return NULL;
}

static int mac_mutex_init(void *mutex, const void *attributes)
{
    return pthread_mutex_init(mutex, without_attributes(attributes, "pthread_mutex_init"));
}

static int mac_mutex_destroy(void *mutex) { return APPLE_ERROR(pthread_mutex_destroy(MUTEX(mutex))); }
static int mac_mutex_lock(void *mutex) { return APPLE_ERROR(pthread_mutex_lock(MUTEX(mutex))); }
static int mac_mutex_trylock(void *mutex) { return APPLE_ERROR(pthread_mutex_trylock(MUTEX(mutex))); }
static int mac_mutex_unlock(void *mutex) { return APPLE_ERROR(pthread_mutex_unlock(MUTEX(mutex))); }

static int mac_cond_init(void *condition, const void *attributes)
{
    return pthread_cond_init(condition, without_attributes(attributes, "pthread_cond_init"));
}

static int mac_cond_destroy(void *condition) { return pthread_cond_destroy(CONDITION(condition)); }
static int mac_cond_signal(void *condition) { return pthread_cond_signal(CONDITION(condition)); }
static int mac_cond_broadcast(void *condition) { return pthread_cond_broadcast(CONDITION(condition)); }
static int mac_cond_wait(void *condition, void *mutex)
{
    return APPLE_ERROR(pthread_cond_wait(CONDITION(condition), MUTEX(mutex)));
}

static int mac_cond_timedwait(void *condition, void *mutex, const struct timespec *until)
{
    return APPLE_ERROR(pthread_cond_timedwait(CONDITION(condition), MUTEX(mutex), until));
}

/* A signature of 8 bytes, then 8 bytes of zeros. */
static int mac_once(void *once, void (*function)(void)) { return pthread_once((void *)((char *)once + 8), function); }

static int mac_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument)
{
    return APPLE_ERROR(pthread_create(thread, attributes, function, argument));
}

static int mac_join(pthread_t thread, void **result) { return APPLE_ERROR(pthread_join(thread, result)); }

static int mac_key_create(unsigned long *key, void (*destroy)(void *))
{
    pthread_key_t made = 0;
    int error = pthread_key_create(&made, destroy);
    *key = made;
    return APPLE_ERROR(error);
}

static int mac_threadid(pthread_t thread, uint64_t *number)
{
    if (thread && thread != pthread_self())
        macho_wrong("pthread_threadid_np of another thread");
    *number = (uint64_t)syscall(SYS_gettid);
    return 0;
}

/* ---- clocks ---- */

static clockid_t native_clock(int apple)
{
    static const number clocks[] = {
        {0, CLOCK_REALTIME}, {4, CLOCK_MONOTONIC_RAW}, {6, CLOCK_MONOTONIC}, {8, CLOCK_MONOTONIC_RAW},
        {12, CLOCK_PROCESS_CPUTIME_ID}, {16, CLOCK_THREAD_CPUTIME_ID},
    };
    for (int i = 0; i < ROWS(clocks); i++)
        if (clocks[i].apple == apple)
            return clocks[i].native;
    macho_wrong("the clock %d, which is not known here", apple);
}

static int mac_clock_gettime(int clock, struct timespec *time) { return clock_gettime(native_clock(clock), time); }
static int mac_clock_getres(int clock, struct timespec *time) { return clock_getres(native_clock(clock), time); }

/* ---- signals ---- */

static sigset_t native_set(uint32_t apple)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 1; i < 32; i++)
        if (apple >> (i - 1) & 1)
            sigaddset(&set, native_number(signals, ROWS(signals), i));
    return set;
}

static uint32_t apple_set(const sigset_t *native)
{
    uint32_t set = 0;
    for (int i = 1; i < 32; i++)
        set |= (uint32_t)(sigismember(native, native_number(signals, ROWS(signals), i)) == 1) << (i - 1);
    return set;
}

static int mac_sigmask(int how, const uint32_t *set, uint32_t *old)
{
    sigset_t before, wanted = native_set(set ? *set : 0);
    int error = pthread_sigmask(how - 1, set ? &wanted : NULL, &before); /* SIG_BLOCK is 1 there, 0 here */
    if (old)
        *old = apple_set(&before);
    return APPLE_ERROR(error);
}

typedef struct {
    void (*handler)(int);
    uint32_t mask;
    int flags;
} apple_action;

/* The slice's handlers, by Apple's numbers; the kernel's own are 0 and 1 on both. */
static void (*handlers[32])(int);

static void on_signal(int native)
{
    int apple = apple_number(signals, ROWS(signals), native);
    handlers[apple](apple);
}

static void take_action(int apple, const apple_action *action, struct sigaction *into)
{
    into->sa_mask = native_set(action->mask);
    into->sa_flags = native_flags(handler_flags, ROWS(handler_flags), action->flags, "sigaction");
    into->sa_handler = (uintptr_t)action->handler > 1 ? on_signal : action->handler;
    if (into->sa_handler == on_signal)
        handlers[apple] = action->handler;
}

static void give_action(const struct sigaction *from, void (*handler)(int), apple_action *into)
{
    into->handler = from->sa_handler == on_signal ? handler : from->sa_handler;
    into->mask = apple_set(&from->sa_mask);
    into->flags = apple_flags(handler_flags, ROWS(handler_flags), from->sa_flags);
}

static int mac_sigaction(int apple, const apple_action *action, apple_action *old)
{
    struct sigaction wanted, before;
    int native = native_number(signals, ROWS(signals), apple);
    void (*handler)(int) = apple > 0 && apple < 32 ? handlers[apple] : NULL;
    if (sigaction(native, NULL, &before))
        return -1;
    if (action) {
        take_action(apple, action, &wanted);
        if (sigaction(native, &wanted, NULL))
            return -1;
    }
    if (old)
        give_action(&before, handler, old);
    return 0;
}

static int mac_raise(int apple) { return raise(native_number(signals, ROWS(signals), apple)); }

#endif
