"""The ledger of Core Foundation objects, over the time of one Host."""

from tympan.testing import _platform


class Ledger:
    """Core Foundation objects (and dispatch queues) made since the Host began.

    Empty on macOS, where the real library keeps none.
    """

    def __init__(self):
        self._mark = _platform.mark()
        self._begin = _platform.ledger()
        _platform.clear_problems()

    @property
    def live(self):
        """(serial, kind, retain count, description) of each object that still lives."""
        return _platform.live_objects(self._mark)

    @property
    def problems(self):
        """Sentences about releases too many and calls on what is no object."""
        return _platform.problems()

    def __getattr__(self, counter):
        if counter not in ("created", "destroyed", "retains", "releases"):
            raise AttributeError(counter)
        return _platform.ledger()[counter] - self._begin[counter]

    def __repr__(self):
        return f"<Ledger: {self.created} made, {len(self.live)} live, {len(self.problems)} problems>"

    def verdict(self):
        """Sentences about what is wrong at the end: every problem, and the first eight leaks."""
        live = self.live
        leaks = [f"leaked: {text}, retain count {count}" for _, _, count, text in live[:8]]
        if len(live) > 8:
            leaks.append(f"and {len(live) - 8} more objects leaked")
        return self.problems + leaks
