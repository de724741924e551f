"""Core Foundation objects by content, as JSON can hold them: what traces and scripts write in place of addresses.

``{"string": "text"}``, ``{"url": "file:///..."}``, ``{"plist": ...}`` for other property lists, and
``{"object": "description"}`` for what is none and cannot be made again. Inside a plist, bytes are
``{"$data": "hexadecimal"}`` and dates ``{"$date": "2026-01-31T12:00:00"}``.
"""

from datetime import datetime

from tympan.testing._values import Url, describe, from_cf, to_cf


def content_of(address):
    """The content of a live object, or None for NULL."""
    if not address:
        return None
    try:
        value = from_cf(address)
        if isinstance(value, Url):
            return {"url": str(value)}
        return {"string": value} if isinstance(value, str) else {"plist": plist_json(value)}
    except (ValueError, TypeError):
        return {"object": describe(address)}


def make(content):
    """A new object of that content as an address that the caller releases; 0 where it cannot be made."""
    if content is None or "object" in content:
        return 0
    ((kind, value),) = content.items()
    return to_cf(Url(value) if kind == "url" else plist_value(value) if kind == "plist" else value)


def plist_json(value):
    """A property list's value as JSON; TypeError for what is none."""
    if isinstance(value, bytes):
        return {"$data": value.hex()}
    if isinstance(value, datetime):
        return {"$date": value.isoformat()}
    if isinstance(value, list):
        return [plist_json(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a key that is no string")
        return {key: plist_json(value[key]) for key in sorted(value)}
    if not isinstance(value, bool | int | float | str):
        raise TypeError(f"a {type(value).__name__} in a property list")
    return value


def plist_value(found):
    """The reverse of plist_json."""
    if isinstance(found, list):
        return [plist_value(item) for item in found]
    if not isinstance(found, dict):
        return found
    if set(found) == {"$data"}:
        return bytes.fromhex(found["$data"])
    if set(found) == {"$date"}:
        return datetime.fromisoformat(found["$date"])
    return {key: plist_value(value) for key, value in found.items()}
