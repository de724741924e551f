"""Virtual threads: functions that take turns, call by call, in an order that a seed makes.

Each function has a thread of its own, but only one of all runs at a time, and it
changes hands only before a call of a driver's table. IO is stepped in C by the same
seed. So a failure is a seed that repeats it.
"""

import contextlib
import threading

from tympan._errors import UsageError
from tympan.testing import _engine, _platform
from tympan.testing._status import host_error

_MIX_FRAMES = 65536  # by which clients of one device may be apart


class _Cancelled(BaseException):
    """Ends the other actors after an error."""


class _Actor:
    def __init__(self, actors, number, function, background=False):
        self.number, self.function, self.background = number, function, background
        self.actors = actors
        self.turn = threading.Semaphore(0)
        self.condition = self.error = self.result = None
        self.ended = self.inside = self.cancelled = False
        self.thread = threading.Thread(target=self._body, name=f"tympan-actor-{number}", daemon=True)

    def _body(self):
        self.actors.lend(self)
        self.turn.acquire()
        try:
            if not self.actors.cancelled:
                self.result = self.function()
        except _Cancelled:
            pass
        except BaseException as error:  # carried to the thread that interleaves
            self.error = error
        finally:
            self.ended = True
            self.actors.back.release()

    def ready(self):
        return not self.ended and (self.condition is None or self.condition())

    def resume(self):
        """Give it the turn until it gives it back. On the thread that interleaves."""
        self.condition = None
        self.turn.release()
        self.actors.back.acquire()

    def switch(self, condition=None):
        """Give the turn back; go on when chosen, and ``condition()`` holds. On the actor's thread."""
        if self.cancelled:
            return
        self.condition = condition
        self.actors.back.release()
        self.turn.acquire()
        if self.actors.cancelled:
            self.cancelled = True
            raise _Cancelled


class Actors:
    """One Host.interleave(); ``steps`` counts the choices that were made."""

    def __init__(self, hal, seed):
        self.hal, self.seed = hal, seed
        self.chance = _engine.Chance(seed)
        self.back = threading.Semaphore(0)
        self.cancelled = self.closing = False
        self._of_thread: dict[int, _Actor] = {}
        self._jobs: dict[object, _engine.Job] = {}  # by client

    @property
    def steps(self):
        """Choices made so far: calls of the drivers, about."""
        return self.chance.steps

    def run(self, functions):
        """What each function answers; the first error of any, with the seed as a note."""
        actors = [_Actor(self, number, function) for number, function in enumerate(functions)]
        queue = _Actor(self, "queue", self._queue, background=True)
        tables = {plugin: plugin.table for plugin in self.hal.plugins}
        self.hal.actors = self
        for plugin, table in tables.items():
            plugin.table = SteppedTable(table, self)
        try:
            for actor in [*actors, queue]:
                actor.thread.start()
            self._loop(actors, queue)
            return [actor.result for actor in actors]
        except BaseException as error:
            error.add_note(f"seed {self.seed}, step {self.steps}: interleave(..., seed={self.seed}) repeats it")
            raise
        finally:
            self._cancel([*actors, queue])
            for plugin, table in tables.items():
                plugin.table = table
            self.hal.actors = None

    def _loop(self, actors, queue):
        while True:
            self._raise_first([*actors, queue])
            self.closing = all(actor.ended for actor in actors)
            if self.closing and queue.ended:
                return
            ready = [actor for actor in [*actors, queue] if actor.ready()]
            jobs = [job for job in self._jobs.values() if not job.over]
            chosen = self._choose(jobs, ready)
            if chosen is not None:
                ready[chosen].resume()
            elif not ready and not any(actor.ready() for actor in [*actors, queue]):
                raise host_error("no virtual thread can go on", "Each waits for another: a deadlock of the test.")

    def _choose(self, jobs, ready):
        """The number of the one of ``ready`` whose turn it is; None after IO only."""
        if jobs:
            chosen = _engine.interleave(jobs, len(ready), self.chance)
            return chosen if chosen >= 0 else None
        return self.chance.below(len(ready)) if ready else None

    @staticmethod
    def _raise_first(actors):
        for actor in actors:
            if actor.error:
                raise actor.error

    def _cancel(self, actors):
        self.cancelled = True
        self._jobs.clear()
        for actor in actors:
            while actor.thread.ident and not actor.ended:
                actor.resume()

    def _queue(self):
        """The host's own virtual thread: queued work and requested changes, as they come."""
        waiting = lambda: self.closing or _platform.pending() > 0 or self.hal.has_due_changes  # noqa: E731
        actor = self.current()
        while True:
            actor.switch(waiting)
            if not _platform.pending() and not self.hal.has_due_changes:
                return
            self.hal.pump()

    # On the actors' threads

    def current(self):
        """The actor whose thread this is, or None."""
        return self._of_thread.get(threading.get_ident())

    def lend(self, actor):
        """Let this thread act for an actor that waits for it."""
        self._of_thread[threading.get_ident()] = actor

    @contextlib.contextmanager
    def step(self, switches=True):
        """Around one call: first somebody else may have the turn; within, nobody."""
        actor = self.current()
        if actor is None or actor.inside:
            yield
            return
        if switches:
            actor.switch()
        actor.inside = True
        try:
            yield
        finally:
            actor.inside = False

    def wait(self, condition):
        """Give the turn to others until ``condition()`` holds."""
        actor = self.current()
        while actor and not actor.cancelled and not condition():
            actor.switch(condition)

    # IO

    def play(self, client, job):
        """Have a job's cycles stepped among the others; when it is over, or the client was stopped."""
        lock = client.device._io_lock
        self._jobs[client] = job
        try:
            self.wait(lambda: job.over or (not client.running and lock.owner is None))
        finally:
            self._jobs.pop(client, None)
        return job.over

    def hold(self, client, held):
        """Let a client's job begin no further cycle, or go on."""
        if client in self._jobs:
            self._jobs[client].hold(held)

    def settle(self, client):
        """Wait until a client is between two cycles, and leave it there."""
        self.hold(client, True)
        self.wait(lambda: not client.engine.middle)

    @contextlib.contextmanager
    def mixing(self, device, client):
        """The client's output goes into the device's mix."""
        device.mix.allocate(device.channels("outp"), _MIX_FRAMES, True)
        client.engine.join(device.mix)
        try:
            yield
        finally:
            client.engine.join(None)


