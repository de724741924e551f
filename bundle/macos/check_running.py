"""`doctor` on what runs: coreaudiod, the driver's process, the device, what crashed."""

import time

from tympan.bundle.macos import devices, installed, restart
from tympan.bundle.macos.finding import note, ok, problem, unknown
from tympan.bundle.macos.system import MacError

REPORTS = "Library/Logs/DiagnosticReports"
CRASHED = ("Core-Audio-Driver", "Core Audio Driver", "coreaudiod")
RESTART = "sudo killall coreaudiod; if the same process is still there after 5 seconds: sudo killall -9 coreaudiod"


def environment(system):
    """Facts that people blame, and that are not to blame (D1.3)."""
    version = system.ask("sw_vers", "-productVersion").out.strip()
    state = system.ask("csrutil", "status").out.strip().rpartition(": ")[2].rstrip(".")
    if version:
        sentence = f"macOS {version}, System Integrity Protection {state or 'unknown'}: neither keeps drivers out"
        yield note("system", sentence)
    if not restart.pids(system):
        hint = "Open a program that plays sound: launchd starts it then."
        yield problem("coreaudiod", "coreaudiod is not running", hint)


def driver(system, found, listed):
    """One driver; ``listed`` are the devices that Core Audio shows, or None."""
    yield from age(system, found)
    helpers = restart.helpers(system, found.name)
    if not found.devices:
        hint = f"python -m tympan doctor {found.name} --uid UID"
        yield unknown("device", f"{found.name} does not say which device it makes", hint)
    for declared in found.devices if listed is not None else ():
        shown = next((item for item in listed if item.get("UID") == declared["UID"]), None)
        yield from visible(found, declared, shown) if shown else missing(found, declared["UID"], helpers)
    yield from crashes(system, found)


def age(system, found):
    """coreaudiod reads the folder when it starts, and never again (D1.8)."""
    for pid in restart.pids(system)[:1]:
        running = seconds(system.ask("ps", "-o", "etime=", "-p", pid).out)
        if running is not None and time.time() - running < found.path.stat().st_ctime:
            yield problem("stale", f"coreaudiod has been running since before {found.name} was put there", RESTART)


def seconds(text):
    """``[[days-]hours:]minutes:seconds``, as ps prints it, or None."""
    days, _, clock = text.strip().rpartition("-")
    parts = clock.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isdigit() for part in (*parts, days or "0")):
        return None
    total = 0
    for part in parts:
        total = 60 * total + int(part)
    return total + 86400 * int(days or 0)


def visible(found, declared, shown):
    """A device that is there, and whether people can see and use it (D2.2)."""
    uid = declared["UID"]
    if shown.get("Hidden"):
        yield note("hidden", f"{uid} is there and says that it is hidden", "DeviceSpec.with_hidden(False) shows it.")
    if shown.get("Alive") == 0:
        yield problem("alive", f"{uid} is there and says that it is dead", "Does the driver lose what it depends on?")
    if not shown.get("InputChannels") and not shown.get("OutputChannels"):
        sentence = f"{uid} is there without a channel: its streams were refused"
        yield problem("channels", sentence, f"python -m tympan check {found.name} says which property is wrong.")
    for text in devices.differences(declared, shown):
        yield note("declaration", text)
    yield ok("device", f"{uid} is there: {devices.described(shown)}")


def missing(found, uid, helpers):
    """A device that is not there: at which step it was lost."""
    if helpers:
        sentence = f"{found.name} is loaded (process {helpers[0]}), and its device {uid} is not there"
        hint = f"python -m tympan check {found.name} finds the property or the error that Core Audio stumbles over."
    else:
        sentence = f"coreaudiod has not started a process for {found.name}, so {uid} is not there"
        hint = f"{RESTART}. If nothing else is found here: {restart.REBOOT}"
    yield problem("device", sentence, hint)


def crashes(system, found):
    """Reports of processes that died since the bundle was put there."""
    since = found.path.stat().st_ctime
    reports = [path for path in (system.root / REPORTS).glob("*") if path.name.startswith(CRASHED)]
    for path in sorted(path for path in reports if path.stat().st_mtime > since):
        sentence = f"{path.name}: a process of Core Audio has crashed since {found.name} was installed"
        yield problem("crash", sentence, f"{path} names the driver and the function.")


def listed(system, drivers):
    """(devices or None, what was found out while asking)."""
    uids = sorted({uid for found in drivers for uid in found.uids})
    try:
        shown = devices.read(*uids)
    except devices.Silent as error:
        return None, [problem("silent", str(error), error.hint)]
    except MacError as error:
        return None, [unknown("device", str(error), error.hint)]
    return shown, list(doubled(system, shown))


def doubled(system, shown):
    """Two devices with one UID, whoever makes them (D1.7)."""
    uids = [device.get("UID") for device in shown]
    makers = {uid: driver.name for driver in installed.scan(system.hal) for uid in driver.uids}
    for uid in sorted({uid for uid in uids if uid and uids.count(uid) > 1}):
        by = f" ({makers[uid]} makes one)" if uid in makers else ""
        sentence = f"{uids.count(uid)} devices have the UID {uid}{by}"
        yield problem("clash", sentence, "Remove one of the drivers; programs cannot tell the devices apart.")
