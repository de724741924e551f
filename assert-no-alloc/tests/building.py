"""Compile what the tests guard: C, C++ and Cython, each source once per session."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import assert_no_alloc

HERE = Path(__file__).parent


def shared(source, target, *flags):
    """A shared library of a C or C++ file; the path of it."""
    compiler = os.environ.get("CXX", "c++") if source.suffix == ".cpp" else os.environ.get("CC", "cc")
    run(compiler, "-O1", "-g", "-fPIC", "-shared", "-w", source, "-o", target, *flags)
    return target


def cython_module(source, folder, *flags, cython=(), optimise="-O2"):
    """An extension module of a .pyx file in ``folder``, its C beside it; the path of it."""
    folder.mkdir(exist_ok=True)
    c_file = folder / source.with_suffix(".c").name
    include = Path(assert_no_alloc.get_include()).parent
    run(sys.executable, "-m", "cython", "-3", "-I", include, *cython, source, "-o", c_file)
    target = folder / (source.stem + sysconfig.get_config_var("EXT_SUFFIX"))
    headers = ["-I", assert_no_alloc.get_include(), "-I", sysconfig.get_path("include")]
    run("cc", optimise, "-fPIC", "-shared", "-w", *headers, c_file, "-o", target, *flags)
    return target


def load(path):
    """Import an extension module by its path."""
    spec = importlib.util.spec_from_file_location(path.name.partition(".")[0], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*command):
    """Run a compiler; its complaints are the test's failure."""
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
