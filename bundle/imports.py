"""What a driver imports, and what that imports: frozen into the bundle, or refused with the reason.

Statements are read, nothing is executed. Followed are all imports of the
driver and of the author's own modules, and those at the top level of the
standard library's: an import inside one of its functions is for a rare case,
and following them all would freeze half the library.
"""

import _imp
import ast
import importlib.machinery
import marshal
import sys
import sysconfig
from pathlib import Path

from tympan._errors import BuildError
from tympan.bundle import primitives, recipe, source, verify
from tympan.bundle.compile import PACKAGE, core_source, driver_primitives
from tympan.bundle.source import MAY, MUST, PERHAPS

#: Pure modules that the interpreter imports while it starts and that it does not bring with it.
START_UP = ("encodings", "encodings.aliases", "encodings.utf_8", "encodings.latin_1", "encodings.ascii")

#: Built-in modules that the interpreter or its frozen modules want in any case. Not ``time``:
#: it reads the machine's time zone when it is imported.
ALWAYS = (
    "_abc", "_codecs", "_collections", "_functools", "_imp", "_io", "_operator", "_signal", "_stat", "_string",
    "_sysconfig", "_thread", "_types", "_typing", "_warnings", "_weakref", "atexit", "builtins", "errno", "gc",
    "itertools", "marshal", "posix", "sys",
)  # fmt: skip

#: Instead of these modules a driver can use C's own functions.
IN_C = {"math": "`from libc.math cimport sin, pi`", "array": "a C array or `from libc.stdlib cimport malloc, free`"}

#: Pure modules of tympan that a bundle may have.
OWN = {*recipe.CORE_PURE, *(name for names in recipe.DECLARED_PURE.values() for name in names)}

NOT_STATIC = "is not part of the static runtime"

#: Frozen as ``_tympan_boot``; entry.c imports it first.
BOOT = Path(__file__).with_name("boot.py")

_STDLIB = Path(sysconfig.get_path("stdlib"))


class Modules:
    """The modules of one bundle: ``frozen`` name -> (code, is package), ``builtin`` names, ``files`` to copy."""

    def __init__(self, runtime, folder):
        self.runtime = runtime
        # Our own package last: an editable install is found by an import hook, not on sys.path.
        self.path = [str(folder), *filter(None, sys.path), str(PACKAGE.parent)]
        self.inside = set(_imp._frozen_module_names())
        self.frozen, self.files = {"_tympan_boot": (freeze("_tympan_boot", BOOT.read_bytes()), False)}, {}
        self.builtin = set(ALWAYS) & runtime.builtins
        self.core = list(recipe.CORE)
        self.seen = {*recipe.CORE, *primitives.OPTIONAL}

    def follow(self, name, need, chain):
        """Take in module ``name`` and all it imports; ``chain`` says who wanted it."""
        if name == "tympan.connect":  # a function, not a module; a driver may not be a client of the HAL
            self.require("tympan._client", chain)
        if need == MAY:
            self.attempt(name, chain)
        elif need == MUST or self.exists(name):
            self.require(name, chain)

    def attempt(self, name, chain):
        """Take in a module that the driver can do without, wholly or not at all."""
        before = set(self.seen), dict(self.frozen), dict(self.files), set(self.builtin)
        try:
            self.require(name, chain)
        except BuildError:
            self.seen, self.frozen, self.files, self.builtin = before

    def exists(self, name):
        """Whether ``b`` of ``from a import b`` is a module, rather than a name in a."""
        return name in self.seen or name in self.runtime.builtins or self.find(name) is not None

    def require(self, name, chain):
        """Take in a module, its packages first, or say why it cannot be."""
        parent = name.rpartition(".")[0]
        if parent:
            self.require(parent, chain)
        if name in self.seen:
            return
        self.seen.add(name)
        if name in self.runtime.builtins:
            self.builtin.add(name)
            return
        spec = self.find(name)
        problem = self.problem(name, spec)
        if problem:
            refuse(name, problem, chain)
        self.take(name, spec, chain)

    def find(self, name):
        """The module's spec, found without importing its package."""
        path = self.path
        for part in name.split("."):
            spec = importlib.machinery.PathFinder.find_spec(part, path)
            if spec is None:
                return None
            path = list(spec.submodule_search_locations or [])
        return spec

    def problem(self, name, spec):
        """Why the module cannot be in the bundle, or None."""
        if name.startswith("tympan.") and name not in OWN:
            return "is a tool of tympan, which is never inside a bundle"
        if name in self.inside:
            return None
        if spec is None:
            return NOT_STATIC if name in sys.builtin_module_names else "is not installed for this Python"
        if is_source(spec) or spec.origin is None:
            return None
        if not isinstance(spec.loader, importlib.machinery.ExtensionFileLoader):
            return "has no source file to freeze"
        if Path(spec.origin).parent != Path(sysconfig.get_config_var("DESTSHARED") or ""):
            return "is compiled code of another project, which a bundle cannot carry"
        return vendored_problem(spec.origin) if self.runtime.kind == "vendored" else NOT_STATIC

    def take(self, name, spec, chain):
        """Freeze a pure module, and follow what it imports; note the file of a compiled one."""
        if spec is None:
            return
        if is_source(spec):
            self.take_source(name, spec, chain)
        elif spec.origin is None:  # a package without __init__.py
            self.frozen[name] = (freeze(name, b""), True)
        elif name not in self.inside:
            self.files[name] = Path(spec.origin)

    def take_source(self, name, spec, chain):
        """Freeze, unless the interpreter has it frozen already, and follow."""
        text = Path(spec.origin).read_bytes()
        package = spec.submodule_search_locations is not None
        if name not in self.inside:
            self.frozen[name] = (freeze(name, text), package)
        if is_own(spec.origin) and name.partition(".")[0] != "tympan":
            self.add_primitives(primitives.named(text.decode("utf-8", "replace")))
        within = name if package else name.rpartition(".")[0]
        for wanted, need in statements(ast.parse(text), within, is_own(spec.origin)):
            self.follow(wanted, need, [*chain, name])

    def add_primitives(self, modules):
        """Link these modules of the core too."""
        for module in modules:
            if module not in self.core:
                self.core.append(module)
                self.follow_cython(module)
                for name in recipe.DECLARED_PURE.get(module, ()):
                    self.require(name, ["tympan"])

    def follow_cython(self, module):
        """Take in what a module of the core imports."""
        for item in source.imports(source.parse(core_source(module))):
            self.follow(item.name, item.need, ["tympan"])


