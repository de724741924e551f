"""Compile the framework core and the simulated host as extension modules."""

import runpy
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

RECIPE = runpy.run_path(str(Path(__file__).parent / "bundle" / "recipe.py"))


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
    ext_modules=cythonize(
        [extension(module) for module in (*RECIPE["CORE"], *RECIPE["HOST"])],
        compiler_directives=RECIPE["directives"](),
        build_dir="build/cython",
    )
)