class SteppedTable:
    """A driver's table whose every call is a step of virtual threads."""

    def __init__(self, table, actors):
        self._table, self._actors = table, actors

    def __getattr__(self, name):
        value = getattr(self._table, name)
        if not callable(value):
            return value

        def call(*arguments, **options):
            with self._actors.step():
                return value(*arguments, **options)

        return call


class IoLock:
    """Keeps starts, stops, cycles and configuration changes of one device apart.

    Between real threads a reentrant lock. Between virtual ones IO goes on during starts
    and stops, and only exclusive() holds it: until all clients are between two cycles.
    """

    def __init__(self, device):
        self._device = device
        self._lock = threading.RLock()
        self.owner = None
        self._depth = 0

    def __enter__(self):
        self._enter(False)

    def __exit__(self, *_):
        self._leave(False)

    @contextlib.contextmanager
    def exclusive(self):
        """No IO on the device within."""
        self._enter(True)
        try:
            yield
        finally:
            self._leave(True)

    def _enter(self, exclusive):
        actors = self._device.plugin.hal.actors
        me = actors.current() if actors else None
        if me is None:
            self._lock.acquire()
            return
        if self.owner is not me:
            me.switch(lambda: self.owner is None)  # others may have it first
        actors.wait(lambda: self.owner in (None, me))
        self.owner = me
        self._depth += 1
        if exclusive:
            for client in self._device.clients:
                actors.hold(client, True)
            actors.wait(lambda: not any(client.engine.middle for client in self._device.clients))

    def _leave(self, exclusive):
        if self._depth == 0:
            self._lock.release()
            return
        actors = self._device.plugin.hal.actors
        self._depth -= 1
        self.owner = self.owner if self._depth else None
        for client in self._device.clients if exclusive else ():
            actors.hold(client, not client.running)


def check(hal, functions):
    """UsageError for what cannot be interleaved."""
    if hal.clock != "virtual" or hal._queue != "manual":
        raise UsageError("interleave needs the virtual clock and the manual queue", 'Host() has them; "real" has not.')
    if hal.actors:
        raise UsageError("these functions are interleaved already", "Give all of them to one call.")
    if not functions:
        raise UsageError("interleave needs functions to interleave")
