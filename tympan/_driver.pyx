# cython: language_level=3
"""The contract between a driver and the framework. Names no Core Audio type.

A driver is a ``cdef class`` derived from ``Driver``. Its ``def`` methods run on
control threads with the GIL; ``process_io`` runs on IO threads without it. The
tag in the last line of each docstring says when: see docs/threads.md.
"""

from tympan._errors import SpecError
from tympan._spec import DeviceSpec, check_devices


class IoOperation:
    """The IO operations a driver can process, for ``IO_OPERATIONS``.

    IO code compares ``buffer.operation`` with the C enumeration of the same
    name and values (``from tympan cimport IoOperation``).
    """

    READ_INPUT = 0x72656164     # kAudioServerPlugInIOOperationReadInput
    WRITE_MIX = 0x72697465      # kAudioServerPlugInIOOperationWriteMix


cdef class Control:
    """A control of a device, as the driver sees it: answered by ``Driver.control``.

    It is the control's for as long as the device has it; after that it keeps its last value, and setting it raises.
    ``value`` is a float 0 ... 1 (volume, pan), a bool (switches) or an int (selectors, sliders). IO code
    has ``scalar()``, ``gain()`` and ``number()`` instead, wait-free. ``device`` is the device's index, ``spec`` the
    ControlSpec.
    """

    @property
    def value(self):
        """What the control is set to now; setting it tells the host, if it is another value. Raises ValueError for
        one that it cannot have. (kAudioLevelControlPropertyScalarValue and its like) [any]"""
        if self.spec.family in ("level", "pan"):
            return self.scalar()
        return bool(self.number()) if self.spec.family == "toggle" else self.number()

    @value.setter
    def value(self, value):
        cdef bint placed = self.spec.family in ("level", "pan")
        cdef double place = value if placed else 0
        cdef uint32_t bits = 0 if placed else value
        if self.write is NULL or self.write(self.core, self.id, bits, place):
            raise ValueError(f"the control {self.spec.name!r} cannot have the value {value!r}")
        self._save()

    def _save(self):
        if self.keep is not None:
            settings, name = self.keep
            settings[name] = self.value


