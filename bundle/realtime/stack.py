"""Worst-case stack use from an entry: the deepest chain of frames, each as deep as at the call it makes."""

from tympan.bundle.realtime import names

#: More than this from one entry fails: IO threads of coreaudiod have 512 KB, a driver shares them with the host.
LIMIT = 64 * 1024


class Stacks:
    """How deep the stack gets.

    ``worst(address)``: bytes from a function on. ``cycles``: recursions.
    ``dynamic``: functions whose frame has a size that a value decides.
    """

    def __init__(self, graph):
        self.graph = graph
        self.bytes, self.deepest = {}, {}
        self.cycles, self.dynamic = [], []
        for _, address in graph.roots:
            self.measure(address)

    def measure(self, root):
        """Depth first, each function after those that it calls."""
        path, stack = [], [(root, None)]
        while stack:
            address, rest = stack.pop()
            if rest is None:
                if address in self.bytes:
                    continue
                path.append(address)
                rest = iter(self.callees(address))
            for callee in rest:
                if callee in path:
                    self.cycle(path[path.index(callee) :])
                elif callee not in self.bytes:
                    stack += [(address, rest), (callee, None)]
                    break
            else:
                path.pop()
                self.finish(address)

    def callees(self, address):
        """The functions that one of them leads to."""
        node = self.graph.nodes.get(address)
        return [] if node is None else list(dict.fromkeys(to for edge in node.edges for to in edge.targets))

    def cycle(self, path):
        """Keep a recursion once, whatever function it was found from."""
        if not any(set(path) == set(known) for known in self.cycles):
            self.cycles.append(list(path))

    def finish(self, address):
        """A function's own frame, or what is in use at a call and the callee's worst."""
        node = self.graph.nodes.get(address)
        if node is None:
            self.bytes[address] = 0
            return
        if node.flow.depth is None:
            self.dynamic.append(address)
        worst, best = node.flow.depth or 0, None
        at_call = self.graph.image.machine.call_bytes
        for edge in node.edges:
            for to in edge.targets:
                total = (edge.stack or 0) + (0 if edge.is_jump else at_call) + self.bytes.get(to, 0)
                if total > worst:
                    worst, best = total, (to, edge.address)
        self.bytes[address], self.deepest[address] = worst, best

    def worst(self, address):
        """Bytes of stack that a call of a function may use, its return address included."""
        return self.bytes.get(address, 0) + self.graph.image.machine.call_bytes

    def chain(self, address):
        """[(function, call in it or None)] of the deepest chain."""
        found = []
        while address is not None and len(found) < 100:
            after = self.deepest.get(address)
            found.append((address, after[1] if after else None))
            address = after[0] if after else None
        return found

    def frame(self, address):
        """Bytes of a function's own frame."""
        node = self.graph.nodes.get(address)
        return (node.flow.depth or 0) if node else 0

    def label(self, address):
        """A function's name for people."""
        name = self.graph.image.functions.get(address, (0, ""))[1]
        return names.shown(name) if name else self.graph.root_label(address) or f"function at {address:#x}"
