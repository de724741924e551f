from typing import ClassVar, Self

class TympanError(Exception):
    exit_code: ClassVar[int]
    hint: str
    def __init__(self, message: str, hint: str = "") -> None: ...

class SpecError(TympanError, ValueError): ...
class UsageError(TympanError): ...
class BuildError(TympanError): ...

class HostError(TympanError):
    status: OSStatus  # only where a driver answered one

class OSStatus(int):
    NO_ERROR: ClassVar[OSStatus]
    NOT_RUNNING: ClassVar[OSStatus]
    UNSPECIFIED: ClassVar[OSStatus]
    UNKNOWN_PROPERTY: ClassVar[OSStatus]
    BAD_PROPERTY_SIZE: ClassVar[OSStatus]
    ILLEGAL_OPERATION: ClassVar[OSStatus]
    BAD_OBJECT: ClassVar[OSStatus]
    BAD_DEVICE: ClassVar[OSStatus]
    BAD_STREAM: ClassVar[OSStatus]
    UNSUPPORTED_OPERATION: ClassVar[OSStatus]
    NOT_READY: ClassVar[OSStatus]
    UNSUPPORTED_FORMAT: ClassVar[OSStatus]
    NO_PERMISSION: ClassVar[OSStatus]
    def __new__(cls, value: int | str) -> Self: ...

class HalError(Exception):
    status: OSStatus
    def __init__(self, status: int | str, message: str = "") -> None: ...
