"""The fuzzer: what it finds, shortens and repeats; the same seed does the same; coverage; what it keeps to."""

import pytest
from subjects import build as subjects
from teeth import builder, instrumented

from tympan.testing._call_pack import unpack_all
from tympan.testing._calls import CALLS
from tympan.testing._fuzz_session import ALL_GROUPS, GROUPS, Worker, fuzz, repeat

CALLS_IN_A_TEST = 30_000


@pytest.fixture(scope="module")
def tooth(tmp_path_factory):
    return builder(tmp_path_factory.mktemp("teeth"))


# ---- what is right ----


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
    outcome = fuzz(tooth(name), calls, seed=seed, timeout=0.4 if kind == "hang" else 10.0)
    assert outcome.failure is not None, "not found"
    assert outcome.failure.key == (kind, function)
    assert outcome.minimised and 1 <= len(outcome.script) <= most, outcome.script
    again = repeat(tooth(name), outcome.script, timeout=0.4)
    assert again.key == outcome.failure.key
    assert repeat(tooth("none"), outcome.script, timeout=0.4) is None


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
