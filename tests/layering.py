"""Who may import whom, which file may do what: the rules, as functions of (file name, text).

Each function yields one sentence per violation. ``test_layering.py`` applies
them to the project, and to made-up files that break them.
"""

import ast
import re
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ("*.py", "*.pyx", "*.pxd", "*.pxi")

STDLIB = frozenset(sys.stdlib_module_names)
BELOW = ("tympan", "tympan._errors")  # the contract's Python names
TESTING = ("tympan.testing", "tympan.testing.*")
BUNDLE = ("tympan.bundle", "tympan.bundle.*")
NUMBERS = ("numpy", "soundfile", "matplotlib", "rich")

#: First matching row counts: file, what it may cimport, what it may import, and only inside functions.
#: ``_x`` is ``tympan._x``; "stdlib" any of the standard library; a pattern may end in ``*``.
TABLE = [
    # L0: declarations, no runtime module
    ("tympan/coreaudio.pxd", ["libc"], [], []),
    ("tympan/_types.pxd", ["libc"], [], []),
    ("tympan/_rt.pxd", ["libc"], [], []),
    ("tympan/_readers.pxd", ["libc"], [], []),
    # L1: inline IO code, no runtime module; then the contract and the object graph
    ("tympan/_clock.pxd", ["libc", "_rt"], [], []),
    ("tympan/_moving_clock.pxd", ["libc", "_rt"], [], []),
    ("tympan/_servo.pxd", ["libc", "_moving_clock", "_rt"], [], []),
    ("tympan/_ring.pxd", ["libc", "_rt"], [], []),
    ("tympan/_convert.pxd", ["libc", "_rt"], [], []),
    ("tympan/_directory.pxd", ["libc", "_clock", "_rt"], [], []),
    ("tympan/_objects.pxd", ["libc", "_convert", "_directory", "_ring", "_types", "coreaudio"], [], []),
    ("tympan/_controls.pxd", ["libc", "_objects", "_rt", "coreaudio"], [], []),
    ("tympan/_gains.pxd", ["libc", "_controls", "_objects", "_rt", "coreaudio"], [], []),
    ("tympan/_io.pxd", ["libc", "_convert", "_gains", "_objects", "_ring", "_rt", "_types", "coreaudio"], [], []),
    ("tympan/_errors.py", [], [], []),
    ("tympan/_stream_spec.py", [], ["_errors"], []),
    ("tympan/_spec.py", [], ["_errors", "_stream_spec"], ["_layouts"]),
    ("tympan/_control_spec.py", [], ["_errors", "_stream_spec"], []),
    ("tympan/_layout_codes.py", [], [], []),
    ("tympan/_layouts.py", [], ["_errors", "_layout_codes"], []),
    ("tympan/_setting.py", [], ["_errors", "_property_spec", "_stream_spec"], []),
    ("tympan/_property_spec.py", [], ["_errors", "_stream_spec"], []),
    ("tympan/_driver.p*", ["libc", "_rt", "_types"], ["_errors", "_spec"], []),
    (
        "tympan/_objects.pyx",
        [
            "libc", "cpython", "_controls", "_convert", "_directory", "_driver", "_formats", "_gains", "_ring", "_rt",
            "coreaudio",
        ],
        ["_driver", "_errors", "_spec"],
        [],
    ),
    ("tympan/_graphs.p*", ["libc", "cpython", "_directory", "_driver", "_objects", "_rt", "coreaudio"], ["_spec"], []),
    # realtime primitives: classes over C headers, in a bundle only when its driver names one
    ("tympan/_checks.pxd", ["cpython"], [], []),
    ("tympan/_parameters.p*", ["libc", "cpython", "cython", "_checks", "_rt"], [], []),
    ("tympan/_buffers.p*", ["libc", "cpython", "cython", "_checks", "_rt"], [], []),
    ("tympan/_log_sink.p*", ["libc", "cpython", "cython", "_checks", "_rt"], ["_thread"], []),
    # a driver's own properties and settings, in a bundle only when its driver has some
    ("tympan/_extras_types.pxd", ["libc", "coreaudio"], [], []),
    ("tympan/_property_lists.p*", ["libc", "cpython", "coreaudio"], ["sys"], []),
    (
        "tympan/_extras.pyx",
        ["libc", "_driver", "_extras_types", "_property_lists", "coreaudio"],
        ["_property_spec", "_setting"],
        [],
    ),
    # the properties: rows, and the getters that they name
    ("tympan/_properties_types.pxd", ["libc", "_objects", "coreaudio"], [], []),
    ("tympan/_formats.pxd", ["libc", "_convert", "_objects", "coreaudio"], [], []),
    ("tympan/_answers.pxd", ["libc", "_objects", "_properties_types", "_rt", "coreaudio"], [], []),
    (
        "tympan/_getters*.pxd",
        ["libc", "_answers", "_controls", "_formats", "_objects", "_properties_types", "_rt", "coreaudio"],
        [],
        [],
    ),
    ("tympan/_properties.pxd", ["_objects", "_properties_types", "coreaudio"], [], []),
    (
        "tympan/_properties.pyx",
        [
            "libc", "_getters", "_getters_control", "_getters_custom", "_getters_device", "_objects",
            "_properties_types", "coreaudio",
        ],
        ["_errors"],
        [],
    ),
    # the table's entries
    ("tympan/_core.pxd", ["libc", "_directory", "_extras_types", "_objects", "_readers", "_rt", "coreaudio"], [], []),
    ("tympan/_host_calls.pxd", ["libc", "_core", "_objects", "_rt", "coreaudio"], [], []),
    (
        "tympan/_hal_io.pxd",
        ["libc", "_clock", "_core", "_directory", "_io", "_objects", "_readers", "_rt", "_types", "coreaudio"],
        [],
        [],
    ),
    (
        "tympan/_hal_properties.pxd",
        ["libc", "_core", "_hal_extras", "_objects", "_properties", "_properties_types", "_readers", "coreaudio"],
        [],
        [],
    ),
    (
        "tympan/_hal_extras.pxd",
        [
            "libc", "_core", "_driver", "_extras_types", "_getters_custom", "_host_calls", "_objects",
            "_properties_types", "_rt", "coreaudio",
        ],
        [],
        [],
    ),
    ("tympan/_hal_clients.pxd", ["libc", "_core", "_readers", "coreaudio"], [], []),
    ("tympan/_hal_driver.pxd", ["_core", "_driver", "_objects", "coreaudio"], [], ["_errors"]),
    (
        "tympan/_hal_changes.pxd",
        [
            "libc", "_clock", "_core", "_directory", "_driver", "_formats", "_gains", "_graphs", "_hal_driver",
            "_hal_extras", "_host_calls", "_objects", "_readers", "_ring", "_rt", "_settings", "coreaudio",
        ],
        [],
        [],
    ),
    (
        "tympan/_settings.pxd",
        [
            "libc", "_controls", "_core", "_formats", "_gains", "_host_calls", "_objects", "_properties_types", "_rt",
            "coreaudio",
        ],
        [],
        [],
    ),
    ("tympan/_hal.pxd", ["_core"], [], []),
    (
        "tympan/_hal.pyx",
        [
            "libc", "cpython", "_core", "_directory", "_driver", "_graphs", "_hal_changes", "_hal_clients",
            "_hal_driver", "_hal_extras", "_hal_io", "_hal_properties", "_host_calls", "_objects", "_properties",
            "_properties_types", "_readers", "_rt", "_settings", "coreaudio",
        ],
        ["_errors"],
        [],
    ),
    ("tympan/__init__.pxd", ["_buffers", "_driver", "_log_sink", "_parameters", "_types"], [], []),
    ("tympan/__init__.py", [], ["_driver", "_errors", "_spec", "_stream_spec"], []),
    # an application's side: the simulated host where one is active, else Core Audio's client interface
    ("tympan/_client.py", [], ["stdlib", "_errors", "_property_spec"], ["_client_macos", "tympan.testing._connect"]),
    ("tympan/_client_macos.py", [], ["stdlib", "_errors"], []),
    # L2: the simulated host sees only the C table; _session makes the reference of a class without a bundle
    ("tympan/testing/_session.py", [], ["stdlib", *BELOW, *TESTING], ["_hal"]),
    ("tympan/testing/_*_cli.py", [], ["stdlib", *BELOW, *NUMBERS, *TESTING], [*NUMBERS, "tympan.bundle"]),
    ("tympan/testing/rules/bundle.py", [], ["stdlib", *BELOW, *TESTING], [*BUNDLE]),  # reads binaries
    ("tympan/testing/rules/macho.py", [], ["stdlib", *BELOW, *TESTING], [*BUNDLE]),  # the same
    # the guard: the copy of assert_no_alloc that comes with tympan; the names of a stripped bundle are the bundler's
    ("tympan/_vendored.py", [], ["stdlib"], []),
    ("tympan/_pytest.py", [], ["stdlib", "pytest", "_vendored"], ["assert_no_alloc", *TESTING, *BUNDLE]),
    ("tympan/testing/_guard.py", [], ["stdlib", "_vendored", *BELOW, *TESTING], ["tympan.bundle.realtime"]),
    ("tympan/testing/*.py", [], ["stdlib", *BELOW, *NUMBERS, *TESTING], []),
    ("tympan/testing/*.p*", ["libc", "coreaudio", "tympan.testing._*"], ["stdlib", "_errors"], []),
    # L3: tools
    ("bundle/recipe.py", [], [], []),
    ("bundle/boot.py", [], ["stdlib"], []),
    # after the build: no compiler; reads what the bundler's reader of binaries and the verifier say
    ("bundle/macos/probe.py", [], ["stdlib"], []),
    (
        "bundle/macos/*.py",
        [],
        [
            "stdlib", "lief", "tympan._errors", "tympan.bundle.binary", "tympan.bundle.verify", "tympan.bundle.macos",
            "tympan.bundle.macos.*",
        ],
        [],
    ),
    ("bundle/*.py", [], ["stdlib", "Cython", "capstone", "lief", *BELOW, *BUNDLE], []),
    ("tympan/_cli.py", [], ["stdlib", *BELOW], ["rich", *BUNDLE, *TESTING]),
    ("tympan/__main__.py", [], ["stdlib", "_cli"], []),
    # a driver
    ("examples/*.pyx", ["libc", "tympan"], ["stdlib", "tympan"], []),
]

