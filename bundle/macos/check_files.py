"""`doctor` on files: the HAL folder, and one bundle in it. Works on any system, with --root too."""

import stat

import lief

from tympan._errors import TympanError
from tympan.bundle import binary
from tympan.bundle.macos import copying, install, installed, signature
from tympan.bundle.macos.finding import note, ok, problem, unknown
from tympan.bundle.verify import verify_bundle

OWNER = (0, 0)  # root:wheel
INSTALL = "python -m tympan install BUNDLE copies it with the right owner, modes and signature."
#: Calls of the client HAL, which a driver must not make: the HAL waits for it while it does (D4.2).
CLIENT_HAL = ("AudioObject", "AudioHardware", "AudioDevice", "AudioStream")


def hal_folder(system):
    """Where coreaudiod looks, and what it passes over without a word."""
    if not system.hal.is_dir():
        yield problem("hal-folder", f"{system.hal} is not there, so no driver is", INSTALL)
        return
    if system.live and (bad := wrong_mode(system.hal)):
        yield problem("hal-folder", f"{system.hal} {bad}", f"sudo chown root:wheel and chmod 755 on {system.hal}")
    for path in sorted(system.hal.iterdir()):
        if path in copying.leftovers(system.hal):
            yield note("leftover", f"{path} is what an interrupted installation left", f"sudo rm -r {path}")
        elif path.suffix != ".driver" and not path.name.startswith("."):
            inner = [child.name for child in path.glob("*.driver")] if path.is_dir() else []
            what = f"it holds {', '.join(inner)}" if inner else "its name does not end in .driver"
            hint = "Move the .driver itself there, by its name."
            yield problem("suffix", f"coreaudiod passes over {path}: {what}", hint)
    for path in sorted(system.root.glob("Users/*/Library/Audio/Plug-Ins/HAL/*.driver")):
        yield problem("user-folder", f"{path} is in a user's folder, where coreaudiod never looks", INSTALL)


def clashes(system):
    """Two drivers of one identity: only one of them appears, and never the one that is meant (D1.7)."""
    for driver, other, words, effect in installed.pairs(installed.scan(system.hal)):
        hint = f"Remove one: python -m tympan uninstall {other.name}"
        yield problem("clash", f"{driver.name} and {other.name} have the same {words}: {effect}", hint)


def bundle(system, driver, built=None):
    """One bundle; ``built`` is the one that should have been installed."""
    if driver.path.is_symlink():
        hint = f"sudo rm {driver.path}, then: {INSTALL}"
        yield problem("link", f"{driver.path} is a link; the sandbox does not follow it", hint)
    if not driver.info:
        yield problem("info-plist", f"{driver.path}: Info.plist is missing or not readable", INSTALL)
        return
    yield from files(system, driver)
    yield from signed(system, driver)
    yield from machine_code(system, driver)
    yield from conditions(system, driver)
    yield from current(driver, built)


def files(system, driver):
    """Owner, modes, quarantine (D1.4)."""
    wrong = [(path, bad) for path in (driver.path, *sorted(driver.path.rglob("*"))) if (bad := wrong_mode(path))]
    if wrong and system.live:
        path, bad = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        yield problem("owner", f"{path} {bad}{more}", f"sudo chown -R root:wheel {driver.path}, or: {INSTALL}")
    attributes = system.ask("xattr", "-lr", driver.path)
    if copying.QUARANTINE in attributes.out:
        hint = f"sudo xattr -dr {copying.QUARANTINE} {driver.path}"
        yield problem("quarantine", f"{driver.name} is quarantined, as a download is; Gatekeeper blocks it", hint)


