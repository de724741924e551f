"""The simulated host's guard: which calls it is around, when it raises, whose fault it says it is."""

import ctypes
import shutil
import sys
import threading
from pathlib import Path

import assert_no_alloc
import numpy
import pytest
import soundfile
from c_drivers.build import HERE, make_bundle, make_defect
from made_bundles import in_a_process

from tympan import _cli
from tympan.testing import Host, HostError, RealtimeViolation, UsageError, _engine, _guard, permit_alloc

DRIVERS = Path(__file__).parent / "drivers"
#: Of forbidden.c, in the order of a session.
ENTRIES = ("will_do", "stamp", "begin", "do_", "end")


@pytest.fixture(scope="module")
def forbidden(tmp_path_factory):
    """A function that compiles forbidden.c, once for each choice."""
    made = {}

    def get(entry, *defines):
        if (entry, *defines) not in made:
            options = [f"ENTRY={entry}", *defines]
            made[entry, *defines] = make_bundle(
                tmp_path_factory.mktemp(entry), f"Bad{len(made)}", HERE / "forbidden.c", options
            )
        return made[entry, *defines]

    return get


def play(device, frames=3000, **options):
    return device.render(numpy.zeros((frames, 2), numpy.float32), **options)


# --- which calls ---------------------------------------------------------------------


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_realtime_entry_is_guarded(forbidden, entry):
    with Host() as hal:
        device = hal.load(forbidden(entry)).device()
        with pytest.raises(RealtimeViolation) as caught:
            play(device)
    assert str(caught.value).startswith("offend calls malloc, which allocates or frees memory\n")
    assert f"    bad_{entry.strip('_')}  " in str(caught.value)
    assert {violation.kind for violation in caught.value.violations} == {"allocation"}


RAW = {
    "stamp": lambda table: table.zero_time_stamp(2),
    "will_do": lambda table: table.will_do(2, 1, int.from_bytes(b"read", "big")),
    "do_": lambda table: table.operation(2, 4, 1, int.from_bytes(b"rite", "big"), 0.0, bytes(64 * 8)),
}


@pytest.mark.parametrize("entry", RAW)
def test_calls_past_the_engine_are_raised_at_the_end_at_the_latest(forbidden, entry):
    with pytest.raises(RealtimeViolation, match="offend calls malloc") as caught, Host() as hal:
        RAW[entry](hal.load(forbidden(entry)).table)
    assert isinstance(caught.value, HostError)


def test_control_calls_are_not_guarded(forbidden):
    """Initialize, StartIO and the getters of a driver may allocate: the floor makes its strings when asked."""
    with Host() as hal:
        plugin = hal.load(forbidden("nowhere"))
        assert plugin.device().name
        play(plugin.device())


def test_on_whatever_thread(forbidden):
    caught = []

    def render(device):
        try:
            play(device)
        except RealtimeViolation as error:
            caught.append((threading.get_native_id(), error))

    with Host() as hal:
        thread = threading.Thread(target=render, args=(hal.load(forbidden("do_")).device(),))
        thread.start()
        thread.join()
    (number, error), = caught
    assert {violation.thread_id for violation in error.violations} == {number}


def test_a_late_offence_is_found_in_its_cycle(forbidden):
    late = "CALL={ static int calls; if (++calls == 1234) kept = malloc(8); }"
    with Host() as hal:
        device = hal.load(forbidden("stamp", late)).device()
        client = device.add_client()
        device.start(client)  # the first stamp
        with pytest.raises(RealtimeViolation, match="cycle 1233, seed"):
            play(device, 200_000, buffer=64, client=client)
        assert client.engine.state["cycles"] == 1233


# --- modes ---------------------------------------------------------------------------


def test_nothing_is_guarded_when_asked(forbidden):
    with Host(guard=False) as hal:
        play(hal.load(forbidden("do_")).device())
        assert hal.guard is False and hal.violations == []
    with pytest.raises(UsageError, match="guard='no'"):
        Host(guard="no")


def test_collecting_ends_no_run(forbidden):
    with Host(guard="collect") as hal:
        device = hal.load(forbidden("do_")).device()
        assert len(play(device)) == 3000 + 1024
        assert {(item.kind, item.function) for item in hal.violations} == {("allocation", "malloc")}
    assert sum(item.count for item in hal.violations) == 2 * 8  # ReadInput and WriteMix of each cycle


def test_what_is_permitted_is_permitted(forbidden):
    with Host() as hal:
        device = hal.load(forbidden("do_")).device()
        with permit_alloc():
            play(device)


def test_a_host_begins_with_nothing(forbidden):
    for _ in range(2):
        with Host() as hal, pytest.raises(RealtimeViolation):
            play(hal.load(forbidden("do_")).device())
        with Host() as hal:
            play(hal.load(forbidden("nowhere")).device())
    assert assert_no_alloc.violations() == []


# --- what is said --------------------------------------------------------------------


def test_another_fault_of_the_cycle_is_a_note(forbidden):
    with Host() as hal:
        device = hal.load(forbidden("do_", "UNFILLED")).device()
        with pytest.raises(RealtimeViolation) as caught:
            play(device)
    assert "left frame 0 of 512 unwritten" in caught.value.__notes__[0]


def test_an_exception_of_the_with_block_goes_on(forbidden):
    with pytest.raises(ZeroDivisionError) as caught, Host() as hal:
        hal.load(forbidden("stamp")).table.zero_time_stamp(2)
        1 / 0  # noqa: B018
    assert "offend calls malloc" in caught.value.__notes__[0]


