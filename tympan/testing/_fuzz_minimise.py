"""From the calls before a failure to the few that repeat it: delta debugging, each trial in a process of its own."""

import time

from tympan.testing._call_pack import unpack_all
from tympan.testing._fuzz_session import EPISODE, failure_of

#: An end to trying: trials, and seconds.
TRIALS, SECONDS = 2000, 120.0
_KEPT = 1000  # calls of a thread, when no script repeats the failure
_ROUNDS = 3000  # of the threads of a script with several; a deadlock needs the moment
_PLAIN = {
    "pid": 0, "element": 0, "scope": "glob", "qualifier": "", "null": [], "fill": 0, "bundle_id": None, "native": 1,
}  # fmt: skip


class _Trials:
    """Tries scripts until one fails as the original did."""

    def __init__(self, worker, failure, groups, timeout):
        self.worker, self.key, self.groups = worker, failure.key, groups
        self.timeout = min(timeout, 2.0) if failure.kind == "hang" else timeout
        self.end = time.monotonic() + SECONDS
        self.count = 0

    @property
    def spent(self):
        """Whether to be content with what there is."""
        return self.count >= TRIALS or time.monotonic() > self.end

    def fails(self, script, **job):
        """Whether a script fails in the same way."""
        if self.spent or (not script and self.key[0] != "leak"):
            return False
        self.count += 1
        report = self.worker.run(script=script, rounds=_ROUNDS, timeout=self.timeout, groups=self.groups, **job)
        found = failure_of(report, self.worker.shared, self.worker.driver)
        return found is not None and found.key == self.key


def shortened(worker, failure, recorded, report, job):
    """(script, whether it was seen to fail, trials) from what the threads did before a failure; ``job`` is what ran."""
    trials = _Trials(worker, failure, job["groups"], job["timeout"])
    if len(recorded) > 1:
        script = _several_threads(trials, failure, recorded)
    elif failure.kind == "leak":
        script = _leaking(trials, worker, report, job, recorded[0])
    else:
        script = _one_thread(trials, recorded[0])
    if not script:
        return _marked([calls[-_KEPT:] for calls in recorded]), False, trials.count
    script = _fewer(trials, _joined(trials, _fewer(trials, _joined(trials, script))))
    return _simpler(trials, script), True, trials.count


def _one_thread(trials, calls):
    """The calls since the last rest, or since an earlier one, that fail by themselves."""
    rests = [i for i, call in enumerate(calls) if call.get("step") == "idle"]
    for back in (1, 2, 4, 16, 64, 256, 1024):
        start = rests[-back] if len(rests) >= back else 0
        if trials.fails(calls[start:]):
            return calls[start:]
        if start == 0:
            return []
    return []


def _leaking(trials, worker, report, job, calls):
    """The calls of an episode after which more was left than ever before; else those before the first leak."""
    if trials.fails([]):
        return [{"step": "idle"}]
    for episode, _ in [] if report["inputs"] else report["growth"][:32]:
        worker.run(**job | {"calls": EPISODE, "episode": max(episode - 1, 0)})
        episode_calls = unpack_all(worker.shared.log(0))
        if trials.fails(episode_calls):
            return episode_calls
    return _one_thread(trials, calls) or _one_thread(trials, _first_leak(trials, worker, job, report["calls"]))


def _first_leak(trials, worker, job, calls):
    """The log of the shortest run with the same seed that leaks, found by halving."""
    without, with_leak = 0, calls
    while with_leak - without > EPISODE and not trials.spent:
        middle = (without + with_leak) // 2
        report = worker.run(**job | {"calls": middle})
        leaks = failure_of(report, worker.shared, worker.driver) is not None
        without, with_leak = (without, middle) if leaks else (middle, with_leak)
    worker.run(**job | {"calls": with_leak})
    return unpack_all(worker.shared.log(0))


def _several_threads(trials, failure, recorded):
    """First the calls at work when it happened, then more of those before; each thread repeats its own."""
    for last in (1, 2, 4, 16, 64, EPISODE):
        script = _marked([calls[-last:] for calls in recorded])
        if trials.fails(script):
            return script
    alone = [{key: value for key, value in call.items() if key != "thread"} for call in recorded[failure.thread]]
    return alone if trials.fails(alone) else []


def _marked(recorded):
    """The calls of several threads as one script."""
    if len(recorded) == 1:
        return recorded[0]
    return [{**call, "thread": i + 1} for i, calls in enumerate(recorded) for call in calls]


def _fewer(trials, calls):
    """Leave out halves, quarters, ... single calls, as long as it still fails."""
    parts = 2
    while len(calls) > 1 and not trials.spent:
        size = max(1, -(-len(calls) // parts))
        without = (calls[:i] + calls[i + size :] for i in range(0, len(calls), size))
        shorter = next((rest for rest in without if trials.fails(rest)), None)
        if shorter is not None:
            calls, parts = shorter, max(parts - 1, 2)
        elif size == 1:
            break
        else:
            parts = min(len(calls), parts * 2)
    return calls


def _joined(trials, calls):
    """Several advances of the clock as one, at the place of the last."""
    ticks = [call["ticks"] for call in calls if call.get("step") == "advance"]
    if len(ticks) < 2:
        return calls
    last = max(i for i, call in enumerate(calls) if call.get("step") == "advance")
    joined = [{"step": "advance", "ticks": sum(ticks)} if i == last else call
              for i, call in enumerate(calls) if i == last or call.get("step") != "advance"]  # fmt: skip
    return joined if trials.fails(joined) else calls


def _simpler(trials, calls):
    """Put what is usual in place of what is odd, argument by argument."""
    for i, call in enumerate(calls):
        for key in [key for key in _PLAIN if key in call and call[key] != _PLAIN[key]]:
            plain = {name: value for name, value in calls[i].items() if name != key}
            changed = [*calls[:i], plain, *calls[i + 1 :]]
            if trials.fails(changed):
                calls = changed
    return calls
