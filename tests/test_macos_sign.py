"""`sign`, `bundle --sign` and `notarize` with commands that only answer (fake_mac.py)."""

import json

import pytest
from fake_mac import ADHOC, DEVELOPER_ID, snapshot
from test_macos_install import refused, run

from tympan._errors import UsageError
from tympan.bundle.macos import notarize, sign, signature, system

IDENTITY = "Developer ID Application: Example (ABCDE12345)"
#: A submission that Apple accepts; stapler is silent.
ACCEPTED = 'case "$2" in submit) echo \'{"id": "1234", "status": "Accepted"}\' ;; esac'


@pytest.fixture
def signed(mac):
    """A bundle with everything that the notary wants."""
    path = mac.bundle()
    (path / "Contents" / "_CodeSignature").mkdir()
    (path / "Contents" / "_CodeSignature" / "CodeResources").write_text("sealed\n")
    mac.write("signature", DEVELOPER_ID)
    mac.tool("xcrun", ACCEPTED)
    mac.tool("ditto", 'for last; do :; done; echo zip > "$last"')
    return path


# ---- sign ----


def test_ad_hoc(mac, capsys):
    path = mac.bundle()
    (path / "Contents" / "Frameworks").mkdir()
    (path / "Contents" / "Frameworks" / "libtympanpython3.so").write_bytes(b"library")
    code, out, _ = run(capsys, "sign", path)
    assert (code, out) == (0, f"Signed {path} (ad hoc)\n")
    options = ["codesign", "--force", "--sign", "-", "--timestamp=none"]
    assert mac.calls("codesign") == [
        [*options, str(path / "Contents" / "Frameworks" / "libtympanpython3.so")],  # nested code first
        [*options, str(path)],
        ["codesign", "--verify", "--strict", "--verbose=2", str(path)],
    ]


def test_identity(mac, capsys):
    path = mac.bundle()
    assert run(capsys, "sign", path, "--sign", IDENTITY)[0] == 0
    assert mac.calls("codesign")[0] == [
        "codesign", "--force", "--sign", IDENTITY, "--options", "runtime", "--timestamp", str(path),
    ]  # fmt: skip


def test_codesign_refuses(mac, capsys):
    path = mac.bundle()
    mac.tool("codesign", 'echo "X: no identity found" >&2; exit 1')
    refused(capsys, 1, "signing Tiny.driver failed: X: no identity found", "find-identity", "sign", path, "--sign", "X")
    mac.tool("codesign", '[ "$1" = --verify ] && { echo "changed" >&2; exit 1; }; exit 0')
    refused(capsys, 1, "does not have a valid signature: changed", "last step", "sign", path)


def test_not_a_bundle(mac, capsys):
    refused(capsys, 2, "is not a bundle", ".driver", "sign", mac.folder)
    path = mac.bundle()
    (path / "Contents" / "MacOS" / "Tiny").write_bytes(b"\x7fELF")
    refused(capsys, 2, "is not for macOS", "--target", "sign", path)
    (path / "Contents" / "MacOS" / "Tiny").unlink()
    refused(capsys, 2, "is not for macOS", "--target", "sign", path)


def test_dry_run(mac, capsys):
    path = mac.bundle()
    before = snapshot(path)
    code, out, _ = run(capsys, "sign", path, "--sign", IDENTITY, "--dry-run")
    assert code == 0 and snapshot(path) == before and not mac.calls()
    assert "would run: codesign --force" in out and "Signed" not in out


def test_rcodesign(mac, capsys):
    """Elsewhere than on a Mac."""
    path, key = mac.bundle(), mac.folder / "id.p12"
    mac.tool("codesign", None)
    mac.tool("rcodesign", "exit 0")
    refused(capsys, 2, "there is no such file; rcodesign signs with the .p12", "Keychain", "sign", path, "--sign", key)
    key.write_text("")
    assert run(capsys, "sign", path)[0] == 0
    assert run(capsys, "sign", path, "--sign", key)[0] == 0
    assert run(capsys, "sign", path, "--sign", key, "--p12-password-file", "secret")[0] == 0
    start = ["rcodesign", "sign"]
    with_key = [*start, "--p12-file", str(key), "--code-signature-flags", "runtime"]
    assert mac.calls("rcodesign") == [
        [*start, str(path)], [*with_key, str(path)], [*with_key, "--p12-password-file", "secret", str(path)],
    ]  # fmt: skip


