"""``python -m tympan render``: play a sound file through a driver, in the simulated HAL."""

import argparse
import contextlib
import sys
import time
from pathlib import Path

from tympan._errors import UsageError


def configure(parser):
    """Add the command's arguments to an ArgumentParser."""
    parser.description = "Play a sound file through a driver in the simulated HAL and write what comes back."
    parser.add_argument("driver", help="a .driver bundle, or a driver's .pyx, which is compiled first")
    parser.add_argument("input", help="a WAV or FLAC file")
    parser.add_argument("output", help="the WAV file to write (float32)")
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="the device's sample rate; the file must have it (default: the file's)"
    )
    parser.add_argument(
        "--buffer", type=_positive, default=512, metavar="FRAMES", help="frames per IO cycle (default: 512)"
    )
    parser.add_argument(
        "--block-jitter", type=int, nargs="?", const=0, metavar="SEED", help="cycles of 1 to --buffer frames, at random"
    )
    parser.add_argument(
        "--no-guard", action="store_true", help="let the IO path make calls that must not be made there"
    )
    parser.add_argument("--device", metavar="UID", help="which device, when the driver has several")
    parser.add_argument("--picture", metavar="PNG", help="draw input and output into this file (needs matplotlib)")


def _positive(text):
    value = int(text)
    if not 1 <= value <= 65536:
        raise argparse.ArgumentTypeError("1 to 65536 frames")
    return value


def run(args):
    """Render; prints what was done. Raises UsageError and HostError (so, RealtimeViolation); answers the exit code."""
    from tympan.testing import _wav

    _check_output(args)
    audio, rate = _wav.read_audio(args.input)
    played = Rendering(args, audio, rate)
    played.render()
    _wav.write_wav(args.output, played.result, rate)
    print(played.report())
    print(f"Wrote {args.output} ({len(played.result) / rate:.2f} s, {played.result.shape[1]} ch, float32)")
    if args.picture:
        from tympan.testing._picture import draw

        draw(args.picture, played)
        print(f"Drew {args.picture}")
    return 0


def _check_output(args):
    """What would fail at the end is said before the work begins."""
    for path, suffix in ((args.output, ".wav"), (args.picture, ".png")):
        if path and Path(path).suffix.lower() != suffix:
            raise UsageError(f"{path} is not named {suffix}", f"The result is a {suffix[1:].upper()} file; name it so.")
        if path and not Path(path).parent.is_dir():
            raise UsageError(f"the folder {Path(path).parent} does not exist", "Make it first, or write elsewhere.")


def open_driver(hal, path):
    """The Plugin of a .driver bundle, or of a .pyx, folder or project that is compiled first."""
    path = Path(path)
    if path.suffix == ".driver" or (path / "Contents").is_dir():
        return hal.load(path)
    if not path.exists():
        raise UsageError(f"{path} does not exist", "Give a .driver bundle or a driver's .pyx.")
    if path.is_file() and path.suffix != ".pyx":
        raise UsageError(f"{path} is not a driver", "Give a .driver bundle or a driver's .pyx.")
    from tympan.bundle import import_driver

    return hal.attach(import_driver(path))


class Rendering:
    """One file played through one device: ``audio`` as played, ``result``, and the numbers of the report."""

    def __init__(self, args, audio, rate):
        self.args = args
        self.audio = audio
        self.rate = rate
        self.name = Path(args.input).name

    def render(self):
        """Load the driver, set the rate, play."""
        from tympan.testing import Host, _wav

        with Host(echo_log=True, guard=not self.args.no_guard) as hal:
            device = open_driver(hal, self.args.driver).device(self.args.device)
            self.device_name, self.uid = device.name, device.uid
            self._choose_rate(device)
            self._check_channels(device)
            self.played = _wav.adapt_channels(self.audio, device.channels("outp"), self.name)
            self.formats = {
                scope: ", ".join(str(s.format) for s in device.streams(scope)) for scope in ("outp", "inpt")
            }
            self.delay_parts, self.delay = device.delay_parts(self.args.buffer), device.delay(self.args.buffer)
            self._play(device)

    def _play(self, device):
        jitter = self.args.block_jitter
        with _progress(self.name) as progress:
            began = time.perf_counter()
            self.result = device.render(
                self.played, buffer=self.args.buffer, jitter=jitter is not None, seed=jitter or 0, progress=progress
            )
            self.seconds = time.perf_counter() - began

    def _choose_rate(self, device):
        wanted = self.args.rate or self.rate
        if wanted != self.rate:
            raise UsageError(
                f"{self.name} has {self.rate:g} Hz, not {wanted:g}", "Tympan does not resample; convert the file first."
            )
        rates = device.sample_rates
        if not any(low <= wanted <= high for low, high in rates):
            there = ", ".join(f"{low:g}" if low == high else f"{low:g} to {high:g}" for low, high in rates)
            raise UsageError(
                f"{self.name} has {wanted:g} Hz, which the device does not offer",
                f"Convert the file to one of {there} Hz first.",
            )
        if device.sample_rate != wanted:
            device.set_sample_rate(wanted)
        if device.sample_rate != wanted:
            raise UsageError(
                f"the device stays at {device.sample_rate:g} Hz", "Its driver did not carry the rate change out."
            )

    def _check_channels(self, device):
        if not device.streams("outp"):
            raise UsageError(
                f"{self.device_name} is a microphone: a file cannot be played into it",
                "Use tympan.testing.Host from Python.",
            )
        if not device.streams("inpt"):
            raise UsageError(
                f"{self.device_name} is a speaker: nothing comes back to be written",
                "Use tympan.testing.Host from Python.",
            )

    def report(self):
        """What was done, in nine lines."""
        from tympan.testing._wav import decibels

        seconds = len(self.audio) / self.rate
        per = self.args.buffer / self.rate
        jitter = (
            ""
            if self.args.block_jitter is None
            else f", cycles of 1 to {self.args.buffer} (seed {self.args.block_jitter})"
        )
        guarded = "off" if self.args.no_guard else "no forbidden call on the IO path"
        parts = self.delay_parts
        made = f"2 x {self.args.buffer} buffer + {parts['safety offsets']} safety offsets"
        made += f" + {parts['reported latency']} reported latency"
        return "\n".join(
            [
                f"Played {self.name} ({seconds:.2f} s, {self.audio.shape[1]} ch, {self.rate:g} Hz) "
                f"through {self.device_name}",
                f"  device   {self.uid}",
                f"  played   {self.formats['outp']}",
                f"  came in  {self.formats['inpt']}",
                f"  buffer   {self.args.buffer} frames ({1000 * per:.1f} ms){jitter}",
                f"  delay    {self.delay} frames ({1000 * self.delay / self.rate:.1f} ms) = {made}",
                f"  guard    {guarded}",
                f"  speed    {seconds / self.seconds:,.0f} x real time",
                f"  peak     {decibels(self.audio)} in, {decibels(self.result)} out",
            ]
        )


@contextlib.contextmanager
def _progress(label):
    """A progress(done, total) for render: a bar on a terminal, otherwise nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        yield None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Playing {label}", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
