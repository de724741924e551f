"""What x86-64 instructions do, as operations of machine.py. Anything not listed only changes what it writes."""

import capstone
from capstone import x86_const as X

from tympan.bundle.realtime.machine import Instruction, Machine

DECODER = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
DECODER.detail = True

STACK = "rsp"
ARGUMENTS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
LEGACY = {"a": "rax", "b": "rbx", "c": "rcx", "d": "rdx"}


def wide(name):
    """The 64-bit register of which ``name`` is a part; vector registers are named by their lower half."""
    if name.startswith(("xmm", "ymm", "zmm")):
        return f"xmm{name[3:]}"
    if name.startswith("r") and name[1:].rstrip("bwd").isdigit():
        return name.rstrip("bwd")
    core = name.removeprefix("r").removeprefix("e")
    if len(core) == 2 and core[1] in "xhl" and core[0] in LEGACY:
        return LEGACY[core[0]]
    if core in ("si", "di", "bp", "sp", "ip", "sil", "dil", "bpl", "spl"):
        return f"r{core[:2]}"
    return name


NAMES = {number: wide(DECODER.reg_name(number)) for number in range(1, X.X86_REG_ENDING) if DECODER.reg_name(number)}
HIGH = {f"xmm{number}": f"xmm{number}.high" for number in range(32)}
CLOBBERED = ("rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", *HIGH, *HIGH.values())

IGNORED = frozenset(
    ["nop", "endbr64", "pause", "lfence", "mfence", "sfence", "prefetcht0", "prefetchnta", "cld", "emms", "vzeroupper"]
)
MOVES = frozenset(["mov", "movabs", "movzx", "movsx", "movsxd"])
HALVES = frozenset(["movq", "vmovq", "movlps", "movlpd", "vmovlps"])
HIGHS = frozenset(["movhps", "movhpd"])
PAIRS = frozenset(
    ["movaps", "movups", "movdqa", "movdqu", "movapd", "movupd", "vmovaps", "vmovups", "vmovdqa", "vmovdqu"]
)
UNPACKS = frozenset(["punpcklqdq", "unpcklpd", "movlhps"])
STOPS = frozenset(["ud2", "hlt", "int3", "ud0", "ud1"])
SYSTEM = frozenset(["syscall", "sysenter", "int"])
FLOAT_COMPARES = frozenset(["ucomiss", "ucomisd", "comiss", "comisd", "vucomiss", "vucomisd", "vcomiss", "vcomisd"])
RESULTS = frozenset(["or", "xor", "sar", "shr", "shl", "sal", "neg", "and", "bsf", "bsr", "tzcnt", "lzcnt", "blsr"])


class Operand:
    """One operand as an expression, and as a register or memory that can be written."""

    def __init__(self, instruction, operand):
        self.size = operand.size
        self.register = self.memory = self.number = None
        if operand.type == X.X86_OP_REG:
            self.register = NAMES.get(operand.reg, "?")
            self.expression = ("r", self.register)
        elif operand.type == X.X86_OP_IMM:
            self.number = operand.imm
            self.expression = ("c", operand.imm)
        else:
            self.memory = memory(instruction, operand.mem)
            self.expression = ("m", self.memory, self.size)

    def write(self, expression):
        """The operation that puts ``expression`` here."""
        if self.register:
            return ("set", self.register, expression if self.size >= 4 else ("?", expression, ("r", self.register)))
        return ("store", self.memory, expression, self.size)


def memory(instruction, place):
    """A memory operand; what is relative to the next instruction becomes an address."""
    if place.segment in (X.X86_REG_FS, X.X86_REG_GS):
        return ("thread", None, 1, place.disp)
    if place.base == X.X86_REG_RIP:
        return (None, NAMES.get(place.index), place.scale, instruction.address + instruction.size + place.disp)
    base, index, scale = NAMES.get(place.base), NAMES.get(place.index), place.scale
    if index and not base and scale == 1:
        base, index = index, None
    return (base, index, scale, place.disp)


def address_of(place):
    """The expression for ``lea``."""
    base, index, scale, displacement = place
    start = ("r", base) if base else ("c", 0)
    if index:
        start = ("+", start, ("*", ("r", index), ("c", scale)))
    return ("+", start, ("c", displacement))


def lift(raw):
    """The ``Instruction`` for one of capstone's."""
    name = raw.mnemonic.split()[-1]
    operands = [] if name in IGNORED or name.startswith("nop") else [Operand(raw, item) for item in raw.operands]
    handler = HANDLERS.get(name) or family(name)
    ops = handler(raw, name, operands) if handler else generic(raw, operands)
    return Instruction(raw.address, raw.size, ops, f"{raw.mnemonic} {raw.op_str}".strip())


def family(name):
    """The handler of a group of names."""
    for names, handler in GROUPS:
        if name in names:
            return handler
    if name[0] == "j":
        return branch
    return conditional if name.startswith("cmov") else None


