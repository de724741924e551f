"""The static check on Mach-O binaries of the core, the examples and the drivers, for both processors.

In every run there are the ready-made binaries of test_realtime_static_machines.py; these are compiled.
"""

import made_macho
import pytest
from made_checks import BAD, GAIN, GOOD, expected

from tympan.bundle.realtime import render
from tympan.bundle.realtime.tables import ENTRIES

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(bool(made_macho.MISSING), reason=made_macho.MISSING),
]
EXAMPLES = sorted(GAIN.parents[1].glob("*/*.pyx"))

#: What macOS does in another way: other functions, other processors.
DIFFERENT = {
    "rt_bad_thread_local": {"arm64": "_tlv_bootstrap", "x86_64": "_tlv_bootstrap"},
}


@pytest.fixture(params=made_macho.TARGETS)
def machine(request):
    """A processor."""
    return request.param


@pytest.mark.parametrize("path", [*EXAMPLES, *GOOD], ids=lambda path: path.stem)
def test_good_driver_passes(path, machine):
    report = made_macho.check_macho(path, machine)
    assert report.findings == [], render.as_text(report)
    (proof,) = report.proofs
    assert (proof.system, proof.machine) == ("Mach-O", machine)
    assert set(ENTRIES.values()) <= set(proof.roots)


@pytest.mark.parametrize("path", [path for path in BAD if expected(path)[0] != "compile"], ids=lambda path: path.stem)
def test_bad_driver_is_caught(path, machine):
    report = made_macho.check_macho(path, machine)
    net, message = expected(path)
    found = report.warnings if net == "warning" else report.offences
    assert found, render.as_text(report)
    assert found[0].first_line == message
