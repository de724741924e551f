"""The declarations of Core Audio against the table measured from Apple's headers."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "tympan" / "coreaudio.h"
ASSERTS = ROOT / "tests" / "abi" / "coreaudio_asserts.c"
TABLE = json.loads((ROOT / "tests" / "data" / "coreaudio_abi.json").read_text())
CC = shlex.split(os.environ.get("CC", "cc"))

#: Apple's older name of a field; the two are one union.
OLD_NAMES = {"mMasterHostTicksPerFrame"}

#: Where the typedef has another name than the struct.
TYPEDEFS = {"mach_timebase_info": "mach_timebase_info_data_t"}

on_our_header = pytest.mark.skipif(sys.platform == "darwin", reason="macOS compiles Apple's headers, not ours")


def declared(pattern, path):
    return re.findall(pattern, path.read_text(), re.MULTILINE)


STRUCTS = declared(r"^struct (\w+) \{", HEADER)
CONSTANTS = declared(r"^    const \w+ (\w+)(?:  #|$)", HEADER.with_suffix(".pxd"))


def fields(struct):
    return [field for field in TABLE["structs"][struct]["fields"] if field[0] not in OLD_NAMES]


def check_asserts(include):
    command = [*CC, f"-I{include}", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", str(ASSERTS)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_generated_files_are_up_to_date():
    command = [sys.executable, str(ROOT / "tools" / "generate_coreaudio.py"), "--check"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_header_has_the_measured_layout():
    result = check_asserts(HEADER.parent)
    assert result.returncode == 0, result.stderr


BREAKS = {
    "four-char code": (
        "kAudioFormatLinearPCM ((UInt32)0x6c70636du)",
        "kAudioFormatLinearPCM ((UInt32)0x6c70634du)",
        "kAudioFormatLinearPCM",
    ),
    "operation code": (
        "IOOperationWriteMix ((UInt32)0x72697465u)",
        "IOOperationWriteMix ((UInt32)0x77697465u)",
        "kAudioServerPlugInIOOperationWriteMix",
    ),
    "status": (
        "E_NOINTERFACE ((HRESULT)0x80000004u)",
        "E_NOINTERFACE ((HRESULT)0x80004002u)",
        "E_NOINTERFACE",
    ),
    "constant missing": (
        "#define kAudioFormatFlagIsFloat ",
        "#define kAudioFormatFlagFloat ",
        "kAudioFormatFlagIsFloat",
    ),
    "fields swapped": (
        "    AudioObjectPropertyScope mScope;\n    AudioObjectPropertyElement mElement;\n",
        "    AudioObjectPropertyElement mElement;\n    AudioObjectPropertyScope mScope;\n",
        "offset of AudioObjectPropertyAddress.mScope",
    ),
    "field missing": (
        "    UInt64 mWordClockTime;\n",
        "",
        "mWordClockTime",
    ),
    "slot missing": (
        "    OSStatus (*AbortDeviceConfigurationChange)",
        "    OSStatus (*Unused[0])",
        "AbortDeviceConfigurationChange",
    ),
    "type width": (
        "typedef uint32_t UInt32;",
        "typedef uint64_t UInt32;",
        "size of UInt32",
    ),
    "type sign": (
        "typedef SInt32 OSStatus;",
        "typedef UInt32 OSStatus;",
        "sign of OSStatus",
    ),
    "HRESULT as long": (
        "typedef SInt32 HRESULT;",
        "typedef long HRESULT;",
        "size of HRESULT",
    ),
    "REFIID by pointer": (
        "typedef CFUUIDBytes REFIID;",
        "typedef const CFUUIDBytes *REFIID;",
        "size of REFIID",
    ),
    "slot signature": (
        "(*GetZeroTimeStamp)(AudioServerPlugInDriverRef, AudioObjectID, UInt32, Float64 *",
        "(*GetZeroTimeStamp)(AudioServerPlugInDriverRef, AudioObjectID, UInt32, Float32 *",
        "type of AudioServerPlugInDriverInterface.GetZeroTimeStamp",
    ),
}


@on_our_header
@pytest.mark.parametrize(("right", "wrong", "complaint"), BREAKS.values(), ids=BREAKS)
def test_a_wrong_header_does_not_compile(tmp_path, right, wrong, complaint):
    text = HEADER.read_text()
    assert text.count(right) == 1
    (tmp_path / HEADER.name).write_text(text.replace(right, wrong))
    result = check_asserts(tmp_path)
    assert result.returncode != 0
    assert complaint in result.stderr


def test_every_declared_field_is_asserted():
    sizes = declared(r"^TYPE\((\w+), ", ASSERTS)
    asserted = declared(r"^FIELD\((\w+), (\w+), ", ASSERTS)
    names = {struct: TYPEDEFS.get(struct, struct) for struct in STRUCTS}
    assert set(names.values()) <= set(sizes)
    assert asserted == [(names[struct], field[0]) for struct in STRUCTS for field in fields(struct)]


def test_every_declared_constant_is_asserted_and_visible_to_cython():
    defined = declared(r"^#define (\w+) \(\(", HEADER)
    assert declared(r"^CONSTANT\((\w+), ", ASSERTS) == defined
    assert defined == CONSTANTS
    assert len(defined) == len(set(defined))


@pytest.mark.parametrize("origin", ["AudioServerPlugIn.h", "AudioHardwareBase.h"])
def test_every_constant_of_the_driver_headers_is_declared(origin):
    assert set(TABLE["constants_by_header"][origin]) <= set(CONSTANTS)


def test_the_driver_interface_has_its_23_slots():
    assert {"AudioServerPlugInDriverInterface", "AudioServerPlugInHostInterface"} <= set(STRUCTS)
    assert len(fields("AudioServerPlugInDriverInterface")) == 23


PROBE = """\
# cython: language_level=3
from tympan.coreaudio cimport *

