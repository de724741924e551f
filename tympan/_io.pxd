# Everything that runs on an IO thread between a host buffer and the ring.
# Inline, so that _hal's entries contain it and no call leaves the file but
# process_io itself. No lock, no allocation, no system call, no host call.

from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

from tympan._convert cimport FLOAT32, from_float, remap_from_float, to_float
from tympan._gains cimport apply_gain
from tympan._objects cimport MAX_BUFFER, Device, IoPlan, Stream
from tympan._ring cimport (
    Ring, ring_begin_write, ring_copy_in, ring_end_write, ring_fill_silence, ring_slot, ring_still_valid, ring_valid,
)
from tympan._rt cimport (
    TY_PLAIN_STORES, ty_add_u32, ty_copy_shared, ty_fetch_and_u32, ty_fetch_or_u32,
)
from tympan._types cimport READ_INPUT, WRITE_MIX, IoBuffer, IoOperation, RealtimeContext
from tympan.coreaudio cimport UInt32


# Scratch for one call of process_io: two buffers of scratch_bytes each. Two
# clients may read at once, hence several slots; NULL when all are taken.
cdef inline char* scratch_take(IoPlan* io, UInt32* taken) noexcept nogil:
    cdef UInt32 slot, bit
    for slot in range(io.scratch_slots):
        bit = <UInt32>1 << slot
        if not ty_fetch_or_u32(&io.scratch_busy, bit) & bit:
            taken[0] = bit
            return io.scratch + 2 * slot * io.scratch_bytes
    ty_add_u32(&io.overloads, 1)
    return NULL


cdef inline void scratch_give(IoPlan* io, UInt32 taken) noexcept nogil:
    ty_fetch_and_u32(&io.scratch_busy, ~taken)


cdef inline void call_driver(
    const IoPlan* io, const RealtimeContext* rt, const Stream* stream, IoOperation operation,
    const char* source, char* sink, int64_t frames
) noexcept nogil:
    cdef IoBuffer buffer
    buffer.input = <const float*>source
    buffer.output = <float*>sink
    buffer.input_bytes = source
    buffer.output_bytes = sink
    buffer.frames = <size_t>frames
    buffer.channels = stream.channels
    buffer.operation = operation
    buffer.device = io.device
    buffer.stream = stream.index
    buffer.bytes_per_frame = stream.frame_bytes if stream.native else stream.channels * sizeof(float)
    io.process(io.driver, rt, &buffer)


# ---- WriteMix: host buffer -> process_io -> ring ----

# `count` samples of the stream's format into the ring; through a block on the
# stack where only ty_copy_shared may store there.
cdef inline void to_ring(const Stream* stream, float* slot, const char* source, size_t count) noexcept nogil:
    cdef float[256] block
    cdef size_t part
    if TY_PLAIN_STORES:
        to_float(stream.kind, slot, source, count)
        return
    while count > 0:
        part = min(count, <size_t>256)
        to_float(stream.kind, block, source, part)
        ty_copy_shared(slot, block, part * sizeof(float))
        slot += part
        source += part * (stream.bits >> 3)
        count -= part


# No process_io: the host's frames, converted, go straight into the ring.
cdef inline void write_plain(
    const Stream* stream, const char* source, int64_t time, int64_t frames
) noexcept nogil:
    cdef Ring* ring = stream.ring
    cdef int64_t run = 0
    cdef char* slot
    if stream.native or stream.kind == FLOAT32:
        ring_copy_in(ring, time, source, frames)
        return
    while frames > 0:
        slot = ring_slot(ring, time, &run)
        run = min(run, frames)
        to_ring(stream, <float*>slot, source, <size_t>run * stream.channels)
        source += run * <int64_t>stream.frame_bytes
        time += run
        frames -= run


# One call of process_io, at most MAX_BUFFER frames. It writes straight into the
# ring, into frames that are given up, except where the ring wraps and where there
# is none (a speaker).
cdef inline void write_processed(
    Device* device, const RealtimeContext* rt, const Stream* stream, char* scratch,
    const char* source, int64_t frames
) noexcept nogil:
    cdef IoPlan* io = &device.io
    cdef int64_t run = 0
    cdef char* sink = scratch + io.scratch_bytes
    cdef bint direct = False
    if not stream.native and stream.kind != FLOAT32:
        to_float(stream.kind, <float*>scratch, source, <size_t>frames * stream.channels)
        source = scratch
    if stream.ramp_count:
        apply_gain(stream, <float*>scratch, <const float*>source, <size_t>frames)
        source = scratch
    if not io.process_write:
        if stream.ring is not NULL:
            ring_copy_in(stream.ring, rt.sample_time, source, frames)
        return
    if stream.ring is not NULL:
        slot = ring_slot(stream.ring, rt.sample_time, &run)
        direct = TY_PLAIN_STORES and run >= frames
        if direct:
            sink = slot
    call_driver(io, rt, stream, WRITE_MIX, source, sink, frames)
    if stream.ring is not NULL and not direct:
        ring_copy_in(stream.ring, rt.sample_time, sink, frames)


cdef inline void write_parts(
    Device* device, RealtimeContext* rt, const Stream* stream, const char* source, int64_t frames
) noexcept nogil:
    cdef UInt32 taken = 0
    cdef int64_t part
    cdef char* scratch = scratch_take(&device.io, &taken)
    if scratch is NULL:
        if stream.ring is not NULL:
            ring_fill_silence(stream.ring, rt.sample_time, frames)     # it will be published
        return
    while frames > 0:
        part = min(frames, <int64_t>MAX_BUFFER)
        write_processed(device, rt, stream, scratch, source, part)
        source += part * <int64_t>stream.frame_bytes
        rt.sample_time += part
        frames -= part
    scratch_give(&device.io, taken)


