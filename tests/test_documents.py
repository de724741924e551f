"""Every command and every Python block of README, author guide and the examples' pages runs."""

import os
import re
import subprocess
import sys

import pytest
from documents import ROOT, blocks, checkout, commands, path_with_python

EXAMPLES = ("gain", "minimal_loopback", "lowpass", "fade", "volume", "meter")
DOCS = (
    "docs/author-guide.md", "docs/run-time-changes.md", "docs/realtime-primitives.md", "docs/trace.md",
    "docs/fuzzing.md",
)  # fmt: skip
PAGES = ["README.md", *DOCS, *(f"examples/{name}/README.md" for name in EXAMPLES)]
#: Commands of the README that cannot run inside the tests, and what runs them instead.
ELSEWHERE = {"make test": (".ci/run", "make test"), "pip install -e .": ("Makefile", "--no-build-isolation -e .")}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """(copy of the checkout, environment) for all commands, in the order of the pages."""
    folder = tmp_path_factory.mktemp("documents")
    path = f"{path_with_python(folder)}{os.pathsep}{os.environ['PATH']}"
    venv = folder / "venv"
    venv.mkdir()
    (venv / "bin").symlink_to(folder / "bin")
    copy = checkout(folder)
    for stamp in ("python.ok", "base.ok", "demo.ok", "project.ok", "core.ok"):
        (venv / stamp).touch()          # what `make demo` installs first is installed here
    return copy, dict(os.environ, PATH=path, VENV=str(venv), PYTHONDONTWRITEBYTECODE="1")


@pytest.mark.parametrize("page,command", [(page, command) for page in PAGES for command in commands(page)])
def test_command(workplace, page, command):
    if command in ELSEWHERE:
        file, text = ELSEWHERE[command]
        assert text in (ROOT / file).read_text()
        return
    copy, environment = workplace
    done = subprocess.run(command, shell=True, cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_says_what_it_did(workplace):
    copy, environment = workplace
    done = subprocess.run("make demo", shell=True, cwd=copy, env=environment, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 10, done.stdout + done.stderr
    assert lines[-1] == "Compared: every sample is 0.5 x the input, bit for bit, 1024 frames later."
    assert {"gain.wav", "gain.png", "Gain.driver"} <= set(os.listdir(copy / "demo"))


@pytest.mark.parametrize("page,code", [(page, code) for page in PAGES for code in blocks(page, "python")])
def test_python_block(workplace, page, code):
    copy, environment = workplace
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_drivers_in_the_text_are_those_that_are_tested():
    """The README's driver is examples/gain, word for word."""
    shown = blocks("README.md", "cython")[0].removeprefix("# gain.pyx\n")
    assert shown == (ROOT / "examples/gain/gain.pyx").read_text()
    kernel = blocks("docs/author-guide.md", "cython")[0]
    assert [line.strip() for line in kernel.splitlines()] == [
        line.partition("#")[0].strip() for line in shown.splitlines()[-4:]
    ]


def test_links_lead_somewhere():
    import re

    for page in ("README.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text()):
            if not target.startswith(("http:", "https:")):
                assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def test_the_tests_in_the_text_are_there():
    """`file.py::test_name`, with or without the folder in front."""
    named = set(re.findall(r"`(?:tests/)?(test_\w+\.py)(?:::(\w+))?", (ROOT / "docs" / "testing.md").read_text()))
    assert len(named) > 50
    for file, test in named:
        path = ROOT / "tests" / file
        assert path.is_file() and (not test or f"def {test}(" in path.read_text()), f"{file}::{test}"


@pytest.mark.deep
def test_a_fresh_clone(tmp_path):
    """As a new user: clone into an empty folder, then the README's first command, with nothing prepared."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    environment = dict(os.environ, XDG_CACHE_HOME=str(tmp_path / "cache"))
    for name in ("VENV", "VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL"):
        environment.pop(name, None)
    done = subprocess.run(["make", "demo"], cwd=clone, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "Compared" in done.stdout, done.stdout + done.stderr
