"""The C header on its own, and what is installed."""

import re
import subprocess
import sys
from pathlib import Path

import building
import pytest

import assert_no_alloc

HEADER = Path(assert_no_alloc.get_include()) / "assert_no_alloc.h"
USE = """
#include "assert_no_alloc.h"
long use(const ana_api *api) {
    ana_enter(api); ana_permit_enter(api); ana_permit_leave(api);
    int on = ana_guarded(api);
    ana_leave(api);
    return on + (long)ana_violations(api) * 0;
}
"""


@pytest.mark.parametrize(
    "flags", [("-x", "c", "-std=c99"), ("-x", "c", "-std=c11", "-pedantic"), ("-x", "c++", "-std=c++11")], ids=" ".join
)
def test_the_header_compiles_without_python(tmp_path, flags):
    (tmp_path / "use.c").write_text(USE)
    strict = ["-Wall", "-Wextra", "-Werror", "-I", HEADER.parent]
    building.run("cc", *flags, *strict, "-c", tmp_path / "use.c", "-o", tmp_path / "use.o")


def test_system_calls_are_as_the_kernels_header_says():
    """The header of this machine may know fewer or more; none may differ."""
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists():
        pytest.skip(f"no {header}")
    tool = HEADER.parent.parent / "tools" / "generate_syscalls.py"
    output = subprocess.run([sys.executable, tool, header], capture_output=True, text=True, check=True).stdout
    ours = (HEADER.parent / "_core" / "syscalls_x86_64.inc").read_text()
    numbers = set(re.findall(r"CALL\((\d+),", output)) & set(re.findall(r"CALL\((\d+),", ours))
    assert len(numbers) > 300
    for number in numbers:
        line = next(line for line in ours.splitlines() if line.startswith(f"CALL({number},"))
        assert line in output


def test_all_names_exist():
    assert all(hasattr(assert_no_alloc, name) for name in assert_no_alloc.__all__)
    assert assert_no_alloc.__all__ == sorted(assert_no_alloc.__all__)


def test_every_public_function_is_documented():
    for name in assert_no_alloc.__all__:
        assert getattr(assert_no_alloc, name).__doc__, name
