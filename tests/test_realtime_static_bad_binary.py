"""The bad drivers that only the walk of the machine code sees; see test_realtime_static_bad.py."""

import pytest
from made_checks import BAD, caught, expected


@pytest.mark.parametrize("path", [path for path in BAD if expected(path)[0] == "binary"], ids=lambda path: path.stem)
def test_caught_by_its_net(path):
    assert caught(path)[0] == expected(path)