def wrong_mode(path):
    """What is wrong with owner and mode, to follow the path, or ""."""
    found = path.lstat()
    if path.is_symlink():
        return ""
    if (found.st_uid, found.st_gid) != OWNER:
        return f"belongs to {found.st_uid}:{found.st_gid}, not to root:wheel"
    needed = 0o555 if path.is_dir() or path.parent.name == "MacOS" else 0o444
    mode = stat.S_IMODE(found.st_mode)
    if mode & needed != needed:
        return f"has mode {mode:o}: _coreaudiod, which runs drivers, cannot read it"
    return f"has mode {mode:o}: others than root can write to it" if mode & 0o022 else ""


def signed(system, driver):
    """What codesign says. Ad hoc is enough on this Mac, whatever amfid writes into the log (D1.3, D1.5)."""
    found = signature.read(system, driver.path)
    if not found.known:
        yield unknown("signature", f"{driver.name}: the signature was not checked, because there is no codesign here")
    elif not found.signed or found.linker:
        hint = f"sudo python -m tympan sign {driver.path}, or: {INSTALL}"
        yield problem("signature", f"{driver.name} is {found}, which does not cover the whole bundle", hint)
    elif not found.valid:
        hint = f"It was changed after it was signed. {INSTALL}"
        yield problem("signature", f"{driver.name} does not have a valid signature: {found.problem}", hint)
    else:
        yield ok("signature", f"{driver.name} is {found}{', which is enough on this Mac' if found.adhoc else ''}")


def machine_code(system, driver):
    """The binary: of the right kind, exporting what Info.plist names, for this Mac, without calls of clients."""
    try:
        found = verify_bundle(driver.path)
        if system.live:
            install.check_machine(system, driver.name, {part.machine for part in found.slices})
            install.check_version(system, driver.name, driver.minimum_system)
    except TympanError as error:
        yield problem("binary", str(error), error.hint or "Build it again: python -m tympan bundle")
        return
    calls = sorted({name for part in found.slices for name, _ in part.imports if name.startswith(CLIENT_HAL)})
    if calls:
        sentence = f"{driver.name} calls {calls[0]}, a function for clients: inside a driver it ends in a deadlock"
        yield problem("client-hal", sentence, "A driver answers the HAL and notifies it; it never asks it.")


def conditions(system, driver):
    """What else must be there: a device that matches, and the services that the driver talks to (D4.1)."""
    if "AudioServerPlugIn_LoadingConditions" in driver.info:
        sentence = f"{driver.name} has loading conditions: coreaudiod loads it only while a matching IOService is there"
        yield note("loading-conditions", sentence, "ioreg -l shows what is there; without the key it always loads.")
    services = driver.info.get("AudioServerPlugIn_MachServices") or ()
    for service in services if system.live else ():
        if system.ask("launchctl", "print", f"system/{service}").code != 0:
            sentence = f"{driver.name} talks to the Mach service {service}, and launchd has no job of that name"
            yield note("mach-service", sentence, "If another job offers it, all is well; otherwise load its job.")


def current(driver, built):
    """The installed one is the one that was built last (D1.8)."""
    if built is None:
        return
    if built.info != driver.info:
        sentence = f"{driver.path} is not {built.path}: version {driver.version} here, {built.version} there"
    elif code_of(driver) != code_of(built):
        sentence = f"{driver.path} is not {built.path}: the machine code differs"
    else:
        yield ok("current", f"{driver.name} is the one in {built.path}")
        return
    yield problem("current", sentence, f"sudo python -m tympan install {built.path}")


def code_of(driver):
    """{architecture: bytes of its code}; a signature is not part of it, so signing again changes nothing."""
    path = driver.path / "Contents" / "MacOS" / driver.executable
    lief.logging.disable()
    if lief.is_macho(str(path)):
        return {binary.machine(part.header.cpu_type): text_of(part) for part in lief.MachO.parse(str(path))}
    part = lief.ELF.parse(str(path))
    return {binary.machine(part.header.machine_type): text_of(part)} if part else {}


def text_of(part):
    """The sections with machine code, of either format."""
    return [bytes(section.content) for section in part.sections if section.name in (".text", "__text")]
