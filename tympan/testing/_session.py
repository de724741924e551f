"""The simulated host: a process that stands in for coreaudiod."""

import contextlib
import sys
import threading
from pathlib import Path

from tympan._errors import UsageError
from tympan.testing import _host, _loader, _platform
from tympan.testing._events import HostEvents
from tympan.testing._guard import MODES, Watch
from tympan.testing._ledger import Ledger
from tympan.testing._plugin import Plugin
from tympan.testing._status import code, host_error
from tympan.testing._trace_record import Recording

_POLICIES = ("per-client", "first-last")
_CHANGES = ("now", "deferred", "thread", "abort", "refuse")
_START_TIME = 1_000_000_007  # ticks; not 0, so that unset times show
_active: list["Host"] = []  # the platform's clock and queues are the process's, so one Host at a time


class Host(HostEvents):
    """A simulated HAL: loads drivers by their C table and runs IO on a virtual clock.

    ``policy``: "per-client" (every client's start is a StartIO) or "first-last" (only
    the first's and the last's). ``config_change``: what becomes of
    RequestDeviceConfigurationChange: "now" (performed before it returns, on the
    driver's thread), "deferred" (by pump()), "thread" (by pump(), on another thread),
    "abort" or "refuse". ``timebase``: (numer, denom), ns per tick; Apple silicon has (125, 3).
    ``clock``: "virtual" (cycles move it), "real" (cycles wait for their time), or "free"
    (the real clock, and cycles do not wait; on macOS, where the clock is the system's,
    "virtual" is "free"). ``queue``: "manual" (queued work runs in pump(), on the caller's
    thread) or "thread". ``check_leaks``: raise at the end when objects are left.
    ``echo_log``: the drivers' log to stderr. ``start_time``: ticks of the virtual clock.
    ``guard``: True: GetZeroTimeStamp and the IO operations run inside assert_no_alloc, on
    whatever thread, and a call that an IO thread must not make raises a RealtimeViolation
    after its cycle, at the latest when the Host ends; "collect": such calls are only kept,
    in ``violations``; False: nothing is guarded.
    ``mix_client``: whose id ProcessMix, ConvertMix and WriteMix carry: "client" (of the client
    whose cycle completes the mix) or "host" (0). ``seed``: for run() and interleave().
    ``storage``: a dict that is the disk: {plug-in's label: {key: value}}, read when a plug-in is
    loaded and written when it goes. ``change_delay``: virtual seconds until pump() may settle a
    change. ``removed_change``: what becomes of a change of a device that has gone since: "abort",
    "perform" or "drop". ``trace``: a file that every call and answer is recorded in (docs/trace.md); ``trace_audio``
    keeps the samples too.

    Use it as a context manager; one at a time in a process. At the end it stops
    clients, removes them, releases every plug-in and checks the ledger.
    """

    def __init__(
        self,
        policy="per-client",
        config_change="deferred",
        timebase=(1, 1),
        clock="virtual",
        queue="manual",
        check_leaks=True,
        echo_log=False,
        start_time=_START_TIME,
        guard=True,
        mix_client="client",
        seed=0,
        storage=None,
        change_delay=0.0,
        removed_change="abort",
        trace=None,
        trace_audio=False,
    ):
        _choice("policy", policy, _POLICIES)
        _choice("config_change", config_change, _CHANGES)
        _choice("clock", clock, ("virtual", "real", "free"))
        _choice("queue", queue, ("manual", "thread"))
        _choice("guard", guard, MODES)
        _choice("mix_client", mix_client, ("client", "host"))
        _choice("removed_change", removed_change, ("abort", "perform", "drop"))
        self.mix_client = mix_client
        self.seed, self.storage = seed, storage
        self.change_delay, self.removed_change = change_delay, removed_change
        self.actors = None  # during interleave()
        self._died: set[object] = set()
        self._copies: list[str] = []
        self._settling = 0
        self.policy = policy
        self.config_change = config_change
        self.check_leaks = check_leaks
        self.plugins = []
        self.failed_changes = []  # (device, action, status) of Performs that failed
        self.clock = "free" if clock == "virtual" and sys.platform == "darwin" else clock
        self._timebase, self._queue = timebase, queue
        self._echo, self._start_time = echo_log, start_time
        self.callback_errors = []  # raised by the host's side of a driver's call; pump() raises the first
        self._requests = []
        self._trace, self._trace_audio = trace, trace_audio
        self.recording = None
        self.guard = guard
        self.watch = Watch(guard)
        self._lock = threading.Lock()

    # Life

    def __enter__(self):
        if _active:
            raise UsageError("a simulated host is active already in this process", "Leave its with block first.")
        _active.append(self)
        _platform.set_clock(self.clock == "virtual", *self._timebase)
        _platform.set_time(self._start_time)
        _platform.set_queue_threaded(self._queue == "thread")
        _platform.set_log_echo(self._echo)
        self._first_log_line = _platform.log_count()
        self.ledger = Ledger()
        try:
            if self._trace is not None:
                self.recording = Recording(self._trace, self.clock, self._timebase, self._trace_audio)
            self.watch.start()
        except Exception:
            self._leave()
            raise
        return self

    def _leave(self):
        if self.recording:
            self.recording.close()
            self.recording = None
        _platform.set_queue_threaded(False)
        _platform.set_log_echo(False)
        self._remove_copies()
        _active.remove(self)

    def __exit__(self, kind, error, trace):
        try:
            problems = self._close()
            forbidden = self.watch.stop()
        finally:
            self._leave()
        if forbidden and error is not None:
            problems.insert(0, str(forbidden))
        elif problems and not forbidden and error is None:
            raise host_error(problems[0], "\n".join(problems[1:]))
        for problem in problems:
            (error or forbidden).add_note(f"and at the end: {problem}")
        if forbidden and error is None:
            raise forbidden

    def _close(self):
        problems: list[str] = []
        for plugin in reversed(self.plugins):
            self._attempt(problems, self._close_plugin, plugin)
        self._attempt(problems, self.pump)
        if self.check_leaks:
            problems += self.ledger.verdict()
        return problems

    @staticmethod
    def _attempt(problems, action, *arguments):
        try:
            action(*arguments)
        except Exception as error:  # every step of the teardown is tried
            problems.append(str(error))

    def _close_plugin(self, plugin):
        alive = plugin.devices
        for device in plugin.known_devices:
            for client in list(device.clients) if device in alive else ():  # the others went with their device
                device.remove_client(client)
        self.pump()
        self.release(plugin)

    def release(self, plugin):
        """Release the host's reference; HostError when the plug-in does not go to 0."""
        self.plugins.remove(plugin)
        self._keep_storage(plugin)
        count = plugin.table.release()
        plugin.host_table.clear()
        plugin._keep = None
        if count:
            raise host_error(
                f"{plugin.label} has a reference count of {count} after the host's last Release",
                "AddRef and Release must balance.",
            )

    # Drivers

    def load(self, path):
        """Load a ``.driver`` bundle as a CFPlugIn host does; the Plugin, initialised.

        UsageError for what is no loadable bundle, HostError when the driver refuses.
        """
        bundle = _loader.read_bundle(self._fresh(path))
        address = _loader.create_from_bundle(bundle)
        plugin = self._adopt(_host.Table(address), bundle.path.name)
        plugin.path = Path(path).resolve()
        return plugin

    def attach(self, driver_class):
        """Run a driver class of an extension module without a bundle; the Plugin, initialised."""
        from tympan import _hal  # type: ignore[attr-defined]  # the only place that knows the core

        made = _hal.create(driver_class)
        table = _host.Table(made.address)
        table.add_ref()
        return self._adopt(table, driver_class.__name__, made)

    def _adopt(self, factory_table, label, keep=None):
        table = _loader.query_driver(factory_table)
        if self.recording:
            table = _host.Table(self.recording.wrap(table, label))
        for known in self.plugins:
            if known.table.address == table.address:
                table.release()
                return known  # a host loads a plug-in once, however often it is asked
        plugin = Plugin(self, table, label, keep)
        self._restore(plugin)
        try:
            plugin.initialize()
        except Exception:
            table.release()
            plugin._keep = None  # the host drops a plug-in whose Initialize failed
            raise
        self.plugins.append(plugin)
        return plugin

    # Time

    @property
    def ticks_per_second(self):
        """Ticks of mach_absolute_time per second: 1e9 * denom / numer."""
        numer, denom = _platform.timebase()
        return 1e9 * denom / numer

    @property
    def now(self):
        """mach_absolute_time(), in ticks."""
        return _platform.now()

    def advance(self, seconds=0.0, ticks=0):
        """Let virtual time pass without IO cycles; running clients go on at the new time."""
        _platform.advance(int(seconds * self.ticks_per_second) + ticks)
        self._resync()

    def set_time(self, ticks):
        """Set the virtual clock to ``ticks``; running clients go on at the new time."""
        back = ticks < self.now
        _platform.set_time(ticks)
        self._resync(back)

    def _resync(self, forget=False):
        for plugin in self.plugins:
            for device in plugin.known_devices:
                if forget:
                    device.forget_line()
                for client in device.clients:
                    client.engine.resync()

    # What drivers ask for

    def request_change(self, plugin, device_id, action, info):
        """RequestDeviceConfigurationChange, on the driver's thread; the status it gets."""
        if self.config_change == "refuse":
            return code("nope")
        if self.config_change == "now":
            plugin.perform_change(device_id, action, info)
            return 0
        with self._lock:
            due = self.now + int(self.change_delay * self.ticks_per_second)
            self._requests.append((plugin, device_id, action, info, due))
        return 0

    @property
    def pending_changes(self):
        """Requested configuration changes that pump() has yet to perform or abort."""
        return [(device, action) for _, device, action, *_ in self._requests]

    def pump(self):
        """Run queued work and requested configuration changes until nothing is left."""
        for _ in range(1000):
            if self.recording:
                self.recording.step("pump")
            with self.actors.step(False) if self.actors else contextlib.nullcontext():
                _platform.pump()
            requests = self._take_due()
            if self.callback_errors:
                raise self.callback_errors.pop(0)
            if not requests and not _platform.pending():
                if self.actors:
                    self.actors.wait(lambda: not self._settling)
                return
            self._settle_all(requests)
        raise self._no_end()

    def _settle_all(self, requests):
        self._settling += len(requests)
        for plugin, *request in requests:
            try:
                if not self._settle_removed(plugin, request):
                    self._settle(plugin, request)
            finally:
                self._settling -= 1

    def _settle(self, plugin, request):
        if self.config_change == "abort":
            plugin.abort_change(*request)
        elif self.config_change == "thread":
            _on_another_thread(self.actors, plugin.perform_change, *request)
        else:
            plugin.perform_change(*request)

    # What happened

    @property
    def log(self):
        """Lines of tympan_os_log since the Host began."""
        return _platform.log_lines(self._first_log_line)

    @property
    def violations(self):
        """What ``guard="collect"`` has kept so far: assert_no_alloc's Violations of all threads."""
        return self.watch.collect()

    @property
    def notifications(self):
        """Every PropertiesChanged of every plug-in, as Notification objects."""
        return [note for plugin in self.plugins for note in plugin.notifications]


def _choice(what, value, allowed):
    if value not in allowed:
        raise UsageError(f"{what}={value!r}", f"It is one of {', '.join(map(str, allowed))}.")


def _on_another_thread(actors, action, *arguments):
    caught, actor = [], actors.current() if actors else None

    def run():
        if actor:
            actors.lend(actor)
        try:
            action(*arguments)
        except Exception as error:  # carried over to the caller's thread
            caught.append(error)

    thread = threading.Thread(target=run, name="tympan-config-change")
    thread.start()
    thread.join()
    if caught:
        raise caught[0]
