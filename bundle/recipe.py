"""How every Cython file of the project is compiled: data only, imports nothing.

``setup.py`` (extension modules) and ``tympan.bundle`` (the binary of a
``.driver``) both read this file, so that the core, the examples, the tests and
the bundles are compiled alike. ``setup.py`` runs it with ``runpy`` because an
isolated build does not have the project on ``sys.path``.
"""

#: Modules that are inside every bundle, in the order they are initialised.
CORE = ("tympan._driver", "tympan._objects", "tympan._graphs", "tympan._properties", "tympan._hal")

#: Modules of the realtime primitives: inside a bundle whose driver names one of the classes.
PRIMITIVES = {
    "tympan._buffers": ("DoubleBuffer", "SampleRing", "StructRing"),
    "tympan._log_sink": ("LogSink",),
    "tympan._parameters": ("Parameter", "SmoothedParameter"),
}

#: Modules of what only some drivers declare: inside a bundle whose driver names one of the words.
DECLARED = {
    "tympan._property_lists": ("PropertySpec", "SETTINGS", "with_persistence"),
    "tympan._extras": ("PropertySpec", "SETTINGS", "with_persistence"),
}

#: Pure Python modules that go with these.
DECLARED_PURE = {"tympan._extras": ("tympan._property_spec", "tympan._setting")}

#: Pure Python modules that are frozen into every bundle.
CORE_PURE = (
    "tympan", "tympan._errors", "tympan._stream_spec", "tympan._spec", "tympan._control_spec", "tympan._layouts",
    "tympan._layout_codes",
)  # fmt: skip

#: Modules of the simulated host; they never enter a bundle.
HOST = (
    "tympan.testing._platform", "tympan.testing._values", "tympan.testing._engine", "tympan.testing._host",
    "tympan.testing._crash", "tympan.testing._call", "tympan.testing._fuzz", "tympan.testing._trace",
)  # fmt: skip

#: The one symbol a bundle exports; Info.plist names the same one.
FACTORY = "TympanFactory"

#: C compiler flags. ``-ffp-contract=off`` keeps results equal on every CPU:
#: a fused multiply-add would make a bundle for arm64 differ from one for x86-64.
CFLAGS = (
    "-std=c11",
    "-O3",
    "-fPIC",
    "-fwrapv",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
    "-fvisibility=hidden",
    "-ffunction-sections",
    "-fdata-sections",
    "-pthread",
    "-U_FORTIFY_SOURCE",  # distributions differ: with it, IO code calls other functions, from lines of a header
    "-g1",  # which .pyx line an instruction was made of; bundles are stripped of it
)

#: Of these ziglang has nothing to say for macOS, where threads are part of the C library.
NOT_CROSSED = ("-pthread",)

_REALTIME = {
    # A check that fails would have to raise, and raising needs the GIL.
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
    "nonecheck": False,
}


def directives(debug=False):
    """Cython compiler directives; ``debug`` adds line tracing support off the IO path."""
    chosen = dict(_REALTIME)
    chosen["language_level"] = 3
    chosen["embedsignature"] = True
    chosen["embedsignature.format"] = "python"
    if debug:
        chosen["emit_code_comments"] = True
    return chosen
