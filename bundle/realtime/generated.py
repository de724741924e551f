"""Net (a): reads the C that Cython made of IO functions for what Cython lets through without a word.

Cython refuses Python operations without the GIL, but it accepts ``with gil``,
a helper that may raise, a memoryview with bounds checks, and a memoryview that
is assigned: each of them takes the GIL or counts references.
"""

import re

from tympan.bundle.realtime import names
from tympan.bundle.realtime.report import Finding

NO_GIL = "Do the Python part in a control method; hand values over with C fields."
NOEXCEPT = "Declare it `noexcept nogil`."
NO_VIEW = "Keep a C pointer to the memory in a field, set in start_io; or turn the check off for this file."

CALLS = re.compile(r"\b(__pyx_f(?:use_\w+?__pyx_f)?_\w+)\s*\(")
METHODS = re.compile(r"(?:__pyx_vtab\)|__pyx_vtabptr_\w+)->(?:__pyx_base\.)*(\w+)\(")
COMMENT = re.compile(r"^\s*/\*(?!try|finally|normal exit)|^ \*(?!\()|^\*/")

#: The rule for exceptions of no known kind; it says nothing where another rule has spoken.
ANY = "exception"

#: (rule, pattern of a C line, what the author reads, hint); first match of a line counts.
RULES = (
    (
        "division",
        re.compile(r"PyExc_ZeroDivisionError"),
        "a division raises an exception when the divisor is 0",
        "Divide with cdivision=True, after a test of the divisor.",
    ),
    ("overflow", re.compile(r"PyExc_OverflowError"), "an arithmetic check raises an exception", ""),
    (
        "unbound",
        re.compile(r"PyErr_SetString\(PyExc_(?:AttributeError|UnboundLocalError)"),
        "a memoryview is checked for being set, which raises an exception",
        NO_VIEW,
    ),
    (
        "with-gil",
        re.compile(r"^    +PyGILState_STATE __pyx_gilstate_save = __Pyx_PyGILState_Ensure\(\)"),
        "`with gil` waits for the interpreter's lock",
        NO_GIL,
    ),
    (
        "with-gil",
        re.compile(r"^  PyGILState_STATE __pyx_gilstate_save = __Pyx_PyGILState_Ensure\(\)"),
        "{function} is declared `with gil`, so it waits for the interpreter's lock",
        NO_GIL,
    ),
    (
        "with-gil",
        re.compile(r"\bPy_BLOCK_THREADS|__Pyx_FastGIL_Forget|\bPyEval_RestoreThread\("),
        "takes the interpreter's lock",
        NO_GIL,
    ),
    (
        "bounds",
        re.compile(r"__Pyx_RaiseBufferIndexErrorNogil\(|__Pyx_RaiseBufferIndexError\("),
        "a memoryview is indexed with bounds checks, which raise an exception",
        NO_VIEW,
    ),
    (
        "unbound",
        re.compile(r"__Pyx_RaiseUnboundMemoryviewSliceNogil\(|UnboundLocalNogil\("),
        "a memoryview is checked for being set, which raises an exception",
        NO_VIEW,
    ),
    (
        "memoryview",
        re.compile(r"__P(?:YX|yx)_(?:INC|XDEC|DEC|XCLEAR|CLEAR)_MEMVIEW\("),
        "a memoryview is assigned or sliced, which counts references and may free memory",
        NO_VIEW,
    ),
    (
        "memoryview",
        re.compile(r"__pyx_memoryview_(?!thread_locks)\w+\("),
        "a memoryview operation calls Python",
        NO_VIEW,
    ),
    (
        "cpp-exception",
        re.compile(r"__Pyx_CppExn2PyErr\(|catch\s*\(\.\.\.\)"),
        "a C++ exception is turned into a Python one",
        "Declare the C++ function `noexcept` and let it not throw.",
    ),
    (
        "raises",
        re.compile(r"(?P<callee>__pyx_f(?:use_\w+?__pyx_f)?_\w+)\(.*\b__PYX_ERR\("),
        "calls {callee}, which may raise an exception",
        NOEXCEPT,
    ),
    (
        "raises",
        re.compile(r"->(?P<callee>\w+)\(.*\b__PYX_ERR\("),
        "calls {callee}, which may raise an exception",
        NOEXCEPT,
    ),
    (
        "raises",
        re.compile(r"(?:^|=)\s*(?P<callee>(?!if\b|unlikely\b)\w+)\(.*\b__PYX_ERR\("),
        "calls {callee}, which may raise an exception",
        NOEXCEPT,
    ),
    (ANY, re.compile(r"\b__PYX_ERR\("), "an exception may be raised", NO_GIL),
    (
        "refcount",
        re.compile(r"\b(?:__Pyx|Py)_(?:X?INCREF|X?DECREF|X?CLEAR|DECREF_SET|XDECREF_SET)\("),
        "the references of a Python object are counted",
        NO_GIL,
    ),
)
#: Follow from the others; reported only where nothing else was found.
LAST = (
    (
        "unraisable",
        re.compile(r"\b__Pyx_WriteUnraisable\("),
        "an exception is reported, with the interpreter's lock",
        NO_GIL,
    ),
    (
        "with-gil",
        re.compile(r"__Pyx_PyGILState_Ensure\(|\bPyGILState_Ensure\("),
        "takes the interpreter's lock",
        NO_GIL,
    ),
)


