"""``python -m tympan render`` and ``check``, called as functions: what they print, write and refuse."""

import argparse
from pathlib import Path

import numpy
import pytest
import soundfile
from c_drivers.build import DEFECTS, make_bundle

from tympan.testing import HostError, UsageError, _render_cli

ROOT = Path(__file__).parent.parent


def run(module, *arguments):
    """The exit code of a command line."""
    parser = argparse.ArgumentParser()
    module.configure(parser)
    return module.run(parser.parse_args([str(argument) for argument in arguments]))


def render(*arguments):
    return run(_render_cli, *arguments)


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("render"), "Floor", defines=["SAFETY_OUTPUT=10"])


@pytest.fixture
def files(tmp_path):
    """A function that writes noise as NAME with so many channels, and answers (path, audio)."""

    def write(name="in.wav", channels=2, rate=48_000, frames=5000):
        audio = numpy.random.default_rng(1).uniform(-0.5, 0.5, (frames, channels)).astype(numpy.float32)
        float_wav = name.endswith(".wav")
        soundfile.write(tmp_path / name, audio, rate, subtype="FLOAT" if float_wav else None)
        return tmp_path / name, soundfile.read(tmp_path / name, dtype="float32", always_2d=True)[0]

    return write


@pytest.mark.parametrize(
    "options", [[], ["--block-jitter"], ["--block-jitter", "7"], ["--buffer", "100"], ["--rate", "48000"]]
)
def test_result_is_the_file_delayed_by_what_the_report_says(floor, files, tmp_path, capsys, options):
    path, audio = files()
    out = tmp_path / "out.wav"
    assert render(floor, path, out, *options) == 0
    delay = 2 * (100 if "--buffer" in options else 512) + 10
    result, rate = soundfile.read(out, dtype="float32")
    assert soundfile.info(out).subtype == "FLOAT" and rate == 48_000
    assert len(result) == len(audio) + delay and not result[:delay].any()
    assert numpy.array_equal(result[delay:], audio)
    report = capsys.readouterr().out
    assert f"{delay} frames" in report and "10 safety offsets" in report and "x real time" in report
    assert len(report.splitlines()) <= 10
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.wav", "out.wav"]


def test_mono_flac_at_another_rate(floor, files, tmp_path):
    path, audio = files("in.flac", channels=1, rate=44_100)
    assert render(floor, path, tmp_path / "out.wav") == 0
    result, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert rate == 44_100
    assert numpy.array_equal(result[1034:], numpy.repeat(audio, 2, axis=1))


def test_picture(floor, files, tmp_path):
    pytest.importorskip("matplotlib")
    path, _ = files()
    assert render(floor, path, tmp_path / "out.wav", "--picture", tmp_path / "p.png") == 0
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"


def test_a_pyx_is_compiled_and_played(files, tmp_path, capsys):
    path, audio = files()
    assert render(ROOT / "examples" / "gain" / "gain.pyx", path, tmp_path / "out.wav") == 0
    result, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert numpy.array_equal(result[1024:], numpy.float32(0.5) * audio)
    assert "through Tympan Gain" in capsys.readouterr().out


def foreign(path, data=b"RIFF\x10\0\0\0WAVEfmt junk"):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (lambda d, f, t: (d, t / "none.wav", t / "o.wav"), "none.wav does not exist"),
        (lambda d, f, t: (d, t, t / "o.wav"), "is a folder"),
        (lambda d, f, t: (d, foreign(t / "x.wav"), t / "o.wav"), "x.wav cannot be read as audio"),
        (lambda d, f, t: (d, foreign(t / "x.wav", b""), t / "o.wav"), "x.wav cannot be read as audio"),
        (lambda d, f, t: (d, f(frames=0)[0], t / "o.wav"), "holds no audio"),
        (lambda d, f, t: (d, f(channels=3)[0], t / "o.wav"), "has 3 channels, the device plays 2"),
        (lambda d, f, t: (d, f(rate=22_050)[0], t / "o.wav"), "22050 Hz, which the device does not offer"),
        (lambda d, f, t: (d, f()[0], t / "o.wav", "--rate", "96000"), "has 48000 Hz, not 96000"),
        (lambda d, f, t: (d, f()[0], t / "o.mp3"), "is not named .wav"),
        (lambda d, f, t: (d, f()[0], t / "no" / "o.wav"), "does not exist"),
        (lambda d, f, t: (d, f()[0], t / "o.wav", "--picture", t / "p.jpg"), "is not named .png"),
        (lambda d, f, t: (d, f()[0], t / "o.wav", "--device", "nobody"), "does not have a device with the UID nobody"),
        (lambda d, f, t: (t / "none.driver", f()[0], t / "o.wav"), "none.driver does not exist"),
        (lambda d, f, t: (t / "none.pyx", f()[0], t / "o.wav"), "none.pyx does not exist"),
        (lambda d, f, t: (f()[0], f()[0], t / "o.wav"), "in.wav is not a driver"),
    ],
)
def test_bad_input_is_a_sentence_and_a_hint(floor, files, tmp_path, case, sentence):
    with pytest.raises(UsageError) as caught:
        render(*case(floor, files, tmp_path))
    assert sentence in str(caught.value)
    assert caught.value.hint and caught.value.exit_code == 2
    assert not (tmp_path / "o.wav").exists()


def test_a_driver_that_breaks_a_rule_writes_nothing(files, tmp_path):
    bundle = make_bundle(tmp_path, "Bad", DEFECTS, ["DEFECT=writes_past_end"])
    with pytest.raises(HostError, match="beyond the end"):
        render(bundle, files()[0], tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()
