"""What a rule is; the files _rules_*.py hold them."""


class Failure(Exception):
    """The rule is broken; the text says how."""


class Warn(Exception):
    """Not what the protocol recommends, though hosts accept it."""


class Skip(Exception):
    """The rule does not apply to this driver."""


class Rule:
    """``id`` (kebab-case), ``description`` (a sentence), ``stage`` and ``function(subject)``."""

    def __init__(self, identifier, description, stage, function):
        self.id = identifier
        self.description = description
        self.stage = stage
        self.function = function


CATALOGUE: list[Rule] = []


def rule(identifier, description, stage="open"):
    """Decorator that puts a function into the catalogue.

    Stages: "bundle" sees only the path, "open" a loaded plug-in in one Host that
    they share, "closed" comes after that Host has ended.
    """

    def add(function):
        CATALOGUE.append(Rule(identifier, description, stage, function))
        return function

    return add


def require(condition, sentence):
    """Failure with ``sentence`` unless ``condition``."""
    if not condition:
        raise Failure(sentence)
