"""`notarize`: Apple looks at a signed bundle or package, and its answer is stapled to it."""

import json
import tempfile
from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle.macos import signature
from tympan.bundle.macos.system import MacError, add_options, system_of

SECONDS = 3600
STORE = "xcrun notarytool store-credentials PROFILE asks for them once and keeps them in the keychain."


def configure(parser):
    """Arguments of `notarize`."""
    parser.add_argument("path", metavar="FILE", help="a .driver folder or a .pkg, signed with a Developer ID")
    parser.add_argument("--profile", metavar="PROFILE", help="notarytool's keychain profile (on a Mac)")
    parser.add_argument("--api-key", metavar="FILE", help="rcodesign's App Store Connect key, a JSON file (elsewhere)")
    add_options(parser, root=False)


def run(args):
    """Submit, wait, staple."""
    path, system = Path(args.path), system_of(args)
    if path.suffix not in (".driver", ".pkg") or not path.exists():
        raise UsageError(f"{path} is neither a .driver nor a .pkg that is there", "`bundle` or `package` makes one.")
    if system.has("xcrun"):
        with_notarytool(system, path, args.profile)
    elif system.has("rcodesign"):
        with_rcodesign(system, path, args.api_key)
    else:
        raise UsageError(
            f"{path} cannot be notarized here: there is neither xcrun nor rcodesign",
            f"On a Mac: python -m tympan notarize {path} --profile PROFILE",
        )
    if not system.dry_run:
        print(f"Notarized and stapled {path}")
    return 0


def with_notarytool(system, path, profile):
    """Apple's own tools."""
    if not profile:
        raise UsageError("notarytool needs the profile with your credentials: --profile", STORE)
    check_signature(system, path)
    with tempfile.TemporaryDirectory() as folder:
        upload = archive(system, path, Path(folder))
        arguments = ("--keychain-profile", profile, "--wait", "--output-format", "json")
        done = system.run("xcrun", "notarytool", "submit", upload, *arguments, seconds=SECONDS)
    if not system.dry_run:
        judge(system, path, profile, done)
    system.must(f"stapling the ticket to {path.name}", "xcrun", "stapler", "staple", path)
    system.must(f"checking the ticket of {path.name}", "xcrun", "stapler", "validate", path)


def check_signature(system, path):
    """What the notary would refuse, said before minutes of waiting."""
    if path.suffix == ".pkg":
        checked = system.ask("pkgutil", "--check-signature", path)
        problem = "" if "Developer ID Installer" in checked.text else "is not signed with a Developer ID Installer"
        hint = f"python -m tympan package ... --installer-sign IDENTITY makes {path.name} with one."
    else:
        problem, hint = bundle_problem(signature.read(system, path)), f"python -m tympan sign {path} --sign IDENTITY"
    if problem:
        raise UsageError(f"{path} {problem}, which the notary refuses", hint)


def bundle_problem(found):
    """What is missing in a bundle's signature, or ""."""
    if not found.developer_id:
        return f"is {found}"
    if not found.valid:
        return f"has an invalid signature ({found.problem})"
    if not found.runtime:
        return "is signed without the hardened runtime"
    return "" if found.timestamp else "is signed without a timestamp"


def archive(system, path, folder):
    """What is uploaded: a package as it is, a bundle in a zip that keeps its links."""
    if path.suffix == ".pkg":
        return path
    upload = folder / f"{path.stem}.zip"
    system.must(f"packing {path.name}", "ditto", "-c", "-k", "--keepParent", path, upload)
    return upload


def judge(system, path, profile, done):
    """notarytool's exit code does not say what Apple said: its JSON does."""
    try:
        answer = json.loads(done.out)
        status, number = answer.get("status"), answer.get("id")
    except (ValueError, AttributeError):
        raise MacError(f"submitting {path.name} failed: {done.first}", STORE) from None
    if status == "Accepted":
        return
    log = system.ask("xcrun", "notarytool", "log", number, "--keychain-profile", profile) if number else None
    for issue in issues(log.out if log else ""):
        system.say(f"notary: {issue}")
    raise MacError(
        f"Apple has not accepted {path.name}: {status or answer.get('message')}",
        f"xcrun notarytool log {number} --keychain-profile {profile} has the whole answer.",
    )


def issues(text):
    """The notary's complaints as lines."""
    try:
        found = json.loads(text).get("issues") or []
    except (ValueError, AttributeError):
        return
    for issue in found:
        yield f"{issue.get('severity')}: {issue.get('path')}: {issue.get('message')}"


def with_rcodesign(system, path, key):
    """rcodesign waits and staples by itself."""
    if not key or not Path(key).is_file():
        raise UsageError(
            "rcodesign needs an App Store Connect key: --api-key FILE",
            "rcodesign encode-app-store-connect-api-key makes the file.",
        )
    arguments = ("--api-key-file", key, "--max-wait-seconds", SECONDS, "--staple")
    system.must(f"notarizing {path.name}", "rcodesign", "notary-submit", *arguments, path, seconds=SECONDS + 60)

