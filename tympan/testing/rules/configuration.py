"""Rules about configuration changes: sample rates and formats (hal-protocol C6)."""

import struct
import threading

from tympan.testing import _platform
from tympan.testing._status import code, name
from tympan.testing.rules._play import other_rate, play
from tympan.testing.rules._rule import Group, Skip, advise, require
from tympan.testing.rules._subject import in_time

rule = Group("configuration", "Configuration changes", "C6")

_ACTION = 0xDEAD_BEEF_0BAD
_STRANGER = 987_654
_LIMIT = 10  # seconds until a call that waits for itself is given up


def _set_rate(session, device, rate):
    """SetPropertyData of 'nsrt'; the status."""
    return session.table.set(device.id, code("nsrt"), code("glob"), 0, struct.pack("<d", rate))


def _agrees(device, rate):
    """Failure unless device and streams have ``rate``."""
    found = [device.sample_rate, *(stream.format.sample_rate for stream in device.streams())]
    require(set(found) == {rate}, f"after the change to {rate:g} Hz, the device and its streams have {found}")


def _changes(s, mode):
    """A rate change there and back, in one of the Host's ways, with IO stopped and running."""
    with s.open(config_change=mode, queue="thread" if mode == "thread" else "manual") as session:
        for device in session.devices():
            old, new = other_rate(device)
            session.doing(f"changing the rate ({mode})")
            for rate in (new, old):
                in_time(_LIMIT, "a rate change", device.set_sample_rate, rate)
                _agrees(device, rate)
            with session.client(device) as client:
                for rate in (new, old):
                    play(session, device, 0.1, client=client)
                    in_time(_LIMIT, "a rate change during IO", device.set_sample_rate, rate)
                    _agrees(device, rate)
                    require(client.running, f"after the change to {rate:g} Hz the client does not run")


@rule(
    "rate-change",
    "Setting 'nsrt' changes the rate of device and streams, when the host performs the change a while later.",
    "The sample rate cannot be changed, or input and output differ.",
    "tympan-aspl E9",
)
def rate_change(s):
    _changes(s, "deferred")


@rule(
    "rate-change-performed-at-once",
    "The host may perform a change before RequestDeviceConfigurationChange returns, on the same thread.",
    "The sound system hangs when the sample rate is changed.",
    "libASPL: host called under a lock",
    reference="C3, C6",
)
def rate_change_performed_at_once(s):
    _changes(s, "now")


@rule(
    "rate-change-on-another-thread",
    "The host may perform a change on another thread than the one that set the rate.",
    "The sound system hangs when the sample rate is changed.",
    reference="C3, C6",
)
def rate_change_on_another_thread(s):
    _changes(s, "thread")


@rule(
    "rate-old-until-performed",
    "Until the host performs the change, 'nsrt' and the formats answer the old rate.",
    "Wrong pitch: the sound system plays at the old rate while the driver is at the new one.",
)
def rate_old_until_performed(s):
    with s.open() as session:
        for device in session.devices():
            old, new = other_rate(device)
            status = _set_rate(session, device, new)
            require(status == 0, f"setting {new:g} Hz answered '{name(status)}'")
            found = [device.sample_rate, *(stream.format.sample_rate for stream in device.streams())]
            require(set(found) == {old}, f"before the change is performed, device and streams have {found}")
            session.settle()
            device.set_sample_rate(old)


@rule(
    "rate-change-goes-through-host",
    "A change of the rate is requested from the host (RequestDeviceConfigurationChange), and never just made.",
    "Glitches and noise at each change of the sample rate.",
    "libASPL SetIsActive; field-bugs D4.8",
)
def rate_change_goes_through_host(s):
    with s.open(config_change="refuse") as session:
        for device in session.devices():
            old, new = other_rate(device)
            _set_rate(session, device, new)
            session.settle()
            require(device.sample_rate == old, "the host refused the change, and the rate changed")


