"""The simulated host against a driver of known behaviour: bench/floor.c, which shares no code with tympan."""

import os
import plistlib
import struct
import threading
import time
from pathlib import Path

import numpy
import pytest
from c_drivers.build import FLOOR, make_bundle, plist

from tympan.testing import Host, HostError, UsageError, bench

DAY = 86_400.0


@pytest.fixture(scope="session")
def floor(tmp_path_factory):
    """A function that compiles the floor driver with defines, once each."""
    made = {}

    def get(*defines):
        if defines not in made:
            name = f"Floor{len(made)}"
            made[defines] = make_bundle(tmp_path_factory.mktemp("floor"), name, defines=defines)
        return made[defines]

    return get


def noise(frames, channels=2, seed=1):
    return numpy.random.default_rng(seed).uniform(-1, 1, (frames, channels)).astype(numpy.float32)


def check_loopback(device, audio, delay, **options):
    result = device.render(audio, **options)
    assert result.shape == (len(audio) + delay, audio.shape[1])
    assert not result[:delay].any()
    assert numpy.array_equal(result[delay:], audio)


# --- loading -----------------------------------------------------------------------


def test_properties_as_a_host_reads_them(floor):
    with Host() as hal:
        plugin = hal.load(floor())
        device = plugin.device("org.tympan.floor")
        assert plugin.devices == [device]
        assert (device.name, device.manufacturer, device.sample_rate) == ("Floor", "tympan", 48000.0)
        assert device.sample_rates[0] == (44100.0, 44100.0)
        assert [stream.direction for stream in device.streams()] == ["inpt", "outp"]
        fmt = device.streams("outp")[0].format
        assert (fmt.kind, fmt.channels, fmt.bytes_per_frame, fmt.sample_rate) == ("float32", 2, 8, 48000.0)
        assert len(device.streams("inpt")[0].formats) == 6
        assert plugin.get(device, "nsrt") == struct.pack("<d", 48000.0)
        assert plugin.size(device, "nsr#") == 6 * 16
        assert plugin.get(device, "nsr#", size=40) == plugin.get(device, "nsr#")[:32]
        assert plugin.is_settable(device, "nsrt") and not plugin.is_settable(device, "uid ")
        assert not plugin.has(device, "fsiz")
        with plugin.with_string("org.tympan.floor") as qualifier:
            assert plugin.get_uint32(plugin, "uidd", qualifier=qualifier) == device.id


def test_a_refused_call_has_its_status(floor):
    with Host() as hal:
        plugin = hal.load(floor())
        with pytest.raises(
            HostError, match=r"GetPropertyDataSize of 'fsiz' \(glob, element 0\) on object 2 answered 'who\?'"
        ) as caught:
            plugin.get(plugin.device(), "fsiz")
        assert caught.value.status == int.from_bytes(b"who?", "big")
        with pytest.raises(HostError, match="'!siz'"):
            plugin.get(plugin.device(), "nsrt", size=4)
        with pytest.raises(HostError, match="'unop'"):
            plugin.set_uint32(plugin.device(), "hidn", 1)


def test_two_bundles_and_a_second_life(floor):
    for _ in range(2):
        with Host() as hal:
            first, second = (hal.load(floor(*defines)).device() for defines in ((), ("CHANNELS=8",)))
            check_loopback(first, noise(5000), 1024)
            check_loopback(second, noise(5000, 8), 1024)


def broken(tmp_path, change):
    """A copy of the floor bundle after change(bundle, info)."""
    bundle = make_bundle(tmp_path, "Broken", FLOOR)
    info = plist("Broken")
    if change(bundle, info) is not False:
        (bundle / "Contents" / "Info.plist").write_bytes(plistlib.dumps(info))
    return bundle


def remove(path):
    path.unlink()
    return False


