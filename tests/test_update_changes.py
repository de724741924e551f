"""What the driver declares anew and waits for a configuration change: streams, controls, formats, rates, latencies."""

import struct

import numpy as np
import pytest
from changing import DESK, Plug, changing, four_streams, other, through, with_controls
from made_drivers import device_spec

from tympan import ControlSpec, DeviceSpec, OSStatus, StreamFormat, StreamSpec
from tympan.testing import Host
from tympan.testing._status import code


@pytest.fixture
def plug():
    with Host() as hal:
        yield Plug(hal)


# ---- what waits for a configuration change ----


def test_streams_come_and_go(plug):
    device = plug.plugin.devices[0]
    before = [stream.id for stream in device.streams()]
    plug.declare(four_streams())
    assert [change[0] for change in plug.asked] == [device.id] and not plug.heard()
    ids = [stream.id for stream in device.streams()]
    assert [ids[0], ids[2]] == before and len(set(ids)) == 4, "those that stay keep their ids"
    assert plug.plugin.get_ids(device, "ownd") == ids and through(device)
    plug.declare(device_spec())
    assert [stream.id for stream in device.streams()] == before and through(device)
    assert not plug.plugin.has(ids[1], "clas")


def test_nothing_changes_before_perform():
    with Host(config_change="deferred", change_delay=1.0) as hal:
        plug = Plug(hal)
        device = plug.plugin.devices[0]
        plug.declare(four_streams())
        assert len(device.streams()) == 2 and len(hal.pending_changes) == 1
        hal.advance(1.5)
        hal.pump()
        assert len(device.streams()) == 4


def test_io_meets_the_new_streams_from_silence_and_loses_nothing_outside():
    with Host() as hal:
        plug = Plug(hal)
        device = plug.plugin.devices[0]
        device.start(client := device.add_client())
        old, new = (np.random.default_rng(n).uniform(-1, 1, (10_000, n)).astype(np.float32) for n in (2, 3))
        first = device.render(old, 250, 10_000, client=client)
        plug.declare(four_streams())
        second = device.render(new, 250, 10_000, client=client)
        delay = device.delay(250)
        assert np.array_equal(first[delay:], old[:-delay])
        assert not second[:delay].any(), "nothing old"
        assert np.array_equal(second[delay:], new[:-delay])
        assert plug.driver.told == [("start", 0), ("stop", 0), ("start", 0)]


VOLUME, MUTE, GAIN = ControlSpec.volume(), ControlSpec.mute(), ControlSpec.slider(0, 10, name="gain", value=5)


def test_controls_come_and_go():
    with Host() as hal:
        plug = Plug(hal, with_controls(VOLUME, MUTE))
        device, volume = plug.plugin.devices[0], plug.driver.control("volume")
        mute = plug.driver.control("mute")
        ids = plug.plugin.get_ids(device, "ctrl")
        plug.plugin.set_float32(ids[0], "lcsv", 0.25)
        plug.declare(with_controls(GAIN, VOLUME))
        assert [change[0] for change in plug.asked] == [device.id]
        added, kept = plug.plugin.get_ids(device, "ctrl")
        assert kept == ids[0] and added not in ids and not plug.plugin.has(ids[1], "clas")
        assert plug.plugin.get_float32(kept, "lcsv") == 0.25 and volume is plug.driver.control("volume")
        assert plug.driver.control("gain").value == 5
        with pytest.raises(KeyError):
            plug.driver.control("mute")
        with pytest.raises(ValueError, match="cannot have"):
            mute.value = True
        volume.value = 0.75
        assert plug.plugin.get_float32(kept, "lcsv") == 0.75


def test_a_control_that_cannot_keep_its_value():
    with Host() as hal:
        selector = ControlSpec.selector([(1, "a"), (2, "b")], name="source", value=2)
        plug = Plug(hal, with_controls(GAIN, selector))
        slider, source = plug.driver.control("gain"), plug.driver.control("source")
        slider.value = 10
        narrow = ControlSpec.slider(0, 3, name="gain", value=1)
        plug.declare(with_controls(narrow, ControlSpec.selector([(1, "a"), (3, "c")], name="source", value=3)))
        assert (slider.value, source.value) == (3, 3)


