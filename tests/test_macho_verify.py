"""Defects put on purpose into a universal bundle: each is refused, with the sentence that says which it is.

The good bundle and the defects are made by tests/macho_writer.py, so these tests need no tool.
tests/test_macos_bundle.py puts defects into what ld64.lld links.
"""

import hashlib
import os
import plistlib
import sys

import pytest
from macho_writer import (
    DYLIB,
    EXECUTE,
    FOUNDATION,
    IOS,
    LOAD_DYLIB,
    LOAD_WEAK_DYLIB,
    PAGE,
    REEXPORT_DYLIB,
    SYSTEM,
    TWOLEVEL,
    Import,
    Macho,
)
from made_macos import UUID, Made

from tympan._cli import main
from tympan._errors import BuildError, TympanError, UsageError
from tympan.bundle import macho, plist, verify_bundle
from tympan.bundle.macho import allowed
from tympan.testing.rules import CATALOGUE
from tympan.testing.rules._rule import Blocked, Failure, Skip
from tympan.testing.rules._subject import Subject

OTHER = "00000000-0000-4000-8000-000000000001"
AUDIO = "/System/Library/Frameworks/CoreAudio.framework/Versions/A/CoreAudio"

#: What is wrong inside a slice, or in Info.plist: name -> (how it is made wrong, what must be said).
DEFECTS = {
    "second export": (
        lambda made: made.arm.exports.append("_other"),
        "the arm64 slice exports other besides TympanFactory",
    ),
    "second export of one processor": (
        lambda made: made.slices[0].exports.append("_PyInit_tiny"),
        "the x86_64 slice exports PyInit_tiny besides TympanFactory",
    ),
    "public symbol that the trie does not have": (
        lambda made: setattr(made.arm, "public", ["_TympanFactory", "_hidden"]),
        "the arm64 slice exports hidden besides TympanFactory",
    ),
    "no export": (lambda made: made.arm.exports.clear(), "but the arm64 slice exports nothing"),
    "other factory in the binary": (
        lambda made: setattr(made.arm, "exports", ["_OtherFactory"]),
        "Info.plist names the factory TympanFactory, but the arm64 slice exports OtherFactory",
    ),
    "other factory in Info.plist": (
        lambda made: made.info.update(CFPlugInFactories={UUID: "OtherFactory"}),
        "Info.plist names the factory OtherFactory, but the x86_64 slice exports TympanFactory",
    ),
    "dylib": (lambda made: setattr(made.arm, "kind", DYLIB), "the arm64 slice is of type DYLIB, not BUNDLE"),
    "program": (lambda made: setattr(made.arm, "kind", EXECUTE), "the arm64 slice is of type EXECUTE, not BUNDLE"),
    "name of a library": (lambda made: setattr(made.arm, "own_name", "libtiny.dylib"), "has the name of a library"),
    "flat names": (
        lambda made: setattr(made.arm, "flags", made.arm.flags & ~TWOLEVEL),
        "the arm64 slice takes symbols from whatever library has them first",
    ),
    "foreign library": (
        lambda made: made.arm.libraries.append((LOAD_DYLIB, "/opt/homebrew/lib/libsndfile.dylib")),
        "the arm64 slice needs /opt/homebrew/lib/libsndfile.dylib, which a bundle may not",
    ),
    "library of the system that is not for drivers": (
        lambda made: made.arm.libraries.append((LOAD_DYLIB, AUDIO)),
        f"the arm64 slice needs {AUDIO}, which a bundle may not",
    ),
    "library that may be missing": (
        lambda made: setattr(made.arm, "libraries", [(LOAD_WEAK_DYLIB, SYSTEM), (LOAD_DYLIB, FOUNDATION)]),
        f"the arm64 slice may do without {SYSTEM}",
    ),
    "library that is handed on": (
        lambda made: setattr(made.arm, "libraries", [(REEXPORT_DYLIB, SYSTEM), (LOAD_DYLIB, FOUNDATION)]),
        f"the arm64 slice hands on {SYSTEM}",
    ),
    "weak import": (
        lambda made: made.arm.imports.append(Import("_getentropy", weak=True)),
        "the arm64 slice imports getentropy weakly: NULL on a macOS that lacks it",
    ),
    "import that is not on the list": (
        lambda made: made.arm.imports.append(Import("_ptrace")),
        "the arm64 slice imports ptrace, which is not on the list of what a bundle may",
    ),
    "import of the other processor's name": (
        lambda made: made.arm.imports.append(Import("_CFRelease", 1)),
        "the arm64 slice imports CFRelease, which is not on the list",
    ),
    "Python from outside": (
        lambda made: made.arm.imports.append(Import("_Py_InitializeFromConfig")),
        "the arm64 slice imports Py_InitializeFromConfig, which is not on the list",
    ),
    "import from any library": (
        lambda made: made.arm.imports.append(Import("_PyErr_Print", -2)),
        "the arm64 slice imports PyErr_Print from no library in particular",
    ),
    "Core Audio's client interface": (
        lambda made: made.arm.imports.append(Import("_AudioObjectGetPropertyData", 2)),
        "the arm64 slice calls AudioObjectGetPropertyData of Core Audio's client interface",
    ),
    "symbols that are bound late": (
        lambda made: setattr(made.arm, "lazy", True),
        "the arm64 slice binds symbols when they are first called",
    ),
    "folder outside": (
        lambda made: made.arm.rpaths.append("/opt/homebrew/lib"),
        "the arm64 slice looks for libraries in /opt/homebrew/lib, which is outside the bundle",
    ),
    "newer macOS": (
        lambda made: setattr(made.arm, "minimum", (14, 2)),
        "the arm64 slice needs macOS 14.2, but Info.plist says LSMinimumSystemVersion 12.0",
    ),
    "older macOS in Info.plist": (
        lambda made: made.info.update(LSMinimumSystemVersion="10.13"),
        "the x86_64 slice needs macOS 12.0, but Info.plist says LSMinimumSystemVersion 10.13",
    ),
    "other system": (lambda made: setattr(made.arm, "platform", IOS), "the arm64 slice was not built for macOS"),
    "no system": (lambda made: setattr(made.arm, "minimum", None), "the arm64 slice was not built for macOS"),
    "code that can be changed": (
        lambda made: setattr(made.arm, "protection", 7),
        "the arm64 slice has the segment __TEXT, which can be changed and run",
    ),
    "no signature": (lambda made: setattr(made.arm, "signed", False), "the arm64 slice is not signed"),
    "signature of nobody": (
        lambda made: setattr(made.arm, "sign_flags", 0),
        "the arm64 slice is signed neither ad hoc nor by an identity",
    ),
    "pages of an odd size": (
        lambda made: setattr(made.arm, "page_bits", 24),
        "the arm64 slice is signed in a way that macOS does not know",
    ),
    "signed with another Info.plist": (
        lambda made: made.arm.special.update({1: b"\1" * 32}),
        "the arm64 slice was signed with another Info.plist",
    ),
    "signed with resources that are gone": (
        lambda made: made.arm.special.update({3: b"\1" * 32}),
        "the arm64 slice was signed with another _CodeSignature/CodeResources",
    ),
    "processor of other machines": (
        lambda made: setattr(made, "slices", [Macho("i386"), Macho("arm64")]),
        "a slice of the binary is for x86, not for a Mac's processor",
    ),
    "Apple's own processor variant": (
        lambda made: setattr(made, "slices", [Macho("x86_64"), Macho("arm64e")]),
        "a slice of the binary is arm64e, which macOS loads from nobody but Apple",
    ),
    "the same processor twice": (
        lambda made: setattr(made, "slices", [Macho("arm64"), Macho("arm64")]),
        "the binary has two slices for arm64",
    ),
    "one processor missing": (
        lambda made: setattr(made, "slices", [Macho("arm64")]),
        "the binary is for arm64, not for x86_64 and arm64",
    ),
    "type of another plug-in": (
        lambda made: made.info.update(CFPlugInTypes={OTHER: [UUID]}),
        f"Info.plist: CFPlugInTypes does not name the factory {UUID}",
    ),
    "UUID of another factory": (
        lambda made: made.info.update(CFPlugInTypes={plist.PLUGIN_TYPE: [OTHER]}),
        f"Info.plist: CFPlugInTypes does not name the factory {UUID}",
    ),
    "factory without a UUID": (
        lambda made: made.info.update(
            CFPlugInFactories={"tiny": "TympanFactory"}, CFPlugInTypes={plist.PLUGIN_TYPE: ["tiny"]}
        ),
        "Info.plist: the factory 'tiny' is not a UUID",
    ),
    "other executable": (
        lambda made: made.info.update(CFBundleExecutable="Other"),
        "Info.plist names the executable Other, which is not in Contents/MacOS",
    ),
    "package type": (lambda made: made.info.update(CFBundlePackageType="APPL"), "CFBundlePackageType is 'APPL'"),
    "identifier": (
        lambda made: made.info.update(CFBundleIdentifier="Tiny Driver"),
        "CFBundleIdentifier is 'Tiny Driver', not in reverse DNS form",
    ),
    "version": (
        lambda made: made.info.update(CFBundleVersion="1.0-beta"),
        "CFBundleVersion is '1.0-beta', not one to three numbers",
    ),
    "other platform": (
        lambda made: made.info.update(CFBundleSupportedPlatforms=["iPhoneOS"]),
        "CFBundleSupportedPlatforms does not have MacOSX",
    ),
    **{
        f"no {key}": (lambda made, key=key: made.info.update({key: None}), f"Info.plist lacks {key}")
        for key in (
            "CFBundleExecutable", "CFBundleIdentifier", "CFBundlePackageType", "CFBundleVersion", "CFBundleName",
            "CFPlugInFactories", "CFPlugInTypes", "CFBundleShortVersionString", "CFBundleInfoDictionaryVersion",
        )
    },
    "no LSMinimumSystemVersion": (
        lambda made: made.info.update(LSMinimumSystemVersion=None),
        "needs macOS 12.0, but Info.plist says LSMinimumSystemVersion nothing",
    ),
}  # fmt: skip

