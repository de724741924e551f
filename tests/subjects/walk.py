"""A walk over everything that a driver could be asked: objects, selectors, scopes, elements, rooms.

Each answer is compared with what Size and Has say; memory beyond the room and leaked
objects are looked for. Prints {"problems": [...], "leaked": n} as JSON.
"""

import json
import re
import struct

from subjects import build
from subjects.raw import CF, Driver, code

from tympan.testing import _platform

#: Every four-character code that the interface declares, and some that it does not.
CODES = sorted(
    {
        int(number, 16)
        for number in re.findall(r"\)0x([0-9a-f]{8})u\)  /\*", (build.ROOT / "tympan" / "coreaudio.h").read_text())
    }
    | {code("memo"), code("clts"), code("fsiz"), code("zzzz"), 0}
)
SCOPES = [code(scope) for scope in ("glob", "inpt", "outp", "ptru", "****")] + [0]
ELEMENTS = (0, 1, 3, 0xFFFFFFFF)
REFUSALS = {code(name) for name in ("who?", "!siz", "nope", "!obj")}


class Walk:
    """One walk; ``problems`` are sentences."""

    def __init__(self, driver):
        self.driver = driver
        self.problems = []

    def look(self, where, holds, sentence):
        if not holds:
            self.problems.append(f"{where}: {sentence}")

    def property(self, *key):
        """One address of one object."""
        d = self.driver
        there = d.has(*key)
        status, size = d.size(*key)
        self.look(key, there == (status == 0), f"has {there}, size {status:#x}")
        self.look(key, (d.settable(*key)[0] == 0) == there, "settable differs from has")
        for room in {0, 3, size, size + 8} if there else {8}:
            self.get(key, there, size, room)

    def get(self, key, there, size, room):
        """One GetPropertyData, its memory and its reference."""
        status, answered, memory = self.driver.get(*key, qualifier=None, room=room, data=b"")
        written = answered if status == 0 else 0
        self.look(key, there or status in REFUSALS, f"is not there, and answers {status:#x}")
        self.look(key, written <= min(room, size), f"{written} bytes in a room of {room}, size {size}")
        self.look(key, memory[written:] == b"\xa5" * (room + 64 - written), f"wrote beyond {written} bytes")
        if written == 8:
            release(struct.unpack_from("<Q", memory)[0])

    def all(self, objects):
        for number in objects:
            for selector in CODES:
                for scope in SCOPES:
                    for element in ELEMENTS:
                        self.property(number, selector, scope, element)


def release(address):
    if CF.tympan_kind_of(address):
        CF.CFRelease(address)


def main(name):
    """Walk a bundle of build.bundle, stopped and running."""
    driver = Driver(build.bundle(name))
    assert driver.open() == 0
    walk = Walk(driver)
    driver.pump()
    mark = _platform.mark()
    device = driver.ids(1, "dev#")[0]
    walk.all(range(15))
    driver.start(device)
    walk.all([device])
    driver.stop(device)
    driver.pump()
    walk.problems += _platform.problems()
    print(json.dumps({"problems": walk.problems[:20], "leaked": len(_platform.live_objects(mark))}))
