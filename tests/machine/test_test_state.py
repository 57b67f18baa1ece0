"""TestState as data: what a state alone answers to a request, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSucceeded
from step.errors import HandlerError, Refused
from step.machine import test_state as api

FOLDER = Path(__file__).parent
START_MS = 1_767_225_600_000
ANSWERS = json.loads((FOLDER / "test_state_answers.json").read_text(encoding="utf-8"))["cases"]
REFUSALS = json.loads((FOLDER / "test_state_refusals.json").read_text(encoding="utf-8"))
ROLE = "arn:aws:iam::123456789012:role/baker"
TASK = {"Type": "Task", "Resource": "arn:aws:states:::shop:order", "End": True}


def ask(definition: Any, params: dict[str, Any] | None = None, **ports: Any) -> dict[str, Any]:
    """Send a request whose JSON texts are given decoded; decode those of the answer."""
    request: dict[str, Any] = {"inspectionLevel": "DEBUG", "definition": json.dumps(definition)}
    request |= {name: encoded(name, value) for name, value in (params or {}).items()}
    answer: dict[str, Any] = dict(api.test_state(request, start_ms=START_MS, **ports))
    told = answer.get("inspectionData", {})
    for texts in (answer, told):
        for name in texts.keys() & {*told, "output"}:
            texts[name] = json.loads(texts[name]) if isinstance(texts[name], str) else texts[name]
    return answer


def encoded(name: str, value: Any) -> Any:
    if name == "mock" and "result" in value:
        return {**value, "result": json.dumps(value["result"])}
    return json.dumps(value) if name in ("input", "variables", "context") else value


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in ANSWERS])
def test_answer(case: dict[str, Any]) -> None:
    answer = ask(case.get("state") or case["machine"], {"input": case["input"], **case.get("params", {})})

    told = answer.pop("inspectionData", None)
    cause = answer.pop("cause", None) if "cause_says" in case else None
    assert answer == case["answer"]
    assert told == ({"input": case["input"], **case["inspect"]} if "inspect" in case else None)
    assert cause is None or cause.startswith(case["cause_says"])


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in REFUSALS["cases"]])
def test_refusal(case: dict[str, Any]) -> None:
    request = dict(case["params"])
    if "of" in case:
        request["definition"] = json.dumps(REFUSALS["definitions"][case["of"]])

    with pytest.raises(Refused) as refused:
        api.test_state(request)

    assert refused.value.code == case["code"]
    assert case.get("message") in (None, refused.value.message)


# ---------------------------------------------------------------- a Task whose work is done


def test_task_without_a_mock_is_done_by_whoever_does_the_work() -> None:
    def perform(task: StartTask) -> tuple[list[Input], int]:
        return [TaskSucceeded(task.op, {"got": task.payload})], 0

    answer = ask({**TASK, "ResultPath": "$.b"}, {"input": {"a": 1}, "roleArn": ROLE}, perform=perform)

    assert answer["output"] == {"a": 1, "b": {"got": {"a": 1}}}
    assert answer["inspectionData"]["result"] == {"got": {"a": 1}}


@pytest.mark.parametrize(
    ("delay_ms", "fields", "expected"),
    [
        (0, {}, ("FAILED", "Burnt")),
        (0, {"Retry": [{"ErrorEquals": ["Burnt"]}]}, ("RETRIABLE", "Burnt")),
        (2000, {"TimeoutSeconds": 1}, ("FAILED", "States.Timeout")),
        (301_000, {}, ("FAILED", "States.Timeout")),
    ],
    ids=["fails", "would be tried again", "is too slow", "is too slow for a test"],
)
def test_work_that_fails(delay_ms: int, fields: dict[str, Any], expected: tuple[str, str]) -> None:
    def perform(task: StartTask) -> tuple[list[Input], int]:
        return [TaskFailed(task.op, "Burnt", None)], delay_ms

    answer = ask({**TASK, **fields}, {"roleArn": ROLE}, perform=perform)

    assert (answer["status"], answer["error"]) == expected


def test_task_that_nobody_answers_takes_five_minutes() -> None:
    assert ask(TASK, {"roleArn": ROLE}, perform=lambda task: None)["error"] == "States.Timeout"


def test_task_without_mock_and_worker_is_the_callers_mistake() -> None:
    with pytest.raises(HandlerError, match="nobody does the work of arn:aws:states:::shop:order"):
        ask(TASK, {"roleArn": ROLE})


def test_what_a_stage_gave_is_what_the_state_went_on_with() -> None:
    payloads: list[Any] = []

    def perform(task: StartTask) -> tuple[list[Input], int]:
        payloads.append(task.payload)
        return [TaskSucceeded(task.op, 1)], 0

    answer = ask({**TASK, "Parameters": {"id.$": "States.UUID()"}}, {"roleArn": ROLE}, perform=perform)

    assert payloads == [answer["inspectionData"]["afterParameters"]]


AGENT = "User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1"
HTTP_TASK: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::http:invoke",
    "Parameters": {
        "Method": "POST",
        "ApiEndpoint": "https://shop.example/orders",
        "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/shop/1"},
        "Headers": {"X-Order": "7"},
        "QueryParameters": {"now": "yes"},
        "RequestBody": {"bread": 1},
    },
    "End": True,
}


@pytest.mark.parametrize(
    ("result", "response"),
    [
        (
            {
                "Headers": {"date": ["today"]},
                "ResponseBody": {"ok": True},
                "StatusCode": 200,
                "StatusText": "OK",
            },
            {"statusCode": "200", "statusMessage": "OK", "headers": "[date: today]", "body": '{"ok":true}'},
        ),
        (TaskFailed(0, "States.Http.StatusCode.404", "none"), {"statusCode": "404", "body": "none"}),
        (TaskFailed(0, "States.Http.Socket", "nobody"), None),
    ],
    ids=["answered", "refused", "unreachable"],
)
def test_trace_tells_of_an_http_exchange(result: Any, response: dict[str, Any] | None) -> None:
    def perform(task: StartTask) -> tuple[list[Input], int]:
        is_failed = isinstance(result, TaskFailed)
        return [result._replace(op=task.op) if is_failed else TaskSucceeded(task.op, result)], 0

    inspected = ask(HTTP_TASK, {"roleArn": ROLE, "inspectionLevel": "TRACE"}, perform=perform)[
        "inspectionData"
    ]

    assert inspected["request"] == {
        "protocol": "https",
        "method": "POST",
        "url": "https://shop.example/orders?now=yes",
        "headers": f"[X-Order: 7, {AGENT}, Range: bytes=0-262144]",
        "body": '{"bread":1}',
    }
    assert inspected.get("response") == (response and {"protocol": "https"} | response)


# ---------------------------------------------------------------- a mocked result against its API


class Fake:
    """A shape of an API, built by hand."""

    def __init__(self, kind: Any, **given: Any) -> None:
        self.kind = kind
        self.members: dict[str, Any] = given.get("members", {})
        self.required: list[str] = given.get("required", [])
        self.element: Any = given.get("element")
        self.words: list[str] = given.get("words", [])
        self.least: float | None = given.get("least")
        self.most: float | None = given.get("most")


TEXT = Fake("string", least=1, most=3)
ORDER = Fake(
    "structure",
    required=["Id"],
    members={
        "Id": TEXT,
        "Kind": Fake("string", words=["RYE", "SPELT"]),
        "Grams": Fake("number", least=1, most=10),
        "Sliced": Fake("boolean"),
        "Seeds": Fake("list", element=TEXT, most=2),
        "Notes": Fake("map", element=TEXT),
        "Baker": Fake("structure", required=["Name"], members={"Name": TEXT}),
    },
)


def shapes(service: str, action: str) -> Any:
    return ORDER if (service, action) == ("shop", "order") else None


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({}, "Required field 'Id' is missing"),
        ({"Id": 1}, "Field 'Id' must be a string"),
        ({"Id": ""}, "Field 'Id' is smaller than the minimum length"),
        ({"Id": "four"}, "Field 'Id' exceeds the maximum length"),
        ({"Id": "1", "Kind": "OAT"}, "Field 'Kind' is not an expected value"),
        ({"Id": "1", "Grams": "5"}, "Field 'Grams' must be a number"),
        ({"Id": "1", "Grams": True}, "Field 'Grams' must be a number"),
        ({"Id": "1", "Grams": 0}, "Field 'Grams' is less than the minimum value"),
        ({"Id": "1", "Grams": 10.5}, "Field 'Grams' exceeds the maximum value"),
        ({"Id": "1", "Sliced": "no"}, "Field 'Sliced' must be a boolean"),
        ({"Id": "1", "Seeds": {}}, "Field 'Seeds' must be an array"),
        ({"Id": "1", "Seeds": ["a", 2]}, "Field 'Seeds' must be a string"),
        ({"Id": "1", "Seeds": ["a", "b", "c"]}, "Field 'Seeds' exceeds the maximum length"),
        ({"Id": "1", "Notes": []}, "Field 'Notes' must be an object"),
        ({"Id": "1", "Notes": {"k": 1}}, "Field 'k' must be a string"),
        ({"Id": "1", "Baker": {}}, "Required field 'Name' is missing"),
        ([], "Field 'result' must be an object"),
    ],
)
def test_mocked_result_must_be_one_that_the_api_could_give(result: Any, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        ask(TASK, {"mock": {"result": result}}, output_shape=shapes)

    assert refused.value.message == f"Mock result schema validation error: {problem}"


@pytest.mark.parametrize(
    ("resource", "mock"),
    [
        ("shop:order", {"result": {"Id": "1", "Unheard": "of", "Grams": 5, "Notes": {"k": "v"}}}),
        ("shop:order", {"result": {"Baker": {}}, "fieldValidationMode": "PRESENT"}),
        ("shop:order", {"result": {"Id": 1}, "fieldValidationMode": "NONE"}),
        ("shop:cancel", {"result": {"Id": 1}}),
        ("shop:order.waitForTaskToken", {"result": {"Id": 1}}),
    ],
    ids=["fits", "lacks what it needs not have", "isn't checked", "is unknown", "comes with a token"],
)
def test_mocked_result_that_is_let_through(resource: str, mock: dict[str, Any]) -> None:
    definition = {**TASK, "Resource": f"arn:aws:states:::{resource}"}

    assert ask(definition, {"mock": mock}, output_shape=shapes)["output"] == mock["result"]


def test_mocked_job_gives_what_is_polled() -> None:
    asked: list[tuple[str, str]] = []
    definition = {**TASK, "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {}}

    ask(definition, {"mock": {"result": {}}}, output_shape=lambda *names: asked.append(names))

    assert asked == [("states", "describeExecution")]


def test_function_gives_any_json_as_its_payload() -> None:
    definition = {
        **TASK,
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f"},
    }
    invoked = Fake("structure", members={"Payload": TEXT})

    answer = ask(definition, {"mock": {"result": {"Payload": {"a": 1}}}}, output_shape=lambda *_: invoked)

    assert answer["status"] == "SUCCEEDED"
