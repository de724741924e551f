"""What a rule's function gets: the bundle, and ways to run the driver in a simulated host."""

import random
import re
import threading
from contextlib import contextmanager
from pathlib import Path

from tympan._errors import HostError, TympanError, UsageError
from tympan.testing import _host, _loader, _platform
from tympan.testing._properties import Properties
from tympan.testing._session import Host
from tympan.testing._status import name as name_of
from tympan.testing.rules._raw import Raw
from tympan.testing.rules._rule import Blocked, Failure, Skip
from tympan.testing.rules._spy import Spy
from tympan.testing.rules._world import World

#: The rules that every other one needs: what they say is not said twice.
MADE, LOADS, COMPLETE, AGAIN = "factory-makes-driver", "driver-loads", "table-complete", "second-life"

_lives: list[str] = []  # drivers that were initialised in this process: the next life is not the first
_waiting: list[str] = []  # calls that did not return: what would end things in order may wait for them, so nothing does


def quiet_host(**options):
    """A Host that looks for nothing by itself: leaks and forbidden calls have their own rules."""
    return Host(**{"check_leaks": False, "guard": False, **options})


class Subject:
    """The driver at ``path``. ``seed`` makes every choice of chance repeatable; ``doing(text)`` leaves word of
    what is about to be tried, for the case that the process does not survive it."""

    def __init__(self, path, seed=0, doing=lambda text: None):
        self.path = path
        self.seed = seed
        self.doing = doing
        self.rule = None

    @property
    def bundle(self):
        """What Info.plist says (BundleInfo)."""
        try:
            return _loader.read_bundle(self.path)
        except UsageError as error:
            first = "bundle-factory-registered" if _loader.is_readable(self.path) else "bundle-info-plist"
            raise Blocked(first, str(error)) from None

    @property
    def chance(self):
        """A random.Random of this rule's own."""
        return random.Random(f"{self.seed}:{self.rule.id}")

    def factory(self):
        """The address of the factory function."""
        bundle = self.bundle
        try:
            return _loader.factory_address(bundle)
        except UsageError as error:
            raise Blocked("binary-exports-factory", str(error)) from None

    def made(self):
        """The Table of a new reference from the factory; needs a host, which is not told to the driver yet."""
        function = self.factory()
        self.doing("factory")
        address = _host.call_factory(function, _loader.TYPE_UUID.bytes)
        self.doing("")
        if not address:
            raise Blocked(MADE, "the factory answered NULL")
        return _host.Table(address)

    @contextmanager
    def open(self, **options):
        """A Session: the driver, loaded into a quiet_host with ``options``."""
        hal = quiet_host(**options)
        hal.__enter__()
        try:
            self.doing("load")
            self.factory()
            session = Session(self, hal)
            self.doing("")
            yield session
        finally:
            if not _waiting:
                self._end(hal)

    def _end(self, hal):
        self.doing("end")
        try:
            hal.__exit__(None, None, None)
        except HostError as error:
            hal.close_problem = str(error)

    @contextmanager
    def reference(self):
        """A new reference of the factory, with no host: (Raw, Table). Released at the end."""
        with quiet_host():
            table = self.made()
            if table.missing():
                raise Blocked(COMPLETE, f"slots {table.missing()} are NULL")
            try:
                yield Raw(table.address), table
            finally:
                _lives.append(str(self.path))
                if not _waiting:
                    self.doing("Release")
                    table.release()

    @contextmanager
    def spied(self, may_fail=False, **attributes):
        """The driver, initialised with a Spy for its host, which has ``attributes``: a Spied. ``may_fail``: the rule
        looks at the status of Initialize itself."""
        with self.reference() as (raw, table):
            spy = Spy()
            for name, value in attributes.items():
                setattr(spy, name, value)
            self.doing("Initialize")
            spied = Spied(spy, raw, table, raw.call("Initialize", spy.reference))
            if spied.status and not may_fail:
                raise Blocked(AGAIN if _lives else LOADS, f"Initialize answered '{name_of(spied.status)}'")
            yield spied
            _platform.pump()


