# The gain of the controls that the core applies to what is played: one ramp per
# output stream, or one per channel. The targets are set by control threads, with
# the core's `values` mutex, or before anybody knows the graph; the ramps belong to the thread that does WriteMix.

from libc.stddef cimport size_t

from tympan._controls cimport as_float
from tympan._objects cimport Control, Device, Stream
from tympan._rt cimport ty_load_acquire_u32
from tympan.coreaudio cimport (
    UInt32, kAudioLevelControlClassID, kAudioObjectPropertyScopeOutput, kAudioPhaseInvertControlClassID,
    kAudioStereoPanControlClassID,
)


cdef extern from "_ramp.h" nogil:
    ctypedef struct ty_ramp:
        double length           # frames
    void ty_ramp_aim(ty_ramp* ramp, double target) noexcept
    void ty_ramp_reset(ty_ramp* ramp) noexcept
    void ty_ramp_fill(ty_ramp* ramp, float* values, size_t frames) noexcept


# What one control does to a channel of the device, counted from 1.
cdef inline double gain_for(const Control* control, UInt32 channel) noexcept nogil:
    cdef double place
    if control.family == kAudioStereoPanControlClassID:
        place = as_float(ty_load_acquire_u32(&control.state.value))
        if channel == control.bounds[0]:
            return min(1.0, 2 * (1 - place))
        return min(1.0, 2 * place) if channel == control.bounds[1] else 1.0
    if control.element != 0 and control.element != channel:
        return 1.0
    if control.family == kAudioLevelControlClassID:
        return as_float(ty_load_acquire_u32(&control.state.gain))
    if ty_load_acquire_u32(&control.state.value) == 0:
        return 1.0
    return -1.0 if control.class_id == kAudioPhaseInvertControlClassID else 0.0


# Control thread: the ramps follow what the controls say now.
cdef inline void aim(Device* device) noexcept nogil:
    cdef UInt32 i, j, k, channel = 1
    cdef Stream* stream
    cdef double gain
    for i in range(device.output_count):
        stream = &device.outputs[i]
        for j in range(stream.ramp_count):
            gain = 1.0
            for k in range(device.control_count):
                if device.controls[k].applied:
                    gain *= gain_for(&device.controls[k], channel + j)
            ty_ramp_aim(&(<ty_ramp*>stream.ramps)[j], gain)
        channel += stream.channels


# Control thread, while no IO runs: as loud as they say from the first frame, and 20 ms for a change.
cdef inline void settle(Device* device, double rate) noexcept nogil:
    cdef UInt32 i, j
    for i in range(device.output_count):
        for j in range(device.outputs[i].ramp_count):
            (<ty_ramp*>device.outputs[i].ramps)[j].length = 0.02 * rate
            ty_ramp_reset(&(<ty_ramp*>device.outputs[i].ramps)[j])


# IO thread: `width` samples of each frame, which are `stride` samples apart. Loops of the core itself, not
# ty_ramp_apply's, so that the check of the machine code knows why they end.
cdef inline void multiply_frames(
    ty_ramp* ramp, float* output, const float* source, size_t frames, size_t width, size_t stride
) noexcept nogil:
    cdef float[64] values
    cdef size_t part, i, c
    while frames > 0:
        part = min(frames, <size_t>64)
        ty_ramp_fill(ramp, values, part)
        for i in range(part):
            for c in range(width):
                output[i * stride + c] = values[i] * source[i * stride + c]
        output += part * stride
        source += part * stride
        frames -= part


# IO thread: interleaved float32 of the stream's channels.
cdef inline void apply_gain(const Stream* stream, float* output, const float* source, size_t frames) noexcept nogil:
    cdef ty_ramp* ramps = <ty_ramp*>stream.ramps
    cdef UInt32 i
    if stream.ramp_count == 1:
        multiply_frames(ramps, output, source, frames, stream.channels, stream.channels)
        return
    for i in range(stream.ramp_count):
        multiply_frames(&ramps[i], output + i, source + i, frames, 1, stream.channels)