def test_what_a_control_says_is_applied_to_the_new_streams():
    with Host() as hal:
        plug = Plug(hal, with_controls(VOLUME.with_application()))
        (number,) = plug.plugin.get_ids(plug.plugin.devices[0], "ctrl")
        plug.plugin.set_float32(number, "lcsv", 0.0)
        wide = device_spec(outputs=3, inputs=3).with_control(VOLUME.with_application())
        plug.declare(wide)
        device = plug.plugin.devices[0]
        assert not device.render(np.ones((4000, 3), np.float32), 256).any()
        plug.plugin.set_float32(number, "lcsv", 1.0)
        assert device.render(np.ones((4000, 3), np.float32), 256)[-1].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("mode", ["now", "deferred", "thread"])
@pytest.mark.parametrize("policy", ["per-client", "first-last"])
def test_latencies_and_rates(mode, policy):
    with Host(config_change=mode, policy=policy) as hal:
        plug = Plug(hal)
        device = plug.plugin.devices[0]
        device.start(device.add_client())
        rates = device_spec(rate=96_000.0).with_sample_rates(44_100.0, 96_000.0).with_latency(32, 64)
        plug.declare(rates)
        assert len(plug.asked) == 1
        assert device.sample_rate == 96_000.0, "the old rate is not offered any more: the declared one"
        assert (device.latency("inpt"), device.latency("outp")) == (32, 64)
        assert plug.driver.sample_rate == 96_000.0
        assert through(device)


def test_the_rate_that_was_chosen_stays():
    with Host() as hal:
        plug = Plug(hal, device_spec().with_sample_rates(44_100.0, 48_000.0))
        device = plug.plugin.devices[0]
        device.set_sample_rate(44_100.0)
        plug.declare(four_streams().with_sample_rates(44_100.0, 48_000.0))
        assert device.sample_rate == 44_100.0 == plug.driver.sample_rate and len(device.streams()) == 4


# ---- formats ----


def several_formats():
    stream = StreamFormat.float32(48_000.0, 2)
    output = StreamSpec.output(stream).with_formats(StreamFormat.int16(48_000.0, 2), StreamFormat.int24(48_000.0, 4))
    spec = DeviceSpec(DESK, "Desk", "tests").with_output(output).with_input(StreamSpec.input(stream))
    return spec.with_sample_rates(44_100.0, 48_000.0)


def sixteen(stream):
    """What it offers of 16 bits at 48 kHz."""
    return next(item for item, *_ in stream.formats if (item.bits, item.sample_rate) == (16, 48_000.0))


@pytest.mark.parametrize("mode", ["now", "deferred", "thread"])
def test_a_client_chooses_a_format(mode):
    with Host(config_change=mode) as hal:
        plug = Plug(hal, several_formats())
        device = plug.plugin.devices[0]
        (output,) = device.streams("outp")
        for offered, *_ in reversed(output.formats):
            wanted = offered._replace(sample_rate=44_100.0)
            output.set_format(wanted)
            assert output.format == wanted == plug.plugin.get_format(output, "sfmt")
            assert device.sample_rate == 44_100.0 and device.channels("outp") == wanted.channels
            coarse = (np.random.default_rng(3).integers(-99, 99, (2000, wanted.channels)) / 128).astype(np.float32)
            heard = device.render(coarse, 256, frames=2000 + device.delay(256))[device.delay(256) :]
            assert np.array_equal(heard, coarse[:, :2])


def test_the_same_format_asks_for_nothing(plug):
    with_formats = several_formats()
    plug.declare(with_formats)
    plug.asked.clear()
    (output,) = plug.plugin.devices[0].streams("outp")
    output.set_format(output.format)
    plug.hal.pump()
    assert not plug.asked


def test_the_format_that_was_chosen_stays_for_as_long_as_it_is_offered():
    with Host() as hal:
        plug = Plug(hal, several_formats())
        device = plug.plugin.devices[0]
        (output,) = device.streams("outp")
        output.set_format(sixteen(output))
        plug.asked.clear()
        plug.declare(several_formats())
        assert not plug.asked and output.format.bits == 16
        plug.declare(several_formats().with_latency(8, 8))
        assert len(plug.asked) == 1 and output.format.bits == 16
        plug.declare(device_spec())
        assert output.format.bits == 32 and len(output.formats) == 1


