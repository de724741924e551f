# cython: language_level=3
"""The contract between a driver and the framework. Names no Core Audio type.

A driver is a ``cdef class`` derived from ``Driver``. Its ``def`` methods run on
control threads with the GIL; ``process_io`` runs on IO threads without it. The
tag in the last line of each docstring says when: see docs/threads.md.
"""

from tympan._errors import SpecError
from tympan._spec import DeviceSpec


class IoOperation:
    """The IO operations a driver can process, for ``IO_OPERATIONS``.

    IO code compares ``buffer.operation`` with the C enumeration of the same
    name and values (``from tympan cimport IoOperation``).
    """

    READ_INPUT = 0x72656164     # kAudioServerPlugInIOOperationReadInput
    WRITE_MIX = 0x72697465      # kAudioServerPlugInIOOperationWriteMix


cdef class Driver:
    """A virtual audio device, written by its author as a subclass.

    The host's order is: new, ``device``, ``initialize``, then any number of
    times ``start_io``, ``process_io`` …, ``stop_io``. A control method may raise:
    ``HalError(status)`` answers the host with that status, anything else with
    ``'what'``; the traceback is logged, and the host can try again.

    Class attributes:
        NAME, MANUFACTURER, VERSION: texts for people; they may change between releases.
        BUNDLE_ID: CFBundleIdentifier; None means the device's UID.
        IO_OPERATIONS: operations for which ``process_io`` is called. None means
            WriteMix where the device has an output stream, otherwise ReadInput,
            so that a loopback applies an effect once.
        IO_FORMAT: "float32" (``process_io`` sees float32, the core converts) or
            "native" (it gets the stream's own bytes in ``input_bytes``, ``output_bytes``).
    """

    NAME = ""
    MANUFACTURER = ""
    VERSION = "0.0.0"
    BUNDLE_ID = None
    IO_OPERATIONS = None
    IO_FORMAT = "float32"

    @property
    def sample_rate(self):
        """Nominal sample rate in Hz, current when ``start_io`` is called
        (kAudioDevicePropertyNominalSampleRate). [any]"""
        return self._sample_rate

    # ---- control thread ----

    def device(self):
        """Answer the DeviceSpec. Called once, before ``initialize``, and by the bundler.
        [control & !running]"""
        raise SpecError(
            f"{type(self).__name__} does not say what device it is",
            "Define a method device(self) that returns a DeviceSpec.",
        )

    def initialize(self):
        """Get ready; nothing is visible to clients yet. Raising makes the host drop the driver.
        Backs Initialize. [control & !running]"""

    def start_io(self):
        """The first client starts. Allocate, reset state, compute coefficients from
        ``sample_rate`` here. Raising refuses the start. Backs StartIO. [control & !running]"""

    def stop_io(self):
        """The last client has stopped; ``process_io`` is not called any more. Raising is
        reported, but IO is stopped. Backs StopIO. [control & !running]"""

    # ---- IO thread ----

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]

    # ---- for the framework ----

    def declaration(self):
        """Answer ``device()`` completed and checked, or raise SpecError. [control & !running]"""
        for label in ("NAME", "MANUFACTURER", "VERSION"):
            value = getattr(self, label)
            if not isinstance(value, str) or not value.strip():
                raise SpecError(f"{type(self).__name__}.{label} is {value!r}", f"Give the class a text {label}.")
        spec = self.device()
        if not isinstance(spec, DeviceSpec):
            raise SpecError(f"{type(self).__name__}.device() returned {spec!r}", "Return a DeviceSpec.")
        spec = spec.check()
        self._check_io(spec)
        return spec

    def _check_io(self, spec):
        known = (IoOperation.READ_INPUT, IoOperation.WRITE_MIX)
        if self.IO_OPERATIONS is not None and not all(item in known for item in self.IO_OPERATIONS):
            raise SpecError(
                f"IO_OPERATIONS is {self.IO_OPERATIONS!r}", "Use IoOperation.READ_INPUT and IoOperation.WRITE_MIX."
            )
        if self.IO_FORMAT not in ("float32", "native"):
            raise SpecError(f"IO_FORMAT is {self.IO_FORMAT!r}", 'Use "float32" or "native".')
        formats = {(s.format.sample_type, s.format.channels) for s in spec.streams}
        if self.IO_FORMAT == "native" and len(formats) > 1:
            raise SpecError(
                "a native-format loopback has two different formats",
                'Give both streams one format, or use IO_FORMAT = "float32".',
            )
