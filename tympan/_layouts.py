"""Channel layouts of a DeviceSpec, by Apple's names. Imported only by a driver that says what its channels are for.

A layout is (kAudioChannelLayoutTag, labels); with labels the tag is 0, which is ``UseChannelDescriptions``.
"""

from tympan._errors import SpecError
from tympan._layout_codes import LABELS, TAGS

_DISCRETE = 1 << 16  # kAudioChannelLabel_Discrete_0
_COUNT = 0xFFFF  # a tag's channels; 0: as many as there are


def parse_layout(layout):
    """(tag, labels) of a layout's name or of a list of labels' names, or SpecError."""
    if isinstance(layout, str):
        if layout not in TAGS:
            hint = 'Use a name of Core Audio, such as "MPEG_5_1_A", or a list of labels.'
            raise SpecError(f"there is no channel layout {layout!r}", hint)
        return TAGS[layout], ()
    if not isinstance(layout, (list, tuple)) or not layout:
        raise SpecError(f"a channel layout is {layout!r}", "Give its name, or a list of labels.")
    return 0, tuple(map(_label, layout))


def _label(name):
    kind, _, number = name.partition("_") if isinstance(name, str) else ("", "", "")
    if kind == "Discrete" and number.isdecimal() and int(number) < _DISCRETE:
        return _DISCRETE | int(number)
    if not isinstance(name, str) or name not in LABELS:
        hint = 'Use names of Core Audio, such as "LeftSurround" or "Discrete_3".'
        raise SpecError(f"there is no channel label {name!r}", hint)
    return LABELS[name]


def complete_layout(layout, channels):
    """The layout for so many channels, or SpecError."""
    tag, labels = layout
    if tag and not tag & _COUNT:
        tag |= channels
    described = len(labels) or tag & _COUNT
    if described != channels:
        hint = "Choose a layout of as many channels as the streams of the scope have together."
        raise SpecError(f"a layout of {described} channels is for {channels} channels", hint)
    return tag, labels
