"""Nothing in the project names the machine, or the package mirror, that it was written on."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Pieces are joined here so that this file does not contain what it looks for. pyenv as a tool may
#: be named, its folders may not.
PLACES = ["/ro" "ot/", "/ho" "me/", "/wo" "rk/", "/op" "t/", "/tm" r"p/(?:v[a-z]*|pk|tympan)\b", r"\.py" r"env\b"]
MIRRORS = [r"--(?:extra-)?inde" "x-url", r"--find-lin" "ks", r"files\.pytho" "nhosted", r"pypi\.or" r"g/simple"]
WRONG = re.compile("|".join(PLACES + MIRRORS))


def mentions(text):
    """The lines that name a machine or a mirror."""
    return [line for line in text.splitlines() if WRONG.search(line)]


def project_files():
    """Tracked files and those that would be."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_machine_or_a_mirror():
    found = {path.name: mentions(path.read_bytes().decode("latin-1")) for path in project_files()}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "PYTHON = /wo" "rk/main/.venv/bin/python",
        "home: /ro" "ot/.cache",
        "python: ~/.py" "env/versions/3.11/bin",
        "/tm" "p/vp/bin/python -m build",
        "pip install --extra-inde" "x-url x tympan",
    ],
)  # fmt: skip
def test_it_would_be_seen(line):
    assert mentions(f"first\n{line}\n") == [line]


@pytest.mark.parametrize("line", ["make PYTHON=/path/to/python3", "framework/", "a network/", "Those of pyenv have"])
def test_it_would_be_left_alone(line):
    assert mentions(line) == []
