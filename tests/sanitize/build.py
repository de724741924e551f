"""What deep mode runs: bundles whose core and driver are compiled for a sanitizer, and the host that loads them."""

import os
from contextlib import contextmanager
from pathlib import Path

from tympan.bundle import build, cache, imports, layout, link, project, toolchain
from tympan.bundle.compile import PACKAGE

HERE = Path(__file__).parent
HOST = HERE / "host"
#: -Wno-tsan: that fences are not seen is known, and made use of (host/entries.h); clang has no such warning.
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wno-multichar", "-Wno-tsan", "-Wno-unknown-warning-option")
HOST_FLAGS = ("-std=gnu11", "-O1", "-g", *WARNINGS, "-rdynamic", "-pthread")


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


def bundle(path, folder, *command):
    """The ``.driver`` of the driver at ``path``, made by ``command`` (or as always), with its names and lines in it.

    No check: what it refuses is what some sanitizers are to be shown.
    """
    found = project.find(path)
    source, config = build.configured(found, lambda text: None)
    chosen = build.pick("auto")
    modules = imports.collect(source, chosen)
    target = Path(folder) / f"{config.executable}.driver"
    with compiler(*(command or toolchain.compiler())), layout.scratch(Path(folder), config.executable) as made:
        build.fill(made, config, chosen, modules, link.objects(source, modules, chosen, config.factory_name))
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
    flags = [*command, *HOST_FLAGS, *folders, HOST / "host.c", "-lm", "-ldl"]
    return cache.stored(f"host-{key}", lambda output: toolchain.run_checked([*flags, "-o", output], "compiling the host"))
