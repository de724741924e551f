"""Virtual threads: the same seed makes the same order of calls, and finds what only some orders break."""

import itertools

import numpy
import pytest
from c_drivers.build import FLOOR, make_bundle
from c_drivers.operations import Operations

from tympan.testing import Host, HostError, UsageError


def eighths(frames, seed=1, channels=2):
    steps = numpy.random.default_rng(seed).integers(-32, 32, (frames, channels))
    return (steps / 256).astype(numpy.float32)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    made = Operations(tmp_path_factory.mktemp("operations"))
    for client in range(8):
        made.promise(client, "read", "rite", "cycl")
    return made


def session(driver, seed):
    """Two players, property traffic and rate changes; (calls as the driver got them, what was heard)."""
    driver.clear()
    with Host(seed=seed) as hal:
        device = hal.load(driver.path).device()

        def rates():
            for rate in (96_000.0, 44_100.0):
                device.set_sample_rate(rate)

        def names():
            return [device.name for _ in range(50)]

        heard = hal.interleave(lambda: device.render(eighths(3000)), rates, names, lambda: device.render(eighths(2000)))
        return [tuple(call) for call in driver.calls], heard[0].tobytes()


def test_a_seed_repeats_everything(driver):
    first, again, other = session(driver, 11), session(driver, 11), session(driver, 12)
    assert first == again
    assert first[0] != other[0]


def test_clients_are_preempted_between_any_two_calls(driver):
    calls, _ = session(driver, 3)
    between = {
        (before[:2], after[:2])
        for before, after in itertools.pairwise(calls)
        if before[2] != after[2] and before[2] and after[2]
    }
    assert {("Begn", "Do"), ("Do", "End")} & {(a[0], b[0]) for a, b in between}
    assert len(between) > 10


@pytest.mark.parametrize("seed", range(8))
def test_no_frame_is_lost_whatever_the_order(driver, seed):
    """Two that play together, with starts, stops and properties of others meanwhile."""
    audio = eighths(6000, 1), eighths(6000, 2)
    with Host(seed=seed) as hal:
        device = hal.load(driver.path).device()
        clients = [device.add_client() for _ in range(3)]
        device.start(clients[0])
        device.start(clients[1])

        def restless():
            for _ in range(5):
                device.start(clients[2])
                device.stop(clients[2])

        one, two, _ = hal.interleave(
            lambda: device.render(audio[0], client=clients[0]),
            lambda: device.render(audio[1], client=clients[1]),
            restless,
        )
        began = [clients[0].engine.state["input_time"] - len(one), clients[1].engine.state["input_time"] - len(two)]
    # Who begins later hears the other from then on.
    later = began[1] - began[0]
    mixed = [audio[0] + moved(audio[1], -later), audio[1] + moved(audio[0], later)]
    for heard, expected in zip((one, two), mixed, strict=True):
        assert numpy.array_equal(heard[1024 : 1024 + 5000], expected[:5000])


def moved(audio, frames):
    """From this frame on; silence where there is none."""
    result = numpy.zeros_like(audio)
    if frames >= 0:
        result[: len(audio) - frames] = audio[frames:]
    else:
        result[-frames:] = audio[:frames]
    return result


RACE = """
/* A count of starts that is read in one call and used in the next: only some orders of calls break it. */
#include "../../bench/floor.c"
static int told;
static OSStatus racy_has(AudioServerPlugInDriverRef d, AudioObjectID o, pid_t p, const AudioObjectPropertyAddress *a)
{
    told = (int)floor_state.started;
    return floor_has(d, o, p, a);
}
static OSStatus racy_stop(AudioServerPlugInDriverRef d, AudioObjectID device, UInt32 client)
{
    OSStatus status = floor_stop(d, device, client);
    return told == 2 ? kAudioHardwareUnspecifiedError : status;
}
__attribute__((constructor)) static void install(void)
{
    floor_table.StopIO = racy_stop;
    floor_table.HasProperty = (void *)racy_has;
}
"""


def test_a_failure_is_a_seed_that_repeats_it(tmp_path):
    source = tmp_path / "race.c"
    source.write_text(RACE.replace('"../../bench/floor.c"', f'"{FLOOR}"'))
    bundle = make_bundle(tmp_path, "Race", source)

    def attempt(seed):
        with Host(seed=seed) as hal:
            plugin = hal.load(bundle)
            device = plugin.device()
            client, other = device.add_client(), device.add_client()

            def cycle(client):
                device.start(client)
                device.stop(client)

            try:
                hal.interleave(lambda: cycle(client), lambda: cycle(other), lambda: plugin.has(device, "lnam"))
            except HostError as error:
                return str(error), error.__notes__
            finally:
                for each in (client, other):
                    if each.running:
                        each.running = False  # what the driver refused to stop is not the host's to tidy
        return None

    found = {seed: attempt(seed) for seed in range(30)}
    failing = [seed for seed, error in found.items() if error]
    assert 0 < len(failing) < 30
    seed = failing[0]
    assert attempt(seed) == found[seed]
    assert f"seed={seed}" in "".join(found[seed][1])


def test_an_error_of_one_ends_all(driver):
    with Host() as hal:
        device = hal.load(driver.path).device()

        def fails():
            _ = device.name
            raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            hal.interleave(lambda: device.render(eighths(200_000)), fails)
        assert device.clients == [] and hal.actors is None
        assert numpy.array_equal(device.render(eighths(2000))[1024:], eighths(2000))


def test_waiting_for_nothing_is_a_deadlock(driver):
    with Host() as hal:
        hal.load(driver.path)
        with pytest.raises(HostError, match="can go on"):
            hal.interleave(lambda: hal.actors.wait(lambda: False))


def test_misuse(driver):
    with Host() as hal, pytest.raises(UsageError, match="needs functions"):
        hal.interleave()
    with Host(clock="free") as hal, pytest.raises(UsageError, match="virtual clock"):
        hal.interleave(lambda: None)
