"""CFURL and CFBundle, after Apple's CFURL Reference and Bundle Programming Guide; icons as drivers ask for them."""

import ctypes
import plistlib

import pytest
from platform_library import UTF8, clean, lib, make, take_text, text_of, told

from tympan.testing import _platform, _values

__all__ = ["clean"]
POSIX, WINDOWS = 0, 2


def released(*made):
    for part in made:
        lib.CFRelease(part)


def url_of(text, base=None):
    data = text.encode()
    return lib.CFURLCreateWithBytes(None, data, len(data), UTF8, base)


def path_of(url):
    """CFURLGetFileSystemRepresentation, or None."""
    buffer = ctypes.create_string_buffer(256)
    return buffer.value.decode() if lib.CFURLGetFileSystemRepresentation(url, 1, buffer, 256) else None


# --- URLs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "folder", "text"),
    [
        ("/tmp/icon.icns", 0, "file:///tmp/icon.icns"), ("/a b/ü%?.icns", 0, "file:///a%20b/%C3%BC%25%3F.icns"),
        ("/Library", 1, "file:///Library/"), ("/", 1, "file:///"),
    ],
)  # fmt: skip
def test_from_a_path_and_back(path, folder, text):
    data, string = path.encode(), make(path)
    first = lib.CFURLCreateFromFileSystemRepresentation(None, data, len(data), folder)
    second = lib.CFURLCreateWithFileSystemPath(None, string, POSIX, folder)
    for url in (first, second):
        assert text_of(lib.CFURLGetString(url)) == text
        assert path_of(url) == path
        assert take_text(lib.CFURLCopyFileSystemPath(url, POSIX)) == path
        assert bool(lib.CFURLHasDirectoryPath(url)) == bool(folder)
    assert lib.CFEqual(first, second) and lib.CFHash(first) == lib.CFHash(second)
    assert lib.CFGetTypeID(first) == lib.CFURLGetTypeID()
    released(first, second, string)


@pytest.mark.parametrize("text", ["", "a b", "file:///ü", "x\ty", "<x>", "a\\b"])
def test_text_that_is_no_url(text):
    string = make(text)
    assert url_of(text) is None
    assert lib.CFURLCreateWithString(None, string, None) is None
    released(string)


def test_a_url_of_no_file_has_no_path():
    url = url_of("https://example.com/a")
    assert path_of(url) is None
    assert lib.CFURLCopyFileSystemPath(url, POSIX) is None
    released(url)


def test_a_buffer_that_is_too_small_gets_nothing():
    url = url_of("file:///abc")
    buffer = ctypes.create_string_buffer(b"????????")
    assert not lib.CFURLGetFileSystemRepresentation(url, 1, buffer, 4)
    assert buffer.value == b"????????"
    assert lib.CFURLGetFileSystemRepresentation(url, 1, buffer, 5)
    released(url)


def test_other_styles_of_paths_are_not_made():
    string, url = make("C:\\a"), url_of("file:///a")
    assert lib.CFURLCreateWithFileSystemPath(None, string, WINDOWS, 0) is None
    assert lib.CFURLCopyFileSystemPath(url, WINDOWS) is None
    released(string, url)


@pytest.mark.parametrize(
    ("base", "text", "whole"),
    [
        ("file:///a/b/c", "d", "file:///a/b/d"), ("file:///a/b/", "d", "file:///a/b/d"), ("file:///a/b", "/x", "file:///x"),
        ("https://h/p/q?r=1", "s", "https://h/p/s"), ("file:///a", "http://h/", "http://h/"),
    ],
)  # fmt: skip
def test_with_a_base(base, text, whole):
    parent = url_of(base)
    url = url_of(text, parent)
    assert text_of(lib.CFURLGetString(url)) == text
    absolute = lib.CFURLCopyAbsoluteURL(url)
    assert text_of(lib.CFURLGetString(absolute)) == whole
    assert not lib.CFEqual(url, absolute)
    released(parent, url, absolute)


def test_components_of_a_path():
    url, name = url_of("file:///a/b"), make("c d.x")
    longer = lib.CFURLCreateCopyAppendingPathComponent(None, url, name, 0)
    shorter = lib.CFURLCreateCopyDeletingLastPathComponent(None, longer)
    assert (path_of(longer), path_of(shorter)) == ("/a/b/c d.x", "/a/b")
    assert take_text(lib.CFURLCopyLastPathComponent(longer)) == "c d.x"
    assert lib.CFURLHasDirectoryPath(shorter)
    released(url, name, longer, shorter)


def test_the_get_rule_for_the_string_of_a_url():
    url = url_of("file:///a")
    string = lib.CFURLGetString(url)
    assert lib.CFURLGetString(url) == string
    lib.CFRetain(string)
    released(url)
    assert text_of(string) == "file:///a", "who retained it, keeps it"
    released(string)


# --- bundles -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle with an icon, added as a loader would."""
    path = tmp_path_factory.mktemp("b") / "Tone Box.driver"
    resources = path / "Contents" / "Resources"
    (resources / "en.lproj").mkdir(parents=True)
    (resources / "icons").mkdir()
    (path / "Contents" / "MacOS").mkdir()
    (resources / "Icon.icns").write_bytes(b"icns")
    (resources / "icons" / "Small.png").write_bytes(b"png")
    (resources / "en.lproj" / "Help.txt").write_bytes(b"help")
    info = {"CFBundleIdentifier": "org.example.ToneBox", "CFBundleExecutable": "Tone Box", "CFBundleVersion": "12.3.4"}
    (path / "Contents" / "Info.plist").write_bytes(plistlib.dumps({**info, "List": [1, {"a": 2}]}))
    _values.add_bundle(path)
    return path


