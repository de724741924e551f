"""The fuzzer: what it finds, shortens and repeats; that the same seed does the same; scripts and the command."""

import json
import shutil
from pathlib import Path

import pytest
from c_drivers.build import HERE, compile_driver, make_bundle
from c_drivers.build import plist as plist_of
from hypothesis import given, settings
from hypothesis import strategies as some
from subjects import build as subjects

from tympan import _cli
from tympan._errors import UsageError
from tympan.testing import Host
from tympan.testing._call import Caller
from tympan.testing._call_pack import pack, pack_all, read_script, script_text, unpack, unpack_all
from tympan.testing._calls import CALLS, PROPERTIES, TYPES
from tympan.testing._fuzz_session import ALL_GROUPS, GROUPS, Worker, fuzz, repeat

CALLS_IN_A_TEST = 30_000


@pytest.fixture(scope="module")
def tooth(tmp_path_factory):
    """The driver of fuzz_teeth.c with one thing wrong."""
    folder = tmp_path_factory.mktemp("teeth")

    def build(name):
        made = folder / f"{name}.driver"
        return made if made.exists() else make_bundle(folder, name, HERE / "fuzz_teeth.c", [f"TOOTH={name}"])

    return build


# ---- what is right ----


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("subject", ["correct", "minimal"])
def test_a_correct_driver_passes(subject, threads):
    outcome = fuzz(subjects.bundle(subject), CALLS_IN_A_TEST, seed=2, threads=threads)
    assert outcome.failure is None
    assert outcome.report["calls"] >= CALLS_IN_A_TEST


def test_every_function_is_called_and_most_calls_succeed(tooth):
    outcome = fuzz(tooth("none"), CALLS_IN_A_TEST, seed=1)
    assert outcome.failure is None
    counts = outcome.report["per_slot"]
    assert all(counts[slot] > 20 for slot in CALLS if slot != 4), counts  # Initialize comes once, before
    assert 0.5 < outcome.report["succeeded"] / outcome.report["calls"] < 0.95


# ---- what is wrong ----

TEETH = {
    # tooth: kind of failure, function, most calls of the script, calls, seed
    "qualifier_of_three": ("crash", "GetPropertyData", 1, 200_000, 1),
    "writes_past": ("wrote-beyond", "GetPropertyData", 1, 20_000, 1),
    "writes_before": ("wrote-beyond", "GetPropertyData", 1, 20_000, 1),
    "says_more": ("too-long", "GetPropertyData", 1, 20_000, 1),
    "leaks_rarely": ("leak", "", 1, 50_000, 1),
    "releases_twice": ("bad-reference", "GetPropertyData", 2, 50_000, 1),
    "hangs": ("hang", "SetPropertyData", 1, 100_000, 1),
    "exits": ("exit", "idle", 2, 50_000, 1),
    "garbage_status": ("bad-status", "GetPropertyData", 1, 20_000, 1),
    "no_string": ("bad-reference", "GetPropertyData", 1, 20_000, 1),
    "writes_qualifier": ("wrote-input", "GetPropertyData", 1, 20_000, 1),
    "notifies_in_io": ("host-call", "DoIOOperation", 1, 20_000, 1),
    "stamp_in_future": ("bad-stamp", "GetZeroTimeStamp", 3, 20_000, 1),
    "needs_a_sequence": ("crash", "idle", 5, 200_000, 1),
}


@pytest.mark.parametrize("name", TEETH)
def test_what_is_wrong_is_found_shortened_and_repeated(tooth, name):
    kind, function, most, calls, seed = TEETH[name]
    outcome = fuzz(tooth(name), calls, seed=seed, timeout=1.0 if kind == "hang" else 10.0)
    assert outcome.failure is not None, "not found"
    assert outcome.failure.key == (kind, function)
    assert outcome.minimised and 1 <= len(outcome.script) <= most, outcome.script
    again = repeat(tooth(name), outcome.script, timeout=1.0)
    assert again.key == outcome.failure.key
    assert repeat(tooth("none"), outcome.script, timeout=1.0) is None


def test_the_words_say_what_is_wrong(tooth):
    outcome = fuzz(tooth("says_more"), 20_000, seed=1)
    assert "it says that it wrote 8 bytes into" in str(outcome.failure)
    assert outcome.script[0]["selector"] == "stm#"
    outcome = fuzz(tooth("leaks_rarely"), 50_000, seed=1)
    assert "leaked: CFString" in outcome.failure.text
    assert len(outcome.script[0]["qualifier"]["string"]) > 100


