"""The structure that docs/architecture.md promises: imports, layers, thread tags, file sizes.

The rules are in layering.py. Each is applied to the project, and to a made-up
file that breaks it, because a rule that cannot fail protects nothing.
"""

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import layering
import pytest
from layering import ROOT, SOURCES, project_files

import tympan

CORE = [(name, text) for name, text in project_files("*.pyx", "*.pxd") if name.startswith("tympan/_")]
CYTHON = list(project_files("*.pyx", "*.pxd"))
#: All but the tests of the examples, which may use anything.
LAYERED = [file for file in project_files(*SOURCES) if not file[0].startswith("examples/") or file[0].endswith("x")]
WRITTEN = list(
    project_files(
        "*.py", "*.pyx", "*.pxd", "*.pyi", "*.c", "*.h", "*.md",
        folders=("tympan", "bundle", "examples", "tests", "tools", "docs", "bench", "scripts"),
    )
)  # fmt: skip
TAGS = layering.vocabulary((ROOT / "docs" / "threads.md").read_text())


def violations(rule, files):
    return "\n".join(sentence for name, text in files for sentence in rule(name, text))


def test_imports():
    assert violations(layering.wrong_imports, LAYERED) == ""


def test_c_declarations_have_their_place():
    assert violations(layering.wrong_externs, CYTHON) == ""


def test_pointers_become_objects_in_few_files():
    assert violations(layering.wrong_casts, CYTHON) == ""


def test_the_core_has_no_conditional_compilation():
    assert violations(layering.wrong_conditions, CORE) == ""


def test_files_are_short():
    assert violations(layering.wrong_length, WRITTEN) == ""
    assert set(layering.LONGER) | set(layering.GENERATED) <= {name for name, _ in WRITTEN}


def test_every_row_of_the_table_is_used():
    rows = [layering.row_of(name) for name, _ in LAYERED]
    assert [row[0] for row in layering.TABLE if row not in rows] == []


BROKEN = {
    "a layer up": (layering.wrong_imports, "tympan/_driver.pyx", "from tympan._hal cimport Core", "tympan._hal"),
    "plain cimport": (layering.wrong_imports, "tympan/_ring.pxd", "cimport tympan._io", "cimport tympan._io"),
    "inside a function": (
        layering.wrong_imports,
        "tympan/_hal.pyx",
        "def f():\n    from tympan.testing import _host\n",
        "import tympan.testing._host inside",
    ),
    "in parentheses": (
        layering.wrong_imports,
        "tympan/_rt.pxd",
        "from tympan._types cimport (\n    IoBuffer,\n    IoOperation)\n",
        "cimport tympan._types",
    ),
    "stdlib in the core": (layering.wrong_imports, "tympan/_objects.pyx", "import os", "import os"),
    "stdlib in the contract": (layering.wrong_imports, "tympan/_spec.py", "import dataclasses", "dataclasses"),
    "submodule": (layering.wrong_imports, "tympan/testing/_io.py", "from tympan import _hal", "tympan._hal"),
    "not late": (layering.wrong_imports, "tympan/_cli.py", "from tympan.bundle import plist", "tympan.bundle.plist"),
    "tool to host": (layering.wrong_imports, "bundle/plist.py", "def f():\n    import tympan.testing", "testing"),
    "recipe": (layering.wrong_imports, "bundle/recipe.py", "import sys", "import sys"),
    "relative": (layering.wrong_imports, "bundle/plist.py", "from . import link", "import ."),
    "driver": (layering.wrong_imports, "examples/a/a.pyx", "from tympan._rt cimport ty_load_f64", "tympan._rt"),
    "no row": (layering.wrong_imports, "tympan/_new.pyx", "", "has no row"),
    "extern": (layering.wrong_externs, "tympan/_hal.pyx", 'cdef extern from "x.h":\n    pass', "extern"),
    "to object": (layering.wrong_casts, "tympan/_io.pxd", "    return <object>p", "<object>"),
    "to pointer": (layering.wrong_casts, "tympan/_properties.pyx", "    p = < void * >driver", "<void *>"),
    "to class": (layering.wrong_casts, "examples/a/a.pyx", "    d = <Driver?>p", "<Driver>"),
    "ifdef": (layering.wrong_conditions, "tympan/_hal.pyx", '"""\n#ifdef __APPLE__\n"""', "#ifdef"),
    "IF": (layering.wrong_conditions, "tympan/_io.pxd", "IF UNAME_SYSNAME == 'Darwin':", "IF UNAME"),
    "include": (layering.wrong_conditions, "tympan/_io.pxd", 'include "more.pxi"', "include"),
    "too long": (layering.wrong_length, "tympan/_io.pxd", "\n" * 501, "501 lines"),
    "too long for an exception": (layering.wrong_length, "bench/floor.c", "\n" * 900, "900 lines"),
    "exception not needed": (layering.wrong_length, "bench/floor.c", "\n" * 500, "take it out"),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "name", "text", "complaint"), BROKEN.values(), ids=BROKEN)
