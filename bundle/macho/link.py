"""ld64.lld makes the MH_BUNDLE of one processor, and signs it ad hoc."""

from pathlib import Path

from tympan.bundle import target, toolchain

#: Text stubs of the two libraries that a bundle may need: they list what may be imported, and nothing else links.
STUBS = tuple(Path(__file__).parent / "stubs" / name for name in ("libSystem.tbd", "CoreFoundation.tbd"))

#: Without the names of local symbols, and without the paths of objects.
STRIPPED = ("-x", "-S")


def link(parts, factory, output, machine, names=True):
    """Link objects and archives into ``output``; ``names`` keeps local symbols, which the realtime check reads.

    The same code at the same addresses either way: names are not in a segment
    that is executed.
    """
    command = [
        *(*target.linker(), "-arch", machine.architecture, "-bundle"),
        *("-platform_version", "macos", target.MINIMUM_MACOS, target.SDK_VERSION),
        *("-exported_symbol", f"_{factory}", "-dead_strip", "-adhoc_codesign", "-fixup_chains", "-S"),
        *(() if names else STRIPPED),
        *("-o", output, *parts, *STUBS),
    ]
    toolchain.run_checked(command, f"linking {Path(output).name} for {machine}")
