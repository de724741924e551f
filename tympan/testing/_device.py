"""A plug-in's objects as Python sees them: Device, Stream, Client."""

from tympan._errors import UsageError
from tympan.testing import _host
from tympan.testing._io import DeviceIO
from tympan.testing._status import code, host_error, refused

_OPERATIONS = ("thrd", "cycl", "read", "cinp", "pinp", "pout", "mixo", "pmix", "cmix", "rite")
_PLAYED = {"thrd", "cycl", "read", "rite"}


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


class Client:
    """One client (a process with the device open). ``operations`` holds what
    WillDoIOOperation said when it started, by code: (will do, in place)."""

    def __init__(self, device, number, pid, bundle_id):
        self.device = device
        self.id = number
        self.pid = pid
        self.bundle_id = bundle_id
        self.running = False
        self.operations = {}
        self.engine_nominal = 0  # frames of the buffer it chose, once it did
        self.engine = _host.Engine(device.plugin.table, device.id, number)

    def ask_operations(self):
        """WillDoIOOperation for every operation, as the host does before StartIO."""
        for operation in _OPERATIONS:
            status, will, in_place = self.device.plugin.table.will_do(self.device.id, self.id, code(operation))
            if status:
                raise refused(f"WillDoIOOperation for '{operation}'", status)
            self.operations[operation] = (will, in_place)
            if will and operation not in _PLAYED:
                raise host_error(f"the driver wants to do '{operation}', which the simulated host does not play")
            if will and not in_place:
                raise host_error(f"the driver wants '{operation}' not in place, which only other operations may be")
        wills = {operation: answer[0] for operation, answer in self.operations.items()}
        self.engine.operations(wills["read"], wills["rite"], wills["cycl"])


class Device(DeviceIO):
    """One audio device. ``id`` is its AudioObjectID, ``plugin`` the plug-in it belongs to.

    Property attributes ask the driver each time. IO methods are in DeviceIO.
    """

    def __init__(self, plugin, object_id):
        super().__init__()
        self.plugin = plugin
        self.id = object_id
        self.clients = []
        self._next_client = 1

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

    # Clients

    def add_client(self, pid=501, bundle_id="org.example.player"):
        """AddDeviceClient; a new Client."""
        client = Client(self, self._next_client, pid, bundle_id)
        status = self.plugin.table.device_client(True, self.id, client.id, pid, bundle_id)
        if status:
            raise refused(f"AddDeviceClient on object {self.id}", status)
        self._next_client += 1
        self.clients.append(client)
        return client

    def remove_client(self, client):
        """Stop the client if it runs, then RemoveDeviceClient."""
        if client not in self.clients:
            raise UsageError("this client was removed already")
        if client.running:
            self.stop(client)
        self.clients.remove(client)
        status = self.plugin.table.device_client(False, self.id, client.id, client.pid, client.bundle_id)
        if status:
            raise refused(f"RemoveDeviceClient on object {self.id}", status)
