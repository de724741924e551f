"""Compile the guard: one extension module from a little Cython and its C core."""

from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, setup

CORE = "assert_no_alloc/_core"
FLAGS = [
    "-std=gnu11",
    "-O2",
    "-fvisibility=hidden",
    "-fexceptions",  # a trapped call may be cancelled, or throw
    "-fno-omit-frame-pointer",
    "-fasynchronous-unwind-tables",
    "-Wall",
]

guard = Extension(
    "assert_no_alloc._guard",
    ["assert_no_alloc/_guard.pyx", *sorted(glob(f"{CORE}/*.c"))],
    include_dirs=["assert_no_alloc"],
    extra_compile_args=FLAGS,
    depends=[*glob(f"{CORE}/*.h"), *glob(f"{CORE}/*.inc"), "assert_no_alloc/assert_no_alloc.h"],
)

setup(ext_modules=cythonize([guard], build_dir="build/cython"))
