"""A client of a device: one process that has it open."""

from tympan._errors import UsageError
from tympan.testing import _engine
from tympan.testing._status import code, host_error, refused

_IN_PLACE = {"thrd", "cycl", "read", "mixo", "rite"}  # the others may have their result in the secondary buffer
_MIXING = {"pmix", "cmix", "rite"}


class Client:
    """One client (a process with the device open). ``operations`` holds what
    WillDoIOOperation said when it started, by code: (will do, in place)."""

    def __init__(self, device, number, pid, bundle_id):
        self.device = device
        self.id = number
        self.pid = pid
        self.bundle_id = bundle_id
        self.running = False
        self.operations = {}
        self.engine_nominal = 0  # frames of the buffer it chose, once it did
        self.engine = _engine.Engine(device.plugin.table.address, device.id, number)

    def ask_operations(self):
        """WillDoIOOperation for every operation, as the host does before StartIO."""
        mix_client = 0 if self.device.plugin.hal.mix_client == "host" else self.id
        for operation in _engine.OPERATIONS:
            self.operations[operation] = self._ask(operation, mix_client if operation in _MIXING else self.id)
        self.device.plugin.hal.watch.judge(f"WillDoIOOperation, device {self.device.id}, client {self.id}")
        self.engine.promise(self.operations, mix_client)

    def _ask(self, operation, number):
        status, will, in_place = self.device.plugin.table.will_do(self.device.id, number, code(operation))
        if status:
            raise refused(f"WillDoIOOperation for '{operation}'", status)
        if will and not in_place and operation in _IN_PLACE:
            raise host_error(f"the driver wants '{operation}' not in place, which only other operations may be")
        return will, in_place

    def skip(self, frames):
        """Miss so many frames, as an overloaded application does (negative: do them again). The times of the next
        cycle jump; its counter goes on."""
        if not self.running or not self.engine.state["synced"]:
            raise UsageError("a client can skip once it has had a cycle")
        self.engine.skip(frames)

    def crash(self, order="stop-first"):
        """The client's process dies: the host cleans up, whatever the driver answers. ``order``: "stop-first"
        (StopIO, then RemoveDeviceClient) or "remove-first" (RemoveDeviceClient while it is started, then StopIO)."""
        if order not in ("stop-first", "remove-first"):
            raise UsageError(f"order={order!r}", "It is one of stop-first, remove-first.")
        self.device.lose_client(self, order == "stop-first")
