"""new, initialize, start_io, process_io, stop_io: order, counting, and what an exception does."""

import pytest
from made_drivers import device_spec, driver_class

from tympan import HalError, OSStatus
from tympan._errors import HostError
from tympan.testing import Host

EXCEPTIONS = [
    (HalError("nope"), "nope"),
    (HalError(OSStatus.NOT_READY, "not plugged in"), "nrdy"),
    (RuntimeError("first line\nsecond line"), "what"),
    (ValueError("\N{SNOWMAN} \0"), "what"),
    (KeyboardInterrupt(), "what"),
    (SystemExit(3), "what"),
    (MemoryError(), "what"),
]


def status(code):
    return int(OSStatus(code))


class Recorder:
    """Methods for driver_class that note their calls and raise what is planned for them."""

    def __init__(self):
        self.calls, self.plan = [], {}

    def method(self, name):
        def control(driver):
            self.calls.append((name, driver.sample_rate))
            if name in self.plan:
                raise self.plan[name]

        return control

    def driver(self, spec=None):
        return driver_class(spec, **{name: self.method(name) for name in ("initialize", "start_io", "stop_io")})

    @property
    def names(self):
        return [name for name, _ in self.calls]


@pytest.fixture
def recorder():
    return Recorder()


def test_order(recorder):
    with Host() as hal:
        device = hal.attach(recorder.driver()).devices[0]
        assert recorder.names == ["initialize"]
        device.render(None, 512, frames=2048)
        device.render(None, 512, frames=2048)
    assert recorder.names == ["initialize", "start_io", "stop_io", "start_io", "stop_io"]


@pytest.mark.parametrize("policy", ["per-client", "first-last"])
def test_only_the_first_start_and_the_last_stop_reach_the_driver(recorder, policy):
    with Host(policy=policy) as hal:
        device = hal.attach(recorder.driver()).devices[0]
        first, second = device.add_client(), device.add_client()
        device.start(first)
        device.start(second)
        assert device.is_running and recorder.names == ["initialize", "start_io"]
        device.stop(first)
        assert device.is_running and recorder.names == ["initialize", "start_io"]
        device.render(None, 64, frames=640, client=second)
        device.stop(second)
        assert not device.is_running and recorder.names[-1] == "stop_io"


def test_running_is_notified_at_the_first_start_and_the_last_stop(recorder):
    with Host() as hal:
        device = hal.attach(recorder.driver()).devices[0]
        clients = [device.add_client(), device.add_client()]
        for client in clients:
            device.start(client)
        hal.pump()
        for client in clients:
            device.stop(client)
        hal.pump()
        goin = [note for note in hal.notifications if note.selector == "goin"]
        assert [note.key for note in goin] == [(device.id, "goin", "glob", 0)] * 2
        assert [int.from_bytes(note.value, "little") for note in goin] == [1, 0]


def test_stop_without_start_is_refused():
    with Host() as hal:
        device = hal.attach(driver_class()).devices[0]
        assert device.plugin.table.stop_io(device.id, 1) == status("nope")
        assert not device.is_running


def where_it_failed(log, method):
    lines = [line for line in log if f"Made.{method} raised" in line]
    assert len(lines) == 1, log
    assert "test_lifecycle.py:" in lines[0] and "\n" not in lines[0]
    return lines[0]


@pytest.mark.parametrize("error,code", EXCEPTIONS)
def test_initialize_raises(recorder, error, code):
    recorder.plan["initialize"] = error
    with Host() as hal:
        with pytest.raises(HostError) as caught:
            hal.attach(recorder.driver())
        assert caught.value.status == status(code)
        assert type(error).__name__ in where_it_failed(hal.log, "initialize")
        assert not hal.ledger.live
        recorder.plan.clear()
        assert hal.attach(recorder.driver()).devices[0].is_running is False


@pytest.mark.parametrize("error,code", EXCEPTIONS)
def test_start_io_raises(recorder, error, code):
    with Host() as hal:
        device = hal.attach(recorder.driver()).devices[0]
        client = device.add_client()
        recorder.plan["start_io"] = error
        with pytest.raises(HostError) as caught:
            device.start(client)
        assert caught.value.status == status(code)
        where_it_failed(hal.log, "start_io")
        hal.pump()
        assert not device.is_running and not hal.notifications
        recorder.plan.clear()
        device.start(client)
        assert device.is_running


