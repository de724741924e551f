"""The scripts that make starts before there is a virtual environment: what they say when something is missing."""

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"

#: What the fake Python lacks: the text by which its script knows the question -> what must be said.
LACKS = {
    "sys.version_info": "too old: tympan needs Python 3.11",
    "ensurepip": "cannot make a virtual environment",
    "Python.h": "has no header files",
}


def run(script, *arguments, **environment):
    done = subprocess.run(
        [SCRIPTS / script, *arguments], env={**os.environ, **environment}, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def fake_python(folder, lacks):
    """This Python, but it fails when it is asked about ``lacks``."""
    fake = folder / "fake-python"
    fake.write_text(f'#!/bin/sh\ncase "$*" in *{lacks}*) exit 1;; esac\nexec "{sys.executable}" "$@"\n')
    fake.chmod(0o755)
    return str(fake)


def test_a_machine_that_has_everything():
    assert run("check-machine", sys.executable) == (0, "", "")


@pytest.mark.parametrize(("lacks", "sentence"), LACKS.items())
def test_a_python_that_lacks_something(tmp_path, lacks, sentence):
    code, out, error = run("check-machine", fake_python(tmp_path, lacks))
    first, second = error.splitlines()
    assert (code, out) == (2, "")
    assert first.startswith("error: ") and sentence in first
    assert second.startswith("hint: ")


def test_no_python_and_no_compiler():
    assert run("check-machine", "no-such-python")[2].startswith("error: there is no Python: no-such-python")
    error = run("check-machine", sys.executable, CC="no-such-cc -g")[2]
    assert error.startswith("error: there is no C compiler: no-such-cc was")


@pytest.mark.parametrize(("lacks", "package"), [("ensurepip", "python3-venv"), ("Python.h", "python3-dev")])
def test_missing_packages_are_named(tmp_path, lacks, package):
    code, out, _ = run("install-system-packages", PYTHON=fake_python(tmp_path, lacks))
    assert code == 1
    assert f"missing  {package}" in out and "--install" in out


def test_wrong_usage():
    code, out, error = run("install-system-packages", "--everything")
    assert (code, out) == (2, "") and "Exit code: 0" in error


def test_requirements_of_an_extra_that_names_extras():
    spec = importlib.util.spec_from_file_location("requirements", SCRIPTS / "requirements.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pyproject = tomllib.loads((SCRIPTS.parent / "pyproject.toml").read_text())
    base, everything = module.requirements(pyproject, []), module.requirements(pyproject, ["dev"])
    assert {"setuptools>=77", "cython>=3.1"} < set(base) < set(everything)
    assert len(everything) == len(set(everything))
    assert {"matplotlib>=3.8", "pytest>=8"} <= set(everything) - set(base)
    assert not any(item.startswith("tympan") for item in everything)