#: Where C declarations of other libraries may stand.
EXTERN = (
    "tympan/coreaudio.pxd", "tympan/_rt.pxd", "tympan/_core.pxd", "tympan/_convert.pxd", "tympan/testing/*",
    "tympan/_buffers.pxd", "tympan/_gains.pxd", "tympan/_log_sink.pxd", "tympan/_parameters.pxd",
    "tympan/_readers.pxd",
)  # fmt: skip

#: Where a pointer may become an object, or an object a pointer.
CASTS = (
    "tympan/_hal.pyx",  # the table's entries find their driver
    "tympan/_hal_driver.pxd",  # and call it
    "tympan/_hal_changes.pxd",  # and compare what it declares
    "tympan/_graphs.pyx",  # devices know their DeviceSpec, controls their Control
    "tympan/_objects.pyx",  # reads the address of process_io once, from the class's C table
    "tympan/_hal_extras.pxd",  # and what they and its devices declare
    "tympan/_extras.pyx",  # the core calls it by pointer, with the place where its driver is
    "tympan/testing/_host.pyx",  # the host's table, whose entries find their host
    "tympan/testing/_call.pyx",  # another one, for replays
)

LONGEST = 500
#: Hand-written files that may be longer, up to so many lines, and why.
LONGER = {
    "bench/floor.c": (620, "a whole driver that shares nothing, on purpose"),
}
GENERATED = (
    "tympan/coreaudio.h", "tympan/coreaudio.pxd", "tympan/_layout_codes.py", "tests/abi/coreaudio_asserts.c",
    "docs/properties.md", "docs/rules.md",
)  # fmt: skip


