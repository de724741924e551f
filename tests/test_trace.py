"""Traces: what is recorded, read back, printed and exported; damaged and foreign files. (Not replays.)"""

import json
import os
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy
import pytest
from c_drivers.build import HERE, make_bundle, make_defect

from tympan import _cli
from tympan._errors import UsageError
from tympan.testing import Host, _values
from tympan.testing._contents import content_of, make
from tympan.testing._status import code
from tympan.testing._trace import audio_hash
from tympan.testing._trace_export import chrome_events
from tympan.testing._trace_print import lines
from tympan.testing._trace_read import read_trace
from tympan.testing._trace_scenario import play


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("floor"), "Floor")


def recorded(path, bundle, session, **options):
    """The trace of ``session(hal, plugin)``."""
    with Host(trace=path, **options) as hal:
        session(hal, hal.load(bundle))
    return read_trace(path)


def calls(trace, name):
    return [call for _, call in trace.walk() if call.name == name]


def audio(frames, seed=0):
    return numpy.random.default_rng(seed).uniform(-1, 1, (frames, 2)).astype(numpy.float32)


# ---- what is in it ----


def test_every_argument_and_answer_of_property_calls(tmp_path, floor):
    def session(hal, plugin):
        plugin.table.get(2, code("nsrt"), code("glob"), 0, b"", 8, b"", 77)
        plugin.table.get(2, code("nsrt"), code("inpt"), 3, b"abc", 16)
        plugin.table.set(3, code("sact"), code("glob"), 0, struct.pack("<I", 0))
        plugin.table.settable(2, code("nsrt"), code("glob"), 0)
        plugin.table.size(2, code("nsr#"), code("glob"), 0)
        plugin.table.has(2, 0x01020304, 0xFFFFFFFF, 0xFFFFFFFF, -5)

    trace = recorded(tmp_path / "t", floor, session)
    first, second = calls(trace, "GetPropertyData")[:2]
    asked = {"object": 2, "pid": 77, "selector": "nsrt", "scope": "glob", "element": 0}
    assert first.arguments == {**asked, "qualifier": "", "capacity": 8, "data": ""}
    assert first.answer == {"status": 0, "size": 8, "data": struct.pack("<d", 48000.0).hex()}
    asked = {"object": 2, "pid": 0, "selector": "nsrt", "scope": "inpt", "element": 3}
    assert second.arguments == {**asked, "qualifier": "616263", "capacity": 16, "data": ""}
    assert second.answer == {"status": code("who?"), "size": 0, "data": ""}
    (put,) = calls(trace, "SetPropertyData")
    assert (put.arguments["data"], put.answer) == ("00000000", {"status": 0})
    assert calls(trace, "IsPropertySettable")[0].answer == {"status": 0, "settable": True}
    sizes = [call.answer for call in calls(trace, "GetPropertyDataSize") if call.arguments["selector"] == "nsr#"]
    assert sizes == [{"status": 0, "size": 96}]
    odd = calls(trace, "HasProperty")[-1].arguments
    assert odd == {"object": 2, "pid": -5, "selector": "0x01020304", "scope": "0xffffffff", "element": 0xFFFFFFFF}


def test_references_are_written_by_content(tmp_path, floor):
    def session(hal, plugin):
        assert plugin.device().name == "Floor"
        with plugin.with_string("org.tympan.floor") as qualifier:
            assert plugin.get_uint32(plugin, "uidd", qualifier=qualifier) == 2
        with plugin.with_string("Nämé 🎵") as qualifier:
            plugin.get_uint32(plugin, "uidd", qualifier=qualifier)

    trace = recorded(tmp_path / "t", floor, session)
    values = {call.arguments["selector"]: call for call in calls(trace, "GetPropertyData")}
    assert values["lnam"].answer == {"status": 0, "size": 8, "data": {"string": "Floor"}}
    gets = [call.arguments for call in calls(trace, "GetPropertyData")]
    asked = [given["qualifier"] for given in gets if given["selector"] == "uidd"]
    assert asked == [{"string": "org.tympan.floor"}, {"string": "Nämé 🎵"}]


