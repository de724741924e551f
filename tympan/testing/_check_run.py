"""Runs the rules in processes of their own, watches them, and says whose fault it is when one dies.

One worker process per job slot (_check_worker). A job is a group's rules, or one rule
that may well crash. When the process dies, the rule that it was at has crashed, and
the rest of the job goes to a new process; the same after a rule that failed, since
a driver that has broken a rule may be in any state.
"""

import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import threading
import time

from tympan.testing import _check_crash as crash
from tympan.testing._check_worker import FORKS
from tympan.testing._process_time import ProcessTime
from tympan.testing.rules._blame import LOCKS, STAGES

#: What stops a rule before a function of the driver was called: its process is as good as new.
_UNTOUCHED = {"bundle-info-plist", "bundle-factory-registered", "binary-exports-factory"}
#: The rule that says that a driver cannot be loaded a second time in one process.
AGAIN = "second-life"
#: Seconds for a rule, once one has found that the driver waits for itself: it does so often.
_IMPATIENT = 6.0
_FIRST = ("locks",)
#: And when so many have, the rest is not tried.
_PATIENCE = 6
_TO_BEGIN = 60.0  # seconds for a process, until its first rule begins
_STEP = 0.25  # seconds between looks at how much time a process had
_GRACE = 1.0  # seconds between asking a process for its stacks and killing it


class Job:
    """Some rules to try in one process, in order."""

    def __init__(self, rules):
        self.rules = list(rules)

    @property
    def ids(self):
        """The ids of the rules that are left."""
        return [rule.id for rule in self.rules]


def jobs_of(rules):
    """One Job per group, and one for each rule that may crash. Those that find a driver which waits for itself come
    first, because they say why; then the long ones."""
    groups, alone = {}, []
    for rule in rules:
        if rule.isolated:
            alone.append(Job([rule]))
        else:
            groups.setdefault(rule.group.id, []).append(rule)
    order = sorted(groups, key=lambda group: (group not in _FIRST, -len(groups[group])))
    return [Job(groups[group]) for group in order] + alone


