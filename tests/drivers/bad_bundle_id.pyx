# expect: error: bad_bundle_id.pyx: BundleId.BUNDLE_ID is 'my driver'
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver, IoBuffer, RealtimeContext


cdef class BundleId(Driver):
    """A bundle identifier with a space."""

    NAME, MANUFACTURER, VERSION = "BundleId", "tympan", "1.0"

    BUNDLE_ID = "my driver"

    def device(self):
        stereo = StreamFormat.float32(48_000.0, channels=2)
        return DeviceSpec("com.example.bad.BundleId", self.NAME, self.MANUFACTURER).with_output(StreamSpec.output(stereo))
