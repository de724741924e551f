"""Every M and s row of the plug-in, the device and the stream, and the rules of property calls.

The table is written from spec/hal-protocol.md part B (levels M and s) and from
AudioHardwareBase.h, not from the core's rows: class, selector, scopes, bytes of
one item, is it a list, settable.
"""

import struct

import pytest
from made_drivers import device_spec, driver_class

from tympan import DeviceSpec, OSStatus, StreamFormat, StreamSpec
from tympan._errors import HostError
from tympan.testing import Host

ALL, IO, G = ("glob", "inpt", "outp"), ("inpt", "outp"), ("glob",)
ONE, LIST = False, True
ROWS = [
    # every object
    *((cls, sel, G, 4, ONE, False) for cls in ("aplg", "adev", "astr") for sel in ("bcls", "clas", "stdv")),
    ("aplg", "ownd", G, 4, LIST, False), ("adev", "ownd", ALL, 4, LIST, False), ("astr", "ownd", G, 4, LIST, False),
    *((cls, "lnam", G, 8, ONE, False) for cls in ("aplg", "adev", "astr")),
    *((cls, "lmak", G, 8, ONE, False) for cls in ("aplg", "adev")),
    # plug-in
    ("aplg", "piid", G, 8, ONE, False), ("aplg", "dev#", G, 4, LIST, False), ("aplg", "uidd", G, 4, ONE, False),
    ("aplg", "box#", G, 4, LIST, False), ("aplg", "uidb", G, 4, ONE, False), ("aplg", "rsrc", G, 8, ONE, False),
    # device
    *(("adev", sel, G, 8, ONE, False) for sel in ("uid ", "muid")),
    *(("adev", sel, G, 4, ONE, False) for sel in ("tran", "clkd", "livn", "goin", "hidn", "ring")),
    *(("adev", sel, IO, 4, ONE, False) for sel in ("dflt", "sflt", "ltnc", "saft")),
    ("adev", "akin", G, 4, LIST, False), ("adev", "stm#", ALL, 4, LIST, False), ("adev", "ctrl", G, 4, LIST, False),
    ("adev", "nsrt", G, 8, ONE, True), ("adev", "nsr#", G, 16, LIST, False),
    ("adev", "dch2", IO, 8, ONE, False), ("adev", "srnd", IO, 0, ONE, False),
    # stream
    *(("astr", sel, G, 4, ONE, False) for sel in ("sdir", "term", "schn", "ltnc")),
    ("astr", "sact", G, 4, ONE, True), ("astr", "sfmt", G, 40, ONE, True), ("astr", "pft ", G, 40, ONE, True),
    ("astr", "sfma", G, 56, LIST, False), ("astr", "pfta", G, 56, LIST, False),
]  # fmt: skip
MUST_NOT = ("fsiz", "fsz#", "asrt", "gone", "oink", "oswg")
PLUG_IN, DEVICE, INPUT, OUTPUT = 1, 2, 3, 4
OBJECTS = {"aplg": (PLUG_IN,), "adev": (DEVICE,), "astr": (INPUT, OUTPUT)}
#: Constants of the header that are optional here; a row beyond ROWS must be one of them.
OPTIONAL = {"lmod", "lchn", "clok", "cstb", "snum", "fwvn", "iden", "icon", "capp", "resc", "resf", "cust"}


def status(code):
    return int(OSStatus(code))


def code(text):
    return int.from_bytes(text.encode(), "big")


@pytest.fixture
def plugin():
    spec = (
        device_spec(2, 8).with_sample_rates(44100, 48000, 96000).with_latency(10, 20).with_safety_offset(30, 40)
        .with_model("com.example.model", "Model").with_default_device(True, system=True)
    )  # fmt: skip
    with Host() as hal:
        yield hal.attach(driver_class(spec))


def addresses():
    for cls, selector, scopes, size, is_list, settable in ROWS:
        for object_id in OBJECTS[cls]:
            for scope in scopes:
                yield pytest.param(
                    object_id, selector, scope, size, is_list, settable, id=f"{object_id}-{selector.strip()}-{scope}"
                )


