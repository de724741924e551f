"""Reading the project's Markdown: fenced blocks by language, shell commands by line."""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = (".git", ".venv", "build", "dist", "demo", "*.egg-info", "__pycache__", ".pytest_cache", ".hypothesis")


def blocks(path, language):
    """The texts of the fenced blocks of one language."""
    return [text for kind, text in _BLOCK.findall((ROOT / path).read_text()) if kind == language]


def commands(path):
    """Every line of every ``sh`` block."""
    return [line for block in blocks(path, "sh") for line in block.splitlines() if line.strip()]


def checkout(folder):
    """A copy of the working tree, with its compiled modules, in which commands may write."""
    copy = folder / "tympan-checkout"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
    return copy


def path_with_python(folder):
    """A folder for the front of PATH, in which ``python`` is the interpreter of these tests."""
    place = folder / "bin"
    place.mkdir()
    wrapper = place / "python"
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    return place
