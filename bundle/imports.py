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
from tympan.bundle import recipe, source
from tympan.bundle.compile import core_source

#: Pure modules that the interpreter imports while it starts and that it does not bring with it.
START_UP = ("encodings", "encodings.aliases", "encodings.utf_8", "encodings.latin_1", "encodings.ascii")

#: Built-in modules that the interpreter or its frozen modules want in any case.
ALWAYS = (
    "_abc", "_codecs", "_collections", "_functools", "_imp", "_io", "_operator", "_signal", "_stat", "_string",
    "_sysconfig", "_thread", "_types", "_typing", "_warnings", "_weakref", "atexit", "builtins", "errno", "gc",
    "itertools", "marshal", "posix", "sys", "time",
)  # fmt: skip

#: Instead of these modules a driver can use C's own functions.
IN_C = {"math": "`from libc.math cimport sin, pi`", "array": "a C array or `from libc.stdlib cimport malloc, free`"}

_STDLIB = Path(sysconfig.get_path("stdlib"))


class Modules:
    """The modules of one bundle: ``frozen`` name -> (code, is package), ``builtin`` names, ``files`` to copy."""

    def __init__(self, runtime, label, folder):
        self.runtime, self.label = runtime, label
        self.path = [str(folder), *(entry for entry in sys.path if entry)]
        self.inside = set(_imp._frozen_module_names())
        self.frozen, self.files = {}, {}
        self.builtin = set(ALWAYS) & runtime.builtins
        self.seen = {*recipe.CORE}

    def follow(self, name, optional, chain):
        """Take in module ``name`` and what it imports; ``chain`` says who wanted it. False when it is not there."""
        parent = name.rpartition(".")[0]
        if parent and not self.follow(parent, optional, chain):
            return False
        if name in self.seen:
            return True
        if name in self.runtime.builtins:
            self.seen.add(name)
            self.builtin.add(name)
            return True
        spec = self.find(name)
        problem = self.problem(name, spec)
        if problem is None:
            self.seen.add(name)
            self.take(name, spec, chain)
        elif not optional:
            refuse(name, problem, chain)
        return problem is None

    def find(self, name):
        """The module's spec, found without importing its package."""
        path = self.path
        for depth in range(1, name.count(".") + 2):
            spec = importlib.machinery.PathFinder.find_spec(".".join(name.split(".")[:depth]), path)
            if spec is None:
                return None
            path = spec.submodule_search_locations or []
        return spec

    def problem(self, name, spec):
        """Why the module cannot be in the bundle, or None."""
        if name.startswith("tympan.") and name not in recipe.CORE_PURE:
            return "is a tool of tympan, which is never inside a bundle"
        if spec is None and name in self.inside:
            return None
        if spec is None:
            return "is not installed for this Python"
        if is_source(spec) or name in self.inside or spec.submodule_search_locations and spec.origin is None:
            return None
        if not spec.origin or not isinstance(spec.loader, importlib.machinery.ExtensionFileLoader):
            return "is not a module that can be put into a bundle"
        if Path(spec.origin).parent != Path(sysconfig.get_config_var("DESTSHARED") or ""):
            return "is compiled code of another project, which a bundle cannot carry"
        return None if self.runtime.kind == "vendored" else f"is not part of the {self.runtime}"

    def take(self, name, spec, chain):
        """Freeze a pure module or note the file of a compiled one, and follow what it imports."""
        if spec is None:
            return
        if not is_source(spec):
            if name not in self.inside:
                self.take_file(name, spec)
            return
        text = Path(spec.origin).read_bytes()
        package = spec.submodule_search_locations is not None
        if name not in self.inside:
            self.frozen[name] = (freeze(name, text), package)
        own = _STDLIB not in Path(spec.origin).parents or "site-packages" in spec.origin
        for wanted, optional in statements(ast.parse(text), name if package else name.rpartition(".")[0], own):
            self.follow(wanted, optional, [*chain, name])

    def take_file(self, name, spec):
        """A package without a file is frozen empty, an extension module is copied."""
        if spec.origin is None:
            self.frozen[name] = (freeze(name, b""), True)
        else:
            self.files[name] = Path(spec.origin)


def is_source(spec):
    """Whether a spec is of a .py file."""
    return isinstance(spec.loader, importlib.machinery.SourceFileLoader)


def freeze(name, text):
    """Marshalled code without a path of the machine that builds; version 2 writes equal code as equal bytes."""
    code = compile(text, f"<frozen {name}>", "exec", dont_inherit=True, optimize=0)
    try:
        return marshal.dumps(code, 2)
    except ValueError:  # a constant that is younger than version 2, such as a slice (Python 3.14)
        return marshal.dumps(marshal.loads(marshal.dumps(code)))


def statements(node, package, own, optional=False):
    """(module, optional) of every import below ``node``; ``own`` says whether to look into functions."""
    for name in named(node, package):
        yield name[0], optional or name[1]
    for field, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST) and (own or not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))):
                yield from statements(part, package, own, optional or spares(node, field, own))


def spares(node, field, own):
    """Whether what stands in this field of the node may be missing when the module is imported."""
    if isinstance(node, ast.Try):
        return field == "body" and any(catches(handler.type) for handler in node.handlers)
    return isinstance(node, ast.If) and not own


def catches(node):
    """Whether an ``except`` lets a missing module pass."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} if node else {"Exception"}
    return bool(names & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def named(node, package):
    """(module, optional) of one import statement; ``from a import b`` names a module b only perhaps."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, False) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = absolute(node.module or "", node.level, package)
        yield base, False
        yield from ((f"{base}.{alias.name}", True) for alias in node.names if alias.name != "*")


def absolute(name, level, package):
    """The full name of a relative import."""
    if not level:
        return name
    base = package.rsplit(".", level - 1)[0] if level > 1 else package
    return f"{base}.{name}" if name else base


def refuse(name, problem, chain):
    """The sentence for a module that the driver needs and the bundle cannot have."""
    place, *through = chain
    via = f" (through {', '.join(through)})" if through else ""
    if "not part of" in problem:
        hint = f"Use {IN_C[name]}, or build with --runtime vendored." if name in IN_C else "Build with --runtime vendored."
    else:
        hint = "A driver can import pure Python modules and those of the standard library."
    raise BuildError(f"{place}: import {name}: the module{via} {problem}", hint)


def collect(driver, runtime):
    """The ``Modules`` for a driver's ``Source``."""
    modules = Modules(runtime, driver.label, driver.path.parent.absolute())
    for name in START_UP + recipe.CORE_PURE:
        modules.follow(name, False, ["tympan"])
    for core in recipe.CORE:
        follow_cython(modules, source.parse(core_source(core)), "tympan")
    for item in driver.imports:
        modules.follow(item.name, item.optional, [f"{driver.label}:{item.line}"])
    return modules


def follow_cython(modules, tree, place):
    """Follow the imports of one of the core's own files."""
    for item in source.imports(tree):
        modules.follow(item.name, item.optional, [place])
