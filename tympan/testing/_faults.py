"""Sentences for the rules that an IO cycle found broken (hal-protocol C5)."""

from tympan.testing._status import host_error, name

_CALL = "GetZeroTimeStamp"


def place(device, client, fault=""):
    """Where an engine stands, in words; a cycle that the guard objects to has been completed."""
    state = client.engine.state
    cycle = state["counter"] - (fault == "realtime" and state["counter"] > 1)
    return f"device {device.id}, client {client.id}, cycle {cycle}, seed {state['seed']}"


def fault_error(device, client, fault):
    """The HostError for a fault that Engine.run or Engine.stamp named; ``.rule`` is that name."""
    state = client.engine.state
    message, hint = _SENTENCES[fault](state)
    where = f" ({place(device, client)})"
    error = host_error(message + where, hint, state["status"] if fault.endswith("status") else 0)
    error.rule = fault
    return error


def _stamp_status(s):
    return f"{_CALL} answered '{name(s['status'])}' while IO runs", "The clock must run when StartIO returns."


def _stamp_future(s):
    ahead = s["ticks"][0] - s["ticks"][1]
    return (
        f"{_CALL} gave host time {s['ticks'][0]}, {ahead} ticks in the future",
        "It must be the most recent stamp, at or before now.",
    )


def _stamp_backwards(s):
    sample, last = s["facts"][:2]
    return (
        f"{_CALL} went back from sample {last:.0f} to {sample:.0f} with the same seed",
        "A new time line needs a new seed.",
    )


def _stamp_spacing(s):
    sample, last = s["facts"][:2]
    return (
        f"{_CALL} went from sample {last:.0f} to {sample:.0f}, which is not a multiple of the period {s['period']}",
        "Stamps are kAudioDevicePropertyZeroTimeStampPeriod frames apart.",
    )


def _stamp_moved(s):
    return (
        f"{_CALL} moved sample {s['facts'][0]:.0f} from host time {s['ticks'][2]} to {s['ticks'][0]} "
        "with the same seed",
        "A stamp once given never changes; a new time line needs a new seed.",
    )


def _stamp_rate(s):
    frames = s["facts"][0] - s["facts"][1]
    ticks = s["ticks"][0] - s["ticks"][2]
    expected = frames * s["ticks_per_frame"]
    return (
        f"{_CALL} went on by {frames:.0f} frames in {ticks} ticks, where the nominal rate makes {expected:.0f}",
        "Host times must follow the nominal sample rate; after a rate change a new seed is due.",
    )


def _stamp_stale(s):
    late = s["ticks"][1] - s["ticks"][0]
    return (
        f"{_CALL} gave sample {s['facts'][0]:.0f}, {late} ticks ago: "
        f"more than one period ({s['period']} frames) has passed",
        "It must be the most recent stamp; catch up by division, not one period per call.",
    )


def _operation_status(s):
    return f"{s['call']} for '{name(s['operation'])}' answered '{name(s['status'])}'", ""


def _unfilled(s):
    stream, frame, frames = s["facts"][:3]
    return (
        f"DoIOOperation for 'read' left frame {frame:.0f} of {frames:.0f} unwritten in stream {stream:.0f}",
        "ReadInput must write every sample of the buffer, silence included.",
    )


def _secondary(s):
    stream, frame, frames = s["facts"][:3]
    return (
        f"DoIOOperation for '{name(s['operation'])}' left frame {frame:.0f} of {frames:.0f} of the secondary buffer "
        f"unwritten in stream {stream:.0f}",
        "WillDoIOOperation said it is not in place, so its whole result belongs into the secondary buffer.",
    )


def _channels(s):
    return "the device's channels changed while cycles ran", "Play anew: audio of another shape is needed."


def _guard(s):
    stream, frames, before, secondary = s["facts"]
    side = "before the start" if before else "beyond the end"
    return (
        f"DoIOOperation for '{name(s['operation'])}' wrote {side} of the {'secondary ' if secondary else ''}buffer "
        f"of {frames:.0f} frames of stream {stream:.0f}",
        "",
    )


_SENTENCES = {
    "stamp-status": _stamp_status,
    "stamp-future": _stamp_future,
    "stamp-backwards": _stamp_backwards,
    "stamp-spacing": _stamp_spacing,
    "stamp-moved": _stamp_moved,
    "stamp-rate": _stamp_rate,
    "stamp-stale": _stamp_stale,
    "operation-status": _operation_status,
    "unfilled": _unfilled,
    "secondary": _secondary,
    "channels": _channels,
    "guard": _guard,
}
