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
    def objects(self):
        """The same with more: how much of the count is by other objects, and who made it."""
        return _platform.objects(self._mark)

    @property
    def problems(self):
        """Sentences about releases too many, calls on what is no object and other wrong uses."""
        return _platform.problems()

    @property
    def records(self):
        """The same with more: the kind of each, the function that was called, by whom and on which thread."""
        return _platform.problem_records()

    def __getattr__(self, counter):
        if counter not in ("created", "destroyed", "retains", "releases"):
            raise AttributeError(counter)
        return _platform.ledger()[counter] - self._begin[counter]

    def __repr__(self):
        return f"<Ledger: {self.created} made, {len(self.live)} live, {len(self.problems)} problems>"

    def verdict(self):
        """Sentences about what is wrong at the end: every problem, and the first eight leaks.

        What only other objects hold leaks with them, and is only counted.
        """
        live = self.objects
        roots = [found for found in live if found.count > found.held] or live
        leaks = [_leak(found) for found in roots[:8]]
        if len(roots) > 8:
            leaks.append(f"and {len(roots) - 8} more objects leaked")
        if len(live) > len(roots):
            leaks.append(f"and {len(live) - len(roots)} objects that they hold")
        return [_problem(found) for found in self.records] + leaks


def _leak(found):
    own = found.count - found.held
    count = f"retain count {found.count}" + (f", {own} of it not by other objects" if found.held and own else "")
    return f"leaked: {found.text}, {count}, made by {found.call} ({found.caller})"


def _problem(found):
    return f"{found.sentence} ({found.caller})" if found.caller else found.sentence
