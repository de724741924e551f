"""What is shipped: the files of wheel and sdist, and that each works in an environment that knows no checkout."""

import os
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
NOT_SHIPPED = (".gitignore", ".github/", ".ci/", "assert-no-alloc/")
#: Made by setuptools.
ADDED = {"PKG-INFO", "setup.cfg"}

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
    return name if name.startswith("tympan/") else None


def test_the_wheel_has_the_package_and_nothing_else(project, built):
    """Sources too: the bundler compiles the core again."""
    with zipfile.ZipFile(built[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    compiled = {name for name in names if name.endswith(".so")}
    assert names - compiled == {in_package(name) for name in project[1]} - {None}
    assert {name.partition(".")[0].replace("/", ".") for name in compiled} == {*recipe.CORE, *recipe.HOST}


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
    """Install into a fresh environment; run and bundle a driver in a folder that is no checkout."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-qq", package, cwd=folder)
    work = folder / "work"
    work.mkdir()
    (work / "quarter.pyx").write_text(DRIVER)
    (work / "render.py").write_text(RENDER)
    assert run(python, "render.py", cwd=work) == "rendered\n"
    run(python, "-m", "tympan", "bundle", "quarter.pyx", "--output", "out", cwd=work)
    assert run(python, "render.py", "out/Quarter.driver", cwd=work) == "rendered\n"
    assert run(folder / "venv" / "bin" / "tympan", "verify", "out/Quarter.driver", cwd=work)


def test_the_wheel_works_where_there_is_no_checkout(built, tmp_path):
    check_installed(built[1], tmp_path)


@pytest.mark.deep
def test_the_sdist_works_where_there_is_no_checkout(built, tmp_path):
    check_installed(built[0], tmp_path)
