"""Shared fixtures. Everything compiled here lands in the bundler's cache, once per source."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent


def compiled(name):
    """The module tests/NAME.pyx, imported."""
    from tympan.bundle import cache
    from tympan.bundle.compile import core_key, cython_object, load
    from tympan.bundle.toolchain import compiler, run_checked

    def make(output):
        built = output.with_suffix(".o")
        cython_object(TESTS / f"{name}.pyx", name, TESTS, built)
        run_checked([*compiler(), "-shared", built, "-o", output], f"linking {name}")

    return load(name, cache.stored(f"{name}-{cache.key(core_key(), TESTS / f'{name}.pyx')}/{name}.so", make))


@pytest.fixture(scope="session")
def kernels(private_cache):
    """The module tests/kernels.pyx: the core's inline IO code."""
    return compiled("kernels")


@pytest.fixture(scope="session")
def io_code(private_cache):
    """The module tests/io_code.pyx: what drivers call of the realtime primitives."""
    return compiled("io_code")


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


@pytest.fixture
def mac(tmp_path, monkeypatch):
    """A ``FakeMac``: commands that log their calls, and a folder that stands for /."""
    from fake_mac import FakeMac

    return FakeMac(tmp_path, monkeypatch)


@pytest.fixture
def watched():
    """``with watched(folder) as writes``: what this process writes there, and elsewhere."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("finds out with /proc to which folder a file belongs")
    from watching import watch

    return watch