def scan(text, roots=None):
    """The findings in everything that the ``roots`` reach; by default every ``process_io`` of the file."""
    known = {item.name: item for item in text.functions}
    starts = [name for name in known if name in roots] if roots else process_ios(known)
    found = []
    for name, caller in reached(text, known, starts):
        found += findings(text, known[name], caller)
    return found


def process_ios(known):
    """The process_io of each class in the file."""
    return [name for name in known if name.startswith("__pyx_f_") and names.parts(name)[-1] == "process_io"]


def reached(text, known, starts):
    """(function, [functions on the way to it]) in order of distance."""
    ways = {name: [name] for name in starts}
    queue = list(ways)
    for name in queue:
        for callee in called(text, known, known[name]):
            if callee not in ways:
                ways[callee] = [*ways[name], callee]
                queue.append(callee)
    return ways.items()


def called(text, known, function):
    """The functions of the file that one of them calls: by name, or as a method of any class."""
    for line in text.lines[function.first + 1 : function.last]:
        for name in CALLS.findall(line):
            if name in known:
                yield name
        for method in METHODS.findall(line):
            yield from (name for name in known if name.startswith("__pyx_f_") and names.parts(name)[-1] == method)


def findings(text, function, chain):
    """What the rules find in one function, one finding per rule and source line."""
    found = list(matches(text, function, chain, RULES))
    return found or list(matches(text, function, chain, LAST))[:1]


def matches(text, function, chain, rules):
    """The rules that match a function's lines; what is inside a ``with gil`` that was reported is not looked at."""
    seen, places, with_gil = set(), set(), False
    for number in range(function.first + 1, end_of(text, function, rules)):
        line = text.lines[number]
        with_gil = with_gil and "__Pyx_PyGILState_Release(" not in line
        if with_gil or COMMENT.match(line):
            continue
        if "__Pyx_PyGILState_Ensure()" in line:
            with_gil = True
            line += text.lines[number + 1]  # it may be taken only to raise
        found = first_match(line, rules)
        place = text.origin(number) or start_of(text, function)
        if found is None or (found[0], place) in seen or (found[0] == ANY and place in places):
            continue
        seen.add((found[0], place))
        places.add(place)
        yield finding(place, function, chain, *found)


def first_match(line, rules):
    """(rule, sentence, hint, match) of the first rule that a line breaks, or None."""
    for rule, pattern, sentence, hint in rules:
        match = pattern.search(line)
        if match:
            return rule, sentence, hint, match
    return None


def end_of(text, function, rules):
    """The line before which rules apply: code at the exit only cleans up after what other lines began."""
    for number in range(function.first, function.last):
        if rules is RULES and "/* function exit code */" in text.lines[number]:
            return number
    return function.last


def start_of(text, function):
    """The source line of a function that does nothing before its first statement."""
    return next((item[1:] for item in text.origins if function.first <= item[0] <= function.last), ("", 0))


def finding(place, function, chain, rule, sentence, hint, match):
    """One finding, in the author's words."""
    callee = match.groupdict().get("callee") or ""
    own = names.shown(function.name)
    words = sentence.format(function=own, callee=names.shown(callee))
    subject = "" if words[0] == "`" or words.startswith((own, "a ", "an ", "the ")) else f"{own} "
    steps = [(names.shown(name), "", 0) for name in chain[:-1]]
    return Finding(
        "generated", rule, f"{subject}{words}", place, [*steps, (own, *place)], hint, names.shown(callee) or rule
    )
