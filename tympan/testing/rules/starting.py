"""Rules about StartIO and StopIO (hal-protocol C5)."""

from tympan.testing._status import code, name
from tympan.testing.rules._play import play
from tympan.testing.rules._raw import CycleInfo
from tympan.testing.rules._rule import Group, Skip, advise, require

rule = Group("starting", "Starting and stopping", "C5 StartIO")

_STRANGER = 987_654
_FRAMES = 64


@rule(
    "io-starts",
    "StartIO succeeds for a client of a device with streams.",
    "The device can be chosen, and nothing plays.",
)
def io_starts(s):
    with s.open() as session:
        for device in session.devices():
            client = device.add_client()
            status = session.table.start_io(device.id, client.id)
            require(status == 0, f"StartIO answered '{name(status)}'", "The driver's log may say why.")
            session.table.stop_io(device.id, client.id)


@rule(
    "io-starts-are-counted",
    "With one StartIO per client, the device runs ('goin') from the first StartIO to the last StopIO.",
    "Sound stops when another application ends.",
    "tympan-aspl E6, eqMac",
)
def io_starts_are_counted(s):
    _two_clients(s, "per-client")


@rule(
    "io-starts-once",
    "With StartIO for the first client and StopIO for the last only, the device runs in between.",
    "No sound for the second application, or a device that never stops.",
    "BGM_Device.cpp 1406",
)
def io_starts_once(s):
    _two_clients(s, "first-last")


def _two_clients(s, policy):
    with s.open(policy=policy) as session:
        for device in session.devices():
            first, second = device.add_client(pid=1), device.add_client(pid=2)
            seen = []
            for action, client in ((device.start, first), (device.start, second), (device.stop, first),
                                   (device.stop, second)):  # fmt: skip
                action(client)
                session.settle()
                seen.append(device.is_running)
            shown = f"'goin' after two starts and two stops: {seen}"
            require(seen == [True, True, True, False], shown, "Count StartIO and StopIO.")


@rule(
    "io-failed-start-leaves-no-trace",
    "A StartIO that fails leaves the device as it was: not running, and ready for the next StartIO.",
    "After one failed start the device runs for ever, or never again.",
)
def io_failed_start_leaves_no_trace(s):
    with s.open() as session:
        failed = 0
        for device in session.devices():
            statuses = [_start_and_stop(session, device) for _ in range(3)]
            failed += any(statuses)
            require(not any(statuses) or statuses[-1] == 0, f"StartIO fails again and again: '{name(statuses[-1])}'")
            require(not device.is_running, "after a StartIO that failed the device runs")
        if not failed:
            raise Skip("StartIO does not fail")


def _start_and_stop(session, device):
    status = session.table.start_io(device.id, 1)
    if status == 0:
        session.table.stop_io(device.id, 1)
    session.settle()
    return status


@rule(
    "io-stop-without-start",
    "StopIO of a device that does not run answers 'nope' and leaves the count at 0: it starts afterwards.",
    "After an application's crash the device never starts again.",
    "libASPL's StopIO",
)
def io_stop_without_start(s):
    with s.open() as session:
        for device in session.devices():
            statuses = [session.table.stop_io(device.id, 1) for _ in range(2)]
            with session.client(device):
                session.settle()
                require(device.is_running, "after a StopIO too many the device does not start")
            session.settle()
            require(not device.is_running, "after a StopIO too many the device does not stop")
            advise(0 not in statuses, "StopIO without StartIO succeeded")
            advise(set(statuses) <= {code("nope"), code("stop")}, f"StopIO without StartIO: '{name(statuses[0])}'")


@rule(
    "io-restarts",
    "A device can be started and stopped 50 times, alone and with another client running.",
    "No sound after some pauses.",
)
def io_restarts(s):
    with s.open() as session:
        for device in session.devices():
            first, second = device.add_client(pid=1), device.add_client(pid=2)
            for i in range(50):
                device.start(first)
                if i % 2:
                    device.start(second)
                play(session, device, 0.01, client=first)
                device.stop(first)
                if i % 2:
                    device.stop(second)
            session.settle()
            require(not device.is_running, "'goin' stays 1 after the last of 50 StopIOs")


@rule(
    "io-unknown-device",
    "StartIO, StopIO, WillDoIOOperation, BeginIOOperation and EndIOOperation of an unknown device fail "
    "with '!obj' or '!dev'.",
    "A stale device of an earlier configuration seems to work.",
    reference="C9",
)
def io_unknown_device(s):
    with s.open() as session:
        info = CycleInfo(1, _FRAMES)
        answers = {
            "StartIO": session.table.start_io(_STRANGER, 1),
            "StopIO": session.table.stop_io(_STRANGER, 1),
            "WillDoIOOperation": session.table.will_do(_STRANGER, 1, code("read"))[0],
            "BeginIOOperation": session.raw.call("BeginIOOperation", _STRANGER, 1, code("read"), _FRAMES, info),
            "EndIOOperation": session.raw.call("EndIOOperation", _STRANGER, 1, code("read"), _FRAMES, info),
        }
        succeeded = [call for call, status in answers.items() if status == 0]
        require(not succeeded, f"{', '.join(succeeded)} of an unknown device succeeded")
        odd = {call: name(status) for call, status in answers.items() if status not in (code("!obj"), code("!dev"))}
        advise(not odd, f"neither '!obj' nor '!dev': {odd}")


@rule(
    "io-unknown-client",
    "StartIO and StopIO of a client that was never added succeed, and leave the others alone.",
    "Sound of other applications stops, or does not start after the sound system restarted.",
    reference="C4",
)
def io_unknown_client(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device) as client:
                status = session.table.start_io(device.id, _STRANGER)
                if status == 0:
                    session.table.stop_io(device.id, _STRANGER)
                play(session, device, 0.1, client=client)
                require(device.is_running, "a client that was never added stopped the device")
                advise(status == 0, f"StartIO of a client that was never added answered '{name(status)}'")
