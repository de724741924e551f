"""Compile the guard: one extension module from a little Cython and its C core."""

from glob import glob

from Cython.Build import cythonize
from setuptools import Extension, setup

FLAGS = [
    "-std=gnu11",
    "-O2",
    "-fvisibility=hidden",
    "-fexceptions",  # a trapped call may be cancelled, or throw
    "-fno-omit-frame-pointer",
    "-fasynchronous-unwind-tables",
    "-Wall",
]


def guard(root=""):
    """The extension module, with its C made; ``root`` is this folder and a slash, for who builds it from elsewhere."""
    package = f"{root}assert_no_alloc"
    core = f"{package}/_core"
    module = Extension(
        "assert_no_alloc._guard",
        [f"{package}/_guard.pyx", *sorted(glob(f"{core}/*.c"))],
        include_dirs=[package],
        extra_compile_args=FLAGS,
        depends=[*glob(f"{core}/*.h"), *glob(f"{core}/*.inc"), f"{package}/assert_no_alloc.h"],
    )
    return cythonize([module], build_dir="build/cython")


if __name__ == "__main__":
    setup(ext_modules=guard())
