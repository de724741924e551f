"""Which objects' calls are trapped: loaded late, bound early, written-protected, with allocators of their own."""

import ctypes
import os
import subprocess
import sys
import sysconfig

import building
import pytest
from catching import caught
from conftest import Library

from assert_no_alloc import _guard, refresh

LATE = building.HERE / "late.c"
BINDING = {
    "lazy": ("-Wl,-z,lazy", "-Wl,-z,norelro"),
    "now": ("-Wl,-z,now",),
    "full RELRO": ("-Wl,-z,relro,-z,now", "-Wl,-z,separate-code"),
    "no PLT": ("-fno-plt", "-Wl,-z,now"),
}


def lazily_loaded(path):
    """By dlopen with RTLD_LAZY, which ctypes itself never says: unless the library does, nothing is bound yet."""
    loader = ctypes.CDLL(None)
    loader.dlopen.restype = ctypes.c_void_p
    handle = loader.dlopen(str(path).encode(), os.RTLD_LAZY)
    assert handle
    return ctypes.CDLL(str(path), handle=handle)


def address(library, name):
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value


@pytest.mark.parametrize("flags", BINDING.values(), ids=BINDING)
def test_loaded_after_the_guard_was_used(kernels, tmp_path, flags):
    assert kernels.run_guarded("malloc") == 2
    library = lazily_loaded(building.shared(LATE, tmp_path / "late.so", "-O0", *flags))
    assert kernels.call_guarded(address(library, "late_malloc")) == 0  # nobody said that it is there
    assert refresh() > 0
    assert kernels.call_guarded(address(library, "late_malloc")) == 2
    assert refresh() == 0


def test_calls_that_the_loader_has_not_bound_yet(tmp_path):
    library = lazily_loaded(building.shared(LATE, tmp_path / "late.so", "-O0", *BINDING["lazy"]))
    assert caught(library.late_malloc) == [("allocation", "malloc"), ("allocation", "free")]


def test_a_with_refreshes_by_itself(tmp_path):
    library = Library(building.shared(LATE, tmp_path / "late.so", "-O0"))
    assert caught(library.late_malloc) == [("allocation", "malloc"), ("allocation", "free")]


def test_nogil_code_refreshes_by_itself(kernels, tmp_path):
    refresh()
    Library(building.shared(LATE, tmp_path / "late.so", "-O0"))
    assert kernels.refresh() > 0


def test_relro_is_read_only_again(tmp_path):
    path = building.shared(LATE, tmp_path / "late.so", "-O0", *BINDING["full RELRO"])
    library = Library(path)
    refresh()
    assert library.late_malloc() == 5
    segments = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=True).stdout
    start = next(int(line.split()[2], 16) for line in segments.splitlines() if "GNU_RELRO" in line)
    with open("/proc/self/maps") as maps:
        ranges = [line.split()[:2] for line in maps if str(path) in line]
    base = int(ranges[0][0].split("-")[0], 16)
    modes = [
        mode for where, mode in ranges if int(where.split("-")[0], 16) <= base + start < int(where.split("-")[1], 16)
    ]
    assert modes == ["r--p"]


def test_function_pointers_in_data(tmp_path):
    library = Library(building.shared(LATE, tmp_path / "late.so", "-O0"))
    assert ("allocation", "malloc") in caught(library.table_malloc)


@pytest.mark.parametrize("flags", [(), ("-Wl,-Bsymbolic",)])
def test_an_allocator_of_its_own_is_left_alone(tmp_path, flags):
    """Deep binding: the library's malloc is its own, and must not end in another's free."""
    path = building.shared(building.HERE / "own_malloc.c", tmp_path / "own.so", "-O0", "-fno-builtin", *flags)
    library = ctypes.CDLL(str(path), mode=os.RTLD_DEEPBIND | os.RTLD_NOW)
    before = _guard.facts()["foreign"]
    results = []
    assert caught(lambda: results.append(library.own_malloc())) == []
    assert results == [1]
    assert flags or _guard.facts()["foreign"] > before


def test_dlsym_by_ctypes_finds_the_wrapper():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    assert caught(lambda: libc.free(libc.malloc(10))) == [("allocation", "malloc"), ("allocation", "free")]


def test_libc_calls_its_own_malloc_through_a_slot():
    libc = ctypes.CDLL(None)
    libc.strdup.restype = ctypes.c_void_p
    assert caught(libc.strdup, b"copy") == [("allocation", "malloc")]


EXECUTABLE = """
#include <Python.h>
#include <stdlib.h>
/* A position-dependent program that takes malloc's address makes its own PLT entry the function's address. */
long call(void) { void *volatile p = malloc(10); free(p); return 1; }
int main(int argc, char **argv) {
    void *(*volatile address)(size_t) = malloc;
    (void)address;
    Py_Initialize();
    int failed = PyRun_SimpleString(argv[argc - 1]);
    return Py_FinalizeEx() < 0 || failed;
}
"""

EMBEDDED = """
import sys; sys.path[:0] = {path!r}
import ctypes
from assert_no_alloc import RealtimeViolation, assert_no_alloc
libc = ctypes.CDLL(None)
try:
    with assert_no_alloc():
        libc.malloc.restype = libc.strdup.restype = ctypes.c_void_p
        libc.malloc(10)
        libc.strdup(b"x")
        libc.call()
except RealtimeViolation as error:
    print("caught", sum(v.function == "malloc" for v in error.violations))
"""


def test_a_position_dependent_program_does_not_recurse(tmp_path):
    folder, version = sysconfig.get_config_var("LIBDIR"), sysconfig.get_config_var("LDVERSION")
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        pytest.skip("needs a shared libpython")
    (tmp_path / "embed.c").write_text(EXECUTABLE)
    fixed = ["-no-pie", "-fno-pie", "-rdynamic", "-Wl,-z,lazy"]
    python = ["-I", sysconfig.get_path("include"), "-L", folder, f"-Wl,-rpath,{folder}", f"-lpython{version}"]
    building.run("cc", "-O0", *fixed, tmp_path / "embed.c", "-o", tmp_path / "embed", *python)
    program = EMBEDDED.format(path=[p for p in sys.path if p])
    result = subprocess.run([tmp_path / "embed", program], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (0, "caught 3\n"), result.stderr
