"""The benchmark's page: tables of ratios, and the goals with whether they are met."""

from subjects import OBJECT_COUNTS, PRIMITIVES
from worker import CHANNELS, FRAMES, PROPERTIES

INTRO = """\
# Benchmarks

Written by `make bench`; do not edit. {machine}; median of {processes} processes, in each of which all
drivers were loaded and their calls interleaved. Compare rows of this page with each other only: the
machine is shared, and its speed drifts.

*Floor* is `bench/floor.c`, a driver in C whose IO path is nothing but `memcpy` to and from an
aligned ring, with no validity check and no silence for old audio. *memcpy* copies one buffer's bytes
once, in a hot cache. All are called through the same host loop and the same C table, without the
guard of the simulated host; only *Rendering* and *The guard* have it.

A cycle is GetZeroTimeStamp, then Begin, Do and End of ReadInput, then the same of WriteMix. The
reading goes through a whole ring, so beyond 16 channels every row is limited by memory.
"""


def ratio(value, base):
    return f"{value / base:.2f}"


def io_table(cells, what, title):
    head = "| channels x frames | tympan ns | floor ns | tympan / floor | tympan / memcpy |"
    lines = [f"## {title}", "", head, "|---|--:|--:|--:|--:|"]
    for channels in CHANNELS:
        for frames in FRAMES:
            ours, floor = cells[f"{what}/tympan {channels}/{frames}"], cells[f"{what}/floor {channels}/{frames}"]
            ratios = f"{ratio(ours, floor)} | {ratio(ours, cells[f'memcpy/{channels}/{frames}'])}"
            lines.append(f"| {channels} x {frames} | {ours:.0f} | {floor:.0f} | {ratios} |")
    return lines


def property_table(cells):
    lines = ["## GetPropertyData", "", "| property | 2 ch, ns | 64 ch, ns | floor ns |", "|---|--:|--:|--:|"]
    for selector, *_ in PROPERTIES:
        row = [cells.get(f"get/{name}/{selector}") for name in ("tympan 2", "tympan 64", "floor 2")]
        lines.append(f"| `{selector}` | " + " | ".join("-" if v is None else f"{v:.1f}" for v in row) + " |")
    return lines


def primitive_table(cells):
    lines = ["## Realtime primitives", "", "Called as IO code calls them, by one thread; loops and all.", ""]
    lines += ["| operation | ns |", "|---|--:|"]
    return [*lines, *(f"| {what} | {cells[f'primitive/{name}']:.1f} |" for name, what in PRIMITIVES.items())]