#: What is wrong with the finished file or folder.
LATER = {
    "one flipped byte of code": (
        lambda made: made.change(PAGE + PAGE // 2, b"\xcc"),
        "the x86_64 slice was changed after it was signed: the hash of page 2 does not match",
    ),
    "one flipped byte of a string table": (
        lambda made: made.change(made.executable.read_bytes().rindex(b"_CFRelease"), b"-"),
        "the arm64 slice was changed after it was signed",
    ),
    "one flipped byte of the signature": (
        lambda made: made.change(-1, b"\xff"),
        "the arm64 slice was changed after it was signed",
    ),
    "signature that is none": (
        lambda made: made.change(made.executable.read_bytes().rindex(bytes.fromhex("fade0cc0")), b"\0"),
        "the arm64 slice has a code signature that cannot be read",
    ),
    "truncated by one byte": (lambda made: made.keep(-1), "the arm64 slice ends behind the end of the file"),
    "truncated to half": (lambda made: made.keep(PAGE * 2), "slice ends behind the end of the file"),
    "truncated table": (lambda made: made.keep(20), "its table of processors is cut short or not one"),
    "slice at an odd place": (
        lambda made: made.change(8 + 8, (PAGE + 8).to_bytes(4, "big")),
        "the x86_64 slice does not begin at a multiple of its alignment",
    ),
    "slices exchanged": (
        lambda made: made.change(8, bytes.fromhex("0100000c")),
        "the arm64 slice is for another processor than the file's table says",
    ),
    "commands that are garbage": (
        lambda made: made.change(PAGE + 32, b"\xff" * 200),
        "the load commands of the x86_64 slice cannot be read",
    ),
    "slice that is garbage": (lambda made: made.change(PAGE, b"garbage!"), "the x86_64 slice is no Mach-O file"),
    "not executable": (lambda made: made.executable.chmod(0o644), "Contents/MacOS/Tiny is not executable"),
    "stray file": (
        lambda made: (made.path / "notes.txt").write_text("x"),
        "notes.txt does not belong into a bundle",
    ),
    "stray file beside the binary": (
        lambda made: made.executable.with_name("libpython.a").write_text("x"),
        "Contents/MacOS/libpython.a does not belong into a bundle",
    ),
    "link that leads out": (
        lambda made: os.symlink("/usr/lib", made.path / "Contents" / "Resources"),
        "Contents/Resources leads out of the bundle",
    ),
}

#: Files that are not what their place says, and the kind of error.
NOT_BINARIES = {
    "garbage": (b"garbage!" * 500, "is neither an ELF nor a Mach-O file"),
    "nothing": (b"", "is empty"),
    "a Java class": (bytes.fromhex("cafebabe00000041") + bytes(200), "its table of processors is cut short"),
    "a header alone": (Macho("arm64").bytes()[:40], "the arm64 slice is cut short"),
}


def good(folder):
    """The bundle without a defect."""
    return Made(folder / "Tiny.driver")


def refused(made, sentence):
    """verify_bundle says it in one line, with the bundle's path in front and something to do."""
    with pytest.raises(TympanError) as caught:
        verify_bundle(made.path, ("x86_64", "arm64"))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(made.path))
    assert "\n" not in str(caught.value)
    return caught.value


