"""Record what a service makes of definitions, as conformance cases, for no more than a stated cost.

Knows Step Functions' operations and the form of a case; prints nothing. Machines are made and taken away.
AWS: "Pricing", "Standard Workflows": USD 0.025 for 1,000 state transitions, retries included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from step.asl.parse import inner_branches, parse
from step.aws.connection import Aws
from step.aws.step_functions import StepFunctions
from step.errors import Refused, StepError
from step.jsonvalue import JSONValue

USD_A_TRANSITION = 0.000_025
# An execution ends at 25,000 events; a transition is two or more.
MOST_TRANSITIONS = 12_500
# The account of every case.
ACCOUNT = "111111111111"
_SERVICE = "stepfunctions"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/role"
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?(?:\d{2})?)")
_TASK_ANSWERS = ("Task", "TaskFn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A definition to record. ``why_not`` says why it isn't run; ``transitions`` bounds what it may take."""

    name: str
    definition: dict[str, Any]
    input: JSONValue
    transitions: int
    why_not: str | None = None

    @property
    def usd(self) -> float:
        """The most that it can cost."""
        return 0 if self.why_not else self.transitions * USD_A_TRANSITION


def wanted(name: str, text: str, *, with_tasks: bool = False) -> Wanted:
    """Read a file: a definition, or an object with ``definition`` and perhaps ``input``, as a case has them.

    Raises:
        StepError: it is neither.
    """
    try:
        document = json.loads(text)
    except ValueError as fault:
        raise StepError(f"{name}: {fault}") from None
    if not isinstance(document, dict) or not {"States", "definition"} & set(document):
        raise StepError(f"{name}: expected a definition, or an object with a definition and an input")
    definition = document if "States" in document else document["definition"]
    if isinstance(definition, str):
        definition = json.loads(definition)
    value = {} if "States" in document else document.get("input", {})
    kinds = set(_kinds(definition))
    why_not = None
    if "DISTRIBUTED" in kinds:
        why_not = "nothing bounds the cost of child executions"
    elif not with_tasks and kinds & set(_TASK_ANSWERS):
        why_not = "what its tasks cost isn't known (--tasks runs it all the same)"
    return Wanted(
        name=name, definition=definition, input=value, transitions=bound(definition), why_not=why_not
    )


