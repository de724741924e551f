"""Properties of a driver's own: B0 (`cust`), C7 and C3 of the specification, and what its Python sees of them."""

import ctypes
import struct
import threading
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_drivers import attached, device_spec, driver_class
from test_platform_plists import same

from tympan import DeviceSpec, HalError, OSStatus, PropertySpec, StreamFormat, StreamSpec
from tympan._errors import HostError
from tympan.testing import Host, _host, _values
from tympan.testing._status import code

PLUG_IN, DEVICE, INPUT, OUTPUT = 1, 2, 3, 4
MEMO = PropertySpec.string("Memo", "memo", settable=True, value="at first")
STATE = PropertySpec.plist("Stat", "state", value={"clients": 0})
VOLUMES = PropertySpec.plist("Volu", "volumes", settable=True, qualifier="string")
NOTE = PropertySpec.string("Note", settable=True, qualifier="plist")
SPEC = device_spec().with_property(MEMO).with_property(STATE).with_property(VOLUMES).with_property(NOTE)
KINDS = {"cfst": "string", "plst": "plist", "\0\0\0\0": None}


def made(spec=SPEC, **attributes):
    """A driver with these properties, and one of the plug-in's."""
    attributes.setdefault("PROPERTIES", (PropertySpec.string("Vers", "version", value="1.0"),))
    return driver_class(spec, **attributes)


@pytest.fixture
def plugin():
    with Host() as hal:
        yield attached(hal, made())


class Reference:
    """A reference to a new CoreFoundation object of a value, as 8 bytes; released at the end."""

    def __init__(self, value):
        self.address = _values.to_cf(value, mutable=True)

    def __enter__(self):
        return struct.pack("=Q", self.address)

    def __exit__(self, *_):
        _host.release(self.address)


def read(plugin, selector, thing=DEVICE, qualifier=None):
    """The value; the reference that came with it is released, so a missing +1 is an over-release."""
    if qualifier is None:
        data = plugin.get(thing, selector)
    else:
        with Reference(qualifier) as more:
            data = plugin.get(thing, selector, qualifier=more)
    (address,) = struct.unpack("=Q", data)
    value = _values.from_cf(address)
    _host.release(address)
    return value


def write(plugin, selector, value, thing=DEVICE, qualifier=None):
    with Reference(value) as data, Reference("" if qualifier is None else qualifier) as more:
        plugin.set(thing, selector, data, qualifier=b"" if qualifier is None else more)


def refused(status, function, *arguments, **options):
    with pytest.raises(HostError) as caught:
        function(*arguments, **options)
    assert caught.value.status == OSStatus(status), caught.value


def told(plugin, start=0):
    plugin.hal.pump()
    return [(note.object, note.selector) for note in plugin.notifications[start:]]


# ---- what the host sees ----


def test_the_list(plugin):
    names = [plugin.get(thing, "cust") for thing in (PLUG_IN, DEVICE)]
    found = [[[int.to_bytes(n, 4, "big").decode() for n in item] for item in struct.iter_unpack("=3I", data)]
             for data in names]  # fmt: skip
    none = "\0\0\0\0"
    assert found == [
        [["Vers", "cfst", none]],
        [["Memo", "cfst", none], ["Stat", "plst", none], ["Volu", "plst", "cfst"], ["Note", "cfst", "plst"]],
    ]
    assert plugin.size(DEVICE, "cust") == 48 and not plugin.is_settable(DEVICE, "cust")
    assert plugin.get(DEVICE, "cust", size=30) == names[1][:24], "whole entries only"


def test_there_is_no_list_without_properties():
    with Host() as hal:
        plugin = hal.attach(driver_class())
        assert not any(plugin.has(thing, "cust") for thing in (PLUG_IN, DEVICE, INPUT, OUTPUT))
        refused("who?", plugin.get, DEVICE, "cust")


@pytest.mark.parametrize(("selector", "settable"), [("Memo", True), ("Stat", False), ("Volu", True), ("Note", True)])
def test_where_it_is(plugin, selector, settable):
    """In global scope, on the main element, of its own object alone; without a qualifier too."""
    assert plugin.has(DEVICE, selector) and plugin.size(DEVICE, selector) == 8
    assert plugin.is_settable(DEVICE, selector) == settable
    for thing, scope, element in ((PLUG_IN, "glob", 0), (INPUT, "glob", 0), (DEVICE, "inpt", 0), (DEVICE, "glob", 1),
                                  (DEVICE, "****", 0), (DEVICE, "glob", 0xFFFFFFFF)):  # fmt: skip
        key = thing, code(selector), code(scope), element
        assert not plugin.table.has(*key)
        answers = {plugin.table.settable(*key)[0], plugin.table.size(*key)[0], plugin.table.get(*key, b"", 8)[0],
                   plugin.table.set(*key, bytes(8))}  # fmt: skip
        assert answers == {OSStatus("who?")}
    assert read(plugin, "Vers", PLUG_IN) == "1.0"


