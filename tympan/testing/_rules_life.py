"""Rules about the bundle, the factory and the life of a plug-in (hal-protocol C1, C2)."""

import uuid

from tympan.testing import _host, _loader
from tympan.testing._rules import Skip, Warn, require, rule
from tympan.testing._status import code, name

_STRANGER = uuid.UUID("00112233-4455-6677-8899-AABBCCDDEEFF")


@rule("bundle-verified", "The binary exports the factory alone and needs only system libraries.", stage="bundle")
def bundle_verified(subject):
    try:
        from tympan.bundle import verify_bundle
    except ImportError:
        raise Skip("tympan.bundle is not installed") from None
    verify_bundle(subject.path)


@rule("factory-type", "The factory answers NULL for a type UUID that it does not make.", stage="bundle")
def factory_type(subject):
    address = _loader.factory_address(_loader.read_bundle(subject.path))
    require(not _host.call_factory(address, _STRANGER.bytes), "the factory made something of an unknown type")


@rule("loads", "Factory, QueryInterface, Release and Initialize succeed, and no slot of the table is NULL.")
def loads(subject):
    subject.plugin = subject.hal.load(subject.path)


@rule("query-interface", "QueryInterface knows IUnknown and the driver interface, and answers 0x80000004 for others.")
def query_interface(subject):
    table = subject.plugin.table
    for known in (_loader.UNKNOWN_UUID, _loader.INTERFACE_UUID):
        status, address = table.query_interface(known.bytes)
        require(status == 0 and address, f"QueryInterface for {known} answered {status & 0xFFFFFFFF:#x}")
        _host.Table(address).release()
    status, address = table.query_interface(_STRANGER.bytes)
    require(status & 0xFFFFFFFF == 0x80000004, f"QueryInterface for a strange UUID answered {status & 0xFFFFFFFF:#x}")
    require(address == 0, "QueryInterface for a strange UUID left its out pointer alone instead of NULL")


@rule("reference-count", "AddRef and Release answer the new count.")
def reference_count(subject):
    more, less = subject.plugin.table.add_ref(), subject.plugin.table.release()
    require(more == less + 1, f"AddRef answered {more}, then Release {less}")


@rule("second-initialize", "A second Initialize answers 'nope'.")
def second_initialize(subject):
    status = subject.plugin.table.initialize(subject.plugin.host_table)
    require(status != 0, "a second Initialize succeeded")
    if status != code("nope"):
        raise Warn(f"a second Initialize answered '{name(status)}'")


@rule("create-device", "CreateDevice and DestroyDevice answer 'unop' in a plug-in that manages no transport.")
def create_device(subject):
    created, found = subject.plugin.table.create_device()
    destroyed = subject.plugin.table.destroy_device(subject.plugin.devices[0].id if subject.plugin.devices else 2)
    require(created != 0 and destroyed != 0, "CreateDevice or DestroyDevice succeeded")
    if created != code("unop") or destroyed != code("unop") or found:
        raise Warn(f"CreateDevice answered '{name(created)}' and object {found}, DestroyDevice '{name(destroyed)}'")