@pytest.mark.parametrize(
    "value", ["text", "ü\0🎵" * 500, [1, 2.5, True, b"\x00\xff"], {"b": {"a": [-1]}, "a": "x"}, 2**63, 0.1]
)
def test_content_of_property_lists(value):
    address = _values.to_cf(value)
    found = content_of(address)
    assert json.loads(json.dumps(found)) == found
    again = make(found)
    assert _values.from_cf(again) == value
    _values.release(address)
    _values.release(again)


def test_pointers_that_are_missing(tmp_path, floor):
    def session(hal, plugin):
        for what in ("address-get", "out-size", "out-get-size", "out-get-data", "data-set", "driver-has"):
            plugin.table.property_with_null(what, 2, code("nsrt"))

    trace = recorded(tmp_path / "t", floor, session)
    missing = [call.arguments["null"] for _, call in trace.walk() if "null" in call.arguments]
    assert missing == [["address"], ["out"], ["out_2"], ["data"], ["data"], ["driver"]]
    assert calls(trace, "SetPropertyData")[0].arguments["data_size"] == 8


def test_calls_of_the_driver_are_inside_those_of_the_host(tmp_path, floor):
    trace = recorded(tmp_path / "t", floor, lambda hal, plugin: plugin.set_uint32(3, "sact", 0))
    (put,) = calls(trace, "SetPropertyData")
    (notified,) = put.calls
    assert notified.to_host and notified.name == "PropertiesChanged"
    assert notified.arguments == {"object": 3, "count": 1, "addresses": [["sact", "glob", 0]]}
    assert [inner.name for inner in notified.calls] == ["HasProperty", "GetPropertyDataSize", "GetPropertyData"]


@pytest.mark.parametrize(("change", "inside"), [("now", True), ("deferred", False)])
def test_a_configuration_change(tmp_path, floor, change, inside):
    def session(hal, plugin):
        plugin.device().set_sample_rate(96_000.0)

    trace = recorded(tmp_path / "t", floor, session, config_change=change)
    (request,) = calls(trace, "RequestDeviceConfigurationChange")
    (perform,) = calls(trace, "PerformDeviceConfigurationChange")
    assert request.arguments == perform.arguments == {"device": 2, "action": 96_000, "info": 0}
    assert any(inner.name == perform.name for inner in request.calls) == inside
    steps = [call.arguments["step"] for call in calls(trace, "step")]
    assert set(steps) == {"pump"}


def test_io_calls(tmp_path, floor):
    """Counters count, times go on by the frames of the cycle, buffers are named by XXH64."""

    def session(hal, plugin):
        plugin.device().render(played, buffer=256)

    played = audio(1024)
    trace = recorded(tmp_path / "t", floor, session)
    writes = [call for call in calls(trace, "DoIOOperation") if call.arguments["operation"] == "rite"]
    assert len(writes) == 6  # 1024 frames, and the delay of two buffers
    for i, call in enumerate(writes[:4]):
        given = call.arguments
        part = played[256 * i : 256 * (i + 1)]
        assert (given["stream"], given["frames"], given["bytes"], given["null"]) == (4, 256, 2048, ["second"])
        assert given["main"] == {"hash": f"{audio_hash(part.view(numpy.uint8).reshape(-1)):016x}"}
        assert call.answer == {"status": 0, "main": "same", "second": None}
        cycle = bytes.fromhex(given["cycle"])
        assert struct.unpack_from("<QI", cycle) == (i + 1, 256)
        now, read, written = (struct.unpack_from("<d", cycle, place)[0] for place in (16, 80, 144))
        assert (read, written) == (now - 256, now + 256)
        assert struct.unpack_from("<d", cycle, 208)[0] == pytest.approx(1e9 / 48_000)
    reads = [call for call in calls(trace, "DoIOOperation") if call.arguments["operation"] == "read"]
    assert [call.answer["main"] for call in reads[:2]] == ["silence", "silence"]
    assert [call.answer["main"] for call in reads[2:]] == [call.arguments["main"] for call in writes[:4]]
    stamps = calls(trace, "GetZeroTimeStamp")
    assert all(call.answer["sample"] == 0.0 and call.answer["host"] <= call.time for call in stamps)


