"""Net (b): walks one architecture's call graph, applies the rules, and says what that proved."""

from tympan.bundle.realtime import names, origin, rules, stack
from tympan.bundle.realtime.callgraph import Graph
from tympan.bundle.realtime.indirect import PROCESS_IO, Resolver
from tympan.bundle.realtime.report import OFFENCE, Finding, Proof
from tympan.bundle.realtime.tables import Tables

NOT_FOUND = "the five realtime entries were not found in this binary, so nothing is proved"
LOST = "the class tables of a module were not found in this binary, so its process_io may not have been looked at"
ENDLESS = "IO code reaches thousands of functions, more than were looked at"
AGAIN = "Check the driver's .pyx instead, or bundle it again."

#: Taken as given, and said so in every report.
GIVEN = (
    "each allowed external function behaves as its row in bundle/realtime/allowed.py says",
    "an object's table pointer, and the core's copy of process_io's address, stay as Cython and the core set them",
)


class Walk:
    """The check of one image: ``proof`` and ``findings``."""

    def __init__(self, image, facts, limit=stack.LIMIT):
        self.image, self.facts, self.limit = image, facts.attach(image), limit
        self.proof, self.findings, self.seen = Proof(image.machine.name, image.system), [], set()
        tables = Tables(image, facts.bases)
        self.roots = self.find_roots(tables)
        self.graph = Graph(image, Resolver(image, tables, facts), self.roots)
        self.origins, self.stacks = origin.Origins(self.graph), stack.Stacks(self.graph)
        self.check_tables(tables)
        self.apply()
        self.fill_proof()

    def find_roots(self, tables):
        """The five entries, and every process_io of the driver."""
        methods = [
            (names.shown(name), place)
            for place, (_, name) in sorted(self.image.functions.items())
            if name.startswith("__pyx_f_") and names.parts(name)[-1] == PROCESS_IO and not names.is_clone(name)
        ]
        return [*tables.entries(), *methods]

    def check_tables(self, tables):
        """Without the entries, or a module's class tables, there is no proof, however clean the rest is."""
        if not tables.entries():
            self.add("not-found", NOT_FOUND, hint=AGAIN)
        elif tables.lost:
            self.add("not-found", LOST, hint=AGAIN)
        if not self.graph.is_whole:
            self.add("not-found", ENDLESS, hint=AGAIN)

    def apply(self):
        """All rules. Of Cython's own helpers only the calls count."""
        for node in self.graph.nodes.values():
            rules.calls(self, node)
            for rule in [] if names.is_helper(node.name) else rules.OF_FUNCTIONS:
                rule(self, node)
        for of_graph in rules.OF_GRAPH:
            of_graph(self)

    def fill_proof(self):
        """What is known now."""
        self.proof.roots = [label for label, _ in self.roots]
        nodes = self.graph.nodes
        self.proof.functions = sorted((self.stacks.label(place), self.stacks.frame(place)) for place in nodes)
        self.proof.given = list(GIVEN)

    # ---- for the rules ----

    def add(self, rule, sentence, node=None, address=None, level=OFFENCE, hint="", subject="", key=None):
        """Keep a finding, unless the same one is there: an unrolled loop has its calls many times."""
        place = self.facts.place(address) if address is not None else ("", 0)
        key = key or (rule, sentence, place)
        if key in self.seen:
            return
        self.seen.add(key)
        chain = self.chain(node, address) if node else []
        machine = self.image.machine.name
        self.findings.append(Finding("binary", rule, sentence, place, chain, hint, subject, level, machine))

    def chain(self, node, address):
        """(function, file, line) from the entry to the instruction; what was inlined is a step of its own."""
        found = []
        for start, at in [*self.graph.chain(node.address), (node.address, address)]:
            name, owner = self.step_name(start), names.shown(self.facts.owner(at))
            if owner and owner != name:
                found.append((name, "", 0))
            found.append((owner or name, *self.facts.place(at)))
        return found

    def step_name(self, address):
        """A function's name in a chain."""
        return self.stacks.label(address)

    def label(self, node, address):
        """The function that an instruction belongs to by its source, even where it was inlined."""
        owner = self.facts.owner(address)
        return names.shown(owner) if owner else self.step_name(node.address)

    def author(self, node):
        """The nearest function on the way that somebody wrote, as opposed to Cython's helpers."""
        address = node.address
        while names.is_helper(self.image.functions.get(address, (0, ""))[1]) and address in self.graph.parents:
            address = self.graph.parents[address][0]
        return address