def test_reading(plugin):
    assert (read(plugin, "Memo"), read(plugin, "Stat")) == ("at first", {"clients": 0})
    for capacity in (0, 7):
        status, _, memory, beyond = plugin.table.get(DEVICE, code("Memo"), code("glob"), 0, b"", capacity)
        assert (status, beyond) == (OSStatus("!siz"), False) and set(memory) <= {0xA5}
    status, size, memory, _ = plugin.table.get(DEVICE, code("Memo"), code("glob"), 0, b"", 20)
    assert (status, size, set(memory[8:])) == (0, 8, {0xA5})
    _host.release(int.from_bytes(memory[:8], "little"))


def test_twice_the_same_is_twice_a_reference(plugin):
    addresses = [struct.unpack("=Q", plugin.get(DEVICE, "Memo"))[0] for _ in range(2)]
    assert [_host.string_at(address) for address in addresses] == ["at first"] * 2
    for address in addresses:
        _host.release(address)


def test_writing(plugin):
    start = len(plugin.notifications)
    write(plugin, "Memo", "ä🎧 and \0 more")
    assert read(plugin, "Memo") == "ä🎧 and \0 more" == plugin.driver.custom_property("memo").value
    assert told(plugin, start) == [(DEVICE, "Memo")]
    assert plugin.notifications[-1].value is not None, "it can be read when the host hears of it"
    write(plugin, "Memo", "ä🎧 and \0 more")
    assert told(plugin, start) == [(DEVICE, "Memo")], "nobody hears of a value that stays"


def test_what_is_wrong_in_a_call(plugin):
    key = DEVICE, code("Memo"), code("glob"), 0
    with Reference("other") as data:
        for size in (0, 4, 7):
            assert plugin.table.set(*key, data[:size]) in (OSStatus("!siz"), OSStatus("nope")), size
        assert plugin.table.set(*key, data + bytes(8)) == OSStatus("!siz")
        assert plugin.table.set(DEVICE, code("Stat"), code("glob"), 0, data) == OSStatus("unop"), "read-only"
    assert plugin.table.set(*key, bytes(8)) == OSStatus("nope"), "NULL"
    for what in ("address-get", "address-set", "out-get-size", "out-get-data", "data-set"):
        assert plugin.table.property_with_null(what, DEVICE, code("Memo")) == OSStatus("nope")
    assert read(plugin, "Memo") == "at first" and told(plugin) == []


@pytest.mark.parametrize("value", [1, True, 2.5, b"text", ["text"], {"a": "text"}, None, _values.Url("file:///a")])
def test_a_text_is_a_text(plugin, value):
    refused("nope", write, plugin, "Memo", value)
    assert read(plugin, "Memo") == "at first"


@pytest.mark.parametrize("value", [None, [None], {"a": UUID(int=1)}, {1: "one"}, _values.Url("file:///a"), 2**64 - 1])
def test_what_is_no_property_list_is_refused(plugin, value):
    refused("nope", write, plugin, "Volu", value, qualifier="com.example.App")


# ---- qualifiers ----


def per_application(**more):
    """A driver that has one value for each qualifier."""

    def initialize(self):
        self.kept = {}

    def get_property(self, property, qualifier):
        return self.kept.get((property.name, repr(qualifier)), property.value)

    def set_property(self, property, value, qualifier):
        self.kept[property.name, repr(qualifier)] = value

    methods = {"initialize": initialize, "get_property": get_property, "set_property": set_property}
    return type("PerApplication", (made(),), {**methods, **more})


def test_a_value_for_each_qualifier():
    with Host() as hal:
        plugin = attached(hal, per_application())
        write(plugin, "Volu", {"volume": 0.5}, qualifier="com.example.One")
        write(plugin, "Volu", {"volume": 0.25}, qualifier="com.example.Two")
        write(plugin, "Note", "an answer", qualifier={"question": [1, 2]})
        assert read(plugin, "Volu", qualifier="com.example.One") == {"volume": 0.5}
        assert read(plugin, "Volu", qualifier="com.example.Two") == {"volume": 0.25}
        assert read(plugin, "Note", qualifier={"question": [1, 2]}) == "an answer"
        assert told(plugin) == [(DEVICE, "Volu"), (DEVICE, "Volu"), (DEVICE, "Note")]
        write(plugin, "Volu", {"volume": 0.25}, qualifier="com.example.Two")
        assert len(told(plugin)) == 3, "the value of this qualifier has not changed"


