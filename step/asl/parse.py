"""Build the model from a definition's document.

Pure: no clock, no IO. Trusts its input: ``validate`` has passed it, and ``taskfn`` has expanded it.
This is the one place that maps the language's PascalCase to the model's names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never, cast

from step.asl import model
from step.asl.model import ABSENT, QueryLanguage
from step.jsonvalue import JSONObject, JSONValue

# Documents are trusted here, so reading one needs no narrowing of JSONValue at every step.
_Document = dict[str, Any]


def parse(document: JSONObject) -> model.Definition:
    """Read a whole machine's document."""
    doc: _Document = document
    language: QueryLanguage = doc.get("QueryLanguage", "JSONPath")
    return model.Definition(
        start_at=doc["StartAt"],
        states=_states(doc["States"], language),
        comment=doc.get("Comment"),
        query_language=language,
        version=doc.get("Version", "1.0"),
        timeout_seconds=doc.get("TimeoutSeconds"),
        source=document,
    )


def _states(documents: _Document, language: QueryLanguage) -> dict[str, model.State]:
    return {name: parse_state(name, document, language) for name, document in documents.items()}


def parse_state(name: str, doc: _Document, machine_language: QueryLanguage) -> model.State:
    """Read one state; ``machine_language`` holds where the state names no QueryLanguage."""
    language: QueryLanguage = doc.get("QueryLanguage", machine_language)
    kind: str = doc["Type"]
    common: dict[str, Any] = {
        "name": name,
        "query_language": language,
        "comment": doc.get("Comment"),
        "input_path": doc.get("InputPath", "$"),
        "output_path": doc.get("OutputPath", "$"),
        "output": doc.get("Output", ABSENT),
        "assign": doc.get("Assign"),
    }
    match kind:
        case "Succeed":
            return model.Succeed(**common)
        case "Fail":
            return model.Fail(
                **common,
                error=doc.get("Error"),
                cause=doc.get("Cause"),
                error_path=doc.get("ErrorPath"),
                cause_path=doc.get("CausePath"),
            )
        case "Choice":
            choices = tuple(_choice_rule(rule) for rule in doc["Choices"])
            return model.Choice(**common, choices=choices, default=doc.get("Default"))
    common["next"] = doc.get("Next")
    match kind:
        case "Pass":
            return model.Pass(
                **common,
                result=doc.get("Result", ABSENT),
                result_path=doc.get("ResultPath", "$"),
                parameters=doc.get("Parameters", ABSENT),
            )
        case "Wait":
            return model.Wait(
                **common,
                seconds=doc.get("Seconds"),
                seconds_path=doc.get("SecondsPath"),
                timestamp=doc.get("Timestamp"),
                timestamp_path=doc.get("TimestampPath"),
            )
    common |= {
        "arguments": doc.get("Arguments", ABSENT),
        "parameters": doc.get("Parameters", ABSENT),
        "result_selector": doc.get("ResultSelector", ABSENT),
        "result_path": doc.get("ResultPath", "$"),
        "retry": tuple(_retrier(retrier) for retrier in doc.get("Retry", ())),
        "catch": tuple(_catcher(catcher) for catcher in doc.get("Catch", ())),
    }
    match kind:
        case "Task":
            return _task(doc, common)
        case "Parallel":
            branches = tuple(_branch(branch, machine_language) for branch in doc["Branches"])
            return model.Parallel(**common, branches=branches)
        case "Map":
            return _map(doc, common, machine_language)
    raise ValueError(f"state {name!r} has the unknown type {kind!r}; validate the definition first")


def _task(doc: _Document, common: dict[str, Any]) -> model.Task:
    return model.Task(
        **common,
        resource=doc["Resource"],
        timeout_seconds=doc.get("TimeoutSeconds"),
        timeout_seconds_path=doc.get("TimeoutSecondsPath"),
        heartbeat_seconds=doc.get("HeartbeatSeconds"),
        heartbeat_seconds_path=doc.get("HeartbeatSecondsPath"),
        credentials=doc.get("Credentials", ABSENT),
    )


