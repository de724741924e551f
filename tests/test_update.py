"""What the driver declares anew: devices that come and go, and what changes at once while IO runs."""

import threading

import numpy as np
import pytest
from changing import DESK, LISTS, Changing, Plug, changing, four_streams, named, other, through, with_controls
from made_drivers import device_spec

from tympan import ControlSpec, DeviceSpec, OSStatus, PropertySpec, StreamFormat, StreamSpec
from tympan.testing import Host, _platform
from tympan.testing._status import code


@pytest.fixture
def plug():
    with Host() as hal:
        yield Plug(hal)


# ---- devices ----


def test_a_device_appears(plug):
    first = plug.plugin.devices[0]
    plug.declare(device_spec(), other())
    assert plug.heard() == LISTS and not plug.asked
    assert plug.plugin.devices == [first, plug.get(other().uid)]
    added = plug.get(other().uid)
    assert plug.plugin.get_ids(1, "ownd") == [first.id, added.id]
    assert plug.plugin.get_uint32(added, "stdv") == 1 and len(added.streams()) == 2
    assert through(added) and through(first)
    assert plug.driver.told == [("start", 1), ("stop", 1), ("start", 0), ("stop", 0)]


def test_it_can_be_found_by_its_uid(plug):
    plug.declare(device_spec(), other())
    with plug.plugin.with_string(other().uid) as qualifier:
        assert plug.plugin.get_uint32(1, "uidd", qualifier=qualifier) == plug.get(other().uid).id
    plug.declare(device_spec())
    with plug.plugin.with_string(other().uid) as qualifier:
        assert plug.plugin.get_uint32(1, "uidd", qualifier=qualifier) == 0


def test_a_device_goes(plug):
    plug.declare(device_spec(), other())
    gone = plug.get(other().uid)
    ids = [gone.id, *(stream.id for stream in gone.streams())]
    plug.heard()
    plug.declare(device_spec())
    assert plug.heard() == LISTS and [device.uid for device in plug.plugin.devices] == [DESK]
    for number in ids:
        assert not plug.plugin.has(number, "clas")
        assert plug.plugin.table.size(number, code("clas"), code("glob"), 0)[0] == int(OSStatus("!obj"))
    assert plug.plugin.table.start_io(gone.id, 1) == int(OSStatus("!obj"))


def test_all_of_them_can_not_go(plug):
    plug.declare()
    assert [device.uid for device in plug.plugin.devices] == [DESK] and not plug.heard()
    assert any("no device" in line for line in plug.hal.log)


def test_one_that_runs_is_stopped_when_it_goes(plug):
    plug.declare(device_spec(), other())
    gone = plug.get(other().uid)
    assert plug.plugin.table.start_io(gone.id, 7) == 0
    plug.declare(device_spec())
    assert plug.driver.told == [("start", 1), ("stop", 1)]
    assert plug.plugin.table.zero_time_stamp(gone.id)[0] == int(OSStatus("!obj"))
    assert plug.plugin.table.stop_io(gone.id, 7) == int(OSStatus("!obj"))


def test_no_id_is_given_twice_and_the_index_is_the_lowest_free(plug):
    seen = set()
    for number in range(5):
        plug.declare(device_spec(), other(number))
        added = plug.get(other(number).uid)
        ids = {added.id, *(stream.id for stream in added.streams())}
        assert not ids & seen
        seen |= ids
        added.start(client := added.add_client())
        added.stop(client)
    # A device and the next one, which takes its place in the list, are there at once for a moment.
    assert [index for what, index in plug.driver.told if what == "start"] == [1, 2, 1, 2, 1]


def test_the_others_go_on_while_one_comes_and_goes():
    """Not a frame of a device that stays is lost, and its time line stays."""
    with Host() as hal:
        plug = Plug(hal)
        device = plug.plugin.devices[0]
        device.start(client := device.add_client())
        noise = np.random.default_rng(1).uniform(-1, 1, (20_000, 2)).astype(np.float32)
        heard = [device.render(noise[:5000], 250, 5000, client=client)]
        before = plug.plugin.table.zero_time_stamp(device.id)[3]
        for number, specs in enumerate([(device_spec(), other()), (other(2), device_spec()), (device_spec(),)], 1):
            plug.declare(*specs)
            heard.append(device.render(noise[5000 * number : 5000 * (number + 1)], 250, 5000, client=client))
        assert plug.plugin.table.zero_time_stamp(device.id)[3] == before
        assert np.array_equal(np.concatenate(heard)[device.delay(250) :], noise[: 20_000 - device.delay(250)])


# ---- what changes at once ----


def test_hiding_and_showing(plug):
    device = plug.plugin.devices[0]
    for hidden in (True, False):
        plug.declare(device_spec().with_hidden(hidden))
        assert plug.heard() == {(device.id, "hidn", "glob", 0)} and not plug.asked
        assert plug.plugin.get_uint32(device, "hidn") == hidden


