"""The validator's rules, one file per group; importing this package fills the catalogue, in the report's order.

Written from hal-protocol.md, part by part, and from what went wrong in the field;
nothing here knows tympan's own core. ``_rule`` says what a rule is, ``_subject``
what its function gets.
"""

from tympan.testing.rules._rule import CATALOGUE, GROUPS

# The order of these lines is the order of the report.
from tympan.testing.rules import bundle, macho, factory, objects, plugin, box, device, stream, control, level  # noqa: F401 isort:skip
from tympan.testing.rules import clock_device, protocol, buffers, setting, clock, starting, io, audio  # noqa: F401 isort:skip
from tympan.testing.rules import configuration, clients, storage, notifications, locks, realtime, memory  # noqa: F401 isort:skip

__all__ = ["CATALOGUE", "GROUPS"]
