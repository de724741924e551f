"""One function's instructions as blocks: what follows what, what is inside a loop."""

from tympan.bundle.realtime import names

#: A function longer than this is not what IO code is made of, and would take too long.
LONGEST = 512 * 1024

#: Bytes between functions.
FILL = b"\0\xcc\x90"


class Block:
    """Instructions that run one after the other; ``next`` are the blocks that may follow."""

    __slots__ = ("index", "instructions", "leaves", "next", "previous", "start")

    def __init__(self, start):
        self.start, self.instructions, self.next, self.previous = start, [], [], []
        self.index = -1
        self.leaves = []  # (operation, instruction): transfers out of the function

    @property
    def last(self):
        """The last instruction."""
        return self.instructions[-1]


class Body:
    """A function with its cold parts: ``blocks`` by address, the entry's ``first``."""

    def __init__(self, image, start):
        self.image = image
        self.function = image.function(start)
        self.start = start
        self.ranges = []
        self.instructions = {}
        self.damaged = False
        self.decode(start)
        self.blocks = make_blocks(self)
        self.first = self.blocks.get(start)
        self.order = order(self.first) if self.first else []
        self.dominators = dominators(self.order)

    @property
    def name(self):
        """The name in the symbol table, or ""."""
        return self.function.name

    def decode(self, address):
        """Read a range, and the ranges of the same function that it jumps to."""
        function = self.image.function(address)
        if function is None or any(low <= address < high for low, high in self.ranges):
            return
        self.ranges.append((function.start, function.end))
        found = list(self.lifted(function.start, function.end))
        self.instructions.update((item.address, item) for item in found)
        for item in found:
            target = jump_target(item)
            if target is not None and self.continues(target):
                self.decode(target)

    def lifted(self, start, end):
        """The instructions of a range."""
        machine = self.image.machine
        self.damaged = self.damaged or end - start > LONGEST
        for low, high in self.image.pieces(start, min(end, start + LONGEST)):
            data, reached = self.image.read(low, high - low), low
            for raw in machine.decoder.disasm(data, low):
                reached = raw.address + raw.size
                yield machine.lift(raw)
            if data[reached - low :].strip(FILL):
                self.damaged = True

    def continues(self, target):
        """Whether a jump's target is a part of this function: its middle, or its cold part."""
        other = self.image.function(target)
        if other is None or self.holds(target):
            return False
        cold = other.name and names.base(other.name) == names.base(self.name) and ".cold" in other.name
        return bool(cold) or other.start != target

    def holds(self, address):
        """Whether ``address`` is inside this function."""
        return any(low <= address < high for low, high in self.ranges)


def jump_target(instruction):
    """The address that an instruction jumps to, when it says so."""
    last = instruction.last
    if last is None:
        return None
    if last[0] == "branch":
        return last[1]
    return last[1][1] if last[0] == "jump" and last[1][0] == "c" else None


def make_blocks(body):
    """The blocks of a body, by address."""
    found = leaders(body)
    blocks, current = {}, None
    previous = None
    for address in sorted(body.instructions):
        item = body.instructions[address]
        if address in found or current is None or previous.address + previous.size != address:
            current = blocks.setdefault(address, Block(address))
        current.instructions.append(item)
        previous = item
        if item.last:
            current = None
    link(body, blocks)
    return blocks


def leaders(body):
    """Addresses where a block begins."""
    targets = {jump_target(item) for item in body.instructions.values()}
    return {body.start, *(target for target in targets if target in body.instructions)}


def link(body, blocks):
    """Set ``next`` and ``previous``; a jump table leads to every block that nothing else leads to."""
    tables = []
    for block in blocks.values():
        for target in follow(body, block, tables):
            if target in blocks and blocks[target] not in block.next:
                block.next.append(blocks[target])
    while tables and (orphan := unreached(body, blocks)):
        for block in tables:
            block.next.append(orphan)
    for block in blocks.values():
        for other in block.next:
            other.previous.append(block)


def unreached(body, blocks):
    """The first block that nothing leads to, or None."""
    seen, queue = set(), [blocks[body.start]]
    while queue:
        block = queue.pop()
        if block.start not in seen:
            seen.add(block.start)
            queue += block.next
    return next((block for start, block in sorted(blocks.items()) if start not in seen and not is_padding(block)), None)


def is_padding(block):
    """Nothing but what fills the space between functions."""
    return all(not item.ops or item.ops[-1][0] == "stop" for item in block.instructions)


def follow(body, block, tables):
    """Addresses that may be next; what leaves the function goes into ``block.leaves``."""
    item = block.last
    last, after = item.last, item.address + item.size
    if last is None:
        return [after]
    if last[0] == "branch":
        if last[1] not in body.instructions:
            block.leaves.append((("jump", ("c", last[1])), item))
        return [last[1], after]
    if last[0] == "jump":
        if last[1][0] == "c" and body.holds(last[1][1]):
            return [last[1][1]]
        if last[1][0] != "c" and is_table(block, last[1]):
            tables.append(block)
        else:
            block.leaves.append((last, item))
    return []


def is_table(block, target):
    """Whether a jump through a register goes into this function: its target was computed, not loaded."""
    if target[0] == "m":
        return bool(target[1][1])
    for item in reversed(block.instructions):
        for op in reversed(item.ops):
            if op[0] == "set" and op[1] == target[1]:
                made = op[2]
                if made[0] == "r" and made[1].startswith("loaded"):
                    target = made
                    continue
                return made[0] == "+" or (made[0] == "m" and bool(made[1][1]))
    return False


def order(first):
    """The blocks that can be reached, each before those that it leads to, as far as loops allow."""
    found, seen, stack = [], {first.start}, [(first, iter(first.next))]
    while stack:
        block, rest = stack[-1]
        for other in rest:
            if other.start not in seen:
                seen.add(other.start)
                stack.append((other, iter(other.next)))
                break
        else:
            found.append(block)
            stack.pop()
    found.reverse()
    for index, block in enumerate(found):
        block.index = index
    return found


def dominators(blocks):
    """Index of each block's immediate dominator (Cooper, Harvey, Kennedy)."""
    parent = {0: 0}
    changed = True
    while changed:
        changed = False
        for block in blocks[1:]:
            known = [other.index for other in block.previous if other.index in parent and other.index >= 0]
            best = known[0] if known else 0
            for other in known[1:]:
                best = meet(parent, best, other)
            if parent.get(block.index) != best:
                parent[block.index], changed = best, True
    return parent


def meet(parent, left, right):
    """The nearest block that dominates both."""
    while left != right:
        while left > right:
            left = parent[left]
        while right > left:
            right = parent[right]
    return left


def dominates(body, upper, lower):
    """Whether every way to ``lower`` goes through ``upper``."""
    at = lower.index
    while at > upper.index:
        at = body.dominators[at]
    return at == upper.index
