"""The Python half of the contract; docstrings are in _driver.pyx, the C half (process_io) in _driver.pxd."""

from collections.abc import Collection
from typing import ClassVar, Final, Literal

from tympan._spec import DeviceSpec

class IoOperation:
    READ_INPUT: Final = 0x72656164
    WRITE_MIX: Final = 0x72697465

class Driver:
    NAME: ClassVar[str]
    MANUFACTURER: ClassVar[str]
    VERSION: ClassVar[str]
    BUNDLE_ID: ClassVar[str | None]
    IO_OPERATIONS: ClassVar[Collection[int] | None]
    IO_FORMAT: ClassVar[Literal["float32", "native"]]

    @property
    def sample_rate(self) -> float: ...
    def device(self) -> DeviceSpec: ...
    def initialize(self) -> None: ...
    def start_io(self) -> None: ...
    def stop_io(self) -> None: ...
    def declaration(self) -> DeviceSpec: ...
