"""A driver of several devices, each with streams, a clock, rates and clients of its own."""

import numpy as np
import pytest
from made_drivers import attached

from tympan import DeviceSpec, Driver, SpecError, StreamFormat, StreamSpec
from tympan.testing import Host
from tympan.testing._status import code

DESK, MICROPHONE, CABLE = "com.example.Desk", "com.example.Microphone", "com.example.Cable"


def stream(direction, channels, sample_type="float32", rate=48_000.0):
    return getattr(StreamSpec, direction)(getattr(StreamFormat, sample_type)(rate, channels))


def desk():
    """Two output streams of 2 and 3 channels, which come back from two input streams of 2 and 1."""
    spec = DeviceSpec(DESK, "Desk", "tests").with_sample_rates(44_100.0, 48_000.0)
    spec = spec.with_output(stream("output", 2)).with_output(stream("output", 3, "int16"))
    return spec.with_input(stream("input", 2).with_channel_names("A", "B")).with_input(stream("input", 1, "int24"))


class Several(Driver):
    NAME, MANUFACTURER, VERSION = "Several", "tests", "1"

    def devices(self):
        cable = DeviceSpec(CABLE, "Cable", "tests").with_sample_rates(44_100.0, 96_000.0)
        return [
            desk(),
            DeviceSpec(MICROPHONE, "Microphone", "tests").with_input(stream("input", 1)),
            cable.with_output(stream("output", 2, rate=96_000.0)).with_input(stream("input", 2, rate=96_000.0)),
        ]

    def initialize(self):
        self.told = []

    def start_device(self, index):
        self.told.append(("start", index, self.sample_rate_of(index)))
        if index == 1 and getattr(self, "refuses", False):
            raise RuntimeError("no microphone today")

    def stop_device(self, index):
        self.told.append(("stop", index))


@pytest.fixture
def plugin():
    with Host() as hal:
        yield attached(hal, Several)


def by_uid(plugin, uid):
    (device,) = [device for device in plugin.devices if device.uid == uid]
    return device


def test_each_device_is_listed_and_found_by_its_uid(plugin):
    assert [device.uid for device in plugin.devices] == [DESK, MICROPHONE, CABLE]
    owned = plugin.get_ids(plugin, "ownd")
    assert owned == plugin.get_ids(plugin, "dev#") == [device.id for device in plugin.devices]
    assert [[stream.direction for stream in device.streams()] for device in plugin.devices] == [
        ["inpt", "inpt", "outp", "outp"], ["inpt"], ["inpt", "outp"],
    ]  # fmt: skip
    ids = owned + [stream.id for device in plugin.devices for stream in device.streams()]
    assert len(set(ids)) == 3 + 4 + 1 + 2
    for device in plugin.devices:
        assert plugin.get_uint32(device, "stdv") == 1
        for scope in ("glob", "inpt", "outp"):
            assert plugin.get_ids(device, "ownd", scope) == [stream.id for stream in device.streams(scope)]
        for item in device.streams():
            assert plugin.get_uint32(item, "stdv") == device.id


def test_channels_are_stacked_over_the_streams(plugin):
    device = by_uid(plugin, DESK)
    assert [stream.first_channel for stream in device.streams("outp")] == [1, 3]
    assert [stream.first_channel for stream in device.streams("inpt")] == [1, 3]
    names = [plugin.get_string(device, "lchn", "inpt", element) for element in (1, 2, 3)]
    assert names == ["A", "B", "Channel 1"]
    assert [plugin.has(device, "lchn", "outp", element) for element in (5, 6)] == [True, False]
    assert len(plugin.get(device, "srnd", "outp")) == 12 + 20 * 5
    assert plugin.get(plugin.devices[1], "dch2", "inpt") == bytes([1, 0, 0, 0, 1, 0, 0, 0]), "mono"


def test_audio_comes_back_from_the_stream_of_the_same_place(plugin):
    """The second pair has 3 channels of int16 out and 1 channel of int24 in: the first of the three."""
    device = by_uid(plugin, DESK)
    played = (np.random.default_rng(1).integers(-(2**15), 2**15, (6000, 5)) / 2**15).astype(np.float32)
    heard = device.render(played, buffer=256, frames=6000 + device.delay(256))[device.delay(256) :]
    assert np.array_equal(heard[:, :3], played[:, :3])