@pytest.mark.parametrize("error,code", EXCEPTIONS)
def test_stop_io_raises(recorder, error, code):
    """It is reported, and IO has stopped all the same: docs/decisions/0004."""
    with Host() as hal:
        device = hal.attach(recorder.driver()).devices[0]
        client = device.add_client()
        device.start(client)
        recorder.plan["stop_io"] = error
        with pytest.raises(HostError) as caught:
            device.stop(client)
        assert caught.value.status == status(code)
        where_it_failed(hal.log, "stop_io")
        assert not device.is_running
        recorder.plan.clear()
        device.start(client)
        assert device.is_running


@pytest.mark.parametrize("broken", ["device", "__init__", "NAME", "nothing"])
def test_a_bad_declaration_refuses_initialize(broken):
    def fail(self):
        raise RuntimeError("broken")

    changes = {"device": {"device": fail}, "__init__": {"__init__": fail}, "NAME": {"NAME": None},
               "nothing": {"device": lambda self: None}}[broken]  # fmt: skip
    with Host() as hal:
        with pytest.raises(HostError) as caught:
            hal.attach(driver_class(**changes))
        assert caught.value.status == status("what")
        assert any("Made raised" in line for line in hal.log)


def test_a_second_initialize_is_refused_and_harmless():
    with Host() as hal:
        plugin = hal.attach(driver_class())
        assert plugin.table.initialize(plugin.host_table) == status("nope")
        assert plugin.devices[0].name == "Test device"


def test_after_the_last_release_everything_starts_anew():
    """The factory's object lives as long as the process, so a host can come back to it."""
    from tympan import _hal
    from tympan.testing import _host

    made = _hal.create(driver_class())
    for _ in range(3):
        with Host() as hal:
            table = _host.Table(made.address)
            table.add_ref()
            plugin = hal._adopt(table, "again", made)
            plugin.devices[0].render(None, 512, frames=2048)
        assert not _host.Table(made.address).has(2, int(OSStatus("uid ")), int(OSStatus("glob")), 0)


def test_release_too_often_does_nothing():
    with Host() as hal:
        plugin = hal.attach(driver_class())
        assert plugin.table.add_ref() == 2
        assert plugin.table.release() == 1
        hal.release(plugin)
        assert plugin.table.release() == 0


def test_the_rate_is_new_before_start_io(recorder):
    with Host() as hal:
        device = hal.attach(recorder.driver(device_spec().with_sample_rates(48000, 96000))).devices[0]
        client = device.add_client()
        device.start(client)
        device.set_sample_rate(96000.0)
        assert recorder.calls == [
            ("initialize", 48000.0), ("start_io", 48000.0), ("stop_io", 48000.0), ("start_io", 96000.0)
        ]  # fmt: skip


def test_a_thousand_rounds_of_failures_leak_nothing(recorder):
    """The ledger proves it for CoreFoundation; tests/test_sanitizers.py repeats it under AddressSanitizer."""
    with Host() as hal:
        device = hal.attach(recorder.driver()).devices[0]
        client = device.add_client()
        for number in range(1000):
            recorder.plan = {("start_io", "stop_io")[number % 2]: EXCEPTIONS[number % len(EXCEPTIONS)][0]}
            try:
                device.start(client)
                device.stop(client)
            except HostError:
                pass
        hal.pump()
        recorder.plan = {}
        device.render(None, 512, frames=2048)


class Forgetful(HalError):
    """Has no status at all."""

    def __init__(self):
        Exception.__init__(self, "no status")


def spoiled(value):
    error = HalError("nope")
    error.status = value
    return error


@pytest.mark.parametrize("error", [HalError(1 << 32), Forgetful(), spoiled(0), spoiled("nope"), spoiled(None)])
@pytest.mark.parametrize("method", ["device", "initialize", "start_io", "stop_io"])
def test_an_exception_never_reads_as_success(method, error):
    """However broken it is: the status is 'what', and nothing is left running."""

    def control(self):
        raise error

    with Host() as hal, pytest.raises(HostError) as caught:
        device = hal.attach(driver_class(**{method: control})).devices[0]
        client = device.add_client()
        device.start(client)
        assert method == "stop_io", "the start was refused"
        device.stop(client)
    assert caught.value.status == status("what")


def test_an_exception_that_cannot_be_described():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("not even this")

    def control(self):
        raise Mute

    with Host() as hal:
        with pytest.raises(HostError):
            hal.attach(driver_class(initialize=control))
        assert any("could not be described" in line for line in hal.log)