BROKEN = {
    "no Contents/Info.plist": lambda b, i: remove(b / "Contents" / "Info.plist"),
    "is not a property list": lambda b, i: (b / "Contents" / "Info.plist").write_bytes(b"<plist><oops") and False,
    "no usable CFBundleExecutable": lambda b, i: i.pop("CFBundleExecutable") and None,
    "does not list an audio driver": lambda b, i: i.update(CFPlugInTypes={}),
    "names no factory function": lambda b, i: i.update(CFPlugInFactories={"X": "FloorFactory"}),
    "exports no function WrongFactory": lambda b, i: i.update(plist("Broken", "WrongFactory")),
    "has no binary Contents/MacOS/Broken": lambda b, i: remove(b / "Contents" / "MacOS" / "Broken"),
    "is cut short": lambda b, i: os.truncate(b / "Contents" / "MacOS" / "Broken", 9000),
    "cannot be loaded": lambda b, i: (
        (b / "Contents" / "MacOS" / "Broken").write_bytes(b"\xcf\xfa\xed\xfe" * 99) and None
    ),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_bundle_that_cannot_be_loaded_says_why(tmp_path, sentence):
    bundle = broken(tmp_path, BROKEN[sentence])
    with Host() as hal:
        with pytest.raises(UsageError, match=sentence) as caught:
            hal.load(bundle)
        assert caught.value.hint and caught.value.exit_code == 2


def test_what_is_no_bundle(tmp_path):
    (tmp_path / "file.driver").write_text("")
    with Host() as hal:
        with pytest.raises(UsageError, match="does not exist"):
            hal.load(tmp_path / "none.driver")
        with pytest.raises(UsageError, match="is not a bundle but a file"):
            hal.load(tmp_path / "file.driver")


def test_missing_symbol_is_named(tmp_path):
    source = tmp_path / "needy.c"
    source.write_text(
        "extern int no_such_function(void);\n"
        '__attribute__((visibility("default"))) int f(void) { return no_such_function(); }\n'
    )
    bundle = make_bundle(tmp_path, "Needy", source)
    with Host() as hal, pytest.raises(UsageError, match="no_such_function"):
        hal.load(bundle)


def test_factory_that_answers_null(tmp_path):
    source = tmp_path / "null.c"
    source.write_text('__attribute__((visibility("default"))) void *FloorFactory(void *a, void *b) { return 0; }\n')
    with Host() as hal, pytest.raises(HostError, match=r"FloorFactory of Null\.driver answered NULL"):
        hal.load(make_bundle(tmp_path, "Null", source))


def test_one_host_at_a_time():
    with Host(), pytest.raises(UsageError, match="active already"), Host():
        pass
    with pytest.raises(UsageError, match="policy='sometimes'") as caught:
        Host(policy="sometimes")
    assert "per-client, first-last" in caught.value.hint


# --- audio ---------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 8])
@pytest.mark.parametrize("buffer", [16, 100, 512, 4096])
def test_loopback_is_bit_exact(floor, channels, buffer):
    with Host() as hal:
        device = hal.load(floor(f"CHANNELS={channels}")).device()
        check_loopback(device, noise(20_000, channels), 2 * buffer, buffer=buffer)


@pytest.mark.parametrize("jitter", [True, (1, 3), (511, 513), [1, 512, 77]])
def test_frame_counts_may_vary(floor, jitter):
    with Host() as hal:
        device = hal.load(floor()).device()
        check_loopback(device, noise(20_000), 1024, jitter=jitter, seed=3)


@pytest.mark.parametrize("timebase", [(1, 1), (125, 3)])
@pytest.mark.parametrize("rate", [44_100.0, 48_000.0, 192_000.0])
def test_rates_and_timebases(floor, rate, timebase):
    with Host(timebase=timebase) as hal:
        device = hal.load(floor()).device()
        device.set_sample_rate(rate)
        assert device.sample_rate == rate
        check_loopback(device, noise(100_000), 1024)


def test_delay_is_geometry_and_reported_latency(floor):
    with Host() as hal:
        device = hal.load(floor("SAFETY_INPUT=55", "SAFETY_OUTPUT=216")).device()
        assert device.delay_parts(512) == {"buffers": 1024, "safety offsets": 271, "reported latency": 0}
        check_loopback(device, noise(5000), device.delay(512))
        device = hal.load(floor("LATENCY=10")).device()
        assert device.delay(64) == 2 * 64 + 2 * 10


def test_times_of_a_cycle(floor):
    """Input at T - N - safety, output at T + N + safety (C5), and neither has a gap."""
    with Host() as hal:
        device = hal.load(floor("SAFETY_INPUT=55", "SAFETY_OUTPUT=216")).device()
        client = device.add_client()
        device.start(client)
        times = []
        for frames in (512, 512, 100, 1):
            device.cycle(frames=frames, buffer=512)
            state = client.engine.state
            times.append(
                (
                    state["time"] - frames,
                    state["input_time"] - frames,
                    state["output_time"] - frames,
                    state["counter"] - 1,
                )
            )
        assert times == [
            (0, -512 - 55, 512 + 216, 1),
            (512, -55, 1024 + 216, 2),
            (1024, 457, 1536 + 216, 3),
            (1124, 557, 1636 + 216, 4),
        ]


def test_time_jumps(floor):
    with Host() as hal:
        device = hal.load(floor()).device()
        client = device.add_client()
        device.start(client)
        for _ in range(3):
            hal.advance(100 * DAY + 0.001)
            audio = noise(5000)
            assert numpy.array_equal(device.render(audio, client=client)[1024:], audio)
        assert client.engine.state["counter"] < 20  # begins at 1 again
        assert client.engine.state["time"] > 300 * DAY * 48_000


def test_single_cycles(floor):
    with Host() as hal:
        device = hal.load(floor()).device()
        client, idle = device.add_client(pid=7), device.add_client(pid=8, bundle_id=None)
        device.start(client)
        audio = noise(5120)
        heard = numpy.concatenate([device.cycle(block) for block in audio.reshape(10, 512, 2)])
        assert numpy.array_equal(heard[1024:], audio[:-1024])
        device.start(idle)
        with pytest.raises(UsageError, match="2 clients are running"):
            device.cycle(frames=512)


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_integer_formats_round_to_nearest_and_clamp(floor, bits):
    audio = noise(20_000)
    edges = numpy.array(
        [1.0, -1.0, 1.5, -1.5, 0.0, -0.0, 2.0**-15, -(2.0**-16), 2.0**-23, 1e-9, numpy.nan], numpy.float32
    )
    audio[: len(edges), 0] = edges
    full = 2.0 ** (bits - 1)
    scaled = numpy.nan_to_num(audio.astype(numpy.float64) * full, nan=0.0)
    expected = (numpy.clip(numpy.rint(scaled), -full, full - 1) / full).astype(numpy.float32)
    with Host() as hal:
        device = hal.load(floor(f"INTEGER={bits}")).device()
        assert device.streams("inpt")[0].format.kind == f"int{bits}"
        assert numpy.array_equal(device.render(audio)[1024:], expected)


def test_misuse_of_render_is_explained(floor):
    with Host() as hal:
        device = hal.load(floor()).device()
        for call, words in [
            (lambda: device.render(), "needs frames="),
            (lambda: device.render(noise(10, 3)), r"shape \(10, 3\)"),
            (lambda: device.render(noise(10), buffer=0), "at least one frame"),
            (lambda: device.render(noise(10), jitter=(0, 5)), "jitter from 0"),
            (lambda: device.cycle(frames=16), "0 clients are running"),
        ]:
            with pytest.raises(UsageError, match=words):
                call()
        assert device.clients == [] and not device.is_running


# --- start, stop and configuration changes -----------------------------------------------


@pytest.mark.parametrize(("policy", "calls"), [("per-client", 2), ("first-last", 1)])
def test_start_policies(floor, policy, calls):
    with Host(policy=policy) as hal:
        device = hal.load(floor()).device()
        first, second = device.add_client(), device.add_client()
        device.start(first)
        device.start(second)
        assert device._started == calls
        device.stop(first)
        assert device.is_running
        device.stop(second)
        assert not device.is_running
        with pytest.raises(UsageError, match="not running"):
            device.stop(second)


@pytest.mark.parametrize("queue", ["manual", "thread"])
@pytest.mark.parametrize("mode", ["now", "deferred", "thread"])
@pytest.mark.parametrize("policy", ["per-client", "first-last"])
def test_rate_change_while_running(floor, policy, mode, queue):
    with Host(policy=policy, config_change=mode, queue=queue) as hal:
        device = hal.load(floor()).device()
        client, other = device.add_client(), device.add_client()
        device.start(client)
        device.start(other)
        seed = client.engine.state["seed"]
        device.set_sample_rate(96_000.0)
        assert device.sample_rate == 96_000.0 and client.running and device.is_running
        assert client.engine.state["seed"] > seed
        assert numpy.array_equal(device.render(noise(5000), client=client)[1024:], noise(5000))


def test_deferred_change_happens_in_pump(floor):
    with Host() as hal:
        plugin = hal.load(floor())
        plugin.set_float64(plugin.device(), "nsrt", 96_000.0)
        assert plugin.device().sample_rate == 48_000.0
        hal.pump()
        assert plugin.device().sample_rate == 96_000.0 and hal.pending_changes == []


@pytest.mark.parametrize("mode", ["abort", "refuse"])
def test_changes_that_do_not_happen(floor, mode):
    with Host(config_change=mode) as hal:
        device = hal.load(floor()).device()
        device.set_sample_rate(96_000.0)
        assert device.sample_rate == 48_000.0


def test_change_during_render_on_another_thread(floor):
    with Host(config_change="now", queue="thread") as hal:
        device = hal.load(floor()).device()
        client = device.add_client()
        device.start(client)
        changer = threading.Thread(target=lambda: [device.set_sample_rate(rate) for rate in (96e3, 44100.0) * 5])
        changer.start()
        while changer.is_alive():
            device.render(noise(50_000), client=client)
        changer.join()
        assert device.sample_rate == 44_100.0


def test_notifications_are_recorded_with_the_value(floor):
    with Host() as hal:
        plugin = hal.load(floor())
        stream = plugin.device().streams("outp")[0]
        plugin.set_uint32(stream, "sact", 0)
        plugin.set_uint32(stream, "sact", 0)
        assert [note.key for note in hal.notifications] == [(stream.id, "sact", "glob", 0)]
        assert hal.notifications[0].value == bytes(4)


def test_inactive_stream_is_left_out(floor):
    with Host() as hal:
        plugin = hal.load(floor())
        device = plugin.device()
        plugin.set_uint32(device.streams("inpt")[0], "sact", 0)
        assert not device.render(noise(3000)).any()


# --- the end ------------------------------------------------------------------------------


def test_the_end_tidies_up(floor):
    with Host() as hal:
        device = hal.load(floor()).device()
        device.start(device.add_client())
        device.add_client()
    assert device.clients == [] and hal.plugins == [] and hal.ledger.live == []
    assert hal.ledger.created == hal.ledger.destroyed > 5


def test_an_error_inside_is_not_hidden(floor):
    with pytest.raises(ZeroDivisionError), Host() as hal:
        hal.load(floor())
        1 / 0  # noqa: B018


def test_storage(floor):
    with Host() as hal:
        plugin = hal.load(floor())
        plugin.host_table.store("volume", "0.5")
        assert plugin.host_table.stored() == {"volume": "0.5"}
        assert plugin.host_table.discard("volume") and not plugin.host_table.discard("volume")


@pytest.mark.parametrize(("clock", "waits"), [("real", True), ("free", False)])
def test_real_clock(floor, clock, waits):
    with Host(clock=clock, timebase=(125, 3)) as hal:
        device = hal.load(floor()).device()
        began = time.perf_counter()
        check_loopback(device, noise(15_000), 2048, buffer=1024)
        assert (time.perf_counter() - began > 0.3) == waits


# --- benchmarks ----------------------------------------------------------------------------


def test_benchmark_entry_points(floor):
    with Host(clock="real") as hal:
        plugin = hal.load(floor())
        client = bench.prepare(plugin.device(), 512)
        cost = {what: bench.bench_calls(client, what, 2000, 512) for what in bench.IO_CALLS}
        assert 0 < cost["read"] < cost["cycle"] and 0 < cost["stamp"] < 5000
        assert bench.bench_property(plugin, plugin.device(), "nsrt", 1000) > 0
        assert bench.bench_property(plugin, plugin.device(), "uid ", 1000, is_reference=True) > 0
        assert bench.bench_memcpy(4096, 1000) > 0
        with pytest.raises(HostError, match="who"):
            bench.bench_property(plugin, plugin.device(), "fsiz", 1)


def test_benchmarks_refuse_the_virtual_clock(floor):
    with Host() as hal:
        client = bench.prepare(hal.load(floor()).device(), 64)
        with pytest.raises(UsageError, match="real clock"):
            bench.bench_calls(client, "stamp", 10, 64)


def test_rendering_is_much_faster_than_real_time(floor):
    """1,000 x is the aim; half of that here, because tests share the machine."""
    with Host() as hal:
        device = hal.load(floor()).device()
        audio = noise(48_000 * 30)
        began = time.perf_counter()
        device.render(audio)
        assert 30 / (time.perf_counter() - began) > 500


def test_no_file_of_the_host_knows_the_core():
    """The host drives only the C table: one line may make a driver of a class."""
    folder = Path(__file__).parent.parent / "tympan" / "testing"
    files = [*folder.glob("*.py"), *folder.glob("*.pyx")]
    using = [path.name for path in files if "import _hal" in path.read_text() or "_hal import" in path.read_text()]
    assert using == ["_session.py"]
