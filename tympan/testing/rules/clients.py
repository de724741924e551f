"""Rules about clients (hal-protocol C4)."""

from tympan.testing import _host
from tympan.testing._status import code, name
from tympan.testing.rules._play import play
from tympan.testing.rules._raw import ClientInfo
from tympan.testing.rules._rule import Group, Skip, advise, require

rule = Group("clients", "Clients", "C4")

_STRANGER = 987_654
_MANY = 64


@rule(
    "client-added-and-removed",
    "AddDeviceClient and RemoveDeviceClient answer 0, with and without a bundle identifier, for any process.",
    "Some applications get no sound from the device.",
)
def client_added_and_removed(s):
    with s.open() as session:
        for device in session.devices():
            for number, (pid, bundle, native) in enumerate(((1, "org.example.player", True), (2, None, True),
                                                            (-1, "", False)), 100):  # fmt: skip
                for add in (True, False):
                    status = session.table.device_client(add, device.id, number, pid, bundle, native)
                    call = "AddDeviceClient" if add else "RemoveDeviceClient"
                    require(status == 0, f"{call} (process {pid}, bundle {bundle!r}) answered '{name(status)}'")


@rule(
    "client-info-not-kept",
    "The driver does not use the client's info, nor its bundle identifier without a reference, after the call.",
    "The sound system crashes when an application ends.",
)
def client_info_not_kept(s):
    with s.open() as session:
        problems = len(session.hal.ledger.problems)
        for device in session.devices():
            for bundle in ("org.example.first", "org.example.second"):
                with session.client(device, bundle_id=bundle) as client:
                    play(session, device, 0.05, client=client)
                    kept = [device.add_client(bundle_id=f"org.example.other{i}") for i in range(8)]
                    for other in kept:
                        device.remove_client(other)
        session.settle()
        found = session.hal.ledger.problems[problems:]
        require(not found, f"{found[0] if found else ''}")


@rule(
    "client-unknown-device",
    "AddDeviceClient and RemoveDeviceClient of an unknown device fail with '!obj' or '!dev'.",
    "A stale device of an earlier configuration seems to work.",
    reference="C9",
)
def client_unknown_device(s):
    with s.open() as session:
        status = session.table.device_client(True, _STRANGER, 1, 1)
        require(status != 0, "AddDeviceClient of an unknown device succeeded")
        advise(status in (code("!obj"), code("!dev")), f"AddDeviceClient answered '{name(status)}'")
        status = session.table.device_client(False, _STRANGER, 1, 1)
        advise(status in (code("!obj"), code("!dev")), f"RemoveDeviceClient answered '{name(status)}'")


@rule(
    "client-unknown-removed",
    "Removing a client that was never added answers 0 or '!obj', and the others play on.",
    "Sound of other applications stops when one crashes.",
    isolated=True,
)
def client_unknown_removed(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device) as client:
                session.doing("RemoveDeviceClient of an unknown client")
                status = session.table.device_client(False, device.id, _STRANGER, 1)
                play(session, device, 0.1, client=client)
                require(device.is_running, "removing an unknown client stopped the device")
                advise(status in (0, code("!obj"), code("nope")), f"RemoveDeviceClient answered '{name(status)}'")


@rule(
    "client-removed-while-running",
    "A client that is removed while it runs takes nothing from the others: the device runs on, and stops at the end.",
    "Sound of other applications stops when one crashes, or the device never stops.",
    isolated=True,
)
def client_removed_while_running(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device, pid=1) as client:
                other = device.add_client(pid=2)
                device.start(other)
                session.doing("RemoveDeviceClient of a running client")
                session.table.device_client(False, device.id, other.id, other.pid, other.bundle_id)
                play(session, device, 0.1, client=client)
                session.table.stop_io(device.id, other.id)
                other.running = False
                device._started -= 1
                device.clients.remove(other)
                play(session, device, 0.1, client=client)
                require(device.is_running, "the device stopped with a client that was removed while it ran")
            session.settle()
            require(not device.is_running, "after a client was removed while it ran the device does not stop")


@rule(
    "client-many",
    f"{_MANY} clients can be added, started, stopped and removed.",
    "The device refuses applications when many are open.",
)
def client_many(s):
    with s.open() as session:
        for device in session.devices():
            clients = [device.add_client(pid=number) for number in range(1, _MANY + 1)]
            for client in clients:
                device.start(client)
            for client in clients[:: _MANY // 4]:
                play(session, device, 0.01, client=client)
            for client in clients:
                device.remove_client(client)
            session.settle()
            require(not device.is_running, f"after {_MANY} clients came and went the device runs on")


@rule(
    "client-ids-per-device",
    "The same client id may be used on every device.",
    "An application that uses two devices of the driver gets sound from one.",
)
def client_ids_per_device(s):
    with s.open() as session:
        devices = session.devices()
        if len(devices) < 2:
            raise Skip("there is only one device with streams")
        clients = [(device, device.add_client(pid=1)) for device in devices]
        require(len({client.id for _, client in clients}) == 1, "the clients' ids differ")
        for device, client in clients:
            device.start(client)
        first, client = clients[0]
        first.remove_client(client)
        for device, other in clients[1:]:
            play(session, device, 0.1, client=other)


@rule(
    "client-comes-during-io",
    "Clients may come and go while another is in IO.",
    "Sound stutters when another application opens the device.",
)
def client_comes_during_io(s):
    with s.open() as session:
        for device in session.devices():
            with session.client(device) as client:
                for _ in range(10):
                    other = device.add_client(pid=2)
                    play(session, device, 0.02, client=client)
                    device.remove_client(other)
                    play(session, device, 0.02, client=client)


@rule(
    "client-null-info",
    "AddDeviceClient and RemoveDeviceClient without info answer 'nope' and crash nothing.",
    "The sound system crashes instead of logging an error.",
    isolated=True,
)
def client_null_info(s):
    with s.open() as session:
        for device in session.devices():
            for call in ("AddDeviceClient", "RemoveDeviceClient"):
                session.doing(f"{call} without info")
                status = session.raw.call(call, device.id, None)
                require(status != 0 or call == "RemoveDeviceClient", f"{call} without info succeeded")
                advise(status == code("nope"), f"{call} without info answered '{name(status)}'")


@rule(
    "client-info-not-released",
    "The driver releases no reference to a client's bundle identifier that it did not take itself.",
    "The sound system crashes when an application opens the device.",
)
def client_info_not_released(s):
    with s.open() as session:
        for device in session.devices():
            text = _host.make_string("org.example.counted")
            info = ClientInfo(77, 1, 1, text)
            for call in ("AddDeviceClient", "RemoveDeviceClient"):
                session.raw.call(call, device.id, info)
            session.settle()
            require(_host.kind_of(text) == "string", "the driver released the client's bundle identifier")
            _host.release(text)
