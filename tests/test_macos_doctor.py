"""`doctor`: every finding is made to appear once, on a Mac made of shell scripts (fake_mac.py)."""

import os
import plistlib
import subprocess
from types import SimpleNamespace

import pytest
from fake_mac import DEVELOPER_ID, SHOWN, UID, snapshot
from test_macos_install import refused, run

from tympan._errors import BuildError
from tympan.bundle import toolchain
from tympan.bundle.macos import check_files, check_log, check_running, doctor, install, installed, log_rules, system

SILENT = system.System.__init__  # the real one; the fixture replaces it


def problems(capsys, *argv):
    """(ids of problems, output) of a run."""
    code, out, err = run(capsys, "doctor", *argv)
    lines = [line for line in out.splitlines() if line.startswith("PROBLEM")]
    assert (code, err) == (1 if lines else 0, "")
    return lines, out


def one(capsys, text, hint, *argv):
    """Exactly one problem, with this sentence and this hint."""
    lines, out = problems(capsys, *argv)
    assert len(lines) == 1 and text in lines[0], out
    following = out.splitlines()[out.splitlines().index(lines[0]) + 1 :]
    assert any(line.strip().startswith("-> ") and hint in line for line in following[:2]), out
    assert "1 problem found" in out
    return out


def test_all_is_well(mac, capsys):
    mac.installed()
    before = snapshot(mac.root)
    code, out, err = run(capsys, "doctor")
    assert (code, err) == (0, "") and out.endswith("Nothing is wrong that doctor knows of\n")
    assert f"{UID} is there: Tiny (2 in, 2 out)" in out
    assert "signed ad hoc, which is enough on this Mac" in out
    assert "macOS 15.1, System Integrity Protection enabled: neither keeps drivers out" in out
    assert snapshot(mac.root) == before and not mac.calls("killall", "chown")


def test_dry_run(mac, capsys):
    mac.installed()
    code, out, _ = run(capsys, "doctor", "--dry-run")
    assert (code, mac.calls()) == (0, []) and out.count("would look at") == len(doctor.STEPS)


def test_usage(mac, capsys):
    refused(capsys, 2, "--uid is about one driver", "doctor NAME --uid", "doctor", "--uid", UID)


def test_another_root_looks_at_files_only(mac, capsys):
    image = mac.folder / "image"
    mac.bundle(folder=image / system.HAL)
    lines, _ = problems(capsys, "--root", image)
    assert len(lines) == 1 and "signed by the linker only" in lines[0]
    assert not mac.calls("pgrep", "log", "fake-probe", "launchctl", "sysctl")


# ---- places and names (D1.4, D1.7) ----


def test_no_folder(mac, capsys):
    one(capsys, "is not there, so no driver is", "install")


def test_not_installed(mac, capsys):
    mac.hal.mkdir(parents=True)
    one(capsys, "Gain is not in", "install BUNDLE", "Gain")
    built = mac.bundle()
    one(capsys, f"{built} is not in", f"install {built}", built)


def test_passed_over(mac, capsys):
    mac.installed()
    mac.shows(SHOWN)
    (mac.hal / "Tiny.driver.zip").write_text("")
    assert "its name does not end in .driver" in one(capsys, "coreaudiod passes over", "by its name")
    (mac.hal / "Tiny.driver.zip").unlink()
    (mac.hal / "folder" / "Deep.driver").mkdir(parents=True)
    one(capsys, "it holds Deep.driver", "by its name")


def test_leftovers_and_hidden_files_are_no_problem(mac, capsys):
    mac.installed()
    (mac.hal / ".tympan-dead").mkdir()
    (mac.hal / f".tympan-{os.getpid()}-at-work").mkdir()
    (mac.hal / ".DS_Store").write_text("")
    lines, out = problems(capsys)
    assert lines == [] and out.count("is what an interrupted installation left") == 1


def test_in_a_users_folder(mac, capsys):
    mac.installed()
    mac.bundle("Mine", folder=mac.root / "Users" / "me" / system.HAL)
    one(capsys, "is in a user's folder, where coreaudiod never looks", "install")


