"""Rules about clients, IO, the clock and configuration changes (hal-protocol C4 to C6)."""

import numpy

from tympan.testing._rules import Skip, Warn, require, rule
from tympan.testing._status import code, name

_STRANGE_DEVICE = 987654


def _devices(subject):
    devices = [device for device in subject.plugin.devices if device.streams()]
    if not devices:
        raise Skip("no device has streams")
    return devices


def _noise(device, frames):
    generator = numpy.random.default_rng(1)
    return generator.uniform(-1, 1, (frames, device.channels("outp"))).astype(numpy.float32)


def _play(device, frames, **options):
    """Cycles that any device can do: noise where it has an output."""
    audio = _noise(device, frames) if device.channels("outp") else None
    return device.render(audio, frames=frames, **options)


@rule("required-operations", "A device with input streams does ReadInput, one with output streams WriteMix, in place.")
def required_operations(subject):
    for device in _devices(subject):
        client = device.add_client()
        client.ask_operations()
        for scope, operation in (("inpt", "read"), ("outp", "rite")):
            wanted = bool(device.streams(scope))
            require(client.operations[operation][0] == wanted, f"WillDoIOOperation for '{operation}' is {not wanted}")
        device.remove_client(client)


@rule("start-and-stop", "StartIO makes the device run, the last StopIO ends it, whichever way the host counts.")
def start_and_stop(subject):
    for policy in ("per-client", "first-last"):
        subject.hal.policy = policy
        try:
            for device in _devices(subject):
                _two_clients(subject, device)
        finally:
            subject.hal.policy = "per-client"


def _two_clients(subject, device):
    first, second = device.add_client(pid=1), device.add_client(pid=2, bundle_id=None)
    seen = []
    for action, client in ((device.start, first), (device.start, second), (device.stop, first), (device.stop, second)):
        action(client)
        subject.hal.pump()
        seen.append(device.is_running)
    device.remove_client(first)
    device.remove_client(second)
    require(seen == [True, True, True, False], f"'goin' under the policy {subject.hal.policy}: {seen}")


@rule("stop-without-start", "StopIO on a device that does not run is refused, and it can still start.")
def stop_without_start(subject):
    for device in _devices(subject):
        status = subject.plugin.table.stop_io(device.id, 0)
        _play(device, 2048)
        if status == 0:
            raise Warn("StopIO without StartIO succeeded")


@rule("unknown-device", "IO and client calls on an unknown device fail.")
def unknown_device(subject):
    table = subject.plugin.table
    statuses = {
        "StartIO": table.start_io(_STRANGE_DEVICE, 1),
        "StopIO": table.stop_io(_STRANGE_DEVICE, 1),
        "GetZeroTimeStamp": table.zero_time_stamp(_STRANGE_DEVICE)[0],
        "WillDoIOOperation": table.will_do(_STRANGE_DEVICE, 1, code("read"))[0],
        "AddDeviceClient": table.device_client(True, _STRANGE_DEVICE, 1, 1),
        "PerformDeviceConfigurationChange": table.perform(_STRANGE_DEVICE, 1, 0),
    }
    succeeded = [call for call, status in statuses.items() if status == 0]
    require(not succeeded, f"{', '.join(succeeded)} succeeded")
    odd = {call: name(status) for call, status in statuses.items() if status not in (code("!obj"), code("!dev"))}
    if odd:
        raise Warn(f"neither '!obj' nor '!dev': {odd}")


@rule("io-cycles", "Ten seconds of cycles keep every rule of clock and buffers, for buffers of 16 to 4,096 frames.")
def io_cycles(subject):
    for device in _devices(subject):
        for buffer in (16, 100, 512, 4096):
            _play(device, int(2.5 * device.sample_rate), buffer=buffer)


@rule("varying-cycles", "Cycles of odd and varying frame counts keep every rule.")
def varying_cycles(subject):
    for device in _devices(subject):
        _play(device, int(device.sample_rate), jitter=True, seed=1)
        _play(device, int(device.sample_rate), buffer=64, jitter=(1, 100), seed=2)


@rule("clock-catches-up", "After 50 periods without a call, one GetZeroTimeStamp is up to date; and after 100 days.")
def clock_catches_up(subject):
    for device in _devices(subject):
        client = device.add_client()
        device.start(client)
        for seconds in (50 * device.period / device.sample_rate, 100 * 86400.0):
            subject.hal.advance(seconds)
            _play(device, 4096, client=client)
        device.remove_client(client)


@rule("new-line-new-seed", "A time line that begins anew after StopIO and StartIO has a new seed.")
def new_line_new_seed(subject):
    for device in _devices(subject):
        client = device.add_client()
        for _ in range(3):
            device.start(client)
            _play(device, 20000, client=client)
            device.stop(client)
            subject.hal.advance(1.2345)
        device.remove_client(client)


@rule("parallel-clients", "Two clients of a device can be in the middle of IO at once.")
def parallel_clients(subject):
    for device in _devices(subject):
        first, second = device.add_client(pid=1), device.add_client(pid=2)
        device.start(first)
        device.start(second)
        for _ in range(50):
            device.cycle(client=first, frames=256)
            device.cycle(client=second, frames=256)
        device.remove_client(first)
        device.cycle(client=second, frames=256)
        device.remove_client(second)


def _other_rate(device):
    now = device.sample_rate
    others = [low for low, _ in device.sample_rates if low != now] + [
        high for _, high in device.sample_rates if high != now
    ]
    if not others:
        raise Skip("there is only one sample rate")
    return now, others[0]


@rule("rate-change", "Setting the sample rate goes through a configuration change, after which everything agrees.")
def rate_change(subject):
    for device in _devices(subject):
        old, new = _other_rate(device)
        subject.plugin.set_float64(device, "nsrt", new)
        require(device.sample_rate == old, "the rate changed before the host performed the change")
        subject.hal.pump()
        require(device.sample_rate == new, f"the rate is {device.sample_rate:g} Hz after the change to {new:g}")
        for stream in device.streams():
            require(stream.format.sample_rate == new, f"stream {stream.id} stayed at {stream.format}")
        _play(device, 20000)
        device.set_sample_rate(old)


@rule("rate-change-while-running", "A rate change while IO runs ends with IO running on a new time line.")
def rate_change_while_running(subject):
    for device in _devices(subject):
        old, new = _other_rate(device)
        client = device.add_client()
        device.start(client)
        _play(device, 20000, client=client)
        for rate in (new, old):
            device.set_sample_rate(rate)
            require(device.sample_rate == rate and client.running, f"the change to {rate:g} Hz did not happen")
            _play(device, 20000, client=client)
        device.remove_client(client)


@rule("aborted-change", "A configuration change that the host aborts or refuses leaves everything as it was.")
def aborted_change(subject):
    before = subject.hal.config_change
    try:
        for device in _devices(subject):
            old, new = _other_rate(device)
            for subject.hal.config_change in ("abort", "refuse"):
                device.set_sample_rate(new)
                require(
                    device.sample_rate == old, f"the rate changed although the host said {subject.hal.config_change}"
                )
            subject.hal.config_change = "deferred"
            device.set_sample_rate(new)
            require(device.sample_rate == new, "after an aborted change, another one does not work")
            device.set_sample_rate(old)
    finally:
        subject.hal.config_change = before
