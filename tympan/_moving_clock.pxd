# A device's clock whose rate can be adjusted while it runs: zero time stamps without a lock.
#
# The line is made of paces. A pace begins at a stamp that was given, and says how many ticks lie between all
# that follow: 64.64 fixed point, so that whatever the rate, days of stamps err by less than a tick. A new pace
# begins at the stamp that is being given, by whoever gives it: nobody has seen a later one, so no stamp that was
# given ever changes, and the line goes on where it was. Setting the rate only stores the wish (wait-free, any
# thread); each stamp brings the pace nearer to it, by what the slew limit allows for one period.
#
# Publication: `place` is one word, the version of the pace and the highest stamp that was given. A stamp is given
# by raising it; a new pace comes with a new version, in the record that the version's last bit selects. Who was
# overtaken sees another `place`, and starts again: that happens once a period, not once a call. Two would write a
# record at once, so who does holds `busy`; who finds it held gives the stamp and leaves the pace as it is.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from tympan._rt cimport (
    ty_compare_exchange_u32, ty_compare_exchange_u64, ty_fence_acquire, ty_fence_release, ty_load_acquire_u64,
    ty_load_i64, ty_load_u64, ty_mul_div, ty_mul_high, ty_store_i64, ty_store_release_u32, ty_store_release_u64,
    ty_store_u64,
)

cdef enum:
    PLACE_BITS = 40             # of `place`: stamps; above them 24 bits of version
    TRIES = 16                  # of them one fails when another thread has given the next stamp meanwhile


cdef struct Pace:
    uint64_t seed
    uint64_t first              # the stamp with which it begins: sample time first * period
    uint64_t host               # mach ticks of that stamp,
    uint64_t part               # and 2^-64 ticks
    uint64_t step               # mach ticks from a stamp to the next,
    uint64_t step_part          # and 2^-64 ticks
    uint64_t step_before        # whole ticks between the stamps before `first`
    int64_t rate                # above the nominal rate, in 1e-12 (ppm are 1e-6)


# What is given is a stamp: the index, not yet the sample time.
cdef struct Given:
    uint64_t index
    uint64_t host               # mach ticks
    uint64_t seed


cdef struct MovingClock:
    uint64_t place              # atomic; 0: stopped
    uint32_t busy               # atomic
    Pace[2] paces
    int64_t aim                 # atomic, 1e-12: the rate that is wanted,
    int64_t hold                # atomic: or this one,
    uint64_t until              # atomic: from this mach time on
    int64_t limit               # 1e-12; constant, as is the next
    double slew                 # 1e-12 per second
    # Of the line; written while `busy` is held.
    uint64_t nominal            # mach ticks of a period at the nominal rate,
    uint64_t nominal_part       # and 2^-64 ticks
    uint64_t period             # frames between two stamps
    int64_t most                # by what a stamp may change the rate, 1e-12
    uint64_t version
    uint64_t seed


# floor(num * 2^64 / den), for num < den
cdef inline uint64_t fraction(uint64_t num, uint64_t den) noexcept nogil:
    cdef uint64_t scale = <uint64_t>1 << 32
    cdef uint64_t high = ty_mul_div(num, scale, den)
    cdef uint64_t rest = num * scale - high * den       # modulo 2^64, which it is below
    return (high << 32) + ty_mul_div(rest, scale, den)


# A period at `rate` above nominal: nominal * 1 / (1 + rate).
cdef inline void set_step(const MovingClock* clock, int64_t rate, uint64_t* step, uint64_t* part) noexcept nogil:
    cdef uint64_t one = 1000000000000
    cdef uint64_t whole = clock.nominal, rest = clock.nominal_part
    cdef uint64_t by, less, less_part
    if rate != 0:
        by = fraction(<uint64_t>(rate if rate > 0 else -rate), one + <uint64_t>rate)
        less = ty_mul_high(whole, by)
        less_part = whole * by + ty_mul_high(rest, by)
        less += less_part < whole * by
        if rate > 0:
            whole -= less + (rest < less_part)
            rest -= less_part
        else:
            rest += less_part
            whole += less + (rest < less_part)
    step[0] = whole
    part[0] = rest


