"""The fuzzer on drivers made with tympan that have one planted defect each: found, shortened, and repeated by its
script. The same for drivers in C is in test_fuzz.py."""

import re
from pathlib import Path

import pytest
from sanitize import build, fuzzing

pytestmark = pytest.mark.deep

GAIN = Path(__file__).parents[1] / "examples" / "gain" / "gain.pyx"
HEADER = '''

cdef extern from *:
    """
    #include <dlfcn.h>
    #include <stdlib.h>
    static void crash(void) { *(volatile int *)0 = 1; }
    static void hang(void) { for (volatile int spins = 1; spins;) ; }
    static void leak_string(void)  /* the bundler imports the driver where there is no CoreFoundation */
    {
        void *(*create)(void *, const char *, unsigned) = dlsym(NULL, "CFStringCreateWithCString");
        if (create)
            create(NULL, "planted", 0x08000100);
    }
    static void leak_memory(void) { char *volatile lost = malloc(100); lost = NULL; }
    static void overflow(void) {
        volatile int size = 20;
        volatile char *memory = malloc(size);
        memory[size] = 1;
        free((void *)memory);
    }
    static void shift(volatile int bits) { volatile int value = 1 << bits; (void)value; }
    """
    void crash() nogil
    void hang() nogil
    void leak_string()
    void leak_memory()
    void overflow() nogil
    void shift(int bits) nogil
'''
IN_IO = "        for i in range(buffer.frames"
IN_START = "        self.gain = 0.5"

#: Where the defect is and what it is; what the fuzzer says of it; whether only a sanitizer sees it; and the calls of
#: its script at most.
PLANTS = {
    "crash": (IN_IO, "if buffer.frames == 4096: crash()", "crash in DoIOOperation: SIGSEGV", False, 4),
    "hang": (IN_IO, "if buffer.frames == 4096: hang()", "hang in DoIOOperation: it did not return", False, 4),
    "leak": (IN_START, "leak_string()", "leak: leaked: CFString", False, 3),
    "leaked memory": (IN_START, "leak_memory()", r"leak: LeakSanitizer found \d+ pieces", True, 3),
    "overflow": (IN_IO, "if buffer.frames == 4096: overflow()",
                 "sanitizer in DoIOOperation: SUMMARY: AddressSanitizer: heap-buffer-overflow", True, 4),
    "undefined": (IN_IO, "if buffer.frames == 4096: shift(33)",
                  "sanitizer in DoIOOperation: .*shift exponent 33 is too large", True, 4),
}  # fmt: skip
OPTIONS = ("--calls", 300_000, "--seed", 1, "--timeout", 1.0)


def planted(folder, place, code, *command):
    """examples/gain with a line of code more, as a bundle."""
    text = GAIN.read_text(encoding="utf-8")
    text = text.replace("RealtimeContext\n", f"RealtimeContext\n{HEADER}", 1)
    folder.mkdir()
    path = folder / "gain.pyx"
    assert text.count(place) == 1
    path.write_text(text.replace(place, f"        {code}\n{place}"), encoding="utf-8")
    return build.bundle(path, folder, *command)


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_defect_is_found_shortened_and_repeated(tmp_path, private_cache, name):
    place, code, words, sanitized, most = PLANTS[name]
    compiler = fuzzing.COMPILER if sanitized else ()
    bad, good = planted(tmp_path / "bad", place, code, *compiler), build.bundle(GAIN, tmp_path, *compiler)
    status, said = fuzzing.fuzz(tmp_path, bad, *OPTIONS, sanitized=sanitized)
    assert status == 1 and re.search(f"FAILED  {words}", said), said
    found = re.search(r"^(\S+) repeats it with (\d+) calls", said, re.MULTILINE)
    assert found and int(found[2]) <= most, said
    again = ("--replay", found[1], "--timeout", 1.0)
    status, said = fuzzing.fuzz(tmp_path, bad, *again, sanitized=sanitized)
    assert status == 1 and re.search(f"calls replayed: {words}", said), said
    nothing = (0, f"{found[2]} calls replayed: nothing failed\n")
    assert fuzzing.fuzz(tmp_path, good, *again, sanitized=sanitized) == nothing


@pytest.mark.parametrize("name", [name for name in PLANTS if PLANTS[name][3]])
def test_what_only_a_sanitizer_sees_passes_without(tmp_path, private_cache, name):
    place, code, *_ = PLANTS[name]
    status, said = fuzzing.fuzz(tmp_path, planted(tmp_path / "bad", place, code), *OPTIONS, sanitized=False)
    assert status == 0, said
