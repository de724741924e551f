"""Run in a child process by path: ask Core Audio for its devices and print them as JSON.

A script of its own, because a call to coreaudiod may never return: who starts it
can end it. ``python probe.py [--libraries COREAUDIO COREFOUNDATION] [UID ...]``. Not yet run on a Mac.
"""

import ctypes
import json
import struct
import sys
from ctypes import byref, c_bool, c_char_p, c_int32, c_long, c_uint32, c_void_p

FRAMEWORK = "/System/Library/Frameworks/{0}.framework/{0}"
SYSTEM_OBJECT = 1  # kAudioObjectSystemObject
UTF8 = 0x08000100  # kCFStringEncodingUTF8


def code(text):
    """A four-character code as Core Audio's number."""
    return int.from_bytes(text.encode("ascii"), "big")


class Address(ctypes.Structure):
    """AudioObjectPropertyAddress."""

    _fields_ = [("selector", c_uint32), ("scope", c_uint32), ("element", c_uint32)]


class CoreAudio:
    """The few calls that are needed."""

    def __init__(self, audio, foundation):
        self.audio, self.foundation = ctypes.CDLL(audio), ctypes.CDLL(foundation)
        qualifier = [c_uint32, c_void_p]
        self.audio.AudioObjectGetPropertyDataSize.argtypes = [c_uint32, c_void_p, *qualifier, c_void_p]
        self.audio.AudioObjectGetPropertyData.argtypes = [c_uint32, c_void_p, *qualifier, c_void_p, c_void_p]
        for name in ("AudioObjectGetPropertyDataSize", "AudioObjectGetPropertyData"):
            getattr(self.audio, name).restype = c_int32
        self.foundation.CFStringGetCString.argtypes = [c_void_p, c_char_p, c_long, c_uint32]
        self.foundation.CFStringGetCString.restype = c_bool
        self.foundation.CFStringCreateWithCString.argtypes = [c_void_p, c_char_p, c_uint32]
        self.foundation.CFStringCreateWithCString.restype = c_void_p
        self.foundation.CFRelease.argtypes = [c_void_p]
        self.foundation.CFRelease.restype = None

    def get(self, owner, selector, scope="glob"):
        """The bytes of a property, or None."""
        address, size = Address(code(selector), code(scope), 0), c_uint32()
        if self.audio.AudioObjectGetPropertyDataSize(owner, byref(address), 0, None, byref(size)):
            return None
        data = ctypes.create_string_buffer(max(size.value, 1))
        if self.audio.AudioObjectGetPropertyData(owner, byref(address), 0, None, byref(size), data):
            return None
        return data.raw[: size.value]

    def find(self, uid):
        """The device with this UID, hidden or not (kAudioHardwarePropertyTranslateUIDToDevice), or 0."""
        address, found, size = Address(code("uidd"), code("glob"), 0), c_uint32(), c_uint32(4)
        reference = c_void_p(self.foundation.CFStringCreateWithCString(None, uid.encode("utf-8"), UTF8))
        failed = self.audio.AudioObjectGetPropertyData(
            SYSTEM_OBJECT, byref(address), 8, byref(reference), byref(size), byref(found)
        )
        self.foundation.CFRelease(reference)
        return 0 if failed else found.value

    def number(self, owner, selector):
        """A UInt32, or None."""
        data = self.get(owner, selector)
        return struct.unpack("=I", data)[0] if data is not None and len(data) == 4 else None

    def rate(self, owner):
        """The nominal rate in Hz, or None."""
        data = self.get(owner, "nsrt")
        return struct.unpack("=d", data)[0] if data is not None and len(data) == 8 else None

    def text(self, owner, selector):
        """A CFString, which is the caller's to release, or None."""
        data = self.get(owner, selector)
        reference = struct.unpack("=Q", data)[0] if data is not None and len(data) == 8 else 0
        if not reference:
            return None
        found = ctypes.create_string_buffer(4096)
        is_text = self.foundation.CFStringGetCString(reference, found, len(found), UTF8)
        self.foundation.CFRelease(reference)
        return found.value.decode("utf-8") if is_text else None

    def channels(self, device, scope):
        """The channels of one direction: an AudioBufferList (its buffers begin at byte 8, 16 bytes each)."""
        data = self.get(device, "slay", scope) or b""
        count = struct.unpack_from("=I", data)[0] if len(data) >= 4 else 0
        fits = min(count, max(len(data) - 8, 0) // 16)
        return sum(struct.unpack_from("=I", data, 8 + 16 * index)[0] for index in range(fits))

    def device(self, device):
        """What `install` compares and `doctor` explains."""
        return {
            "UID": self.text(device, "uid "),
            "Name": self.text(device, "lnam"),
            "Manufacturer": self.text(device, "lmak"),
            "InputChannels": self.channels(device, "inpt"),
            "OutputChannels": self.channels(device, "outp"),
            "Rate": self.rate(device),
            "Hidden": self.number(device, "hidn"),
            "Alive": self.number(device, "livn"),
        }


def devices(core, uids=()):
    """Every device that Core Audio lists, and those with ``uids`` that are there and say that they are hidden."""
    data = core.get(SYSTEM_OBJECT, "dev#")
    if data is None:
        sys.exit("Core Audio does not answer: kAudioHardwarePropertyDevices")
    listed = [number for (number,) in struct.iter_unpack("=I", data[: len(data) // 4 * 4])]
    others = [number for number in map(core.find, uids) if number and number not in listed]
    return [core.device(number) for number in (*listed, *others)]


def main(arguments):
    """Frameworks of the system, unless other libraries are given."""
    libraries = [FRAMEWORK.format("CoreAudio"), FRAMEWORK.format("CoreFoundation")]
    if arguments[:1] == ["--libraries"]:
        libraries, arguments = arguments[1:3], arguments[3:]
    print(json.dumps(devices(CoreAudio(*libraries), arguments)))


if __name__ == "__main__":
    main(sys.argv[1:])
