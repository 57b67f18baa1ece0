"""Which errors make a difference: one for every set of retriers and catchers that match it.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from step.asl.retry import match_error
from step.engine.frames import Frame
from step.engine.states.work import WorkState
from step.jsonvalue import to_text

# The name of an error that nobody has thought of.
UNFORESEEN = "Unforeseen"
# Of the interpreter's own names the one that a task's own failure has.
_OWN, _PERMISSIONS = "States.", "States.Permissions"


class ErrorClasses:
    """The errors that a task is let fail with.

    Args:
        declared: The errors that handlers say they raise, by state.
        only: By state, errors beside which there are none.
    """

    def __init__(
        self, declared: Mapping[str, Sequence[str]], only: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._declared = declared
        self._only = only or {}
        self._found: dict[str, tuple[str, ...]] = {}

    def of(self, frame: Frame) -> tuple[str, ...]:
        """Name an error of each class for the task that a branch is at; the declared ones are all there."""
        name = frame.state.name
        found = self._found.get(name)
        if found is None and name in self._only:
            found = self._found[name] = tuple(self._only[name])
        if found is None:
            states = [state for state in _around(frame) if isinstance(state, WorkState)]
            found = self._found[name] = tuple(_one_of_each(states, self._declared.get(name, ())))
        return found


def _around(frame: Frame | None) -> Iterator[object]:
    while frame is not None:
        yield frame.state
        frame = frame.group.owner if frame.group is not None else None


def _one_of_each(states: Sequence[WorkState], declared: Iterable[str]) -> Iterator[str]:
    told = dict.fromkeys([*declared, UNFORESEEN])
    yield from told
    known = {_class(states, name) for name in told}
    for name in (name for state in states for name in _named(state)):
        what = _class(states, name)
        is_tasks = not name.startswith(_OWN) or name == _PERMISSIONS
        if is_tasks and what not in known:
            known.add(what)
            yield name


def _named(state: WorkState) -> Iterator[str]:
    for retrier in state.retry:
        yield from retrier.error_equals
    for catcher in state.catch:
        yield from catcher.error_equals


def _class(states: Sequence[WorkState], name: str) -> tuple[tuple[int, ...], ...]:
    return tuple(
        (
            _first([retrier.error_equals for retrier in state.retry], name),
            _first([catcher.error_equals for catcher in state.catch], name),
        )
        for state in states
    )


def _first(entries: Sequence[Sequence[str]], name: str) -> int:
    return next((number for number, names in enumerate(entries) if match_error(name, names)), -1)


def cause_of(error: str) -> str:
    """Write a cause as Lambda does."""
    return to_text({"errorMessage": "explored", "errorType": error, "requestId": "", "stackTrace": []})
