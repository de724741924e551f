"""One process of measurements: `python worker.py PATHS.json` prints JSON {cell: ns}.

All subjects are loaded before anything is measured, and the cells of one size are
interleaved in short rounds, because the machine's speed drifts: only numbers of
one round may be compared, so each cell keeps the median of its rounds.
"""

import json
import sys
import time
from statistics import median

import numpy
from subjects import OBJECT_COUNTS, PRIMITIVES, primitives

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


def memory():
    """KiB of this process now: all that is resident, and what of it no file backs (Linux)."""
    with open("/proc/self/smaps_rollup") as file:
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in file if line.endswith("kB\n")}
    return sizes["Rss"], sizes["Anonymous"]


def load_all(hal, paths, cells):
    """Load every bundle; how long and how much memory each took."""
    plugins = {}
    for name, path in paths.items():
        before, start = memory(), time.perf_counter_ns()
        plugins[name] = hal.load(path)
        cells[f"load/{name}"] = time.perf_counter_ns() - start
        after = memory()
        cells[f"memory/{name}"] = after[0] - before[0]
        cells[f"anonymous/{name}"] = after[1] - before[1]
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


def measure_objects(plugins, cells):
    """Does a call cost more where there are many objects? The last device of 64 and its last control, and the only
    device of 1, in turns."""
    loops = {}
    for count in OBJECT_COUNTS:
        plugin = plugins[f"objects {count}"]
        device = plugin.devices[-1]
        client = bench.prepare(device, 512)
        for frames in (16, 512):
            loops[f"objects/{count}/cycle, {frames} frames"] = (
                lambda n, c=client, f=frames: bench.bench_calls(c, "cycle", n, f)
            )
        things = {"nsrt": device, "uid ": device, "sdrv": plugin.get_ids(device, "ctrl")[-1]}
        for selector, thing in things.items():
            loops[f"objects/{count}/{selector}"] = property_loop(plugin, thing, selector, "glob", selector == "uid ")
    interleave(cells, loops)


def reads_after_the_writer(client, reads):
    """ns of each of the first reads after 500 cycles, at 512 frames."""
    bench.bench_calls(client, "cycle", 500, 512)
    return [bench.bench_calls(client, "read", 1, 512) for _ in range(reads)]


def measure_silence(plugins, cells):
    """Does a reader pay when the writer stops? The dearest of the 200 reads that follow, and the first of them,
    which still finds audio. Each read is the cheapest of 20 rounds, which leaves interrupts out and a clearing in."""
    for channels in CHANNELS:
        client = bench.prepare(plugins[f"tympan {channels}"].devices[0], 512)
        rounds = [reads_after_the_writer(client, 200) for _ in range(20)]
        each = [min(column) for column in zip(*rounds, strict=True)]
        cells[f"audio read/{channels}"] = each[0]
        cells[f"dearest read/{channels}"] = max(each)


def measure_primitives(cells):
    """Each operation by one thread alone; what the other side costs when it is at work is the machine's."""
    module = primitives()
    interleave(cells, {f"primitive/{name}": getattr(module, name) for name in PRIMITIVES})


def measure_render(plugins, cells):
    """ns per sample of Device.render, numpy in and out, every check of the host included."""
    audio = numpy.random.default_rng(0).uniform(-1, 1, (480_000, 2)).astype(numpy.float32)
    devices = {name: plugins[name].devices[0] for name in ("floor 2", "gain", "lowpass")}
    found = {name: [] for name in devices}
    for _ in range(ROUNDS):
        for name, device in devices.items():
            start = time.perf_counter_ns()
            device.render(audio, 512)
            found[name].append((time.perf_counter_ns() - start) / audio.size)
    cells.update({f"render/{name}": median(values) for name, values in found.items()})


def measure_guard(plugins, cells):
    """ns that a guarded call takes longer, on calls of the cheapest driver: in each round guarded, then not."""
    client = bench.prepare(plugins["floor 2"].devices[0], 512)
    for what in bench.IO_CALLS:
        loops = {
            guarded: lambda n, w=what, g=guarded: bench.bench_calls(client, w, n, 16, g) / bench.CALLS[w]
            for guarded in (True, False)
        }
        found = {}
        interleave(found, loops)
        cells[f"guard/{what}"] = found[True] - found[False]


def main(path):
    with open(path) as file:
        paths = json.load(file)
    cells = {}
    with Host(clock="real", guard=False) as hal:
        plugins = load_all(hal, paths, cells)
        measure_io(plugins, cells)
        measure_properties(plugins, cells)
        measure_objects(plugins, cells)
        measure_silence(plugins, cells)
    measure_primitives(cells)
    with Host() as hal:
        measure_render({name: hal.load(path) for name, path in paths.items()}, cells)
    with Host(clock="real") as hal:
        measure_guard({"floor 2": hal.load(paths["floor 2"])}, cells)
    json.dump(cells, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
