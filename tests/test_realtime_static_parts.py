"""The parts of the static check by themselves: names, line tables, generated C, loops, divisions, frames, C++."""

import ctypes
import re
import shutil
from pathlib import Path

import pytest

from tympan.bundle import toolchain
from tympan.bundle.realtime import allowed, division, image, judge, loops, names, objects, origin, values
from tympan.bundle.realtime.body import Body
from tympan.bundle.realtime.ctext import CText
from tympan.bundle.realtime.flow import Flow
from tympan.bundle.realtime.tables import find_interface


def compiled(text, folder, *flags, suffix=".c", link=True):
    """The file that the compiler makes of a few lines of C."""
    source, output = folder / f"part{suffix}", folder / ("part.so" if link else "part.o")
    source.write_text(text, encoding="ascii")
    kind = (
        ["-shared"] if link and not toolchain.MACOS else ["-bundle", "-undefined", "dynamic_lookup"] if link else ["-c"]
    )
    compiler = toolchain.compiler() if suffix == ".c" else ["c++"]
    toolchain.run_checked([*compiler, "-O2", "-fPIC", *flags, *kind, source, "-o", output], "compiling a part")
    return output


def flow_of(text, folder, name="f", *flags):
    """The facts of one function."""
    (part,) = image.read(compiled(text, folder, *flags))
    return Flow(Body(part, part.named[name]))


# ---- names ----


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("__pyx_f_4gain_4Gain_process_io", "Gain.process_io"),
        ("__pyx_f_4gain_scale", "scale"),
        ("__pyx_f_6tympan_7_hal_io_DoIOOperation", "DoIOOperation"),
        ("__pyx_f_6tympan_7_driver_6Driver_process_io", "Driver.process_io"),
        ("__pyx_f_2fx_10_Voice2_ab_run_1x", "_Voice2_ab.run_1x"),
        ("__pyx_fuse_0__pyx_f_3mod_scale", "scale"),
        ("__pyx_f_4gain_4Gain_helper.constprop.0", "Gain.helper"),
        ("__pyx_v_4gain_effect", "effect"),
        ("malloc", "malloc"),
    ],
)
def test_names(name, words):
    assert names.shown(name) == words


def test_whose_a_function_is():
    assert names.is_interpreter("PyGILState_Ensure") and names.is_interpreter("_Py_Dealloc")
    assert not names.is_interpreter("pyramid") and not names.is_interpreter("Pythagoras")
    assert names.is_helper("__Pyx_WriteUnraisable") and names.is_helper("__pyx_memoryview_copy")
    assert not names.is_helper("__pyx_f_4gain_scale") and not names.is_helper("__pyx_fuse_1__pyx_f_4gain_scale")
    assert names.is_clone("f.isra.0") and names.is_clone("f.cold") and not names.is_clone("fold")


def test_external_functions():
    assert judge.judge("memcpy@GLIBC_2.14").fine and judge.judge("sinf").fine and judge.judge("mach_absolute_time").fine
    assert not judge.judge("fopen$DARWIN_EXTSN").fine
    assert "not on the list" in judge.judge("some_library_function").reason
    for name, reason in allowed.ALLOWED.items():
        assert reason and judge.judge(name).fine, name


# ---- values ----


def test_values():
    here = values.arg(0)
    assert values.add(here, values.const(8)) == (("arg", 0), 8)
    assert values.subtract(values.add(here, values.const(8)), here) == values.const(8)
    assert values.const(0xFFFFFFFFFFFFFFF8) == values.const(-8)
    deep = here
    for _ in range(10):
        deep = values.loaded(deep, 0x10)
    assert values.kind(deep) in ("mem", "def") and values.depth(deep[0]) <= values.DEPTH
    joins = values.Joins()
    either = joins.join(values.const(1), values.arg(1), 0x10, "rax")
    assert joins.join(either, values.const(2), 0x10, "rax") == either, "what met once stays met"
    assert joins.sources(either) == {("arg", 1)}
    assert joins.sources(values.mix(either, values.arg(2))) == {("arg", 1), ("arg", 2)}


def test_interface_among_other_pointers():
    table = {100 + 8 * slot: 1 for slot in range(1, 23)}
    assert find_interface(table) == 100
    assert find_interface({**table, 92: 1}) == 100, "other pointers before it"
    longer = {**table, 100 + 8 * 23: 1}
    assert find_interface(longer) == 100
    assert find_interface(longer, set()) is None and find_interface(longer, {100}) == 100
    assert find_interface(dict(list(table.items())[:20])) is None