cdef class Driver:
    """A virtual audio device, written by its author as a subclass.

    The host's order is: new, ``device``, ``initialize``, then any number of
    times ``start_io``, ``process_io`` …, ``stop_io``. A control method may raise:
    ``HalError(status)`` answers the host with that status, anything else with
    ``'what'``; the traceback is logged, and the host can try again.

    Class attributes:
        NAME, MANUFACTURER, VERSION: texts for people; they may change between releases.
        BUNDLE_ID: CFBundleIdentifier; None means the device's UID.
        RESOURCE_BUNDLE: path, relative to the bundle, of a bundle with icons and translated names; "" is the
            bundle itself (kAudioPlugInPropertyResourceBundle).
        IO_OPERATIONS: operations for which ``process_io`` is called. None means
            WriteMix where the device has an output stream, otherwise ReadInput,
            so that a loopback applies an effect once.
        IO_FORMAT: "float32" (``process_io`` sees float32, the core converts) or
            "native" (it gets the stream's own bytes in ``input_bytes``, ``output_bytes``).
        PROPERTIES: PropertySpecs of the plug-in itself; those of a device are in its DeviceSpec.
        SETTINGS: Settings, which the host stores; see ``settings``.
    """

    NAME = ""
    MANUFACTURER = ""
    VERSION = "0.0.0"
    BUNDLE_ID = None
    RESOURCE_BUNDLE = ""
    IO_OPERATIONS = None
    IO_FORMAT = "float32"
    PROPERTIES = ()
    SETTINGS = ()

    @property
    def sample_rate(self):
        """Nominal sample rate in Hz of the first device, current when ``start_io`` is called
        (kAudioDevicePropertyNominalSampleRate). [any]"""
        return self._sample_rates.get(0, 0.0) if self._sample_rates else 0.0

    @property
    def settings(self):
        """The Settings of SETTINGS, by name. They are as they were left before ``devices`` is called; where there is
        no host, such as for the bundler, they have their defaults. [any]"""
        if self._settings is None:
            self._settings = __import__("tympan._setting", None, None, ["Settings"]).Settings(self.SETTINGS)
        return self._settings

    def sample_rate_of(self, index):
        """Nominal sample rate in Hz of a device, by its index. Raises KeyError. [any]"""
        return self._sample_rates[index]

    # ---- control thread ----

    def device(self):
        """Answer the DeviceSpec. Called once, before ``initialize``, and by the bundler.
        [control & !running]"""
        raise SpecError(
            f"{type(self).__name__} does not say what device it is",
            "Define a method device(self) that returns a DeviceSpec.",
        )

    def devices(self):
        """Answer the DeviceSpecs of all devices. Without this method there is one, that of ``device()``.
        Called before ``initialize``, and again after each ``update``. A device's index is its place in the first
        answer; one that comes later gets the lowest index that is free. [control]"""
        return (self.device(),)

    def update(self):
        """What ``devices()`` answers has changed: the core asks again, soon, on another thread, and does what it takes
        to get there. Devices (told apart by their UIDs) appear and go; names and visibility change at once and the host
        is told; anything else of a device waits for a configuration change, during which the host suspends its IO.
        One change per device is requested at a time: what is declared meanwhile is part of it, or replaces it. When
        the host refuses or aborts it, the device stays as it is until the next ``update``. [any]"""
        if self._redeclare is not NULL:
            self._redeclare(self._core)

    def initialize(self):
        """Get ready; nothing is visible to clients yet. Raising makes the host drop the driver.
        Backs Initialize. [control & !running]"""

    def start_io(self):
        """The first client starts. Allocate, reset state, compute coefficients from
        ``sample_rate`` here. Raising refuses the start. Backs StartIO. [control & !running]"""

    def stop_io(self):
        """The last client has stopped; ``process_io`` is not called any more. Raising is
        reported, but IO is stopped. Backs StopIO. [control & !running]"""

    def start_device(self, index):
        """The first client of the device ``index`` of ``devices()`` starts. For a driver of several devices;
        unless it has this method, ``start_io`` is called. [control & !running]"""
        self.start_io()

    def stop_device(self, index):
        """The last client of the device ``index`` has stopped; unless a driver has this method, ``stop_io`` is
        called. [control & !running]"""
        self.stop_io()

    def control(self, name, device=0):
        """The Control of that name, of the device of that index. Raises KeyError. Keep it in a typed field
        (``cdef Control volume``) for IO code. [control]"""
        for control in (self._controls or {}).values():
            if control.device == device and control.spec.name == name:
                return control
        raise KeyError(f"device {device} has no control {name!r}")

    def control_changed(self, control):
        """The host has set ``control`` to another value. Backs SetPropertyData. [control]"""

    def identify(self, device, on):
        """The device of that index shall show people which one it is, or shall stop it; for devices that are
        declared ``with_identify()``. Backs kAudioObjectPropertyIdentify. [control]"""

    def custom_property(self, name, device=0):
        """The CustomProperty of that name, of the device of that index, or with None of the plug-in, from
        ``initialize`` on. Raises KeyError. [any]"""
        if self._extras is None:
            raise KeyError(f"there is no property {name!r}")
        return self._extras.named(name, device)

    def get_property(self, property, qualifier):
        """Answer the value of a CustomProperty, of its kind; without this method that is ``property.value``.
        ``qualifier`` is None unless the PropertySpec has one. Must change nothing. Backs GetPropertyData. [any]"""
        return property.value

    def set_property(self, property, value, qualifier):
        """The host sets a CustomProperty. Raising refuses it; the host is told if ``get_property`` answers
        something else afterwards. Backs SetPropertyData. [control]"""
        property.value = value

    def migrate_setting(self, name, value, version):
        """Answer the value that a setting has now, when the storage has one of another version; version 0 is what
        no driver of tympan wrote. Raising, as without this method, or an answer of another type means the default.
        [control & !running]"""
        raise ValueError(f"nothing is known of version {version}")

    # ---- IO thread ----

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = buffer.input[i]

    # ---- for the framework ----

    def declaration(self):
        """Answer ``declared_devices()``, checked with the class attributes, or raise SpecError. [control & !running]"""
        for label in ("NAME", "MANUFACTURER", "VERSION"):
            value = getattr(self, label)
            if not isinstance(value, str) or not value.strip():
                raise SpecError(f"{type(self).__name__}.{label} is {value!r}", f"Give the class a text {label}.")
        specs = self.declared_devices()
        for spec in specs:
            self.check_io(spec)
        if self.SETTINGS:
            len(self.settings)                          # reading them checks them
        if self.PROPERTIES:
            __import__("tympan._property_spec", None, None, ["check_properties"]).check_properties(self.PROPERTIES)
        return specs

    def _begin_storing(self):
        """Initialize has succeeded: the host stores what is set, and what has been set."""
        if self._settings is not None and self._extras is not None:
            self._settings.attach(self._extras.save)

    def declared_devices(self):
        """Answer what ``devices()`` answers as a tuple, completed, or raise SpecError; for the bundler.
        [control & !running]"""
        name, found = type(self).__name__, self.devices()
        place = self.RESOURCE_BUNDLE
        if not isinstance(place, str) or place.startswith("/") or ".." in place.split("/"):
            hint = 'Give a path inside the bundle, such as "Contents/Resources/Names.bundle".'
            raise SpecError(f"{name}.RESOURCE_BUNDLE is {place!r}", hint)
        if not isinstance(found, (list, tuple)):
            raise SpecError(f"{name}.devices() returned {found!r}, not a list", "Return a list of DeviceSpecs.")
        for spec in found:
            if not isinstance(spec, DeviceSpec):
                method = "device" if type(self).devices is Driver.devices else "devices"
                raise SpecError(f"{name}.{method}() returned {spec!r}, not a DeviceSpec", "Is a `return` missing?")
        return check_devices([spec.check() for spec in found])

    def check_io(self, spec):
        """SpecError unless the class attributes go with the DeviceSpec. [control]"""
        known = (IoOperation.READ_INPUT, IoOperation.WRITE_MIX)
        if self.IO_OPERATIONS is not None and not all(item in known for item in self.IO_OPERATIONS):
            raise SpecError(
                f"IO_OPERATIONS is {self.IO_OPERATIONS!r}", "Use IoOperation.READ_INPUT and IoOperation.WRITE_MIX."
            )
        if self.IO_FORMAT not in ("float32", "native"):
            raise SpecError(f"IO_FORMAT is {self.IO_FORMAT!r}", 'Use "float32" or "native".')
        if self.IO_FORMAT == "native" and any(control.applied for control in spec.controls):
            raise SpecError(
                "a native-format device has controls that the core is to apply",
                'Use IO_FORMAT = "float32", or apply them in process_io.',
            )
        for sink, source in zip(spec.inputs, spec.outputs):
            formats = {(s.format.sample_type, s.format.channels) for s in (sink, source)}
            if self.IO_FORMAT == "native" and len(formats) > 1:
                raise SpecError(
                    "a native-format loopback has two different formats",
                    'Give both streams one format, or use IO_FORMAT = "float32".',
                )
