"""What a device is: the declaration from which the core derives everything.

Objects, property rows, sizes, formats and Info.plist all come from one
``DeviceSpec``. Specs never change: each ``with_…`` method answers a changed copy.
This file is inside every bundle, so it imports nothing but its like.
"""

from tympan._errors import SpecError
from tympan._stream_spec import StreamSpec, _frames, _reverse_dns, _sample_rate, _Spec, _text, _whole

#: Rates (Hz) that ``DeviceSpec.with_sample_rates()`` offers when it is given none.
COMMON_SAMPLE_RATES = (
    8000.0, 16000.0, 22050.0, 32000.0, 44100.0, 48000.0,
    88200.0, 96000.0, 176400.0, 192000.0,
)  # fmt: skip

_MAX_STREAMS = 64

#: Names of transports and their codes (kAudioDeviceTransportType…).
TRANSPORTS = {
    "built_in": "bltn", "aggregate": "grup", "virtual": "virt", "pci": "pci ", "usb": "usb ", "firewire": "1394",
    "bluetooth": "blue", "bluetooth_le": "blea", "hdmi": "hdmi", "displayport": "dprt", "airplay": "airp",
    "avb": "eavb", "thunderbolt": "thun", "continuity_wired": "ccwd", "continuity_wireless": "ccwl",
    "continuity": "ccap",
}  # fmt: skip
#: How the host smooths a clock, and the codes (kAudioDeviceClockAlgorithm…).
CLOCK_ALGORITHMS = {"raw": "raww", "iir": "iirf", "moving_average": "mavg"}
_BOTH = (None, "input", "output")


def _per_scope(pair, scope, value):
    """The pair (input, output) with ``value`` in the scope, or, for None, in both."""
    if scope not in _BOTH:
        raise SpecError(f"the scope is {scope!r}", 'Use "input" or "output".')
    return (value if scope != "output" else pair[0], value if scope != "input" else pair[1])


def _rate_or_range(value):
    if not isinstance(value, tuple):
        return _sample_rate(value)
    if len(value) != 2 or not (low := _sample_rate(value[0])) < (high := _sample_rate(value[1])):
        raise SpecError(f"a range of sample rates is {value!r}", "Give the lowest and the highest rate, in hertz.")
    return (low, high)