def test_neither(mac, capsys):
    path = mac.bundle()
    mac.tool("codesign", None)
    refused(capsys, 2, "cannot be signed ad hoc here", "python -m tympan sign", "sign", path)
    refused(capsys, 2, "cannot be signed as X here", "rcodesign", "sign", path, "--sign", "X")
    # `bundle` says it before it compiles anything, and leaves nothing.
    refused(capsys, 2, "cannot be signed ad hoc here", "rcodesign", "bundle", "examples/gain", "--sign", "-",
            "--output", mac.folder / "made")  # fmt: skip
    assert not (mac.folder / "made").exists()


def test_the_last_step_of_a_build(mac, monkeypatch):
    path = mac.bundle()
    sign.built(path, None, None, mac.said.append)
    assert not mac.calls()  # sign.py's own is_mac says that this is Linux
    sign.built(path, IDENTITY, None, mac.said.append)
    assert mac.calls("codesign")[0][3] == IDENTITY
    monkeypatch.setattr(sign, "is_mac", lambda: True)
    sign.built(path, None, None, mac.said.append)
    assert mac.calls("codesign")[2][3] == "-"


@pytest.mark.parametrize(
    ("text", "words", "facts"),
    [
        (ADHOC, "signed ad hoc", {"adhoc": True, "linker": False, "developer_id": False}),
        (DEVELOPER_ID, f"signed by {IDENTITY}", {"runtime": True, "timestamp": True, "developer_id": True}),
        ("x: code object is not signed at all", "not signed", {"adhoc": False, "signed": False}),
        ("CodeDirectory flags=0x20002(adhoc,linker-signed) hashes=1", "signed by the linker only", {"linker": True}),
        ("CodeDirectory v=2 size=9 flags=0x0(none) hashes=1", "signed by an unknown identity", {"runtime": False}),
    ],
)  # fmt: skip
def test_reading_a_signature(text, words, facts):
    found = signature.Signature(system.Answer(0), system.Answer(0, err=text))
    assert str(found) == words
    assert {name: getattr(found, name) for name in facts} == facts


# ---- notarize ----


def test_notarize_a_bundle(mac, signed, capsys):
    before = snapshot(signed)
    code, out, _ = run(capsys, "notarize", signed, "--profile", "me")
    assert (code, out) == (0, f"Notarized and stapled {signed}\n")
    assert mac.calls("ditto")[0][1:5] == ["-c", "-k", "--keepParent", str(signed)]
    submit, staple, validate = mac.calls("xcrun")
    assert submit[1:3] == ["notarytool", "submit"] and submit[3].endswith("/Tiny.zip")
    assert submit[4:] == ["--keychain-profile", "me", "--wait", "--output-format", "json"]
    assert staple[1:] == ["stapler", "staple", str(signed)] and validate[1:] == ["stapler", "validate", str(signed)]
    assert snapshot(signed) == before


def test_notarize_a_package(mac, signed, capsys):
    package = mac.folder / "Tiny.pkg"
    package.write_text("")
    refused(capsys, 2, "is not signed with a Developer ID Installer", "package", "notarize", package, "--profile", "me")
    mac.tool("pkgutil", 'echo "1. Developer ID Installer: Example (ABCDE12345)"')
    assert run(capsys, "notarize", package, "--profile", "me")[0] == 0
    assert mac.calls("xcrun")[0][3] == str(package) and not mac.calls("ditto")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ADHOC, "is signed ad hoc"),
        (DEVELOPER_ID.replace("(runtime)", "(none)"), "without the hardened runtime"),
        (DEVELOPER_ID.replace("Timestamp", "Time"), "without a timestamp"),
    ],
)
def test_what_the_notary_would_refuse(mac, signed, capsys, text, problem):
    mac.write("signature", text)
    refused(capsys, 2, problem, "python -m tympan sign", "notarize", signed, "--profile", "me")
    assert not mac.calls("xcrun", "ditto")


def test_a_signature_that_is_not_valid(signed, capsys):
    found = signature.Signature(system.Answer(1, err="changed\n"), system.Answer(0, err=DEVELOPER_ID))
    assert notarize.bundle_problem(found) == "has an invalid signature (changed)"


