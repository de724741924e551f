/* The clock of the platform library; included once, by _platform.pyx. */

#include <stdatomic.h>
#include <time.h>

/* One cache line that nobody else writes: mach_absolute_time is inside every
 * GetZeroTimeStamp, and 26 ns of clock_gettime is its whole budget. */
static struct {
    _Alignas(64) atomic_int is_virtual;
    atomic_uint numer, denom; /* nanoseconds = ticks * numer / denom */
    atomic_ullong ticks;      /* the virtual time */
} tympan_clock = {1, 1, 1, 1000000007ull};

static atomic_ullong clock_slept; /* ticks by which mach_continuous_time is ahead; nobody's hot path */

static inline uint64_t clock_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* vDSO: no system call */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t clock_from_ns(uint64_t ns)
{
    return (uint64_t)((unsigned __int128)ns * atomic_load(&tympan_clock.denom) / atomic_load(&tympan_clock.numer));
}

static uint64_t clock_to_ns(uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * atomic_load(&tympan_clock.numer) / atomic_load(&tympan_clock.denom));
}

uint64_t mach_absolute_time(void)
{
    if (atomic_load_explicit(&tympan_clock.is_virtual, memory_order_relaxed))
        return atomic_load_explicit(&tympan_clock.ticks, memory_order_acquire);
    uint32_t numer = atomic_load_explicit(&tympan_clock.numer, memory_order_relaxed);
    uint32_t denom = atomic_load_explicit(&tympan_clock.denom, memory_order_relaxed);
    uint64_t ns = clock_nanoseconds();
    if (numer == denom)
        return ns;
    return ns / numer * denom + ns % numer * denom / numer;
}

/* Goes on while the machine sleeps. */
uint64_t mach_continuous_time(void)
{
    struct timespec up, all;
    uint64_t slept = atomic_load_explicit(&clock_slept, memory_order_acquire), now = mach_absolute_time();
    if (!atomic_load_explicit(&tympan_clock.is_virtual, memory_order_relaxed) &&
        !clock_gettime(CLOCK_MONOTONIC, &up) && !clock_gettime(CLOCK_BOOTTIME, &all))
        slept += clock_from_ns((uint64_t)(all.tv_sec - up.tv_sec) * 1000000000u + (uint64_t)(all.tv_nsec - up.tv_nsec));
    return now + slept;
}

uint64_t mach_approximate_time(void)
{
    return mach_absolute_time();
}

kern_return_t mach_timebase_info(mach_timebase_info_t info)
{
    info->numer = atomic_load(&tympan_clock.numer);
    info->denom = atomic_load(&tympan_clock.denom);
    return 0;
}

void tympan_clock_configure(int is_virtual, uint32_t numer, uint32_t denom)
{
    atomic_store(&tympan_clock.numer, numer);
    atomic_store(&tympan_clock.denom, denom);
    atomic_store(&tympan_clock.is_virtual, is_virtual);
    atomic_store(&clock_slept, 0);
    tympan_queue_drop_timers(); /* their times were another clock's */
}

void tympan_clock_sleep(uint64_t ticks)
{
    atomic_fetch_add(&clock_slept, ticks);
}

/* CoreAudio/HostTime.h: the same clock by other names. */
UInt64 AudioGetCurrentHostTime(void)
{
    return mach_absolute_time();
}

Float64 AudioGetHostClockFrequency(void)
{
    return 1e9 * atomic_load(&tympan_clock.denom) / atomic_load(&tympan_clock.numer);
}

UInt64 AudioConvertHostTimeToNanos(UInt64 ticks)
{
    return clock_to_ns(ticks);
}

UInt64 AudioConvertNanosToHostTime(UInt64 nanoseconds)
{
    return clock_from_ns(nanoseconds);
}

int tympan_clock_is_virtual(void)
{
    return atomic_load_explicit(&tympan_clock.is_virtual, memory_order_relaxed);
}

void tympan_clock_set(uint64_t ticks)
{
    atomic_store_explicit(&tympan_clock.ticks, ticks, memory_order_release);
}

static void clock_sleep_until(uint64_t ticks)
{
    uint64_t now = mach_absolute_time();
    if (now >= ticks)
        return;
    uint64_t ns = clock_to_ns(ticks - now);
    struct timespec rest = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    nanosleep(&rest, NULL);
}

void tympan_clock_reach(uint64_t ticks)
{
    if (!tympan_clock_is_virtual()) {
        clock_sleep_until(ticks);
        return;
    }
    unsigned long long now = atomic_load_explicit(&tympan_clock.ticks, memory_order_relaxed);
    while (now < ticks && !atomic_compare_exchange_weak(&tympan_clock.ticks, &now, ticks))
        ;
}
