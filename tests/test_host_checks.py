"""Every check of the simulated host catches a driver that breaks it, and says what is wrong."""

import numpy
import pytest
from c_drivers.build import make_defect

from tympan.testing import Host, HostError

# defect: (rule of the IO engine, words of the sentence)
IO_DEFECTS = {
    "stamp_in_future": ("stamp-future", "in the future"),
    "stamp_goes_back": ("stamp-backwards", "went back from sample 32768 to 16384"),
    "stamp_one_off": ("stamp-spacing", "from sample 0 to 16385"),
    "stamp_moves": ("stamp-moved", "moved sample 16384"),
    "stamp_drifts": ("stamp-rate", "by 16384 frames in"),
    "stamp_fails": ("stamp-status", "'stop'"),
    "read_leaves_frame": ("unfilled", "left frame 511 of 512"),
    "read_does_nothing": ("unfilled", "left frame 0 of 512"),
    "writes_past_end": ("guard", "beyond the end"),
    "writes_before_start": ("guard", "before the start"),
    "do_fails": ("operation-status", "DoIOOperation for 'read' answered 'what'"),
}

@pytest.fixture(scope="session")
def defect(tmp_path_factory):
    """Bundle of a defect, compiled once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = make_defect(tmp_path_factory.mktemp(name), name)
        return made[name]

    return get


@pytest.mark.parametrize("name", IO_DEFECTS)
def test_io_defect_is_caught_and_named(defect, name):
    rule, words = IO_DEFECTS[name]
    with Host() as hal:
        device = hal.load(defect(name)).device()
        with pytest.raises(HostError) as caught:
            device.render(numpy.zeros((120_000, 2), numpy.float32))
    assert caught.value.rule == rule
    assert words in str(caught.value)


@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("name", ["none", "read_leaves_frame", "writes_past_end"])
def test_io_defects_with_integer_samples(tmp_path, name, bits):
    bundle = make_defect(tmp_path, name, f"INTEGER={bits}")
    audio = numpy.random.default_rng(5).uniform(-1, 1, (480_000, 2)).astype(numpy.float32)
    with Host() as hal:
        device = hal.load(bundle).device()
        if name == "none":
            device.render(audio)
            return
        with pytest.raises(HostError) as caught:
            device.render(audio)
    assert caught.value.rule == IO_DEFECTS[name][0]


def test_no_defect_is_none(defect):
    with Host() as hal:
        device = hal.load(defect("none")).device()
        device.render(numpy.zeros((120_000, 2), numpy.float32))


def test_same_seed_for_a_new_line(defect):
    with Host() as hal:
        device = hal.load(defect("seed_kept_over_restart")).device()
        client = device.add_client()
        device.start(client)
        device.stop(client)
        hal.advance(1.0)
        with pytest.raises(HostError, match=r"moved sample 0 .* with the same seed"):
            device.start(client)


def test_same_seed_over_a_rate_change(defect):
    with Host() as hal:
        device = hal.load(defect("seed_kept_over_rate_change")).device()
        client = device.add_client()
        device.start(client)
        with pytest.raises(HostError, match="seed"):
            device.set_sample_rate(96_000.0)


def test_slow_catching_up(defect):
    with Host() as hal:
        device = hal.load(defect("stamp_catches_up_slowly")).device()
        client = device.add_client()
        device.start(client)
        hal.advance(20.0)
        with pytest.raises(HostError, match=r"more than one period .* has passed") as caught:
            device.cycle(frames=512)
    assert caught.value.rule == "stamp-stale"


def test_leak_is_found_at_the_end(defect):
    with pytest.raises(HostError, match='leaked: CFString "Floor", retain count 1'), Host() as hal:
        assert hal.load(defect("leaks_string")).device().name == "Floor"
    with Host(check_leaks=False) as hal:
        assert hal.load(defect("leaks_string")).device().name


def test_release_too_many_is_found(defect):
    with (
        pytest.raises(HostError, match='CFRelease of CFString "Floor", which was already released to 0'),
        Host() as hal,
    ):
        assert hal.load(defect("releases_too_often")).device().name


def test_bytes_instead_of_a_string(defect):
    with Host(check_leaks=False) as hal:  # the string itself is lost
        device = hal.load(defect("string_is_bytes")).device()
        with pytest.raises(HostError, match="answered no string"):
            assert device.name


def test_reference_left_over(defect):
    with pytest.raises(HostError, match="reference count of 1"), Host() as hal:
        hal.load(defect("keeps_reference"))


def test_null_slot(defect):
    with Host(check_leaks=False) as hal, pytest.raises(HostError, match=r"slots \[15\]"):
        hal.load(defect("null_slot"))


def test_initialize_fails(defect):
    with Host() as hal:
        with pytest.raises(HostError, match=r"Initialize .*'nrdy'") as caught:
            hal.load(defect("initialize_fails"))
        assert caught.value.status == int.from_bytes(b"nrdy", "big")
        assert hal.plugins == []


def test_start_fails(defect):
    with Host() as hal:
        device = hal.load(defect("start_fails")).device()
        client = device.add_client()
        with pytest.raises(HostError, match=r"StartIO .*'nrdy'"):
            device.start(client)
        assert not client.running and not device.is_running


def test_a_change_that_fails_is_kept(defect):
    """IO goes on at the old rate, on a new time line."""
    with Host() as hal:
        device = hal.load(defect("perform_fails")).device()
        client = device.add_client()
        device.start(client)
        device.cycle(frames=512)
        device.set_sample_rate(96_000.0)
        (change,) = hal.failed_changes
        assert (change[0], change[2]) == (device.id, int.from_bytes(b"nrdy", "big"))
        assert device.sample_rate == 48_000.0 and client.running and not hal.pending_changes
        audio = numpy.ones((2000, 2), numpy.float32)
        assert device.render(audio, client=client)[1024:].all()


def test_host_called_from_io(defect):
    with Host() as hal:
        device = hal.load(defect("notifies_in_io")).device()
        with pytest.raises(HostError, match="called PropertiesChanged inside an IO operation"):
            device.render(numpy.zeros((100, 2), numpy.float32), frames=100)
        hal.callback_errors.clear()


def test_host_called_with_the_gil(defect):
    with Host() as hal:
        device = hal.load(defect("notifies_with_gil")).device()
        with pytest.raises(HostError, match="called PropertiesChanged while holding the GIL"):
            device.set_sample_rate(96_000.0)


def test_change_requested_too_early(defect):
    with Host() as hal:
        hal.load(defect("requests_in_initialize"))
        with pytest.raises(HostError, match="RequestDeviceConfigurationChange before Initialize returned"):
            hal.pump()


def test_write_beyond_a_property(defect):
    with Host() as hal:
        plugin = hal.load(defect("long_value_written"))
        with pytest.raises(HostError, match="wrote beyond the 4 bytes"):
            plugin.get_uint32(plugin.device(), "hidn")
