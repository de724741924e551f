"""The fuzzer's scripts, the memory that calls get, and the command."""

import json
from pathlib import Path

import pytest
from c_drivers.build import HERE, make_bundle
from c_drivers.build import plist as plist_of
from hypothesis import given, settings
from hypothesis import strategies as some
from teeth import builder, instrumented

from tympan import _cli
from tympan._errors import UsageError
from tympan.testing import Host
from tympan.testing._call import Caller
from tympan.testing._call_pack import pack, pack_all, read_script, script_text, unpack, unpack_all
from tympan.testing._calls import CALLS, PROPERTIES, TYPES


@pytest.fixture(scope="module")
def tooth(tmp_path_factory):
    return builder(tmp_path_factory.mktemp("teeth"))


# ---- memory ----


def test_memory_that_a_driver_gets_is_guarded(tooth):
    call = {"call": "GetPropertyData", "object": 2, "selector": "nsr#"}
    with Host(check_leaks=False) as hal:
        caller = Caller(hal.load(tooth("writes_past")).table.address)
        assert caller.make(pack(call | {"capacity": 96}))["fault"] is None
        assert caller.make(pack(call | {"capacity": 7}))["fault"] == "wrote-beyond"
        caller = Caller(hal.load(tooth("writes_before")).table.address)
        answer = caller.make(pack({"call": "GetPropertyData", "object": 1, "selector": "ownd", "capacity": 4}))
        assert (answer["fault"], answer["fact"] % 2) == ("wrote-beyond", 1)


@pytest.mark.parametrize("packed", [b"", bytes(40), pack({"call": "StartIO", "device": 1, "client": 1})[:-1]])
def test_calls_that_are_cut_are_refused(tooth, packed):
    with Host(check_leaks=False) as hal:
        caller = Caller(hal.load(tooth("none")).table.address)
        with pytest.raises(ValueError, match="shorter than it says"):
            caller.make(packed)


# ---- scripts ----

_codes = some.sampled_from(sorted(TYPES)) | some.integers(0, 0x1F).map(lambda number: f"0x{number:08x}")
_numbers = some.integers(0, 2**32 - 1)
_hex = some.binary(max_size=40).map(bytes.hex)
_values = _hex | some.text(max_size=20).filter(lambda text: "\0" not in text).map(lambda text: {"string": text})
_calls = some.one_of(
    some.fixed_dictionaries(
        {"call": some.just("GetPropertyData"), "object": _numbers, "selector": _codes, "capacity": _numbers},
        optional={"element": _numbers, "pid": some.integers(-(2**31), 2**31 - 1), "qualifier": _values,
                  "null": some.just(["address"]), "scope": some.sampled_from(["inpt", "outp"])},
    ),
    some.fixed_dictionaries(
        {"call": some.just("SetPropertyData"), "object": _numbers, "selector": _codes, "data": _values}
    ),
    some.fixed_dictionaries({"call": some.just("StartIO"), "device": _numbers, "client": _numbers}),
    some.fixed_dictionaries({"step": some.just("advance"), "ticks": some.integers(0, 2**64 - 1)}),
    some.fixed_dictionaries({"step": some.just("perform"), "stopped": some.booleans()}),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(some.lists(_calls, max_size=6))
def test_scripts_survive_packing_and_writing(calls):
    usual = [{key: value for key, value in call.items() if value not in (0, "", []) or key in ("ticks", "stopped")}
             for call in calls]  # fmt: skip
    found = [{key: value for key, value in call.items() if value not in (0, "", []) or key in ("ticks", "stopped")}
             for call in unpack_all(pack_all(calls))]  # fmt: skip
    assert found == usual
    assert [json.loads(line) for line in script_text(calls).splitlines()] == calls


def test_every_call_can_be_written_and_packed():
    for slot, (name, _) in CALLS.items():
        call = {"call": name, "selector": "nsrt", "operation": "read", "uuid": "00" * 16}
        known = set(CALLS[slot][1])
        packed = pack({key: value for key, value in call.items() if key == "call" or key in known})
        assert packed[0] == slot and unpack(packed)[0]["call"] == name
    assert len(" ".join(PROPERTIES.values()).replace(" ", "")) > 300


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello\n", "line 1 of"),
        ('{"step": "pump"}\n[]\n', "line 2 of"),
        ('{"call": "Frobnicate"}\n', "Frobnicate"),
        ('{"call": "StartIO", "object": 1}\n', "StartIO has no object"),
        ('{"call": "GetPropertyData", "selector": "toolong"}\n', "four characters"),
        ('{"call": "SetPropertyData", "selector": "nsrt", "data": "xy"}\n', "non-hexadecimal"),
        ('{"call": "GetPropertyData", "selector": "nsrt", "null": ["everything"]}\n', "everything"),
        ('{"step": "sleep"}\n', "sleep"),
    ],
)
def test_lines_that_are_no_calls(tmp_path, text, words):
    (tmp_path / "script").write_text(text)
    with pytest.raises(UsageError, match="is no call") as caught:
        read_script(tmp_path / "script")
    assert words in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read"):
        read_script(tmp_path / "nowhere")


