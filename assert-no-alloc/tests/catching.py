"""What a guarded call was caught at."""

import pytest

from assert_no_alloc import RealtimeViolation, assert_no_alloc, capabilities

SYSTEM_CALLS = capabilities()["system_calls"]

needs_system_calls = pytest.mark.skipif(not SYSTEM_CALLS, reason=str(capabilities()["system_calls_reason"]))


def caught(function, *args, scope="nogil"):
    """``[(kind, function), ...]`` of the violations of one guarded call."""
    return [(v.kind, v.function) for v in violated(function, *args, scope=scope)]


def violated(function, *args, scope="nogil"):
    """The Violations of one guarded call."""
    try:
        with assert_no_alloc(scope=scope):
            function(*args)
    except RealtimeViolation as error:
        return error.violations
    return []
