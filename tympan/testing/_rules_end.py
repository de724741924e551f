"""Rules about the end of a plug-in's life, which come last (hal-protocol C2)."""

from tympan._errors import TympanError
from tympan.testing._rules import require, rule


@rule("ends-clean", "At the end the reference count is 0, and no object is leaked or released too often.")
def ends_clean(subject):
    """The run itself finds this out when it ends the Host."""


@rule("second-life", "After Release to 0, the factory makes a driver that works again.", stage="closed")
def second_life(subject):
    try:
        with subject.host() as (_, plugin):
            uids = [device.uid for device in plugin.devices]
    except TympanError as error:
        require(False, f"the second life failed: {error}")
    require(len(set(uids)) == len(uids), "two devices have the same UID")
