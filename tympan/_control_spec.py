"""The controls of a device: volume, mute, selectors and whatever else a mixer or a settings panel may show.

A ControlSpec says what the control is and what it applies to; ``DeviceSpec.with_control`` adds it.
This file is inside every bundle, so it imports nothing but the contract.
"""

from tympan._errors import SpecError
from tympan._stream_spec import _Spec, _text, _whole

#: Kind: (class of the object, its family). Level: Float32 0 ... 1; toggle: UInt32 0 or 1; selector: an item.
KINDS = {
    "volume": ("vlme", "level"), "lfe_volume": ("subv", "level"),
    "mute": ("mute", "toggle"), "lfe_mute": ("subm", "toggle"), "solo": ("solo", "toggle"),
    "phase_invert": ("phsi", "toggle"), "phantom_power": ("phan", "toggle"), "jack": ("jack", "toggle"),
    "clip_light": ("clip", "toggle"), "talkback": ("talb", "toggle"), "listenback": ("lsnb", "toggle"),
    "data_source": ("dsrc", "selector"), "data_destination": ("dest", "selector"), "clock_source": ("clck", "selector"),
    "line_level": ("nlvl", "selector"), "high_pass_filter": ("hipf", "selector"), "selector": ("slct", "selector"),
    "slider": ("sldr", "slider"), "stereo_pan": ("span", "pan"),
}  # fmt: skip
SCOPES = {"global": "glob", "input": "inpt", "output": "outp"}
_APPLIED = ("volume", "mute", "phase_invert", "stereo_pan")
_MAX_NUMBER = 0xFFFFFFFF


