"""What registers hold at each place of a function, and the facts that follow: calls, stores, stack, divisions."""

from tympan.bundle.realtime import values
from tympan.bundle.realtime.machine import Evaluator

#: A block that was joined this often is in a loop that moves the stack pointer.
VISITS = 12


class Call:
    """A call or a jump out of the function: where, to what, with which arguments, how deep in the stack."""

    __slots__ = ("address", "arguments", "is_jump", "stack", "target")

    def __init__(self, address, target, arguments, stack, is_jump):
        self.address, self.target, self.arguments = address, target, arguments
        self.stack, self.is_jump = stack, is_jump


class Flow:
    """The facts of one function.

    ``calls``; ``stores``: (address, value) of what is written to a fixed place
    or, with the base kept, to a computed one; ``divisions``: (block,
    instruction, divisor); ``systems``: system calls; ``depth``: bytes of stack,
    None when a value decides it.
    """

    def __init__(self, body, once=False):
        self.body, self.machine = body, body.image.machine
        self.evaluator = Evaluator(self.machine, body.image)
        self.calls, self.stores, self.divisions, self.systems = [], [], [], []
        self.depth = 0
        self.entries = {}
        if body.first:
            self.entries = settle(body, self.evaluator, {body.first: self.machine.entry()}, once)
            for block in body.order:
                self.collect(block)

    def collect(self, block):
        """The facts of one block."""
        state, flags = self.entries[block].copy(), None
        for item in block.instructions:
            self.before(block, item, state)
            for op in item.ops:
                if op[0] == "store":
                    self.stored(state, op)
            flags = self.evaluator.run(state, item, flags)
            self.deepen(state)
        self.leave(block, state)

    def leave(self, block, state):
        """Jumps out of the function at the end of a block: calls in tail position."""
        for op, item in block.leaves:
            self.call(item, op[1], state, True)

    def before(self, block, item, state):
        """What an instruction needs from the state as it is before."""
        self.evaluator.place = item.address
        for op in item.ops:
            if op[0] == "call":
                self.call(item, op[1], state, False)
            elif op[0] == "div":
                self.divisions.append((block, item, self.evaluator.value(state, op[1])))
            elif op[0] == "system":
                self.systems.append(item)

    def call(self, item, expression, state, is_jump):
        """One way out."""
        target = self.evaluator.value(state, expression)
        arguments = [state.get(name) for name in self.machine.arguments]
        depth = self.at(state)
        self.calls.append(Call(item.address, target, arguments, depth, is_jump))

    def stored(self, state, op):
        """Pointer-sized stores outside the frame; of a wider one only the place is known."""
        address = self.evaluator.address(state, op[1])
        if op[3] < 8 or op[1][1] or values.is_stack(address):
            return
        value = self.evaluator.value(state, op[2]) if op[3] == 8 else values.UNKNOWN
        for at in range(0, op[3], 8):
            self.stores.append(((address[0], address[1] + at), value))

    def at(self, state):
        """Bytes of stack in use, or None."""
        pointer = state.get(self.machine.stack)
        return -pointer[1] if values.is_stack(pointer) else None

    def deepen(self, state):
        """Keep the deepest place."""
        depth = self.at(state)
        self.depth = None if depth is None or self.depth is None else max(self.depth, depth)


def settle(body, evaluator, starts, once=False, inside=None):
    """The state at the entry of each block, when nothing changes any more.

    ``once``: one pass in order, which is enough for straight code. ``inside``:
    the blocks to stay in, those of a loop.
    """
    entries = dict(starts)
    pending = [block for block in body.order if inside is None or block in inside]
    visits = dict.fromkeys(pending, 0)
    queue = list(pending)
    while queue:
        block = queue.pop(0)
        if block not in entries:
            continue
        state, flags = entries[block].copy(), None
        for item in block.instructions:
            flags = evaluator.run(state, item, flags)
        for other in block.next:
            if (inside is not None and other not in inside) or (inside is not None and other in starts):
                continue
            changed = reach(entries, other, refined(block, other, state, evaluator), visits, evaluator)
            if changed and not once and other not in queue:
                queue.append(other)
    return entries


def reach(entries, block, state, visits, evaluator):
    """Join a state into a block's entry; True when the block has to be looked at again."""
    known = entries.get(block)
    if known is None:
        entries[block] = state.copy()
        return True
    stack = evaluator.machine.stack
    mine, theirs = known.get(stack), state.get(stack)
    if mine != theirs and values.is_stack(mine) and values.is_stack(theirs):
        visits[block] = visits.get(block, 0) + 1
        deeper = min(mine, theirs) if visits[block] < VISITS else values.UNKNOWN
        state = state.copy()
        state.regs[stack] = known.regs[stack] = deeper
        return known.merge(state, evaluator.joins, block.start) or deeper != mine
    return known.merge(state, evaluator.joins, block.start)


def refined(block, other, state, evaluator):
    """What an edge adds: past ``cmp sp, r; jne``, the stack pointer is what r is, and before it is not deeper.

    That is how compilers touch the pages of a large frame, one after the other.
    """
    bound = goal(block, state, evaluator)
    if bound is None:
        return state
    state = state.copy()
    state.regs[evaluator.machine.stack] = bound
    return state


def goal(block, state, evaluator):
    """The place in the frame with which a block's branch compares the stack pointer for being equal, or None."""
    last = block.last.last
    if not last or last[0] != "branch" or last[2] not in ("ne", "e") or len(block.next) != 2:
        return None
    flags = next((op for item in reversed(block.instructions) for op in reversed(item.ops) if op[0] == "flags"), None)
    stack = ("r", evaluator.machine.stack)
    if flags is None or stack not in (flags[2], flags[3]):
        return None
    bound = evaluator.value(state, flags[3] if flags[2] == stack else flags[2])
    return bound if values.is_stack(bound) else None
