"""How long a driver's realtime calls took, and how late IO threads woke: numbers, a table and a picture."""

from tympan._errors import UsageError

_TITLES = {
    "stamp": "GetZeroTimeStamp", "begin": "BeginIOOperation", "do": "DoIOOperation", "end": "EndIOOperation",
    "wake": "wake-up after its time", "cycle": "whole cycle",
}  # fmt: skip


def _nanoseconds(bucket):
    """The middle of a bucket of host_latency.h."""
    if bucket < 16:
        return float(bucket)
    shift = bucket // 16 - 1
    return (16 + bucket % 16 + 0.5) * 2.0**shift


class Latency:
    """One histogram. Values are in ns and known to 6 %; ``most`` is exact."""

    def __init__(self, buckets, most):
        self.buckets = {_nanoseconds(number): count for number, count in enumerate(buckets) if count}
        self.count = sum(self.buckets.values())
        self.most = most

    def percentile(self, percent):
        """The value that so many per cent of the calls did not exceed, in ns; 0.0 without a call."""
        left = self.count * percent / 100
        for value, count in self.buckets.items():
            left -= count
            if left <= 0:
                return min(value, float(self.most))
        return float(self.most)


class Latencies:
    """What one real-time run measured: ``[client][what]`` is a Latency, what being "stamp", "begin", "do", "end",
    "wake" or "cycle". ``scheduling`` says for each client which policy its thread had."""

    def __init__(self, measured, scheduling):
        self._of = {
            client: {what: Latency(*found) for what, found in histograms.items()}
            for client, histograms in measured.items()
        }
        self.scheduling = scheduling

    def __getitem__(self, client):
        return self._of[client]

    def __iter__(self):
        return iter(self._of)

    def __str__(self):
        lines = [f"{'':32}{'calls':>9}{'p50':>10}{'p99':>10}{'max':>10}   (microseconds)"]
        for client, latencies in self._of.items():
            lines.append(f"client {client.id} of device {client.device.id}, {self.scheduling[client]}")
            for what, one in latencies.items():
                if one.count:
                    numbers = (one.percentile(50), one.percentile(99), one.most)
                    cells = "".join(f"{number / 1000:10.2f}" for number in numbers)
                    lines.append(f"  {_TITLES[what]:30}{one.count:9}{cells}")
        return "\n".join(lines)

    def picture(self, path):
        """Histograms of all clients as an image (PNG, SVG or PDF by the name); needs matplotlib."""
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise UsageError("a picture needs matplotlib", "pip install matplotlib") from None
        figure = Figure(figsize=(9, 2.2 * len(_TITLES)), layout="constrained")
        for axes, (what, title) in zip(figure.subplots(len(_TITLES), 1, sharex=True), _TITLES.items(), strict=True):
            for client, latencies in self._of.items():
                found = latencies[what].buckets
                axes.step([ns / 1000 for ns in found], list(found.values()), where="mid", label=f"client {client.id}")
            axes.set(title=title, xscale="log", yscale="log", ylabel="calls")
        axes.set(xlabel="microseconds")
        axes.legend()
        figure.savefig(path)
