"""Rules about the IO operations and their buffers (hal-protocol C5)."""

import ctypes

from tympan.testing._status import code, name
from tympan.testing.rules._play import each_format, play
from tympan.testing.rules._raw import CycleInfo
from tympan.testing.rules._rule import Group, advise, require
from tympan.testing.rules._table import INPUT, OUTPUT

rule = Group("io", "IO operations", "C5")

_STRANGER = 987_654
_OPERATIONS = ("thrd", "cycl", "read", "cinp", "pinp", "pout", "mixo", "pmix", "cmix", "rite")
_BUFFERS = (16, 100, 512, 4096)
_FRAMES = 64


# --- which operations -------------------------------------------------------------


@rule(
    "io-required-operations",
    "A device with input streams does ReadInput ('read'), one with output streams WriteMix ('rite'); others do not.",
    "Silence: what is played never reaches the driver.",
    "tympan-aspl E1",
)
def io_required_operations(s):
    with s.open() as session:
        for device in session.devices():
            for scope, operation in ((INPUT, "read"), (OUTPUT, "rite")):
                wanted = bool(device.streams(scope))
                status, will, _ = session.table.will_do(device.id, 1, code(operation))
                require(status == 0, f"WillDoIOOperation for '{operation}' answered '{name(status)}'")
                require(will == wanted, f"WillDoIOOperation for '{operation}' says {'yes' if will else 'no'}")


@rule(
    "io-in-place",
    "ReadInput, MixOutput and WriteMix are done in place.",
    "Noise or silence: the sound system looks for the audio in another buffer.",
)
def io_in_place(s):
    with s.open() as session:
        for device in session.devices():
            for operation in ("read", "mixo", "rite"):
                _, will, in_place = session.table.will_do(device.id, 1, code(operation))
                require(not will or in_place, f"'{operation}' is promised, and not in place")


@rule(
    "io-unknown-operation",
    "WillDoIOOperation says no for an operation that it does not know.",
    "The next macOS calls operations that the driver does not do: noise.",
)
def io_unknown_operation(s):
    with s.open() as session:
        for device in session.devices():
            _, will, _ = session.table.will_do(device.id, 1, code("zzzz"))
            require(not will, "WillDoIOOperation says yes for 'zzzz'")


@rule(
    "io-promises-hold",
    "WillDoIOOperation answers the same before and during IO.",
    "Noise, or silence after a while.",
)
def io_promises_hold(s):
    with s.open() as session:
        for device in session.devices():
            client = device.add_client()
            before = [session.table.will_do(device.id, client.id, code(item)) for item in _OPERATIONS]
            device.start(client)
            play(session, device, 0.05, client=client)
            during = [session.table.will_do(device.id, client.id, code(item)) for item in _OPERATIONS]
            require(before == during, f"WillDoIOOperation answered {before}, and {during} during IO")


# --- the buffers ------------------------------------------------------------------


def _play_buffers(s):
    with s.open() as session:
        for device in session.devices():
            for buffer in _BUFFERS:
                play(session, device, 0.5, buffer=buffer)


@rule(
    "io-operations-succeed",
    f"Begin, Do and EndIOOperation answer 0 in ordinary cycles of {', '.join(map(str, _BUFFERS))} frames.",
    "Overload messages in the log, and gaps.",
    "tympan-aspl E13",
)
def io_operations_succeed(s):
    _play_buffers(s)


@rule(
    "io-read-fills",
    "ReadInput writes every sample of its buffer.",
    "Loud noise in recordings.",
    "tympan-aspl E13",
)
def io_read_fills(s):
    _play_buffers(s)


@rule(
    "io-stays-in-buffer",
    "DoIOOperation writes nothing before or after its buffer.",
    "The sound system crashes at random.",
    "tympan-aspl E11, E12",
)
def io_stays_in_buffer(s):
    _play_buffers(s)


@rule(
    "io-secondary-filled",
    "An operation that is promised not in place has its whole result in the secondary buffer.",
    "Noise: the sound system goes on with what was in that buffer before.",
)
def io_secondary_filled(s):
    _play_buffers(s)


