"""What a Mac would run as a client of the HAL: the probe of `install` and `doctor`, and the loopback of the workflows.

Both are real; the HAL under them is tests/macos/fake/coreaudio.c. Neither has met a real one.
"""

import ctypes
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tympan.bundle import toolchain
from tympan.bundle.macos import probe

MACOS = Path(__file__).with_name("macos")
UID = "com.example.Tiny"


def load(path):
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


loopback = load(MACOS / "loopback.py")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(the fake library, the loopback program)."""
    folder = tmp_path_factory.mktemp("client")
    library, program = folder / "libcoreaudio.so", folder / "loopback"
    common = [*toolchain.compiler(), "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-multichar", "-Wno-four-char-constants"]
    common += ["-Wno-unknown-warning-option", f"-I{MACOS / 'fake'}", "-pthread"]
    subprocess.run([*common, "-shared", "-fPIC", MACOS / "fake" / "coreaudio.c", "-o", library], check=True)
    subprocess.run([*common, MACOS / "loopback.c", library, "-o", program], check=True)
    return library, program


# ---- the probe ----


def devices(made, *uids, fake=""):
    """Run the probe as install and doctor do."""
    command = [sys.executable, "-I", probe.__file__, "--libraries", made[0], made[0], *uids]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "FAKE": fake})


def test_probe(made):
    found = json.loads(devices(made).stdout)
    assert found == [
        {"UID": UID, "Name": "Tiny", "Manufacturer": None, "InputChannels": 2, "OutputChannels": 2,
         "Rate": 44100.0, "Hidden": 0, "Alive": 1},
        {"UID": "com.example.Mic", "Name": "Mikrofön", "Manufacturer": None, "InputChannels": 1, "OutputChannels": 0,
         "Rate": 44100.0, "Hidden": 0, "Alive": 1},
    ]  # fmt: skip


def test_probe_finds_hidden_devices_by_uid(made):
    found = json.loads(devices(made, UID, "com.example.Hidden", "com.example.None").stdout)
    assert [(device["UID"], device["Hidden"]) for device in found][2:] == [("com.example.Hidden", 1)]
    assert len(found) == 3


def test_probe_when_core_audio_is_silent(made):
    done = devices(made, fake="silent")
    assert done.returncode == 1 and done.stderr.startswith("Core Audio does not answer")


def test_probe_of_a_device_that_answers_badly(made):
    assert json.loads(devices(made, fake="data").stdout)[0]["Hidden"] is None
    assert json.loads(devices(made, fake="text").stdout)[0]["UID"] is None


def test_probe_in_this_process(made, capsys, monkeypatch):
    """The same, where coverage sees it."""
    command = ["--libraries", str(made[0]), str(made[0]), "com.example.Hidden"]
    probe.main(command)
    assert len(json.loads(capsys.readouterr().out)) == 3
    assert ctypes.c_int.in_dll(ctypes.CDLL(str(made[0])), "live_strings").value == 0
    for fake, name in (("data", "Hidden"), ("text", "UID")):
        monkeypatch.setenv("FAKE", fake)
        probe.main(command)
        assert json.loads(capsys.readouterr().out)[0][name] is None
    monkeypatch.setenv("FAKE", "silent")
    with pytest.raises(SystemExit, match="does not answer"):
        probe.main(command)
    with pytest.raises(OSError):
        probe.main(["--libraries", "no.so", "no.so"])


def test_probe_where_there_is_no_core_audio():
    done = subprocess.run([sys.executable, "-I", probe.__file__], capture_output=True, text=True)
    assert sys.platform == "darwin" or (done.returncode and "CoreAudio" in done.stderr)


# ---- the loopback ----


def run(made, folder, fake="", uid=UID, factor=1.0):
    """(exit code, what it says) of the program and the comparison, as ci.sh runs them."""
    played, recorded = folder / "played", folder / "recorded"
    loopback.main("make", str(played), "0.5", "48000", "2")
    command = [made[1], uid, "48000", "2", played, recorded]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "FAKE": fake}, timeout=60)
    if done.returncode:
        return done.returncode, done.stderr
    arguments = [sys.executable, MACOS / "loopback.py", "compare", played, recorded, "2", str(factor)]
    done = subprocess.run(arguments, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_loopback(made, tmp_path):
    assert run(made, tmp_path) == (0, "24000 frames are the same bit by bit, 1024 frames later\n")


@pytest.mark.parametrize(
    ("fake", "text"),
    [
        ("muted", "all channels are exactly zero"),
        ("flips", "1 of 24000 frames differ, the first is frame"),
        ("channels", "one stream of this many channels"),
        ("create", "IO does not start"),
        ("start", "IO does not start"),
        ("rate", "refuses its rate"),
    ],
)
def test_loopback_that_fails(made, tmp_path, fake, text):
    code, said = run(made, tmp_path, fake)
    assert code == 1 and text in said


@pytest.mark.deep
def test_loopback_that_stops(made, tmp_path):
    """It waits for 11 seconds."""
    assert run(made, tmp_path, "stops") == (1, "loopback: IO has stopped before the end (status 0)\n")


def test_loopback_of_no_device(made, tmp_path):
    assert run(made, tmp_path, uid="com.example.None") == (1, "loopback: there is no device with this UID (status 0)\n")
    done = subprocess.run([made[1]], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("usage: ")


def test_comparing():
    played = loopback.make(0.1, 48000, 2)
    assert np.array_equal(played, loopback.make(0.1, 48000, 2)) and len(played) == 4800 + 2 * loopback.SILENCE
    assert loopback.compare(played, played) == (True, "4800 frames are the same bit by bit, 0 frames later")
    assert loopback.compare(played, played * np.float32(0.5), 0.5)[0]
    assert loopback.compare(played, played * np.float32(0.5)) == (False, "what was played is not in what was recorded")
    late = np.concatenate([np.zeros((4500, 2), np.float32), played])[: len(played)]
    assert loopback.compare(played, late) == (False, "the recording ends 404 frames early, at a delay of 4500 frames")
    twice = played.copy()
    twice[10] = played[loopback.SILENCE]  # the first frame alone is not the beginning
    assert loopback.compare(played, twice)[0]
