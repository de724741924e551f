"""`package`, and the shell scripts in it, which run here for real with commands that only answer (fake_mac.py)."""

import os
import plistlib
import subprocess
from xml.etree import ElementTree

import pytest
from fake_mac import DEVELOPER_ID, UID, snapshot
from test_macos_install import DEAF, refused, run

from tympan.bundle.macos import installed, package, scripts

#: pkgbuild keeps what it was given, so that a test can look at it; the others make their last argument.
PKGBUILD = 'cp -Rp "$2" "$STATE/root"; cp -Rp "$6" "$STATE/scripts"; cp "$4" "$STATE/component.plist"\n'
TOUCH = 'for last; do :; done; echo made > "$last"'
INSTALLER = "Developer ID Installer: Example (ABCDE12345)"


@pytest.fixture
def packing(mac):
    """A Mac with pkgbuild, productbuild and productsign."""
    mac.tool("pkgbuild", PKGBUILD + TOUCH)
    mac.tool("productbuild", f'cp "$2" "$STATE/distribution.xml"\n{TOUCH}')
    mac.tool("productsign", TOUCH)
    return mac


def test_package(packing, capsys):
    source = packing.bundle()
    before = snapshot(source)
    code, out, _ = run(capsys, "package", source)
    made = source.with_name("Tiny-1.2.pkg")
    assert code == 0 and made.is_file() and snapshot(source) == before
    assert f"Created {made} (installs Tiny.driver, {UID} 1.2)" in out and "warning: the package is not signed" in out
    assert {path.name for path in source.parent.iterdir()} == {"Tiny.driver", "Tiny-1.2.pkg"}
    build = packing.calls("pkgbuild")[0]
    assert build[7:-1] == ["--identifier", f"{UID}.pkg", "--version", "1.2", "--install-location", "/",
                           "--ownership", "recommended"]  # fmt: skip


def test_what_is_in_it(packing, capsys):
    before = os.umask(0o077)  # no mode may depend on who packs
    try:
        run(capsys, "package", packing.bundle(), "--output", packing.folder / "out.pkg")
    finally:
        os.umask(before)
    root = packing.state / "root"
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    driver = "Library/Audio/Plug-Ins/HAL/Tiny.driver/Contents"
    assert files == {
        f"{driver}/Info.plist", f"{driver}/MacOS/Tiny", f"{driver}/_CodeSignature/CodeResources",
        f"Library/Application Support/{UID}/uninstall.sh",
    }  # fmt: skip
    assert {path.name for path in (packing.state / "scripts").iterdir()} == {"preinstall", "postinstall"}
    assert all(path.stat().st_mode & 0o777 == 0o755 for path in (packing.state / "scripts").iterdir())
    assert all(path.stat().st_mode & 0o777 == 0o755 for path in root.rglob("*") if path.is_dir())
    (component,) = plistlib.loads((packing.state / "component.plist").read_bytes())
    assert component["BundleIsRelocatable"] is False and component["RootRelativeBundlePath"].endswith("HAL/Tiny.driver")


def test_distribution(packing, capsys):
    """Deterministic, and well-formed whatever the driver is called."""
    source = packing.bundle(title="A & <B>")
    driver = installed.Installed(source)
    assert package.distribution(driver, {"x86_64", "arm64"}) == package.distribution(driver, {"arm64", "x86_64"})
    tree = ElementTree.fromstring(package.distribution(driver, {"x86_64", "arm64"}))
    assert tree.findtext("title") == "A & <B>"
    assert tree.find("options").get("hostArchitectures") == "arm64,x86_64"
    assert tree.find(".//os-version").get("min") == "12.0"
    assert [ref.get("id") for ref in tree.iter("pkg-ref")] == [f"{UID}.pkg"] * 2
    driver.minimum_system = ""
    assert b"os-version" not in package.distribution(driver, {"arm64"})


def test_signed(packing, capsys):
    packing.tool("pkgutil", "exit 0")
    packing.write("signature", DEVELOPER_ID)
    source = packing.bundle()
    identity = "Developer ID Application: Example"
    code, out, _ = run(capsys, "package", source, "--sign", identity, "--installer-sign", INSTALLER)
    assert code == 0 and "warning" not in out
    force = [call for call in packing.calls("codesign") if call[1] == "--force"]
    assert len(force) == 1 and force[0][3] == identity and str(source) != force[0][-1]
    assert packing.calls("productsign")[0][1:4] == ["--sign", INSTALLER, "--timestamp"]
    assert packing.calls("pkgutil")[0][1] == "--check-signature"