def test_a_missing_or_wrong_qualifier(plugin):
    for selector in ("Volu", "Note"):
        refused("!siz", plugin.get, DEVICE, selector, qualifier=b"")
        refused("!siz", plugin.get, DEVICE, selector, qualifier=bytes(4))
        with Reference("text") as data:
            assert plugin.table.set(DEVICE, code(selector), code("glob"), 0, data) == OSStatus("!siz")
        refused("nope", plugin.get, DEVICE, selector, qualifier=bytes(8), size=8)
    refused("nope", read, plugin, "Volu", qualifier=5)
    refused("nope", read, plugin, "Note", qualifier=None or _values.Url("file:///a"))
    assert read(plugin, "Memo", qualifier="superfluous") == "at first"


# ---- property lists ----

LISTS = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


def test_any_property_list_goes_in_and_comes_back():
    with Host() as hal:
        spec = device_spec().with_property(PropertySpec.plist("List", settable=True))
        plugin = attached(hal, made(spec))

        @settings(max_examples=60, deadline=None)
        @given(LISTS)
        def there_and_back(value):
            write(plugin, "List", value)
            assert same(plugin.driver.custom_property("List").value, value)
            assert same(read(plugin, "List"), value)

        there_and_back()


def test_a_date_with_a_zone_is_the_same_moment():
    spec = device_spec().with_property(PropertySpec.plist("List", value=datetime(2024, 2, 29, 12)))
    with Host() as hal:
        plugin = attached(hal, made(spec))
        assert read(plugin, "List") == datetime(2024, 2, 29, 12)
        moment = datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=2)))
        plugin.driver.custom_property("List").value = moment
        assert read(plugin, "List") == datetime(2024, 2, 29, 10)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_the_depth_has_a_limit():
    spec = device_spec().with_property(PropertySpec.plist("List", settable=True))
    with Host() as hal:
        plugin = attached(hal, made(spec))
        write(plugin, "List", nested(100))
        refused("nope", write, plugin, "List", nested(101))
        library = ctypes.CDLL(None)
        library.CFArrayAppendValue.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        with Reference([]) as endless:
            (address,) = struct.unpack("=Q", endless)
            library.CFArrayAppendValue(address, address)
            refused("nope", plugin.set, DEVICE, "List", endless)
            library.CFArrayRemoveAllValues(ctypes.c_void_p(address))
        with pytest.raises(ValueError, match="more than 100 lists"):
            plugin.driver.custom_property("List").value = nested(101)


# ---- the driver's side ----


@pytest.mark.parametrize(("name", "value", "error"), [
    ("memo", 1, "1 is not a str"), ("state", None, "None has no place"), ("state", {1: 2}, "keys that are no str"),
    ("state", {1}, "has no place in a property list"), ("state", 2**63, "more than 64 bits"),
    ("state", [object()], "has no place"),
])  # fmt: skip
def test_what_the_driver_cannot_set(plugin, name, value, error):
    item = plugin.driver.custom_property(name)
    before = item.value
    with pytest.raises((TypeError, ValueError), match=error):
        item.value = value
    assert item.value == before and told(plugin) == []


def test_the_driver_sets_and_the_host_hears(plugin):
    item = plugin.driver.custom_property("state")
    value = {"clients": [1]}
    item.value = value
    value["clients"].append(2)
    item.value["clients"].append(3)
    assert read(plugin, "Stat") == {"clients": [1]} == item.value, "values are copies"
    item.value = {"clients": [1]}
    assert told(plugin) == [(DEVICE, "Stat")]
    for one, other in ((1, True), (True, 1.0), (1.0, 1)):
        item.value = one
        start = len(told(plugin))
        item.value = other
        assert len(told(plugin)) == start + 1, "an application sees that they differ"
    plugin.driver.custom_property("version", None).value = "1.1"
    assert told(plugin)[-1] == (PLUG_IN, "Vers")
    for name, device in (("treble", 0), ("memo", 1), ("memo", None), ("version", 0)):
        with pytest.raises(KeyError, match=f"has no property '{name}'"):
            plugin.driver.custom_property(name, device)


def test_a_computed_value_is_notified_by_hand():
    class Clock(made()):
        count = 0

        def get_property(self, property, qualifier):
            return {"count": self.count} if property.name == "state" else super().get_property(property, qualifier)

    with Host() as hal:
        plugin = attached(hal, Clock)
        plugin.driver.count = 7
        assert read(plugin, "Stat") == {"count": 7} and read(plugin, "Memo") == "at first" and told(plugin) == []
        plugin.driver.custom_property("state").notify()
        assert told(plugin) == [(DEVICE, "Stat")]


