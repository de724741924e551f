"""Declarations of a driver's own properties: what none can be."""

import json
from pathlib import Path

import pytest
from made_drivers import device_spec, driver_class

from tympan import PropertySpec, SpecError
from tympan._property_spec import RESERVED

MEMO = PropertySpec.string("Memo", "memo", settable=True)
SPEC = device_spec().with_property(MEMO)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: PropertySpec("Memo", "number"), "a property's kinds are 'number', None"),
    (lambda: PropertySpec.string("Memo", qualifier="text"), "a property's kinds are 'string', 'text'"),
    (lambda: PropertySpec.string("Memory"), "a property's selector is 'Memory'"),
    (lambda: PropertySpec.string("Mem\u00f6"), "a property's selector is 'Memö'"),
    (lambda: PropertySpec.string(5), "a property's selector is 5"),
    (lambda: PropertySpec.string("nsrt"), "the selector 'nsrt' is Apple's"),
    (lambda: PropertySpec.string("uid "), "the selector 'uid ' is Apple's"),
    (lambda: PropertySpec.string("Memo", ""), "a property's name is ''"),
    (lambda: PropertySpec.string("Memo", value=1), "the property 'Memo' cannot start so: 1 is not a str"),
    (lambda: PropertySpec.plist("Memo", value={1: 1}), "cannot start so"),
    (lambda: SPEC.with_property("Memo"), "a property is declared as 'Memo'"),
    (lambda: SPEC.with_property(MEMO), "two properties are 'Memo', 'memo'"),
    (lambda: SPEC.with_property(PropertySpec.string("Mem2", "memo")), "two properties are 'Mem2', 'memo'"),
    (lambda: driver_class(PROPERTIES=["Memo"])().declaration(), "a property is declared as 'Memo'"),
])  # fmt: skip
def test_what_no_property_can_be(make, sentence):
    with pytest.raises(SpecError, match=sentence):
        make()


def test_apples_selectors():
    """RESERVED is what the headers name, and no more."""
    table = json.loads((Path(__file__).parent / "data" / "coreaudio_abi.json").read_text())
    names = [name for name in table["fourcc"] if "Property" in name and not name.endswith("Error")]
    codes = {table["fourcc"][name] for name in names if "Wildcard" not in name and "Scope" not in name}
    codes -= {"cfst", "plst", "****"}  # types and wildcards
    assert {RESERVED[i : i + 4] for i in range(0, len(RESERVED), 5)} == codes
    assert len(RESERVED) % 5 == 4 and set(RESERVED[4::5]) == {" "}
