"""`make bench`: measure, and write docs/benchmarks.md. Every number is a median over processes of one run.

Usage: python bench/run.py [--processes N] [--output FILE]
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from report import write_report
from subjects import build_all

from tympan._errors import UsageError
from tympan.bundle import cpython, target

HERE = Path(__file__).parent


def one_process(paths_file):
    done = subprocess.run([sys.executable, str(HERE / "worker.py"), paths_file], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def measure(paths, processes):
    """{cell: median over processes}; all subjects are in each process."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(paths, file)
        file.flush()
        runs = []
        for number in range(processes):
            print(f"process {number + 1} of {processes}", file=sys.stderr)
            runs.append(one_process(file.name))
    return {cell: median(run[cell] for run in runs) for cell in runs[0]}


def size_of(bundle):
    """Bytes of all files of a bundle."""
    return sum(file.stat().st_size for file in Path(bundle).rglob("*") if file.is_file())


def check_seconds(bundle, processes):
    """How long `check --realtime` of a finished bundle takes, as its user sees it."""
    command = [sys.executable, "-m", "tympan", "check", "--realtime", str(bundle)]
    taken = []
    for _ in range(processes):
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        taken.append(time.perf_counter() - started)
    return median(taken)


def bundle_seconds(processes):
    """(cold, after an edit) of `bundle --target macos-universal2`, as its user sees it; None without the tools.

    Cold: with an empty cache but for the built runtimes. The edit is of the driver's own file.
    """
    wanted = target.machines("macos-universal2")
    try:
        for machine in wanted:
            machine.require()
        runtimes = [cpython.find(machine).folder for machine in wanted]
    except UsageError as error:
        print(f"note: bundles for macOS are not measured: {error}", file=sys.stderr)
        return None
    runs = [cold_and_edited(runtimes) for _ in range(min(processes, 3))]
    return [median(times) for times in zip(*runs, strict=True)]


def cold_and_edited(runtimes):
    """The same, once."""
    with tempfile.TemporaryDirectory() as folder:
        driver = shutil.copytree(HERE.parent / "examples" / "gain", Path(folder) / "gain")
        for runtime in runtimes:
            shutil.copytree(runtime, Path(folder) / "cache" / "tympan" / "runtimes" / runtime.name)
        command = [sys.executable, "-m", "tympan", "bundle", driver, "--target", "macos-universal2", "--output", folder]
        environment = {**os.environ, "XDG_CACHE_HOME": str(Path(folder) / "cache")}
        return [seconds_of(command, environment, driver / "gain.pyx") for _ in range(2)]


def seconds_of(command, environment, edited):
    """How long a command takes, after a line was added to a file."""
    with open(edited, "a", encoding="utf-8") as file:
        file.write("# edited\n")
    started = time.perf_counter()
    subprocess.run(list(map(str, command)), env=environment, capture_output=True, check=True)
    return time.perf_counter() - started


def machine():
    """What the numbers were measured on, without naming the machine."""
    models = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    model = models[0] if models else platform.processor()
    python = f"CPython {platform.python_version()}, niceness {os.nice(0)}"
    return f"{platform.system()} {platform.machine()}, {model}, {python}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=7)
    parser.add_argument("--output", type=Path, default=HERE.parent / "docs" / "benchmarks.md")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("building", file=sys.stderr)
        paths = build_all(folder)
        sizes = {name: size_of(path) for name, path in paths.items()}
        cells = measure(paths, args.processes)
        cells["check --realtime"] = check_seconds(paths["gain"], args.processes)
        cells["bundle"] = bundle_seconds(args.processes)
    args.output.write_text(write_report(cells, sizes, machine(), args.processes))
    print(f"Wrote {args.output}")


if __name__ == "__main__":
    main()
