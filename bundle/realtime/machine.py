"""Instructions as a handful of operations, the same for both processors, and what they do to a state.

x86.py and arm.py turn each instruction into a list of these:

    ("set", register, expression)
    ("store", memory, expression, size)
    ("flags", kind, left, right)    left was compared with right; kind "cas" for compare-and-swap, "float"
    ("branch", address, condition)  and ("jump", expression), ("call", expression), ("ret",)
    ("div", expression)             an integer division that traps when the divisor is 0
    ("system",)                     a system call
    ("stop",)                       execution does not continue

An expression is ("r", register), ("c", number), ("m", memory, size),
("+", a, b), ("-", a, b), ("*", a, b), ("<<", a, bits), ("pick", condition, a,
b): a if the flags say so, else b, or ("?", a, b, ...): computed from them.
Memory is (base, index, scale, displacement).
"""

from tympan.bundle.realtime import allowed, values

#: A stub is at most this many instructions: PLT entries, Mach-O stubs and thunks.
STUB = 6


class Instruction:
    """One instruction: where it is and what it does."""

    __slots__ = ("address", "ops", "size", "text")

    def __init__(self, address, size, ops, text):
        self.address, self.size, self.ops, self.text = address, size, ops, text

    @property
    def last(self):
        """The operation that leaves the instruction's place, if any; it is always the last one."""
        return self.ops[-1] if self.ops and self.ops[-1][0] in TRANSFERS else None


#: Operations after which execution may be elsewhere.
TRANSFERS = frozenset(["branch", "jump", "ret", "stop"])

ARITHMETIC = {"+": values.add, "-": values.subtract, "*": values.multiply}
SIGNS = {"+": 1, "-": -1}

POINTER = 8
#: Below every slot of a frame.
ANYWHERE = -(1 << 62)


class Machine:
    """What differs between processors: the decoder, the calling convention, what a call puts on the stack."""

    def __init__(self, name, decoder, lift, stack, arguments, result, clobbered, call_bytes):
        self.name, self.decoder, self.lift, self.stack = name, decoder, lift, stack
        self.arguments, self.result, self.clobbered, self.call_bytes = arguments, result, clobbered, call_bytes

    def entry(self):
        """The state in which a function begins."""
        regs = {name: values.arg(number) for number, name in enumerate(self.arguments)}
        regs[self.stack] = ("sp", 0)
        return State(regs, {}, None)


class State:
    """Registers, the frame's slots that are known, and the lowest slot whose address others may have."""

    __slots__ = ("escaped", "regs", "slots", "unknown")

    def __init__(self, regs, slots, escaped, unknown=None):
        self.regs, self.slots, self.escaped = regs, slots, escaped
        self.unknown = unknown  # what a register holds that nobody has set: a function of its name

    def copy(self):
        """An equal state that can be changed."""
        return State(dict(self.regs), dict(self.slots), self.escaped, self.unknown)

    def get(self, register):
        """The value of a register."""
        found = self.regs.get(register)
        if found is None:
            found = self.unknown(register) if self.unknown else values.UNKNOWN
            self.regs[register] = found
        return found

    def forget_frame(self):
        """Slots that a callee or an unknown pointer may have written."""
        if self.escaped is not None:
            self.forget_from(self.escaped)

    def forget_from(self, lowest):
        """Slots from one on, because nothing tells how large the thing is that begins there."""
        self.slots = {slot: value for slot, value in self.slots.items() if slot < lowest}

    def escape(self, slot):
        """The address of ``slot`` left the registers that hold the frame."""
        self.escaped = slot if self.escaped is None else min(slot, self.escaped)

    def merge(self, other, joins, place):
        """Join ``other`` into this state, that of the block at ``place``; True when that changed something."""
        changed = False
        for name in differing(self.regs, other.regs):
            mine, theirs = self.get(name), other.get(name)
            both = joins.join(mine, theirs, place, name)
            if both != mine:
                self.regs[name], changed = both, True
        kept = {}
        for slot in self.slots.keys() & other.slots.keys():
            kept[slot] = joins.join(self.slots[slot], other.slots[slot], place, slot)
        if kept != self.slots:
            self.slots, changed = kept, True
        if other.escaped is not None and (self.escaped is None or other.escaped < self.escaped):
            self.escaped, changed = other.escaped, True
        return changed


def differing(mine, theirs):
    """The keys that do not have the same value in both dictionaries."""
    names = mine.keys() | theirs.keys() if mine != theirs else ()
    return [name for name in names if name not in mine or name not in theirs or mine[name] != theirs[name]]


