"""What is shipped: the files of wheel and sdist, and that each works in an environment that knows no checkout."""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from documents import ROOT, checkout

from tympan.bundle import recipe

#: In the checkout, but of no use to who has the sdist, or a project of its own.
NOT_SHIPPED = (".gitignore", ".github/", ".ci/")
#: Made by setuptools.
ADDED = {"PKG-INFO", "setup.cfg"}

#: The guard's distribution, and where the wheel has a copy of the parts that run.
GUARD, VENDORED = "assert-no-alloc/assert_no_alloc/", "tympan/testing/_vendor/assert_no_alloc/"

DRIVER = '''
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Quarter(Driver):
    NAME, MANUFACTURER, VERSION = "Quarter", "tympan", "1.0"

    def device(self):
        mono = StreamFormat.float32(44_100.0, channels=1)
        return (DeviceSpec("com.example.Quarter", self.NAME, self.MANUFACTURER)
                .with_output(StreamSpec.output(mono)).with_input(StreamSpec.input(mono)))

    cdef void process_io(self, const RealtimeContext* rt, IoBuffer* buffer) noexcept nogil:
        cdef size_t i
        for i in range(buffer.frames * buffer.channels):
            buffer.output[i] = 0.25 * buffer.input[i]
'''

RENDER = """
import sys
import numpy
import tympan
from tympan.bundle import import_driver
from tympan.testing import Host

assert tympan.__file__.startswith(sys.prefix), tympan.__file__
played = numpy.random.default_rng(0).uniform(-1, 1, (5000, 1)).astype(numpy.float32)
with Host() as hal:
    plugin = hal.load(sys.argv[1]) if len(sys.argv) > 1 else hal.attach(import_driver("quarter.pyx"))
    device = plugin.device()
    heard = device.render(played, buffer=256)
    assert numpy.array_equal(heard[device.delay(256):], numpy.float32(0.25) * played)
print("rendered")
"""

NOISY = "from libc.stdlib cimport malloc\n" + DRIVER.replace("Quarter", "Noisy").replace(
    "cdef size_t i\n", "cdef size_t i\n        self.lost = malloc(buffer.frames)\n"
).replace("    def device", "    cdef void* lost\n\n    def device")
GUARDED = """
import sys
import numpy
from tympan.bundle import import_driver
from tympan.testing import Host, RealtimeViolation
import assert_no_alloc

assert assert_no_alloc.__file__.startswith(sys.prefix) and sys.argv[1] in assert_no_alloc.__file__
with Host() as hal:
    device = hal.attach(import_driver("noisy.pyx")).device()
    try:
        device.render(numpy.zeros((500, 1), numpy.float32))
    except RealtimeViolation as error:
        print(str(error).splitlines()[0])
"""
CAUGHT = "noisy.pyx:19: Noisy.process_io calls malloc, which allocates or frees memory\n"

#: In an environment with tympan the marker is there, whether assert-no-alloc-py is installed too or not.
MARKED = """
import time
import pytest

@pytest.mark.xfail(strict=True, raises=AssertionError)
@pytest.mark.assert_no_alloc(scope="all")
def test_marker():
    time.sleep(0.001)

def test_fixture(assert_no_alloc):
    with pytest.raises(AssertionError, match="wait: "), assert_no_alloc(scope="all"):
        time.sleep(0.001)
"""


def of_the_project(name):
    """What is not made by a build or by a tool; git knows more exactly, where there is git."""
    path = Path(name)
    return path.suffix not in (".so", ".pyc") and not any(part.endswith("_cache") for part in path.parts)


def project_names(names):
    """Those of ``names`` that are the project's files."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    known = set(done.stdout.split("\0")) if done.returncode == 0 else names
    return {name for name in names & known if of_the_project(name)}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the checkout that was never built: (folder, its files)."""
    folder = checkout(tmp_path_factory.mktemp("packaging"))
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    files = project_names(names)
    for name in names - files:
        (folder / name).unlink()
    return folder, files


@pytest.fixture(scope="module")
def built(project, tmp_path_factory):
    """(sdist, wheel); the wheel is made from the sdist, which shows that the sdist is complete."""
    folder, _ = project
    output = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", output, folder, cwd=output)
    return next(output.glob("*.tar.gz")), next(output.glob("*.whl"))


