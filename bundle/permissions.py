"""What a driver needs beyond audio, which coreaudiod's sandbox gives only to who lists it in Info.plist.

The four keys are those of AudioServerPlugIn.h. They come from class attributes
of the driver, and ``[tool.tympan]`` overrides them.
"""

import re

#: ``[tool.tympan]`` key -> the driver's class attribute.
ATTRIBUTES = {
    "mach-services": "MACH_SERVICES",
    "network": "NETWORK",
    "iokit-user-clients": "IOKIT_USER_CLIENTS",
    "loading-conditions": "LOADING_CONDITIONS",
}
KEYS = tuple(ATTRIBUTES)

_SERVICE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLIST = (str, int, float, bool, list, dict)


def wrong(key, value):
    """What is wrong with the value of one of ``KEYS``, to follow "is …", or "" when nothing is."""
    return "" if CHECKS[key](value) else WRONG[key]


def plist_keys(settings):
    """The keys of Info.plist for checked settings; what is empty or false is left out, as the header demands."""
    found = {}
    if settings.get("mach-services"):
        found["AudioServerPlugIn_MachServices"] = sorted(settings["mach-services"])
    if settings.get("network"):
        found["AudioServerPlugIn_Network"] = True
    if settings.get("iokit-user-clients"):
        found["AudioServerPlugIn_IOKitUserClients"] = sorted(settings["iokit-user-clients"])
    if settings.get("loading-conditions"):
        found["AudioServerPlugIn_LoadingConditions"] = {"IOService Matching": list(settings["loading-conditions"])}
    return found


def _all_match(value, pattern):
    return isinstance(value, list) and all(isinstance(item, str) and pattern.fullmatch(item) for item in value)


def _is_matching(value):
    """A list of IOService matching dictionaries: each has keys, and values that a property list can hold."""
    return isinstance(value, list) and all(isinstance(item, dict) and item and _is_plist(item) for item in value)


def _is_plist(value):
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plist(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plist, value))
    return isinstance(value, _PLIST)


CHECKS = {
    "mach-services": lambda value: _all_match(value, _SERVICE),
    "network": lambda value: isinstance(value, bool),
    "iokit-user-clients": lambda value: _all_match(value, _CLASS),
    "loading-conditions": _is_matching,
}
WRONG = {
    "mach-services": "not a list of Mach service names, such as com.example.Gain.helper",
    "network": "neither true nor false",
    "iokit-user-clients": "not a list of IOKit class names, such as ExampleUserClient",
    "loading-conditions": 'not a list of IOService matching dictionaries, such as { IOProviderClass = "IOUSBDevice" }',
}
