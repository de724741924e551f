"""Following a driver's imports: what is frozen, what is refused, and in which words."""

import marshal
import os
import subprocess
import sys

import pytest

from tympan._errors import BuildError
from tympan.bundle import archive, cache, imports
from tympan.bundle.runtime import Runtime
from tympan.bundle.source import Import

SMALL = frozenset({*imports.ALWAYS, "time", "_sre"})


class Made:
    """A driver as far as imports are concerned."""

    label = "made.pyx"

    def __init__(self, folder, *names, need="must"):
        self.path = folder / self.label
        self.imports = [Import(name, number, need) for number, name in enumerate(names, 1)]


def collected(folder, *names, need="must", kind="static"):
    return imports.collect(Made(folder, *names, need=need), Runtime(kind, None, [], SMALL))


def write(folder, **files):
    for name, text in files.items():
        path = folder.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def refusal(folder, *names, **options):
    with pytest.raises(BuildError) as caught:
        collected(folder, *names, **options)
    return str(caught.value)


def test_smallest_set(tmp_path):
    """What every bundle carries; a new name here costs every user memory and start-up time."""
    modules = collected(tmp_path)
    assert set(modules.frozen) == {
        *("_tympan_boot", "tympan", "tympan._errors", "tympan._stream_spec", "tympan._spec"),
        *("tympan._control_spec", "tympan._layouts", "tympan._layout_codes"),
        *("encodings", "encodings.aliases", "encodings.ascii", "encodings.latin_1", "encodings.utf_8"),
    }
    assert modules.builtin == set(imports.ALWAYS) & SMALL
    assert modules.files == {}
    assert sum(len(code) for code, _ in modules.frozen.values()) < 120_000


def test_own_modules_are_followed_into_functions(tmp_path):
    write(tmp_path, a="def f():\n    import b\n", b="from pack import part, name\n", pack__part="import time\n")
    write(tmp_path, pack__init="")
    (tmp_path / "pack" / "init.py").rename(tmp_path / "pack" / "__init__.py")
    modules = collected(tmp_path, "a")
    assert {"a", "b", "pack", "pack.part"} <= set(modules.frozen)
    assert modules.frozen["pack"][1] and not modules.frozen["pack.part"][1]
    assert "time" in modules.builtin


def test_standard_library_is_followed_at_top_level_only(tmp_path):
    """textwrap needs re at once; os needs subprocess only inside a function."""
    modules = collected(tmp_path, "textwrap", "os")
    assert "re" in modules.frozen
    assert "subprocess" not in modules.frozen
    assert "os" not in modules.frozen, "the interpreter brings it"


def test_relative_imports(tmp_path):
    write(
        tmp_path,
        p__a="from . import b\nfrom .q import c\n",
        p__b="",
        p__q__c="from .. import b\nfrom ..q import d\n",
        p__q__d="",
    )
    assert {"p", "p.a", "p.b", "p.q", "p.q.c", "p.q.d"} <= set(collected(tmp_path, "p.a").frozen)


def test_absent_module(tmp_path):
    assert refusal(tmp_path, "no_such_thing") == "made.pyx:1: the module no_such_thing is not installed for this Python"
    write(tmp_path, a="import no_such_thing\n")
    assert refusal(tmp_path, "time", "a") == (
        "made.pyx:2: the module a needs no_such_thing, which is not installed for this Python"
    )


def test_absent_module_that_is_optional(tmp_path):
    write(tmp_path, a="import b\n", b="import no_such_thing\n")
    modules = collected(tmp_path, "a", "no_such_thing", need="may")
    assert not {"a", "b"} & set(modules.frozen), "all of it or nothing"
    write(tmp_path, c="try:\n    import no_such_thing\nexcept ImportError:\n    import time\n")
    assert "time" in collected(tmp_path, "c").builtin


def test_name_that_is_no_module(tmp_path):
    write(tmp_path, a="from b import number\n", b="number = 1\n")
    assert {"a", "b"} <= set(collected(tmp_path, "a").frozen)


def test_submodule_that_cannot_be_had(tmp_path):
    """``from pack import part`` where part exists: it is needed as much as the statement."""
    write(tmp_path, pack__part="import no_such_thing\n", a="from pack import part\n")
    assert "no_such_thing" in refusal(tmp_path, "a")


