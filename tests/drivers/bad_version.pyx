# expect: error: bad_version.pyx: Version.VERSION is '1.0-beta'
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class Version(Driver):
    """A version that Info.plist cannot hold."""

    NAME, MANUFACTURER, VERSION = "Version", "tympan", "1.0-beta"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.Version", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
