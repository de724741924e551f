"""One loaded plug-in: property calls, its devices, and what it asks of the host."""

import threading

from tympan._errors import UsageError
from tympan.testing import _host
from tympan.testing._properties import Properties
from tympan.testing._render import Device
from tympan.testing._status import code, host_error, name, refused

_HOST_CALLS = "Call the host from a queue of its own, with no lock held; Initialize may not request changes."
_PLUGIN = 1  # kAudioObjectPlugInObject
_hosts: list[_host.HostTable] = []  # host tables live as long as the process: a driver's image is never unloaded


class Notification:
    """One address of a PropertiesChanged: ``object``, ``selector``, ``scope``, ``element``, and the
    ``value`` (bytes, or None) that the getter answered from inside the call."""

    def __init__(self, object_id, selector, scope, element, value):
        self.object = object_id
        self.selector = selector
        self.scope = scope
        self.element = element
        self.value = value

    @property
    def key(self):
        """(object, selector, scope, element)."""
        return self.object, self.selector, self.scope, self.element

    def __repr__(self):
        return f"<{self.selector} of object {self.object} ({self.scope}, {self.element})>"


class Plugin(Properties):
    """A plug-in after Initialize. Property calls take an object id or a Device or Stream.

    ``table`` is the C table itself (tympan.testing._host.Table), for calls that must
    see raw statuses. ``hal`` is the Host it lives in.
    """

    id = _PLUGIN

    def __init__(self, hal, table, label, keep=None):
        super().__init__(table)
        self.hal = hal
        self.label = label
        self.path = None  # of the bundle
        self._keep = keep  # the Python object behind the reference, without a bundle
        self._devices = {}
        self._lock = threading.RLock()
        self.notifications: list[Notification] = []
        self.listeners = {}  # (object id, selector): functions that PropertiesChanged calls
        self.initialized = False
        self.host_table = _host.HostTable(self)
        _hosts.append(self.host_table)

    def __repr__(self):
        return f"<Plugin {self.label}>"

    def initialize(self):
        """Initialize; on failure the host drops the plug-in."""
        status = self.table.initialize(self.host_table)
        if status:
            raise refused(f"Initialize of {self.label}", status, "The log (hal.log) may say why.")
        self.initialized = True

    @property
    def devices(self):
        """The devices of dev#, as Device objects that stay the same from call to call."""
        numbers = self.get_ids(_PLUGIN, "dev#")
        with self._lock:
            for number in numbers:
                self._devices.setdefault(number, Device(self, number))
            return [self._devices[number] for number in numbers]

    def device(self, uid=None):
        """The device with a UID, or the only one."""
        devices = self.devices
        found = [device for device in devices if uid is None or device.uid == uid]
        if len(found) == 1:
            return found[0]
        wanted = "exactly one device" if uid is None else f"a device with the UID {uid}"
        there = ", ".join(device.uid for device in devices) or "none"
        raise UsageError(f"{self.label} does not have {wanted}", f"Its devices: {there}.")

    @property
    def known_devices(self):
        """Devices met so far, without asking the driver."""
        return list(self._devices.values())

    # What the driver asks of the host. Called on the driver's thread, without its locks.

    def properties_changed(self, object_id, addresses):
        """PropertiesChanged: recorded, and the property is read from inside the call."""
        try:
            for selector, scope, element in addresses:
                value = self._reread(object_id, selector, scope, element)
                with self._lock:
                    self.notifications.append(Notification(object_id, name(selector), name(scope), element, value))
                for listener in list(self.listeners.get((object_id, name(selector)), ())):
                    listener()
        except Exception as error:  # nothing may pass through the driver; pump() raises it
            self.hal.callback_errors.append(error)

    def _reread(self, object_id, selector, scope, element):
        if not self.table.has(object_id, selector, scope, element):
            return None
        status, size = self.table.size(object_id, selector, scope, element)
        if status:
            return None
        status, written, memory, _ = self.table.get(object_id, selector, scope, element, b"", size)
        if status:
            return None
        self._release_reference(memory, written)
        return memory[:written]

    @staticmethod
    def _release_reference(memory, written):
        """A getter of a string or URL gives a reference away; which getters do, the value itself tells."""
        address = int.from_bytes(memory[:8], "little") if written == 8 else 0
        if address and _host.kind_of(address):
            _host.release(address)

    def called_wrongly(self, function, how):
        """The driver called the host from where it must not; pump() raises it."""
        self.hal.callback_errors.append(host_error(f"{self.label} called {function} {how}", _HOST_CALLS))

    def request_change(self, device_id, action, info):
        """RequestDeviceConfigurationChange: what happens is up to the Host's config_change."""
        if not self.initialized:
            self.called_wrongly("RequestDeviceConfigurationChange", "before Initialize returned")
        try:
            return self.hal.request_change(self, device_id, action, info)
        except Exception as error:  # nothing may pass through the driver; pump() raises it
            self.hal.callback_errors.append(error)
            return code("what")

    # Configuration change

    def perform_change(self, device_id, action, info):
        """Stop IO, Perform, read everything again, start IO again. Any thread."""
        device = self._devices.setdefault(device_id, Device(self, device_id))
        with device._io_lock.exclusive():
            running = [client for client in device.clients if client.running]
            seeds = [client.engine.state["seed"] for client in running]
            for client in running:
                device.stop(client)
            status = self.table.perform(device_id, action, info)
            rates = [device.sample_rate] if self._alive(device_id) else []
            for client in running if rates else []:
                device.start(client)
            if status:
                self.hal.failed_changes.append((device_id, action, status))
        self._check_seeds(device, running, seeds)

    def _check_seeds(self, device, running, seeds):
        for client, seed in zip(running, seeds, strict=True):
            if client.running and client.engine.state["seed"] == seed:
                raise host_error(
                    f"the seed stayed {seed} over a configuration change of device {device.id}",
                    "A new time line needs a new seed.",
                )

    def _alive(self, device_id):
        return device_id in self.get_ids(_PLUGIN, "dev#")

    def abort_change(self, device_id, action, info):
        """AbortDeviceConfigurationChange."""
        status = self.table.abort(device_id, action, info)
        if status:
            raise refused(f"AbortDeviceConfigurationChange on object {device_id}", status)