def test_apples_functions_are_named_not_what_stands_in_for_them(forbidden):
    call = 'CALL=kept = (void *)CFStringCreateWithCString(NULL, "x", kCFStringEncodingUTF8)'
    with Host(check_leaks=False) as hal, pytest.raises(RealtimeViolation) as caught:
        play(hal.load(forbidden("do_", call)).device())
    first = str(caught.value).splitlines()[0]
    assert first.startswith("offend calls CFStringCreateWithCString, which ")


def test_calls_of_the_host_from_io_are_told_once(tmp_path):
    """What the host's own callbacks do there is not the driver's; that it called is."""
    with Host() as hal:
        device = hal.load(make_defect(tmp_path, "notifies_in_io")).device()
        client = device.add_client()
        device.start(client)
        device.cycle(frames=512)
        with pytest.raises(HostError, match="called PropertiesChanged inside an IO operation") as caught:
            hal.pump()
    assert not isinstance(caught.value, RealtimeViolation)


def test_a_record_that_somebody_else_took(forbidden, monkeypatch):
    monkeypatch.setattr(_guard._package, "violations", lambda since, thread: [])
    with Host() as hal:
        device = hal.load(forbidden("do_")).device()
        with pytest.raises(HostError, match="its record is gone"):
            play(device)
    monkeypatch.undo()
    assert assert_no_alloc.violations()


def test_a_guard_of_another_interface_is_refused(monkeypatch):
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    table = (ctypes.c_uint32 * 64)(99)
    capsule = new(ctypes.addressof(table), b"assert_no_alloc._guard._C_API", None)
    monkeypatch.setattr(sys.modules["assert_no_alloc._guard"], "_C_API", capsule)
    with pytest.raises(UsageError, match="C API version 99, compiled for 1") as caught, Host():
        pass
    assert "guard=False" in caught.value.hint
    with Host(guard=False):
        pass


def test_a_buffers_guard_and_this_one_are_two_things():
    assert {"guard", "realtime"} <= set(_engine.FAULTS)


# --- commands and bundles ------------------------------------------------------------


def test_render_is_one_sentence_and_the_chain(forbidden, tmp_path, capsys):
    soundfile.write(tmp_path / "in.wav", numpy.zeros((2000, 2)), 48_000)
    command = ["render", str(forbidden("do_")), str(tmp_path / "in.wav"), str(tmp_path / "out.wav")]
    assert _cli.main(command) == 1
    error = capsys.readouterr().err.splitlines()
    assert error[0] == "error: offend calls malloc, which allocates or frees memory"
    assert error[-1].startswith("hint: ") and any("bad_do" in line for line in error)
    assert not (tmp_path / "out.wav").exists()
    assert _cli.main([*command, "--no-guard"]) == 0
    assert "  guard    off\n" in capsys.readouterr().out
    assert _cli.main(["render", str(forbidden("nowhere")), *command[2:]]) == 0
    assert "  guard    no forbidden call on the IO path\n" in capsys.readouterr().out


CATCH = """
import sys, numpy
from tympan.testing import Host, RealtimeViolation
with Host() as hal:
    device = hal.load(sys.argv[1]).device()
    try:
        device.render(numpy.full((3000, 2), 1.5, numpy.float32))
    except RealtimeViolation as error:
        print(error.violations[0].kind, str(error).splitlines()[0])
"""
SUBJECTS = {
    "malloc": "allocation rt_bad_malloc.pyx:{}: Malloc.process_io calls malloc, which allocates or frees memory",
    "with_gil": "GIL rt_bad_with_gil.pyx:{}: WithGil.process_io calls PyGILState_Ensure, which waits for the "
                "interpreter's lock",
    "zero_time_stamp": "allocation rt_bad_zero_time_stamp.",
}  # fmt: skip
STATEMENTS = {"malloc": "malloc(", "with_gil": "with gil:", "zero_time_stamp": ""}


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_stripped_bundle_is_read_with_what_the_bundler_kept(private_cache, tmp_path, name):
    """Its own interpreter's lock too, which is a mutex like any other but for the symbols; and a clock of its own."""
    from tympan.bundle import build_bundle, check_realtime

    source = shutil.copy(DRIVERS / f"rt_bad_{name}.pyx", tmp_path)
    allow = {item.subject: "to be caught later" for item in check_realtime(source).offences}
    bundle = build_bundle(source, tmp_path, allow=allow)
    line = next(n for n, text in enumerate(Path(source).read_text().splitlines(), 1) if STATEMENTS[name] in text)
    assert in_a_process(CATCH, bundle).startswith(SUBJECTS[name].format(line))


LAST = """
from libc.stdlib cimport free, malloc

from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Last(Driver):
    NAME, MANUFACTURER, VERSION = "Last", "tympan", "1.0"
    cdef void* memory

    def device(self):
        mono = StreamFormat.float32(48_000.0, channels=1)
        return DeviceSpec("com.example.Last", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(mono))

    def start_io(self):
        self.memory = malloc(8)

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        buffer.output[0] = 0
        cdef void* memory = self.memory
        self.memory = NULL
        free(memory)
"""


def test_a_driver_is_to_blame_though_its_last_call_took_its_place_on_the_stack(private_cache, tmp_path):
    from tympan.bundle import import_driver

    (tmp_path / "last.pyx").write_text(LAST)
    with Host() as hal:
        device = hal.attach(import_driver(tmp_path / "last.pyx")).device()
        with pytest.raises(RealtimeViolation) as caught:
            device.render(numpy.zeros((600, 1), numpy.float32))
    assert str(caught.value).splitlines()[0] in (
        "process_io ends with a call of free, which allocates or frees memory",
        "last.pyx:23: Last.process_io calls free, which allocates or frees memory",
    )
    assert "initialize" in caught.value.hint
