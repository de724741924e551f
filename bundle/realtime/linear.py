"""Sums of values that were seen as such: what a counter may be after a turn of a loop, one way or another.

``count -= min(count, 64)`` leaves ``count - 64`` or 0. A form is a pair: the
bases with their factors, sorted by name, and a number.
"""

from tympan.bundle.realtime import values

#: More possibilities than this are not told apart.
MOST = 16


def forms(value, joins, inside=()):
    """Every form that a value may have, or None when that is not known."""
    base, offset = value
    if base is None:
        return {((), offset)}
    if base in inside:
        return None  # the value of another turn
    if base in joins.sums:
        sign, left, right = joins.sums[base]
        found = combined(sign, left, right, joins, (*inside, base))
    elif values.kind(value) == "join":
        found = either(joins.parts.get(base, ()), joins, (*inside, base))
    elif not values.is_known(value):
        return None
    else:
        found = {(((base, 1),), 0)}
    return {(factors, number + offset) for factors, number in found} if found and len(found) <= MOST else None


def either(parts, joins, inside):
    """The forms of a value that is one of several."""
    found = [forms(part, joins, inside) for part in parts]
    return set().union(*found) if found and None not in found else None


def combined(sign, left, right, joins, inside):
    """The forms of a sum or a difference."""
    left, right = forms(left, joins, inside), forms(right, joins, inside)
    if left is None or right is None:
        return None
    return {plus(one, other, sign) for one in left for other in right}


def plus(left, right, sign):
    """One form more or less another."""
    factors = dict(left[0])
    for base, factor in right[0]:
        factors[base] = factors.get(base, 0) + sign * factor
    kept = sorted(((base, factor) for base, factor in factors.items() if factor), key=repr)
    return tuple(kept), left[1] + sign * right[1]