@pytest.mark.parametrize("mode", ["abort", "refuse"])
def test_what_was_refused_does_not_come_with_the_next_change(mode):
    with Host(config_change=mode) as hal:
        plug = Plug(hal, several_formats())
        device = plug.plugin.devices[0]
        (output,) = device.streams("outp")
        output.set_format(sixteen(output))
        plug.declare(four_streams().with_sample_rates(44_100.0, 48_000.0))
        hal.config_change = "deferred"
        device.set_sample_rate(44_100.0)
        assert device.sample_rate == 44_100.0 and output.format.bits == 32 and len(device.streams()) == 2


# ---- what can go wrong ----


@pytest.mark.parametrize("mode", ["abort", "refuse"])
def test_after_an_abort_or_a_refusal_the_next_update_tries_again(mode):
    with Host(config_change=mode) as hal:
        plug = Plug(hal)
        device = plug.plugin.devices[0]
        for attempt in (1, 2):
            plug.declare(four_streams())
            assert len(device.streams()) == 2 and len(plug.asked) == attempt
        hal.config_change = "deferred"
        plug.declare(four_streams())
        assert len(device.streams()) == 4 and through(device)


def test_changes_are_coalesced_and_a_rate_joins_them():
    with Host(config_change="deferred", change_delay=1.0) as hal:
        plug = Plug(hal, device_spec().with_sample_rates(44_100.0, 48_000.0))
        device = plug.plugin.devices[0]
        plug.declare(device_spec(outputs=3).with_sample_rates(44_100.0, 48_000.0))
        device.set_sample_rate(44_100.0)
        plug.declare(four_streams().with_sample_rates(44_100.0, 48_000.0))
        assert len(plug.asked) == 1
        hal.advance(1.5)
        hal.pump()
        assert len(device.streams()) == 4 and device.sample_rate == 44_100.0 and len(plug.asked) == 1


def test_what_is_taken_back_does_not_happen():
    with Host(config_change="deferred", change_delay=1.0) as hal:
        plug = Plug(hal)
        plug.declare(four_streams())
        plug.declare(device_spec())
        hal.advance(1.5)
        hal.pump()
        assert len(plug.plugin.devices[0].streams()) == 2 and not hal.failed_changes


@pytest.mark.parametrize("what", ["abort", "perform", "drop"])
def test_a_device_that_goes_while_its_change_is_pending(what):
    with Host(config_change="deferred", change_delay=1.0, removed_change=what) as hal:
        plug = Plug(hal, device_spec(), other())
        plug.declare(four_streams(), other())
        plug.declare(other())
        hal.advance(1.5)
        hal.pump()
        assert [device.uid for device in plug.plugin.devices] == [other().uid]
        plug.declare(device_spec(), other())
        assert len(plug.get(DESK).streams()) == 2 and through(plug.get(DESK))


def test_a_driver_that_cannot_start_with_it_keeps_what_it_had():
    class Refuses(changing(device_spec().with_sample_rates(44_100.0, 48_000.0))):
        def start_device(self, index):
            super().start_device(index)
            if len(self.list[0].streams) == 4:
                raise RuntimeError("too many streams")

    with Host(config_change="deferred") as hal:
        plug = Plug(hal, driver=Refuses)
        captured = []
        plug.plugin.request_change = lambda device, action, info: captured.append(action) or 0
        device = plug.plugin.devices[0]
        plug.plugin.table.start_io(device.id, 1)
        plug.declare(four_streams())
        status = plug.plugin.table.perform(device.id, captured[0], 0)
        assert status == int(OSStatus("what")) and len(device.streams()) == 2
        assert not device.is_running, "and it could not start again either"
        plug.driver.list = [device_spec()]
        assert through(device)
        plug.plugin.table.start_io(device.id, 1)
        wish = plug.plugin.table.set(device.id, code("nsrt"), code("glob"), 0, struct.pack("<d", 44_100.0))
        hal.pump()
        assert wish == 0 == plug.plugin.table.perform(device.id, captured[1], 0)
        assert device.sample_rate == 44_100.0 and len(device.streams()) == 2, "what failed is forgotten"
        plug.plugin.table.stop_io(device.id, 1)
