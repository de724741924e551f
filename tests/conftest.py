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


def pytest_generate_tests(metafunc):
    """Tests of the ``gain`` bundle run with each runtime that this Python has."""
    if "gain" in metafunc.fixturenames:
        from made_bundles import KINDS

        metafunc.parametrize("gain", KINDS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def gain(request, private_cache, tmp_path_factory):
    """examples/gain as a bundle with each runtime."""
    from tympan.bundle import build_bundle

    return build_bundle(ROOT / "examples" / "gain", tmp_path_factory.mktemp("dist"), request.param)
