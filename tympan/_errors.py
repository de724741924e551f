"""The errors a person meets; no imports, because this file is inside every bundle."""


class TympanError(Exception):
    """Something is wrong with what the user gave; not a bug of tympan.

    ``str(error)`` is one sentence that says what is wrong, ``error.hint`` one
    that says what to do (or an empty string). ``exit_code`` is what
    ``python -m tympan`` ends with: 1 the driver failed, 2 bad usage.
    """

    exit_code = 1

    def __init__(self, message, hint=""):
        super().__init__(message)
        self.hint = hint


class SpecError(TympanError, ValueError):
    """A declaration (DeviceSpec, StreamSpec, StreamFormat) that no host would accept."""


class UsageError(TympanError):
    """A command line, path or file that cannot be used at all."""

    exit_code = 2


class BuildError(TympanError):
    """A driver's source that does not become a bundle."""


class HostError(TympanError):
    """The simulated host saw a driver break the protocol, or refuse a call."""


class OSStatus(int):
    """A Core Audio status: 0 is success, others are mostly four-character codes.

    ``OSStatus("nope")`` and ``OSStatus(0x6E6F7065)`` are equal. ``str()`` gives
    the four characters where they are printable, otherwise the number. The class
    attributes are the codes of AudioHardwareBase.h.
    """

    __slots__ = ()

    def __new__(cls, value):
        if isinstance(value, str):
            code = value.encode("mac_roman" if not value.isascii() else "ascii")
            if len(code) != 4:
                raise ValueError(f"a status has four characters, not {len(code)}: {value!r}")
            value = int.from_bytes(code, "big", signed=True)
        return super().__new__(cls, value)

    def __str__(self):
        code = (int(self) & 0xFFFFFFFF).to_bytes(4, "big")
        printable = all(32 <= byte < 127 for byte in code)
        return code.decode("ascii") if printable else str(int(self))

    def __repr__(self):
        return f"OSStatus({str(self)!r})"


OSStatus.NO_ERROR = OSStatus(0)  # kAudioHardwareNoError
OSStatus.NOT_RUNNING = OSStatus("stop")  # kAudioHardwareNotRunningError
OSStatus.UNSPECIFIED = OSStatus("what")  # kAudioHardwareUnspecifiedError
OSStatus.UNKNOWN_PROPERTY = OSStatus("who?")  # kAudioHardwareUnknownPropertyError
OSStatus.BAD_PROPERTY_SIZE = OSStatus("!siz")  # kAudioHardwareBadPropertySizeError
OSStatus.ILLEGAL_OPERATION = OSStatus("nope")  # kAudioHardwareIllegalOperationError
OSStatus.BAD_OBJECT = OSStatus("!obj")  # kAudioHardwareBadObjectError
OSStatus.BAD_DEVICE = OSStatus("!dev")  # kAudioHardwareBadDeviceError
OSStatus.BAD_STREAM = OSStatus("!str")  # kAudioHardwareBadStreamError
OSStatus.UNSUPPORTED_OPERATION = OSStatus("unop")  # kAudioHardwareUnsupportedOperationError
OSStatus.NOT_READY = OSStatus("nrdy")  # kAudioHardwareNotReadyError
OSStatus.UNSUPPORTED_FORMAT = OSStatus("!dat")  # kAudioDeviceUnsupportedFormatError
OSStatus.NO_PERMISSION = OSStatus("!hog")  # kAudioDevicePermissionsError


class HalError(Exception):
    """Raise this in a control method to answer the host with a status of your choice.

    ``HalError("nope")``, ``HalError(OSStatus.NOT_READY, "the cable is not plugged in")``.
    Any other exception answers ``'what'`` (kAudioHardwareUnspecifiedError).
    A status of 0 would say that the call succeeded, so it is refused.
    """

    def __init__(self, status, message=""):
        self.status = OSStatus(status)
        if self.status == 0:
            raise ValueError("a HalError needs a status other than 0, which means success")
        super().__init__(message or f"status {self.status}")
