"""Four-character codes and the errors that carry a status."""

from tympan._errors import HostError, OSStatus


def code(text):
    """``"nsrt"`` as a number; numbers pass through."""
    if isinstance(text, int):
        return text
    data = text.encode("mac_roman")
    if len(data) != 4:
        raise ValueError(f"a code has four characters: {text!r}")
    return int.from_bytes(data, "big")


def name(number):
    """A code as its four characters where they are printable, otherwise as a number."""
    return str(OSStatus(number))


def host_error(message, hint="", status=0):
    """A HostError with ``.status`` (an OSStatus; 0 when no call of the driver failed)."""
    error = HostError(message, hint)
    error.status = OSStatus(status)  # type: ignore[attr-defined]
    return error


def refused(what, status, hint=""):
    """The HostError for a call that answered ``status``."""
    signed = OSStatus(status)
    shown = f"'{signed}' ({int(signed)})" if str(signed) != str(int(signed)) else str(signed)
    return host_error(f"{what} answered {shown}", hint, status)
