"""Rules about streams and their formats (hal-protocol B4, C6)."""

import struct

from tympan.testing._properties import StreamFormat
from tympan.testing._status import code, name
from tympan.testing.rules import _rows
from tympan.testing.rules._play import playable
from tympan.testing.rules._rule import Group, Skip, advise, require

rule = Group("stream", "Streams and formats", "B4")

_TERMINALS = (
    "line", "spdf", "spkr", "hdph", "lfes", "rspk", "micr", "hmic", "rmic", "tty_", "hdmi", "dprt",
)  # fmt: skip
_FLOAT, _BIG_ENDIAN, _SIGNED, _PACKED, _SPLIT = 1, 2, 4, 8, 0x20
_CONVERTING = ("cinp", "cmix", "mixo")


@rule(
    "stream-required-properties",
    "Every stream has its M properties: bcls clas stdv ownd sact sdir term schn ltnc sfmt pft sfma pfta.",
    "Logic and others say \"No valid formats\", or the device has no channels.",
    "libASPL #1; tympan-aspl E4",
)
def stream_required_properties(s):
    _rows.required(s, "stream")


@rule(
    "stream-recommended-properties",
    "Every stream has a name, 'lnam'.",
    "Streams have no names in Audio MIDI Setup.",
    "tympan-aspl E4",
)
def stream_recommended_properties(s):
    _rows.recommended(s, "stream")


@rule(
    "stream-settable",
    "Of a stream, 'sact', 'sfmt' and 'pft ' are settable and nothing else of B4.",
    "The format cannot be chosen in Audio MIDI Setup.",
)
def stream_settable(s):
    _rows.settable(s, "stream")


@rule(
    "stream-value-sizes",
    "Every property of a stream has the size of its type, and writes as many bytes as it said.",
    "Values are cut or read beyond their end.",
    "BlackHole #665",
)
def stream_value_sizes(s):
    _rows.sizes(s, "stream")


@rule(
    "stream-global-only",
    "A stream's properties are there in global scope, element 0, and nowhere else.",
    "Messages of failed calls in the log.",
)
def stream_global_only(s):
    _rows.global_only(s, "stream")


@rule(
    "stream-direction",
    "'sdir' is 1 for the streams listed as input and 0 for those listed as output.",
    "A speaker appears as a microphone, or records silence.",
)
def stream_direction(s):
    with s.open() as session:
        for device in session.world.devices:
            shared = {item.id for item in device.inputs} & {item.id for item in device.outputs}
            for wanted, streams in ((1, device.inputs), (0, device.outputs)):
                for stream in streams:
                    found = _rows.read(session, stream, "sdir")
                    fine = found in (wanted, None) or stream.id in shared
                    require(fine, f"{stream} is listed as {'output' if not wanted else 'input'}, and 'sdir' is {found}")


@rule(
    "stream-terminal",
    "'term' is one of the terminal types of AudioHardwareBase.h, and not 0 (unknown).",
    "The device has the wrong icon, or calls avoid it.",
    "tympan-aspl E18",
)
def stream_terminal(s):
    with s.open() as session:
        for stream in session.things("stream"):
            if session.plugin.has(stream, "term"):
                found = session.plugin.get_code(stream, "term")
                require(found in (*_TERMINALS, "0"), f"'term' of {stream} is {found!r}")
                advise(found != "0", f"'term' of {stream} is 0, unknown")


def _streams(session):
    return [(device, stream) for device in session.devices() for stream in device.streams()]


@rule(
    "stream-formats-offered",
    "'sfma' and 'pfta' of every stream hold one format at least.",
    "Logic and others say \"No valid formats\".",
    "libASPL #1",
)
def stream_formats_offered(s):
    with s.open() as session:
        for _, stream in _streams(session):
            for selector in ("sfma", "pfta"):
                offered = session.plugin.get_formats(stream, selector)
                require(offered, f"'{selector}' of stream {stream.id} is empty")


@rule(
    "stream-format-available",
    "'sfmt' is one of 'sfma', and 'pft ' one of 'pfta'.",
    "Audio MIDI Setup shows no format, and applications refuse the device.",
)
def stream_format_available(s):
    with s.open() as session:
        for _, stream in _streams(session):
            for selector, available in (("sfmt", "sfma"), ("pft ", "pfta")):
                current = session.plugin.get_format(stream, selector)
                offered = session.plugin.get_formats(stream, available)
                fine = not offered or any(_offers(offer, current) for offer in offered)
                require(fine, f"'{available}' of stream {stream.id} does not offer '{selector}', {current}")


