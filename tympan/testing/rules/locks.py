"""Rules about locks: what a driver may not hold while it calls its host (hal-protocol C3).

They are tried first: a driver that breaks one waits for itself in many others.
"""

import ctypes
import threading

from tympan.testing._status import code
from tympan.testing.rules._provoke import STORAGE, change_everything, provoke, storage_keys
from tympan.testing.rules._raw import CycleInfo
from tympan.testing.rules._rule import Group, Skip, require
from tympan.testing.rules._subject import in_time, never_returns
from tympan.testing.rules._table import GLOBAL, INPUT, OUTPUT

rule = Group("locks", "Locks around calls of the host", "C3")

_LIMIT = 5  # seconds that something is given while the driver is inside a call of the host
_CALLS = 12  # of the host in which something is tried
_FRAMES = 64


class _Tried:
    """``action()`` on threads of its own, again and again."""

    def __init__(self, action):
        self.action, self.threads = action, []

    def ends(self):
        """Whether it does, in time."""
        self.threads.append(threading.Thread(target=self.action, daemon=True))
        self.threads[-1].start()
        self.threads[-1].join(_LIMIT)
        return not self.threads[-1].is_alive()

    def leave(self, what):
        """Wait for those that could go on once the driver was back from its host: none may be in a driver that is
        released."""
        for thread in self.threads:
            thread.join(_LIMIT)
            if thread.is_alive():
                never_returns(what)


def _in_host_call(session, names, action, what):
    """Failure unless ``action()`` returns on another thread while the driver is inside one of the host calls."""
    stuck, called = [], []

    def during(function):
        called.append(function)
        if not tried.ends():
            stuck.append(function)

    tried = _Tried(action)

    for function in names:
        original = getattr(session.plugin, function)

        def wrapped(*arguments, original=original, function=function):
            if not stuck and len(called) < _CALLS:  # what is done there may make the driver call again
                during(function)
            return original(*arguments)

        setattr(session.plugin, function, wrapped)
    in_time(2 * _LIMIT, "a call of the driver", provoke, session, session.doing)
    tried.leave(what)
    if not called:
        raise Skip("the driver does not call its host")
    call = {"properties_changed": "PropertiesChanged", "request_change": "RequestDeviceConfigurationChange"}
    require(not stuck, f"inside of {call[stuck[0]] if stuck else ''} {what} waits: the driver holds a lock")


@rule(
    "notified-without-lock",
    "Inside of PropertiesChanged other threads can read and set properties.",
    "The sound system hangs when a volume is changed.",
    "PortAudio #1174, cubeb #208; libASPL's write lock",
)
def notified_without_lock(s):
    with s.open() as session:
        things = session.world.things

        def read():
            for thing in things:
                session.table.get(thing.id, code("clas"), code(GLOBAL), 0, capacity=4)
                session.table.get(thing.id, code("lcsv"), code(GLOBAL), 0, capacity=4)
                session.table.get(thing.id, code("nsrt"), code(GLOBAL), 0, capacity=8)

        _in_host_call(session, ["properties_changed"], read, "reading a property")


@rule(
    "requested-without-lock",
    "Inside of RequestDeviceConfigurationChange other threads can read and set properties.",
    "The sound system hangs when the sample rate is changed.",
    "libASPL: host called under a lock",
)
def requested_without_lock(s):
    with s.open() as session:
        numbers = [device.id for device in session.devices()]

        def read():
            for number in numbers:
                session.table.get(number, code("nsrt"), code(GLOBAL), 0, capacity=8)
                session.table.get(number, code("goin"), code(GLOBAL), 0, capacity=4)

        _in_host_call(session, ["request_change"], read, "reading a property")


@rule(
    "clients-without-lock",
    "Inside of PropertiesChanged and RequestDeviceConfigurationChange clients can start and stop.",
    "The sound system hangs when an application starts while a volume is changed.",
)
def clients_without_lock(s):
    with s.open() as session:
        numbers = [device.id for device in session.devices()]

        def start():
            for number in numbers:
                session.table.device_client(True, number, 4711, 1, "org.example.guest")
                if session.table.start_io(number, 4711) == 0:
                    session.table.stop_io(number, 4711)
                session.table.device_client(False, number, 4711, 1, "org.example.guest")

        _in_host_call(session, ["properties_changed", "request_change"], start, "starting a client")


@rule(
    "storage-not-under-lock",
    "Inside of CopyFromStorage, WriteToStorage and DeleteFromStorage other threads can read properties.",
    "The sound system hangs when a setting is changed.",
)
def storage_not_under_lock(s):
    storage_keys(s)
    with s.spied() as spied:
        stuck = []

        def during(function):
            if function in STORAGE and not stuck and not tried.ends():
                stuck.append(function)

        tried = _Tried(lambda: spied.properties.get_ids(1, "dev#"))
        spied.spy.during = during
        change_everything(spied)
        tried.leave("reading a property")
        require(not stuck, f"inside of {stuck[0] if stuck else ''} no property can be read: the driver holds a lock")


@rule(
    "io-waits-for-no-host-call",
    "GetZeroTimeStamp and the IO operations return while the driver waits in a call of the host.",
    "Sound stops for as long as the sound system is busy elsewhere.",
    "libASPL's ioMutex; roc-vad sleeps there; tympan-aspl E5",
)
def io_waits_for_no_host_call(s):
    with s.open() as session:
        device = session.devices()[0]
        with session.client(device) as client:
            cycle = _plain_cycle(session, device, client)
            _in_host_call(session, ["properties_changed", "request_change"], cycle, "IO")


def _plain_cycle(session, device, client):
    """One cycle with buffers of its own, which may go on while the host reconfigures the client's engine."""
    parts = [(item.id, code("read")) for item in device.streams(INPUT)]
    parts += [(item.id, code("rite")) for item in device.streams(OUTPUT)]
    buffers = [ctypes.create_string_buffer(64 * _FRAMES) for _ in parts]

    def cycle():
        session.table.zero_time_stamp(device.id, client.id)
        for (stream, operation), buffer in zip(parts, buffers, strict=True):
            arguments = (device.id, client.id, operation, _FRAMES, CycleInfo(1, _FRAMES))
            session.raw.call("BeginIOOperation", *arguments)
            session.raw.call("DoIOOperation", device.id, stream, *arguments[1:], buffer, None)
            session.raw.call("EndIOOperation", *arguments)

    return cycle
