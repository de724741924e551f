"""A client of a device: one process that has it open."""

from tympan.testing import _engine
from tympan.testing._status import code, host_error, refused

_OPERATIONS = ("thrd", "cycl", "read", "cinp", "pinp", "pout", "mixo", "pmix", "cmix", "rite")
_PLAYED = {"thrd", "cycl", "read", "rite"}


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
        for operation in _OPERATIONS:
            status, will, in_place = self.device.plugin.table.will_do(self.device.id, self.id, code(operation))
            if status:
                raise refused(f"WillDoIOOperation for '{operation}'", status)
            self.operations[operation] = (will, in_place)
            if will and operation not in _PLAYED:
                raise host_error(f"the driver wants to do '{operation}', which the simulated host does not play")
            if will and not in_place:
                raise host_error(f"the driver wants '{operation}' not in place, which only other operations may be")
        self.device.plugin.hal.watch.judge(f"WillDoIOOperation, device {self.device.id}, client {self.id}")
        wills = {operation: answer[0] for operation, answer in self.operations.items()}
        self.engine.operations(wills["read"], wills["rite"], wills["cycl"])