# Mach ticks of the n-th stamp of a pace, and optionally 2^-64 ticks.
cdef inline uint64_t host_of(const Pace* pace, uint64_t n, uint64_t* part) noexcept nogil:
    cdef uint64_t low = n * pace.step_part
    cdef uint64_t sum = low + pace.part
    if part is not NULL:
        part[0] = sum
    return pace.host + n * pace.step + ty_mul_high(n, pace.step_part) + (sum < low)


cdef inline double step_of(const Pace* pace) noexcept nogil:
    return <double>pace.step + <double>pace.step_part / 18446744073709551616.0


# How many periods after its first stamp the last one at or before `now` is.
cdef inline uint64_t periods_until(const Pace* pace, uint64_t now) noexcept nogil:
    cdef uint64_t n
    if now <= pace.host:
        return 0
    n = <uint64_t>(<double>(now - pace.host) / step_of(pace))
    if host_of(pace, n, NULL) > now:        # the quotient was rounded: one off at most
        n -= n > 0
    elif host_of(pace, n + 1, NULL) <= now:
        n += 1
    return n


# A pace that was whole while `place` was; False when it is another one now.
cdef inline bint read_pace(const MovingClock* clock, uint64_t place, Pace* pace) noexcept nogil:
    cdef const Pace* shared = &clock.paces[place >> PLACE_BITS & 1]
    pace.seed = ty_load_u64(&shared.seed)
    pace.first = ty_load_u64(&shared.first)
    pace.host = ty_load_u64(&shared.host)
    pace.part = ty_load_u64(&shared.part)
    pace.step = ty_load_u64(&shared.step)
    pace.step_part = ty_load_u64(&shared.step_part)
    pace.step_before = ty_load_u64(&shared.step_before)
    pace.rate = ty_load_i64(&shared.rate)
    ty_fence_acquire()
    return ty_load_acquire_u64(&clock.place) >> PLACE_BITS == place >> PLACE_BITS


cdef inline void write_pace(Pace* shared, const Pace* pace) noexcept nogil:
    ty_fence_release()          # who sees a new field also sees the version before
    ty_store_u64(&shared.seed, pace.seed)
    ty_store_u64(&shared.first, pace.first)
    ty_store_u64(&shared.host, pace.host)
    ty_store_u64(&shared.part, pace.part)
    ty_store_u64(&shared.step, pace.step)
    ty_store_u64(&shared.step_part, pace.step_part)
    ty_store_u64(&shared.step_before, pace.step_before)
    ty_store_i64(&shared.rate, pace.rate)


cdef inline uint64_t place_of(uint64_t version, uint64_t index) noexcept nogil:
    return version << PLACE_BITS | index


# They turn over from 2^24 - 1 to 2: never 0, and always even after odd.
cdef inline uint64_t next_version(uint64_t version) noexcept nogil:
    return version + 1 if version + 1 < 1 << (64 - PLACE_BITS) else 2


cdef inline int64_t between(int64_t value, int64_t low, int64_t high) noexcept nogil:
    return low if value < low else high if value > high else value


# The rate that the stamps shall come to.
cdef inline int64_t wanted(const MovingClock* clock, uint64_t now) noexcept nogil:
    return ty_load_i64(&clock.aim) if now < ty_load_u64(&clock.until) else ty_load_i64(&clock.hold)


# Give stamp `index` of a pace, and begin a new one with it. `busy` is held.
cdef inline bint turn(MovingClock* clock, uint64_t place, uint64_t index, const Pace* pace, int64_t aim) noexcept nogil:
    cdef Pace following
    cdef uint64_t version = next_version(place >> PLACE_BITS)
    if ty_load_acquire_u64(&clock.place) != place:      # another thread was faster: the record may be in use
        return False
    following.seed = pace.seed
    following.first = index
    following.host = host_of(pace, index - pace.first, &following.part)
    following.rate = pace.rate + between(aim - pace.rate, -clock.most, clock.most)
    following.step_before = pace.step
    set_step(clock, following.rate, &following.step, &following.step_part)
    write_pace(&clock.paces[version & 1], &following)
    clock.version = version
    return ty_compare_exchange_u64(&clock.place, place, place_of(version, index))


