"""Where the number of turns of a loop comes from: constants, the cycle's frame count, or memory."""

from tympan.bundle.realtime import names

CONSTANT, FRAMES, MEMORY, OPEN = "constant", "frames", "memory", "open"

#: process_io(self, rt, buffer): (argument, offset) of what counts a cycle's frames, channels or bytes, and of where
#: its samples are. The rest of ``rt`` is no count of this cycle: a loop up to ``rt.sample_time`` gets longer
#: as long as IO runs. tests/test_realtime_static_parts.py compares the offsets with the structures.
COUNTS = frozenset([(1, 36), (2, 16), (2, 24), (2, 56)])
SAMPLES = frozenset([(2, 0), (2, 8), (2, 40), (2, 48)])
#: Callers of callers that are looked at.
DEPTH = 6


class Origins:
    """Classifies origins by looking at the callers of each function."""

    def __init__(self, graph):
        self.graph = graph
        self.entries = {address for _, address in graph.roots}
        self.callers = {}
        for node in graph.nodes.values():
            for edge in node.edges:
                for to in edge.targets:
                    self.callers.setdefault(to, []).append((node, edge))

    def of(self, origins, node):
        """FRAMES when the cycle's frame count is among the origins, MEMORY when only other memory is, else CONSTANT."""
        found = {self.one(origin, node, DEPTH) for origin in origins}
        return FRAMES if FRAMES in found else MEMORY if found & {MEMORY, OPEN} else CONSTANT

    def one(self, origin, node, depth):
        """The kind of one origin in one function."""
        if depth == 0 or origin == "?" or origin[0] not in ("arg", "mem"):
            return CONSTANT if origin == "sp" else MEMORY
        position = argument(origin)
        if position is None:
            return MEMORY
        if names.shown(node.name).endswith("process_io") and not names.is_clone(node.name):
            return of_cycle(origin, position)
        if node.address in self.entries:
            return FRAMES if origin[0] == "arg" else MEMORY
        found = {
            kind
            for caller, edge in self.callers.get(node.address, ())
            for kind in self.handed(origin, position, caller, edge, depth)
        }
        return FRAMES if FRAMES in found else MEMORY if MEMORY in found or not found else CONSTANT

    def handed(self, origin, position, caller, edge, depth):
        """The kinds of what one caller hands over."""
        if position >= len(edge.arguments):
            return {MEMORY}
        value = edge.arguments[position]
        if origin[0] == "arg":
            sources = caller.flow.evaluator.joins.sources(value)
            return {self.one(item, caller, depth - 1) for item in sources} or {CONSTANT}
        if isinstance(value[0], tuple) and value[0][0] == "arg" and value[1] == 0:
            return {self.one(("mem", value[0], origin[2]), caller, depth - 1)}
        return {MEMORY}


def of_cycle(origin, position):
    """The kind of what process_io itself was handed, or loaded from there."""
    place = (position, origin[2]) if origin[0] == "mem" else None
    return FRAMES if place in COUNTS else CONSTANT if place in SAMPLES else MEMORY


def argument(origin):
    """The argument that an origin is, or was loaded from directly; None for any other."""
    if origin[0] == "arg":
        return origin[1]
    inner = origin[1]
    return inner[1] if isinstance(inner, tuple) and inner[0] == "arg" else None