def project_files(*patterns, folders=("tympan", "bundle", "examples")):
    """(name relative to the root, text) of the project's own files."""
    for folder in folders:
        for pattern in patterns:
            for path in sorted((ROOT / folder).rglob(pattern)):
                if not {"build", "dist", "__pycache__"} & set(path.relative_to(ROOT).parts):
                    yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def module_of(name):
    """``bundle/plist.py`` -> ``tympan.bundle.plist``."""
    parts = Path(name).with_suffix("").parts
    parts = ("tympan", *parts) if parts[0] == "bundle" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(name) for name, _ in project_files(*SOURCES)}

# ---- what a file imports ----

STRING = re.compile(r'("""|\'\'\')[\s\S]*?\1|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\n]*')
STATEMENT = re.compile(
    r"^(?P<indent>[ \t]*)(?:from[ \t]+(?P<base>[\w.]+)[ \t]+(?P<c>c?)import[ \t]+(?P<names>\([^)]*\)|[^\n]*)"
    r"|(?P<plain>c?)import[ \t]+(?P<modules>[^\n]+))",
    re.MULTILINE,
)


def code_only(text):
    """Without comments and strings; lines keep their numbers."""
    return STRING.sub(lambda found: "" if found[0][0] == "#" else '"' + "\n" * found[0].count("\n") + '"', text)


def cython_imports(text):
    """(module, is cimport, is inside a function) of every import statement of a .pyx or .pxd."""
    for found in STATEMENT.finditer(code_only(text)):
        names = [item.split(" as ")[0].strip() for item in (found["names"] or found["modules"]).strip("()").split(",")]
        for name in filter(None, names):
            module = target(found["base"], name) if found["base"] else name
            yield module, bool(found["c"] or found["plain"]), bool(found["indent"])


