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


def is_tested(flow, block, value, seen=()):
    """Whether a value is not 0 in a block: a number, tested on every way, or one of several of which that is true."""
    if values.is_const(value):
        return value[1] != 0
    if value in seen:
        return True  # of another turn of a loop: true if it is true at first
    if not values.is_known(value):
        return False
    if has_gate(flow, block, value):
        return True
    seen = (*seen, value)
    if value[0] in flow.evaluator.joins.picks:
        flags, condition, *parts = flow.evaluator.joins.picks[value[0]]
        ways = zip(parts, (True, False), strict=True)
        return all(excludes(flags, part, condition, so) or is_tested(flow, block, part, seen) for part, so in ways)
    return values.kind(value) == "join" and value[1] == 0 and all(
        rules_out(flow, upper, below, part) or is_tested(flow, upper, part, seen)
        for upper, below, part in met(flow, value[0])
    )


def met(flow, base):
    """(block before, block, value) of each value that became a join."""
    _, place, name = base
    block = flow.body.blocks[place]
    for upper in block.previous:
        if upper.index >= 0:
            state, flags = flow.entries[upper].copy(), None
            for item in upper.instructions:
                flags = flow.evaluator.run(state, item, flags)
            yield upper, block, state.slots.get(name, values.UNKNOWN) if isinstance(name, int) else state.get(name)


def has_gate(flow, block, value):
    """Whether every way to a block goes over a branch that rules out 0, and the value is not loaded again later."""
    return any(
        rules_out(flow, upper, following, value) and not loaded_again(flow, following, block, value)
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
    return excludes(comparison(flow, upper), divisor, last[2], following.start == last[1])


def excludes(flags, value, condition, so):
    """Whether a value is not 0 where a condition is true, or false, after a comparison."""
    if flags is None or flags[0] != "compare" or flags[1] != value:
        return False
    if not values.is_const(flags[2]) or flags[2][1] < 0:
        return False
    if flags[2][1] == 0:
        return condition in (NOT_ZERO if so else ZERO)
    return condition in (ABOVE if so else BELOW)


def comparison(flow, block):
    """The comparison that a block's branch looks at: (kind, left, right), or None."""
    state, flags = flow.entries[block].copy(), None
    for item in block.instructions:
        flags = flow.evaluator.run(state, item, flags)
    return flags
