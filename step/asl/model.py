"""The Amazon States Language as frozen data: what a definition says, and nothing about a run.

Pure: no clock, no IO. Built by ``parse``, which trusts a definition that ``validate`` passed.
Names are the specification's, in snake_case. JSON values (templates, literals) stay as they were written.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from step.jsonvalue import JSONValue

QueryLanguage = Literal["JSONPath", "JSONata"]


class Absent(enum.Enum):
    """A field that isn't there, where ``null`` would mean something else."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent.ABSENT
Field: TypeAlias = "JSONValue | Absent"
# A number, a path (in the fields named ...Path) or a JSONata expression text.
Amount = int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrier:
    """Spec: ASL "Retriers"."""

    error_equals: tuple[str, ...]
    interval_seconds: int = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_seconds: int | None = None
    jitter_strategy: Literal["FULL", "NONE"] = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catcher:
    """Spec: ASL "Catchers". ``result_path`` None means ``null``: the error is dropped."""

    error_equals: tuple[str, ...]
    next: str
    result_path: str | None = "$"
    output: Field = ABSENT
    assign: Mapping[str, JSONValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTest:
    """One comparison of a JSONPath choice rule. ``operator`` is the spec's word: ``NumericEqualsPath``."""

    variable: str
    operator: str
    operand: JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A JSONata choice rule's Condition."""

    expression: JSONValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    rule: Test


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    rules: tuple[Test, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    rules: tuple[Test, ...]


Test = DataTest | Condition | Not | And | Or


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRule:
    """Spec: ASL "Choice State": a top-level rule, which alone has ``Next``."""

    test: Test
    next: str
    output: Field = ABSENT
    assign: Mapping[str, JSONValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A scope of states: a branch of a Parallel, or the common part of machine and ItemProcessor."""

    start_at: str
    states: Mapping[str, State]
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemProcessor(Branch):
    """The body of a Map. ``is_distributed`` is ProcessorConfig's Mode."""

    is_distributed: bool = False
    execution_type: Literal["STANDARD", "EXPRESS"] = "STANDARD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition(Branch):
    """A whole state machine. ``source`` is the document as it was written."""

    query_language: QueryLanguage = "JSONPath"
    version: str = "1.0"
    timeout_seconds: int | None = None
    source: Mapping[str, JSONValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    name: str
    query_language: QueryLanguage = "JSONPath"
    comment: str | None = None
    # JSONPath: None is null. JSONata states leave them at "$".
    input_path: str | None = "$"
    output_path: str | None = "$"
    # JSONata's Output, and the variables that either language assigns.
    output: Field = ABSENT
    assign: Mapping[str, JSONValue] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Transition(_State):
    # None: the state is terminal ("End": true).
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass(_Transition):
    result: Field = ABSENT
    result_path: str | None = "$"
    parameters: Field = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeed(_State):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail(_State):
    error: str | None = None
    cause: str | None = None
    error_path: str | None = None
    cause_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(_Transition):
    seconds: Amount | None = None
    seconds_path: str | None = None
    timestamp: str | None = None
    timestamp_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(_State):
    choices: tuple[ChoiceRule, ...]
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work(_Transition):
    # What Task, Parallel and Map share: a result that is selected, placed and may fail.
    parameters: Field = ABSENT
    arguments: Field = ABSENT
    result_selector: Field = ABSENT
    result_path: str | None = "$"
    retry: Sequence[Retrier] = ()
    catch: Sequence[Catcher] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(_Work):
    resource: str
    timeout_seconds: Amount | None = None
    timeout_seconds_path: str | None = None
    heartbeat_seconds: Amount | None = None
    heartbeat_seconds_path: str | None = None
    credentials: Field = ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel(_Work):
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Map(_Work):
    """``parameters`` is the legacy name of ``item_selector``; parse folds it into the latter."""

    item_processor: ItemProcessor
    items_path: str | None = None
    items: Field = ABSENT
    item_selector: Field = ABSENT
    item_reader: Mapping[str, JSONValue] | None = None
    item_batcher: Mapping[str, JSONValue] | None = None
    result_writer: Mapping[str, JSONValue] | None = None
    label: str | None = None
    max_concurrency: Amount = 0
    max_concurrency_path: str | None = None
    tolerated_failure_count: Amount | None = None
    tolerated_failure_count_path: str | None = None
    tolerated_failure_percentage: Amount | None = None
    tolerated_failure_percentage_path: str | None = None


State = Pass | Succeed | Fail | Wait | Choice | Task | Parallel | Map