def start_table(cells, sizes):
    lines = [
        "## Start and size", "",
        "dlopen, factory, QueryInterface and Initialize of a bundle, and the memory the process grew by: all that",
        "is resident, and what of it no file backs. Part of that is the ring: 32768 frames of all channels.", "",
        "| bundle | size, MB | start, ms | resident, MB | anonymous, MB | ring, MB |", "|---|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for name, size in sizes.items():
        channels = int(name.split()[-1]) if name[-1].isdigit() else 2
        ring = 32768 * channels * 4 / 2**20
        memory = f"{cells[f'memory/{name}'] / 1024:.1f} | {cells[f'anonymous/{name}'] / 1024:.1f} | {ring:.2f}"
        lines.append(f"| {name} | {size / 1e6:.2f} | {cells[f'load/{name}'] / 1e6:.2f} | {memory} |")
    return lines


def render_table(cells):
    lines = [
        "## Rendering", "",
        "`Device.render` of 10 s of stereo at 512 frames, numpy in and numpy out, with the host's checks of every",
        "stamp and every buffer: ns per sample, and times real time at 48 kHz.", "",
        "| driver | ns per sample | x real time |", "|---|--:|--:|",
    ]  # fmt: skip
    for name in ("floor 2", "gain", "lowpass"):
        value = cells[f"render/{name}"]
        lines.append(f"| {name} | {value:.2f} | {1e9 / (96_000 * value):,.0f} |")
    return lines


def guard_table(cells):
    lines = [
        "## The guard", "",
        "What it adds to each call of a driver when nothing is wrong: entering and leaving assert_no_alloc, as the",
        "simulated host does around every realtime entry. Calls of the floor driver, 2 x 16, guarded and not in turns.",
        "", "| calls | ns more per call |", "|---|--:|",
    ]  # fmt: skip
    names = {"stamp": "GetZeroTimeStamp", "read": "Begin, Do, End of ReadInput", "write": "the same of WriteMix"}
    names["cycle"] = "a cycle, which is all of these"
    return [*lines, *(f"| {name} | {cells[f'guard/{what}']:.1f} |" for what, name in names.items())]


def goals(cells):
    """(what, goal, measured, met) of docs and architecture; ns unless said."""
    cycle = {key: cells[f"cycle/tympan {key}"] for key in ("2/16", "2/512", "16/512", "64/512")}
    floor = {key: cells[f"cycle/floor {key}"] for key in ("16/512", "64/512")}
    per_sample = {name: cells[f"cycle/{name}/512"] / 1024 for name in ("gain", "lowpass")}
    plain = max(cells[f"get/tympan 2/{s}"] for s in ("nsrt", "goin", "sfmt", "stm#"))
    strings = max(cells[f"get/tympan 2/{s}"] for s in ("uid ", "lnam"))
    stamp = cells["stamp/tympan 2/512"]
    yield "cycle, 2 ch x 16", "<= 84", cycle["2/16"], cycle["2/16"] <= 84
    yield "cycle, 2 ch x 512", "<= 180", cycle["2/512"], cycle["2/512"] <= 180
    for key, name in (("16/512", "16 ch x 512"), ("64/512", "64 ch x 512")):
        yield f"cycle, {name}, / floor", "<= 1.05", cycle[key] / floor[key], cycle[key] <= 1.05 * floor[key]
    yield "GetZeroTimeStamp", "<= 31", stamp, stamp <= 31
    yield "GetPropertyData, plain", "<= 25", plain, plain <= 25
    yield "GetPropertyData, strings", "<= 120", strings, strings <= 120
    for name, most in (("gain", 1), ("lowpass", 3)):
        render = cells[f"render/{name}"]
        yield f"{name}, per sample, whole cycle at 512", f"<= {most}", per_sample[name], per_sample[name] <= most
        yield f"{name}, per sample, Device.render at 512", f"<= {most}", render, render <= most
    for channels in CHANNELS:
        value = cells[f"dearest read/{channels}"] / cells[f"audio read/{channels}"]
        yield f"dearest read after the writer stopped / a read of audio, {channels} ch", "<= 1.2", value, value <= 1.2
    few, many = ({k.split("/")[2]: v for k, v in cells.items() if k.startswith(f"objects/{n}/")} for n in OBJECT_COUNTS)
    for what in few:
        value = many[what] / few[what]
        yield f"{what}: 64 devices with 16 controls each / 1 device with 16", "<= 1.2", value, value <= 1.2
    guard = max(cells[f"guard/{what}"] for what in ("stamp", "read", "write", "cycle"))
    yield "guard, per guarded call", "< 5", guard, guard < 5
    load, memory = cells["load/gain"] / 1e6, cells["memory/gain"] / 1024
    yield "start of a bundle, ms", "<= 6", load, load <= 6
    yield "memory added by a bundle, MB", "<= 6", memory, memory <= 6
    check = cells["check --realtime"]
    yield "check --realtime of a bundle, s, start of Python included", "< 2", check, check < 2
    if cells["bundle"]:
        cold, edited = cells["bundle"]
        yield "bundle --target macos-universal2, s, cold but for the runtimes", "< 20", cold, cold < 20
        yield "bundle --target macos-universal2, s, after an edit of the driver", "< 4", edited, edited < 4


def goal_table(cells):
    lines = ["## Goals", "", "ns unless said; the goals are those the project began with.", ""]
    lines += ["| what | goal | measured | met |", "|---|--:|--:|---|"]
    for what, goal, value, met in goals(cells):
        lines.append(f"| {what} | {goal} | {value:.2f} | {'yes' if met else '**no**'} |")
    return lines


def write_report(cells, sizes, machine, processes):
    """The whole page."""
    parts = [
        INTRO.format(machine=machine, processes=processes).splitlines(),
        goal_table(cells),
        io_table(cells, "cycle", "A whole cycle"),
        io_table(cells, "write", "WriteMix"),
        io_table(cells, "read", "ReadInput"),
        render_table(cells),
        guard_table(cells),
        property_table(cells),
        primitive_table(cells),
        start_table(cells, sizes),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"
