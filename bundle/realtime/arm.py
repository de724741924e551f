"""What arm64 instructions do, as operations of machine.py. Anything not listed only changes what it writes."""

import capstone
from capstone import arm64_const as A

from tympan.bundle.realtime.machine import Instruction, Machine

DECODER = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
DECODER.detail = True

STACK = "sp"
ARGUMENTS = tuple(f"x{number}" for number in range(8))
ALIASES = {"wsp": "sp", "fp": "x29", "lr": "x30"}


def wide(name):
    """The 64-bit register of which ``name`` is a part; vector registers are named by their lower half."""
    if name in ALIASES:
        return ALIASES[name]
    letter, digits = name[:1], name[1:]
    if digits.isdigit():
        return f"v{digits}" if letter in "bhsdqv" else f"x{digits}" if letter in "wx" else name
    return name


RAW = {number: DECODER.reg_name(number) for number in range(1, A.ARM64_REG_ENDING) if DECODER.reg_name(number)}
NAMES = {number: wide(name) for number, name in RAW.items()}
ZERO = frozenset(number for number, name in RAW.items() if name in ("xzr", "wzr"))
SIZES = {"b": 1, "h": 2, "s": 4, "w": 4, "d": 8, "x": 8, "q": 16}
VECTORS = [f"v{number}" for number in range(32)]
CLOBBERED = (*(f"x{number}" for number in range(19)), "x30", *VECTORS, *(f"{name}.high" for name in VECTORS))

IGNORED = frozenset(
    ["nop", "dmb", "dsb", "isb", "yield", "hint", "bti", "paciasp", "autiasp", "pacibsp", "autibsp", "xpaclri", "prfm"]
)
CONDITIONS = {"b.eq": "e", "b.ne": "ne"}
EXCLUSIVE = ("ldxr", "ldaxr", "ldxp", "ldaxp")


def expression(operand):
    """An operand that is a register or a number, with its shift."""
    if operand.type == A.ARM64_OP_IMM:
        return ("c", operand.imm << operand.shift.value if operand.shift.type == A.ARM64_SFT_LSL else operand.imm)
    if operand.type != A.ARM64_OP_REG:
        return ("?", ("r", "?"))
    plain = ("c", 0) if operand.reg in ZERO else ("r", NAMES.get(operand.reg, "?"))
    if operand.shift.value and operand.shift.type == A.ARM64_SFT_LSL:
        return ("<<", plain, operand.shift.value)
    return ("?", plain) if operand.shift.value else plain


def memory(operand, indexed=True):
    """A memory operand; an index is scaled by its shift."""
    place = operand.mem
    scale = 1 << operand.shift.value if place.index else 1
    return (NAMES.get(place.base), NAMES.get(place.index), scale, place.disp if indexed else 0)


def lift(raw):
    """The ``Instruction`` for one of capstone's."""
    name, operands = raw.mnemonic, raw.operands
    handler = HANDLERS.get(name) or family(name)
    ops = handler(raw, name, operands) if handler else generic(raw, operands)
    return Instruction(raw.address, raw.size, ops, f"{raw.mnemonic} {raw.op_str}".strip())


def family(name):
    """The handler of a group of names."""
    if name in IGNORED or name.startswith(("pac", "aut")):
        return nothing
    if name.startswith("b."):
        return branch
    if name.startswith(("ret", "eret")):
        return ret
    if name.startswith(("ldp", "ldnp", "ldr", "ldur", "ldar", "ldapr", "ldapur")):
        return load
    if name.startswith(("stp", "stnp", "str", "stur", "stlr", "stlur")):
        return store
    if name.startswith("fcmp"):
        return float_compare
    return swap if name.startswith("cas") else None


def generic(raw, operands):
    """What is written was made of what is read; flags say something about the result."""
    reads, writes = raw.regs_access()
    mixed = ("?", *(("r", NAMES[number]) for number in reads if number in NAMES))
    ops = []
    for number in writes:
        name = NAMES.get(number, "?")
        ops.append(("flags", "result", mixed, ("c", 0)) if name == "nzcv" else ("set", name, mixed))
    for operand in operands:
        if operand.type == A.ARM64_OP_MEM and raw.mnemonic.startswith(("st", "ld")):
            ops += after(raw, operand, operands)
            if raw.mnemonic.startswith("st") or operand.access & capstone.CS_AC_WRITE:
                ops.append(("store", memory(operand), ("?", ("r", "?")), 16))
    return ops


def nothing(raw, name, operands):
    """No effect that matters here."""
    return []


def move(raw, name, operands):
    """mov, and movk with the other bits left."""
    value = expression(operands[1])
    target = NAMES.get(operands[0].reg, "?")
    if name == "movk":
        bits = operands[1].shift.value
        return [("set", target, ("+", ("r", target), ("c", operands[1].imm << bits)))]
    if name == "movn":
        return [("set", target, ("c", ~value[1]))]
    return [("set", target, value)]


