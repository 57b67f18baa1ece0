"""Count the validator against recordings of AWS: definitions that ran, definitions that were refused.

    python scripts/validator_counts.py CORPUS [--failures]

CORPUS is a folder of JSON cases: ``kind`` execution, create_error, test_state or api, each with its
definition and what AWS answered. Exits with 1 where a definition that ran has an error, or a refused one
none.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from step.asl.source import read_source, source_of
from step.asl.validate import has_errors, validate


class Recorded(NamedTuple):
    """A definition and whether AWS took it."""

    name: str
    definition: Any
    type: Any
    is_taken: bool


def read_cases(corpus: Path) -> Iterator[Recorded]:
    """List every definition of a corpus about which AWS has decided."""
    for file in sorted(corpus.rglob("*.json")):
        case = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(case, dict) and "kind" in case:
            yield from recorded_definitions(case, file.stem)


def recorded_definitions(case: dict[str, Any], name: str) -> Iterator[Recorded]:
    """List the definitions of one case."""
    definition, expected = case.get("definition"), case.get("expected") or {}
    machine_type = case.get("machine_type") or (case.get("create_params") or {}).get("type") or "STANDARD"
    kind = case["kind"]
    if kind != "api" and definition is None:
        return  # the recording lost it
    if kind == "execution":
        yield Recorded(name, definition, machine_type, True)
        for machine in case.get("other_machines") or []:
            yield Recorded(name, machine["definition"], machine.get("type") or "STANDARD", True)
    elif kind == "create_error" and expected.get("error") == "InvalidDefinition":
        yield Recorded(name, definition, machine_type, False)
    elif kind == "create_error":
        yield Recorded(name, definition, machine_type, True)
    elif kind == "test_state":
        error = expected.get("Error") or {}
        is_refused = "Invalid State Machine Definition" in str(error.get("Message", ""))
        yield Recorded(name, as_machine(definition), "STANDARD", not is_refused)
    elif kind == "api":
        yield from recorded_calls(case["calls"], name)


def as_machine(definition: Any) -> Any:
    """Give a TestState's single state a machine around it, with a state for every transition it names."""
    if not isinstance(definition, dict) or "States" in definition:
        return definition
    text = json.dumps(definition)
    names = {found.split('"')[1] for key in ('"Next": ', '"Default": ') for found in text.split(key)[1:]}
    states = {"TheState": definition, **{name: {"Type": "Succeed"} for name in names}}
    return {"StartAt": "TheState", "States": states}


def recorded_calls(calls: list[dict[str, Any]], name: str) -> Iterator[Recorded]:
    """List the definitions that API calls sent."""
    for call in calls:
        definition = call["params"].get("definition")
        expected = call.get("expected")
        if definition is None or not isinstance(expected, dict):
            continue
        machine_type = call["params"].get("type") or "STANDARD"
        if call["op"] == "ValidateStateMachineDefinition":
            yield Recorded(name, definition, machine_type, expected.get("result") == "OK")
        elif call["op"] in ("CreateStateMachine", "UpdateStateMachine"):
            error = str(expected.get("Error") or expected.get("error") or "")
            if not error or "InvalidDefinition" in error:
                yield Recorded(name, definition, machine_type, not error)


def main() -> int:
    """Print both counts."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--failures", action="store_true", help="list what is judged differently")
    arguments = parser.parse_args()
    totals = {True: 0, False: 0}
    agreed = {True: 0, False: 0}
    for case in read_cases(arguments.corpus):
        definition = case.definition
        source = read_source(definition) if isinstance(definition, str) else source_of(definition)
        diagnostics = validate(source, type=case.type)
        is_accepted = not has_errors(diagnostics)
        totals[case.is_taken] += 1
        agreed[case.is_taken] += is_accepted == case.is_taken
        if arguments.failures and is_accepted != case.is_taken:
            print(f"{case.name}: {'; '.join(map(str, diagnostics)) or 'nothing found'}")
    print(f"taken by AWS: {agreed[True]} of {totals[True]} have no error")
    print(f"refused by AWS: {agreed[False]} of {totals[False]} have an error")
    return 0 if agreed == totals and any(totals.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