def test_a_setter_that_notifies_itself_is_heard_once():
    class Own(made()):
        def set_property(self, property, value, qualifier):
            property.value = value.upper()

    with Host() as hal:
        plugin = attached(hal, Own)
        write(plugin, "Memo", "loud")
        assert read(plugin, "Memo") == "LOUD" and told(plugin) == [(DEVICE, "Memo")]
        write(plugin, "Memo", "Loud")
        assert told(plugin) == [(DEVICE, "Memo")], "what can be read is the same as before"


@pytest.mark.parametrize(("error", "status"), [(HalError("nrdy"), "nrdy"), (RuntimeError("no"), "what"),
                                               (ValueError("no"), "what"), (SystemExit(), "what")])  # fmt: skip
def test_a_setter_that_raises_leaves_the_value(error, status):
    def set_property(self, property, value, qualifier):
        raise error

    with Host() as hal:
        plugin = attached(hal, made(set_property=set_property))
        refused(status, write, plugin, "Memo", "other")
        assert read(plugin, "Memo") == "at first" and told(plugin) == []
        assert any("Kept.set_property raised" in line for line in hal.log)


@pytest.mark.parametrize(("answer", "status"), [
    (HalError("nrdy"), "nrdy"), (RuntimeError("no"), "what"), (None, "what"), (5, "what"), (b"", "what"),
])  # fmt: skip
def test_a_getter_that_fails(answer, status):
    def get_property(self, property, qualifier):
        if isinstance(answer, Exception):
            raise answer
        return answer

    with Host() as hal:
        plugin = attached(hal, made(get_property=get_property))
        status_, size, memory, _ = plugin.table.get(DEVICE, code("Memo"), code("glob"), 0, b"", 8)
        assert status_ == OSStatus(status) and set(memory) == {0xA5} and size == 0xA5A5A5A5
        assert any("Kept.get_property raised" in line for line in hal.log)


def test_from_initialize_on():
    class Early(made()):
        def initialize(self):
            self.custom_property("memo").value = "from initialize"

    with Host() as hal:
        plugin = attached(hal, Early)
        assert read(plugin, "Memo") == "from initialize"
        assert told(plugin) == [], "what is published before Initialize returns needs no notification"


def test_what_outlives_the_driver():
    kept = []

    class Keeps(made()):
        def initialize(self):
            kept.append(self.custom_property("memo"))

    with Host() as hal:
        hal.attach(Keeps)
    (item,) = kept
    item.value = "nobody hears"
    item.notify()
    assert item.value == "nobody hears"


def test_each_device_has_its_own():
    def spec(number, *properties):
        made = DeviceSpec(f"com.example.Two{number}", f"Two {number}", "tests")
        made = made.with_output(StreamSpec.output(StreamFormat.float32(48_000.0)))
        for item in properties:
            made = made.with_property(item)
        return made

    class Two(made()):
        def devices(self):
            return [spec(1, MEMO), spec(2, STATE, MEMO)]

    with Host() as hal:
        plugin = attached(hal, Two)
        one, two = (device.id for device in plugin.devices)
        write(plugin, "Memo", "second", two)
        assert (read(plugin, "Memo", one), read(plugin, "Memo", two)) == ("at first", "second")
        assert plugin.driver.custom_property("memo", 1).value == "second"
        assert not plugin.has(one, "Stat") and plugin.has(two, "Stat")
        assert told(plugin) == [(two, "Memo")]


# ---- threads ----


@pytest.mark.parametrize("change", ["now", "deferred"])
def test_the_host_may_call_back_at_once(change):
    """PropertiesChanged reads the property from inside the call; setters may not hold what that needs."""
    with Host(config_change=change, queue="thread") as hal:
        plugin = attached(hal, made())
        for i in range(20):
            write(plugin, "Memo", f"text {i}")
        hal.pump()
        assert [note.selector for note in plugin.notifications] == ["Memo"] * 20
        assert all(note.value for note in plugin.notifications)


def test_reading_waits_for_no_start():
    """start_io runs with the control mutex held; a getter does not need it."""
    inside, go_on = threading.Event(), threading.Event()

    class Slow(made()):
        def start_io(self):
            inside.set()
            assert go_on.wait(20)

    with Host() as hal:
        plugin = attached(hal, Slow)
        device = plugin.devices[0]
        client = device.add_client()
        starter = threading.Thread(target=device.start, args=(client,))
        starter.start()
        assert inside.wait(20)
        assert read(plugin, "Memo") == "at first"
        go_on.set()
        starter.join()


def test_setters_run_one_at_a_time_and_getters_from_everywhere(plugin):
    def play(number):
        for i in range(50):
            write(plugin, "Memo", f"{number} {i}")
            assert isinstance(read(plugin, "Memo"), str)
            plugin.driver.custom_property("state").value = {"clients": i}
            assert set(read(plugin, "Stat")) == {"clients"}

    failed = []

    def run(number):
        try:
            play(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    plugin.hal.pump()
