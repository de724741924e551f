"""Nanoseconds per call of a driver, for benchmarks that compare drivers in one run.

Needs ``Host(clock="real")``: mach_absolute_time is then clock_gettime, which is
part of what a driver's GetZeroTimeStamp costs.
"""

from tympan._errors import UsageError
from tympan.testing import _engine, _platform
from tympan.testing._status import code, refused

#: The loops over IO calls: one GetZeroTimeStamp; GetZeroTimeStamp + Begin/Do/End of ReadInput and of
#: WriteMix; Begin/Do/End of one of them.
IO_CALLS = ("stamp", "cycle", "write", "read")


def prepare(device, buffer):
    """A started client whose buffers hold ``buffer`` frames, for bench_calls."""
    client = device.add_client()
    device.start(client)
    client.engine.allocate(buffer, buffer)
    return client


#: Calls of the driver in one of IO_CALLS, on a device with a stream in either direction.
CALLS = {"stamp": 1, "cycle": 7, "write": 3, "read": 3}


def bench_calls(client, what, count, buffer=512, guarded=False):
    """ns per call of ``what`` (one of IO_CALLS), over ``count`` calls without the GIL.

    ``client`` comes from prepare(). Sample times go on from call to call. Only
    the first stream of a direction takes part. ``guarded``: inside the Host's guard,
    as cycles are (it needs one); otherwise the loop knows nothing of guards. Where
    other modules call ``malloc`` and the like, a Host(guard=False) is quicker still:
    it leaves these calls as they are. HostError when a call fails.
    """
    if _platform.clock_is_virtual():
        raise UsageError("benchmarks need the real clock", 'Use Host(clock="real").')
    client.engine.allocate(buffer, buffer)
    nanoseconds, status = client.engine.bench(what, count, buffer, guarded)
    if status:
        raise refused(f"a call while measuring {what!r}", status)
    return nanoseconds


def bench_property(plugin, thing, selector, count, scope="glob", element=0, is_reference=False):
    """ns per GetPropertyData into 8192 bytes; ``is_reference`` releases the string each time."""
    number = thing if isinstance(thing, int) else thing.id
    nanoseconds, status = _engine.bench_get_property(
        plugin.table.address, number, code(selector), code(scope), element, is_reference, count
    )
    if status:
        raise refused(f"GetPropertyData of '{selector}' on object {number}", status)
    return nanoseconds


def bench_memcpy(size, count):
    """ns per memcpy of ``size`` bytes, for scale."""
    return _engine.bench_copy(size, count)