def test_the_good_bundle(tmp_path):
    found = verify_bundle(good(tmp_path).write().path, ("x86_64", "arm64"))
    assert found.platform == "macOS x86_64 arm64"
    assert (found.factory_name, found.factory_uuid, found.runtime) == ("TympanFactory", UUID, "static")


@pytest.mark.parametrize("processor", ["x86_64", "arm64"])
def test_a_thin_bundle(tmp_path, processor):
    made = Made(tmp_path / "Tiny.driver", [processor]).write()
    assert verify_bundle(made.path).platform == f"macOS {processor}"
    assert verify_bundle(made.path, [processor])


@pytest.mark.parametrize("name", DEFECTS)
def test_defect(tmp_path, name):
    made, (spoil, sentence) = good(tmp_path), DEFECTS[name]
    spoil(made)
    assert type(refused(made.write(), sentence)) is BuildError


@pytest.mark.parametrize("name", LATER)
def test_defect_of_the_finished_file(tmp_path, name):
    made, (spoil, sentence) = good(tmp_path).write(), LATER[name]
    spoil(made)
    assert type(refused(made, sentence)) is BuildError


@pytest.mark.parametrize("name", NOT_BINARIES)
def test_what_is_no_binary(tmp_path, name):
    made, (data, sentence) = good(tmp_path).write(), NOT_BINARIES[name]
    made.executable.write_bytes(data)
    refused(made, sentence)


