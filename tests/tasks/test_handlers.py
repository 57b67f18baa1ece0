"""The Lambda's entry: messages in, results or exceptions out; and the shapes a handler may have."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from step.errors import HandlerError
from step.jsonvalue import JSONValue
from step.tasks import DecodeError, Handler, TaskContext, TaskError, TaskHandlers, UnknownTaskError

if TYPE_CHECKING:
    from decimal import Decimal

CONTEXT: JSONValue = {
    "Execution": "arn:aws:states:us-east-1:123456789012:execution:Bread:one",
    "StartTime": "2026-01-01T00:00:00.000Z",
    "EnteredTime": "2026-01-01T12:00:00.500Z",
    "RetryCount": 1,
}


class FakeLambdaContext:
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:bread"
    aws_request_id = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 2500


@dataclass(frozen=True)
class Dough:
    grams: int = 0


class OvenBroken(Exception):  # noqa: N818 - named as a definition would name it
    pass


def test_message_goes_to_the_handler_of_its_task() -> None:
    handlers = TaskHandlers()

    @handlers.task("Mix&Knead", "MixAgain")
    def mix(dough: Dough) -> Dough:
        return Dough(dough.grams + 140)

    @handlers.task
    def Rise(dough: Dough) -> str:  # noqa: N802 - a state's name
        return f"{dough.grams} g"

    assert handlers({"Task": "Mix&Knead", "Input": {"grams": 1}}, None) == {"grams": 141}
    assert handlers({"Task": "MixAgain", "Input": {}}, None) == {"grams": 140}
    assert handlers({"Task": "Rise", "Input": {}}, None) == "0 g"
    assert mix(Dough(2)) == Dough(142)
    assert list(handlers.tasks) == ["Mix&Knead", "MixAgain", "Rise"]


def test_context_tells_execution_state_attempt_and_invocation() -> None:
    handlers = TaskHandlers()
    seen: list[TaskContext] = []

    @handlers.task("Bake")
    def bake(dough: Dough, context: TaskContext) -> None:
        seen.append(context)

    before = datetime.now(UTC)
    handlers({"Task": "Bake", "Input": {}, "Context": CONTEXT}, FakeLambdaContext())

    (context,) = seen
    assert context.task == "Bake"
    assert context.execution == "arn:aws:states:us-east-1:123456789012:execution:Bread:one"
    assert context.start_time == datetime(2026, 1, 1, tzinfo=UTC)
    assert context.entered_time == datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)
    assert context.attempt == 2
    assert context.function_arn == FakeLambdaContext.invoked_function_arn
    assert context.request_id == "request-1"
    assert context.remaining_seconds() == 2.5
    assert context.deadline is not None
    assert timedelta(seconds=2.4) < context.deadline - before < timedelta(seconds=30)


@pytest.mark.parametrize("field", [{"Context.$": "$$"}, {"Context": CONTEXT}])
def test_context_may_be_the_whole_context_object(field: dict[str, JSONValue]) -> None:
    from step import StateMachine

    handlers = TaskHandlers()
    seen: list[TaskContext] = []
    handlers.task("Bake")(lambda dough, context: seen.append(context))
    function = "arn:aws:lambda:us-east-1:123456789012:function:bread"
    parameters: JSONValue = {"Task": "Bake", **field}
    bake: JSONValue = {"Type": "Task", "Resource": function, "Parameters": parameters, "End": True}
    machine = StateMachine.from_json({"StartAt": "Bake", "States": {"Bake": bake}}, name="Bread")
    machine.set_resource_function(function, handlers)

    execution = machine.execute(name="one")

    assert execution.status == "SUCCEEDED"
    assert seen[0].execution == "arn:aws:states:us-east-1:123456789012:execution:Bread:one"
    assert seen[0].start_time == datetime(2026, 1, 1, tzinfo=UTC)
    assert seen[0].attempt == (1 if "Context.$" in field else 2)


def test_message_without_context_has_an_empty_one() -> None:
    handlers = TaskHandlers()
    seen: list[TaskContext] = []
    handlers.task("Bake")(lambda dough, context: seen.append(context))

    handlers({"Task": "Bake"}, None)

    assert seen == [TaskContext(task="Bake")]
    assert seen[0].remaining_seconds() is None


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ([], r"\$\.Context: expected dict, got list"),
        ({"RetryCount": "1"}, r"\$\.Context\.RetryCount: expected int, got str"),
        ({"StartTime": "now"}, r"\$\.Context\.StartTime: expected an RFC 3339 timestamp, got str"),
    ],
)
def test_wrong_context_is_refused_with_its_place(context: JSONValue, message: str) -> None:
    handlers = TaskHandlers()
    handlers.task("Bake")(lambda: None)

    with pytest.raises(DecodeError, match=message):
        handlers({"Task": "Bake", "Context": context}, None)


def test_event_without_task_goes_to_the_default_handler_whole() -> None:
    handlers = TaskHandlers()

    @handlers.default
    def anything(event: dict[str, Any], context: TaskContext) -> object:
        return [event, context.task, context.request_id]

    assert handlers({"Records": []}, FakeLambdaContext()) == [{"Records": []}, None, "request-1"]
    with pytest.raises(UnknownTaskError, match="no handler for task 'Bake'; there are handlers for no task"):
        handlers({"Task": "Bake"}, None)


def test_unknown_task_error_names_the_known_tasks() -> None:
    handlers = TaskHandlers()
    handlers.task("Bake", "Eat")(lambda: None)

    with pytest.raises(
        UnknownTaskError, match="no handler for task 'Baek'; there are handlers for 'Bake', 'Eat'"
    ):
        handlers({"Task": "Baek", "Input": {}}, None)
    with pytest.raises(UnknownTaskError, match="the event names no Task"):
        handlers({"Input": {}}, None)


def test_exception_leaves_unchanged() -> None:
    handlers = TaskHandlers()
    broken = OvenBroken("cold")

    @handlers.task("Bake", raises=(OvenBroken, "Oven.Missing"))
    def bake() -> None:
        raise broken

    with pytest.raises(OvenBroken) as caught:
        handlers({"Task": "Bake"}, None)

    assert caught.value is broken
    assert handlers.declared_errors("Bake") == ("OvenBroken", "Oven.Missing")


def test_task_error_leaves_under_the_name_it_gives() -> None:
    handlers = TaskHandlers()

    @handlers.task("Bake")
    def bake() -> None:
        raise TaskError("Oven.Missing", "there is no oven")

    with pytest.raises(Exception, match=r"^there is no oven$") as caught:
        handlers({"Task": "Bake"}, None)

    assert type(caught.value).__name__ == "Oven.Missing"


def test_two_handlers_of_one_task_are_refused() -> None:
    handlers = TaskHandlers()
    handlers.task("Bake")(OvenBroken)
    handlers.default(OvenBroken)

    with pytest.raises(HandlerError, match="task 'Bake' has two handlers: OvenBroken and Dough"):
        handlers.task("Bake")(Dough)
    with pytest.raises(HandlerError, match="two default handlers"):
        handlers.default(Dough)


def test_check_names_every_task_without_handler_and_a_function_that_can_be_none() -> None:
    handlers = TaskHandlers()

    @handlers.task("Mix")
    def mix(a: int, b: int, c: int) -> None: ...

    with pytest.raises(HandlerError, match="no handler for 'Bake', 'Eat'; there are handlers for 'Mix'"):
        handlers.check_tasks(["Mix", "Eat", "Bake"])
    with pytest.raises(
        HandlerError, match=r"handler .*mix: needs a, b, c; it gets an input and a TaskContext"
    ):
        handlers.check_tasks(["Mix"])


async def bake_slowly(dough: Dough) -> int:
    await asyncio.sleep(0)
    return dough.grams


class Kitchen:
    def mix(self, dough: Dough) -> int:
        return dough.grams

    def __call__(self, dough: Dough) -> int:
        return dough.grams


def typed(dough: Dough, context: TaskContext, oven: str = "gas") -> int:
    return dough.grams + context.attempt


def with_setting(dough: Dough, celsius: int = 250) -> int:
    return dough.grams + celsius


def with_default_context(dough: Dough, context: TaskContext = TaskContext(attempt=9)) -> int:  # noqa: B008 - frozen
    return dough.grams + context.attempt


def only_context(context: TaskContext) -> int:
    return context.attempt


def with_unknown_result(dough: Dough) -> Decimal:
    return dough.grams  # type: ignore[return-value]  # only its annotation matters


@functools.wraps(with_setting)
def wrapped(*args: Any) -> int:
    return with_setting(*args)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda: 1, 1),
        (lambda raw: raw["grams"], 7),
        (lambda *args: len(args), 1),
        (typed, 8),
        (with_setting, 257),
        (with_default_context, 8),
        (only_context, 1),
        (with_unknown_result, 7),
        (wrapped, 257),
        (bake_slowly, 7),
        (Kitchen().mix, 7),
        (Kitchen(), 7),
        (functools.partial(with_setting, celsius=1), 8),
        (functools.partial(bake_slowly), 7),
        (len, 1),
    ],
)
def test_function_of_any_shape_is_a_handler(function: Callable[..., object], expected: int) -> None:
    assert Handler(function)({"grams": 7}) == expected


def needs_keyword(dough: Dough, *, oven: str) -> None: ...


def needs_unknown_type(dough: Decimal) -> None: ...


def needs_bytes(dough: bytes) -> None: ...


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (needs_keyword, "handler needs_keyword: needs dough, oven"),
        (needs_unknown_type, "handler needs_unknown_type: name 'Decimal' is not defined; .* at run time"),
        (needs_bytes, "handler needs_bytes: bytes can't be decoded from JSON"),
    ],
)
def test_function_that_can_be_no_handler_is_refused(function: Callable[..., object], message: str) -> None:
    with pytest.raises(HandlerError, match=message):
        Handler(function)({})


def test_async_handler_inside_a_running_loop_is_refused_with_a_reason() -> None:
    async def call() -> JSONValue:
        return Handler(bake_slowly)({})

    with pytest.raises(HandlerError, match="bake_slowly is async, and an event loop runs in this thread"):
        asyncio.run(call())


def test_wrong_result_names_its_place() -> None:
    with pytest.raises(TypeError, match=r"\$\.sizes: set is not a JSON value"):
        Handler(lambda: {"sizes": {1}})({})
