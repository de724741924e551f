# A clock that follows another: observations of the other one, each a sample time and the mach time at which
# it was valid, steer a moving clock. One thread observes, any thread reads what came of it.
#
# The loop is a proportional and an integral part with critical damping. It begins wide, 3 / age, and narrows
# to its bandwidth, so that it locks in seconds and then looks over jitter. Its error never moves the line of
# the device: what is further off than `slip` three times running is taken over as whole frames of `offset`.

from libc.math cimport fabs, floor
from libc.stdint cimport int64_t, uint32_t, uint64_t

from tympan._moving_clock cimport MovingClock, Pace, present_pace, step_of
from tympan._rt cimport (
    TY_LAST_TIME, ty_store_f64, ty_store_i64, ty_store_release_i64,
    ty_store_u64,
)

cdef enum:
    STRIKES = 3                 # observations that are too far off before frames are slipped


cdef struct Servo:
    # Constant while the clock runs.
    double bandwidth            # radians per second
    double slip                 # frames
    double frames_per_second    # nominal
    double ticks_per_second
    # The observer's own.
    uint64_t seed               # the line that it knows; 0: none
    uint64_t last               # mach ticks of the last observation
    double age                  # seconds since it began, or began again
    double integral             # of 1
    double smooth               # frames
    int64_t strikes
    double strike_sum           # frames
    # Atomic: the observer writes, any thread reads.
    int64_t offset              # the other's sample time minus the device's, whole frames
    uint64_t slips              # how often frames were slipped,
    int64_t slipped             # how many in all; more than 0: the other one was ahead
    uint64_t slip_time          # mach ticks of the last time
    double error                # frames, smoothed: more than 0 when the other one is ahead


# The device's sample time at a mach time, in frames after the first stamp of the pace.
cdef inline double frames_since(const MovingClock* clock, const Pace* pace, uint64_t host) noexcept nogil:
    if host >= pace.host:
        return <double>(host - pace.host) / step_of(pace) * <double>clock.period
    return -(<double>(pace.host - host)) / <double>pace.step_before * <double>clock.period


cdef inline double clamped_to(double value, double most) noexcept nogil:
    return most if value > most else -most if value < -most else value


# A new time line: where the other clock is now is where it shall stay.
cdef inline void begin(Servo* servo, uint64_t seed, double ahead, uint64_t host) noexcept nogil:
    servo.seed, servo.last = seed, host
    servo.age = servo.smooth = 0
    servo.strikes = 0
    ty_store_f64(&servo.error, 0)
    ty_store_release_i64(&servo.offset, <int64_t>floor(ahead + 0.5))


# True when an observation is too far off to be followed. The third one running moves the offset.
cdef inline bint too_far(Servo* servo, double error, uint64_t host) noexcept nogil:
    cdef int64_t frames
    if fabs(error) <= servo.slip:
        servo.strikes = 0
        servo.strike_sum = 0
        return False
    servo.strikes += 1
    servo.strike_sum += error
    if servo.strikes >= STRIKES:
        frames = <int64_t>floor(servo.strike_sum / STRIKES + 0.5)
        servo.strikes = 0
        servo.strike_sum = 0
        servo.smooth = 0
        ty_store_u64(&servo.slip_time, host)
        ty_store_i64(&servo.slipped, servo.slipped + frames)
        ty_store_release_i64(&servo.offset, servo.offset + frames)
        ty_store_u64(&servo.slips, servo.slips + 1)
    return True


# The rate, of 1, by which the device's clock has to differ from nominal. dt: seconds since the last observation.
cdef inline double steer(Servo* servo, double error, double dt, double period, double most) noexcept nogil:
    cdef double width, x, share
    servo.age += dt
    # Never so wide that a period, after which a rate takes effect, or the next observation were far away for it.
    width = min(max(servo.bandwidth, 3 / (servo.age + period)), min(0.25 / period, 0.3 / dt))
    share = 4 * width * dt
    servo.smooth += (error - servo.smooth) * (share if share < 1 else 1)
    x = servo.smooth / servo.frames_per_second
    servo.integral = clamped_to(servo.integral + width * width * x * dt, most)
    return clamped_to(servo.integral + 2 * width * x, most)


# At the mach time `host` the other clock was at `sample`. One thread at a time; wait-free.
cdef inline void servo_observe(Servo* servo, MovingClock* clock, double sample, uint64_t host) noexcept nogil:
    cdef Pace pace
    cdef double within, error, dt, rate, period
    cdef int64_t whole, fresh
    if servo.slip <= 0 or not fabs(sample) <= TY_LAST_TIME or not present_pace(clock, &pace):
        return
    whole = <int64_t>(pace.first * clock.period)
    within = frames_since(clock, &pace, host)
    if pace.seed != servo.seed:
        begin(servo, pace.seed, sample - <double>whole - within, host)
        return
    if host <= servo.last:
        return                  # late, or twice: nothing new
    error = sample - <double>(servo.offset + whole) - within
    dt = <double>(host - servo.last) / servo.ticks_per_second
    if dt > 5:
        servo.age = 0           # it was lost: lock quickly again
    servo.last = host
    if too_far(servo, error, host):
        return
    period = <double>clock.period / servo.frames_per_second
    rate = steer(servo, error, dt, period, <double>clock.limit * 1e-12)
    fresh = <int64_t>((2 * period + min(4 * dt, 5.0)) * servo.ticks_per_second)
    ty_store_f64(&servo.error, servo.smooth)
    ty_store_i64(&clock.hold, <int64_t>(servo.integral * 1e12))
    ty_store_i64(&clock.aim, <int64_t>(rate * 1e12))
    ty_store_u64(&clock.until, host + <uint64_t>fresh)