def test_each_defect_is_the_only_one(tmp_path):
    """The sentence is not just the first of many, where the defect has no other consequence."""
    for number, name in enumerate(["second export", "weak import", "folder outside", "no signature", "dylib"]):
        made = good(tmp_path / str(number))
        DEFECTS[name][0](made)
        made.write()
        assert len(list(macho.problems(made.path, made.info))) == 1, name


@pytest.mark.parametrize("at", range(32, 2 * PAGE, 997))
def test_any_flipped_byte_is_seen(tmp_path, at):
    made = Made(tmp_path / "Tiny.driver", ["arm64"]).write()
    made.change(at, bytes([made.executable.read_bytes()[at] ^ 0x40]))
    with pytest.raises(TympanError):
        verify_bundle(made.path)


def test_info_that_was_signed_along(tmp_path):
    """A hash of Info.plist that is right passes."""
    made = good(tmp_path)
    digest = hashlib.sha256(plistlib.dumps(made.info)).digest()
    for part in made.slices:
        part.special[1] = digest
    verify_bundle(made.write().path)


def test_the_lists_of_imports_are_of_both_processors():
    stubs = allowed.stubs()
    assert set(stubs) == {SYSTEM, FOUNDATION}
    for stub in stubs.values():
        assert stub.symbols["arm64"] <= stub.symbols["x86_64"]
    assert "_malloc" in stubs[SYSTEM].symbols["arm64"]
    assert "_CFRelease" in stubs[FOUNDATION].symbols["x86_64"]
    listed = [name for stub in stubs.values() for name in stub.symbols["x86_64"]]
    assert not [name for name in listed if allowed.CLIENT_API.fullmatch(name)]


