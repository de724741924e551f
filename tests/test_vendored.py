"""A bundle with a copy of the shared libpython, in the layout that a Mac's has ($ORIGIN for @loader_path): moved
away, and with the Python that it was copied from hidden in a mount namespace."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from made_bundles import PLAY, ROOT, has, made_driver

from tympan.bundle import build_bundle, runtime, verify_bundle

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's"),
    pytest.mark.skipif(not has("vendored"), reason="this Python has no shared library"),
]

STDLIB = Path(sysconfig.get_path("stdlib"))
FOLDER = f"python{runtime.VERSION}"

#: Arguments: new place, standard library, shared library, command. The program that loads the bundle is a Python, too:
#: it sees its own files at the new place, and nobody sees anything at the old one.
HIDE = """
set -e
new=$1 stdlib=$2 library=$3; shift 3
mkdir -p "$new/lib/{folder}"
mount --bind "$stdlib" "$new/lib/{folder}"
cp "$library" "$new/lib"
mount -t tmpfs none "$stdlib"
mount --bind /dev/null "$library"
[ ! -e "$stdlib/os.py" ] && [ ! -s "$library" ]
exec "$@"
"""


@pytest.fixture(scope="module")
def library():
    """The shared library that is copied."""
    return runtime.choose("vendored").library


def environment(new):
    """A virtual environment in ``new`` with this one's packages; the variables with which its Python starts."""
    packages = new / "venv" / "lib" / FOLDER / "site-packages"
    packages.parent.mkdir(parents=True)
    packages.symlink_to(sysconfig.get_path("purelib"))
    (new / "venv" / "bin").mkdir()
    (new / "venv" / "pyvenv.cfg").write_text(f"home = {new}\n", encoding="utf-8")
    shutil.copy(Path(sys.executable).resolve(), new / "venv" / "bin" / "python")
    mine = {"PYTHONHOME": str(new), "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}", "LD_LIBRARY_PATH": str(new / "lib")}
    return {**os.environ, **mine}


def without_python(folder, library, *arguments):
    """Run Python with ``arguments`` where its standard and shared library are nowhere but in ``folder``."""
    new = folder / "elsewhere"
    variables = environment(new)
    script = ["unshare", "-rm", "sh", "-c", HIDE.replace("{folder}", FOLDER), "sh", new, STDLIB, library]
    command = [str(part) for part in (*script, new / "venv" / "bin" / "python", *arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=variables, cwd="/", timeout=300)


@pytest.fixture(scope="module")
def hidden(library, tmp_path_factory):
    """``without_python``, where the system allows it."""
    if sys.prefix == sys.base_prefix or shutil.which("unshare") is None:
        pytest.skip("needs a virtual environment, and unshare")
    done = without_python(tmp_path_factory.mktemp("tried"), library, "-c", "print('seen')")
    if done.stdout.split() != ["seen"]:
        pytest.skip(f"mount namespaces cannot be made here: {done.stderr.strip()}")
    return without_python


@pytest.fixture(scope="module")
def moved(private_cache, tmp_path_factory):
    """A bundle that needs extension modules, built and taken to another folder; the first one is gone."""
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    lines = "import math, random", "assert math.sqrt(4) == 2 and random.random() < 1; "
    made = build_bundle(made_driver(first, "Carried", 0.5, *lines), first / "dist", "vendored")
    bundle = Path(shutil.move(made, second))
    shutil.rmtree(first)
    assert verify_bundle(bundle).runtime == "vendored"
    return bundle


def test_it_plays(hidden, moved, library, tmp_path):
    done = hidden(tmp_path, library, "-c", PLAY, f"0.5={moved}")
    assert (done.returncode, done.stderr) == (0, "")


def test_it_keeps_the_rules(hidden, moved, library, tmp_path):
    """The whole catalogue, in processes of their own."""
    done = hidden(tmp_path, library, "-m", "tympan", "check", moved)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_bundle_without_its_library_does_not(hidden, moved, library, tmp_path):
    """Nothing stands in for the copy."""
    bundle = tmp_path / moved.name
    shutil.copytree(moved, bundle)
    for file in (bundle / "Contents" / "Frameworks").iterdir():
        file.unlink()
    done = hidden(tmp_path, library, "-c", PLAY, f"0.5={bundle}")
    assert done.returncode != 0 and "cannot open shared object file" in done.stderr
