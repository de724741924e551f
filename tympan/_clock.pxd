# The device's clock: zero time stamps in exact integers, without a lock.
#
# Stamp k of a line is at sample k * period and at host time
#     anchor + floor(k * step_num / step_den)
# where step_num / step_den = period * ticks_per_second / rate, reduced. The
# closed form means that a caller who is late by any number of periods gets the
# right stamp in one call, and that nothing accumulates.
#
# Publication: two records; `seed` says which one is current (seed & 1) and is 0
# while the clock is stopped. The control thread fills the other record, then
# stores the new seed. A reader that was overtaken sees another seed and starts
# again, so a reader repeats only when the control thread has started a new line.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from tympan._rt cimport (
    ty_compare_exchange_u32, ty_fence_acquire, ty_fence_release, ty_load_acquire_u32,
    ty_load_acquire_u64, ty_load_i64, ty_load_u32, ty_load_u64, ty_mul_div, ty_mul_less1_div, ty_store_i64,
    ty_store_release_u32, ty_store_release_u64, ty_store_u64,
)


cdef struct ClockLine:
    uint64_t anchor         # mach ticks of sample 0
    uint64_t step_num
    uint64_t step_den
    uint64_t period         # frames between two stamps


cdef struct Stamp:
    int64_t sample          # frames
    uint64_t host           # mach ticks
    uint64_t next_host      # mach ticks of the following stamp
    uint64_t seed


cdef struct Clock:
    uint64_t seed           # 0: stopped
    uint64_t last_seed      # control thread only
    ClockLine[2] lines
    uint32_t cache_count    # odd while the cache is written
    Stamp cache             # the stamp that the last caller computed


# Begin a new line whose sample 0 is at `anchor`. Control thread, one at a time.
cdef inline void clock_start(
    Clock* clock, uint64_t anchor, uint64_t step_num, uint64_t step_den, uint64_t period
) noexcept nogil:
    cdef uint64_t seed = clock.last_seed + 1
    cdef ClockLine* line = &clock.lines[seed & 1]
    clock.last_seed = seed
    ty_fence_release()      # a reader who sees a new field also sees the previous seed
    ty_store_u64(&line.anchor, anchor)
    ty_store_u64(&line.step_num, step_num)
    ty_store_u64(&line.step_den, step_den)
    ty_store_u64(&line.period, period)
    ty_store_release_u64(&clock.seed, seed)


cdef inline uint64_t greatest_divisor(uint64_t a, uint64_t b) noexcept nogil:
    while b:
        a, b = b, a % b
    return a


# The step of a rate in Hz, which is taken to the nearest multiple of 1/65536 (a declared one is exact), and
# ticks_num / ticks_den mach ticks per second. Reduced on the way, to stay below 2^64.
cdef inline void step_at_rate(
    double rate, uint64_t period, uint64_t ticks_num, uint64_t ticks_den, uint64_t* step_num, uint64_t* step_den
) noexcept nogil:
    cdef uint64_t scale = 65536
    cdef uint64_t den = <uint64_t>(rate * <double>scale + 0.5)
    cdef uint64_t num, divisor = greatest_divisor(ticks_num, ticks_den)
    ticks_num //= divisor
    ticks_den //= divisor
    divisor = greatest_divisor(scale, den)
    scale //= divisor
    den //= divisor
    divisor = greatest_divisor(ticks_num, den)
    ticks_num //= divisor
    den //= divisor
    num, den = period * scale, den * ticks_den
    divisor = greatest_divisor(num, den)
    step_num[0] = num // divisor * ticks_num
    step_den[0] = den // divisor


cdef inline void clock_start_at_rate(
    Clock* clock, uint64_t anchor, double rate, uint64_t period, uint64_t ticks_num, uint64_t ticks_den
) noexcept nogil:
    cdef uint64_t num, den
    step_at_rate(rate, period, ticks_num, ticks_den, &num, &den)
    clock_start(clock, anchor, num, den, period)


# Control thread.
cdef inline void clock_stop(Clock* clock) noexcept nogil:
    ty_store_release_u64(&clock.seed, 0)


# Most recent stamp at `now`, computed; False when the clock is stopped. IO thread.
cdef inline bint clock_compute(Clock* clock, uint64_t now, Stamp* stamp) noexcept nogil:
    cdef uint64_t seed = ty_load_acquire_u64(&clock.seed)
    cdef uint64_t again, elapsed, k, anchor, num, den, period
    cdef ClockLine* line
    while seed != 0:
        line = &clock.lines[seed & 1]
        anchor = ty_load_u64(&line.anchor)
        num = ty_load_u64(&line.step_num)
        den = ty_load_u64(&line.step_den)
        period = ty_load_u64(&line.period)
        ty_fence_acquire()
        again = ty_load_u64(&clock.seed)
        if again == seed:
            break
        seed = again
    if seed == 0:
        return False
    elapsed = now - anchor if now > anchor else 0
    k = ty_mul_less1_div(elapsed + 1, den, num)     # largest k with floor(k * num / den) <= elapsed
    stamp.sample = <int64_t>(k * period)
    stamp.host = anchor + ty_mul_div(k, num, den)
    stamp.next_host = anchor + ty_mul_div(k + 1, num, den)
    stamp.seed = seed
    return True


# Keep a stamp for later calls in the same period; gives up when another thread does it.
cdef inline void clock_remember(Clock* clock, const Stamp* stamp) noexcept nogil:
    cdef uint32_t count = ty_load_u32(&clock.cache_count)
    if count & 1 or not ty_compare_exchange_u32(&clock.cache_count, count, count + 1):
        return
    ty_fence_release()
    ty_store_i64(&clock.cache.sample, stamp.sample)
    ty_store_u64(&clock.cache.host, stamp.host)
    ty_store_u64(&clock.cache.next_host, stamp.next_host)
    ty_store_u64(&clock.cache.seed, stamp.seed)
    ty_store_release_u32(&clock.cache_count, count + 2)


# Most recent stamp at `now`; False when the clock is stopped. IO thread, once a
# cycle or less: wait-free but for a clock that is restarted during the call.
cdef inline bint clock_stamp(Clock* clock, uint64_t now, Stamp* stamp) noexcept nogil:
    cdef uint32_t count = ty_load_acquire_u32(&clock.cache_count)
    stamp.sample = ty_load_i64(&clock.cache.sample)
    stamp.host = ty_load_u64(&clock.cache.host)
    stamp.next_host = ty_load_u64(&clock.cache.next_host)
    stamp.seed = ty_load_u64(&clock.cache.seed)
    ty_fence_acquire()
    if (
        not count & 1
        and ty_load_u32(&clock.cache_count) == count
        and stamp.seed == ty_load_acquire_u64(&clock.seed)
        and stamp.seed != 0
        and stamp.host <= now < stamp.next_host
    ):
        return True
    if not clock_compute(clock, now, stamp):
        return False
    clock_remember(clock, stamp)
    return True
