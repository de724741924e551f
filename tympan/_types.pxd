# Plain C structures that a driver's IO methods see. No objects, no functions.
#
# The four-character codes are Core Audio's (AudioServerPlugIn.h);
# tests/test_abi.py compares each with the table measured from Apple's headers.

from libc.stdint cimport int64_t, uint32_t, uint64_t


# The IO operation a call of process_io belongs to
# (kAudioServerPlugInIOOperationReadInput, ...WriteMix).
cdef enum IoOperation:
    READ_INPUT = 0x72656164     # 'read': audio leaves the device to a client
    WRITE_MIX = 0x72697465      # 'rite': the host's mix enters the device


# The cycle a call of process_io belongs to. Valid only during the call; that
# a function takes one says that it runs on the IO thread.
cdef struct RealtimeContext:
    int64_t sample_time         # frames on the device's time line, of the first frame of the buffer
    uint64_t host_time          # mach ticks at which that frame is due
    double sample_rate          # Hz, nominal (kAudioDevicePropertyNominalSampleRate)
    uint64_t cycle              # mIOCycleCounter: 1, 2, ... since the client started, 1 again after a resync
    uint32_t client_id          # mClientID; 0 is the host itself
    uint32_t nominal_frames     # mNominalIOBufferFrameSize; `frames` of the buffer may differ


# What a control of the device is set to; read it through a Control. Atomic.
cdef struct ControlState:
    uint32_t value              # a level's or pan's Float32 by its bits; else the number
    uint32_t gain               # a level's linear gain, a float32 by its bits


# The audio of one call: `frames` x `channels` interleaved samples.
# `input` and `output` may be the same memory, and are never NULL.
cdef struct IoBuffer:
    const float* input          # float32, nominally -1 ... 1; zeros where the device has no such source
    float* output               # float32, every sample must be written
    size_t frames               # any number from 1 up; not constant from call to call
    size_t channels
    IoOperation operation
    const void* input_bytes     # the same audio in the stream's own format, where the driver
    void* output_bytes          # declares IO_FORMAT = "native"; else equal to input and output
    size_t bytes_per_frame      # of input_bytes and output_bytes
    uint32_t device             # whose audio it is: 0, 1, ... as devices() lists them
    uint32_t stream             # which stream of its direction: 0, 1, ... as the DeviceSpec lists them