@rule(
    "io-mix-for-host",
    "The operations on the mix (ProcessMix, ConvertMix, WriteMix) work for client 0, the host, too.",
    "Silence when several applications play.",
)
def io_mix_for_host(s):
    with s.open(mix_client="host") as session:
        for device in session.devices():
            play(session, device, 0.2)


@rule(
    "io-varying-counts",
    "Cycles of odd and varying frame counts work: 1 to 512 in no order, as drift compensation makes them.",
    "Crackle in aggregate devices.",
)
def io_varying_counts(s):
    with s.open() as session:
        for device in session.devices():
            play(session, device, 1.0, jitter=True, seed=s.chance.getrandbits(16))
            play(session, device, 0.2, buffer=64, jitter=(1, 63), seed=s.chance.getrandbits(16))


@rule(
    "io-more-than-nominal",
    "Cycles of more frames than the nominal buffer work: up to 600 for a buffer of 512.",
    "Crackle in aggregate devices, or a crash.",
    "tympan-aspl E13",
)
def io_more_than_nominal(s):
    with s.open() as session:
        for device in session.devices():
            play(session, device, 0.5, buffer=512, jitter=(400, 600), seed=s.chance.getrandbits(16))


@rule(
    "io-every-format",
    "IO keeps every rule of the buffers in every format that a stream offers, integers too.",
    "Noise, or a crash, in one of the formats of Audio MIDI Setup.",
    "tympan-aspl E12",
)
def io_every_format(s):
    with s.open() as session:
        for device in session.devices():
            for _ in each_format(session, device):
                play(session, device, 0.2)