class Evaluator:
    """Runs operations on states; ``image`` tells what constant memory holds, ``joins`` what met where."""

    def __init__(self, machine, image):
        self.machine, self.image = machine, image
        self.joins = values.Joins()
        self.place = 0  # of the instruction at work
        self.target = ""  # what the operation at work changes
        self.flags = None  # the last comparison: (kind, left, right)

    def value(self, state, expression):
        """The value of an expression."""
        op = expression[0]
        if op == "r":
            return state.get(expression[1])
        if op == "c":
            return values.const(expression[1])
        if op == "m":
            return self.load(state, expression[1], expression[2])
        here = (self.place, self.target)
        if op == "<<":
            return values.shift(self.value(state, expression[1]), expression[2], here)
        if op == "pick":
            return self.pick(expression[1], *(self.value(state, part) for part in expression[2:]))
        parts = [self.value(state, part) for part in expression[1:]]
        if op not in ARITHMETIC:
            return values.mix(*parts, place=here)
        made = ARITHMETIC[op](parts[0], parts[1], here)
        if op in SIGNS and made[0] is not None and made[0][-1] == here:
            self.joins.sums[made[0]] = (SIGNS[op], *parts)
        return made

    def pick(self, condition, chosen, other):
        """One value or another, as the flags say."""
        made = self.joins.join(chosen, other, self.place, self.target)
        if chosen != other:
            self.joins.picks[made[0]] = (self.flags, condition, chosen, other)
        return made

    def address(self, state, memory):
        """The address that a memory operand means, without its index."""
        base, _, _, displacement = memory
        start = state.get(base) if base else values.const(0)
        return values.add(start, values.const(displacement))

    def load(self, state, memory, size):
        """What is loaded from a memory operand."""
        address = self.address(state, memory)
        if memory[1]:
            index = state.get(memory[1])
            if values.is_const(index):
                address = values.add(address, values.const(index[1] * memory[2]))
            elif values.is_const(address) and self.image.is_constant(address[1]):
                return (("table", address[1], size, 0), 0)
            else:
                return values.defined(self.place)
        if values.is_stack(address):
            found = state.slots.get(address[1])
            return found if found is not None else values.loaded(address, self.place)
        if values.is_const(address):
            known = self.image.constant(address[1], size)
            if known is not None:
                return values.const(known)
        return values.loaded(address, self.place)

    def run(self, state, instruction, flags=None):
        """Carry out everything but the transfer at the end; answer the last comparison as (kind, left, right)."""
        self.place, self.flags = instruction.address, flags
        for op in instruction.ops:
            if op[0] == "set":
                self.target = op[1]
                state.regs[op[1]] = self.value(state, op[2])
            elif op[0] == "store":
                self.target = "store"
                self.store(state, op[1], self.value(state, op[2]), op[3])
            elif op[0] == "call":
                self.call(state, self.value(state, op[1]))
            elif op[0] == "flags":
                self.target = "flags"
                self.flags = (op[1], self.value(state, op[2]), self.value(state, op[3]))
        return self.flags

    def store(self, state, memory, value, size):
        """Memory changes. An index into an array of the frame is taken to stay inside it."""
        address = self.address(state, memory)
        own = values.is_stack(address)
        slot = self.slot(value) if size >= POINTER else None
        if slot and not (own and slot == ANYWHERE):
            state.escape(slot)
        if not own:
            if not values.is_const(address):
                state.forget_frame()
            return
        if memory[1]:
            return
        start = address[1]
        for slot in range(start - 7, start + size):
            state.slots.pop(slot, None)
        if size == 8 or size == 4:
            state.slots[start] = value

    def slot(self, value):
        """The place in the frame that a value points at, ANYWHERE when it is computed, None when it is no such pointer.

        Nothing is at 0: there is the caller's frame.
        """
        if values.is_stack(value):
            return value[1]
        return ANYWHERE if "sp" in self.joins.sources(value) else None

    def call(self, state, target):
        """Another function ran. What it was given, it may write: a known one only then, others later as well."""
        name = self.image.stub(target[1]) if values.is_const(target) else ""
        known = name in allowed.ALLOWED
        numbers = allowed.WRITES.get(name, ()) if known else range(len(self.machine.arguments))
        for slot in filter(None, (self.slot(state.get(self.machine.arguments[number])) for number in numbers)):
            if known:
                state.forget_from(slot)
            else:
                state.escape(slot)
        for register in self.machine.clobbered:
            state.regs[register] = values.UNKNOWN
        state.regs[self.machine.result] = values.defined(self.place)
        if not known:
            state.forget_frame()


def stub(machine, image, address):
    """The import that a few instructions at ``address`` jump to, or ""."""
    evaluator, state = Evaluator(machine, image), State({}, {}, None)
    for raw in machine.decoder.disasm(image.read(address, 32), address, STUB):
        item = machine.lift(raw)
        last = item.last
        if last is None:
            evaluator.run(state, item)
            continue
        if last[0] != "jump" or last[1][0] == "c":
            return ""
        base, _ = evaluator.value(state, last[1])
        return image.imports.get(base[2], "") if isinstance(base, tuple) and base[:2] == ("mem", None) else ""
    return ""
