"""Tell a trail of the kernel's rows: what an execution in process keeps in place of events.

Pure: no clock, no IO. Events would cost more than the execution did. Of a row mostly its head is looked at,
and of a loop that turns the same way again, one turn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from operator import itemgetter
from typing import Any

from step.asl.model import State, Task
from step.engine import history as rows_of
from step.engine.history import Record, Written
from step.engine.resources import ACTIVITY, LAMBDA, SERVICE, Resource
from step.engine.states.straight import StraightState
from step.paths.trail import Left, Stay, Trail

_head = itemgetter(0)
# A loop that seldom turns the same way twice isn't asked at each state.
_LONGEST_PAUSE = 64


def read_rows(rows: Sequence[Written], trail: Trail, begun: Collection[Record]) -> None:
    """Tell a trail of all rows of one execution; ``begun`` are the heads of work that its tasks begin."""
    _Reader(rows, trail, begun).read()
    trail.rename(_name)


def heads_of_work(states: Iterable[State]) -> frozenset[Record]:
    """Give the heads of rows in which work of these states begins."""
    tasks = (state for state in states if isinstance(state, Task))
    return frozenset(Resource.from_text(task.resource).records.begun for task in tasks)


def _keys(rows: Sequence[Any], begun: Collection[Record]) -> list[Any]:
    """Give each row's head, or the number that it is; for work that began, the state's name."""
    keys: list[Any] = []
    rest = iter(rows)
    patience = len(rows) // 50
    while patience >= 0:
        try:
            keys.extend(map(_head, rest))
            break
        except TypeError:
            # A short mark, after the heads that have been taken.
            keys.append(rows[len(keys)])
            patience -= 1
    keys += [row[0] if type(row) is tuple else row for row in rest]
    for head in begun:
        place = -1
        try:
            while True:
                place = keys.index(head, place + 1)
                keys[place] = rows[place][2]
        except ValueError:
            continue
    return keys


class _Reader:
    def __init__(self, rows: Sequence[Any], trail: Trail, begun: Collection[Record]) -> None:
        self._rows = rows
        self._keys = _keys(rows, begun)
        self._trail = trail
        self._now: float | None = None

    def read(self) -> None:
        """Go through all rows."""
        keys, rows, trail = self._keys, self._rows, self._trail
        at, left, entered = trail.at, trail.left, trail.entered
        previous = number = index = 0
        end = len(keys)
        # Where a Map's last two iterations began or ended, and when to look again if they repeat themselves.
        last = before_last = next_try = 0
        pause = 1
        while index < end:
            key = keys[index]
            kind = type(key)
            if kind is int:
                previous = number - key
            elif kind is StraightState or kind is str:
                entered.add(key)
                before = left.pop(previous, None)
                parent = at.get(previous) if before is None else self._came(before, key)
                state, following, events = key, index + 1, 2
                if following < end and (type(keys[following]) is StraightState or keys[following] in _DONE):
                    following, state, events = self._run(index, end)
                elif kind is str:
                    events = _BEGUN[rows[index][0]]
                previous = number = number + events
                if type(keys[following - 1]) is str:
                    # Its work is still open.
                    at[number] = Stay(state, parent, is_begun=True)
                else:
                    left[number] = (state, parent, None)
                index = following
                continue
            elif key is rows_of.ITERATION:
                if index >= next_try:
                    passed, events = self._pass_iterations(index - before_last, index, number)
                    pause = 1 if events else min(2 * pause, _LONGEST_PAUSE)
                    index, number, previous = passed, number + events, previous + events
                    next_try = index + 4 * pause
                before_last, last = last, index
                stay = left[previous][1] if previous in left else at.get(previous)
                name = rows[index][2]
                while stay is not None and stay.name != name:
                    stay = stay.parent
                previous = number = number + 1
                at[number] = stay
            elif key in _DONE:
                stay = at.get(previous)
                previous = number = number + 2
                left[number] = (rows[index][2], None if stay is None else stay.parent, None)
            elif key is None:
                _, self._now, previous = rows[index]
            else:
                previous = number = number + self._take(key, rows[index], number + 1, previous)
            index += 1

    def _came(self, before: Left, key: Any) -> Stay | None:
        """Note where a state was entered from; return the stay around it."""
        if before[2] is None:
            self._trail.pairs.add((before[0], key))
        else:
            self._trail.follow(before, _name(key))
        return before[1]

    def _run(self, first: int, end: int) -> tuple[int, Any, int]:
        """Note a run of states of one branch, one right after the other.

        Returns:
            Where it ends, the state that it ends with, and how many events it is.
        """
        keys, pairs, entered = self._keys, self._trail.pairs, self._trail.entered
        last = keys[first]
        is_straight = type(last) is StraightState
        seen, pause, next_try = {last: first}, 1, 0
        index = first + 1
        while index < end:
            key = keys[index]
            kind = type(key)
            if kind is not StraightState and kind is not str:
                if key not in _DONE or keys[index - 1] is not last:
                    break
                index += 1
                continue
            pair = (last, key)
            is_straight = is_straight and kind is StraightState
            if pair not in pairs:
                pairs.add(pair)
                entered.add(key)
            elif index >= next_try and key in seen:
                length = index - seen[key]
                passed = self._pass(length, index, end)
                pause = 2 * length if passed > index else min(2 * pause, _LONGEST_PAUSE)
                index = passed
                next_try = index + pause
            seen[key] = index
            last = key
            index += 1
        events = 2 * (index - first)
        if not is_straight:
            events += sum(_BEGUN[row[0]] - 2 for row in self._rows[first:index] if row[0] in _BEGUN)
        return index, last, events

    def _pass(self, length: int, index: int, end: int) -> int:
        """Pass by what repeats the ``length`` rows before; return where its last turn begins."""
        keys = self._keys
        stride, reached = length, index
        while stride >= length:
            following = reached + stride
            if following <= end and keys[reached:following] == keys[reached - stride : reached]:
                reached = following
                if reached - index >= 2 * stride - length:
                    stride *= 2
            else:
                stride //= 2
        return max(index, reached - length)

    def _pass_iterations(self, length: int, index: int, number: int) -> tuple[int, int]:
        """Pass by iterations that repeat the ``length`` rows before; return where to go on, and the events.

        What is open at the end is what was open one turn earlier, so many events later.
        """
        turn = self._keys[index - length : index]
        if not turn or self._keys[index : index + length] != turn:
            return index, 0
        events = 0
        for key, row in zip(turn, self._rows[index - length : index], strict=True):
            if type(key) is StraightState or key in _DONE:
                events += 2
            elif type(key) is str:
                events += _BEGUN[row[0]]
            elif key is rows_of.ITERATION:
                events += 1
            elif type(key) is not int:
                return index, 0
        reached = self._pass(length, index, len(self._keys))
        passed = (reached - index) // length * events
        window = events + max((key for key in turn if type(key) is int), default=0)
        trail = self._trail
        for known in range(number - window, number + 1):
            if known in trail.at:
                trail.at[known + passed] = trail.at[known]
            if known in trail.left:
                trail.left[known + passed] = trail.left[known]
        return reached, passed

    def _take(self, head: Any, row: Any, number: int, previous: int) -> int:
        """Take a row that isn't of the common ones; say how many events it is."""
        trail = self._trail
        if head in _SCHEDULED:
            events = _SCHEDULED[head]
            limit_ms = None if row[3] is None else row[3] * 1000
            trail.attempt(number + events - 1, previous, self._now, limit_ms)
            return events
        if head in _SUCCEEDED:
            trail.succeed(number, previous)
        elif head in _FAILED or head is rows_of.EVALUATION_FAILED:
            trail.fail(number, previous, row[2].name)
        elif head in _TIMED_OUT:
            trail.time_out(number, previous, row[2].name, self._now)
        elif head is rows_of.ENTERED:
            trail.enter(number, previous, row[2])
        elif head is rows_of.EXITED:
            trail.leave(number, previous, row[2])
        elif head is rows_of.VISITED:
            trail.enter(number, previous, row[2])
            trail.leave(number + 1, number, row[2])
            return 2
        elif head is rows_of.MAP_STARTED:
            trail.fork(number, previous, row[1])
        elif head is rows_of.MAP_RUN_FAILED:
            trail.pass_by(number, previous)
            trail.error_of(number, row[1].name)
        elif head is rows_of.REDRIVEN:
            trail.redrive(number)
        elif head is rows_of.FAILED:
            trail.end(f"Execution{row[1]}")
        elif head is rows_of.PLAIN:
            trail.plain(row[1], number, previous)
        else:
            trail.pass_by(number, previous)
        return 1


def _name(state: Any) -> Any:
    return state.name if type(state) is StraightState else state


_TASKS = (LAMBDA, ACTIVITY, SERVICE)
_BEGUN = {records.begun: 1 + records.scheduled_events for records in _TASKS}
_SCHEDULED = {records.scheduled: records.scheduled_events for records in _TASKS}
_DONE = frozenset(records.done for records in _TASKS)
_SUCCEEDED = frozenset(records.succeeded for records in _TASKS)
_FAILED = frozenset(records.failed for records in _TASKS)
_TIMED_OUT = frozenset(records.timed_out for records in _TASKS)
