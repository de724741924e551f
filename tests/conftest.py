"""Shared fixtures. Everything compiled here lands in the bundler's cache, once per source."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent


@pytest.fixture(scope="session")
def kernels(private_cache, tmp_path_factory):
    """The module tests/kernels.pyx: the core's inline IO code."""
    from tympan.bundle.compile import cython_object, load
    from tympan.bundle.toolchain import compiler, run_checked

    built = tmp_path_factory.mktemp("kernels") / "kernels.o"
    cython_object(TESTS / "kernels.pyx", "kernels", TESTS, built)
    run_checked([*compiler(), "-shared", built, "-o", built.with_suffix(".so")], "linking kernels")
    return load("kernels", built.with_suffix(".so"))


@pytest.fixture(scope="session", autouse=True)
def private_cache(tmp_path_factory):
    """Tests neither read nor fill the user's cache, unless TYMPAN_TEST_CACHE names one to reuse."""
    folder = os.environ.get("TYMPAN_TEST_CACHE") or tmp_path_factory.mktemp("cache")
    os.environ["XDG_CACHE_HOME"] = str(folder)
