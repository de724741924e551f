"""Properties of a driver's own, which its own application reads and sets: how one is declared, and its state.

``DeviceSpec.with_property`` gives one to a device, ``Driver.PROPERTIES`` to the plug-in. A bundle has this
file when its driver names one of the classes.
"""

from tympan._errors import SpecError
from tympan._stream_spec import _Spec, _text

#: Kind: (AudioServerPlugInCustomPropertyInfo's type, what it is at first).
KINDS = {"string": ("cfst", ""), "plist": ("plst", {})}
#: Selectors that Apple's headers give a meaning; 193 of them and kAudioDevicePropertyBufferFrameSize.
RESERVED = (
    "acom agrp akin amst apcd appm asrt atap bcl# bcls bcvl bdv# bhau bhmi bhvi bidp box# bpro buid bxof bxon capp "
    "celm clas clip clk# clkd clkk clok csc# csck csrc cstb ctrl cuid cust dIn  dOut db2v dch2 dev# dflt diff drfq "
    "drft end# euid fsiz fsz# fwvn goin gone grup hidn hip# hipf hipl hogr icon id2p iden inot jack lccn lcdr lcds "
    "lcdv lchn lcnl lcnn lcsd lcsn lcsv lisa lisr livn lmak lmod lnam lscn lsnb ltnc main mdd# mddc mdds msp# mspn "
    "muid mute mv2d mv2s mvd# mvdb mvsc ncyc nlv# nlvl nsr# nsrt oink oplg oswg ownd pbid pdv# pft  pfta phan phsi "
    "piid pir? piri piro plg# plug pmin pmut powh ppid priv prs# ring rsrc sOut sact saft scai scci schn scin sd2v "
    "sdir sdrr sdrv sflt sfma sfmt slay slep smut snum solo span spcc spcv spn# srnd srst ssc# ssck ssrc stdv stm# "
    "stmo stpd suse sv2d svd# svld svlm talb tap# tdsc term tfmt thrs thru tmbi tmg# tps# tran tuid uid  uidb uidc "
    "uidd uide uidt unld user v2db vAd+ vAdS vdb# vfsz vold volm xltc"
)
DEEPEST = 100


class PropertySpec(_Spec):
    """One property of the driver's own. Make it with ``string`` or ``plist``.

    ``selector`` is a four-character code that Apple's headers do not use; an application finds the property by it.
    ``name`` is for Python (default: the selector). ``settable``: by applications. ``value``: what it is until it is
    set. ``qualifier``: None, "string" or "plist": what an application says more of what it asks for. Backs an
    AudioServerPlugInCustomPropertyInfo in kAudioObjectPropertyCustomPropertyInfoList. Raises SpecError.
    """

    __slots__ = ("selector", "kind", "name", "settable", "qualifier", "value")

    def __init__(self, selector, kind, name=None, settable=False, qualifier=None, value=None):
        if kind not in KINDS or qualifier not in (None, *KINDS):
            raise SpecError(f"a property's kinds are {kind!r}, {qualifier!r}", "Use \"string\" or \"plist\".")
        if not isinstance(selector, str) or len(selector) != 4 or not selector.isascii() or not selector.isprintable():
            raise SpecError(f"a property's selector is {selector!r}", 'Give four characters, such as "Memo".')
        if selector in (RESERVED[i : i + 4] for i in range(0, len(RESERVED), 5)):
            raise SpecError(f"the selector {selector!r} is Apple's", "Choose another one, with a capital letter.")
        try:
            value = checked(kind, KINDS[kind][1] if value is None else value)
        except (TypeError, ValueError) as error:
            raise SpecError(f"the property {selector!r} cannot start so: {error}", "Give it another value.") from None
        name = _text("a property's name", selector if name is None else name)
        self._set(selector=selector, kind=kind, name=name, settable=bool(settable), qualifier=qualifier, value=value)

    @classmethod
    def string(cls, selector, name=None, settable=False, qualifier=None, value=None):
        """A text (kAudioServerPlugInCustomPropertyDataTypeCFString)."""
        return cls(selector, "string", name, settable, qualifier, value)

    @classmethod
    def plist(cls, selector, name=None, settable=False, qualifier=None, value=None):
        """bool, int (64 bits), float, str, bytes, datetime, or lists and dictionaries (with str keys) of these
        (kAudioServerPlugInCustomPropertyDataTypeCFPropertyList)."""
        return cls(selector, "plist", name, settable, qualifier, value)

    def __hash__(self):
        return hash((self.selector, self.kind, self.name))

    @property
    def type_code(self):
        """The four-character code of its type."""
        return KINDS[self.kind][0]

    @property
    def qualifier_code(self):
        """The four-character code of its qualifier's type, or None."""
        return KINDS[self.qualifier][0] if self.qualifier else None


class CustomProperty:
    """A property of a device, or of the plug-in, as the driver sees it: answered by ``Driver.custom_property``.

    ``spec`` is its PropertySpec, ``device`` the device's index, or None.
    """

    __slots__ = ("_tell", "_value", "device", "spec", "told")

    def __init__(self, spec, device, tell=None):
        self.spec, self.device = spec, device
        self._value, self._tell, self.told = spec.value, tell, 0

    @property
    def name(self):
        """The spec's name."""
        return self.spec.name

    @property
    def value(self):
        """What it is set to, unless ``Driver.get_property`` answers something else; a list or dictionary is a copy.
        Setting it tells the host, if it is another value. Raises TypeError or ValueError. [any]"""
        return checked(self.spec.kind, self._value)

    @value.setter
    def value(self, value):
        value, before = checked(self.spec.kind, value), self._value
        self._value = value
        if not same(before, value):
            self.notify()

    def notify(self):
        """Tell the host that what ``Driver.get_property`` answers has changed (PropertiesChanged). [any]"""
        self.told += 1
        if self._tell is not None:
            self._tell()


def checked(kind, value):
    """A copy of the value, or the TypeError or ValueError that says why it is none of this kind."""
    if kind == "string" and not isinstance(value, str):
        raise TypeError(f"{value!r} is not a str")
    return _copied(value, 0)


def _copied(value, depth):
    if depth > DEEPEST:
        raise ValueError(f"more than {DEEPEST} lists and dictionaries are inside each other")
    if isinstance(value, (list, tuple)):
        return [_copied(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a dictionary of a property list has keys that are no str")
        return {key: _copied(item, depth + 1) for key, item in value.items()}
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{value} has more than 64 bits")
    if isinstance(value, (bool, int, float, str, bytes)) or type(value).__name__ == "datetime":
        return value
    raise TypeError(f"{value!r} has no place in a property list")


def same(one, other):
    """Whether two values are equal to an application too: 1, 1.0 and True are not."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


def check_properties(specs):
    """SpecError unless all are PropertySpecs, and each selector and each name is there once."""
    for i, spec in enumerate(specs):
        if not isinstance(spec, PropertySpec):
            hint = 'Give a PropertySpec, such as PropertySpec.string("Memo").'
            raise SpecError(f"a property is declared as {spec!r}", hint)
        for other in specs[:i]:
            if spec.selector == other.selector or spec.name == other.name:
                raise SpecError(
                    f"two properties are {spec.selector!r}, {spec.name!r} and {other.selector!r}, {other.name!r}",
                    "Give each a selector and a name of its own.",
                )
