"""A check that cannot fail proves nothing: with each rule switched off in turn, some driver is judged wrongly."""

from pathlib import Path

import pytest

from tympan.bundle.realtime import allowed, check, denied, generated, judge, loops, rules, walk
from tympan.bundle.realtime.body import Body
from tympan.bundle.realtime.facts import Facts
from tympan.bundle.realtime.flow import Flow
from tympan.bundle.realtime.indirect import Resolver
from tympan.bundle.realtime.origin import FRAMES, Origins
from tympan.bundle.realtime.stack import Stacks
from tympan.bundle.realtime.tables import Tables

DRIVERS = Path(__file__).parent / "drivers"
GAIN = Path(__file__).parents[1] / "examples" / "gain" / "gain.pyx"


def sentences(name, strict=False):
    """The first lines of everything that fails the check."""
    path = GAIN if name == "gain" else DRIVERS / f"rt_{name}.pyx"
    return [(item.net, item.first_line) for item in check.check_realtime(path, strict=strict).offences]


def expected(name):
    """What a bad driver's first line says."""
    first = (DRIVERS / f"rt_{name}.pyx").read_text(encoding="utf-8").partition("\n")[0]
    net, _, message = first.removeprefix("# expect: ").partition(" ")
    return ("binary" if net == "warning" else net, message)


# ---- whole rules of net (b): without the rule, its driver passes ----

OF_FUNCTIONS = {
    rules.pointers: "bad_pointer",
    rules.systems: "bad_raw_syscall",
    rules.ends: "bad_spin",
    rules.divisions: "bad_division",
}
OF_GRAPH = {rules.recursion: "bad_recursion", rules.dynamic_frames: "bad_alloca", rules.depth: "bad_stack_array"}


@pytest.mark.parametrize("rule", OF_FUNCTIONS, ids=lambda rule: rule.__name__)
def test_rule_of_functions(rule, monkeypatch):
    name = OF_FUNCTIONS[rule]
    assert expected(name) in sentences(name, strict=True)
    monkeypatch.setattr(rules, "OF_FUNCTIONS", [other for other in rules.OF_FUNCTIONS if other is not rule])
    assert sentences(name, strict=True) == []


@pytest.mark.parametrize("rule", OF_GRAPH, ids=lambda rule: rule.__name__)
def test_rule_of_the_graph(rule, monkeypatch):
    name = OF_GRAPH[rule]
    assert expected(name) in sentences(name)
    monkeypatch.setattr(rules, "OF_GRAPH", [other for other in rules.OF_GRAPH if other is not rule])
    assert sentences(name) == []


def test_every_rule_is_switched_off_somewhere():
    assert set(OF_FUNCTIONS) | {rules.unreadable} == set(rules.OF_FUNCTIONS)  # unreadable: with the fixtures
    assert set(OF_GRAPH) == set(rules.OF_GRAPH)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (loops.ENDLESS, "bad_endless"),
        (loops.SPINS, "bad_spin_lock"),
        (loops.OPEN, "bad_list_walk"),
        ("memory", "bad_field_count"),
    ],
)
def test_kind_of_loop(kind, name, monkeypatch):
    assert expected(name) in sentences(name, strict=True)
    monkeypatch.delitem(rules.LOOPS, kind)
    assert sentences(name, strict=True) == []


# ---- nets as a whole ----


@pytest.mark.parametrize("name", ["bad_malloc", "bad_mutex", "bad_printf", "bad_thread_local"])
def test_without_judgement_of_external_functions(name, monkeypatch):
    assert expected(name) in sentences(name)
    monkeypatch.setattr(rules, "judge", lambda name: judge.Verdict(True, "switched off"))
    assert sentences(name) == []


@pytest.mark.parametrize("name", ["bad_with_gil", "bad_no_noexcept", "bad_last_view"])
def test_without_the_net_of_generated_code(name, monkeypatch):
    assert expected(name) in sentences(name)
    monkeypatch.setattr(generated, "RULES", ())
    monkeypatch.setattr(generated, "LAST", ())
    found = sentences(name)
    assert found and expected(name) not in found, "the other net still sees it, without the line's own words"


def test_without_the_walk(monkeypatch):
    monkeypatch.setattr(walk.Walk, "apply", lambda self: None)
    assert sentences("bad_malloc") == []


# ---- what good drivers need: without it, a false alarm ----