def test_clash_of_bundles(mac, capsys):
    mac.installed()
    mac.installed("Copy", UID)
    lines, _ = problems(capsys)
    assert [line.split(" have the same ")[1].split(" ")[0] for line in lines] == ["bundle", "factory", "device"]
    assert "only one of the devices appears" in lines[2]


def test_clash_of_devices(mac, capsys):
    mac.installed()
    mac.shows(SHOWN, {**SHOWN, "Name": "Another"})
    one(capsys, f"2 devices have the UID {UID} (Tiny.driver makes one)", "Remove one")


# ---- one bundle ----


def test_a_link(mac, capsys):
    path = mac.installed()
    os.rename(path, mac.folder / "Tiny.driver")
    path.symlink_to(mac.folder / "Tiny.driver")
    one(capsys, "is a link; the sandbox does not follow it", "install")


def test_no_info_plist(mac, capsys):
    path = mac.installed()
    (path / "Contents" / "Info.plist").write_text("damaged")
    one(capsys, "Info.plist is missing or not readable", "install")


@pytest.mark.parametrize(
    ("name", "mode", "text"),
    [
        ("Contents", 0o700, "has mode 700: _coreaudiod, which runs drivers, cannot read it"),
        ("Contents/Info.plist", 0o600, "has mode 600: _coreaudiod"),
        ("Contents/MacOS/Tiny", 0o644, "has mode 644: _coreaudiod"),
        ("Contents/Info.plist", 0o666, "has mode 666: others than root can write to it"),
    ],
)
def test_modes(mac, capsys, name, mode, text):
    (mac.installed() / name).chmod(mode)
    one(capsys, text, "chown -R root:wheel")


def test_owner(mac, capsys, monkeypatch):
    mac.installed()
    monkeypatch.setattr(check_files, "OWNER", (4711, 0))
    lines, _ = problems(capsys)
    assert len(lines) == 2 and "not to root:wheel" in lines[0] and "(and 6 more)" in lines[1]


def test_a_link_inside_has_no_mode(mac, capsys):
    (mac.installed() / "Contents" / "link").symlink_to("Info.plist")
    assert problems(capsys)[0] == []


def test_quarantine(mac, capsys):
    mac.installed()
    mac.tool("xattr", 'echo "Tiny.driver: com.apple.quarantine: 0083"')
    one(capsys, "is quarantined", "xattr -dr com.apple.quarantine")


def test_signatures(mac, capsys):
    path = mac.installed()
    mac.tool("codesign", 'echo "a sealed resource is missing" >&2; [ "$1" = --display ] && cat "$STATE/signature" >&2')
    one(capsys, "does not have a valid signature: a sealed resource is missing", "changed after it was signed")
    mac.tool("codesign", 'echo "code object is not signed at all" >&2; exit 1')
    one(capsys, "is not signed, which does not cover the whole bundle", f"sign {path}")
    mac.tool("codesign", None)
    lines, out = problems(capsys)
    assert lines == [] and "unknown" in out and "there is no codesign here" in out


def test_developer_id(mac, capsys):
    mac.installed()
    mac.write("signature", DEVELOPER_ID)
    assert "is signed by Developer ID Application: Example (ABCDE12345)\n" in problems(capsys)[1]


def test_binary(mac, capsys, monkeypatch):
    mac.installed()
    mac.slices[0].machine = "x86_64"
    one(capsys, "is for x86_64, and this Mac is arm64", "Rosetta does not help")
    mac.slices[0].machine = "arm64"
    mac.slices[0].imports = [("CFRelease", "x"), ("AudioObjectGetPropertyData", "x")]
    one(capsys, "calls AudioObjectGetPropertyData, a function for clients", "never asks it")

    def broken(path):
        raise BuildError("the binary is of kind DYLIB, which cannot be loaded as a plug-in")

    monkeypatch.setattr(check_files, "verify_bundle", broken)
    one(capsys, "of kind DYLIB", "Build it again")


def test_loading_conditions(mac, capsys):
    mac.installed(permissions={"loading-conditions": [{"IOProviderClass": "IOUSBDevice"}]})
    lines, out = problems(capsys)
    assert lines == [] and "loads it only while a matching IOService is there" in out


