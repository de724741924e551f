"""Docstrings are in _log_sink.pyx; what IO code calls is in _log_sink.pxd."""

from collections.abc import Callable
from typing import Self, final

from typing_extensions import Buffer

@final
class LogSink:
    def __new__(
        cls,
        size: int,
        decode: Callable[[bytes], str | None] | None = None,
        *,
        emit: Callable[[str], object] | None = None,
        capacity: int = 1024,
        interval: float = 0.05,
    ) -> Self: ...
    @property
    def size(self) -> int: ...
    @property
    def capacity(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def alive(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self, timeout: float = 2.0) -> bool: ...
    def write(self, record: Buffer) -> bool: ...
