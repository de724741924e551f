"""Drivers that look suspicious and are not: a false alarm is a bug of the check."""

from pathlib import Path

import pytest

from tympan.bundle.realtime import check_realtime, render

GOOD = sorted((Path(__file__).parent / "drivers").glob("rt_good_*.pyx"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_no_alarm(path):
    report = check_realtime(path, strict=True)
    assert report.ok, render.as_text(report)


def test_there_are_enough_and_each_says_why_it_looks_suspicious():
    assert len(GOOD) >= 15
    for path in GOOD:
        assert path.read_text(encoding="utf-8").startswith("# good: "), path.name
