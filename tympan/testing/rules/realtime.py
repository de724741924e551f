"""Rules about IO on several threads, and about what IO must not wait for (hal-protocol C3)."""

import threading
import time

import numpy

from tympan.testing._blame import describe
from tympan.testing._status import code
from tympan.testing.rules._play import BUFFER, noise
from tympan.testing.rules._rule import Failure, Group, advise, require
from tympan.testing.rules._subject import in_time, threads
from tympan.testing.rules._table import GLOBAL, INPUT, OUTPUT

rule = Group("realtime", "IO threads", "C3")

_LIMIT = 30
_CYCLES = 400
_FRAMES = 64
_READERS = 2
_ORDERS = 5
_RESTARTS = 200  # of another client, while the clock is watched
_WAKES = 20
_IDLE = 0.3  # seconds


def _run(device, client, cycles, chance):
    """A function that does ``cycles`` cycles without the Host's own lock, as a realtime thread does; answers the
    name of a fault."""
    counts = numpy.full(cycles, BUFFER, numpy.uint32)
    audio = noise(device, cycles * BUFFER, chance)
    into = numpy.zeros((cycles * BUFFER, device.channels(INPUT)), numpy.float32)
    client.engine.allocate(BUFFER, BUFFER)
    return lambda: client.engine.run(counts, audio if device.channels(OUTPUT) else None, into)


def _meanwhile(actions, main):
    """``actions`` again and again on threads of their own, while ``main()`` runs; what main answers."""
    done, errors = threading.Event(), []

    def repeat(action):
        while not done.is_set():
            try:
                action()
            except Exception as error:  # said by the caller
                errors.append(error)
                return

    threads = [threading.Thread(target=repeat, args=(action,), daemon=True) for action in actions]
    for thread in threads:
        thread.start()
    try:
        answer = main()
    finally:
        done.set()
    for thread in threads:
        thread.join(_LIMIT)
        if thread.is_alive():
            raise Failure(f"a call did not return within {_LIMIT} s while IO ran")
    if errors:
        raise errors[0]
    return answer


@rule(
    "io-on-several-threads",
    f"Two clients' IO on two threads, {_CYCLES} cycles each, keeps every rule of clock and buffers.",
    "Crackle or crashes when two applications play.",
    "tympan-aspl E14",
)
def io_on_several_threads(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device, pid=1) as first, session.client(device, pid=2) as second:
                runs = [_run(device, client, _CYCLES, s.chance) for client in (first, second)]
                answers = in_time(_LIMIT, "IO on two threads", _both, runs)
                for client, fault in zip((first, second), answers, strict=True):
                    device._check(client, fault)