# The host's mix enters the device. `rt.sample_time` is the output time of frame 0.
cdef inline void write_mix(
    Device* device, const Stream* stream, RealtimeContext* rt, const char* source, int64_t frames
) noexcept nogil:
    cdef Ring* ring = stream.ring
    cdef int64_t end = rt.sample_time + frames
    cdef int64_t skip = 0
    if ring is not NULL:
        skip = max(frames - ring.capacity, 0)       # more than the ring holds: keep the newest
        source += skip * <int64_t>stream.frame_bytes
        rt.sample_time += skip
        frames -= skip
        ring_begin_write(ring, rt.sample_time, frames)
    if device.io.process_write or stream.ramp_count:
        write_parts(device, rt, stream, source, frames)
    elif ring is not NULL:
        write_plain(stream, source, rt.sample_time, frames)
    if ring is not NULL:
        ring_end_write(ring, end)


# ---- ReadInput: ring -> host buffer, or process_io -> host buffer ----

# Ring frames to the stream's format and channel count; `run` is contiguous.
cdef inline void read_run(
    const Stream* stream, char* sink, const char* slot, int64_t run
) noexcept nogil:
    cdef UInt32 ring_channels = stream.ring_channels
    if stream.native:
        ty_copy_shared(sink, slot, <size_t>run * stream.frame_bytes)
    elif ring_channels == stream.channels:
        from_float(stream.kind, sink, <const float*>slot, <size_t>run * ring_channels)
    else:
        remap_from_float(
            stream.kind, sink, stream.channels, stream.frame_bytes, <const float*>slot, ring_channels, <size_t>run
        )


# What the ring holds of [time, time + frames), silence for the rest.
cdef inline void read_ring(
    const Stream* stream, char* sink, int64_t time, int64_t frames
) noexcept nogil:
    cdef Ring* ring = stream.ring
    cdef int64_t frame_bytes = stream.frame_bytes
    cdef int64_t first = 0, last = 0, run = 0, at, lost
    cdef char* slot
    cdef uint32_t epoch = ring_valid(ring, time, frames, &first, &last)
    if first > time:
        memset(sink, 0, <size_t>((first - time) * frame_bytes))
    at = first
    while at < last:
        slot = ring_slot(ring, at, &run)
        run = min(run, last - at)
        read_run(stream, sink + (at - time) * frame_bytes, slot, run)
        at += run
    if last < time + frames:
        memset(sink + (last - time) * frame_bytes, 0, <size_t>((time + frames - last) * frame_bytes))
    lost = ring_still_valid(ring, epoch)    # overwritten while we copied
    if lost > first:
        memset(sink + (first - time) * frame_bytes, 0, <size_t>((min(lost, last) - first) * frame_bytes))


# One call of process_io, at most MAX_BUFFER frames, in place: its input is what
# the ring holds, or silence where the device has no output stream.
cdef inline void read_processed(
    Device* device, const RealtimeContext* rt, const Stream* stream, char* scratch, char* sink, int64_t frames
) noexcept nogil:
    cdef IoPlan* io = &device.io
    cdef bint in_place = stream.native or stream.kind == FLOAT32
    cdef char* buffer = sink if in_place else scratch
    cdef Stream as_float
    if stream.ring is NULL:
        memset(buffer, 0, <size_t>frames * (stream.frame_bytes if stream.native else stream.channels * sizeof(float)))
    else:
        # Field by field: a property call may be changing the stream's is_active.
        as_float.channels = stream.channels
        as_float.kind = stream.kind if stream.native else FLOAT32
        as_float.frame_bytes = stream.frame_bytes if stream.native else stream.channels * <UInt32>sizeof(float)
        as_float.native = stream.native
        as_float.ring = stream.ring
        as_float.ring_channels = stream.ring_channels
        read_ring(&as_float, buffer, rt.sample_time - io.read_offset, frames)
    call_driver(io, rt, stream, READ_INPUT, buffer, buffer, frames)
    if not in_place:
        from_float(stream.kind, sink, <const float*>buffer, <size_t>frames * stream.channels)


cdef inline void read_parts(
    Device* device, RealtimeContext* rt, const Stream* stream, char* sink, int64_t frames
) noexcept nogil:
    cdef UInt32 taken = 0
    cdef int64_t part
    cdef char* scratch = scratch_take(&device.io, &taken)
    if scratch is NULL:
        memset(sink, 0, <size_t>frames * stream.frame_bytes)
        return
    while frames > 0:
        part = min(frames, <int64_t>MAX_BUFFER)
        read_processed(device, rt, stream, scratch, sink, part)
        sink += part * <int64_t>stream.frame_bytes
        rt.sample_time += part
        frames -= part
    scratch_give(&device.io, taken)


# Audio leaves the device. `rt.sample_time` is the input time of frame 0.
cdef inline void read_input(
    Device* device, const Stream* stream, RealtimeContext* rt, char* sink, int64_t frames
) noexcept nogil:
    if device.io.process_read:
        read_parts(device, rt, stream, sink, frames)
    elif stream.ring is not NULL:
        read_ring(stream, sink, rt.sample_time - device.io.read_offset, frames)
    else:
        memset(sink, 0, <size_t>frames * stream.frame_bytes)