def test_two_threads_that_wait_for_each_other(tooth):
    outcome = fuzz(tooth("deadlocks"), 100_000, seed=1, threads=2, timeout=1.0)
    assert outcome.failure.kind == "hang"
    assert len(outcome.tails) == 2 and all(outcome.tails)
    assert outcome.minimised and len(outcome.script) == 2
    assert {call["thread"] for call in outcome.script} == {1, 2}
    assert [call["call"] for call in outcome.script] == ["SetPropertyData"] * 2
    assert {call["object"] for call in outcome.script} == {3, 4}
    assert repeat(tooth("deadlocks"), outcome.script, rounds=3000, timeout=1.0).kind == "hang"
    one = [{key: value for key, value in call.items() if key != "thread"} for call in outcome.script]
    assert repeat(tooth("deadlocks"), one, timeout=1.0) is None


#: Defects of tests/subjects/defects.toml: what they are to the fuzzer, and the calls it takes at most.
DEFECTS = {
    "null-address-crashes": ("crash", 10_000),
    "client-without-bundle-crashes": ("crash", 10_000),
    "unknown-client-crashes": ("crash", 10_000),
    "null-cycle-crashes": ("crash", 20_000),
    "write-before-start-crashes": ("crash", 10_000),
    "io-after-stop-crashes": ("crash", 10_000),
    "timebase-divided-as-integers": ("crash", 10_000),
    "list-ignores-capacity": ("too-long", 20_000),
    "notifies-under-lock": ("hang", 20_000),
    "client-string-leaked": ("leak", 20_000),
    "string-is-bytes": ("bad-reference", 20_000),
    "notifies-from-io": ("host-call", 20_000),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_defects_of_an_independent_driver(monkeypatch, defect):
    kind, calls = DEFECTS[defect]
    bundle, environment = subjects.subject(defect)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    outcome = fuzz(bundle, calls, seed=3, timeout=1.0)
    assert outcome.failure is not None and outcome.failure.kind == kind, outcome.failure
    assert outcome.minimised and len(outcome.script) <= 4, outcome.script


# ---- repeatable ----


def test_the_same_seed_makes_the_same_calls(tooth):
    outcomes = [fuzz(tooth("none"), 20_000, seed=seed, minimise=False) for seed in (7, 7, 8)]
    counts = [(outcome.report["per_slot"], outcome.report["succeeded"]) for outcome in outcomes]
    assert counts[0] == counts[1] != counts[2]


def test_the_same_seed_finds_the_same(tooth):
    one, two = (fuzz(tooth("exits"), 50_000, seed=1) for _ in range(2))
    assert (one.report["calls"], one.script) == (two.report["calls"], two.script)


def test_the_log_is_what_was_done(tooth):
    """The calls of a run, played as a script, are the same calls with the same answers."""
    with Worker(tooth("none")) as worker:
        first = worker.run(calls=900, seed=4)
        script = unpack_all(worker.shared.log(0))
        second = worker.run(script=script)
    assert (first["per_slot"], first["succeeded"]) == (second["per_slot"], second["succeeded"])


# ---- coverage ----


def instrumented(folder, name, flags):
    """The driver with a defect that only the right six bytes reach, one after the other."""
    names = ["clang", *(f"clang-{version}" for version in range(30, 13, -1))]
    clang = next(filter(shutil.which, names), None)
    if clang is None:
        pytest.skip("coverage needs clang")
    bundle = make_bundle(folder, name, HERE / "fuzz_teeth.c", ["TOOTH=deep"])
    with pytest.MonkeyPatch.context() as patch:
        wrapper = folder / f"cc-{name}"
        wrapper.write_text(f'#!/bin/sh\nexec {clang} {flags} -w "$@"\n')
        wrapper.chmod(0o755)
        patch.setenv("CC", str(wrapper))
        compile_driver(HERE / "fuzz_teeth.c", bundle / "Contents" / "MacOS" / name, "TOOTH=deep")
    return bundle


@pytest.mark.parametrize(
    "flags", ["-fsanitize-coverage=inline-8bit-counters,pc-table", "-fsanitize-coverage=trace-pc-guard"]
)
def test_coverage_finds_what_chance_does_not(tmp_path, flags):
    bundle = instrumented(tmp_path, "Deep", flags)
    guided = fuzz(bundle, 200_000, seed=1)
    assert guided.failure is not None and guided.failure.kind == "crash"
    assert guided.minimised and guided.script[0]["data"].startswith("1f8b54594d50")
    assert guided.report["inputs"] > 1000 and 100 < guided.report["edges_met"] <= guided.report["edges"]
    assert fuzz(bundle, 200_000, seed=1, guided=False).failure is None


def test_a_guided_run_is_repeatable_and_goes_on_from_its_corpus(tmp_path):
    bundle = instrumented(tmp_path, "Corpus", "-fsanitize-coverage=inline-8bit-counters,pc-table")
    kept = []
    first = fuzz(bundle, 8_000, seed=1, keep=kept.append)
    again = fuzz(bundle, 8_000, seed=1)
    assert first.failure is None
    assert [first.report[key] for key in ("edges_met", "inputs", "corpus")] == [
        again.report[key] for key in ("edges_met", "inputs", "corpus")
    ]
    (inputs,) = kept
    assert len(inputs) == first.report["corpus"] > 5
    known = fuzz(bundle, 2_000, seed=9, corpus=inputs)
    new = fuzz(bundle, 2_000, seed=9)
    assert known.report["edges_met"] > new.report["edges_met"]


def test_without_instrumentation_there_is_no_guidance(tooth):
    assert fuzz(tooth("none"), 1000, guided=True).report["inputs"] == 0


# ---- the rules that it keeps ----


def test_groups_leave_out_what_they_say(tooth):
    def found(name, calls, without):
        return fuzz(tooth(name), calls, seed=1, groups=ALL_GROUPS - GROUPS[without], minimise=False).failure

    assert found("says_more", 20_000, "sizes") is None
    assert found("writes_qualifier", 20_000, "sizes") is not None  # a list of three classes is an even size
    assert found("garbage_status", 20_000, "nulls") is not None


def test_without_odd_orders_io_runs_only_between_start_and_stop(monkeypatch):
    for defect in ("write-before-start-crashes", "io-after-stop-crashes", "unknown-client-crashes"):
        bundle, environment = subjects.subject(defect)
        monkeypatch.setenv(*next(iter(environment.items())))
        kept = ALL_GROUPS - GROUPS["order"] - GROUPS["ids"]
        assert fuzz(bundle, CALLS_IN_A_TEST, seed=3, groups=kept, minimise=False).failure is None


def test_a_script_with_calls_out_of_order_leaves_them_out(tooth):
    """What was left out by --without stays out when a script is shortened or written by hand."""
    script = [{"call": "StopIO", "device": 2, "client": 1}]
    with Worker(tooth("none")) as worker:
        assert worker.run(script=script)["per_slot"][17] == 1
        assert worker.run(script=script, groups=ALL_GROUPS - GROUPS["order"])["per_slot"][17] == 0


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


# ---- the examples ----

EXAMPLES = ("gain", "lowpass", "minimal_loopback")


@pytest.fixture(scope="module")
def example(private_cache, tmp_path_factory):
    """An example as a bundle."""
    from tympan.bundle import build_bundle

    folder = tmp_path_factory.mktemp("examples")
    return lambda name: build_bundle(Path(__file__).parents[1] / "examples" / name, folder)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(example, name):
    bundle = example(name)
    for threads in (1, 4):
        assert fuzz(bundle, CALLS_IN_A_TEST, seed=1, threads=threads).failure is None


@pytest.mark.deep
@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", EXAMPLES)
def test_ten_million_calls(example, name, threads):
    outcome = fuzz(example(name), 10_000_000, seed=2026, threads=threads)
    print(f"{name}, {threads} threads: {outcome.report['calls']} calls in {outcome.seconds:.0f} s")
    assert outcome.failure is None, (outcome.failure, outcome.script)
    assert outcome.report["calls"] >= 10_000_000


@pytest.mark.deep
@pytest.mark.parametrize("name", ["correct", "minimal"])
def test_ten_million_calls_of_independent_drivers(name):
    assert fuzz(subjects.bundle(name), 10_000_000, seed=2026).failure is None


@pytest.mark.deep
def test_every_crash_and_hang_among_the_defects_is_found(monkeypatch):
    rows = {name: row for name, row in subjects.table().items() if row["outcome"] in ("crash", "hang")}
    missed = []
    for name, row in rows.items():
        bundle, environment = subjects.subject(name)
        with monkeypatch.context() as patch:
            for variable, value in environment.items():
                patch.setenv(variable, value)
            failure = fuzz(bundle, 1_000_000, seed=3, timeout=2.0, minimise=False).failure
        if failure is None:
            missed.append(f"{name} ({row['outcome']})")
    assert len(rows) > 10 and missed == []
