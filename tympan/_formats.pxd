# Stream formats: what the host reads, and what it may set. Header only.

from libc.string cimport memset

from tympan._convert cimport FLOAT32
from tympan._objects cimport Device, Format, Stream
from tympan.coreaudio cimport *


cdef inline void describe_offer(
    const Format* stream, Float64 rate, AudioStreamBasicDescription* format
) noexcept nogil:
    memset(format, 0, sizeof(AudioStreamBasicDescription))
    format.mSampleRate = rate
    format.mFormatID = kAudioFormatLinearPCM
    format.mFormatFlags = kAudioFormatFlagIsPacked
    format.mFormatFlags |= kAudioFormatFlagIsFloat if stream.kind == FLOAT32 else kAudioFormatFlagIsSignedInteger
    format.mFramesPerPacket = 1
    format.mBytesPerPacket = format.mBytesPerFrame = stream.frame_bytes
    format.mChannelsPerFrame = stream.channels
    format.mBitsPerChannel = stream.bits


cdef inline void describe_format(
    const Stream* stream, Float64 rate, AudioStreamBasicDescription* format
) noexcept nogil:
    cdef Format present
    present.kind, present.channels = stream.kind, stream.channels
    present.bits, present.frame_bytes = stream.bits, stream.frame_bytes
    describe_offer(&present, rate, format)


cdef inline bint same_layout(const Format* stream, const AudioStreamBasicDescription* format) noexcept nogil:
    cdef UInt32 kind = kAudioFormatFlagIsFloat if stream.kind == FLOAT32 else kAudioFormatFlagIsSignedInteger
    return (
        format.mFormatID == kAudioFormatLinearPCM
        and format.mFormatFlags == (kind | kAudioFormatFlagIsPacked)
        and format.mBytesPerPacket == stream.frame_bytes
        and format.mFramesPerPacket == 1
        and format.mBytesPerFrame == stream.frame_bytes
        and format.mChannelsPerFrame == stream.channels
        and format.mBitsPerChannel == stream.bits
    )


# Which of its formats this is: 1, 2, ...; 0: none.
cdef inline UInt32 format_number(const Stream* stream, const AudioStreamBasicDescription* format) noexcept nogil:
    cdef UInt32 i
    for i in range(stream.format_count):
        if same_layout(&stream.formats[i], format):
            return i + 1
    return 0


cdef inline bint is_current(const Stream* stream, UInt32 number) noexcept nogil:
    cdef const Format* offered = &stream.formats[number - 1]
    return offered.kind == stream.kind and offered.channels == stream.channels


cdef inline bint offers_rate(const Device* device, Float64 rate) noexcept nogil:
    cdef UInt32 i
    for i in range(device.rate_count):
        if device.rates[i].mMinimum <= rate <= device.rates[i].mMaximum:       # not a NaN
            return True
    return False