class Pool:
    """Worker processes, started when they are needed. Use it as a context manager, for several runs if need be."""

    def __init__(self, count=None):
        self.workers: list[Worker | None] = [None] * (count or os.cpu_count() or 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for number in range(len(self.workers)):
            self.drop(number)

    def worker(self, number):
        """Worker ``number``, alive."""
        worker = self.workers[number]
        if worker is None or not worker.alive:
            worker = self.workers[number] = Worker()
        return worker

    def drop(self, number):
        """End worker ``number``; a new one comes when it is needed."""
        worker, self.workers[number] = self.workers[number], None
        if worker is not None:
            worker.stop()


class Runner:
    """Tries rules on the driver at ``path``, with the workers of ``pool``. ``report(result)`` is called on this
    thread as each rule ends, ``begun(rule)`` on any thread as each begins."""

    def __init__(self, path, seed, pool, time_limit, environment=None, begun=lambda rule: None):
        self.path, self.seed, self.pool, self.time_limit, self.begun = path, seed, pool, time_limit, begun
        self.environment = environment or {}
        self.hung = 0

    def run(self, rules, report):
        """Try ``rules``; a dictionary per rule goes to ``report`` (see _check_worker.judge)."""
        jobs, results = queue.SimpleQueue(), queue.SimpleQueue()
        made = jobs_of(rules)
        for job in made:
            jobs.put(job)
        slots = range(min(len(self.pool.workers), len(made)))
        threads = [threading.Thread(target=self._serve, args=(slot, jobs, results), daemon=True) for slot in slots]
        for thread in threads:
            thread.start()
        for _ in rules:
            answer = results.get()
            if isinstance(answer, BaseException):
                raise answer
            report(answer)
        for thread in threads:
            thread.join()

    def _serve(self, slot, jobs, results):
        try:
            while True:
                job = jobs.get_nowait()
                while job.rules:
                    if self.hung >= _PATIENCE:
                        results.put(_not_tried(job.rules.pop(0).id))
                        continue
                    for result in self._attempt(self.pool.worker(slot), job):
                        results.put(result)
                    if not FORKS:
                        self.pool.drop(slot)
        except queue.Empty:
            pass
        except BaseException as error:  # carried over to the thread that waits for results
            results.put(error)

    def _attempt(self, worker, job):
        """One process's worth of a job; what it has finished is taken off the job."""
        worker.begin({"path": str(self.path), "rules": job.ids, "seed": self.seed, "environment": self.environment})
        watch = Watch(self.path, min(self.time_limit, _IMPATIENT) if self.hung else self.time_limit)
        for event in worker.events(watch):
            if watch.dropped:
                continue  # what came before it was gone; these rules are tried again
            if event["event"] == "rule":
                self.begun(job.rules[0])
            if event["event"] == "result":
                if AGAIN in event["blocked"] and watch.finished:
                    worker.give_up(watch)  # a driver that has but one life gets a process for each rule
                    continue
                job.rules.pop(0)
                watch.finished += 1
                yield event
                self.hung += event["id"] in LOCKS and event["outcome"] == "failed"
                if job.rules and _may_have_broken_something(event):
                    worker.give_up(watch)
        self.hung += watch.late
        if watch.died and job.rules:
            yield watch.result(job.rules.pop(0).id)


def _may_have_broken_something(event):
    bad = event["outcome"] in ("failed", "crashed")
    return bad and not (event["blocked"] and _UNTOUCHED.issuperset(event["blocked"]))


def _unfinished(identifier, seconds=0.0):
    return {"event": "result", "id": identifier, "outcome": "crashed", "message": "", "hint": "", "fault": "",
            "blocked": [], "details": "", "seconds": seconds}  # fmt: skip


def _not_tried(identifier):
    words = f"not tried: {_PATIENCE} rules did not end in time"
    return {**_unfinished(identifier), "outcome": "skipped", "message": words}


class Watch:
    """What is known of one process: its pid, the rule it is at, and how it ended."""

    def __init__(self, path, time_limit):
        self.path, self.time_limit = path, time_limit
        self.pid, self.rule, self.doing = 0, None, ""
        self.clock, self.waited, self.looked = None, 0.0, time.monotonic()
        self.late = self.died = self.done = self.dropped = False
        self.code = self.finished = 0
        self.stacks = []
        self.began = time.perf_counter()

    def take(self, event):
        """Note an event."""
        kind = event["event"]
        if kind == "started":
            self.pid, self.clock = event["pid"], ProcessTime(event["pid"])
        elif kind == "rule":
            self.rule, self.doing, self.began = event["id"], "", time.perf_counter()
            self.is_over(0.0)
            self.waited = 0.0
        elif kind == "doing":
            self.doing = event["text"]
        elif kind == "done":
            self.done = True
        elif kind == "ended":
            self.code, self.died = event["code"], not self.done and not self.dropped

    def is_over(self, step):
        """Whether the rule's time is over, counting what the process could use of it; looks once per ``step``
        seconds."""
        now = time.monotonic()
        if now - self.looked >= step:
            self.waited += self.clock.passed() if self.clock else now - self.looked
            self.looked = now
        return self.waited >= (self.time_limit if self.rule else _TO_BEGIN)

    def result(self, identifier):
        """The result for the rule at which the process died."""
        outcome = crash.explain(self.code, self.late, self.time_limit, self.stacks, self.path, self.doing)
        stages = [rule for rule in STAGES.get(self.doing, ()) if rule != identifier]
        blocked = {"blocked": stages} if stages else {}
        return {**_unfinished(identifier, time.perf_counter() - self.began), **outcome, **blocked}


class Worker:
    """A worker process and its two pipes."""

    def __init__(self):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "tympan.testing._check_worker"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        self._buffer = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)

    @property
    def alive(self):
        """Whether it can be handed a job."""
        return self._process.poll() is None

    def begin(self, job):
        """Hand it a job."""
        self._process.stdin.write((json.dumps(job) + "\n").encode())
        self._process.stdin.flush()

    def stop(self):
        """Let it end."""
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def give_up(self, watch):
        """End the process of the present job: its driver is not to be trusted any more."""
        watch.dropped = True
        _signal(watch.pid, signal.SIGKILL)

    def events(self, watch):
        """The events of one process, until it has ended; stacks are kept in ``watch``."""
        while True:
            for line in self._lines(watch):
                if not line.startswith(b"{"):
                    watch.stacks.append(line.decode(errors="replace"))
                    continue
                event = json.loads(line)
                watch.take(event)
                if event["event"] == "ended":
                    return
                yield event
            if self._process.poll() is not None and not self._buffer:
                watch.take({"event": "ended", "code": self._process.returncode})
                return

    def _lines(self, watch):
        """Lines that have come; asks a process for its stacks when a rule has taken too long, then kills it."""
        step = min(_STEP, watch.time_limit)
        ready = self._selector.select(_GRACE if watch.late else step)
        if watch.late:
            _signal(watch.pid if not ready else 0, signal.SIGKILL)
        elif watch.is_over(step):
            _signal(watch.pid, signal.SIGALRM)
            watch.late = True
        if not ready:
            return
        data = os.read(self._process.stdout.fileno(), 65536)
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        yield from lines


def _signal(pid, number):
    if pid:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
