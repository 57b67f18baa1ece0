"""The machines that are measured, each beside the plain loop that does the same job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from step import StateMachine
from step.engine.quotas import Quotas
from step.machine.execution import Execution

INCREMENT = "arn:aws:lambda:us-east-1:123456789012:function:increment"
# STANDARD's quotas but for the number of events, for what a STANDARD execution has no room for.
LONG = Quotas(history_events=10_000_000)


class Case(NamedTuple):
    """A machine, its input, and the same job as a plain loop; ``transitions`` are the states it enters."""

    definition: dict[str, Any]
    input: dict[str, Any]
    plain: Callable[[], object]
    transitions: int
    handler: Callable[[Any], object] | None = None

    def machine(self) -> StateMachine:
        machine = StateMachine.from_json(self.definition)
        if self.handler is not None:
            machine.set_resource_function(INCREMENT, self.handler)
        return machine

    def job(self, quotas: Quotas | None = None) -> Callable[[], Execution]:
        """Give what runs one whole execution; make sure that it does its job."""
        machine, value, limits = self.machine(), self.input, quotas or Quotas()

        def run() -> Execution:
            return machine.execute(value, quotas=limits)

        execution = run()
        assert execution.status == "SUCCEEDED", (execution.status, execution.error, execution.cause)
        assert execution.output == self.plain(), "the machine and the plain loop differ"
        assert len(execution.path) == self.transitions, (len(execution.path), self.transitions)
        return run


# The handlers have no annotations: nothing is decoded or encoded for them.
def increment(event):  # type: ignore[no-untyped-def]  # an annotation would ask for decoding
    return {"i": event["i"] + 1}


def increment_with_payload(event):  # type: ignore[no-untyped-def]  # as above
    return {"i": event["i"] + 1, "payload": event["payload"]}


def choice_loop(count: int) -> Case:
    """Count with intrinsics: per iteration a Choice and a Pass."""

    def plain() -> object:
        value = {"i": 0}
        while value["i"] < count:
            value = {"i": value["i"] + 1}
        return value

    body = {"Type": "Pass", "Parameters": {"i.$": "States.MathAdd($.i, 1)"}, "Next": "Check"}
    return Case(_loop(count, body), {"i": 0}, plain, 2 * count + 2)


def handler_loop(count: int) -> Case:
    """Count with a handler: per iteration a Choice and a Task. The plain loop calls the same function."""

    def plain() -> object:
        value = {"i": 0}
        while value["i"] < count:
            value = increment(value)  # type: ignore[no-untyped-call]  # see above
        return value

    body = {"Type": "Task", "Resource": INCREMENT, "Next": "Check"}
    return Case(_loop(count, body), {"i": 0}, plain, 2 * count + 2, increment)


def payload_loop(count: int, kilobytes: int, *, has_handler: bool) -> Case:
    """Count as before, and carry a payload through every state."""
    first: dict[str, Any] = {"i": 0, "payload": _payload(kilobytes)}

    def plain() -> object:
        value = first
        while value["i"] < count:
            value = {"i": value["i"] + 1, "payload": value["payload"]}
        return value

    def plain_with_handler() -> object:
        value = first
        while value["i"] < count:
            value = increment_with_payload(value)  # type: ignore[no-untyped-call]  # see above
        return value

    if has_handler:
        body: dict[str, Any] = {"Type": "Task", "Resource": INCREMENT, "Next": "Check"}
        return Case(_loop(count, body), first, plain_with_handler, 2 * count + 2, increment_with_payload)
    template = {"i.$": "States.MathAdd($.i, 1)", "payload.$": "$.payload"}
    body = {"Type": "Pass", "Parameters": template, "Next": "Check"}
    return Case(_loop(count, body), first, plain, 2 * count + 2)


def map_over(count: int) -> Case:
    """Give every item the number that follows it."""
    items = [{"i": number} for number in range(count)]

    def plain() -> object:
        return [{"i": item["i"] + 1} for item in items]

    body = {"Type": "Pass", "Parameters": {"i.$": "States.MathAdd($.i, 1)"}, "End": True}
    processor = {"StartAt": "Increment", "States": {"Increment": body}}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    return Case({"StartAt": "Each", "States": {"Each": each}}, {"items": items}, plain, count + 1)


def parallel(branches: int, count: int) -> Case:
    """Count in several branches at once."""

    def plain() -> object:
        results = []
        for _ in range(branches):
            value = {"i": 0}
            while value["i"] < count:
                value = {"i": value["i"] + 1}
            results.append(value)
        return results

    body = {"Type": "Pass", "Parameters": {"i.$": "States.MathAdd($.i, 1)"}, "Next": "Check"}
    inner = [_loop(count, body, f" {number}") for number in range(branches)]
    at_once = {"Type": "Parallel", "Branches": inner, "End": True}
    transitions = branches * (2 * count + 2) + 1
    return Case({"StartAt": "AtOnce", "States": {"AtOnce": at_once}}, {"i": 0}, plain, transitions)


def _loop(count: int, body: dict[str, Any], suffix: str = "") -> dict[str, Any]:
    # State names are unique in a whole definition, hence the suffix in branches.
    check, increment, done = f"Check{suffix}", f"Increment{suffix}", f"Done{suffix}"
    rule = {"Variable": "$.i", "NumericLessThan": count, "Next": increment}
    states = {
        check: {"Type": "Choice", "Choices": [rule], "Default": done},
        increment: {**body, "Next": check},
        done: {"Type": "Succeed"},
    }
    return {"StartAt": check, "States": states}


def _payload(kilobytes: int) -> list[dict[str, Any]]:
    return list(_orders(kilobytes * 10))


def _orders(count: int) -> Iterator[dict[str, Any]]:
    # About 102 bytes of JSON each, in small values of every type.
    for number in range(count):
        yield {
            "id": f"order-{number:04}",
            "quantity": number % 7,
            "price": 12.5,
            "is_paid": number % 2 == 0,
            "note": None,
            "tags": ["fresh", "warm"],
        }