def _both(runs):
    answers = [None] * len(runs)

    def run(number):
        answers[number] = runs[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(runs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@rule(
    "io-while-properties-are-read",
    f"IO keeps every rule while {_READERS} threads read and set properties.",
    "Crackle while an application shows the device's settings.",
    "tympan-aspl E5, E14",
)
def io_while_properties_are_read(s):
    with s.open() as session:
        things = [thing.id for thing in session.world.things]

        def read():
            for number in things:
                for selector, size in (("clas", 4), ("ownd", 64), ("nsrt", 8), ("pft ", 40), ("lcsv", 4)):
                    session.table.get(number, code(selector), code(GLOBAL), 0, capacity=size)

        for device in session.devices():
            with session.client(device) as client:
                run = _run(device, client, _CYCLES, s.chance)
                fault = in_time(_LIMIT, "IO while properties are read", _meanwhile, [read] * _READERS, run)
                device._check(client, fault)


@rule(
    "io-while-clients-come",
    "IO keeps every rule while other clients are added, started, stopped and removed on another thread.",
    "Crackle when another application starts.",
    "libASPL's ioMutex, tympan-aspl E7",
)
def io_while_clients_come(s):
    with s.open() as session:
        for device in session.devices():

            def come(number=device.id):
                session.table.device_client(True, number, 4711, 4711, "org.example.guest")
                if session.table.start_io(number, 4711) == 0:
                    session.table.stop_io(number, 4711)
                session.table.device_client(False, number, 4711, 4711, "org.example.guest")

            with session.client(device) as client:
                run = _run(device, client, _CYCLES, s.chance)
                fault = in_time(_LIMIT, "IO while clients come and go", _meanwhile, [come], run)
                device._check(client, fault)


@rule(
    "clock-on-several-threads",
    "A stamp belongs together: read on one thread while another client starts and stops, sample, host time and seed "
    "are of one line.",
    "Wrong pitch for a moment when another application starts.",
    "tympan-aspl E7",
)
def clock_on_several_threads(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device) as client:

                restarts = []

                def restart(number=device.id, restarts=restarts):
                    if session.table.start_io(number, 4711) == 0:
                        session.table.stop_io(number, 4711)
                    restarts.append(1)

                def watch(client=client, restarts=restarts):
                    end = time.monotonic() + _LIMIT / 3
                    while len(restarts) < _RESTARTS and time.monotonic() < end:
                        for _ in range(20):
                            fault = client.engine.stamp()
                            if fault:
                                return fault
                            session.hal.advance(ticks=1000)
                    return None

                device._check(client, in_time(_LIMIT, "reading the clock", _meanwhile, [restart], watch))


@rule(
    "io-interleaved",
    f"Two clients' IO, a third that comes and goes, and a reader of properties, interleaved call by call in {_ORDERS} "
    "orders, keep every rule.",
    "Crackle or crashes that nobody can repeat.",
    "tympan-aspl E14",
)
def io_interleaved(s):
    for _ in range(_ORDERS):
        with s.open() as session:
            for device in session.devices():
                _interleave(session, device, s.chance.getrandbits(30))


def _interleave(session, device, seed):
    with session.client(device, pid=1) as first, session.client(device, pid=2) as second:

        def play(client):
            device.render(noise(device, 20 * BUFFER, session.subject.chance), frames=20 * BUFFER, client=client)

        def come():
            for _ in range(3):
                with session.client(device, pid=3):
                    pass

        def read():
            for thing in session.world.things:
                session.table.get(thing.id, code("nsrt"), code(GLOBAL), 0, capacity=8)

        session.doing(f"calls in the order of the seed {seed}")
        session.hal.interleave(lambda: play(first), lambda: play(second), come, read, seed=seed)


@rule(
    "idle-driver-sleeps",
    f"When nothing happens, the driver's threads wake up less than {_WAKES} times a second.",
    "The battery drains, and the driver's helper is always at work.",
    "eqMac #1007; tympan-aspl's log thread",
)
def idle_driver_sleeps(s):
    with s.open() as session:
        session.settle()
        before = threads()
        time.sleep(_IDLE)
        after = threads()
        own = threading.main_thread().native_id
        wakes = sum(after[item] - before[item] for item in before if item in after and item != own) / _IDLE
        advise(wakes < _WAKES, f"the driver's threads woke up {wakes:.0f} times a second while nothing happened")


# --- what the guard traps ---------------------------------------------------------


def _guarded(s, *kinds):
    """Failure when ordinary IO makes a call of one of these kinds (assert_no_alloc's)."""
    with s.open(guard="collect") as session:
        for device in session.devices():
            with session.client(device) as client:
                device.render(noise(device, 50 * BUFFER, s.chance), frames=50 * BUFFER, client=client)
                device.render(None, buffer=BUFFER, frames=4 * BUFFER, client=client)
        found = [violation for violation in session.hal.violations if violation.kind in kinds]
        require(not found, describe(found)[0] if found else "", "What runs on IO threads may only compute.")


@rule(
    "realtime-no-allocation",
    "GetZeroTimeStamp and the IO operations allocate and free no memory.",
    "Clicks now and then, more when the machine is busy.",
    "tympan-aspl E5",
)
def realtime_no_allocation(s):
    _guarded(s, "allocation")


@rule(
    "realtime-no-lock",
    "GetZeroTimeStamp and the IO operations take no lock.",
    "Clicks when an application shows the device's settings.",
    "BlackHole, libASPL, BGM #338, tympan-aspl E5",
)
def realtime_no_lock(s):
    _guarded(s, "lock")


@rule(
    "realtime-no-waiting",
    "GetZeroTimeStamp and the IO operations wait for nothing, and start no thread.",
    "Sound stops now and then.",
    "roc-vad",
)
def realtime_no_waiting(s):
    _guarded(s, "wait", "thread")


@rule(
    "realtime-no-input-or-output",
    "GetZeroTimeStamp and the IO operations read and write no file, print nothing, and enter no kernel.",
    "Clicks now and then.",
    "BlackHole's printf",
)
def realtime_no_input_or_output(s):
    _guarded(s, "io", "system call")


@rule(
    "realtime-no-interpreter",
    "GetZeroTimeStamp and the IO operations enter no interpreter.",
    "Clicks now and then, and sound that stops.",
)
def realtime_no_interpreter(s):
    _guarded(s, "GIL")