class ControlSpec(_Spec):
    """One control of a device. Make it with the method named after its kind.

    Each takes ``scope`` ("output", "input" or "global") and ``element`` (0: the device as a
    whole; n: its channel n, counted from 1 through the streams of the scope), and ``name``, by which the
    driver finds it (``Driver.control``) and people see it. Backs an object of a subclass of
    kAudioControlClassID, with kAudioControlPropertyScope and kAudioControlPropertyElement.

    Fields: ``kind`` (str), ``scope``, ``element``, ``name``, ``value`` (what it is at first), ``decibels``
    (low, high), ``curve``, ``items`` ((number, name) …), ``bounds`` (slider: low and high; pan: left and right
    channel), ``applied`` (by the core; else the driver does with it what it likes), ``persistent``. Raises SpecError.
    """

    __slots__ = (
        "kind", "scope", "element", "name", "value", "decibels", "curve", "items", "bounds", "applied", "persistent",
    )  # fmt: skip

    def __init__(self, kind, scope="output", element=0, name=None, value=0):
        if kind not in KINDS:
            raise SpecError(f"{kind!r} is not a kind of control", f"Use one of {', '.join(KINDS)}.")
        if scope not in SCOPES:
            raise SpecError(f"the scope of a control is {scope!r}", "Use \"output\", \"input\" or \"global\".")
        element = _whole("the element of a control", element, 0, _MAX_NUMBER, "Give 0, or the number of a channel.")
        self._set(
            kind=kind, scope=scope, element=element, name=_text("a control's name", kind if name is None else name),
            value=value, decibels=(0.0, 0.0), curve=1.0, items=(), bounds=(0, 0),
            applied=False, persistent=False,
        )  # fmt: skip

    # ---- levels ----

    @classmethod
    def volume(cls, scope="output", element=0, name=None, value=1.0, decibels=(-96.0, 0.0), curve=1.0):
        """Volume: ``value`` 0 ... 1 is the slider's place, which means decibels by
        low + (high - low) * place ** curve; at 0 its gain is 0, which is silence. (kAudioVolumeControlClassID)"""
        return cls("volume", scope, element, name, _place(value))._with_range(decibels, curve)

    @classmethod
    def lfe_volume(cls, scope="output", element=0, name=None, value=1.0, decibels=(-96.0, 0.0), curve=1.0):
        """Volume of a subwoofer's channel (kAudioLFEVolumeControlClassID)."""
        return cls("lfe_volume", scope, element, name, _place(value))._with_range(decibels, curve)

    def _with_range(self, decibels, curve):
        try:
            low, high = (float(level) for level in decibels)
            curve = float(curve)
        except (TypeError, ValueError):
            low, high = 0.0, 0.0
        if not -200.0 <= low < high <= 200.0:
            raise SpecError(f"the range {decibels!r} dB is none", "Give (low, high) between -200 and 200, low first.")
        if not 0.1 <= curve <= 10.0:
            raise SpecError(f"a curve of {curve!r}", "Give an exponent from 0.1 to 10; 1 is linear in decibels.")
        return self._with(decibels=(low, high), curve=curve)

    # ---- toggles ----

    @classmethod
    def toggle(cls, kind, scope="output", element=0, name=None, value=False):
        """A switch of the kind "mute", "lfe_mute", "solo", "phase_invert", "phantom_power", "jack" (the driver
        says whether something is plugged in; the host cannot set it), "clip_light" (the driver lights it, the
        host puts it out), "talkback" or "listenback" (subclasses of kAudioBooleanControlClassID)."""
        if KINDS.get(kind, ("", ""))[1] != "toggle":
            raise SpecError(f"{kind!r} is not a switch", "Use mute, solo, jack or another of ControlSpec.toggle's.")
        return cls(kind, scope, element, name, int(bool(value)))

    @classmethod
    def mute(cls, scope="output", element=0, name=None, value=False):
        """Mute (kAudioMuteControlClassID)."""
        return cls.toggle("mute", scope, element, name, value)

    # ---- selectors ----

    @classmethod
    def selector(cls, items, kind="selector", scope="output", element=0, name=None, value=None):
        """One of several: ``items`` are names, which get the numbers 0, 1, ..., or (number, name) pairs; ``value``
        is the number of the first choice. Kinds: "selector", "data_source", "data_destination", "clock_source",
        "line_level", "high_pass_filter" (kAudioSelectorControlClassID and its subclasses)."""
        if KINDS.get(kind, ("", ""))[1] != "selector":
            hint = "Use selector, data_source, clock_source or another of ControlSpec.selector's."
            raise SpecError(f"{kind!r} is not a selector", hint)
        pairs = _items(items)
        value = pairs[0][0] if value is None else value
        if value not in [number for number, _ in pairs]:
            raise SpecError(f"item {value!r} is not among the items", "Give the number of one of them.")
        return cls(kind, scope, element, name, value)._with(items=pairs)

    # ---- others ----

    @classmethod
    def slider(cls, low, high, scope="output", element=0, name=None, value=None):
        """A whole number from ``low`` to ``high``, both 0 ... 2**32 - 1 (kAudioSliderControlClassID)."""
        low = _whole("a slider's low end", low, 0, _MAX_NUMBER, "Give a whole number.")
        high = _whole("a slider's high end", high, low, _MAX_NUMBER, "Give a whole number above the low end.")
        value = _whole("a slider's value", low if value is None else value, low, high, "Give one between its ends.")
        return cls("slider", scope, element, name, value)._with(bounds=(low, high))

    @classmethod
    def stereo_pan(cls, left=1, right=2, scope="output", element=0, name=None, value=0.5):
        """Balance between the channels ``left`` and ``right``: 0 left, 0.5 middle, 1 right
        (kAudioStereoPanControlClassID)."""
        channels = [_whole("a channel", n, 1, 65536, "Channels count from 1.") for n in (left, right)]
        return cls("stereo_pan", scope, element, name, _place(value))._with(bounds=tuple(channels))

    def with_application(self):
        """Let the core apply it to what is played, before ``process_io`` and without a click, over 20 ms: a volume, a
        mute, a phase_invert or a stereo_pan (balance) of the scope "output"."""
        if self.kind not in _APPLIED or self.scope != "output":
            what = f"a {self.kind} control of the scope {self.scope}"
            hint = f"It can apply {', '.join(_APPLIED)} of the scope output."
            raise SpecError(f"the core cannot apply {what}", hint)
        return self._with(applied=True)

    def with_persistence(self):
        """Keep what it is set to in the host's storage, and begin with it the next time."""
        return self._with(persistent=True)

    @property
    def family(self):
        """"level", "toggle", "selector", "slider" or "pan"."""
        return KINDS[self.kind][1]

    @property
    def settable(self):
        """Whether the host may set it: all but a jack."""
        return self.kind != "jack"

    @property
    def scope_code(self):
        """The four-character code of its scope."""
        return SCOPES[self.scope]

    @property
    def object_class(self):
        """The four-character code of its class."""
        return KINDS[self.kind][0]


def _place(value):
    try:
        place = float(value)
    except (TypeError, ValueError):
        place = -1.0
    if not 0.0 <= place <= 1.0:
        raise SpecError(f"a control's value is {value!r}", "Give a number from 0 to 1.")
    return place


def _items(items):
    hint = "Give names, or (number, name) pairs with different numbers."
    try:
        pairs = [(i, item) if isinstance(item, str) else (item[0], item[1]) for i, item in enumerate(items)]
    except (TypeError, IndexError):
        raise SpecError(f"the items of a selector are {items!r}", hint) from None
    pairs = tuple((_whole("an item's number", n, 0, _MAX_NUMBER, hint), _text("an item's name", t)) for n, t in pairs)
    if not pairs or len({number for number, _ in pairs}) < len(pairs):
        raise SpecError(f"the items of a selector are {items!r}", hint)
    return pairs