def vector_move(raw, name, operands):
    """fmov between register files keeps a pointer a pointer."""
    return [("set", NAMES.get(operands[0].reg, "?"), expression(operands[1]))]


def arithmetic(raw, name, operands):
    """add and sub, with flags or without."""
    target = NAMES.get(operands[0].reg, "?")
    left, right = expression(operands[1]), expression(operands[2])
    sign = "+" if name.startswith("add") else "-"
    ops = [("set", target, (sign, left, right))] if operands[0].reg not in ZERO else []
    if name == "subs":
        return [("flags", "compare", left, right), *ops]
    return [*ops, ("flags", "result", ("r", target), ("c", 0))] if name == "adds" else ops


def conjunction(raw, name, operands):
    """``and sp, x, #-32`` makes room for at most 31 bytes; any other ``and`` is arithmetic."""
    target = NAMES.get(operands[0].reg, "?")
    if target == STACK and operands[2].type == A.ARM64_OP_IMM:
        low = operands[2].imm | ~((1 << 64) - 1) if operands[2].imm >> 63 else operands[2].imm
        return [("set", STACK, ("+", expression(operands[1]), ("c", low + 1)))]
    return generic(raw, operands)


def multiply(raw, name, operands):
    """mul, umull and smull."""
    return [("set", NAMES.get(operands[0].reg, "?"), ("*", expression(operands[1]), expression(operands[2])))]


def shift(raw, name, operands):
    """lsl by a number; the other shifts are arithmetic that ends at 0."""
    target = NAMES.get(operands[0].reg, "?")
    if name == "lsl" and operands[2].type == A.ARM64_OP_IMM:
        return [("set", target, ("<<", expression(operands[1]), operands[2].imm))]
    return [("set", target, ("?", expression(operands[1]), expression(operands[2])))]


def extend(raw, name, operands):
    """sxtw and the like: where a value comes from is what matters."""
    return [("set", NAMES.get(operands[0].reg, "?"), expression(operands[1]))]


def after(raw, operand, operands):
    """The base register's change, of pre- and post-indexed forms."""
    if not raw.writeback:
        return []
    base = NAMES.get(operand.mem.base)
    amount = expression(operands[-1]) if raw.post_index else ("c", operand.mem.disp)
    return [("set", base, ("+", ("r", base), amount))]


def parts(raw, operands, name):
    """(operand of a register, size, displacement) of each register that is loaded or stored."""
    place = 0
    for operand in operands:
        if operand.type == A.ARM64_OP_REG:
            size = width(name, operand.reg)
            yield operand, size, place
            place += size
        else:
            return


def width(name, register):
    """How many bytes of memory one register stands for."""
    if name.endswith("b"):
        return 1
    if name.endswith("h"):
        return 2
    return 4 if name.endswith("sw") else SIZES.get(RAW.get(register, "x")[:1], 8)


def literal(operands):
    """``ldr x0, =...``: the address stands in the instruction."""
    return operands[-1].type == A.ARM64_OP_IMM and not any(item.type == A.ARM64_OP_MEM for item in operands)


def load(raw, name, operands):
    """One or two registers from memory; a pre-indexed base changes before, a post-indexed one after."""
    if literal(operands):
        return [("set", NAMES.get(operands[0].reg, "?"), ("m", (None, None, 1, operands[1].imm), 8))]
    place = next(item for item in operands if item.type == A.ARM64_OP_MEM)
    base, index, scale, displacement = memory(place, not raw.writeback)
    change = after(raw, place, operands)
    ops = [] if raw.post_index else list(change)
    loads = []
    for number, (operand, size, offset) in enumerate(parts(raw, operands, name)):
        target = NAMES.get(operand.reg, "?")
        for part, at in enumerate(range(0, size, 8)):
            source = ("m", (base, index, scale, displacement + offset + at), min(size, 8))
            ops.append(("set", f"loaded{number}.{part}", source))
            loads.append(("set", f"{target}.high" if part else target, ("r", f"loaded{number}.{part}")))
    return [*ops, *loads, *(change if raw.post_index else [])]


def store(raw, name, operands):
    """One or two registers to memory."""
    place = next(item for item in operands if item.type == A.ARM64_OP_MEM)
    base, index, scale, displacement = memory(place, not raw.writeback)
    change = after(raw, place, operands)
    ops = [] if raw.post_index else list(change)
    for operand, size, offset in parts(raw, operands, name):
        value = expression(operand)
        for part, at in enumerate(range(0, size, 8)):
            half = ("r", f"{NAMES.get(operand.reg)}.high") if part else value
            ops.append(("store", (base, index, scale, displacement + offset + at), half, min(size, 8)))
    return [*ops, *(change if raw.post_index else [])]


