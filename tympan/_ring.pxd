# The loopback ring: audio addressed by 64-bit sample time.
#
# One writer, any number of readers, on IO threads. Frames [start, end) are
# valid; everything else reads as silence (zero bytes), so nothing is ever
# cleared while IO runs. The writer first gives up the frames it is about to
# overwrite (start), then writes, then publishes (end). A reader copies, then
# looks again whether what it copied was given up meanwhile. When time does not
# continue where it ended, the interval moves: `epoch` is odd during the move,
# and a reader who meets another epoch answers silence.
#
# A reader so late that the writer comes round to it reads frames that are being
# overwritten. It must not be waited for, so its copy is made of whatever it meets
# (ty_copy_shared), and is thrown away: the release fence between giving up and
# overwriting, and the acquire fence between copying and looking again, see to it
# that who has met one new byte also finds its frame given up.

from libc.stdint cimport int64_t, uint32_t

from tympan._rt cimport (
    ty_clear_shared, ty_copy_shared, ty_fence_acquire, ty_fence_release, ty_load_acquire_i64, ty_load_acquire_u32,
    ty_load_i64, ty_load_u32, ty_store_i64, ty_store_release_i64, ty_store_release_u32, ty_store_u32,
)


cdef struct Ring:
    char* data              # 64-byte aligned, capacity * frame_bytes
    int64_t capacity        # frames, a power of two
    size_t frame_bytes
    int64_t reach           # frames that a reader lags behind the writer, beyond two buffers
    uint32_t epoch
    int64_t start           # first valid frame
    int64_t end             # one past the last valid frame


# Where frame `time` is, and in `run` how many frames are contiguous from there.
cdef inline char* ring_slot(const Ring* ring, int64_t time, int64_t* run) noexcept nogil:
    cdef int64_t slot = time & (ring.capacity - 1)      # two's complement: right for negative times too
    run[0] = ring.capacity - slot
    return ring.data + slot * <int64_t>ring.frame_bytes


# Move the interval. ring_move(ring, t, t) forgets everything: a new time line
# starts silent. The writer, or the control thread while no IO runs.
cdef inline void ring_move(Ring* ring, int64_t start, int64_t end) noexcept nogil:
    cdef uint32_t epoch = ty_load_u32(&ring.epoch)
    ty_store_u32(&ring.epoch, epoch + 1)
    ty_fence_release()
    ty_store_i64(&ring.start, start)
    ty_store_i64(&ring.end, end)
    ty_store_release_u32(&ring.epoch, epoch + 2)


cdef inline void ring_fill_silence(Ring* ring, int64_t time, int64_t frames) noexcept nogil:
    cdef int64_t run = 0
    cdef char* slot
    while frames > 0:
        slot = ring_slot(ring, time, &run)
        run = min(run, frames)
        ty_clear_shared(slot, <size_t>run * ring.frame_bytes)
        time += run
        frames -= run


# The writer is about to write [time, time + frames), frames <= capacity.
# A short gap (a few skipped cycles, or what the device's latencies span) is filled with silence, and a short step
# back shortens the interval, so that what was written before can still be read.
# Anything longer starts a new line at `time`.
cdef inline void ring_begin_write(Ring* ring, int64_t time, int64_t frames) noexcept nogil:
    cdef int64_t start = ty_load_i64(&ring.start)
    cdef int64_t end = ty_load_i64(&ring.end)
    cdef int64_t gap = time - end
    cdef int64_t oldest = time + frames - ring.capacity
    if gap > max(4 * frames, 2 * frames + ring.reach) or gap + frames > ring.capacity or time < start:
        ring_move(ring, time, time)
        return
    if gap < 0:
        ring_move(ring, start, time)
    if start < oldest:
        ty_store_i64(&ring.start, min(oldest, time))
        ty_fence_release()      # given up before it is overwritten
    if gap > 0:
        ring_fill_silence(ring, end, gap)


# [.., end) can be read from now on.
cdef inline void ring_end_write(Ring* ring, int64_t end) noexcept nogil:
    ty_store_release_i64(&ring.end, end)


cdef inline void ring_copy_in(Ring* ring, int64_t time, const char* source, int64_t frames) noexcept nogil:
    cdef int64_t run = 0
    cdef char* slot
    while frames > 0:
        slot = ring_slot(ring, time, &run)
        run = min(run, frames)
        ty_copy_shared(slot, source, <size_t>run * ring.frame_bytes)
        source += run * <int64_t>ring.frame_bytes
        time += run
        frames -= run


# What of [time, time + frames) is valid now: first[0] <= last[0], both inside the range.
cdef inline uint32_t ring_valid(
    const Ring* ring, int64_t time, int64_t frames, int64_t* first, int64_t* last
) noexcept nogil:
    cdef uint32_t epoch = ty_load_acquire_u32(&ring.epoch)
    cdef int64_t end = ty_load_acquire_i64(&ring.end)
    cdef int64_t start = ty_load_acquire_i64(&ring.start)
    first[0] = min(max(start, time), time + frames)
    last[0] = max(min(end, time + frames), first[0])
    return epoch


# After the copy: the first frame of it that is still trustworthy (INT64_MAX: none is).
cdef inline int64_t ring_still_valid(const Ring* ring, uint32_t epoch) noexcept nogil:
    ty_fence_acquire()
    if epoch & 1 or ty_load_u32(&ring.epoch) != epoch:
        return <int64_t>0x7FFFFFFFFFFFFFFF
    return ty_load_i64(&ring.start)