def _ends(rate):
    return rate if isinstance(rate, tuple) else (rate, rate)


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
        "safety_offsets", "controls", "properties", "model_uid", "model_name",
        "transport", "hidden", "default_device", "default_system_device", "stereo_pairs", "layouts", "related",
        "clock_domain", "clock_algorithm", "clock_stable", "icon", "configuration_application", "serial_number",
        "firmware_version", "identifies", "restores_controls", "restores_formats",
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
            properties=(),
            model_uid=f"{uid}.model",
            model_name=None,
            transport="virtual",
            hidden=False,
            default_device=(True, True),
            default_system_device=(False, False),
            stereo_pairs=(None, None),
            layouts=(None, None),
            related=(),
            clock_domain=0,
            clock_algorithm="raw",
            clock_stable=True,
            icon=None,
            configuration_application=None,
            serial_number=None,
            firmware_version=None,
            identifies=False,
            restores_controls=True,
            restores_formats=True,
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

        Each is a rate, or a pair of the lowest and the highest of a range: ``(44_100.0, (48_000.0, 96_000.0))``.
        The streams' own rate is where the device starts. Without this call it is
        the only one. Backs kAudioDevicePropertyAvailableNominalSampleRates.
        """
        chosen = sorted({_rate_or_range(rate) for rate in rates or COMMON_SAMPLE_RATES}, key=_ends)
        for i in range(1, len(chosen)):
            if _ends(chosen[i])[0] <= _ends(chosen[i - 1])[1]:
                sentence = f"the sample rates {chosen[i - 1]} and {chosen[i]} overlap"
                raise SpecError(sentence, "Give each rate once.")
        return self._with(sample_rates=tuple(chosen))

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

    def with_property(self, spec):
        """Add a PropertySpec: a property of the driver's own (in kAudioObjectPropertyCustomPropertyInfoList)."""
        properties = (*self.properties, spec)
        __import__("tympan._property_spec", None, None, ["check_properties"]).check_properties(properties)
        return self._with(properties=properties)

    def with_model(self, uid, name=None):
        """Model UID, equal for all devices of one model (kAudioDevicePropertyModelUID),
        and optionally its name (kAudioObjectPropertyModelName)."""
        if _text("the model UID", uid) == self.uid:
            raise SpecError("the model UID equals the device UID", "Give the model an identifier of its own.")
        return self._with(model_uid=uid, model_name=None if name is None else _text("the model name", name))

    def with_hidden(self, hidden=True):
        """Keep the device out of lists that people see (kAudioDevicePropertyIsHidden)."""
        return self._with(hidden=bool(hidden))

    def with_default_device(self, allowed=True, system=False, scope=None):
        """May the user choose it as default device, and for alert sounds? ``scope``: "input" or "output"; None: both.
        (kAudioDevicePropertyDeviceCanBeDefaultDevice, …CanBeDefaultSystemDevice)"""
        return self._with(
            default_device=_per_scope(self.default_device, scope, bool(allowed)),
            default_system_device=_per_scope(self.default_system_device, scope, bool(system)),
        )

    def with_transport(self, name):
        """How people believe that it is connected, a name of ``TRANSPORTS`` (kAudioDevicePropertyTransportType).

        "virtual" unless said otherwise, which is what a driver without hardware is.
        """
        if name not in TRANSPORTS:
            raise SpecError(f"the transport is {name!r}", f"Use one of {', '.join(TRANSPORTS)}.")
        return self._with(transport=name)

    def with_related(self, *uids):
        """Devices of the same driver that belong together with this one, by their UIDs; it is enough that one
        of two names the other (kAudioDevicePropertyRelatedDevices)."""
        return self._with(related=tuple(_reverse_dns("the UID of a related device", uid) for uid in uids))

    def with_clock_domain(self, number):
        """Devices of one domain, other than 0, share a clock and never drift (kAudioDevicePropertyClockDomain)."""
        hint = "Give a whole number from 0, which means unknown, to 4294967295."
        return self._with(clock_domain=_whole("the clock domain", number, 0, 0xFFFFFFFF, hint))

    def with_clock_algorithm(self, algorithm, stable=True):
        """How the host smooths the zero time stamps: "raw" (not at all: they are exact), "iir" or "moving_average"
        (kAudioDevicePropertyClockAlgorithm); and whether the clock stays near its nominal rate
        (kAudioDevicePropertyClockIsStable)."""
        if algorithm not in CLOCK_ALGORITHMS:
            names = ", ".join(CLOCK_ALGORITHMS)
            raise SpecError(f"the clock algorithm is {algorithm!r}", f"Use one of {names}.")
        return self._with(clock_algorithm=algorithm, clock_stable=bool(stable))

    def with_stereo_pair(self, left, right, scope=None):
        """The channels, from 1, on which stereo is played or recorded; 1 and 2 unless said otherwise.
        ``scope``: "input" or "output"; None: both. (kAudioDevicePropertyPreferredChannelsForStereo)"""
        hint = "Give the numbers of two channels; the first is 1."
        pair = tuple(_whole("a channel of the stereo pair", channel, 1, 65536, hint) for channel in (left, right))
        return self._with(stereo_pairs=_per_scope(self.stereo_pairs, scope, pair))

    def with_channel_layout(self, layout, scope=None):
        """What the channels are for: the name of a layout, such as "MPEG_5_1_A", or a list of one label per
        channel, such as ["Left", "Right", "Center"]; both are Core Audio's names without kAudioChannelLayoutTag_ and
        kAudioChannelLabel_. ``scope``: "input" or "output"; None: both. Mono and stereo have theirs already, more
        channels are discrete. (kAudioDevicePropertyPreferredChannelLayout)"""
        from tympan._layouts import parse_layout

        return self._with(layouts=_per_scope(self.layouts, scope, parse_layout(layout)))

    def with_icon(self, file):
        """The name of an .icns file among the bundle's resources (kAudioDevicePropertyIcon).

        ``[tool.tympan] resources`` of the project takes it there. Where there is no bundle, there is no icon.
        """
        if "/" in _text("the icon", file):
            raise SpecError(f"the icon is {file!r}", 'Give the name of a file in Contents/Resources, such as "A.icns".')
        return self._with(icon=file)

    def with_configuration_application(self, bundle_id):
        """The bundle identifier of the application that configures it
        (kAudioDevicePropertyConfigurationApplication)."""
        return self._with(configuration_application=_reverse_dns("the configuration application", bundle_id))

    def with_serial_number(self, text):
        """For people (kAudioObjectPropertySerialNumber)."""
        return self._with(serial_number=_text("the serial number", text))

    def with_firmware_version(self, text):
        """For people (kAudioObjectPropertyFirmwareVersion)."""
        return self._with(firmware_version=_text("the firmware version", text))

    def with_identify(self, identifies=True):
        """It can show people which one it is, with a lamp, say: see ``Driver.identify``
        (kAudioObjectPropertyIdentify)."""
        return self._with(identifies=bool(identifies))

    def with_restoring(self, controls=True, formats=True):
        """May the host set controls, and formats and rate, to what they were last time? False where the driver's
        own settings or the other end of a wire decide. (macOS 26: kAudioDevicePropertyWantsControlsRestored,
        …WantsStreamFormatsRestored)"""
        return self._with(restores_controls=bool(controls), restores_formats=bool(formats))

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
        ranges = [_ends(rate) for rate in self.sample_rates]
        if self.sample_rates and not any(low <= self.initial_rate <= high for low, high in ranges):
            raise SpecError(
                f"the streams' rate of {self.initial_rate:g} Hz is not among the device's rates",
                "Add it to with_sample_rates(…).",
            )
        scopes = {"input": self.inputs, "output": self.outputs, "global": self.streams}
        counts = {name: sum(s.format.channels for s in streams) for name, streams in scopes.items()}
        check_controls(self.controls, counts)
        layouts = [self._check_scope(scope, counts[name]) for scope, name in enumerate(_BOTH[1:])]
        return self._with(sample_rates=self.sample_rates or (self.initial_rate,), layouts=tuple(layouts))

    def _check_scope(self, scope, channels):
        """The completed layout of a scope, once it and the stereo pair fit its channels; without any, they wait."""
        pair, layout = self.stereo_pairs[scope], self.layouts[scope]
        if pair and channels and (max(pair) > channels or (pair[0] == pair[1] and channels > 1)):
            raise SpecError(
                f"the stereo pair of {self.uid} is {pair[0]} and {pair[1]} of {channels} channels",
                "Give two channels that it has, or 1 and 1 where there is one.",
            )
        if not layout or not channels:
            return layout
        from tympan._layouts import complete_layout

        return complete_layout(layout, channels)


def check_devices(specs):
    """Answer the checked DeviceSpecs of one plug-in as a tuple, or raise SpecError: at least one, each UID once."""
    if not specs:
        raise SpecError("the driver has no device", "Return at least one DeviceSpec.")
    seen = set()
    for spec in specs:
        if spec.uid in seen:
            raise SpecError(f"two devices have the UID {spec.uid}", "Give each device a UID of its own.")
        seen.add(spec.uid)
    for spec in specs:
        for uid in spec.related:
            if uid not in seen:
                hint = "Relate devices of one driver, by the UIDs that it declares."
                raise SpecError(f"{spec.uid} is related to {uid}, which is no device of the driver", hint)
    return tuple(specs)


def related_groups(specs):
    """{UID: number}: the same number for devices that are related, directly or through others."""
    group = {spec.uid: number for number, spec in enumerate(specs)}
    for spec in specs:
        for uid in spec.related:
            if uid in group:
                old, new = group[uid], group[spec.uid]
                group = {key: new if number == old else number for key, number in group.items()}
    return group


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