@rule(
    "same-rate-requests-nothing",
    "Setting 'nsrt' to the rate that it has succeeds, and requests nothing.",
    "Sound stops for a moment whenever an application starts.",
)
def same_rate_requests_nothing(s):
    with s.spied() as spied:
        for device in spied.properties.get_ids(1, "dev#"):
            rate, before = spied.properties.get_float64(device, "nsrt"), len(spied.spy.calls)
            spied.properties.set_float64(device, "nsrt", rate)
            spied.settle()
            asked = [call for call in spied.spy.calls[before:] if call[0] == "RequestDeviceConfigurationChange"]
            require(not asked, f"setting the rate to the {rate:g} Hz that it has requested a change")


@rule(
    "aborted-change",
    "A change that the host aborts leaves everything as it was, and the next one works.",
    "After one failed change the sample rate can never be changed again.",
    "SoundPusher 658",
)
def aborted_change(s):
    _not_made(s, "abort")


@rule(
    "refused-change",
    "A change that the host refuses leaves everything as it was, and the next one works.",
    "After one failed change the sample rate can never be changed again.",
    "libASPL: a refused change stays pending",
)
def refused_change(s):
    _not_made(s, "refuse")


def _not_made(s, mode):
    with s.open() as session:
        for device in session.devices():
            old, new = other_rate(device)
            for _ in range(2):
                session.hal.config_change = mode
                _set_rate(session, device, new)
                session.settle()
                require(device.sample_rate == old, f"the host said {mode}, and the rate changed")
                session.hal.config_change = "deferred"
                device.set_sample_rate(new)
                require(device.sample_rate == new, f"after the host said {mode} once, another change does not work")
                device.set_sample_rate(old)


@rule(
    "rate-set-twice",
    "When the rate is set twice before the host performs anything, the last one counts.",
    "The sample rate is not the one that was chosen last.",
)
def rate_set_twice(s):
    with s.open() as session:
        for device in session.devices():
            rates = sorted({rate for pair in device.sample_rates for rate in pair} - {device.sample_rate})
            if len(rates) < 2:
                continue
            old = device.sample_rate
            for rate in rates[:2]:
                _set_rate(session, device, rate)
            session.settle()
            _agrees(device, rates[1])
            device.set_sample_rate(old)


@rule(
    "client-starts-before-perform",
    "A client may start between the request and its performance: it runs at the new rate afterwards.",
    "An application that starts while the rate changes gets no sound.",
)
def client_starts_before_perform(s):
    with s.open() as session:
        for device in session.devices():
            old, new = other_rate(device)
            _set_rate(session, device, new)
            with session.client(device) as client:
                session.settle()
                _agrees(device, new)
                play(session, device, 0.2, client=client)
            device.set_sample_rate(old)


@rule(
    "perform-while-running",
    "PerformDeviceConfigurationChange succeeds although the driver counts the device as running: the host suspends IO "
    "without StopIO.",
    "The sample rate cannot be changed while anything plays.",
)
def perform_while_running(s):
    with s.spied() as spied:
        for number in spied.properties.get_ids(1, "dev#"):
            rate = spied.properties.get_float64(number, "nsrt")
            other = _other(spied, number, rate)
            if other is None or spied.table.start_io(number, 1):
                continue
            spied.properties.set_float64(number, "nsrt", other)
            spied.settle()
            found = spied.properties.get_float64(number, "nsrt")
            spied.table.stop_io(number, 1)
            require(found == other, f"performed while StartIO was counted, the rate is {found:g} Hz and not {other:g}")


@rule(
    "unknown-action",
    "PerformDeviceConfigurationChange for an action that was never requested changes nothing.",
    "The device changes by itself, or the sound system crashes.",
    isolated=True,
)
def unknown_action(s):
    with s.open() as session:
        for device in session.devices():
            before = _state(session, device)
            for action in (_ACTION, 0, 2**64 - 1):
                session.doing(f"PerformDeviceConfigurationChange with the unknown action {action:#x}")
                session.table.perform(device.id, action, 0)
                session.settle()
                same = _state(session, device) == before
                require(same, f"performing the unknown action {action:#x} changed the device")


@rule(
    "unknown-abort",
    "AbortDeviceConfigurationChange for an action that was never requested changes nothing.",
    "The device changes by itself, or the sound system crashes.",
    isolated=True,
)
def unknown_abort(s):
    with s.open() as session:
        for device in session.devices():
            before = _state(session, device)
            for action in (_ACTION, 0, 2**64 - 1):
                session.doing(f"AbortDeviceConfigurationChange with the unknown action {action:#x}")
                session.table.abort(device.id, action, 0)
                session.settle()
                same = _state(session, device) == before
                require(same, f"aborting the unknown action {action:#x} changed the device")