def test_mach_services(mac, capsys):
    mac.installed(permissions={"mach-services": ["com.example.there", "com.example.gone"]})
    mac.tool("launchctl", 'case "$2" in *there) ;; *) exit 113 ;; esac')
    out = problems(capsys)[1]
    assert "com.example.gone, and launchd has no job" in out and "com.example.there, and" not in out


# ---- the one that was built ----


def elf(path, code):
    """A binary with machine code, which this system can make."""
    source = path.with_name("code.c")
    source.write_text(code)
    subprocess.run([*toolchain.compiler(), "-shared", "-fPIC", str(source), "-o", str(path)], check=True)
    source.unlink()


def test_an_older_version_is_installed(mac, capsys):
    path = mac.installed()
    built = mac.bundle(title="New name")
    one(capsys, f"{path} is not {built}: version 1.2 here, 1.2 there", f"install {built}", built)


def test_another_build_is_installed(mac, capsys):
    path, built = mac.installed(), mac.bundle()
    elf(path / "Contents" / "MacOS" / "Tiny", "int f(void) { return 1; }")
    elf(built / "Contents" / "MacOS" / "Tiny", "int f(void) { return 2; }")
    one(capsys, "the machine code differs", f"install {built}", built)
    elf(built / "Contents" / "MacOS" / "Tiny", "int f(void) { return 1; }")
    assert f"Tiny.driver is the one in {built}" in problems(capsys, built)[1]


def test_code_of_a_macho_file(tmp_path, monkeypatch):
    part = SimpleNamespace(
        header=SimpleNamespace(cpu_type=SimpleNamespace(name="ARM64")),
        sections=[SimpleNamespace(name="__text", content=[1, 2]), SimpleNamespace(name="__data", content=[3])],
    )
    monkeypatch.setattr(check_files.lief, "is_macho", lambda path: True)
    monkeypatch.setattr(check_files.lief.MachO, "parse", lambda path: [part])
    assert check_files.code_of(SimpleNamespace(path=tmp_path, executable="x")) == {"arm64": [b"\1\2"]}


# ---- what runs (D1.1, D1.2, D2.2, D4.3) ----


def test_coreaudiod_does_not_run(mac, capsys):
    mac.installed()
    mac.write("pid", "")
    one(capsys, "coreaudiod is not running", "plays sound")


def test_coreaudiod_is_older_than_the_bundle(mac, capsys):
    mac.installed()
    mac.tool("ps", "echo 2-03:04:05")
    one(capsys, "has been running since before Tiny.driver was put there", "killall -9 coreaudiod")


@pytest.mark.parametrize(
    ("text", "found"),
    [("00:10", 10), (" 01:02:03 ", 3723), ("2-03:04:05", 183845), ("", None), ("x", None), ("1-2", None), (":b", None)],
)
def test_elapsed_time(text, found):
    assert check_running.seconds(text) == found


def test_the_device_is_missing(mac, capsys):
    mac.installed()
    mac.shows()
    mac.write("helper", "")
    one(capsys, f"coreaudiod has not started a process for Tiny.driver, so {UID} is not there", "Restart the Mac")
    mac.write("helper", "321\n")
    one(capsys, f"Tiny.driver is loaded (process 321), and its device {UID} is not there", "tympan check Tiny.driver")
    assert mac.calls("pgrep")[-1] == ["pgrep", "-f", r"Core Audio Driver \(Tiny\.driver\)"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"Alive": 0}, "says that it is dead"),
        ({"InputChannels": 0, "OutputChannels": 0}, "there without a channel: its streams were refused"),
    ],
)
def test_a_device_that_cannot_be_used(mac, capsys, change, text):
    mac.installed()
    mac.shows({**SHOWN, **change})
    one(capsys, text, "")


def test_a_hidden_and_renamed_device(mac, capsys):
    mac.installed()
    mac.shows({**SHOWN, "Hidden": 1, "Name": "Else"})
    lines, out = problems(capsys)
    assert lines == [] and "says that it is hidden" in out and "the name of com.example.Tiny is 'Else'" in out


