"""What happens to a simulated host as a whole: runs of many clients, virtual threads, sleep, and its own death."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tympan.testing import _actors, _platform, _run
from tympan.testing._ledger import Ledger
from tympan.testing._status import code, host_error

_dead: list[object] = []  # plug-ins of hosts that died: their images, threads and queues live on


class _Nobody:
    """Answers the calls of a plug-in whose host has died: nobody hears them."""

    def properties_changed(self, object_id, addresses):
        """Nothing."""

    def called_wrongly(self, function, how):
        """Nothing."""

    def request_change(self, device_id, action, info):
        """Refused."""
        return code("nope")


class HostEvents:
    """The part of Host that concerns all plug-ins together."""

    # What Host itself has.
    seed: Any
    storage: Any
    plugins: Any
    actors: Any
    ledger: Any
    now: Any
    pump: Any
    ticks_per_second: Any
    callback_errors: Any
    removed_change: Any
    _lock: Any
    _requests: Any
    _died: Any
    _copies: Any

    def run(self, clients, seconds=None, frames=None, buffer=512, jitter=None, seed=None):
        """Let several clients play and record at once, on any devices of any plug-ins.

        ``clients``: {Client: float32 (frames, output channels), or None for silence}, or
        just clients. Those that do not run are started, and stopped again. ``seconds`` or
        ``frames``: how long (default: the audio and its delay). ``buffer``: frames of a
        buffer, for all or as {Client: frames}. ``jitter`` as in Device.render, with
        ``seed`` (default: the Host's). Clients of one device are mixed by the host.

        In virtual time, cycles come in the order of their times, on this thread. With
        ``clock="real"`` each client has a thread of its own (SCHED_FIFO where that is
        allowed), and the answer's ``latencies`` say how long calls took.

        Answers Heard, {Client: float32 (frames, input channels)}. HostError as Device.render.
        """
        seed = self.seed if seed is None else seed
        return _run.run(self, clients, seconds, frames, buffer, jitter, seed)

    def interleave(self, *functions, seed=None):
        """Run functions as virtual threads that take turns before every single call of a driver.

        The order is made from ``seed`` (default: the Host's), so an error comes again with
        the same seed, which is a note of it. IO that a function does (Device.render,
        cycle) is stepped call by call too; queued work and configuration changes are a
        virtual thread of their own. Needs the virtual clock. Answers what the functions do.
        """
        _actors.check(self, functions)
        actors = _actors.Actors(self, self.seed if seed is None else seed)
        found = actors.run(functions)
        self.pump()
        return found

    def sleep(self, seconds, stops=True):
        """The machine sleeps: mach_absolute_time stands, mach_continuous_time goes on.

        ``stops``: IO of every running client is stopped before and started again after,
        as the HAL does; otherwise IO just goes on.
        """
        running = [client for plugin in self.plugins for device in plugin.known_devices for client in device.clients
                   if stops and client.running]  # fmt: skip
        for client in running:
            client.device.stop(client)
        _platform.sleep(int(seconds * self.ticks_per_second))
        for client in running:
            client.device.start(client)

    # Death

    def crash(self):
        """The host dies, as coreaudiod's helper process does: nothing is stopped, removed, aborted or released.

        Only what is in the storage survives. A plug-in that is loaded afterwards is a
        new one, from a copy of the bundle; the old one's calls reach nobody, and what it had
        queued and its timers are forgotten. Threads that it has started itself go on until the
        process ends, since no system can end them from outside: test a driver that has some
        in a process of its own, or compare what is counted of threads with the count after the crash.
        """
        for plugin in self.plugins:
            self._keep_storage(plugin)
            plugin.host_table.delegate = _Nobody()
            self._died.add(plugin.path)
            _dead.append(plugin)
        _platform.drop_work()
        self.plugins.clear()
        self._requests.clear()
        self.callback_errors.clear()
        self.ledger = Ledger()

    def _keep_storage(self, plugin):
        if self.storage is not None:
            self.storage[plugin.label] = plugin.host_table.stored()

    def _restore(self, plugin):
        for key, value in (self.storage or {}).get(plugin.label, {}).items():
            plugin.host_table.store(key, value)

    def _fresh(self, path):
        """The path to load: another image, where this one's host has died."""
        resolved = Path(path).resolve()
        if resolved not in self._died:
            return path
        self._copies.append(tempfile.mkdtemp(prefix="tympan-"))
        return shutil.copytree(resolved, Path(self._copies[-1]) / resolved.name, symlinks=True)

    def _remove_copies(self):
        for folder in self._copies:
            shutil.rmtree(folder, ignore_errors=os.name != "posix")
        self._copies.clear()

    # Configuration changes

    @property
    def has_due_changes(self):
        """Whether pump() has changes to perform or abort now."""
        return any(request[-1] <= self.now for request in self._requests)

    def settle_due(self):
        """pump(), if there is something to do."""
        if self.has_due_changes or _platform.pending():
            self.pump()

    def _take_due(self):
        with self._lock:
            due = [request for request in self._requests if request[-1] <= self.now]
            self._requests = [request for request in self._requests if request not in due]
        return [request[:-1] for request in due]

    def _settle_removed(self, plugin, request):
        """A change of a device that has gone meanwhile; True when that is settled."""
        if self.removed_change == "perform" or plugin._alive(request[0]):
            return False
        if self.removed_change == "abort":
            plugin.table.abort(*request)  # its status matters to nobody: there is no such device
        return True

    def _no_end(self):
        return host_error("queued work and configuration changes do not come to an end")