# Give stamp `index`, which nobody had yet; False when another thread has given one meanwhile.
cdef inline bint give(
    MovingClock* clock, uint64_t place, uint64_t index, const Pace* pace, uint64_t now
) noexcept nogil:
    cdef int64_t aim = between(wanted(clock, now), -clock.limit, clock.limit)
    cdef bint given
    if aim == pace.rate or not ty_compare_exchange_u32(&clock.busy, 0, 1):
        return ty_compare_exchange_u64(&clock.place, place, place_of(place >> PLACE_BITS, index))
    given = turn(clock, place, index, pace, aim)
    ty_store_release_u32(&clock.busy, 0)
    return given


cdef inline void tell_stamp(const Pace* pace, uint64_t index, Given* stamp) noexcept nogil:
    stamp.index = index
    stamp.host = host_of(pace, index - pace.first, NULL)
    stamp.seed = pace.seed


# Most recent stamp at `now`; False when the clock is stopped. IO threads, any number.
cdef inline bint moving_stamp(MovingClock* clock, uint64_t now, Given* stamp) noexcept nogil:
    cdef uint64_t place, highest, index
    cdef Pace pace
    cdef bint known = False
    for _ in range(TRIES):
        place = ty_load_acquire_u64(&clock.place)
        if place == 0:
            return False
        if not read_pace(clock, place, &pace):
            continue
        highest = place & ((<uint64_t>1 << PLACE_BITS) - 1)
        index = pace.first + periods_until(&pace, now)
        if index <= highest or give(clock, place, index, &pace, now):
            tell_stamp(&pace, index, stamp)
            return True
        tell_stamp(&pace, highest, stamp)       # should this go on, one that was given will do
        known = True
    return known


# Begin a new line whose sample 0 is at `anchor`, at the rate that is wanted. num / den: ticks of a period at the
# nominal rate; seconds: the same. Control thread, one at a time; it waits for an IO thread that is turning a pace.
cdef inline void moving_start(
    MovingClock* clock, uint64_t anchor, uint64_t num, uint64_t den, uint64_t period, double seconds
) noexcept nogil:
    cdef Pace pace
    while not ty_compare_exchange_u32(&clock.busy, 0, 1):
        pass
    clock.nominal = num // den
    clock.nominal_part = fraction(num % den, den) + (num % den != 0)    # up: n whole periods end on their tick
    clock.period = period
    clock.most = <int64_t>(clock.slew * seconds)
    clock.seed += 1
    clock.version = next_version(clock.version)
    pace.seed, pace.first, pace.host, pace.part = clock.seed, 0, anchor, 0
    pace.rate = between(wanted(clock, anchor), -clock.limit, clock.limit)
    set_step(clock, pace.rate, &pace.step, &pace.step_part)
    pace.step_before = pace.step
    write_pace(&clock.paces[clock.version & 1], &pace)
    ty_store_release_u64(&clock.place, place_of(clock.version, 0))
    ty_store_release_u32(&clock.busy, 0)


# Control thread.
cdef inline void moving_stop(MovingClock* clock) noexcept nogil:
    ty_store_release_u64(&clock.place, 0)


# ---- the rate, from any thread ----

cdef inline void want_ppm(MovingClock* clock, double ppm) noexcept nogil:
    cdef double most = <double>clock.limit * 1e-6
    if ppm == ppm and most > 0:         # a number, and a clock that can be adjusted
        ppm = most if ppm > most else -most if ppm < -most else ppm
        ty_store_i64(&clock.aim, <int64_t>(ppm * 1e6 + (0.5 if ppm > 0 else -0.5)))


# The pace now; False when the clock is stopped.
cdef inline bint present_pace(const MovingClock* clock, Pace* pace) noexcept nogil:
    cdef uint64_t place
    for _ in range(TRIES):
        place = ty_load_acquire_u64(&clock.place)
        if place == 0:
            return False
        if read_pace(clock, place, pace):
            return True
    return False


cdef inline double present_ppm(const MovingClock* clock) noexcept nogil:
    cdef Pace pace
    return <double>pace.rate * 1e-6 if present_pace(clock, &pace) else <double>ty_load_i64(&clock.aim) * 1e-6