def select(raw, name, operands):
    """csel, csinc, csinv and csneg: one register, or another that is changed a little."""
    chosen, other = expression(operands[1]), expression(operands[2])
    changed = {"csel": other, "csinc": ("+", other, ("c", 1)), "csneg": ("-", ("c", 0), other)}
    return [("set", NAMES.get(operands[0].reg, "?"), ("pick", "?", chosen, changed.get(name, ("?", other))))]


def compare(raw, name, operands):
    """cmp; cmn compares with the negative."""
    left, right = expression(operands[0]), expression(operands[1])
    return [("flags", "compare", left, right if name == "cmp" else ("-", ("c", 0), right))]


def test(raw, name, operands):
    """tst."""
    return [("flags", "compare", ("?", expression(operands[0]), expression(operands[1])), ("c", 0))]


def conditional_compare(raw, name, operands):
    """ccmp: one comparison or another."""
    return [("flags", "either", expression(operands[0]), expression(operands[1]))]


def float_compare(raw, name, operands):
    """Never the end of a counted loop."""
    return [("flags", "float", ("?", ("r", "?")), ("c", 0))]


def branch(raw, name, operands):
    """b.cond."""
    return [("branch", operands[0].imm, CONDITIONS.get(name, name[2:]))]


def zero_branch(raw, name, operands):
    """cbz and cbnz compare with 0, tbz and tbnz one bit."""
    tested = expression(operands[0])
    left = ("?", tested) if name.startswith("tb") else tested
    condition = "e" if name.endswith("bz") else "ne"
    return [("flags", "compare", left, ("c", 0)), ("branch", operands[-1].imm, condition)]


def store_exclusive(raw, name, operands):
    """The status of stxr fails only when another core wrote in between."""
    place = next(item for item in operands if item.type == A.ARM64_OP_MEM)
    return [
        ("set", NAMES.get(operands[0].reg, "?"), ("r", "exclusive")),
        ("store", memory(place), ("?", ("r", "?")), 8),
    ]


def load_exclusive(raw, name, operands):
    """ldxr: an ordinary load, as far as values go."""
    return load(raw, "ldr" + name[5:] if name.startswith("ldaxr") else "ldr" + name[4:], operands)


def swap(raw, name, operands):
    """cas: the first register is what was expected, and afterwards what was there."""
    place = next(item for item in operands if item.type == A.ARM64_OP_MEM)
    expected = NAMES.get(operands[0].reg, "?")
    return [
        ("store", memory(place), ("?", ("r", "?")), 8),
        ("set", expected, ("?", ("r", expected), ("m", memory(place), 8))),
    ]


def call(raw, name, operands):
    """bl, and blr with or without pointer authentication."""
    return [("call", expression(operands[0]))]


def jump(raw, name, operands):
    """b, and br with or without pointer authentication."""
    return [("jump", expression(operands[0]))]


def ret(raw, name, operands):
    """Back to the caller."""
    return [("ret",)]


def stop(raw, name, operands):
    """A trap."""
    return [("stop",)]


def system(raw, name, operands):
    """Into the kernel."""
    return [("system",), ("set", "x0", ("?", ("r", "?")))]


HANDLERS = {
    "mov": move,
    "movz": move,
    "movk": move,
    "movn": move,
    "fmov": vector_move,
    "adr": move,
    "adrp": move,
    "add": arithmetic,
    "sub": arithmetic,
    "adds": arithmetic,
    "subs": arithmetic,
    "and": conjunction,
    "mul": multiply,
    "umull": multiply,
    "smull": multiply,
    "lsl": shift,
    "lsr": shift,
    "asr": shift,
    "sxtw": extend,
    "uxtw": extend,
    "cmp": compare,
    "cmn": compare,
    "tst": test,
    "csel": select,
    "csinc": select,
    "csinv": select,
    "csneg": select,
    "ccmp": conditional_compare,
    "ccmn": conditional_compare,
    "cbz": zero_branch,
    "cbnz": zero_branch,
    "tbz": zero_branch,
    "tbnz": zero_branch,
    "b": jump,
    "bl": call,
    "blr": call,
    "br": jump,
    "blraa": call,
    "blrab": call,
    "blraaz": call,
    "blrabz": call,
    "braa": jump,
    "brab": jump,
    "braaz": jump,
    "brabz": jump,
    "brk": stop,
    "udf": stop,
    "hlt": stop,
    "svc": system,
    "hvc": system,
    "smc": system,
    "stxr": store_exclusive,
    "stlxr": store_exclusive,
    "ldxr": load_exclusive,
    "ldaxr": load_exclusive,
}

MACHINE = Machine("arm64", DECODER, lift, STACK, ARGUMENTS, "x0", CLOBBERED, 0)
