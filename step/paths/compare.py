"""Where two walks part: the first thing that one did and the other didn't, and which data differ.

Pure: no clock, no IO. What depends on time, chance or names is found by doing it twice, and doesn't count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

from step.asl.source import join
from step.paths.redo import MAP_RUN, SETTING
from step.paths.walked import RecordedCall, RecordedWalk, Walked

Kind = Literal["path", "data", "call", "retry", "time", "end", "no answer"]
_ABSENT = object()
# A wait may be recorded so much longer than it was asked to be.
_SLACK_MS = 1000
# What stands in a definition for what only a deployment knows.
_PLACEHOLDER = "${"
_SHOWN = 3
# What only names the execution, its machine and its role: a record doesn't say how these were called.
_NAMES = frozenset({SETTING.execution_arn, SETTING.machine_arn, SETTING.role_arn, SETTING.name})


class Parting(NamedTuple):
    """The first difference: at which event of the record, in which state, and what it is in words.

    ``kind`` groups: another path, other data, a task called with something else, other retries, another wait,
    another end, or a task that the record has no answer for.
    """

    kind: Kind
    event: int
    state: str
    text: str


class Comparison:
    """Compares a record with what came of it anew.

    Args:
        record: What is recorded.
        new: What came of it.
        again: The same once more at another time and by other chance: what differs then may differ.
    """

    def __init__(self, record: RecordedWalk, new: RecordedWalk, again: RecordedWalk | None = None) -> None:
        self._record = record
        self._new = new
        self._again = again
        self._is_cut = record.status in ("RUNNING", "ABORTED", "TIMED_OUT")
        # It came as far as there were answers: what it lacks is no difference.
        self._is_new_cut = new.status == "RUNNING"

    def first(self) -> Parting | None:
        """Give the first difference; None: there is none."""
        again = self._again.states if self._again else None
        found = next(self._states(self._record.states, self._new.states, again, ""), None)
        return found or self._ends()

    def _ends(self) -> Parting | None:
        record, new = self._record, self._new
        where = record.last_event
        if record.status == "RUNNING" or self._is_new_cut:
            return None
        if record.status != new.status:
            text = f"it came to {_status(record)}, and comes to {_status(new)}"
            return Parting("end", where, "", text)
        if record.error != new.error:
            return Parting("end", where, "", f"it failed with {record.error}, and fails with {new.error}")
        again = self._again.output if self._again else None
        told = difference(record.output, new.output, again)
        return Parting("end", where, "", f"its output: {told}") if told else None

    # ------------------------------------------------------------ states

    def _states(
        self, old: Sequence[Walked], new: Sequence[Walked], again: Sequence[Walked] | None, around: str
    ) -> Iterator[Parting]:
        before = around
        for place, (one, two) in enumerate(zip_longest(old, new)):
            three = again[place] if again is not None and place < len(again) else None
            if one is None:
                if not self._is_cut:
                    yield Parting("path", old[-1].event if old else 0, before, f"it goes on to {two.name}")
                return
            if two is None:
                if not self._is_new_cut and not (self._is_cut and one.output is None):
                    yield Parting("path", one.event, before, f"it went on to {one.name}, and doesn't")
                return
            if one.name != two.name:
                text = f"it went to {one.name}, and goes to {two.name}"
                yield Parting("path", one.event, before, text)
                return
            yield from self._stay(one, two, three if three is None or three.name == one.name else None)
            before = one.name

    def _stay(self, old: Walked, new: Walked, again: Walked | None) -> Iterator[Parting]:
        name, event = old.name, old.event
        told = difference(old.input, new.input, again.input if again else None)
        if told:
            yield Parting("data", event, name, f"its input: {told}")
        if not any(call.resource == MAP_RUN for call in new.calls):
            yield from self._calls(old, new, again)
            was_cut = self._is_new_cut
            # Inside a fork that is over nothing is open.
            self._is_new_cut = was_cut and new.output is None and not new.has_given_up
            yield from self._runs(old, new, again)
            self._is_new_cut = was_cut
        if (old.output is None) != (new.output is None):
            if not self._is_cut and not (self._is_new_cut and new.output is None):
                how = "it was left, and isn't" if new.output is None else "it failed, and is left"
                yield Parting("path", event, name, how)
            return
        told = difference(old.output, new.output, again.output if again else None)
        if told:
            yield Parting("data", event, name, f"its output: {told}")
        for variable in sorted({*old.assigned, *new.assigned}):
            third = again.assigned.get(variable) if again else None
            told = difference(old.assigned.get(variable), new.assigned.get(variable), third)
            if told:
                yield Parting("data", event, name, f"its variable {variable}: {told}")
        if old.kind == "Wait" and (waits := _other_wait(old, new)):
            yield Parting("time", event, name, waits)

    def _calls(self, old: Walked, new: Walked, again: Walked | None) -> Iterator[Parting]:
        third = again.calls if again else []
        for place, (one, two) in enumerate(zip_longest(old.calls, new.calls)):
            if one is None:
                if not (self._is_cut and old.output is None):
                    count = len(old.calls)
                    yield Parting("retry", old.event, old.name, f"it is tried again after {count} attempts")
                return
            if two is None:
                if not ((self._is_cut or self._is_new_cut) and new.output is None):
                    attempt = f"attempt {place + 1}" if place else "its work"
                    yield Parting("retry", one.event, old.name, f"{attempt} was begun, and isn't")
                return
            yield from _call(old.name, one, two, third[place] if place < len(third) else None)

    def _runs(self, old: Walked, new: Walked, again: Walked | None) -> Iterator[Parting]:
        third = again.runs if again else []
        is_open = (self._is_cut and old.output is None) or (self._is_new_cut and new.output is None)
        if len(old.runs) != len(new.runs) and not is_open:
            told = f"it was begun {len(old.runs)} times, and is {len(new.runs)} times"
            yield Parting("retry", old.event, old.name, told)
        for place, (one, two) in enumerate(zip(old.runs, new.runs, strict=False)):
            more = third[place] if place < len(third) else {}
            # What was stopped by a failure beside it may have come further.
            is_last = place == len(old.runs) - 1 and not is_open
            is_whole = is_last and old.output is not None and not old.has_given_up
            for key in sorted({*one, *two}, key=str):
                if key in one and key in two:
                    yield from self._branch(one[key], two[key], more.get(key), old.name, is_whole)
                elif is_whole or (key in one and old.kind == "Parallel"):
                    what = f"iteration {key}" if isinstance(key, int) else f"the branch from {key}"
                    told = f"{what} ran, and doesn't" if key in one else f"{what} runs"
                    yield Parting("path", old.event, old.name, told)

    def _branch(
        self,
        old: Sequence[Walked],
        new: Sequence[Walked],
        again: Sequence[Walked] | None,
        around: str,
        is_whole: bool,
    ) -> Iterator[Parting]:
        if is_whole or self._is_cut or self._is_new_cut:
            yield from self._states(old, new, again, around)
            return
        # A failure beside it stopped the branch at a moment that only the clock knows.
        both = min(len(old), len(new))
        found = self._states(old[:both], new[:both], again and again[:both], around)
        yield from (parting for parting in found if parting.kind != "path" or "went to" in parting.text)


def _call(state: str, old: RecordedCall, new: RecordedCall, again: RecordedCall | None) -> Iterator[Parting]:
    if _PLACEHOLDER not in new.resource and old.resource != new.resource:
        yield Parting("call", old.event, state, f"it called {old.resource}, and calls {new.resource}")
    told = difference(old.payload, new.payload, again.payload if again else None)
    if told:
        yield Parting("call", old.event, state, f"what it is called with: {told}")
    if new.outcome and old.outcome != new.outcome:
        yield Parting("call", old.event, state, f"its work {_outcome(old)}, and {_outcome(new)}")


def _outcome(call: RecordedCall) -> str:
    return call.outcome or "didn't end"


def _status(walk: RecordedWalk) -> str:
    return walk.status + (f" ({walk.error})" if walk.error else "")


def _other_wait(old: Walked, new: Walked) -> str | None:
    if None in (old.at_ms, old.left_ms, new.at_ms, new.left_ms):
        return None
    was = (old.left_ms or 0) - (old.at_ms or 0)
    is_now = (new.left_ms or 0) - (new.at_ms or 0)
    if abs(was - is_now) <= _SLACK_MS + 0.01 * was:
        return None
    return f"it waited {was / 1000:g} s, and waits {is_now / 1000:g} s"


# ---------------------------------------------------------------- data


def difference(old: str | None, new: str | None, again: str | None = None) -> str | None:
    """Say which fields of two JSON texts differ; those that differ each time don't count."""
    if old == new:
        return None
    one, two = _decoded(old), _decoded(new)
    three = two if again is None else _decoded(again)
    found = list(_leaves(one, two, three, ""))
    if not found:
        return None
    told = "; ".join(found[:_SHOWN])
    return told if len(found) <= _SHOWN else f"{told}; and {len(found) - _SHOWN} more"


