"""Rules about clock devices (hal-protocol B6)."""

from tympan.testing.rules import _rows
from tympan.testing.rules._rule import Group, require

rule = Group("clock-device", "Clock devices", "B6")


@rule(
    "clock-device-required-properties",
    "Every clock device has its M properties: bcls clas stdv ownd cuid tran clkd livn goin ltnc ctrl nsrt nsr#.",
    "The clock cannot be chosen for an aggregate device.",
)
def clock_device_required_properties(s):
    _rows.required(s, "clock device")


@rule(
    "clock-device-settable",
    "Of a clock device, 'nsrt' is settable and nothing else of B6.",
    "The clock's rate cannot be set.",
)
def clock_device_settable(s):
    _rows.settable(s, "clock device")


@rule(
    "clock-device-value-sizes",
    "Every property of a clock device has the size of its type, and writes as many bytes as it said.",
    "Values are cut or read beyond their end.",
)
def clock_device_value_sizes(s):
    _rows.sizes(s, "clock device")


@rule(
    "clock-device-rate",
    "'nsrt' of a clock device is one of its 'nsr#'.",
    "The clock's rate cannot be chosen.",
)
def clock_device_rate(s):
    with s.open() as session:
        for clock in session.things("clock device"):
            rate, ranges = session.plugin.get_float64(clock, "nsrt"), session.plugin.get_ranges(clock, "nsr#")
            require(any(low <= rate <= high for low, high in ranges), f"{rate:g} Hz of {clock} is not in {ranges}")
