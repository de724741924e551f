"""Recording a session: the file's beginning and end; what is between, trace.h writes."""

import json
import struct
import zlib
from pathlib import Path

from tympan._errors import UsageError
from tympan.testing import _trace
from tympan.testing._contents import content_of

MAGIC = b"\x89TYMTRC\n"
VERSION = 1
#: Magic, version, flags (1: with audio; 2 and 4: the clock), numer and denom of the timebase.
HEADER = struct.Struct("<8sHHII")
CLOCKS = ("virtual", "real", "free")
END = 127
_CHUNK = 1 << 20


class Recording:
    """A trace that is being written. ``path`` is its file; one at a time in a process.

    ``audio``: keep the samples of every buffer, not only a hash of them.
    """

    def __init__(self, path, clock="virtual", timebase=(1, 1), audio=False):
        self.path = Path(path)
        self._plugins = 0
        self._file = _create(self.path)
        self._file.write(HEADER.pack(MAGIC, VERSION, audio | CLOCKS.index(clock) << 1, *timebase))
        self._file.flush()
        try:
            self._recorder = _trace.Recorder(self._file.fileno(), HEADER.size, audio, _content)
        except MemoryError as error:
            self._file.close()
            raise UsageError(f"{self.path} cannot hold a trace: {error}", "Choose a folder on a local disk.") from None

    def wrap(self, table, label):
        """The address to use in place of a driver's table; the same for the same driver."""
        address = self._recorder.wrap(table.address, self._plugins, label)
        self._plugins += 1
        return address

    def step(self, what):
        """Write down a step of the host itself, which a replay must repeat: "pump"."""
        self._recorder.step(what)

    def close(self):
        """End the trace: the last record says how many there are, and guards all before with a checksum."""
        used, records, lost = self._recorder.close()
        with self._file as file:
            file.truncate(used)
            body = bytes([END]) + _number(records) + _number(lost) + _number(_checksum(file))
            file.seek(used)
            file.write(_number(len(body)) + body)


def _content(address):
    """An object's content as JSON; called by the recorder."""
    return json.dumps(content_of(address), sort_keys=True).encode("utf-8")


def _create(path):
    try:
        return path.open("w+b")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Choose another place for the trace.") from None


def _number(value):
    data = bytearray()
    while value >= 0x80:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


def _checksum(file):
    file.seek(0)
    sum_so_far = 0
    while chunk := file.read(_CHUNK):
        sum_so_far = zlib.crc32(chunk, sum_so_far)
    return sum_so_far
