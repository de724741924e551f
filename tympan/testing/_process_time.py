"""How long a process had, on a machine that may be busy with other things: for those who wait until it hangs."""

import os
import time
from pathlib import Path


class ProcessTime:
    """Time that a process had: while it wants to run, the processor's; while all of it sleeps, the wall's. A machine
    that is busy with other things makes nothing hang. Without /proc it is the wall's."""

    def __init__(self, process):
        self._folder = Path("/proc") / str(process)
        self._wall, self._cpu = time.monotonic(), self._used()

    def passed(self):
        """Seconds since the last call."""
        wall, cpu = time.monotonic(), self._used()
        wall_passed, cpu_passed = wall - self._wall, cpu - self._cpu
        self._wall, self._cpu = wall, cpu
        return cpu_passed if self._wants_to_run() else wall_passed

    def _used(self):
        fields = self._fields(self._folder / "stat")
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0

    def _wants_to_run(self):
        try:
            threads = list((self._folder / "task").iterdir())
        except OSError:
            return False
        return any((self._fields(thread / "stat") or "S")[0] in "RD" for thread in threads)

    @staticmethod
    def _fields(path):
        """What follows the name of the process, which may hold anything."""
        try:
            return path.read_text().rpartition(")")[2].split()
        except OSError:
            return None
