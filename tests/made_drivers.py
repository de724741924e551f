"""Drivers for tests, made in Python: the core does the IO, so nothing has to be compiled."""

from tympan import DeviceSpec, Driver, StreamFormat, StreamSpec


def device_spec(outputs=2, inputs=2, rate=48_000.0, sample_type="float32", input_type=None):
    """A DeviceSpec with one stream per direction that has channels."""
    spec = DeviceSpec("com.example.test.Device", "Test device", "tympan")
    if outputs:
        spec = spec.with_output(StreamSpec.output(StreamFormat(sample_type, rate, outputs)))
    if inputs:
        spec = spec.with_input(StreamSpec.input(StreamFormat(input_type or sample_type, rate, inputs)))
    return spec


def driver_class(spec=None, **attributes):
    """A driver with this declaration; ``attributes`` are methods or class attributes."""
    attributes.setdefault("NAME", "Test")
    attributes.setdefault("MANUFACTURER", "tympan")
    attributes.setdefault("VERSION", "1.0")
    spec = spec or device_spec()
    attributes.setdefault("device", lambda self: spec)
    return type("Made", (Driver,), attributes)


def attached(hal, driver):
    """``hal.attach`` of a driver class; the plug-in's ``driver`` is the object that the core has made."""
    made = []

    class Kept(driver):
        def initialize(self):
            super().initialize()
            made.append(self)

    plugin = hal.attach(Kept)
    (plugin.driver,) = made
    return plugin
