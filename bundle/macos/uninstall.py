"""`uninstall`: a driver's bundle, its package's receipt and its device are gone afterwards."""

import shutil

from tympan._errors import UsageError
from tympan.bundle.macos import copying, installed, restart
from tympan.bundle.macos.package import SUPPORT
from tympan.bundle.macos.system import MacError, add_options, need_mac, need_root, remove, system_of


def configure(parser):
    """Arguments of `uninstall`."""
    parser.add_argument("name", metavar="NAME", help="a driver's folder (Gain.driver), name or bundle identifier")
    parser.add_argument("--no-restart", action="store_true", help="leave coreaudiod alone; the device stays for now")
    add_options(parser)


def run(args):
    """Remove, restart, wait."""
    system = system_of(args)
    need_mac(system, "uninstall", "Give --root FOLDER for a folder that stands for a Mac's.")
    driver = find(system, args.name)
    uninstall(system, driver)
    if not system.dry_run:
        print(f"Removed {driver.path}")
    if system.live and not args.no_restart:
        restart.restart(system)
        for uid in sorted(driver.uids) if not system.dry_run else ():
            disappear(system, driver, uid)
    return 0


def find(system, name):
    """The installed driver, or a UsageError that lists what is there."""
    driver = installed.find(system.hal, name)
    if driver is None:
        names = ", ".join(other.name for other in installed.scan(system.hal)) or "no driver at all"
        raise UsageError(f"{name} is not installed in {system.hal}", f"There: {names}.")
    if driver.path.is_symlink():
        raise UsageError(f"{driver.path} is a link, which no installer makes", f"Remove it by hand: rm {driver.path}")
    return driver


def uninstall(system, driver):
    """The bundle first, out of coreaudiod's sight by one rename; then what a package leaves."""
    need_root(system)
    copying.clean(system)
    with copying.scratch(system) as folder:
        system.do(f"remove {driver.path}", shutil.move, driver.path, folder / driver.name)
    if driver.bundle_id:
        support = system.root / SUPPORT / driver.bundle_id
        if support.is_dir():
            system.do(f"remove {support}", remove, support)
        forget(system, driver.receipt)


def forget(system, receipt):
    """The receipt of `tympan package`; the installer would take the driver for installed."""
    volume = ("--volume", system.root)
    if system.ask("pkgutil", "--pkg-info", receipt, *volume).code == 0:
        system.must(f"forgetting the package {receipt}", "pkgutil", "--forget", receipt, *volume)


def disappear(system, driver, uid):
    """Make sure that nothing keeps the device alive, such as a copy somewhere else."""
    if not restart.wait_until_gone(system, uid):
        raise MacError(
            f"{driver.name} is removed, and the device {uid} is still there",
            f"Another driver makes it (python -m tympan doctor lists clashes), or: {restart.REBOOT}",
        )
    print(f"The device {uid} is gone")