def _kinds(value: JSONValue) -> Iterator[str]:
    """List the states' types, and the modes of Maps."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("Type", "Mode") and isinstance(item, str):
                yield item
            yield from _kinds(item)
    elif isinstance(value, list):
        for item in value:
            yield from _kinds(item)


def bound(definition: Mapping[str, Any]) -> int:
    """Say how many transitions an execution can take at most."""
    try:
        branch = parse(dict(definition))
    except Exception:
        # Nothing that can't be read runs long; what AWS runs of it all the same is bounded by its history.
        return MOST_TRANSITIONS
    # The start is counted too.
    return min(_bound(branch) + 1, MOST_TRANSITIONS)


def _bound(branch: Any) -> int:
    states = branch.states
    follows = {name: set(_targets(state)) for name, state in states.items()}
    if _has_circle(branch.start_at, follows):
        return MOST_TRANSITIONS
    total = 0
    for state in states.values():
        if getattr(state, "retry", ()) or type(state).__name__ == "Map":
            return MOST_TRANSITIONS
        total += 1 + sum(_bound(inner) for inner in inner_branches(state))
    return total


def _targets(state: Any) -> Iterator[str]:
    for name in ("next", "default"):
        if isinstance(found := getattr(state, name, None), str):
            yield found
    for entry in (*getattr(state, "choices", ()), *getattr(state, "catch", ())):
        yield entry.next


def _has_circle(start: str, follows: Mapping[str, set[str]]) -> bool:
    done: set[str] = set()
    path: list[tuple[str, Iterator[str]]] = [(start, iter(follows.get(start, ())))]
    on_path = {start}
    while path:
        name, ways = path[-1]
        following = next(ways, None)
        if following is None:
            done.add(name)
            on_path.discard(name)
            path.pop()
        elif following in on_path:
            return True
        elif following not in done:
            on_path.add(following)
            path.append((following, iter(follows.get(following, ()))))
    return False


# ---------------------------------------------------------------- recording


def record(aws: Aws, asked: Wanted, role: str, now: datetime) -> dict[str, Any]:
    """Create a machine, run it once, delete it; return the case, without anybody's account in it.

    Raises:
        StepError: the service couldn't be asked, or refused for another reason than the definition.
    """
    machine = f"record-{_NO_NAME.sub('-', asked.name)}"[:60] + f"-{int(now.timestamp())}"
    parameters = {"name": machine, "roleArn": role, "type": "STANDARD"}
    try:
        arn = aws.call(
            _SERVICE, "create_state_machine", definition=json.dumps(asked.definition), **parameters
        )["stateMachineArn"]
    except Refused as refusal:
        if refusal.code != "InvalidDefinition":
            raise
        told = {"status": "REJECTED", "error": refusal.code, "cause": refusal.message}
        return _scrub(_case(asked, machine, now, "create_error", told), aws, role)
    try:
        told = _run(StepFunctions(aws), arn, asked)
    finally:
        aws.call(_SERVICE, "delete_state_machine", stateMachineArn=arn)
    return _scrub(_case(asked, machine, now, "execution", told), aws, role)


def _run(executions: StepFunctions, machine: str, asked: Wanted) -> dict[str, Any]:
    execution = executions.start(machine, json.dumps(asked.input), "run")
    try:
        history = [{**event} for event in executions.follow(execution)]
    except BaseException:
        # Nobody looks any more: it must not go on costing.
        executions.stop(execution, None, None)
        raise
    about = executions.describe(execution)
    for event in history:
        event["timestamp"] = "timestamp"
    told: dict[str, Any] = {"status": about["status"]}
    if "output" in about:
        told["output"] = json.loads(about["output"])
    told |= {key: about[key] for key in ("error", "cause") if key in about}
    return {**told, "history": history}


def _case(asked: Wanted, machine: str, now: datetime, kind: str, told: dict[str, Any]) -> dict[str, Any]:
    """Write a case in the form of the recordings that ``make conformance`` scores."""
    return {
        "id": f"recorded.{asked.name}" + (".create" if kind == "create_error" else ""),
        "format": 1,
        "source_test": asked.name,
        "trust": "aws",
        "recorded": now.astimezone(UTC).strftime("%d-%m-%Y, %H:%M:%S"),
        "kind": kind,
        "group": "recorded",
        "tier": 3 if set(_kinds(asked.definition)) & set(_TASK_ANSWERS) else 1,
        "features": [],
        "integrations": [],
        "seconds": 0,
        "definition": asked.definition,
        "input": asked.input,
        "resources": {},
        "setup": [],
        "machine_type": "STANDARD",
        "machine_name": machine,
        "create_params": {"name": machine, "roleArn": _ROLE, "type": "STANDARD"},
        "machine_arn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{machine}",
        "other_machines": [],
        "drivers": [],
        "activities": [],
        "expected": told,
        "normalisation": ["<uuid>"],
    }


def _scrub(case: dict[str, Any], aws: Aws, role: str) -> dict[str, Any]:
    """Take out the account, the role, the region and the dates, wherever a text holds them."""
    text = json.dumps(case).replace(json.dumps(role)[1:-1], _ROLE)
    owner = role.split(":")[4] if role.count(":") >= 5 else ""
    if owner:
        text = text.replace(owner, ACCOUNT)
    text = re.sub(r"(arn:aws[\w-]*:[\w-]+:)([\w-]*):\d{12}:", rf"\g<1>\g<2>:{ACCOUNT}:", text)
    text = text.replace(f":{aws.region}:", ":us-east-1:")
    scrubbed: dict[str, Any] = json.loads(text)
    expected = json.dumps(scrubbed["expected"])
    scrubbed["expected"] = json.loads(_ISO_DATE.sub("date", expected))
    return scrubbed