def vendored_problem(file):
    """Why an extension module of the standard library cannot be copied, or None."""
    foreign = verify.foreign_libraries(file)
    return f"needs {foreign[0]}, a library that a bundle cannot carry" if foreign else None


def is_source(spec):
    """Whether a spec is of a .py file."""
    return isinstance(spec.loader, importlib.machinery.SourceFileLoader)


def is_own(file):
    """Whether a file is not of the standard library."""
    return _STDLIB not in Path(file).parents or "site-packages" in file


def freeze(name, text):
    """Marshalled code without a path of the machine that builds; version 2 writes equal code as equal bytes.

    Docstrings of our own stay behind: nobody reads them there.
    """
    own = name.partition(".")[0] == "tympan"
    code = compile(text, f"<frozen {name}>", "exec", dont_inherit=True, optimize=2 if own else 0)
    try:
        return marshal.dumps(code, 2)
    except ValueError:  # a constant that is younger than version 2, such as a slice (Python 3.14)
        return marshal.dumps(marshal.loads(marshal.dumps(code)))


def statements(node, package, own, need=MUST):
    """(module, need) of every import below ``node``; ``own`` says whether to look into functions."""
    yield from named(node, package, need)
    for field, value in ast.iter_fields(node):
        below = MAY if spares(node, field, own) else need
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST) and (own or not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))):
                yield from statements(part, package, own, below)


def spares(node, field, own):
    """Whether what stands in this field of the node may be missing when the module is imported."""
    if isinstance(node, ast.Try):
        return field == "body" and any(catches(handler.type) for handler in node.handlers)
    return isinstance(node, ast.If) and not own


def catches(node):
    """Whether an ``except`` lets a missing module pass."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} if node else {"Exception"}
    return bool(names & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def named(node, package, need):
    """(module, need) of one import statement; ``from a import b`` names a module b only perhaps."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, need) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = absolute(node.module or "", node.level, package)
        yield base, need
        for alias in node.names:
            if alias.name != "*":
                yield f"{base}.{alias.name}", PERHAPS if need == MUST else need


def absolute(name, level, package):
    """The full name of a relative import."""
    if not level:
        return name
    base = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{base}.{name}" if name else base


def refuse(name, problem, chain):
    """The sentence for a module that the driver needs and the bundle cannot have."""
    place, *through = chain
    inner = through and not name.startswith(f"{through[0]}.")
    what = f"the module {through[0]} needs {name}, which" if inner else f"the module {(through or [name])[0]}"
    hint = "A driver can import the standard library and pure Python modules."
    if problem == NOT_STATIC:
        hint = f"Use {IN_C[name]}, or build" if name in IN_C else "Build"
        hint += " with --runtime vendored."
    raise BuildError(f"{place}: {what} {problem}", hint)


def collect(driver, runtime):
    """The ``Modules`` for a driver's ``Source``."""
    modules = Modules(runtime, driver.path.parent.absolute())
    for name in START_UP + recipe.CORE_PURE:
        modules.require(name, ["tympan"])
    for core in recipe.CORE:
        modules.follow_cython(core)
    modules.add_primitives(driver_primitives(driver))
    for item in driver.imports:
        modules.follow(item.name, item.need, [f"{driver.label}:{item.line}"])
    return modules
