"""What the simulated host's guard says of each realtime driver: its second line says it, or why the guard cannot.

``# guard: KIND first line of the message``; ``# guard: no: REASON``, when it runs and the guard is silent;
``# guard: not run: REASON``, when running it would end the process, or never end.
Loaded unbundled, because the bundler refuses them. In processes of their own, many drivers in each.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tympan import _vendored

HERE = Path(__file__).parent
ROOT = HERE.parent
BAD = sorted((HERE / "drivers").glob("rt_bad_*.pyx"))
GOOD = [*sorted((HERE / "drivers").glob("rt_good_*.pyx")), *sorted((ROOT / "examples").glob("*/*.pyx"))]
KINDS = ("allocation", "lock", "wait", "io", "thread", "system call", "GIL", "no", "not run")

#: Drivers whose call never returns: the guard has spoken before, which another thread sees.
STUCK = ("rt_bad_condition.pyx",)
#: Caught by the kernel alone, where it helps.
BARE = ("rt_bad_raw_syscall.pyx",)
UNHELPED = _vendored.assert_no_alloc().capabilities()["system_calls_reason"]
#: A driver of each kind, caught by its name; the kernel sees the calls of some as well.
ONE_OF_EACH = {
    "allocation": "malloc", "lock": "mutex", "wait": "sleep", "io": "write", "thread": "thread",
    "system call": "syscall", "GIL": "with_gil",
}  # fmt: skip


def expected(path):
    """(kind, rest of the line) of a driver's second line; kind None when there is none."""
    lines = path.read_text(encoding="utf-8").splitlines()
    text = lines[1].removeprefix("# guard: ") if lines[1].startswith("# guard: ") else ""
    kind = next((kind for kind in KINDS if text.startswith((f"{kind} ", f"{kind}: "))), None)
    return kind, text.removeprefix(f"{kind}").lstrip(": ")


def run(folder, paths, *options):
    """{file name: (kind, first line)} of what guard_runs.py saw, up to a driver that ended its process."""
    results = folder / "results"
    command = [sys.executable, HERE / "guard_runs.py", results, *options, *paths]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=1800)
    found = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    assert len(found) == len(paths), f"ended by {paths[len(found)].name}: {done.stderr[-2000:]}"
    return {name: (kind, line) for name, kind, line in found}


def driver(name):
    return HERE / "drivers" / f"rt_bad_{name}.pyx"


@pytest.fixture(scope="module")
def said(private_cache, tmp_path_factory):
    """What the guard said of each bad driver that can be run."""
    folder = tmp_path_factory.mktemp("guard")
    together = [path for path in BAD if expected(path)[0] not in ("not run", None) and path.name not in STUCK]
    found = run(folder, together)
    for name in STUCK:
        found |= run(tmp_path_factory.mktemp("stuck"), [HERE / "drivers" / name], "--stuck")
    return found


def test_every_driver_has_its_line():
    assert [path.name for path in BAD if expected(path)[0] is None or not expected(path)[1]] == []
    assert set(ONE_OF_EACH) <= {expected(path)[0] for path in BAD}
    assert not any("# guard:" in path.read_text() for path in GOOD)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_what_the_guard_says(said, path):
    kind, line = expected(path)
    if kind == "not run":
        pytest.skip(line)
    if path.name in BARE and UNHELPED:
        pytest.skip(UNHELPED)
    assert said[path.name] == ((kind, "") if kind == "no" else (kind, line))


def test_none_of_the_good_ones_raises_an_alarm(private_cache, tmp_path):
    """The examples as bundles: their own tests, whose Host has the guard as well."""
    assert len(GOOD) > 20
    assert {name: kind for name, (kind, _) in run(tmp_path, GOOD).items() if kind != "no"} == {}


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_without_the_traps_of_a_kind_a_driver_is_missed(private_cache, tmp_path, kind):
    path = driver(ONE_OF_EACH[kind])
    assert expected(path)[0] == kind
    assert run(tmp_path, [path], "--without", kind) == {path.name: ("no", "")}


@pytest.mark.skipif(bool(UNHELPED), reason=f"{UNHELPED}")
def test_without_the_kernels_traps_a_bare_system_call_is_missed_and_nothing_else(said, tmp_path):
    paths = [driver(name) for name in ONE_OF_EACH.values()]
    bare = [HERE / "drivers" / name for name in BARE]
    without = run(tmp_path, [*paths, *bare], "--without", "kernel")
    assert [without.pop(name) for name in BARE] == [("no", "")]
    assert without == {path.name: said[path.name] for path in paths}
