"""All ten IO operations in their order (hal-protocol C5), against a driver that logs the calls it gets."""

import numpy
import pytest
from c_drivers.operations import OPERATIONS, Operations

from tympan.testing import Host, HostError

BASIC = ("read", "rite")


@pytest.fixture
def subject(tmp_path):
    def make(*defines):
        return Operations(tmp_path, "Operations", *defines)

    return make


def eighths(frames, seed=1, channels=2):
    """Audio whose halves, doubles and sums are exact in float32 and in int16."""
    steps = numpy.random.default_rng(seed).integers(-32, 32, (frames, channels))
    return (steps / 256).astype(numpy.float32)


def one_cycle(subject, device, client, audio):
    subject.clear()
    heard = device.cycle(audio, client)
    return subject.order(), heard


def test_every_operation_in_its_order(subject):
    driver = subject("INTEGER=16")
    driver.promise(1, *(set(OPERATIONS) - {"mixo"}))
    with Host() as hal:
        device = hal.load(driver.path).device()
        client = device.add_client()
        driver.clear()
        device.start(client)
        asked = [call.op for call in driver.calls if call.call == "will"]
        assert asked == list(OPERATIONS)
        assert driver.order() == ["Strt 1", "Begn thrd 1"]
        order, _ = one_cycle(driver, device, client, eighths(512))
        inside = [f"{call} {op} 1" for op in ("read", "cinp", "pinp", "pout", "pmix", "cmix", "rite")
                  for call in ("Begn", "Do", "End")]  # fmt: skip
        assert order == ["Begn cycl 1", *inside, "End cycl 1"]
        assert not [call for call in driver.calls if call.call == "will"]  # never in a cycle
        driver.clear()
        device.stop(client)
        assert driver.order() == ["End thrd 1", "Stop 1"]


def test_mix_output_ends_the_output(subject):
    driver = subject()
    driver.promise(1, "read", "pout", "mixo", "pmix", "rite")
    with Host() as hal:
        device = hal.load(driver.path).device()
        client = device.add_client()
        device.start(client)
        order, _ = one_cycle(driver, device, client, eighths(512))
        assert order == [f"{call} {op} 1" for op in ("read", "pout", "mixo") for call in ("Begn", "Do", "End")]


@pytest.mark.parametrize("aside", [(), ("pinp",), ("pout", "pmix"), ("cinp", "pinp", "pout", "pmix", "cmix")])
@pytest.mark.parametrize("integer", [False, True])
def test_audio_through_all_of_them(subject, integer, aside):
    """Twice (half of it plus a quarter); what is not in place goes on from the secondary buffer."""
    driver = subject(*(["INTEGER=16"] if integer else []))
    ops = ("read", "pinp", "pout", "pmix", "rite", *(("cinp", "cmix") if integer else ()))
    driver.promise(1, *ops, aside=aside)
    audio = eighths(5000)
    with Host() as hal:
        device = hal.load(driver.path).device()
        heard = device.render(audio, jitter=True, seed=4)
        for call in driver.calls:
            if call.call == "Do":
                assert call.secondary == (call.op in aside)
    assert numpy.array_equal(heard[1024:], 2 * (audio / 2 + numpy.float32(0.25)))


def test_the_host_converts_what_the_driver_does_not(subject):
    driver = subject("INTEGER=16")
    driver.promise(1, "read", "pinp", "pmix", "rite")  # canonical float32 in between, int16 in read and rite
    audio = eighths(3000)
    with Host() as hal:
        heard = hal.load(driver.path).device().render(audio)
    assert numpy.array_equal(heard[1024:], 2 * (audio + numpy.float32(0.25)))


BROKEN = [
    ("leaves secondary", "pinp", ("pinp",), "secondary", "left frame 0 of 512 of the secondary buffer unwritten in"),
    ("leaves secondary", "pmix", ("pmix",), "secondary", "DoIOOperation for 'pmix' left frame 0"),
    ("writes past secondary", "pout", ("pout",), "guard", "'pout' wrote beyond the end of the secondary buffer"),
    ("writes past secondary", "pout", (), "guard", "'pout' wrote beyond the end of the buffer"),
    ("writes before main", "pinp", ("pinp",), "guard", "'pinp' wrote before the start of the buffer"),
    ("fails", "pmix", (), "operation-status", "DoIOOperation for 'pmix' answered 'what'"),
    ("allocates", "pout", (), "realtime", "malloc"),
]


@pytest.mark.parametrize(("what", "op", "aside", "rule", "words"), BROKEN)
def test_what_an_operation_does_wrong_is_named(subject, what, op, aside, rule, words):
    driver = subject()
    driver.promise(1, "read", "pinp", "pout", "pmix", "rite", aside=aside)
    driver.breaks(what, op)
    with Host() as hal:
        device = hal.load(driver.path).device()
        with pytest.raises(HostError, match=words) as caught:
            device.render(eighths(2000))
    assert caught.value.rule == rule


@pytest.mark.parametrize("op", ["read", "rite", "mixo"])
def test_what_must_be_in_place_may_not_be_promised_otherwise(subject, op):
    driver = subject()
    driver.promise(1, "read", "rite", "mixo", aside=(op,))
    with Host() as hal:
        device = hal.load(driver.path).device()
        with pytest.raises(HostError, match=f"wants '{op}' not in place"):
            device.render(eighths(512))


@pytest.mark.parametrize("mix_client", ["client", "host"])
def test_whose_id_the_mix_carries(subject, mix_client):
    driver = subject()
    for client in (0, 1):
        driver.promise(client, "read", "pout", "pmix", "rite")
    with Host(mix_client=mix_client) as hal:
        hal.load(driver.path).device().render(eighths(2000))
    expected = 1 if mix_client == "client" else 0
    for call in driver.calls:
        if call.op in ("pmix", "rite", "cmix"):
            assert call.client == expected
        elif call.op:
            assert call.client == 1


def test_a_skip_moves_the_times_and_not_the_counter(subject):
    driver = subject()
    driver.promise(1, *BASIC)
    with Host() as hal:
        device = hal.load(driver.path).device()
        client = device.add_client()
        device.start(client)
        device.cycle(frames=512)
        driver.clear()
        client.skip(1000)
        device.cycle(frames=512)
        client.skip(-5000)
        device.cycle(frames=100)
        found = [(c.input, c.output, c.counter, c.frames) for c in driver.calls if c.call == "Do"]
    assert found == [(1000, 2024, 2, 512)] * 2 + [(-3488, -2464, 3, 100)] * 2