def found(identifier="org.example.ToneBox"):
    string = make(identifier)
    try:
        return lib.CFBundleGetBundleWithIdentifier(string)
    finally:
        lib.CFRelease(string)


def resource(name, kind=None, folder=None):
    """CFBundleCopyResourceURL: the path, or None."""
    strings = [part and make(part) for part in (name, kind, folder)]
    url = lib.CFBundleCopyResourceURL(found(), *strings)
    released(*filter(None, strings))
    if not url:
        return None
    try:
        return path_of(url)
    finally:
        released(url)


def test_an_icon_as_drivers_ask_for_it(bundle):
    resources = bundle / "Contents" / "Resources"
    assert resource("Icon.icns") == str(resources / "Icon.icns")
    assert resource("Icon", "icns") == resource("Icon", ".icns") == str(resources / "Icon.icns")
    assert resource("Small.png", None, "icons") == str(resources / "icons" / "Small.png")
    assert resource("Help", "txt") == str(resources / "en.lproj" / "Help.txt"), "a language's folder"
    assert resource("Small.png") is None and resource("Absent", "icns") is None


def test_what_a_bundle_says_of_itself(bundle):
    own = found()
    assert text_of(lib.CFBundleGetIdentifier(own)) == "org.example.ToneBox"
    assert lib.CFBundleGetVersionNumber(own) == 0x12348000
    assert _values.from_cf(lib.CFBundleGetInfoDictionary(own))["List"] == [1, {"a": 2}]
    key = make("CFBundleExecutable")
    assert text_of(lib.CFBundleGetValueForInfoDictionaryKey(own, key)) == "Tone Box"
    for function, path in [
        (lib.CFBundleCopyBundleURL, bundle),
        (lib.CFBundleCopyExecutableURL, bundle / "Contents" / "MacOS" / "Tone Box"),
        (lib.CFBundleCopyResourcesDirectoryURL, bundle / "Contents" / "Resources"),
    ]:
        url = function(own)
        assert path_of(url) == str(path)
        released(url)
    released(key)


def test_a_bundle_lives_for_ever(bundle):
    """CoreFoundation keeps it: Get and Create answer the same, and releasing it does nothing."""
    data = str(bundle).encode()
    url = lib.CFURLCreateFromFileSystemRepresentation(None, data, len(data), 1)
    assert lib.CFBundleCreate(None, url) == found()
    lib.CFRelease(found())
    assert found()
    released(url)


def test_bundles_that_are_not_there(tmp_path):
    assert found("org.example.Nobody") is None
    data = str(tmp_path).encode()
    url = lib.CFURLCreateFromFileSystemRepresentation(None, data, len(data), 1)
    assert lib.CFBundleCreate(None, url) is None
    released(url)


def test_the_main_bundle_is_the_host_s(bundle):
    """A driver that looks for its icon there finds none, in coreaudiod as here."""
    main = lib.CFBundleGetMainBundle()
    assert main and main != found()
    assert text_of(lib.CFBundleGetIdentifier(main)) != "org.example.ToneBox"
    name = make("Icon.icns")
    assert lib.CFBundleCopyResourceURL(main, name, None, None) is None
    released(name)


def test_texts_are_not_translated(bundle):
    key, value, empty = make("KEY"), make("Value"), make("")
    for given, answer in ((value, "Value"), (None, "KEY"), (empty, "KEY")):
        assert take_text(lib.CFBundleCopyLocalizedString(found(), key, given, None)) == answer
    released(key, value, empty)


def test_wrong_types(bundle):
    string = make("x")
    assert lib.CFBundleGetIdentifier(string) is None
    assert lib.CFBundleCopyResourceURL(found(), found(), None, None) is None
    assert lib.CFURLGetString(string) is None
    assert told() == [
        "CFBundleGetIdentifier of a CFString",
        "CFBundleCopyResourceURL of a CFBundle",
        "CFURLGetString of a CFString",
    ]
    released(string)


def test_a_loaded_binary_makes_its_bundle_known(tmp_path):
    """As on macOS: loading X.driver/Contents/MacOS/X is enough."""
    from tympan.bundle.toolchain import compiler, run_checked

    path = tmp_path / "Loaded.driver"
    (path / "Contents" / "MacOS").mkdir(parents=True)
    (path / "Contents" / "Info.plist").write_bytes(plistlib.dumps({"CFBundleIdentifier": "org.example.Loaded"}))
    source, binary = tmp_path / "x.c", path / "Contents" / "MacOS" / "Loaded"
    source.write_text("int nothing(void) { return 0; }")
    run_checked([*compiler(), "-shared", "-fPIC", str(source), "-o", str(binary)], "compiling")
    assert found("org.example.Loaded") is None
    ctypes.CDLL(str(binary))
    assert text_of(lib.CFBundleGetIdentifier(found("org.example.Loaded"))) == "org.example.Loaded"


def test_the_ledger_knows_nothing_of_bundles(bundle):
    assert not [kind for _, kind, _, _ in _platform.live_objects() if kind == "bundle"]
