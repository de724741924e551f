"""The primitives' headers under real threads: content is looked at, with ThreadSanitizer and without; and with each
ordering taken away in turn, which ThreadSanitizer must then report."""

import functools
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tympan.bundle import recipe, toolchain

HERE = Path(__file__).parent
HEADERS = HERE.parent / "tympan"
NAMES = ("structs", "samples", "double", "parameter", "ramp", "log", "count", "state")
FLAGS = [*recipe.CFLAGS, "-D_DEFAULT_SOURCE", "-g", "-Wall", "-Wextra", "-Werror"]
#: The exit code that ThreadSanitizer gives a program with a race.
RACE = 66


def compiled(output, *flags, command=None, headers=HEADERS, name="primitives"):
    """tests/stress/primitives.c, or another one, with these headers."""
    source = HERE / "stress" / f"{name}.c"
    includes = [f"-I{headers}", f"-I{HERE / 'stress'}"]
    done = subprocess.run(
        [*(command or toolchain.compiler()), *FLAGS, *flags, *includes, str(source), "-o", str(output), "-lm"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return output


def run(program, name, count):
    return subprocess.run([program, name, str(count)], capture_output=True, text=True)


@functools.cache
def sanitizer(folder, kind):
    """The command of a compiler that has this sanitizer, which works here; or skip."""
    source = folder / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    for name in ("clang-22", "clang-21", "clang-20", "clang", "gcc"):
        command = [name, f"-fsanitize={kind}", str(source), "-o", str(folder / "empty")]
        steps = (command, [folder / "empty"])
        if shutil.which(name) and all(subprocess.run(step, capture_output=True).returncode == 0 for step in steps):
            return command[:2]
    pytest.skip(f"no compiler with -fsanitize={kind}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stress")


@pytest.fixture(scope="module")
def tsan(folder):
    return sanitizer(folder, "thread")


@pytest.fixture(scope="module")
def plain_program(folder):
    return compiled(folder / "plain")


@pytest.fixture(scope="module")
def tsan_program(folder, tsan):
    return compiled(folder / "tsan", "-O1", command=tsan)


def check(program, name, count):
    done = run(program, name, count)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(f"{count} exchanges\n")


@pytest.mark.parametrize("name", NAMES)
def test_content(plain_program, name):
    check(plain_program, name, 3_000_000)


@pytest.mark.tsan
@pytest.mark.short
@pytest.mark.parametrize("name", NAMES)
def test_no_race(tsan_program, name):
    check(tsan_program, name, 100_000)


@pytest.mark.asan
@pytest.mark.short
def test_no_access_beyond_the_memory(folder):
    command = sanitizer(folder, "address,undefined")
    program = compiled(folder / "asan", "-O1", "-fno-sanitize-recover=all", command=command)
    for name in NAMES:
        check(program, name, 50_000)


@pytest.mark.rtsan
@pytest.mark.short
def test_io_code_under_realtime_sanitizer(folder):
    """And that it would see a lock: a writer's, with an argument."""
    program = compiled(folder / "rtsan", "-O1", command=sanitizer(folder, "realtime"), name="realtime")
    done = subprocess.run([program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    broken = subprocess.run([program, "lock"], capture_output=True, text=True)
    assert broken.returncode and "pthread_mutex_lock" in broken.stderr


@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_content_of_a_hundred_million(plain_program, name):
    check(plain_program, name, 100_000_000)


@pytest.mark.tsan
@pytest.mark.deep
@pytest.mark.parametrize("name", NAMES)
def test_no_race_in_ten_million(tsan_program, name):
    check(tsan_program, name, 10_000_000)


# ---- each ordering taken away ----

#: What an ordered access becomes without its order.
WEAKER = {
    "ty_store_release_u64(": "ty_store_u64(",
    "ty_load_acquire_u64(": "ty_load_u64(",
    "ty_load_ordered_u32(": "ty_load_u32(",
    "ty_store_ordered_u32(": "ty_store_u32(",
    "ty_add_ordered_u32(": "TY_ADD_RELAXED(",
    "__ATOMIC_ACQ_REL": "__ATOMIC_RELAXED",
}
ORDERED = re.compile("|".join(re.escape(name) for name in WEAKER))
EXTRA = "\n#define TY_ADD_RELAXED(p, v) __atomic_add_fetch(p, v, __ATOMIC_RELAXED)\n"

#: Functions of which no race can come, and why.
HARMLESS = {
    "ty_spsc_available": "answers a number; who takes what it counts looks again, with order",
}
#: (function, how often the ordered access stands before it there): weakened, the machine or the
#: detector does not show it. tests/test_double_buffer.py searches these interleavings instead.
UNSEEN = {
    ("ty_spsc_discard", 0): "its frames were not read; those that were are ordered by the store of the pop before",
    ("ty_double_acquire", 0): "the side is only a hint: either counter will do",
    ("ty_double_acquire", 1): "arriving before looking: x86 orders a locked add before every later load",
    ("ty_double_drain", 0): "writers take turns, so this one reads what it or the mutex has made known",
    ("ty_double_drain", 1): "arriving at the old side or the new one is equally safe",
    ("ty_double_store", 0): "writers take turns, so this one reads what it or the mutex has made known",
}


def functions(text):
    """(name, start, end) of each function of a header."""
    found = list(re.finditer(r"^static inline [^;{]*?(\w+)\([^;{]*\{", text, re.MULTILINE))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [(match[1], match.end(), end) for match, end in zip(found, ends, strict=True)]


def weakenings():
    """(header, function, number within it, start, end) of each ordered access."""
    for header in ("_spsc.h", "_double_buffer.h", "_mpsc.h", "_rt.h"):
        text = (HEADERS / header).read_text()
        for name, start, end in functions(text):
            if header == "_rt.h" and name != "ty_compare_exchange_u32":
                continue
            for number, match in enumerate(ORDERED.finditer(text, start, end)):
                yield header, name, number, match.start(), match.end()


WEAKENINGS = {f"{function}-{number}": (header, start, end) for header, function, number, start, end in weakenings()}
TESTED = {
    "_spsc.h": ("structs", "samples"), "_double_buffer.h": ("double",), "_mpsc.h": ("log",), "_rt.h": ("count",),
}  # fmt: skip
EXCUSED = set(HARMLESS) | {f"{function}-{number}" for function, number in UNSEEN}
MUST = [name for name in WEAKENINGS if name not in EXCUSED and name.rpartition("-")[0] not in EXCUSED]
#: One of each header in every run, all of them in the deep one.
QUICK = ("ty_spsc_push_one-0", "ty_double_store-1", "ty_mpsc_push-0", "ty_compare_exchange_u32-0")


def weakened(folder, name):
    """The headers with one access less ordered."""
    header, start, end = WEAKENINGS[name]
    copy = folder / name
    shutil.copytree(HEADERS, copy, ignore=shutil.ignore_patterns("*.so", "testing", "__pycache__"))
    text = (copy / header).read_text()
    text = text[:start] + WEAKER[text[start:end]] + text[end:]
    (copy / header).write_text(text.replace('#include "_rt.h"\n', '#include "_rt.h"' + EXTRA, 1))
    return copy


def reports(tsan, folder, name):
    """Whether one of the header's programs has a race; on a busy machine threads meet less often, so it gets longer."""
    headers = weakened(folder, name)
    program = compiled(headers / "program", "-O1", command=tsan, headers=headers)
    for count in (100_000, 1_000_000, 10_000_000):
        for primitive in TESTED[WEAKENINGS[name][0]]:
            done = run(program, primitive, count)
            if done.returncode == RACE and "data race" in done.stderr:
                return True
    return False


def test_the_excuses_are_for_what_there_is():
    known = {name.rpartition("-")[0] for name in WEAKENINGS}
    assert set(HARMLESS) <= known
    assert {f"{function}-{number}" for function, number in UNSEEN} <= set(WEAKENINGS)
    assert set(QUICK) <= set(MUST)


@pytest.mark.tsan
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.short if name in QUICK else pytest.mark.deep) for name in MUST]
)
def test_an_ordering_less_is_reported(tsan, folder, name):
    assert reports(tsan, folder, name)
