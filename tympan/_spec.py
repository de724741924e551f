"""What a device is: the declaration from which the core derives everything.

Objects, property rows, sizes, formats and Info.plist all come from one
``DeviceSpec``. Specs never change: each ``with_…`` method answers a changed copy.
This file is inside every bundle, so it imports nothing but ``tympan._errors``.
"""

from tympan._errors import SpecError

#: Rates (Hz) that ``DeviceSpec.with_sample_rates()`` offers when it is given none.
COMMON_SAMPLE_RATES = (
    8000.0, 16000.0, 22050.0, 32000.0, 44100.0, 48000.0,
    88200.0, 96000.0, 176400.0, 192000.0,
)  # fmt: skip

_MAX_CHANNELS = 1024
_MAX_OFFSET = 65536
_MAX_STREAMS = 64
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

    Fields: ``direction`` ("input" or "output"), ``format`` (StreamFormat),
    ``name`` (str or None), ``terminal`` (four-character code), ``latency``
    (frames), ``channel_names`` (tuple of str, or empty).
    """

    __slots__ = ("direction", "format", "name", "terminal", "latency", "channel_names")

    def __init__(self, direction, format):
        if direction not in ("input", "output"):
            raise SpecError(f"{direction!r} is not a direction", "Use StreamSpec.input(…) or StreamSpec.output(…).")
        if not isinstance(format, StreamFormat):
            hint = "Give a StreamFormat, such as StreamFormat.float32(48_000.0)."
            raise SpecError(f"a stream's format is {format!r}", hint)
        terminal = "micr" if direction == "input" else "spkr"
        self._set(direction=direction, format=format, name=None, terminal=terminal, latency=0, channel_names=())

    @classmethod
    def input(cls, format):
        """A stream that clients record from (kAudioStreamPropertyDirection 1)."""
        return cls("input", format)

    @classmethod
    def output(cls, format):
        """A stream that clients play into (kAudioStreamPropertyDirection 0)."""
        return cls("output", format)

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


class DeviceSpec(_Spec):
    """A device: identity, streams, rates and latencies.

    ``uid`` identifies the device for ever (reverse-DNS; macOS keeps the user's
    settings under it; also the bundle identifier unless the driver sets
    ``BUNDLE_ID``). ``name`` and ``manufacturer`` are for people.
    Backs an object of class kAudioDeviceClassID.

    Only an output stream makes a speaker, only an input stream a microphone,
    both a loopback: what is played into the device can be recorded from it.
    """

    __slots__ = (
        "uid", "name", "manufacturer", "inputs", "outputs", "sample_rates", "latencies",
        "safety_offsets", "controls", "model_uid", "model_name",
        "transport", "hidden", "default_device", "default_system_device",
    )  # fmt: skip

    def __init__(self, uid, name, manufacturer):
        _reverse_dns("the device UID", uid)
        self._set(
            uid=uid,
            name=_text("the device's name", name),
            manufacturer=_text("the manufacturer", manufacturer),
            inputs=(),
            outputs=(),
            sample_rates=(),
            latencies=(0, 0),
            safety_offsets=(0, 0),
            controls=(),
            model_uid=f"{uid}.model",
            model_name=None,
            transport="virt",
            hidden=False,
            default_device=True,
            default_system_device=False,
        )

    def with_input(self, stream):
        """Add a stream that clients record from. The first pairs with the first output stream, and so on:
        what is played into that one can be recorded from this."""
        return self._with(inputs=self._one_more(self.inputs, stream, "input"))

    def with_output(self, stream):
        """Add a stream that clients play into."""
        return self._with(outputs=self._one_more(self.outputs, stream, "output"))

    def _one_more(self, present, stream, direction):
        if not isinstance(stream, StreamSpec) or stream.direction != direction:
            raise SpecError(f"with_{direction} got {stream!r}", f"Give it StreamSpec.{direction}(format).")
        if len(present) == _MAX_STREAMS:
            hint = "Use streams of more channels."
            raise SpecError(f"the device has more than {_MAX_STREAMS} {direction} streams", hint)
        return (*present, stream)

    def with_sample_rates(self, *rates):
        """The nominal rates (Hz) a user can choose; without arguments, COMMON_SAMPLE_RATES.

        The streams' own rate is where the device starts. Without this call it is
        the only one. Backs kAudioDevicePropertyAvailableNominalSampleRates.
        """
        chosen = {_sample_rate(rate) for rate in rates or COMMON_SAMPLE_RATES}
        return self._with(sample_rates=tuple(sorted(chosen)))

    def with_latency(self, input=0, output=0):
        """Frames of delay between a sample's time and the wire (kAudioDevicePropertyLatency).

        A loopback's ring really delays by input + output, so the report is true.
        """
        return self._with(latencies=(_frames("the input latency", input), _frames("the output latency", output)))

    def with_safety_offset(self, input=0, output=0):
        """Frames the host keeps away from "now" (kAudioDevicePropertySafetyOffset)."""
        return self._with(
            safety_offsets=(_frames("the input safety offset", input), _frames("the output safety offset", output))
        )

    def with_control(self, control):
        """Add a ControlSpec (an object of a subclass of kAudioControlClassID)."""
        if not hasattr(control, "family"):
            raise SpecError(f"with_control got {control!r}", "Give it a ControlSpec, such as ControlSpec.volume().")
        return self._with(controls=(*self.controls, control))

    def with_model(self, uid, name=None):
        """Model UID, equal for all devices of one model (kAudioDevicePropertyModelUID),
        and optionally its name (kAudioObjectPropertyModelName)."""
        if _text("the model UID", uid) == self.uid:
            raise SpecError("the model UID equals the device UID", "Give the model an identifier of its own.")
        return self._with(model_uid=uid, model_name=None if name is None else _text("the model name", name))

    def with_hidden(self, hidden=True):
        """Keep the device out of lists that people see (kAudioDevicePropertyIsHidden)."""
        return self._with(hidden=bool(hidden))

    def with_default_device(self, allowed=True, system=False):
        """May the user choose it as default device, and for alert sounds?
        (kAudioDevicePropertyDeviceCanBeDefaultDevice, …CanBeDefaultSystemDevice)"""
        return self._with(default_device=bool(allowed), default_system_device=bool(system))

    @property
    def streams(self):
        """All streams, inputs first."""
        return self.inputs + self.outputs

    @property
    def initial_rate(self):
        """The nominal rate (Hz) the device starts with: that of its streams."""
        return self.streams[0].format.sample_rate

    def check(self):
        """Answer the spec ready for use, or raise SpecError: at least one stream, one common rate."""
        if not self.streams:
            raise SpecError(
                f"the device {self.uid} has no streams", "Add .with_output(StreamSpec.output(…)) or .with_input(…)."
            )
        rates = {stream.format.sample_rate for stream in self.streams}
        if len(rates) > 1:
            raise SpecError(
                f"the streams of {self.uid} have different sample rates",
                "Streams of one device share its clock: use one rate.",
            )
        if self.sample_rates and self.initial_rate not in self.sample_rates:
            raise SpecError(
                f"the streams' rate of {self.initial_rate:g} Hz is not among the device's rates",
                "Add it to with_sample_rates(…).",
            )
        scopes = {"input": self.inputs, "output": self.outputs, "global": self.streams}
        counts = {name: sum(s.format.channels for s in streams) for name, streams in scopes.items()}
        check_controls(self.controls, counts)
        return self if self.sample_rates else self._with(sample_rates=(self.initial_rate,))


def check_devices(specs):
    """Answer the checked DeviceSpecs of one plug-in as a tuple, or raise SpecError: at least one, each UID once."""
    if not specs:
        raise SpecError("the driver has no device", "Return at least one DeviceSpec.")
    seen = set()
    for spec in specs:
        if spec.uid in seen:
            raise SpecError(f"two devices have the UID {spec.uid}", "Give each device a UID of its own.")
        seen.add(spec.uid)
    return tuple(specs)


def check_controls(controls, channels):
    """SpecError unless each name, and each class of a scope and element, is there once, and channels exist.

    ``channels``: {"input": how many, "output": how many, "global": both together}.
    """
    names, places = set(), set()
    for control in controls:
        place = (control.object_class, control.scope, control.element)
        if control.name in names:
            raise SpecError(f"two controls have the name {control.name!r}", "Give each control a name of its own.")
        if place in places and control.kind not in ("selector", "slider"):
            raise SpecError(f"two {control.kind} controls have one place", "Give them different scopes or elements.")
        last = max(control.element, *(control.bounds if control.family == "pan" else (0,)))
        if last > channels[control.scope] or not channels[control.scope]:
            raise SpecError(
                f"the control {control.name!r} is for channel {last} of {channels[control.scope]}",
                "Use a channel that the device has in the control's scope, or element 0.",
            )
        names.add(control.name)
        places.add(place)