@pytest.mark.parametrize(
    ("where", "what", "value", "name"),
    [
        (Tables, "methods", lambda self, offset, class_name=None: set(), "good_own_method"),
        (Resolver, "plan", lambda self, body, call, inner, offset: None, "gain"),
        (Resolver, "by_text", lambda self, call: None, "good_other_object"),
        (Resolver, "class_pointer", lambda self, address, offset: None, "good_call_up"),
        (Resolver, "from_table", lambda self, base: None, "good_function_table"),
        (Origins, "one", lambda self, origin, node, depth: "memory", "good_nested"),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", ""),
)
def test_what_shows_that_nothing_is_wrong(where, what, value, name, monkeypatch):
    assert sentences(name, strict=True) == []
    if what == "plan":
        monkeypatch.setattr(Resolver, "by_text", lambda self, call: None)
    if what == "class_pointer":
        monkeypatch.setattr(Resolver, "by_text", lambda self, call: None)
    monkeypatch.setattr(where, what, value)
    assert sentences(name, strict=True) != []


def test_jump_tables(monkeypatch):
    from tympan.bundle.realtime import body

    assert sentences("good_switch", strict=True) == []
    monkeypatch.setattr(body, "is_table", lambda block, target: False)
    assert sentences("good_switch", strict=True) != []


def test_allow_list(monkeypatch):
    monkeypatch.setattr(allowed, "ALLOWED", {})
    assert ("binary", "rt_good_maths.pyx") in [(net, line.partition(":")[0]) for net, line in sentences("good_maths")]


@pytest.mark.parametrize("table", ["CORE_LOOPS", "CORE_DIVISIONS"])
def test_reasons_for_the_core(table, monkeypatch):
    assert sentences("gain", strict=True) == []
    monkeypatch.setattr(allowed, table, {})
    found = sentences("gain", strict=True)
    assert found and all("tympan/" in line or "IOOperation" in line for _, line in found)


def test_every_reason_for_the_core_is_needed(monkeypatch):
    """Rows whose loop is gone must go as well; which loops are shown to end depends on the compiler."""
    used = set()
    real = rules.core_owner

    def noted(walk, node, addresses, reasons):
        owner = real(walk, node, addresses, reasons)
        used.add(rules.names.shown(owner) if owner else "")
        return owner

    monkeypatch.setattr(rules, "core_owner", noted)
    sentences("gain")
    known = {*allowed.CORE_LOOPS, *allowed.CORE_DIVISIONS}
    assert len(used & known) > 0.5 * len(known)


# ---- how the machine code is read: without it, a bad driver passes ----


def test_overrides_of_subclasses(monkeypatch):
    """A call of a method means the method of every subclass."""
    assert expected("bad_override") in sentences("bad_override")
    monkeypatch.setattr(Tables, "derives", lambda self, name, ancestor: name == ancestor)
    assert expected("bad_override") not in sentences("bad_override")


def test_jumps_out_of_a_function(monkeypatch):
    """A call in tail position is a jump: the base class's process_io to the framework's."""
    real = Flow.call

    def only_calls(self, item, expression, state, is_jump):
        if not is_jump:
            real(self, item, expression, state, is_jump)

    path = DRIVERS / "rt_good_call_up.pyx"
    whole = {to for node in walked(path).nodes.values() for edge in node.edges for to in edge.targets}
    monkeypatch.setattr(Flow, "call", only_calls)
    assert {to for node in walked(path).nodes.values() for edge in node.edges for to in edge.targets} < whole


def walked(path):
    """The call graph of one driver."""
    kept = []

    class Kept(walk.Walk):
        def __init__(self, *args):
            super().__init__(*args)
            kept.append(self.graph)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "Walk", Kept)
        check.check_realtime(path)
    return kept[0]


def test_frames(monkeypatch):
    monkeypatch.setattr(Stacks, "finish", lambda self, address: self.bytes.setdefault(address, 0))
    assert sentences("bad_stack_array") == []


def test_origins_of_loop_bounds(monkeypatch):
    assert expected("bad_field_count") in sentences("bad_field_count", strict=True)
    monkeypatch.setattr(Origins, "of", lambda self, origins, node: FRAMES)
    assert sentences("bad_field_count", strict=True) == []


def test_lines(monkeypatch):
    monkeypatch.setattr(Facts, "row", lambda self, address: None)
    assert expected("bad_malloc") not in sentences("bad_malloc")


def test_blocks_behind_a_jump_table(monkeypatch):
    """Without them the calls in the cases of a switch would not be seen."""
    from tympan.bundle.realtime import body

    monkeypatch.setattr(body, "unreached", lambda one, blocks: None)
    report = check.check_realtime(DRIVERS / "rt_good_switch.pyx")
    assert "expf" not in report.proofs[0].externals
    monkeypatch.undo()
    assert "expf" in check.check_realtime(DRIVERS / "rt_good_switch.pyx").proofs[0].externals


# ---- rows: each has a sample that only it decides ----

