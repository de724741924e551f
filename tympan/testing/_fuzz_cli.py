"""``python -m tympan fuzz``: make up calls until a driver fails, and shorten what made it."""

import argparse
import sys
from pathlib import Path

from tympan._errors import UsageError


def configure(parser):
    """Add the command's arguments to an ArgumentParser."""
    parser.description = (
        "Send a driver calls that a host could send, right and wrong ones, while IO runs, and look at every answer.\n"
        "A failure is shortened to a script that --replay repeats. docs/fuzzing.md says what is tried and what is not."
    )
    add = parser.add_argument
    add("driver", help="a .driver bundle")
    add("--calls", type=_count, default=1_000_000, metavar="N", help="how many (default: 1000000; 0: no end)")
    add("--minutes", type=float, metavar="M", help="end after this time")
    add("--seed", type=_count, default=0, metavar="S", help="the same seed makes the same calls (default: 0)")
    add("--threads", type=int, default=1, metavar="T", help="1 to 16 (default: 1, which is repeatable)")
    add("--without", default="", metavar="KINDS", help="leave out odd nulls,ids,order,sizes,values,types")
    add("--unguided", action="store_true", help="do not follow coverage, though the binary has it")
    add("--corpus", metavar="DIR", help="inputs that reached something: read first, written at the end")
    add("--timeout", type=float, default=10.0, metavar="S", help="seconds that are a hang (default: 10)")
    add("-o", "--output", metavar="FILE", help="where the script goes (default: NAME-fuzz.jsonl)")
    add("--replay", metavar="FILE", help="play a script instead")
    add("--rounds", type=_count, default=3000, metavar="N", help="of a script's threads (default: 3000)")


def _count(text):
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("a number from 0 on")
    return value


def run(args):
    """Fuzz or replay; 1 when the driver failed."""
    return _replay(args) if args.replay else _fuzz(args)


def _replay(args):
    from tympan.testing._call_pack import read_script
    from tympan.testing._fuzz_session import repeat

    script = read_script(args.replay)
    failure = repeat(args.driver, script, args.rounds, args.timeout, _groups(args.without))
    print(f"{len(script)} calls replayed: {failure or 'nothing failed'}")
    return 1 if failure else 0


def _groups(text):
    from tympan.testing._fuzz_session import ALL_GROUPS, GROUPS

    left_out = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in left_out if name not in GROUPS]
    if unknown:
        raise UsageError(f"--without {unknown[0]}", f"It takes some of {', '.join(GROUPS)}.")
    return ALL_GROUPS - sum(GROUPS[name] for name in set(left_out))


def _fuzz(args):
    from tympan.testing._fuzz_session import fuzz

    if not args.calls and args.minutes is None:
        raise UsageError("--calls 0 would never end", "Give --minutes as well.")
    outcome = fuzz(
        args.driver, args.calls, args.seed, args.threads, _groups(args.without), False if args.unguided else None,
        args.minutes, args.timeout, _read_corpus(args.corpus), progress=_progress(), keep=_keeper(args.corpus),
    )  # fmt: skip
    print(summary(outcome))
    if outcome.failure is None:
        return 0
    _tell(args, outcome)
    return 1


def summary(outcome):
    """One line: how much, how fast, how well."""
    report, seconds = outcome.report, max(outcome.seconds, 1e-9)
    rate = report["calls"] / seconds
    answered = 100 * report["succeeded"] / max(report["calls"], 1)
    text = f"{report['calls']} calls in {seconds:.1f} s ({rate:,.0f}/s), {answered:.0f} % of them successful"
    if report["inputs"]:
        text += f"; {report['inputs']} inputs, {report['corpus']} kept"
        text += f", {report['edges_met']} of {report['edges']} edges"
    return text


def _tell(args, outcome):
    """The failure, the last calls, and where the script is."""
    print(f"FAILED  {outcome.failure}")
    for line in outcome.report["said"][-4:]:
        print(f"  {line}")
    if not outcome.minimised:
        for thread, calls in enumerate(outcome.tails):
            print(f"last calls{f' of thread {thread + 1}' if len(outcome.tails) > 1 else ''}:")
            for call in calls:
                print(f"  {_short(call)}")
    path = Path(args.output or f"{Path(args.driver).stem}-fuzz.jsonl")
    path.write_text(script_of(args, outcome), encoding="utf-8")
    sure = f"repeats it with {len(outcome.script)} calls ({outcome.trials} trials)"
    print(f"{path} {sure if outcome.minimised else 'has the calls before it, but does not repeat it by itself'}")
    sys.stdout.flush()


def script_of(args, outcome):
    """The script as text, with what it is about."""
    from tympan.testing._call_pack import script_text

    how = f"seed {args.seed}, {args.threads} thread{'s' * (args.threads > 1)}, call {outcome.report['calls']}"
    return script_text(outcome.script, f"{Path(args.driver).name}: {outcome.failure}", f"found by tympan fuzz, {how}")


def _short(call):
    import json

    def short(value):
        return f"{value[:24]}..." if isinstance(value, str) and len(value) > 28 else value

    return json.dumps({key: short(value) for key, value in call.items()})


# ---- corpus: a folder of scripts ----


def _read_corpus(folder):
    from tympan.testing._call_pack import read_script

    if folder is None or not Path(folder).is_dir():
        return []
    return [read_script(path) for path in sorted(Path(folder).glob("*.jsonl"))]


def _keeper(folder):
    """A function that writes inputs, each under a name made of its content."""
    if folder is None:
        return None
    return lambda inputs: _write_corpus(Path(folder), inputs)


def _write_corpus(folder, inputs):
    import hashlib

    from tympan.testing._call_pack import script_text

    folder.mkdir(parents=True, exist_ok=True)
    for calls in inputs:
        text = script_text(calls)
        (folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.jsonl").write_text(text, encoding="utf-8")


def _progress():
    """How far it is, on a terminal."""
    if not sys.stderr.isatty():
        return None
    return lambda calls: print(f"\r{calls:,} calls", end="", file=sys.stderr, flush=True)
