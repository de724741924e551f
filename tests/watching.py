"""Which files this process writes, makes, moves and removes: an audit hook that sees them all, whatever the library."""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

#: Event -> where in its arguments the paths are, and the folder that a path is relative to.
EVENTS = {
    "os.mkdir": ((0, 2),),
    "os.rmdir": ((0, 1),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((0, 2), (1, 3)),
    "os.symlink": ((1, 2),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.truncate": ((0, None),),
    "os.utime": ((0, 3),),
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

current = None  # an audit hook cannot be taken away: it looks here


class Writes:
    """``inside``, ``outside``: the operations, as (event, paths)."""

    def __init__(self, folders):
        self.folders, self.inside, self.outside = [Path(folder).resolve() for folder in folders], [], []

    def add(self, event, paths):
        """One operation counts as outside when one of its paths is."""
        places = [Path(os.path.abspath(path)) for path in paths]
        if any(place == Path("/dev/null") or "__pycache__" in place.parts for place in places):
            return
        known = all(any(place.is_relative_to(folder) for folder in self.folders) for place in places)
        (self.inside if known else self.outside).append((event, [str(place) for place in places]))


def hook(event, arguments):
    """Called by the interpreter before every operation."""
    if current is None:
        return
    if event == "open" and isinstance(arguments[0], (str, bytes)) and (arguments[2] or 0) & WRITING:
        current.add(event, [os.fsdecode(arguments[0])])
    elif event in EVENTS:
        current.add(event, [whole(arguments, *places) for places in EVENTS[event] if not isinstance(arguments[0], int)])


def whole(arguments, place, folder):
    """A path with the folder that it is relative to."""
    path = os.fsdecode(arguments[place])
    number = -1 if folder is None or folder >= len(arguments) else arguments[folder]
    return path if number == -1 else os.path.join(os.readlink(f"/proc/self/fd/{number}"), path)


@contextmanager
def watch(*folders):
    """``Writes`` of what happens in the block."""
    global current
    if not hasattr(watch, "hooked"):
        sys.addaudithook(hook)
        watch.hooked = True
    current = writes = Writes(folders)
    try:
        yield writes
    finally:
        current = None