@pytest.mark.parametrize(
    ("data", "digest"), [(b"", "ef46db3751d8e999"), (b"a", "d24ec4f1a98c6e5b"), (b"abc", "44bc2cf5ad770999")]
)
def test_hashes_are_those_of_xxhash(data, digest):
    assert f"{audio_hash(data):016x}" == digest


def test_audio_is_kept_when_wanted(tmp_path, floor):
    played = audio(64)
    def session(hal, plugin):
        plugin.device().render(played, buffer=64)

    trace = recorded(tmp_path / "t", floor, session, trace_audio=True)
    writes = [call.arguments["main"] for call in calls(trace, "DoIOOperation") if call.arguments["operation"] == "rite"]
    assert bytes.fromhex(writes[0]) == played.tobytes()
    assert trace.has_audio


def test_threads_are_numbered_as_they_come(tmp_path, floor):
    def session(hal, plugin):
        plugin.device().set_sample_rate(96_000.0)

    trace = recorded(tmp_path / "t", floor, session, queue="thread", config_change="thread")
    assert calls(trace, "Initialize")[0].thread == 1
    assert {call.thread for _, call in trace.walk()} == {1, 2, 3}


def test_two_drivers_in_one_trace(tmp_path, floor):
    other = make_bundle(tmp_path, "Other", defines=("FLOOR_FACTORY=OtherFactory", 'FLOOR_UID="other"'), info=None)
    plist = other / "Contents" / "Info.plist"
    plist.write_bytes(plist.read_bytes().replace(b"FloorFactory", b"OtherFactory"))
    with Host(trace=tmp_path / "t") as hal:
        first, second = hal.load(floor), hal.load(other)
        assert (second.device().uid, first.device().uid) == ("other", "org.tympan.floor")
        assert hal.load(floor) is first
    trace = read_trace(tmp_path / "t")
    assert trace.drivers == {0: "Floor.driver", 1: "Other.driver"}
    uids = [(call.driver, call.answer["data"]["string"]) for call in calls(trace, "GetPropertyData")
            if call.arguments["selector"] == "uid "]  # fmt: skip
    assert uids == [(1, "other"), (0, "org.tympan.floor")]


def test_a_recording_is_no_violation_of_the_drivers(tmp_path, floor):
    """Long enough to make the file longer in the middle of a cycle, while every realtime call is guarded."""

    def session(hal, plugin):
        plugin.device().render(audio(48_000 * 20), buffer=16)

    trace = recorded(tmp_path / "t", floor, session, guard=True)
    assert (tmp_path / "t").stat().st_size > 8 << 20 and trace.problem == ""


# ---- how large, and the same every time ----

SESSION = """
import sys
from tympan.testing import Host
from tympan.testing._trace_scenario import play
with Host(trace=sys.argv[2]) as hal:
    play(hal.load(sys.argv[1]), seed=int(sys.argv[3]), seconds=0.5)
"""


def session_in_a_process(bundle, path, seed):
    environment = dict(os.environ, PYTHONHASHSEED=str(seed % 7))
    subprocess.run([sys.executable, "-c", SESSION, bundle, path, str(seed)], check=True, env=environment)
    return path.read_bytes()


def test_same_seed_same_bytes(tmp_path, floor):
    one, two = (session_in_a_process(floor, tmp_path / name, 3) for name in "ab")
    assert one == two
    assert session_in_a_process(floor, tmp_path / "c", 4) != one


def test_bytes_per_call(tmp_path, floor):
    trace = recorded(tmp_path / "t", floor, lambda hal, plugin: play(plugin))
    assert trace.count > 2000
    assert (tmp_path / "t").stat().st_size / trace.count < 32


# ---- files that are none, or were cut ----


