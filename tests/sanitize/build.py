"""What deep mode runs: bundles whose core and driver are compiled for a sanitizer, and the host that loads them."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tympan.bundle import build, cache, layout, plist, project, toolchain
from tympan.bundle.compile import PACKAGE

HERE = Path(__file__).parent
HOST = HERE / "host"
#: -w: one compiler or another warns of something in the platform library; of the fences ThreadSanitizer does not
#: see, for one, which is what they are for (host/entries.h).
HOST_FLAGS = ("-std=gnu11", "-O1", "-g", "-w", "-rdynamic", "-pthread")


@contextmanager
def compiler(*command):
    """Everything the bundler compiles and links meanwhile is compiled and linked by ``command``."""
    before = os.environ.get("CC")
    os.environ["CC"] = " ".join(command)
    try:
        yield
    finally:
        if before is None:
            del os.environ["CC"]
        else:
            os.environ["CC"] = before


def bundle(path, folder, *command, target="native"):
    """The ``.driver`` of the driver at ``path``, made by ``command`` (or as always), with its names and lines in it.

    No check: what it refuses is what some sanitizers are to be shown. ``target``: one that has one processor.
    """
    found = project.find(path)
    source, config = build.configured(found, str)
    ((machine, runtime),) = build.pick("auto", target)
    target = Path(folder) / f"{config.executable}.driver"
    with compiler(*(command or toolchain.compiler())), layout.scratch(Path(folder), config.executable) as made:
        part = build.prepared(config, source, machine, runtime, str)
        (made / "Contents" / "Info.plist").write_bytes(plist.generate(config))
        linked = build.linked(made / "Contents", config, part, part.objects)
        os.rename(linked, made / "Contents" / "MacOS" / config.executable)
        layout.move(made, target)
    return target


def binary(path):
    """The executable of a bundle."""
    return next((path / "Contents" / "MacOS").iterdir()).resolve()


def host(*command):
    """The host's executable, made by ``command``; from the cache when nothing has changed."""
    sources = [*sorted(HOST.iterdir()), *sorted(PACKAGE.glob("testing/*.h")), PACKAGE / "coreaudio.h"]
    key = cache.key(*command, *HOST_FLAGS, *sources)
    folders = (f"-I{folder}" for folder in (PACKAGE, PACKAGE / "testing"))
    whole = [*command, *HOST_FLAGS, *folders, HOST / "host.c", "-lm", "-ldl", "-o"]
    return cache.stored(f"host-{key}", lambda output: toolchain.run_checked([*whole, output], "compiling the host"))


# ---- teeth: the same core with one thing wrong in it ----


def broken_bundle(path, folder, changes, *command):
    """The bundle of a driver with a core in which ``changes`` (file, what stands there, what it becomes) are made."""
    copy, root = Path(folder) / "broken", PACKAGE.parent
    for part in ("tympan", "bundle"):
        shutil.copytree(root / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in changes:
        text = (copy / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {text.count(old)} times: {old}"
        (copy / name).write_text(text.replace(old, new), encoding="utf-8")
    arguments = [sys.executable, "-P", __file__, str(path), str(folder), *command]
    done = subprocess.run(arguments, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


if __name__ == "__main__":
    print(bundle(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