# ---- loops ----

LOOPS = {
    "for (long i = 0; i < n; i++) p[i] += 1;": loops.BOUNDED,
    "while (n--) *p++ *= 3;": loops.BOUNDED,
    "for (int *q = p; q != p + n; q++) *q = q[1] / 3;": loops.BOUNDED,
    "for (long i = n; i > 0; i -= 3) p[i] = p[i - 1] ^ 5;": loops.BOUNDED,
    "for (long i = 0; i < n; i++) { if (p[i] > 3) continue; p[i] = p[i + 1] + 7; }": loops.BOUNDED,
    "for (unsigned long i = n; i; i >>= 1) p[i & 7] += 2;": loops.BOUNDED,
    "for (long i = 0; i < n; i++) { if (p[i] == 7) break; p[i] = 1; }": loops.BOUNDED,
    "while (n > 0) { long m = n < 64 ? n : 64; for (long i = 0; i < m; i++) p[i] += i ^ 3; n -= m; }": loops.BOUNDED,
    "for (long i = 0; i < n;) { long m = n - i < 64 ? n - i : 64; p[i] = p[i + m] * 3; i += m; }": loops.BOUNDED,
    "for (long i = 0; i < n;) { if (p[i]) { i += 2; p[i] = 5; } else { i += 1; p[0] += 4; } }": loops.BOUNDED,
    "for (long i = 0; i < n; i += p[i] ? 2 : 0) p[i] += 7;": loops.OPEN,
    "for (long i = 0; i < n; i += p[i] ? 2 : -1) p[i] += 7;": loops.OPEN,
    "for (volatile long *q = (void *)p; n == *q;) { if (p[1]) n = *q; else n++; }": loops.OPEN,
    'for (;;) { p[0]++; __asm__ volatile("" ::: "memory"); }': loops.ENDLESS,
    "while (!__atomic_load_n(p, 2)) {}": loops.SPINS,
    'while (__atomic_load_n(p, 2) != n) __asm__ volatile("" ::: "memory");': loops.SPINS,
    "while (__atomic_exchange_n(p, 1, 2)) {}": loops.SPINS,
    "int x; do x = 0; while (!__atomic_compare_exchange_n(p, &x, 1, 0, 2, 0));": loops.SPINS,
    "int x = *p; while (!__atomic_compare_exchange_n(p, &x, x * 3, 0, 2, 0)) {}": loops.RETRIES,
    "while (n) { long t = n; n = *p % n; *p = t; }": loops.OPEN,
    "for (struct s *q = (void *)p; q; q = q->next) q->v = 1;": loops.OPEN,
    "for (long i = 0; i < n;) { if (p[i]) i++; p[0] += i; }": loops.OPEN,
    "float x = n; while (x > 1) { x *= 0.5f; *p += 1; }": loops.OPEN,
}


@pytest.mark.parametrize("body", LOOPS)
def test_loop(body, tmp_path):
    text = f"struct s {{ struct s *next; int v; }}; void f(int *p, long n) {{ {body} }}"
    flow = flow_of(text, tmp_path, "f", "-fno-tree-loop-distribute-patterns")
    kinds = {loop.kind for loop in loops.find(flow)}
    if LOOPS[body] == loops.BOUNDED:
        assert kinds == {loops.BOUNDED}
    else:
        assert LOOPS[body] in kinds


def test_bound_of_a_loop_is_traced_to_its_argument(tmp_path):
    flow = flow_of(
        "struct b { long x, frames; };"
        "void f(int *p, struct b *b) { for (long i = 0; i < b->frames; i++) p[i] = i * i; }",
        tmp_path,
    )
    found = {origin for loop in loops.find(flow) for origin in loop.origins}
    assert ("mem", ("arg", 1), 8) in found


# ---- divisions ----