def test_a_crash_leaves_a_trace(tmp_path):
    bundle = make_bundle(tmp_path, "Crash", HERE / "fuzz_teeth.c", ["TOOTH=qualifier_of_three"])
    script = f"""
from tympan.testing import Host
from tympan.testing._status import code
with Host(trace={str(tmp_path / "t")!r}) as hal:
    plugin = hal.load({str(bundle)!r})
    plugin.device().name
    plugin.table.get(1, code("uidd"), code("glob"), 0, b"abc", 4)
"""
    assert subprocess.run([sys.executable, "-c", script], stderr=subprocess.DEVNULL).returncode < 0
    trace = read_trace(tmp_path / "t")
    last = [call for _, call in trace.walk()][-1]
    assert (last.name, last.arguments["qualifier"], last.answer) == ("GetPropertyData", "616263", None)
    assert trace.problem.endswith(f"ends after call {trace.count}: it was cut, or its session crashed")


def test_a_cut_trace_is_known(tmp_path, floor):
    data = whole(tmp_path, floor)
    for size in {*range(200), *range(200, len(data), 97), *range(len(data) - 12, len(data))}:
        assert problem_of(tmp_path, data[:size]), size
    assert not problem_of(tmp_path, data)


def test_a_changed_trace_is_known(tmp_path, floor):
    data = whole(tmp_path, floor)
    choose = numpy.random.default_rng(1)
    for place in choose.integers(0, len(data), 300):
        changed = bytearray(data)
        changed[place] ^= 1 << int(choose.integers(0, 8))
        assert problem_of(tmp_path, changed), place
    assert problem_of(tmp_path, data + b"\0")


def whole(folder, bundle):
    recorded(folder / "whole", bundle, lambda hal, plugin: plugin.device().render(audio(600), buffer=64))
    return (folder / "whole").read_bytes()


def problem_of(folder, data):
    """The sentence about a trace's bytes, or ""."""
    (folder / "part").write_bytes(data)
    try:
        return read_trace(folder / "part").problem
    except UsageError as error:
        return str(error)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is not a trace of tympan"),
        (b"RIFF....WAVEfmt " * 4, "is not a trace of tympan"),
        (b'{"traceEvents": []}' * 4, "is not a trace of tympan"),
        (b"\x89TYMTRC\n\x02\0\0\0\1\0\0\0\1\0\0\0", "is a trace of format 2; this tympan reads format 1"),
        (b"\x89TYMTRC\n\x01\0\0\0\0\0\0\0\1\0\0\0", "is a damaged trace: its first bytes make no sense"),
    ],
)
@pytest.mark.parametrize("command", [["print"], ["export", "-o", "out.json"], ["replay", "no.driver"]])
def test_foreign_files(tmp_path, monkeypatch, capsys, command, data, sentence):
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(data)
    assert _cli.main(["trace", command[0], "file", *command[1:]]) == 2
    assert capsys.readouterr().err == f"error: file {sentence}\nhint: Give the file that `trace record` wrote.\n"


def test_places_that_cannot_be_written(tmp_path, floor, capsys):
    assert _cli.main(["trace", "record", str(floor), "-o", str(tmp_path / "no" / "t")]) == 2
    assert "cannot be written: No such file or directory" in capsys.readouterr().err
    assert _cli.main(["trace", "record", str(floor), "-o", str(tmp_path / "t"), "--seconds", "-1"]) == 2


# ---- for people, and for Perfetto ----


