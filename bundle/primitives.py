"""The parts of the core that a driver names: it is compiled against those alone, and only their modules are linked.

Cython makes a module import, when it starts, every class that its ``cimport``
could reach. With tympan's own ``__init__.pxd`` every bundle would have to carry,
and every start to load, six classes that most drivers do not use.
"""

import re

from tympan.bundle import cache, recipe

MODULE_OF = {name: module for module, names in recipe.PRIMITIVES.items() for name in names}
#: Every module that a bundle has only when its driver names one of these words.
OPTIONAL = {**recipe.PRIMITIVES, **recipe.DECLARED}
_WORD = re.compile(rf"\b(?:{'|'.join(sorted({name for names in OPTIONAL.values() for name in names}))})\b")
_LINE = re.compile(r"^from (tympan\.\w+) cimport [^\n]+\n", re.MULTILINE)


def named(*texts):
    """The modules of whose words one is in the source texts, in the order of the recipe.

    A name in a comment counts too: that costs a few bytes, where a missing one would not compile.
    """
    found = {word for text in texts for word in _WORD.findall(text)}
    return tuple(module for module, words in OPTIONAL.items() if found.intersection(words))


def read(paths):
    """The texts of those files that there are, in any encoding: the names are ASCII."""
    return [path.read_text(encoding="ascii", errors="replace") for path in paths if path.is_file()]


def facade(package, modules):
    """An include folder with the ``tympan/__init__.pxd`` of ``package`` without the primitives not in ``modules``."""
    text = (package / "__init__.pxd").read_text(encoding="utf-8")
    left_out = set(recipe.PRIMITIVES) - set(modules)
    text = _LINE.sub(lambda line: "" if line[1] in left_out else line[0], text)
    file = cache.stored(
        f"facade-{cache.key(text)}/tympan/__init__.pxd", lambda path: path.write_text(text, encoding="utf-8")
    )
    return file.parent.parent
