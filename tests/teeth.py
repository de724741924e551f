"""The drivers of c_drivers/fuzz_teeth.c, and one that clang instruments."""

import shutil

import pytest
from c_drivers.build import HERE, compile_driver, make_bundle


def builder(folder):
    """A function that builds the driver of fuzz_teeth.c with one thing wrong, once."""

    def build(name):
        made = folder / f"{name}.driver"
        return made if made.exists() else make_bundle(folder, name, HERE / "fuzz_teeth.c", [f"TOOTH={name}"])

    return build


def clang():
    """The command of clang, or skip."""
    found = next(filter(shutil.which, ["clang", *(f"clang-{version}" for version in range(30, 13, -1))]), None)
    if found is None:
        pytest.skip("coverage needs clang")
    return found


def instrumented(folder, name, flags):
    """The driver with a defect that only the right six bytes reach, one after the other."""
    bundle = make_bundle(folder, name, HERE / "fuzz_teeth.c", ["TOOTH=deep"])
    with pytest.MonkeyPatch.context() as patch:
        wrapper = folder / f"cc-{name}"
        wrapper.write_text(f'#!/bin/sh\nexec {clang()} {flags} -w "$@"\n')
        wrapper.chmod(0o755)
        patch.setenv("CC", str(wrapper))
        compile_driver(HERE / "fuzz_teeth.c", bundle / "Contents" / "MacOS" / name, "TOOTH=deep")
    return bundle