# ---- the same as rules of `check` ----

#: The rules that look at a file; binary-loads, which loads it, needs the right machine.
RULES = [rule for rule in CATALOGUE if rule.group.id in ("bundle", "macho") and rule.id != "binary-loads"]
ALL = {**DEFECTS, **LATER, **NOT_BINARIES}
#: `check` does not know what a bundle was to be built for.
UNKNOWN = {"one processor missing"}
#: What a rule of older date says in its own words, in place of what verify_bundle would.
OTHERWISE = {"other executable": "there is no file Contents/MacOS/Other"}


def spoilt(folder, name):
    """(bundle with one of ``ALL``, what must be said)."""
    made = good(folder)
    if name in DEFECTS:
        DEFECTS[name][0](made)
    made.write()
    if name in LATER:
        LATER[name][0](made)
    if name in NOT_BINARIES:
        made.executable.write_bytes(NOT_BINARIES[name][0])
    return made, OTHERWISE.get(name, ALL[name][1])


def judged(path):
    """{id of a rule that failed: what it says}; one that another stopped has failed when that one did not."""
    found = {}
    for rule in RULES:
        try:
            rule.judge(Subject(path))
        except Skip:
            pass
        except (Failure, Blocked) as error:
            found[rule.id] = str(error)
    return found


@pytest.mark.parametrize("name", sorted(set(ALL) - UNKNOWN))
def test_check_refuses_it_too(tmp_path, name):
    made, sentence = spoilt(tmp_path, name)
    found = judged(made.path)
    assert any(sentence in text for text in found.values()), found


def test_check_of_the_good_bundle(tmp_path):
    assert judged(good(tmp_path).write().path) == {}


def test_each_rule_of_the_file_finds_something(tmp_path):
    found = set()
    for number, name in enumerate(sorted(set(ALL) - UNKNOWN)):
        made, _ = spoilt(tmp_path / str(number), name)
        found |= set(judged(made.path))
    assert {rule.id for rule in RULES if rule.group.id == "macho"} <= found


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac loads the file")
def test_check_on_another_system(tmp_path, capsys):
    made = good(tmp_path).write()
    assert main(["check", str(made.path)]) == 0
    said = capsys.readouterr()
    assert said.err == f"note: {made.path} is for macOS: here only its files are checked\n"
    made.arm.exports.append("_other")
    assert main(["check", str(made.write().path)]) == 1
    said = capsys.readouterr()
    assert "macho-exports" in said.out and "the arm64 slice exports other besides TympanFactory" in said.out


def test_what_the_command_says(tmp_path, capsys):
    made = good(tmp_path)
    made.arm.exports.append("_other")
    assert main(["verify", str(made.write().path)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith("Tiny.driver: the arm64 slice exports other besides TympanFactory")
    assert said[0].startswith("error: ") and said[1].startswith("hint: ")


def test_usage_errors_stay_usage_errors(tmp_path):
    made = good(tmp_path).write()
    made.executable.write_bytes(b"")
    with pytest.raises(UsageError):
        verify_bundle(made.path)
