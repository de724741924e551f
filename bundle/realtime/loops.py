"""Loops, and whether something in them counts towards an end that stands fixed while they run.

A loop is *bounded* when every turn passes an exit that compares a register or
slot, which every turn moves in one direction by a constant, or onto the end,
with a value that no turn changes.
Without any exit it is *endless*. It *spins* when everything its exits look at
is the same on every turn unless another thread changes memory. It *retries*
when only a compare-and-swap decides. All others are *open*: they may well end,
but not because of what is seen here.
"""

from tympan.bundle.realtime import linear, values
from tympan.bundle.realtime.body import dominates
from tympan.bundle.realtime.flow import settle
from tympan.bundle.realtime.machine import Evaluator, State

BOUNDED, ENDLESS, SPINS, RETRIES, OPEN = "bounded", "endless", "spins", "retries", "open"


#: Conditions of branches that are taken when both sides are the same, and that are not; of both processors.
EQUAL = frozenset(["e", "z", "le", "be", "ng", "na", "ge", "ae", "nl", "nb", "ls", "hs", "cs"])
UNEQUAL = frozenset(["ne", "nz", "l", "b", "nge", "nae", "g", "a", "nle", "nbe", "lo", "cc", "hi", "lt", "gt"])


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


def split(ends, counter, goals):
    """(whether all forms are ``counter`` and a step of one sign, or the goal; whether the goal is among them)."""
    if not ends or None in ends:
        return False, False
    forms = set().union(*ends)
    steps = [number for factors, number in forms if factors == counter]
    others = {form for form in forms if form[0] != counter}
    one_way = all(number > 0 for number in steps) or all(number < 0 for number in steps)
    return bool(steps) and one_way and (not others or others == goals), bool(others)


class Study:
    """One loop's turn, evaluated with every register as a symbol.

    ``twins``: registers that hold what a slot of the frame holds, when a turn
    begins and when it ends: what a compiler puts away and fetches again.
    """

    def __init__(self, flow, head, latches):
        self.flow, self.body, self.head, self.latches = flow, flow.body, head, latches
        self.blocks = inside(head, latches)
        self.before = flow.entries[head]
        self.calls = any(op[0] == "call" for op in self.operations())
        self.steps, self.twins = {}, self.equal_before()
        self.turn()
        while different := [name for name in self.twins if not self.is_twin(name)]:
            for name in different:
                del self.twins[name]
            self.turn()

    def turn(self):
        """Evaluate one turn."""
        self.evaluator = Evaluator(self.flow.machine, self.body.image)
        self.entries = settle(self.body, self.evaluator, {self.head: self.start()}, inside=self.blocks)
        self.ends = [self.at_end(block)[0] for block in self.latches if block in self.entries]

    def equal_before(self):
        """{register: slot} of those that have the same value before the loop."""
        slots = {value: slot for slot, value in self.before.slots.items() if values.is_known(value)}
        return {name: slots[value] for name, value in self.before.regs.items() if value in slots}

    def is_twin(self, name):
        """Whether a register and its slot are equal at every end of a turn."""
        return all(self.end(state, name) == self.end(state, self.twins[name]) for state in self.ends)

    def operations(self):
        """Everything that a turn may do."""
        return (op for block in self.blocks for item in block.instructions for op in item.ops)

    def start(self):
        """The state in which a turn begins: nothing is known but where the frame is."""
        state, machine = State({}, {}, self.before.escaped, values.phi), self.evaluator.machine
        changed = {op[1] for op in self.operations() if op[0] == "set"} | set(machine.clobbered if self.calls else ())
        for name, value in self.before.regs.items():
            if name == machine.stack or (values.is_stack(value) and name not in changed):
                state.regs[name] = value
        state.slots = {slot: values.phi(slot) for slot in self.before.slots}
        state.regs.update((name, values.phi(slot)) for name, slot in self.twins.items())
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
                if self.is_fixed(bound) and self.counts(counter, bound, block):
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

    def counts(self, counter, bound, block):
        """Whether what an exit compares is moved by every turn, in one direction by a constant or onto ``bound``."""
        for name in self.counters(counter):
            step, onto = self.moves(name, bound)
            if step and (not onto or (counter[1] == 0 and self.leaves_when_equal(block))):
                return True
        return False

    def counters(self, value):
        """The registers and slots whose value it is, as a turn began or as it will end."""
        if values.kind(value) == "phi":
            return [value[0][1]]
        if values.kind(value) != "mix" or not self.ends:
            return []
        names = [*self.ends[0].regs, *self.ends[0].slots]
        return [name for name in names if all(self.end(state, name) == value for state in self.ends)]

    def end(self, state, name):
        """What a register or slot is in a state."""
        return state.slots.get(name) if isinstance(name, int) else state.get(name)

    def moves(self, name, bound):
        """(whether every turn moves a register or slot one way or onto ``bound``, whether the latter may be)."""
        key = (name, bound)
        if key not in self.steps:
            joins = self.evaluator.joins
            goals = linear.forms(bound, joins)
            ends = [linear.forms(end, joins) if end else None for end in (self.end(state, name) for state in self.ends)]
            self.steps[key] = split(ends, ((("phi", name), 1),), goals)
        return self.steps[key]

    def leaves_when_equal(self, block):
        """Whether the loop is left when the two sides of the comparison are the same."""
        _, target, condition = block.last.last
        if condition not in EQUAL | UNEQUAL:
            return False
        inside = {other.start == target for other in block.next if other in self.blocks}
        return (condition in EQUAL) not in inside

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