def test_print(tmp_path, floor, capsys):
    path = tmp_path / "t"
    assert _cli.main(["trace", "record", str(floor), "-o", str(path), "--seconds", "0.1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Wrote {path} (") and said.endswith(" per call)\n")
    assert _cli.main(["trace", "print", str(path)]) == 0
    out = capsys.readouterr().out
    for line in (
        "1.000000007  1  Initialize() -> 0\n",
        "GetPropertyData(object 2, 'uid ', 8 bytes of room) -> \"org.tympan.floor\"\n",
        "GetPropertyData(object 3, 'pft ', 40 bytes of room) -> float32 x 2 at 48000 Hz\n",
        "HasProperty(object 1, 'bcls', inpt) -> no\n",
        'AddDeviceClient(device 2, client 2, pid 502, NULL) -> 0\n',
        "GetZeroTimeStamp(device 2, client 1) -> sample 0 at 1000000007, seed ",
        "  1  -- pump\n",
        "host.RequestDeviceConfigurationChange(device 2, action 44100) -> 0\n",
    ):
        assert line in out
    assert "cycle 1: now 0, input -1024, output 1024" in out


def test_print_as_json(tmp_path, floor, capsys):
    trace = recorded(tmp_path / "t", floor, lambda hal, plugin: plugin.set_uint32(3, "sact", 0))
    assert _cli.main(["trace", "print", "--json", str(tmp_path / "t")]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == trace.count
    (put,) = (call for call in found if call.get("call") == "SetPropertyData")
    (notified,) = (call for call in found if call.get("call") == "PropertiesChanged")
    assert (put["data"], put["depth"], notified["depth"], put["answer"]) == ("00000000", 0, 1, {"status": 0})


def test_a_cut_trace_is_printed_as_far_as_it_goes(tmp_path, floor, capsys):
    data = whole(tmp_path, floor)
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    assert _cli.main(["trace", "print", str(tmp_path / "cut")]) == 2
    said = capsys.readouterr()
    assert said.out.count("\n") > 20 and "it was cut, or its session crashed" in said.err


#: What the Trace Event Format and Perfetto's page about it say of each phase.
REQUIRED = {
    "X": {"name", "cat", "ph", "ts", "dur", "pid", "tid", "args"},
    "i": {"name", "ph", "ts", "pid", "tid", "s"},
    "C": {"name", "ph", "ts", "pid", "tid", "args"},
    "M": {"name", "ph", "pid", "tid", "args"},
}


@pytest.mark.parametrize("options", [{}, {"config_change": "now"}, {"queue": "thread", "config_change": "thread"}])
def test_export(tmp_path, floor, capsys, options):
    trace = recorded(tmp_path / "t", floor, lambda hal, plugin: play(plugin, seconds=0.2), **options)
    assert _cli.main(["trace", "export", str(tmp_path / "t"), "-o", str(tmp_path / "out.json")]) == 0
    document = json.loads((tmp_path / "out.json").read_text())
    events = document["traceEvents"]
    assert document["displayTimeUnit"] == "ns" and f"({len(events)} events)" in capsys.readouterr().out
    for event in events:
        assert set(event) == REQUIRED[event["ph"]]
        assert isinstance(event["pid"], int) and isinstance(event["tid"], int)
        assert event["ph"] == "M" or event["ts"] > 0
    counts = Counter(event["ph"] for event in events)
    assert counts["X"] + counts["i"] == trace.count
    assert [event["args"]["name"] for event in events if event["name"] == "process_name"] == ["Floor.driver"]
    assert [event["args"]["started"] for event in events if event["ph"] == "C"][:3] == [1, 2, 1]
    assert_nested(events)


def assert_nested(events):
    """Slices of a thread are inside or beside each other, and in order: Perfetto draws no others."""
    for thread in {(event["pid"], event["tid"]) for event in events}:
        open_ends, last = [], 0.0
        for event in events:
            if (event["pid"], event["tid"]) != thread or event["ph"] != "X":
                continue
            assert event["ts"] > last
            last = event["ts"]
            while open_ends and open_ends[-1] <= event["ts"]:
                open_ends.pop()
            end = event["ts"] + event["dur"]
            assert not open_ends or end < open_ends[-1] + 1e-4
            open_ends.append(end)


def test_a_call_that_never_answered_is_a_slice_that_never_ends(tmp_path, floor):
    trace = recorded(tmp_path / "t", floor, lambda hal, plugin: plugin.device())
    trace.calls[-2].answer = None
    phases = [event["ph"] for event in chrome_events(trace)]
    assert phases.count("B") == 1
    assert any(line.endswith("never answered") for line in lines(trace))


def test_defects_show_in_a_trace(tmp_path):
    """What another driver answers is what is written: this one notifies from a getter."""
    bundle = make_defect(tmp_path, "getter_notifies")
    trace = recorded(tmp_path / "t", bundle, lambda hal, plugin: plugin.device().latency("inpt"))
    getter = next(call for call in calls(trace, "GetPropertyData") if call.arguments["selector"] == "ltnc")
    assert [inner.name for inner in getter.calls] == ["PropertiesChanged"]
