"""`sign`: Apple's codesign on a Mac, rcodesign elsewhere; nested code first, the bundle last."""

from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle.macos.system import MacError, System, add_options, is_mac, system_of

ADHOC = "-"
#: The first four bytes of a Mach-O file, thin or universal.
MACHO = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
RCODESIGN = "Install rcodesign (cargo install apple-codesign)"


def configure(parser):
    """Arguments of `sign`."""
    parser.add_argument("path", metavar="BUNDLE", help="a .driver folder")
    add_identity(parser)
    add_options(parser, root=False)


def add_identity(parser):
    """``--sign`` and what goes with it, the same for every command that signs."""
    parser.add_argument(
        "--sign",
        metavar="IDENTITY",
        help="- for ad hoc, enough on this Mac; a Developer ID Application identity; with rcodesign a .p12 file",
    )
    parser.add_argument("--p12-password-file", metavar="FILE", help="rcodesign only: the file with the .p12's password")


def run(args):
    """Sign, and say with what."""
    path = Path(args.path)
    if not (path / "Contents" / "Info.plist").is_file():
        raise UsageError(f"{path} is not a bundle: there is no Contents/Info.plist", "Give a .driver folder.")
    system = system_of(args)
    identity = args.sign or ADHOC
    require(system, path, identity)
    sign(system, path, identity, args.p12_password_file)
    if not system.dry_run:
        print(f"Signed {path} ({'ad hoc' if identity == ADHOC else identity})")
    return 0


def built(bundle, identity, password_file, say):
    """The last step of `bundle`. Elsewhere than on a Mac the linker's ad-hoc signature stays, unless asked."""
    if identity or is_mac():
        sign(System(say=say), bundle, identity or ADHOC, password_file)


def is_macho(bundle):
    """Whether a bundle has a binary for macOS."""
    for file in sorted((bundle / "Contents" / "MacOS").glob("*")):
        with file.open("rb") as opened:
            return opened.read(4) in MACHO
    return False


def require(system, name, identity):
    """Stop before anything is built when it could not be signed here."""
    if not system.has("codesign") and not system.has("rcodesign"):
        how = "ad hoc" if identity == ADHOC else f"as {identity}"
        raise UsageError(
            f"{name} cannot be signed {how} here: there is neither codesign nor rcodesign",
            f"{RCODESIGN}, or on a Mac: python -m tympan sign {name} --sign {identity!r}",
        )
    if not system.has("codesign") and identity != ADHOC and not Path(identity).is_file():
        raise UsageError(
            f"{identity}: there is no such file; rcodesign signs with the .p12 of a Developer ID",
            "Export it from Keychain Access on a Mac, and give its path.",
        )


def nested(bundle):
    """Code inside the bundle that is signed before it."""
    return [*sorted(bundle.glob("Contents/Frameworks/*")), *sorted(bundle.glob("Contents/Resources/lib/*.so"))]


def sign(system, bundle, identity=ADHOC, password_file=None):
    """Sign ``bundle`` and let codesign check it. A bundle for Linux needs no signature."""
    if not is_macho(bundle):
        raise UsageError(f"{bundle} is not for macOS, so it is not signed", "Build it with a --target for macOS.")
    if system.has("codesign"):
        with_codesign(system, bundle, identity)
    else:
        with_rcodesign(system, bundle, identity, password_file)


def with_codesign(system, bundle, identity):
    """Hardened runtime and a timestamp, which the notary demands; neither for ad hoc."""
    options = ("--timestamp=none",) if identity == ADHOC else ("--options", "runtime", "--timestamp")
    hint = "" if identity == ADHOC else "security find-identity -v -p codesigning lists the identities of this Mac."
    for path in [*nested(bundle), bundle]:
        system.must(f"signing {path.name}", "codesign", "--force", "--sign", identity, *options, path, hint=hint)
    check(system, bundle)


def check(system, bundle):
    """What every loader of macOS checks, and more."""
    done = system.run("codesign", "--verify", "--strict", "--verbose=2", bundle)
    if done.code != 0:
        raise MacError(
            f"{bundle.name} does not have a valid signature: {done.first}",
            "Sign it again as the last step: python -m tympan sign; nothing in it may change afterwards.",
        )


def with_rcodesign(system, bundle, identity, password_file):
    """rcodesign signs nested code by itself, and takes Apple's timestamp with a certificate."""
    options = []
    if identity != ADHOC:
        options = ["--p12-file", identity, "--code-signature-flags", "runtime"]
        options += ["--p12-password-file", password_file] if password_file else []
    system.must(f"signing {bundle.name}", "rcodesign", "sign", *options, bundle)
