"""Replay recorded executions on a definition, and its handlers beside what they answered then.

Pure: no clock, no IO; handlers come through a port. A thousand histories are a regression suite that nobody
had to write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from step.asl.model import Definition
from step.engine.vocabulary import StartTask, TaskFailed, TaskSucceeded
from step.jsonvalue import JSONValue
from step.paths.compare import Comparison, Parting, difference
from step.paths.redo import MAP_RUN, OTHER_SETTING, Redoer, Redone
from step.paths.walked import RecordedCall, RecordedWalk, walk
from step.view.visits import Event

# Does a task's work; None: there is no handler for it.
Answer = Callable[[StartTask], "TaskSucceeded | TaskFailed | None"]
Verdict = Literal["same", "parts"]
# Failures that no handler makes: a recorded one says nothing about it.
_NOT_A_HANDLERS = ("Lambda.", "States.", "Sandbox.", "Runtime.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherAnswer:
    """A handler that answers otherwise than it did: at which event, in which state, and how."""

    event: int
    state: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedExecution:
    """What came of one recorded execution.

    ``parting`` is where it parts, if anywhere. ``is_running``: the record has no end.
    """

    file: str
    verdict: Verdict
    parting: Parting | None = None
    other_answers: Sequence[OtherAnswer] = ()
    is_running: bool = False

    @property
    def would_survive(self) -> bool:
        """Whether an execution that has come so far could go on under the new definition."""
        return self.verdict == "same"


class Replayer:
    """Replays executions on one definition.

    Args:
        definition: The new definition.
        answer: The new handlers, if these are to be tried too.
    """

    def __init__(self, definition: Definition, answer: Answer | None = None) -> None:
        self._redoer = Redoer(definition)
        self._answer = answer

    def replay(self, file: str, events: Sequence[Event]) -> ReplayedExecution:
        """Replay one execution."""
        record = walk(events)
        redone = self._redoer.redo(record)
        new = walk(redone.history)
        parting = Comparison(record, new).first()
        if parting is not None:
            # Perhaps only time or chance is another.
            again = walk(self._redoer.redo(record, OTHER_SETTING).history)
            parting = Comparison(record, new, again).first()
        verdict: Verdict = "same" if parting is None else "parts"
        if parting is None and record.status != "RUNNING" and redone.status == "RUNNING":
            verdict, parting = _stopped(redone, record)
        return ReplayedExecution(
            file=file,
            verdict=verdict,
            parting=parting,
            other_answers=self._other_answers(redone),
            is_running=record.status == "RUNNING",
        )

    def _other_answers(self, redone: Redone) -> Sequence[OtherAnswer]:
        if self._answer is None:
            return ()
        found = []
        for task, call in redone.asked:
            if task.resource == MAP_RUN:
                continue
            told = self._compare(task, call)
            if told is not None:
                found.append(OtherAnswer(event=call.event, state=task.state, text=told))
        return tuple(found)

    def _compare(self, task: StartTask, call: RecordedCall) -> str | None:
        assert self._answer is not None
        if call.outcome not in ("succeeded", "failed"):
            return None
        if call.outcome == "failed" and (call.error or "").startswith(_NOT_A_HANDLERS):
            return None
        now = self._answer(task._replace(payload=_recorded_payload(task, call)))
        if now is None:
            return None
        if isinstance(now, TaskFailed):
            if call.outcome == "failed":
                return (
                    None
                    if call.error == now.error
                    else f"it failed with {call.error}, and fails with {now.error}"
                )
            return f"it answered, and fails with {now.error}"
        if call.outcome == "failed":
            return f"it failed with {call.error}, and answers"
        return difference(_result(task, call.output), json.dumps(_payload_of(task, now.output)))


def _recorded_payload(task: StartTask, call: RecordedCall) -> JSONValue:
    """Give the handler what it was given then: what is another now is told as the definition's doing."""
    try:
        payload: JSONValue = json.loads(call.payload)
    except ValueError:
        return task.payload
    return payload


def _result(task: StartTask, output: str) -> str:
    try:
        return json.dumps(_payload_of(task, json.loads(output)))
    except ValueError:
        return output


def _payload_of(task: StartTask, output: JSONValue) -> JSONValue:
    """Give what the function gave, without what ``lambda:invoke`` puts around it."""
    if "lambda:invoke" in task.resource and isinstance(output, dict) and "Payload" in output:
        return output["Payload"]
    return output


def _stopped(redone: Redone, record: RecordedWalk) -> tuple[Verdict, Parting]:
    """Say why it came no further, where nothing else differs."""
    state = redone.stopped_at
    if state:
        return "parts", Parting(
            "no answer", record.last_event, state, "it is called, and the record has no answer"
        )
    return "parts", Parting("no answer", record.last_event, "", "it waits for an answer that never came")