@pytest.mark.parametrize("object_id,selector,scope,size,is_list,settable", list(addresses()))
class TestRow:
    def test_it_is_there(self, plugin, object_id, selector, scope, size, is_list, settable):
        assert plugin.has(object_id, selector, scope)
        assert plugin.is_settable(object_id, selector, scope) == settable

    def test_the_size(self, plugin, object_id, selector, scope, size, is_list, settable):
        found = plugin.size(object_id, selector, scope)
        assert found % size == 0 if is_list else size in (0, found)

    def test_a_short_buffer(self, plugin, object_id, selector, scope, size, is_list, settable):
        """Lists are cut to whole elements; anything else answers '!siz' and writes nothing."""
        with plugin.with_string("x") as string:
            qualifier = string if selector in ("uidd", "uidb") else b""
            full = plugin.size(object_id, selector, scope)
            for capacity in (0, size - 1 if size else 11, full - 1):
                got, written, memory, beyond = plugin.table.get(
                    object_id, code(selector), code(scope), 0, qualifier, max(capacity, 0)
                )
                assert not beyond
                if is_list:
                    assert (got, written) == (0, max(capacity, 0) // size * size)
                else:
                    assert got == status("!siz") and set(memory) <= {0xA5}

    def test_a_large_buffer(self, plugin, object_id, selector, scope, size, is_list, settable):
        with plugin.with_string("x") as string:
            qualifier = string if selector in ("uidd", "uidb") else b""
            full = plugin.size(object_id, selector, scope)
            got = plugin.get(object_id, selector, scope, 0, qualifier, full + 100)
            assert len(got) == full
            if size == 8 and not is_list and selector not in ("nsrt", "dch2"):
                from tympan.testing import _host

                _host.release(int.from_bytes(got, "little"))

    def test_other_scopes_and_elements_are_unknown(self, plugin, object_id, selector, scope, size, is_list, settable):
        there = {s for cls, sel, scopes, *_ in ROWS if sel == selector and object_id in OBJECTS[cls] for s in scopes}
        for other in ("glob", "inpt", "outp", "ptru", "****"):
            assert plugin.has(object_id, selector, other) == (other in there)
        for element in (1, 2, 0xFFFFFFFF):
            assert not plugin.has(object_id, selector, scope, element)
            assert plugin.table.size(object_id, code(selector), code(scope), element)[0] == status("who?")

    def test_null_pointers(self, plugin, object_id, selector, scope, size, is_list, settable):
        for what in ("address-settable", "address-size", "address-get", "address-set",
                     "out-settable", "out-size", "out-get-size", "out-get-data", "data-set"):  # fmt: skip
            found = plugin.table.property_with_null(what, object_id, code(selector), code(scope))
            assert found == status("nope"), what
        assert not plugin.table.property_with_null("address-has", object_id, code(selector), code(scope))
        assert not plugin.table.property_with_null("driver-has", object_id, code(selector), code(scope))
        assert plugin.table.property_with_null("driver-get", object_id, code(selector), code(scope)) == status("!obj")

    def test_setting_what_is_read_only(self, plugin, object_id, selector, scope, size, is_list, settable):
        if not settable:
            key = object_id, code(selector), code(scope), 0
            assert plugin.table.set(*key, bytes(max(size, 4))) == status("unop")


#: Table B5; what they answer is in test_controls.py.
EVERY_CONTROL = ("bcls", "clas", "stdv", "ownd", "cscp", "celm", "lnam")
CONTROLS = {
    "levl": ("lcsv", "lcdv", "lcdr", "lcsd", "lcds"), "togl": ("bcvl",), "slct": ("scci", "scai", "scin"),
    "sldr": ("sdrv", "sdrr"), "span": ("spcv", "spcc"),
}  # fmt: skip


def test_nothing_else_is_there(plugin):
    """No row beyond the specification's, and none that the HAL makes itself."""
    from tympan._properties import rows

    specified = {(cls, sel) for cls, sel, *_ in ROWS}
    specified |= {(cls, sel) for cls, own in CONTROLS.items() for sel in (*EVERY_CONTROL, *own)}
    for cls, selector, *_ in rows():
        assert (cls, selector) in specified or selector in OPTIONAL, (cls, selector)
    assert not any(plugin.has(DEVICE, selector, scope) for selector in MUST_NOT for scope in ALL)


@pytest.mark.parametrize("object_id", [0, 5, 1000, 0xFFFFFFFF])
def test_unknown_objects(plugin, object_id):
    key = object_id, code("clas"), code("glob"), 0
    assert not plugin.table.has(*key)
    assert plugin.table.settable(*key)[0] == status("!obj")
    assert plugin.table.size(*key)[0] == status("!obj")
    assert plugin.table.get(*key, b"", 4)[0] == status("!obj")
    assert plugin.table.set(*key, bytes(4)) == status("!obj")


def test_unknown_properties(plugin):
    for object_id in (PLUG_IN, DEVICE, INPUT, OUTPUT):
        key = object_id, code("zzzz"), code("glob"), 0
        assert not plugin.table.has(*key)
        assert {plugin.table.settable(*key)[0], plugin.table.size(*key)[0], plugin.table.get(*key, b"", 4)[0],
                plugin.table.set(*key, bytes(4))} == {status("who?")}  # fmt: skip


def test_the_tree(plugin):
    assert plugin.get_ids(PLUG_IN, "ownd") == plugin.get_ids(PLUG_IN, "dev#") == [DEVICE]
    assert plugin.get_ids(DEVICE, "ownd") == plugin.get_ids(DEVICE, "stm#") == [INPUT, OUTPUT]
    assert plugin.get_ids(DEVICE, "ownd", "inpt") == plugin.get_ids(DEVICE, "stm#", "inpt") == [INPUT]
    assert plugin.get_ids(DEVICE, "ownd", "outp") == plugin.get_ids(DEVICE, "stm#", "outp") == [OUTPUT]
    assert [plugin.get_uint32(o, "stdv") for o in (PLUG_IN, DEVICE, INPUT, OUTPUT)] == [0, 1, 2, 2]
    assert [plugin.get_code(o, "clas") for o in (PLUG_IN, DEVICE, INPUT, OUTPUT)] == ["aplg", "adev", "astr", "astr"]
    assert {plugin.get_code(o, "bcls") for o in (PLUG_IN, DEVICE, INPUT, OUTPUT)} == {"aobj"}


@pytest.mark.parametrize("wanted,found", [
    (["astr"], [INPUT, OUTPUT]), (["adev"], []), (["aobj"], [INPUT, OUTPUT]),
    (["actl", "astr"], [INPUT, OUTPUT]), (["actl"], []),
])  # fmt: skip
def test_owned_objects_by_class(plugin, wanted, found):
    qualifier = b"".join(struct.pack("<I", code(cls)) for cls in wanted)
    assert plugin.get_ids(DEVICE, "ownd", qualifier=qualifier) == found
    assert plugin.size(DEVICE, "ownd", qualifier=qualifier) == 4 * len(found)


def test_values(plugin):
    device, stream = plugin.device(), plugin.device().streams("inpt")[0]
    assert (device.uid, device.name, device.manufacturer) == ("com.example.test.Device", "Test device", "tympan")
    assert plugin.get_string(PLUG_IN, "piid") == device.uid
    assert plugin.get_string(PLUG_IN, "rsrc") == ""
    assert plugin.get_string(DEVICE, "muid") == "com.example.model" != device.uid
    assert plugin.get_string(DEVICE, "lmod") == "Model"
    assert plugin.get_code(DEVICE, "tran") == "virt"
    assert plugin.get_ids(DEVICE, "akin") == [DEVICE]
    assert plugin.get_uint32(DEVICE, "ring") == 16384
    assert [plugin.get_uint32(DEVICE, "ltnc", s) for s in IO] == [10, 20]
    assert [plugin.get_uint32(DEVICE, "saft", s) for s in IO] == [30, 40]
    assert [plugin.get_uint32(DEVICE, sel, s) for sel in ("dflt", "sflt") for s in IO] == [1, 1, 1, 1]
    assert device.sample_rates == [(44100, 44100), (48000, 48000), (96000, 96000)]
    assert (stream.direction, stream.first_channel, stream.terminal) == ("inpt", 1, "micr")
    assert device.streams("outp")[0].direction == "outp"
    assert plugin.get_code(DEVICE, "clok") == "raww"


def test_formats(plugin):
    for stream in plugin.device().streams():
        formats = plugin.get_formats(stream, "sfma")
        assert formats == stream.formats
        assert [(low, high) for _, low, high in formats] == [(r, r) for r in (44100.0, 48000.0, 96000.0)]
        assert all(f.sample_rate == low for f, low, _ in formats)
        assert plugin.get_format(stream, "sfmt") == stream.format == formats[1][0]
        assert stream.format.flags == 9 and stream.format.bytes_per_frame == 4 * stream.format.channels
        assert plugin.get(stream, "pft ")[36:] == bytes(4), "mReserved"


@pytest.mark.parametrize("kind,flags,bits,size", [("int16", 12, 16, 2), ("int24", 12, 24, 3), ("int32", 12, 32, 4)])
def test_integer_formats(kind, flags, bits, size):
    with Host() as hal:
        found = hal.attach(driver_class(device_spec(sample_type=kind))).device().streams()[0].format
        assert (found.flags, found.bits) == (flags, bits)
        assert found.bytes_per_frame == found.bytes_per_packet == 2 * size


def test_channel_layouts(plugin):
    for scope, channels, labels in (("outp", 2, [1, 2]), ("inpt", 8, [(1 << 16) | n for n in range(8)])):
        data = plugin.get(DEVICE, "srnd", scope)
        tag, bitmap, count = struct.unpack("<III", data[:12])
        assert (tag, bitmap, count, len(data)) == (0, 0, channels, 12 + 20 * channels)
        assert [item[0] for item in struct.iter_unpack("<II3f", data[12:])] == labels
    assert struct.unpack("<II", plugin.get(DEVICE, "dch2", "outp")) == (1, 2)


def test_channel_names(plugin):
    assert [plugin.get_string(DEVICE, "lchn", "outp", n) for n in (1, 2)] == ["Left", "Right"]
    assert plugin.get_string(DEVICE, "lchn", "inpt", 8) == "Channel 8"
    assert plugin.get_string(INPUT, "lchn", "glob", 8) == "Channel 8"
    assert not plugin.has(DEVICE, "lchn", "outp", 3) and not plugin.has(DEVICE, "lchn", "glob", 1)
    assert not plugin.has(OUTPUT, "lchn", "glob", 3)


def test_one_direction_only():
    mono = StreamSpec.input(StreamFormat.float32(48000.0, 1)).with_name("Mic").with_terminal("line")
    with Host() as hal:
        plugin = hal.attach(driver_class(DeviceSpec("com.example.mic", "Mic", "tympan").with_input(mono)))
        assert plugin.get_ids(DEVICE, "stm#", "outp") == [] and plugin.get_ids(DEVICE, "stm#") == [3]
        assert struct.unpack("<II", plugin.get(DEVICE, "dch2", "inpt")) == (1, 1)
        assert not plugin.has(DEVICE, "srnd", "outp") and not plugin.has(DEVICE, "lchn", "outp", 1)
        assert [plugin.get_uint32(DEVICE, "dflt", s) for s in IO] == [1, 0]
        assert [plugin.get_uint32(DEVICE, "sflt", s) for s in IO] == [0, 0], "no alert sounds unless asked"
        assert (plugin.get_string(3, "lnam"), plugin.get_code(3, "term")) == ("Mic", "line")


class TestQualifiers:
    def test_the_device_of_a_uid(self, plugin):
        with plugin.with_string("com.example.test.Device") as uid:
            assert plugin.get_uint32(PLUG_IN, "uidd", qualifier=uid) == DEVICE
            assert plugin.get_uint32(PLUG_IN, "uidb", qualifier=uid) == 0
        with plugin.with_string("com.example.other") as uid:
            assert plugin.get_uint32(PLUG_IN, "uidd", qualifier=uid) == 0

    @pytest.mark.parametrize("selector", ["uidd", "uidb"])
    @pytest.mark.parametrize("qualifier", [b"", b"abc", bytes(8), bytes(16)])
    def test_a_wrong_qualifier(self, plugin, selector, qualifier):
        key = PLUG_IN, code(selector), code("glob"), 0
        assert plugin.table.get(*key, qualifier, 4)[0] == status("!siz")
        assert plugin.table.size(*key, qualifier) == (0, 4) and plugin.table.has(*key)

    def test_one_that_nobody_asked_for_is_ignored(self, plugin):
        assert plugin.get_uint32(DEVICE, "clas", qualifier=b"12345") == code("adev")


def test_strings_belong_to_the_caller(plugin):
    """Each answer is a reference of its own: two answers survive two releases."""
    from tympan.testing import _host

    answers = [int.from_bytes(plugin.get(DEVICE, "uid "), "little") for _ in range(2)]
    for address in answers:
        assert _host.string_at(address) == "com.example.test.Device"
        _host.release(address)
    assert plugin.device().uid == "com.example.test.Device"
    assert not plugin.hal.ledger.problems


@pytest.mark.parametrize("name", ["Grün", "音響", "🎧 device", "a" * 500])
def test_names_beyond_ascii(name):
    with Host() as hal:
        assert hal.attach(driver_class(DeviceSpec("com.example.n", name, name).with_input(
            StreamSpec.input(StreamFormat.float32(48000.0, 1))))).device().name == name  # fmt: skip


@pytest.mark.parametrize("selector,size", [("nsrt", 8), ("sact", 4), ("sfmt", 40)])
def test_setting_with_a_wrong_size(plugin, selector, size):
    object_id = DEVICE if selector == "nsrt" else OUTPUT
    for wrong in (size - 1, size + 1, 1):
        assert plugin.table.set(object_id, code(selector), code("glob"), 0, bytes(wrong)) == status("!siz")


def test_active_is_a_flag_with_a_notification():
    with Host() as hal:
        plugin = hal.attach(driver_class())
        for value, expected in ((1, []), (0, [0]), (0, [0]), (7, [0, 1])):
            plugin.set_uint32(OUTPUT, "sact", value)
            hal.pump()
            notes = [note for note in hal.notifications if note.selector == "sact"]
            assert [int.from_bytes(note.value, "little") for note in notes] == expected
            assert all(note.object == OUTPUT for note in notes)
            assert plugin.get_uint32(OUTPUT, "sact") == (value != 0)


def test_getting_never_notifies(plugin):
    before = len(plugin.hal.notifications)
    for cls, selector, scopes, _, _, _ in ROWS:
        for object_id in OBJECTS[cls]:
            for scope in scopes:
                plugin.size(object_id, selector, scope)
    plugin.hal.pump()
    assert len(plugin.hal.notifications) == before


def test_iunknown(plugin):
    table = plugin.table
    driver, unknown = "EEA5773DCC4349F18E008F96E7D23B17", "0000000000000000C000000000000046"
    for uuid in (driver, unknown):
        got, found = table.query_interface(bytes.fromhex(uuid))
        assert got == 0 and found == table.address
        table.release()
    got, found = table.query_interface(bytes(range(16)))
    assert got & 0xFFFFFFFF == 0x80000004 and not found
    got, _ = table.query_interface(bytes.fromhex(driver), null=True)
    assert got == status("nope")


def test_no_slot_is_empty(plugin):
    assert plugin.table.missing() == []


def test_create_and_destroy_device(plugin):
    assert plugin.table.create_device() == (status("unop"), 0)
    assert plugin.table.destroy_device(DEVICE) == status("unop")


@pytest.mark.parametrize("bad", [PLUG_IN, INPUT, 77])
def test_what_is_no_device(plugin, bad):
    table = plugin.table
    assert table.start_io(bad, 1) == table.stop_io(bad, 1) == status("!obj")
    assert table.perform(bad, 1, 0) == table.abort(bad, 1, 0) == status("!obj")
    assert table.device_client(True, bad, 1, 1) == status("!obj")
    assert table.will_do(bad, 1, code("read"))[0] == status("!obj")


def test_a_missing_value_is_an_error_for_people(plugin):
    with pytest.raises(HostError, match="who\\?"):
        plugin.get(DEVICE, "zzzz")


def test_the_page_is_what_the_rows_say():
    import subprocess
    import sys
    from pathlib import Path

    root = Path(__file__).parent.parent
    command = [sys.executable, "tools/generate_properties.py", "--check"]
    done = subprocess.run(command, cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
