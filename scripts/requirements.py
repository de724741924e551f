"""Print what pyproject.toml requires, one per line: ``python scripts/requirements.py [EXTRA ...]``.

The Makefile installs these without the project, so that a wish for another
extra does not compile the core again.
"""

import re
import sys
import tomllib
from pathlib import Path


def requirements(pyproject, extras):
    """The build system's requirements, the project's, and those of ``extras`` and the extras they name."""
    project = pyproject["project"]
    found = [*pyproject["build-system"]["requires"], *project["dependencies"]]
    for extra in extras:
        for item in project["optional-dependencies"][extra]:
            own = re.fullmatch(project["name"] + r"\[(.*)\]", item)
            found += requirements(pyproject, own[1].split(",")) if own else [item]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    text = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    print(*requirements(tomllib.loads(text), sys.argv[1:]), sep="\n")
