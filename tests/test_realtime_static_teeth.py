"""A check that cannot fail proves nothing: with each rule switched off in turn, some driver is judged wrongly.

Every test's id is the rule's name; TEETH, LOOP_KINDS, READING, PROOFS and DENIED are the lists.
"""

import pytest
from made_checks import checked, expected, path_of

from tympan.bundle import compile
from tympan.bundle.project import find
from tympan.bundle.realtime import allowed, body, check, denied, division, generated, judge, loops, names, rules, walk
from tympan.bundle.realtime.body import Body
from tympan.bundle.realtime.ctext import CText
from tympan.bundle.realtime.facts import Facts
from tympan.bundle.realtime.flow import Flow
from tympan.bundle.realtime.indirect import Resolver
from tympan.bundle.realtime.origin import FRAMES, Origins
from tympan.bundle.realtime.stack import Stacks
from tympan.bundle.realtime.tables import Tables


def everything(report):
    """(net, first line) of what was found, and of what was not proved."""
    return [(item.net, item.first_line) for item in report.findings]


def sound(name):
    """What is found with every rule at work."""
    return everything(checked(path_of(name)))


def judged(name):
    """What is found now, with something switched off."""
    return everything(check.check_realtime(path_of(name)))


def words(name):
    """What a bad driver's first line promises."""
    net, message = expected(path_of(name))
    return ("binary" if net == "warning" else net), message


def without(rule):
    """Switch one rule of the walk off."""

    def patch(monkeypatch):
        for table in ("OF_FUNCTIONS", "OF_GRAPH"):
            monkeypatch.setattr(rules, table, [other for other in getattr(rules, table) if other is not rule])

    return patch


def replaced(owner, attribute, value):
    """Put something that does nothing in a function's place."""
    return lambda monkeypatch: monkeypatch.setattr(owner, attribute, value)


def kebab(rule):
    """The id of a rule of the walk."""
    return rule.__name__.replace("_", "-")


# ---- rules: without one, its driver passes ----

RULES = {
    rules.pointers: "bad_pointer",
    rules.systems: "bad_raw_syscall",
    rules.traps: "bad_zero_divisor",
    rules.ends: "bad_spin",
    rules.divisions: "bad_division",
    rules.recursion: "bad_recursion",
    rules.dynamic_frames: "bad_alloca",
    rules.depth: "bad_stack_array",
}
#: No compiler makes code that cannot be read; see test_an_unreadable_function_is_reported.
NO_DRIVER = {rules.unreadable}

TEETH = {
    **{kebab(rule): (without(rule), driver) for rule, driver in RULES.items()},
    "calls": (replaced(rules, "calls", lambda walk, node: None), "bad_malloc"),
    "judge-lock": (replaced(rules, "judge", lambda name: judge.Verdict(True, "off")), "bad_mutex"),
    "judge-files": (replaced(rules, "judge", lambda name: judge.Verdict(True, "off")), "bad_printf"),
    "the-walk": (replaced(walk.Walk, "apply", lambda self: None), "bad_thousandth_cycle"),
    "the-entries": (replaced(Tables, "entries", lambda self: []), "bad_zero_time_stamp"),
    "overrides-of-subclasses": (replaced(Tables, "derives", lambda self, name, other: name == other), "bad_override"),
    "frames": (replaced(Stacks, "finish", lambda self, address: self.bytes.setdefault(address, 0)), "bad_stack_array"),
    "origins-of-loop-bounds": (replaced(Origins, "of", lambda self, origins, node: FRAMES), "bad_field_count"),
    "lines": (replaced(Facts, "row", lambda self, address: None), "bad_malloc"),
    "tail-calls": (replaced(Flow, "leave", lambda self, block, state: None), "bad_global_pointer"),
    "generated-code": (replaced(generated, "findings", lambda text, function, chain: []), "bad_no_noexcept"),
    "generated-reach": (replaced(generated, "called", lambda text, known, function: []), "bad_gil_helper"),
}


@pytest.mark.parametrize("tooth", TEETH)
def test_driver_passes_without(tooth, monkeypatch):
    patch, driver = TEETH[tooth]
    assert words(driver) in sound(driver)
    patch(monkeypatch)
    assert words(driver) not in judged(driver)


def test_every_rule_of_the_walk_is_switched_off():
    assert set(RULES) | NO_DRIVER == {*rules.OF_FUNCTIONS, *rules.OF_GRAPH}


LOOP_KINDS = {
    loops.ENDLESS: "bad_endless",
    loops.SPINS: "bad_spin_lock",
    loops.OPEN: "bad_list_walk",
    "memory": "bad_field_count",
}


@pytest.mark.parametrize("kind", LOOP_KINDS)
def test_kind_of_loop(kind, monkeypatch):
    driver = LOOP_KINDS[kind]
    assert words(driver) in sound(driver)
    monkeypatch.delitem(rules.LOOPS, kind)
    assert judged(driver) == []


