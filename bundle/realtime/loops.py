"""Loops, and whether something in them counts towards an end that stands fixed while they run.

A loop is *bounded* when every turn passes an exit that compares a register or
slot, which every turn moves by a constant, with a value that no turn changes.
Without any exit it is *endless*. It *spins* when everything its exits look at
is the same on every turn unless another thread changes memory. It *retries*
when only a compare-and-swap decides. All others are *open*: they may well end,
but not because of what is seen here.
"""

from tympan.bundle.realtime import values
from tympan.bundle.realtime.body import dominates
from tympan.bundle.realtime.flow import settle
from tympan.bundle.realtime.machine import Evaluator, State

BOUNDED, ENDLESS, SPINS, RETRIES, OPEN = "bounded", "endless", "spins", "retries", "open"


class Loop:
    """One loop: its ``kind``, the ``place`` of the decision to go on, what the number of turns is computed from."""

    def __init__(self, place, kind, origins=frozenset()):
        self.place, self.kind, self.origins = place, kind, origins


def find(flow):
    """Every ``Loop`` of a function."""
    body = flow.body
    heads, open_heads = {}, set()
    for block in body.order:
        for other in block.next:
            if other.index <= block.index:
                if dominates(body, other, block):
                    heads.setdefault(other, []).append(block)
                else:
                    open_heads.add(other)  # entered at more than one place
    for head in sorted(open_heads, key=lambda item: item.index):
        yield Loop(head.start, OPEN)
    for head, latches in heads.items():
        yield Study(flow, head, latches).loop()


def inside(head, latches):
    """The blocks of the loop."""
    found, queue = {head}, list(latches)
    while queue:
        block = queue.pop()
        if block not in found:
            found.add(block)
            queue += [other for other in block.previous if other.index >= 0]
    return found


