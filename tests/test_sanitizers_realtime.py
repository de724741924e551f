"""RealtimeSanitizer: the five entries, with the core and the driver as they are shipped, in a realtime context.

`make test-rtsan`. The host brackets each call of an entry; the bundle is not compiled for it, because what is
intercepted are calls of libraries. The compiler that has RealtimeSanitizer also has an analysis of its own
of what a function may reach, which judges the core a second time.
"""

import json
import re
import subprocess

import pytest
from sanitize import build, survey, tools
from sanitize.subjects import ROOT, SUBJECTS, factor, name

from tympan.bundle import compile

pytestmark = pytest.mark.rtsan

LOOPBACK = ROOT / "examples" / "minimal_loopback" / "minimal_loopback.pyx"
AGAIN = "run: python tests/sanitize/survey.py"


@pytest.fixture(scope="session")
def sanitizer():
    return tools.require("realtime")


@pytest.fixture
def run(sanitizer, private_cache, tmp_path):
    """run(scenario, driver, *arguments): a Result."""

    def runs(scenario, path, *arguments):
        made = build.bundle(path, tmp_path)
        return sanitizer.run(build.host(*sanitizer.command), scenario, build.binary(made), factor(path), *arguments)

    return runs


# ---- what is right is not reported ----


@pytest.mark.parametrize("path", SUBJECTS, ids=name)
@pytest.mark.parametrize("scenario", ["tour", "io"])
def test_one_client(run, scenario, path):
    """All sizes, sense and nonsense; and a thousand cycles of all kinds of audio."""
    run(scenario, path).clean(scenario)


@pytest.mark.parametrize("path", SUBJECTS, ids=name)
def test_everything_at_once(run, path):
    run("threads", path, "seconds=10", "rounds=2").clean("threads")


# ---- and what is wrong is, as far as a sanitizer can see it ----


def recorded():
    return json.loads(survey.RESULTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", survey.BAD, ids=name)
def test_bad_driver(sanitizer, private_cache, tmp_path, path):
    """As recorded, and the report leads to the driver."""
    answer, found = survey.judge(sanitizer, path, tmp_path)
    assert answer == recorded().get(path.stem), AGAIN
    if found and found.call:
        assert re.search(rf" in (__pyx_\w*{path.stem}_|.*/{path.stem}\.c:)", found.log), found.log


@pytest.mark.parametrize("path", survey.GOOD, ids=name)
def test_good_driver(sanitizer, private_cache, tmp_path, path):
    answer, found = survey.judge(sanitizer, path, tmp_path)
    assert answer == recorded().get(path.stem) == survey.QUIET, found and found.log


def test_every_driver_is_recorded():
    assert set(recorded()) == {path.stem for path in [*survey.BAD, *survey.GOOD]}, AGAIN
    assert sum(not answer.startswith(survey.QUIET) for answer in recorded().values()) >= 12


def test_the_clock_is_watched_too(sanitizer, private_cache, tmp_path):
    """No driver has code in GetZeroTimeStamp, so it takes a broken core."""
    line = "    if not clock_stamp(&device.clock, mach_absolute_time(), &stamp):\n"
    changes = [
        ("tympan/_hal_io.pxd", line, "    usleep(0)\n" + line),
        ("tympan/_hal_io.pxd", "from libc.math", "from posix.unistd cimport usleep\nfrom libc.math"),
    ]
    made = build.broken_bundle(LOOPBACK, tmp_path, changes)
    found = sanitizer.run(build.host(*sanitizer.command), "io", build.binary(made), factor(LOOPBACK))
    assert found.call == "usleep"  # no compiler leaves it out
    assert "hal_io_GetZeroTimeStamp" in found.log


# ---- the compiler's own judgement ----

ENTRIES = "GetZeroTimeStamp|WillDoIOOperation|BeginIOOperation|DoIOOperation|EndIOOperation"
NONBLOCKING = "__attribute__((nonblocking))"
#: What the core calls and does not define: the system's clock, and the driver.
CLOCK = f"#include <stdint.h>\nextern uint64_t mach_absolute_time(void) {NONBLOCKING};\n"


def effects(sanitizer, folder, text):
    """What clang says of the core's C when its entries promise not to block: [] when they keep it."""
    text, entries = re.subn(
        rf"(?m)^(static CYTHON_INLINE [^\n;{{]*__pyx_f_6tympan_7_hal_io_(?:{ENTRIES})\([^\n]*?\))(?=;| ?{{)",
        rf"\1 {NONBLOCKING}", text,
    )  # fmt: skip
    text, drivers = re.subn(r"(typedef void \(\*\w+_ProcessIo\)\([^\n]*?\));", rf"\1 {NONBLOCKING};", text)
    assert (entries, drivers) == (10, 1)
    (folder / "clock.h").write_text(CLOCK)
    (folder / "hal.c").write_text(text)
    flags = ["-std=gnu11", "-fsyntax-only", "-Wno-everything", "-Wfunction-effects", "-include", "clock.h"]
    includes = [flag for flag in compile.c_flags() if flag.startswith("-I")]
    command = [sanitizer.command[0], *flags, *includes, "hal.c"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert "error:" not in done.stderr, done.stderr
    return [line for line in done.stderr.splitlines() if "warning:" in line or "note:" in line]


def core_c():
    return compile.core_c("tympan._hal").read_text(encoding="utf-8")


def test_clang_finds_nothing_in_the_entries_that_could_block(sanitizer, private_cache, tmp_path):
    assert effects(sanitizer, tmp_path, core_c()) == []


@pytest.mark.parametrize("call", ["malloc(3)", "tympan_os_log(0)", "PyGILState_Ensure()", "pthread_mutex_lock(0)"])
def test_clang_would_find_it(sanitizer, private_cache, tmp_path, call):
    place = "__pyx_v_scratch = __pyx_f_6tympan_3_io_scratch_take"
    text = core_c()
    assert place in text
    found = effects(sanitizer, tmp_path, text.replace(place, f"(void){call}; {place}"))
    assert any(call.partition("(")[0] in line for line in found), found