def test_every_kind_of_loop_is_switched_off():
    assert set(LOOP_KINDS) == set(rules.LOOPS)


def test_an_unreadable_function_is_reported(monkeypatch):
    real = Body.lifted

    def cut(self, start, end):
        self.damaged = True
        yield from real(self, start, end)

    monkeypatch.setattr(Body, "lifted", cut)
    assert any("cannot be read" in line for _, line in judged("good_memcpy"))


# ---- what shows that nothing is wrong: without it, a false alarm ----

PROOFS = {
    "methods": (replaced(Tables, "methods", lambda self, offset, class_name=None: set()), "good_own_method"),
    "the-plan": (replaced(Resolver, "plan", lambda self, body, call, inner, offset: None), "gain"),
    "the-text": (lambda monkeypatch: None, "good_other_object"),
    "a-call-up": (replaced(Resolver, "class_pointer", lambda self, address, offset: None), "good_call_up"),
    "tables-of-functions": (replaced(Resolver, "from_table", lambda self, base: None), "good_function_table"),
    "jump-tables": (replaced(body, "is_table", lambda block, target: False), "good_switch"),
    "callers": (replaced(Origins, "one", lambda self, origin, node, depth: "memory"), "good_nested"),
    "tests-of-divisors": (replaced(division, "is_tested", lambda flow, block, divisor: False), "good_guarded_division"),
    "allow-list": (replaced(allowed, "ALLOWED", {}), "good_maths"),
    "reasons-for-loops": (replaced(allowed, "CORE_LOOPS", {}), "gain"),
    "reasons-for-divisions": (replaced(allowed, "CORE_DIVISIONS", {}), "gain"),
}


@pytest.mark.parametrize("proof", PROOFS)
def test_false_alarm_without(proof, monkeypatch):
    patch, driver = PROOFS[proof]
    assert sound(driver) == []
    patch(monkeypatch)
    if proof in ("the-plan", "the-text", "a-call-up"):  # the generated C would show it as well
        monkeypatch.setattr(Resolver, "by_text", lambda self, call: None)
    assert judged(driver) != []


def test_blocks_behind_a_jump_table(monkeypatch):
    """Without them the calls in the cases of a switch would not be seen."""
    assert "expf" in checked(path_of("good_switch")).proofs[0].externals
    monkeypatch.setattr(body, "unreached", lambda one, blocks: None)
    assert "expf" not in check.check_realtime(path_of("good_switch")).proofs[0].externals


def test_every_reason_for_the_core_is_of_a_loop_that_is_there():
    """Rows whose function is gone must go as well."""
    text = "".join(path.read_text(encoding="utf-8") for path in compile.PACKAGE.glob("*.p*"))
    for name in {*allowed.CORE_LOOPS, *allowed.CORE_DIVISIONS}:
        assert f" {name}(" in text, name


# ---- rows of the allow list: each name is refused without its own ----


def test_rows_of_the_allow_list(monkeypatch):
    rows = dict(allowed.ALLOWED)
    for name, reason in rows.items():
        assert reason and judge.judge(name).fine, name
        monkeypatch.setattr(allowed, "ALLOWED", {other: why for other, why in rows.items() if other != name})
        assert not judge.judge(name).fine, name


# ---- rows of what is refused: each decides a sample, and most a driver ----

#: row -> (a name that only it knows, the driver whose message it makes; None for macOS and C++)
DENIED = {
    "interpreter": ("PyGILState_Ensure", "bad_with_gil"),
    "allocates": ("malloc", "bad_malloc"),
    "reallocates": ("realloc", "bad_realloc_helper"),
    "frees": ("free", "bad_free"),
    "cpp-new": ("_Znwm", None),
    "cpp-delete": ("_ZdlPvm", None),
    "cpp-static": ("__cxa_guard_acquire", None),
    "cpp-throw": ("__cxa_throw", None),
    "thread-local": ("__tls_get_addr", "bad_thread_local"),
    "lock": ("pthread_mutex_lock", "bad_mutex"),
    "big-atomic": ("__atomic_load", "bad_big_atomic"),
    "condition": ("pthread_cond_wait", "bad_condition"),
    "semaphore": ("sem_post", "bad_semaphore"),
    "once": ("pthread_once", "bad_once"),
    "sleep": ("usleep", "bad_sleep"),
    "thread": ("pthread_create", "bad_thread"),
    "dispatch": ("dispatch_async_f", None),
    "output": ("printf", "bad_printf"),
    "log": ("syslog", "bad_syslog"),
    "file": ("open64", "bad_open"),
    "memory-map": ("mmap", "bad_mmap"),
    "network": ("send", "bad_socket"),
    "environment": ("getenv", "bad_getenv"),
    "random": ("rand", "bad_rand"),
    "time": ("localtime", "bad_localtime"),
    "shared-variable": ("strtok", "bad_strtok"),
    "locale": ("strtod", "bad_strtod"),
    "ends-the-process": ("abort", "bad_exit"),
    "loader": ("dlsym", "bad_dlsym"),
    "sort": ("qsort", "bad_qsort"),
    "core-foundation": ("CFRetain", None),
    "system-call": ("syscall", "bad_syscall"),
}


