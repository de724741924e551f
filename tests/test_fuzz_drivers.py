"""The fuzzer on whole drivers: independent ones, with and without defects, and the examples, also instrumented."""

import re
from pathlib import Path

import pytest
from sanitize import build, fuzzing
from subjects import build as subjects
from teeth import clang

from tympan.testing._fuzz_session import fuzz

HERE = Path(__file__).parent
CALLS_IN_A_TEST = 30_000


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("subject", ["correct", "minimal"])
def test_a_correct_driver_passes(subject, threads):
    outcome = fuzz(subjects.bundle(subject), CALLS_IN_A_TEST, seed=2, threads=threads)
    assert outcome.failure is None
    assert outcome.report["calls"] >= CALLS_IN_A_TEST


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
    outcome = fuzz(bundle, calls, seed=3, timeout=0.4)
    assert outcome.failure is not None and outcome.failure.kind == kind, outcome.failure
    assert outcome.minimised and len(outcome.script) <= 4, outcome.script


# ---- the examples ----

EXAMPLES = ("fade", "gain", "lowpass", "meter", "minimal_loopback", "volume")


@pytest.fixture(scope="module")
def example(private_cache, tmp_path_factory):
    """An example as a bundle."""
    from tympan.bundle import build_bundle

    folder = tmp_path_factory.mktemp("examples")
    return lambda name: build_bundle(HERE.parent / "examples" / name, folder)


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


# ---- instrumented ----


def sanitized(folder, name, monkeypatch):
    """A driver of fuzz_teeth.c, compiled for the sanitizers."""
    from c_drivers.build import HERE as SOURCES
    from c_drivers.build import make_bundle

    wrapper = folder / "cc"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(fuzzing.COMPILER)} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("CC", str(wrapper))
    return make_bundle(folder, name, SOURCES / "fuzz_teeth.c", [f"TOOTH={name}"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none", ""),
        pytest.param("leaks_memory", "leak: LeakSanitizer found", marks=pytest.mark.deep),
        ("reads_beyond", "sanitizer in GetPropertyData: SUMMARY: AddressSanitizer"),
    ],
)
def test_what_only_sanitizers_see(tmp_path, monkeypatch, name, words):
    bundle = sanitized(tmp_path, name, monkeypatch)
    status, said = fuzzing.fuzz(tmp_path, bundle, "--calls", 150_000, "--seed", 1)
    assert (status == 1, words in said) == (bool(words), True), said
    assert not words or re.search(r"repeats it with 1 calls", said), said


@pytest.mark.deep
@pytest.mark.parametrize("name", EXAMPLES)
def test_ten_million_calls_under_sanitizers(tmp_path, private_cache, name):
    """AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer, in the driver and the core inside of it."""
    fuzzing.libraries()
    bundle = build.bundle(HERE.parent / "examples" / name, tmp_path, *fuzzing.COMPILER)
    status, said = fuzzing.fuzz(tmp_path, bundle, "--calls", 10_000_000, "--seed", 2026)
    print(f"{name}: {said.strip()}")
    assert status == 0 and int(said.split()[0]) >= 10_000_000, said


@pytest.mark.deep
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_million_calls_guided_by_coverage(tmp_path, name):
    flags = (clang(), "-fsanitize-coverage=inline-8bit-counters,pc-table")
    bundle = build.bundle(HERE.parent / "examples" / name, tmp_path, *flags)
    outcome = fuzz(bundle, 1_000_000, seed=1)
    assert outcome.failure is None, (outcome.failure, outcome.script)
    assert outcome.report["edges_met"] > 1000
