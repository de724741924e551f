# What a control thread sets and IO code uses: the C half, with the methods for
# IO code; the Python half is in _parameters.pyx and _parameters.pyi. A method
# called on a field that is None answers 0, or does nothing.

cimport cython


cdef extern from "_ramp.h" nogil:
    ctypedef struct ty_parameter:
        double value
        double minimum
        double maximum
    void ty_parameter_set(ty_parameter* p, double value) noexcept
    double ty_parameter_get(const ty_parameter* p) noexcept

    ctypedef struct ty_ramp:
        ty_parameter target
        bint exponential
        double length
    void ty_ramp_reset(ty_ramp* r) noexcept
    float ty_ramp_next(ty_ramp* r) noexcept
    void ty_ramp_fill(ty_ramp* r, float* values, size_t frames) noexcept
    void ty_ramp_apply(ty_ramp* r, float* output, const float* input, size_t frames, size_t channels) noexcept


@cython.final
cdef class Parameter:
    cdef ty_parameter parameter

    # The value. Two parameters that belong together are a DoubleBuffer.
    # Wait-free; any thread.
    cdef inline double get(self) noexcept nogil:
        return 0 if self is None else ty_parameter_get(&self.parameter)

    # Set the value, kept between minimum and maximum; a NaN or an infinity is ignored.
    # Wait-free; any thread.
    cdef inline void set(self, double value) noexcept nogil:
        if self is not None:
            ty_parameter_set(&self.parameter, value)


@cython.final
cdef class SmoothedParameter:
    cdef ty_ramp ramp
    cdef double milliseconds
    cdef size_t frames          # of a ramp; 0: so many as `milliseconds` has

    # What the value is on its way to. Wait-free; any thread.
    cdef inline double get(self) noexcept nogil:
        return 0 if self is None else ty_parameter_get(&self.ramp.target)

    # Set the target, kept between minimum and maximum; a NaN or an infinity is ignored.
    # The ramp begins with the next frame. Wait-free; any thread.
    cdef inline void set(self, double target) noexcept nogil:
        if self is not None:
            ty_parameter_set(&self.ramp.target, target)

    # The value of the next frame; once a frame, not once a sample.
    # Wait-free; one IO thread.
    cdef inline float next(self) noexcept nogil:
        return 0 if self is None else ty_ramp_next(&self.ramp)

    # The values of the next `frames` frames: as so many next(), but the target is
    # looked up once. Wait-free; one IO thread.
    cdef inline void fill(self, float* values, size_t frames) noexcept nogil:
        cdef size_t i
        if self is not None:
            ty_ramp_fill(&self.ramp, values, frames)
        else:
            for i in range(frames):
                values[i] = 0

    # output = value * input, for `frames` frames of `channels` samples; output and
    # input may be the same memory. As fill(), and a product for each sample.
    # Wait-free; one IO thread.
    cdef inline void apply(
        self, float* output, const float* input, size_t frames, size_t channels
    ) noexcept nogil:
        cdef size_t i
        if self is not None:
            ty_ramp_apply(&self.ramp, output, input, frames, channels)
        else:
            for i in range(frames * channels):
                output[i] = 0