def _decoded(text: str | None) -> Any:
    if text is None:
        return _ABSENT
    try:
        return json.loads(text)
    except ValueError:
        return text


def _leaves(old: Any, new: Any, again: Any, pointer: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            third = again.get(key, _ABSENT) if isinstance(again, dict) else _ABSENT
            yield from _leaves(old.get(key, _ABSENT), new.get(key, _ABSENT), third, join(pointer, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, two) in enumerate(zip(old, new, strict=True)):
            is_like = isinstance(again, list) and len(again) == len(old)
            yield from _leaves(one, two, again[place] if is_like else _ABSENT, join(pointer, place))
    elif not _is_same(old, new) and not _may_differ(old, new, again):
        yield f"{pointer or 'the whole'} {_shown(old)} → {_shown(new)}"


def _is_same(old: Any, new: Any) -> bool:
    # JSON knows no difference between 1 and 1.0, and one between 1 and true.
    return old is new or (isinstance(old, bool) == isinstance(new, bool) and bool(old == new))


def _may_differ(old: Any, new: Any, again: Any) -> bool:
    """Whether a leaf comes out otherwise each time, or only a deployment knows it."""
    if isinstance(new, str) and isinstance(old, str) and (_PLACEHOLDER in new or new in _NAMES):
        return True
    if new is _ABSENT or again is _ABSENT or old is _ABSENT:
        return False
    is_volatile = not _is_same(new, again)
    return is_volatile and type(old) is type(new)


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "(nothing)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
