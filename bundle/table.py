"""The C file that tells entry.c which driver it starts: names, frozen modules, built-in modules."""

from tympan.bundle import archive

#: Folder below Contents where a vendored runtime finds extension modules.
LIBRARY = "Resources/lib"


def generate(driver, modules, kind):
    """The text of table.c for a driver's ``Source`` and its ``Modules``."""
    own = [*modules.core, driver.module]
    static = kind == "static"
    # A static library's own table would pull in every module it has, and the libraries those need.
    rows = sorted(modules.builtin) + own if static else own
    name = "_PyImport_Inittab" if static else "tympan_builtin"
    parts = [
        '#include "table.h"',
        f'const char tympan_module[] = "{driver.module}";',
        f'const char tympan_class[] = "{driver.class_name}";',
        f'const char tympan_library[] = "{"" if static else LIBRARY}";',
        *frozen(modules.frozen),
        *inittab(name, rows),
        *(inittab("tympan_builtin", []) if static else []),
    ]
    return "\n".join(parts) + "\n"


def frozen(modules):
    """The byte arrays of the frozen modules and the table of them."""
    rows = []
    for number, (name, (code, package)) in enumerate(sorted(modules.items())):
        yield f"static const unsigned char code_{number}[] = {{{','.join(map(str, code))}}};"
        rows.append(
            f'    {{.name = "{name}", .code = code_{number}, .size = {len(code)}, .is_package = {int(package)}}},'
        )
    yield "const struct _frozen tympan_frozen[] = {"
    yield from rows
    yield "    {0}\n};"


def inittab(name, modules):
    """A table of built-in modules."""
    functions = {module: archive.initialiser(module) for module in modules}
    for function in dict.fromkeys(filter(None, functions.values())):
        yield f"extern PyObject *{function}(void);"
    yield f"struct _inittab {name}[] = {{"
    for module, function in functions.items():
        yield f'    {{"{module}", {function or "0"}}},'
    yield "    {0, 0}\n};"
