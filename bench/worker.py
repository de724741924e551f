"""One process of measurements: `python worker.py PATHS.json` prints JSON {cell: ns}.

All subjects are loaded before anything is measured, and the cells of one size are
interleaved in short rounds, because the machine's speed drifts: only numbers of
one round may be compared, so each cell keeps the median of its rounds.
"""

import json
import resource
import sys
import time
from statistics import median

from tympan.testing import Host, bench

FRAMES = (16, 64, 256, 512, 1024, 2048)
CHANNELS = (2, 16, 64)
ROUNDS = 7
NANOSECONDS_PER_ROUND = 8e6
PROPERTIES = [  # name, scope, object, is it a reference
    ("nsrt", "glob", "device", False),
    ("goin", "glob", "device", False),
    ("sfmt", "glob", "stream", False),
    ("stm#", "glob", "device", False),
    ("uid ", "glob", "device", True),
    ("lnam", "glob", "stream", True),
    ("srnd", "outp", "device", False),
]


def peak_memory():
    """KiB of this process at its largest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resident():
    """KiB resident now (Linux)."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // 1024


def load_all(hal, paths, cells):
    """Load every bundle; how long and how much memory each took."""
    plugins = {}
    for name, path in paths.items():
        before, start = resident(), time.perf_counter_ns()
        plugins[name] = hal.load(path)
        cells[f"load/{name}"] = time.perf_counter_ns() - start
        cells[f"memory/{name}"] = resident() - before
    return plugins


def interleave(cells, loops):
    """Run {cell: function(count) -> ns per call} in turns and keep each one's median."""
    counts = {cell: max(1, int(NANOSECONDS_PER_ROUND / max(loop(3), 1))) for cell, loop in loops.items()}
    found = {cell: [] for cell in loops}
    for _ in range(ROUNDS):
        for cell, loop in loops.items():
            found[cell].append(loop(counts[cell]))
    cells.update({cell: median(values) for cell, values in found.items()})


def io_loops(clients, names, frames, channels):
    loops = {}
    for name in names:
        client = clients[name]
        for what in bench.IO_CALLS:
            loops[f"{what}/{name}/{frames}"] = lambda n, c=client, w=what: bench.bench_calls(c, w, n, frames)
    if channels:
        loops[f"memcpy/{channels}/{frames}"] = lambda n: bench.bench_memcpy(frames * channels * 4, n)
    return loops


def measure_io(plugins, cells):
    clients = {name: bench.prepare(plugin.devices[0], 2048) for name, plugin in plugins.items()}
    for channels in CHANNELS:
        for frames in FRAMES:
            interleave(cells, io_loops(clients, [f"floor {channels}", f"tympan {channels}"], frames, channels))
    interleave(cells, io_loops(clients, ["gain", "lowpass", "tympan 2"], 512, 0))


def property_loop(plugin, thing, selector, scope, reference):
    return lambda count: bench.bench_property(plugin, thing, selector, count, scope, 0, reference)


def measure_properties(plugins, cells):
    loops = {}
    for name in ("floor 2", "tympan 2", "tympan 64"):
        plugin = plugins[name]
        things = {"device": plugin.devices[0], "stream": plugin.devices[0].streams("outp")[0]}
        for selector, scope, thing, reference in PROPERTIES:
            if plugin.has(things[thing], selector, scope):
                loops[f"get/{name}/{selector}"] = property_loop(plugin, things[thing], selector, scope, reference)
    interleave(cells, loops)


def measure_silence(plugins, cells):
    """The first read after the writer stopped, and the 50th, at 512 frames."""
    for channels in CHANNELS:
        client = bench.prepare(plugins[f"tympan {channels}"].devices[0], 512)
        bench.bench_calls(client, "write", 200, 512)
        cells[f"first read/{channels}"] = bench.bench_calls(client, "read", 1, 512)
        cells[f"read/{channels}"] = bench.bench_calls(client, "read", 50, 512)


def main(path):
    with open(path) as file:
        paths = json.load(file)
    cells = {}
    with Host(clock="real") as hal:
        plugins = load_all(hal, paths, cells)
        measure_io(plugins, cells)
        measure_properties(plugins, cells)
    json.dump(cells, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