DIVISIONS = {
    "return n / d;": 1,
    "return n % 10;": 0,
    "if (d == 0) return 0; return n / d;": 0,
    "if (d <= 0) return 0; return n / d;": 0,
    "return d > 3 ? n / d : 0;": 0,
    "return d < 3 ? n / d : 0;": 1,
    "long r = 0; if (d) { while (n > d) { n = n % d; r++; } } return r;": 0,
    "if (n == 0) return 0; return n / d;": 1,
    "return n / (d > 0 ? d : 1);": 0,
    "long e = d > 0 ? d : 1; for (int i = 0; i < 8; i++) n = n % e + 7 * i; return n;": 0,
    "return n / (d > 3 ? d - 4 : 1);": 1,
    "return n / (d < 3 ? d : 1);": 1,
    "long e = 5; while (n > 3) { n = n / e - 1; e = d > 2 ? d : 9; } return n;": 0,
    "long e = 5; while (n > 3) { n = n / e - 1; e = d > 2 ? d - 5 : 9; } return n;": 1,
}


TYPES = {
    "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64, "uint32_t": ctypes.c_uint32, "double": ctypes.c_double,
    "size_t": ctypes.c_size_t, "IoOperation": ctypes.c_int,
}  # fmt: skip


def offsets_of(struct):
    """{field: offset} of a structure that tympan/_types.pxd declares."""
    text = (Path(__file__).parents[1] / "tympan" / "_types.pxd").read_text(encoding="utf-8")
    body = re.search(rf"^cdef struct {struct}:\n((?:    .*\n)+)", text, re.MULTILINE)[1]
    fields = re.findall(r"^    (?:const )?(\w+)(\*?) (\w+)", body, re.MULTILINE)
    layout = [(name, ctypes.c_void_p if star else TYPES[kind]) for kind, star, name in fields]
    made = type(struct, (ctypes.Structure,), {"_fields_": layout})
    return {name: getattr(made, name).offset for name, _ in layout}


def test_offsets_of_a_cycle():
    cycle, buffer = offsets_of("RealtimeContext"), offsets_of("IoBuffer")
    counts = {(1, cycle["nominal_frames"])} | {(2, buffer[name]) for name in ("frames", "channels", "bytes_per_frame")}
    assert counts == origin.COUNTS
    pointers = ("input", "output", "input_bytes", "output_bytes")
    assert {(2, buffer[name]) for name in pointers} == origin.SAMPLES


@pytest.mark.parametrize("body", DIVISIONS)
def test_division(body, tmp_path):
    flow = flow_of(f"long f(long n, long d) {{ {body} }}", tmp_path)
    if flow.machine.name != "x86_64":
        pytest.skip("only x86-64 traps")
    assert len(list(division.find(flow))) == DIVISIONS[body]


def test_divisor_that_is_read_again_after_its_test(tmp_path, monkeypatch):
    """Another thread may have set it to 0 in between."""
    flow = flow_of("long f(volatile long *d, long n) { return *d ? n / *d : 0; }", tmp_path)
    if flow.machine.name != "x86_64":
        pytest.skip("only x86-64 traps")
    assert len(list(division.find(flow))) == 1
    monkeypatch.setattr(division, "loaded_again", lambda flow, first, last, divisor: False)
    assert len(list(division.find(flow))) == 0


# ---- frames ----


def test_frames(tmp_path):
    small = flow_of("long g(char *); long f(void) { char a[1000]; return g(a) + 1; }", tmp_path)
    assert 1000 <= small.depth < 1200
    large = flow_of(
        "long g(char *); long f(void) { char a[200000]; return g(a) + 1; }", tmp_path, "f", "-fstack-clash-protection"
    )
    assert 200000 <= large.depth < 200300 + 4096, "pages touched in a loop, counted with one page too many"
    aligned = flow_of(
        "long g(void *); long f(void) { char a[64] __attribute__((aligned(64))); return g(a) + 1; }", tmp_path
    )
    assert 64 <= aligned.depth < 300
    dynamic = flow_of("long g(char *); long f(long n) { char a[n]; return g(a) + 1; }", tmp_path)
    assert dynamic.depth is None
    leaf = flow_of("long f(long n) { return n + 1; }", tmp_path)
    assert leaf.depth < 64


def test_calls_of_a_function(tmp_path):
    """A call, a call in tail position, one behind a condition, and one in a case of a switch."""
    text = (
        "void a(void), b(void), c(void), d(int); int f(int n) { a(); if (n > 3) b(); "
        "switch (n) { case 0: d(1); break; case 1: d(7); a(); break; case 2: d(3); break; case 3: b(); break; "
        "case 4: c(); break; case 5: a(); break; } return n; } void g(int n) { if (n) a(); else d(4); }"
    )
    flow = flow_of(text, tmp_path)
    assert len(flow.calls) >= 8
    (part,) = image.read(tmp_path / "part.so")
    jumps = [call for call in Flow(Body(part, part.named["g"])).calls if call.is_jump]
    assert jumps, "d(4) or a() is a jump"