# ---- the command ----


def run(capsys, *argv):
    code = _cli.main(["fuzz", *map(str, argv)])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


def test_command_that_finds_nothing(tooth, capsys):
    code, out, _ = run(capsys, tooth("none"), "--calls", 2000, "--seed", 5)
    assert code == 0
    assert out.startswith("2000 calls in ") and "% of them successful" in out


def test_command_that_finds_something(tooth, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, tooth("garbage_status"), "--calls", 5000)
    assert code == 1
    assert "FAILED  bad-status in GetPropertyData: it answered 2130711092 (0x7f001234), which is no status" in out
    assert "garbage_status-fuzz.jsonl repeats it with 1 calls" in out
    text = Path("garbage_status-fuzz.jsonl").read_text()
    assert text.startswith("# garbage_status.driver: bad-status in GetPropertyData")
    code, out, _ = run(capsys, tooth("garbage_status"), "--replay", "garbage_status-fuzz.jsonl")
    assert code == 1 and out.startswith("1 calls replayed: bad-status in GetPropertyData")
    code, out, _ = run(capsys, tooth("none"), "--replay", "garbage_status-fuzz.jsonl")
    assert (code, out) == (0, "1 calls replayed: nothing failed\n")


def test_time_ends_a_run(tooth, capsys):
    code, out, _ = run(capsys, tooth("none"), "--calls", 0, "--minutes", 0.01)
    assert code == 0 and int(out.split()[0]) > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--calls", "0"], "--calls 0 would never end"),
        (["--without", "nulls,colours"], "--without colours"),
        (["--threads", "17"], "17 threads"),
        (["--calls", "-1"], "a number from 0 on"),
        (["--replay", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
    ],
)
def test_bad_usage(tooth, capsys, arguments, words):
    code, _, err = run(capsys, tooth("none"), *arguments)
    assert code == 2 and words in err and "hint: " in err


def test_what_cannot_be_fuzzed(tmp_path, capsys):
    assert run(capsys, tmp_path / "no.driver")[0] == 2
    bundle = make_bundle(tmp_path, "Wrong", HERE / "fuzz_teeth.c", info=plist_of("Wrong", "NoSuchFactory"))
    code, _, err = run(capsys, bundle)
    assert code == 2 and "Wrong.driver cannot be fuzzed" in err and "exports no function NoSuchFactory" in err


def test_a_corpus_folder(tmp_path, capsys):
    bundle = instrumented(tmp_path, "Folder", "-fsanitize-coverage=inline-8bit-counters,pc-table")
    folder = tmp_path / "corpus"
    assert run(capsys, bundle, "--calls", 3000, "--corpus", folder)[0] == 0
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) > 5 and all(read_script(folder / name) for name in names)
    code, out, _ = run(capsys, bundle, "--calls", 3000, "--corpus", folder)
    assert code == 0 and int(out.split(" inputs, ")[1].split()[0]) >= len(names)
