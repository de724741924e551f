"""What a driver remembers: settings, declared in ``Driver.SETTINGS`` and kept in the host's storage.

A bundle has this file when its driver says SETTINGS or with_persistence. All may be called from any thread.
"""

from tympan._errors import SpecError
from tympan._property_spec import checked, same
from tympan._stream_spec import _Spec, _text, _whole


class Setting(_Spec):
    """One setting: ``name`` (its key in the storage), ``default``, whose type is the setting's (bool, int, float, str,
    bytes, datetime, list or dict), and ``version`` (1 or more), a new one for each new meaning. Raises SpecError."""

    __slots__ = ("name", "default", "version")

    def __init__(self, name, default, version=1):
        try:
            default = checked("plist", default)
        except (TypeError, ValueError) as error:
            raise SpecError(f"the setting {name!r} cannot start so: {error}", "Give it another default.") from None
        version = _whole("a setting's version", version, 1, 1 << 31, "Count versions from 1.")
        self._set(name=_text("a setting's name", name), default=default, version=version)

    def __hash__(self):
        return hash((self.name, self.version))

    def fitted(self, value):
        """A copy of the value, or the TypeError or ValueError that says why it is not the setting's."""
        value = checked("plist", value)
        if type(self.default) is float and type(value) is int:
            value = float(value)
        if type(value) is not type(self.default):
            raise TypeError(f"{value!r} is no {type(self.default).__name__}")
        return value


class ControlSetting(Setting):
    """What a persistent control is set to."""

    __slots__ = ("control",)

    def __init__(self, uid, control):
        kind = {"level": float, "pan": float, "toggle": bool}.get(control.family, int)
        super().__init__(f"control {uid} {control.name}", kind(control.value))
        self._set(control=control)

    def fitted(self, value):
        """As for every setting; it must be a value that the control can have."""
        value, control = super().fitted(value), self.control
        low, high = control.bounds if control.family == "slider" else (0, 1)
        numbers = [number for number, _ in control.items]
        if value not in numbers if numbers else not low <= value <= high:
            raise ValueError(f"the control cannot be {value!r}")
        return value


class Settings:
    """The settings of a driver by name: answered by ``Driver.settings``.

    ``settings["gain"] = 2.0`` is stored at once, by the host and later than the call; ``del settings["gain"]`` is
    the default again, and nothing stored. A list or dictionary is a copy. Raises KeyError for what is not
    declared, TypeError for a value of another type. [any]
    """

    def __init__(self, specs):
        self._specs, self._values, self._unsaved, self._store = {}, {}, {}, None
        for spec in specs:
            self.add(spec)

    def add(self, spec):
        """Declare one more."""
        if not isinstance(spec, Setting) or spec.name in self._specs:
            hint = 'Give Settings with different names, such as Setting("gain", 1.0).'
            raise SpecError(f"a setting is declared as {spec!r}", hint)
        self._specs[spec.name], self._values[spec.name] = spec, spec.default

    def __getitem__(self, name):
        return checked("plist", self._values[name])

    def __setitem__(self, name, value):
        spec = self._specs[name]
        value, before = spec.fitted(value), self._values[name]
        self._values[name] = value
        if not same(before, value):
            self._save(name, {"value": value, "version": spec.version})

    def __delitem__(self, name):
        self._values[name] = self._specs[name].default
        self._save(name, None)

    def keys(self):
        """The names, so that ``dict(settings)`` has everything."""
        return list(self._specs)

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(self._specs)

    def __contains__(self, name):
        return name in self._specs

    def __repr__(self):
        return f"Settings({self._values!r})"

    # ---- for the core ----

    def restore(self, name, stored, migrate, log):
        """Take over what the storage has; what is of another type or version only if ``migrate`` can."""
        spec = self._specs[name]
        version, value = _unpacked(stored)
        try:
            fitting = spec.fitted(value if version == spec.version else migrate(name, value, version))
        except Exception as error:
            log(f"the setting {name!r}, of version {version} in the storage, starts as {spec.default!r}: {error}")
            return
        self._values[name] = fitting
        if version != spec.version:
            self._save(name, {"value": fitting, "version": spec.version})

    def attach(self, store):
        """From now on ``store(name, property list or None)`` takes what is set, and what was set before."""
        self._store = store
        for name in list(self._unsaved):
            store(name, self._unsaved.pop(name))

    def _save(self, name, stored):
        if self._store is None:
            self._unsaved[name] = stored
        else:
            self._store(name, stored)


def _unpacked(stored):
    """(version, value) of what the storage has; what no Settings wrote is of version 0."""
    if isinstance(stored, dict) and stored.keys() == {"value", "version"} and type(stored["version"]) is int:
        return stored["version"], stored["value"]
    return 0, stored
