"""Who answers an explored task: handlers, on a copy of the world.

Knows no machine: it is given what performs a task.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from step.engine.key import digest, without
from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSucceeded
from step.errors import StepError
from step.jsonvalue import JSONValue
from step.tasks import encode

# Does a task's work in a world, which it may change: what to tell the kernel, and after how many ms;
# None: nobody answers.
Perform = Callable[[StartTask, Any], "tuple[list[Input], int] | None"]
# Changes the world as a task that succeeded would: (world, what the task was given, its result)
Effect = Callable[[Any, JSONValue, JSONValue], object]
# What every message of a TaskFn carries; most handlers don't look at it.
_CONTEXT, _ENTERED, _STARTED = "Context", "EnteredTime", "StartTime"


class Held(NamedTuple):
    """A world that nobody changes any more.

    Attributes:
        world: The world.
        key: What it is, as a digest.
        name: The same without what is left out.
    """

    world: Any
    key: bytes
    name: bytes


class Reply(NamedTuple):
    """What a handler answers, and the world that it leaves."""

    items: tuple[Input, ...]
    delay_ms: int
    held: Held | None


class Replies:
    """Lets tasks be answered, each question once.

    Args:
        perform: Does a task's work.
        effects: What a task that succeeds changes in the world, by state.
        sees_time: Whether handlers are told when their states were entered.
        by_invocation: Whether a list of answers is attached, one for each time that a state is asked.
        leave_out: The names of fields of the world that make no difference.
    """

    def __init__(
        self,
        perform: Perform,
        effects: Mapping[str, Effect],
        *,
        sees_time: bool = False,
        by_invocation: bool = False,
        leave_out: Collection[str] = (),
    ) -> None:
        self._perform = perform
        self._effects = effects
        self._sees_time = sees_time
        self._by_invocation = by_invocation
        self._leave_out = leave_out
        self._known: dict[bytes, Reply | None] = {}
        # The states whose handlers answered otherwise at another time.
        self.timely: set[str] = set()

    def answer(self, task: StartTask, held: Held | None) -> Reply | None:
        """Ask a task's handler; None: nobody answers."""
        payload = task.payload if self._sees_time else _timeless(task.payload)
        count = task.invocation if self._by_invocation else 0
        told = (task.state, task.resource, payload, task.attempt, task.branch, count, held and held.key)
        known = digest(told)
        if known not in self._known:
            asked = task._replace(op=0, payload=payload, token=task.token and "TOKEN")
            answer = self._ask(asked, held)
            if payload is not task.payload and answer is not None:
                self._compare(asked, held, answer)
            self._known[known] = answer
        answer = self._known[known]
        if answer is None:
            return None
        items = tuple(item._replace(op=task.op) for item in answer.items)  # type: ignore[call-arg]  # all name it
        # What didn't change stays the same object.
        left = held if answer.held is None or (held and answer.held.key == held.key) else answer.held
        return Reply(items, answer.delay_ms, left)

    def _ask(self, task: StartTask, held: Held | None) -> Reply | None:
        world = copied(held.world) if held else None
        done = self._perform(task, world)
        if done is None:
            return None
        items, delay_ms = done
        effect = self._effects.get(task.state)
        if effect is not None and isinstance(items[-1], TaskSucceeded):
            effect(world, input_of(task.payload), items[-1].output)
        return Reply(tuple(items), delay_ms, hold(world, self._leave_out) if held else None)

    def _compare(self, task: StartTask, held: Held | None, answer: Reply) -> None:
        """Ask once more as if the state had been entered at another time."""
        payload: Any = task.payload
        context = {**payload[_CONTEXT], _ENTERED: "2001-02-03T04:05:06.789Z"}
        other = self._ask(task._replace(payload={**payload, _CONTEXT: context}), held)
        if other is None or _told(other) != _told(answer):
            self.timely.add(task.state)


def _told(answer: Reply) -> list[Any]:
    # A cause may have the message in it.
    items = [item[1:2] if isinstance(item, TaskFailed) else item[1:] for item in answer.items]
    return [*items, answer.held and answer.held.key]


def hold(world: Any, leave_out: Collection[str] = ()) -> Held | None:
    """Hold a world; None: there is none."""
    if world is None:
        return None
    told = world_key(world)
    key = digest(told)
    return Held(world, key, digest(without(told, leave_out)) if leave_out else key)


def _timeless(payload: JSONValue) -> JSONValue:
    """Let the message of a TaskFn say that its state was entered when the execution began."""
    if not isinstance(payload, dict) or "Task" not in payload:
        return payload
    context = payload.get(_CONTEXT)
    if not isinstance(context, dict) or _ENTERED not in context:
        return payload
    return {**payload, _CONTEXT: {**context, _ENTERED: context.get(_STARTED)}}


def input_of(payload: JSONValue) -> JSONValue:
    """Give a task's input: of a TaskFn's message what its handler gets."""
    is_message = isinstance(payload, dict) and "Task" in payload and _CONTEXT in payload
    return payload["Input"] if is_message and isinstance(payload, dict) else payload


def copied(world: Any) -> Any:
    """Copy a world: by its own ``copy``, or deeply."""
    own = getattr(world, "copy", None)
    return own() if callable(own) and not isinstance(world, dict | list) else copy.deepcopy(world)


def world_key(world: Any) -> Any:
    """Say what a world is: by its own ``key``, or as the JSON that it can be written as.

    Raises:
        StepError: it is neither.
    """
    own = getattr(world, "key", None)
    if callable(own):
        return own()
    try:
        return encode(world)
    except TypeError as error:
        raise StepError(
            f"the world, a {type(world).__name__}, can't be compared: {error}; give it a method key() that "
            "says by JSON values and tuples what is different about it"
        ) from error


def ends_by_itself(resource: str) -> bool:
    """Whether a task's own service bounds how long it takes: a Lambda function, a request with its answer."""
    found = Resource.from_text(resource)
    return found.kind != "activity" and not found.waits_for_token and not found.pattern.startswith("sync")
