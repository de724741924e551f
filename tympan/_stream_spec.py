"""What a stream is: its direction, its formats, its names; and what every spec has in common.

Specs never change: each ``with_…`` method answers a changed copy.
This file is inside every bundle, so it imports nothing but ``tympan._errors``.
"""

from tympan._errors import SpecError

_MAX_CHANNELS = 1024
_MAX_OFFSET = 65536
_BYTES_PER_SAMPLE = {"float32": 4, "int16": 2, "int24": 3, "int32": 4}
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


class _Spec:
    """Immutable record; subclasses list their fields in ``__slots__``."""

    __slots__ = ()

    def _set(self, **fields):
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _with(self, **changes):
        copy = object.__new__(type(self))
        copy._set(**{name: getattr(self, name) for name in self.__slots__})
        copy._set(**changes)
        return copy

    def __setattr__(self, name, value):
        raise AttributeError(f"a {type(self).__name__} does not change; use its with_… methods")

    def __eq__(self, other):
        return type(self) is type(other) and all(getattr(self, n) == getattr(other, n) for n in self.__slots__)

    def __hash__(self):
        return hash(tuple(getattr(self, name) for name in self.__slots__))

    def __repr__(self):
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{type(self).__name__}({fields})"


def _sample_rate(value):
    try:
        rate = float(value)
    except (TypeError, ValueError, OverflowError):
        raise SpecError(f"the sample rate is {value!r}", "Give a number of hertz, such as 48_000.0.") from None
    if not 1000.0 <= rate <= 1_536_000.0:
        raise SpecError(f"a sample rate of {value} Hz is out of range", "Give a rate between 1000 and 1536000 Hz.")
    if rate.as_integer_ratio()[1] > 65536:
        raise SpecError(
            f"a sample rate of {value!r} Hz has no exact clock",
            "Give whole hertz, or a fraction that is a multiple of 1/65536 such as 44100.5.",
        )
    return rate


def _whole(what, value, low, high, hint):
    if isinstance(value, bool) or not hasattr(value, "__index__") or not low <= value.__index__() <= high:
        raise SpecError(f"{what} is {value!r}", hint)
    return value.__index__()


def _frames(what, value):
    return _whole(what, value, 0, _MAX_OFFSET, f"Give a whole number of frames from 0 to {_MAX_OFFSET}.")


def _text(what, value):
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise SpecError(f"{what} is {value!r}", "Give a text of at least one visible character.")
    return value


def _reverse_dns(what, value):
    parts = value.split(".") if isinstance(value, str) else ()
    if len(parts) < 2 or len(value) > 255 or not all(part and _NAME_CHARACTERS.issuperset(part) for part in parts):
        raise SpecError(
            f"{what} is {value!r}, which is not in reverse-DNS form",
            "Use letters, digits and hyphens in parts joined by dots, such as com.example.MyDevice.",
        )
    return value


class StreamFormat(_Spec):
    """Linear PCM, interleaved, native endian: what the samples of a stream are.

    Make one with ``float32``, ``int16``, ``int24`` or ``int32``; each takes the
    nominal sample rate in Hz and the number of channels (1 to 1024). int24 is
    packed in three bytes. ``process_io`` sees float32 whatever the format.
    Backs kAudioStreamPropertyVirtualFormat and kAudioStreamPropertyPhysicalFormat.

    Fields: ``sample_type`` (str), ``sample_rate`` (float, Hz), ``channels`` (int).
    Raises SpecError for a rate or a channel count that no device can have.
    """

    __slots__ = ("sample_type", "sample_rate", "channels")

    def __init__(self, sample_type, sample_rate, channels):
        if sample_type not in _BYTES_PER_SAMPLE:
            raise SpecError(f"{sample_type!r} is not a sample type", "Use float32, int16, int24 or int32.")
        hint = f"Give a whole number of channels from 1 to {_MAX_CHANNELS}."
        self._set(
            sample_type=sample_type,
            sample_rate=_sample_rate(sample_rate),
            channels=_whole("the number of channels", channels, 1, _MAX_CHANNELS, hint),
        )

    @classmethod
    def float32(cls, sample_rate, channels=2):
        """32-bit float, nominally -1 to 1: Core Audio's canonical format."""
        return cls("float32", sample_rate, channels)

    @classmethod
    def int16(cls, sample_rate, channels=2):
        """16-bit signed integer."""
        return cls("int16", sample_rate, channels)

    @classmethod
    def int24(cls, sample_rate, channels=2):
        """24-bit signed integer, packed in three bytes."""
        return cls("int24", sample_rate, channels)

    @classmethod
    def int32(cls, sample_rate, channels=2):
        """32-bit signed integer. Through float32 its lowest 8 bits are rounded."""
        return cls("int32", sample_rate, channels)

    @property
    def bytes_per_frame(self):
        """Bytes of one sample of every channel (mBytesPerFrame)."""
        return _BYTES_PER_SAMPLE[self.sample_type] * self.channels

    @property
    def bits_per_channel(self):
        """Bits of one sample (mBitsPerChannel)."""
        return 8 * _BYTES_PER_SAMPLE[self.sample_type]


