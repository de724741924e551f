"""What a rule is, and how its function says what it found.

A rule's function takes a Subject and returns when the driver keeps the rule. It
raises Failure or Skip otherwise, and goes on after advise(), so that what is only not
recommended hides nothing worse; anything else that it raises is a fault of
the tool, but for HostError, which is the simulated host's word for a broken rule.
"""

_advice: list["Warn"] = []  # of the rule that is being tried; one at a time in a process


class Failure(Exception):
    """The rule is broken; the text says how, ``hint`` what to do."""

    def __init__(self, message, hint=""):
        super().__init__(message)
        self.hint = hint


class Warn(Failure):
    """Not what the protocol recommends, though hosts accept it."""


class Skip(Exception):
    """The rule does not apply to this driver."""


class Blocked(Exception):
    """What ``rule`` is about was in the way. When that rule did not fail, this one did, with this text."""

    def __init__(self, rule, message):
        super().__init__(message)
        self.rule = rule


class Rule:
    """One row of the catalogue.

    ``id`` in kebab-case; ``group``; ``description``, a sentence; ``reference`` in the
    specification; ``symptom``, what a user sees when the rule is broken; ``field``,
    where it was met, or ""; ``isolated``: the call may well crash, so it gets a process to
    itself.
    """

    def __init__(self, group, identifier, description, reference, symptom, field, isolated, function):
        self.id = identifier
        self.group = group
        self.description = description
        self.reference = reference
        self.symptom = symptom
        self.field = field
        self.isolated = isolated
        self.function = function

    def __repr__(self):
        return f"<rule {self.group.id}/{self.id}>"

    def judge(self, subject):
        """Try the rule on a Subject. Failure, Skip or HostError when it is broken or does not apply; the first Warn
        when there was nothing worse than advice."""
        _advice.clear()
        try:
            self.function(subject)
        except Skip:
            if not _advice:
                raise
        if _advice:
            raise _advice[0]


class Group:
    """Rules of one file: ``id``, ``title`` and ``reference``. Calling it is the decorator that adds a rule."""

    def __init__(self, identifier, title, reference):
        self.id = identifier
        self.title = title
        self.reference = reference
        self.rules: list[Rule] = []
        GROUPS.append(self)

    def __call__(self, identifier, description, symptom, field="", reference="", isolated=False):
        """Decorator: put a function into the catalogue as a rule of this group."""

        def add(function):
            where = reference or self.reference
            rule = Rule(self, identifier, description, where, symptom, field, isolated, function)
            self.rules.append(rule)
            CATALOGUE.append(rule)
            return function

        return add


GROUPS: list[Group] = []
CATALOGUE: list[Rule] = []


def require(condition, sentence, hint=""):
    """Failure with ``sentence`` unless ``condition``."""
    if not condition:
        raise Failure(sentence, hint)


def advise(condition, sentence, hint=""):
    """Warn with ``sentence`` unless ``condition``, when the rule's function has ended without finding worse."""
    if not condition:
        _advice.append(Warn(sentence, hint))


def need(thing, sentence):
    """``thing``, or Skip with ``sentence`` where there is none."""
    if not thing:
        raise Skip(sentence)
    return thing
