"""Executions of every kind, each stopped in the middle: what a store of each version of step holds.

A task whose state's name begins with "Open" isn't answered before the store goes on; what any other task
comes to stands in its name. Nothing here depends on the machinery that runs them, and what is here doesn't
change: stores were made of it. New kinds come at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSubmitted, TaskSucceeded

ACCOUNT = "123456789012"
REGION = "us-east-1"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:work"
ACTIVITY = f"arn:aws:states:{REGION}:{ACCOUNT}:activity:bake"
MACHINES = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/kinds"
_SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
_SENT = {"QueueUrl": "q", "MessageBody": "m"}
OBJECTS = {"in/items.json": "[1,2,3,4,5]"}
Json = dict[str, Any]


class Kind(NamedTuple):
    """A machine, what its execution is started with, and what happens to it before the store is closed.

    ``then`` names steps of the writer: "heartbeat", "poll", "hold", "redrive", "update", "stop", "alias",
    "express".
    """

    definition: Json
    input: Any = None
    then: tuple[str, ...] = ()


def work(task: StartTask) -> list[Input]:
    """Do a task's work, which its state's name tells."""
    if task.token is not None:
        return [TaskSubmitted(task.op, {"MessageId": "1"})]
    name = task.state.removeprefix("Open ")
    if name.startswith("Fail") or (name.startswith("Odd") and _number(task.payload) % 2):
        return [TaskFailed(task.op, "Bad", f"{name} {task.attempt}")]
    if name.startswith("Once") and task.invocation == 0:
        return [TaskFailed(task.op, "Slow", "once")]
    if name.startswith("Double"):
        return [TaskSucceeded(task.op, _number(task.payload) * 2)]
    return [TaskSucceeded(task.op, task.payload)]


def is_open(task: StartTask) -> bool:
    """Whether a task waits until the store is opened again: "Open", or "Late" and above 2."""
    if task.state.startswith("Late"):
        return _number(task.payload) > 2
    return task.state.startswith("Open")


def _number(value: Any) -> int:
    while isinstance(value, dict):
        value = value.get("Items", next(iter(value.values())))
    return _number(value[0]) if isinstance(value, list) else int(value)


# ---------------------------------------------------------------- definitions


def _chain(**states: Json) -> Json:
    """A machine of states in a row; names have spaces for underscores."""
    names = [name.replace("_", " ") for name in states]
    linked = {}
    for number, (name, state) in enumerate(zip(names, states.values(), strict=True)):
        if state["Type"] in ("Choice", "Succeed", "Fail"):
            linked[name] = state
        elif number + 1 < len(names):
            linked[name] = {**state, "Next": names[number + 1]}
        else:
            linked[name] = {**state, "End": True}
    return {"StartAt": names[0], "States": linked}


def _task(**more: Any) -> Json:
    return {"Type": "Task", "Resource": FUNCTION, **more}


def _token(**more: Any) -> Json:
    return {"Type": "Task", "Resource": _SEND, "Parameters": _SENT, **more}


def _map(processor: Json, **more: Any) -> Json:
    return {"Type": "Map", "ItemProcessor": processor, **more}


def _distributed(processor: Json, kind: str = "STANDARD", **more: Any) -> Json:
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    return {"Type": "Map", "Label": "each", "ItemProcessor": config | processor, **more}


_PASS = {"Type": "Pass"}
_LATE = _chain(Late=_task())
_READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSON"},
    "Parameters": {"Bucket": "in", "Key": "items.json"},
}
_WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "p"}}
_SLOW = [{"ErrorEquals": ["Slow"], "IntervalSeconds": 600, "MaxAttempts": 2, "BackoffRate": 2.0}]
_JITTER = [{**_SLOW[0], "JitterStrategy": "FULL"}]
_CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "After"}]
_NEST = {
    "Type": "Task",
    "Resource": "arn:aws:states:::states:startExecution.sync:2",
    "Parameters": {
        "StateMachineArn": f"{MACHINES}:child",
        "Input": {"n": 1},
        "Name": "nested",
    },
}
_LOOP = _chain(
    Begin={"Type": "Pass", "Result": {"n": 0}},
    Count={"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}},
    Enough={
        "Type": "Choice",
        "Choices": [{"Variable": "$.n", "NumericLessThan": 1000, "Next": "Count"}],
        "Default": "Open",
    },
    Open=_task(),
    Again=_PASS,
)
_JSONATA = {
    "QueryLanguage": "JSONata",
    "StartAt": "Draw",
    "States": {
        "Draw": {
            "Type": "Pass",
            "Assign": {"id": "{% $uuid() %}", "share": "{% $random() %}", "n": "{% $states.input.n %}"},
            "Next": "Open",
        },
        "Open": {
            "Type": "Task",
            "Resource": FUNCTION,
            "Arguments": {"n": "{% $n + 1 %}", "id": "{% $id %}"},
            "Output": "{% $merge([$states.result, {'share': $share}]) %}",
            "Assign": {"n": "{% $n + 10 %}"},
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": "{% $n %}", "Next": "Choose"},
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $n > 5 %}", "Next": "End", "Assign": {"big": True}}],
            "Default": "Nothing",
        },
        "End": {"Type": "Pass", "Output": "{% {'n': $n, 'big': $big, 'again': $uuid()} %}", "End": True},
        "Nothing": {"Type": "Fail"},
    },
}
_PARALLEL = {
    "Type": "Parallel",
    "Branches": [
        _chain(Done=_task()),
        _chain(Rest={"Type": "Wait", "Seconds": 600}, Rested=_PASS),
        _chain(Open=_task(), Then={"Type": "Wait", "Seconds": 30}),
    ],
}
_FAILING_PARALLEL = {
    "Type": "Parallel",
    "Branches": [_chain(Open_Fail=_task()), _chain(Rest={"Type": "Wait", "Seconds": 600})],
    "Catch": _CATCH,
}

KINDS: Mapping[str, Kind] = {
    "wait": Kind(_chain(Rest={"Type": "Wait", "Seconds": 3600}, After=_PASS), {"a": 1}),
    "task-open": Kind(_chain(Open=_task(), After=_task()), {"a": 1}),
    "heartbeat": Kind(
        _chain(Open=_token(HeartbeatSeconds=60, TimeoutSeconds=600), After=_PASS), then=("heartbeat",)
    ),
    "token": Kind(_chain(Open=_token(ResultPath="$.answer"), After=_task())),
    "held": Kind(_chain(Open_Call=_token()), then=("hold",)),
    "activity-offered": Kind(_chain(Open={"Type": "Task", "Resource": f"{ACTIVITY}-offered"})),
    "activity-taken": Kind(
        _chain(Open={"Type": "Task", "Resource": f"{ACTIVITY}-taken"}, After=_PASS), then=("poll",)
    ),
    "retry": Kind(_chain(Once=_task(Retry=_SLOW), After=_PASS), {"a": 1}),
    "jitter": Kind(_chain(Once=_task(Retry=_JITTER), After=_PASS), {"a": 1}),
    "parallel": Kind(_chain(Fork=_PARALLEL, After=_PASS), {"a": 1}),
    "parallel-to-fail": Kind(_chain(Fork=_FAILING_PARALLEL, After=_PASS), {"a": 1}),
    "inline-map": Kind(
        _chain(Each=_map(_LATE, MaxConcurrency=2), After=_PASS),
        [1, 2, 3, 4, 5],
    ),
    "tolerant-map": Kind(
        _chain(
            Each=_map(_chain(Odd=_task(), Late=_task()), ToleratedFailurePercentage=60, ItemsPath="$.items"),
        ),
        {"items": [1, 2, 3, 4, 5]},
    ),
    "nested-maps": Kind(
        _chain(
            Outer=_map(
                _chain(
                    Inner=_map(_LATE, ItemSelector={"n.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index"})
                )
            )
        ),
        [[1, 2], [3, 1], [4]],
    ),
    "distributed": Kind(
        _chain(
            Each=_distributed(_chain(Odd=_task(), Late=_task()), ToleratedFailureCount=3, MaxConcurrency=4)
        ),
        [1, 2, 3, 4, 6, 8],
    ),
    "distributed-express": Kind(_chain(Each=_distributed(_LATE, "EXPRESS"), After=_PASS), [1, 2, 3]),
    "batches": Kind(
        _chain(
            Each=_distributed(_LATE, ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"b": 1}}),
        ),
        [1, 2, 3, 4, 5],
    ),
    "reader": Kind(_chain(Each=_distributed(_LATE, ItemReader=_READER), After=_PASS)),
    "writer": Kind(_chain(Each=_distributed(_LATE, ItemReader=_READER, ResultWriter=_WRITER), After=_PASS)),
    "updated-map-run": Kind(
        _chain(Each=_distributed(_LATE, MaxConcurrency=1)), [1, 3, 4, 5], then=("update",)
    ),
    "nested-execution": Kind(_chain(Nest=_NEST, After=_PASS), {"a": 1}),
    "child": Kind(_chain(Rest={"Type": "Wait", "Seconds": 900}, Open=_task())),
    "redriven": Kind(_chain(Once=_task(), Open=_task(), After=_PASS), {"a": 1}, then=("redrive",)),
    "redriven-map-run": Kind(
        _chain(Each=_distributed(_chain(Once=_task(), Open=_task()), MaxConcurrency=1)),
        [2, 4],
        then=("redrive",),
    ),
    "jsonata": Kind(_JSONATA, {"n": 1}),
    "timeout": Kind(_chain(Open_never=_task(TimeoutSeconds=300, Catch=_CATCH), After=_PASS), {"a": 1}),
    "execution-timeout": Kind(
        {**_chain(Rest={"Type": "Wait", "Seconds": 7200}), "TimeoutSeconds": 3600}, {"a": 1}
    ),
    "loop": Kind(_LOOP),
    "alias": Kind(_chain(Open=_task(), After=_PASS), {"a": 1}, then=("alias",)),
    "express": Kind(_chain(Open=_task()), {"a": 1}, then=("express",)),
    "to-be-caught": Kind(_chain(Open_Fail=_task(Catch=_CATCH), Between=_PASS, After=_PASS), {"a": 1}),
    "no-choice": Kind(
        _chain(
            Open=_task(),
            Choose={
                "Type": "Choice",
                "Choices": [{"Variable": "$.a", "NumericEquals": 2, "Next": "Other"}],
            },
            Other=_PASS,
        ),
        {"a": 1},
    ),
    "no-choice-in-parallel": Kind(
        _chain(
            Fork={
                "Type": "Parallel",
                "Branches": [
                    _chain(
                        Open=_task(),
                        Choose={
                            "Type": "Choice",
                            "Choices": [{"Variable": "$.a", "NumericEquals": 2, "Next": "Other"}],
                        },
                        Other=_PASS,
                    )
                ],
                "Catch": _CATCH,
            },
            After=_PASS,
        ),
        {"a": 1},
    ),
    "intrinsic-to-fail": Kind(
        _chain(
            Open=_task(Parameters={"t": "no JSON"}),
            Fork={
                "Type": "Parallel",
                "Branches": [
                    _chain(Read={"Type": "Pass", "Parameters": {"v.$": "States.StringToJson($.t)"}})
                ],
                "Catch": _CATCH,
            },
            After=_PASS,
        ),
        {"a": 1},
    ),
    "intrinsic-failed-and-waits": Kind(
        _chain(
            Fork={
                "Type": "Parallel",
                "Branches": [
                    _chain(Read={"Type": "Pass", "Parameters": {"v.$": "States.StringToJson($.t)"}})
                ],
                "Catch": [{"ErrorEquals": ["States.IntrinsicFailure"], "Next": "Open"}],
            },
            Open=_task(),
        ),
        {"t": "no JSON"},
    ),
    "no-choice-and-waits": Kind(
        _chain(
            Fork={
                "Type": "Parallel",
                "Branches": [
                    _chain(
                        Choose={
                            "Type": "Choice",
                            "Choices": [{"Variable": "$.a", "NumericEquals": 2, "Next": "Other"}],
                        },
                        Other=_PASS,
                    )
                ],
                "Catch": [{"ErrorEquals": ["States.NoChoiceMatched"], "Next": "Open"}],
            },
            Open=_task(),
        ),
        {"a": 1},
    ),
    "stopped": Kind(_chain(Fork=_PARALLEL), {"a": 1}, then=("stop",)),
    "failed": Kind(_chain(Fail_it=_task()), {"a": 1}),
}