def _state(session, device):
    streams = [(stream.id, session.plugin.get(stream, "pft ")) for stream in device.streams()]
    return device.sample_rate, streams, session.plugin.get_ids(device, "ownd")


@rule(
    "change-of-unknown-device",
    "Perform and AbortDeviceConfigurationChange of an unknown device fail with '!obj' or '!dev'.",
    "A stale device of an earlier configuration seems to change.",
    reference="C9",
)
def change_of_unknown_device(s):
    with s.open() as session:
        answers = {"Perform": session.table.perform(_STRANGER, 1, 0), "Abort": session.table.abort(_STRANGER, 1, 0)}
        succeeded = [call for call, status in answers.items() if status == 0]
        require(not succeeded, f"{', '.join(succeeded)} of an unknown device succeeded")
        odd = {call: name(status) for call, status in answers.items() if status not in (code("!obj"), code("!dev"))}
        advise(not odd, f"neither '!obj' nor '!dev': {odd}")


def _other(spied, device, rate):
    rates = [low for low, _ in spied.properties.get_ranges(device, "nsr#") if low != rate]
    return rates[0] if rates else None


@rule(
    "change-of-removed-device",
    "A change that was requested for a device that has gone since can be performed or aborted, and crashes nothing.",
    "The sound system crashes when a device is switched off while its rate changes.",
    isolated=True,
)
def change_of_removed_device(s):
    for call in ("PerformDeviceConfigurationChange", "AbortDeviceConfigurationChange"):
        with s.spied() as spied:
            boxes = spied.properties.get_ids(1, "box#") if spied.properties.has(1, "box#") else []
            if not boxes or not spied.properties.is_settable(boxes[0], "bxon"):
                raise Skip("no device can be removed")
            for number in spied.properties.get_ids(1, "dev#"):
                other = _other(spied, number, spied.properties.get_float64(number, "nsrt"))
                if other is not None:
                    spied.properties.set_float64(number, "nsrt", other)
            _platform.pump()
            requests, spied.spy.requests = spied.spy.requests, []
            spied.properties.set_uint32(boxes[0], "bxon", 0)
            spied.settle()
            for request in requests:
                s.doing(f"{call} of a device that has gone")
                spied.raw.call(call, request[0], request[1], request[2] or None)
            spied.properties.set_uint32(boxes[0], "bxon", 1)
            spied.settle()
            require(spied.properties.get_ids(1, "dev#"), "the devices do not come back")


@rule(
    "end-with-pending-change",
    "The driver can be let go of while a requested change was neither performed nor aborted.",
    "The sound system crashes when it restarts.",
    isolated=True,
)
def end_with_pending_change(s):
    with s.spied() as spied:
        for device in spied.properties.get_ids(1, "dev#"):
            other = _other(spied, device, spied.properties.get_float64(device, "nsrt"))
            if other is not None:
                spied.properties.set_float64(device, "nsrt", other)
    with s.spied() as spied:
        require(spied.status == 0, f"after a pending change, Initialize answered '{name(spied.status)}'")


@rule(
    "reading-during-change",
    "Properties can be read while a change is performed, on another thread; none waits for ever.",
    "Applications hang while the sample rate changes.",
    reference="C3",
)
def reading_during_change(s):
    with s.open(config_change="thread", queue="thread") as session:
        for device in session.devices():
            old, new = other_rate(device)
            seen, done = set(), threading.Event()

            def read(device=device, seen=seen, done=done):
                while not done.is_set():
                    seen.add(device.sample_rate)

            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            try:
                for rate in (new, old) * 5:
                    in_time(_LIMIT, "a change while others read", device.set_sample_rate, rate)
            finally:
                done.set()
            reader.join(_LIMIT)
            require(not reader.is_alive(), f"reading 'nsrt' did not return within {_LIMIT} s")
            require(seen <= {old, new}, f"'nsrt' was {sorted(seen - {old, new})} Hz while it changed")
