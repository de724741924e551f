# The entries of clients and of devices that a host makes. Any control thread.
# Header only: part of _hal.

from libc.stdint cimport uint32_t

from tympan._core cimport core_of, device_in, enter_call
from tympan._readers cimport ty_leave
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
    cdef uint32_t* inside
    cdef bint exists = device_in(enter_call(ref, device, &inside), device) is not NULL
    ty_leave(inside)
    if not exists:
        return kAudioHardwareBadObjectError
    return kAudioHardwareNoError if client is not NULL else kAudioHardwareIllegalOperationError


cdef inline OSStatus RemoveDeviceClient(
    AudioServerPlugInDriverRef ref, AudioObjectID device, const AudioServerPlugInClientInfo* client
) noexcept nogil:
    return AddDeviceClient(ref, device, client)