def _offers(offer, wanted):
    fmt, low, high = offer
    same = StreamFormat(wanted.sample_rate, *fmt[1:]) == wanted
    return same and (low <= wanted.sample_rate <= high or fmt.sample_rate == wanted.sample_rate)


@rule(
    "stream-format-rate",
    "The rate in 'sfmt' and 'pft ' is the device's nominal rate, after a change of the rate too.",
    "Audio plays at the wrong speed and pitch, or the device freezes.",
    "BGM #185",
)
def stream_format_rate(s):
    with s.open() as session:
        for device in session.devices():
            old = device.sample_rate
            for rate in (old, *[low for low, high in device.sample_rates if low == high != old][:1], old):
                device.set_sample_rate(rate)
                for stream in device.streams():
                    _same_rate(session, device, stream)


def _same_rate(session, device, stream):
    for selector in ("sfmt", "pft "):
        found = session.plugin.get_format(stream, selector).sample_rate
        where = f"'{selector}' of stream {stream.id} has {found:g} Hz"
        require(found == device.sample_rate, f"{where}, the device {device.sample_rate:g} Hz")


@rule(
    "stream-virtual-is-physical",
    "'sfmt' equals 'pft ', unless the device converts itself (ConvertInput, ConvertMix or MixOutput).",
    "Noise instead of audio.",
    "NullAudio's comment",
)
def stream_virtual_is_physical(s):
    with s.open() as session:
        for device, stream in _streams(session):
            virtual, physical = (session.plugin.get_format(stream, selector) for selector in ("sfmt", "pft "))
            converts = any(session.table.will_do(device.id, 0, code(op))[1] for op in _CONVERTING)
            require(virtual == physical or converts, f"stream {stream.id}: virtual {virtual}, physical {physical}")


@rule(
    "stream-format-sane",
    "A linear PCM format fits together: 1 frame per packet, whole bytes per frame for its channels and bits, "
    "float or signed integer, not both; mReserved is 0.",
    "Noise instead of audio, or a crash in the application.",
    "tympan-aspl E12",
)
def stream_format_sane(s):
    with s.open() as session:
        for _, stream in _streams(session):
            offers = [fmt for key in ("sfma", "pfta") for fmt, _, _ in session.plugin.get_formats(stream, key)]
            for fmt in [session.plugin.get_format(stream, key) for key in ("sfmt", "pft ")] + offers:
                wrong = _nonsense(fmt)
                require(not wrong, f"stream {stream.id} has a format with {wrong}: {tuple(fmt)}")
            reserved = session.plugin.get(stream, "pft ", size=40)[36:]
            advise(reserved == bytes(4), f"mReserved in 'pft ' of stream {stream.id} is {reserved.hex()}, not 0")


def _nonsense(fmt):
    if fmt.format_id != code("lpcm"):
        return ""
    width = fmt.bytes_per_frame * 8 if fmt.flags & _SPLIT else fmt.bytes_per_frame * 8 // max(fmt.channels, 1)
    if fmt.frames_per_packet != 1 or fmt.bytes_per_packet != fmt.bytes_per_frame:
        return f"{fmt.frames_per_packet} frames and {fmt.bytes_per_packet} bytes per packet"
    if not fmt.channels:
        return "no channel"
    if fmt.flags & _FLOAT and (fmt.flags & _SIGNED or fmt.bits not in (32, 64)):
        return f"flags {fmt.flags:#x} for {fmt.bits} bits"
    if (fmt.flags & _PACKED and width != fmt.bits) or width < fmt.bits:
        return f"{fmt.bytes_per_frame} bytes per frame for {fmt.channels} channels of {fmt.bits} bits"
    return ""


@rule(
    "stream-format-native",
    "Formats are little-endian and interleaved, as every processor of a Mac wants them.",
    "Noise instead of audio.",
)
def stream_format_native(s):
    with s.open() as session:
        for _, stream in _streams(session):
            for fmt, _, _ in session.plugin.get_formats(stream, "pfta"):
                advise(not fmt.flags & (_BIG_ENDIAN | _SPLIT), f"stream {stream.id} offers the flags {fmt.flags:#x}")