def _map(doc: _Document, common: dict[str, Any], language: QueryLanguage) -> model.Map:
    selector = doc.get("ItemSelector", common["parameters"])
    common["parameters"] = ABSENT
    processor: _Document = doc["ItemProcessor"] if "ItemProcessor" in doc else doc["Iterator"]
    config: _Document = processor.get("ProcessorConfig", {})
    return model.Map(
        **common,
        item_processor=model.ItemProcessor(
            start_at=processor["StartAt"],
            states=_states(processor["States"], language),
            comment=processor.get("Comment"),
            is_distributed=config.get("Mode") == "DISTRIBUTED",
            execution_type=config.get("ExecutionType", "STANDARD"),
        ),
        items_path=doc.get("ItemsPath"),
        items=doc.get("Items", ABSENT),
        item_selector=selector,
        item_reader=doc.get("ItemReader"),
        item_batcher=doc.get("ItemBatcher"),
        result_writer=doc.get("ResultWriter"),
        label=doc.get("Label"),
        max_concurrency=doc.get("MaxConcurrency", 0),
        max_concurrency_path=doc.get("MaxConcurrencyPath"),
        tolerated_failure_count=doc.get("ToleratedFailureCount"),
        tolerated_failure_count_path=doc.get("ToleratedFailureCountPath"),
        tolerated_failure_percentage=doc.get("ToleratedFailurePercentage"),
        tolerated_failure_percentage_path=doc.get("ToleratedFailurePercentagePath"),
    )


def _branch(doc: _Document, language: QueryLanguage) -> model.Branch:
    states = _states(doc["States"], language)
    return model.Branch(start_at=doc["StartAt"], states=states, comment=doc.get("Comment"))


def _retrier(doc: _Document) -> model.Retrier:
    return model.Retrier(
        error_equals=tuple(doc["ErrorEquals"]),
        interval_seconds=doc.get("IntervalSeconds", 1),
        max_attempts=doc.get("MaxAttempts", 3),
        backoff_rate=doc.get("BackoffRate", 2.0),
        max_delay_seconds=doc.get("MaxDelaySeconds"),
        jitter_strategy=doc.get("JitterStrategy", "NONE"),
    )


def _catcher(doc: _Document) -> model.Catcher:
    return model.Catcher(
        error_equals=tuple(doc["ErrorEquals"]),
        next=doc["Next"],
        result_path=doc.get("ResultPath", "$"),
        output=doc.get("Output", ABSENT),
        assign=doc.get("Assign"),
    )


def _choice_rule(doc: _Document) -> model.ChoiceRule:
    return model.ChoiceRule(
        test=_test(doc), next=doc["Next"], output=doc.get("Output", ABSENT), assign=doc.get("Assign")
    )


_NOT_OPERATORS = frozenset({"Variable", "Next", "Comment", "Assign", "Output"})


def _test(doc: _Document) -> model.Test:
    if "Condition" in doc:
        return model.Condition(expression=doc["Condition"])
    if "Not" in doc:
        return model.Not(rule=_test(doc["Not"]))
    if "And" in doc:
        return model.And(rules=tuple(_test(rule) for rule in doc["And"]))
    if "Or" in doc:
        return model.Or(rules=tuple(_test(rule) for rule in doc["Or"]))
    operator = next(field for field in doc if field not in _NOT_OPERATORS)
    operand = cast("JSONValue", doc[operator])
    return model.DataTest(variable=doc["Variable"], operator=operator, operand=operand)


def every_state(branch: model.Branch) -> Iterator[model.State]:
    """List the states of a branch, those inside its Parallels and Maps after each."""
    for state in branch.states.values():
        yield state
        for inner in inner_branches(state):
            yield from every_state(inner)


def inner_branches(state: model.State) -> tuple[model.Branch, ...]:
    """List the scopes of states inside a state: a Parallel's branches, a Map's item processor."""
    match state:
        case model.Parallel():
            return state.branches
        case model.Map():
            return (state.item_processor,)
        case model.Pass() | model.Succeed() | model.Fail() | model.Wait() | model.Choice() | model.Task():
            return ()
        case _:
            assert_never(state)
