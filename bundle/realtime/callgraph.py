"""The walk: every function that the realtime entries can reach, and what leaves the binary."""

from tympan.bundle.realtime import names, values
from tympan.bundle.realtime.body import Body
from tympan.bundle.realtime.flow import Flow
from tympan.bundle.realtime.machine import State

#: A stub is at most this many instructions: PLT entries, Mach-O stubs and thunks.
STUB = 6

#: Reaching more functions than this means that the walk has left the driver.
MOST = 4000


class Edge:
    """One way from a function: the instruction, the functions it may reach, or why that is not known."""

    __slots__ = ("address", "arguments", "externals", "is_jump", "stack", "targets", "why")

    def __init__(self, call, targets, externals, why):
        self.address, self.stack, self.is_jump, self.arguments = call.address, call.stack, call.is_jump, call.arguments
        self.targets, self.externals, self.why = targets, externals, why


class Node:
    """One function that was reached."""

    def __init__(self, image, address):
        self.address = address
        self.body = Body(image, address)
        self.flow = Flow(self.body)
        self.name = self.body.name
        self.edges = []


class Graph:
    """What is reached from ``roots``, (label, address) each: ``nodes`` by address, and ``parents`` on the way."""

    def __init__(self, image, resolver, roots):
        self.image, self.resolver, self.roots = image, resolver, roots
        self.nodes, self.parents = {}, {}
        self.stubs = {}
        queue = [address for _, address in roots]
        for address in queue:
            if address not in self.nodes and len(self.nodes) < MOST:
                self.visit(address)
                queue += [to for edge in self.nodes[address].edges for to in edge.targets]
        self.is_whole = all(address in self.nodes for address in queue)

    def visit(self, address):
        """Read one function and find out where it leads."""
        node = self.nodes[address] = Node(self.image, address)
        for call in node.flow.calls:
            edge = self.edge(node, call)
            node.edges.append(edge)
            for to in edge.targets:
                self.parents.setdefault(to, (address, edge.address))

    def edge(self, node, call):
        """The edge for one call: stubs are looked through, and the interpreter is not entered."""
        found = self.resolver.targets(node, call, call.target)
        targets, externals = [], list(found.externals)
        for address in found.addresses:
            outside = self.outside(address)
            if outside:
                externals.append(outside)
            else:
                targets.append(address)
        if node.address in self.resolver.core and values.is_const(call.target):
            self.resolver.core.update(targets)
        return Edge(call, targets, externals, found.why)

    def outside(self, address):
        """The name of what a stub leads to, or of a function of the interpreter; "" for the driver's own code."""
        if address not in self.stubs:
            name = self.image.functions.get(address, (0, ""))[1]
            self.stubs[address] = names.base(name) if names.is_interpreter(name) else self.stub(address)
        return self.stubs[address]

    def stub(self, address):
        """The import that a few instructions at ``address`` jump to, or ""."""
        machine = self.image.machine
        evaluator = self.resolver.evaluator
        state = State({}, {}, None)
        for raw in machine.decoder.disasm(self.image.read(address, 32), address, STUB):
            item = machine.lift(raw)
            last = item.last
            if last is None:
                evaluator.run(state, item)
                continue
            if last[0] != "jump" or last[1][0] == "c":
                return ""
            base, _ = evaluator.value(state, last[1])
            if isinstance(base, tuple) and base[0] == "mem" and base[1] is None:
                return self.image.imports.get(base[2], "")
            return ""
        return ""

    def chain(self, address):
        """[(function, instruction in it)] from the entry, or the first function known, to the caller of ``address``."""
        found, seen = [], {address}
        while address in self.parents and self.parents[address][0] not in seen:
            caller, at = self.parents[address]
            found.append((caller, at))
            seen.add(caller)
            address = caller
        return found[::-1]

    def root_label(self, address):
        """The entry's name in the interface, for a root."""
        return next((label for label, place in self.roots if place == address), "")
