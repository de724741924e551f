"""Integer divisions whose divisor may be 0: on x86-64 that ends the process."""

from tympan.bundle.realtime import values
from tympan.bundle.realtime.body import dominates

#: Conditions under which a branch is taken that rule out 0, after a comparison with 0 or a positive number.
NOT_ZERO = frozenset(["ne", "nz", "g", "a", "nle", "nbe", "l", "nge"])
ZERO = frozenset(["e", "z", "le", "be", "ng", "na", "ge", "nl"])
ABOVE = frozenset(["g", "a", "nle", "nbe", "ge", "ae", "nl", "nb"])
BELOW = frozenset(["le", "be", "ng", "na", "l", "b", "nge", "nae"])


def find(flow):
    """(instruction, whether it is surely 0) of the divisions that were not shown to be harmless."""
    for block, item, divisor in flow.divisions:
        if values.is_const(divisor):
            if divisor[1] == 0:
                yield item, True
        elif not is_tested(flow, block, divisor):
            yield item, False


def is_tested(flow, block, divisor):
    """Whether every way to the block goes over a branch that rules out 0, and the value is not loaded again later."""
    if not values.is_known(divisor):
        return False
    return any(
        rules_out(flow, upper, following, divisor) and not loaded_again(flow, following, block, divisor)
        for upper in flow.body.order
        for following in upper.next
        if upper.index < block.index and is_gate(flow.body, upper, following) and dominates(flow.body, following, block)
    )


def is_gate(body, upper, following):
    """Whether a block is entered from ``upper`` only, turns of its own loop left out."""
    return all(other is upper or dominates(body, following, other) for other in following.previous if other.index >= 0)


def loaded_again(flow, first, last, divisor):
    """Whether memory that was tested is read once more on a way from ``first`` to ``last``: it may have changed."""
    if values.kind(divisor) != "mem":
        return False
    return any(loads(flow, block, divisor) for block in between(first, last))


def between(first, last):
    """The blocks on the ways from one to another, with both."""
    found, queue = {first, last}, [last]
    while queue:
        block = queue.pop()
        for other in block.previous if block is not first else ():
            if other not in found and other.index >= 0:
                found.add(other)
                queue.append(other)
    return found


def loads(flow, block, value):
    """Whether an instruction of a block reads ``value`` from memory."""
    state = flow.entries[block].copy()
    for item in block.instructions:
        flow.evaluator.place = item.address
        for memory in (part for op in item.ops for part in places(op)):
            if flow.evaluator.load(state, memory[1], memory[2]) == value:
                return True
        flow.evaluator.run(state, item)
    return False


def places(op):
    """The memory that an operation reads, as expressions."""
    for part in op:
        if isinstance(part, tuple):
            yield from [part] if part[0] == "m" else places(part)


def rules_out(flow, upper, following, divisor):
    """Whether the edge from ``upper`` to ``following`` is taken only when the divisor is not 0."""
    last = upper.last.last
    if not last or last[0] != "branch" or len(upper.next) != 2:
        return False
    flags = comparison(flow, upper)
    if flags is None or flags[0] != divisor or not values.is_const(flags[1]) or flags[1][1] < 0:
        return False
    taken = following.start == last[1]
    if flags[1][1] == 0:
        return last[2] in (NOT_ZERO if taken else ZERO)
    return last[2] in (ABOVE if taken else BELOW)


def comparison(flow, block):
    """(left, right) of the comparison that a block's branch looks at."""
    state, flags = flow.entries[block].copy(), None
    for item in block.instructions:
        flags = flow.evaluator.run(state, item, flags)
    return flags[1:] if flags and flags[0] == "compare" else None