@rule(
    "stream-rates-agree",
    "Every rate in 'nsr#' is offered by the formats of every stream, and the formats offer no other.",
    "Choosing a sample rate fails, or the device freezes afterwards.",
    "BGM #584",
    reference="B4",
)
def stream_rates_agree(s):
    with s.open() as session:
        for device, stream in _streams(session):
            ranges = device.sample_rates
            for selector in ("sfma", "pfta"):
                offered = {(low, high) for _, low, high in session.plugin.get_formats(stream, selector)}
                missing = [pair for pair in ranges if not _inside(pair, offered)]
                where = f"'{selector}' of stream {stream.id}"
                require(not missing or not offered, f"{where} does not offer {missing[0][0] if missing else 0:g} Hz")
                other = [pair for pair in offered if not _inside(pair, ranges)]
                require(not other, f"{where} offers {other[0] if other else ''} Hz, 'nsr#' does not")


def _inside(pair, ranges):
    return any(low <= pair[0] and pair[1] <= high for low, high in ranges)


@rule(
    "stream-format-refused",
    "Setting a format that is not offered is refused ('!dat'), and changes nothing.",
    "An application believes that it plays 24 bits, and noise comes out.",
    reference="C7.4",
)
def stream_format_refused(s):
    with s.open() as session:
        for device, stream in _streams(session):
            before, rate = stream.format, device.sample_rate
            bad = [before._replace(channels=before.channels + 1), before._replace(sample_rate=12_345.0),
                   before._replace(format_id=code("ac-3")), before._replace(bits=12)]  # fmt: skip
            for fmt in bad:
                status = session.table.set(stream.id, code("pft "), code("glob"), 0, fmt.pack())
                session.settle()
                require(stream.format == before and device.sample_rate == rate, f"{fmt} was taken")
                require(status != 0, f"{fmt}, {fmt.bits} bits, which is not offered, was accepted")
                advise(status == code("!dat"), f"a bad format answered '{name(status)}'")


@rule(
    "stream-format-sets",
    "Every format of 'pfta' can be set as 'pft ', at the device's rate, and is the stream's format afterwards.",
    "A format that Audio MIDI Setup offers cannot be chosen.",
    reference="B4, C6",
)
def stream_format_sets(s):
    with s.open() as session:
        for device, stream in _streams(session):
            before = stream.format
            for fmt in playable(device, stream):
                status = session.table.set(stream.id, code("pft "), code("glob"), 0, fmt.pack())
                session.settle()
                require(status == 0, f"stream {stream.id} refused {fmt}, which it offers, with '{name(status)}'")
                require(stream.format == fmt, f"stream {stream.id} was set to {fmt} and has {stream.format}")
            stream.set_format(before)


@rule(
    "stream-format-sets-rate",
    "Setting a stream's format with another rate changes the device's nominal rate, and every stream's.",
    "Input and output run at different rates: clicks, wrong pitch.",
    reference="B4",
)
def stream_format_sets_rate(s):
    with s.open() as session:
        for device, stream in _streams(session):
            old, others = device.sample_rate, [low for low, high in device.sample_rates if low == high]
            other = next((rate for rate in others if rate != old), None)
            if other is None:
                raise Skip("there is only one sample rate")
            for selector in ("pft ", "sfmt"):
                wanted = session.plugin.get_format(stream, selector)._replace(sample_rate=other)
                session.plugin.set(stream, selector, wanted.pack())
                session.settle()
                found = [device.sample_rate, *(item.format.sample_rate for item in device.streams())]
                require(set(found) == {other}, f"'{selector}' of stream {stream.id} was set to {other:g} Hz, and the "
                                               f"device and its streams have {found}")  # fmt: skip
                device.set_sample_rate(old)


@rule(
    "stream-active",
    "'sact' can be set to 0 and back to 1, is readable afterwards, and is notified when it changes.",
    "A device of several streams cannot use some of them.",
)
def stream_active(s):
    with s.open() as session:
        for _, stream in _streams(session):
            before = _rows.read(session, stream, "sact")
            for value in (1 - before, before):
                notes = session.notes(session.plugin.set_uint32, stream, "sact", value)
                require(_rows.read(session, stream, "sact") == value, f"'sact' of {stream.id} stayed {1 - value}")
                said = (stream.id, "sact") in {(note.object, note.selector) for note in notes}
                require(said, f"'sact' of stream {stream.id} changed, and nothing was said")


@rule(
    "stream-channels",
    "Every stream has at least one channel, and fewer than 4,096.",
    "A device with no channels.",
)
def stream_channels(s):
    with s.open() as session:
        for _, stream in _streams(session):
            data = session.plugin.get(stream, "pft ", size=40)
            (channels,) = struct.unpack_from("<I", data, 28)
            require(0 < channels < 4096, f"stream {stream.id} has {channels} channels")