def test_a_driver_of_somebody_else(mac, capsys):
    mac.installed(devices=[])
    assert "does not say which device it makes" in problems(capsys)[1]
    assert f"{UID} is there" in problems(capsys, "Tiny", "--uid", UID)[1]
    one(capsys, "its device other is not there", "check", "Tiny", "--uid", "other")


def test_core_audio_does_not_answer(mac, capsys, monkeypatch):
    monkeypatch.setattr("tympan.bundle.macos.devices.SECONDS", 0.2)
    mac.installed()
    mac.tool("fake-probe", "exec sleep 5")
    one(capsys, "a driver holds it up, most likely in a deadlock", "sample coreaudiod")
    mac.tool("fake-probe", "exit 1")
    lines, out = problems(capsys)
    assert lines == [] and "unknown  Core Audio cannot be asked" in out


def test_crash_reports(mac, capsys):
    path = mac.installed()
    reports = mac.root / "Library" / "Logs" / "DiagnosticReports"
    reports.mkdir(parents=True)
    for name in ("com.apple.audio.Core-Audio-Driver-Service.helper-1.ips", "Safari-1.ips", "Core-Audio-Driver-old.ips"):
        (reports / name).write_text("")
    (reports / "Core-Audio-Driver-1.ips").write_text("")
    later = path.stat().st_ctime + 60
    os.utime(reports / "Core-Audio-Driver-1.ips", (later, later))
    os.utime(reports / "Core-Audio-Driver-old.ips", (0, 0))
    one(capsys, "Core-Audio-Driver-1.ips: a process of Core Audio has crashed", "names the driver")


def test_versions_that_do_not_say(mac, capsys):
    mac.installed()
    mac.tool("csrutil", "exit 1")
    assert "System Integrity Protection unknown" in problems(capsys)[1]
    mac.tool("sw_vers", None)
    assert "System Integrity Protection" not in problems(capsys)[1]
    assert install.older("15.1", "") is False


# ---- the log ----

#: Lines as they were met, and the rule that must know each.
LINES = {
    "adhoc": """amfid[90]: /Library/Audio/Plug-Ins/HAL/Tiny.driver/Contents/MacOS/Tiny not valid: Error
        Domain=AppleMobileFileIntegrityError Code=-423 "The file is adhoc signed or signed by an unknown certificate
        chain\"""",
    "not-in-coreaudiod": """coreaudiod HALC_ShellDevice.cpp:3817
        HALC_ShellDevice::_InitializeDriverPlugIn: *X*X*X Not loading the driver plug-in into coreaudiod""",
    "entitlements": "coreaudiod[189]: SecTaskLoadEntitlements failed error=22",
    "attempt": "coreaudiod HALS_RemotePlugInRegistrar.mm:237 Attempting to load: Tiny.driver",
    "loading": "coreaudiod HALS_PlugInManager::LoadPlugIns:     Loading....",
    "restricted": "amfid[1]: Tiny.driver not valid: Error Domain=AppleMobileFileIntegrityError Code=-424",
    "signature": "amfid[1]: Tiny.driver not valid: Error Domain=AppleMobileFileIntegrityError Code=-420",
    "factory": "Cannot find function pointer TympanFactory for factory 4E30AE40-72F3-5113-91F8-501B4521413F in",
    "architecture": "dlopen(Tiny, 0x5): mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64')",
    "symbol": "dlopen(Tiny, 0x5): Symbol not found: _pipe2",
    "mach-service": "kernel: (Sandbox) Sandbox: com.apple.audio(1) deny(1) mach-lookup com.example.helper",
    "network": "kernel: (Sandbox) Sandbox: com.apple.audio(1) deny(1) network-outbound 10.0.0.1:80",
    "user-client": "kernel: (Sandbox) Sandbox: com.apple.audio(1) deny(1) iokit-open ExampleUserClient",
    "file": "kernel: (Sandbox) Sandbox: com.apple.audio(1) deny(1) file-read-data /Users/me/x",
    "uid": f"HALS_PlugInManager::_AddDevice: there is already a device with the UID, {UID}",
    "property": "coreaudiod HALS_UCRemotePlugIn::ObjectGetPropertyData: failed: Error: 2003332927 ('who?')",
    "helper": "coreaudiod connection to driver service is interrupted",
    "start": "coreaudiod Failed calling start_io on remote driver",
    "clock": "coreaudiod HALS_IOContext: Re-anchoring",
}


