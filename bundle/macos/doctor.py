"""`doctor`: every known reason why a driver does not appear, looked for one after the other. Changes nothing."""

from pathlib import Path

from tympan._errors import UsageError
from tympan.bundle.macos import check_files, check_log, check_running, installed
from tympan.bundle.macos.finding import problem
from tympan.bundle.macos.system import HAL, add_options, is_mac, system_of

STEPS = (
    "the files in the HAL folder: place, names, owner, modes, quarantine",
    "each bundle: signature, binary, Info.plist, clashes with others",
    "what runs: coreaudiod, the driver's process, the devices by UID, crash reports",
    "the log: harmful lines, apart from harmless ones",
)


def configure(parser):
    """Arguments of `doctor`."""
    parser.add_argument(
        "names",
        metavar="DRIVER",
        nargs="*",
        help="a name (Gain.driver) or identifier; a bundle's path is compared with what is installed (default: all)",
    )
    parser.add_argument("--uid", metavar="UID", help="the device that a driver should make, if its bundle does not say")
    parser.add_argument(
        "--last", metavar="TIME", default=check_log.LAST, help="how much of the log (default: %(default)s)"
    )
    add_options(parser)


def run(args):
    """Print every finding; 1 when there is a problem."""
    system = system_of(args)
    if args.uid and len(args.names) != 1:
        raise UsageError("--uid is about one driver", "Name it: python -m tympan doctor NAME --uid UID")
    if system.dry_run:
        for step in STEPS:
            print(f"would look at {step}")
        return 0
    problems = 0
    for finding in diagnose(system, args.names, args.last, args.uid):
        problems += finding.verdict == "problem"
        print(finding)
    print(f"{problems} problem{'s' * (problems != 1)} found" if problems else "Nothing is wrong that doctor knows of")
    return 1 if problems else 0


def diagnose(system, names=(), last=check_log.LAST, uid=None):
    """All findings, in the order in which a driver is lost."""
    yield from check_files.hal_folder(system)
    yield from check_files.clashes(system)
    drivers = []
    for name in names or [driver.name for driver in installed.scan(system.hal)]:
        driver, built = find(system, name)
        if driver is None:
            hint = f"sudo python -m tympan install {built.path if built else 'BUNDLE'}"
            yield problem("installed", f"{name} is not in {system.hal}", hint)
            continue
        drivers.append(declare(driver, uid))
        yield from check_files.bundle(system, driver, built)
    if system.live and is_mac():
        yield from running(system, drivers, last)


def find(system, name):
    """(the installed driver or None, the built one or None) for a name or a path."""
    path = Path(name)
    outside = (path / "Contents").is_dir() and path.absolute().parent != system.root / HAL
    built = installed.Installed(path) if outside else None
    return installed.find(system.hal, name), built


def declare(driver, uid):
    """A driver that was not made by tympan says nothing of its devices; the user may."""
    if uid and uid not in driver.uids:
        driver.devices.append({"UID": uid})
        driver.uids.add(uid)
    return driver


def running(system, drivers, last):
    """What only a running Mac can answer."""
    yield from check_running.environment(system)
    shown, found = check_running.listed(system, drivers)
    yield from found
    for driver in drivers:
        yield from check_running.driver(system, driver, shown)
    yield from check_log.findings(check_log.read(system, last), drivers)