SAMPLES = {
    "malloc": denied.ALLOCATES,
    "realloc": "allocates and frees",
    "free": denied.FREES,
    "_Znwm": denied.ALLOCATES,
    "_ZdlPvm": denied.FREES,
    "__cxa_guard_acquire": "takes a lock, because",
    "__cxa_throw": "throws a C++",
    "_tlv_bootstrap": "thread-local",
    "pthread_mutex_lock": denied.LOCKS,
    "__atomic_load": "may take a lock, for an atomic",
    "pthread_cond_wait": denied.WAITS,
    "sem_post": "makes a system call when",
    "dispatch_once_f": "has run something once",
    "usleep": denied.WAITS,
    "pthread_create": "starts a thread",
    "dispatch_async_f": "inside libdispatch",
    "fprintf": denied.FILES,
    "os_log_create": "writes to the log",
    "open64": denied.FILES,
    "sendto": "uses the network",
    "getenv": "uses the environment",
    "rand": "inside the C library",
    "localtime": "for the time",
    "strtok": "all threads share",
    "strtod": "reads the locale",
    "abort": "ends the process",
    "dlsym": "the loader's lock",
    "qsort": "calls through a pointer",
    "CFRetain": "inside CoreFoundation",
    "syscall": "makes a system call",
    "PyGILState_Ensure": denied.INTERPRETER,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_row_of_a_refused_function(name, monkeypatch):
    verdict = judge.judge(name)
    assert not verdict.fine and SAMPLES[name] in verdict.reason
    row = next(row for row in denied.DENIED if row[0].fullmatch(rules.names.plain(name)))
    monkeypatch.setattr(denied, "DENIED", tuple(other for other in denied.DENIED if other is not row))
    after = judge.judge(name)
    assert not after.fine, "what no row knows is refused as well"
    assert after.reason != verdict.reason


def test_every_row_has_a_sample():
    decided = {next(row for row in denied.DENIED if row[0].fullmatch(rules.names.plain(name))) for name in SAMPLES}
    assert decided == set(denied.DENIED)


#: A line of generated C for every rule of net (a), in the rules' order.
LINES = [
    ("division", 'PyErr_SetString(PyExc_ZeroDivisionError, "float division");'),
    ("overflow", 'PyErr_SetString(PyExc_OverflowError, "value too large");'),
    ("unbound", 'if (unlikely(!v.memview)) {PyErr_SetString(PyExc_AttributeError,"Memoryview is not initialized");}'),
    ("with-gil", "      PyGILState_STATE __pyx_gilstate_save = __Pyx_PyGILState_Ensure();"),
    ("with-gil", "  PyGILState_STATE __pyx_gilstate_save = __Pyx_PyGILState_Ensure();"),
    ("with-gil", "  Py_BLOCK_THREADS"),
    ("bounds", "      __Pyx_RaiseBufferIndexErrorNogil(__pyx_t_5);"),
    ("unbound", '    __Pyx_RaiseUnboundMemoryviewSliceNogil("view");'),
    ("memoryview", "  __PYX_XCLEAR_MEMVIEW(&__pyx_v_self->view, 0);"),
    ("memoryview", "  __pyx_t_1 = __pyx_memoryview_copy_contents(a, b, 1, 1, 0);"),
    ("cpp-exception", "  } catch(...) {"),
    ("raises", "  __pyx_t_4 = __pyx_f_1m_f(3); if (unlikely(__pyx_t_4 == -1)) __PYX_ERR(0, 38, __pyx_L1_error)"),
    ("raises", "  t = ((struct V *)s->__pyx_vtab)->g(s); if (unlikely(t == -1)) __PYX_ERR(0, 38, __pyx_L1_error)"),
    ("raises", "  __pyx_t_1 = check(3); if (unlikely(__pyx_t_1 == ((int)-1))) __PYX_ERR(0, 26, __pyx_L1_error)"),
    (generated.ANY, "      __PYX_ERR(0, 20, __pyx_L1_error)"),
    ("refcount", "  __Pyx_INCREF(__pyx_v_x);"),
    ("unraisable", '  __Pyx_WriteUnraisable("m.f", 0, 0, "m.pyx", 1, 1);'),
    ("with-gil", "  x = PyGILState_Ensure();"),
]


def test_every_rule_has_a_line():
    table = (*generated.RULES, *generated.LAST)
    assert [rule for rule, _, _, _ in table] == [rule for rule, _ in LINES]


@pytest.mark.parametrize("number", range(len(LINES)))
def test_rule_of_generated_code(number):
    table = (*generated.RULES, *generated.LAST)
    rule, line = LINES[number]
    found = generated.first_match(line, table)
    assert found[0] == rule and found[1] == table[number][2]
    without = generated.first_match(line, table[:number] + table[number + 1 :])
    assert without is None or without[1:3] != found[1:3] or without[3].re is not found[3].re


def test_an_unreadable_function_is_reported(monkeypatch):
    real = Body.lifted

    def cut(self, start, end):
        self.damaged = True
        yield from real(self, start, end)

    monkeypatch.setattr(Body, "lifted", cut)
    assert any("cannot be read" in line for _, line in sentences("good_memcpy"))
