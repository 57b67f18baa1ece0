"""Forks and keys: what a copy of an execution is, and which executions count as the same."""

from __future__ import annotations

from typing import Any

import pytest

from step import StateMachine
from step.engine.frames import Frame, Group, Op
from step.engine.kernel import Kernel
from step.engine.key import KEYED, TOLD, Seen, digest, key
from step.engine.program import Program
from step.engine.states.map import MapAttempt
from step.engine.states.parallel import ParallelRun
from step.engine.vocabulary import Input, OpenWork, Start, TaskFailed, TaskSucceeded, TimePassed

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "MaxAttempts": 3, "BackoffRate": 1}


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": FUNCTION, **({"End": True} if "Next" not in more else {}), **more}


def branches(*states: dict[str, Any]) -> dict[str, Any]:
    bodies = [{"StartAt": f"B{n}", "States": {f"B{n}": state}} for n, state in enumerate(states)]
    return {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": bodies, "End": True}}}


@pytest.fixture
def begin(engine: Any) -> Any:
    def begun(definition: dict[str, Any], value: Any = None) -> Kernel:
        program = Program.from_definition(StateMachine.from_json(definition).definition)
        kernel = Kernel(program, engine.info_of(value or {}), None)
        kernel.handle(Start(value or {}), kernel.now)
        return kernel

    return begun


def told(kernel: Kernel, *steps: tuple[Input, int]) -> Kernel:
    """Give a copy of a kernel some inputs, each so many seconds after the start."""
    twin = kernel.fork()
    for item, seconds in steps:
        twin.handle(item, twin.info.start_ms + seconds * 1000)
    return twin


@pytest.mark.parametrize("cls", [Kernel, Frame, OpenWork, Op, Group, ParallelRun, MapAttempt])
def test_every_slot_is_in_the_key_or_among_what_is_only_told(cls: type) -> None:
    slots = {*cls.__dict__["__slots__"]}
    keyed, only_told = KEYED[cls.__name__], TOLD[cls.__name__]

    assert slots == keyed | {*only_told}
    assert not keyed & {*only_told}


def test_a_fork_goes_on_without_the_one_it_came_from(begin: Any) -> None:
    kernel = begin(branches(task(), task()))
    before = key(kernel)

    twin = told(kernel, (TaskSucceeded(2, "a"), 0), (TaskSucceeded(3, "b"), 0))

    assert (twin.status, twin.output) == ("SUCCEEDED", ["a", "b"])
    assert key(kernel) == before
    assert sorted(kernel.ops) == [2, 3]


def test_a_fork_has_a_history_of_its_own(begin: Any) -> None:
    twin = told(
        begin({"StartAt": "A", "States": {"A": task(Next="B"), "B": task()}}), (TaskSucceeded(1, 1), 0)
    )

    assert twin.history.path == ["B"]


def test_ways_that_lead_to_the_same_have_one_key(begin: Any) -> None:
    definition = {
        "StartAt": "A",
        "States": {
            "A": task(Retry=[RETRY], ResultPath=None, Next="W"),
            "W": {"Type": "Wait", "Seconds": 9, "End": True},
        },
    }
    kernel = begin(definition)

    at_once = told(kernel, (TaskSucceeded(1, 1), 0))
    at_the_third_attempt = told(
        kernel,
        (TaskFailed(1, "E", None), 0),
        (TimePassed(), 5),
        (TaskFailed(3, "E", None), 5),
        (TimePassed(), 10),
        (TaskSucceeded(5, 1), 10),
    )

    assert key(at_once) == key(at_the_third_attempt)
    assert key(at_once, Seen(time=True)) != key(at_the_third_attempt, Seen(time=True))
    assert key(at_once, Seen(invocations=True)) != key(at_the_third_attempt, Seen(invocations=True))


def test_an_attempt_that_is_under_way_has_a_key_of_its_own(begin: Any) -> None:
    kernel = begin({"StartAt": "A", "States": {"A": task(Retry=[RETRY])}})

    again = told(kernel, (TaskFailed(1, "E", None), 0), (TimePassed(), 5))

    assert key(again) != key(kernel)


def test_the_order_in_which_branches_took_their_answers_is_no_part_of_the_key(begin: Any) -> None:
    kernel = begin(branches(task(), task(), task()))

    one = told(kernel, (TaskSucceeded(2, "a"), 0), (TaskSucceeded(4, "c"), 0))
    other = told(kernel, (TaskSucceeded(4, "c"), 0), (TaskSucceeded(2, "a"), 0))

    assert key(one) == key(other)
    assert digest(key(one)) == digest(key(other))


def test_a_value_and_one_that_python_calls_equal_are_not_the_same(begin: Any) -> None:
    kernel = begin({"StartAt": "A", "States": {"A": task(Next="B"), "B": task()}})

    digests = {digest(key(told(kernel, (TaskSucceeded(1, value), 0)))) for value in (1, 1.0, True)}

    assert len(digests) == 3


def test_a_text_that_is_there_twice_is_the_same_as_two_texts(begin: Any) -> None:
    kernel = begin({"StartAt": "A", "States": {"A": task(Next="B"), "B": task()}})
    text = "".join(["a b", " c"])

    shared = told(kernel, (TaskSucceeded(1, [text, text]), 0))
    apart = told(kernel, (TaskSucceeded(1, ["a b c", "".join(["a ", "b c"])]), 0))

    assert digest(key(shared)) == digest(key(apart))
