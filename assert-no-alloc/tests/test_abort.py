"""Policy "abort": a report on stderr, then SIGABRT; in a process of its own."""

import signal
import subprocess
import sys

import building
import pytest
from catching import needs_system_calls

PROGRAM = """
import sys; sys.path.insert(0, {tests!r})
from pathlib import Path
import building
import assert_no_alloc
from assert_no_alloc import _guard
kernels = building.load(Path({path!r}))
{body}
print("alive", flush=True)
"""

BODIES = {
    "with": "with assert_no_alloc.assert_no_alloc(policy='abort'): kernels.run_nogil('malloc')",
    "process": "assert_no_alloc.violation_policy('abort'); kernels.run_guarded('malloc')",
    "nested": "with assert_no_alloc.assert_no_alloc(policy='abort'), assert_no_alloc.assert_no_alloc(): "
    "kernels.run_nogil('malloc')",
    "nogil code": "kernels.policy('abort'); kernels.run_guarded('malloc')",
}


def run(kernels, body):
    program = PROGRAM.format(tests=str(building.HERE), path=kernels.__file__, body=body)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_abort(kernels, body):
    result = run(kernels, body)
    assert (result.returncode, result.stdout) == (-signal.SIGABRT, "")
    head = "assert_no_alloc: forbidden call in a guarded section; aborting\n\nallocation: malloc()"
    assert result.stderr.startswith(head)
    assert "    kernels.do_malloc  kernels.pyx:" in result.stderr


@needs_system_calls
def test_abort_at_a_system_call(kernels, syscalls):
    body = f"import ctypes; f = ctypes.CDLL({str(syscalls.path)!r}).raw_getppid\n"
    body += "with assert_no_alloc.assert_no_alloc(policy='abort'): f()"
    result = run(kernels, body)
    assert (result.returncode, result.stdout) == (-signal.SIGABRT, "")
    assert "system call: getppid()" in result.stderr and "    raw_getppid  syscalls.c:" in result.stderr


@pytest.mark.parametrize("reporter", ["", "'/nonexistent'", "'/bin/false'"])
def test_without_a_reporter_the_bare_facts(kernels, reporter):
    result = run(kernels, f"_guard.set_reporter({reporter}); {BODIES['process']}")
    assert result.returncode == -signal.SIGABRT
    assert "forbidden call in a guarded section (kind, function, thread; frames)\n1\tmalloc\t" in result.stderr
    assert "/kernels.cpython" in result.stderr


def test_the_policy_of_a_with_ends_with_it(kernels):
    body = """
with assert_no_alloc.assert_no_alloc(policy='abort'):
    kernels.run_nogil('nothing')
kernels.run_guarded('malloc')
print(len(assert_no_alloc.violations()))
try:
    assert_no_alloc.violation_policy('abort')
    with assert_no_alloc.assert_no_alloc(policy='report'):
        with assert_no_alloc.assert_no_alloc():
            kernels.run_nogil('nothing')
        kernels.run_nogil('malloc')
except assert_no_alloc.AllocationError:
    print('raised')
"""
    result = run(kernels, body)
    assert (result.returncode, result.stdout) == (0, "2\nraised\nalive\n"), result.stderr
