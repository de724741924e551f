"""What the guard costs, in one process, each row against an empty loop: ``python bench/bench_guard.py``.

The rounds of all rows are interleaved and the median taken, because machines change speed.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

import building  # noqa: E402

from assert_no_alloc import _guard, violations  # noqa: E402

ROUNDS = 15


def measure(rows):
    """``{name: ns per iteration}``, the empty loop taken off."""
    times = {name: [] for name in rows}
    for _ in range(ROUNDS):
        for name, (loop, count) in rows.items():
            times[name].append(loop(count) / count)
            violations()
    medians = {name: statistics.median(samples) for name, samples in times.items()}
    return {name: medians[name] - (medians["empty loop"] if name != "empty loop" else 0) for name in rows}


def print_rows(rows):
    for name, ns in measure(rows).items():
        print(f"{name:58} {ns:10.2f} ns")


def once(function):
    start = time.perf_counter_ns()
    function()
    return (time.perf_counter_ns() - start) / 1000


def main():
    with tempfile.TemporaryDirectory() as folder:
        loops = building.load(building.cython_module(HERE / "loops.pyx", Path(folder) / "bench"))
    many, few = 2_000_000, 2_000
    before = {
        "empty loop": (loops.empty, many),
        "malloc + free, nothing installed": (loops.malloc_free, many),
        "system call, nothing installed": (loops.system_call, many // 10),
    }
    print_rows(before)
    print(f"{'install, once per process':58} {once(_guard.facts):10.0f} us")
    print(f"{'prepare, once per thread':58} {once(_guard.prepare):10.1f} us")
    print(f"{'refresh, nothing loaded since':58} {once(_guard.prepare):10.1f} us")
    print_rows(
        {
            "empty loop": (loops.empty, many),
            "guard_enter + guard_leave, Cython": (loops.enter_leave, many),
            "ana_enter + ana_leave, C": (loops.enter_leave_c, many),
            "permit_enter + permit_leave, Cython": (loops.permit_pair, many),
            "malloc + free, installed, not guarded": (loops.malloc_free, many),
            "system call, prepared thread, not guarded": (loops.system_call, many // 10),
            "malloc + free, guarded (two violations)": (loops.malloc_free_guarded, few),
            "system call, guarded (one violation)": (loops.system_call_guarded, few),
        }
    )


if __name__ == "__main__":
    main()
