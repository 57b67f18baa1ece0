"""Collect and write the night's report: the handlers of states/nightly.asl.json.

Where the numbers come from is simulated: they follow from the day.
"""

from dataclasses import dataclass
from typing import TypedDict

from step.tasks import TaskContext, TaskHandlers

handlers = TaskHandlers(service="nightly")


class Scheduled(TypedDict):
    """What the schedule starts an execution with."""

    scheduled_at: str


@dataclass(frozen=True)
class Part:
    name: str
    count: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class Parts:
    day: str
    parts: list[Part]


@handlers.task("Sales", "Stock", "Complaints")
def count(scheduled: Scheduled, context: TaskContext) -> Part:
    name = str(context.task)
    return Part(name, count=sum(map(ord, name + scheduled["scheduled_at"][:10])))


@handlers.task("Render")
def render(parts: Parts) -> dict[str, object]:
    lines = [
        f"{part.name}: {part.count if part.count is not None else _missing(part)}" for part in parts.parts
    ]
    return {"text": "\n".join([f"Report of {parts.day}", *lines])}


def _missing(part: Part) -> str:
    return f"not to be had ({part.problem})"