INVALID = """
case "$2" in
submit) echo '{"id": "1234", "status": "Invalid"}' ;;
log) echo '{"issues": [{"severity": "error", "path": "Tiny.driver/Contents/MacOS/Tiny", "message": "no timestamp"}]}' ;;
esac
"""


def test_apple_refuses(mac, signed, capsys):
    mac.tool("xcrun", INVALID)
    code, out, err = run(capsys, "notarize", signed, "--profile", "me")
    assert code == 1 and "Apple has not accepted Tiny.driver: Invalid" in err and "notarytool log 1234" in err
    assert out == "notary: error: Tiny.driver/Contents/MacOS/Tiny: no timestamp\n"
    assert not [call for call in mac.calls("xcrun") if "stapler" in call]


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("echo 'No Keychain password item found' >&2; exit 69", "submitting Tiny.driver failed: No Keychain password"),
        ("echo '[]'", "submitting Tiny.driver failed"),
        ("echo '{\"message\": \"quota\"}'", "has not accepted Tiny.driver: quota"),
        (f'[ "$1" = stapler ] && {{ echo no; exit 65; }}; {ACCEPTED}', "stapling the ticket to Tiny.driver failed: no"),
        (f'[ "$2" = validate ] && exit 1; {ACCEPTED}', "checking the ticket of Tiny.driver failed: exit code 1"),
    ],
)
def test_a_submission_that_fails(mac, signed, capsys, script, text):
    mac.tool("xcrun", script)
    code, _, err = run(capsys, "notarize", signed, "--profile", "me")
    assert code == 1 and text in err, err


def test_issues_that_cannot_be_read():
    assert list(notarize.issues("")) == list(notarize.issues("[]")) == list(notarize.issues('{"issues": null}')) == []


def test_dry_run_of_notarize(mac, signed, capsys):
    code, out, _ = run(capsys, "notarize", signed, "--profile", "me", "--dry-run")
    assert code == 0 and not mac.calls("xcrun", "ditto")
    assert [line.split()[2] for line in out.splitlines()] == ["ditto", "xcrun", "xcrun", "xcrun"]


def test_what_is_missing(mac, signed, capsys):
    refused(capsys, 2, "needs the profile", "store-credentials", "notarize", signed)
    refused(capsys, 2, "is neither a .driver nor a .pkg", "bundle", "notarize", mac.folder / "no.pkg")
    refused(capsys, 2, "is neither a .driver nor a .pkg", "bundle", "notarize", mac.folder)
    mac.tool("xcrun", None)
    refused(capsys, 2, "there is neither xcrun nor rcodesign", "On a Mac", "notarize", signed)
    mac.tool("rcodesign", "exit 0")
    refused(capsys, 2, "needs an App Store Connect key", "encode", "notarize", signed)


def test_notarize_with_rcodesign(mac, signed, capsys):
    mac.tool("xcrun", None)
    mac.tool("rcodesign", "exit 0")
    key = mac.folder / "key.json"
    key.write_text(json.dumps({}))
    assert run(capsys, "notarize", signed, "--api-key", key)[0] == 0
    assert mac.calls("rcodesign") == [
        ["rcodesign", "notary-submit", "--api-key-file", str(key), "--max-wait-seconds", "3600",
         "--staple", str(signed)],
    ]  # fmt: skip


# ---- running commands ----


def test_a_command_that_does_not_answer(mac):
    mac.tool("slow", "exec sleep 5")
    made = system.System()
    late = made.ask("slow", seconds=0.1)
    assert (late.code, late.late, late.first) == (None, True, "slow has not answered within 0.1 seconds")
    gone = made.ask("no-such-command")
    assert (gone.code, gone.late, gone.first) == (None, False, "no-such-command was not found")
    (mac.bin / "broken").write_text("#!/no/such/interpreter\n")
    (mac.bin / "broken").chmod(0o755)
    assert "cannot be run" in made.ask("broken").first


def test_removing(tmp_path):
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    system.remove(tmp_path / "link")
    assert (tmp_path / "folder").is_dir()
    system.remove(tmp_path / "folder")
    system.remove(tmp_path / "folder")
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_file_system(mac):
    made = system.System()
    with pytest.raises(system.MacError, match="cannot read it: No such file"):
        made.do("read it", (mac.folder / "none").read_text)
    with pytest.raises(UsageError, match="cannot lock it: Operation not permitted"):
        made.do("lock it", lambda: (_ for _ in ()).throw(PermissionError(1, "Operation not permitted")))
