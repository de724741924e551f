"""What a register may hold, as far as one function's code tells: constants, addresses, loads, mixtures.

A value is ``(base, offset)``. The base is ``None`` for a plain number or
address, ``"sp"`` for the stack pointer at the function's entry, or one of

    ("arg", i)              the i-th integer argument
    ("phi", name)           a register at the head of the loop under study
    ("mem", base, offset)   what was loaded from (base, offset)
    ("table", T, size, s)   an entry of the constant table at T, of so many bytes, shifted left by s
    ("mix", origins)        computed from all of these, and from constants

``"?"`` among the origins means: from something that was not followed.
"""

UNKNOWN = (("mix", frozenset(["?"])), 0)
SOME_CONSTANT = (("mix", frozenset()), 0)

#: Loads nested deeper than this are not followed: p->a->b->c->d.
DEPTH = 5


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


def is_const(value):
    """Whether a value is a known number or address."""
    return value[0] is None


def is_stack(value):
    """Whether a value is a known place in this function's frame."""
    return value[0] == "sp"


def kind(value):
    """The word that tells what a value's base is; "" for a number."""
    base = value[0]
    return "" if base is None else base if isinstance(base, str) else base[0]


def origins(value):
    """Everything but constants that a value was made of."""
    base = value[0]
    if base is None:
        return frozenset()
    if kind(value) == "mix":
        return base[1]
    return frozenset([base])


def mix(*values):
    """Something computed from ``values``, no matter how."""
    made = frozenset().union(*map(origins, values))
    return (("mix", made if len(made) <= 12 else frozenset(["?"])), 0)


def add(left, right):
    """The sum; an address plus a number stays an address."""
    if is_const(left):
        left, right = right, left
    if is_const(right):
        if is_const(left):
            return const(left[1] + right[1])
        if kind(left) == "mix":
            return left
        if kind(left) == "table" and right[1]:
            return (("target", left[0][1], left[0][2], left[0][3], right[1]), 0)
        return (left[0], left[1] + right[1])
    return mix(left, right)


def subtract(left, right):
    """The difference."""
    if is_const(right):
        return add(left, const(-right[1]))
    if left[0] == right[0] and kind(left) != "mix":
        return const(left[1] - right[1])
    return mix(left, right)


def shift(value, bits):
    """``value << bits``."""
    if is_const(value):
        return const(value[1] << bits)
    if kind(value) == "table":
        _, place, size, shifted = value[0]
        return (("table", place, size, shifted + bits), 0)
    return mix(value)


def multiply(left, right):
    """The product."""
    if is_const(left) and is_const(right):
        return const(left[1] * right[1])
    return mix(left, right)


def loaded(address):
    """What memory at ``address`` holds."""
    base, offset = address
    if kind(address) in ("mix", "target") or depth(base) >= DEPTH:
        return UNKNOWN
    return (("mem", base, offset), 0)


def depth(base):
    """How many loads are nested in a base."""
    count = 0
    while isinstance(base, tuple) and base[0] == "mem":
        count, base = count + 1, base[1]
    return count


def join(left, right):
    """A value that is one or the other."""
    return left if left == right else mix(left, right)
