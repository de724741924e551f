"""Restarting coreaudiod, and waiting for a device: what works on every macOS since 12 (D1.1, D1.2).

Never `launchctl kickstart`: macOS 14.4 and later refuse it for coreaudiod.
"""

import re

from tympan.bundle.macos import devices
from tympan.bundle.macos.system import MacError

PATIENCE = 5  # seconds until SIGTERM counts as ignored
PAUSE = 0.5
WAIT = 60
REBOOT = "Restart the Mac: coreaudiod keeps what it loaded before, and nothing else ends it."


def pids(system):
    """The process identifiers of coreaudiod: one, or none while it is being started again."""
    return system.ask("pgrep", "-x", "coreaudiod").out.split()


def helpers(system, name):
    """The processes in which coreaudiod runs the driver ``name`` (Gain.driver)."""
    return system.ask("pgrep", "-f", rf"Core Audio Driver \({re.escape(name)}\)").out.split()


def restart(system):
    """Ask coreaudiod to end, insist when the same process is still there; launchd starts it again."""
    old = pids(system)
    if not old:
        system.say("coreaudiod is not running; it loads its drivers when it starts")
        return
    system.say(f"Restarting coreaudiod (process {old[0]})")
    system.run("killall", "coreaudiod")
    if system.dry_run or is_gone(system, old[0]):
        return
    system.say(f"coreaudiod (process {old[0]}) has ignored that for {PATIENCE} seconds; killing it")
    system.run("killall", "-9", "coreaudiod")
    if not is_gone(system, old[0]):
        raise MacError(f"coreaudiod (process {old[0]}) cannot be ended", REBOOT)


def is_gone(system, pid):
    """Wait until ``pid`` is no coreaudiod any more."""
    return wait(system, PATIENCE, lambda: pid not in pids(system))


def wait(system, seconds, ready):
    """Ask ``ready`` until it answers something true, at most ``seconds``; its last answer."""
    end = system.now() + seconds
    while not (answer := ready()) and system.now() < end:
        system.sleep(PAUSE)
    return answer


def wait_for(system, uid, seconds=WAIT):
    """The device ``uid``, once coreaudiod shows it; a second restart when half of the time has gone."""
    system.say(f"Waiting for the device {uid}")
    found = wait(system, seconds / 2, lambda: shown(uid))
    if found:
        return found
    system.say(f"It has not appeared within {seconds / 2:g} seconds; once more")
    restart(system)
    return wait(system, seconds / 2, lambda: shown(uid))


def wait_until_gone(system, uid, seconds=WAIT):
    """Whether the device ``uid`` disappears."""
    return wait(system, seconds, lambda: not shown(uid, otherwise=True))


def shown(uid, otherwise=None):
    """The device, or ``otherwise`` while coreaudiod is starting and does not answer."""
    try:
        return devices.by_uid(uid)
    except MacError:
        return otherwise