def test_devices_do_not_hear_each_other(plugin):
    device, cable = by_uid(plugin, DESK), by_uid(plugin, CABLE)
    players = [item.add_client() for item in (device, cable)]
    device.start(players[0])
    cable.start(players[1])
    assert device.render(np.ones((2000, 5), np.float32), 256, client=players[0])[-1].all()
    assert not cable.render(None, 256, frames=4000, client=players[1]).any()


def test_the_driver_is_told_which_device(plugin):
    device, cable = by_uid(plugin, DESK), by_uid(plugin, CABLE)
    first, second = device.add_client(), cable.add_client()
    cable.start(second)
    device.start(first)
    cable.stop(second)
    device.stop(first)
    assert plugin.driver.told == [("start", 2, 96_000.0), ("start", 0, 48_000.0), ("stop", 2), ("stop", 0)]


def test_what_runs_at_the_last_release_is_stopped():
    told = []

    class Kept(Several):
        def stop_device(self, index):
            told.append(index)

    with Host() as hal:
        plugin = hal.attach(Kept)
        for item in plugin.devices[1:]:
            assert plugin.table.start_io(item.id, 1) == 0       # and never a StopIO
    assert sorted(told) == [1, 2]


def test_a_rate_is_one_devices_own(plugin):
    """Two changes at once, one of each device: both happen, and the third device keeps its rate."""
    device, microphone, cable = plugin.devices
    plugin.set_float64(device, "nsrt", 44_100.0)
    plugin.set_float64(cable, "nsrt", 44_100.0)
    plugin.hal.pump()
    assert [item.sample_rate for item in plugin.devices] == [44_100.0, 48_000.0, 44_100.0]
    assert [plugin.driver.sample_rate_of(i) for i in range(3)] == [44_100.0, 48_000.0, 44_100.0]
    assert plugin.driver.sample_rate == 44_100.0
    assert [stream.format.sample_rate for stream in device.streams()] == [44_100.0] * 4
    assert microphone.streams()[0].format.sample_rate == 48_000.0


def test_one_that_cannot_start_leaves_the_others_alone(plugin):
    device, microphone, _ = plugin.devices
    plugin.driver.refuses = True
    client = device.add_client()
    device.start(client)
    with pytest.raises(Exception, match="'what'"):
        microphone.start(microphone.add_client())
    assert device.is_running and not microphone.is_running
    assert device.render(np.ones((4096, 5), np.float32), 256, client=client)[-1].any()


def test_stream_of_another_device_is_refused(plugin):
    device, _, cable = plugin.devices
    client = cable.add_client()
    cable.start(client)
    for wrong in (*device.streams(), *plugin.devices, *cable.streams("outp")):
        status, _ = plugin.table.operation(cable.id, wrong.id, client.id, code("read"), 0.0, bytes(64 * 8))
        assert status == code("!obj"), wrong


def test_uid_twice():
    class Twice(Several):
        def devices(self):
            return [desk(), desk()]

    with pytest.raises(SpecError, match=f"two devices have the UID {DESK}"):
        Twice().declaration()


def test_no_device():
    class Nothing(Several):
        def devices(self):
            return []

    with pytest.raises(SpecError, match="the driver has no device"):
        Nothing().declaration()


@pytest.mark.parametrize("found", [None, DeviceSpec("com.example.A", "A", "tests")])
def test_no_list(found):
    class Wrong(Several):
        def devices(self):
            return found

    with pytest.raises(SpecError, match=r"devices\(\) returned .* not a list"):
        Wrong().declaration()


def test_too_many_streams():
    spec = DeviceSpec("com.example.Wide", "Wide", "tests")
    for _ in range(64):
        spec = spec.with_input(stream("input", 1))
    with pytest.raises(SpecError, match="more than 64 input streams"):
        spec.with_input(stream("input", 1))
