"""Numbers and strings from bytes, one after the other."""


class Reader:
    """``at`` is the offset of what comes next."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, size, signed=False):
        """A little-endian number of fixed size."""
        found = int.from_bytes(self.data[self.at : self.at + size], "little", signed=signed)
        self.at += size
        return found

    def unsigned(self):
        """A ULEB128."""
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self):
        """An SLEB128."""
        start = self.at
        value = self.unsigned()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def string(self):
        """Up to the next zero."""
        end = self.data.index(b"\0", self.at)
        found = self.data[self.at : end].decode("utf-8", "replace")
        self.at = end + 1
        return found

    def skip(self, size):
        """Leave out so many bytes."""
        self.at += size