def test_extension_module_of_the_standard_library(tmp_path):
    assert refusal(tmp_path, "_ctypes") == "made.pyx:1: the module _ctypes is not part of the static runtime"
    assert refusal(tmp_path, "ctypes").endswith(
        "the module ctypes needs _ctypes, which is not part of the static runtime"
    )


def test_module_that_is_built_into_this_python_only(tmp_path):
    assert "faulthandler" in sys.builtin_module_names
    assert refusal(tmp_path, "faulthandler") == "made.pyx:1: the module faulthandler is not part of the static runtime"


def test_compiled_module_of_another_project(tmp_path):
    for kind in ("static", "vendored"):
        assert "numpy is compiled code of another project" in refusal(tmp_path, "numpy", kind=kind)


def test_vendored_module_with_a_foreign_library(tmp_path, monkeypatch):
    monkeypatch.setattr(imports.verify, "foreign_libraries", lambda file: ["libstrange.so.1"])
    assert refusal(tmp_path, "_ctypes", kind="vendored").endswith(
        "needs libstrange.so.1, a library that a bundle cannot carry"
    )


@pytest.mark.parametrize("name", ["tympan.bundle", "tympan.testing"])
def test_tools_stay_outside(tmp_path, name):
    assert "is a tool of tympan" in refusal(tmp_path, name)


def test_frozen_code_has_no_path_and_is_always_the_same(tmp_path):
    """Neither hash seeds nor what else the process holds may change the bytes."""
    text = "NAMES = {'a', 'b', 'c'}\ndef f(x):\n    return [y.zqx for y in x if y in {'p', 'q', 'r'}]\n"
    code = imports.freeze("some.module", text.encode())
    assert marshal.loads(code).co_filename == "<frozen some.module>"
    command = f"from tympan.bundle import imports; print(imports.freeze('some.module', {text.encode()!r}).hex())"
    for seed, before in (("1", ""), ("2", "import sys; kept = sys.intern('z' + 'qx'); ")):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        python = [sys.executable, "-P", "-c", before + command]
        done = subprocess.run(python, capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.strip() == code.hex()


def test_archive_index(tmp_path):
    """The two ways in which archives list their symbols; anything else has no modules."""
    gnu = b"\0\0\0\2" + bytes(8) + b"PyInit_math\0other\0PyInit__io\0"
    bsd = bytes(20) + b"\0_PyInit_math\0_other\0_PyInit__io\0"
    for number, index in enumerate((gnu, bsd)):
        library = tmp_path / f"lib{number}.a"
        header = b"/".ljust(16) + b"0".ljust(32) + str(len(index)).encode().ljust(10) + b"`\n"
        library.write_bytes(b"!<arch>\n" + header + index)
        assert archive.modules(library) == {"math", "_io", *archive.SPECIAL}
    (tmp_path / "no.a").write_bytes(b"no archive at all")
    assert archive.modules(tmp_path / "no.a") == frozenset()


def test_cache_in_two_processes(tmp_path, monkeypatch):
    """Both make the file, one wins, neither sees half of it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    code = (
        "import sys, time\nfrom tympan.bundle import cache\n"
        "def make(path):\n"
        "    with open(path, 'w') as file:\n"
        "        for _ in range(20):\n"
        "            file.write('x' * 1000)\n            file.flush()\n            time.sleep(0.01)\n"
        "print(len(cache.stored('name', make).read_text()))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-P", "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in running] == ["20000"] * 3
    assert [path.name for path in (tmp_path / "tympan").iterdir()] == ["name"]


def test_cache_forgets_a_failure_and_old_files(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def fail(path):
        path.write_text("half")
        raise BuildError("no")

    with pytest.raises(BuildError):
        cache.stored("name", fail)
    assert list((tmp_path / "tympan").iterdir()) == []
    old = cache.stored("old", lambda path: path.write_text("old"))
    os.utime(old, (0, 0))
    cache.stored("new", lambda path: path.write_text("new"))
    assert [path.name for path in (tmp_path / "tympan").iterdir()] == ["new"]


def test_our_own_package_is_found_when_it_is_not_on_the_path(tmp_path, monkeypatch):
    """An editable install is found by an import hook; the bundler may be called from any folder."""
    from tympan.bundle.compile import PACKAGE

    elsewhere = [path for path in sys.path if path and os.path.abspath(path) != str(PACKAGE.parent)]
    monkeypatch.setattr(sys, "path", elsewhere)
    assert {"tympan", "tympan._spec", "tympan._errors"} <= set(collected(tmp_path).frozen)