def test_names_change_while_io_runs():
    with Host() as hal:
        plug = Plug(hal, named("Desk", "B", "x", "y"))
        device = plug.plugin.devices[0]
        device.start(client := device.add_client())
        inputs, outputs = device.streams("inpt"), device.streams("outp")
        seed = plug.plugin.table.zero_time_stamp(device.id)[3]
        hal.pump()
        plug.heard()
        plug.declare(named("Desk 2", "C", "x", "z"))
        assert plug.heard() == {
            (device.id, "lnam", "glob", 0), (outputs[1].id, "lnam", "glob", 0),
            (device.id, "lchn", "inpt", 2), (inputs[0].id, "lchn", "glob", 2),
        }  # fmt: skip
        assert not plug.asked and plug.plugin.table.zero_time_stamp(device.id)[3] == seed
        assert device.name == "Desk 2" and plug.plugin.get_string(outputs[1], "lnam") == "C"
        assert [plug.plugin.get_string(device, "lchn", "inpt", n) for n in (1, 2)] == ["x", "z"]
        device.stop(client)


def test_channel_numbers_of_a_second_stream():
    def two(last):
        stream = StreamSpec.output(StreamFormat.float32(48_000.0, 2))
        spec = DeviceSpec(DESK, "Desk", "tests").with_output(stream)
        return spec.with_output(stream.with_channel_names("a", last))

    with Host() as hal:
        plug = Plug(hal, two("b"))
        plug.declare(two("c"))
        device = plug.plugin.devices[0]
        assert (device.id, "lchn", "outp", 4) in plug.heard()
        assert [plug.plugin.get_string(device, "lchn", "outp", n) for n in (3, 4)] == ["a", "c"]


def test_the_same_declaration_does_nothing(plug):
    plug.declare(device_spec())
    assert not plug.heard() and not plug.asked


def test_a_device_that_appears_has_its_properties():
    """The driver's own, which Python answers; and with the device they go."""

    class Serves(changing()):
        def get_property(self, item, qualifier):
            return f"{item.name} of {item.device}"

    with Host() as hal:
        plug = Plug(hal, driver=Serves)
        plug.declare(device_spec(), other().with_property(PropertySpec("Room", "string")))
        added = plug.get(other().uid)
        assert plug.plugin.get_string(added, "Room") == "Room of 1"
        plug.declare(device_spec())
        assert not plug.plugin.has(added, "Room")


# ---- what can go wrong ----


def test_a_declaration_that_is_wrong_changes_nothing(plug):
    plug.declare(device_spec(), device_spec())
    assert [device.uid for device in plug.plugin.devices] == [DESK] and not plug.heard()
    assert any("SpecError" in line for line in plug.hal.log)
    plug.declare(device_spec(), other())
    assert len(plug.plugin.devices) == 2


@pytest.mark.parametrize("where", ["initialize", "start_device", "stop_device", "control_changed"])
def test_update_can_be_called_anywhere(where):
    """The mutex of the core is held there: the work is done afterwards, on another thread."""

    def hook(self, *_):
        getattr(Changing, where)(self, *_)
        if len(self.list) == 1:
            self.declare(*self.list, other())

    with Host() as hal:
        plug = Plug(hal, driver=type("Hook", (changing(with_controls(ControlSpec.slider(0, 10))),), {where: hook}))
        device = plug.plugin.devices[0]
        device.start(client := device.add_client())
        device.stop(client)
        plug.plugin.set_uint32(plug.plugin.get_ids(device, "ctrl")[0], "sdrv", 1)
        hal.pump()
        assert [item.uid for item in plug.plugin.devices] == [DESK, other().uid]


def test_after_the_last_release_update_does_nothing():
    with Host() as hal:
        driver = Plug(hal).driver
    driver.declare(device_spec(), other())


def test_what_is_replaced_is_freed(plug):
    """Strings of devices, and with them their rings and graphs, do not pile up over fifty changes."""

    def replace(number):
        plug.declare(named(f"Desk {number}", "B", "x", "y"), other(number))
        plug.declare(four_streams().with_hidden(number % 2 == 0))

    replace(0)
    before = len(_platform.live_objects())
    for number in range(1, 51):
        replace(number)
    assert len(_platform.live_objects()) <= before + 2


def test_readers_on_all_threads_while_everything_changes():
    """Getters, IO of a device that stays, and one that comes and goes: no call fails that may not."""
    wrong, stop = [], threading.Event()

    def read(plugin):
        while not stop.is_set():
            uids = [plugin.get_string(number, "uid ") for number in plugin.get_ids(1, "dev#")[:1]]
            if uids != [DESK]:
                wrong.append(uids)

    with Host(config_change="thread") as hal:
        plug = Plug(hal)
        device = plug.plugin.devices[0]
        device.start(client := device.add_client())
        threads = [threading.Thread(target=read, args=(plug.plugin,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(30):
            plug.declare(four_streams() if number % 2 else device_spec(), *[other(number)] * (number % 3 > 0))
            device.render(None, 512, frames=2048, client=client)
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong
