"""What drivers import: every symbol of the header is there, and docs/platform.md says which ones drivers use."""

import ctypes
import re
import sys
from pathlib import Path

import pytest
from platform_binaries import FOLDERS, clang, shared
from platform_library import HEADER, UUIDBytes, clean, lib, take_text, text_of

from tympan.testing import _platform, _values

__all__ = ["clean"]
HERE, PAGE = Path(__file__).parent, Path(__file__).parent.parent / "docs" / "platform.md"
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has Apple's libraries")


def declared(inside_blocks=False):
    """The symbols of the header's extern declarations, functions and variables."""
    before, blocks, after = re.split(r"#ifdef __BLOCKS__|#endif /\* __BLOCKS__ \*/", HEADER.read_text())
    text = blocks if inside_blocks else before + after
    return re.findall(r"^extern [^;(]*?(\w+)(?=\(|;)", text, re.MULTILINE)


def rows():
    """(symbols, who uses them, state) of each row of the page's table of symbols."""
    table = re.findall(r"^\| (`[^|]+) \| ([^|]*) \| (done|not done)[^|]* \|$", PAGE.read_text(), re.MULTILINE)
    return [(re.findall(r"`(\w+)`", symbols), users, state) for symbols, users, state in table]


DONE = [symbol for symbols, _, state in rows() if state == "done" for symbol in symbols]
MISSING = [symbol for symbols, _, state in rows() if state == "not done" for symbol in symbols]


def test_the_page_has_every_symbol_once_and_no_other():
    private = {"_dispatch_queue_attr_concurrent", "_dispatch_source_type_timer", "_dispatch_main_q", "tympan_os_log"}
    runtime = {"_NSConcreteStackBlock", "_NSConcreteGlobalBlock", "_Block_object_assign", "_Block_object_dispose"}
    listed = DONE + MISSING
    assert sorted(listed) == sorted(set(listed))
    assert set(DONE) - runtime - {"__CFConstantStringClassReference"} == set(declared() + declared(True)) - private


def test_what_is_not_done_is_not_there():
    everything = ctypes.CDLL(None)
    assert [symbol for symbol in MISSING if hasattr(everything, symbol)] == []


@pytest.mark.parametrize("compiler", ["cc", "clang"])
def test_every_symbol_compiles_links_and_loads(compiler, tmp_path):
    """The address of each, taken by a C file that includes coreaudio.h as a driver does."""
    own = None if compiler == "cc" else clang()
    symbols = declared() + (declared(True) if own else [])
    lines = ['#include "coreaudio.h"', "extern int __CFConstantStringClassReference[];", "const void *all[] = {"]
    lines += [f"    (const void *)&{symbol}," for symbol in [*symbols, "__CFConstantStringClassReference"]]
    source = tmp_path / "all.c"
    source.write_text("\n".join([*lines, "    0};", ""]))
    library = shared(source, tmp_path / "all.so", *(["-fblocks"] if own else []), compiler=own)
    addresses = (ctypes.c_void_p * len(symbols)).in_dll(library, "all")
    assert all(addresses)


def test_what_the_page_says_is_done_is_exported():
    library = ctypes.CDLL(_platform.__file__)
    assert [symbol for symbol in DONE if not hasattr(library, symbol)] == []


def test_cplusplus_may_include_the_header(tmp_path):
    import subprocess

    source = tmp_path / "driver.cpp"
    source.write_text('#include "coreaudio.h"\nCFTypeRef hold(CFStringRef s) { return CFRetain(s); }\n')
    subprocess.run(["c++", *FOLDERS, "-fsyntax-only", "-Wall", "-Werror", str(source)], check=True)


# --- code as it is in drivers ------------------------------------------------------------


@pytest.fixture(scope="module", params=["cc", "clang"])
def field(request, tmp_path_factory):
    compiler = clang() if request.param == "clang" else None
    library = shared(HERE / "platform" / "field.c", tmp_path_factory.mktemp("f") / "field.so", compiler=compiler)
    for name in ("field_factory", "field_uid", "field_constant", "field_icon"):
        getattr(library, name).restype = ctypes.c_void_p
    library.field_factory.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.field_setting.argtypes = [ctypes.c_void_p]
    return library


def test_a_factory_compares_constant_uuids(field):
    uuid = UUIDBytes((ctypes.c_uint8 * 16)(*bytes.fromhex("443ABAB8E7B3491AB985BEB9187030DB")))
    wanted = lib.CFUUIDCreateFromUUIDBytes(None, uuid)
    assert field.field_factory(None, wanted)
    lib.CFRelease(wanted)
    unknown = UUIDBytes((ctypes.c_uint8 * 16)(*range(16)))
    interface = UUIDBytes((ctypes.c_uint8 * 16)(*bytes.fromhex("EEA5773DCC4349F18E008F96E7D23B17")))
    assert [field.field_has_interface(part) for part in (unknown, interface)] == [0, 1]


@pytest.mark.parametrize(("value", "answer"), [(True, 1), (False, 0), (5, 1), (0, 0), (0.0, 0), ("text", 0), (None, 0)])
def test_a_setting_of_any_type(field, value, answer):
    address = _values.to_cf(value)
    assert field.field_setting(address) == answer
    lib.CFRelease(address)
    assert field.field_setting(None) == -1


def test_constants_of_the_compiler_are_strings_that_live_for_ever(field):
    """Clang's are in the binary itself, unknown to the platform until they are first used."""
    constant = field.field_constant()
    for _ in range(3):
        lib.CFRelease(constant)
    assert (text_of(constant), _platform.kind_of(constant)) == ("a constant", "string")
    assert lib.CFGetRetainCount(constant) > 2**31
    assert lib.CFStringGetCStringPtr(constant, 0x0600) == b"a constant"
    assert take_text(field.field_uid(16)) == "Black16ch_UID"


def test_an_icon_of_a_bundle_that_the_host_added(field, tmp_path):
    (tmp_path / "Contents" / "Resources").mkdir(parents=True)
    (tmp_path / "Contents" / "Resources" / "DeviceIcon.icns").write_bytes(b"icns")
    identifier = f"org.example.{tmp_path.name}"
    assert field.field_icon(identifier.encode()) is None
    _values.add_bundle(tmp_path, {"CFBundleIdentifier": identifier})
    url = field.field_icon(identifier.encode())
    assert _values.from_cf(url) == "file://" + str(tmp_path / "Contents" / "Resources" / "DeviceIcon.icns")
    lib.CFRelease(url)


# --- blocks --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def blocks(tmp_path_factory):
    target = tmp_path_factory.mktemp("b") / "blocks.so"
    library = shared(HERE / "platform" / "blocks.c", target, "-fblocks", compiler=clang())
    library.blocks_constant.restype = ctypes.c_void_p
    library.blocks_run.argtypes = library.blocks_start_timer.argtypes = [ctypes.c_void_p]
    return library


def test_blocks_on_queues(blocks):
    _platform.set_clock(True)
    _platform.set_time(10)
    queue = lib.dispatch_queue_create(b"blocks", None)
    blocks.blocks_run(queue)
    assert blocks.blocks_sum() == 4 + 16 + 32, "what is queued, was done before what is waited for"
    _platform.pump()
    assert blocks.blocks_sum() == 1 + 4 + 16 + 32
    _platform.advance(2_000_000_000)
    _platform.pump()
    assert blocks.blocks_sum() == 1 + 2 + 4 + 16 + 32
    blocks.blocks_start_timer(queue)
    for _ in range(3):
        _platform.pump()
        _platform.advance(500_000_000)
    blocks.blocks_stop_timer()
    _platform.pump()
    assert blocks.blocks_sum() == 55 + 3000 + 1000000
    lib.dispatch_release(queue)


def test_copied_blocks_share_their_variables(blocks):
    assert [blocks.blocks_copied() for _ in range(3)] == [3, 3, 3]


def test_what_a_block_captured_lives_on_with_its_copy(blocks):
    blocks.blocks_keep()
    assert blocks.blocks_forget() == 0x55
    assert [blocks.blocks_call_kept() for _ in range(2)] == [41, 42]
    blocks.blocks_drop_kept()


def test_wide_constants(blocks):
    assert [text_of(blocks.blocks_constant(wide)) for wide in (0, 1)] == ["narrow", "wide ü"]


def test_a_caller_in_a_binary_is_named(field):
    """The ledger tells by which function of which binary an object was made."""
    mark = _platform.mark()
    string = field.field_uid(3)
    (made,) = _platform.objects(mark)
    assert re.fullmatch(r"field_uid\+0x[0-9a-f]+ in field\.so", made.caller)
    lib.CFRelease(string)