@rule(
    "io-largest-buffer",
    "A client's largest buffer works: 3/8 of the period ('ring'), 4,096 frames at the minimum.",
    "Applications with large buffers get silence or a crash.",
    "tympan-aspl E13",
    reference="B3",
)
def io_largest_buffer(s):
    with s.open() as session:
        for device in session.devices():
            play(session, device, 0.5, buffer=device.period * 3 // 8)


@rule(
    "io-parallel-clients",
    "Two clients of a device can be in the middle of IO at once, with different buffers.",
    "Crackle when two applications play.",
)
def io_parallel_clients(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device, pid=1) as first, session.client(device, pid=2) as second:
                for _ in range(50):
                    device.cycle(client=first, frames=256)
                    device.cycle(client=second, frames=441)


@rule(
    "io-devices-at-once",
    "All devices of the plug-in can run at once, each with its own clock.",
    "Of two devices of the driver, one is silent.",
    "BlackHole's mirror device",
)
def io_devices_at_once(s):
    with s.open() as session:
        devices = session.devices()
        for device in devices:
            device.start(device.add_client())
        for _ in range(20):
            for device in devices:
                device.cycle(client=device.clients[0], frames=512)
        for device in devices:
            device.stop(device.clients[0])
            session.settle()
            require(not device.is_running, f"device {device.id} runs on after its StopIO")


# --- wrong calls ------------------------------------------------------------------


def _do(session, device, stream, operation, info, main):
    return session.raw.call("DoIOOperation", device.id, stream, 1, code(operation), _FRAMES, info, main, None)


def _promised(device):
    """(stream, operation) of everything that the device's streams do."""
    return [(item, "read") for item in device.streams(INPUT)] + [(item, "rite") for item in device.streams(OUTPUT)]


def _buffer(stream):
    return ctypes.create_string_buffer(max(stream.format.bytes_per_frame, 64) * _FRAMES * 2)


@rule(
    "io-null-cycle-info",
    "DoIOOperation without cycle info answers 'nope' and crashes nothing.",
    "The sound system crashes instead of logging an error.",
    "SimpleAudio",
    reference="C9",
    isolated=True,
)
def io_null_cycle_info(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device):
                for stream, operation in _promised(device):
                    session.doing(f"DoIOOperation for '{operation}' without cycle info")
                    status = _do(session, device, stream.id, operation, None, _buffer(stream))
                    require(status != 0, f"'{operation}' without cycle info succeeded")
                    advise(status == code("nope"), f"'{operation}' without cycle info answered '{name(status)}'")


@rule(
    "io-null-buffer",
    "DoIOOperation without a main buffer answers 'nope' and crashes nothing.",
    "The sound system crashes instead of logging an error.",
    reference="C9",
    isolated=True,
)
def io_null_buffer(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device):
                for stream, operation in _promised(device):
                    session.doing(f"DoIOOperation for '{operation}' without a buffer")
                    status = _do(session, device, stream.id, operation, CycleInfo(1, _FRAMES), None)
                    require(status != 0, f"'{operation}' without a buffer succeeded")
                    advise(status == code("nope"), f"'{operation}' without a buffer answered '{name(status)}'")


@rule(
    "io-null-will-do",
    "WillDoIOOperation without one of its 2 out pointers crashes nothing.",
    "The sound system crashes when a device starts.",
    reference="C9",
    isolated=True,
)
def io_null_will_do(s):
    with s.open() as session:
        for device in session.devices():
            for outs in ((None, ctypes.c_uint8()), (ctypes.c_uint8(), None), (None, None)):
                session.doing("WillDoIOOperation with a NULL out pointer")
                session.raw.call("WillDoIOOperation", device.id, 1, code("read"), *outs)


@rule(
    "io-wrong-stream",
    "DoIOOperation for a stream that is not the device's, or of the other direction, fails with '!obj' or '!str', "
    "and touches no buffer.",
    "The wrong stream is played, or a crash.",
    "NullAudio",
    reference="C9",
    isolated=True,
)
def io_wrong_stream(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device):
                for stream, operation in _promised(device):
                    buffer = ctypes.create_string_buffer(b"\xa5" * len(_buffer(stream)))
                    session.doing(f"'{operation}' for a stream that is not there")
                    status = _do(session, device, _STRANGER, operation, CycleInfo(1, _FRAMES), buffer)
                    untouched = buffer.raw.count(b"\xa5") == len(buffer.raw) - 1
                    require(untouched or operation != "read", "'read' for a stream that is not there wrote audio")
                    advise(status in (code("!obj"), code("!str")), f"'{operation}' for a stream that is not there "
                                                                   f"answered '{name(status)}'")  # fmt: skip


@rule(
    "io-unpromised-operation",
    "DoIOOperation for an operation that was not promised answers 0 and does nothing.",
    "Noise when another application changes how the device is used.",
    "tympan-aspl E1",
    reference="C9",
    isolated=True,
)
def io_unpromised_operation(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device) as client:
                for stream in device.streams():
                    for operation in ("pinp", "pout", "pmix", "zzzz"):
                        if client.operations.get(operation, (False,))[0]:
                            continue
                        buffer = _buffer(stream)
                        buffer.raw = before = b"\x5a" * len(buffer)
                        session.doing(f"DoIOOperation for '{operation}', which was not promised")
                        status = _do(session, device, stream.id, operation, CycleInfo(1, _FRAMES), buffer)
                        require(buffer.raw == before, f"'{operation}', which was not promised, changed the audio")
                        advise(status == 0, f"'{operation}', which was not promised, answered '{name(status)}'")


@rule(
    "io-while-stopped",
    "Begin, Do and EndIOOperation of a device that does not run crash nothing.",
    "The sound system crashes when an application ends in the middle of a cycle.",
    "BlackHole 4379",
    isolated=True,
)
def io_while_stopped(s):
    with s.open() as session:
        for device in session.devices():
            for lives in range(2):
                for stream, operation in _promised(device):
                    info = CycleInfo(1, _FRAMES)
                    for call in ("BeginIOOperation", "EndIOOperation"):
                        session.doing(f"{call} of a stopped device")
                        session.raw.call(call, device.id, 1, code(operation), _FRAMES, info)
                    session.doing(f"DoIOOperation for '{operation}' of a stopped device")
                    _do(session, device, stream.id, operation, info, _buffer(stream))
                if not lives:
                    with session.client(device) as client:
                        play(session, device, 0.05, client=client)


