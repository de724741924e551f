"""What a violation says: stack, names, lines of Cython code, counts."""

import shutil

import building
import pytest
from catching import violated
from conftest import Library

from assert_no_alloc import _lines, _symbols, add_sources, add_symbols, violations

SOURCE = building.HERE / "kernels.pyx"


def line_of(text):
    """The number of the only line that is this text."""
    lines = [number for number, line in enumerate(SOURCE.read_text().splitlines(), 1) if line.strip() == text]
    assert len(lines) == 1, text
    return lines[0]


MALLOC = f"kernels.pyx:{line_of('kept = malloc(10)')}"
HELPER = f"kernels.pyx:{line_of('cdef inline void helper() noexcept nogil:') + 1}"
CALL = f"kernels.pyx:{line_of('helper()')}"
FUNCTION = f"kernels.pyx:{line_of('cdef void do_malloc() noexcept nogil:')}"


@pytest.fixture
def module(tmp_path):
    """Compile kernels.pyx in another way."""

    def compiled(*flags, **options):
        return building.load(building.cython_module(SOURCE, tmp_path / "kernels", *flags, **options))

    return compiled


def malloc_in(module):
    return violated(module.run_nogil, "hidden")[0]


def test_the_pyx_line_and_the_chain(kernels):
    violation = malloc_in(kernels)
    assert (violation.kind, violation.function, violation.pyx_line) == ("allocation", "malloc", MALLOC)
    chain = [(frame.name, frame.pyx_line) for frame in violation.stack if frame.pyx_line]
    assert chain[:3] == [("kernels.do_malloc", MALLOC), ("kernels.helper", HELPER), ("kernels.do_hidden", CALL)]
    assert {frame.line.source for frame in violation.stack[:3]} == {"dwarf+comments"}


def test_the_pyx_line_from_dwarf_alone(module):
    violation = malloc_in(module("-g", cython=["--line-directives"]))
    assert violation.pyx_line == MALLOC
    assert violation.stack[0].line.source == "dwarf"


def test_without_debug_information_the_functions_line(module):
    violation = malloc_in(module(optimise="-O0"))
    assert violation.pyx_line == FUNCTION
    assert violation.stack[0].line.source == "comments"


def test_with_the_generated_c_elsewhere(module, tmp_path):
    compiled = module(optimise="-O0")
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "kernels" / "kernels.c", tmp_path / "elsewhere" / "kernels.c")
    assert malloc_in(compiled).pyx_line is None
    add_sources(tmp_path / "elsewhere")
    assert malloc_in(compiled).pyx_line == FUNCTION
    _lines._folders.clear()


def test_without_addr2line_the_functions_line(module, monkeypatch):
    monkeypatch.setattr(_lines, "tool", lambda: None)
    assert malloc_in(module("-g", optimise="-O0")).pyx_line == FUNCTION


def test_stripped_with_the_unstripped_at_hand(module, tmp_path):
    path = building.cython_module(SOURCE, tmp_path / "kernels", "-g")
    shutil.copy(path, tmp_path / "unstripped.so")
    building.run("strip", path)
    stripped = building.load(path)
    first = malloc_in(stripped)
    assert first.stack[0].symbol is None and first.pyx_line is None
    add_symbols(path, tmp_path / "unstripped.so")
    second = malloc_in(stripped)
    assert (second.stack[0].name, second.pyx_line) == ("kernels.do_malloc", MALLOC)
    _symbols._unstripped.clear()


def test_local_functions_of_c_have_names(tmp_path):
    source = tmp_path / "plain.c"
    source.write_text(
        "#include <stdlib.h>\n"
        'static __attribute__((noinline)) void *hidden(void) { void *p = malloc(10); __asm__(""); return p; }\n'
        "long call(void) { void *volatile p = hidden(); free(p); return 1; }\n"
    )
    library = Library(building.shared(source, tmp_path / "plain.so"))
    stack = violated(library.call)[0].stack
    assert [(frame.name, str(frame.line)) for frame in stack[:2]] == [("hidden", "plain.c:2"), ("call", "plain.c:3")]