def python_imports(text):
    """The same of a .py, where nothing is a cimport."""
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {inner for outer in functions for inner in ast.walk(outer)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, False, node in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from ((target(base, alias.name), False, node in inside) for alias in node.names)


def target(base, name):
    """``from base import name`` means the module base.name, if there is one."""
    return f"{base}.{name}" if f"{base}.{name}" in MODULES else base


# ---- the rules ----


def row_of(name):
    """The table's row for a file, or None."""
    return next((row for row in TABLE if fnmatch(name, row[0])), None)


def allows(names, module):
    """Whether ``module`` is one of ``names`` of the table."""
    top = module.partition(".")[0]
    if top == "tympan":
        full = [f"tympan.{name}" if name[0] == "_" or name == "coreaudio" else name for name in names]
        return any(fnmatch(module, name) for name in full)
    return top in names or (top in STDLIB and "stdlib" in names)


def wrong_imports(name, text):
    """Imports that the table does not allow."""
    row = row_of(name)
    if row is None:
        yield f"{name} has no row in the table of tests/layering.py"
        return
    _, cimports, imports, late = row
    found = python_imports(text) if name.endswith(".py") else cython_imports(text)
    for module, is_cimport, inside in found:
        if not allows(cimports if is_cimport else imports + late * inside, module):
            where = " inside a function" if inside else ""
            yield f"{name} may not {'c' * is_cimport}import {module}{where}"


def wrong_externs(name, text):
    """C declarations where none may be."""
    if re.search(r"\bcdef\s+extern\b", code_only(text)) and not any(fnmatch(name, place) for place in EXTERN):
        yield f"{name} has a cdef extern block"


def wrong_casts(name, text):
    """``<object>``, ``<void*>`` and casts to a class, outside the files that cross the boundary."""
    classes = "object|void *\\*|Driver|PlugIn|bytes|bytearray|str|list|tuple|dict|set|type"
    if name not in CASTS:
        yield from (f"{name} casts to <{cast}>" for cast in re.findall(rf"<\s*({classes})\s*\??\s*>", code_only(text)))


def wrong_conditions(name, text):
    """The core is the same on every system; ``include`` would hide what a file imports."""
    for line in text.splitlines():
        if re.match(r"\s*#\s*if(n?def)?\b|\s*IF\s|\s*DEF\s|\s*include\s+[\"']", line):
            yield f"{name} has a conditional, DEF or include: {line.strip()}"


def wrong_length(name, text):
    """Files over the limit, and exceptions that are none any more."""
    lines, (limit, _) = text.count("\n"), LONGER.get(name, (LONGEST, ""))
    if lines > limit and name not in GENERATED:
        yield f"{name} has {lines} lines, more than {limit}"
    if name in LONGER and lines <= LONGEST:
        yield f"{name} has {lines} lines: take it out of LONGER"


# ---- thread tags ----


def vocabulary(text):
    """The tags of docs/threads.md: the first column of its table."""
    return re.findall(r"^\| `(\[[^\]]+\])` \|", text, re.MULTILINE)


def wrong_python_tags(text, tags):
    """Public methods of Driver in _driver.pyx whose docstring does not end with a tag of ``def`` methods."""
    body = re.split(r"^cdef class Driver\b.*\n", text, flags=re.MULTILINE)[-1]
    methods = list(re.finditer(r'^    def (\w+)\([^\n]*\n(?:\s+"""((?:.|\n)*?)""")?', body, re.MULTILINE))
    for name, doc in (found.groups() for found in methods):
        tag = last_tag(doc or "")
        if not name.startswith("_") and (tag not in tags or tag.startswith("[io")):
            yield f"Driver.{name} ends with {tag or 'no tag'}"


def wrong_c_tags(text, tags):
    """C methods of _driver.pxd where ``[io …]`` in the comment and ``noexcept nogil`` are not together."""
    methods = list(re.finditer(r"((?:^    #[^\n]*\n)*)^    cdef [^\n]*?(\w+)\(([^\n]*)$", text, re.MULTILINE))
    for comment, name, rest in (found.groups() for found in methods):
        tag = last_tag(comment)
        if tag not in tags:
            yield f"Driver.{name} ends with {tag or 'no tag'}"
        elif tag.startswith("[io") != rest.rstrip(":").endswith("noexcept nogil"):
            yield f"Driver.{name} is {tag}, but declared ...{rest[-16:]}"


def last_tag(text):
    """The bracket with which a docstring or comment ends, or ''."""
    found = re.search(r"(\[[^\]\n]*\])\s*$", text)
    return found[1] if found else ""