def generic(raw, operands):
    """What is written was made of what is read; flags say something about the result."""
    reads, writes = raw.regs_access()
    unread = addressing(raw)
    sources = [("r", NAMES[number]) for number in reads if number in NAMES and NAMES[number] not in unread]
    sources += [item.expression for item in operands if item.memory]
    mixed = ("?", *sources)
    ops = []
    for number in writes:
        name = NAMES.get(number, "?")
        if name in HIGH:
            ops += [("set", name, ("?", ("r", "?"))), ("set", HIGH[name], ("?", ("r", "?")))]
        elif name != STACK:
            ops.append(("flags", "result", mixed, ("c", 0)) if name == "rflags" else ("set", name, mixed))
    if operands and operands[0].memory and raw.operands[0].access & capstone.CS_AC_WRITE:
        ops.append(("store", operands[0].memory, mixed, operands[0].size))
    return ops


def addressing(raw):
    """Registers that are read only to find memory, and the flags: nothing is made of what they hold."""
    places = [item.mem for item in raw.operands if item.type == X.X86_OP_MEM]
    found = {NAMES.get(number) for place in places for number in (place.base, place.index)}
    return (found | {"rflags"}) - {NAMES.get(item.reg) for item in raw.operands if item.type == X.X86_OP_REG}


def nothing(raw, name, operands):
    """No effect that matters here."""
    return []


def move(raw, name, operands):
    """Copies, with any extension: where a value comes from is what matters."""
    return [operands[0].write(operands[1].expression)]


def lea(raw, name, operands):
    """An address, or arithmetic in its clothes."""
    return [operands[0].write(address_of(operands[1].memory))]


def push(raw, name, operands):
    """One slot more."""
    return [
        ("set", STACK, ("+", ("r", STACK), ("c", -8))),
        ("store", (STACK, None, 1, 0), operands[0].expression, 8),
    ]


def pop(raw, name, operands):
    """One slot less."""
    return [operands[0].write(("m", (STACK, None, 1, 0), 8)), ("set", STACK, ("+", ("r", STACK), ("c", 8)))]


def leave(raw, name, operands):
    """The frame goes, and the caller's frame pointer comes back."""
    return [
        ("set", STACK, ("r", "rbp")),
        ("set", "rbp", ("m", (STACK, None, 1, 0), 8)),
        ("set", STACK, ("+", ("r", STACK), ("c", 8))),
    ]


def arithmetic(raw, name, operands):
    """add, sub, inc, dec: the ones that keep an address an address."""
    sign = "+" if name in ("add", "inc") else "-"
    amount = operands[1].expression if len(operands) > 1 else ("c", 1)
    target = operands[0].expression
    ops = [operands[0].write((sign, target, amount))]
    if name in ("sub", "dec"):
        # Compared before the write: sub a, b leaves the flags of cmp a, b.
        return (
            [("flags", "compare", target, amount), *ops]
            if name == "sub"
            else [*ops, ("flags", "result", target, ("c", 0))]
        )
    return [*ops, ("flags", "result", target, ("c", 0))]


def align(raw, name, operands):
    """``and rsp, -32`` makes room for at most 31 bytes; any other ``and`` is arithmetic."""
    if operands[0].register == STACK and operands[1].number is not None:
        return [("set", STACK, ("+", ("r", STACK), ("c", operands[1].number + 1)))]
    return result(raw, name, operands)


def result(raw, name, operands):
    """A result whose flags are those of a comparison with 0; ``xor a, a`` is 0."""
    if name == "xor" and operands[0].register and operands[0].register == operands[1].register:
        return [("set", operands[0].register, ("c", 0))]
    amount = operands[1].number if len(operands) > 1 else None
    if name in ("shl", "sal") and amount is not None:
        ops = [operands[0].write(("<<", operands[0].expression, amount))]
    else:
        ops = [operands[0].write(("?", *(item.expression for item in operands)))]
    return [*ops, ("flags", "shift" if name in ("shr", "sar") else "result", operands[0].expression, ("c", 0))]


def multiply(raw, name, operands):
    """The forms with one result register."""
    if len(operands) < 2:
        return generic(raw, operands)
    return [operands[0].write(("*", operands[-2].expression, operands[-1].expression))]


def compare(raw, name, operands):
    """cmp."""
    return [("flags", "compare", operands[0].expression, operands[1].expression)]


def test(raw, name, operands):
    """``test a, a`` compares with 0."""
    left, right = operands[0].expression, operands[1].expression
    return [("flags", "compare", left if left == right else ("?", left, right), ("c", 0))]


def float_compare(raw, name, operands):
    """Never the end of a counted loop."""
    return [("flags", "float", ("?", ("r", "?")), ("c", 0))]