def test_the_rule_catches(rule, name, text, complaint):
    (found,) = set(rule(name, text))
    assert complaint in found


def test_what_only_looks_like_a_violation():
    harmless = '"""\nfrom tympan._hal cimport Core\n"""\n# import os\nx = "cdef extern"\n'
    assert violations(layering.wrong_imports, [("tympan/_driver.pyx", harmless)]) == ""
    assert violations(layering.wrong_externs, [("tympan/_driver.pyx", harmless)]) == ""


def test_cimports_form_no_circle():
    graph = {}
    for name, cimports, _, _ in layering.TABLE:
        if name.startswith("tympan/_") and not name.endswith(".pyx"):
            graph.setdefault(Path(name).stem, set()).update(item for item in cimports if item.startswith("_"))
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("_rt") < order.index("_objects") < order.index("_properties") < order.index("_hal")


# ---- thread tags ----


def test_the_tags():
    assert TAGS == ["[control & !running]", "[control]", "[io & running]", "[any]"]


def test_every_public_method_says_its_thread():
    assert list(layering.wrong_python_tags((ROOT / "tympan" / "_driver.pyx").read_text(), TAGS)) == []
    assert list(layering.wrong_c_tags((ROOT / "tympan" / "_driver.pxd").read_text(), TAGS)) == []


METHOD = '''\
cdef class Driver:
    def start_io(self):
        """Start.
        {}"""

    def _own(self):
        pass
'''


@pytest.mark.parametrize("tag", ["", "[main]", "[control & running]", "[io & running]", "[any] sometimes"])
def test_a_wrong_tag_of_a_def_method(tag):
    assert len(list(layering.wrong_python_tags(METHOD.format(tag), TAGS))) == 1
    assert list(layering.wrong_python_tags(METHOD.format("[control]"), TAGS)) == []


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("# [io & running]", ""),
        ("# [io & running]", " nogil"),
        ("# [control]", " noexcept nogil"),
        ("# Copies.", " noexcept nogil"),
    ],
)
def test_a_wrong_tag_of_a_c_method(comment, words):
    text = "cdef class Driver:\n    # One cycle.\n    {}\n    cdef void process_io(self, const int* rt){}\n"
    assert len(list(layering.wrong_c_tags(text.format(comment, words), TAGS))) == 1
    assert list(layering.wrong_c_tags(text.format("# [io & running]", " noexcept nogil"), TAGS)) == []


# ---- what an import of the runtime loads: all of it would be frozen into every driver ----

PLATFORM = """\
import _imp, posix
from _frozen_importlib import ModuleSpec
flags = sys.getdlopenflags()
sys.setdlopenflags(posix.RTLD_GLOBAL | posix.RTLD_NOW)
_imp.create_dynamic(ModuleSpec("_platform", None, origin=sys.argv[2]))
sys.setdlopenflags(flags)
"""
BOOT = "import sys\nsys.path.insert(0, sys.argv[1])\n{}before = set(sys.modules)\n{}\nprint(*set(sys.modules) - before)"


def loaded_by(statements):
    """Modules that ``statements`` add in an interpreter that has loaded next to nothing."""
    from tympan.testing import _platform

    script = BOOT.format("" if sys.platform == "darwin" else PLATFORM, statements)
    arguments = [Path(tympan.__file__).parents[1], _platform.__file__]
    command = [sys.executable, "-I", "-S", "-c", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def from_outside(modules):
    """Without our own and Cython's own."""
    return {name for name in modules if name.partition(".")[0] != "tympan" and "cython" not in name}


def test_the_runtime_loads_nothing_of_the_standard_library():
    found = loaded_by("import tympan, tympan._hal")
    assert {"tympan._driver", "tympan._hal", "tympan._spec"} <= found
    assert from_outside(found) == set()
    assert not any(name.startswith(("tympan.testing", "tympan.bundle")) for name in found)


def test_a_standard_library_module_would_be_seen():
    assert "dataclasses" in from_outside(loaded_by("import tympan, dataclasses"))