class Study:
    """One loop's turn, evaluated with every register as a symbol."""

    def __init__(self, flow, head, latches):
        self.flow, self.body, self.head, self.latches = flow, flow.body, head, latches
        self.evaluator = Evaluator(flow.machine, flow.body.image)
        self.blocks = inside(head, latches)
        self.before = flow.entries[head]
        self.entries = settle(self.body, self.evaluator, {head: self.start()}, inside=self.blocks)
        self.ends = [self.at_end(block)[0] for block in latches if block in self.entries]
        self.calls = any(op[0] == "call" for block in self.blocks for item in block.instructions for op in item.ops)
        self.steps = {}

    def start(self):
        """The state in which a turn begins."""
        state = State({}, {}, self.before.escaped, values.phi)
        stack = self.evaluator.machine.stack
        state.regs[stack] = self.before.get(stack)
        state.slots = {slot: values.phi(slot) for slot in self.before.slots}
        return state

    def at_end(self, block):
        """(state, flags) after a block: flags are (kind, left, right) or None."""
        state, flags = self.entries[block].copy(), None
        for item in block.instructions:
            flags = self.evaluator.run(state, item, flags)
        return state, flags

    def loop(self):
        """The verdict."""
        exits = sorted(
            (block for block in self.blocks if block in self.entries and self.leaves(block)),
            key=lambda item: item.index,
        )
        counted, kinds = {}, []
        for block in exits:
            kind, what = self.judge(block)
            kinds.append(kind)
            if kind == BOUNDED:
                counted.setdefault(what, []).append(block)
        for (counter, bound), blocks in counted.items():
            if self.cuts(blocks):
                origins = self.origins((counter, 0)) | self.origins(bound)
                return Loop(blocks[0].last.address, BOUNDED, origins)
        kind = next((kind for kind in (OPEN, BOUNDED, RETRIES, SPINS) if kind in kinds), ENDLESS)
        place = exits[0].last.address if exits else self.head.start
        return Loop(place, OPEN if kind == BOUNDED else kind)

    def cuts(self, blocks):
        """Whether every way around the loop goes through one of these blocks."""
        seen, queue = set(blocks), [self.head]
        while queue:
            block = queue.pop()
            if block in seen:
                continue
            seen.add(block)
            if block in self.latches:
                return False
            queue += [other for other in block.next if other in self.blocks]
        return True

    def leaves(self, block):
        """Whether the loop can be left here: by a branch, a return or a jump out of the function."""
        if any(other not in self.blocks for other in block.next) or block.leaves:
            return True
        return bool(block.last.last) and block.last.last[0] == "ret"

    def judge(self, block):
        """(kind, (counter, bound) of a bounded one) of one exit."""
        last, (_, flags) = block.last.last, self.at_end(block)
        if not last or last[0] != "branch" or flags is None:
            return OPEN, None
        kind, left, right = flags
        if kind in ("compare", "result"):
            for counter, bound in ((left, right), (right, left)):
                if self.step(counter) and self.is_fixed(bound):
                    return BOUNDED, (counter[0], bound)
        if kind == "shift" and self.shrinks(left):
            return BOUNDED, (None, right)
        if kind == "cas":
            return (SPINS if self.same_every_turn(right) else RETRIES), None
        if self.is_exclusive(left):
            return RETRIES, None
        if kind in ("compare", "result") and self.same_every_turn(left) and self.same_every_turn(right):
            return SPINS, None
        return OPEN, None

    def step(self, value):
        """By how much every turn moves the symbol that a value is made of; 0 when that is not a constant."""
        if values.kind(value) != "phi":
            return 0
        return self.moves(value[0][1])

    def moves(self, name):
        """The constant by which a register or slot changes on every way through the loop."""
        if name not in self.steps:
            ends = [state.slots.get(name) if isinstance(name, int) else state.get(name) for state in self.ends]
            same = [end[1] for end in ends if end is not None and end[0] == ("phi", name)]
            found = 0
            if len(same) == len(ends) and same and (all(n > 0 for n in same) or all(n < 0 for n in same)):
                found = same[0]
            self.steps[name] = found
        return self.steps[name]

    def is_fixed(self, value):
        """Whether no turn changes a value; memory at a fixed place counts as that."""
        kind = values.kind(value)
        if kind in ("", "sp"):
            return True
        if kind == "phi":
            return self.stays(value[0][1])
        if kind == "mem":
            return self.is_fixed((value[0][1], 0))
        return kind == "mix" and all(part != "?" and self.is_fixed((part, 0)) for part in value[0][1])

    def stays(self, name):
        """Whether a register or slot has its value of the beginning at every end of a turn."""
        for state in self.ends:
            end = state.slots.get(name) if isinstance(name, int) else state.get(name)
            if end != values.phi(name):
                return False
        return True

    def same_every_turn(self, value):
        """Whether only another thread could make a value differ from turn to turn."""
        parts = self.evaluator.joins.sources(value)
        if "?" in parts or (self.calls and any(part[0] in ("mem", "def") for part in parts)):
            return False
        return all(self.is_fixed((part, 0)) for part in parts)

    def shrinks(self, value):
        """Whether a value is only shifted on every turn."""
        parts = self.evaluator.joins.sources(value)
        return len(parts) == 1 and all(part[0] == "phi" for part in parts)

    def is_exclusive(self, value):
        """Whether an exit looks at the status of a store-exclusive."""
        return ("phi", "exclusive") in values.origins(value)

    def origins(self, value):
        """What a value of the loop was made of before the loop."""
        found = set()
        for part in self.evaluator.joins.sources(value):
            found |= self.flow.evaluator.joins.sources(self.outside(part))
        return frozenset(found)

    def outside(self, base):
        """The value before the loop of a base of the loop's own."""
        if base is None or base == "sp":
            return (base, 0)
        if base == "?":
            return values.UNKNOWN
        if base[0] == "phi":
            name = base[1]
            if isinstance(name, int):
                return self.before.slots.get(name, values.UNKNOWN)
            return self.before.get(name)
        if base[0] == "mem" and base[1] is not None:
            inner = self.outside(base[1])
            return values.loaded((inner[0], inner[1] + base[2]), None)
        return (base, 0)
