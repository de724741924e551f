"""Which compiler serves a sanitizer here, how its programs are run, and what its reports say."""

import functools
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
#: Compilers of any age, and those that know RealtimeSanitizer.
CLANGS = tuple(f"clang-{version}" for version in range(30, 19, -1))
FLAGS = {
    "address": ("-fsanitize=address,undefined", "-fno-omit-frame-pointer", "-g1"),
    "thread": ("-fsanitize=thread", "-fno-omit-frame-pointer", "-g1"),
    "realtime": ("-fsanitize=realtime", "-DTYMPAN_RTSAN"),
}
CANDIDATES = {"address": ("gcc", *CLANGS), "thread": ("gcc", *CLANGS), "realtime": (*CLANGS, "clang")}
#: What to install, on Debian.
MISSING = {
    "address": "AddressSanitizer is not here: install gcc, with libasan",
    "thread": "ThreadSanitizer is not here or does not run: install gcc, with libtsan, or clang-20 or newer",
    "realtime": "RealtimeSanitizer is not here: install clang-20 or newer, its libclang-rt and llvm (Debian 12: 22)",
}
OPTIONS = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "LSAN_OPTIONS": "exitcode=0",  # see leaks()
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "history_size=4:exitcode=66",
    "RTSAN_OPTIONS": "exitcode=43",
}
SHORT = {"address": "ASAN", "thread": "TSAN", "realtime": "RTSAN"}


class Sanitizer:
    """A compiler's ``command`` for one sanitizer, and the ``prefix`` with which its programs are run."""

    def __init__(self, kind, command, prefix):
        self.kind, self.command, self.prefix = kind, command, prefix

    def run(self, program, *arguments, timeout=300, cpu=None, **options):
        """Run ``program``; a ``Result``. ``cpu``: seconds of processor time, after which it counts as one that
        does not end; unlike ``timeout`` they are the same on a busy machine."""
        command = [*self.prefix, str(program), *map(str, arguments)]
        environment = {**os.environ, **OPTIONS, **options}
        if self.command[0] != "gcc":
            variable = f"{SHORT[self.kind]}_OPTIONS"
            environment[variable] += f":external_symbolizer_path={symbolizer(self.command)}"
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, errors="replace", timeout=timeout,
                preexec_fn=limit(cpu) if cpu else None,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            return Result(None, *((part or b"").decode(errors="replace") for part in (late.stdout, late.stderr)))
        code = None if done.returncode == -signal.SIGXCPU else done.returncode
        return Result(code, done.stdout, done.stderr)


def limit(seconds):
    """What a child calls to be ended by SIGXCPU."""
    return lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


class Result:
    """How a program ended: ``code`` (None: it did not), ``out``, ``log``."""

    def __init__(self, code, out, log):
        self.code, self.out, self.log = code, out, log

    @property
    def reports(self):
        """The first line of each report: what kind of error it is."""
        return re.findall(r"(?:WARNING|ERROR): \w+Sanitizer: [^\n]*|[^\n]*runtime error: [^\n]*", self.log)

    @property
    def leaks(self):
        """The functions that allocated what nothing points to, of our code and the driver's.

        The interpreter's own do not count: its arenas are mapped, and LeakSanitizer
        does not look for pointers there. The modules' test has it use malloc, and counts all.
        """
        found = re.findall(r"leak of [^\n]*\n    #0 [^\n]*\n    #1 \S+ in (\w+)", self.log)
        return [name for name in found if name.startswith(("__pyx_", "__Pyx_", "ty_"))]

    @property
    def call(self):
        """RealtimeSanitizer: the function that must not be called."""
        found = re.search(r"Intercepted call to real-time unsafe function `(\w+)`", self.log)
        return found and found[1]

    def clean(self, done):
        """Fail unless the program said that it has ``done`` its work, and nothing else."""
        leaked = [name for name in self.leaks if name]
        if self.code == 0 and not self.reports_but_leaks and not leaked and self.out.startswith(done):
            return
        pytest.fail(f"exit code {self.code}, leaks {leaked}\n{self.out}\n{self.log[:8000]}", pytrace=False)

    @property
    def reports_but_leaks(self):
        return [line for line in self.reports if "LeakSanitizer" not in line]


def require(kind):
    """The ``Sanitizer``, or skip with what is missing."""
    if sys.platform != "linux":
        pytest.skip("deep mode is for Linux: its host supplies what macOS has")
    return find(kind) or pytest.skip(MISSING[kind])


@functools.cache
def find(kind):
    """The first compiler with which a program can be made and run; where addresses are too random for
    ThreadSanitizer, with less of that."""
    for name in filter(shutil.which, CANDIDATES[kind]):
        for prefix in ((), ("setarch", os.uname().machine, "-R")):
            made = Sanitizer(kind, (name, *FLAGS[kind]), prefix)
            if works(made):
                return made
    return None


def symbolizer(command):
    """The program that gives clang's reports their names; gcc's need none."""
    version = command[0].removeprefix("clang")
    return shutil.which(f"llvm-symbolizer{version}") or shutil.which("llvm-symbolizer")


def works(sanitizer):
    """Try an empty program."""
    if sanitizer.command[0] != "gcc" and not symbolizer(sanitizer.command):
        return False
    if sanitizer.prefix and not shutil.which(sanitizer.prefix[0]):
        return False
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder) / "empty.c", Path(folder) / "empty"
        source.write_text("int main(void) { return 0; }\n")
        done = subprocess.run([*sanitizer.command, source, "-o", program], capture_output=True)
        return done.returncode == 0 and sanitizer.run(program, timeout=60).code == 0
