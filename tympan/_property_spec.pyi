from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Literal, Self, TypeAlias

from tympan._stream_spec import _Spec

_Value: TypeAlias = bool | int | float | str | bytes | datetime | list["_Value"] | dict[str, "_Value"]
_Kind: TypeAlias = Literal["string", "plist"]

KINDS: Final[dict[str, tuple[str, _Value]]]
RESERVED: Final[str]
DEEPEST: Final[int]

class PropertySpec(_Spec):
    selector: Final[str]
    kind: Final[_Kind]
    name: Final[str]
    settable: Final[bool]
    qualifier: Final[_Kind | None]
    value: Final[_Value]
    def __init__(
        self, selector: str, kind: _Kind, name: str | None = None, settable: bool = False,
        qualifier: _Kind | None = None, value: _Value | None = None,
    ) -> None: ...
    @classmethod
    def string(
        cls, selector: str, name: str | None = None, settable: bool = False, qualifier: _Kind | None = None,
        value: str | None = None,
    ) -> Self: ...
    @classmethod
    def plist(
        cls, selector: str, name: str | None = None, settable: bool = False, qualifier: _Kind | None = None,
        value: _Value | None = None,
    ) -> Self: ...
    @property
    def type_code(self) -> str: ...
    @property
    def qualifier_code(self) -> str | None: ...

class CustomProperty:
    spec: Final[PropertySpec]
    device: Final[int | None]
    told: int
    value: _Value
    def __init__(self, spec: PropertySpec, device: int | None, tell: Callable[[], None] | None = None) -> None: ...
    @property
    def name(self) -> str: ...
    def notify(self) -> None: ...

def checked(kind: _Kind, value: _Value) -> _Value: ...
def same(one: _Value, other: _Value) -> bool: ...
def check_properties(specs: Sequence[PropertySpec]) -> None: ...
