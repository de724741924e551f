"""The core under AddressSanitizer and LeakSanitizer: tests/rounds.py with instrumented modules.

`make test` and `make test-asan`. The rest is in test_sanitizers_memory.py, _threads.py and _realtime.py.
"""

from pathlib import Path

import pytest
from sanitize import modules

pytestmark = [pytest.mark.asan, pytest.mark.short]

ROUNDS = Path(__file__).parent / "rounds.py"


@pytest.fixture(scope="module")
def instrumented(private_cache):
    """The package with every extension module compiled for AddressSanitizer."""
    return modules.instrumented()


def test_a_thousand_failing_rounds(instrumented):
    done = modules.run(instrumented, ROUNDS, "10")
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.strip() == "1000 rounds, leaks: 0", done.stderr[-4000:]


LEAK = "import ctypes; ctypes.CDLL(None).malloc(123); import rounds; rounds.main(1)"
OVERRUN = """
from tympan.testing import _host; import ctypes
memory = ctypes.CDLL(None); memory.malloc.restype = ctypes.c_void_p
place = memory.malloc(16); memory.memset(ctypes.c_void_p(place), 0, 17)
"""


def test_the_tools_see_what_they_look_for(instrumented):
    assert modules.run(instrumented, "-c", LEAK).stdout.strip() == "100 rounds, leaks: 1"
    assert "heap-buffer-overflow" in modules.run(instrumented, "-c", OVERRUN).stderr
