"""Nothing in the project names the machine, or the package mirror, that it was written on."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Brackets keep this file from containing what it looks for. pyenv may be named as a tool, but not its folders.
PLACES = ["/[r]oot/", "/[h]ome/", "/[w]ork/", r"/[t]mp/(?:v[a-z]*|pk|tympan)\b", r"\.[p]yenv\b"]
MIRRORS = ["--(?:extra-)?[i]ndex-url", "--[f]ind-links", "/[o]pt/(?:pypi|wheels)", "[p]ythonhosted", r"pypi\.[o]rg/s"]
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
    found = {str(path.relative_to(ROOT)): mentions(path.read_bytes().decode("latin-1")) for path in project_files()}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "PYTHON = /|work/main/.venv/bin/python",
        "home: /|root/.cache",
        "python: ~/.|pyenv/versions/3.11/bin",
        "/|tmp/vp/bin/python -m build",
        "pip install --extra-|index-url x tympan",
    ],
)
def test_it_would_be_seen(line):
    assert mentions("first\n" + line.replace("|", "")) == [line.replace("|", "")]


@pytest.mark.parametrize("line", ["make PYTHON=/path/to/python3", "framework/", "a network/", "Those of pyenv have"])
def test_it_would_be_left_alone(line):
    assert mentions(line) == []
