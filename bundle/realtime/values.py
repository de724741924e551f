"""What a register may hold, as far as one function's code tells: constants, addresses, loads, mixtures.

A value is ``(base, offset)``. The base is ``None`` for a plain number or
address, ``"sp"`` for the stack pointer at the function's entry, or one of

    ("arg", i)               the i-th integer argument
    ("phi", name)            a register at the head of the loop under study
    ("mem", base, offset)    what was loaded from (base, offset)
    ("def", place)           what the instruction there brought, from somewhere that was not followed
    ("join", place, name)    a register at the block there, where it is one of several values
    ("mix", origins, place)  what the instruction there computed from these bases, and from constants
    ("table", T, size, s)    an entry of the constant table at T, of so many bytes, shifted left by s
    ("target", T, ...)       an address computed from such an entry

The same base means the same value wherever both can be seen at once, except
for mixtures without a place. ``"?"`` among the origins of a mixture means:
something that was not followed.
"""

UNKNOWN = (("mix", frozenset(["?"]), None), 0)

#: Loads nested deeper than this are not followed: p->a->b->c->d.
DEPTH = 5
#: A mixture of more than this is of anything.
MOST = 12


def const(number):
    """A number that the code itself gives; as a signed 64-bit one, so that equal ones are equal."""
    number &= (1 << 64) - 1
    return (None, number - (1 << 64) if number >> 63 else number)


def arg(index):
    """The index-th integer argument."""
    return (("arg", index), 0)


def phi(name):
    """A register as a loop's turn begins."""
    return (("phi", name), 0)


def defined(place):
    """Something that the instruction at ``place`` brought."""
    return (("def", place), 0)


def is_const(value):
    """Whether a value is a known number or address."""
    return value[0] is None


def is_stack(value):
    """Whether a value is a known place in this function's frame."""
    return value[0] == "sp"


def is_known(value):
    """Whether equal values are equal: a mixture without a place may be anything."""
    return kind(value) != "mix" or value[0][2] is not None


def kind(value):
    """The word that tells what a value's base is; "" for a number."""
    base = value[0]
    return "" if base is None else base if isinstance(base, str) else base[0]


def origins(value):
    """Every base but constants that a value was made of."""
    base = value[0]
    if base is None:
        return frozenset()
    if kind(value) == "mix":
        return base[1]
    return frozenset([base])


def mix(*parts, place=None):
    """Something computed from ``parts``, no matter how."""
    made = frozenset().union(*map(origins, parts))
    return (("mix", made if len(made) <= MOST else frozenset(["?"]), place), 0)


def add(left, right, place=None):
    """The sum; an address plus a number stays an address."""
    if is_const(left):
        left, right = right, left
    if is_const(right):
        if is_const(left):
            return const(left[1] + right[1])
        if not is_known(left):
            return left
        if kind(left) == "table" and right[1]:
            return (("target", *left[0][1:], right[1]), 0)
        return (left[0], left[1] + right[1])
    return mix(left, right, place=place)


def subtract(left, right, place=None):
    """The difference."""
    if is_const(right):
        return add(left, const(-right[1]), place)
    if left[0] == right[0] and is_known(left):
        return const(left[1] - right[1])
    return mix(left, right, place=place)


def shift(value, bits, place=None):
    """``value << bits``."""
    if is_const(value):
        return const(value[1] << bits)
    if kind(value) == "table":
        _, table, size, shifted = value[0]
        return (("table", table, size, shifted + bits), 0)
    return mix(value, place=place)


def multiply(left, right, place=None):
    """The product."""
    if is_const(left) and is_const(right):
        return const(left[1] * right[1])
    return mix(left, right, place=place)


def loaded(address, place):
    """What memory at ``address`` holds, loaded by the instruction at ``place``."""
    base, offset = address
    if kind(address) in ("target", "table") or not is_known(address) or depth(base) >= DEPTH:
        return defined(place)
    return (("mem", base, offset), 0)


def depth(base):
    """How many loads are nested in a base."""
    count = 0
    while isinstance(base, tuple) and base[0] == "mem":
        count, base = count + 1, base[1]
    return count


class Joins:
    """What was made of several values, by what it became: ``parts`` of those that met, ``sums``, and ``picks``.

    ``sums``: (1 or -1, left, right). ``picks``: (flags, condition, value if so,
    value if not) of those that no branch but one instruction chose.
    """

    def __init__(self):
        self.parts, self.sums, self.picks = {}, {}, {}

    def join(self, left, right, place, name):
        """A value that is one or the other."""
        if left == right:
            return left
        base = ("join", place, name)
        self.parts.setdefault(base, set()).update(part for part in (left, right) if part[0] != base)
        return (base, 0)

    def expand(self, bases):
        """Every base that is no join which these were made of; constants are left out."""
        found, seen, queue = set(), set(), list(bases)
        while queue:
            base = queue.pop()
            if base is None or base in seen:
                continue
            seen.add(base)
            if isinstance(base, tuple) and base[0] == "join":
                queue += [part[0] for part in self.parts.get(base, [("?", 0)])]
            elif isinstance(base, tuple) and base[0] == "mix":
                queue += base[1]
            else:
                found.add(base)
        return frozenset(found)

    def sources(self, value):
        """The expanded origins of a value."""
        return self.expand(origins(value))
