"""Putting a bundle into the HAL folder: copied beside its place, made right and checked there, then renamed."""

import filecmp
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle.macos import sign, signature
from tympan.bundle.macos.system import MacError, remove

PREFIX = ".tympan-"
QUARANTINE = "com.apple.quarantine"
OWNER = "root:wheel"


@contextmanager
def scratch(system):
    """A folder beside the final place, on the same disk; gone afterwards whatever happens."""
    if system.dry_run:
        yield system.hal / f"{PREFIX}copy"
        return
    prefix = f"{PREFIX}{os.getpid()}-"
    folder = Path(system.do(f"write to {system.hal}", lambda: tempfile.mkdtemp(prefix=prefix, dir=system.hal)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_hal(system):
    """The HAL folder, which a new Mac does not have."""
    if system.hal.is_dir():
        return
    system.do(f"make {system.hal}", lambda: system.hal.mkdir(mode=0o755, parents=True))
    own(system, system.hal)


def check_links(bundle):
    """A link that leads out of the bundle would be broken, or worse, after the copy."""
    for path in bundle.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(bundle.resolve()):
            raise UsageError(f"{path} is a link that leads out of the bundle", "Put a copy of the file there.")


def copy(system, source, target):
    """The files only: no attribute, no owner, no mode of the machine that built it comes along."""
    check_links(source)
    system.do(f"copy {source} to {target}", lambda: plain_copy(source, target))
    if not system.dry_run and (different := first_difference(source, target)):
        raise MacError(f"the copy of {source} differs from it in {different}", "Is the disk full or damaged?")


def plain_copy(source, target):
    """Contents and links."""
    shutil.copytree(source, target, symlinks=True, copy_function=shutil.copyfile)


def set_modes(bundle):
    """755 for folders and for what is executed, 644 for the rest."""
    for path in (bundle, *bundle.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.parent.name == "MacOS"
            path.chmod(0o755 if runs else 0o644)


def first_difference(one, other):
    """The name of a file that is not the same in both folders, or None."""
    names = sorted({path.relative_to(root) for root in (one, other) for path in root.rglob("*")})
    for name in names:
        first, second = one / name, other / name
        if first.is_symlink() or second.is_symlink():
            same = first.is_symlink() and second.is_symlink() and os.readlink(first) == os.readlink(second)
        elif first.is_dir() or second.is_dir():
            same = first.is_dir() and second.is_dir()
        else:
            same = first.is_file() and second.is_file() and filecmp.cmp(first, second, shallow=False)
        if not same:
            return str(name)
    return None


def own(system, path):
    """Modes, and root:wheel, which only root can give: in another root folder that is left to who packs it."""
    system.do(f"set the modes of {path.name}", set_modes, path)
    if system.live:
        system.must(f"giving {path.name} to {OWNER}", "chown", "-R", OWNER, path)


def unquarantine(system, bundle):
    """Take away what a download leaves: Gatekeeper would ask about the driver, and nobody would see it ask."""
    if not system.has("xattr"):
        return
    system.run("xattr", "-dr", QUARANTINE, bundle)  # fails where there is nothing to take away
    if not system.dry_run and QUARANTINE in system.ask("xattr", "-lr", bundle).out:
        raise MacError(f"{bundle.name} keeps the attribute {QUARANTINE}", f"sudo xattr -dr {QUARANTINE} on the bundle.")


def seal(system, bundle):
    """A valid signature: the bundle's own, or ad hoc where it has none but the linker's."""
    if not system.has("codesign"):
        system.say(f"warning: there is no codesign here: the signature of {bundle.name} was not checked")
        return
    if system.dry_run:
        system.say(f"would check the signature of {bundle.name}, and sign it ad hoc if it has none of its own")
        return
    found = signature.read(system, bundle)
    if not found.signed or found.linker:
        system.say(f"{bundle.name} is {found}; signing it ad hoc")
        sign.with_codesign(system, bundle, sign.ADHOC)
    else:
        sign.check(system, bundle)


def put(system, bundle, target, folder):
    """Rename into place; the older one leaves with the scratch folder, or comes back if that fails."""
    if system.dry_run:
        system.say(f"would rename it to {target}")
        return
    older = folder / "older"
    had_one = os.path.lexists(target)
    if had_one:
        system.do(f"replace {target}", os.rename, target, older)
    try:
        system.do(f"put {target.name} in place", os.rename, bundle, target)
    except BaseException:
        if had_one:
            os.rename(older, target)
        raise


def leftovers(hal):
    """Scratch folders of installations that were killed; not those of one that is at work."""
    return sorted(path for path in hal.glob(f"{PREFIX}*") if path.is_dir() and not is_at_work(path))


def is_at_work(folder):
    """Whether the process that made a scratch folder is still there."""
    pid = folder.name.removeprefix(PREFIX).partition("-")[0]
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True  # somebody else's
    except (ValueError, OSError):
        return False
    return True


def clean(system):
    """Remove them."""
    for path in leftovers(system.hal):
        system.do(f"remove {path}", remove, path)
