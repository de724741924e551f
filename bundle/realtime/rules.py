"""The rules of net (b): each looks at one function that was reached, or at the whole graph, and adds findings.

``walk`` is the Walk: its graph, its facts, and ``add``.
"""

from tympan.bundle.realtime import allowed, division, loops, names, origin, stack
from tympan.bundle.realtime.judge import judge
from tympan.bundle.realtime.report import OFFENCE, WARNING

#: Kinds of loop ends that the machine code does not show: the core's, for the reasons in allowed.py, and a library's.
CORE, LIBRARY = "core", "library"

LOOPS = {
    loops.ENDLESS: ("has a loop without an end", OFFENCE),
    loops.SPINS: ("waits in a loop for a value that only another thread changes", OFFENCE),
    loops.OPEN: ("has a loop whose end was not shown", WARNING),
    origin.MEMORY: ("has a loop that runs as often as a value in memory says, not as the frame count", WARNING),
}
COUNT = "Count the turns by buffer.frames, or by a constant."
BY_NAME = "Call the function by name, or through a method of a cdef class."


def calls(walk, node):
    """Functions of another library, and the interpreter's: one finding for all that one function does with Python."""
    python = ("interpreter", walk.author(node))
    for edge in node.edges:
        for name in edge.externals:
            verdict = judge(name)
            sentence = f"{walk.label(node, edge.address)} calls {names.plain(name)}, {verdict.reason}"
            what = {"hint": verdict.hint, "subject": names.plain(name)}
            if verdict.fine:
                walk.proof.externals[name] = verdict.reason
            elif names.is_interpreter(name):
                walk.add("interpreter", sentence, node, edge.address, key=python, **what)
            elif python not in walk.seen or python[1] == node.address:
                walk.add("external", sentence, node, edge.address, **what)


def pointers(walk, node):
    """Calls that could not be followed."""
    for edge in node.edges:
        if edge.why and not walk.facts.is_helper(edge.address):
            walk.add("pointer", f"{walk.label(node, edge.address)} calls {edge.why}", node, edge.address, hint=BY_NAME)


def systems(walk, node):
    """System calls in assembly."""
    for item in node.flow.systems:
        walk.add("syscall", f"{walk.label(node, item.address)} makes a system call", node, item.address)


def traps(walk, node):
    """Instructions that end the process; those after a call stand behind a function that does not return."""
    for block in node.body.order:
        last = block.last
        if last.last == ("stop",) and not any(op[0] == "call" for item in block.instructions[-2:] for op in item.ops):
            sentence = f"{walk.label(node, last.address)} ends the process here, because the operation has no result"
            hint = "The compiler knows a division by 0, or another operation that C leaves undefined."
            walk.add("trap", sentence, node, last.address, hint=hint)


def unreadable(walk, node):
    """Bytes that are no instructions."""
    if node.body.damaged:
        sentence = f"{walk.label(node, node.address)} has machine code that cannot be read"
        walk.add("unreadable", sentence, node, node.address)


def ends(walk, node):
    """Loops that do not end, or may not."""
    for loop in loops.find(node.flow):
        kind = bound(walk, node, loop)
        walk.proof.loops[kind] = walk.proof.loops.get(kind, 0) + 1
        sentence, level = LOOPS.get(kind, ("", None))
        if sentence:
            hint = COUNT if level == WARNING else ""
            sentence = f"{walk.label(node, loop.place)} {sentence}"
            walk.add("loop", sentence, node, loop.place, level=level, hint=hint)


def bound(walk, node, loop):
    """What ends a loop."""
    if names.is_library(node.name):
        return LIBRARY
    kind = walk.origins.of(loop.origins, node) if loop.kind == loops.BOUNDED else loop.kind
    if kind in (origin.CONSTANT, origin.FRAMES):
        return kind
    return CORE if core_owner(walk, node, loop.place, allowed.CORE_LOOPS) else kind


def core_owner(walk, node, address, reasons):
    """The core's function that an instruction was made of, if a reason is given for it."""
    owner = walk.facts.owner(address) or names.base(node.name)
    return owner if owner.startswith("__pyx_f_6tympan_") and names.shown(owner) in reasons else ""


def divisions(walk, node):
    """Divisions that may end the process."""
    for item, surely in division.find(node.flow):
        if names.is_library(node.name) or core_owner(walk, node, item.address, allowed.CORE_DIVISIONS):
            continue
        words = "divides by 0" if surely else "divides by a value that was not shown to differ from 0"
        level = OFFENCE if surely else WARNING
        sentence = f"{walk.label(node, item.address)} {words}"
        walk.add("division", sentence, node, item.address, level=level, hint="Test the divisor before the division.")


def recursion(walk):
    """Functions that call themselves."""
    for cycle in walk.stacks.cycles:
        label = walk.stacks.label(cycle[0])
        steps = " > ".join(walk.stacks.label(address) for address in [*cycle, cycle[0]])
        sentence = f"{label} calls itself, so its stack use has no bound"
        walk.add("recursion", sentence, walk.graph.nodes[cycle[0]], cycle[0], hint=f"Write it as a loop: {steps}.")


def dynamic_frames(walk):
    """Frames of no fixed size."""
    for address in walk.stacks.dynamic:
        node = walk.graph.nodes[address]
        if not names.is_helper(node.name):
            sentence = f"{walk.stacks.label(address)} has a stack frame whose size is computed while it runs"
            walk.add("stack", sentence, node, address, hint="Use an array of fixed size.")


def depth(walk):
    """The deepest chain from each entry, reported once for the function that has the biggest frame of it."""
    for label, address in walk.roots:
        worst = walk.stacks.worst(address)
        walk.proof.stacks[label] = worst
        if worst > walk.limit:
            biggest = max(walk.stacks.chain(address), key=lambda step: walk.stacks.frame(step[0]))[0]
            size, limit = walk.stacks.frame(biggest) // 1024, walk.limit // 1024
            sentence = f"{walk.stacks.label(biggest)} has a stack frame of {size} KB; a whole chain may have {limit} KB"
            hint = "Keep the array in a field of the driver."
            walk.add("stack", sentence, walk.graph.nodes[biggest], biggest, key=("stack", biggest), hint=hint)


#: For every function that somebody wrote; Cython's own helpers have only their calls looked at.
OF_FUNCTIONS = [pointers, systems, traps, unreadable, ends, divisions]
OF_GRAPH = [recursion, dynamic_frames, depth]

#: The limit of ``depth``.
LIMIT = stack.LIMIT
