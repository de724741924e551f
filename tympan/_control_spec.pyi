from collections.abc import Iterable
from typing import Final, Literal, Self

from tympan._stream_spec import _Spec

_Scope = Literal["input", "output", "global"]
_Family = Literal["level", "toggle", "selector", "slider", "pan"]

KINDS: Final[dict[str, tuple[str, str]]]
SCOPES: Final[dict[str, str]]

class ControlSpec(_Spec):
    kind: Final[str]
    scope: Final[_Scope]
    element: Final[int]
    name: Final[str]
    value: Final[float]
    decibels: Final[tuple[float, float]]
    curve: Final[float]
    items: Final[tuple[tuple[int, str], ...]]
    bounds: Final[tuple[int, int]]
    applied: Final[bool]
    persistent: Final[bool]
    def __init__(
        self, kind: str, scope: _Scope = "output", element: int = 0, name: str | None = None, value: float = 0
    ) -> None: ...
    @classmethod
    def volume(
        cls, scope: _Scope = "output", element: int = 0, name: str | None = None, value: float = 1.0,
        decibels: tuple[float, float] = (-96.0, 0.0), curve: float = 1.0,
    ) -> Self: ...
    @classmethod
    def lfe_volume(
        cls, scope: _Scope = "output", element: int = 0, name: str | None = None, value: float = 1.0,
        decibels: tuple[float, float] = (-96.0, 0.0), curve: float = 1.0,
    ) -> Self: ...
    @classmethod
    def toggle(
        cls, kind: str, scope: _Scope = "output", element: int = 0, name: str | None = None, value: bool = False
    ) -> Self: ...
    @classmethod
    def mute(
        cls, scope: _Scope = "output", element: int = 0, name: str | None = None, value: bool = False
    ) -> Self: ...
    @classmethod
    def selector(
        cls, items: Iterable[str | tuple[int, str]], kind: str = "selector", scope: _Scope = "output",
        element: int = 0, name: str | None = None, value: int | None = None,
    ) -> Self: ...
    @classmethod
    def slider(
        cls, low: int, high: int, scope: _Scope = "output", element: int = 0, name: str | None = None,
        value: int | None = None,
    ) -> Self: ...
    @classmethod
    def stereo_pan(
        cls, left: int = 1, right: int = 2, scope: _Scope = "output", element: int = 0, name: str | None = None,
        value: float = 0.5,
    ) -> Self: ...
    def with_application(self) -> Self: ...
    def with_persistence(self) -> Self: ...
    @property
    def family(self) -> _Family: ...
    @property
    def settable(self) -> bool: ...
    @property
    def scope_code(self) -> str: ...
    @property
    def object_class(self) -> str: ...