def run(*command, cwd):
    """Run a command that must succeed, without anything that points to the checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def in_package(name):
    """Where a file of the checkout is in the wheel, if it is of the package."""
    if name.startswith("bundle/"):
        return f"tympan/{name}"
    if name.startswith(GUARD):
        needed = "_core" not in name and not name.endswith(".pyx")
        return VENDORED + name.removeprefix(GUARD) if needed else None
    return name if name.startswith("tympan/") else None


def test_the_wheel_has_the_package_and_nothing_else(project, built):
    """Sources too: the bundler compiles the core again."""
    with zipfile.ZipFile(built[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    compiled = {name for name in names if name.endswith(".so")}
    assert names - compiled == {in_package(name) for name in project[1]} - {None}
    assert {name.partition(".")[0].replace("/", ".") for name in compiled} == {
        *recipe.CORE, *recipe.PRIMITIVES, *recipe.DECLARED, *recipe.HOST, f"{VENDORED.replace('/', '.')}_guard",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "tympan/__init__.pxd", "tympan/_driver.pxd", "tympan/_driver.pyi", "tympan/_driver.pyx", "tympan/_hal.pyx",
        "tympan/_rt.h", "tympan/coreaudio.h", "tympan/coreaudio.pxd", "tympan/py.typed", "tympan/bundle/entry.c",
        "tympan/bundle/os_log.c", "tympan/bundle/recipe.py", "tympan/testing/_host.pyx", "tympan/testing/platform.h",
    ],
)  # fmt: skip
def test_the_wheel_has(built, name):
    with zipfile.ZipFile(built[1]) as wheel:
        assert wheel.getinfo(name).file_size or name.endswith("py.typed")


def test_the_wheel_names_licence_and_python(built):
    with zipfile.ZipFile(built[1]) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" in name]
        metadata = wheel.read(next(name for name in names if name.endswith("/METADATA"))).decode()
    assert "License-Expression: MIT OR Apache-2.0" in metadata
    assert "Requires-Python: >=3.11" in metadata
    assert {Path(name).name for name in names if "/licenses/" in name} == {"LICENSE-MIT", "LICENSE-APACHE"}


def test_the_sdist_is_the_checkout(project, built):
    with tarfile.open(built[0]) as sdist:
        names = {name.partition("/")[2] for name in (item.name for item in sdist.getmembers() if item.isfile())}
    names = {name for name in names if ".egg-info/" not in name}
    assert names - ADDED == {name for name in project[1] if not name.startswith(NOT_SHIPPED)}


def check_installed(package, folder):
    """Install into a fresh environment; run and bundle drivers in a folder that is no checkout. Answers the Python."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-qq", package, "pytest", cwd=folder)
    work = folder / "work"
    work.mkdir()
    for name, text in (
        ("quarter.pyx", DRIVER), ("render.py", RENDER), ("noisy.pyx", NOISY), ("guarded.py", GUARDED),
        ("test_marked.py", MARKED),
    ):  # fmt: skip
        (work / name).write_text(text)
    assert run(python, "render.py", cwd=work) == "rendered\n"
    run(python, "-m", "tympan", "bundle", "quarter.pyx", "--output", "out", cwd=work)
    assert run(python, "render.py", "out/Quarter.driver", cwd=work) == "rendered\n"
    assert run(folder / "venv" / "bin" / "tympan", "verify", "out/Quarter.driver", cwd=work)
    check_guard(python, work, VENDORED)
    return python


def check_guard(python, work, place):
    """The guard at ``place`` is the one that is used: the host catches a driver, pytest has the marker."""
    assert run(python, "guarded.py", place, cwd=work) == CAUGHT
    assert "1 passed, 1 xfailed" in run(python, "-m", "pytest", "-q", "--strict-markers", cwd=work)


def test_the_wheel_works_where_there_is_no_checkout(built, tmp_path):
    check_installed(built[1], tmp_path)


@pytest.mark.deep
def test_the_sdist_works_where_there_is_no_checkout(project, built, tmp_path):
    """And then with the guard's own distribution beside it, which wins."""
    python = check_installed(built[0], tmp_path)
    run(python, "-m", "pip", "install", "-qq", project[0] / "assert-no-alloc", cwd=tmp_path)
    check_guard(python, tmp_path / "work", "site-packages/assert_no_alloc")


@pytest.mark.parametrize("plugins", [["tympan._pytest"], ["tympan._pytest", "assert_no_alloc.pytest_plugin"]], ids=len)
def test_an_installed_guard_wins_and_its_plugin_does_not_clash(tmp_path, plugins):
    """Whichever pytest loads first; here without an environment of its own: a copy stands for the installed one."""
    ignore = shutil.ignore_patterns("__pycache__", "_core")
    shutil.copytree(ROOT / GUARD, tmp_path / "installed" / "assert_no_alloc", ignore=ignore)
    (tmp_path / "test_marked.py").write_text(
        f"{MARKED}\ndef test_place():\n    import assert_no_alloc, tympan.testing\n"
        f"    assert assert_no_alloc.__file__.startswith({str(tmp_path)!r})\n"
        "    assert tympan.testing.RealtimeViolation is assert_no_alloc.RealtimeViolation\n"
    )
    environment = dict(os.environ, PYTHONPATH=str(tmp_path / "installed"), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    for order in (plugins, plugins[::-1]):
        command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", *(f"-p{name}" for name in order)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert "2 passed, 1 xfailed" in done.stdout, done.stdout + done.stderr