@pytest.mark.parametrize("id", LINES)
def test_each_rule_knows_its_line(mac, capsys, id):
    line = " ".join(LINES[id].split())
    assert log_rules.rule_for(line).id == id
    mac.installed()
    mac.write("log", f"{line}\n{line}\nsome other line\n")
    lines, out = problems(capsys)
    rule = next(rule for rule in log_rules.RULES if rule.id == id)
    assert len(lines) == rule.harmful and rule.meaning in out
    assert "2 times" in out and ("harmless" in out) == (not rule.harmful)
    assert not rule.harmful or rule.hint in out


def test_every_rule_has_its_line():
    assert [rule.id for rule in log_rules.RULES] == list(LINES)
    assert all(rule.hint for rule in log_rules.RULES if rule.harmful)


def test_amfid_is_not_to_blame(mac, capsys):
    """D1.3: the line that others took for the reason, beside the one that is."""
    mac.installed()
    mac.write("log", "\n".join(" ".join(LINES[id].split()) for id in ("adhoc", "property")))
    out = one(capsys, "who?", "tympan check")
    assert "harmless, once in the log: amfid notes" in out


def test_lines_about_other_drivers(mac, capsys):
    """A signature that amfid refuses counts for the driver that it names."""
    mac.installed()
    mac.write("log", LINES["signature"].replace("Tiny", "Foreign") + "\nTiny.driver says something new\n")
    lines, out = problems(capsys)
    assert lines == [] and "the log also says: Tiny.driver says something new" in out


def test_no_log(mac, capsys):
    mac.installed()
    mac.tool("log", "exit 64")
    lines, out = problems(capsys)
    assert lines == [] and "the log cannot be read" in out


def test_how_much_of_the_log(mac, capsys):
    mac.installed()
    run(capsys, "doctor", "--last", "2h")
    (call,) = mac.calls("log")
    assert call[1:4] == ["show", "--last", "2h"] and call[-1] == check_log.PREDICATE


# ---- reading what is installed ----


def test_strange_info_plists(mac):
    path = mac.installed()
    for data in (b"", b"<plist><array/></plist>"):
        (path / "Contents" / "Info.plist").write_bytes(data)
        driver = installed.Installed(path)
        assert (driver.info, driver.bundle_id, driver.factories, driver.uids) == ({}, "", set(), set())
    (path / "Contents" / "Info.plist").write_bytes(
        b'<?xml version="1.0"?><plist version="1.0"><dict><key>CFPlugInFactories</key><string/>'
        b"<key>TympanDevices</key><string/><key>CFBundleIdentifier</key><integer>3</integer></dict></plist>"
    )
    driver = installed.Installed(path)
    assert (driver.bundle_id, driver.factories, driver.devices) == ("", set(), [])


def test_factory_uuids_are_equal_in_any_case(mac, capsys):
    """CFUUID reads both; what differs in case only is the same factory."""
    for name, change in (("One", str.upper), ("Two", str.lower)):
        path = mac.installed(name, f"com.example.{name}", devices=[])
        info = path / "Contents" / "Info.plist"
        data = plistlib.loads(info.read_bytes())
        data["CFPlugInFactories"] = {change("abcdefab-0000-4000-8000-00000000000a"): "TympanFactory"}
        info.write_bytes(plistlib.dumps(data))
    assert "One.driver and Two.driver have the same factory UUID ABCDEFAB-" in problems(capsys)[0][0]


def test_find(mac):
    mac.installed()
    for name in ("Tiny", "Tiny.driver", "dist/Tiny.driver/", UID):
        assert installed.find(mac.hal, name).name == "Tiny.driver"
    assert installed.find(mac.hal, "Tin") is None