def row_of(name):
    """The row of denied.py that decides a name."""
    return next(row for row in denied.DENIED if row[0].fullmatch(names.plain(name)))


@pytest.mark.parametrize("row", DENIED)
def test_refused_for_another_reason_without(row, monkeypatch):
    """What no row knows is refused as well, but nobody is told why."""
    name, driver = DENIED[row]
    reason, decided = judge.judge(name).reason, row_of(name)
    if driver:
        assert any(names.plain(name) in line and reason in line for _, line in sound(driver))
    monkeypatch.setattr(denied, "DENIED", tuple(other for other in denied.DENIED if other is not decided))
    after = judge.judge(name)
    assert not after.fine and after.reason != reason


def test_every_row_of_what_is_refused_has_a_sample():
    assert [row_of(name) for name, _ in DENIED.values()] == list(denied.DENIED)


# ---- rules of net (a): a line of generated C for each, and a driver where Cython makes it ----

#: rule and number -> (a line that only it matches, the driver whose message it makes)
GENERATED = {
    "division": ('PyErr_SetString(PyExc_ZeroDivisionError, "float division");', "bad_checked_division"),
    "overflow": ('PyErr_SetString(PyExc_OverflowError, "value too large");', "bad_overflow"),
    "unbound": ('{PyErr_SetString(PyExc_AttributeError,"Memoryview is not initialized");}', "bad_unset_view"),
    "with-gil": ("      PyGILState_STATE __pyx_gilstate_save = __Pyx_PyGILState_Ensure();", "bad_with_gil"),
    "with-gil-2": ("  PyGILState_STATE __pyx_gilstate_save = __Pyx_PyGILState_Ensure();", "bad_gil_helper"),
    "with-gil-3": ("  Py_BLOCK_THREADS", None),
    "bounds": ("      __Pyx_RaiseBufferIndexErrorNogil(__pyx_t_5);", "bad_bounds"),
    "unbound-2": ('    __Pyx_RaiseUnboundMemoryviewSliceNogil("view");', None),
    "memoryview": ("  __PYX_XCLEAR_MEMVIEW(&__pyx_v_self->view, 0);", "bad_last_view"),
    "memoryview-2": ("  __pyx_t_1 = __pyx_memoryview_copy_contents(a, b, 1, 1, 0);", None),
    "cpp-exception": ("  } catch(...) {", None),
    "raises": ("  t = 2 * __pyx_f_1m_f(3); if (unlikely(t == -1)) __PYX_ERR(0, 38, __pyx_L1_error)", None),
    "raises-2": ("  t = ((struct V *)s->__pyx_vtab)->g(s); if (t == -1) __PYX_ERR(0, 38, __pyx_L1_error)", None),
    "raises-3": ("  t = check(3); if (unlikely(t == ((int)-1))) __PYX_ERR(0, 26, __pyx_L1_error)", "bad_error_from_c"),
    "exception": ("      __PYX_ERR(0, 20, __pyx_L1_error)", None),
    "refcount": ("  __Pyx_INCREF(__pyx_v_x);", None),
    "unraisable": ('  __Pyx_WriteUnraisable("m.f", 0, 0, "m.pyx", 1, 1);', None),
    "with-gil-4": ("  x = PyGILState_Ensure();", None),
}
TABLE = (*generated.RULES, *generated.LAST)


def test_every_rule_of_generated_code_has_a_line():
    assert [rule for rule, _, _, _ in TABLE] == [name.rstrip("-234") for name in GENERATED]


@pytest.mark.parametrize("name", GENERATED)
def test_rule_of_generated_code(name):
    number, (line, _) = list(GENERATED).index(name), GENERATED[name]
    found = generated.first_match(line, TABLE)
    assert found[0] == TABLE[number][0] and found[1] == TABLE[number][2]
    rest = generated.first_match(line, TABLE[:number] + TABLE[number + 1 :])
    assert rest is None or rest[1:3] != found[1:3] or rest[3].re is not found[3].re


@pytest.mark.parametrize("name", [name for name, (_, driver) in GENERATED.items() if driver])
def test_driver_is_not_seen_in_generated_code_without(name, monkeypatch):
    number, driver = list(GENERATED).index(name), GENERATED[name][1]
    assert words(driver) in sound(driver)
    for table in ("RULES", "LAST"):
        kept = tuple(row for row in getattr(generated, table) if row is not TABLE[number])
        monkeypatch.setattr(generated, table, kept)
    text = built_text(driver)
    assert words(driver) not in [(item.net, item.first_line) for item in generated.scan(text)]


def built_text(driver):
    """The generated C of a driver."""
    return CText(compile.driver_c(find(path_of(driver)).inspect()).read_text(encoding="utf-8"))
