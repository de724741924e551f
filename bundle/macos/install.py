"""`install`: a bundle becomes a device of this Mac."""

import platform
from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle.macos import copying, devices, installed, restart
from tympan.bundle.macos.system import MacError, add_options, need_mac, need_root, system_of
from tympan.bundle.verify import verify_bundle

INSTEAD = "Copy the bundle to a Mac and run the same command there, or give --root FOLDER."


def configure(parser):
    """Arguments of `install`."""
    parser.add_argument("path", metavar="BUNDLE", help="a .driver folder")
    parser.add_argument("--uid", metavar="UID", help="the device to wait for (default: those that the bundle declares)")
    parser.add_argument(
        "--wait", metavar="SECONDS", type=seconds, default=restart.WAIT, help="how long (default: %(default)s)"
    )
    parser.add_argument("--no-restart", action="store_true", help="leave coreaudiod alone; it loads the driver later")
    add_options(parser)


def seconds(text):
    """A number of seconds that can be waited."""
    value = float(text)
    if not 0 <= value <= 3600:
        raise ValueError(text)
    return value


def run(args):
    """Install, restart, wait, compare."""
    system = system_of(args)
    need_mac(system, "install", INSTEAD)
    target = install(system, Path(args.path))
    if system.dry_run:
        if system.live and not args.no_restart:
            restart.restart(system)
        return 0
    print(f"Installed {target}")
    if system.live and not args.no_restart:
        restart.restart(system)
        uids = {args.uid} if args.uid else installed.Installed(target).uids
        if not uids:
            print("warning: the bundle does not say which device it makes; wait for it with --uid")
        for uid in sorted(uids):
            appear(system, target, uid, args.wait)
    return 0


def install(system, source):
    """Everything but the restart; answers where the bundle is."""
    driver = check_source(system, source)
    target = system.hal / driver.name
    check_place(system, driver, target)
    need_root(system)
    copying.make_hal(system)
    copying.clean(system)
    with copying.scratch(system) as folder:
        copy = folder / driver.name
        copying.copy(system, source, copy)
        copying.unquarantine(system, copy)
        copying.seal(system, copy)
        copying.own(system, copy)  # last: codesign adds files with the owner and the modes of who runs it
        copying.put(system, copy, target, folder)
    return target


def check_source(system, source):
    """A bundle in order that this Mac can run."""
    if source.suffix != ".driver":
        raise UsageError(f"{source} is not called NAME.driver", "coreaudiod takes no other folder; `bundle` makes one.")
    found = verify_bundle(source)
    if found.slices[0].system != "macOS":
        raise UsageError(f"{source} is for {found.platform}, not for macOS", "Build it with a --target for macOS.")
    if system.live:
        check_machine(system, source, {part.machine for part in found.slices})
        check_version(system, source, found.info.get("LSMinimumSystemVersion", ""))
    return installed.Installed(source.absolute())


def check_machine(system, source, machines):
    """coreaudiod runs drivers natively, never under Rosetta."""
    # A Python for Intel sees an Intel machine also where it is translated.
    translated = system.ask("sysctl", "-n", "hw.optional.arm64").out.strip() == "1"
    here = "arm64" if translated else platform.machine()
    if here not in machines:
        raise UsageError(
            f"{source} is for {' and '.join(sorted(machines))}, and this Mac is {here}",
            "Build it with --target macos-universal2; Rosetta does not help a driver.",
        )


def check_version(system, source, minimum):
    """The oldest macOS that the bundle names."""
    current = system.ask("sw_vers", "-productVersion").out.strip()
    if older(current, minimum):
        raise UsageError(f"{source} needs macOS {minimum}, and this is {current}", "Update macOS.")


def older(current, minimum):
    """Whether a version is below another; False where one of them is unknown."""
    numbers = [[int(part) for part in version.split(".") if part.isdigit()] for version in (current, minimum)]
    return bool(numbers[0] and numbers[1]) and numbers[0] < numbers[1]


def check_place(system, driver, target):
    """An older version of the same driver is replaced; anything else of that name, or of its identity, is not."""
    if target.is_symlink() or target.exists():
        there = installed.Installed(target)
        if target.is_symlink() or not target.is_dir() or there.bundle_id != driver.bundle_id:
            what = f"the driver {there.bundle_id}" if there.bundle_id else "something else"
            raise UsageError(f"{target} is there and is {what}", "Remove it, or give your driver another name.")
    others = [other for other in installed.scan(system.hal) if other.path != target]
    for other, words, effect in installed.clashes(driver, others):
        raise UsageError(
            f"{other.path} has the same {words}: {effect}",
            f"First: python -m tympan uninstall {other.name}",
        )


def appear(system, target, uid, wait):
    """Wait for one device, and compare it with what the bundle declares."""
    found = restart.wait_for(system, uid, wait)
    if not found:
        raise MacError(
            f"{target.name} is installed, and its device {uid} has not appeared within {wait:g} seconds "
            "and two restarts of coreaudiod",
            f"python -m tympan doctor {target.name} says why. If it finds nothing: {restart.REBOOT}",
        )
    print(f"The device {uid} is there: {devices.described(found)}")
    if not restart.helpers(system, target.name):
        print(f"warning: no process of coreaudiod runs {target.name}: does another driver make the device?")
    declared = [device for device in installed.Installed(target).devices if device["UID"] == uid]
    for difference in (text for device in declared for text in devices.differences(device, found)):
        print(f"warning: {difference}")