class StreamSpec(_Spec):
    """One stream of a device, in one direction, as seen by the host.

    Make one with ``StreamSpec.input(format)`` (the device is a source: a client
    records from it) or ``StreamSpec.output(format)`` (a client plays into it).
    Backs an object of class kAudioStreamClassID.

    Fields: ``direction`` ("input" or "output"), ``format`` (StreamFormat), ``formats``
    (all that can be chosen, ``format`` among them), ``name`` (str or None), ``terminal``
    (four-character code), ``latency`` (frames), ``channel_names`` (tuple of str, or empty).
    """

    __slots__ = ("direction", "format", "formats", "name", "terminal", "latency", "channel_names")

    def __init__(self, direction, format):
        if direction not in ("input", "output"):
            raise SpecError(f"{direction!r} is not a direction", "Use StreamSpec.input(…) or StreamSpec.output(…).")
        if not isinstance(format, StreamFormat):
            hint = "Give a StreamFormat, such as StreamFormat.float32(48_000.0)."
            raise SpecError(f"a stream's format is {format!r}", hint)
        terminal = "micr" if direction == "input" else "spkr"
        self._set(
            direction=direction, format=format, formats=(format,), name=None, terminal=terminal, latency=0,
            channel_names=(),
        )  # fmt: skip

    @classmethod
    def input(cls, format):
        """A stream that clients record from (kAudioStreamPropertyDirection 1)."""
        return cls("input", format)

    @classmethod
    def output(cls, format):
        """A stream that clients play into (kAudioStreamPropertyDirection 0)."""
        return cls("output", format)

    def with_formats(self, *formats):
        """More formats that a client may choose, at the same sample rate (kAudioStreamPropertyAvailableVirtualFormats,
        …AvailablePhysicalFormats); each is offered at every rate of the device."""
        offered = list(self.formats)
        for format in formats:
            if not isinstance(format, StreamFormat) or format.sample_rate != self.format.sample_rate:
                hint = f"Give StreamFormats of {self.format.sample_rate:g} Hz; the rates are the device's."
                raise SpecError(f"a stream's other format is {format!r}", hint)
            if format in offered:
                raise SpecError(f"a stream has the format {format!r} twice", "Give each format once.")
            offered.append(format)
        return self._with(formats=tuple(offered))

    def with_format(self, format):
        """The same stream with another one of its ``formats`` chosen. Channel names go where their number changes."""
        if format not in self.formats:
            raise SpecError(f"a stream does not offer {format!r}", "Choose one of its formats.")
        names = self.channel_names if format.channels == self.format.channels else ()
        return self._with(format=format, channel_names=names)

    def with_name(self, name):
        """A name for people (kAudioObjectPropertyName of the stream)."""
        return self._with(name=_text("a stream's name", name))

    def with_terminal(self, code):
        """Terminal type, a four-character code such as "line", "spkr", "micr", "hdph"
        (kAudioStreamPropertyTerminalType)."""
        if not isinstance(code, str) or len(code) != 4 or not code.isascii():
            raise SpecError(f"the terminal type is {code!r}", 'Give four characters, such as "line".')
        return self._with(terminal=code)

    def with_latency(self, frames):
        """Frames by which ``process_io`` itself delays this stream (kAudioStreamPropertyLatency).

        Only reported: a kernel that looks ahead by 64 frames says so here. The
        latency of the device (``DeviceSpec.with_latency``) comes on top of it.
        """
        return self._with(latency=_frames("a stream's latency", frames))

    def with_channel_names(self, *names):
        """One name per channel (kAudioObjectPropertyElementName, elements 1 to n)."""
        if len(names) != self.format.channels:
            raise SpecError(
                f"{len(names)} channel names for {self.format.channels} channels", "Give exactly one name per channel."
            )
        return self._with(channel_names=tuple(_text("a channel name", name) for name in names))