class Spied:
    """A driver whose host is a ``spy``: ``raw``, ``table``, ``properties`` and the ``status`` of Initialize."""

    def __init__(self, spy, raw, table, status):
        self.spy, self.raw, self.table, self.status = spy, raw, table, status
        self.properties = Properties(table)
        self.settle()

    def settle(self):
        """Run queued work, and perform what the driver requested of its host."""
        for _ in range(100):
            _platform.pump()
            if not self.spy.requests:
                return
            device, action, info = self.spy.requests.pop(0)
            self.raw.call("PerformDeviceConfigurationChange", device, action, info or None)


class Session:
    """A loaded plug-in in a Host: ``hal``, ``plugin``, ``table`` (statuses), ``raw`` (NULLs), and ``world``.

    ``complaints`` are (function, how) for every time the driver called its host from where it must not.
    """

    def __init__(self, subject, hal):
        self.subject = subject
        self.hal = hal
        self.complaints = []
        try:
            self.plugin = hal.load(subject.path)
        except TympanError as error:
            later = MADE if re.match("the factory .* answered NULL", str(error)) else LOADS
            raise Blocked(AGAIN if _lives else later, f"{error} {error.hint}".strip()) from None
        _lives.append(self.plugin.label)
        self.plugin.called_wrongly = lambda function, how: self.complaints.append((function, how))
        for complaint in hal.callback_errors:
            self.complaints.append(("Initialize", str(complaint)))
        hal.callback_errors.clear()
        self.table = self.plugin.table
        self.raw = Raw(self.table.address)
        self.settle()
        self.world = World(self.plugin)

    def doing(self, text):
        """See Subject."""
        self.subject.doing(text)

    def settle(self):
        """Let queued work and configuration changes happen."""
        self.hal.pump()

    def look(self):
        """Find the object graph anew; the World."""
        self.world = World(self.plugin)
        return self.world

    # The objects that a rule is about, or Skip

    def devices(self, streams=True):
        """The Host's devices, by default those with streams."""
        wanted = {thing.id for thing in self.world.devices if thing.streams or not streams}
        found = [device for device in self.plugin.devices if device.id in wanted]
        if not found:
            raise Skip("no device has streams" if streams else "the plug-in has no device")
        for thing in self.world.devices:
            shared = {item.id for item in thing.inputs} & {item.id for item in thing.outputs}
            if shared:
                raise Blocked("stream-scopes", f"stream {min(shared)} is listed as input and as output")
        return found

    def things(self, kind):
        """The Things of one kind."""
        found = [thing for thing in self.world.things if thing.kind == kind]
        if not found:
            raise Skip(f"the plug-in has no {kind}")
        return found

    def controls(self, *varieties):
        """The controls of these varieties."""
        found = self.world.controls_of(*varieties)
        if not found:
            raise Skip(f"the plug-in has no {' or '.join(varieties)} control")
        return found

    # Notifications

    def notes(self, action, *arguments):
        """What PropertiesChanged said while ``action(*arguments)`` ran and things settled: Notification objects."""
        before = len(self.plugin.notifications)
        action(*arguments)
        self.settle()
        return self.plugin.notifications[before:]

    @contextmanager
    def client(self, device, **info):
        """A started client; stopped and removed at the end, unless the rule did so."""
        client = device.add_client(**info)
        try:
            device.start(client)
            yield client
        finally:
            if not _waiting:
                if client in device.clients:
                    device.remove_client(client)
                self.settle()


def never_returns(what):
    """A thread is in the driver and stays there: from now on nothing is ended in order, since that may wait for it."""
    _waiting.append(what)


def in_time(seconds, what, action, *arguments):
    """``action(*arguments)`` on another thread; its answer, or Failure when it takes longer than ``seconds``."""
    answer = []

    def run():
        try:
            answer.append((action(*arguments), None))
        except BaseException as error:  # carried over to the caller's thread
            answer.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        never_returns(what)
        raise Failure(f"{what} did not return within {seconds:g} s", "A lock is held while the host is called.")
    value, error = answer[0]
    if error:
        raise error
    return value


def threads():
    """{thread id: how often it went to sleep by itself} of this process, or Skip where the system does not say."""
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        raise Skip("this system does not list a process's threads")
    found = {}
    for task in tasks.iterdir():
        try:
            status = (task / "status").read_text()
        except OSError:
            continue  # it has just ended
        found[int(task.name)] = int(status.split("voluntary_ctxt_switches:")[1].split()[0])
    return found
