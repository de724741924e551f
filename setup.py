"""Compile the framework core, the simulated host, and the guard that the host carries."""

import os
import runpy
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

RECIPE = runpy.run_path(str(Path(__file__).parent / "bundle" / "recipe.py"))
GUARD = runpy.run_path(str(Path(__file__).parent / "assert-no-alloc" / "setup.py"))["guard"]
MODULES = [*RECIPE["CORE"], *RECIPE["PRIMITIVES"], *RECIPE["DECLARED"], *RECIPE["HOST"]]
TOOLS = [".".join(("tympan", *path.parent.parts)) for path in sorted(Path("bundle").rglob("__init__.py"))]
#: Where the copy of assert_no_alloc is in a wheel; see docs/decisions/0007-the-guard-in-the-wheel.md.
VENDORED = "tympan.testing._vendor.assert_no_alloc"


def extension(module):
    """One extension module, compiled with the flags that bundles use."""
    source = Path(*module.split(".")).with_suffix(".pyx")
    headers = ("tympan", "tympan/testing", "assert-no-alloc/assert_no_alloc")
    return Extension(
        module,
        [str(source)],
        include_dirs=list(headers),
        extra_compile_args=list(RECIPE["CFLAGS"]),
        depends=[str(path) for folder in headers for path in Path(folder).glob("*.h")],
    )


def vendored_guard():
    """The guard's module: its C knows it as assert_no_alloc._guard, which is how it is imported from there too."""
    (module,) = GUARD("assert-no-alloc/")
    module.name = f"{VENDORED}._guard"
    return module


setup(
    packages=["tympan", "tympan.testing", "tympan.testing.rules", *TOOLS, VENDORED],
    ext_modules=[
        # The C compiler takes most of the time, and most of that the last module: it begins first.
        *cythonize(
            [extension(module) for module in reversed(MODULES)],
            compiler_directives=RECIPE["directives"](),
            build_dir="build/cython",
        ),
        vendored_guard(),
    ],
    options={"build_ext": {"parallel": os.cpu_count()}},
)
