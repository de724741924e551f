from typing import Any

FAULTS: tuple[str | None, ...]
LARGEST: int

class Caller:
    def __init__(self, driver: int) -> None: ...
    def make(self, packed: bytes, host: AnsweringHost | None = None) -> dict[str, Any]: ...

class AnsweringHost:
    delegate: Any
    def __new__(cls, delegate: object) -> AnsweringHost: ...
