"""``python -m tympan trace``: record a session, print it, export it, replay it."""

import json
import sys

from tympan._errors import UsageError

_SHOWN = 20  # differences


def configure(parser):
    """Add the command's arguments to an ArgumentParser."""
    parser.description = (
        "Record every call between a host and a driver, and every answer; print a recording, export it for\n"
        "ui.perfetto.dev, or replay it against a driver. docs/trace.md has the format."
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    record = actions.add_parser("record", help="play a session with a driver and record it")
    record.add_argument("driver", help="a .driver bundle, or a driver's .pyx, which is compiled first")
    record.add_argument("-o", "--output", metavar="FILE", required=True, help="the trace to write")
    record.add_argument("--seed", type=int, default=0, help="of the session's noise and cycle sizes (default: 0)")
    record.add_argument("--seconds", type=float, default=1.0, help="of audio per device, virtual (default: 1)")
    record.add_argument("--audio", action="store_true", help="keep the samples, not only a hash of each buffer")
    show = actions.add_parser("print", help="one line per call")
    show.add_argument("trace", help="a file of `trace record`")
    show.add_argument("--json", action="store_true", help="one JSON object per call")
    export = actions.add_parser("export", help="as Chrome JSON, for ui.perfetto.dev")
    export.add_argument("trace", help="a file of `trace record`")
    export.add_argument("-o", "--output", metavar="FILE", required=True, help="the .json to write")
    replay = actions.add_parser("replay", help="make the recorded calls again and compare the answers")
    replay.add_argument("trace", help="a file of `trace record`")
    replay.add_argument("driver", nargs="+", help="the .driver bundles, in the order they were loaded")


def run(args):
    """Carry out the action; the exit code."""
    return {"record": _record, "print": _print, "export": _export, "replay": _replay}[args.action](args)


def _record(args):
    from tympan.testing import Host
    from tympan.testing._render_cli import open_driver
    from tympan.testing._trace_read import read_trace
    from tympan.testing._trace_scenario import play

    if args.seconds < 0:
        raise UsageError(f"--seconds {args.seconds:g}", "A session takes no less than 0 seconds.")
    with Host(echo_log=True, trace=args.output, trace_audio=args.audio) as hal:
        play(open_driver(hal, args.driver), args.seed, args.seconds)
    trace = read_trace(args.output)
    size = trace.path.stat().st_size
    print(f"Wrote {args.output} ({trace.count} calls, {size} bytes, {size / max(trace.count, 1):.1f} per call)")
    return 0


def _read(path):
    from tympan.testing._trace_read import read_trace

    return read_trace(path)


def _complain(trace):
    """A damaged trace is shown as far as it can be read, and is an error all the same."""
    if trace.problem:
        raise UsageError(trace.problem, "Record it again; what could be read was used.")


def _print(args):
    from tympan.testing import _trace_print

    trace = _read(args.trace)
    if args.json:
        for depth, call in trace.walk():
            print(json.dumps(_json(call, depth)))
    else:
        for text in _trace_print.lines(trace):
            print(text)
    _complain(trace)
    return 0


def _json(call, depth):
    name = {"step": call.arguments["step"]} if call.name == "step" else {"call": call.name, **call.arguments}
    about = {"number": call.number, "time": call.time, "on_thread": call.thread, "depth": depth, "answer": call.answer}
    return name | {"driver": call.driver} | about


def _export(args):
    from tympan.testing._trace_export import export

    trace = _read(args.trace)
    with open(args.output, "w", encoding="utf-8") as file:
        count = export(trace, file)
    print(f"Wrote {args.output} ({count} events); open it at https://ui.perfetto.dev")
    _complain(trace)
    return 0


def _replay(args):
    from tympan.testing._trace_replay import replay

    trace = _read(args.trace)
    player = replay(trace, args.driver)
    differences = player.differences
    for sentence in differences[:_SHOWN]:
        print(sentence)
    if len(differences) > _SHOWN:
        print(f"and {len(differences) - _SHOWN} more")
    count = len(differences)
    print(f"{trace.count} calls replayed: " + (f"{count} differ" if count else "all answered as recorded"))
    if player.unheard:
        print(f"{player.unheard} buffers were not compared, as the trace has no audio: record it with --audio")
    if player.raced:
        print(f"{player.raced} answers differ of calls that overlapped one of another thread, so either is right")
    sys.stdout.flush()
    _complain(trace)
    return 1 if differences else 0
