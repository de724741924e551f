"""mypy on the Python files, then stubtest on the stubs of the compiled modules.

``bundle/`` is installed as ``tympan.bundle``, which a type checker cannot know.
So both read the project through a folder of links where it is at that place.
"""

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VIEW = ROOT / "build" / "types"


def link(source, target):
    """Folders as folders, so that a module has one name; files as links."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_dir() and path.name != "__pycache__":
            link(path, target / path.name)
        elif path.suffix in (".py", ".pyi"):
            (target / path.name).symlink_to(path)


def make_view():
    """The project as it is when installed."""
    shutil.rmtree(VIEW, ignore_errors=True)
    link(ROOT / "tympan", VIEW / "tympan")
    link(ROOT / "bundle", VIEW / "tympan" / "bundle")


def stubbed():
    """The modules that have a stub."""
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(ROOT.glob("tympan/**/*.pyi"))]


def run_mypy():
    """mypy's report goes to standard output only when there is something to say."""
    from mypy import api

    report, errors, code = api.run(["--config-file", str(ROOT / "pyproject.toml"), str(VIEW / "tympan")])
    if code:
        print(report.replace(f"{VIEW.relative_to(ROOT)}/", ""), errors, sep="", end="")
    return code


def run_stubtest():
    """In this process, where the platform library is loaded that the core needs off macOS."""
    from mypy import stubtest

    import tympan.testing  # noqa: F401

    settings = ["--mypy-config-file", str(ROOT / "pyproject.toml"), "--ignore-unused-allowlist"]
    settings += ["--ignore-disjoint-bases", "--concise"]
    allowed = ["--allowlist", str(ROOT / "tools" / "stubtest-allowlist.txt")]
    return stubtest.test_stubs(stubtest.parse_options([*settings, *allowed, *stubbed()]))


def main():
    """Exit code: 0 when both are content."""
    os.chdir(ROOT)
    os.environ["MYPYPATH"] = str(VIEW)
    make_view()
    return run_mypy() or run_stubtest()


if __name__ == "__main__":
    sys.exit(main())