# ---- line tables ----


@pytest.mark.parametrize("version", ["-gdwarf-2", "-gdwarf-4", "-gdwarf-5"])
def test_line_table(version, tmp_path):
    text = (
        "int g(int);\nint f(int n)\n{\n    int x = g(n);\n    return g(x + 1);\n}\n"
        "int h(int n)\n{\n    return g(n) + 2;\n}\n"
    )
    found = objects.lines(compiled(text, tmp_path, "-g1", version, "-ffunction-sections", link=False))
    assert {line for _, _, line in found["f"]} >= {4, 5}
    assert {line for _, _, line in found["h"]} >= {9} and 4 not in {line for _, _, line in found["h"]}
    assert {file for rows in found.values() for _, file, _ in rows} == {"part.c"}
    assert objects.lines(compiled(text, tmp_path, "-g0", link=False)) == {}


# ---- generated C ----

GENERATED = """\
struct __pyx_vtabstruct_1m_A {
  void (*one)(struct __pyx_obj_1m_A *);
  void (*two)(struct __pyx_obj_1m_A *, int);
};
struct __pyx_vtabstruct_1m_B {
  struct __pyx_vtabstruct_1m_A __pyx_base;
  int (*three)(struct __pyx_obj_1m_B *);
};
static int __pyx_f_1m_1B_run(struct __pyx_obj_1m_B *__pyx_v_self) {
  int __pyx_t_1;
  /* "m.pyx":12
 *     self.three()             # <<<<<<<<<<<<<<
*/
  ((struct __pyx_vtabstruct_1m_B *)__pyx_v_self->__pyx_vtab)->three(__pyx_v_self);
  /* "m.pyx":13
 *     self.two(1)             # <<<<<<<<<<<<<<
*/
  ((struct __pyx_vtabstruct_1m_B *)__pyx_v_self->__pyx_vtab)->__pyx_base.two(__pyx_v_self, 1);
  __pyx_vtabptr_1m_A->one(__pyx_v_self);
  __pyx_v_self->effect(((struct __pyx_vtabstruct_1m_B *)__pyx_v_self->__pyx_vtab)->three(__pyx_v_self));
}
"""


def test_generated_code():
    text = CText(GENERATED)
    (function,) = text.functions
    assert (function.name, function.first, function.last) == ("__pyx_f_1m_1B_run", 8, 20)
    assert text.bases == {"1m_B": "1m_A"}
    assert text.virtual(13) == [("1m_B", 16)] and text.origin(13) == ("m.pyx", 12)
    assert text.virtual(17) == [("1m_B", 8)] and text.origin(17) == ("m.pyx", 13)
    assert text.virtual(18) == [("=1m_A", 0)]
    assert text.virtual(19) == [], "a pointer of another kind is called on the same line"


# ---- C++ ----

CPP = """
#include <vector>
struct Table { float value[64]; Table(); };
static Table &table() { static Table made; return made; }
static std::vector<float> history;
extern "C" float f(float x) { history.push_back(x); return table().value[0]; }
extern "C" float g(int n) { if (n > 3) throw n; return 1; }
"""


def test_cpp(tmp_path):
    """A driver's own C++ library, if it were linked in: growth, initialisation on first use, exceptions."""
    if shutil.which("c++") is None:
        pytest.skip("there is no C++ compiler")
    from tympan.bundle.realtime.callgraph import Graph
    from tympan.bundle.realtime.facts import Facts
    from tympan.bundle.realtime.indirect import Resolver
    from tympan.bundle.realtime.tables import Tables

    (part,) = image.read(compiled(CPP, tmp_path, suffix=".cpp"))
    graph = Graph(
        part, Resolver(part, Tables(part), Facts().attach(part)), [("f", part.named["f"]), ("g", part.named["g"])]
    )
    found = {name for node in graph.nodes.values() for edge in node.edges for name in edge.externals}
    for name in ("_Znwm", "__cxa_guard_acquire", "__cxa_throw"):
        assert name in found and not judge.judge(name).fine