@pytest.mark.parametrize(
    ("tool", "script", "text"),
    [
        ("xattr", "exit 1", "clearing the attributes of Tiny.driver failed"),
        ("codesign", "echo bad >&2; [ $1 = --display ] || exit 1", "does not have a valid signature: bad"),
        ("pkgbuild", "echo full >&2; exit 1", "packing the files failed: full"),
        ("productbuild", "exit 1", "packing the package failed"),
        ("productsign", "exit 1", "signing the package failed"),
        ("pkgutil", "echo no signature; exit 1", "the package does not have a valid signature: no signature"),
    ],
)
def test_a_step_that_fails_leaves_nothing(packing, capsys, tool, script, text):
    source = packing.bundle()
    packing.tool(tool, script)
    before = snapshot(source.parent)
    code, _, err = run(capsys, "package", source, "--installer-sign", INSTALLER)
    assert (code, text in err) == (1, True), err
    assert snapshot(source.parent) == before


def test_dry_run(packing, capsys):
    source = packing.bundle()
    before = snapshot(source.parent)
    code, out, _ = run(capsys, "package", source, "--installer-sign", INSTALLER, "--dry-run")
    assert code == 0 and snapshot(source.parent) == before and not packing.calls()
    commands = [line.split()[2] for line in out.splitlines() if line.startswith("would run: ")]
    assert commands == ["xattr", "pkgbuild", "productbuild", "productsign", "pkgutil"]


def test_what_cannot_be_packed(packing, capsys):
    source = packing.bundle()
    for name in ("a.zip", "no/a.pkg"):
        output = packing.folder / name
        refused(capsys, 2, "is not the name of a .pkg", "--output", "package", source, "--output", output)
    packing.tool("xattr", None)
    packing.tool("codesign", None)
    assert "there is no codesign" in run(capsys, "package", source)[1]
    refused(capsys, 2, "cannot be signed as X here", "rcodesign", "package", source, "--sign", "X")
    packing.slices[0].system = "Linux"
    refused(capsys, 2, "is for Linux arm64", "--target", "package", source)
    packing.tool("pkgbuild", None)
    refused(capsys, 2, "made by pkgbuild and productbuild, which only macOS has", "to a Mac", "package", source)


# ---- the scripts ----


