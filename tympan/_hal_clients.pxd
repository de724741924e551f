# The entries of clients and of devices that a host makes. Any control thread.
# Header only: part of _hal.

from tympan._core cimport core_of, device_in, graph_of
from tympan.coreaudio cimport *


cdef inline OSStatus CreateDevice(
    AudioServerPlugInDriverRef ref, CFDictionaryRef description,
    const AudioServerPlugInClientInfo* client, AudioObjectID* out
) noexcept nogil:
    if out is not NULL:
        out[0] = kAudioObjectUnknown
    if core_of(ref) is NULL:
        return kAudioHardwareBadObjectError
    return kAudioHardwareUnsupportedOperationError      # not a transport manager


cdef inline OSStatus DestroyDevice(AudioServerPlugInDriverRef ref, AudioObjectID device) noexcept nogil:
    return kAudioHardwareBadObjectError if core_of(ref) is NULL else kAudioHardwareUnsupportedOperationError


# Clients are counted by the host, and StartIO is counted per device, so there
# is nothing to keep of them: an unknown client can do no harm.
cdef inline OSStatus AddDeviceClient(
    AudioServerPlugInDriverRef ref, AudioObjectID device, const AudioServerPlugInClientInfo* client
) noexcept nogil:
    if device_in(graph_of(ref), device) is NULL:
        return kAudioHardwareBadObjectError
    return kAudioHardwareNoError if client is not NULL else kAudioHardwareIllegalOperationError


cdef inline OSStatus RemoveDeviceClient(
    AudioServerPlugInDriverRef ref, AudioObjectID device, const AudioServerPlugInClientInfo* client
) noexcept nogil:
    return AddDeviceClient(ref, device, client)
