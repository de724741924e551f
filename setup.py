"""Compile the framework core and the simulated host as extension modules."""

import os
import runpy
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

RECIPE = runpy.run_path(str(Path(__file__).parent / "bundle" / "recipe.py"))
MODULES = [*RECIPE["CORE"], *RECIPE["PRIMITIVES"], *RECIPE["HOST"]]
TOOLS = [".".join(("tympan", *path.parent.parts)) for path in sorted(Path("bundle").rglob("__init__.py"))]


def extension(module):
    """One extension module, compiled with the flags that bundles use."""
    source = Path(*module.split(".")).with_suffix(".pyx")
    return Extension(
        module,
        [str(source)],
        include_dirs=["tympan", "tympan/testing"],
        extra_compile_args=list(RECIPE["CFLAGS"]),
        depends=[str(path) for folder in ("tympan", "tympan/testing") for path in Path(folder).glob("*.h")],
    )


setup(
    packages=["tympan", "tympan.testing", *TOOLS],
    ext_modules=cythonize(
        # The C compiler takes most of the time, and most of that the last module: it begins first.
        [extension(module) for module in reversed(MODULES)],
        compiler_directives=RECIPE["directives"](),
        build_dir="build/cython",
    ),
    options={"build_ext": {"parallel": os.cpu_count()}},
)