def script(mac, name, driver, *arguments, root=None):
    """Run one of the package's scripts; (exit code, stdout, stderr)."""
    file = mac.folder / "scripts" / name
    scripts.write(file, name, driver, root or mac.root)
    command = [str(file), *map(str, arguments)]
    path = {"PATH": f"{mac.bin}:/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env=path, timeout=20)
    return done.returncode, done.stdout, done.stderr


PLUTIL = """sed -n '/CFBundleIdentifier/{n;s/.*<string>\\(.*\\)<.string>.*/\\1/p;}' "$6" """


@pytest.fixture
def target(mac):
    """A Mac onto which the package is being installed: plutil reads, sleep does not wait, id says root."""
    mac.tool("plutil", PLUTIL)
    mac.tool("sleep", "")
    mac.tool("id", "echo 0")
    return mac


def test_preinstall(target):
    driver = installed.Installed(target.installed())
    target.installed("Other", "com.example.Other")
    assert script(target, "preinstall", driver, "p", "d", target.root) == (0, "", "")
    (target.hal / "Empty.driver").mkdir()
    assert script(target, "preinstall", driver, "p", "d", f"{target.root}/") == (0, "", "")


def test_preinstall_on_a_new_mac(target):
    assert script(target, "preinstall", installed.Installed(target.bundle()), "p", "d", target.root) == (0, "", "")


def test_preinstall_refuses_a_second_driver_of_one_identity(target):
    driver = installed.Installed(target.bundle())
    target.installed("Other", UID)
    code, _, err = script(target, "preinstall", driver, "p", "d", target.root)
    assert code == 1 and "Other.driver has the same bundle identifier: remove it first" in err


def test_preinstall_refuses_to_overwrite_another_driver(target):
    driver = installed.Installed(target.bundle())
    target.installed("Tiny", "com.example.Other")
    code, _, err = script(target, "preinstall", driver, "p", "d", target.root)
    assert code == 1 and f"is there and is not {UID}" in err


def test_postinstall(target):
    path = target.installed()
    for inner in path.rglob("*"):
        inner.chmod(0o700)
    code, _, err = script(target, "postinstall", installed.Installed(path), "p", "d", target.root)
    assert (code, err) == (0, "")
    modes = {inner.name: inner.stat().st_mode & 0o777 for inner in path.rglob("*")}
    assert modes == {"Contents": 0o755, "MacOS": 0o755, "Tiny": 0o755, "Info.plist": 0o644,
                     "_CodeSignature": 0o755, "CodeResources": 0o644}  # fmt: skip
    words = [call[:3] for call in target.calls()]
    assert words[:3] == [["chown", "-R", "root:wheel"], ["xattr", "-dr", "com.apple.quarantine"],
                         ["codesign", "--verify", "--strict"]]  # fmt: skip
    assert [call for call in words[3:] if call[0] != "pgrep"] == [["killall", "coreaudiod"]]


def test_postinstall_on_another_volume(target):
    driver = installed.Installed(target.installed())
    code, _, _ = script(target, "postinstall", driver, "p", "d", target.root, root="/")
    assert code == 0 and not target.calls("killall", "pgrep") and target.calls("chown")


@pytest.mark.parametrize(("tool", "text"), [("chown", ""), ("codesign", "does not have a valid signature")])
def test_postinstall_that_fails(target, tool, text):
    driver = installed.Installed(target.installed())
    target.tool(tool, "exit 1")
    code, _, err = script(target, "postinstall", driver, "p", "d", target.root)
    assert code == 1 and text in err and not target.calls("killall")


def test_postinstall_without_a_bundle(target):
    code, _, err = script(target, "postinstall", installed.Installed(target.bundle()), "p", "d", target.root)
    assert code == 1 and "is not there" in err


@pytest.mark.parametrize(
    ("killall", "calls", "said"),
    [(DEAF, 2, ""), ("", 2, "cannot be ended: restart the Mac")],
    ids=["deaf", "dead"],
)
def test_restart_in_a_script(target, killall, calls, said):
    target.tool("killall", killall)
    driver = installed.Installed(target.installed())
    code, _, err = script(target, "postinstall", driver, "p", "d", target.root)
    assert code == 0 and said in err and len(target.calls("killall")) == calls
    assert len(target.calls("sleep")) >= 10 and not target.calls("launchctl")


def test_no_coreaudiod_to_restart(target):
    target.write("pid", "")
    assert script(target, "postinstall", installed.Installed(target.installed()), "p", "d", target.root)[0] == 0
    assert not target.calls("killall")


@pytest.fixture
def present(target):
    """An installed package: the driver, and its uninstaller."""
    driver = installed.Installed(target.installed())
    scripts.write(target.root / package.SUPPORT / UID / "uninstall.sh", "uninstall", driver, target.root)
    (target.root / "Library" / "mine").write_text("mine")
    return driver


def test_uninstaller(target, present):
    target.tool("pkgutil", "exit 0")
    code, out, err = script(target, "uninstall", present)
    assert (code, out, err) == (0, "Removed Tiny.driver\n", "")
    left = {path.name for path in target.root.rglob("*") if path.is_file()}
    assert left == {"mine"} and target.calls("pkgutil")[1][1:] == ["--forget", f"{UID}.pkg"]
    assert target.calls("killall") == [["killall", "coreaudiod"]]
    assert script(target, "uninstall", present)[0] == 0  # again: nothing to do


def test_uninstaller_leaves_another_driver_alone(target, present):
    info = present.path / "Contents" / "Info.plist"
    info.write_text(info.read_text().replace(UID, "com.example.Other"))
    code, _, err = script(target, "uninstall", present)
    assert code == 1 and "so it is left alone" in err and present.path.is_dir()


@pytest.mark.parametrize(
    ("tool", "answer", "code"),
    [("id", "echo 501", 2), ("pkgutil", '[ "$1" = --pkg-info ]', 1), ("killall", "", 1)],
)
def test_uninstaller_that_fails(target, present, tool, answer, code):
    target.tool(tool, answer)
    found, out, err = script(target, "uninstall", present)
    assert found == code and "Removed" not in out
    assert tool == "pkgutil" or err


def test_names_with_quotes(target):
    """A driver's name is data in a script, never code."""
    driver = installed.Installed(target.installed("It's $(touch pwned) `x`", "com.example.Odd"))
    code, out, err = script(target, "uninstall", driver)
    assert (code, out, err) == (0, "Removed It's $(touch pwned) `x`.driver\n", "")
    assert list(target.hal.iterdir()) == [] and not list(target.folder.rglob("pwned"))
