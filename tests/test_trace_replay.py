"""Replays: a recording is a test of the driver it was made with, and of every later one."""

import os
import re
import subprocess
import sys

import pytest
from c_drivers.build import make_bundle, make_defect
from subjects import build as subjects

from tympan import _cli
from tympan._errors import UsageError
from tympan.testing import Host
from tympan.testing._status import code
from tympan.testing._trace_read import Call, _Reader, read_trace
from tympan.testing._trace_replay import replay


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("floor"), "Floor")


@pytest.fixture(scope="module")
def session(tmp_path_factory, floor):
    """The trace of one whole session with the floor driver, with its audio, made in a process of its own."""
    path = tmp_path_factory.mktemp("session") / "floor.trace"
    record(floor, path, "--audio", "--seconds", "1")
    return path


def record(bundle, path, *options):
    command = [sys.executable, "-m", "tympan", "trace", "record", str(bundle), "-o", str(path), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=dict(os.environ))


def replayed(trace, *bundles):
    """(exit code, output) of the command in a process of its own, as its drivers keep state."""
    command = [sys.executable, "-m", "tympan", "trace", "replay", str(trace), *map(str, bundles)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def test_the_same_driver_answers_the_same(session, floor):
    assert replayed(session, floor) == (0, f"{read_trace(session).count} calls replayed: all answered as recorded\n")


@pytest.mark.parametrize("name", ["correct", "minimal"])
def test_other_drivers_answer_the_same(tmp_path, name):
    """With boxes, controls, storage, several devices, notifications from a queue."""
    bundle = subjects.bundle(name)
    record(bundle, tmp_path / "t", "--seconds", "0.2", "--audio")
    status, said = replayed(tmp_path / "t", bundle)
    assert (status, said.split(": ")[-1]) == (0, "all answered as recorded\n")


def test_a_different_answer_is_found(session, tmp_path):
    other = make_bundle(tmp_path, "Later", defines=("LATENCY=64",))
    status, said = replayed(session, other)
    assert status == 1
    first = said.splitlines()[0]
    assert "GetPropertyData(object 2, 'ltnc', inpt, 4 bytes of room) -> 0: now -> 64" in first
    assert first.startswith("call ") and " at 1.000000007 s, " in first


@pytest.mark.parametrize(
    ("defect", "sentence"),
    [
        ("read_leaves_frame", "DoIOOperation(device 2, stream 3"),
        ("stamp_one_off", "GetZeroTimeStamp(device 2"),
        ("getter_notifies", "the driver called PropertiesChanged(3, 1, [['sact', 'glob', 0]]), which the recording"),
        ("small_period", "GetPropertyData(object 2, 'ring', 4 bytes of room) -> 16384: now -> 4096"),
        ("no_hidden_property", "HasProperty(object 2, 'hidn') -> yes: now -> no"),
        ("do_fails", "DoIOOperation(device 2"),
    ],
)
def test_a_defect_is_found(session, tmp_path, defect, sentence):
    status, said = replayed(session, make_defect(tmp_path, defect))
    assert status == 1 and sentence in said, said
    assert re.fullmatch(r"\d+ calls replayed: \d+ differ", said.splitlines()[-1])


def test_a_call_that_does_not_come_is_found(tmp_path, floor):
    """Recorded with a driver that notifies from a getter, replayed with one that does not."""
    noisy = make_defect(tmp_path, "getter_notifies")
    record(noisy, tmp_path / "t", "--seconds", "0")
    status, said = replayed(tmp_path / "t", floor)
    assert status == 1
    assert "host.PropertiesChanged(object 3, 'sact' glob 0) -> 0: the driver did not call it inside call" in said


@pytest.mark.parametrize(
    "options",
    [
        {"config_change": "now"},
        {"config_change": "abort"},
        {"config_change": "refuse"},
        {"config_change": "thread", "queue": "thread"},
        {"timebase": (125, 3)},
    ],
)
def test_sessions_of_other_kinds(tmp_path, options):
    """Each in its own process: the calls that a driver makes on other threads come when they come."""
    bundle = subjects.bundle("correct")
    script = f"""
from tympan.testing import Host
from tympan.testing._trace_scenario import play
with Host(trace={str(tmp_path / "t")!r}, **{options!r}) as hal:
    play(hal.load({str(bundle)!r}), seconds=0.1)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert read_trace(tmp_path / "t").timebase == options.get("timebase", (1, 1))
    status, said = replayed(tmp_path / "t", bundle)
    assert status == 0, said


@pytest.mark.parametrize("raced", [False, True])
def test_calls_that_overlapped_are_not_judged(session, tmp_path, raced):
    """Each could have seen the other's effect or not."""
    trace = read_trace(session)
    call = next(call for _, call in trace.walk() if call.name == "GetPropertyData" and call.answer["data"])
    call.answer, call.raced = call.answer | {"data": "00"}, raced
    player = replay(trace, [make_bundle(tmp_path, "Floor")])
    assert (len(player.differences), player.raced) == ((0, 1) if raced else (1, 0))


def test_which_calls_overlapped(session):
    """One is open on thread 1; of those that begin on thread 2 only the driver's own and only of that driver count."""
    reader = _Reader(read_trace(session), b"")
    first = Call(1, 1, 0, 14, "GetPropertyData", {}, 0)
    reader.open = {1: [first]}
    begun = [Call(2, 2, 0, 32, "PropertiesChanged", {}, 0), Call(3, 2, 1, 14, "GetPropertyData", {}, 0)]
    for call in begun:
        reader._note_race(call)
    assert not any(call.raced for call in [first, *begun])
    same_thread, other = (Call(4, thread, 0, 14, "GetPropertyData", {}, 0) for thread in (1, 2))
    reader._note_race(same_thread)
    assert not same_thread.raced
    reader._note_race(other)
    assert first.raced and other.raced


def test_a_session_without_its_audio(tmp_path, floor):
    """What was played is not in the trace, so what came back is not compared, and that is said."""
    record(floor, tmp_path / "t", "--seconds", "0.1")
    status, said = replayed(tmp_path / "t", floor)
    assert status == 0
    compared = said.splitlines()[-1]
    assert re.fullmatch(r"\d+ buffers were not compared, as the trace has no audio: record it with --audio", compared)
    assert int(compared.split()[0]) > 5


def test_pointers_that_are_missing_are_missing_again(tmp_path, floor):
    with Host(trace=tmp_path / "t") as hal:
        table = hal.load(floor).table
        for what in ("address-has", "out-settable", "out-get-data", "data-set", "driver-has"):
            table.property_with_null(what, 2, code("nsrt"))
        table.query_interface(bytes(16))
        table.query_interface(bytes(16), null=True)
        table.create_device()
    assert replay(read_trace(tmp_path / "t"), [floor]).differences == []


def test_as_many_drivers_as_were_recorded(session, floor):
    with pytest.raises(UsageError, match=r"the trace has 1 drivers \(Floor.driver\), not 2"):
        replay(read_trace(session), [floor, floor])


def test_a_trace_that_was_cut_is_replayed_and_an_error(session, tmp_path, floor, capsys):
    data = session.read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) // 3])
    assert _cli.main(["trace", "replay", str(tmp_path / "cut"), str(floor)]) == 2
    said = capsys.readouterr()
    assert "calls replayed: " in said.out and "it was cut, or its session crashed" in said.err
