"""The walk: every function that the realtime entries can reach, and what leaves the binary."""

from tympan.bundle.realtime import names, values
from tympan.bundle.realtime.body import Body
from tympan.bundle.realtime.flow import Flow

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
        name = self.image.functions.get(address, (0, ""))[1]
        return names.base(name) if names.is_interpreter(name) else self.image.stub(address)

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
