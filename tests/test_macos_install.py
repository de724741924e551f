"""`install` and `uninstall` on a Mac made of shell scripts (fake_mac.py): nothing here has run on a real one."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from fake_mac import DEVELOPER_ID, DEVICE, KILLALL, SHOWN, UID, snapshot

from tympan import _cli
from tympan.bundle.macos import copying, devices, install, restart, system

#: A process that ignores SIGTERM.
DEAF = f'[ "$1" = -9 ] || exit 0\n{KILLALL}'


def run(capsys, *argv):
    """(exit code, stdout, stderr) of one command."""
    code = _cli.main([str(arg) for arg in argv])
    written = capsys.readouterr()
    assert "Traceback" not in written.err
    return code, written.out, written.err


def refused(capsys, code, error, hint, *argv):
    """The command ends with ``code``, one sentence and a hint."""
    found, _, err = run(capsys, *argv)
    lines = err.splitlines()
    assert (found, len(lines)) == (code, 2), err
    assert lines[0].startswith("error: ") and error in lines[0]
    assert lines[1].startswith("hint: ") and hint in lines[1]


# ---- install ----


def test_install(mac, capsys):
    """The whole way, with the calls in the order in which they must come."""
    source = mac.bundle()
    (source / "Contents" / "link").symlink_to("Info.plist")
    before = snapshot(source)
    code, out, err = run(capsys, "install", source)
    target = mac.hal / "Tiny.driver"
    assert (code, err) == (0, "")
    assert f"Installed {target}" in out and f"The device {UID} is there: Tiny (2 in, 2 out)" in out
    assert "signed by the linker only; signing it ad hoc" in out
    names = [call[0] if call[0] != "codesign" else call[1] for call in mac.calls()]
    steps = ["xattr", "xattr", "--verify", "--display", "--force", "--verify", "chown", "pgrep", "killall", "pgrep"]
    assert names == ["sysctl", "sw_vers", "chown", *steps, "fake-probe", "pgrep"]  # the first chown is the new folder's
    assert ["killall", "coreaudiod"] in mac.calls() and not mac.calls("launchctl")
    assert snapshot(source) == before
    assert {path.name for path in mac.hal.iterdir()} == {"Tiny.driver"}
    assert (target / "Contents" / "MacOS" / "Tiny").stat().st_mode & 0o777 == 0o755
    assert (target / "Contents" / "Info.plist").stat().st_mode & 0o777 == 0o644
    assert all(path.stat().st_mode & 0o777 == 0o755 for path in (target, target / "Contents"))


def test_everything_before_the_rename_is_about_the_copy(mac, capsys):
    run(capsys, "install", mac.bundle())
    for call in mac.calls("chown", "xattr", "codesign")[1:]:
        assert f"{mac.hal}/{copying.PREFIX}" in call[-1]
    assert mac.calls("chown")[1][1:3] == ["-R", "root:wheel"]
    assert mac.calls("xattr")[0][1:3] == ["-dr", "com.apple.quarantine"]


def test_modes_do_not_depend_on_who_installs(mac, capsys):
    """What codesign adds has modes too."""
    before = os.umask(0o077)
    try:
        assert run(capsys, "install", mac.bundle())[0] == 0
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (mac.hal / "Tiny.driver").rglob("*")}
    assert modes == {"Contents": 0o755, "MacOS": 0o755, "Tiny": 0o755, "Info.plist": 0o644,
                     "_CodeSignature": 0o755, "CodeResources": 0o644}  # fmt: skip
    assert mac.hal.stat().st_mode & 0o777 == 0o755


def test_a_signature_of_its_own_is_kept(mac, capsys):
    source = mac.bundle()
    (source / "Contents" / "_CodeSignature").mkdir()
    (source / "Contents" / "_CodeSignature" / "CodeResources").write_text("Apple's\n")
    mac.write("signature", DEVELOPER_ID)
    assert run(capsys, "install", source)[0] == 0
    assert not [call for call in mac.calls("codesign") if call[1] == "--force"]
    assert (mac.hal / "Tiny.driver/Contents/_CodeSignature/CodeResources").read_text() == "Apple's\n"


def test_an_upgrade_replaces_all_of_the_older_one(mac, capsys):
    old = mac.installed()
    (old / "Contents" / "stale.txt").write_text("old")
    assert run(capsys, "install", mac.bundle())[0] == 0
    assert not (old / "Contents" / "stale.txt").exists()
    assert [path.name for path in mac.hal.iterdir()] == ["Tiny.driver"]


def test_what_an_interrupted_installation_left_is_removed(mac, capsys):
    (mac.hal / f"{copying.PREFIX}dead" / "Tiny.driver").mkdir(parents=True)
    (mac.hal / f"{copying.PREFIX}{2**22 + 1}-x").mkdir()  # no system has a process of that number
    other = mac.hal / f"{copying.PREFIX}{os.getpid()}-x"
    other.mkdir()
    assert run(capsys, "install", mac.bundle())[0] == 0
    assert {path.name for path in mac.hal.iterdir()} == {"Tiny.driver", other.name}


def test_a_process_of_somebody_else_is_at_work(mac, monkeypatch):
    def refuse(pid, signal):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", refuse)
    assert copying.is_at_work(mac.hal / f"{copying.PREFIX}1-x")


BROKEN = {
    "chown": ("exit 1", 1, "giving Tiny.driver to root:wheel failed: exit code 1"),
    "xattr": ('[ "$1" = -lr ] && echo "Tiny: com.apple.quarantine: 0083"', 1, "keeps the attribute"),
    "codesign": ('[ "$1" = --display ] && cat "$STATE/signature" >&2 || { echo "a file is missing" >&2; exit 1; }',
                 1, "does not have a valid signature: a file is missing"),
}  # fmt: skip


@pytest.mark.parametrize("tool", BROKEN)
def test_a_step_that_fails_leaves_the_older_one_and_nothing_else(mac, capsys, tool):
    old = mac.installed()
    before = snapshot(mac.root)
    script, code, text = BROKEN[tool]
    mac.tool(tool, script)
    found, _, err = run(capsys, "install", mac.bundle())
    assert (found, text in err) == (code, True), err
    assert snapshot(mac.root) == before and old.is_dir()
    assert not mac.calls("killall")


def test_a_copy_that_differs(mac, capsys, monkeypatch):
    monkeypatch.setattr(copying.shutil, "copyfile", lambda source, target: Path(target).write_bytes(b"damaged"))
    refused(capsys, 1, "differs from it in Contents/Info.plist", "disk", "install", mac.bundle())
    assert list(mac.hal.iterdir()) == []


@pytest.mark.parametrize("other", ["file", "link", "folder", "missing"])
def test_first_difference(tmp_path, other):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "file").write_text("same")
        (folder / "link").symlink_to("sub/file")
    assert copying.first_difference(one, two) is None
    if other == "file":
        (two / "sub" / "file").write_text("else")
    elif other == "link":
        (two / "link").unlink()
        (two / "link").symlink_to("sub")
    elif other == "folder":
        (two / "extra").mkdir()
    else:
        (two / "sub" / "file").unlink()
    expected = {"file": "sub/file", "link": "link", "folder": "extra", "missing": "sub/file"}[other]
    assert copying.first_difference(one, two) == expected


def test_a_rename_that_fails_brings_the_older_one_back(mac, capsys, monkeypatch):
    mac.installed()
    before, rename = snapshot(mac.root), os.rename

    def fail(source, target):
        if "/older" not in str(source) and str(target).endswith("HAL/Tiny.driver"):
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(copying.os, "rename", fail)
    source = mac.bundle()
    code, _, err = run(capsys, "install", source)
    assert (code, "No space left on device" in err) == (1, True)
    assert snapshot(mac.root) == before
    shutil.rmtree(mac.hal / "Tiny.driver")
    assert run(capsys, "install", source)[0] == 1 and list(mac.hal.iterdir()) == []


def test_no_permission(mac, capsys, monkeypatch):
    def fail(**options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(copying.tempfile, "mkdtemp", fail)
    refused(capsys, 2, "Permission denied", "sudo", "install", mac.bundle())


def test_not_root(mac, capsys, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 501)
    refused(capsys, 2, "needs root", "sudo", "install", mac.bundle())
    assert not mac.hal.exists()


def test_not_a_mac(mac, capsys, monkeypatch):
    monkeypatch.setattr(system, "is_mac", lambda: False)
    refused(capsys, 2, f"install is for a Mac, and this is {sys.platform}", "--root", "install", mac.bundle())
    refused(capsys, 2, "uninstall is for a Mac", "--root", "uninstall", "Tiny")


def test_sources_that_cannot_be_installed(mac, capsys):
    source = mac.bundle()
    other = source.rename(source.with_suffix(".bundle"))
    refused(capsys, 2, "is not called NAME.driver", "coreaudiod", "install", other)
    source = mac.bundle("Link")
    (source / "Contents" / "out").symlink_to(mac.folder)
    refused(capsys, 2, "a link that leads out of the bundle", "copy of the file", "install", source)
    mac.slices[0].system = "Linux"
    refused(capsys, 2, "is for Linux arm64, not for macOS", "--target", "install", source)


def test_another_processor_or_an_older_system(mac, capsys, monkeypatch):
    source = mac.bundle()
    mac.tool("sysctl", "echo 0")
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    refused(capsys, 2, "is for arm64, and this Mac is x86_64", "macos-universal2", "install", source)
    mac.tool("sysctl", "echo 1")
    mac.slices[0].machine = "x86_64"
    refused(capsys, 2, "is for x86_64, and this Mac is arm64", "Rosetta", "install", source)
    mac.slices[0].machine = "arm64"
    mac.tool("sw_vers", "echo 11.7.10")
    refused(capsys, 2, "needs macOS 12.0, and this is 11.7.10", "Update", "install", source)
    assert install.older("", "12.0") is False and install.older("12", "12.0.1") is True


@pytest.mark.parametrize(
    ("name", "bundle_id", "options", "text"),
    [
        ("Other", UID, {"devices": []}, f"bundle identifier {UID}"),
        ("Other", "com.example.Other", {"factory_uuid": "11111111-2222-3333-4444-555555555555"}, "factory UUID 1111"),
        ("Other", "com.example.Other", {}, f"device UID {UID}"),
        ("Tiny", "com.example.Other", {"devices": []}, "is the driver com.example.Other"),
    ],
)
def test_a_driver_that_is_in_the_way(mac, capsys, name, bundle_id, options, text):
    mac.installed(name, bundle_id, **options)
    before = snapshot(mac.root)
    same = {"factory_uuid": options["factory_uuid"]} if "factory_uuid" in options else {}
    code, _, err = run(capsys, "install", mac.bundle(**same))
    assert (code, text in err, "hint: " in err) == (2, True, True), err
    assert snapshot(mac.root) == before


def test_something_that_is_no_driver_is_in_the_way(mac, capsys):
    mac.hal.mkdir(parents=True)
    (mac.hal / "Tiny.driver").write_text("mine")
    refused(capsys, 2, "is there and is something else", "Remove it", "install", mac.bundle())
    (mac.hal / "Tiny.driver").unlink()
    (mac.hal / "Tiny.driver").symlink_to(mac.folder)
    refused(capsys, 2, "is there and is something else", "Remove it", "install", mac.bundle("Tiny", folder=mac.folder))


def test_dry_run(mac, capsys):
    """Everything is said, nothing is done."""
    mac.installed()
    source, before = mac.bundle(), snapshot(mac.root)
    code, out, _ = run(capsys, "install", source, "--dry-run")
    assert code == 0 and snapshot(mac.root) == before
    for text in ("would copy", "would run: chown -R root:wheel", "would check the signature", "would rename it to",
                 "would run: killall coreaudiod"):  # fmt: skip
        assert text in out
    assert not mac.calls("chown", "killall", "codesign")
    assert "Installed" not in out
    assert "killall" not in run(capsys, "install", source, "--dry-run", "--no-restart")[1]


def test_another_root(mac, capsys, monkeypatch):
    """A folder that stands for /: files only, for anybody, on any system."""
    monkeypatch.setattr(system, "is_mac", lambda: False)
    monkeypatch.setattr(os, "geteuid", lambda: 501)
    for name in ("codesign", "xattr"):
        mac.tool(name, None)
    image = mac.folder / "image"
    image.mkdir()
    code, out, _ = run(capsys, "install", mac.bundle(), "--root", image)
    assert (code, mac.calls()) == (0, [])
    assert "warning: there is no codesign here" in out
    assert (image / system.HAL / "Tiny.driver" / "Contents" / "MacOS" / "Tiny").is_file()
    assert run(capsys, "uninstall", "Tiny", "--root", image)[0] == 0
    assert list((image / system.HAL).iterdir()) == []
    refused(capsys, 2, "there is no such folder", "--root", "install", "Tiny.driver", "--root", mac.folder / "none")


# ---- the device ----


def test_the_device_differs_from_the_declaration(mac, capsys):
    mac.shows({**SHOWN, "Name": "Else", "InputChannels": 1})
    code, out, _ = run(capsys, "install", mac.bundle())
    assert code == 0
    assert f"warning: the name of {UID} is 'Else', and the bundle declares 'Tiny'" in out
    assert "warning: the number of input channels" in out


def test_the_device_comes_from_somewhere_else(mac, capsys):
    mac.write("helper", "")
    assert "no process of coreaudiod runs Tiny.driver" in run(capsys, "install", mac.bundle())[1]


def test_the_device_does_not_appear(mac, capsys):
    """A second restart when half of the time has gone, then the advice (D1.2); the bundle stays."""
    mac.shows()
    refused(capsys, 1, f"its device {UID} has not appeared within 60 seconds and two restarts", "doctor Tiny.driver",
            "install", mac.bundle())  # fmt: skip
    assert mac.calls("killall") == [["killall", "coreaudiod"]] * 2
    assert (mac.hal / "Tiny.driver").is_dir() and 60 <= mac.clock < 75


def test_the_device_appears_late(mac, capsys):
    mac.shows()
    late = '[ "$(wc -l < "$STATE/calls")" -gt 30 ] && cp "$STATE/late" "$STATE/devices"'
    mac.tool("fake-probe", f'cat "$STATE/devices"; {late}')
    mac.write("late", f'[{{"UID": "{UID}", "Name": "Tiny", "InputChannels": 2, "OutputChannels": 2}}]')
    code, out, _ = run(capsys, "install", mac.bundle(), "--wait", 200)
    assert code == 0 and len(mac.calls("killall")) == 1 and "is there" in out


def test_no_restart_and_no_device_to_wait_for(mac, capsys):
    assert run(capsys, "install", mac.bundle(), "--no-restart")[0] == 0
    assert not mac.calls("killall", "fake-probe")
    code, out, _ = run(capsys, "install", mac.bundle("Quiet", "com.example.Quiet", devices=[]))
    assert code == 0 and "warning: the bundle does not say which device it makes" in out
    code, out, _ = run(capsys, "install", mac.bundle("Third", "com.example.Third", devices=[]), "--uid", UID)
    assert code == 0 and f"The device {UID} is there" in out
    refused(capsys, 2, "argument --wait: invalid seconds value: 'soon'", "--help", "install", "a", "--wait", "soon")
    refused(capsys, 2, "argument --wait: invalid seconds value", "--help", "install", "a", "--wait", "-1")


def test_coreaudiod_that_ignores_a_polite_request(mac, capsys):
    mac.tool("killall", DEAF)
    code, out, _ = run(capsys, "install", mac.bundle())
    assert code == 0 and "has ignored that for 5 seconds; killing it" in out
    assert mac.calls("killall") == [["killall", "coreaudiod"], ["killall", "-9", "coreaudiod"]]


def test_coreaudiod_that_cannot_be_ended(mac, capsys):
    mac.tool("killall", "")
    refused(capsys, 1, "coreaudiod (process 100) cannot be ended", "Restart the Mac", "install", mac.bundle())


def test_coreaudiod_that_does_not_run(mac, capsys):
    mac.write("pid", "")
    code, out, _ = run(capsys, "install", mac.bundle())
    assert code == 0 and "coreaudiod is not running" in out and not mac.calls("killall")


@pytest.mark.parametrize(
    ("script", "kind", "text"),
    [
        ("exec sleep 5", devices.Silent, "has not answered for 0.2 seconds"),
        ("echo 'Core Audio does not answer' >&2; exit 1", system.MacError, "Core Audio does not answer"),
        ("echo not JSON", system.MacError, "not JSON"),
        ("echo '{}'", system.MacError, "cannot be asked"),
        ("exit 3", system.MacError, "no answer"),
        (None, system.MacError, "No such file"),
    ],
)
def test_a_probe_that_fails(mac, monkeypatch, script, kind, text):
    monkeypatch.setattr(devices, "SECONDS", 0.2)
    mac.tool("fake-probe", script)
    with pytest.raises(system.MacError) as caught:
        devices.read()
    assert type(caught.value) is kind and text in str(caught.value)


def test_waiting_goes_on_while_coreaudiod_starts(mac):
    """A probe that fails is not a device that is gone, and not one that is there."""
    mac.tool("fake-probe", "exit 1")
    made = system.System(say=mac.said.append)
    assert not restart.wait_for(made, UID, 4)
    assert not restart.wait_until_gone(made, UID, 2)


# ---- uninstall ----


def test_uninstall(mac, capsys):
    driver = mac.installed()
    support = mac.root / "Library" / "Application Support" / UID
    support.mkdir(parents=True)
    (support / "uninstall.sh").write_text("")
    other = mac.installed("Other", "com.example.Other", devices=[])
    mac.tool("pkgutil", "exit 0")
    mac.tool("killall", f'echo "[]" > "$STATE/devices"\n{KILLALL}')
    code, out, _ = run(capsys, "uninstall", "Tiny")
    assert code == 0 and not driver.exists() and not support.exists() and other.is_dir()
    assert f"Removed {driver}" in out and f"The device {UID} is gone" in out
    volume = ["--volume", str(mac.root)]
    assert mac.calls("pkgutil") == [
        ["pkgutil", "--pkg-info", f"{UID}.pkg", *volume], ["pkgutil", "--forget", f"{UID}.pkg", *volume],
    ]  # fmt: skip


def test_uninstall_by_identifier_without_a_package(mac, capsys):
    driver = mac.installed()
    assert run(capsys, "uninstall", UID, "--no-restart")[0] == 0
    assert not driver.exists() and not mac.calls("killall") and len(mac.calls("pkgutil")) == 1


def test_uninstall_of_a_driver_without_an_identity(mac, capsys):
    driver = mac.installed()
    (driver / "Contents" / "Info.plist").write_text("damaged")
    assert run(capsys, "uninstall", "Tiny.driver")[0] == 0
    assert not driver.exists() and not mac.calls("pkgutil", "fake-probe")


def test_a_device_that_stays(mac, capsys):
    mac.installed()
    refused(capsys, 1, f"the device {UID} is still there", "doctor", "uninstall", "Tiny")
    assert list(mac.hal.iterdir()) == []


def test_nothing_to_uninstall(mac, capsys):
    refused(capsys, 2, "Tiny is not installed", "no driver at all", "uninstall", "Tiny")
    mac.installed("Other", "com.example.Other")
    refused(capsys, 2, "Tiny is not installed", "There: Other.driver.", "uninstall", "Tiny")
    (mac.hal / "Link.driver").symlink_to(mac.hal / "Other.driver")
    refused(capsys, 2, "is a link", "rm", "uninstall", "Link")


def test_a_receipt_that_stays(mac, capsys):
    mac.installed()
    mac.tool("pkgutil", '[ "$1" = --pkg-info ] || { echo "No receipt" >&2; exit 1; }')
    code, _, err = run(capsys, "uninstall", "Tiny")
    assert (code, err) == (1, f"error: forgetting the package {UID}.pkg failed: No receipt\n")


def test_dry_run_of_uninstall(mac, capsys):
    mac.installed()
    (mac.root / "Library" / "Application Support" / UID).mkdir(parents=True)
    mac.tool("pkgutil", "exit 0")
    before = snapshot(mac.root)
    code, out, _ = run(capsys, "uninstall", "Tiny", "--dry-run")
    assert code == 0 and snapshot(mac.root) == before and not mac.calls("killall", "fake-probe")
    assert out.count("would remove") == 2 and "would run: pkgutil --forget" in out and "would run: killall" in out


# ---- nothing else is touched ----


def test_nothing_outside_is_touched(mac, capsys, watched):
    """Every file operation of this process is in the HAL folder; what lies beside it is the same afterwards."""
    elsewhere = mac.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("mine")
    (mac.root / "Library" / "Audio").mkdir(parents=True)
    (mac.root / "Library" / "mine").write_text("mine")
    source = mac.bundle()
    elsewhere.chmod(0o555)
    before = snapshot(mac.folder, mac.state, mac.root / "Library" / "Audio" / "Plug-Ins")
    with watched(mac.hal.parent) as writes:
        assert run(capsys, "install", source)[0] == 0
        run(capsys, "doctor")
    mac.shows()
    with watched(mac.hal) as more:
        assert run(capsys, "uninstall", "Tiny")[0] == 0
    assert writes.outside == more.outside == [] and writes.inside and more.inside
    assert snapshot(mac.folder, mac.state, mac.root / "Library" / "Audio" / "Plug-Ins") == before
    assert list(mac.hal.iterdir()) == []


def test_the_watch_sees_what_it_should(tmp_path, watched):
    (tmp_path / "in").mkdir()
    with watched(tmp_path / "in") as writes:
        (tmp_path / "in" / "a").write_text("")
        (tmp_path / "out").write_text("")
        os.rename(tmp_path / "out", tmp_path / "in" / "b")
        (tmp_path / "in" / "a").read_text()
    assert len(writes.outside) == 2 and len(writes.inside) == 1


def test_declared_devices_are_found_by_their_uid(mac):
    assert devices.by_uid(UID)["Name"] == "Tiny" and devices.by_uid("other") is None
    assert mac.calls("fake-probe") == [["fake-probe", UID], ["fake-probe", "other"]]
    assert list(devices.differences(DEVICE, SHOWN)) == []
