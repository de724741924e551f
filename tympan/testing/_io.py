"""Clients, StartIO and StopIO: the part of a device that is not yet audio."""

from tympan._errors import UsageError
from tympan.testing import _engine
from tympan.testing._actors import IoLock
from tympan.testing._client import Client
from tympan.testing._device import DeviceProperties
from tympan.testing._faults import fault_error, place
from tympan.testing._status import host_error, refused

_KINDS = {"float32": 0, "int16": 1, "int24": 2, "int32": 3, None: 4}


class DeviceIO(DeviceProperties):
    """A device with clients that start and stop. ``clients`` are those added and not removed."""

    def __init__(self, plugin, object_id):
        super().__init__(plugin, object_id)
        self.clients: list[Client] = []
        self._next_client = 1
        self._io_lock = IoLock(self)  # cycles hold it, and so does a configuration change
        self.mix = _engine.Mix()  # while clients play together
        self._started = 0  # StartIO calls without their StopIO
        self._line = None  # the last stamp any client saw: a line may end, but its seed may not come again

    # Clients

    def add_client(self, pid=501, bundle_id="org.example.player"):
        """AddDeviceClient; a new Client."""
        client = Client(self, self._next_client, pid, bundle_id)
        status = self.plugin.table.device_client(True, self.id, client.id, pid, bundle_id)
        if status:
            raise refused(f"AddDeviceClient on object {self.id}", status)
        self._next_client += 1
        self.clients.append(client)
        return client

    def remove_client(self, client):
        """Stop the client if it runs, then RemoveDeviceClient."""
        if client not in self.clients:
            raise UsageError("this client was removed already")
        if client.running:
            self.stop(client)
        self.clients.remove(client)
        status = self.plugin.table.device_client(False, self.id, client.id, client.pid, client.bundle_id)
        if status:
            raise refused(f"RemoveDeviceClient on object {self.id}", status)

    def lose_client(self, client, stops_first):
        """What the host does for a client that died. See Client.crash."""
        if client not in self.clients:
            raise UsageError("this client was removed already")
        table, was_running = self.plugin.table, client.running
        if was_running and stops_first:
            self.stop(client)
        self.clients.remove(client)
        table.device_client(False, self.id, client.id, client.pid, client.bundle_id)
        if client.running:
            with self._io_lock:
                self._stop_io(client)

    # Start and stop

    def start(self, client):
        """StartIO for a client: asks WillDoIOOperation, then starts, by the host's policy
        "per-client" (one StartIO each) or "first-last" (the first client's only)."""
        if client.running:
            raise UsageError("this client is running already")
        with self._io_lock:
            client.ask_operations()
            self._start_io(client)
            try:
                self.configure(client)
                self._first_stamp(client)
                self._check(client, client.engine.thread(True))
                self._goes_on(client)
            except Exception:
                client.engine.thread(False)
                self._stop_io(client)
                raise

    def _start_io(self, client):
        if self.plugin.hal.policy == "per-client" or self._started == 0:
            status = self.plugin.table.start_io(self.id, client.id)
            if status:
                raise refused(f"StartIO on object {self.id}", status)
            self._started += 1
        client.running = True

    def stop(self, client):
        """StopIO for a client, by the host's policy."""
        if not client.running:
            raise UsageError("this client is not running")
        with self._io_lock:
            if self.plugin.hal.actors:
                self.plugin.hal.actors.settle(client)
            fault = client.engine.thread(False)
            self._stop_io(client)
            self._check(client, fault)

    def _goes_on(self, client):
        client.engine.idle(False)
        if self.plugin.hal.actors:
            self.plugin.hal.actors.hold(client, False)

    def _stop_io(self, client):
        client.running = False
        client.engine.idle(True)
        client.engine.resync()
        others = any(other.running for other in self.clients)
        if self.plugin.hal.policy == "first-last" and others:
            return
        self._started -= 1
        status = self.plugin.table.stop_io(self.id, client.id)
        if status:
            raise refused(f"StopIO on object {self.id}", status)

    def _first_stamp(self, client):
        """The clock runs when StartIO returns, so a stamp must be there."""
        if self._line:
            client.engine.remember(*self._line)
        self._check(client, client.engine.stamp())
        self._line = client.engine.line

    def forget_line(self):
        """The clock was set back, so stamps cannot be compared with earlier ones."""
        self._line = None

    def configure(self, client):
        """Give a client's engine the device's rate, period, formats and safety offsets."""
        ticks_per_frame = self.plugin.hal.ticks_per_second / self.sample_rate
        converts = {scope: client.operations[name][0] for scope, name in (("inpt", "cinp"), ("outp", "cmix"))}
        inputs, input_channels = self._layout("inpt", converts["inpt"])
        outputs, output_channels = self._layout("outp", converts["outp"])
        channels, safety = (input_channels, output_channels), (self._safety("inpt"), self._safety("outp"))
        client.engine.pace(self.plugin.hal.clock != "free")
        client.engine.configure(ticks_per_frame, self.period, inputs, outputs, channels, safety)

    def _safety(self, scope):
        return self.safety_offset(scope) if self.plugin.has(self, "saft", scope) else 0

    def _layout(self, scope, converts):
        layout, first = [], 0
        for stream in self.streams(scope):
            fmt = stream.format
            if stream.direction != scope or stream.first_channel != first + 1:
                raise host_error(
                    f"stream {stream.id}, listed under '{scope}', says direction '{stream.direction}' "
                    f"and first channel {stream.first_channel}, where channel {first + 1} is next"
                )
            if fmt.kind is None and not converts:
                raise host_error(f"stream {stream.id} has a format that the simulated host cannot play: {fmt}")
            if stream.is_active:
                layout.append((stream.id, _KINDS[fmt.kind], fmt.channels, first, fmt.bytes_per_frame))
            first += fmt.channels
        return layout, first

    def _check(self, client, fault):
        """Raise what was wrong with a stretch of cycles: what the guard caught comes before other rules."""
        if not fault:
            return
        watch, where = self.plugin.hal.watch, place(self, client, fault)
        error = fault_error(self, client, fault) if fault != "realtime" else None
        watch.judge(where, error)
        raise error or watch.lost(where)
