# cython: language_level=3
"""Numbers that a control thread sets and IO code uses: Parameter, SmoothedParameter.

What IO code calls (``get``, ``set``, ``next``, ``fill``, ``apply``) is in
_parameters.pxd, compiled into the driver.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from tympan._checks cimport whole
from tympan._rt cimport ty_store_relaxed_f64

#: The largest float32: IO code computes with these.
cdef double LARGEST = 3.4028234663852886e38


cdef int _limit(ty_parameter* parameter, object minimum, object maximum, str what) except -1:
    parameter.minimum = -LARGEST if minimum is None else minimum
    parameter.maximum = LARGEST if maximum is None else maximum
    if not -LARGEST <= parameter.minimum <= parameter.maximum <= LARGEST:
        raise ValueError(f"{what}: minimum {minimum!r} and maximum {maximum!r} are no range of float32 numbers")
    return 0


cdef int _set(ty_parameter* parameter, double value, str what) except -1:
    if not parameter.minimum <= value <= parameter.maximum:     # also a NaN
        raise ValueError(
            f"{what}: {value!r} is not a number from {parameter.minimum:g} to {parameter.maximum:g}"
        )
    ty_store_relaxed_f64(&parameter.value, value)
    return 0


cdef class Parameter:
    """A number that any thread may read and set, IO threads included.

    Each access is one atomic load or store of a double: whole, never half old and half new.
    Nothing is said about the order of two parameters; numbers that belong together go into a
    DoubleBuffer. IO code has ``get()`` and ``set(value)``, see _parameters.pxd.

    Args:
        value: the number it begins with.
        minimum, maximum: its limits, inclusive. Python raises ValueError beyond them, C stays
            at them. Default: what a float32 can hold.

    Progress: wait-free, on every thread.
    """

    def __cinit__(self, double value=0.0, *, minimum=None, maximum=None):
        _limit(&self.parameter, minimum, maximum, "Parameter")
        _set(&self.parameter, value, "Parameter")

    @property
    def value(self):
        """The number. Setting it raises ValueError outside the limits. [any]"""
        return ty_parameter_get(&self.parameter)

    @value.setter
    def value(self, double value):
        _set(&self.parameter, value, "Parameter")

    @property
    def minimum(self):
        """The lower limit. [any]"""
        return self.parameter.minimum

    @property
    def maximum(self):
        """The upper limit. [any]"""
        return self.parameter.maximum

    def __repr__(self):
        return f"Parameter({self.value:g})"


cdef class SmoothedParameter:
    """A number that any thread may set, and that IO code follows on a ramp, without a click.

    A new ``value`` is reached after ``milliseconds``, in equal steps, one each frame: no frame is
    further from the next than the distance / frames of the ramp, and after the ramp the value is
    exactly float32(``value``). Another value on the way starts a new ramp from where this one is.
    The values are the same for every split into blocks. IO code has ``next()`` per frame, ``fill``
    and ``apply`` per block, see _parameters.pxd.

    Create it in ``initialize``; call ``reset(self.sample_rate)`` in ``start_io``.

    Args:
        value: the number it begins with, without a ramp.
        milliseconds: length of a ramp; at least one frame.
        frames: length of a ramp in frames instead, at every sample rate.
        minimum, maximum: limits, inclusive. Python raises ValueError beyond them, C stays at them.
        curve: "linear", or "exponential" for equal ratios, which suit loudness and frequency. From or to 0, and
            from one sign to the other, an exponential ramp is linear.
        sample_rate: Hz.

    Progress: wait-free, on every thread. ``next``, ``fill`` and ``apply`` belong to one IO thread:
    ReadInput has several when several clients record.
    """

    def __cinit__(
        self, double value=0.0, double milliseconds=20.0, *,
        frames=None, minimum=None, maximum=None, str curve="linear", double sample_rate=48_000.0,
    ):
        if curve not in ("linear", "exponential"):
            raise ValueError(f'SmoothedParameter: curve is {curve!r}; use "linear" or "exponential"')
        if not 0 <= milliseconds <= 3_600_000:
            raise ValueError(f"SmoothedParameter: a ramp of {milliseconds!r} ms; give 0 to 3600000")
        self.milliseconds = milliseconds
        self.frames = 0 if frames is None else whole(frames, "SmoothedParameter: frames", 1, 2**31)
        self.ramp.exponential = curve == "exponential"
        _limit(&self.ramp.target, minimum, maximum, "SmoothedParameter")
        _set(&self.ramp.target, value, "SmoothedParameter")
        self.reset(sample_rate)

    def reset(self, double sample_rate):
        """End the ramp at ``value``; ramps from now on are for this sample rate (Hz). [control & !running]"""
        if not 1 <= sample_rate <= 1e9:
            raise ValueError(f"SmoothedParameter: a sample rate of {sample_rate!r} Hz; give self.sample_rate")
        self.ramp.length = self.frames or max(1.0, <double><long long>(self.milliseconds * sample_rate / 1000 + 0.5))
        ty_ramp_reset(&self.ramp)

    @property
    def value(self):
        """What it is, or is on its way to. Setting it starts a ramp, and raises ValueError outside the limits. [any]"""
        return ty_parameter_get(&self.ramp.target)

    @value.setter
    def value(self, double value):
        _set(&self.ramp.target, value, "SmoothedParameter")

    @property
    def minimum(self):
        """The lower limit. [any]"""
        return self.ramp.target.minimum

    @property
    def maximum(self):
        """The upper limit. [any]"""
        return self.ramp.target.maximum

    @property
    def ramp_frames(self):
        """Length of a ramp, in frames. [any]"""
        return <long long>self.ramp.length

    def read(self, frames):
        """The values of the next ``frames`` frames as the bytes of so many float32, for tests: what ``fill``
        gives to IO code. [control & !running]"""
        cdef size_t count = whole(frames, "SmoothedParameter.read: frames", 0, 2**28)
        cdef bytes values = PyBytes_FromStringAndSize(NULL, count * sizeof(float))
        ty_ramp_fill(&self.ramp, <float*>PyBytes_AS_STRING(values), count)
        return values

    def __repr__(self):
        length = f"frames={self.frames}" if self.frames else f"{self.milliseconds:g}"
        return f"SmoothedParameter({self.value:g}, {length})"
