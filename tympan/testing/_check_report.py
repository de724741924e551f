"""What a Report of the validator looks like: for people, as JSON, and as JUnit XML."""

import json
import platform
import textwrap
from xml.etree import ElementTree

from tympan.testing.checks import CRASHED, FAILED, GROUPS, OUTCOMES, PASSED, SKIPPED, WARNING

_ORDER = (FAILED, CRASHED, WARNING, SKIPPED, PASSED)
_MARKS = {PASSED: "ok", FAILED: "FAILED", CRASHED: "CRASHED", WARNING: "warning", SKIPPED: "skipped"}
_WIDTH = 110


# --- for people -------------------------------------------------------------------


def listing(rules, details=False):
    """The catalogue as text: a line per rule, or a paragraph each."""
    lines, group = [], None
    for rule in rules:
        if rule.group is not group:
            group = rule.group
            lines += ["", f"{group.id}: {group.title} (hal-protocol {group.reference})"]
        lines.append(f"  {rule.id}" if details else f"  {rule.id:38} {rule.description}")
        lines += _paragraph(rule) if details else []
    return "\n".join(lines).strip()


def _paragraph(rule):
    facts = [("", rule.description), ("if broken: ", rule.symptom), ("met in: ", rule.field or "no driver yet"),
             ("see: ", f"hal-protocol {rule.reference}")]  # fmt: skip
    return [line for word, text in facts for line in _wrapped(word + text, "      ")]


def _wrapped(text, indent):
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")


def as_text(report, only_failed=False, verbose=False, strict=False):
    """Groups in short, then every rule that did not pass, the worst last; then the summary."""
    lines = [] if only_failed else _groups(report, verbose)
    shown = [WARNING, FAILED, CRASHED]
    for result in sorted(report.of(*shown), key=lambda result: shown.index(result.outcome)):
        if strict or not (only_failed and result.outcome == WARNING):
            lines += ["", *_finding(result)]
    return "\n".join([*lines, "", summary(report)] if lines else [summary(report)]).lstrip()


def _groups(report, verbose):
    lines = []
    for group in GROUPS:
        results = [result for result in report if result.rule.group is group]
        if not results:
            continue
        counts = [f"{sum(result.outcome == outcome for result in results)} {outcome}" for outcome in reversed(_ORDER)
                  if any(result.outcome == outcome for result in results)]  # fmt: skip
        lines.append(f"{group.id:14} {', '.join(counts)}")
        if verbose:
            lines += [f"  {_MARKS[result.outcome]:8} {result.id}" + _reason(result) for result in results]
    return lines


def _reason(result):
    return f": {result.message}" if result.outcome == SKIPPED else f" ({result.seconds:.2f} s)"


def _finding(result):
    rule = result.rule
    fault = {"tool": " (a fault of the tool, not of the driver)", "unclear": " (whose fault is unclear)"}
    head = f"{_MARKS[result.outcome]}  {result.id}{fault.get(result.fault, '')}"
    facts = [("", result.message), ("rule: ", rule.description), ("users see: ", rule.symptom), ("hint: ", result.hint)]
    facts += [("met in: ", rule.field), ("see: ", f"hal-protocol {rule.reference}")]
    lines = [line for word, text in facts if text for line in _wrapped(word + text, "    ")]
    if result.fault == "tool" and result.details:
        lines += ["    " + line for line in result.details.splitlines()[-20:]]
    return [head, *lines]


def summary(report):
    """One line."""
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in reversed(_ORDER) if report.count(outcome))
    return f"{len(report)} rules: {counts}, in {report.seconds:.1f} s"


# --- for programs -----------------------------------------------------------------


def as_json(report, strict=False):
    """The whole report; the keys stay as they are from version to version, new ones may come."""
    from tympan import __version__

    return json.dumps(
        {
            "driver": str(report.path),
            "tympan": __version__,
            "system": f"{platform.system()} {platform.machine()}",
            "seed": report.seed,
            "seconds": round(report.seconds, 3),
            "exit_code": report.exit_code(strict),
            "counts": {outcome: report.count(outcome) for outcome in OUTCOMES},
            "rules": [_row(result) for result in report],
        },
        indent=2,
    )


def _row(result):
    rule = result.rule
    return {
        "id": rule.id,
        "group": rule.group.id,
        "outcome": result.outcome,
        "fault": result.fault,
        "message": result.message,
        "hint": result.hint,
        "seconds": round(result.seconds, 4),
        "description": rule.description,
        "symptom": rule.symptom,
        "field": rule.field,
        "reference": rule.reference,
        "details": result.details,
    }


def as_junit(report, strict=False):
    """JUnit XML: a suite per group, a case per rule."""
    root = ElementTree.Element("testsuites", name=f"tympan check {report.path.name}")
    for group in GROUPS:
        results = [result for result in report if result.rule.group is group]
        if results:
            _suite(root, group, results, strict)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _suite(root, group, results, strict):
    failing = {FAILED, WARNING} if strict else {FAILED}
    numbers = {
        "tests": len(results),
        "failures": sum(result.outcome in failing for result in results),
        "errors": sum(result.outcome == CRASHED for result in results),
        "skipped": sum(result.outcome == SKIPPED for result in results),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }
    texts = {key: str(value) for key, value in numbers.items()}
    suite = ElementTree.SubElement(root, "testsuite", name=group.id, **texts)
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"tympan.{group.id}", name=result.id, time=f"{result.seconds:.3f}"
        )
        _case(case, result, failing)


def _case(case, result, failing):
    if result.outcome == CRASHED:
        child = ElementTree.SubElement(case, "error", type=result.fault, message=result.message)
        child.text = f"{result.rule.symptom}\n{result.details}"
    elif result.outcome in failing:
        child = ElementTree.SubElement(case, "failure", type=result.outcome, message=result.message)
        child.text = f"{result.rule.symptom}\n{result.hint}".strip()
    elif result.outcome == SKIPPED:
        ElementTree.SubElement(case, "skipped", message=result.message)
    elif result.outcome == WARNING:
        ElementTree.SubElement(case, "system-out").text = f"warning: {result.message}"