def conditional(raw, name, operands):
    """cmovcc: the old value or the new one."""
    return [operands[0].write(("pick", name[4:], operands[1].expression, operands[0].expression))]


def exchange(raw, name, operands):
    """xchg."""
    left, right = operands
    if left.memory:
        return [right.write(left.expression), left.write(("?", right.expression))]
    return [("set", "swap", left.expression), left.write(right.expression), right.write(("r", "swap"))]


def compare_exchange(raw, name, operands):
    """cmpxchg: rax is what was expected, and afterwards what was there."""
    return [
        ("flags", "cas", operands[0].expression, ("r", "rax")),
        ("store", operands[0].memory or (None, None, 1, 0), ("?", operands[1].expression), operands[0].size),
        ("set", "rax", ("?", ("r", "rax"), operands[0].expression)),
    ]


def half(raw, name, operands):
    """movq and movlps: the lower half of a vector register, or memory."""
    target, source = operands
    if not target.register:
        return [target.write(source.expression)]
    ops = [("set", target.register, source.expression)]
    if name.endswith("q") and target.register in HIGH:
        ops.append(("set", HIGH[target.register], ("c", 0)))
    return ops


def high(raw, name, operands):
    """movhps: the upper half."""
    target, source = operands
    if target.register:
        return [("set", HIGH[target.register], source.expression)]
    return [target.write(("r", HIGH.get(source.register, "?")))]


def pair(raw, name, operands):
    """Both halves of a vector register."""
    target, source = operands
    if max(target.size, source.size) > 16:
        return generic(raw, operands)
    return [target_half(target, part, source_half(source, part)) for part in (0, 1)]


def source_half(source, part):
    """The part-th eight bytes of an operand."""
    if source.register:
        return ("r", HIGH.get(source.register, "?") if part else source.register)
    base, index, scale, displacement = source.memory
    return ("m", (base, index, scale, displacement + 8 * part), 8)


def target_half(target, part, expression):
    """The operation that writes the part-th eight bytes."""
    if target.register:
        return ("set", HIGH.get(target.register, "?") if part else target.register, expression)
    base, index, scale, displacement = target.memory
    return ("store", (base, index, scale, displacement + 8 * part), expression, 8)


def unpack(raw, name, operands):
    """punpcklqdq: the source's lower half becomes the upper one."""
    return [("set", HIGH.get(operands[0].register, "?"), source_half(operands[1], 0))]


def insert(raw, name, operands):
    """pinsrq."""
    register = operands[0].register
    return [("set", HIGH[register] if operands[2].number else register, operands[1].expression)]


def divide(raw, name, operands):
    """div and idiv trap when the divisor is 0."""
    mixed = ("?", ("r", "rax"), ("r", "rdx"), operands[0].expression)
    return [("div", operands[0].expression), ("set", "rax", mixed), ("set", "rdx", mixed)]


def call(raw, name, operands):
    """Direct or through a pointer."""
    return [("call", operands[0].expression)]


def jump(raw, name, operands):
    """Direct or through a pointer."""
    return [("jump", operands[0].expression)]


def branch(raw, name, operands):
    """jcc, jrcxz and loop."""
    return [("branch", operands[0].number, name[1:])]


def loop(raw, name, operands):
    """loop: counts rcx down."""
    counted = [("set", "rcx", ("-", ("r", "rcx"), ("c", 1))), ("flags", "result", ("r", "rcx"), ("c", 0))]
    return [*counted, ("branch", operands[0].number, "ne")]


def ret(raw, name, operands):
    """Back to the caller."""
    return [("ret",)]


def stop(raw, name, operands):
    """A trap."""
    return [("stop",)]


def system(raw, name, operands):
    """Into the kernel."""
    return [("system",), *(("set", register, ("?", ("r", "?"))) for register in ("rax", "rcx", "r11"))]


HANDLERS = {
    "lea": lea,
    "push": push,
    "pop": pop,
    "leave": leave,
    "and": align,
    "imul": multiply,
    "cmp": compare,
    "test": test,
    "xchg": exchange,
    "cmpxchg": compare_exchange,
    "pinsrq": insert,
    "div": divide,
    "idiv": divide,
    "call": call,
    "jmp": jump,
    "loop": loop,
    "ret": ret,
    "add": arithmetic,
    "sub": arithmetic,
    "inc": arithmetic,
    "dec": arithmetic,
}
GROUPS = (
    (IGNORED, nothing),
    (MOVES, move),
    (HALVES, half),
    (HIGHS, high),
    (PAIRS, pair),
    (UNPACKS, unpack),
    (STOPS, stop),
    (SYSTEM, system),
    (FLOAT_COMPARES, float_compare),
    (RESULTS, result),
)

MACHINE = Machine("x86_64", DECODER, lift, STACK, ARGUMENTS, "rax", CLOBBERED, 8)