def test_cxx_names_are_demangled(cxx):
    names = [frame.name for frame in violated(cxx.grow_vector)[0].stack]
    assert any(name.startswith(("std::vector<int", "void std::vector<int", "__gnu_cxx::")) for name in names), names


def test_text(kernels):
    violation = malloc_in(kernels)
    first, *frames = str(violation).splitlines()
    assert first == f"allocation: malloc() at {MALLOC} (thread {violation.thread!r}, {violation.thread_id})"
    assert frames[0].startswith(f"    kernels.do_malloc  {MALLOC}  (kernels.")
    assert frames[-1].startswith("    kernels.run_nogil  kernels.pyx:")  # where the guard began; Python called that
    assert repr(violation) == "<Violation allocation: malloc>"


def test_the_section_ends_where_the_guard_was_entered(kernels):
    """Who called the host is in the stack, but is not part of what was guarded."""
    kernels.run_nogil("host")
    (violation,) = violations()
    assert [frame.name for frame in violation.section] == ["no_inline_malloc", "kernels.do_host"]
    assert [frame.name for frame in violation.stack[:3]][2] == "kernels.run_nogil"
    assert violation.pyx_line.startswith("kernels.pyx:")


def test_with_scope_all_the_section_ends_at_the_interpreter(kernels):
    violation = violated(kernels.run_holding_gil, "hidden", scope="all")[0]
    assert violation.pyx_line == MALLOC
    assert violation.section[-1].name == "kernels.run_holding_gil"


def test_the_same_call_is_counted_not_repeated(kernels):
    kernels.run_guarded("malloc", 1000)
    found = violations()
    assert [(v.function, v.count) for v in found] == [("malloc", 1000), ("free", 1000)]
    assert "1000 times" in str(found)


def test_the_thousandth_cycle_is_found(kernels):
    kernels.cycles(999)
    assert violations() == []
    kernels.cycles(1000)
    assert next(v.pyx_line for v in violations()) == MALLOC


def test_a_full_log_counts_what_it_lost(tmp_path):
    """More different places than there is room for, in one guarded section."""
    source = tmp_path / "many.c"
    calls = "\n".join("    p = malloc(10); free(p);" for _ in range(200))
    source.write_text(f"#include <stdlib.h>\nlong many(void) {{\n    void *volatile p;\n{calls}\n    return 1;\n}}\n")
    library = Library(building.shared(source, tmp_path / "many.so", "-O0"))
    found = violated(library.many)
    assert (len(found), found.lost) == (256, 144)
    assert str(found).endswith("... and 144 more for which there was no room")


def test_stacks_go_through_signal_frames_and_libc(syscalls):
    """A system call made by libc: the kernel's trap does not end the chain."""
    names = [frame.name for frame in violated(syscalls.libc_getpid)[0].stack]
    assert "libc_getpid" in names


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("__pyx_f_4gain_4Gain_process_io", "gain.Gain.process_io"),
        ("__pyx_f_3pkg_4gain_10scale_down", "pkg.gain.scale_down"),
        ("__pyx_pw_7kernels_3run_holding_gil", "kernels.run_holding_gil"),
        ("__pyx_pf_3pkg_4gain_4Gain_2device", "pkg.gain.Gain.device"),
        ("__pyx_pw_3pkg_4gain_4Gain_13set_2_x", "pkg.gain.Gain.set_2_x"),
        ("__pyx_pf_4gain_run.constprop.0", "gain.run"),
        ("__pyx_pf_4gain_4Gain_device", "gain.Gain.device"),
        ("malloc", "malloc"),
    ],
)
def test_cython_names_are_readable(symbol, name):
    assert _symbols.readable(symbol) == name
