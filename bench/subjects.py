"""What is measured: the memcpy floor in C, and tympan's loopback, gain and lowpass as finished bundles."""

import plistlib
import subprocess
from pathlib import Path

from tympan.bundle import build_bundle, cache, compile, toolchain
from tympan.bundle.toolchain import compiler

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
CHANNELS = (2, 16, 64)
OBJECT_COUNTS = (1, 64)  # devices, with 16 controls each
FLOOR_UUID = "5B2F1A0E-0000-4000-8000-0000000000{:02X}"
PLUG_IN_TYPE = "443ABAB8-E7B3-491A-B985-BEB9187030DB"

LOOPBACK = '''
from tympan import DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver


cdef class Loopback{channels}(Driver):
    NAME, MANUFACTURER, VERSION = "Loopback", "tympan", "0.1.0"

    def device(self):
        form = StreamFormat.float32(48_000.0, channels={channels})
        return (DeviceSpec("com.example.bench.Loopback{channels}", self.NAME, self.MANUFACTURER)
                .with_output(StreamSpec.output(form))
                .with_input(StreamSpec.input(form)))
'''

OBJECTS = '''
from tympan import ControlSpec, DeviceSpec, StreamFormat, StreamSpec
from tympan cimport Driver


cdef class Objects{count}(Driver):
    NAME, MANUFACTURER, VERSION = "Objects", "tympan", "0.1.0"

    def one(self, number):
        form = StreamFormat.float32(48_000.0, channels=2)
        spec = DeviceSpec(f"com.example.bench.Objects{count}.n{{number}}", self.NAME, self.MANUFACTURER)
        spec = spec.with_output(StreamSpec.output(form)).with_input(StreamSpec.input(form))
        for control in range(16):
            spec = spec.with_control(ControlSpec.slider(0, 100, name=f"slider {{control}}"))
        return spec

    def devices(self):
        return [self.one(number) for number in range({count})]
'''


def floor_bundle(folder, channels):
    """bench/floor.c with so many channels, in the layout of a .driver."""
    bundle = folder / f"Floor{channels}.driver"
    binary = bundle / "Contents" / "MacOS" / "Floor"
    binary.parent.mkdir(parents=True)
    include = HERE.parent / "tympan"
    flags = ["-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", f"-I{include}", f"-DCHANNELS={channels}"]
    uid = f'-DFLOOR_UID="org.tympan.floor{channels}"'
    subprocess.run([*compiler(), *flags, uid, str(HERE / "floor.c"), "-o", str(binary)], check=True)
    uuid = FLOOR_UUID.format(channels)
    info = {
        "CFBundleExecutable": "Floor",
        "CFBundleIdentifier": f"org.tympan.floor{channels}",
        "CFBundlePackageType": "BNDL",
        "CFPlugInFactories": {uuid: "FloorFactory"},
        "CFPlugInTypes": {PLUG_IN_TYPE: [uuid]},
    }
    (bundle / "Contents" / "Info.plist").write_bytes(plistlib.dumps(info))
    return bundle


def objects_bundle(folder, count):
    """A loopback of so many devices with 16 controls each."""
    source = folder / f"objects{count}.pyx"
    source.write_text(OBJECTS.format(count=count))
    return build_bundle(source, folder)


def loopback_bundle(folder, channels):
    """A driver without process_io, with so many channels, made by the bundler."""
    source = folder / f"loopback{channels}.pyx"
    source.write_text(LOOPBACK.format(channels=channels))
    return build_bundle(source, folder)


#: The functions of loops.pyx, and what each of them does once.
PRIMITIVES = {
    "parameter_get": "`Parameter.get`",
    "parameter_set": "`Parameter.set`",
    "next_settled": "`SmoothedParameter.next`, no ramp",
    "next_on_a_ramp": "`SmoothedParameter.next`, linear ramp",
    "next_exponential": "`SmoothedParameter.next`, exponential ramp",
    "apply_settled": "`SmoothedParameter.apply`, 512 stereo frames, no ramp",
    "apply_on_a_ramp": "`SmoothedParameter.apply`, 512 stereo frames, linear ramp",
    "sample_ring": "`SampleRing.push` and `pop`, 512 stereo frames",
    "struct_ring": "`StructRing.push` and `pop`, 16 bytes",
    "double_buffer_load": "`DoubleBuffer.load`, 96 bytes",
    "double_buffer_acquire": "`DoubleBuffer.acquire` and `release`",
    "log_try_push": "`LogSink.try_push`, 16 bytes, and taking it out again",
    "log_try_push_when_full": "`LogSink.try_push` when the queue is full",
}


def primitives():
    """The module loops.pyx, compiled once."""
    source = HERE / "loops.pyx"

    def make(output):
        built = output.with_suffix(".o")
        compile.cython_object(source, "loops", HERE, built)
        toolchain.run_checked([*compiler(), "-shared", built, "-o", output], "linking loops")

    return compile.load("loops", cache.stored(f"loops-{cache.key(compile.core_key(), source)}/loops.so", make))


def build_all(folder):
    """Every subject; {name: path of its bundle}."""
    folder = Path(folder)
    paths = {}
    for channels in CHANNELS:
        paths[f"floor {channels}"] = floor_bundle(folder, channels)
        paths[f"tympan {channels}"] = loopback_bundle(folder, channels)
    for count in OBJECT_COUNTS:
        paths[f"objects {count}"] = objects_bundle(folder, count)
    paths["gain"] = build_bundle(EXAMPLES / "gain", folder)
    primitives()
    paths["lowpass"] = build_bundle(EXAMPLES / "lowpass", folder)
    return {name: str(path) for name, path in paths.items()}