cdef HRESULT query_interface(void *self, REFIID uuid, LPVOID *out) noexcept nogil:
    return S_OK if tympan_uuid_equal(uuid, tympan_kAudioServerPlugInDriverInterfaceUUID) else E_NOINTERFACE

def ask(bytes uuid):
    cdef AudioServerPlugInDriverInterface table
    cdef REFIID value = tympan_uuid_bytes(uuid)
    cdef HRESULT status
    table.QueryInterface = query_interface
    with nogil:
        status = table.QueryInterface(NULL, value, NULL)
    return status

"""


def probe_source():
    """A module that reports what Cython code sees of each struct, constant and UUID."""
    rows = []
    for struct in STRUCTS:
        name = TYPEDEFS.get(struct, struct)
        rows.append(f"    yield '{struct}', sizeof({name})")
        for field, _, _ in fields(struct):
            place = f"&(<{name} *>NULL).{field}"
            rows.append(f"    yield '{struct}.{field}', (<size_t>{place}, sizeof((<{name} *>NULL).{field}))")
    rows += [f"    yield '{name}', {name}" for name in CONSTANTS]
    rows += [f"    yield '{name}', (<const char *>tympan_{name})[:16]" for name in TABLE["uuids"]]
    return PROBE + "def seen():\n" + "\n".join(rows) + "\n"


def compile_module(source):
    subprocess.run([sys.executable, "-m", "cython", "-I", str(ROOT), str(source)], check=True)
    target = source.with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))
    kind = ["-bundle", "-undefined", "dynamic_lookup"] if sys.platform == "darwin" else ["-shared", "-fPIC"]
    includes = [f"-I{HEADER.parent}", f"-I{sysconfig.get_paths()['include']}"]
    # Where the pxd and the header disagree about a signature, a C compiler may only warn.
    strict = ["-Werror=incompatible-pointer-types", "-Werror=int-conversion"]
    command = [*CC, *kind, *strict, *includes, "-std=c11", str(source.with_suffix(".c")), "-o", str(target)]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return target


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    source = tmp_path_factory.mktemp("abi") / "abi_probe.pyx"
    source.write_text(probe_source())
    spec = importlib.util.spec_from_file_location("abi_probe", compile_module(source))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def expected():
    for struct in STRUCTS:
        yield struct, TABLE["structs"][struct]["size"]
        for field, offset, size in fields(struct):
            yield f"{struct}.{field}", (offset, size)
    for name in CONSTANTS:
        yield name, TABLE["constants"][name]
    for name, text in TABLE["uuids"].items():
        yield name, bytes.fromhex(text.replace("-", ""))


def test_cython_sees_the_measured_values(probe):
    assert dict(probe.seen()) == dict(expected())


def test_a_uuid_travels_by_value_through_an_interface_slot(probe):
    uuids = {name: bytes.fromhex(text.replace("-", "")) for name, text in TABLE["uuids"].items()}
    assert probe.ask(uuids["kAudioServerPlugInDriverInterfaceUUID"]) == TABLE["constants"]["S_OK"]
    assert probe.ask(uuids["kAudioServerPlugInTypeUUID"]) == TABLE["constants"]["E_NOINTERFACE"]
