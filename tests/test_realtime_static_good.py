"""Drivers that look suspicious and are not: a false alarm is a bug of the check."""

import pytest
from made_checks import GOOD, checked

from tympan.bundle.realtime import render


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_no_alarm(path):
    report = checked(path)
    assert report.findings == [], render.as_text(report)
    (proof,) = report.proofs
    assert "open" not in proof.loops and "memory" not in proof.loops


def test_there_are_enough_and_each_says_why_it_looks_suspicious():
    assert len(GOOD) >= 15
    for path in GOOD:
        assert path.read_text(encoding="utf-8").startswith("# good: "), path.name
