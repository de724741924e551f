"""System calls, whoever makes them: trapped by the kernel."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
from catching import caught, needs_system_calls

from assert_no_alloc import _guard, capabilities, violations

pytestmark = needs_system_calls

CALLS = {
    "raw_write": ("io", "write"),
    "raw_getppid": ("system call", "getppid"),
    "raw_bad_close": ("io", "close"),
    "libc_getpid": ("system call", "getpid"),
    "raw_clock": ("system call", "clock_gettime"),
    "raw_fork": ("thread", "fork"),
    "raw_clone": ("thread", "clone"),
    "vfork_child": ("thread", "vfork"),
    "raw_sigmask": ("system call", "rt_sigprocmask"),
}


@pytest.mark.parametrize(("name", "expected"), CALLS.items())
def test_a_system_call_is_caught(syscalls, name, expected):
    assert expected in caught(getattr(syscalls, name))


@pytest.mark.parametrize(("name", "expected"), CALLS.items())
def test_without_the_kernels_tooth_it_is_missed(syscalls, name, expected):
    _guard._pull_teeth([], system_calls=True)
    assert expected not in caught(getattr(syscalls, name))


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("raw_write", 0),
        ("raw_getppid", 0),
        ("raw_bad_close", -9),
        ("raw_clock", 0),
        ("raw_fork", 7),
        ("vfork_child", 8),
        ("raw_clone", 9),
        ("raw_sigmask", 1),
        ("keeps_errno", 77),
        ("block_all_then_write", 0),
    ],
)
def test_a_trapped_call_has_its_effect_and_result(syscalls, name, result):
    results = []
    caught(lambda: results.append(getattr(syscalls, name)()))
    assert results == [result]


def test_the_clock_is_no_system_call(syscalls):
    assert caught(syscalls.read_clock) == []


def test_a_call_through_syscall_has_its_own_name(syscalls):
    assert caught(syscalls.libc_syscall) == [("system call", "gettid")]
    _guard._pull_teeth(["syscall"])
    assert caught(syscalls.libc_syscall) == []


def test_a_signal_handlers_return_is_nobodys_violation(syscalls):
    spun = []

    def interrupted():
        syscalls.alarm_soon()
        assert caught(lambda: spun.append(syscalls.spin_until_alarm())) == []

    interrupted()
    assert spun == [1]


def test_every_thread_has_its_own_trap(syscalls):
    found = []
    thread = threading.Thread(target=lambda: found.append(caught(syscalls.raw_getppid)))
    thread.start()
    thread.join()
    assert found == [[("system call", "getppid")] * 2]  # its own, and the C library's


def test_a_thread_that_blocks_the_guards_signal(syscalls):
    """From before its first guard: the kernel would kill the process for the first trap."""
    found = []

    def work():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGSYS})
        found.append(caught(syscalls.raw_bad_close))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [[("io", "close")]]


def test_a_forked_child_is_guarded_too(syscalls):
    assert caught(syscalls.raw_getppid)
    child = os.fork()
    if child == 0:
        os._exit(0 if caught(syscalls.raw_getppid) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    violations()


@pytest.mark.parametrize(("before", "status"), [("SIG_DFL", -signal.SIGSYS), ("SIG_IGN", 0)])
def test_a_sigsys_of_others_does_what_it_did(before, status):
    code = f"""
import os, signal
from assert_no_alloc import capabilities
signal.signal(signal.SIGSYS, signal.{before})
assert capabilities()["system_calls"]
os.kill(os.getpid(), signal.SIGSYS)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == status


REFUSED = """
    import ctypes, struct
    libc = ctypes.CDLL(None)
    # seccomp: prctl(PR_SET_SYSCALL_USER_DISPATCH, ...) fails with EINVAL, as on an old kernel or in gVisor
    LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
    code = [(LOAD, 0, 0, 0), (EQUAL, 0, 3, 157), (LOAD, 0, 0, 16), (EQUAL, 0, 1, 59),
            (RETURN, 0, 0, 0x00050000 | 22), (RETURN, 0, 0, 0x7FFF0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(program)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, header) == 0
    from assert_no_alloc import RealtimeViolation, assert_no_alloc, capabilities
    print(capabilities()["system_calls"], capabilities()["system_calls_reason"])
    try:
        with assert_no_alloc():
            libc.getppid()
            libc.puts(b"")
    except RealtimeViolation as error:
        print([v.function for v in error.violations])
"""


def test_where_the_kernel_refuses_names_are_what_is_left():
    """Run with a seccomp filter that refuses; nothing else changes."""
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(REFUSED)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "False the kernel has no Syscall User Dispatch (Linux 5.11 or newer)" in result.stdout
    assert "['puts']" in result.stdout


def test_capabilities_say_so():
    found = capabilities()
    assert found["system_calls"] and found["system_calls_reason"] is None
    assert "malloc" in found["by_name"]["allocation"] and "dlsym" not in str(found["by_name"])
    assert found["objects"] > 3 and found["slots"] > 50
