"""A device and its streams, as their properties describe them."""


class Stream:
    """One stream of a device. ``id`` is its AudioObjectID."""

    def __init__(self, device, object_id):
        self.device = device
        self.id = object_id

    @property
    def direction(self):
        """'inpt' or 'outp' (kAudioStreamPropertyDirection)."""
        return "inpt" if self.device.plugin.get_uint32(self, "sdir") == 1 else "outp"

    @property
    def format(self):
        """The physical format, a StreamFormat (kAudioStreamPropertyPhysicalFormat)."""
        return self.device.plugin.get_format(self, "pft ")

    @property
    def formats(self):
        """Available physical formats: (StreamFormat, minimum rate, maximum rate) each."""
        return self.device.plugin.get_formats(self, "pfta")

    @property
    def is_active(self):
        """kAudioStreamPropertyIsActive."""
        return bool(self.device.plugin.get_uint32(self, "sact"))

    @property
    def first_channel(self):
        """1-based channel of the device (kAudioStreamPropertyStartingChannel)."""
        return self.device.plugin.get_uint32(self, "schn")

    @property
    def latency(self):
        """Frames, on top of the device's (kAudioStreamPropertyLatency)."""
        return self.device.plugin.get_uint32(self, "ltnc")

    @property
    def terminal(self):
        """Terminal type such as 'line' (kAudioStreamPropertyTerminalType)."""
        return self.device.plugin.get_code(self, "term")

    def set_format(self, stream_format):
        """SetPropertyData of the physical format, then let the host settle."""
        self.device.plugin.set(self, "pft ", stream_format.pack())
        self.device.plugin.hal.pump()


class DeviceProperties:
    """What a device says of itself; every attribute asks the driver anew."""

    def __init__(self, plugin, object_id):
        self.plugin = plugin
        self.id = object_id

    def __repr__(self):
        return f"<Device {self.id}>"

    @property
    def uid(self):
        """kAudioDevicePropertyDeviceUID."""
        return self.plugin.get_string(self, "uid ")

    @property
    def name(self):
        """kAudioObjectPropertyName."""
        return self.plugin.get_string(self, "lnam")

    @property
    def manufacturer(self):
        """kAudioObjectPropertyManufacturer."""
        return self.plugin.get_string(self, "lmak")

    @property
    def sample_rate(self):
        """Hz (kAudioDevicePropertyNominalSampleRate)."""
        return self.plugin.get_float64(self, "nsrt")

    @property
    def sample_rates(self):
        """Ranges in Hz, (minimum, maximum) each (kAudioDevicePropertyAvailableNominalSampleRates)."""
        return self.plugin.get_ranges(self, "nsr#")

    @property
    def is_running(self):
        """kAudioDevicePropertyDeviceIsRunning."""
        return bool(self.plugin.get_uint32(self, "goin"))

    @property
    def period(self):
        """Frames from one zero time stamp to the next (kAudioDevicePropertyZeroTimeStampPeriod)."""
        return self.plugin.get_uint32(self, "ring")

    def latency(self, scope):
        """Frames for "inpt" or "outp": the device's and its first stream's (kAudioDevicePropertyLatency)."""
        streams = self.streams(scope)
        return self.plugin.get_uint32(self, "ltnc", scope) + (streams[0].latency if streams else 0)

    def safety_offset(self, scope):
        """Frames for "inpt" or "outp" (kAudioDevicePropertySafetyOffset)."""
        return self.plugin.get_uint32(self, "saft", scope)

    def streams(self, scope="glob"):
        """The streams of "inpt", "outp" or both ("glob") (kAudioDevicePropertyStreams)."""
        return [Stream(self, number) for number in self.plugin.get_ids(self, "stm#", scope)]

    def channels(self, scope):
        """Channels of "inpt" or "outp"; those of an inactive stream are silent."""
        return sum(stream.format.channels for stream in self.streams(scope))

    def set_sample_rate(self, rate):
        """Set the nominal rate in Hz, then let the configuration change happen (hal.pump)."""
        self.plugin.set_float64(self, "nsrt", rate)
        self.plugin.hal.pump()
